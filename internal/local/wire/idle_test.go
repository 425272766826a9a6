package wire

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A client that says nothing for too long is sent away, with one limit outside of transactions and another in them. What it
// runs may take longer.
//
//standin:imitates protocol: idle sessions and idle transactions are ended, SESSION TIMEOUT | MG Quotas and limits; DG r_CREATE_USER
func TestIdle(t *testing.T) {
	t.Parallel()
	const short, long = 300 * time.Millisecond, time.Hour
	const session, transaction = "57P05 terminating connection due to idle-session timeout", "25P03 terminating connection due to idle-in-transaction timeout"
	for _, tt := range []struct {
		name                string
		session, inProgress time.Duration
		first, want         string
	}{
		{"idle", short, long, "select pg_sleep(0.5)", session},
		{"after an empty query", short, long, ";", session},
		{"in a transaction", long, short, "begin; select pg_sleep(0.5)", transaction},
		{"in an aborted transaction", long, short, "begin; select 1/0", transaction},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startWith(t, nil, "", func(c *Config) { c.IdleSession, c.IdleTransaction = tt.session, tt.inProgress })
			conn, f := s.talk(t)
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			answers(t, f, &pgproto3.Query{String: tt.first})
			m, ok := receive(t, f).(*pgproto3.ErrorResponse)
			if !ok || m.Severity != "FATAL" || m.Code+" "+m.Message != tt.want {
				t.Errorf("got %+v, want %s", m, tt.want)
			}
			if took := time.Since(begun); took < short {
				t.Errorf("ended after %v", took)
			}
			<-s.ended
		})
	}
	t.Run("the other limit", func(t *testing.T) {
		t.Parallel()
		s := startWith(t, nil, "", func(c *Config) { c.IdleSession, c.IdleTransaction = short, long })
		conn, f := s.talk(t)
		answers(t, f, &pgproto3.Query{String: "begin"})
		if err := conn.SetReadDeadline(time.Now().Add(4 * short)); err != nil {
			t.Fatal(err)
		}
		if m, err := f.Receive(); err == nil { // the deadline is the event waited for
			t.Errorf("a transaction ended like a session: %+v", m)
		}
	})
}

// Somebody who goes on asking is not idle, however the limit falls.
func TestNotIdle(t *testing.T) {
	t.Parallel()
	const limit = 400 * time.Millisecond
	s := startWith(t, nil, "", func(c *Config) { c.IdleSession, c.IdleTransaction = limit, limit })
	_, f := s.talk(t)
	for begun := time.Now(); time.Since(begun) < 3*limit; {
		if got := answers(t, f, &pgproto3.Query{String: "select 1 as a where 1 = 1"}); got != "columns a:23\nrow 1\nSELECT 1\nI" {
			t.Fatal(got)
		}
	}
}

// A user's own limit goes before the warehouse's, from the next login on.
func TestSessionTimeout(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "create user timed password 'Secret1'")
	admin := s.connect(t)
	for _, tt := range []struct {
		sql  string
		want time.Duration
	}{
		{"alter user timed password 'Secret1'", 0},
		{"alter user timed session timeout 60", time.Minute},
		{"alter user timed session timeout 1728000", 1728000 * time.Second},
		{"alter user timed reset session timeout", 0},
	} {
		if _, err := admin.Exec(t.Context(), tt.sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", tt.sql, err)
		}
		u, ok, err := s.admin.user(t.Context(), "timed")
		if err != nil || !ok || u.timeout != tt.want {
			t.Errorf("%s: %v, %v, %v", tt.sql, u.timeout, ok, err)
		}
		limits := &session{server: s.Server, user: u, pg: &backend{status: idle}}
		want := tt.want
		if want == 0 {
			want = defaultIdleSession
		}
		if limits.limit() != want {
			t.Errorf("%s: limited to %v", tt.sql, limits.limit())
		}
	}
	for _, sql := range []string{"alter user timed session timeout 59", "alter user timed session timeout 1728001"} {
		if _, err := admin.Exec(t.Context(), sql).ReadAll(); err == nil || errorOf(t, err).Code != "22023" {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
