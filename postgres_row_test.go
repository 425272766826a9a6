package sealift

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/plan"
)

// TestMaskedRow: what is staged of a masked row is read back as it was, by the reader that reads what servers write; nothing and NULL stay
// apart.
func TestMaskedRow(t *testing.T) {
	t.Parallel()
	const marker = "sealift_null_0123456789abcdef"
	p := &passing{table: &plan.Table{Extract: &plan.Extract{Marker: marker}}, quoted: []bool{true, false, false}}
	value := rapid.OneOf(rapid.SampledFrom([]string{"", `"`, `""`, "\n", "\r\n", ",", `\`, `\N`, "NULL", " ", "x,\"y\"\n", "é"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		row := make([][]byte, len(p.quoted))
		for i := range row {
			if rapid.IntRange(0, 4).Draw(t, "null") > 0 {
				row[i] = []byte(strings.ReplaceAll(value.Draw(t, "value"), "\x00", ""))
			}
		}
		out := p.write(p.write(nil, row), row)
		r := delimited.NewReader(delimited.Format{Delimiter: ',', Quote: '"'}, [][]byte{[]byte(marker)}, delimited.Block{Text: out, Line: 1})
		for range 2 {
			_, values, err := r.Next()
			if err != nil || len(values) != len(row) {
				t.Fatalf("%q: %d fields, %v", out, len(values), err)
			}
			for i, v := range values {
				if v.Null != (row[i] == nil) || !v.Null && !bytes.Equal(v.Text, row[i]) {
					t.Fatalf("%q: field %d is %q, NULL %v, and was %q", out, i, v.Text, v.Null, row[i])
				}
			}
		}
	})
}
