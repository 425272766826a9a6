// Package history keeps what a warehouse ran in the tables that its system tables (STL_, SVL_, SYS_) show: statements,
// loads with their errors, unloads with their files.
//
// The rows go over connections of their own, as PostgreSQL's superuser, so that they stay when the statement they tell
// of is rolled back. Statements are gathered and written in the background: a small query must not wait for its own
// record. The tables themselves, and the views on them, are package catalog's (history.sql).
package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/wire"
)

// PostgreSQL is the server that holds the tables.
type PostgreSQL interface {
	Connect(ctx context.Context, user, database string, settings map[string]string) (*pgconn.PgConn, error)
	Superuser() string
}

// Options make a Log.
type Options struct {
	PostgreSQL PostgreSQL
	IDFile     string                  // where the next statement's id is kept
	Redact     func(sql string) string // takes secrets out of a statement's text
	Log        *slog.Logger
}

const (
	// delay is how long statements are gathered.
	delay = 500 * time.Millisecond
	// idleTime is how long an unused connection stays open: one to a database keeps it from being dropped.
	idleTime = time.Second
	// soonSize is how many bytes may gather before they are written without waiting for the delay.
	soonSize = 4 << 20
	// maxSize is how many bytes may gather while PostgreSQL cannot take them.
	maxSize = 64 << 20
)

// Log keeps the history of one warehouse. It is safe for concurrent use.
type Log struct {
	o   Options
	ids ids

	mu      sync.Mutex // guards the next two
	waiting map[string]*batch
	size    int // bytes in waiting

	writing sync.Mutex // held while a connection is used; guards conns
	conns   map[string]*connection

	soon   chan struct{} // holds one while soonSize is exceeded
	stop   chan struct{}
	writer sync.WaitGroup
}

type connection struct {
	*pgconn.PgConn
	used time.Time
}

// Open starts to keep history. Close ends it.
func Open(o Options) (*Log, error) {
	l := &Log{
		o: o, ids: ids{file: o.IDFile}, waiting: map[string]*batch{}, conns: map[string]*connection{},
		soon: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if err := l.ids.open(); err != nil {
		return nil, fmt.Errorf("open the history: %w", err)
	}
	l.writer.Go(l.write)
	return l, nil
}

// Close writes what was gathered and closes all connections.
func (l *Log) Close() error {
	close(l.stop)
	l.writer.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := l.flushAll(ctx)
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, c := range l.conns {
		err = errors.Join(err, c.Close(ctx))
	}
	return errors.Join(err, l.ids.close())
}

// NextID answers the id of a new statement: larger than any before, also those of earlier runs.
func (l *Log) NextID() int64 {
	id, err := l.ids.next()
	if err != nil {
		l.o.Log.Error("cannot keep the next query id", "err", err)
	}
	return id
}

// batch is what has been recorded for a database and not been written yet.
type batch struct {
	statements, steps, connections binaryRows
}

func (b *batch) size() int { return len(b.statements) + len(b.steps) + len(b.connections) }

// add gives f the batch of a database. What is recorded while PostgreSQL takes nothing for long is left out.
func (l *Log) add(database string, f func(b *batch)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > maxSize {
		l.o.Log.Warn("left out of the history: too much is waiting", "database", database, "bytes", l.size)
		return
	}
	b := l.waiting[database]
	if b == nil {
		b = &batch{}
		l.waiting[database] = b
	}
	before := b.size()
	f(b)
	l.size += b.size() - before
	if l.size > soonSize {
		select {
		case l.soon <- struct{}{}:
		default:
		}
	}
}

const (
	statementColumns = "query, xid, userid, pid, database, starttime, endtime, status, error_code, error, verb, rows, text"
	stepColumns      = "query, step, name, tbl, schema_name, table_name, rows"
)

// Record keeps a statement that has ended. It does not wait.
func (l *Log) Record(s wire.Statement) {
	status := "success"
	switch {
	case s.ErrorCode == "57014" || s.ErrorCode == "57P01": // cancelled, terminated
		status = "aborted"
	case s.ErrorCode != "":
		status = "failed"
	}
	text := l.o.Redact(s.Text)
	l.add(s.Database, func(b *batch) {
		r := &b.statements
		r.begin(13)
		r.int64(s.ID)
		r.int64(s.XID)
		r.int32(int32(s.UserID))
		r.int32(s.PID)
		r.text(s.Database)
		r.time(s.Start)
		r.time(s.End)
		r.text(status)
		r.optional(s.ErrorCode)
		r.optional(s.ErrorMessage)
		r.text(s.Verb)
		r.int64(s.Rows)
		r.text(text)
		for n, step := range s.Steps {
			r := &b.steps
			r.begin(7)
			r.int64(s.ID)
			r.int32(int32(n))
			r.text(step.Name)
			r.int32(int32(s.Table.OID))
			r.text(s.Table.Schema)
			r.text(s.Table.Name)
			r.int64(step.Rows)
		}
	})
}

const connectionColumns = "event, recordtime, remotehost, remoteport, pid, dbname, username, authmethod, duration, sslversion, application_name"

// RecordConnection keeps an event of a connection. It does not wait.
func (l *Log) RecordConnection(c wire.Connection) {
	l.add(c.Database, func(b *batch) {
		r := &b.connections
		r.begin(11)
		r.text(c.Event)
		r.time(c.Time)
		r.text(c.Host)
		r.text(c.Port)
		r.int32(c.PID)
		r.text(c.Database)
		r.text(c.User)
		r.text(c.AuthMethod)
		r.int64(c.Duration.Microseconds())
		r.text(c.TLS)
		r.text(c.Application)
	})
}

// write is the background writer.
func (l *Log) write() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tick := time.NewTicker(delay)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		case <-l.soon:
		}
		if err := l.flushAll(ctx); err != nil {
			l.o.Log.Warn("cannot write the history", "err", err)
		}
		l.closeIdle(ctx)
	}
}

// closeIdle closes connections that were not used lately.
func (l *Log) closeIdle(ctx context.Context) {
	l.writing.Lock()
	defer l.writing.Unlock()
	for database, c := range l.conns {
		if time.Since(c.used) >= idleTime {
			delete(l.conns, database)
			if err := c.Close(ctx); err != nil {
				l.o.Log.Debug("closing a connection of the history", "database", database, "err", err)
			}
		}
	}
}

func (l *Log) flushAll(ctx context.Context) error {
	l.mu.Lock()
	var databases []string
	for database := range l.waiting {
		databases = append(databases, database)
	}
	l.mu.Unlock()
	var errs []error
	for _, database := range databases {
		errs = append(errs, l.Flush(ctx, database))
	}
	return errors.Join(errs...)
}

// Flush waits until what was recorded for a database can be read there.
func (l *Log) Flush(ctx context.Context, database string) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	b := l.waiting[database]
	if b == nil {
		l.mu.Unlock()
		return nil
	}
	delete(l.waiting, database)
	l.size -= b.size()
	l.mu.Unlock()
	for _, part := range []struct {
		table, columns string
		rows           binaryRows
	}{{"query_log", statementColumns, b.statements}, {"step_log", stepColumns, b.steps}, {"connection_log", connectionColumns, b.connections}} {
		if len(part.rows) == 0 {
			continue
		}
		c, err := l.connect(ctx, database)
		if err == nil {
			_, err = c.CopyFrom(ctx, bytes.NewReader(append(part.rows, binaryTrailer...)), "COPY rs."+part.table+" ("+part.columns+") FROM STDIN (FORMAT binary)")
		}
		if err != nil {
			return fmt.Errorf("write the history of database %s: %w", database, err)
		}
	}
	return nil
}

// connect answers the connection to a database. The caller holds l.writing.
func (l *Log) connect(ctx context.Context, database string) (*connection, error) {
	c := l.conns[database]
	if c == nil || c.IsClosed() {
		conn, err := l.o.PostgreSQL.Connect(ctx, l.o.PostgreSQL.Superuser(), database, map[string]string{
			"application_name": "history", "standard_conforming_strings": "on", "default_transaction_isolation": "read committed",
		})
		if err != nil {
			return nil, err
		}
		c = &connection{PgConn: conn}
		l.conns[database] = c
	}
	c.used = time.Now()
	return c, nil
}
