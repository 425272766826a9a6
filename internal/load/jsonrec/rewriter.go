package jsonrec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sealift/sealift/internal/load/infer"
)

// Column is one column that records are rewritten for.
type Column struct {
	Key   string
	Super bool // takes the value's JSON text, whatever it is
	// Check says what is wrong with a value's text, or nothing; nil checks nothing.
	Check func(value []byte) (reason string)
}

// Rewriter writes records as COPY ... CSV NULL AS reads them. It may be used by one goroutine at a time.
type Rewriter struct {
	Columns []Column
	Marker  []byte // stands for NULL
	// Extra says what happens to keys that are no column: false makes the record wrong, true leaves them out.
	Extra bool
	// Reject takes a record that is wrong and says whether to go on. Without it the first ends the rewriting.
	Reject func(e *Error, record []byte) error

	index  map[string]int
	fields [][]byte
	src    bytes.Reader
	dec    *jsontext.Decoder
}

// Rewrite appends the records of a block to out. After an error out holds the records before it.
func (w *Rewriter) Rewrite(out []byte, b Block) (_ []byte, records, rejected int64, err error) {
	if w.index == nil {
		w.index = make(map[string]int, len(w.Columns))
		for i, c := range w.Columns {
			w.index[c.Key] = i
		}
		w.fields = make([][]byte, len(w.Columns))
	}
	for _, r := range b {
		bad := w.record(r)
		if bad != nil {
			if w.Reject == nil {
				return out, records, rejected, bad
			}
			if err := w.Reject(bad, r.Text); err != nil {
				return out, records, rejected, err
			}
			rejected++
			continue
		}
		for i, f := range w.fields {
			if i > 0 {
				out = append(out, ',')
			}
			if f == nil {
				out = append(out, w.Marker...)
				continue
			}
			out = quoted(out, f)
		}
		out = append(out, '\n')
		records++
	}
	return out, records, rejected, nil
}

func quoted(out, value []byte) []byte {
	out = append(out, '"')
	for {
		i := bytes.IndexByte(value, '"')
		if i < 0 {
			break
		}
		out = append(append(out, value[:i+1]...), '"')
		value = value[i+1:]
	}
	return append(append(out, value...), '"')
}

// record takes a record apart into w.fields; nil is NULL.
func (w *Rewriter) record(r Record) *Error {
	clear(w.fields)
	var bad *Error
	err := w.each(r.Text, func(key string, value jsontext.Value) {
		i, known := w.index[key]
		wrong := func(reason string) {
			if bad == nil {
				bad = &Error{Line: r.Line, Number: r.Number, Key: key, Value: string(value), Reason: reason}
			}
		}
		switch {
		case !known && w.Extra:
		case !known:
			wrong("there is no such column")
		default:
			text, reason := w.text(w.Columns[i], value)
			if reason != "" {
				wrong(reason)
			}
			w.fields[i] = text
		}
	})
	if err != nil {
		return &Error{Line: r.Line, Number: r.Number, Reason: "not JSON: " + err.Error()}
	}
	return bad
}

// text is what a column takes of a value; nil is NULL.
func (w *Rewriter) text(c Column, value jsontext.Value) (text []byte, reason string) {
	kind := value.Kind()
	switch {
	case kind == 'n':
		return nil, ""
	case c.Super:
		text = bytes.Clone(value)
		if kind == '"' && bytes.Contains(text, []byte(`\u0000`)) {
			return nil, "a NUL character, which SUPER does not hold"
		}
		return text, ""
	case kind == '"':
		var err error
		if text, err = jsontext.AppendUnquote([]byte{}, value); err != nil {
			return nil, "not a text: " + err.Error()
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nil, "a NUL character, which COPY takes for the end of the record"
		}
		if bytes.Equal(text, w.Marker) {
			return nil, "the text that stands for NULL in this run; run it again, for another one"
		}
	case kind == '{' || kind == '[':
		return nil, kindName(kind) + ", which only a SUPER column takes"
	default:
		text = bytes.Clone(value)
	}
	if c.Check != nil {
		if reason := c.Check(text); reason != "" {
			return nil, reason
		}
	}
	return text, ""
}

// each calls do for every key of an object.
func (w *Rewriter) each(object []byte, do func(key string, value jsontext.Value)) error {
	w.src.Reset(object)
	if w.dec == nil {
		w.dec = jsontext.NewDecoder(&w.src)
	} else {
		w.dec.Reset(&w.src)
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.dec.PeekKind() != '}' {
		name, err := w.dec.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		do(key, value)
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("more than one object: %w", err)
	}
	return nil
}

// Schema gathers the keys of records in the order in which they are first seen, and what their values are.
type Schema struct {
	Keys    []string
	Columns map[string]*infer.Column

	w Rewriter
}

// Add takes a record.
func (s *Schema) Add(r Record) error {
	err := s.w.each(r.Text, func(key string, value jsontext.Value) {
		c := s.Columns[key]
		if c == nil {
			if s.Columns == nil {
				s.Columns = make(map[string]*infer.Column)
			}
			key = strings.Clone(key)
			c = new(infer.Column)
			s.Columns[key] = c
			s.Keys = append(s.Keys, key)
		}
		switch value.Kind() {
		case 'n':
		case '"':
			text, err := jsontext.AppendUnquote(nil, value)
			if err == nil {
				c.AddText(text)
			}
		case '{', '[':
			c.AddNested(value)
		default:
			c.Add(value)
		}
	})
	if err != nil {
		return &Error{Line: r.Line, Number: r.Number, Reason: "not JSON: " + err.Error()}
	}
	return nil
}
