package wire

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// session is one client that has logged in. All fields but those under mu belong to the goroutine that serves it.
type session struct {
	server   *Server
	c        *client
	pg       *backend
	user     dbUser
	database string
	types    *typeMap
	key      []byte // of cancel requests
	leave    func(context.Context) error

	caseSensitive bool  // enable_case_sensitive_identifier
	lastQuery     int64 // pg_last_query_id()

	// The extended protocol's state; see extended.go.
	prepared map[string]*prepared
	portals  map[string]*prepared
	pending  []expected
	skipping bool

	told bool // the client has been told that the session ends

	mu        sync.Mutex // guards cancelRun
	cancelRun context.CancelCauseFunc
}

// errCancelled is the cause of the context of a COPY or UNLOAD that the user cancelled.
var errCancelled = errors.New("cancelled on user's request")

func (s *session) keyIs(key []byte) bool { return subtle.ConstantTimeCompare(s.key, key) == 1 }

// cancelStatement cancels what the session runs, from another goroutine.
func (s *session) cancelStatement() {
	s.mu.Lock()
	run := s.cancelRun
	s.mu.Unlock()
	if run != nil {
		run(errCancelled)
		return
	}
	ctx, cancel := context.WithTimeout(s.server.ctx, 10*time.Second)
	defer cancel()
	if err := s.pg.cancel(ctx); err != nil {
		s.server.cfg.Log.Warn("cannot cancel a statement", "pid", s.pg.pid, "err", err)
	}
}

// end gives back what the session holds. PostgreSQL rolls back what was not committed.
func (s *session) end() {
	s.server.unregister(s)
	s.pg.close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.server.ctx), 10*time.Second)
	defer cancel()
	if err := s.leave(ctx); err != nil {
		s.server.cfg.Log.Warn("cannot leave the groups of a session", "user", s.user.name, "err", err)
	}
}

func (s *session) env() dialect.Env {
	return dialect.Env{Database: s.database, User: s.pg.params["session_authorization"], CaseSensitive: s.caseSensitive}
}

// follow keeps up with a statement that succeeded and changed what the session's own work depends on.
func (s *session) follow(st dialect.Statement) {
	if name, value, ok := st.Parameter(); ok && (name == "enable_case_sensitive_identifier" || name == "all") {
		switch strings.ToLower(value) {
		case "true", "on", "yes", "1", "t":
			s.caseSensitive = true
		default:
			s.caseSensitive = false
		}
	}
	switch st.Verb() {
	case "DEALLOCATE", "DISCARD":
		tokens := st.Significant()
		last := tokens[len(tokens)-1]
		if last.Is("ALL") {
			clear(s.prepared)
		} else if name, ok := last.Name(s.caseSensitive); ok {
			delete(s.prepared, name)
		}
	}
}

// serve answers the client until it leaves. While a statement runs the client is not listened to, so a statement goes
// on when its client disappears, and ends when it has rows to send to nobody: as in Redshift, where an autocommitted
// COPY is committed after its client is gone, and the session lingers until then. A transaction the client did not
// commit is rolled back when its absence shows.
func (s *session) serve() error {
	for {
		m, err := s.c.in.Receive()
		if err != nil {
			if tooLong, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
				return s.c.fatal("54000", "message of %d bytes is too long, the most is %d", tooLong.ActualBodyLen, tooLong.MaxExpectedBodyLen)
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return errClientGone
			}
			return s.c.fatal("08P01", "%v", err)
		}
		if _, ok := m.(*pgproto3.Terminate); ok {
			return nil
		}
		if err := s.message(m); err != nil {
			switch {
			case !errors.Is(err, errBackendGone):
				return err
			case s.told:
				return errors.Join(err, s.c.flush())
			default:
				return errors.Join(err, s.c.fatal("57P01", "terminating connection due to administrator command"))
			}
		}
	}
}

func (s *session) message(m pgproto3.FrontendMessage) error {
	if s.skipping {
		// After an error, everything up to the next Sync is skipped.
		if _, ok := m.(*pgproto3.Sync); !ok {
			return nil
		}
	}
	switch m := m.(type) {
	case *pgproto3.Query:
		return s.query(m.String)
	case *pgproto3.Parse:
		return s.parse(m)
	case *pgproto3.Bind:
		return s.bind(m)
	case *pgproto3.Describe:
		return s.describe(m)
	case *pgproto3.Execute:
		return s.execute(m)
	case *pgproto3.Close:
		return s.close(m)
	case *pgproto3.Flush:
		return s.settleAndFlush()
	case *pgproto3.Sync:
		return s.sync()
	case *pgproto3.FunctionCall:
		s.fail(&pgconn.PgError{Code: "0A000", Message: "function calls of the wire protocol are not supported"})
		return s.ready()
	case *pgproto3.CopyData, *pgproto3.CopyDone, *pgproto3.CopyFail:
		return nil // left over from a COPY that failed, as in PostgreSQL
	default:
		return s.c.fatal("08P01", "unexpected message %T", m)
	}
}

// ready tells the client that it is its turn.
func (s *session) ready() error {
	s.c.send(&pgproto3.ReadyForQuery{TxStatus: s.pg.status})
	return s.c.flush()
}

// fail sends an error.
func (s *session) fail(e *pgconn.PgError) {
	s.c.send(errorResponse(e))
	s.told = s.told || e.Severity == "FATAL" || e.Severity == "PANIC"
}

// running is a statement on its way.
type running struct {
	id     int64
	st     dialect.Statement
	offset int // characters before the statement in the client's string
	start  time.Time

	sql       string // what PostgreSQL is sent in its place
	tag       string // command tag in place of PostgreSQL's
	hold      bool   // keep the CommandComplete in complete
	quiet     bool   // drop notices
	complete  string // command tag to be sent
	rows      int64
	failure   *pgconn.PgError
	described bool // the client has been told the columns: drop the RowDescription
}

// query answers a simple Query, which may hold several statements.
func (s *session) query(text string) error {
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	if len(text) > maxStatement {
		s.fail(tooLarge(len(text)))
		return s.ready()
	}
	statements := dialect.Split(text)
	if len(statements) == 0 {
		s.c.send(&pgproto3.EmptyQueryResponse{})
		return s.ready()
	}
	b := batch{many: len(statements) > 1}
	position := positions{text: text}
	for i, st := range statements {
		q := &running{st: st}
		if b.many || st.Pos > 0 {
			q.offset = position.of(st.Pos)
		}
		if err := s.run(q, &b, i == len(statements)-1); err != nil {
			return err
		}
		if q.failure != nil {
			break
		}
	}
	if b.implicit { // left open by an error
		if err := s.pg.exec("ROLLBACK"); err != nil {
			return err
		}
	}
	return s.ready()
}

func tooLarge(n int) *pgconn.PgError {
	return &pgconn.PgError{
		Code:    "54000",
		Message: fmt.Sprintf("Statement is too large. Statement Size: %d bytes. Maximum Allowed: %d bytes", n, maxStatement),
	}
}

// positions counts the characters before ascending positions of a text.
type positions struct {
	text         string
	bytes, chars int
}

func (p *positions) of(bytes int) int {
	for range p.text[p.bytes:bytes] {
		p.chars++
	}
	p.bytes = bytes
	return p.chars
}
