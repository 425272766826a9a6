package redshift_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	got := redshift.Build("SELECT ?, ?, ? FROM ? WHERE ?", ident(t, `a"b`), redshift.Int(-5), redshift.Lit(`it's ?`),
		table(t, "s.t"), redshift.Join(" AND ", redshift.Build("x"), redshift.Build("y")))
	if want := `SELECT "a""b",  -5, 'it''s ?' FROM "s"."t" WHERE x AND y`; got.String() != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

func TestBrokenInvariantsPanic(t *testing.T) {
	t.Parallel()
	mustPanic(t, "too few fragments", func() { redshift.Build("SELECT ?") })
	mustPanic(t, "too many fragments", func() { redshift.Build("SELECT 1", redshift.Int(1)) })
	mustPanic(t, "NUL in a literal", func() { redshift.Lit("a\x00b") })
	mustPanic(t, "empty name", func() { redshift.Build("?", redshift.Ident{}) })
	mustPanic(t, "unknown type", func() { redshift.Build("?", redshift.Type{Name: "int); drop table t; --"}) })
	mustPanic(t, "raw text with a semicolon", func() { redshift.Raw("1; drop table t") })
	mustPanic(t, "raw text with an open literal", func() { redshift.Raw("'") })
	mustPanic(t, "unload without anything", func() { redshift.Unload{}.SQL() })
	mustPanic(t, "copy without anything", func() { redshift.Copy{}.SQL() })
}

func TestFill(t *testing.T) {
	t.Parallel()
	values := map[string]redshift.Fragment{
		"run": redshift.Lit("{{rows}}"), "rows": redshift.Int(-1), "next_id:a b\"}}'{{run}}": redshift.Int(7),
	}
	for name, tc := range map[string]struct {
		sql  redshift.SQL
		want string
		err  string
	}{
		"none":             {redshift.Build("SELECT 1"), "SELECT 1", ""},
		"two":              {redshift.Build("SELECT ?, ?", redshift.Placeholder("run"), redshift.Placeholder("rows")), "SELECT '{{rows}}',  -1", ""},
		"any name":         {redshift.Build("SELECT ?", redshift.Placeholder("next_id:a b\"}}'{{run}}")), "SELECT 7", ""},
		"no value":         {redshift.Build("SELECT ?", redshift.Placeholder("marker")), "", "nothing to put in place of {{marker}}"},
		"in a literal":     {redshift.Build("SELECT ?", redshift.Lit("{{run}} \\' {{run}}")), `SELECT '{{run}} \\'' {{run}}'`, ""},
		"in a name":        {redshift.Build("SELECT ?", ident(t, "{{run}}")), `SELECT "{{run}}"`, ""},
		"around a literal": {redshift.Build("SELECT ?, ?, ?", redshift.Placeholder("rows"), redshift.Lit("{{run}}"), redshift.Placeholder("rows")), "SELECT  -1, '{{run}}',  -1", ""},
		"nameless":         {redshift.Build("SELECT {{}}"), "", "not a placeholder"},
		"open":             {redshift.Build("SELECT {{run"), "", "without }}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.sql.Fill(values)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v, want an error with %q", err, tc.err)
				}
				return
			}
			if err != nil || got.String() != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
			}
		})
	}
	names, err := redshift.Build("?, ?, ?, ?", redshift.Placeholder("b"), redshift.Lit("{{c}}"), redshift.Placeholder("a"), redshift.Placeholder("b")).Placeholders()
	if diff := cmp.Diff([]string{"b", "a"}, names); diff != "" || err != nil {
		t.Errorf("placeholders: %v\n%s", err, diff)
	}
}

func FuzzPlaceholder(f *testing.F) {
	f.Add("next_id:id")
	f.Add("}}")
	f.Add("a'b\"c{{d}}\\")
	f.Add("%7d~+ ")
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" {
			t.Skip("no name")
		}
		sql := redshift.Build("SELECT ?, 'x'", redshift.Placeholder(name))
		got, err := sql.Fill(map[string]redshift.Fragment{name: redshift.Int(1)})
		if err != nil || got.String() != "SELECT 1, 'x'" {
			t.Errorf("%q: %q, %v", sql, got, err)
		}
		if names, err := sql.Placeholders(); err != nil || len(names) != 1 || names[0] != name {
			t.Errorf("%q: names %q, %v", sql, names, err)
		}
	})
}

func TestPlanForms(t *testing.T) {
	t.Parallel()
	type file struct {
		SQL    redshift.SQL          `json:"sql"`
		Table  redshift.Table        `json:"table"`
		Column redshift.Ident        `json:"column"`
		Layout redshift.DigestLayout `json:"layout"`
	}
	in := file{
		SQL: redshift.Build("SELECT '<&>\\\\' FROM ?", table(t, `"A b"."c""d"`)), Table: table(t, `"A b"."c""d"`), Column: ident(t, "é \"x"),
		Layout: redshift.Layout(columns(t, "a decimal(10,2); b varchar(65535); c timestamptz; d interval day to second")),
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out file
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if in.SQL != out.SQL || in.Table != out.Table || in.Column != out.Column {
		t.Errorf("%s came back as %+v", text, out)
	}
	if diff := cmp.Diff(in.Layout, out.Layout); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(text), `"type":"DECIMAL(10,2)"`) {
		t.Errorf("types are not readable: %s", text)
	}
	for _, bad := range []string{`{"table":"x"}`, `{"column":""}`, `{"layout":{"columns":[{"name":"a","type":"json"}]}}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
