package mask_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// lawCases are the cases of the twins, and those that are in Go only.
func lawCases() []twinCase {
	return append(twinCases(),
		twinCase{"varchar(40)", mask.Use{Transformer: "ff1", Domain: "ff1"}, generator{"six to eighteen", func(r *rand.Rand) string {
			return strings.Repeat("0", 6) + fmt.Sprint(r.Uint32())
		}}},
		twinCase{"varchar(100)", mask.Use{Transformer: "scramble", Domain: "long"}, anyText(60)},
	)
}

// renamed is a use in which each domain has something in front.
func renamed(u mask.Use, by string) mask.Use {
	if u.Domain != "" {
		u.Domain = by + u.Domain
	}
	if u.Else != nil {
		other := renamed(*u.Else, by)
		u.Else = &other
	}
	return u
}

// TestLaws: NULL stays NULL, the same comes out of the same, another key or another domain makes others, what is unique
// stays so, and everything fits its column.
func TestLaws(t *testing.T) {
	tw := newTwins(t, lawCases())
	others := make(map[string]mask.Use)
	for name, use := range tw.uses {
		others[name] = renamed(use, "other.")
	}
	table, otherTable := newTable(t, tw.def, tw.uses, tw.dictionaries), newTable(t, tw.def, others, tw.dictionaries)
	masker := func(table *mask.Table, environment, epoch string) *mask.Masker {
		m, err := table.Masker(keys(t, environment, epoch))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	report := make(map[string]mask.Report)
	for _, r := range table.Report() {
		report[r.Column] = r
	}
	under, again := masker(table, "dev", "1"), masker(table, "dev", "1")
	apart := map[string]*mask.Masker{
		"epoch": masker(table, "dev", "2"), "environment": masker(table, "test", "1"), "domain": masker(otherTable, "dev", "1"),
	}
	rapid.Check(t, func(t *rapid.T) {
		const rows = 24
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		all := make(map[string][][][]byte) // by masker
		var plain [][][]byte
		for i := range rows {
			stored := [][]byte{fmt.Append(nil, i)}
			for _, v := range tw.values {
				stored = append(stored, []byte(v.make(r)))
			}
			row := make([][]byte, len(tw.from))
			for j, at := range tw.from {
				row[j] = stored[at]
				if j > 0 && r.IntN(8) == 0 {
					row[j] = nil
				}
			}
			plain = append(plain, row)
			first := copied(t, under, row)
			if second := copied(t, again, row); !same(first, second) {
				t.Fatalf("the same row comes out as %q and as %q", first, second)
			}
			all[""] = append(all[""], first)
			for name, m := range apart {
				all[name] = append(all[name], copied(t, m, row))
			}
		}
		for j, c := range tw.def.Columns {
			name := c.Name.String()
			use := tw.uses[name]
			rep := report[name]
			seen := make(map[string]string)
			differs := make(map[string]bool)
			values := make(map[string]bool)
			for i, row := range plain {
				in, out := row[j], all[""][i][j]
				if in == nil && out != nil && use.Options["keep_null"] != false && (use.Else == nil || use.Else.Options["keep_null"] != false) {
					t.Fatalf("%s makes %q of NULL", name, out)
				}
				if out == nil {
					continue
				}
				fits(t, c, out)
				values[string(in)] = true
				for other := range apart {
					if !bytes.Equal(out, all[other][i][j]) {
						differs[other] = true
					}
				}
				if rep.Class == mask.Unique && use.Else == nil {
					key := strings.TrimRight(string(in), " ")
					if before, ok := seen[string(out)]; ok && before != key {
						t.Fatalf("%s makes %q of both %q and %q", name, out, before, key)
					}
					seen[string(out)] = key
				}
			}
			if use.Domain == "" || use.Else != nil || len(values) < 15 || rep.Privacy == mask.Coarse && use.Entity == "" {
				continue
			}
			for other := range apart {
				if !differs[other] {
					t.Fatalf("%s: of %d values, all come out the same under another %s", name, len(values), other)
				}
			}
		}
	})
}

func copied(t *rapid.T, m *mask.Masker, row [][]byte) [][]byte {
	out, err := m.Row(row)
	if err != nil {
		t.Fatalf("%q: %v", row, err)
	}
	kept := make([][]byte, len(out))
	for i, v := range out {
		if v != nil {
			kept[i] = append([]byte{}, v...)
		}
	}
	return kept
}

func same(a, b [][]byte) bool {
	for i := range a {
		if (a[i] == nil) != (b[i] == nil) || !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// fits tells whether a column holds a value: what the package reads back as one is.
func fits(t *rapid.T, c redshift.Column, v []byte) {
	switch c.Type.Name {
	case redshift.Varchar, redshift.Char:
		if len(v) > c.Type.Length {
			t.Fatalf("%s: %q has %d bytes in %s", c.Name, v, len(v), c.Type)
		}
	case redshift.SmallInt, redshift.Integer, redshift.BigInt:
		var n int64
		if _, err := fmt.Sscan(string(v), &n); err != nil || c.Type.Name == redshift.SmallInt && int64(int16(n)) != n || c.Type.Name == redshift.Integer && int64(int32(n)) != n {
			t.Fatalf("%s: %q in %s", c.Name, v, c.Type)
		}
	case redshift.Decimal:
		whole, places, _ := strings.Cut(strings.TrimPrefix(string(v), "-"), ".")
		if len(places) != c.Type.Scale || len(strings.TrimLeft(whole, "0")) > c.Type.Precision-c.Type.Scale {
			t.Fatalf("%s: %q in %s", c.Name, v, c.Type)
		}
	}
}

// TestPermutations: of 30,000 numbers, none become one, in sets of several shapes; the same of texts of digits.
func TestPermutations(t *testing.T) {
	for _, c := range []struct {
		typ string
		use mask.Use
		of  func(n int) string
	}{
		{"bigint", mask.Use{Transformer: "permute_int", Domain: "a", Options: opt{"digits": 6}}, func(n int) string { return fmt.Sprint(n) }},
		{"bigint", mask.Use{Transformer: "permute_int", Domain: "a", Options: opt{"digits": 9}}, func(n int) string { return fmt.Sprint(n * 33331) }},
		{"bigint", mask.Use{Transformer: "permute_int", Domain: "a", Options: opt{"sides": []any{2, 500_000}}}, func(n int) string { return fmt.Sprint(n) }},
		{"varchar(10)", mask.Use{Transformer: "fpe_digits", Domain: "a"}, func(n int) string { return fmt.Sprintf("%06d", n) }},
		{"varchar(10)", mask.Use{Transformer: "fpe_digits", Domain: "a", Options: opt{"keep_prefix": 2}}, func(n int) string { return fmt.Sprintf("AB%07d", n*37) }},
	} {
		m := masked(t, c.typ, c.use)
		seen := make(map[string]int, 30_000)
		for n := range 30_000 {
			out := m(c.of(n))
			if before, ok := seen[out]; ok || len(out) > 12 {
				t.Fatalf("%v: %s and %s both become %s", c.use, c.of(before), c.of(n), out)
			}
			seen[out] = n
		}
	}
}

// TestNoAllocation: once warm, no row takes memory, whatever its masks but FF1, whose numbers are big, and those that look into
// texts and objects by what the standard library has for it.
func TestNoAllocation(t *testing.T) {
	tw := newTwins(t, slices.DeleteFunc(twinCases(), func(c twinCase) bool {
		return c.use.Transformer == "regex_replace" || c.use.Transformer == "super_paths"
	}))
	m, err := newTable(t, tw.def, tw.uses, tw.dictionaries).Masker(keys(t, "dev", "1"))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var rows [][][]byte
	for i := range 100 {
		stored := [][]byte{fmt.Append(nil, i)}
		for _, v := range tw.values {
			stored = append(stored, []byte(v.make(r)))
		}
		row := make([][]byte, len(tw.from))
		for j, at := range tw.from {
			row[j] = stored[at]
		}
		rows = append(rows, row)
	}
	n := testing.AllocsPerRun(5, func() {
		for _, row := range rows {
			if _, err := m.Row(row); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for %d rows", n, len(rows))
	}
}
