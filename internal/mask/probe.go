package mask

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// Probe is a check that a warehouse and this program mean the same: the masks of a table, run by the warehouse over rows
// that are made up, none of them anybody's.
type Probe struct {
	table *Table
	rows  [][][]byte
	// Query is the masked SELECT over the rows. Where they need it, the session has the key table and what Prepare makes.
	Query redshift.SQL
}

// KnownAnswers is a query and what it answers on any warehouse that computes as documented: the functions that all masks
// are made of (DG SHA2, STRTOL, r_FNV_HASH), by their published answers.
func KnownAnswers() (redshift.SQL, []string) {
	return redshift.Build("SELECT SHA2('abc', 256), STRTOL('abcd1234', 16), FNV_HASH('abcd')"), []string{
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "2882343476", "-281581062704388899",
	}
}

// Probe makes the check of the table's masks. They must be ones that can be pushed down. Expressions, which no twin could be compared with,
// are left out: see Trials.
func (t *Table) Probe() Probe {
	t = t.provable()
	p := Probe{table: t}
	samples := make([][][]byte, len(t.columns))
	n := 0
	for i, c := range t.columns {
		for _, s := range c.values() {
			samples[i] = append(samples[i], []byte(s))
		}
		if !c.NotNull || len(samples[i]) == 0 { // of types that no mask looks into, NULL is all there is to compare
			samples[i] = append(samples[i], nil)
		}
		n = max(n, len(samples[i]))
	}
	// Twice as many rows as the longest list, each list from another place on: values meet in many ways.
	var lines []redshift.SQL
	for r := range 2 * n {
		row := make([][]byte, len(t.columns))
		fields := make([]redshift.SQL, len(t.columns))
		for i, c := range t.columns {
			row[i] = samples[i][(r+i*r/n)%len(samples[i])]
			value := redshift.Build("NULL")
			switch {
			case row[i] != nil && c.Type.Name == redshift.Super: // as which a text is a text, not what it says
				value = redshift.Build("JSON_PARSE(?)", redshift.Lit(string(row[i])))
			case row[i] != nil:
				value = redshift.Build("?", redshift.Lit(string(row[i])))
			}
			fields[i] = redshift.Build("CAST(? AS ?) AS ?", value, c.Type, c.Name)
		}
		p.rows = append(p.rows, row)
		lines = append(lines, redshift.Build("SELECT ?", redshift.Join(", ", fields...)))
	}
	p.Query = t.Query(redshift.Build("(\n?\n) p", redshift.Join("\nUNION ALL\n", lines...)), redshift.SQL{})
	return p
}

// Check compares the answer, rows in any order, NULL as nil, with the Go twins under keys. The error joins one *Error for
// each column that is not the same.
func (p Probe) Check(keys Keys, answer [][][]byte) error {
	if len(answer) != len(p.rows) {
		return fmt.Errorf("check masks of %s: %d rows come out of %d; is there one row in the key table?", p.table.def.Table, len(answer), len(p.rows))
	}
	m, err := p.table.masker(keys)
	if err != nil {
		return err
	}
	want := make([][]string, len(p.table.columns))
	got := make([][]string, len(p.table.columns))
	for r, row := range p.rows {
		masked, err := m.Row(row)
		if err != nil {
			return fmt.Errorf("check masks: %w", err)
		}
		if len(answer[r]) != len(masked) {
			return fmt.Errorf("check masks of %s: an answer with %d fields for %d columns", p.table.def.Table, len(answer[r]), len(masked))
		}
		for i, c := range p.table.columns {
			want[i] = append(want[i], shownAs(c.Type, masked[i]))
			got[i] = append(got[i], shownAs(c.Type, answer[r][i]))
		}
	}
	var errs []error
	for i, c := range p.table.columns {
		slices.Sort(want[i])
		slices.Sort(got[i])
		for r := range want[i] {
			if want[i][r] != got[i][r] {
				errs = append(errs, &Error{p.table.def.Table, c.Name.String(), fmt.Errorf(
					"%s comes out of made-up rows as %s in the warehouse and as %s here: the warehouse computes it otherwise", c.use.Transformer, got[i][r], want[i][r])})
				break
			}
		}
	}
	return errors.Join(errs...)
}

// shownAs is a value for comparing. The padding of CHAR means nothing, nor does the order of an object's attributes.
func shownAs(t redshift.Type, v []byte) string {
	if v == nil {
		return "NULL"
	}
	if t.Name == redshift.Super {
		if sorted, err := sortedJSON(v); err == nil {
			v = sorted
		}
	}
	if t.Name == redshift.Char {
		v = bytes.TrimRight(v, " ")
	}
	return "'" + string(v) + "'"
}

// hostile are texts that quoting, positions and canonical forms stumble over.
var hostile = []string{
	"", " ", "a", "a  ", "A", " lead", "O'Neil \\ \"x\"", "tab\tand\nline", "ÄÖÜ ß é", "漢字かな", "😀🏳️‍🌈 𝒳", "|~^,;", "007", "-1.50", "NULL", "\\N", "ada@example.org",
	"A.B+c@EXAMPLE.ORG", "a@b@c", "+1 (555) 010-9999", "4111 1111 1111 1111", "192.0.2.17", "2001:db8::1", "90210", "03601", "%_%", "?", "a\u0301", "\u00a0", "ZZzz99",
}

// values are what a column is probed with: what its mask takes, or what its type does.
func (c *column) values() []string {
	if len(c.samples) > 0 {
		return c.fitting(c.samples)
	}
	t := c.Type
	switch kindOf(t) {
	case text:
		return c.fitting(hostile)
	case whole:
		most := largest(t)
		return []string{"0", "1", "-1", "42", "-1001", fmt.Sprint(most), fmt.Sprint(-most - 1)}
	case decimals:
		if t.Precision == 1 {
			return []string{decimal{lo: 1}.shown(t.Scale), decimal{}.shown(t.Scale)}
		}
		var out []string
		for _, digits := range []string{"0", "1", "5", "49", "50", "995", "12345678901234567890123456789"} {
			digits = digits[:min(len(digits), t.Precision-1)] // room to grow by a digit
			if len(digits) <= t.Scale {
				digits = strings.Repeat("0", t.Scale+1-len(digits)) + digits
			}
			if at := len(digits) - t.Scale; t.Scale > 0 {
				digits = digits[:at] + "." + digits[at:]
			}
			out = append(out, digits)
			if strings.Trim(digits, "0.") != "" {
				out = append(out, "-"+digits)
			}
		}
		return out
	case boolean:
		return []string{"t", "f"}
	case date:
		return []string{"1970-01-01", "2000-02-29", "1899-12-31", "2026-11-21", "0001-01-01", "9999-12-31", "12026-05-06"}
	case timestamp:
		return []string{"1970-01-01 00:00:00", "2000-02-29 23:59:59.999999", "2026-11-21 12:34:56.7", "1899-12-31 00:00:00.000001"}
	case instant:
		return []string{"1970-01-01 00:00:00+00", "2000-02-29 23:59:59.999999+00", "2026-11-21 12:34:56.7+00"}
	default:
		return nil
	}
}

// fitting is those texts that the column holds.
func (c *column) fitting(texts []string) []string {
	var out []string
	for _, s := range texts {
		if len(s) <= c.Type.Length && (c.Type.Name != redshift.Char || !strings.ContainsFunc(s, func(r rune) bool { return r > 126 || r < ' ' })) {
			out = append(out, s)
		}
	}
	if kindOf(c.Type) != text {
		return texts
	}
	return out
}
