package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// bufferSize is that of the buffers towards client and PostgreSQL; there are three of them per session.
const bufferSize = 32 << 10

// Transaction states, as ReadyForQuery tells them.
const (
	idle    = 'I'
	inBlock = 'T'
	aborted = 'E'
)

// backend is the connection of one session to PostgreSQL. Its frames are passed on without being decoded; for COPY and
// UNLOAD it is lent out as a *pgconn.PgConn.
type backend struct {
	conn   net.Conn
	r      *bufio.Reader
	out    []byte // frames not sent yet
	cfg    *pgconn.Config
	pid    int32
	key    []byte
	params map[string]string
	status byte // as of the last ReadyForQuery

	closing sync.Once
}

// errBackendGone says that PostgreSQL ended the connection: a terminated session, or a crash.
var errBackendGone = errors.New("PostgreSQL ended the connection")

// connect logs in to PostgreSQL as a user of the warehouse.
func connect(ctx context.Context, pg PostgreSQL, user, database string, settings map[string]string) (*backend, error) {
	cfg, err := pg.Config(user, database, settings)
	if err != nil {
		return nil, err
	}
	b := &backend{cfg: cfg}
	cfg.BuildContextWatcherHandler = func(*pgconn.PgConn) ctxwatch.Handler { return &canceller{b: b} }
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	// A write that took long, on a busy machine, leaves a goroutine of the driver's reading. It would take the answer to our
	// first statement with it, and the login would wait for ever.
	if err := conn.SyncConn(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	h, err := conn.Hijack()
	if err != nil {
		return nil, err
	}
	b.conn, b.r, b.key, b.params, b.status = h.Conn, bufio.NewReaderSize(h.Conn, bufferSize), h.SecretKey, h.ParameterStatuses, h.TxStatus
	b.pid = int32(h.PID)
	return b, nil
}

// close ends the connection at once; PostgreSQL rolls back what was not committed. It may be called from elsewhere.
func (b *backend) close() {
	b.closing.Do(func() { _ = b.conn.Close() }) // a socket that is given up
}

// send adds a message to what flush will send.
func (b *backend) send(m pgproto3.FrontendMessage) error {
	out, err := m.Encode(b.out)
	if err != nil {
		return err
	}
	b.out = out
	return nil
}

// flush sends what was gathered. A connection that broke is noticed by reading from it, and not before: PostgreSQL may
// have said why it ended it.
func (b *backend) flush() {
	_, _ = b.conn.Write(b.out)
	if cap(b.out) > bufferSize {
		b.out = nil
	} else {
		b.out = b.out[:0]
	}
}

// frame waits for the next message and answers its kind and the length of its body, neither of which it consumes.
func (b *backend) frame() (kind byte, body int, err error) {
	kind, body, err = peekFrame(b.r)
	if err != nil {
		err = fmt.Errorf("%w: %w", errBackendGone, err)
	}
	return kind, body, err
}

// read consumes a message of which frame told the length. The result is valid until the next call.
func (b *backend) read(body int) ([]byte, error) {
	buf, err := readFrame(b.r, body)
	if err != nil {
		err = fmt.Errorf("%w: %w", errBackendGone, err)
	}
	return buf, err
}

// exec runs statements of ours that answer nothing the client should see. An error of theirs is a *pgconn.PgError.
func (b *backend) exec(sql string) error {
	_, err := b.run(sql)
	return err
}

// must is exec for what the client does not know of, and could not do without: BEGIN and ROLLBACK around its statements. A
// request to cancel those may come a moment late and hit it; then it runs again.
func (b *backend) must(sql string) error {
	for {
		err := b.exec(sql)
		pe, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || pe.Code != "57014" || errors.Is(err, errBackendGone) {
			return err
		}
	}
}

// run is exec that counts the rows that are answered.
func (b *backend) run(sql string) (rows int, err error) {
	if err := b.send(&pgproto3.Query{String: sql}); err != nil {
		return 0, err
	}
	return b.answer(nil)
}

// look is run that answers the rows, which have no NULL.
func (b *backend) look(sql string) (rows [][]string, err error) {
	if err := b.send(&pgproto3.Query{String: sql}); err != nil {
		return nil, err
	}
	_, err = b.answer(collect(&rows))
	return rows, err
}

// collect adds rows as texts to rows.
func collect(rows *[][]string) func(body []byte) error {
	return func(body []byte) error {
		var m pgproto3.DataRow
		if err := m.Decode(body); err != nil {
			return err
		}
		row := make([]string, len(m.Values))
		for i, v := range m.Values {
			row[i] = string(v)
		}
		*rows = append(*rows, row)
		return nil
	}
}

// prepare has PostgreSQL analyse a query, and nothing more, and answers the types of its columns. It is for outside of a
// transaction block, or behind a savepoint.
func (b *backend) prepare(sql string, parameters []uint32) (columns []dialect.ColumnType, err error) {
	const name = "rs_probe"
	for _, m := range []pgproto3.FrontendMessage{
		&pgproto3.Parse{Name: name, Query: sql, ParameterOIDs: parameters}, &pgproto3.Describe{ObjectType: 'S', Name: name},
		&pgproto3.Close{ObjectType: 'S', Name: name}, &pgproto3.Sync{},
	} {
		if err := b.send(m); err != nil {
			return nil, err
		}
	}
	err = b.answers(func(kind byte, body []byte) error {
		if kind != 'T' {
			return nil
		}
		var m pgproto3.RowDescription
		if err := m.Decode(body); err != nil {
			return err
		}
		for _, f := range m.Fields {
			columns = append(columns, dialect.ColumnType{Name: string(f.Name), OID: f.DataTypeOID, Modifier: f.TypeModifier})
		}
		return nil
	})
	return columns, err
}

// answer sends what was gathered and reads to the end of the answer, of which it counts the rows. row gets the body of each,
// which it must not keep.
func (b *backend) answer(row func(body []byte) error) (rows int, err error) {
	err = b.answers(func(kind byte, body []byte) error {
		if kind != 'D' {
			return nil
		}
		rows++
		if row == nil {
			return nil
		}
		return row(body)
	})
	return rows, err
}

// answers sends what was gathered and reads to the end of the answer. each gets the body of each message that describes or is
// a row, which it must not keep.
func (b *backend) answers(each func(kind byte, body []byte) error) error {
	b.flush()
	var failure error
	for {
		kind, n, err := b.frame()
		if err != nil {
			return errors.Join(failure, err)
		}
		body, err := b.read(n)
		if err != nil {
			return errors.Join(failure, err)
		}
		switch kind {
		case 'D', 'T':
			if err := each(kind, body); err != nil {
				return err
			}
		case 'E':
			if failure, err = readError(body); err != nil {
				return err
			}
		case 'S':
			if err := b.setParam(body); err != nil {
				return err
			}
		case 'Z':
			b.status = body[0]
			return failure
		}
	}
}

func (b *backend) setParam(body []byte) error {
	var p pgproto3.ParameterStatus
	if err := p.Decode(body); err != nil {
		return err
	}
	b.params[p.Name] = p.Value
	return nil
}

// lend runs f with the connection as a *pgconn.PgConn. Notices raised meanwhile are dropped.
func (b *backend) lend(f func(*pgconn.PgConn) error) error {
	conn, err := pgconn.Construct(&pgconn.HijackedConn{
		Conn: &bufferedConn{Conn: b.conn, r: b.r}, PID: uint32(b.pid), SecretKey: b.key,
		ParameterStatuses: maps.Clone(b.params), TxStatus: b.status, Config: b.cfg,
	})
	if err != nil {
		return err
	}
	failure := f(conn)
	if !conn.IsClosed() {
		// A write that took long leaves a goroutine of the driver's reading. It would take the first bytes of the next
		// answer with it, and the session would wait for them for ever.
		ctx, cancel := context.WithTimeout(context.Background(), syncTimeout)
		defer cancel()
		if err := conn.SyncConn(ctx); err != nil {
			return errors.Join(failure, fmt.Errorf("%w: %w", errBackendGone, err))
		}
	}
	b.status = conn.TxStatus()
	if conn.IsClosed() {
		return errors.Join(failure, errBackendGone)
	}
	return failure
}

// syncTimeout is for a ping of an idle PostgreSQL.
const syncTimeout = 30 * time.Second

// bufferedConn reads what the buffer holds first.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// cancel asks PostgreSQL to cancel what the connection runs. It does not wait for the outcome.
func (b *backend) cancel(ctx context.Context) error {
	network, address := pgconn.NetworkAddress(b.cfg.Host, b.cfg.Port)
	conn, err := b.cfg.DialFunc(ctx, network, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // PostgreSQL closes it without an answer
	request := binary.BigEndian.AppendUint32(nil, uint32(12+len(b.key)))
	request = binary.BigEndian.AppendUint32(request, cancelRequestCode)
	request = binary.BigEndian.AppendUint32(request, uint32(b.pid))
	if _, err := conn.Write(append(request, b.key...)); err != nil {
		return err
	}
	// The end of the connection says that the signal was sent.
	_, err = io.Copy(io.Discard, conn)
	return err
}

// canceller cancels the statement of a lent connection when its context ends, so that the session lives on.
type canceller struct {
	b          *backend
	stop, done chan struct{}
}

// HandleCancel asks again and again: a request that comes before PostgreSQL has begun the statement is lost.
func (c *canceller) HandleCancel(ctx context.Context) {
	c.stop, c.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.done)
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			_ = c.b.cancel(ctx) // the statement ends by itself, or the next request reaches it
			cancel()
			select {
			case <-again.C:
			case <-c.stop:
				return
			}
		}
	}()
}

// HandleUnwatchAfterCancel ends the asking, so that it does not hit the session's next statement.
func (c *canceller) HandleUnwatchAfterCancel() {
	close(c.stop)
	<-c.done
}

// readError decodes the body of an ErrorResponse.
func readError(body []byte) (*pgconn.PgError, error) {
	var m pgproto3.ErrorResponse
	if err := m.Decode(body); err != nil {
		return nil, err
	}
	return pgconn.ErrorResponseToPgError(&m), nil
}
