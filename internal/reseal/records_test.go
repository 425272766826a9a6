package reseal_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/reseal"
)

// What UNLOAD writes with ESCAPE is counted as the rows that were unloaded, however the text comes in blocks.
func TestRecordsAreCountedAsCopyReadsThem(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, "\n", "\\\n", "\r", "\\\r", "^", `\^`, `"`, `\"`)
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("\n\r\\\"^aé")
	for range 2000 {
		rows := r.IntN(6)
		var text strings.Builder
		for range rows {
			for i := range 1 + r.IntN(3) {
				if i > 0 {
					text.WriteByte('^')
				}
				field := make([]rune, r.IntN(6))
				for j := range field {
					field[j] = alphabet[r.IntN(len(alphabet))]
				}
				text.WriteString(`"` + escape.Replace(string(field)) + `"`)
			}
			text.WriteByte('\n')
		}
		var counted reseal.Records
		for rest := text.String(); rest != ""; {
			n := 1 + r.IntN(len(rest))
			if _, err := counted.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if counted.N() != int64(rows) {
			t.Errorf("%d records in %q, %d rows", counted.N(), text.String(), rows)
		}
	}
}

func TestTheLastRecordMayLackItsEnd(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "\n": 1, "a": 1, "a\nb": 2, "a\\\nb\n": 1, "a\\\\\nb": 2, `\`: 1} {
		var counted reseal.Records
		if _, err := counted.Write([]byte(text)); err != nil || counted.N() != want {
			t.Errorf("%q: %d records, %v; want %d", text, counted.N(), err, want)
		}
	}
}
