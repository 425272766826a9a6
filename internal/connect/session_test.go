package connect_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/faulty"
	"github.com/sealift/sealift/internal/local"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// bench is a warehouse of the stand-in behind a bad network.
type bench struct {
	standin *local.Server
	direct  plan.Warehouse
	getenv  func(string) (string, bool)
	own     *tls.Config // of proxies
	trust   *tls.Config // for the stand-in
	ca      string      // of proxies
}

func newBench(t *testing.T) *bench {
	t.Helper()
	standin := local.Start(t)
	u, err := url.Parse(standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	server, trust, err := faulty.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, trust, 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(standin.Var("AWS_CA_BUNDLE"))
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("the stand-in's certificate: %v", err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	b := &bench{standin: standin, own: server, ca: ca, trust: &tls.Config{RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}, getenv: func(name string) (string, bool) { return password, name == "PW" }}
	b.direct = plan.Warehouse{
		Host: u.Hostname(), Port: port, Database: strings.TrimPrefix(u.Path, "/"), User: u.User.Username(),
		Auth: "password", PasswordFrom: "env:PW", CAFile: standin.Var("AWS_CA_BUNDLE"),
	}
	return b
}

// bad is a network of its own in front of the warehouse, and the warehouse behind it.
func (b *bench) bad(t *testing.T, faults ...faulty.Fault) (*faulty.Network, plan.Warehouse) {
	t.Helper()
	n := faulty.New(time.Millisecond)
	n.Begin(faults...)
	proxy, err := faulty.NewSQL(n, "w", b.own, net.JoinHostPort(b.direct.Host, strconv.Itoa(b.direct.Port)), b.trust)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.Begin()
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	spec := b.direct
	spec.Host, spec.Port, spec.CAFile = "localhost", proxy.Port(), b.ca
	return n, spec
}

func (b *bench) warehouse(t *testing.T, spec plan.Warehouse, o connect.Options) *connect.Warehouse {
	t.Helper()
	o.Application, o.Getenv = "sealift test", b.getenv
	w, err := connect.NewWarehouse(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func open(t *testing.T, w *connect.Warehouse) *connect.Session {
	t.Helper()
	s, err := w.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func exec(t *testing.T, s *connect.Session, statements ...redshift.SQL) {
	t.Helper()
	for _, sql := range statements {
		if _, err := s.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// sessions are the server processes that the warehouse has.
func sessions(t *testing.T, s *connect.Session) map[int64]bool {
	t.Helper()
	all := map[int64]bool{}
	if err := s.Query(t.Context(), redshift.SessionsQuery(), func(row []*string) error {
		pid, _, err := redshift.ParseSession(row)
		all[pid] = true
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// lines gathers a log and tells of each line.
type lines struct {
	mu   sync.Mutex
	all  []string
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{}, 1000)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	l.all = append(l.all, string(p))
	l.mu.Unlock()
	l.more <- struct{}{}
	return len(p), nil
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// wait waits until n lines hold text.
func (l *lines) wait(text string, n int) {
	for {
		l.mu.Lock()
		found := 0
		for _, line := range l.all {
			if strings.Contains(line, text) {
				found++
			}
		}
		l.mu.Unlock()
		if found >= n {
			return
		}
		<-l.more
	}
}

// place finds the message of the first connection that what describes.
func place(t *testing.T, n *faulty.Network, direction faulty.Direction, after, what string) faulty.Place {
	t.Helper()
	began := after == ""
	for _, m := range n.Seen() {
		if m.Place.Connection != 1 {
			continue
		}
		began = began || strings.Contains(m.What, after)
		if began && m.Place.Direction == direction && strings.Contains(m.What, what) {
			return m.Place
		}
	}
	t.Fatalf("no message %q in %v", what, n.Seen())
	return faulty.Place{}
}

var quick = connect.Watch{Silence: 30 * time.Millisecond, Ask: 10 * time.Second, Tries: 3, Idle: 3}

var marked = redshift.Build("SELECT 'marked'")

// TestSessions has one stand-in for all that sessions do on a bad network.
func TestSessions(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, b.standin.Var(name))
	}
	t.Run("over the wire", func(t *testing.T) { conformance(t, b.overWire(t)) })
	t.Run("over the data api", func(t *testing.T) { conformance(t, b.overDataAPI(t)) })
	t.Run("the data api's own", b.dataAPIAlone)
	t.Run("a dead connection is found out", b.deadConnection)
	t.Run("a long statement is waited for", b.longStatement)
	t.Run("a cancelled statement has stopped", b.cancelled)
	t.Run("a session is ended", b.end)
	t.Run("an opening that is cut", b.cutOpening)
}

// A connection that is refused, or cut or reset at any message of its opening, is told apart from a login that is refused:
// trying again may help, and nothing can have happened.
func (b *bench) cutOpening(t *testing.T) {
	unreached := func(what string, err error) {
		t.Helper()
		if u, ok := errors.AsType[*connect.UnreachedError](err); !ok || u.OutcomeUnknown() {
			t.Errorf("%s: %v", what, err)
		}
	}
	whole, spec := b.bad(t)
	open(t, b.warehouse(t, spec, connect.Options{}))
	messages := whole.Seen()
	if len(messages) < 10 {
		t.Fatalf("an opening of %d messages", len(messages))
	}
	for _, m := range messages {
		for _, kind := range []faulty.Kind{faulty.Cut, faulty.Reset} {
			_, spec := b.bad(t, faulty.Fault{Place: m.Place, Kind: kind})
			s, err := b.warehouse(t, spec, connect.Options{}).Open(t.Context())
			if err == nil {
				err = errors.Join(errors.New("it was opened"), s.Close(t.Context()))
			}
			unreached(fmt.Sprintf("%s at %s, %s", kind, m.Place, m.What), err)
		}
	}
	var config net.ListenConfig
	closed, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	spec = b.direct
	spec.Port = closed.Addr().(*net.TCPAddr).Port
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = b.warehouse(t, spec, connect.Options{}).Open(t.Context())
	unreached("refused", err)

	spec = b.direct
	spec.User = "nobody"
	_, err = b.warehouse(t, spec, connect.Options{}).Open(t.Context())
	if _, ok := errors.AsType[*connect.UnreachedError](err); ok || err == nil {
		t.Errorf("a wrong user: %v", err)
	}
}

// Hazard D11: a connection that is dead without a word is found out within a bound, whatever became of the session; the
// statement's outcome is unknown, because it may have happened.
func (b *bench) deadConnection(t *testing.T) {
	admin := open(t, b.warehouse(t, b.direct, connect.Options{}))
	good, spec := b.bad(t)
	exec(t, open(t, b.warehouse(t, spec, connect.Options{})), marked)
	asked := faulty.Fault{Place: place(t, good, faulty.Asked, "", "marked"), Kind: faulty.BlackHole}
	answered := faulty.Fault{Place: place(t, good, faulty.Answered, "marked", ""), Kind: faulty.BlackHole}
	unreachable := []faulty.Fault{asked}
	for n := range 10 {
		unreachable = append(unreachable, faulty.Fault{Place: faulty.Place{Server: "w", Connection: 2 + n, Direction: faulty.Asked, Message: 1}, Kind: faulty.Cut})
	}
	for _, c := range []struct {
		name   string
		faults []faulty.Fault
		idle   int
		ends   bool // the session is ended once it was asked about
		want   string
	}{
		{"the answer is lost", []faulty.Fault{answered}, 3, false, "the answer was lost"},
		{"the statement is lost", []faulty.Fault{asked}, 3, false, "the answer was lost"},
		{"the session is gone", []faulty.Fault{answered}, 1 << 30, true, "no such session any more"},
		{"the warehouse cannot be reached", unreachable, 3, false, "could not be asked why (3 tries)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			network, spec := b.bad(t, c.faults...)
			log := newLines()
			watch := quick
			watch.Idle = c.idle
			s := open(t, b.warehouse(t, spec, connect.Options{Watch: watch, Log: log.logger()}))
			var ender sync.WaitGroup
			if c.ends {
				ender.Go(func() {
					log.wait("not shown as running", 1)
					if _, err := admin.Exec(t.Context(), redshift.TerminateQuery(s.ID().PID)); err != nil {
						t.Error(err)
					}
				})
			}
			_, err := s.Exec(t.Context(), marked)
			ender.Wait()
			lost, ok := errors.AsType[*connect.LostError](err)
			if !ok || !lost.OutcomeUnknown() || lost.SafeToRetry() || !strings.Contains(err.Error(), c.want) || !s.Broken() {
				t.Errorf("error %v, broken %v", err, s.Broken())
			}
			if network.Struck() < 1 {
				t.Error("the fault did not happen")
			}
		})
	}
}

// A statement that runs for long is waited for, however silent it is.
func (b *bench) longStatement(t *testing.T) {
	holder := open(t, b.warehouse(t, b.direct, connect.Options{}))
	table, err := redshift.NewTable("public", "held")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, holder, redshift.Build("CREATE TABLE ? (a INTEGER)", table), redshift.Build("BEGIN"), redshift.Lock(table))
	log := newLines()
	watch := quick
	watch.Idle, watch.Tries = 1, 1
	s := open(t, b.warehouse(t, b.direct, connect.Options{Watch: watch, Log: log.logger()}))
	var waiter sync.WaitGroup
	waiter.Go(func() {
		log.wait("still running", 3)
		if _, err := holder.Exec(t.Context(), redshift.Build("ROLLBACK")); err != nil {
			t.Error(err)
		}
	})
	_, err = s.Exec(t.Context(), redshift.Build("INSERT INTO ? VALUES (1)", table))
	waiter.Wait()
	if err != nil || s.Broken() {
		t.Errorf("error %v, broken %v", err, s.Broken())
	}
}

// Hazard D10: when a statement is cancelled, nothing of it goes on in the warehouse once that is answered: the server said
// that it stopped, or, where that answer does not come, its session was ended and is gone.
func (b *bench) cancelled(t *testing.T) {
	holder := open(t, b.warehouse(t, b.direct, connect.Options{}))
	admin := open(t, b.warehouse(t, b.direct, connect.Options{})) // not in a transaction, where what is shown may be old
	table, err := redshift.NewTable("public", "locked")
	if err != nil {
		t.Fatal(err)
	}
	insert := redshift.Build("INSERT INTO ? VALUES (1)", table)
	exec(t, holder, redshift.Build("CREATE TABLE ? (a INTEGER)", table))
	good, spec := b.bad(t)
	exec(t, open(t, b.warehouse(t, spec, connect.Options{})), insert)
	answered := place(t, good, faulty.Answered, "INSERT", "")
	exec(t, holder, redshift.Build("BEGIN"), redshift.Lock(table))
	for _, c := range []struct {
		name   string
		faults []faulty.Fault
		broken bool
	}{
		{"the server answers", nil, false},
		{"the server's answer is lost", []faulty.Fault{{Place: answered, Kind: faulty.BlackHole}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			network, spec := b.bad(t, c.faults...)
			network.Linger()
			watch := quick
			watch.Idle = 1 << 30 // it is not the watchdog that ends this
			log := newLines()
			s := open(t, b.warehouse(t, spec, connect.Options{Watch: watch, Log: log.logger(), CancelGrace: 300 * time.Millisecond}))
			ctx, cancel := context.WithCancel(t.Context())
			var waiter sync.WaitGroup
			waiter.Go(func() {
				log.wait("still running", 1)
				cancel()
			})
			_, err := s.Exec(ctx, insert)
			waiter.Wait()
			if err == nil || s.Broken() != c.broken {
				t.Errorf("error %v, broken %v", err, s.Broken())
			}
			if there := sessions(t, admin)[s.ID().PID]; there == c.broken {
				t.Errorf("the session is there: %v", there)
			}
			running := ""
			if err := admin.Query(t.Context(), redshift.RunningQuery(s.ID().PID), func(row []*string) error {
				running = *row[0]
				return nil
			}); err != nil || running != "0" {
				t.Errorf("%s statements go on, %v", running, err)
			}
		})
	}
}

// Warehouse.End ends exactly the session that is meant, once or twice.
func (b *bench) end(t *testing.T) {
	w := b.warehouse(t, b.direct, connect.Options{})
	admin, s := open(t, w), open(t, w)
	other := s.ID()
	other.Began = "2020-01-01 00:00:00"
	if err := w.End(t.Context(), other); err != nil || !sessions(t, admin)[s.ID().PID] {
		t.Errorf("a session of the same number that began at another time: error %v", err)
	}
	for range 2 {
		if err := w.End(t.Context(), s.ID()); err != nil || sessions(t, admin)[s.ID().PID] {
			t.Errorf("error %v", err)
		}
	}
	if _, err := s.Exec(t.Context(), marked); err == nil {
		t.Error("the session goes on")
	}
}
