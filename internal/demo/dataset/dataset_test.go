package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// contents makes each table's text when it is first asked for: all its files, one after the other.
var contents = func() map[string]func() (string, error) {
	m := map[string]func() (string, error){}
	for _, t := range Tables() {
		m[t.Name] = sync.OnceValues(func() (string, error) {
			var b strings.Builder
			for _, f := range t.Files {
				if err := f.Write(&b); err != nil {
					return "", err
				}
			}
			return b.String(), nil
		})
	}
	return m
}()

func content(tb testing.TB, name string) string {
	tb.Helper()
	text, err := contents[name]()
	if err != nil {
		tb.Fatalf("write %s: %v", name, err)
	}
	return text
}

// rows reads a table's files as COPY's options say, with readers that are not ours.
func rows(tb testing.TB, name string) iter.Seq[[]string] {
	tb.Helper()
	options := optionsOf(tb, name)
	text := content(tb, name)
	if strings.HasPrefix(options, "JSON") {
		return slices.Values(objectsOf(tb, name))
	}
	var all iter.Seq[[]string]
	switch {
	case strings.HasPrefix(options, "CSV"):
		list, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all = slices.Values(list)
	case strings.HasPrefix(options, "DELIMITER '|'"):
		all = lines(text, "|")
	case strings.HasPrefix(options, `DELIMITER '\t'`):
		all = lines(text, "\t")
	default:
		tb.Fatalf("%s: who reads %s?", name, options)
	}
	return func(yield func([]string) bool) {
		skip := strings.Contains(options, "IGNOREHEADER 1")
		for row := range all {
			if skip {
				skip = false
				continue
			}
			if !yield(row) {
				return
			}
		}
	}
}

func lines(text, delimiter string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			if !yield(strings.Split(strings.TrimSuffix(line, "\n"), delimiter)) {
				return
			}
		}
	}
}

func objectsOf(tb testing.TB, name string) [][]string {
	tb.Helper()
	var all [][]string
	in := json.NewDecoder(strings.NewReader(content(tb, name)))
	for {
		var object map[string]any
		err := in.Decode(&object)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatalf("%s: object %d: %v", name, len(all), err)
		}
		all = append(all, make([]string, len(object)))
	}
}

func optionsOf(tb testing.TB, name string) string {
	tb.Helper()
	for _, t := range Tables() {
		if t.Name == name {
			return t.Options
		}
	}
	tb.Fatalf("no table %s", name)
	return ""
}

// columns reads the number of columns, and the width of the CHAR and VARCHAR ones, from the definitions.
func columns(tb testing.TB, name string) (widths []int) {
	tb.Helper()
	_, body, ok := strings.Cut(Schema(), "CREATE TABLE "+name+" (\n")
	if !ok {
		tb.Fatalf("no definition of %s", name)
	}
	body, _, _ = strings.Cut(body, "\n)")
	char := regexp.MustCompile(`(?:CHAR|CHARACTER|VARCHAR)\((\d+)\)`)
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "PRIMARY KEY") || strings.HasPrefix(line, "FOREIGN KEY") || strings.Contains(line, " IDENTITY(") {
			continue
		}
		width := 0
		if m := char.FindStringSubmatch(line); m != nil {
			width, _ = strconv.Atoi(m[1])
		}
		widths = append(widths, width)
	}
	return widths
}

func TestTablesHoldTheRowsTheyPromise(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		t.Run(table.Name, func(t *testing.T) {
			t.Parallel()
			widths := columns(t, table.Name)
			marker := ""
			if _, rest, ok := strings.Cut(table.Options, "NULL AS '"); ok {
				marker, _, _ = strings.Cut(rest, "'")
			}
			i := 0
			for row := range rows(t, table.Name) {
				if len(row) != len(widths) {
					t.Fatalf("row %d has %d columns, the definition %d", i, len(row), len(widths))
				}
				for c, value := range row {
					if widths[c] > 0 && len(value) > widths[c] && value != marker {
						t.Fatalf("row %d, column %d: %q is longer than %d bytes", i, c, value, widths[c])
					}
					if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
						t.Fatalf("row %d, column %d: %q is not text", i, c, value)
					}
				}
				i++
			}
			if i != table.Rows {
				t.Errorf("%d rows, want %d", i, table.Rows)
			}
		})
	}
}

func TestRowsAreTheSameInEveryRun(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, table := range Tables() {
		fmt.Fprintf(&got, "%x  %s\n", sha256.Sum256([]byte(content(t, table.Name))), table.Name)
	}
	golden := filepath.Join("testdata", "sha256.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPartsDoNotMatter(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer, int, int) error{
		"flights": writeFlights, "users": writeUsers, "listing": writeListings, "sales": writeSales, "reviews": writeReviews,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var whole, parts bytes.Buffer
			if err := write(&whole, 100, 4000); err != nil {
				t.Fatal(err)
			}
			for _, p := range [][2]int{{100, 101}, {101, 1777}, {1777, 1777}, {1777, 4000}} {
				if err := write(&parts, p[0], p[1]); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(whole.Bytes(), parts.Bytes()) {
				t.Error("the parts together differ from the whole")
			}
		})
	}
}

func TestJoinsFindTheirRows(t *testing.T) {
	t.Parallel()
	key := func(name string, column int) map[string][]string {
		keys := map[string][]string{}
		for row := range rows(t, name) {
			if keys[row[column]] != nil {
				t.Fatalf("%s: key %s twice", name, row[column])
			}
			keys[row[column]] = row
		}
		return keys
	}
	users, venues, categories := key("tickit.users", 0), key("tickit.venue", 0), key("tickit.category", 0)
	dates, events, listings := key("tickit.date", 0), key("tickit.event", 0), key("tickit.listing", 0)
	key("tickit.sales", 0)
	key("tickit.users", 1)

	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, e := range events {
		if venues[e[1]] == nil || categories[e[2]] == nil || dates[e[3]] == nil {
			t.Fatalf("event %v points nowhere", e)
		}
	}
	for _, l := range listings {
		event := events[l[2]]
		if users[l[1]] == nil || event == nil || dates[l[3]] == nil {
			t.Fatalf("listing %v points nowhere", l)
		}
		if number(l[3]) > number(event[3]) || dates[l[3]][1] != l[7][:10] || number(l[4])*number(l[5]) != number(l[6]) {
			t.Fatalf("listing %v does not add up (event %v)", l, event)
		}
	}
	for s := range rows(t, "tickit.sales") {
		listing := listings[s[1]]
		if listing == nil || users[s[3]] == nil {
			t.Fatalf("sale %v points nowhere", s)
		}
		commission, err := strconv.ParseFloat(s[8], 64)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case s[2] != listing[1], s[4] != listing[2], s[2] == s[3]:
			t.Fatalf("sale %v is not of listing %v", s, listing)
		case s[9] < listing[7], number(s[5]) > number(events[s[4]][3]), dates[s[5]][1] != s[9][:10]:
			t.Fatalf("sale %v at an impossible time (listing %v)", s, listing)
		case number(s[6]) > number(listing[4]), number(s[6])*number(listing[5]) != number(s[7]):
			t.Fatalf("sale %v does not add up (listing %v)", s, listing)
		case int(commission*100+0.5) != number(s[7])*15:
			t.Fatalf("sale %v: commission is not 15 %%", s)
		}
	}
	for r := range rows(t, "crm.review") {
		if users[r[0]] == nil {
			t.Fatalf("review of user %s", r[0])
		}
	}
}

func TestTextIsUgly(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	nulls := 0
	for u := range rows(t, "tickit.users") {
		for _, text := range u[2:5] {
			seen[text] = true
		}
		if u[4] == none && u[5] == none {
			nulls++
		}
	}
	for _, text := range awkward {
		// The CSV reader takes a carriage return before a newline for a line end.
		if !seen[strings.ReplaceAll(text, "\r\n", "\n")] {
			t.Errorf("no user has %q", text)
		}
		if strings.Contains(text, none) {
			t.Errorf("%q contains the NULL marker", text)
		}
	}
	if nulls == 0 {
		t.Error("every user lives somewhere")
	}
}

func TestFlights(t *testing.T) {
	t.Parallel()
	states := map[string]bool{}
	routes := map[string]int{}
	cancelled, last := 0, ""
	for f := range rows(t, "public.flight_data") {
		states[f[5]], states[f[10]] = true, true
		routes[f[6]+f[11]]++
		if f[6] == f[11] {
			t.Fatalf("flight %v goes nowhere", f)
		}
		if (f[14] == "t") != (f[12] == "" && f[13] == "") {
			t.Fatalf("flight %v is neither cancelled nor flown", f)
		}
		if f[14] == "t" {
			cancelled++
		}
		if f[0][:10] < last {
			t.Fatalf("flight %v is before the one before it", f)
		}
		last = f[0][:10]
	}
	if len(states) != 50 || last != "2025-12-31" || cancelled < 10_000 || cancelled > 30_000 {
		t.Errorf("%d states, last day %s, %d cancelled", len(states), last, cancelled)
	}
	counts := make([]int, 0, len(routes))
	for _, n := range routes {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	if top := counts[:11]; len(slices.Compact(slices.Clone(top))) != len(top) {
		t.Errorf("the ten busiest routes are not in one order: %v", top)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteReportsWhatWentWrong(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		for _, f := range table.Files {
			if err := f.Write(brokenWriter{}); !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
}

func BenchmarkFlights(b *testing.B) {
	var size int64
	for b.Loop() {
		n := countingWriter(0)
		if err := writeFlights(&n, 0, flightRows); err != nil {
			b.Fatal(err)
		}
		size = int64(n)
	}
	b.SetBytes(size)
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
