package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("PGSERVER_TEST_CHILD") != "" {
		childMain()
		return
	}
	m.Run()
	if err := errors.Join(os.RemoveAll(testCache()), goleak.Find()); err != nil {
		log.Fatal(err)
	}
}

// testCache is shared by the tests of this package, so that initdb runs once.
func testCache() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("sealift-pgserver-test-%d", os.Getuid()))
}

func query(tb testing.TB, c *pgconn.PgConn, sql string) string {
	tb.Helper()
	results, err := c.Exec(tb.Context(), sql).ReadAll()
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	var lines []string
	for _, r := range results {
		for _, row := range r.Rows {
			var values []string
			for _, v := range row {
				values = append(values, string(v))
			}
			lines = append(lines, strings.Join(values, "|"))
		}
	}
	return strings.Join(lines, "\n")
}

func options(dir string) Options {
	return Options{
		Dir:          dir,
		CacheDir:     testCache(),
		Superuser:    "rdsdb",
		BootstrapKey: "test 1",
		Bootstrap: func(ctx context.Context, s *Server) error {
			c, err := s.Connect(ctx, s.Superuser(), "template1", nil)
			if err != nil {
				return err
			}
			// create database copies template1, and cannot while somebody is in it.
			_, err = c.Exec(ctx, "create table booted(n int); insert into booted values (42)").ReadAll()
			if err := errors.Join(err, c.Close(ctx)); err != nil {
				return err
			}
			c, err = s.Connect(ctx, s.Superuser(), "postgres", nil)
			if err != nil {
				return err
			}
			_, err = c.Exec(ctx, "create database dev").ReadAll()
			return errors.Join(err, c.Close(ctx))
		},
		Settings: map[string]string{"standard_conforming_strings": "off", "rs.quote": `it's a \ test`},
	}
}

func TestServer(t *testing.T) {
	// t.TempDir lies in a folder that only the caller can enter, so for root this covers the descriptor way as well.
	// The path is longer than that of a socket may be.
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 20), "data")
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	start := func() (*Server, *pgconn.PgConn) {
		s, err := Start(t.Context(), options(dir))
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Connect(t.Context(), "rdsdb", "dev", map[string]string{"application_name": "the test"})
		if err != nil {
			t.Fatal(err)
		}
		return s, c
	}
	s, c := start()
	got := query(t, c, `select n from booted;
		select current_setting('standard_conforming_strings'), current_setting('rs.quote'), current_setting('application_name'), current_setting('listen_addresses');
		select upper('é'), 'a' < 'B', 'Z' < 'a';
		create table kept as select 1 as n`)
	want := "42\noff|it's a \\ test|the test|\nÉ|f|t"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := s.Close(); err != nil { // with the session still open
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(s.socket.others, ".s.*")); err != nil || left != nil {
		t.Errorf("sockets after Close: %v %v", left, err)
	}
	if _, err := s.Connect(t.Context(), "rdsdb", "dev", nil); err == nil {
		t.Error("connected after Close")
	}
	s, c = start()
	if got := query(t, c, "select n from kept"); got != "1" {
		t.Errorf("kept = %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// The environment of the caller neither reaches the server nor steers connections.
func TestEnvironmentIgnored(t *testing.T) {
	t.Setenv("PGHOST", "192.0.2.1")
	t.Setenv("PGUSER", "somebody")
	t.Setenv("PGOPTIONS", "-c search_path=elsewhere")
	t.Setenv("PGTARGETSESSIONATTRS", "standby")
	s, err := Start(t.Context(), options(filepath.Join(t.TempDir(), "data")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := s.Connect(t.Context(), "rdsdb", "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, c, "select current_user, current_setting('search_path')"); got != `rdsdb|"$user", public` {
		t.Error(got)
	}
}

func TestFind(t *testing.T) {
	inst, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if inst.Major < minVersion {
		t.Errorf("%+v", inst)
	}
	t.Setenv(EnvBinDir, t.TempDir())
	if _, err := Find(t.Context()); err == nil || !strings.Contains(err.Error(), EnvBinDir) {
		t.Errorf("Find with an empty %s: %v", EnvBinDir, err)
	}
	old := t.TempDir()
	for name, text := range map[string]string{"postgres": "#!/bin/sh\necho 'postgres (PostgreSQL) 12.1'\n", "initdb": ""} {
		if err := os.WriteFile(filepath.Join(old, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(EnvBinDir, old)
	if _, err := Find(t.Context()); !errors.Is(err, errTooOld) {
		t.Errorf("Find with version 12: %v", err)
	}
}

func TestParseMajor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version string
		want    int
	}{
		{"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15},
		{"postgres (PostgreSQL) 17beta1", 17},
		{"postgres (PostgreSQL) 9.6.1", 9},
		{"postgres", 0},
		{"postgres (PostgreSQL) devel", 0},
	} {
		got, err := parseMajor(tt.version)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("parseMajor(%q) = %d, %v", tt.version, got, err)
		}
	}
	for dir, want := range map[string]int{
		"/usr/lib/postgresql/15/bin":               15,
		"/opt/homebrew/opt/postgresql@17/bin":      17,
		"/usr/pgsql-16/bin":                        16,
		"/opt/homebrew/opt/postgresql/bin":         0,
		"/Applications/Postgres.app/Contents/x/18": 0,
	} {
		if got := folderVersion(dir); got != want {
			t.Errorf("folderVersion(%s) = %d, want %d", dir, got, want)
		}
	}
}

// A folder that the server refuses is one clear error with the server's own words, and leaves no process and no socket.
func TestStartFails(t *testing.T) {
	o := options(filepath.Join(t.TempDir(), "data"))
	o.Settings = map[string]string{"shared_buffers": "a lot"}
	s, err := Start(t.Context(), o)
	if err == nil {
		t.Fatal("started", s.Close())
	}
	if !strings.Contains(err.Error(), "shared_buffers") {
		t.Error(err)
	}

	o.Settings = nil
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("changed my mind")
	cancel(reason)
	if s, err := Start(ctx, o); err == nil {
		t.Fatal("started with a cancelled context", s.Close())
	}

	if err := os.WriteFile(filepath.Join(o.Dir, "PG_VERSION"), []byte("9.6\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "made by PostgreSQL 9.6") {
		t.Error(err)
	}
}

// TestCrash kills a process with a running server, with no chance to clean up, and starts again on the same folder.
func TestCrash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "PGSERVER_TEST_CHILD="+dir)
	out, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	child.ExtraFiles = []*os.File{theirs}
	if err := errors.Join(child.Start(), theirs.Close()); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if folderByDescriptor {
		// Linux: the kernel tells the server to stop.
		deadline := time.After(20 * time.Second)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("server %d outlived its parent", pid)
			}
		}
	}
	// A crash of the whole machine leaves the pid file too; the pid may be anybody's by now.
	for _, name := range []string{"postmaster.pid", ".s.PGSQL.5432.lock"} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Start(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func childMain() {
	o := Options{Dir: os.Getenv("PGSERVER_TEST_CHILD"), CacheDir: testCache(), Superuser: "rdsdb"}
	s, err := Start(context.Background(), o)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := fmt.Fprintln(os.NewFile(3, "pid"), s.process.cmd.Process.Pid); err != nil { // given by TestCrash
		log.Fatal(err)
	}
	select {}
}

// TestOrphan ends a server which runs on the folder without an owner.
func TestOrphan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	orphan, err := Start(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	<-orphan.Done()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		return // every other test is this one
	}
	// The same test binary as an ordinary user, in a folder of its own.
	home, err := os.MkdirTemp("", "sealift-user") //nolint:usetesting // t.TempDir lies in a folder nobody else can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	binary := filepath.Join(home, "pgserver.test")
	if err := copyFile(os.Args[0], binary); err != nil {
		t.Fatal(err)
	}
	a := &account{uid: 65534, gid: 65534}
	for _, path := range []string{home, binary} {
		if err := errors.Join(a.own(path), os.Chmod(path, 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run", "^(TestServer|TestCrash)$", "-test.v")
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.Dir = home
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A name of ours that somebody else put into the temporary folder is not used.
func TestSocketDirInTheWay(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := makeSocketDir(nil, "/data")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := makeSocketDir(nil, "/data"); err != nil || again != dir {
		t.Fatal(again, err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := makeSocketDir(nil, "/data"); err == nil {
		t.Error("used a folder open to all")
	}
	if err := errors.Join(os.Remove(dir), os.Symlink("/", dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := makeSocketDir(nil, "/data"); err == nil {
		t.Error("used a link")
	}
	t.Setenv("TMPDIR", filepath.Join(os.TempDir(), strings.Repeat("long", 30)))
	dir, err = makeSocketDir(nil, t.TempDir())
	if err != nil || !strings.HasPrefix(dir, "/tmp/") {
		t.Fatal(dir, err)
	}
	_ = os.Remove(dir)
}

func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		s, err := Start(b.Context(), options(filepath.Join(dir, fmt.Sprint(i))))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
