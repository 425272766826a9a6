package local

import (
	"bufio"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// bothListener accepts HTTP and HTTPS on one port: the first byte of a TLS connection is that of a handshake record,
// and no HTTP request begins with it. The SDKs use one endpoint URL for all, and what must not work without TLS can
// only be tried where HTTP works as well.
type bothListener struct {
	net.Listener
	tls *tls.Config

	conns   chan net.Conn
	closed  chan struct{}
	closing sync.Once
	sorting sync.WaitGroup

	mu  sync.Mutex // guards err
	err error      // why accepting ended
}

// firstByteTime is how long a client may say nothing at all.
const firstByteTime = 30 * time.Second

// recordHandshake begins every TLS connection.
const recordHandshake = 0x16

func listenBoth(l net.Listener, cfg *tls.Config) *bothListener {
	b := &bothListener{Listener: l, tls: cfg, conns: make(chan net.Conn), closed: make(chan struct{})}
	b.sorting.Go(b.accept)
	return b
}

func (b *bothListener) accept() {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			b.mu.Lock()
			b.err = err
			b.mu.Unlock()
			b.stop()
			return
		}
		b.sorting.Go(func() { b.sort(conn) })
	}
}

// sort looks at the first byte of a connection and hands it over as what it is.
func (b *bothListener) sort(conn net.Conn) {
	unwatch := make(chan struct{})
	defer close(unwatch)
	b.sorting.Go(func() {
		select {
		case <-b.closed:
			_ = conn.SetReadDeadline(time.Now()) // wakes Peek
		case <-unwatch:
		}
	})
	r := bufio.NewReaderSize(conn, 1)
	if err := conn.SetReadDeadline(time.Now().Add(firstByteTime)); err != nil {
		_ = conn.Close() // it is closed already
		return
	}
	first, err := r.Peek(1)
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.Close() // a client that says nothing
		return
	}
	var sorted net.Conn = &peekedConn{Conn: conn, r: r}
	if first[0] == recordHandshake {
		sorted = tls.Server(sorted, b.tls)
	}
	select {
	case b.conns <- sorted:
	case <-b.closed:
		_ = conn.Close() // nobody is left to serve it
	}
}

func (b *bothListener) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.closed:
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.err != nil {
			return nil, b.err
		}
		return nil, net.ErrClosed
	}
}

func (b *bothListener) stop() { b.closing.Do(func() { close(b.closed) }) }

// Close stops accepting and waits for connections that are being sorted.
func (b *bothListener) Close() error {
	b.stop()
	err := b.Listener.Close()
	b.sorting.Wait()
	return err
}

// peekedConn gives back the bytes that were looked at.
type peekedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *peekedConn) Read(p []byte) (int, error) {
	if c.r != nil {
		if c.r.Buffered() > 0 {
			return c.r.Read(p)
		}
		c.r = nil
	}
	return c.Conn.Read(p)
}
