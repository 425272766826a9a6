package connect

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// A server that does not offer TLS gets no password and is asked nothing, unless the job says that it is on this machine.
func TestPostgresIsNotSpokenToInClear(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			said <- nil
			return
		}
		first := make([]byte, len(sslRequest))
		_, _ = io.ReadFull(conn, first)
		_, _ = conn.Write([]byte("N")) // no TLS here
		rest, _ := io.ReadAll(conn)
		_ = conn.Close()
		said <- append(first, rest...)
	}()
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(l.Addr())
	}
	_, err = OpenPostgres(t.Context(), plan.Warehouse{
		Postgres: "127.0.0.1", Port: address.Port, Database: "d", User: "somebody", PasswordFrom: "env:PW", SSLMode: "verify-full", Auth: "password",
	}, 1, Options{Getenv: func(name string) (string, bool) { return "canary", name == "PW" }})
	if err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("error %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := <-said; string(got) != string(sslRequest) {
		t.Errorf("the server was told %q", got)
	}
}

// breaking is a session with a server that sends one row of a COPY, and is gone.
func breaking(t *testing.T) *pgconn.PgConn {
	t.Helper()
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() {
		server := pgproto3.NewBackend(theirs, theirs)
		_, err := server.ReceiveStartupMessage()
		server.Send(&pgproto3.AuthenticationOk{})
		server.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		err = errors.Join(err, server.Flush())
		_, qerr := server.Receive()
		server.Send(&pgproto3.CopyOutResponse{})
		server.Send(&pgproto3.CopyData{Data: []byte("1\n")})
		served <- errors.Join(err, qerr, server.Flush(), theirs.Close())
	}()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	cfg, err := pgconn.ParseConfig("host=localhost user=u sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
	conn, err := pgconn.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// A server that goes away while its rows come is named as that; what keeps us from taking them is not its fault.
func TestAServerThatGoesAwayIsNamed(t *testing.T) {
	t.Parallel()
	p := &Postgres{w: &Warehouse{spec: plan.Warehouse{Postgres: "db.example.com", Database: "shop"}}}
	r := &Reader{p, breaking(t)}
	_, err := r.Copy(t.Context(), io.Discard, redshift.Build("COPY"))
	if err == nil || !strings.HasPrefix(err.Error(), "the connection to db.example.com/shop was lost: ") || hint.Of(err) == "" {
		t.Errorf("%v", err)
	}
	full := errors.New("the stage is full")
	r = &Reader{p, breaking(t)}
	if _, err := r.Copy(t.Context(), failing{full}, redshift.Build("COPY")); !errors.Is(err, full) || strings.Contains(err.Error(), "connection") {
		t.Errorf("%v", err)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }
