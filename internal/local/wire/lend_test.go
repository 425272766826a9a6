package wire

import (
	"bufio"
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// slowConn ends a Write only when the answer to it has been read, as happens by chance on a busy machine: the driver
// takes the write for one that blocks, and begins to read in the background.
type slowConn struct {
	net.Conn
	slow bool
	read chan struct{}
}

func (c *slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.slow {
		c.slow = false
		<-c.read
	}
	return n, err
}

func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	select {
	case c.read <- struct{}{}:
	default:
	}
	return n, err
}

// What the driver reads with in the background must have ended when the session goes on with its connection, or it takes
// the answer to the next statement, and the session waits for ever.
func TestLendLeavesNobodyReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := connect(ctx, postgres, postgres.Superuser(), "postgres", nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, b.close) // a statement that waits for ever fails instead
	defer stop()
	defer b.close()
	slow := &slowConn{Conn: b.conn, read: make(chan struct{})}
	b.conn, b.r = slow, bufio.NewReaderSize(slow, bufferSize)
	for range 3 {
		err := b.lend(func(conn *pgconn.PgConn) error {
			slow.slow = true
			_, err := conn.Exec(ctx, "SELECT 1").ReadAll()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.exec("SELECT 2"); err != nil {
			t.Fatal(err)
		}
	}
}

// slowly is a PostgreSQL whose connections take the first write for one that blocks.
type slowly struct{ PostgreSQL }

func (s slowly) Config(user, database string, settings map[string]string) (*pgconn.Config, error) {
	cfg, err := s.PostgreSQL.Config(user, database, settings)
	if err != nil {
		return nil, err
	}
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &slowConn{Conn: conn, slow: true, read: make(chan struct{})}, nil
	}
	return cfg, nil
}

func TestALoginLeavesNobodyReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 3 {
		b, err := connect(ctx, slowly{postgres}, postgres.Superuser(), "postgres", nil)
		if err != nil {
			t.Fatal(err)
		}
		stop := context.AfterFunc(ctx, b.close)
		if err := b.exec("SELECT 2"); err != nil {
			t.Error(err)
		}
		stop()
		b.close()
	}
}

// TestLateCancel: a request to cancel a statement that comes late hits the ROLLBACK behind it, which runs again.
func TestLateCancel(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer func() { _, _ = ours.Close(), theirs.Close() }()
	b := &backend{conn: ours, r: bufio.NewReader(ours), status: inBlock}
	asked := make(chan string, 3)
	go func() {
		defer close(asked)
		server := pgproto3.NewBackend(theirs, theirs)
		for _, answer := range []pgproto3.BackendMessage{
			&pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014"}, &pgproto3.CommandComplete{CommandTag: []byte("ROLLBACK")}, &pgproto3.ErrorResponse{Severity: "ERROR", Code: "42601"},
		} {
			m, err := server.Receive()
			if err != nil {
				return
			}
			asked <- m.(*pgproto3.Query).String
			server.Send(answer)
			server.Send(&pgproto3.ReadyForQuery{TxStatus: idle})
			if err := server.Flush(); err != nil {
				return
			}
		}
	}()
	if err := b.must("ROLLBACK"); err != nil {
		t.Error(err)
	}
	if err := b.must("wrong"); err == nil {
		t.Error("another error is none")
	}
	var got []string
	for sql := range asked {
		got = append(got, sql)
	}
	if diff := cmp.Diff([]string{"ROLLBACK", "ROLLBACK", "wrong"}, got); diff != "" {
		t.Error(diff)
	}
}
