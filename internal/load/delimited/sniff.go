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
// number in every record. whole says that text is all there is, not cut off somewhere.
//
// It decides by all records it sees or not at all: a file that fits two delimiters equally well, or none, is an error
// that says what was tried.
func Sniff(text []byte, whole bool) (Format, error) {
	var best Format
	most, tied := 1, false
	var ragged []string
	for _, d := range []byte(candidates) {
		if bytes.IndexByte(text, d) < 0 {
			continue
		}
		for _, q := range []byte{'"', 0} {
			f := Format{Delimiter: d, Quote: q}
			n, err := f.fields(text, whole)
			if err != nil {
				ragged = append(ragged, fmt.Sprintf("%q: %v", d, err))
				continue // perhaps it fits where nothing is quoted
			}
			switch {
			case n > most:
				best, most, tied = f, n, false
			case n == most && n > 1 && d != best.Delimiter:
				tied = true
			}
			break
		}
	}
	switch {
	case tied:
		return Format{}, errors.New("more than one delimiter fits; name one")
	case most > 1:
		return best, nil
	case len(ragged) > 0:
		return Format{}, fmt.Errorf("no delimiter gives every record the same number of fields (%s); name one", strings.Join(ragged, "; "))
	}
	// One column, whatever the delimiter.
	f := Format{Delimiter: ',', Quote: '"'}
	if _, err := f.fields(text, whole); err != nil {
		f.Quote = 0
		_, err = f.fields(text, whole)
		return f, err
	}
	return f, nil
}

// fields is the number of fields that every record has.
func (f Format) fields(text []byte, whole bool) (int, error) {
	if !whole {
		end := f.lastEnd(text)
		if end == 0 {
			return 0, errors.New("no end of a record in sight")
		}
		text = text[:end]
	}
	r := NewReader(f, nil, Block{Text: text, Line: 1})
	n := 0
	for i := 0; i < sniffed; i++ {
		line, values, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if n == 0 {
			n = len(values)
		}
		if n != len(values) {
			return 0, fmt.Errorf("line %d has %d fields, those before it %d", line, len(values), n)
		}
	}
	if n == 0 {
		return 0, errors.New("no record")
	}
	return n, nil
}
