package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/load/jsonrec"
)

// Format is what the inputs are made of.
type Format struct {
	JSON bool
	Path []string // keys that lead to the records of a JSON document

	Delimited delimited.Format
	Header    bool     // the first record of every stream names the columns
	Names     []string // the columns, as the header names them; c1, c2 ... without one
	Nulls     []string // texts that mean NULL
}

// skipMark passes over a byte order mark and refuses what is not UTF-8 at first sight.
func (f Format) skipMark(r *io.Reader) error {
	b := bufio.NewReader(*r)
	*r = b
	begin, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(begin, []byte{0xef, 0xbb, 0xbf}):
		_, err = b.Discard(3)
		return err
	case bytes.HasPrefix(begin, []byte{0xff, 0xfe}), bytes.HasPrefix(begin, []byte{0xfe, 0xff}),
		len(begin) == 4 && (begin[0] == 0) != (begin[1] == 0) && (begin[2] == 0) != (begin[3] == 0):
		return hint.With(&delimited.Error{Line: 1, Reason: "the text is UTF-16, not UTF-8"}, "convert it first: iconv -f UTF-16 -t UTF-8")
	}
	return nil
}

// headerNames reads the names of columns from the first record.
func headerNames(line int64, values []delimited.Value) ([]string, error) {
	names := make([]string, 0, len(values))
	seen := make(map[string]int, len(values))
	for i, v := range values {
		name := strings.TrimSpace(string(v.Text))
		wrong := func(format string, args ...any) error {
			return &delimited.Error{Line: line, Column: i + 1, Reason: fmt.Sprintf(format, args...)}
		}
		folded := strings.ToLower(name)
		switch before, twice := seen[folded]; {
		case name == "":
			return nil, wrong("the header has no name for this column")
		case twice:
			return nil, wrong("the header names %q a second time; column %d has that name too", name, before+1)
		case !utf8.ValidString(name):
			return nil, wrong("the header is not valid UTF-8")
		}
		seen[folded] = i
		names = append(names, name)
	}
	return names, nil
}

// rewriter is a function of its own for each goroutine: rewriters keep scratch memory.
func (s *sending) rewriter() func(out []byte, b block) ([]byte, counts, error) {
	if s.pass != nil {
		pass := s.pass()
		return func(out []byte, b block) ([]byte, counts, error) {
			out, err := pass(out, b.text.Text)
			return out, counts{records: b.rows}, err
		}
	}
	if s.Format.JSON {
		w := &jsonrec.Rewriter{Marker: []byte(s.Marker), Extra: s.IgnoreExtra}
		for _, c := range s.Columns {
			w.Columns = append(w.Columns, jsonrec.Column{Key: c.Name, Super: c.Super, Check: c.Check})
		}
		return func(out []byte, b block) ([]byte, counts, error) {
			if s.Reject != nil {
				w.Reject = func(e *jsonrec.Error, record []byte) error { return s.reject(b.name, e, record) }
			}
			out, records, rejected, err := w.Rewrite(out, b.objects)
			return out, counts{records: records, rejected: rejected}, err
		}
	}
	w := &delimited.Rewriter{Format: s.Format.Delimited, Marker: []byte(s.Marker)}
	for _, n := range s.Format.Nulls {
		w.Nulls = append(w.Nulls, []byte(n))
	}
	for _, name := range s.Format.Names {
		c := delimited.Column{Leave: true}
		if i := slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name }); i >= 0 {
			c = delimited.Column{Check: s.Columns[i].Check, Spare: s.Columns[i].Spare}
		}
		w.Columns = append(w.Columns, c)
	}
	return func(out []byte, b block) ([]byte, counts, error) {
		if s.Reject != nil {
			w.Reject = func(e *delimited.Error, record []byte) error { return s.reject(b.name, e, record) }
		}
		out, n, err := w.Rewrite(out, b.text)
		return out, counts{records: n.Records, rejected: n.Rejected, blank: n.Blank}, err
	}
}
