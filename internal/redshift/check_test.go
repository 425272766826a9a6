package redshift_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
)

var goodExpressions = []string{
	`country <> 'DE'`,
	`a = 1 and (b in (1, 2) or c like '%it''s%')`,
	`note = 'a;b--c/*d*/' and "odd;name--" is null`,
	`note <> '\\' and x > 0`,
	`note = '\''`,
	`updated_at >= date '2026-01-01' -- only this year`,
	"a = 1 /* first */ and\n-- second\nb = 2",
	`id in (select id from other where x = 1)`,
	`extract(year from d) = 2026`,
	`substring(a from 1 for 2) = 'xx'`,
	`a is distinct from b`,
	`case when a then b else c end = 1`,
	`(case when x then (a) end) = 1`,
	`t.copy is null and (copy = 'x') and (comment || 'x') <> ''`,
	`close > open`,
	`payload.items[0].price::decimal(10,2) > 5`,
	`note = '{{run}}'`,
	`a$b = 1`,
	`größe > 5`,
	`(start is null)`,
}

var badExpressions = map[string]string{
	``:                                     "no SQL",
	`  -- nothing`:                         "no SQL",
	`a = 1; drop table t`:                  "semicolon",
	`a = 1;`:                               "semicolon",
	`1=1) or (1=1`:                         "closes nothing",
	`1=1)`:                                 "closes nothing",
	`(1=1`:                                 "not closed",
	`a[1`:                                  "not closed",
	`a[1)`:                                 "closes nothing",
	`a = 'x`:                               "literal does not end",
	`a = 'x\'`:                             "literal does not end",
	`a = '\\\'`:                            "literal does not end",
	`a = "x`:                               "quoted name does not end",
	`a = 1 /* x`:                           "comment does not end",
	`a = 1 /* x /* y */ */`:                "comment in a comment",
	`a = 1 */ or 1=1`:                      "",
	`a = 1, b = 2`:                         "comma",
	`a = 1 union select 2`:                 "UNION",
	`a = 1 order by 1`:                     "ORDER",
	`a = 1 limit 1`:                        "LIMIT",
	`a = 1 group by a`:                     "GROUP",
	`select 1`:                             "SELECT",
	`1=1 into t`:                           "INTO",
	`x in (select 1 into t)`:               "INTO",
	`x in (delete from t)`:                 "DELETE",
	`x in (DELETE /**/ FROM t)`:            "DELETE",
	`exists (insert into t values (1))`:    "INSERT",
	`exists (update t set a = 1)`:          "UPDATE",
	`(copy t from 's3://x' iam_role 'y')`:  "COPY",
	`(unload ('select 1') to 's3://x')`:    "UNLOAD",
	`copy t from 's3://x'`:                 "COPY",
	`drop table t`:                         "DROP",
	`a = {{run}}`:                          "double braces",
	`a = $1`:                               "dollar",
	`a = $$x$$`:                            "dollar",
	`a = $tag$x$tag$`:                      "dollar",
	`a = E'\''`:                            "E'...'",
	`a = b'\'`:                             "",
	`a = x'00'`:                            "x'...'",
	`a = n'x'`:                             "n'...'",
	`a = U&'\0027 or 1=1 --'`:              "U&",
	"a = '\x00'":                           "NUL",
	"a = '\xff'":                           "UTF-8",
	`a = \`:                                "backslash",
	`(with x as (select 1) delete from t)`: "DELETE",
	`(grant select on t to public)`:        "GRANT",
	`(set search_path to x)`:               "SET",
	`(call p())`:                           "CALL",
	`(truncate t)`:                         "TRUNCATE",
	`1=1 -- comment` + "\r" + `; drop table t`: "semicolon",
	`(alter table t rename to u)`:              "ALTER",
	`(create table x (a int))`:                 "CREATE",
	`(vacuum t)`:                               "VACUUM",
}

func TestCheckExpression(t *testing.T) {
	t.Parallel()
	for _, s := range goodExpressions {
		if err := redshift.CheckExpression(s); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
		redshift.Raw(s)
	}
	for s, want := range badExpressions {
		err := redshift.CheckExpression(s)
		switch {
		case s == `a = 1 */ or 1=1`: // senseless, but it opens and closes nothing
		case err == nil:
			t.Errorf("%q is taken", s)
		case !strings.Contains(err.Error(), want):
			t.Errorf("%q: %v, want %q in it", s, err, want)
		}
	}
}

func TestCheckQuery(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		`select case when product_description ilike '%milk%' then 1 else 0 end milk_flag, * from food_enforcement`,
		"SELECT a, b -- the two\nFROM t ORDER BY a LIMIT 10",
		`with x as (select 1 as a), y as (select 2 as b) select * from x, y where x.a < y.b`,
		`(select 1) union all (select 2)`,
		`select ';' || '--' as "/*"`,
		`select count(*) as update from t`,
		`select "into" from t`,
		`select t.into from t`,
		`select (a) end from t`,
	} {
		if err := redshift.CheckQuery(s); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
		redshift.Raw(s)
	}
	for s, want := range map[string]string{
		``:                                   "no SQL",
		`()`:                                 "SELECT or WITH",
		`((`:                                 "not closed",
		`select 1; select 2`:                 "semicolon",
		`select * into t2 from t`:            "INTO",
		`insert into t select 1`:             "INSERT",
		`update t set a = 1`:                 "UPDATE",
		`explain select 1`:                   "EXPLAIN",
		`table t`:                            "SELECT or WITH",
		`values (1)`:                         "VALUES",
		`with x as (select 1) delete from t`: "DELETE",
		`with x as (select 1) insert into t select 1`:              "INSERT",
		`with x as (delete from t) select 1`:                       "DELETE",
		`with x as (values (1)) select * from x`:                   "VALUES",
		`with x as (copy t from 's3://b/x' iam_role 'r') select 1`: "COPY",
		`with x as (unload ('select 1') to 's3://b') select 1`:     "UNLOAD",
		`select 1 --`:              "",
		`select {{run}}`:           "double braces",
		`begin`:                    "SELECT or WITH",
		`show x`:                   "SHOW",
		`grant all on t to public`: "GRANT",
	} {
		err := redshift.CheckQuery(s)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q is refused: %v", s, err)
		case want != "" && err == nil:
			t.Errorf("%q is taken", s)
		case want != "" && !strings.Contains(err.Error(), want):
			t.Errorf("%q: %v, want %q in it", s, err, want)
		}
	}
}

// checkEnclosed shows that raw stays inside of the parentheses it is put in.
func checkEnclosed(t *testing.T, raw redshift.SQL) {
	t.Helper()
	const before, after = "SELECT 1 WHERE (", ") AND a = b"
	sql := redshift.Build(before+"?"+after, raw)
	pieces, err := reference(sql.String())
	if err != nil {
		t.Fatalf("%q: %v", sql, err)
	}
	end := len(pieces) - len(after)
	if end < len(before) || !slices.Equal(pieces[end:], chars(after)) {
		t.Fatalf("%q: does not end as it should", sql)
	}
	var open []string
	for _, p := range pieces[len(before):end] {
		if p.Kind != "char" {
			continue
		}
		switch p.Value {
		case ";":
			t.Fatalf("%q: a second statement", sql)
		case "(", "[":
			open = append(open, p.Value)
		case ")", "]":
			if len(open) == 0 {
				t.Fatalf("%q: more closed than opened", sql)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Fatalf("%q: more opened than closed", sql)
	}
}

func FuzzCheckExpression(f *testing.F) {
	for _, s := range goodExpressions {
		f.Add(s)
	}
	for s := range badExpressions {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if redshift.CheckExpression(s) == nil {
			raw := redshift.Raw(s)
			checkEnclosed(t, raw)
			if err := redshift.CheckExpression(raw.String()); err != nil {
				t.Errorf("%q is refused after it was taken: %v", raw, err)
			}
			if names, err := redshift.Build("?", raw).Placeholders(); err != nil || len(names) > 0 {
				t.Errorf("%q has placeholders %q, %v", raw, names, err)
			}
		}
		if redshift.CheckQuery(s) == nil {
			checkEnclosed(t, redshift.Raw(s))
		}
	})
}
