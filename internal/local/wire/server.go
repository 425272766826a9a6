package wire

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/names"
)

// PostgreSQL is the server behind this one. Whoever asks it is trusted.
type PostgreSQL interface {
	// Config says how to connect as a user to a database, with session settings as startup parameters.
	Config(user, database string, settings map[string]string) (*pgconn.Config, error)
	// Superuser is a role that may do everything, and is no user of the warehouse.
	Superuser() string
}

// Engine carries out COPY and UNLOAD.
type Engine interface {
	// Run carries out st on conn, the session's own idle connection, within the transaction that conn may be in, and
	// leaves conn idle again. An error meant for the client is a *dialect.Error or *pgconn.PgError.
	Run(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, in Invocation) (Result, error)
}

// Invocation is who runs a COPY or UNLOAD, and where.
type Invocation struct {
	Database      string
	User          string
	Superuser     bool
	PID           int32
	QueryID       int64
	XID           int64             // of the transaction
	InTransaction bool              // in a block that the client will end; otherwise the statement commits by itself
	CaseSensitive bool              // enable_case_sensitive_identifier
	Masks         map[string]string // what the user reads in place of relations
	Names         *names.Registry   // the long names that short ones of the statement stand for
}

// Result is what a COPY or UNLOAD answers.
type Result struct {
	Tag     string   // command tag
	Notices []string // INFO notices, sent before the tag
	Rows    int64
	Table   Table // that was loaded
}

// Credentials knows temporary passwords, as GetClusterCredentials gives them out.
type Credentials interface {
	// Login tells whether password is one of a login name as a client sends it (IAM:x, IAMA:x:group, IAMR:x), and whether
	// it makes the user if there is none.
	Login(name, password string) (creates, ok bool)
}

// History keeps what was run.
type History interface {
	// NextID answers the id of a new statement.
	NextID() int64
	// Record keeps a statement that has ended. It must not wait for anything.
	Record(s Statement)
	// RecordConnection keeps an event of a connection. It must not wait for anything.
	RecordConnection(c Connection)
	// Flush waits until what was recorded for a database can be read there.
	Flush(ctx context.Context, database string) error
}

// Statement is a statement that has ended, as the history keeps it.
type Statement struct {
	ID           int64
	XID          int64 // of its transaction: the id of the first statement there
	Database     string
	UserID       uint32 // oid in pg_authid
	PID          int32
	Text         string // as the client sent it, secrets included
	Verb         string
	Start, End   time.Time
	Rows         int64
	ErrorCode    string // SQLSTATE; "" if it succeeded
	ErrorMessage string
	Table        Table  // whose rows it wrote, if it is known
	Steps        []Step // what it did to them
}

// Connection is an event of a connection, as STL_CONNECTION_LOG shows it.
type Connection struct {
	Event       string // initiating session, authenticated, disconnecting session
	Time        time.Time
	Host, Port  string // of the client
	PID         int32
	Database    string
	User        string
	AuthMethod  string
	Duration    time.Duration // of the connection, once it has ended
	TLS         string        // version, "" in clear
	Application string
}

// Firewall says who may connect.
type Firewall interface {
	// Admits tells whether clients of an address may connect now.
	Admits(from netip.Addr) bool
	// Changes is closed when Admits may answer otherwise than before it was asked for.
	Changes() <-chan struct{}
}

// Config is what a Server needs.
type Config struct {
	PostgreSQL  PostgreSQL
	Engine      Engine
	Credentials Credentials
	History     History
	Firewall    Firewall    // nil lets everybody in
	TLS         *tls.Config // with a certificate
	Log         *slog.Logger

	IdleSession     time.Duration // how long a client may be silent outside of a transaction; 0 is 4 hours
	IdleTransaction time.Duration // and in one; 0 is 6 hours
}

// maxStatement is the longest statement Redshift takes (Management Guide, Quotas and limits: 16 MB).
const maxStatement = 16 << 20

// maxMessage limits what one message of a client may make us hold in memory.
const maxMessage = 64 << 20

// handshakeTime is how long a client may take until it has logged in.
const handshakeTime = time.Minute

// Server answers clients on a listener.
type Server struct {
	cfg   Config
	admin admin
	types typeMaps
	joins joins
	names longNames // see names.go

	// ctx ends with Close. Statements that outlive their client run under it.
	ctx    context.Context
	cancel context.CancelCauseFunc

	masks  atomic.Int64 // counts what may have changed who reads what; see masks.go
	masked atomic.Bool  // somebody may have a mask

	definitions atomic.Int64 // counts what may have changed tables; see written.go

	testOnlyEnded func() // after a client has gone and all it held was given back

	mu       sync.Mutex // guards the rest
	closed   bool
	listener []net.Listener
	conns    map[net.Conn]struct{} // of clients, logged in or not
	sessions map[int32]*session    // logged in, by process id
	running  sync.WaitGroup
}

// ErrServerClosed is what Serve answers after Close.
var ErrServerClosed = errors.New("the server was closed")

// NewServer makes a server; Serve starts it.
func NewServer(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.IdleSession == 0 {
		cfg.IdleSession = defaultIdleSession
	}
	if cfg.IdleTransaction == 0 {
		cfg.IdleTransaction = defaultIdleTransaction
	}
	s := &Server{cfg: cfg, conns: map[net.Conn]struct{}{}, sessions: map[int32]*session{}}
	s.masks.Store(1) // sessions begin at 0, and look
	s.definitions.Store(1)
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.admin.pg = cfg.PostgreSQL
	s.joins.admin = &s.admin
	return s
}

// Serve answers the clients of a listener until Close, and closes the listener.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }() // Close of the server may have been first
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrServerClosed
	}
	s.listener = append(s.listener, l)
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return ErrServerClosed
			}
			return fmt.Errorf("accept a client: %w", err)
		}
		if err := s.take(conn); err != nil {
			return err
		}
	}
}

// take serves a client in a goroutine of its own. It is an error once the server is closing.
func (s *Server) take(conn net.Conn) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = conn.Close() // nobody is told anything any more
		return ErrServerClosed
	}
	s.conns[conn] = struct{}{}
	s.running.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.running.Done()
		if s.admitted(conn) {
			s.handle(conn)
		}
		s.forget(conn)
		if s.testOnlyEnded != nil {
			s.testOnlyEnded()
		}
	}()
	return nil
}

// insideConn is the connection of a client inside of AWS.
type insideConn struct{ net.Conn }

// Inside connects a client that is inside of AWS, as the Data API is: no security group stands between, and nobody can
// listen.
func (s *Server) Inside() (net.Conn, error) {
	ours, theirs := net.Pipe()
	if err := s.take(insideConn{theirs}); err != nil {
		_ = ours.Close() // nobody has it
		return nil, err
	}
	return ours, nil
}

// LastQuery is the id of the last statement of the session that a process serves; 0 if there is no such session, or it has
// run none.
func (s *Server) LastQuery(pid int32) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.sessions[pid]; session != nil {
		return session.lastQuery.Load()
	}
	return 0
}

// synTime is how long a client's operating system goes on asking for a connection that nobody answers: six times, each
// after twice the time (tcp(7), tcp_syn_retries).
const synTime = 127 * time.Second

// admitted lets a client wait that the firewall does not let in. The kernel has taken the connection by now, so that the
// client believes to be connected, but gets no answer: the nearest to a packet that is dropped. When it is let in while it
// still waits, it is served, as its next attempt would be.
func (s *Server) admitted(conn net.Conn) bool {
	if _, inside := conn.(insideConn); inside || s.cfg.Firewall == nil {
		return true
	}
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return true // no address of IP: a pipe in a test
	}
	timer := time.NewTimer(synTime)
	defer timer.Stop()
	for {
		changes := s.cfg.Firewall.Changes()
		if s.cfg.Firewall.Admits(from.Addr()) {
			return true
		}
		s.cfg.Log.Debug("a client is not let in", "from", from.Addr())
		select {
		case <-changes:
		case <-timer.C:
			return false
		case <-s.ctx.Done():
			return false
		}
	}
}

func (s *Server) forget(conn net.Conn) {
	_ = conn.Close() // the client may have closed it before
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// Close ends all sessions, running statements included, and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.cancel(ErrServerClosed)
	for _, l := range s.listener {
		_ = l.Close() // Serve may have closed it before
	}
	for conn := range s.conns {
		_ = conn.Close() // what counts is that its session ends
	}
	for _, session := range s.sessions {
		session.pg.close()
	}
	s.mu.Unlock()
	s.running.Wait()
	return s.admin.close()
}

// register makes a session known under its process id. It is an error once the server is closing.
func (s *Server) register(session *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	s.sessions[session.pg.pid] = session
	return nil
}

func (s *Server) unregister(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[session.pg.pid] == session {
		delete(s.sessions, session.pg.pid)
	}
}

// cancelRequest cancels what a session runs, if the key is right. As in PostgreSQL, the sender learns nothing.
func (s *Server) cancelRequest(pid uint32, key []byte) {
	s.mu.Lock()
	session := s.sessions[int32(pid)]
	s.mu.Unlock()
	if session == nil || !session.keyIs(key) {
		return
	}
	session.cancelStatement()
}

func newKey() []byte {
	key := make([]byte, 4)
	if _, err := rand.Read(key); err != nil {
		panic("wire: no random numbers: " + err.Error())
	}
	return key
}

func be32(b []byte) int { return int(int32(binary.BigEndian.Uint32(b))) }
