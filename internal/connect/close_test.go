package connect

import (
	"errors"
	"log/slog"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// broken is a connection that broke without anybody noticing: what is written is lost, and closing it says so.
type broken struct{ net.Conn }

func (c broken) Write(p []byte) (int, error) { return len(p), nil }

func (c broken) Close() error {
	return errors.Join(errors.New("connection reset by peer"), c.Conn.Close())
}

func TestAFarewellThatIsNotHeardFailsOnlyAnOpenTransaction(t *testing.T) {
	for status, fails := range map[byte]bool{'I': false, 'T': true, 'E': true} {
		cfg, err := pgconn.ParseConfig("host=localhost user=u")
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		t.Cleanup(func() { _ = theirs.Close() })
		conn, err := pgconn.Construct(&pgconn.HijackedConn{Conn: broken{ours}, TxStatus: status, Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		s := &Session{link: &wire{conn: conn, name: "w", log: log}, name: "w", warehouse: &Warehouse{options: Options{Log: log}}}
		if err := s.Close(t.Context()); (err != nil) != fails {
			t.Errorf("closed in state %c: %v", status, err)
		}
	}
}
