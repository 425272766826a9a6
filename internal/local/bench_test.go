package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/catalog"
	"github.com/sealift/sealift/internal/local/history"
	"github.com/sealift/sealift/internal/local/pgserver"
	"github.com/sealift/sealift/internal/local/transfer"
	"github.com/sealift/sealift/internal/local/wire"
)

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// BenchmarkPassThrough runs pgbench's simple protocol, select-only, with eight clients, in turns against PostgreSQL by
// TCP, through a relay that only passes bytes on, and through the stand-in. It reports the rate of each, what the latter
// two lose of the first, and the processor time they take per query: the relay's is the least that anything between
// client and PostgreSQL can take.
func BenchmarkPassThrough(b *testing.B) {
	pg, tcp := tcpPostgres(b)
	through := passThrough(b, pg)
	relay := bareRelay(b, pg)
	pgbench(b, tcp, "-i", "-q", "-s", "2")
	total := map[string]float64{}
	processor := map[string]time.Duration{}
	const seconds = 4
	rounds := 0
	for b.Loop() {
		rounds++
		for _, where := range []struct {
			name string
			port int
		}{{"direct", tcp}, {"relay", relay}, {"ours", through}} {
			before := processorTime(b)
			rate := pgbench(b, where.port, "-n", "-S", "-M", "simple", "-c", "8", "-j", "2", "-T", strconv.Itoa(seconds))
			total[where.name] += rate
			processor[where.name] += processorTime(b) - before
		}
	}
	for _, name := range []string{"direct", "relay", "ours"} {
		b.ReportMetric(total[name]/float64(rounds), name+"-tps")
	}
	for _, name := range []string{"relay", "ours"} {
		b.ReportMetric(100*(1-total[name]/total["direct"]), name+"-%-lost")
		b.ReportMetric(processor[name].Seconds()*1e6/(total[name]*seconds), name+"-µs/query")
	}
}

// tcpPostgres is a private PostgreSQL with the catalog that listens on loopback as well.
func tcpPostgres(tb testing.TB) (pg *pgserver.Server, port int) {
	tb.Helper()
	port = freePort(tb)
	settings := maps.Clone(catalog.Settings())
	settings["listen_addresses"], settings["port"] = "127.0.0.1", strconv.Itoa(port)
	dir := filepath.Join(tb.TempDir(), "data")
	pg, err := pgserver.Start(tb.Context(), pgserver.Options{
		Dir: dir, CacheDir: tb.TempDir(), Superuser: systemUser, Settings: settings, BootstrapKey: catalog.Version(),
		Bootstrap: func(ctx context.Context, s *pgserver.Server) error {
			return install(ctx, s, "template1", catalog.Options{Slices: 1})
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := pg.Close(); err != nil {
			tb.Error(err)
		}
	})
	// Clients by TCP need a rule of their own.
	if err := os.WriteFile(filepath.Join(dir, "pg_hba.conf"), []byte("local all all trust\nhost all all 127.0.0.1/32 trust\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	w := &warehouse{pg: pg}
	if _, err := w.query(tb.Context(), "SELECT pg_reload_conf()"); err != nil {
		tb.Fatal(err)
	}
	if err := w.createDatabase(tb.Context(), Database, MasterUser, benchPassword); err != nil {
		tb.Fatal(err)
	}
	return pg, port
}

const benchPassword = "Benchmark1"

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return l.Addr().(*net.TCPAddr).Port
}

// passThrough serves pg as a warehouse does, history included.
func passThrough(tb testing.TB, pg *pgserver.Server) (port int) {
	tb.Helper()
	log, err := history.Open(history.Options{
		PostgreSQL: pg, IDFile: filepath.Join(tb.TempDir(), "id"), Redact: transfer.Redact, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	server := wire.NewServer(wire.Config{PostgreSQL: pg, History: log})
	l := listen(tb)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	tb.Cleanup(func() {
		if err := errors.Join(server.Close(), log.Close()); err != nil {
			tb.Error(err)
		}
		if err := <-served; !errors.Is(err, wire.ErrServerClosed) {
			tb.Error(err)
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// bareRelay passes bytes on between clients by TCP and PostgreSQL's socket, one goroutine for each direction.
func bareRelay(tb testing.TB, pg *pgserver.Server) (port int) {
	tb.Helper()
	l := listen(tb)
	var cfg *pgconn.Config
	cfg, err := pg.Config(MasterUser, Database, nil)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
			server, err := cfg.DialFunc(tb.Context(), network, address)
			if err != nil {
				tb.Error(err)
				_ = client.Close()
				return
			}
			pump := func(to, from net.Conn) {
				// Only reading and writing: io.Copy would splice.
				_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 32<<10))
				_ = to.Close()
			}
			go pump(client, server)
			go pump(server, client)
		}
	}()
	tb.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

// pgbench runs pgbench and answers its transactions per second, 0 if it names none.
func pgbench(tb testing.TB, port int, args ...string) (rate float64) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "pgbench", append(args, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-U", MasterUser, Database)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PGSSLMODE=disable", "PGPASSWORD=" + benchPassword}
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("pgbench %v: %v\n%s", args, err, out)
	}
	if m := tps.FindSubmatch(out); m != nil {
		if rate, err = strconv.ParseFloat(string(m[1]), 64); err != nil {
			tb.Fatal(err)
		}
	} else if args[0] != "-i" {
		tb.Fatal(fmt.Errorf("no rate in pgbench's output:\n%s", out))
	}
	return rate
}

// processorTime is what this process has used, without its children.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
