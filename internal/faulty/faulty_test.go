package faulty

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server speaks just enough of PostgreSQL's protocol, by pgx's own codec, and remembers what it carried out.
type server struct {
	listener net.Listener
	busy     sync.WaitGroup

	mu       sync.Mutex
	executed []string
	sessions int // open now
	left     chan struct{}
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: l, left: make(chan struct{}, 100)}
	s.busy.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.busy.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		s.busy.Wait()
	})
	return s
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the client may have gone first
	b := pgproto3.NewBackend(conn, conn)
	m, err := b.ReceiveStartupMessage()
	if _, ok := m.(*pgproto3.StartupMessage); err != nil || !ok {
		return // a request to cancel, which pgx sends when a connection is lost
	}
	s.mu.Lock()
	s.sessions++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.sessions--
		s.mu.Unlock()
		s.left <- struct{}{}
	}()
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		m, err := b.Receive()
		if err != nil {
			return
		}
		q, ok := m.(*pgproto3.Query)
		if !ok {
			return
		}
		s.mu.Lock()
		s.executed = append(s.executed, q.String)
		s.mu.Unlock()
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("DONE")})
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	}
}

// rig is a client's way to the server through a proxy.
type rig struct {
	*server
	network *Network
	proxy   *SQL
	trust   *x509.CertPool
	broken  []*pgconn.PgConn // given up; pgx ends them in its own time
}

const delay = 20 * time.Millisecond

func newRig(t *testing.T) *rig {
	t.Helper()
	own, pem, err := Certificate()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{server: newServer(t), network: New(delay), trust: x509.NewCertPool()}
	r.trust.AppendCertsFromPEM(pem)
	if r.proxy, err = NewSQL(r.network, "target", own, r.listener.Addr().String(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.network.Begin()
		for _, c := range r.broken {
			<-c.CleanupDone()
		}
		if err := r.proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// talk connects and runs two statements, giving up after patience. It tells which statements were answered.
func (r *rig) talk(t *testing.T, patience time.Duration) (answered []string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return r.talkUntil(ctx, t)
}

// talkUntil is talk that gives up with ctx.
func (r *rig) talkUntil(ctx context.Context, t *testing.T) (answered []string, err error) {
	t.Helper()
	cfg, err := pgconn.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d user=u database=d", r.proxy.Port()))
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLSConfig = &tls.Config{ServerName: "127.0.0.1", RootCAs: r.trust, MinVersion: tls.VersionTLS12}
	cfg.Fallbacks = nil
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{"first", "second"} {
		if err := conn.Exec(ctx, sql).Close(); err != nil {
			r.broken = append(r.broken, conn)
			return answered, err
		}
		answered = append(answered, sql)
	}
	return answered, conn.Close(ctx)
}

const patient, hasty = 20 * time.Second, 100 * time.Millisecond

// The conversation as it goes when nothing happens: what a fault can be addressed to.
var conversation = []string{
	"target/1>1 SSLRequest", "target/1<1 S", "target/1>2 startup", "target/1<2 R", "target/1<3 Z",
	"target/1>3 Q first", "target/1<4 C", "target/1<5 Z", "target/1>4 Q second", "target/1<6 C", "target/1<7 Z", "target/1>5 X",
}

func TestEveryMessageIsSeenAndAddressed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 2 {
		r.network.Begin()
		if answered, err := r.talk(t, patient); err != nil || len(answered) != 2 {
			t.Fatalf("answered %v: %v", answered, err)
		}
		<-r.left
		var got []string
		for _, m := range r.network.Seen() {
			got = append(got, m.Place.String()+" "+m.What)
			if p, err := ParsePlace(m.Place.String()); err != nil || p != m.Place {
				t.Errorf("%s reads as %v: %v", m.Place, p, err)
			}
		}
		slices.Sort(got) // the two directions are not ordered among themselves
		want := slices.Sorted(slices.Values(conversation))
		if !slices.Equal(got, want) {
			t.Errorf("saw %q\nwant %q", got, want)
		}
	}
}

// Every kind at every message does what its name says: whether the server carried the statement out, and what the
// client is told.
func TestEveryKindOfFaultAtEveryMessage(t *testing.T) {
	t.Parallel()
	for _, line := range conversation {
		address, what, _ := strings.Cut(line, " ")
		place, err := ParsePlace(address)
		if err != nil {
			t.Fatal(err)
		}
		kinds := AskedSQL
		if place.Direction == Answered {
			kinds = AnsweredSQL
		}
		for _, kind := range kinds {
			if kind == Lose && !strings.HasPrefix(what, "Q") {
				continue // its answer is not one the client waits for with a statement
			}
			t.Run(address+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.network.Begin(Fault{Place: place, Kind: kind})
				ctx, giveUp := context.WithTimeout(t.Context(), patient)
				defer giveUp()
				if kind == BlackHole {
					r.network.Watch(func(m Message) {
						if m.Place == place { // from then on nothing comes; before, a busy machine takes its time
							time.AfterFunc(hasty, giveUp)
						}
					})
				}
				answered, err := r.talkUntil(ctx, t)
				if r.network.Struck() != 1 && what != "X" {
					t.Errorf("struck %d times", r.network.Struck())
				}
				r.mu.Lock()
				executed := len(r.executed)
				r.mu.Unlock()
				wantExecuted, wantAnswered := 2, 2
				switch {
				case kind == Delay || what == "X":
				case what == "Q second", address == "target/1<6", address == "target/1<7":
					wantAnswered = 1
				case what == "Q first", address == "target/1<4", address == "target/1<5":
					wantExecuted, wantAnswered = 1, 0
				default:
					wantExecuted, wantAnswered = 0, 0
				}
				if place.Direction == Asked && kind != Lose && kind != Delay && what != "X" {
					wantExecuted = wantAnswered // it never arrived
				}
				if executed != wantExecuted || len(answered) != wantAnswered {
					t.Errorf("executed %d, answered %d; want %d, %d", executed, len(answered), wantExecuted, wantAnswered)
				}
				if (err != nil) != (wantAnswered < 2) && what != "X" { // whose loss a client may notice, or not
					t.Errorf("the client was told %v", err)
				}
			})
		}
	}
}

func TestAServersSessionLingersOnlyWhereItShould(t *testing.T) {
	t.Parallel()
	for _, linger := range []bool{false, true} {
		for _, kind := range []Kind{Cut, Reset, Lose} {
			r := newRig(t)
			r.network.Begin(Fault{Place: Place{"target", 1, Asked, 3}, Kind: kind, Linger: linger})
			if _, err := r.talk(t, patient); err == nil {
				t.Fatal("no fault")
			}
			if !linger {
				<-r.left
				continue
			}
			r.network.Next()
			r.mu.Lock()
			n := r.sessions
			r.mu.Unlock()
			if n != 1 {
				t.Errorf("%s: %d sessions while it lingers", kind, n)
			}
			r.network.Begin()
			<-r.left
		}
	}
}

// A client that vanishes without a word: the server learns it, or not.
func TestAVanishedClientLingersWhereTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, linger := range []bool{false, true} {
		r.network.Begin()
		if linger {
			r.network.Linger()
		}
		answered := make(chan struct{})
		r.network.Watch(func(m Message) {
			if m.Last && m.What == "Z" {
				close(answered)
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		cfg, err := pgconn.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d user=u database=d", r.proxy.Port()))
		if err != nil {
			t.Fatal(err)
		}
		cfg.TLSConfig, cfg.Fallbacks = &tls.Config{ServerName: "127.0.0.1", RootCAs: r.trust, MinVersion: tls.VersionTLS12}, nil
		pc, err := pgconn.ConnectConfig(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		<-answered
		if err := pc.Conn().Close(); err != nil {
			t.Fatal(err)
		}
		cancel()
		if !linger {
			<-r.left
			continue
		}
		r.network.Begin()
		<-r.left
	}
}

func TestEveryKindOfFaultOfHTTP(t *testing.T) {
	t.Parallel()
	type fault struct {
		direction Direction
		kind      Kind
	}
	var faults []fault
	for _, k := range AskedHTTP {
		faults = append(faults, fault{Asked, k})
	}
	for _, k := range AnsweredHTTP {
		faults = append(faults, fault{Answered, k})
	}
	for _, method := range []string{http.MethodPut, http.MethodHead} {
		for _, f := range faults {
			t.Run(fmt.Sprintf("%s %c %s", method, f.direction, f.kind), func(t *testing.T) {
				t.Parallel()
				testHTTP(t, method, f.direction, f.kind)
			})
		}
	}
}

func testHTTP(t *testing.T, method string, direction Direction, kind Kind) {
	t.Helper()
	var mu sync.Mutex
	var executed []string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		executed = append(executed, r.Host+" "+r.URL.RequestURI()+" "+string(body))
		mu.Unlock()
		w.Header().Set("X-Answer", "yes")
		if r.Method != http.MethodHead {
			_, _ = w.Write(bytes.Repeat([]byte("answer "), 100))
		}
	}))
	defer upstream.Close()
	n := New(delay)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	p, err := NewHTTP(n, "aws", upstream.URL, transport)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		n.Begin()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	n.Begin(Fault{Place: Place{"aws", 1, direction, 2}, Kind: kind})
	// No keep-alive: Go's own client would try again by itself on a connection that was used before.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var failed []bool
	for i := range 3 {
		patience := patient
		if kind == BlackHole && i == 1 {
			patience = hasty
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		req, err := http.NewRequestWithContext(ctx, method, p.URL()+"/a%2Fb?c=d", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "signed.example"
		answer, err := client.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			err = errors.Join(err, answer.Body.Close())
			if answer.StatusCode != http.StatusOK {
				err = errors.Join(err, errors.New(answer.Status))
			} else if answer.Header.Get("X-Answer") != "yes" {
				t.Error("headers are lost")
			}
		}
		failed = append(failed, err != nil)
		cancel()
	}
	if want := []bool{false, kind != Delay, false}; !slices.Equal(failed, want) {
		t.Errorf("failed %v, want %v", failed, want)
	}
	want := 3
	if direction == Asked && kind != Delay {
		want = 2
	}
	mu.Lock()
	defer mu.Unlock()
	if len(executed) != want || executed[0] != "signed.example /a%2Fb?c=d body" {
		t.Errorf("executed %q", executed)
	}
}

func TestRetriesAreStruckToo(t *testing.T) {
	t.Parallel()
	f := Fault{Place: Place{"aws", 1, Asked, 4}, Times: 3}
	var struck []int
	for m := range 10 {
		if f.covers(Place{"aws", 1, Asked, m}) {
			struck = append(struck, m)
		}
	}
	if !slices.Equal(struck, []int{4, 5, 6}) {
		t.Errorf("struck %v", struck)
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "target", "target/1", "target/>1", "target/1>", "target/0>1", "/1>1", "target/1>x", "target/1=1"} {
		if p, err := ParsePlace(s); err == nil {
			t.Errorf("%q is read as %v", s, p)
		}
	}
}

// What is read is what came, or an error: nothing is made up, and no length is believed before it is there.
func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x0aselect\x00"))
	f.Add([]byte("Z\x00\x00\x00\x05I"))
	f.Add([]byte("D\xff\xff\xff\xff"))
	f.Add([]byte("D\x03\xff\xff\xff1"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		m, err := readMessage(r)
		if err != nil {
			return
		}
		if !bytes.Equal(m, in[:len(m)]) || r.Len() != len(in)-len(m) {
			t.Errorf("read %q from %q", m, in)
		}
		if m[0] == 'Q' && len(m) < 6 {
			describe(m) // must not panic on a statement that is not there
		}
	})
}
