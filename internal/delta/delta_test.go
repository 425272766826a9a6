package delta

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func typ(t testing.TB, text string) redshift.Type {
	t.Helper()
	parsed, err := redshift.ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func column(t testing.TB, name, of string) redshift.Column {
	t.Helper()
	ident, err := redshift.NewIdent(name)
	if err != nil {
		t.Fatal(err)
	}
	return redshift.Column{Name: ident, Type: typ(t, of)}
}

// spec is a table with a column at of a type, with the key id or without.
func spec(t testing.TB, since string, keyed bool) Spec {
	t.Helper()
	table, err := redshift.ParseTable("sales.orders")
	if err != nil {
		t.Fatal(err)
	}
	s := Spec{From: redshift.Build("?", table)}
	id, note := column(t, "id", "bigint"), column(t, "note", "varchar(20)")
	if since != "" {
		s.Since = column(t, "at", since)
	}
	if keyed {
		s.Key, s.Near = []redshift.Column{id}, []redshift.Column{id, note}
	}
	return s
}

// all makes all rows count, as to a mirror.
func (s Spec) all() Spec {
	s.All = append(slices.Clone(s.Key), s.Since)
	if s.Since.Name.IsZero() {
		s.All = s.Near
	}
	return s
}

func (s Spec) back(lookback int64) Spec {
	s.Lookback = lookback
	return s
}

// What follows from what the last sync left and what the source answers.
func TestDecisions(t *testing.T) {
	t.Parallel()
	const changed = "says something else"
	was := func(watermark, seen string, passed int64) redshift.Cursor {
		return redshift.Cursor{Target: "sales.orders", Spec: "spec", Run: "before", Watermark: watermark, Seen: seen, Passed: passed}
	}
	other := was("10", "x;", 0)
	other.Spec = "other"
	keyed, plain := spec(t, "bigint", true), spec(t, "bigint", false)
	times := spec(t, "timestamp", false).back(3600)
	late := keyed
	late.Later = true
	for _, c := range []struct {
		name   string
		spec   Spec
		was    redshift.Cursor
		extent Extent
		seen   Seen
		wish   Wish

		window    Window
		watermark string
		passed    int64
		unchanged bool
		later     bool
		ahead     bool
		wrong     string
	}{
		{name: "first", spec: keyed, extent: Extent{High: "10", Top: "10"}, window: Window{High: "10"}, watermark: "10"},
		{name: "first of an empty table, whose rows are for the next sync", spec: plain, window: Window{Nothing: true}},
		{name: "first rows of a table that was empty", spec: plain, was: was("", ";", 0), extent: Extent{High: "3", Top: "3"}, window: Window{High: "3"}, watermark: "3"},
		{name: "still empty", spec: plain, was: was("", ";", 0), window: Window{Nothing: true}, unchanged: true},
		{name: "first up to a value", spec: plain, extent: Extent{High: "10", Top: "10"}, wish: Wish{Until: "5"}, window: Window{High: "5"}, watermark: "5"},
		{name: "new rows", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "12", Top: "12"}, window: Window{Low: "10", High: "12"}, watermark: "12"},
		{name: "nothing new", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "10", Top: "10"}, seen: Seen{Near: "x"}, window: Window{Low: "10", High: "10"}, watermark: "10", unchanged: true},
		{name: "other rows at the watermark", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "10", Top: "10"}, seen: Seen{Near: "y"}, window: Window{Low: "10", High: "10"}, watermark: "10"},
		{name: "numbers are no texts", spec: keyed, was: was("9", "x;", 0), extent: Extent{High: "10", Top: "10"}, window: Window{Low: "9", High: "10"}, watermark: "10"},
		{name: "no value", spec: keyed, extent: Extent{High: "10", Top: "10", Nulls: 2}, wrong: "at has no value in 2 of its rows"},
		{name: "another job", spec: keyed, was: other, extent: Extent{High: "12", Top: "12"}, wrong: changed},
		{name: "another job, from a value", spec: keyed, was: other, extent: Extent{High: "12", Top: "12"}, wish: Wish{From: "5"}, wrong: changed},
		{name: "another job, anew", spec: keyed, was: other, extent: Extent{High: "12", Top: "12"}, wish: Wish{Full: true}, window: Window{High: "12"}, watermark: "12"},
		{name: "goes back", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "9", Top: "9"}, wrong: "at goes back: it was at 10, and is at 9"},
		{name: "goes back, up to a value below", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "9", Top: "9"}, wish: Wish{Until: "8"}, wrong: "goes back"},
		{name: "all are gone", spec: plain, was: was("10", ";", 4), wrong: "at goes back: it was at 10, and is at nothing"},
		{name: "goes back, anew", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "9", Top: "9"}, wish: Wish{Full: true}, window: Window{High: "9"}, watermark: "9"},
		{name: "goes back, from a value", spec: plain, was: was("10", ";", 4), extent: Extent{High: "9", Top: "9"}, seen: Seen{Passed: 2}, wish: Wish{From: "7"}, window: Window{Low: "7", High: "9"}, watermark: "9", passed: 2},
		{name: "a mirror's newest rows are gone", spec: keyed.all(), was: was("10", "x;a", 0), extent: Extent{High: "9", Top: "9"}, seen: Seen{Near: "y", All: "b"}, window: Window{Low: "10", High: "9"}, watermark: "10"},
		{name: "a mirror's newest rows are gone since before", spec: keyed.all(), was: was("10", "y;b", 0), extent: Extent{High: "9", Top: "9"}, seen: Seen{Near: "y", All: "b"}, window: Window{Low: "10", High: "9"}, watermark: "10", unchanged: true},
		{name: "all of a mirror's rows are gone", spec: keyed.all(), was: was("10", "x;a", 0), seen: Seen{All: "0"}, window: Window{Low: "10", Nothing: true}, watermark: "10"},

		{name: "without a key, new rows", spec: plain, was: was("10", ";", 4), extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 4}, window: Window{Low: "10", High: "12"}, watermark: "12", passed: 4},
		{name: "without a key, nothing new", spec: plain, was: was("10", ";", 4), extent: Extent{High: "10", Top: "10"}, seen: Seen{Passed: 4}, window: Window{Low: "10", High: "10"}, watermark: "10", passed: 4, unchanged: true},
		{name: "without a key, a late row", spec: plain, was: was("10", ";", 4), extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 5}, wrong: "rows came at or below at 10 after it was passed, and were not moved: 1 of them"},
		{name: "without a key, rows are gone", spec: plain, was: was("10", ";", 4), extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 3}, window: Window{Low: "10", High: "12"}, watermark: "12", passed: 3},
		{name: "rows wait", spec: times, was: was("2026-01-01 10:00:00", ";", 4), extent: Extent{High: "2026-01-01 10:00:00", Top: "2026-01-01 11:00:00"}, seen: Seen{Passed: 4}, window: Window{Low: "2026-01-01 10:00:00", High: "2026-01-01 10:00:00"}, watermark: "2026-01-01 10:00:00", passed: 4, unchanged: true},
		{name: "rows wait that were moved before the lookback was made longer", spec: times, was: was("2026-01-01 10:00:00", ";", 4), extent: Extent{High: "2026-01-01 09:00:00", Top: "2026-01-01 10:00:00"}, seen: Seen{Passed: 4}, window: Window{Low: "2026-01-01 10:00:00", High: "2026-01-01 09:00:00"}, watermark: "2026-01-01 10:00:00", passed: 4, unchanged: true},
		{name: "all rows wait", spec: times, extent: Extent{Top: "2026-01-01 10:00:00"}, window: Window{Nothing: true}},

		{name: "from a value", spec: plain, was: was("10", ";", 4), extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 2}, wish: Wish{From: "5"}, window: Window{Low: "5", High: "12"}, watermark: "12", passed: 2},
		{name: "from a value above all", spec: plain, was: was("10", ";", 4), extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 6}, wish: Wish{From: "20"}, window: Window{Low: "20", High: "12"}, watermark: "12", passed: 6, unchanged: true},
		{name: "from a value at first", spec: plain, extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 2}, wish: Wish{From: "5"}, window: Window{Low: "5", High: "12"}, watermark: "12", passed: 2},
		{name: "a range below the watermark leaves it", spec: plain, was: was("10", ";", 4), extent: Extent{High: "12", Top: "12"}, seen: Seen{Passed: 2}, wish: Wish{From: "5", Until: "7"}, window: Window{Low: "5", High: "7"}, watermark: "10", passed: 2},
		{name: "a range of a source that went back", spec: plain, was: was("10", ";", 4), extent: Extent{High: "9", Top: "9"}, seen: Seen{Passed: 2}, wish: Wish{From: "5", Until: "7"}, window: Window{Low: "5", High: "7"}, watermark: "7", passed: 2},
		{name: "until a value", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "20", Top: "20"}, wish: Wish{Until: "15"}, window: Window{Low: "10", High: "15"}, watermark: "15"},
		{name: "until a value that is passed", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "20", Top: "20"}, seen: Seen{Near: "y"}, wish: Wish{Until: "5"}, window: Window{Low: "10", High: "5"}, watermark: "10", unchanged: true},

		{name: "asked later, first", spec: late, extent: Extent{High: "10", Top: "10"}, window: Window{High: "10"}, watermark: "10", later: true},
		{name: "asked later, first of an empty table", spec: late, window: Window{Nothing: true}},
		{name: "asked later, new rows", spec: late, was: was("10", "x;", 0), extent: Extent{High: "12", Top: "12"}, window: Window{Low: "10", High: "12"}, watermark: "12", later: true},
		{name: "asked later, first rows of a table that was empty", spec: late, was: was("", ";", 0), extent: Extent{High: "3", Top: "3"}, window: Window{High: "3"}, watermark: "3", later: true},
		{name: "asked later, nothing new", spec: late, was: was("10", "x;", 0), extent: Extent{High: "10", Top: "10"}, seen: Seen{Near: "x"}, window: Window{Low: "10", High: "10"}, watermark: "10", unchanged: true},
		{name: "asked later, other rows at the watermark", spec: late, was: was("10", "x;", 0), extent: Extent{High: "10", Top: "10"}, seen: Seen{Near: "y"}, window: Window{Low: "10", High: "10"}, watermark: "10"},
		{name: "asked later, until a value", spec: late, was: was("10", "x;", 0), extent: Extent{High: "20", Top: "20"}, wish: Wish{Until: "15"}, window: Window{Low: "10", High: "15"}, watermark: "15", later: true},
		{name: "asked later, until a value that is passed", spec: late, was: was("10", "x;", 0), extent: Extent{High: "20", Top: "20"}, seen: Seen{Near: "y"}, wish: Wish{Until: "5"}, window: Window{Low: "10", High: "5"}, watermark: "10", unchanged: true},
		{name: "asked later, anew", spec: late, was: was("10", "x;", 0), extent: Extent{High: "9", Top: "9"}, wish: Wish{Full: true}, window: Window{High: "9"}, watermark: "9", later: true},
		{name: "asked now, from a value", spec: late, was: was("10", "x;", 0), extent: Extent{High: "12", Top: "12"}, seen: Seen{Near: "y"}, wish: Wish{From: "5"}, window: Window{Low: "5", High: "12"}, watermark: "12"},
		{name: "asked now, a range below the watermark", spec: late, was: was("10", "x;", 0), extent: Extent{High: "12", Top: "12"}, seen: Seen{Near: "y"}, wish: Wish{From: "5", Until: "7"}, window: Window{Low: "5", High: "7"}, watermark: "10"},

		{name: "ahead of the clock", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "99", Top: "99", Ahead: true}, window: Window{Low: "10", High: "99"}, watermark: "99", ahead: true},
		{name: "ahead of the clock, still", spec: keyed, was: was("99", "x;", 0), extent: Extent{High: "99", Top: "99", Ahead: true}, seen: Seen{Near: "x"}, window: Window{Low: "99", High: "99"}, watermark: "99", unchanged: true, ahead: true},
		{name: "ahead of the clock, until a value", spec: keyed, was: was("10", "x;", 0), extent: Extent{High: "99", Top: "99", Ahead: true}, wish: Wish{Until: "15"}, window: Window{Low: "10", High: "15"}, watermark: "15"},

		{name: "without since, first", spec: spec(t, "", true).all(), seen: Seen{All: "a"}},
		{name: "without since, other rows", spec: spec(t, "", true).all(), was: was("", ";a", 0), seen: Seen{All: "b"}},
		{name: "without since, nothing new", spec: spec(t, "", true).all(), was: was("", ";a", 0), seen: Seen{All: "a"}, unchanged: true},
		{name: "without since, anew", spec: spec(t, "", true).all(), was: was("", ";a", 0), seen: Seen{All: "a"}, wish: Wish{Full: true}},
		{name: "without since, another job", spec: spec(t, "", true).all(), was: redshift.Cursor{Target: "sales.orders", Spec: "other", Seen: ";a"}, seen: Seen{All: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			next := redshift.Cursor{Target: "sales.orders", Spec: "spec"}
			look, err := Start(c.spec, next, c.was, c.extent, c.wish)
			var got Change
			if err == nil {
				got, err = Decide(look, next, c.was, c.seen, c.wish)
			}
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("got %+v, %v, not an error with %q", got, err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			type answer struct {
				Window    Window
				Watermark string
				Passed    int64
				Unchanged bool
				Later     bool
				Ahead     bool
			}
			want := answer{c.window, c.watermark, c.passed, c.unchanged, c.later, c.ahead}
			if diff := cmp.Diff(want, answer{got.Window, got.Cursor.Watermark, got.Cursor.Passed, got.Unchanged, got.Later, got.Ahead}); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if asked := look.near(); asked.IsZero() != (c.later || c.extent.High == "" || len(c.spec.Key) == 0) && !c.spec.Since.Name.IsZero() {
				t.Errorf("asked now about the rows near the watermark: %s", shown(asked))
			}
			if wantFirst := c.was.Target == "" && c.wish.From == "" || c.wish.Full; got.First != wantFirst || got.Was != c.was || got.Cursor.Seen != c.seen.String() {
				t.Errorf("first %v, was %+v, seen %q", got.First, got.Was, got.Cursor.Seen)
			}
		})
	}
}

// The values of every since type, in their order, as a warehouse writes them.
var ordered = map[string][]string{
	"smallint":       {"-32768", "-9", "-1", "0", "2", "10", "32767"},
	"integer":        {"-2147483648", "-10", "-9", "0", "9", "10", "2147483647"},
	"bigint":         {"-9223372036854775808", "-100", "-20", "0", "99", "9223372036854775806", "9223372036854775807"},
	"numeric(9,2)":   {"-9999999.99", "-10.01", "-10.00", "-9.99", "-0.01", "0.00", "0.10", "0.90", "1.00", "10.00", "9999999.99"},
	"numeric(38,0)":  {"-99999999999999999999999999999999999999", "-1", "0", "9223372036854775808", "99999999999999999999999999999999999999"},
	"numeric(38,37)": {"-9.9999999999999999999999999999999999999", "0.0000000000000000000000000000000000000", "0.0000000000000000000000000000000000001", "9.9999999999999999999999999999999999999"},
	"date":           {"4713-01-01 BC", "0044-03-15 BC", "0044-03-16 BC", "0001-01-01", "0999-12-31", "1969-12-31", "2026-02-09", "2026-02-10", "2026-10-01", "9999-12-31", "10000-01-01", "294276-12-31"},
	"timestamp":      {"0044-03-15 23:59:59 BC", "0001-01-01 00:00:00", "2026-01-01 09:59:59.999999", "2026-01-01 10:00:00", "2026-01-01 10:00:00.000001", "2026-01-01 10:00:00.01", "2026-01-01 10:00:00.1", "2026-01-01 10:00:00.12", "2026-01-01 10:00:00.9", "2026-01-01 10:00:01", "10000-01-01 00:00:00"},
	"timestamptz":    {"0044-03-15 23:59:59+00 BC", "0001-01-01 00:00:00+00", "2026-01-01 09:59:59.999999+00", "2026-01-01 10:00:00+00", "2026-01-01 10:00:00.000001+00", "2026-01-01 10:00:00.1+00", "2026-01-01 10:00:00.12+00", "2026-01-01 10:00:01+00", "10000-01-01 00:00:00+00"},
}

func TestLess(t *testing.T) {
	t.Parallel()
	for name, values := range ordered {
		of := typ(t, name)
		if !SinceTypes(of) {
			t.Errorf("%s says nothing of what is new", name)
		}
		for i, a := range values {
			for k, b := range values {
				if got := less(a, b, of); got != (i < k) {
					t.Errorf("%s: %s < %s is %v", name, a, b, got)
				}
			}
		}
	}
	for _, name := range []string{"varchar(10)", "char(3)", "boolean", "real", "double precision", "time", "timetz", "super", "varbyte(10)"} {
		if SinceTypes(typ(t, name)) {
			t.Errorf("%s says what is new", name)
		}
	}
}

func TestParseValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ of, text, want string }{
		{"bigint", "10", "10"},
		{"bigint", " 10 ", "10"},
		{"bigint", "+10", "10"},
		{"bigint", "-0", "0"},
		{"bigint", "007", "7"},
		{"bigint", "10.0", "10"},
		{"bigint", "9223372036854775807", "9223372036854775807"},
		{"bigint", "9223372036854775808", ""},
		{"bigint", "-9223372036854775808", "-9223372036854775808"},
		{"smallint", "32767", "32767"},
		{"smallint", "32768", ""},
		{"smallint", "-32768", "-32768"},
		{"smallint", "-32769", ""},
		{"integer", "2147483648", ""},
		{"bigint", "10.5", ""},
		{"bigint", "1e3", ""},
		{"bigint", "0x10", ""},
		{"bigint", "0b11", ""},
		{"bigint", "1_000", ""},
		{"bigint", "1/2", ""},
		{"bigint", "", ""},
		{"bigint", "Inf", ""},
		{"bigint", "NaN", ""},
		{"bigint", "10; drop", ""},
		{"bigint", "yesterday", ""},
		{"bigint", "١", ""},
		{"bigint", ".5", ""},
		{"bigint", "5.", ""},
		{"numeric(9,2)", "1.5", "1.50"},
		{"numeric(9,2)", "-1.500", "-1.50"},
		{"numeric(9,2)", "1", "1.00"},
		{"numeric(9,2)", "1.555", ""},
		{"numeric(9,2)", "9999999.99", "9999999.99"},
		{"numeric(9,2)", "10000000", ""},
		{"numeric(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
		{"date", "2026-11-26", "2026-11-26"},
		{"date", "2026-02-30", ""},
		{"date", "2026-1-2", ""},
		{"date", "2026-11-26 00:00:00", ""},
		{"date", "0000-01-01", ""},
		{"date", "2024-02-29", "2024-02-29"},
		{"timestamp", "2026-11-26", "2026-11-26 00:00:00"},
		{"timestamp", "2026-11-26 10:15:00", "2026-11-26 10:15:00"},
		{"timestamp", "2026-11-26T10:15:00Z", "2026-11-26 10:15:00"},
		{"timestamp", "2026-11-26 10:15:00.100", "2026-11-26 10:15:00.1"},
		{"timestamp", "2026-11-26 10:15:00.000000", "2026-11-26 10:15:00"},
		{"timestamp", "2026-11-26 10:15:00.1234567", ""},
		{"timestamp", "2026-11-26 24:00:00", ""},
		{"timestamp", "2026-11-26 10:15:60", ""},
		{"timestamp", "2026-11-26 10:15", ""},
		{"timestamp", "2026-11-26 10:15:00,5", ""},
		{"timestamp", "infinity", ""},
		{"timestamp", "now", ""},
		{"timestamptz", "2026-11-26", "2026-11-26 00:00:00+00"},
		{"timestamptz", "2026-11-26 10:15:00.5+00", "2026-11-26 10:15:00.5+00"},
		{"timestamptz", "2026-11-26T10:15:00+00:00", "2026-11-26 10:15:00+00"},
		{"timestamptz", "2026-11-26 10:15:00+01", ""},
		{"timestamptz", "2026-11-26+00", ""},
	} {
		got, err := ParseValue(c.text, typ(t, c.of))
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q as %s is %q, %v, not %q", c.text, c.of, got, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("%q", strings.TrimSpace(c.text))) {
			t.Errorf("%v does not name %q", err, c.text)
		}
	}
}

func TestParseLookback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of, text string
		want     int64
	}{
		{"bigint", "", 0},
		{"bigint", "1000", 1000},
		{"bigint", "-1", -1},
		{"bigint", "1h", -1},
		{"bigint", "1.5", -1},
		{"numeric(9,2)", "10", 10},
		{"bigint", "99999999999999999999", -1},
		{"timestamp", "", 0},
		{"timestamp", "2h", 7200},
		{"timestamp", "90s", 90},
		{"timestamp", "1h30m", 5400},
		{"timestamp", "3d", 259200},
		{"timestamptz", "30m", 1800},
		{"timestamp", "-1h", -1},
		{"timestamp", "5", -1},
		{"timestamp", "1ms", -1},
		{"timestamp", "1.5s", -1},
		{"timestamp", "d", -1},
		{"timestamp", "-1d", -1},
		{"timestamp", "1.5d", -1},
		{"timestamp", "1w", -1},
		{"date", "2d", 172800},
		{"date", "48h", 172800},
		{"date", "1h", -1},
	} {
		got, err := ParseLookback(c.text, typ(t, c.of))
		if (err == nil) != (c.want >= 0) || err == nil && got != c.want {
			t.Errorf("%q for %s is %d, %v, not %d", c.text, c.of, got, err, c.want)
		}
	}
}

func TestMinus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of, value string
		n         int64
		want      string
	}{
		{"bigint", "10", 3, "7"},
		{"bigint", "1", 3, "-2"},
		{"smallint", "-32767", 5, "-32768"},
		{"bigint", "-9223372036854775807", 9223372036854775807, "-9223372036854775808"},
		{"numeric(9,2)", "1.50", 2, "-0.50"},
		{"numeric(3,1)", "-99.5", 1, "-99.9"},
	} {
		if got := minus(c.value, c.n, typ(t, c.of)); got != c.want {
			t.Errorf("%s - %d is %s, not %s", c.value, c.n, got, c.want)
		}
	}
}

// The questions to the source, and the conditions of what is moved.
func TestQuestions(t *testing.T) {
	t.Parallel()
	keyed, plain := spec(t, "timestamp", true), spec(t, "bigint", false)
	filtered := keyed.back(3600)
	filtered.Where = redshift.Raw("note <> 'x' OR note IS NULL")
	decimal := spec(t, "numeric(9,2)", true).back(5)
	whole := spec(t, "bigint", true)
	whole.Since.NotNull = true
	var specs []Spec
	var lows []string
	var looks []Look
	var out strings.Builder
	for _, l := range []Look{
		{Spec: keyed, High: "2026-01-02 00:00:00"},
		{Spec: filtered, Low: "2026-01-01 00:00:00", High: "2026-01-02 00:00:00"},
		{Spec: filtered.all(), Low: "2026-01-01 00:00:00", High: "2026-01-02 00:00:00"},
		{Spec: decimal, Low: "-1.50", High: "7.25"},
		{Spec: plain, Low: "5", High: "9"},
		{Spec: plain, Low: "5", High: "9", Keep: "12"},
		{Spec: plain, High: "9"},
		{Spec: spec(t, "timestamptz", false).back(600), Low: "2026-01-01 00:00:00+00", High: "2026-01-02 00:00:00+00"},
		{Spec: spec(t, "", true).all()},
		{Spec: whole, Low: "5", High: "9"},
	} {
		specs, lows, looks = append(specs, l.Spec), append(lows, l.Low), append(looks, l)
	}
	q := &recorder{}
	_, _, err := Extents(t.Context(), q, specs, lows)
	fmt.Fprintf(&out, "-- how far they go\n%s\n", q.text())
	_, _, lookErr := Looks(t.Context(), q, looks)
	fmt.Fprintf(&out, "\n-- what is there\n%s\n", q.text())
	if err := errors.Join(err, lookErr); err != nil {
		t.Fatal(err)
	}
	out.WriteString("\n-- what is moved\n")
	for _, l := range looks {
		fmt.Fprintf(&out, "%s\n", shown(l.Spec.Condition(Window{Low: l.Low, High: l.High})))
	}
	fmt.Fprintf(&out, "%s\n", shown(plain.Condition(Window{Nothing: true})))
	golden(t, "questions.golden", out.String())
}

func shown(sql redshift.SQL) string {
	if sql.IsZero() {
		return "(all)"
	}
	return sql.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got; if it is meant: go test ./internal/delta -update\n%s", diff)
	}
}

// recorder answers every question with one row of nothing for each part, or fails those that name a bad table.
type recorder struct {
	asked []string
	bad   string
	err   error
}

func (r *recorder) Query(_ context.Context, sql redshift.SQL, each func([]*string) error) error {
	r.asked = append(r.asked, sql.String())
	if r.bad != "" && strings.Contains(sql.String(), r.bad) {
		return r.err
	}
	for part := range strings.SplitSeq(sql.String(), "\nUNION ALL\n") {
		number, _, _ := strings.Cut(strings.TrimPrefix(part, "SELECT "), " ")
		row := []*string{&number, nil, nil, nil}
		if strings.Contains(part, " AS d ") {
			row = append(row, nil)
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) text() string {
	all := strings.Join(r.asked, "\n;\n")
	r.asked = nil
	return all
}

type lostConnection struct{ error }

func (lostConnection) OutcomeUnknown() bool { return false }

// A table that cannot be read does not keep the others from an answer; a connection that is lost is everybody's.
func TestOneTableThatCannotBeRead(t *testing.T) {
	t.Parallel()
	specs := make([]Spec, 120)
	for i := range specs {
		specs[i] = spec(t, "bigint", true)
		specs[i].Where = redshift.Build("id <> ?", redshift.Int(i+1000))
	}
	q := &recorder{bad: "id <> 1060", err: errors.New("permission denied")}
	_, errs, err := Extents(t.Context(), q, specs, make([]string, len(specs)))
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if (err != nil) != (i == 60) {
			t.Errorf("table %d: %v", i, err)
		}
	}
	if len(q.asked) != 3+50 {
		t.Errorf("%d statements", len(q.asked))
	}
	q.err = lostConnection{errors.New("reset by peer")}
	if _, _, err := Extents(t.Context(), q, specs, make([]string, len(specs))); !errors.Is(err, q.err) {
		t.Errorf("a lost connection answers %v", err)
	}
}

func FuzzParseValue(f *testing.F) {
	names := []string{"smallint", "integer", "bigint", "numeric(9,2)", "numeric(38,37)", "date", "timestamp", "timestamptz"}
	for i, name := range names {
		for _, v := range ordered[name] {
			f.Add(i, v)
		}
	}
	f.Add(2, "0b11")
	f.Add(6, "2026-11-26T10:15:00.123Z")
	f.Fuzz(func(t *testing.T, which int, text string) {
		of := typ(t, names[uint(which)%uint(len(names))])
		got, err := ParseValue(text, of)
		if err != nil {
			return
		}
		if strings.Trim(got, "0123456789-.:+ ") != "" || len(got) > 64 {
			t.Errorf("%q as %s is %q", text, of, got)
		}
		if again, err := ParseValue(got, of); err != nil || again != got {
			t.Errorf("%q as %s is %q, and that is %q, %v", text, of, got, again, err)
		}
		if less(got, got, of) {
			t.Errorf("%q is less than itself", got)
		}
	})
}

func FuzzParseLookback(f *testing.F) {
	for _, text := range []string{"", "1h", "3d", "65535d", "65536d", "10", "-1", "1.5s", "9223372036854775807", "2540400h10m10s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"bigint", "numeric(9,2)", "date", "timestamp"} {
			n, err := ParseLookback(text, typ(t, name))
			if err == nil && (n < 0 || name == "date" && n%86400 != 0) {
				t.Errorf("%q for %s is %d", text, name, n)
			}
		}
	})
}
