package redshift_test

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
)

func TestNewIdent(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a", `"`, " ", "é", strings.Repeat("x", 127), "select"} {
		if n, err := redshift.NewIdent(s); err != nil || n.String() != s {
			t.Errorf("%q: %v, %v", s, n, err)
		}
	}
	for want, s := range map[string]string{
		"empty": "", "128 bytes": strings.Repeat("x", 128), "129 bytes": strings.Repeat("é", 64) + "x", "NUL": "a\x00", "UTF-8": "a\xff",
	} {
		_, err := redshift.NewIdent(s)
		checkError(t, err, want)
	}
}

func TestParseTable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"sales.orders":           {"sales", "orders"},
		"Sales.ORDERS":           {"sales", "orders"},
		`"Sales"."ORDERS"`:       {"Sales", "ORDERS"},
		`sales."a.b"`:            {"sales", "a.b"},
		`"a""b".c`:               {`a"b`, "c"},
		"_x.y$1":                 {"_x", "y$1"},
		"größe.straße":           {"größe", "straße"},
		"ÄRGER.x":                {"Ärger", "x"},
		`"; drop table x; --".t`: {"; drop table x; --", "t"},
	} {
		got, err := redshift.ParseTable(in)
		if err != nil || got.Schema.String() != want[0] || got.Name.String() != want[1] {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"":             "does not begin with a name",
		"orders":       "names no schema",
		"a.b.c":        "more than two parts",
		".a":           "does not begin",
		"a.":           "does not begin",
		"a b.c":        `" b.c" follows`,
		"a.b; drop":    "follows the name",
		"1a.b":         "does not begin",
		`"a.b`:         "quote that does not end",
		`"".b`:         "name is empty",
		`a."b"c`:       "follows the name",
		"$a.b":         "does not begin",
		"a.b\x00":      "follows the name",
		"a\u00a0b.c":   "follows the first name",
		"\xff\xfe.abc": "does not begin",
	} {
		got, err := redshift.ParseTable(in)
		if err == nil {
			t.Errorf("%q is taken as %s", in, got)
			continue
		}
		checkError(t, err, want)
	}
}

func FuzzParseTable(f *testing.F) {
	for _, s := range []string{"sales.orders", `"a""b"."c.d"`, "Ä.x", `a."`, "a.b.c", "a$.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := redshift.ParseTable(s)
		if err != nil {
			return
		}
		again, err := redshift.ParseTable(got.String())
		if err != nil || again != got {
			t.Errorf("%q is %s, which is %s, %v", s, got, again, err)
		}
	})
}
