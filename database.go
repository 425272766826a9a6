package sealift

import (
	"context"
	"errors"
	"fmt"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// firstDatabase is the one that a warehouse is made with if nobody says otherwise (MG getting-started-cli).
const firstDatabase = "dev"

// The SQLSTATEs of a database that is not there, and of one that is.
const (
	noDatabase    = "3D000"
	databaseThere = "42P04"
)

// CreateDatabase makes the database that a warehouse of a job names, where it is not there yet and agree does not object. For
// that it logs in to the warehouse's first database, as the same user.
func CreateDatabase(ctx context.Context, w job.Warehouse, agree func() error, o Options) (created bool, err error) {
	name, err := redshift.NewIdent(w.Database)
	if err != nil {
		return false, fmt.Errorf("database: %w", err)
	}
	there, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(w), application, o)
	if err != nil {
		return false, err
	}
	w.Database = firstDatabase
	first, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(w), application, o)
	if err != nil {
		return false, err
	}
	err = there.through(ctx, o, func(ctx context.Context) error {
		err := inSession(ctx, there.target, func(*connect.Session) error { return nil })
		if !hasState(err, noDatabase) {
			return err
		}
		if err := agree(); err != nil {
			return err
		}
		err = inSession(ctx, first.target, func(s *connect.Session) error {
			_, err := s.Exec(ctx, redshift.Build("CREATE DATABASE ?", name))
			if hasState(err, databaseThere) { // somebody else's, meanwhile
				return nil
			}
			created = err == nil
			return err
		})
		if err != nil {
			return hint.With(fmt.Errorf("create database %s: %w", name, err), "create it first, as a user who may: CREATE DATABASE")
		}
		return nil
	})
	return created, err
}

// inSession opens a session, uses it, and closes it.
func inSession(ctx context.Context, w *connect.Warehouse, do func(*connect.Session) error) (err error) {
	s, err := w.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	return do(s)
}

func hasState(err error, code string) bool {
	server, ok := errors.AsType[*redshift.ServerError](err)
	return ok && server.Code == code
}
