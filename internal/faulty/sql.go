package faulty

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// SQL is a proxy in front of a server that speaks PostgreSQL's protocol. It offers TLS, as the server does, because it
// has to see messages.
type SQL struct {
	net      *Network
	name     string
	listener net.Listener
	own      *tls.Config // shown to clients
	upstream string
	trust    *tls.Config // for the server; nil is without TLS
	pipes    sync.WaitGroup
	mu       sync.Mutex
	open     map[*pipe]bool // under mu
	closed   bool           // under mu
}

// NewSQL starts a proxy on loopback in front of the server at upstream (host:port). Clients are shown own; the server is
// trusted by trust, and reached without TLS if that is nil.
func NewSQL(n *Network, name string, own *tls.Config, upstream string, trust *tls.Config) (*SQL, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // listening on loopback does not wait
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", name, err)
	}
	p := &SQL{net: n, name: name, listener: l, own: own, upstream: upstream, trust: trust, open: make(map[*pipe]bool)}
	p.pipes.Go(p.accept)
	return p, nil
}

// Port is where it listens, on loopback.
func (p *SQL) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Close ends the proxy and all that goes through it.
func (p *SQL) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		c.abandon()
	}
	p.mu.Unlock()
	p.pipes.Wait()
	return err
}

func (p *SQL) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		generation, number := p.net.connect(p.name)
		c := &pipe{proxy: p, generation: generation, number: number, tcp: conn.(*net.TCPConn), client: conn}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			c.abandon()
			return
		}
		p.open[c] = true
		p.mu.Unlock()
		p.pipes.Go(func() {
			c.run()
			c.mu.Lock()
			held := c.held
			c.mu.Unlock()
			if held {
				return // somebody may still be waiting at the other end
			}
			p.mu.Lock()
			delete(p.open, c)
			p.mu.Unlock()
		})
	}
}

// pipe is one connection through the proxy.
type pipe struct {
	proxy      *SQL
	generation int
	number     int
	asked      int // messages of the client; of the goroutine that reads from it
	answered   int // messages of the server; of the goroutine that reads from it, once there is one
	tcp        *net.TCPConn
	client     net.Conn // tcp, or TLS over it

	mu      sync.Mutex
	server  net.Conn // nil until the client has said what it wants
	over    bool     // nothing goes to the client any more
	swallow bool     // what comes from the server is thrown away until its answer is whole, then the client is reset
	linger  bool     // the server does not learn that the client is gone
	held    bool     // in a black hole: open, but nothing goes through
	gone    bool     // abandoned, before there was a server
}

// errOver ends a pump: the connection is over, or lost in a black hole.
var errOver = errors.New("over")

// handshakeTime bounds TLS with either side.
const handshakeTime = 20 * time.Second

func (c *pipe) run() {
	first, err := c.greet()
	if err != nil {
		if !errors.Is(err, errOver) {
			c.end(false, false)
		}
		return
	}
	server, err := c.proxy.dial()
	if err != nil {
		c.end(false, false)
		return
	}
	c.mu.Lock()
	c.server = server
	gone := c.gone
	c.mu.Unlock()
	if gone {
		c.abandon()
		return
	}
	var down sync.WaitGroup
	down.Go(c.down)
	c.up(first)
	down.Wait()
}

// greet takes the client to its first real message: TLS if it asks for it, then the start-up packet.
func (c *pipe) greet() (startup []byte, err error) {
	packet, err := readStartup(c.client)
	if err != nil {
		return nil, err
	}
	const sslRequest = 80877103
	if startupCode(packet) != sslRequest {
		return packet, c.ask(packet, "startup without TLS", func([]byte) error { return nil })
	}
	if err := c.ask(packet, "SSLRequest", func([]byte) error { return nil }); err != nil {
		return nil, err
	}
	if err := c.answer([]byte{'S'}, "S", true); err != nil {
		return nil, err
	}
	secure := tls.Server(c.client, c.proxy.own)
	if err := c.tcp.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, err
	}
	if err := secure.Handshake(); err != nil { //nolint:noctx // bounded by the deadline
		return nil, err
	}
	if err := c.tcp.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	c.client = secure
	return readStartup(c.client)
}

func (p *SQL) dial() (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", p.upstream, handshakeTime) //nolint:noctx // bounded by its time
	if err != nil || p.trust == nil {
		return conn, err
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var yes [1]byte
	if _, err = conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err == nil {
		_, err = io.ReadFull(conn, yes[:])
	}
	if err == nil && yes[0] != 'S' {
		err = fmt.Errorf("proxy %s: the server offers no TLS", p.name)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	secure := tls.Client(conn, p.trust)
	if err := secure.Handshake(); err != nil { //nolint:noctx // bounded by the deadline
		return nil, errors.Join(err, conn.Close())
	}
	return secure, conn.SetDeadline(time.Time{})
}

// up carries messages from the client to the server.
func (c *pipe) up(startup []byte) {
	what := "startup"
	if startupCode(startup) == 80877102 {
		what = "cancel request"
	}
	message := startup
	for {
		err := c.ask(message, what, c.toServer)
		if err == nil {
			message, err = readMessage(c.client)
		}
		if errors.Is(err, errOver) {
			return
		}
		if err != nil {
			c.end(false, false)
			return
		}
		what = describe(message)
	}
}

// down carries messages from the server to the client.
func (c *pipe) down() {
	for {
		message, err := readMessage(c.server)
		if err != nil {
			c.end(false, false)
			return
		}
		last := message[0] == 'Z'
		c.mu.Lock()
		over, swallow := c.over, c.swallow
		c.mu.Unlock()
		switch {
		case over: // the server goes on talking to nobody, which is what a lost connection looks like to it
		case swallow && last:
			c.end(true, false)
		case swallow:
		default:
			if err := c.answer(message, string(message[:1]), last); err != nil && !errors.Is(err, errOver) {
				c.end(false, false)
			}
		}
	}
}

// ask counts a message of the client and does to it what is to be done.
func (c *pipe) ask(message []byte, what string, send func([]byte) error) error {
	c.asked++
	f := c.proxy.net.pass(c.generation, Message{Place: Place{c.proxy.name, c.number, Asked, c.asked}, What: what})
	if f != nil && f.Kind == Lose {
		c.mu.Lock()
		c.swallow, c.linger = true, f.Linger
		c.mu.Unlock()
	}
	return c.harm(f, message, send)
}

// answer counts a message of the server and does to it what is to be done.
func (c *pipe) answer(message []byte, what string, last bool) error {
	c.answered++
	f := c.proxy.net.pass(c.generation, Message{Place: Place{c.proxy.name, c.number, Answered, c.answered}, What: what, Last: last})
	return c.harm(f, message, c.toClient)
}

// harm passes a message on as the fault wants it. It answers errOver when nothing more is to be passed on.
func (c *pipe) harm(f *Fault, message []byte, send func([]byte) error) error {
	if f == nil {
		return send(message)
	}
	switch f.Kind {
	case Delay:
		c.proxy.net.wait()
		return send(message)
	case Lose:
		return send(message)
	case BlackHole:
		c.mu.Lock()
		c.over, c.held = true, true
		c.mu.Unlock()
		if !c.proxy.net.keep(c.generation, c.abandon) {
			c.abandon()
		}
		return errOver
	case Truncate:
		if err := send(message[:len(message)/2]); err != nil {
			return err
		}
		c.end(false, f.Linger)
		return errOver
	case Cut, Refuse:
		c.end(false, f.Linger)
		return errOver
	case Reset:
		c.end(true, f.Linger)
		return errOver
	default:
		panic("faulty: unknown kind " + string(f.Kind))
	}
}

func (c *pipe) toServer(message []byte) error {
	_, err := c.server.Write(message)
	return err
}

func (c *pipe) toClient(message []byte) error {
	_, err := c.client.Write(message)
	return err
}

// end ends the connection to the client, by RST or in good order, and the one to the server unless that lingers.
func (c *pipe) end(reset, linger bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// What lingers is remembered before the client can know: it may begin anew at once.
	linger = linger || c.linger || c.proxy.net.keeps(c.generation)
	linger = linger && c.server != nil && c.proxy.net.keep(c.generation, c.abandon)
	if !c.over {
		c.over = true
		if reset {
			_ = c.tcp.SetLinger(0) // on a connection that is gone there is nothing to reset
		}
		_ = c.tcp.Close() // as above
	}
	if c.server != nil && !linger {
		_ = c.server.Close() // it may have gone first
	}
}

// abandon ends everything at once.
func (c *pipe) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over, c.gone = true, true
	_ = c.tcp.Close() // ended already, perhaps
	if c.server != nil {
		_ = c.server.Close() // ended already, perhaps
	}
}

// maxMessage bounds a message; tests have small rows.
const maxMessage = 64 << 20

// readStartup reads a packet as it comes before messages have types.
func readStartup(r io.Reader) ([]byte, error) { return readFrame(r, nil) }

// readMessage reads a message with its type.
func readMessage(r io.Reader) ([]byte, error) {
	var kind [1]byte
	if _, err := io.ReadFull(r, kind[:]); err != nil {
		return nil, err
	}
	return readFrame(r, kind[:])
}

func readFrame(r io.Reader, head []byte) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(length[:]))
	if n < 4 || n > maxMessage {
		return nil, fmt.Errorf("message of %d bytes", n)
	}
	// The length is the sender's word; memory is only taken for what really comes.
	out := bytes.NewBuffer(append(head, length[:]...))
	if _, err := io.CopyN(out, r, n-4); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func startupCode(packet []byte) uint32 {
	if len(packet) < 8 {
		return 0
	}
	return binary.BigEndian.Uint32(packet[4:])
}

// describe says what a client's message is: its type and, for statements, how they begin.
func describe(m []byte) string {
	if m[0] != 'Q' {
		return string(m[:1])
	}
	text := strings.Fields(strings.TrimRight(string(m[5:min(len(m), 85)]), "\x00"))
	return "Q " + strings.Join(text[:min(len(text), 4)], " ")
}
