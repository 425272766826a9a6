package wire

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // the protocol's own authentication
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// Codes in place of a protocol version in a start-up packet.
const (
	cancelRequestCode = 80877102
	sslRequestCode    = 80877103
	gssEncRequestCode = 80877104
)

// maxStartup is the longest start-up packet, as in PostgreSQL.
const maxStartup = 10_000

// serverVersion is what Redshift says it is; drivers parse it as a version number.
const serverVersion = "8.0.2"

// client is the connection to one client.
type client struct {
	conn    net.Conn
	w       *bufio.Writer
	r       *bufio.Reader // once it has started up
	most    int           // the longest message it may send
	scratch []byte
	secure  bool // under TLS, or where nobody can listen

	accepted, authenticated time.Time

	left  func() time.Duration // how much longer it may be silent, once it has logged in
	heard time.Time            // when it last said something
}

// errClientGone says that the client cannot be reached any more.
var errClientGone = errors.New("the client is gone")

func newClient(conn net.Conn) *client {
	_, inside := conn.(insideConn)
	return &client{conn: conn, w: bufio.NewWriterSize(conn, bufferSize), secure: inside}
}

// send adds a message to what flush will send. An error shows up in flush.
func (c *client) send(m pgproto3.BackendMessage) {
	b, err := m.Encode(c.scratch[:0])
	if err != nil {
		panic("wire: message that cannot be encoded: " + err.Error())
	}
	c.scratch = b
	_, _ = c.w.Write(b) // a bufio.Writer remembers its error
	if cap(c.scratch) > bufferSize {
		c.scratch = nil
	}
}

func (c *client) flush() error {
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errClientGone, err)
	}
	return nil
}

// fatal ends a conversation with an error.
func (c *client) fatal(code, format string, args ...any) error {
	e := &pgconn.PgError{Severity: "FATAL", Code: code, Message: fmt.Sprintf(format, args...)}
	c.send(errorResponse(e))
	_ = c.flush() // it may be gone already; the caller ends the connection either way
	return e
}

// handle talks to one client until it leaves.
func (s *Server) handle(conn net.Conn) {
	if err := conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return // closed already
	}
	ctx, cancel := context.WithTimeout(s.ctx, handshakeTime)
	session, err := s.login(ctx, conn)
	cancel()
	if err != nil {
		s.cfg.Log.Debug("login refused", "client", conn.RemoteAddr().String(), "err", err)
		return
	}
	if session == nil { // a cancel request, or a client that only looked whether somebody is there
		return
	}
	defer session.end()
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return // closed already
	}
	err = session.serve()
	if err != nil && !errors.Is(err, errClientGone) {
		s.cfg.Log.Debug("session ended", "pid", session.pg.pid, "user", session.user.name, "err", err)
	}
}

// login leads a client from its first byte to a session.
func (s *Server) login(ctx context.Context, conn net.Conn) (*session, error) {
	accepted := time.Now()
	c := newClient(conn)
	startup, err := s.startup(ctx, c)
	if startup == nil || err != nil {
		return nil, err
	}
	c.r, c.most = bufio.NewReaderSize(listening{c}, bufferSize), maxStartup
	p, err := readParameters(startup.Parameters)
	if err != nil {
		pe, _ := errors.AsType[*pgconn.PgError](err)
		return nil, c.fatal(pe.Code, "%s", pe.Message)
	}
	user, leave, err := s.authenticate(ctx, c, p.user)
	if err != nil {
		return nil, err
	}
	c.accepted, c.authenticated = accepted, time.Now()
	session, err := s.open(ctx, c, user, p)
	if err != nil {
		return nil, errors.Join(err, leave(context.WithoutCancel(ctx)))
	}
	session.leave = leave
	c.most = maxMessage
	return session, nil
}

// describe says what is known of a connection that has logged in.
func (c *client) describe(p parameters) Connection {
	d := Connection{Time: c.accepted, Database: p.database, AuthMethod: "password", Application: p.application}
	if host, port, err := net.SplitHostPort(c.conn.RemoteAddr().String()); err == nil {
		d.Host, d.Port = host, port
	}
	if secure, ok := c.conn.(*tls.Conn); ok {
		d.TLS = strings.Replace(tls.VersionName(secure.ConnectionState().Version), "TLS ", "TLSv", 1)
	}
	if isTemporary(p.user) {
		d.AuthMethod = "IAM AssumeUser"
	}
	return d
}

// startup reads start-up packets until the one with the client's parameters. It answers nil where that never comes.
func (s *Server) startup(ctx context.Context, c *client) (*pgproto3.StartupMessage, error) {
	for {
		// Read to the byte: what follows a request for TLS must be TLS.
		var length [4]byte
		if _, err := io.ReadFull(c.conn, length[:]); err != nil {
			return nil, nil //nolint:nilerr // a client that looks whether the port is open is no failure
		}
		n := be32(length[:])
		if n < 8 || n > maxStartup {
			return nil, c.fatal("08P01", "invalid length of startup packet")
		}
		body := make([]byte, n-4)
		if _, err := io.ReadFull(c.conn, body); err != nil {
			return nil, err
		}
		switch code := binary.BigEndian.Uint32(body); code {
		case sslRequestCode:
			if c.secure || s.cfg.TLS == nil {
				if err := c.answer('N'); err != nil {
					return nil, err
				}
				continue
			}
			if err := c.answer('S'); err != nil {
				return nil, err
			}
			secure := tls.Server(c.conn, s.cfg.TLS)
			if err := secure.HandshakeContext(ctx); err != nil {
				return nil, err
			}
			*c = *newClient(secure)
			c.secure = true
		case gssEncRequestCode:
			if err := c.answer('N'); err != nil {
				return nil, err
			}
		case cancelRequestCode:
			if len(body) > 8 {
				s.cancelRequest(binary.BigEndian.Uint32(body[4:]), body[8:]) //nolint:contextcheck // its caller does not wait for it
			}
			return nil, nil
		case pgproto3.ProtocolVersion30:
			var m pgproto3.StartupMessage
			if err := m.Decode(body); err != nil {
				return nil, c.fatal("08P01", "invalid startup packet layout: expected terminator as last byte")
			}
			return &m, nil
		default:
			return nil, c.fatal("0A000", "unsupported frontend protocol %d.%d: server supports 1.0 to 3.0", code>>16, code&0xffff)
		}
	}
}

// answer sends the one byte that answers a request for encryption.
func (c *client) answer(b byte) error {
	_, err := c.conn.Write([]byte{b})
	return err
}

// parameters are what a client asks for when it starts up.
type parameters struct {
	user, database, application, encoding string
	settings                              []setting // to be SET once the session is open
}

type setting struct{ name, value string }

// ignoredParameters are those Redshift accepts in a start-up packet and does nothing about: what AWS's own drivers tell
// about themselves, and what PostgreSQL's JDBC driver cannot be talked out of.
var ignoredParameters = map[string]bool{
	"client_protocol_version": true, "driver_version": true, "os_version": true, "driver_discovery_version": true,
	"plugin_name": true, "idp_type": true, "provider_name": true, "identity_namespace": true, "token_type": true,
	"idc_client_display_name": true, "timezone": true, "extra_float_digits": true,
}

// readParameters checks a start-up packet's parameters. Unlike PostgreSQL, Redshift refuses those it does not know.
func readParameters(given map[string]string) (parameters, error) {
	var p parameters
	for name, value := range given {
		switch lower := strings.ToLower(name); {
		case lower == "user":
			p.user = value
		case lower == "database":
			p.database = value
		case lower == "application_name":
			p.application = value
		case lower == "client_encoding":
			p.encoding = strings.Trim(value, `'"`)
		case lower == "options":
			settings, err := readOptions(value)
			if err != nil {
				return p, err
			}
			p.settings = append(p.settings, settings...)
		case ignoredParameters[lower]:
		case dialect.KnownParameter(lower):
			p.settings = append(p.settings, setting{lower, value})
		default:
			return p, unknownParameter(name)
		}
	}
	if p.user == "" {
		return p, &pgconn.PgError{Code: "28000", Message: "no PostgreSQL user name specified in startup packet"}
	}
	if p.database == "" {
		p.database = p.user
	}
	return p, nil
}

func unknownParameter(name string) error {
	return &pgconn.PgError{Code: "42704", Message: fmt.Sprintf("unrecognized configuration parameter %q", name)}
}

// readOptions reads the settings of a command line such as "-c search_path=a --statement_timeout=5", in which a
// backslash takes a blank's meaning away.
func readOptions(text string) ([]setting, error) {
	var words []string
	word, inWord := "", false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if inWord {
				words, word, inWord = append(words, word), "", false
			}
		case c == '\\' && i+1 < len(text):
			i++
			word, inWord = word+text[i:i+1], true
		default:
			word, inWord = word+text[i:i+1], true
		}
	}
	if inWord {
		words = append(words, word)
	}
	var settings []setting
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		case strings.HasPrefix(w, "--"):
			w = w[2:]
		default:
			return nil, &pgconn.PgError{Code: "42601", Message: fmt.Sprintf("invalid command line arguments for server process: %q", w)}
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, &pgconn.PgError{Code: "42601", Message: fmt.Sprintf("-c %s requires a value", name)}
		}
		name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
		switch name {
		case "timezone", "extra_float_digits":
			continue // ignored at start-up
		}
		for _, c := range name {
			if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return nil, unknownParameter(name)
			}
		}
		settings = append(settings, setting{name, value})
	}
	return settings, nil
}

// isTemporary tells whether a login name is that of temporary credentials.
func isTemporary(login string) bool {
	kind, _, ok := strings.Cut(login, ":")
	return ok && (kind == "IAM" || kind == "IAMA" || kind == "IAMR")
}

// noLeave is the leave of a user who joined nothing.
func noLeave(context.Context) error { return nil }

// authenticate asks the client who it is to prove it. leave must be called once the session has ended.
func (s *Server) authenticate(ctx context.Context, c *client, login string) (u dbUser, leave func(context.Context) error, err error) {
	if isTemporary(login) {
		_, rest, _ := strings.Cut(login, ":")
		return s.authenticateTemporary(ctx, c, login, rest)
	}
	u, err = s.authenticatePassword(ctx, c, login)
	return u, noLeave, err
}

// refusePassword words every failed login alike, so that nobody learns which users there are.
func refusePassword(c *client, login string) error {
	return c.fatal("28000", "password authentication failed for user \"%s\"", login)
}

// authenticatePassword is the MD5 exchange. Redshift has no SCRAM, and its drivers could not answer it.
func (s *Server) authenticatePassword(ctx context.Context, c *client, login string) (dbUser, error) {
	u, ok, err := s.admin.user(ctx, login)
	if err != nil {
		return u, c.fatal("XX000", "%v", err)
	}
	var salt [4]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return u, err
	}
	c.send(&pgproto3.AuthenticationMD5Password{Salt: salt})
	answer, err := c.password()
	if err != nil {
		return u, err
	}
	digest, isMD5 := strings.CutPrefix(u.password, "md5")
	sum := md5.Sum(append([]byte(digest), salt[:]...)) //nolint:gosec // the protocol's own
	want := "md5" + hex.EncodeToString(sum[:])
	// A user without a password (PASSWORD DISABLE), or one that does not exist, gets the same question and this answer.
	if !ok || !isMD5 || subtle.ConstantTimeCompare([]byte(answer), []byte(want)) != 1 {
		return u, refusePassword(c, login)
	}
	return u, nil
}

// authenticateTemporary checks the password that GetClusterCredentials or GetClusterCredentialsWithIAM gave out. Such
// logins need TLS, because the password itself is sent (Management Guide, Generating IAM database credentials).
func (s *Server) authenticateTemporary(ctx context.Context, c *client, login, rest string) (u dbUser, leave func(context.Context) error, err error) {
	if !c.secure {
		return u, nil, c.fatal("28000", "SSL is required for user \"%s\": temporary credentials are accepted over an encrypted connection only", login)
	}
	c.send(&pgproto3.AuthenticationCleartextPassword{})
	answer, err := c.password()
	if err != nil {
		return u, nil, err
	}
	var creates, ok bool
	if s.cfg.Credentials != nil {
		creates, ok = s.cfg.Credentials.Login(login, answer)
	}
	if !ok {
		return u, nil, refusePassword(c, login)
	}
	names := strings.Split(rest, ":")
	name, groups := names[0], names[1:]
	if creates && !strings.HasPrefix(login, "IAMA:") {
		// The user that stands for an IAM identity is called as it logs in (GetClusterCredentialsWithIAM: mapped 1:1).
		name, groups = login, nil
	}
	if creates {
		if err := s.admin.createUser(ctx, name); err != nil {
			return u, nil, c.fatal("XX000", "%v", err)
		}
	}
	if u, ok, err = s.admin.user(ctx, name); err != nil {
		return u, nil, c.fatal("XX000", "%v", err)
	}
	if !ok {
		return u, nil, c.fatal("28000", "user \"%s\" does not exist", name)
	}
	var leaves []func(context.Context) error
	leave = func(ctx context.Context) error {
		var errs []error
		for _, l := range leaves {
			errs = append(errs, l(ctx))
		}
		return errors.Join(errs...)
	}
	for _, group := range groups {
		l, err := s.joins.join(ctx, name, group)
		if err != nil {
			return u, nil, errors.Join(c.fatal("28000", "group \"%s\" does not exist", group), err, leave(ctx))
		}
		leaves = append(leaves, l)
	}
	return u, leave, nil
}

// password sends what was asked and reads the answer.
func (c *client) password() (string, error) {
	if err := c.flush(); err != nil {
		return "", err
	}
	kind, body, err := c.receive()
	if err != nil {
		return "", err
	}
	var p pgproto3.PasswordMessage
	if kind != 'p' || p.Decode(body) != nil {
		return "", c.fatal("08P01", "expected password response")
	}
	return p.Password, nil
}

// open logs in to PostgreSQL for an authenticated client and tells the client what it needs to know.
func (s *Server) open(ctx context.Context, c *client, user dbUser, p parameters) (_ *session, err error) {
	settings := map[string]string{"application_name": p.application}
	if p.encoding != "" {
		settings["client_encoding"] = p.encoding
	}
	b, err := connect(ctx, s.cfg.PostgreSQL, user.name, p.database, settings)
	if err != nil {
		if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
			return nil, c.fatal(pe.Code, "%s", pe.Message)
		}
		return nil, c.fatal("08006", "%v", err)
	}
	session := &session{
		server: s, c: c, pg: b, user: user, database: p.database, key: newKey(),
		prepared: map[string]*prepared{}, portals: map[string]*prepared{}, seen: map[string]bool{},
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if err := s.names.load(ctx, &s.admin); err != nil {
		return nil, c.fatal("XX000", "%v", err)
	}
	if session.types, err = s.types.of(ctx, p.database, b); err != nil {
		return nil, c.fatal("XX000", "%v", err)
	}
	rows, err := b.run("SELECT WHERE pg_catalog.current_setting('default_transaction_isolation') = 'serializable'")
	if err != nil {
		return nil, c.fatal("XX000", "%v", err)
	}
	session.serializable = rows > 0
	for _, set := range p.settings {
		if failure, err := session.set(set); err != nil {
			return nil, err
		} else if failure != nil {
			return nil, c.fatal(failure.Code, "%s", failure.Message)
		}
	}
	if err := s.register(session); err != nil {
		return nil, c.fatal("57P03", "the database system is shutting down")
	}
	session.connected = c.describe(p)
	session.connected.PID, session.connected.User = b.pid, user.name
	session.recordConnection("initiating session", c.accepted, 0)
	session.recordConnection("authenticated", c.authenticated, 0)
	c.send(&pgproto3.AuthenticationOk{})
	for _, status := range []pgproto3.ParameterStatus{
		{Name: "server_version", Value: serverVersion},
		{Name: "client_encoding", Value: reportedEncoding(p.encoding, b.params["client_encoding"])},
		{Name: "DateStyle", Value: b.params["DateStyle"]},
		{Name: "TimeZone", Value: b.params["TimeZone"]},
		{Name: "integer_datetimes", Value: "on"},
		{Name: "is_superuser", Value: b.params["is_superuser"]},
		{Name: "session_authorization", Value: b.params["session_authorization"]},
	} {
		c.send(&status)
	}
	c.send(&pgproto3.BackendKeyData{ProcessID: uint32(b.pid), SecretKey: session.key})
	c.send(&pgproto3.ReadyForQuery{TxStatus: b.status})
	if err := c.flush(); err != nil {
		s.unregister(session)
		return nil, err
	}
	return session, nil
}

// reportedEncoding is the client_encoding a client is told: UNICODE, as Redshift calls it, to those who did not say how
// they call it themselves.
func reportedEncoding(asked, actual string) string {
	if actual == "UTF8" && (asked == "" || strings.EqualFold(asked, "UNICODE")) {
		return "UNICODE"
	}
	return actual
}

// reportedParameters are those whose changes clients are told. standard_conforming_strings is not among them: a client
// that does not hear of it takes a backslash for an escape, which is right.
var reportedParameters = map[string]bool{
	"client_encoding": true, "DateStyle": true, "TimeZone": true, "is_superuser": true, "session_authorization": true,
}

// set changes a setting as the statement SET would.
func (s *session) set(set setting) (*pgconn.PgError, error) {
	sql := "SET " + set.name + " TO " + dialect.QuoteLiteral(set.value)
	st, failure := s.shorten(dialect.Split(sql)[0])
	if failure != nil {
		return failure, nil
	}
	tr := dialect.Translate(st, s.env())
	if tr.Err != nil {
		return dialectError(tr.Err), nil
	}
	if err := s.pg.exec(tr.SQL); err != nil {
		if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
			return pe, nil
		}
		return nil, err
	}
	s.follow(st)
	return nil, nil
}
