package show_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/show"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	got := []string{
		show.Count(0), show.Count(999), show.Count(1000), show.Count(-1234567), show.Count(12_400_000), show.Count(-100), show.Count(-1 << 63),
		show.Bytes(0), show.Bytes(999), show.Bytes(1000), show.Bytes(9949), show.Bytes(9951), show.Bytes(62_000_000), show.Bytes(999_600), show.Bytes(1_100_000_000), show.Bytes(1<<63 - 1),
		show.Duration(0), show.Duration(40 * time.Millisecond), show.Duration(3100 * time.Millisecond), show.Duration(38 * time.Second),
		show.Duration(59600 * time.Millisecond), show.Duration(72 * time.Second), show.Duration(2*time.Hour + 5*time.Minute), show.Duration(-time.Second),
		show.Plural(1, "table"), show.Plural(0, "row"), show.Plural(4000, "entry"), show.Plural(2, "key"),
		show.Short("4be1f00d90"), show.Short("short"), show.Short(""),
	}
	want := []string{
		"0", "999", "1,000", "-1,234,567", "12,400,000", "-100", "-9,223,372,036,854,775,808",
		"0 B", "999 B", "1.0 kB", "9.9 kB", "10 kB", "62 MB", "1.0 MB", "1.1 GB", "9.2 EB",
		"0 s", "40 ms", "3.1 s", "38 s",
		"1m 00s", "1m 12s", "2h 05m", "-1.0 s",
		"1 table", "0 rows", "4,000 entries", "2 keys",
		"4be1...90", "short", "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSafe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sales.orders": "sales.orders", "größe 表": "größe 表", "a\x1b[2Jb": `a\x1b[2Jb`, "a\nb\tc\r": `a\nb\tc\r`, "\u202etxt": `\u202etxt`,
		"\u200b": `\u200b`, "\xff!": `\xff!`, "\u2028": `\u2028`, "\u009b31m": `\u009b31m`, "\U000e0041": `\U000e0041`, "\ufffd": "\ufffd",
	} {
		if got := show.Safe(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got, want := show.Lines("a\x1b\n\tb\r\nc"), "a\\x1b\n\tb\nc"; got != want {
		t.Errorf("got %q", got)
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("a\x1b]0;title\x07\u202e\xf0\x28")
	f.Fuzz(func(t *testing.T, text string) {
		got := show.Safe(text)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q has %U in it", got, r)
			}
		}
	})
}

func TestGrid(t *testing.T) {
	t.Parallel()
	grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "name"}, {Head: "empty"}, {Head: "n", Right: true}, {Head: "note"}}}
	grid.Add("short", "", "1", "")
	grid.Add(strings.Repeat("long", 12), "", "12,000", "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen")
	grid.Add("missing cells")
	page := &show.Page{Columns: 60}
	page.Grid(grid)
	want := strings.TrimPrefix(`
  name                n  note
  short               1
  longlonglonglonglonglonglonglonglonglonglonglong
                 12,000  one two three four five six seven
                         eight nine ten eleven twelve
                         thirteen fourteen fifteen
  missing cells
`, "\n")
	if diff := cmp.Diff(want, page.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestGridWithoutRoomForWords(t *testing.T) {
	t.Parallel()
	grid := &show.Grid{Columns: []show.Column{{Head: "name"}, {Head: "note"}}}
	grid.Add("a name of twenty-four ch", "words that do not fit beside it, and so go below")
	grid.Add("b", "")
	page := &show.Page{Columns: 40}
	page.Grid(grid)
	want := strings.TrimPrefix(`
name
a name of twenty-four ch
      words that do not fit beside it,
      and so go below
b
`, "\n")
	if diff := cmp.Diff(want, page.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestParagraph(t *testing.T) {
	t.Parallel()
	page := &show.Page{Columns: 30, Colours: true}
	page.Paragraph("hint: ", "a long one that takes two lines", show.Yellow)
	page.Line("%s %d", "x\x1b", 3)
	page.Block("select 1;\n\tselect\x07 2;\n")
	want := "hint: \x1b[33ma long one that takes\x1b[0m\n      \x1b[33mtwo lines\x1b[0m\nx\\x1b 3\nselect 1;\n\tselect\\x07 2;\n"
	if diff := cmp.Diff(want, page.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Whatever is in a grid: every cell's text is in the page, and no line ends in blanks.
func FuzzGrid(f *testing.F) {
	f.Add("a", "b c", "12", 20)
	f.Fuzz(func(t *testing.T, a, b, c string, columns int) {
		grid := &show.Grid{Columns: []show.Column{{Head: "a"}, {Head: "c", Right: true}, {Head: "b"}}}
		grid.Add(a, c, b)
		page := &show.Page{Columns: columns%200 + 1}
		page.Grid(grid)
		text := page.String()
		for _, cell := range []string{a, c} {
			if !strings.Contains(text, strings.TrimRight(show.Safe(cell), " ")) {
				t.Fatalf("%q is not in %q", cell, text)
			}
		}
		for word := range strings.FieldsSeq(show.Safe(b)) {
			if !strings.Contains(text, word) {
				t.Fatalf("%q is not in %q", word, text)
			}
		}
		for line := range strings.Lines(text) {
			if strings.HasSuffix(line, " \n") {
				t.Fatalf("blanks at the end of %q", line)
			}
		}
	})
}

func ExamplePage() {
	page := new(show.Page)
	grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "table"}, {Head: "rows", Right: true}}}
	grid.Add("sales.orders", show.Count(12_400_000))
	grid.Add("crm.customers", show.Count(401_233))
	page.Grid(grid)
	fmt.Print(page)
	// Output:
	//   table                rows
	//   sales.orders   12,400,000
	//   crm.customers     401,233
}
