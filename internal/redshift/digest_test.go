package redshift_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

func ident(tb testing.TB, name string) redshift.Ident {
	tb.Helper()
	n, err := redshift.NewIdent(name)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func table(tb testing.TB, name string) redshift.Table {
	tb.Helper()
	t, err := redshift.ParseTable(name)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// columns reads "a integer, b varchar(20)".
func columns(tb testing.TB, spec string) []redshift.Column {
	tb.Helper()
	var out []redshift.Column
	for part := range strings.SplitSeq(spec, ";") {
		name, typ, _ := strings.Cut(strings.TrimSpace(part), " ")
		t, err := redshift.ParseType(typ)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, redshift.Column{Name: ident(tb, name), Type: t})
	}
	return out
}

func (s *session) digest(tb testing.TB, from redshift.SQL, cols []redshift.Column) redshift.Digest {
	tb.Helper()
	var d redshift.Digest
	sql := redshift.DigestQuery(from, redshift.SQL{}, redshift.DigestColumns(cols))
	err := s.Query(tb.Context(), sql, func(row []*string) (err error) {
		d, err = redshift.ReadDigest(redshift.Layout(cols), row)
		return err
	})
	if err != nil {
		tb.Fatalf("%s\n%v", sql, err)
	}
	return d
}

// TestDigestBlindSpots holds pairs of tables that differ in a way that weaker digests do not see (hazard I8, and H2, F1,
// F6, G2 where they meet digests).
func TestDigestBlindSpots(t *testing.T) {
	t.Parallel()
	s := database(t)
	for name, tc := range map[string]struct {
		columns     string
		left, right string // VALUES
		want        []string
	}{
		"one cell": {
			"a integer; b varchar(10)", "(1, 'x'), (2, 'y')", "(1, 'x'), (2, 'z')",
			[]string{"column b has other values in the target"},
		},
		"row missing": {
			"a integer", "(1), (2)", "(1)",
			[]string{"2 rows in the source, 1 in the target", "column a has 2 values in the source, 1 in the target"},
		},
		"row twice instead of another": {
			"a integer", "(1), (2), (3)", "(1), (1), (3)",
			[]string{"column a has other values in the target"},
		},
		// XOR of hashes cancels pairs: both come to nothing.
		"XOR cancels pairs": {
			"a integer", "(1), (1)", "(2), (2)",
			[]string{"column a has other values in the target"},
		},
		"XOR cancels pairs among others": {
			"a integer; b integer", "(1, 1), (1, 1), (5, 5)", "(2, 2), (2, 2), (5, 5)",
			[]string{"column a has other values in the target", "column b has other values in the target"},
		},
		// Concatenation without borders.
		"text moves over the border of columns": {
			"a varchar(10); b varchar(10)", "('a', 'bc')", "('ab', 'c')",
			[]string{"column a has other values in the target", "column b has other values in the target"},
		},
		"delimiter in text": {
			"a varchar(10); b varchar(10)", "('x|1:y', 'z')", "('x', '1:y|1:z')",
			[]string{"column a has other values in the target", "column b has other values in the target"},
		},
		// NULL and the empty string, in every column and place.
		"NULL is not empty": {
			"a varchar(10)", "(NULL)", "('')",
			[]string{"column a has 0 values in the source, 1 in the target"},
		},
		"NULL changes places": {
			"a varchar(10); b varchar(10)", "(NULL, ''), ('', NULL), (NULL, ''), ('', NULL)", "(NULL, NULL), ('', ''), (NULL, NULL), ('', '')",
			[]string{"every column has the same values, but not in the same rows"},
		},
		"NULL row": {
			"a integer; b integer", "(NULL, NULL)", "(NULL, 1)",
			[]string{"column b has 0 values in the source, 1 in the target"},
		},
		// Per-column digests alone do not see values that change rows; row digests without position do not see columns.
		"values change rows": {
			"a integer; b integer", "(1, 10), (2, 20)", "(1, 20), (2, 10)",
			[]string{"every column has the same values, but not in the same rows"},
		},
		"columns swapped": {
			"a integer; b integer", "(1, 2), (3, 4)", "(2, 1), (4, 3)",
			[]string{"column a has other values in the target", "column b has other values in the target"},
		},
		"columns swapped with equal sets": {
			"a integer; b integer", "(1, 2), (2, 3), (3, 1)", "(2, 1), (3, 2), (1, 3)",
			[]string{"every column has the same values, but not in the same rows"},
		},
		"sum of values is equal": {
			"a bigint", "(1), (4)", "(2), (3)",
			[]string{"column a has other values in the target"},
		},
		// The last byte of FNV-1a is structured: sums over its hashes can be equal for other values. MD5 stands between.
		"floats by bits": {
			"a double precision", "(0.1)", "(0.1 + 1.3877787807814457e-17)",
			[]string{"column a has other values in the target"},
		},
		"floats, minus zero": {
			"a double precision", "(0.0)", "('-0.0')",
			[]string{"column a has other values in the target"},
		},
		"reals": {
			"a real", "(1.0000001)", "(1.0000002)",
			[]string{"column a has other values in the target"},
		},
		"decimal's last digit": {
			"a decimal(38,10)", "(9999999999999999999999999999.9999999999)", "(9999999999999999999999999999.9999999998)",
			[]string{"column a has other values in the target"},
		},
		"boolean": {
			"a boolean", "(true), (NULL)", "(false), (NULL)",
			[]string{"column a has other values in the target"},
		},
		"microsecond": {
			"a timestamp", "('2026-01-01 00:00:00.000001')", "('2026-01-01 00:00:00')",
			[]string{"column a has other values in the target"},
		},
		"before Christ": {
			"a date", "('0044-03-15')", "('0044-03-15 BC')",
			[]string{"column a has other values in the target"},
		},
		"trailing blank in varchar": {
			"a varchar(10)", "('x')", "('x ')",
			[]string{"column a has other values in the target"},
		},
		"trailing blank in char": {
			"a char(10)", "('x')", "('x ')", nil,
		},
		"byte in varbyte": {
			"a varbyte(10)", "('')", "(NULL)",
			[]string{"column a has 1 values in the source, 0 in the target"},
		},
		"super": {
			"a super", `('{"a":1}')`, `('{"a":1.0}')`,
			[]string{"column a has other values in the target"},
		},
		"wide table: text moves over the border": {
			"a varchar(65535); b varchar(65535)", "('a', 'bc'), ('ab', 'c')", "('a', 'c'), ('ab', 'bc')",
			[]string{"every column has the same values, but not in the same rows"},
		},
		"wide table: NULL changes places": {
			"a varchar(65535); b varchar(65535)", "(NULL, ''), ('', NULL)", "(NULL, NULL), ('', '')",
			[]string{"every column has the same values, but not in the same rows"},
		},
		"order of rows": {
			"a integer; b varchar(5)", "(1, 'a'), (2, 'b'), (3, NULL)", "(3, NULL), (1, 'a'), (2, 'b')", nil,
		},
		"no rows": {"a integer", "(1)", "", []string{
			"1 rows in the source, 0 in the target", "column a has 1 values in the source, 0 in the target",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cols := columns(t, tc.columns)
			var def []string
			for _, c := range cols {
				typ := c.Type.String()
				if c.Type.Name == redshift.Varbyte {
					typ = "varbyte"
				}
				def = append(def, c.Name.String()+" "+typ)
			}
			s.exec(t, "DROP TABLE IF EXISTS l, r")
			for name, values := range map[string]string{"l": tc.left, "r": tc.right} {
				s.exec(t, fmt.Sprintf("CREATE TABLE %s (%s)", name, strings.Join(def, ", ")))
				if values != "" {
					s.exec(t, fmt.Sprintf("INSERT INTO %s VALUES %s", name, values))
				}
			}
			l, r := s.digest(t, redshift.Build("l"), cols), s.digest(t, redshift.Build("r"), cols)
			if diff := cmp.Diff(tc.want, l.Diff(r)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if same := l.Hex() == r.Hex(); same != (tc.want == nil) {
				t.Errorf("hex: %s and %s", l.Hex(), r.Hex())
			}
		})
	}
}

// TestDigestWidestTable shows that a table of 1,600 columns, the most there may be, has a digest, and that a change in
// its last one is seen.
func TestDigestWidestTable(t *testing.T) {
	t.Parallel()
	s := database(t)
	var spec, def, values []string
	for i := range 1600 {
		// Types that PostgreSQL keeps in few bytes: its rows are shorter than Redshift's.
		typ, value := []string{"integer", "varchar(65535)", "decimal(38,10)", "boolean"}[i%4], []string{"1", "''", "1.5", "true"}[i%4]
		spec = append(spec, fmt.Sprintf("c_%d %s", i, typ))
		def = append(def, fmt.Sprintf("c_%d %s", i, typ))
		values = append(values, value)
	}
	cols := columns(t, strings.Join(spec, ";"))
	s.exec(t, "CREATE TABLE t ("+strings.Join(def, ", ")+")")
	s.exec(t, "INSERT INTO t VALUES ("+strings.Join(values, ", ")+")")
	before := s.digest(t, redshift.Build("t"), cols)
	s.exec(t, "UPDATE t SET c_1599 = NULL")
	after := s.digest(t, redshift.Build("t"), cols)
	if diff := cmp.Diff([]string{"column c_1599 has 1 values in the source, 0 in the target"}, before.Diff(after)); diff != "" {
		t.Error(diff)
	}
}

// One look at all rows tells the digest of the newest of each key, how many rows there are, and what the recent ones are: what three
// would, of a value of every type, and NULLs.
func TestDigestOfTheNewest(t *testing.T) {
	t.Parallel()
	s := database(t)
	const spec = "id integer; v varchar(20); c char(4); n decimal(12,2); d date; at timestamp; z timestamptz; ok boolean; r real"
	cols := columns(t, spec)
	s.exec(t, "CREATE TABLE t ("+strings.ReplaceAll(spec, ";", ",")+")")
	s.exec(t, `INSERT INTO t (id, v, c, n, d, at, z, ok, r) VALUES
 (1, 'old', 'a', 1.5, '2026-01-01', '2026-01-01', '2026-01-01', true, 1.5), (1, 'new', 'a', 1.5, '2026-01-01', '2026-01-03', '2026-01-01', true, 1.5),
 (2, NULL, NULL, NULL, NULL, '2026-01-02', NULL, NULL, NULL), (3, '', '', -0.01, '9999-12-31', '2026-01-03', '2026-01-01 10:00:00+02', false, 0),
 (3, 'b|"', 'b', 7, '2026-01-01', '2026-01-01 00:00:00.000001', '2026-01-01', false, 1), (4, 'x', 'x', 1, '2026-01-04', '2026-01-04', '2026-01-04', true, 2)`)
	const ranked = "(SELECT *, RANK() OVER (PARTITION BY id ORDER BY at DESC) AS k FROM t) AS q"
	newest := s.digest(t, redshift.Raw("(SELECT * FROM "+ranked+" WHERE k = 1) AS n"), cols)
	if newest.Rows != 4 {
		t.Fatalf("%d rows are the newest", newest.Rows)
	}
	for _, recent := range []string{"at >= '2026-01-03'", "at >= '2026-01-01 00:00:00.000001' AND at <= '2026-01-03'", "at > '2027-01-01'"} {
		for _, near := range [][]int{nil, {0, 5}, {0, 1, 2, 3, 4, 5, 6, 7, 8}} {
			var of []redshift.Column
			for _, i := range near {
				of = append(of, cols[i])
			}
			sql := redshift.NewestDigestQuery(redshift.Raw(ranked), redshift.DigestColumns(cols), redshift.Build("k = 1"), near, redshift.Raw(recent))
			var got redshift.Digest
			var all int64
			var sum string
			if err := s.Query(t.Context(), sql, func(row []*string) (err error) {
				got, all, sum, err = redshift.ReadNewest(redshift.Layout(cols), row)
				return err
			}); err != nil {
				t.Fatalf("%s\n%v", sql, err)
			}
			want := ""
			if len(near) > 0 {
				want = s.one(t, redshift.Build("SELECT ? FROM t WHERE ?", redshift.Sum(redshift.DigestColumns(of), redshift.SQL{}), redshift.Raw(recent)))[0]
			}
			if diff := newest.Diff(got); diff != nil || got.Hex() != newest.Hex() || all != 6 || sum != want {
				t.Errorf("%s, %v: %q, %d rows, recent ones %q, want %q", recent, near, diff, all, sum, want)
			}
		}
	}
}

func TestReadNewestRefuses(t *testing.T) {
	t.Parallel()
	layout := redshift.Layout(columns(t, "a integer"))
	row := func(fields ...string) (out []*string) {
		for _, f := range fields {
			if f == "NULL" {
				out = append(out, nil)
				continue
			}
			out = append(out, &f)
		}
		return out
	}
	for name, fields := range map[string][]string{
		"a digest alone":       {"1", "2", "3", "1:4"},
		"more than is asked":   {"1", "2", "3", "1:4", "5", "6", "7"},
		"a digest that is not": {"1", "2", "x", "1:4", "5"},
		"no count":             {"1", "2", "3", "1:4", "NULL"},
		"no number":            {"1", "2", "3", "1:4", "1:2:3"},
		"nothing of the rest":  {"1", "2", "3", "1:4", "5", "NULL"},
	} {
		if _, _, _, err := redshift.ReadNewest(layout, row(fields...)); err == nil || !strings.HasPrefix(err.Error(), "read digest: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDigestOfQuery takes the digest of what a query with a filter answers.
func TestDigestOfQuery(t *testing.T) {
	t.Parallel()
	s := database(t)
	s.exec(t, "CREATE TABLE t (a integer, b varchar(10)); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, NULL)")
	s.exec(t, "CREATE TABLE u (a integer, b varchar(10)); INSERT INTO u VALUES (3, NULL), (2, 'Y')")
	cols := columns(t, "a integer; b varchar(10)")
	exprs := redshift.DigestColumns(cols)
	exprs[1].Expr = redshift.Build("UPPER(?)", cols[1].Name)
	read := func(sql redshift.SQL) redshift.Digest {
		t.Helper()
		var d redshift.Digest
		if err := s.Query(t.Context(), sql, func(row []*string) (err error) {
			d, err = redshift.ReadDigest(redshift.Layout(cols), row)
			return err
		}); err != nil {
			t.Fatalf("%s\n%v", sql, err)
		}
		return d
	}
	want := s.digest(t, redshift.Build("u"), cols)
	if diff := want.Diff(read(redshift.DigestQuery(redshift.Build("t"), redshift.Raw("a > 1 or false"), exprs))); diff != nil {
		t.Errorf("table with filter: %q", diff)
	}
	query := redshift.Build("(\n?\n) AS q", redshift.Raw("select * from t where a > 1 -- not the first"))
	if diff := want.Diff(read(redshift.DigestQuery(query, redshift.SQL{}, exprs))); diff != nil {
		t.Errorf("query: %q", diff)
	}
	for marker, want := range map[string]string{"y": "1", "x": "0", "Y": "0"} {
		got := s.one(t, redshift.NullMarkerQuery(redshift.Build("t"), redshift.Raw("a > 1"), cols, marker))
		if got[0] != want {
			t.Errorf("%s values equal the marker %q, want %s", got[0], marker, want)
		}
	}
	if sql := redshift.NullMarkerQuery(redshift.Build("t"), redshift.SQL{}, cols[:1], "x"); !sql.IsZero() {
		t.Errorf("a query without text columns: %s", sql)
	}
	id := redshift.Column{Name: cols[0].Name, Identity: &redshift.Identity{Seed: 100, Step: 5}}
	if got := s.one(t, redshift.NextIDQuery(redshift.Build("t"), redshift.SQL{}, id)); got[0] != "8" {
		t.Errorf("next id %s, want 8", got[0])
	}
	if got := s.one(t, redshift.NextIDQuery(redshift.Build("t"), redshift.Raw("a > 5"), id)); got[0] != "100" {
		t.Errorf("next id of no rows %s, want 100", got[0])
	}
	id.Identity = &redshift.Identity{Seed: -1, Step: -1}
	if got := s.one(t, redshift.NextIDQuery(redshift.Build("t"), redshift.SQL{}, id)); got[0] != "0" {
		t.Errorf("next id downwards %s, want 0", got[0])
	}
}

func TestReadDigest(t *testing.T) {
	t.Parallel()
	layout := redshift.Layout(columns(t, "a integer; b varchar(10)"))
	good := row("3", "123", "456", "2:789", "0:0")
	d, err := redshift.ReadDigest(layout, good)
	if err != nil {
		t.Fatal(err)
	}
	want := redshift.Digest{Rows: 3, Row: [2]string{"123", "456"}, Columns: []redshift.ColumnDigest{{"a", 2, "789"}, {"b", 0, "0"}}}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	seen := map[string]bool{d.Hex(): true}
	for i, other := range []redshift.Digest{
		{Rows: 4, Row: want.Row, Columns: want.Columns},
		{Rows: 3, Row: [2]string{"1234", "56"}, Columns: want.Columns},
		{Rows: 3, Row: [2]string{"456", "123"}, Columns: want.Columns},
		{Rows: 3, Row: want.Row, Columns: want.Columns[:1]},
		{Rows: 3, Row: want.Row, Columns: []redshift.ColumnDigest{{"a", 2, "789"}, {"c", 0, "0"}}},
		{Rows: 3, Row: want.Row, Columns: []redshift.ColumnDigest{{"a", 27, "89"}, {"b", 0, "0"}}},
		{Rows: 3, Row: want.Row, Columns: []redshift.ColumnDigest{{"b", 0, "0"}, {"a", 2, "789"}}},
	} {
		if seen[other.Hex()] {
			t.Errorf("digest %d has the hex of another", i)
		}
		seen[other.Hex()] = true
		if d.Diff(other) == nil || other.Diff(d) == nil {
			t.Errorf("digest %d does not differ", i)
		}
	}
	if d.Diff(want) != nil {
		t.Errorf("equal digests differ: %q", d.Diff(want))
	}
	for _, bad := range [][]*string{
		nil, good[:4], append(good[:5:5], good[0]),
		row("NULL", "1", "1", "1:1", "1:1"), row("x", "1", "1", "1:1", "1:1"), row("1", "NULL", "1", "1:1", "1:1"), row("1", "-1", "1", "1:1", "1:1"),
		row("1", "1", "1.5", "1:1", "1:1"), row("1", "1", "1", "NULL", "1:1"), row("1", "1", "1", "1", "1:1"), row("1", "1", "1", "1:", "1:1"),
		row("1", "1", "1", ":1", "1:1"), row("1", "1", "123456789012345678901234567890123456789", "1:1", "1:1"),
	} {
		if got, err := redshift.ReadDigest(layout, bad); err == nil {
			t.Errorf("taken: %+v", got)
		}
	}
}

// BenchmarkDigest measures the digest query over a million rows of 15 columns.
func BenchmarkDigest(b *testing.B) { benchmarkDigest(b, database(b)) }

func benchmarkDigest(b *testing.B, s *session) {
	s.exec(b, `CREATE TABLE flight_data (fl_date timestamp, airline_id integer, origin_region varchar(10),
origin_division varchar(20), origin_state_name char(15), origin_state_abr char(2), origin_ap char(3), dest_region varchar(10),
dest_division varchar(20), dest_state_name char(15), dest_state_abr char(2), dest_ap char(3), dep_delay numeric(8,2),
arr_delay numeric(8,2), cancelled boolean)`)
	s.exec(b, `INSERT INTO flight_data SELECT cast('2026-01-01' as timestamp) + (i % 365) * interval '1 day', 19000 + i % 20, 'Region' || i % 4,
'Division ' || i % 9, 'State ' || i % 50, chr(65 + i % 26) || 'A', chr(65 + i % 26) || 'AB', 'Region' || i % 5,
'Division ' || i % 8, 'State ' || i % 51, chr(65 + i % 25) || 'A', chr(65 + i % 25) || 'AB', (i % 10000) / 100.0 - 20,
CASE WHEN i % 50 > 0 THEN (i % 12000) / 100.0 - 30 END, i % 50 = 0 FROM generate_series(1, 1000000) i`)
	s.exec(b, "ANALYZE flight_data")
	cols := columns(b, `fl_date timestamp;airline_id integer;origin_region varchar(10);origin_division varchar(20);
origin_state_name char(15);origin_state_abr char(2);origin_ap char(3);dest_region varchar(10);dest_division varchar(20);
dest_state_name char(15);dest_state_abr char(2);dest_ap char(3);dep_delay decimal(8,2);arr_delay decimal(8,2);cancelled boolean`)
	from := redshift.Build("flight_data")
	for b.Loop() {
		if d := s.digest(b, from, cols); d.Rows != 1_000_000 {
			b.Fatalf("%d rows", d.Rows)
		}
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "rows/s")
}
