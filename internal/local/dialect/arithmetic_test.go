package dialect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// askedAnd answers what is asked for a statement's operands, round by round, and its translation where all are decimals of
// 8 digits, 2 of them behind the point.
func askedAnd(t *testing.T, sql string) (asked []string, translated string) {
	t.Helper()
	st := Split(sql)[0]
	tr := Translate(st, Env{})
	_, tr, err := Typing(st, Env{}, tr, func(query string) ([]ColumnType, error) {
		asked = append(asked, query)
		list, _, _ := strings.Cut(query[strings.LastIndex(query, "SELECT ")+7:], " FROM ")
		of := ColumnType{OID: 1700, Modifier: 4 + 8<<16 + 2}
		if strings.Contains(query, "(select a / b as x") || strings.Contains(query, "(select sum(a) as x") {
			of.Modifier = -1
		}
		return slices.Repeat([]ColumnType{of}, strings.Count(list, ",")+1), nil
	})
	if err != nil || tr.Err != nil {
		t.Fatal(err, tr.Err)
	}
	return asked, tr.SQL
}

// TestAskedTypes: PostgreSQL is asked for the types of what divisions may be of, in the query that they stand in, and for no
// others.
func TestAskedTypes(t *testing.T) {
	t.Parallel()
	const quotient = "(+pg_catalog.trunc(a OPERATOR(rs./) b, 9))::numeric(17,9)"
	for _, c := range []struct {
		sql, translated string
		asked           []string
	}{
		{"select a + b * c, '1 / 2', x /* / */ from t", "", nil},
		{"select 7 / 2, a::float / b, (c)::int / 3, a / -2.5e1::real from t", "", nil},
		{"select 7 / 2.0 x, (1.50/0.05) from t", `select (+pg_catalog.trunc(7 OPERATOR(rs./) 2.0, 4))::numeric(15,4) x, ((+pg_catalog.trunc(1.50 OPERATOR(rs./) 0.05, 4))::numeric(7,4)) AS "?column?" from t`, nil},
		{"select a/b from t", "select " + quotient + ` AS "?column?" from t`, []string{"SELECT a, b FROM t"}},
		{"select a / b from s.t x join u on c = d where e group by f", "select " + quotient + ` AS "?column?" from s.t x join u on c = d where e group by f`, []string{"SELECT a, b FROM s.t x join u on c = d"}},
		{"select c, a / b > 1, d - a / b as e from t", "select c, " + quotient + " > 1, (d - " + quotient + ")::numeric(18,9) as e from t", []string{"SELECT a, b, d, a, b FROM t"}},
		{"select x from (select a / b as x from t) where x > 1", "select x from (select " + quotient + " as x from t) AS rs_q1 where x > 1", []string{"SELECT a, b FROM t"}},
		{
			"with q as (select a / b as x from t) select sum(x) / 2 from q", "with q as (select " + quotient + " as x from t) select (+pg_catalog.trunc(sum(x) OPERATOR(rs./) 2, 4))::numeric(38,4) AS \"?column?\" from q",
			[]string{"SELECT a, b FROM t", "WITH q as (select a / b as x from t) SELECT x FROM q", "WITH q as (select " + quotient + " as x from t) SELECT x FROM q"},
		},
		{
			"select 1 from t where exists (select 1 from u where t.a / u.b > 1)", "select 1 from t where exists (select 1 from u where (+pg_catalog.trunc(t.a OPERATOR(rs./) u.b, 9))::numeric(17,9) > 1)",
			[]string{"SELECT (SELECT t.a FROM u), (SELECT u.b FROM u) FROM t", "SELECT (SELECT t.a FROM u) FROM t", "SELECT (SELECT u.b FROM u) FROM t"},
		},
		{"update t set a = b / c from u where d", "update t set a = (+pg_catalog.trunc(b OPERATOR(rs./) c, 9))::numeric(17,9) from u where d", []string{"SELECT b, c FROM t, u"}},
		{"delete from t using u where a / b > 1", "delete from t using u where " + quotient + " > 1", []string{"SELECT a, b FROM t, u"}},
		{"merge into t using s on t.a = s.a when matched then update set b = a / b when not matched then insert values (1)", "merge into t using s on t.a = s.a when matched then update set b = " + quotient + " when not matched then insert values (1)", []string{"SELECT a, b FROM t, s"}},
		{
			"select x / 2 from (select sum(a) as x, 0.5 y, max(b), case when c then b end, d::date from t)",
			`select (+pg_catalog.trunc(x OPERATOR(rs./) 2, 13))::numeric(19,13) AS "?column?" from (select (sum(a))::numeric(38,2) as x, (0.5)::numeric(1,1) y, (max(b))::numeric(8,2), (case when c then b end)::numeric(8,2) AS "case", d::date from t) AS rs_q1`,
			[]string{"SELECT a, b, b FROM t", "SELECT x FROM (select sum(a) as x, (0.5)::numeric(1,1) y, max(b), case when c then b end, d::date from t) AS rs_q1", "SELECT x FROM (select (sum(a))::numeric(38,2) as x, (0.5)::numeric(1,1) y, (max(b))::numeric(8,2), (case when c then b end)::numeric(8,2) AS \"case\", d::date from t) AS rs_q1"},
		},
		{`select"a"/"b"from t`, `select (+pg_catalog.trunc("a" OPERATOR(rs./) "b", 9))::numeric(17,9) AS "?column?"from t`, []string{`SELECT "a", "b" FROM t`}},
		{"select f(a / b), x ^ a / b, interval '1' day * a / b, '1' / b, $1 / b from t", "select f(" + quotient + "), x ^ a / b, interval '1' day * a / b, '1' / b, $1 / b from t", nil},
		{"create table t (a decimal(9,4) default 1.0 / 3)", "", nil},
		{"insert into t (a) values (1.0 / 3)", "insert into t (a) values ((+pg_catalog.trunc(1.0 OPERATOR(rs./) 3, 12))::numeric(13,12))", nil},
		{"with recursive r as (select a / b from t union all select c from r) select 1.0 / 3 from r", "", nil},
		{"select 1.0 / 3 from pg_catalog.pg_proc c", "select 1.0 / 3 from rs.pg_proc c", nil},
	} {
		asked, translated := askedAnd(t, c.sql)
		if c.translated == "" {
			c.translated = c.sql
		}
		if c.asked == nil && strings.Contains(c.translated, "f((+pg") {
			asked = nil // what PostgreSQL knows of the other operands there
		}
		if diff := cmp.Diff(c.asked, asked); diff != "" {
			t.Errorf("%s asks (-want +got)\n%s", c.sql, diff)
		}
		if translated != c.translated {
			t.Errorf("%s\nbecame %s\n  want %s", c.sql, translated, c.translated)
		}
	}
}

// TestUnknownOperands: what PostgreSQL refuses to describe leaves its division as it is, and no other.
func TestUnknownOperands(t *testing.T) {
	t.Parallel()
	st := Split("select a / b, a / c, a / (d / e) from t")[0]
	_, tr, err := Typing(st, Env{}, Translate(st, Env{}), func(query string) ([]ColumnType, error) {
		switch {
		case strings.Contains(query, "c"):
			return nil, nil
		case strings.Contains(query, "e"):
			return []ColumnType{{OID: 701, Modifier: -1}}, nil
		}
		return []ColumnType{{OID: 1700, Modifier: 4 + 8<<16 + 2}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `select (+pg_catalog.trunc(a OPERATOR(rs./) b, 9))::numeric(17,9) AS "?column?", a / c, a / (d / e) from t`
	if tr.SQL != want {
		t.Errorf("got %s\nwant %s", tr.SQL, want)
	}
}

// TestLongArithmetic: the time that long statements take grows with them, and those that nest too deep are left as they are.
func TestLongArithmetic(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"rows":     "insert into t values " + strings.Repeat("(1.0 / 3, 'a'), ", 50_000) + "(1, 'b')",
		"items":    "select " + strings.Repeat("a / b, ", 20_000) + "1 from t",
		"terms":    "select " + strings.Repeat("a / b + ", 200_000) + "1 from t",
		"brackets": "select " + strings.Repeat("(", 100_000) + "a / b" + strings.Repeat(")", 100_000) + " from t",
		"calls":    "select " + strings.Repeat("f(", 100_000) + "a / b" + strings.Repeat(")", 100_000) + " from t",
		"cases":    "select " + strings.Repeat("case when a then ", 50_000) + "a / b" + strings.Repeat(" end", 50_000) + " from t",
		"queries":  "select a / b from " + strings.Repeat("(select a / b as a, b from ", 150) + "t" + strings.Repeat(")", 150),
		"givens":   "with a as (select a / b as a from t)" + strings.Repeat(", a as (select a / 3 from a)", 500) + " select a / 2 from a",
		"signs":    "select a / " + strings.Repeat("- ", 200_000) + "b from t",
		"casts":    "select a / b" + strings.Repeat("::decimal", 100_000) + " from t",
	} {
		start := time.Now()
		askedAnd(t, sql)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v for %d bytes", name, took, len(sql))
		} else {
			t.Logf("%s: %v for %d bytes", name, took, len(sql))
		}
	}
}
