package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
)

// Session is one connection to a warehouse. It is used by one goroutine at a time.
type Session struct {
	conn      *pgconn.PgConn
	name      string // of the warehouse, for messages
	id        journal.Session
	warehouse *Warehouse
	watch     *watcher              // nil: nobody looks after its statements
	givenUp   atomic.Pointer[error] // why the connection was ended by our own hand
}

// endTime bounds ending a session on the server after its statement was cancelled.
const endTime = 30 * time.Second

// Query runs one statement and calls each for every row of its answer; values are text, nil is NULL, and a row is only
// valid during the call. An error of each ends the query and is returned.
//
// When ctx ends, the statement is cancelled on the server too, because a COPY or UNLOAD goes on there when only the
// connection is closed. When Query returns, it has stopped: the server said so, or its session was ended and is gone, or
// the warehouse cannot be reached, which is in the log.
func (s *Session) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	_, err := s.run(ctx, sql, each)
	return err
}

// Exec runs one statement and returns how many rows its command tag names.
func (s *Session) Exec(ctx context.Context, sql redshift.SQL) (int64, error) {
	return s.run(ctx, sql, nil)
}

func (s *Session) run(ctx context.Context, sql redshift.SQL, each func(row []*string) error) (int64, error) {
	// Simple protocol without arguments: Redshift does not report standard_conforming_strings, its binary formats are
	// its own, and statement caches break after DDL. Values come as text.
	watched, end := s.watch.begin(ctx)
	defer end()
	results := s.conn.Exec(ctx, sql.String())
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
	err = s.wrap(err)
	end()
	if ctx.Err() != nil && s.conn.IsClosed() {
		s.endThere(ctx)
	}
	return 0, err
}

// endThere makes sure that nothing of a session whose statement was cancelled goes on in the warehouse, when the
// connection ended without the server's answer to the cancelling.
func (s *Session) endThere(ctx context.Context) {
	if s.id.PID == 0 {
		return // it was being made, and has done nothing
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(endTime))
	defer cancel()
	if err := s.warehouse.End(ctx, s.id); err != nil {
		s.warehouse.options.Log.Warn("a cancelled statement may be going on", "warehouse", s.name, "session", s.id.PID, "err", err)
	}
}

// giveUp ends the connection under a statement that waits for an answer.
func (s *Session) giveUp(reason error) {
	s.givenUp.CompareAndSwap(nil, &reason)
	conn := s.conn.Conn()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // without a farewell, which would wait for a peer that takes nothing
	}
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.warehouse.options.Log.Debug("end connection", "warehouse", s.name, "err", err)
	}
}

func text(v []byte) *string {
	if v == nil {
		return nil
	}
	t := string(v)
	return &t
}

// Describe answers the names and types of the columns that a query has, without running it.
func (s *Session) Describe(ctx context.Context, query redshift.SQL) ([]redshift.Field, error) {
	_, end := s.watch.begin(ctx)
	defer end()
	d, err := s.conn.Prepare(ctx, "", query.String(), nil)
	if err != nil {
		return nil, s.wrap(err)
	}
	fields := make([]redshift.Field, 0, len(d.Fields))
	for _, f := range d.Fields {
		fields = append(fields, redshift.Field{Name: f.Name, OID: f.DataTypeOID, Modifier: f.TypeModifier})
	}
	return fields, nil
}

// ID is the server process of the session and when it began, by which others can find and end it.
func (s *Session) ID() journal.Session { return s.id }

// identify asks the warehouse who this session is.
func (s *Session) identify(ctx context.Context) error {
	err := s.Query(ctx, redshift.OwnSessionQuery(), func(row []*string) (err error) {
		s.id.PID, s.id.Began, err = redshift.ParseSession(row)
		return err
	})
	if err == nil && s.id.PID == 0 {
		err = errors.New("stv_sessions does not show our own session")
	}
	return err
}

// Broken tells that the session cannot be used any more.
func (s *Session) Broken() bool { return s.conn.IsClosed() }

// Idle tells that no transaction is open.
func (s *Session) Idle() bool { return s.conn.TxStatus() == 'I' }

// Close ends the session. The server rolls back what was not committed.
//
// That the farewell of an idle session could not be said is no error: nothing depends on it, and a run that has done
// everything would count as failed. With a transaction open it is one, because the server may hold its locks still.
func (s *Session) Close(ctx context.Context) error {
	idle := s.Idle()
	err := s.conn.Close(ctx)
	switch {
	case err == nil || errors.Is(err, net.ErrClosed):
		return nil
	case idle:
		s.warehouse.options.Log.Debug("close session", "warehouse", s.name, "session", s.id.PID, "err", err)
		return nil
	default:
		return fmt.Errorf("close session to %s: %w", s.name, err)
	}
}

// wrap turns an error of the driver into one that answers the questions callers have: what the server said, or that
// the answer was lost.
func (s *Session) wrap(err error) error {
	var pe *pgconn.PgError
	if errors.As(err, &pe) && !s.conn.IsClosed() {
		return &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
	}
	if errors.As(err, &pe) {
		// The server said why and closed the connection (shutdown, termination): what it said is the cause.
		err = &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
	}
	if reason := s.givenUp.Load(); reason != nil {
		return &LostError{Warehouse: s.name, Err: *reason}
	}
	return &LostError{Warehouse: s.name, NotSent: pgconn.SafeToRetry(err), Err: err}
}

// LostError says that the connection was lost while a statement was under way.
type LostError struct {
	Warehouse string
	NotSent   bool // nothing reached the server
	Err       error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("connection to %s lost: %v", e.Warehouse, e.Err)
}

// Unwrap gives the cause.
func (e *LostError) Unwrap() error { return e.Err }

// SafeToRetry tells that the statement cannot have happened.
func (e *LostError) SafeToRetry() bool { return e.NotSent }

// OutcomeUnknown tells that the statement may have happened although no answer came.
func (e *LostError) OutcomeUnknown() bool { return !e.NotSent }
