package record

import (
	"errors"
	"io"
	"unicode/utf8"
)

// FixedWidthOptions is how fixed-width text is laid out.
type FixedWidthOptions struct {
	Widths           []int // in characters
	Null             NullRule
	FillRecord       bool
	IgnoreBlankLines bool
	IgnoreHeader     int64
}

// FixedWidth reads lines whose fields are told apart by their widths in characters (Redshift manual, COPY data format,
// FIXEDWIDTH).
type FixedWidth struct {
	source
	o      FixedWidthOptions
	null   nulls
	fields []Field
	raw    []byte
	at     int64
}

// NewFixedWidth reads r by o.
func NewFixedWidth(r io.Reader, o FixedWidthOptions) (*FixedWidth, error) {
	f := &FixedWidth{source: newSource(r), o: o, null: newNulls(o.Null, false), fields: make([]Field, 0, len(o.Widths))}
	return f, f.skipLines(o.IgnoreHeader)
}

// Raw is the record as the file has it.
func (f *FixedWidth) Raw() []byte { return f.raw }

// Line is the number of the record's line.
func (f *FixedWidth) Line() int64 { return f.at }

// Next answers the fields of the next line.
func (f *FixedWidth) Next() ([]Field, error) {
	for {
		f.at = f.line
		n, ended, err := f.lineEnd(0)
		if errors.Is(err, errTooLong) {
			f.raw = f.rest()[:n:n]
			if err := f.skipLine(); err != nil {
				return nil, err
			}
			return nil, tooLong()
		}
		if err != nil {
			return nil, err
		}
		line := f.rest()[:n]
		if ended {
			f.advance(n+1, 1)
		} else {
			if n == 0 {
				return nil, io.EOF
			}
			f.advance(n, 0)
		}
		f.raw = trimCR(line)
		if len(f.raw) == 0 && f.o.IgnoreBlankLines {
			continue
		}
		return f.split(f.raw)
	}
}

func (f *FixedWidth) split(line []byte) ([]Field, error) {
	f.fields = f.fields[:0]
	pos := 0
	for i, width := range f.o.Widths {
		if pos >= len(line) && !f.o.FillRecord {
			return nil, &Error{Code: codeNoDelimiter, Reason: "Fixed width line is too short", Field: i, Pos: pos}
		}
		end := pos
		for range width {
			if end >= len(line) {
				break
			}
			_, size := utf8.DecodeRune(line[end:])
			end += size
		}
		text := line[pos:end]
		null, err := f.null.match(text, text)
		if err != nil {
			err.Field = i
			err.Pos += pos
			return nil, err
		}
		f.fields = append(f.fields, Field{Text: text, Null: null, Start: pos})
		pos = end
	}
	if pos < len(line) {
		return nil, &Error{Code: codeExtraColumn, Reason: "Extra column(s) found", Field: len(f.fields) - 1, Pos: pos}
	}
	return f.fields, nil
}
