package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed documents are what the tests say. If this fails: go generate ./internal/local
func TestDocumentsAreUpToDate(t *testing.T) {
	t.Parallel()
	const docs = "../../../docs"
	files, err := generate("../../local", docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("docs/%s differs from the directives; go generate ./internal/local\n%s", name, diff)
		}
	}
}

func TestDirectives(t *testing.T) {
	t.Parallel()
	const head = "package p\n"
	for _, c := range []struct{ name, source, want string }{
		{"imitated", "// TestX: x.\n//\n//standin:imitates COPY: GZIP | DG copy\nfunc TestX() {}", "imitates COPY|GZIP||DG copy|TestX"},
		{"differs", "//standin:differs COPY: GZIP | slower | DG copy\nfunc FuzzX() {}", "differs COPY|GZIP|slower|DG copy|FuzzX"},
		{"two", "//standin:imitates A: b | C\n//standin:refuses A: d | E\nfunc TestX() {}", "imitates A|b||C|TestX\nrefuses A|d||E|TestX"},
		{"prose is none", "// See //standin:imitates above.\nfunc TestX() {}", ""},
		{"unkindness", "//standin:imitates unkindness 21: x | y\nfunc TestX() {}", "imitates unkindness 21|x||y|TestX"},
		{"pipes in a feature", "//standin:imitates dialect: a || b | DG r_CONCAT_op\nfunc TestX() {}", "imitates dialect|a || b||DG r_CONCAT_op|TestX"},
		{"on no test", "//standin:imitates COPY: GZIP | DG copy\n\nfunc TestX() {}", "x_test.go:2: .*stands on no test"},
		{"on a helper", "//standin:imitates COPY: GZIP | DG copy\nfunc helper() {}", "stands on no test"},
		{"inside a test", "func TestX() {\n\t//standin:imitates COPY: GZIP | DG copy\n}", "stands on no test"},
		{"on TestMain", "//standin:imitates COPY: GZIP | DG copy\nfunc TestMain() {}", "stands on no test"},
		{"unknown verdict", "//standin:imitate COPY: GZIP | DG copy\nfunc TestX() {}", `"imitate" is none of`},
		{"no source", "//standin:imitates COPY: GZIP\nfunc TestX() {}", "1 parts"},
		{"empty source", "//standin:imitates COPY: GZIP | \nfunc TestX() {}", "a part is empty"},
		{"no how", "//standin:differs COPY: GZIP | DG copy\nfunc TestX() {}", "differs takes"},
		{"no area", "//standin:imitates GZIP | DG copy\nfunc TestX() {}", "does not begin with its area"},
		{"no such unkindness", "//standin:imitates unkindness 22: x | y\nfunc TestX() {}", "unkindnesses 1 to 21"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, "x_test.go", head+c.source, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ds, err := directives(fset, file, "x_test.go")
			var got []string
			for _, d := range ds {
				got = append(got, d.verdict+" "+strings.Join([]string{d.area, d.feature, d.how, d.source, d.test}, "|"))
			}
			if err != nil {
				if len(got) > 0 || !matches(c.want, err.Error()) {
					t.Errorf("got %q and error %v, want %q", got, err, c.want)
				}
				return
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// matches tells whether the parts between .* come in the text, in their order.
func matches(pattern, text string) bool {
	for part := range strings.SplitSeq(pattern, ".*") {
		_, after, ok := strings.Cut(text, part)
		if !ok || part == "" {
			return false
		}
		text = after
	}
	return true
}

func TestOneVerdictForOneFeature(t *testing.T) {
	t.Parallel()
	x := directive{verdict: "imitates", area: "COPY", feature: "GZIP", source: "DG copy", test: "TestX", file: "a_test.go", line: 3}
	y := x
	y.test, y.source, y.feature = "TestY", "DG other", "gzip"
	features, err := merge([]directive{x, y})
	if err != nil || len(features) != 1 || len(features[0].tests) != 2 {
		t.Fatalf("got %v, %v", features, err)
	}
	want := "| GZIP | imitated | DG copy, DG other | [TestX](../internal/local/a_test.go), [TestY](../internal/local/a_test.go) |\n"
	if page := conformance(features); !strings.HasSuffix(page, want) {
		t.Errorf("page ends in %q", page[len(page)-200:])
	}
	y.verdict = "refuses"
	if _, err := merge([]directive{x, y}); err == nil || !strings.Contains(err.Error(), "refuses here, imitates in a_test.go:3") {
		t.Errorf("error %v", err)
	}
}

func TestReplaceKeepsTheRest(t *testing.T) {
	t.Parallel()
	got, err := replace("a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n", "x", "new\n")
	if want := "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"", "<!-- begin x -->\n", "<!-- end x -->\n<!-- begin x -->\n"} {
		if _, err := replace(text, "x", "new\n"); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}
