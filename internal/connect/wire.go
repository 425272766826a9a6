package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/redshift"
)

// wire is a connection of our own to the warehouse.
type wire struct {
	conn    *pgconn.PgConn
	name    string // of the warehouse, for messages
	log     *slog.Logger
	watch   *watcher              // nil: nobody looks after its statements
	givenUp atomic.Pointer[error] // why the connection was ended by our own hand
}

func (w *wire) run(ctx context.Context, sql redshift.SQL, each func(row []*string) error) (int64, error) {
	// Simple protocol without arguments: Redshift does not report standard_conforming_strings, its binary formats are
	// its own, and statement caches break after DDL. Values come as text.
	watched, end := w.watch.begin(ctx)
	defer end()
	usable := !w.conn.IsClosed()
	results := w.conn.Exec(ctx, sql.String())
	var rows int64
	var eachErr error
	var row []*string
	for results.NextResult() {
		reader := results.ResultReader()
		for reader.NextRow() {
			watched.hears()
			if each == nil || eachErr != nil {
				continue
			}
			row = row[:0]
			for _, v := range reader.Values() {
				row = append(row, text(v))
			}
			eachErr = each(row)
		}
		if tag, err := reader.Close(); err == nil {
			rows = tag.RowsAffected()
		}
	}
	err := results.Close()
	if err == nil {
		return rows, eachErr
	}
	return 0, w.wrap(usable, err)
}

// giveUp ends the connection under a statement that waits for an answer.
func (w *wire) giveUp(reason error) {
	w.givenUp.CompareAndSwap(nil, &reason)
	conn := w.conn.Conn()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // without a farewell, which would wait for a peer that takes nothing
	}
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		w.log.Debug("end connection", "warehouse", w.name, "err", err)
	}
}

func text(v []byte) *string {
	if v == nil {
		return nil
	}
	t := string(v)
	return &t
}

func (w *wire) describe(ctx context.Context, query redshift.SQL) ([]redshift.Field, error) {
	_, end := w.watch.begin(ctx)
	defer end()
	usable := !w.conn.IsClosed()
	d, err := w.conn.Prepare(ctx, "", query.String(), nil)
	if err != nil {
		return nil, w.wrap(usable, err)
	}
	fields := make([]redshift.Field, 0, len(d.Fields))
	for _, f := range d.Fields {
		fields = append(fields, redshift.Field{Name: f.Name, OID: f.DataTypeOID, Modifier: f.TypeModifier})
	}
	return fields, nil
}

func (w *wire) broken() bool { return w.conn.IsClosed() }

func (w *wire) idle() bool { return w.conn.TxStatus() == 'I' }

func (w *wire) close(ctx context.Context) error {
	if err := w.conn.Close(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// wrap turns an error of the driver into one that answers the questions callers have: what the server said, or that
// the answer was lost. usable tells that the connection was there before the statement.
func (w *wire) wrap(usable bool, err error) error {
	var pe *pgconn.PgError
	if errors.As(err, &pe) && !w.conn.IsClosed() {
		return &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
	}
	if errors.As(err, &pe) {
		// The server said why and closed the connection (shutdown, termination): what it said is the cause.
		err = &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
	}
	if reason := w.givenUp.Load(); reason != nil {
		return &LostError{Warehouse: w.name, Err: *reason}
	}
	if usable && errors.Is(err, pgconn.ErrConnClosed) {
		// The driver says so, and that it is safe to try again, also of a connection that ended while the answer was awaited.
		return &LostError{Warehouse: w.name, Err: errors.New("it ended while the answer was awaited")}
	}
	return &LostError{Warehouse: w.name, NotSent: pgconn.SafeToRetry(err), Err: err}
}
