package wire

import (
	"context"
	"fmt"
	"testing"

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
