package faulty

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// HTTP is a proxy in front of an HTTP server. It passes requests on as they are, the Host header included, which
// signatures cover.
type HTTP struct {
	net       *Network
	name      string
	upstream  *url.URL
	transport http.RoundTripper
	listener  net.Listener
	server    *http.Server
	done      chan struct{}
}

// NewHTTP starts a proxy on loopback in front of the server at upstream, which transport reaches.
func NewHTTP(n *Network, name, upstream string, transport http.RoundTripper) (*HTTP, error) {
	u, err := url.Parse(upstream)
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", name, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // listening on loopback does not wait
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", name, err)
	}
	p := &HTTP{net: n, name: name, upstream: u, transport: transport, listener: l, done: make(chan struct{})}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(l) // says that it was closed
	}()
	return p, nil
}

// URL is where it listens.
func (p *HTTP) URL() string { return "http://" + p.listener.Addr().String() }

// Close ends the proxy and all that goes through it.
func (p *HTTP) Close() error {
	err := p.server.Close()
	<-p.done
	return err
}

// action is what a request of AWS's Query protocol asks for, "" for others.
func action(r *http.Request, body []byte) string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return ""
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("Action")
}

// ServeHTTP passes one request on, or does harm to it.
func (p *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	generation, number := p.net.request(p.name)
	what := r.Method + " " + r.URL.RequestURI()
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		what += " " + target
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program is gone
	}
	if action := action(r, body); action != "" {
		what += " " + action
	}
	f := p.net.pass(generation, Message{Place: Place{p.name, 1, Asked, number}, What: what})
	if p.harm(w, r, generation, f, nil) {
		return
	}
	answer, err := p.forward(r, body)
	if err != nil {
		p.end(w, false, nil)
		return
	}
	f = p.net.pass(generation, Message{Place: Place{p.name, 1, Answered, number}, What: answer.status + " to " + what, Last: true})
	if p.harm(w, r, generation, f, answer) {
		return
	}
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.code)
	_, _ = w.Write(answer.body) // the program may be gone
}

type answer struct {
	code   int
	status string
	header http.Header
	body   []byte
	raw    []byte // as it would go over the wire
}

func (p *HTTP) forward(r *http.Request, body []byte) (*answer, error) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host = p.upstream.Scheme, p.upstream.Host
	out.RequestURI = ""
	out.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	out.ContentLength, out.TransferEncoding = int64(len(body)), nil
	in, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(in.Body)
	if err := errors.Join(err, in.Body.Close()); err != nil {
		return nil, err
	}
	a := &answer{code: in.StatusCode, status: in.Status, header: in.Header, body: text}
	var raw bytes.Buffer
	fmt.Fprintf(&raw, "HTTP/1.1 %s\r\n", in.Status)
	if err := in.Header.Write(&raw); err != nil {
		return nil, err
	}
	if in.Header.Get("Content-Length") == "" && r.Method != http.MethodHead {
		fmt.Fprintf(&raw, "Content-Length: %d\r\n", len(text))
	}
	raw.WriteString("\r\n")
	raw.Write(text)
	a.raw = raw.Bytes()
	return a, nil
}

// harm does what the fault wants and tells whether that was all. a is what the server has answered, if it was asked.
func (p *HTTP) harm(w http.ResponseWriter, r *http.Request, generation int, f *Fault, a *answer) bool {
	if f == nil {
		return false
	}
	switch f.Kind {
	case Delay:
		p.net.wait()
		return false
	case Refuse:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`) // the program may be gone
		return true
	case BlackHole:
		ended := make(chan struct{})
		if !p.net.keep(generation, func() { close(ended) }) {
			close(ended)
		}
		select {
		case <-ended:
		case <-r.Context().Done():
		}
		p.end(w, false, nil)
		return true
	case Truncate:
		part := a.raw[:len(a.raw)-len(a.body)+len(a.body)/2]
		if len(a.body) == 0 {
			part = a.raw[:len(a.raw)/2]
		}
		p.end(w, false, part)
		return true
	case Reset:
		p.end(w, true, nil)
		return true
	case Cut, Lose:
		p.end(w, false, nil)
		return true
	default:
		panic("faulty: unknown kind " + string(f.Kind))
	}
}

// end writes a part of an answer, if there is one, and ends the connection, by RST or in good order.
func (p *HTTP) end(w http.ResponseWriter, reset bool, part []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the connection cannot be had: have the server end it
	}
	_, _ = conn.Write(part) // the program may be gone
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // as above
	}
	_ = conn.Close() // as above
}
