package history

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/local/catalog"
	"github.com/sealift/sealift/internal/local/pgserver"
	"github.com/sealift/sealift/internal/local/transfer"
	"github.com/sealift/sealift/internal/local/wire"
)

var postgres *pgserver.Server

func TestMain(m *testing.M) {
	if err := testMain(m); err != nil {
		log.Fatal(err)
	}
}

func testMain(m *testing.M) error {
	dir, err := os.MkdirTemp("", "sealift-history")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	postgres, err = pgserver.Start(context.Background(), pgserver.Options{
		Dir: filepath.Join(dir, "data"), CacheDir: filepath.Join(dir, "cache"), Superuser: "rdsdb",
		Settings: catalog.Settings(),
		Bootstrap: func(ctx context.Context, s *pgserver.Server) error {
			c, err := s.Connect(ctx, "rdsdb", "template1", nil)
			if err != nil {
				return err
			}
			return errors.Join(catalog.Install(ctx, c, catalog.Options{Account: "111111111111", Region: "eu-west-1", Cluster: "c", Slices: 2}), c.Close(ctx))
		},
	})
	if err != nil {
		return err
	}
	m.Run()
	return errors.Join(postgres.Close(), goleak.Find())
}

// open opens a history with a database of its own.
func open(tb testing.TB) (l *Log, database string) {
	tb.Helper()
	database = "d" + strings.ToLower(tb.Name())
	query(tb, "postgres", "create database "+database)
	l, err := Open(Options{
		PostgreSQL: postgres, IDFile: filepath.Join(tb.TempDir(), "id"), Log: slog.New(slog.DiscardHandler),
		Redact: func(sql string) string { return strings.ReplaceAll(sql, "secret", "***") },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return l, database
}

// query runs SQL and writes the rows down.
func query(tb testing.TB, database, sql string) string {
	tb.Helper()
	c, err := postgres.Connect(tb.Context(), "rdsdb", database, map[string]string{"standard_conforming_strings": "on"})
	if err != nil {
		tb.Fatal(err)
	}
	results, err := c.Exec(tb.Context(), sql).ReadAll()
	if err := errors.Join(err, c.Close(tb.Context())); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	var lines []string
	for _, row := range results[0].Rows {
		var values []string
		for _, v := range row {
			if v == nil {
				values = append(values, "NULL")
				continue
			}
			values = append(values, string(v))
		}
		lines = append(lines, strings.Join(values, "|"))
	}
	return strings.Join(lines, "\n")
}

var start = time.Date(2026, 11, 21, 10, 15, 0, 123456000, time.FixedZone("", 3600))

func TestStatements(t *testing.T) {
	l, db := open(t)
	for i, s := range []wire.Statement{
		{Text: "select 'a\tb\\n\n\r', 'é😀' -- secret", Verb: "SELECT", Rows: 3},
		{Text: "not \xff valid \x00", ErrorCode: "42601", ErrorMessage: "syntax error"},
		{Text: "copy", Verb: "COPY", ErrorCode: "57014", ErrorMessage: "cancelled"},
	} {
		s.ID, s.Database, s.UserID, s.PID, s.Start, s.End = int64(i+1), db, 10, 77, start, start.Add(time.Second)
		l.Record(s)
	}
	if err := l.Flush(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	got := query(t, db, "select query, userid, pid, database, starttime, endtime, status, error_code, error, verb, rows, text from rs.query_log order by query")
	want := "1|10|77|dteststatements|2026-11-21 09:15:00.123456|2026-11-21 09:15:01.123456|success|NULL|NULL|SELECT|3|select 'a\tb\\n\n\r', 'é😀' -- ***\n" +
		"2|10|77|dteststatements|2026-11-21 09:15:00.123456|2026-11-21 09:15:01.123456|failed|42601|syntax error||0|not ? valid ?\n" +
		"3|10|77|dteststatements|2026-11-21 09:15:00.123456|2026-11-21 09:15:01.123456|aborted|57014|cancelled|COPY|0|copy"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// What was not flushed is written by Close, and a database that is gone is an error and nothing worse.
	l.Record(wire.Statement{ID: 4, Database: db, Start: start, End: start})
	l.Record(wire.Statement{ID: 5, Database: "nowhere", Start: start, End: start})
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Error(err)
	}
	if got := query(t, db, "select count(*) from rs.query_log"); got != "4" {
		t.Error(got)
	}
}

// TestSteps writes what a statement did to a table by its steps.
func TestSteps(t *testing.T) {
	l, db := open(t)
	table := wire.Table{OID: 4000000000, Schema: "an é", Name: `a "table`}
	l.Record(wire.Statement{ID: 1, Database: db, Start: start, End: start, Table: table, Steps: []wire.Step{{Name: "delete", Rows: 5}, {Name: "insert", Rows: -1}}})
	l.Record(wire.Statement{ID: 2, Database: db, Start: start, End: start})
	if err := l.Flush(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	got := query(t, db, "select query, step, name, tbl, schema_name, table_name, rows from rs.step_log order by query, step")
	if want := "1|0|delete|4000000000|an é|a \"table|5\n1|1|insert|4000000000|an é|a \"table|-1"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Connections are not kept: one to a database keeps it from being dropped.
func TestDropDatabase(t *testing.T) {
	l, db := open(t)
	l.Record(wire.Statement{ID: 1, Database: db, Start: start, End: start})
	if err := l.Flush(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	query(t, "postgres", "drop database "+db) // waits for five seconds
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestTransfers(t *testing.T) {
	l, db := open(t)
	st := transfer.Statement{QueryID: 7, UserOID: 10, PID: 77, Database: db, Start: start, Status: transfer.Running}
	load := &transfer.Load{Statement: st, TableOID: 5, Table: "t", Source: "s3://b/k", Format: "txt"}
	if err := l.Load(t.Context(), load); err != nil {
		t.Fatal(err)
	}
	if got := query(t, db, "select query, status, endtime, loaded_rows from rs.load_log"); got != "7|running|NULL|0" {
		t.Error(got)
	}
	load.Status, load.End, load.Rows, load.ErrorCount = transfer.Failed, start.Add(time.Minute), 5, 1
	load.Files = []transfer.LoadedFile{{Slice: 1, URL: "s3://b/k0", Lines: 6, Bytes: 100, Errors: 1, Time: start}}
	load.Errors = []transfer.LoadError{{
		Slice: 1, URL: "s3://b/k0", Time: start, Line: 3, Column: "c", Type: "int4", Length: "4", RawLine: "a|b", RawFieldValue: "b", Code: 1207,
		Reason: "Invalid digit", Fields: []transfer.ErrorField{{Column: "a", Value: "1", Type: "int4"}, {Column: "c", Null: true}},
	}}
	load.Replacements = []transfer.Replacement{{Slice: 1, URL: "s3://b/k0", Time: start, Line: 4, Column: "d", RawLine: "x\xff"}}
	for range 2 { // the same again changes nothing
		if err := l.Load(t.Context(), load); err != nil {
			t.Fatal(err)
		}
	}
	unload := &transfer.Unload{
		Statement: st, Format: "PARQUET", Location: "s3://b/u", Rows: 9, Bytes: 20,
		Files: []transfer.UnloadedFile{{Slice: 0, URL: "s3://b/u0", Start: start, End: start, Rows: 9, Bytes: 20}},
	}
	if err := l.Unload(t.Context(), unload); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ sql, want string }{
		{"select query, status, endtime, loaded_rows, error_count from rs.load_log", "7|failed|2026-11-21 09:16:00.123456|5|1"},
		{"select slice, filename, lines_scanned, bytes_scanned, errors, file_format from rs.load_commit", "1|s3://b/k0|6|100|1|Text"},
		{"select line_number, colname, raw_field_value, err_code, err_reason from rs.load_error", "3|c|b|1207|Invalid digit"},
		{"select field, colname, value, is_null from rs.load_error_detail order by field", "0|a|1|0\n1|c||1"},
		{"select line_number, raw_line from rs.load_replacement", "4|x?"},
		{"select rows, file_count, file_bytes from rs.unload_log", "9|1|20"},
		{"select path, line_count from rs.unload_file", "s3://b/u0|9"},
	} {
		if got := query(t, db, tt.sql); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.sql, got, tt.want)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Ids only grow: over restarts, and over a crash.
func TestIDs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "id")
	var last int64
	for range 3 {
		i := ids{file: file}
		if err := i.open(); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		seen := map[int64]bool{}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range idBlock / 3 {
					n, err := i.next()
					mu.Lock()
					if err != nil || n <= last || seen[n] {
						t.Errorf("%d after %d, %v", n, last, err)
					}
					seen[n] = true
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for n := range seen {
			last = max(last, n)
		}
		// No close: the process was killed.
	}
	i := ids{file: file}
	if err := i.open(); err != nil {
		t.Fatal(err)
	}
	n, err := i.next()
	if err := errors.Join(err, i.close()); err != nil {
		t.Fatal(err)
	}
	again := ids{file: file}
	if err := again.open(); err != nil {
		t.Fatal(err)
	}
	if next, err := again.next(); err != nil || next != n+1 {
		t.Errorf("%d after %d was closed, %v", next, n, err)
	}
	if err := os.WriteFile(file, []byte("many"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := again.open(); err == nil {
		t.Error("opened a file without a number")
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a", "\\", "\t\n\r", "\x00", "\xff\xfe", "é😀", `\N`, `\.`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		escape(&b, s)
		got := b.String()
		if strings.ContainsAny(got, "\t\n\r\x00") {
			t.Fatalf("%q: a separator is left in %q", s, got)
		}
		back := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(got)
		want := strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
		if back != want {
			t.Errorf("%q comes back as %q", want, back)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	l, db := open(b)
	s := wire.Statement{ID: 1, Database: db, Text: "select abalance from pgbench_accounts where aid = 12345", Start: start, End: start}
	var n int64
	for b.Loop() {
		n++
		s.ID = n
		l.Record(s)
		if n%10000 == 0 {
			if err := l.Flush(b.Context(), db); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "statements/s")
}
