package dialect

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/names"
)

// A long name goes by its short one wherever a statement has it; everything else stays as it is.
func TestShorten(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 64)
	upper := strings.Repeat("É", 40) + "Q"
	short, other := names.Short(long), names.Short(strings.Repeat("É", 40)+"q")
	known := func(name string) bool { return name == long }
	for sql, want := range map[string]string{
		"select 1":                     "select 1",
		"select a." + long + " from a": "select a." + short + " from a",
		`select "` + strings.ToUpper(long) + `" as ` + long + `x from "` + upper + `"`: `select "` + short + `" as ` + names.Short(long+"x") + ` from "` + other + `"`,
		"select " + upper:                                                                     `select "` + other + `"`,
		"select " + strings.Repeat("n", 200):                                                  "select " + names.Short(strings.Repeat("n", 127)),
		"create table #" + strings.Repeat("n", 63) + " (a int)":                               `create table #"` + names.Short("#" + strings.Repeat("n", 63))[1:] + `" (a int)`,
		"select 1 # " + long + ", b#" + long:                                                  "select 1 # " + short + ", b#" + short,
		"select '" + long + "' from t -- " + long:                                             "select '" + long + "' from t -- " + long,
		"select 1 from pg_class where relname = '" + long + "'":                               "select 1 from pg_class where relname = '" + short + "'",
		"select 1 from pg_class where relname = '" + long + "o'":                              "select 1 from pg_class where relname = '" + long + "o'",
		"select 1 from pg_class where relname like '" + long[:60] + `\\_` + "' or " + long:    "select 1 from pg_class where relname like '" + long[:60] + `\\_` + "' or " + short,
		"select 1 from t where region = 'x' and t.sys_name = '" + long + "' and has_it":       "select 1 from t where region = 'x' and t.sys_name = '" + long + "' and has_it",
		"select 1 from t join svv_columns c on c.table_name = '" + long + "'":                 "select 1 from t join svv_columns c on c.table_name = '" + short + "'",
		"select has_table_privilege('s." + long + "', 'select')":                              "select has_table_privilege('s." + short + "', 'select')",
		`select 'S."` + long + `"'::regclass`:                                                 `select 'S."` + short + `"'::regclass`,
		"select 1 from pg_catalog.pg_class c where c.relname operator(~) '^(" + long + ")$'":  "select 1 from pg_catalog.pg_class c where c.relname operator(~) '^(" + short + ")$'",
		"select 1 from stl_query where querytxt like '%" + long + "%'":                        "select 1 from stl_query where querytxt like '%" + long + "%'",
		"insert into t select '" + long + "', oid from pg_class where relname='" + long + "'": "insert into t select '" + long + "', oid from pg_class where relname='" + short + "'",
		"unload ('select \\'x\\' as " + long + "') to 's3://b/" + long + "'":                  "unload ('select ''x'' as " + short + "') to 's3://b/" + long + "'",
		"create procedure p() as $$begin drop table " + long + "; end$$ language plpgsql":     "create procedure p() as $rs$begin drop table " + short + "; end$rs$ language plpgsql",
		"create user " + long + " password disable":                                           "create user " + long + " password disable",
	} {
		st, _ := Shorten(Split(sql)[0], false, known)
		if st.Text != want {
			t.Errorf("%s\nis %s\nnot %s", sql, st.Text, want)
		}
		if st.Sent() != sql {
			t.Errorf("%s was sent, not %s", sql, st.Sent())
		}
	}
	st, long2 := Shorten(Split(`select "` + upper + `", ` + long)[0], true, known)
	if want := `select "` + names.Short(upper) + `", ` + short; st.Text != want || len(long2) != 2 || long2[0] != upper {
		t.Errorf("with regard to case: %s, %q", st.Text, long2)
	}
}

// A statement reads always the same if no long name is in it and none can come to be meant by a literal.
func TestMayNameLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 64)
	for sql, want := range map[string]bool{
		"select a from t":                                            false,
		"select a from t where b = '" + long + "'":                   false,
		"select 1 from svv_tables where table_name = 'x'":            false,
		"select 1 from svv_tables where table_name = '" + long + "'": true,
		"select " + long + " from t":                                 true,
	} {
		if st, _ := Shorten(Split(sql)[0], false, func(string) bool { return false }); st.MayNameLong() != want {
			t.Errorf("%s: not %t", sql, want)
		}
	}
}

// Positions of errors are those in what the client sent.
func TestSentPosition(t *testing.T) {
	t.Parallel()
	const behind = " where x"
	sql := "select " + strings.Repeat("é", 40) + "," + strings.Repeat("n", 100) + behind
	st, _ := Shorten(Split(sql)[0], false, nil)
	at := func(text, part string) int { return len([]rune(text[:strings.Index(text, part)])) + 1 }
	for _, part := range []string{"select", "where", "x"} {
		if got, want := st.SentPosition(at(st.Text, part)), at(sql, part); got != want {
			t.Errorf("%s is at %d, not %d", part, want, got)
		}
	}
	if got, want := st.SentPosition(at(st.Text, "n")), at(sql, "nn"); got != want {
		t.Errorf("the second name is at %d, not %d", want, got)
	}
}
