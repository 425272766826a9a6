package wire

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// A COPY that waits for files is cancelled by its process id, by those who may and by nobody else.
//
//standin:imitates protocol: CANCEL pid and pg_cancel_backend reach COPY and UNLOAD | DG r_CANCEL
func TestCancelByPID(t *testing.T) {
	t.Parallel()
	started := make(chan struct{}, 1)
	s := start(t, fakeEngine(func(ctx context.Context, _ *pgconn.PgConn, _ dialect.Statement, _ Invocation) (Result, error) {
		started <- struct{}{}
		<-ctx.Done()
		return Result{}, context.Cause(ctx)
	}), "")
	loader, admin := s.connect(t), s.connect(t)
	plain, err := pgconn.Connect(t.Context(), s.dsn("plain", "pl'ain", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close(context.WithoutCancel(t.Context())) })
	for _, form := range []string{"cancel %d", "select pg_cancel_backend(%d)", "select pg_catalog.pg_cancel_backend(%d)"} {
		for range 2 { // also a text that is known already
			got := make(chan string, 1)
			go func() { got <- run(t, loader, "copy t from 's3://x'") }()
			<-started
			sql := fmt.Sprintf(form, loader.PID())
			if err := plain.Exec(t.Context(), sql).Close(); err == nil || errorOf(t, err).Code != "42501" {
				t.Errorf("%s by another user: %v", sql, err)
			}
			select {
			case g := <-got:
				t.Fatalf("%s by another user ended it: %s", sql, g)
			default:
			}
			if err := admin.Exec(t.Context(), sql).Close(); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			if diff := cmp.Diff("ERROR: Query cancelled on user's request (SQLSTATE 57014)\nI", <-got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", sql, diff)
			}
		}
	}
}

//standin:imitates protocol: connections in STL_CONNECTION_LOG | DG r_STL_CONNECTION_LOG
func TestConnectionLog(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	for _, tt := range []struct{ user, password, more, method string }{
		{"awsuser", "Secret1", "application_name=app", "password"},
		{"IAM:plain", "temporary/+=", "application_name=other", "IAM AssumeUser"},
	} {
		c, err := pgconn.Connect(t.Context(), s.dsn(tt.user, tt.password, tt.more))
		if err != nil {
			t.Fatal(err)
		}
		pid := int32(c.PID())
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-s.ended
		s.history.mu.Lock()
		events := s.history.connections
		s.history.connections = nil
		s.history.mu.Unlock()
		var names []string
		for i, e := range events {
			names = append(names, e.Event)
			if e.PID != pid || e.Database != s.database || e.AuthMethod != tt.method || e.Host != "127.0.0.1" || e.Port == "" || e.TLS != "TLSv1.3" ||
				"application_name="+e.Application != tt.more || i > 0 && e.Time.Before(events[i-1].Time) {
				t.Errorf("%+v", e)
			}
		}
		if diff := cmp.Diff([]string{"initiating session", "authenticated", "disconnecting session"}, names); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		if last := events[2]; last.Duration != last.Time.Sub(events[0].Time) || last.Duration <= 0 {
			t.Errorf("lasted %v", last.Duration)
		}
	}
}

// watchedPostgres tells of every answer of PostgreSQL before the session sees it.
type watchedPostgres struct {
	PostgreSQL
	answered func(message []byte)
}

func (w watchedPostgres) Config(user, database string, settings map[string]string) (*pgconn.Config, error) {
	cfg, err := w.PostgreSQL.Config(user, database, settings)
	if err != nil {
		return nil, err
	}
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return watchedConn{conn, w.answered}, err
	}
	return cfg, nil
}

type watchedConn struct {
	net.Conn
	answered func(message []byte)
}

func (c watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.answered(p[:n])
	return n, err
}

// A request that comes while PostgreSQL has nothing to do, because a step of a statement has ended and the next has not
// begun, cancels the statement all the same.
//
//standin:imitates protocol: CancelRequest, also between the steps of a statement | PostgreSQL manual, protocol-flow
func TestCancelBetweenSteps(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		var after atomic.Pointer[[]byte] // the answer that the request follows
		cancel := func() {}
		s := startWith(t, nil, "create table steps (n int)", func(c *Config) {
			c.PostgreSQL = watchedPostgres{postgres, func(message []byte) {
				if want := after.Load(); want != nil && bytes.Contains(message, *want) && after.CompareAndSwap(want, nil) {
					cancel()
				}
			}}
		})
		a := s.actor(t, extended)
		cancel = func() { s.cancelRequest(a.c.PID(), a.c.SecretKey()) }
		const cancelled = "57014 Query cancelled on user's request"
		for _, tt := range []struct{ begin, sql, after, want string }{
			{"", "insert into steps values (1)", "BEGIN\x00", cancelled},        // before the lock
			{"", "insert into steps values (1)", "INSERT 0 1\x00", cancelled},   // before COMMIT
			{"", "truncate steps", "TRUNCATE TABLE\x00", "TRUNCATE TABLE"},      // the only step, which has ended
			{"begin", "insert into steps values (1)", "RELEASE\x00", cancelled}, // the lock is had
			{"", "create table steps2 (a int) diststyle even", "CREATE TABLE\x00", cancelled},
		} {
			if extended && tt.begin == "" && tt.sql[0] == 'i' { // one step of PostgreSQL's with its own COMMIT
				continue
			}
			if tt.begin != "" {
				a.must(tt.begin)
			}
			want := []byte(tt.after)
			after.Store(&want)
			a.check(tt.sql, tt.want)
			if after.Load() != nil {
				t.Errorf("%s: there was no answer %q", tt.sql, tt.after)
			}
			if tt.begin != "" {
				a.check("select 1", "25P02 current transaction is aborted, commands ignored until end of transaction block")
				a.must("rollback")
			}
			// It hits nothing else.
			a.check("select count(*) from steps", "0 SELECT 1")
		}
		a.check("select to_regclass('steps2') is null", "t SELECT 1")
	})
}

// TestCancelDuringLookup: a request to cancel that comes while a session looks up the masking policies, before the client's
// statement, cancels the statement and not the session.
func TestCancelDuringLookup(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := startWith(t, nil, `create table gate (n int);
			create function rs.masks(out relation text, out alone boolean, out source text) returns setof record language plpgsql as
				$$begin perform count(*) from public.gate; end$$`, func(*Config) {})
		holder, a := s.actor(t, false), s.actor(t, extended)
		holder.must("begin")
		holder.must("lock table gate")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.check("select 1", "57014 Query cancelled on user's request")
		}()
		again := time.NewTicker(10 * time.Millisecond)
		defer again.Stop()
		for waiting := true; waiting; {
			s.cancelRequest(a.c.PID(), a.c.SecretKey()) // until one comes while it looks
			select {
			case <-ended:
				waiting = false
			case <-again.C:
			}
		}
		holder.must("rollback")
		a.check("select 1", "1 SELECT 1")
	})
}
