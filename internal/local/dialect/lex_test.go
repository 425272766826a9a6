package dialect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLex(t *testing.T) {
	t.Parallel()
	type tokens [][2]any
	tests := map[string]tokens{
		"select a1$": {{Word, "select"}, {Space, " "}, {Word, "a1$"}},
		`'a\'b''c'x`: {{String, `'a\'b''c'`}, {Word, "x"}},
		`'a\\' 'b`:   {{String, `'a\\'`}, {Space, " "}, {String, "'b"}},
		`"a""b".c`:   {{QuotedIdent, `"a""b"`}, {Punct, "."}, {Word, "c"}},
		`"a\"b`:      {{QuotedIdent, `"a\"`}, {Word, "b"}},
		"$1$$a$b$$$t$ $$ $t$": {
			{Param, "$1"},
			{DollarString, "$$a$b$$"},
			{DollarString, "$t$ $$ $t$"},
		},
		"$t$never":           {{DollarString, "$t$never"}},
		"$ $1a":              {{Operator, "$"}, {Space, " "}, {Param, "$1"}, {Word, "a"}},
		"-- a\n--b":          {{Comment, "-- a"}, {Space, "\n"}, {Comment, "--b"}},
		"/* a /* b */ c */d": {{Comment, "/* a /* b */ c */"}, {Word, "d"}},
		"/* a /* b */":       {{Comment, "/* a /* b */"}},
		"1.5e-3 .5 1e 2..3": {
			{Number, "1.5e-3"},
			{Space, " "},
			{Number, ".5"},
			{Space, " "},
			{Number, "1"},
			{Word, "e"},
			{Space, " "},
			{Number, "2"},
			{Punct, "."},
			{Number, ".3"},
		},
		"a=-1<>+b||c@-d":  {{Word, "a"}, {Operator, "="}, {Operator, "-"}, {Number, "1"}, {Operator, "<>"}, {Operator, "+"}, {Word, "b"}, {Operator, "||"}, {Word, "c"}, {Operator, "@-"}, {Word, "d"}},
		"a--b":            {{Word, "a"}, {Comment, "--b"}},
		"a*/*x*/b":        {{Word, "a"}, {Operator, "*"}, {Comment, "/*x*/"}, {Word, "b"}},
		"a::int:=b[1];":   {{Word, "a"}, {Operator, "::"}, {Word, "int"}, {Operator, ":="}, {Word, "b"}, {Punct, "["}, {Number, "1"}, {Punct, "]"}, {Punct, ";"}},
		"größe_\x80":      {{Word, "größe_\x80"}},
		"\x00{":           {{Operator, "\x00"}, {Operator, "{"}},
		"E'a' b'1' $a$$a": {{Word, "E"}, {String, "'a'"}, {Space, " "}, {Word, "b"}, {String, "'1'"}, {Space, " "}, {DollarString, "$a$$a"}},
	}
	for sql, want := range tests {
		var got tokens
		for _, tok := range Lex(sql) {
			got = append(got, [2]any{tok.Kind, tok.Text})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got)\n%s", sql, d)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	sql := " select 1 ;; -- nothing\n; select ';' /* ; */ as \";\" ; $$;$$ (a; b) ;"
	var got []string
	for _, st := range Split(sql) {
		got = append(got, st.Text)
		if sql[st.Pos:st.Pos+len(st.Text)] != st.Text {
			t.Errorf("statement %q is not at %d", st.Text, st.Pos)
		}
		if st.Tokens[0].Pos != 0 {
			t.Errorf("tokens of %q start at %d", st.Text, st.Tokens[0].Pos)
		}
	}
	want := []string{"select 1", "select ';' /* ; */ as \";\"", "$$;$$ (a; b)"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for _, empty := range []string{"", " ;\n", "-- x", "/* x */;;"} {
		if got := Split(empty); got != nil {
			t.Errorf("Split(%q) = %v", empty, got)
		}
	}
}

func statement(t testing.TB, sql string) Statement {
	t.Helper()
	statements := Split(sql)
	if len(statements) != 1 {
		t.Fatalf("%q: %d statements", sql, len(statements))
	}
	return statements[0]
}

func TestVerb(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"select 1":                            "SELECT",
		"/* x */ Select 1":                    "SELECT",
		"((select 1) union select 2)":         "SELECT",
		"create or replace temp table t":      "CREATE TABLE",
		"create materialized view v":          "CREATE MATERIALIZED VIEW",
		"alter default privileges x":          "ALTER DEFAULT PRIVILEGES",
		"drop schema s":                       "DROP SCHEMA",
		"create":                              "CREATE",
		"create 'x'":                          "CREATE",
		"show search_path":                    "SHOW SEARCH_PATH",
		"'x'":                                 "",
		"unload ('select 1') to 's3://b/k' x": "UNLOAD",
	} {
		if got := statement(t, sql).Verb(); got != want {
			t.Errorf("%q: %q, want %q", sql, got, want)
		}
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`'a''b'`: "a'b", `'a\'b\\'`: `a'b\`, `'\n\t\b\f\r\x'`: "\n\t\b\f\rx", `'\101\7z\0'`: "A\az\x00", `''`: "",
		`$$a\n'b$$`: `a\n'b`, `$t$$$$t$`: "$$", `$$$$`: "",
	} {
		got, ok := Lex(text)[0].Literal()
		if !ok || got != want {
			t.Errorf("%s: %q %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{`'`, `'a`, `'a\'`, `'a''`, `$$`, `$$a`, `$t$a$$`, `a`, `"a"`, "1"} {
		if got, ok := Lex(text)[0].Literal(); ok {
			t.Errorf("%s is taken for a literal: %q", text, got)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text          string
		caseSensitive bool
		want          string
		ok            bool
	}{
		{"AbÇ", false, "abÇ", true},
		{"AbC", true, "abc", true},
		{`"A""b"`, false, `a"b`, true},
		{`"A""b"`, true, `A"b`, true},
		{`"A`, false, "", false},
		{`"`, false, "", false},
		{"'a'", false, "", false},
	}
	for _, tt := range tests {
		got, ok := Lex(tt.text)[0].Name(tt.caseSensitive)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s (%v): %q %v, want %q %v", tt.text, tt.caseSensitive, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParameter(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][3]string{
		"set enable_case_sensitive_identifier to TRUE": {"enable_case_sensitive_identifier", "TRUE", "yes"},
		"SET Query_Group = 'a''b'":                     {"query_group", "a'b", "yes"},
		"set session x to default":                     {"x", "", "yes"},
		"set search_path to a, 'B'":                    {"search_path", "a,B", "yes"},
		"set extra_float_digits to -3":                 {"extra_float_digits", "-3", "yes"},
		"reset x":                                      {"x", "", "yes"},
		"reset all":                                    {"all", "", "yes"},
		"set time zone 'UTC'":                          {},
		"select 1":                                     {},
		"set x":                                        {},
	} {
		name, value, ok := statement(t, sql).Parameter()
		got := [3]string{name, value}
		if ok {
			got[2] = "yes"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func TestCaseSensitiveNames(t *testing.T) {
	t.Parallel()
	st := statement(t, `select "T"."Col" from "T"`)
	if got := Translate(st, Env{CaseSensitive: true}).SQL; got != st.Text {
		t.Errorf("quoted names change: %s", got)
	}
	if got := Translate(st, Env{}).SQL; got != `select "t"."col" from "t"` {
		t.Errorf("quoted names keep their case: %s", got)
	}
	if got := Translate(statement(t, "create table t (\"A\" int distkey)"), Env{CaseSensitive: true}); !strings.Contains(got.After[0], `"distkey":"A"`) {
		t.Errorf("recorded names lose their case: %s", got.After)
	}
}

func TestMapError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in         Error
		constraint string
		want       Error
		ok         bool
	}{
		{Error{Code: "23514", Message: "violates check constraint"}, "rs:character varying(20):3", Error{Code: "22001", Message: "value too long for type character varying(20)"}, true},
		{Error{Code: "23514", Message: "x"}, "mine", Error{Code: "23514", Message: "x"}, false},
		{Error{Code: "40001", Message: "could not serialize access"}, "", Error{Code: "XX000", Message: "1023", Detail: "Serializable isolation violation on table in Redshift", Hint: "Roll back and run the whole transaction again."}, true},
		{Error{Code: "428C9", Message: "cannot insert a non-DEFAULT value"}, "", Error{Code: "0A000", Message: "cannot set an identity column to a value"}, true},
		{Error{Code: "21000", Message: "MERGE command cannot affect row a second time"}, "", Error{Code: "21000", Message: "Found multiple matches to update the same tuple."}, true},
		{Error{Code: "21000", Message: "more than one row returned by a subquery"}, "", Error{Code: "21000", Message: "more than one row returned by a subquery"}, false},
	}
	for _, tt := range tests {
		got, ok := MapError(tt.in, tt.constraint)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%+v: %+v %v, want %+v %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}
