package delimited

import (
	"bytes"
	"io"
)

// Value is one field of a record. Text is valid until the next record.
type Value struct {
	Text   []byte
	Null   bool
	Quoted bool
}

// Reader reads records one by one, for what needs values: headers and the inference of types. It checks what a Rewriter
// checks.
type Reader struct {
	w       Rewriter
	block   Block
	line    int64
	values  []Value
	blank   int64
	scratch [][]byte // unquoted values of the record at hand, one each
}

// NewReader reads the records of a block. nulls are as in Rewriter.Nulls.
func NewReader(f Format, nulls [][]byte, b Block) *Reader {
	r := &Reader{w: Rewriter{Format: f, Nulls: nulls}, block: b, line: b.Line}
	r.w.seen = r.w.scan(b.Text)
	return r
}

// Next answers the next record's line and values, io.EOF after the last. Blank lines are passed over. After an Error it goes on behind the
// record that is wrong, as Rewriter does.
func (r *Reader) Next() (line int64, values []Value, err error) {
	for {
		text := r.block.Text
		switch {
		case len(text) == 0:
			return 0, nil, io.EOF
		case text[0] == '\n':
			r.block.Text, r.line, r.blank = text[1:], r.line+1, r.blank+1
			continue
		case len(text) > 1 && text[0] == '\r' && text[1] == '\n':
			r.block.Text, r.line, r.blank = text[2:], r.line+1, r.blank+1
			continue
		}
		return r.record()
	}
}

func (r *Reader) record() (line int64, values []Value, err error) {
	line, r.values = r.line, r.values[:0]
	text, at := r.block.Text, r.line
	var wrong *Error // the first that can be told without losing the record's end
	for i := 0; ; i++ {
		column := len(r.values) + 1
		f, used, bad := r.w.field(text[i:], at, column)
		if bad == nil && wrong == nil {
			wrong = r.w.decodes(f, at, column)
		}
		at += f.lines
		i += used
		if bad != nil { // behind the line on which it was found
			end := bytes.IndexByte(text[i:], '\n')
			if end < 0 {
				end = len(text) - i - 1
			}
			r.block.Text, r.line = text[i+end+1:], at+1
			return 0, nil, bad
		}
		r.values = append(r.values, Value{Text: r.text(column-1, f), Null: r.w.null(f), Quoted: f.quoted})
		if i < len(text) && text[i] != '\n' {
			continue
		}
		r.block.Text, r.line = text[min(i+1, len(text)):], at+1
		if wrong != nil {
			return 0, nil, wrong
		}
		return line, r.values, nil
	}
}

// text is a field's value. Those with doubled quotes need memory of their own until the record is done with.
func (r *Reader) text(i int, f field) []byte {
	if !f.double {
		return f.raw
	}
	for len(r.scratch) <= i {
		r.scratch = append(r.scratch, nil)
	}
	r.scratch[i] = append(r.scratch[i][:0], r.w.unquoted(f)...)
	return r.scratch[i]
}

// Blank is how many empty lines were passed over, which are no records.
func (r *Reader) Blank() int64 { return r.blank }

// Rest is what has not been read yet.
func (r *Reader) Rest() Block { return Block{Text: r.block.Text, Line: r.line} }
