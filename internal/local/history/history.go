// Package history keeps what a warehouse ran in the tables that its system tables (STL_, SVL_, SYS_) show: statements,
// loads with their errors, unloads with their files.
//
// The rows go over connections of their own, as PostgreSQL's superuser, so that they stay when the statement they tell
// of is rolled back. Statements are gathered and written in the background: a small query must not wait for its own
// record. The tables themselves, and the views on them, are package catalog's (history.sql).
package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
	// maxWaiting is how many statements are gathered at most while PostgreSQL cannot take them.
	maxWaiting = 100_000
)

// Log keeps the history of one warehouse. It is safe for concurrent use.
type Log struct {
	o   Options
	ids ids

	mu      sync.Mutex // guards waiting
	waiting map[string][]wire.Statement
	count   int

	writing sync.Mutex // held while a connection is used; guards conns
	conns   map[string]*connection

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
		o: o, ids: ids{file: o.IDFile}, waiting: map[string][]wire.Statement{}, conns: map[string]*connection{},
		stop: make(chan struct{}),
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

// Record keeps a statement that has ended. It does not wait.
func (l *Log) Record(s wire.Statement) {
	l.mu.Lock()
	if l.count >= maxWaiting {
		l.mu.Unlock()
		l.o.Log.Warn("statement left out of the history: too many are waiting", "query_id", s.ID)
		return
	}
	l.waiting[s.Database] = append(l.waiting[s.Database], s)
	l.count++
	l.mu.Unlock()
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
	statements := l.waiting[database]
	delete(l.waiting, database)
	l.count -= len(statements)
	l.mu.Unlock()
	if len(statements) == 0 {
		return nil
	}
	var rows strings.Builder
	for _, s := range statements {
		status := "success"
		switch {
		case s.ErrorCode == "57014" || s.ErrorCode == "57P01": // cancelled, terminated
			status = "aborted"
		case s.ErrorCode != "":
			status = "failed"
		}
		copyRow(&rows, s.ID, s.UserID, s.PID, s.Database, s.Start, s.End, status, optional(s.ErrorCode), optional(s.ErrorMessage),
			s.Verb, s.Rows, l.o.Redact(s.Text))
	}
	err := l.copyIn(ctx, database, "COPY rs.query_log (query, userid, pid, database, starttime, endtime, status, error_code, error, verb, rows, text) FROM STDIN", rows.String())
	if err != nil {
		return fmt.Errorf("write %d statements to database %s: %w", len(statements), database, err)
	}
	return nil
}

func (l *Log) copyIn(ctx context.Context, database, sql, rows string) error {
	c, err := l.connect(ctx, database)
	if err != nil {
		return err
	}
	_, err = c.CopyFrom(ctx, strings.NewReader(rows), sql)
	return err
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
