package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// candidates are the delimiters that Sniff tries, the likelier first.
const candidates = ",\t|;^\x01"

// sniffed is how many records Sniff looks at.
const sniffed = 200

// Sniff finds the format of text from its beginning: the delimiter under which the most fields come out, the same
// number in every record, or, where some records are wrong, in most. whole says that text is all there is, not cut off
// somewhere.
//
// A file that fits two delimiters equally well, or none, is an error that says what was tried.
func Sniff(text []byte, whole bool) (Format, error) {
	var best Format
	var most fit
	tied := false
	var tried []string
	for _, d := range []byte(candidates) {
		if bytes.IndexByte(text, d) < 0 {
			continue
		}
		f := Format{Delimiter: d, Quote: '"'}
		n := f.fit(text, whole)
		if n.wrong != nil {
			tried = append(tried, fmt.Sprintf("%q: %v", d, n.wrong))
			if bare := (Format{Delimiter: d}).fit(text, whole); bare.wrong == nil && !f.opensQuote(text) {
				f.Quote, n = 0, bare // nothing is quoted, and quotes are characters as any
			}
		}
		switch {
		case n.share <= half || n.fields < 2:
		case most.fields == 0 || most.less(n):
			best, most, tied = f, n, false
		case !n.less(most):
			tied = true
		}
	}
	switch {
	case tied:
		return Format{}, errors.New("more than one delimiter fits; name one")
	case most.fields > 1:
		return best, nil
	case len(tried) > 0:
		return Format{}, fmt.Errorf("no delimiter gives every record the same number of fields (%s); name one", strings.Join(tried, "; "))
	}
	// One column, whatever the delimiter.
	f := Format{Delimiter: ',', Quote: '"'}
	if n := f.fit(text, whole); n.wrong != nil && !f.opensQuote(text) {
		f.Quote = 0
		return f, f.fit(text, whole).wrong
	}
	return f, nil
}

// opensQuote tells whether a field begins with a quote. Then quotes mean something, and one that is never closed is a
// mistake in the file, not a character as any other.
func (f Format) opensQuote(text []byte) bool {
	return bytes.HasPrefix(text, []byte{f.Quote}) || bytes.Contains(text, []byte{'\n', f.Quote}) || bytes.Contains(text, []byte{f.Delimiter, f.Quote})
}

// fit tells how well a format fits.
type fit struct {
	fields int
	share  float64 // of the records that have so many
	wrong  error   // the first thing that does not fit
}

// half is what more than must agree, of the records.
const half = 0.5

// less tells whether o fits better.
func (f fit) less(o fit) bool {
	if (f.wrong == nil) != (o.wrong == nil) {
		return o.wrong == nil
	}
	return f.fields < o.fields
}

// fit tries a format on the records that text holds.
func (f Format) fit(text []byte, whole bool) fit {
	if !whole {
		end := f.lastEnd(text)
		if end == 0 {
			return fit{wrong: errors.New("no end of a record in sight")}
		}
		text = text[:end]
	}
	r := NewReader(f, nil, Block{Text: text, Line: 1})
	counts := make(map[int]int)
	var out fit
	var all int
	for all = 0; all < sniffed; all++ {
		line, values, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			out.wrong = err
			break
		}
		if all == 0 {
			out.fields = len(values)
		}
		if out.fields != len(values) && out.wrong == nil {
			out.wrong = fmt.Errorf("line %d has %d fields, those before it %d", line, len(values), out.fields)
		}
		counts[len(values)]++
	}
	if all == 0 && out.wrong == nil {
		out.wrong = errors.New("no record")
	}
	// A header may be short of a field, say: what most records have is what is meant.
	for n, times := range counts {
		if share := float64(times) / float64(all); share > out.share || (share == out.share && n > out.fields) {
			out.fields, out.share = n, share
		}
	}
	return out
}
