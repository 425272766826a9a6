package redshift_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/pgserver"
	"github.com/sealift/sealift/internal/redshift"
)

// postgres is the PostgreSQL that the tests of this package share. It is started by the first test that needs it.
var postgres struct {
	start  sync.Once
	folder string
	server *pgserver.Server
	err    error

	mu        sync.Mutex
	databases int
}

func TestMain(m *testing.M) {
	m.Run()
	if postgres.server != nil {
		if err := errors.Join(postgres.server.Close(), os.RemoveAll(postgres.folder)); err != nil {
			panic(err)
		}
	}
}

// shims are the functions of Redshift's that digests use, as far as these tests need them. They are written for these
// tests and from the manual, apart from the stand-in's own; none is STRICT, so that PostgreSQL can inline them.
const shims = `
CREATE FUNCTION strtol(text, integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS $$ SELECT ('x' || lpad($1, 16, '0'))::bit(64)::bigint $$;
CREATE FUNCTION fnv_hash(double precision) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS $$ SELECT ('x' || encode(float8send($1), 'hex'))::bit(64)::bigint $$;
CREATE FUNCTION fnv_hash(real) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS $$ SELECT ('x' || lpad(encode(float4send($1), 'hex'), 16, '0'))::bit(64)::bigint $$;
CREATE FUNCTION to_hex(bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS $$ SELECT encode($1, 'hex') $$;
CREATE DOMAIN super AS text;
CREATE DOMAIN varbyte AS bytea;
CREATE FUNCTION json_serialize(super) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	AS $$ SELECT $1::text $$;
`

// session is a connection that reads literals as Redshift does.
type session struct{ conn *pgconn.PgConn }

// database makes an empty database and a session to it.
func database(tb testing.TB) *session {
	tb.Helper()
	postgres.start.Do(func() {
		postgres.folder, postgres.err = os.MkdirTemp("", "sealift-redshift-") //nolint:usetesting // it outlives the test that makes it
		if postgres.err != nil {
			return
		}
		// PostgreSQL runs as another user than root.
		if postgres.err = os.Chmod(postgres.folder, 0o755); postgres.err != nil {
			return
		}
		postgres.server, postgres.err = pgserver.Start(context.WithoutCancel(tb.Context()), pgserver.Options{
			Dir: filepath.Join(postgres.folder, "data"), CacheDir: filepath.Join(postgres.folder, "cache"),
			Superuser: "rdsdb", BootstrapKey: "redshift tests",
			Bootstrap: func(ctx context.Context, s *pgserver.Server) error {
				c, err := s.Connect(ctx, s.Superuser(), "template1", nil)
				if err != nil {
					return err
				}
				_, err = c.Exec(ctx, shims).ReadAll()
				return errors.Join(err, c.Close(ctx))
			},
			Settings: map[string]string{
				"standard_conforming_strings": "off", "escape_string_warning": "off", "backslash_quote": "on",
				"timezone": "UTC", "datestyle": "ISO, MDY", "shared_buffers": "256MB",
			},
		})
	})
	if postgres.err != nil {
		tb.Fatalf("start PostgreSQL: %v", postgres.err)
	}
	postgres.mu.Lock()
	postgres.databases++
	name := fmt.Sprintf("test%d", postgres.databases)
	err := func() error {
		c, err := postgres.server.Connect(tb.Context(), "rdsdb", "postgres", nil)
		if err != nil {
			return err
		}
		_, err = c.Exec(tb.Context(), "CREATE DATABASE "+name).ReadAll()
		return errors.Join(err, c.Close(tb.Context()))
	}()
	postgres.mu.Unlock()
	if err != nil {
		tb.Fatalf("create database: %v", err)
	}
	c, err := postgres.server.Connect(tb.Context(), "rdsdb", name, nil)
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	tb.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Errorf("close session: %v", err)
		}
	})
	return &session{c}
}

// Query satisfies redshift.Querier.
func (s *session) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	results := s.conn.Exec(ctx, sql.String())
	var eachErr error
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
			if eachErr != nil || each == nil {
				continue
			}
			row := make([]*string, 0, len(r.Values()))
			for _, v := range r.Values() {
				if v == nil {
					row = append(row, nil)
					continue
				}
				text := string(v)
				row = append(row, &text)
			}
			eachErr = each(row)
		}
		if _, err := r.Close(); err != nil {
			break
		}
	}
	err := results.Close()
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		err = &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
	}
	return errors.Join(err, eachErr)
}

// exec runs statements of the test itself.
func (s *session) exec(tb testing.TB, sql string) {
	tb.Helper()
	if _, err := s.conn.Exec(tb.Context(), sql).ReadAll(); err != nil {
		tb.Fatalf("%.200s: %v", sql, err)
	}
}

// one is the only row of an answer, NULL as "NULL".
func (s *session) one(tb testing.TB, sql redshift.SQL) []string {
	tb.Helper()
	var got []string
	err := s.Query(tb.Context(), sql, func(row []*string) error {
		if got != nil {
			return errors.New("more than one row")
		}
		for _, v := range row {
			if v == nil {
				got = append(got, "NULL")
			} else {
				got = append(got, *v)
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("%.300s: %v", sql, err)
	}
	return got
}
