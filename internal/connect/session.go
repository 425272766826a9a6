package connect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
)

// Session is one session in a warehouse. It is used by one goroutine at a time.
type Session struct {
	link      link
	name      string // of the warehouse, for messages
	id        journal.Session
	warehouse *Warehouse
}

// link is how a session's statements reach the warehouse. Errors are what callers see: a *redshift.ServerError for what the
// server said, a *LostError where its answer is missing, after which the link is broken.
type link interface {
	// run runs one statement, hands the rows of its answer to each unless that is nil, and answers how many rows the server
	// counted. When ctx ends it cancels the statement, and returns when that has stopped or the link is broken.
	run(ctx context.Context, sql redshift.SQL, each func(row []*string) error) (int64, error)
	describe(ctx context.Context, query redshift.SQL) ([]redshift.Field, error)
	broken() bool
	// idle tells that no transaction is open.
	idle() bool
	// close ends the session in the warehouse, too.
	close(ctx context.Context) error
}

// endTime bounds ending a session on the server after its statement was cancelled.
const endTime = 30 * time.Second

// Query runs one statement and calls each for every row of its answer; values are text, nil is NULL, and a row is only
// valid during the call. An error of each ends the query and is returned.
//
// When ctx ends, the statement is cancelled on the server too, because a COPY or UNLOAD goes on there when only the
// connection is closed. When Query returns, it has stopped: the server said so, or its session was ended and is gone, or
// the warehouse cannot be reached, which is in the log.
func (s *Session) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	_, err := s.run(ctx, sql, each)
	return err
}

// Exec runs one statement and returns how many rows its command tag names.
func (s *Session) Exec(ctx context.Context, sql redshift.SQL) (int64, error) {
	return s.run(ctx, sql, nil)
}

func (s *Session) run(ctx context.Context, sql redshift.SQL, each func(row []*string) error) (int64, error) {
	rows, err := s.link.run(ctx, sql, each)
	if err != nil && ctx.Err() != nil && s.link.broken() {
		s.endThere(ctx)
	}
	return rows, err
}

// endThere makes sure that nothing of a session whose statement was cancelled goes on in the warehouse, when the
// connection ended without the server's answer to the cancelling.
func (s *Session) endThere(ctx context.Context) {
	if s.id.PID == 0 {
		return // it was being made, and has done nothing
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(endTime))
	defer cancel()
	if err := s.warehouse.End(ctx, s.id); err != nil {
		s.warehouse.options.Log.Warn("a cancelled statement may be going on", "warehouse", s.name, "session", s.id.PID, "err", err)
	}
}

// Describe answers the names and types of the columns that a query has, without running it.
func (s *Session) Describe(ctx context.Context, query redshift.SQL) ([]redshift.Field, error) {
	fields, err := s.link.describe(ctx, query)
	return fields, redshift.Described(err)
}

// ID is the server process of the session and when it began, by which others can find and end it.
func (s *Session) ID() journal.Session { return s.id }

// prepare makes the session's answers such as they are read, and asks the warehouse who this session is.
func (s *Session) prepare(ctx context.Context) error {
	for _, set := range []redshift.SQL{redshift.Build("SET timezone TO 'UTC'"), redshift.Build("SET datestyle TO 'ISO, MDY'")} {
		if _, err := s.Exec(ctx, set); err != nil {
			return err
		}
	}
	err := s.Query(ctx, redshift.OwnSessionQuery(), func(row []*string) (err error) {
		s.id.PID, s.id.Began, err = redshift.ParseSession(row)
		return err
	})
	if err == nil && s.id.PID == 0 {
		err = errors.New("stv_sessions does not show our own session")
	}
	return err
}

// Broken tells that the session cannot be used any more.
func (s *Session) Broken() bool { return s.link.broken() }

// Idle tells that no transaction is open.
func (s *Session) Idle() bool { return s.link.idle() }

// Close ends the session. The server rolls back what was not committed.
//
// That the farewell of an idle session could not be said is no error: nothing depends on it, and a run that has done
// everything would count as failed. With a transaction open it is one, because the server may hold its locks still.
func (s *Session) Close(ctx context.Context) error {
	idle := s.Idle()
	err := s.link.close(ctx)
	switch {
	case err == nil:
		return nil
	case idle:
		s.warehouse.options.Log.Debug("close session", "warehouse", s.name, "session", s.id.PID, "err", err)
		return nil
	default:
		return fmt.Errorf("close session to %s: %w", s.name, err)
	}
}

// LostError says that the connection was lost while a statement was under way.
type LostError struct {
	Warehouse string
	NotSent   bool // nothing reached the server
	Err       error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("connection to %s lost: %v", e.Warehouse, e.Err)
}

// Unwrap gives the cause.
func (e *LostError) Unwrap() error { return e.Err }

// SafeToRetry tells that the statement cannot have happened.
func (e *LostError) SafeToRetry() bool { return e.NotSent }

// OutcomeUnknown tells that the statement may have happened although no answer came.
func (e *LostError) OutcomeUnknown() bool { return !e.NotSent }
