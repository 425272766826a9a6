package mask_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// expressions are ones with every function, over a row with these columns, and what they make of it.
var expressions = []struct{ typ, sql, want string }{
	{"integer", "abs(-n)", "42"},
	{"date", "add_months(born, 1)", "2000-03-31"},
	{"integer", "ascii(v)", "65"},
	{"varchar(20)", "btrim('xxyx', 'x')", "y"},
	{"integer", "cast(left(zip, 2) as integer) * 10", "100"},
	{"integer", "ceil(d) + ceiling(-d)", "1"},
	{"integer", "charindex('@', v)", "4"},
	{"char(1)", "chr(65 + mod(n, 26))", "Q"},
	{"varchar(20)", "coalesce(nothing, zip)", "10115"},
	{"varchar(20)", "concat(left(v, 1), '***')", "A***"},
	{"integer", "date_part(year, born)", "2000"},
	{"timestamp", "date_trunc('month', seen)", "2026-11-01 00:00:00"},
	{"date", "dateadd(day, -7, born)", "2000-02-22"},
	{"bigint", "datediff(day, born, seen::date)", "9767"},
	{"varchar(9)", "decode(n, 41, 'a', 42, 'b', 'c')", "b"},
	{"integer", "extract(quarter from born)", "1"},
	{"integer", "floor(d)", "12"},
	{"integer", "greatest(n, 7, 3) - least(n, 7, 3)", "39"},
	{"varchar(20)", "initcap(lower(v))", "Ada@Example.Org"},
	{"varchar(20)", `json_extract_path_text('{"a":{"b":"c"}}', 'a', 'b')`, "c"},
	{"date", "last_day(born)", "2000-02-29"},
	{"integer", "len(v) + length(zip) + octet_length(v)", "35"},
	{"varchar(20)", "lpad(zip, 7, '0') || rpad(zip, 7, '-')", "001011510115--"},
	{"varchar(20)", "ltrim('  a ') || rtrim(' a  ') || trim(' b ') || trim(both 'x' from 'xcx')", "a  abc"},
	{"varchar(40)", "md5('abc')", "900150983cd24fb0d6963f7d28e17f72"},
	{"numeric(9,2)", "months_between(born, '2000-01-29'::date)", "1.00"},
	{"varchar(20)", "nvl(nullif(zip, '10115'), 'none')", "none"},
	{"varchar(20)", "nvl2(nothing, 'some', 'none')", "none"},
	{"integer", "power(2, 10)", "1024"},
	{"integer", "regexp_count(v, '[a-z]') + regexp_instr(v, '@')", "16"},
	{"varchar(20)", "regexp_replace(v, '@.*', '@example.com')", "Ada@example.com"},
	{"varchar(20)", "regexp_substr(v, '[a-z]+')", "da"},
	{"varchar(20)", "replace(reverse(zip), '5', 'five')", "five1101"},
	{"varchar(20)", "right(zip, 2) || substring(zip, 1, 2)", "1510"},
	{"numeric(9,2)", "round(d, 1)", "12.30"},
	{"varchar(40)", "sha1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{"varchar(70)", "sha2('abc', 256)", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"integer", "sign(-n) * sqrt(49)", "-7"},
	{"varchar(20)", "split_part(v, '@', 2)", "example.org"},
	{"bigint", "strtol('abcd1234', 16) + strpos(v, '@')", "2882343480"},
	{"varchar(20)", "to_char(seen, 'YYYY-MM')", "2026-11"},
	{"date", "to_date('20261121', 'YYYYMMDD')", "2026-11-21"},
	{"varchar(20)", "to_hex(255)", "ff"},
	{"varchar(20)", "translate(upper(v), 'AEIOU', '*****')", "*D*@*X*MPL*.*RG"},
	{"integer", "trunc(d)", "12"},
	{"varchar(20)", "case when born < '2001-01-01' and not n between 50 and 60 then 'old' else 'young' end", "old"},
	{"double precision", "n / 4.0", "10.5"},
	{"boolean", "n > 40 or v is null", "t"},
}

// exprTable has a column for each expression.
func exprTable(t *testing.T) *mask.Table {
	t.Helper()
	columns := []string{"id integer not null", "n integer", "v varchar(40)", "zip char(5)", "nothing varchar(3)", "born date", "seen timestamp", "d numeric(9,2)"}
	uses := make(map[string]mask.Use)
	for _, c := range columns {
		name, _, _ := strings.Cut(c, " ")
		uses[name] = mask.Use{Transformer: "passthrough"}
	}
	for i, x := range expressions {
		name := fmt.Sprint("x", i)
		columns = append(columns, name+" "+x.typ)
		uses[name] = mask.Use{Transformer: "expr", Options: opt{"sql": x.sql, "keep_null": false}}
	}
	return newTable(t, define(t, "s.t", columns...), uses, nil)
}

// exprRow is the row that all of them are of.
func exprRow() redshift.SQL {
	fields := []redshift.SQL{
		redshift.Build("SELECT CAST(1 AS INTEGER) AS id, 42 AS n, CAST('Ada@example.org' AS VARCHAR(40)) AS v, CAST('10115' AS CHAR(5)) AS zip, CAST(NULL AS VARCHAR(3)) AS nothing"),
		redshift.Build("CAST('2000-02-29' AS DATE) AS born, CAST('2026-11-26 14:27:07' AS TIMESTAMP) AS seen, CAST(12.34 AS NUMERIC(9,2)) AS d"),
	}
	for i, x := range expressions {
		typ, err := redshift.ParseType(x.typ)
		if err != nil {
			panic(err)
		}
		name, err := redshift.NewIdent(fmt.Sprint("x", i))
		if err != nil {
			panic(err)
		}
		fields = append(fields, redshift.Build("CAST(NULL AS ?) AS ?", typ, name))
	}
	return redshift.Build("(?) t", redshift.Join(", ", fields...))
}

// TestExpressions: every function that an expression may have is there, and does what the manual says.
func TestExpressions(t *testing.T) {
	table := exprTable(t)
	row := session(t, keys(t, "dev", "1")).rows(table.Query(exprRow(), redshift.SQL{}).String())[0]
	for i, x := range expressions {
		if got := row[8+i]; string(got) != x.want {
			t.Errorf("%s: %s, want %s", x.sql, got, x.want)
		}
	}
	for _, f := range mask.Functions() {
		if !slices.ContainsFunc(expressions, func(x struct{ typ, sql, want string }) bool { return strings.Contains(x.sql, f+"(") }) {
			t.Errorf("%s stands in no expression", f)
		}
	}
	if err := table.InGo(); err == nil || !strings.Contains(err.Error(), "only a warehouse computes expressions") {
		t.Errorf("in Go: %v", err)
	}
	for _, r := range table.Report()[8:] {
		if r.Transformer != "expr" || r.Class != mask.Lossy || r.Privacy != mask.All {
			t.Errorf("it is reported as %+v", r)
		}
	}
}

// TestProbeWithExpressions: values that are made up may be none that an expression takes. All other masks are tried, those that stand
// beside one in a condition too.
func TestProbeWithExpressions(t *testing.T) {
	sql := opt{"sql": "cast(v as integer) / n"}
	hashed := mask.Use{Transformer: "hash_hex", Domain: "h"}
	table := newTable(t, define(t, "s.t", "id integer not null", "n integer", "v varchar(64) not null", "w varchar(64)", "x varchar(64)"), map[string]mask.Use{
		"id": {Transformer: "passthrough"}, "n": {Transformer: "passthrough"}, "v": {Transformer: "expr", Options: sql},
		"w": {Transformer: "expr", Options: sql, When: "n = 1", Else: &hashed}, "x": hashed,
	}, nil)
	k := keys(t, "dev", "1")
	w := session(t, k)
	p := table.Probe()
	answer := w.rows(p.Query.String())
	if err := p.Check(k, answer); err != nil {
		t.Fatal(err)
	}
	err := p.Check(keys(t, "dev", "2"), answer)
	if err == nil || !strings.Contains(err.Error(), "mask w") || !strings.Contains(err.Error(), "mask x") || strings.Contains(err.Error(), "mask v") {
		t.Errorf("under other keys: %v", err)
	}
	if _, err := w.try(table.Query(redshift.Build("(SELECT 1 AS id, 1 AS n, 'abc' AS v, 'x' AS w, 'x' AS x) t"), redshift.SQL{}).String()); err == nil {
		t.Error("the expression takes what it cannot take")
	}
}

// TestTrials: a server says what types do not go together, without a row.
func TestTrials(t *testing.T) {
	table := newTable(t, define(t, "s.t", "id integer not null", "v varchar(20)", "born date"), map[string]mask.Use{
		"id": {Transformer: "passthrough"}, "v": {Transformer: "expr", Options: opt{"sql": "left(v, 3)"}}, "born": {Transformer: "expr", Options: opt{"sql": "born || v"}, When: "id > 1", Else: &mask.Use{Transformer: "expr", Options: opt{"sql": "sqrt(v)"}}},
	}, nil)
	w := session(t, keys(t, "dev", "1"))
	var refused []string
	for i, trial := range table.Trials() {
		_, err := w.conn.Prepare(t.Context(), fmt.Sprint("trial", i), trial.Query.String(), nil)
		if err != nil {
			refused = append(refused, trial.Column)
		}
	}
	if fmt.Sprint(refused) != "[born]" {
		t.Errorf("refused are %v", refused)
	}
}

// TestUnproved: what does not fit the column is counted, and not cut before.
func TestUnproved(t *testing.T) {
	e := func(sql string) mask.Use {
		return mask.Use{Transformer: "expr", Options: opt{"sql": sql, "keep_null": false}}
	}
	def := define(t, "s.t", "id integer not null", "v varchar(4)", "c char(2)", "w varchar(10) not null", "n smallint")
	table := newTable(t, def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": e("v || 'äö'"), "c": e("case when id = 1 then 'ä' else c end"), "w": e("nullif(w, 'b')"), "n": e("n + 1")}, nil)
	rows := redshift.Build("(SELECT 1 AS id, CAST('' AS VARCHAR(4)) AS v, CAST('a' AS CHAR(2)) AS c, CAST('a' AS VARCHAR(10)) AS w, 1 AS n UNION ALL SELECT 2, 'a', 'b', 'b', 2 UNION ALL SELECT 3, 'abcd', 'c', 'c', NULL) t")
	w := session(t, keys(t, "dev", "1"))
	from := redshift.Build("(?) m", table.Query(rows, redshift.SQL{}))
	got := make(map[string]string)
	for _, u := range table.Unproved(from) {
		got[u.Column] = string(w.rows(u.Query.String())[0][0])
	}
	if want := map[string]string{"v": "2", "c": "1", "w": "1"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v do not fit, want %v", got, want)
	}
	// A value that is NULL stays NULL unless somebody says otherwise.
	kept := newTable(t, define(t, "s.t", "id integer not null", "v varchar(9)"), map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": {Transformer: "expr", Options: opt{"sql": "nvl(v, 'none')"}}}, nil)
	if row := w.rows(kept.Query(redshift.Build("(SELECT 1 AS id, CAST(NULL AS VARCHAR(9)) AS v) t"), redshift.SQL{}).String())[0]; row[1] != nil {
		t.Errorf("NULL became %s", row[1])
	}
}

func TestReads(t *testing.T) {
	columns := []string{"ssn", "zip", "note"}
	for _, c := range []struct{ sql, want string }{
		{"left(SSN, 3) || zip", "[ssn zip]"},
		{"'ssn'", "[]"},
		{`"ssn"`, "[ssn]"},
		{"(select ssn from t)", "[ssn zip note]"}, // which is refused elsewhere
	} {
		if got := fmt.Sprint(mask.Reads(c.sql, columns)); got != c.want {
			t.Errorf("%s reads %s, want %s", c.sql, got, c.want)
		}
	}
}
