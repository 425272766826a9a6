package wire

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
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

	connected     Connection   // what its events have in common; Time is when it was accepted
	caseSensitive bool         // enable_case_sensitive_identifier
	serializable  bool         // isolation level of transactions; otherwise SNAPSHOT
	lastQuery     atomic.Int64 // pg_last_query_id(); others may ask for it
	xid           int64        // of the transaction at hand, or the last one

	// The transaction that is in progress; see locks.go.
	snapshot bool            // it has taken its snapshot
	seen     map[string]bool // relations that its snapshot has

	// What the user reads in place of relations, and as of which of the server's changes; see masks.go.
	masks       map[string]string
	masksAt     int64
	masksDiffer bool // a statement of this session may have changed what masks there are

	withoutSuper withoutSuper
	defines      bool // the transaction may have changed what tables there are; see written.go

	// The extended protocol's state; see extended.go.
	shapes   shapes // of texts that need no translation
	prepared map[string]*prepared
	portals  map[string]*prepared
	pending  []expected
	skipping bool
	began    bool // PostgreSQL has been sent something since the last Sync

	told bool      // the client has been told that the session ends
	last time.Time // when the last statement ended

	// What others may cancel; see signal.go. The lock is held while a cancellation is sent, so that none comes late.
	mu        sync.Mutex
	cancelRun context.CancelCauseFunc // of a COPY or UNLOAD
	stepping  bool                    // statements are run, maybe in several steps
	cancelled bool                    // what is run must not begin another step
}

func (s *session) keyIs(key []byte) bool { return subtle.ConstantTimeCompare(s.key, key) == 1 }

// end gives back what the session holds. PostgreSQL rolls back what was not committed.
func (s *session) end() {
	s.server.unregister(s)
	s.pg.close()
	s.tellDefinitions()
	now := time.Now()
	s.recordConnection("disconnecting session", now, now.Sub(s.connected.Time))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.server.ctx), 10*time.Second)
	defer cancel()
	if err := s.leave(ctx); err != nil {
		s.server.cfg.Log.Warn("cannot leave the groups of a session", "user", s.user.name, "err", err)
	}
}

// recordConnection hands an event of the connection to the history.
func (s *session) recordConnection(event string, at time.Time, lasted time.Duration) {
	if s.server.cfg.History == nil {
		return
	}
	c := s.connected
	c.Event, c.Time, c.Duration = event, at, lasted
	s.server.cfg.History.RecordConnection(c)
}

func (s *session) env() dialect.Env {
	return dialect.Env{Database: s.database, User: s.pg.params["session_authorization"], CaseSensitive: s.caseSensitive, Masks: s.masks}
}

// follow keeps up with a statement that succeeded and changed what the session's own work depends on.
func (s *session) follow(st dialect.Statement) {
	if pid := signalled(st); pid != 0 {
		s.server.signal(pid)
	}
	// PostgreSQL tells its transaction status at Sync only; before that, BEGIN may have been followed by a statement that
	// must not make and commit a transaction of its own.
	switch transactionControl(st) {
	case begins:
		s.pg.status = inBlock
	case ends:
		s.pg.status = idle
	case noControl:
	}
	verb := st.Verb()
	s.masksDiffer = s.masksDiffer || s.changesMasks(verb)
	if verb == "SET" || verb == "RESET" {
		s.shapes.forget()
	}
	if name, value, ok := st.Parameter(); ok && (name == "enable_case_sensitive_identifier" || name == "all") {
		switch strings.ToLower(value) {
		case "true", "on", "yes", "1", "t":
			s.caseSensitive = true
		default:
			s.caseSensitive = false
		}
	}
	if verb == "DEALLOCATE" {
		if name, all := s.deallocated(st); all {
			clear(s.prepared)
		} else {
			delete(s.prepared, name)
		}
	}
}

// deallocated is the prepared statement that DEALLOCATE names.
func (s *session) deallocated(st dialect.Statement) (name string, all bool) {
	tokens := st.Significant()
	last := tokens[len(tokens)-1]
	if last.Is("ALL") {
		return "", true
	}
	// Names of the protocol are as they are: PostgreSQL folds none in quotes.
	name, _ = last.Name(true)
	return name, false
}

// translate is what to run in place of a statement. PostgreSQL does not know the prepared statements that are run by us, so it
// must not be told to give one up.
func (s *session) translate(st dialect.Statement, env dialect.Env) dialect.Translation {
	tr := dialect.Translate(st, env)
	if st.Verb() == "DEALLOCATE" && tr.Action == dialect.Pass {
		name, _ := s.deallocated(st)
		if p := s.prepared[name]; p != nil && p.ours {
			tr.SQL, tr.Tag = "SET rs.ignored = ''", "DEALLOCATE"
		}
	}
	return tr
}

// serve answers the client until it leaves. While a statement runs the client is not listened to, so a statement goes
// on when its client disappears, and ends when it has rows to send to nobody: as in Redshift, where an autocommitted
// COPY is committed after its client is gone, and the session lingers until then. A transaction the client did not
// commit is rolled back when its absence shows.
func (s *session) serve() error {
	s.last, s.c.left = time.Now(), s.left
	if err := s.c.wait(); err != nil {
		return fmt.Errorf("%w: %w", errClientGone, err)
	}
	for {
		kind, body, err := s.c.receive()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return s.silent()
			}
			if tooLong, ok := errors.AsType[*tooLongError](err); ok {
				return s.c.fatal("54000", "%v", tooLong)
			}
			if errors.Is(err, errNegativeLength) {
				return s.c.fatal("08P01", "invalid message length")
			}
			return fmt.Errorf("%w: %w", errClientGone, err)
		}
		if kind == 'X' { // Terminate
			return nil
		}
		if err := s.message(kind, body); err != nil {
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

func (s *session) message(kind byte, body []byte) error {
	if s.skipping && kind != 'S' {
		return nil // after an error, everything up to the next Sync is skipped
	}
	if kind == 'Q' || kind == 'P' {
		if failure := s.lookForMasks(); failure != nil {
			pe, _ := serverError(failure)
			switch {
			case pe == nil || pe.Code != "57014":
				return failure
			case kind == 'P':
				return s.reject(cancelledError())
			}
			s.fail(cancelledError())
			return s.ready()
		}
	}
	if kind == 'Q' {
		return s.query(body)
	}
	m, err := decode(kind, body)
	if err != nil {
		return s.c.fatal("08P01", "%v", err)
	}
	switch m := m.(type) {
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
	s.tellMasks()
	s.tellDefinitions()
	s.c.send(&pgproto3.ReadyForQuery{TxStatus: s.pg.status})
	return s.c.flush()
}

// fail sends an error.
func (s *session) fail(e *pgconn.PgError) {
	s.putLong(&e.Message, &e.Detail, &e.Hint, &e.InternalQuery, &e.Where)
	s.c.send(errorResponse(e))
	s.told = s.told || e.Severity == "FATAL" || e.Severity == "PANIC"
}

// running is a statement on its way.
type running struct {
	id     int64
	xid    int64 // of the transaction
	st     dialect.Statement
	verb   string // of st, where it is known already
	offset int    // characters before the statement in the client's string
	start  time.Time

	sql       string // what PostgreSQL is sent in its place
	tag       string // command tag in place of PostgreSQL's
	hold      bool   // keep the CommandComplete in complete
	quiet     bool   // drop notices
	complete  string // command tag to be sent
	rows      int64
	table     Table  // that it writes
	did       string // what it did to it: the first word of PostgreSQL's tag
	failure   *pgconn.PgError
	described bool // the client has been told the columns: drop the RowDescription
}

// query answers a simple Query, which may hold several statements.
func (s *session) query(body []byte) error {
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	if bytes.IndexByte(body, 0) != len(body)-1 {
		return s.c.fatal("08P01", "invalid message format")
	}
	s.began = false
	if tail, ok := s.shapes.find(body[:len(body)-1]); ok && s.pg.status == idle {
		return s.passPlain(body, tail)
	}
	text := string(body[:len(body)-1])
	if len(text) > maxStatement {
		s.fail(tooLarge(len(text)))
		return s.ready()
	}
	statements := dialect.Split(text)
	if len(statements) == 0 {
		s.c.send(&pgproto3.EmptyQueryResponse{})
		return s.ready()
	}
	s.setStepping(true)
	defer s.setStepping(false)
	b := batch{text: text, many: len(statements) > 1}
	position := positions{text: text}
	for i, st := range statements {
		st, failure := s.shorten(st)
		if failure != nil {
			s.fail(failure)
			if s.pg.status == inBlock {
				if err := s.abort(); err != nil {
					return err
				}
			}
			break
		}
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
		if err := s.pg.must("ROLLBACK"); err != nil {
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
