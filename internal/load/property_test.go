package load_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/load"
)

// randomTable has names of columns and rows of texts; "" is NULL.
func randomTable(r *rand.Rand) (names []string, rows [][]string) {
	pieces := []string{"a", "é", "\"", ",", ";", "\t", "\n", " ", "'", "\\", "|", "日", "0", "-", "{", "]"}
	for i := range r.IntN(6) + 2 {
		names = append(names, fmt.Sprintf("column %d", i))
	}
	for range r.IntN(200) + 1 {
		row := make([]string, len(names))
		for i := range row {
			for range r.IntN(8) {
				row[i] += pieces[r.IntN(len(pieces))]
			}
		}
		rows = append(rows, row)
	}
	return names, rows
}

// loaded reads what was staged as COPY does, with the standard library's reader; the marker is NULL.
func loaded(t *testing.T, s *shelf, columns int, delimiter rune) [][]string {
	t.Helper()
	var all [][]string
	for part := range s.objects {
		r := csv.NewReader(strings.NewReader(s.text(t, part)))
		r.Comma, r.FieldsPerRecord = delimiter, columns
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	for _, row := range all {
		for i, v := range row {
			if v == "~" {
				row[i] = ""
			}
		}
	}
	slices.SortFunc(all, slices.Compare[[]string])
	return all
}

// Any table that somebody else's writer has written is what comes to be staged.
func TestAnyTableComesBackEqual(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		names, rows := randomTable(r)
		want := make([][]string, 0, len(rows))
		for _, row := range rows {
			want = append(want, slices.Clone(row))
		}
		slices.SortFunc(want, slices.Compare[[]string])
		yes := true

		delimiter := []rune{',', ';', '\t', '|'}[r.IntN(4)]
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.Comma, w.UseCRLF = delimiter, false
		if err := w.WriteAll(append([][]string{names}, rows...)); err != nil {
			t.Fatal(err)
		}
		sent, s, err := send(t, load.Wish{Header: &yes, Delimiter: byte(delimiter), Records: -1}, load.Job{}, text.String())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text.String())
		}
		if diff := cmp.Diff(want, loaded(t, s, len(names), delimiter)); diff != "" || sent.Records != int64(len(rows)) {
			t.Fatalf("seed %d, delimiter %q: %s", seed, delimiter, diff)
		}

		var lines bytes.Buffer
		e := json.NewEncoder(&lines)
		for _, row := range rows {
			record := make(map[string]*string)
			for i, name := range names {
				if record[name] = &row[i]; row[i] == "" {
					record[name] = nil
				}
			}
			if err := e.Encode(record); err != nil {
				t.Fatal(err)
			}
		}
		sent, s, err = send(t, load.Wish{Records: -1}, load.Job{}, lines.String())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, lines.String())
		}
		if diff := cmp.Diff(want, loaded(t, s, len(names), ',')); diff != "" || sent.Records != int64(len(rows)) {
			t.Fatalf("seed %d, JSON: %s", seed, diff)
		}
	}
}
