package scan_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/scan"
)

var update = flag.Bool("update", false, "write the figures into docs/scan.md")

// labelled is a table of the catalog.
type labelled struct {
	def    *redshift.TableDef
	labels []scan.Class // "" is no personal data
	makers []string
}

var labels = map[string]scan.Class{
	"-": "", "name": scan.Name, "email": scan.Email, "phone": scan.Phone, "address": scan.Address, "birth": scan.Birth, "natid": scan.NationalID,
	"finance": scan.Finance, "device": scan.Device, "secret": scan.Secret, "special": scan.Special, "text": scan.FreeText,
}

func readCatalog(tb testing.TB, name string) []labelled {
	tb.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	var all []labelled
	for line := range strings.SplitSeq(string(text), "\n") {
		switch fields := strings.Fields(line); {
		case len(fields) == 0 || strings.HasPrefix(line, "#"):
		case line[0] != ' ':
			table, err := redshift.ParseTable(line)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, labelled{def: &redshift.TableDef{Table: table}})
		default:
			t := &all[len(all)-1]
			label, ok := labels[fields[2]]
			name, err1 := redshift.NewIdent(fields[0])
			typ, err2 := redshift.ParseType(strings.Replace(fields[1], "double", "double precision", 1))
			if err := cmp.Or(err1, err2); err != nil || !ok {
				tb.Fatalf("%s: %s: %v", t.def.Table, line, err)
			}
			if len(t.def.Columns) == 0 {
				t.def.PrimaryKey = &redshift.Key{Columns: []redshift.Ident{name}}
			}
			t.def.Columns = append(t.def.Columns, redshift.Column{Name: name, Type: typ})
			t.labels, t.makers = append(t.labels, label), append(t.makers, fields[3])
		}
	}
	return all
}

// rows makes rows of a table, one in ten values NULL, always the same.
func (t *labelled) rows(tb testing.TB, n int) [][]*string {
	tb.Helper()
	out := make([][]*string, n)
	for i := range out {
		out[i] = make([]*string, len(t.makers))
	}
	for c, name := range t.makers {
		r := rand.New(rand.NewPCG(uint64(c), uint64(len(t.makers)*1000+len(t.def.String()))))
		m := maker(tb, name)
		if m == nil {
			continue
		}
		most := t.def.Columns[c].Type.Length
		for i := range out {
			v := m(r, i)
			if most > 0 && len(v) > most {
				v = strings.TrimSpace(v[:most])
			}
			if r.IntN(10) > 0 || c == 0 {
				out[i][c] = &v
			}
		}
	}
	return out
}

// score counts what was found of what there is.
type score struct{ found, right, labelled int }

func (s score) precision() float64 { return float64(s.right) / float64(max(1, s.found)) }
func (s score) recall() float64    { return float64(s.right) / float64(max(1, s.labelled)) }

func (s score) f2() float64 {
	p, r := s.precision(), s.recall()
	if p+r == 0 {
		return 0
	}
	return 5 * p * r / (4*p + r)
}

const rowsOfEach = 60

// measure scans the catalog: columns that are found (sensitive or to be looked at) against those that are labelled, by
// class, and for "all" without regard to the class.
func measure(tb testing.TB, file string, values bool) (by map[scan.Class]*score, sensitive score, wrong []string, columns int) {
	tb.Helper()
	by = map[scan.Class]*score{"all": {}}
	for _, c := range scan.Classes() {
		by[c] = &score{}
	}
	for _, t := range readCatalog(tb, file) {
		s := scan.New(t.def, 0)
		if values {
			s.AnswerInGo(t.rows(tb, rowsOfEach))
		}
		found := map[string]scan.Finding{}
		for _, f := range s.Findings() {
			found[f.Column.String()] = f
		}
		for i, c := range t.def.Columns {
			columns++
			f, ok := found[c.Name.String()]
			want := t.labels[i]
			if want != "" {
				by["all"].labelled++
				by[want].labelled++
				sensitive.labelled++
			}
			if ok {
				by["all"].found++
				by[f.Class].found++
				if want != "" {
					by["all"].right++
				}
				if f.Class == want {
					by[want].right++
				}
				if f.Result == scan.Sensitive {
					sensitive.found++
					if want != "" {
						sensitive.right++
					}
				}
			}
			if ok != (want != "") || ok && f.Class != want {
				wrong = append(wrong, fmt.Sprintf("%s.%s: %q, found %q %d %v", t.def.Table, c.Name, want, f.Class, f.Score, f.Evidence))
			}
		}
	}
	return by, sensitive, wrong, columns
}

// The figures that docs/scan.md publishes are those of this test, and are good enough to be published.
func TestFigures(t *testing.T) {
	t.Parallel()
	by, sensitive, wrong, columns := measure(t, "catalog.txt", true)
	named, _, _, _ := measure(t, "catalog.txt", false)
	unseen, unseenSensitive, missed, others := measure(t, "unseen.txt", true)
	unseenNamed, _, _, _ := measure(t, "unseen.txt", false)
	t.Logf("of the catalog:\n%s\nof unseen tables:\n%s", strings.Join(wrong, "\n"), strings.Join(missed, "\n"))
	if all := by["all"]; columns < 500 || all.precision() < 0.90 || all.recall() < 0.98 {
		t.Errorf("%d columns: precision %.3f, recall %.3f\n%s", columns, all.precision(), all.recall(), strings.Join(wrong, "\n"))
	}
	var b strings.Builder
	b.WriteString("| class | columns | found | precision | recall | F2 | by names alone: precision | recall |\n|---|---|---|---|---|---|---|---|\n")
	row := func(name string, s, n *score) {
		fmt.Fprintf(&b, "| %s | %d | %d | %.2f | %.2f | %.2f | %.2f | %.2f |\n", name, s.labelled, s.found, s.precision(), s.recall(), s.f2(), n.precision(), n.recall())
	}
	for _, c := range scan.Classes() {
		row(string(c), by[c], named[c])
	}
	row("**any of them**", by["all"], named["all"])
	row("any, unseen tables", unseen["all"], unseenNamed["all"])
	fmt.Fprintf(&b, "\nThe catalog has %d columns, %d of them labelled; the unseen tables have %d and %d. Of the columns called sensitive, %.0f %% are labelled\nin the catalog, and %.0f %% in the unseen tables.\n",
		columns, by["all"].labelled, others, unseen["all"].labelled, 100*sensitive.precision(), 100*unseenSensitive.precision())
	const file, begin, end = "../../docs/scan.md", "<!-- figures -->\n", "<!-- end of figures -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	have, after, ok2 := strings.Cut(rest, end)
	switch {
	case !ok1 || !ok2:
		t.Fatalf("%s has no place for the figures", file)
	case have == b.String():
	case *update:
		if err := os.WriteFile(file, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s has other figures; go test ./internal/scan -run Figures -update writes these:\n%s", file, b.String())
	}
}
