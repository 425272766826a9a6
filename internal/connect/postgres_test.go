package connect

import (
	"io"
	"net"
	"strings"
	"testing"

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
