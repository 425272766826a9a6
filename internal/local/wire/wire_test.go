package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/pgserver"
)

// postgres is shared by the tests of the package; each makes what it needs under names of its own.
var (
	postgres  *pgserver.Server
	databases atomic.Int64
)

func TestMain(m *testing.M) {
	if err := testMain(m); err != nil {
		log.Fatal(err)
	}
}

func testMain(m *testing.M) error {
	dir, err := os.MkdirTemp("", "sealift-wire")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	postgres, err = pgserver.Start(context.Background(), pgserver.Options{
		Dir: filepath.Join(dir, "data"), CacheDir: filepath.Join(dir, "cache"), Superuser: "rdsdb",
		Settings: map[string]string{
			"standard_conforming_strings": "off", "escape_string_warning": "off", "backslash_quote": "on",
			"default_transaction_isolation": "repeatable read",
		},
	})
	if err != nil {
		return err
	}
	if err := bootstrap(); err != nil {
		return errors.Join(err, postgres.Close())
	}
	m.Run()
	return errors.Join(postgres.Close(), goleak.Find())
}

func bootstrap() error {
	ctx := context.Background()
	c, err := postgres.Connect(ctx, "rdsdb", "template1", nil)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, `
		create role awsuser superuser login password 'Secret1';
		create role plain login password 'pl''ain';
		create role disabled login;
		create role expired login password 'x' valid until '2001-01-01';
		create group readers;
		create schema rs;
		grant usage on schema rs to public;
		create function rs.define_table(regclass, jsonb, regclass[], regclass) returns void language sql as '';
		create function rs.alter_table(regclass, jsonb, regclass[]) returns void language sql as '';
		create function rs.log_user(name text, action text, old text) returns void language sql as '';
		create function rs.bind_views() returns void language sql as '';
		create function rs.check_merge(regclass, regclass) returns void language sql as '';
		create function rs.lock_for_write(t regclass) returns void language plpgsql strict security definer as $$
			begin execute format('lock table %s in share row exclusive mode', t); end$$;
		create function rs.divide(numeric, numeric) returns numeric language sql as 'select $1 / $2';
		create operator rs./ (leftarg = numeric, rightarg = numeric, function = rs.divide);
		create function rs.named_table(t regclass, out oid, out name, out name) language sql stable as $$
			select c.oid, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = relnamespace where c.oid = t $$;
		create type super;
		create function super_in(cstring) returns super language internal immutable strict as 'textin';
		create function super_out(super) returns cstring language internal immutable strict as 'textout';
		create type super (input = super_in, output = super_out, typmod_in = timestamptypmodin, like = text);
		create function rs.columns_beside_super(tables text[]) returns table (table_name text, column_name name, super boolean) language sql as $$
			select t, attname, atttypid = 'super'::regtype from unnest(tables) t join pg_attribute on attrelid = to_regclass(t) where attnum > 0 and not attisdropped
				and attrelid in (select attrelid from pg_attribute where atttypid = 'super'::regtype) order by t, attnum $$;
		create cast (varchar as super) without function as assignment;
		create function super_string(text) returns super language sql as $$ select ('"' || $1 || '"')::varchar::super $$;
		create cast (text as super) with function super_string(text) as assignment`).ReadAll()
	return errors.Join(err, c.Close(ctx))
}

// newDatabase makes a database for one test. What the test needs in it is made by PostgreSQL itself: how statements are
// translated, and what they need to be installed, is not the subject here.
func newDatabase(tb testing.TB, setup string) string {
	tb.Helper()
	c, err := postgres.Connect(tb.Context(), "rdsdb", "postgres", nil)
	if err != nil {
		tb.Fatal(err)
	}
	name := fmt.Sprintf("db%d", databases.Add(1))
	if _, err := c.Exec(tb.Context(), "create database "+name).ReadAll(); err != nil {
		tb.Fatal(err)
	}
	if err := c.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if c, err = postgres.Connect(tb.Context(), "awsuser", name, nil); err != nil {
		tb.Fatal(err)
	}
	if _, err := c.Exec(tb.Context(), setup).ReadAll(); err != nil {
		tb.Fatal(err)
	}
	if err := c.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return name
}

// fakeEngine answers COPY and UNLOAD by what a test says.
type fakeEngine func(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, in Invocation) (Result, error)

func (f fakeEngine) Run(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, in Invocation) (Result, error) {
	return f(ctx, conn, st, in)
}

type fakeCredentials map[string]string

func (f fakeCredentials) Login(name, password string) (creates, ok bool) {
	p, ok := f[name]
	return !strings.HasPrefix(name, "IAM:"), ok && p == password
}

type fakeHistory struct {
	id          atomic.Int64
	mu          sync.Mutex
	kept        []Statement
	connections []Connection
	flushes     int
}

func (h *fakeHistory) NextID() int64 { return h.id.Add(1) }

func (h *fakeHistory) Record(s Statement) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, s)
}

func (h *fakeHistory) RecordConnection(c Connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.connections = append(h.connections, c)
}

func (h *fakeHistory) Flush(context.Context, string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flushes++
	return nil
}

// testServer is a Server on a port of its own.
type testServer struct {
	*Server
	host, port, caFile string
	database           string
	history            *fakeHistory
	ended              chan struct{} // one for each client that has gone
}

func start(tb testing.TB, engine Engine, setup string) *testServer {
	tb.Helper()
	return startWith(tb, engine, setup, func(*Config) {})
}

func startWith(tb testing.TB, engine Engine, setup string, change func(*Config)) *testServer {
	tb.Helper()
	cert, caFile := certificate(tb)
	h := &fakeHistory{}
	h.id.Store(1000)
	cfg := Config{
		PostgreSQL: postgres, Engine: engine, History: h,
		Credentials: fakeCredentials{
			"IAM:plain": "temporary/+=", "IAM:nobody": "t", "IAMA:made": "t", "IAMA:made:readers": "g", "IAMR:role": "r", "IAMA:made:nogroup": "t",
		},
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
	}
	change(&cfg)
	s := NewServer(cfg)
	ended := make(chan struct{}, 1000)
	s.testOnlyEnded = func() { ended <- struct{}{} }
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			tb.Error(err)
		}
	})
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return &testServer{Server: s, host: host, port: port, caFile: caFile, database: newDatabase(tb, setup), history: h, ended: ended}
}

func certificate(tb testing.TB) (tls.Certificate, string) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// dsn is a connection string for a user.
func (s *testServer) dsn(user, password, more string) string {
	return fmt.Sprintf("host=%s port=%s user='%s' password='%s' dbname=%s sslmode=verify-full sslrootcert=%s %s",
		s.host, s.port, user, strings.ReplaceAll(password, "'", `\'`), s.database, s.caFile, more)
}

// connect connects as the administrator with the lowest layer of pgx.
func (s *testServer) connect(tb testing.TB) *pgconn.PgConn {
	tb.Helper()
	c, err := pgconn.Connect(tb.Context(), s.dsn("awsuser", "Secret1", ""))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close(context.WithoutCancel(tb.Context())) })
	return c
}

// run runs a simple query and writes its answers as lines.
func run(tb testing.TB, c *pgconn.PgConn, sql string) string {
	tb.Helper()
	var lines []string
	r := c.Exec(tb.Context(), sql)
	for r.NextResult() {
		result := r.ResultReader().Read()
		for _, row := range result.Rows {
			lines = append(lines, strings.TrimSuffix(string(join(row)), "|"))
		}
		if result.Err == nil {
			lines = append(lines, result.CommandTag.String())
		}
	}
	if err := r.Close(); err != nil {
		lines = append(lines, err.Error())
	}
	return strings.Join(append(lines, string(c.TxStatus())), "\n")
}

func join(row [][]byte) (line []byte) {
	for _, v := range row {
		line = append(append(line, v...), '|')
	}
	return line
}

func psql(tb testing.TB, dsn, sql string) string {
	tb.Helper()
	cmd := command(tb, "psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", dsn)
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return string(out)
}

func command(tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "LC_ALL=C.UTF-8"}
	return cmd
}

func TestPsql(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "create table psqlt (a int, b varchar(10))")
	got := psql(t, s.dsn("awsuser", "Secret1", ""), `select 'a\'b\\c', current_user;
insert into psqlt values (1, 'é'), (2, null);
select * from psqlt order by 1;
select 1 as x \gset
\echo :x
\encoding
select nothing;
`)
	want := `a'b\c|awsuser
INSERT 0 2
1|é
2|
1
UTF8
ERROR:  column "nothing" does not exist
LINE 1: select nothing;
               ^
exit status 3`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPgx(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec"} {
		c, err := pgx.Connect(t.Context(), s.dsn("plain", "pl'ain", "default_query_exec_mode="+mode))
		if err != nil {
			t.Fatal(err)
		}
		var n int
		var text string
		for range 3 {
			if err := c.QueryRow(t.Context(), "select $1::int + 1, 'x' || $2::text", 41, "y").Scan(&n, &text); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			if n != 42 || text != "xy" {
				t.Errorf("%s: %d %q", mode, n, text)
			}
		}
		if err := c.QueryRow(t.Context(), "select 1/0").Scan(&n); err == nil || !strings.Contains(err.Error(), "22012") {
			t.Errorf("%s: %v", mode, err)
		}
		b := &pgx.Batch{}
		for i := range 2000 { // far more than one side can take without the other reading
			b.Queue("select $1::int, repeat('x', 1000)", i)
		}
		if mode != "exec" {
			if err := c.SendBatch(t.Context(), b).Close(); err != nil {
				t.Errorf("%s: %v", mode, err)
			}
		}
		// Without standard_conforming_strings pgx refuses to put arguments into text.
		_, err = c.Exec(t.Context(), "select $1", pgx.QueryExecModeSimpleProtocol, "x")
		if err == nil || !strings.Contains(err.Error(), "standard_conforming_strings") {
			t.Errorf("%s: %v", mode, err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestTwin sends the same simple queries to a session and to PostgreSQL itself: what the dialect does not touch must be
// answered alike, transactions included.
func TestTwin(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "create table twin_here (n int); create table twin_there (n int)")
	here := s.connect(t)
	there, err := postgres.Connect(t.Context(), "awsuser", s.database, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close(context.WithoutCancel(t.Context())) })
	for i, sql := range []string{
		"select 1; select 2",
		"",
		";;",
		"-- nothing",
		"insert into twinX values (0); insert into twinX values (1)",
		"insert into twinX values (2); select 1/0; insert into twinX values (3)",
		"select * from twinX order by n",
		"insert into twinX values (4); commit; insert into twinX values (5); select 1/0",
		"select * from twinX order by n",
		"begin; insert into twinX values (6)",
		"select nothing",
		"select 1",
		"commit",
		"select * from twinX order by n",
		"begin; insert into twinX values (7); select 1/0; commit",
		"rollback; select 1",
		"insert into twinX values (8); rollback; select 1",
		"select * from twinX order by n",
		"insert into twinX values (9); begin; insert into twinX values (10)",
		"rollback",
		"select * from twinX order by n",
		"begin; insert into twinX values (11); end; select count(*) from twinX",
		"set statement_timeout to 12345; select pg_catalog.current_setting('statement_timeout')",
		"select ''';'';'''; select $$;$$; /* ; */ select \"n\" from twinX where n = 1",
		"set statement_timeout to 'never'",
		"begin; set statement_timeout to 1; rollback; select pg_catalog.current_setting('statement_timeout')",
		"select repeat('x', 100000)::varchar(5), repeat('y', 100000) from generate_series(1, 3)",
		"rollback",
		"commit",
		"abort; select 2",
		"start transaction; select 1; abort",
	} {
		got := run(t, here, strings.ReplaceAll(sql, "twinX", "twin_here"))
		want := run(t, there, strings.ReplaceAll(sql, "twinX", "twin_there"))
		got = strings.ReplaceAll(got, "twin_here", "twin_there")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d: %s\n(-want +got)\n%s", i, sql, diff)
		}
	}
}

// TestLateralAliases: PostgreSQL is asked which aliases are columns, in both protocols, and in a transaction without harm to
// it.
func TestLateralAliases(t *testing.T) {
	t.Parallel()
	s := start(t, nil, `create table lateral_t (n int, m int); insert into lateral_t values (1, 2)`)
	c := s.connect(t)
	for _, tt := range []struct{ sql, want string }{
		{"select n + 1 as a, a * 2 as m, m from lateral_t", "2|4|2\nSELECT 1\nI"},
		{"select n + 1 as a, a * 2 as m, m from lateral_t", "2|4|2\nSELECT 1\nI"},
		{"begin; select n as a, a + 1 from lateral_t", "BEGIN\n1|2\nSELECT 1\nT"},
		{"insert into lateral_t select n + 10 as a, a + 1 from lateral_t; select count(*) as a, a + 1 from lateral_t", "INSERT 0 1\n2|3\nSELECT 1\nT"},
		{"rollback; select count(*) as a, -a from lateral_t", "ROLLBACK\n1|-1\nSELECT 1\nI"},
		{"select n as a, a + b from lateral_t", "ERROR: column \"b\" does not exist (SQLSTATE 42703)\nI"},
		{"begin; select n as a, a + b from lateral_t", "BEGIN\nERROR: column \"b\" does not exist (SQLSTATE 42703)\nE"},
		{"select n as a, a + 1 from lateral_t", "ERROR: current transaction is aborted, commands ignored until end of transaction block (SQLSTATE 25P02)\nE"},
		{"rollback", "ROLLBACK\nI"},
	} {
		if diff := cmp.Diff(tt.want, run(t, c, tt.sql)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
	const query = "select n + $1::int as a, a * $2 as b, a + b from lateral_t"
	for _, begin := range []string{"", "begin"} {
		if begin != "" {
			run(t, c, begin)
		}
		got := c.ExecParams(t.Context(), query, [][]byte{[]byte("1"), []byte("3")}, []uint32{0, 1700}, nil, nil).Read()
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		if line := string(join(got.Rows[0])); line != "2|6|8|" {
			t.Errorf("%s, %q: %s", query, begin, line)
		}
	}
	if got := run(t, c, "select 1; commit"); got != "1\nSELECT 1\nCOMMIT\nI" {
		t.Errorf("the transaction: %s", got)
	}
	// Amid messages that are one transaction nothing is asked, and what came before is not undone by it.
	b := &pgconn.Batch{}
	b.ExecParams("insert into lateral_t values (5, 6)", nil, nil, nil, nil)
	b.ExecParams("select n as m, m from lateral_t order by n", nil, nil, nil, nil)
	results, err := c.ExecBatch(t.Context(), b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(results[1].Rows); got != 2 {
		t.Errorf("%d rows after a batch, want 2", got)
	}
}

// TestTypesOfOperands: PostgreSQL is asked what decimals are divided, in both protocols and in transactions, and clients see the
// type that the result has.
func TestTypesOfOperands(t *testing.T) {
	t.Parallel()
	s := start(t, nil, `create table operand_t (a numeric(8,2), b numeric(8,2), n int, f float); insert into operand_t values (2, 3, 3, 3)`)
	c := s.connect(t)
	for _, tt := range []struct{ sql, want string }{
		{"select a / b, n / 2, a / f from operand_t", "0.666666666|1|0.6666666666666666\nSELECT 1\nI"},
		{"select n / 2 from operand_t", "1\nSELECT 1\nI"},
		{"select n / 2 from operand_t", "1\nSELECT 1\nI"},
		{"select x / y from operand_t", "ERROR: column \"x\" does not exist (SQLSTATE 42703)\nI"},
		{"select a / 0.00 from operand_t; select 1", "ERROR: division by zero (SQLSTATE 22012)\nI"},
		{"begin; select a as x, x / b as y, y * 2 from operand_t", "BEGIN\n2.00|0.666666666|1.333333332\nSELECT 1\nT"},
		{"select x / a from operand_t", "ERROR: column \"x\" does not exist (SQLSTATE 42703)\nE"},
		{"select a / b from operand_t", "ERROR: current transaction is aborted, commands ignored until end of transaction block (SQLSTATE 25P02)\nE"},
		{
			"rollback; drop table operand_t; create table operand_t (a numeric(8,2), b numeric(8,4), n int, f float); insert into operand_t values (2, 3, 3, 3); select a / b from operand_t",
			"ROLLBACK\nDROP TABLE\nCREATE TABLE\nINSERT 0 1\n0.6666666\nSELECT 1\nI",
		},
		{"create table operand_made as select a / b as q from operand_t; select q from operand_made", "SELECT 1\n0.6666666\nSELECT 1\nI"},
		{"begin; declare operands cursor for select a / b from operand_t; fetch operands; commit", "BEGIN\nDECLARE CURSOR\n0.6666666\nFETCH 1\nCOMMIT\nI"},
		{"prepare divided as select a / b from operand_t; execute divided", "PREPARE\n0.6666666\nSELECT 1\nI"},
	} {
		if diff := cmp.Diff(tt.want, run(t, c, tt.sql)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
	for _, begin := range []string{"", "begin"} {
		if begin != "" {
			run(t, c, begin)
		}
		got := c.ExecParams(t.Context(), "select a / b, $1::numeric(4,1) / n, $2 + a / b from operand_t", [][]byte{[]byte("1"), []byte("2")}, nil, nil, nil).Read()
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		if line := string(join(got.Rows[0])); line != "0.6666666|0.333333333333|2.6666666|" {
			t.Errorf("%q: %s", begin, line)
		}
		if f := got.FieldDescriptions; f[0].TypeModifier != 4+17<<16+7 || f[0].Name != "?column?" || f[1].TypeModifier != 4+15<<16+12 {
			t.Errorf("%q: %v", begin, f)
		}
	}
	if got := run(t, c, "select 1; commit"); got != "1\nSELECT 1\nCOMMIT\nI" {
		t.Errorf("the transaction: %s", got)
	}
	// Amid messages that are one transaction nothing is asked, and what came before is not undone by it.
	b := &pgconn.Batch{}
	b.ExecParams("insert into operand_t values (1, 1, 1, 1)", nil, nil, nil, nil)
	b.ExecParams("select a / b from operand_t order by n", nil, nil, nil, nil)
	results, err := c.ExecBatch(t.Context(), b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(results[1].Rows); got != 2 {
		t.Errorf("%d rows after a batch, want 2", got)
	}
}

// TestLiteralsForSuper: PostgreSQL is asked which columns are SUPER, in both protocols, in a transaction and amid messages that
// are one.
func TestLiteralsForSuper(t *testing.T) {
	t.Parallel()
	s := start(t, nil, `create table literals_t (id int, s super)`)
	c := s.connect(t)
	literal := func(c *pgconn.PgConn, id int, parameters [][]byte, types []uint32) {
		t.Helper()
		value := "'[1]'"
		if parameters != nil {
			value = "$1"
		}
		sql := fmt.Sprintf("insert into literals_t values (%d, %s)", id, value)
		if err := c.ExecParams(t.Context(), sql, parameters, types, nil, nil).Read().Err; err != nil {
			t.Fatal(err)
		}
	}
	run(t, c, "insert into literals_t values (1, '[1]'); insert into public.literals_t values (2, '[1]')")
	run(t, c, "begin; insert into literals_t values (3, '[1]'); commit")
	literal(c, 4, nil, nil)
	literal(c, 5, [][]byte{[]byte("[1]")}, nil)           // a parameter without a type
	literal(c, 6, [][]byte{[]byte("[1]")}, []uint32{705}) // or of none
	run(t, c, "begin")
	literal(c, 7, nil, nil)
	literal(c, 8, nil, nil)
	run(t, c, "commit")
	b := &pgconn.Batch{}
	b.ExecParams("insert into literals_t values (9, '[1]')", nil, nil, nil, nil)
	b.ExecParams("insert into literals_t values (10, $1)", [][]byte{[]byte("[1]")}, nil, nil, nil)
	if _, err := c.ExecBatch(t.Context(), b).ReadAll(); err != nil {
		t.Fatal(err)
	}
	if got := run(t, c, "select count(*), min(s::varchar), max(s::varchar) from literals_t"); got != "10|\"[1]\"|\"[1]\"\nSELECT 1\nI" {
		t.Errorf("%s", got)
	}
	literal(c, 11, [][]byte{[]byte("1")}, []uint32{1043}) // its own type's cast is here none
	if got := run(t, c, "select s from literals_t where id = 11"); got != "1\nSELECT 1\nI" {
		t.Errorf("a parameter with a type: %s", got)
	}
	// A table that has no SUPER column may get one, from anybody.
	other := s.connect(t)
	for _, change := range []string{
		"drop table plain; create table plain (s super)",
		"begin; delete from plain; alter table plain drop column s; alter table plain add column s super; commit",
	} {
		run(t, c, "create table plain (s varchar(9))")
		run(t, c, "insert into plain values ('a')")
		run(t, other, change)
		run(t, c, "insert into plain values ('[1]')")
		if got := run(t, c, "select max(s::varchar) from plain"); got != "\"[1]\"\nSELECT 1\nI" {
			t.Errorf("after %s: %s", change, got)
		}
		run(t, c, "drop table plain")
	}
	if got := run(t, c, "begin; refused; insert into literals_t values (1, '[1]')"); !strings.Contains(got, "42601") {
		t.Errorf("%s", got)
	}
	if got := run(t, c, "insert into literals_t values (1, '[1]')"); !strings.Contains(got, "25P02") {
		t.Errorf("in a failed transaction: %s", got)
	}
	run(t, c, "rollback")
}

// errorOf answers the server's error, or fails.
func errorOf(tb testing.TB, err error) *pgconn.PgError {
	tb.Helper()
	pe, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		tb.Fatalf("not an error of the server: %v", err)
	}
	return pe
}

//standin:imitates users: the user that stands for an IAM role is called IAMR:role, and is made at its first login | MG generating-iam-credentials-cli-api
//standin:imitates protocol: md5, cleartext of temporary credentials in TLS only, names with a colon | MG Generating IAM database credentials
func TestAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	for _, tt := range []struct {
		name, user, password, more string
		want                       string // current_user, or the error
	}{
		{"md5", "awsuser", "Secret1", "", "awsuser"},
		{"md5 without TLS", "awsuser", "Secret1", "sslmode=disable", "awsuser"},
		{"password with a quote", "plain", "pl'ain", "", "plain"},
		{"wrong password", "awsuser", "secret1", "", `FATAL 28000 password authentication failed for user "awsuser"`},
		{"no password", "awsuser", "", "", `FATAL 28000 password authentication failed for user "awsuser"`},
		{"unknown user", "somebody", "x", "", `FATAL 28000 password authentication failed for user "somebody"`},
		{"PostgreSQL's own superuser", "rdsdb", "x", "", `FATAL 28000 password authentication failed for user "rdsdb"`},
		{"password disabled", "disabled", "", "", `FATAL 28000 password authentication failed for user "disabled"`},
		{"password expired", "expired", "x", "", `FATAL 28000 password authentication failed for user "expired"`},
		{"group", "readers", "x", "", `FATAL 28000 password authentication failed for user "readers"`},
		{"temporary", "IAM:plain", "temporary/+=", "", "plain"},
		{"temporary, wrong", "IAM:plain", "temporary", "", `FATAL 28000 password authentication failed for user "IAM:plain"`},
		{"temporary, the user's own password", "IAM:plain", "pl'ain", "", `FATAL 28000 password authentication failed for user "IAM:plain"`},
		{"temporary, unknown user", "IAM:nobody", "t", "", `FATAL 28000 user "nobody" does not exist`},
		{
			"temporary, without TLS", "IAM:plain", "temporary/+=", "sslmode=disable",
			`FATAL 28000 SSL is required for user "IAM:plain": temporary credentials are accepted over an encrypted connection only`,
		},
		{"temporary, makes the user", "IAMA:made", "t", "", "made"},
		{"temporary, made already", "IAMA:made", "t", "", "made"},
		{"role", "IAMR:role", "r", "", "IAMR:role"},
		{"unknown group", "IAMA:made:nogroup", "t", "", `FATAL 28000 group "nogroup" does not exist`},
		{"unknown database", "awsuser", "Secret1", "dbname=nowhere", `FATAL 3D000 database "nowhere" does not exist`},
	} {
		c, err := pgconn.Connect(t.Context(), s.dsn(tt.user, tt.password, tt.more))
		var got string
		if err != nil {
			pe := errorOf(t, err)
			got = fmt.Sprintf("%s %s %s", pe.Severity, pe.Code, pe.Message)
		} else {
			got, _, _ = strings.Cut(run(t, c, "select current_user"), "\n")
			_ = c.Close(t.Context())
		}
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// Groups named in a login are joined for the session only.
func TestGroups(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	const member = "select pg_has_role('made', 'readers', 'member')"
	admin := s.connect(t)
	first, err := pgconn.Connect(t.Context(), s.dsn("IAMA:made:readers", "g", ""))
	if err != nil {
		t.Fatal(err)
	}
	second, err := pgconn.Connect(t.Context(), s.dsn("IAMA:made:readers", "g", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		leave *pgconn.PgConn
		want  string
	}{{nil, "t\nSELECT 1\nI"}, {first, "t\nSELECT 1\nI"}, {second, "f\nSELECT 1\nI"}} {
		if step.leave != nil {
			_ = step.leave.Close(t.Context())
			<-s.ended
		}
		if got := run(t, admin, member); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
	}
}

//standin:imitates protocol: start-up parameters accepted, ignored and refused | code of AWS's Python driver; MG configuring connections
//standin:imitates unkindness 2: standard_conforming_strings is unknown and never reported; client_encoding is UNICODE | code of AWS's Python driver
func TestParameters(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	for _, tt := range []struct {
		name  string
		given map[string]string
		want  string
	}{
		{"AWS's driver", map[string]string{
			"client_protocol_version": "2", "driver_version": "Redshift Python Driver 2.1", "os_version": "Linux",
			"plugin_name": "", "idp_type": "", "provider_name": "", "identity_namespace": "", "token_type": "", "driver_discovery_version": "1",
			"idc_client_display_name": "x", "application_name": "a", "client_encoding": "utf-8",
		}, "ok UTF8"},
		{"PostgreSQL's JDBC driver", map[string]string{"TimeZone": "Europe/Paris", "extra_float_digits": "2", "DateStyle": "ISO", "client_encoding": "UTF8"}, "ok UTF8"},
		{"none", nil, "ok UNICODE"},
		{"Redshift's word", map[string]string{"client_encoding": "'UNICODE'"}, "ok UNICODE"},
		{"npgsql", map[string]string{"IntervalStyle": "iso_8601"}, `FATAL 42704 unrecognized configuration parameter "IntervalStyle"`},
		{"", map[string]string{"standard_conforming_strings": "on"}, `FATAL 42704 unrecognized configuration parameter "standard_conforming_strings"`},
		{"", map[string]string{"_pq_.x": ""}, `FATAL 42704 unrecognized configuration parameter "_pq_.x"`},
		{"", map[string]string{"replication": "database"}, `FATAL 42704 unrecognized configuration parameter "replication"`},
		{"options", map[string]string{"options": "-c search_path=a\\ b -c  statement_timeout=5 --extra-float-digits=3"}, "ok UNICODE"},
		{"options", map[string]string{"options": "-x"}, `FATAL 42601 invalid command line arguments for server process: "-x"`},
		{"options", map[string]string{"options": "-c a\"b=1"}, `FATAL 42704 unrecognized configuration parameter "a\"b"`},
		{"encoding", map[string]string{"client_encoding": "klingon"}, `FATAL 22023 invalid value for parameter "client_encoding": "klingon"`},
	} {
		conn, f := s.raw(t)
		startup := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "awsuser", "database": s.database}}
		maps.Copy(startup.Parameters, tt.given)
		f.Send(startup)
		got := ""
		status := map[string]string{}
		for got == "" {
			switch m := receive(t, f).(type) {
			case *pgproto3.AuthenticationMD5Password:
				f.Send(&pgproto3.PasswordMessage{Password: md5Password("awsuser", "Secret1", m.Salt)})
			case *pgproto3.ParameterStatus:
				status[m.Name] = m.Value
			case *pgproto3.ErrorResponse:
				got = fmt.Sprintf("%s %s %s", m.Severity, m.Code, m.Message)
			case *pgproto3.ReadyForQuery:
				got = "ok " + status["client_encoding"]
				delete(status, "client_encoding")
				want := map[string]string{
					"server_version": "8.0.2", "DateStyle": "ISO, MDY", "TimeZone": "UTC", "integer_datetimes": "on",
					"is_superuser": "on", "session_authorization": "awsuser",
				}
				if diff := cmp.Diff(want, status); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
				}
			}
		}
		if got != tt.want {
			t.Errorf("%s %v:\n got %s\nwant %s", tt.name, tt.given, got, tt.want)
		}
		_ = conn.Close()
	}
}
