package mask_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestVectors compares what the Go twins give with testdata/vectors.golden, and the SQL twins with that. The vectors are
// the promise that a policy gives the same values with the next version: a change of one is a change of the definition.
// Their keys are derived from the bytes 0 to 31, environment vectors, epoch 1.
func TestVectors(t *testing.T) {
	tw := newTwins(t, twinCases())
	table := newTable(t, tw.def, tw.uses, tw.dictionaries)
	k := keys(t, "vectors", "1")
	m, err := table.Masker(k)
	if err != nil {
		t.Fatal(err)
	}
	typical := []string{"ada@example.org", "A.B+c@EXAMPLE.ORG", "+1 (555) 010-9999", "4111111111111111", "078-05-1120", "192.0.2.17", "90210", ""}
	const rows = 12
	var lines []redshift.SQL
	var out [][][]byte
	for r := range rows {
		stored := [][]byte{[]byte(strconv.Itoa(r))}
		for i, value := range tw.values {
			var v []byte
			if r > 0 {
				v = []byte(value.make(rand.New(rand.NewPCG(uint64(r), uint64(i)))))
			}
			if c := tw.stored.Columns[i+1]; r > 3 && strings.Contains(value.name, "text") && len(typical[r-4]) <= c.Type.Length {
				v = []byte(typical[r-4])
			}
			stored = append(stored, v)
		}
		row := make([][]byte, len(tw.from))
		fields := make([]redshift.SQL, len(tw.from))
		for i, at := range tw.from {
			row[i] = stored[at]
			value := redshift.Build("NULL")
			switch {
			case row[i] != nil && tw.def.Columns[i].Type.Name == redshift.Super:
				value = redshift.Build("JSON_PARSE(?)", redshift.Lit(string(row[i])))
			case row[i] != nil:
				value = redshift.Build("?", redshift.Lit(string(row[i])))
			}
			fields[i] = redshift.Build("CAST(? AS ?) AS ?", value, tw.def.Columns[i].Type, tw.def.Columns[i].Name)
		}
		lines = append(lines, redshift.Build("SELECT ?", redshift.Join(", ", fields...)))
	}
	// The server's text of the values, which is what a Go twin reads.
	from := redshift.Build("(?) t", redshift.Join(" UNION ALL ", lines...))
	w := session(t, k)
	for _, sql := range table.Prepare() {
		w.exec(sql.String())
	}
	in := w.rows(redshift.Build("SELECT * FROM ? ORDER BY id", from).String())
	inSQL := w.rows(redshift.Build("SELECT * FROM (?) m ORDER BY id", table.Query(from, redshift.SQL{})).String())
	for _, row := range in {
		masked, err := m.Row(row)
		if err != nil {
			t.Fatal(err)
		}
		kept := make([][]byte, len(masked))
		for i, v := range masked {
			if v != nil {
				kept[i] = append([]byte{}, v...)
			}
		}
		out = append(out, kept)
	}
	var b strings.Builder
	for i, c := range tw.def.Columns {
		use, err := json.Marshal(tw.uses[c.Name.String()])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %s\n", c.Name, c.Type, use)
		for r := range in {
			got, want := unpadded(out[r][i]), unpadded(inSQL[r][i])
			switch c.Type.Name {
			case redshift.Char:
			case redshift.Super:
				got, want = sorted(t, out[r][i]), sorted(t, inSQL[r][i])
			default:
				got, want = out[r][i], inSQL[r][i]
			}
			if show(got) != show(want) {
				t.Errorf("%s of %s: %s in Go, %s in SQL", c.Name, show(in[r][i]), show(got), show(want))
			}
			fmt.Fprintf(&b, "\t%d: %s -> %s\n", r, show(in[r][i]), show(got))
		}
	}
	name := filepath.Join("testdata", "vectors.golden")
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("line %d of %s is %q, and now it would be %q", i+1, name, wantLines[i], gotLines[i])
		}
	}
	if len(gotLines) != len(wantLines) {
		t.Errorf("%s has %d lines, and now it would have %d", name, len(wantLines), len(gotLines))
	}
}
