package record

import (
	"bytes"
	"errors"
	"io"
)

// DelimitedOptions is how delimited text is laid out.
type DelimitedOptions struct {
	Columns          int
	Delimiter        byte
	LongDelimiter    string // of several bytes, in place of Delimiter
	Null             NullRule
	Escape           bool
	RemoveQuotes     bool
	FillRecord       bool
	IgnoreBlankLines bool
	IgnoreHeader     int64
}

// Delimited reads text whose fields are set apart by one character and whose records end with a line feed.
type Delimited struct {
	source
	o      DelimitedOptions
	sep    []byte
	null   nulls
	fields []Field
	raw    []byte
	at     int64
	plain  []byte // fields without their escapes
}

// NewDelimited reads r by o.
func NewDelimited(r io.Reader, o DelimitedOptions) (*Delimited, error) {
	sep := []byte(o.LongDelimiter)
	if len(sep) == 0 {
		sep = []byte{o.Delimiter}
	}
	d := &Delimited{source: newSource(r), o: o, sep: sep, null: newNulls(o.Null, o.Escape), fields: make([]Field, 0, o.Columns)}
	return d, d.skipLines(o.IgnoreHeader)
}

// Raw is the record as the file has it.
func (d *Delimited) Raw() []byte { return d.raw }

// Line is the number of the record's first line.
func (d *Delimited) Line() int64 { return d.at }

// Next answers the fields of the next record.
func (d *Delimited) Next() ([]Field, error) {
	for {
		line, err := d.record()
		if err != nil {
			return nil, err
		}
		d.raw = line
		if len(line) == 0 && d.o.IgnoreBlankLines {
			continue
		}
		return d.split(line)
	}
}

// record answers the next record without its line end. With ESCAPE a line feed behind an odd number of backslashes
// belongs to the record, and a NUL ends it: what follows in the line is lost (Redshift manual, ESCAPE).
func (d *Delimited) record() ([]byte, error) {
	d.at = d.line
	from, lines := 0, int64(0)
	for {
		n, ended, err := d.lineEnd(from)
		if errors.Is(err, errTooLong) {
			d.raw = d.rest()[:n:n]
			if err := d.skipLine(); err != nil {
				return nil, err
			}
			return nil, tooLong()
		}
		if err != nil {
			return nil, err
		}
		line := d.rest()[:n]
		if !ended {
			if n == 0 {
				return nil, io.EOF
			}
			d.advance(n, lines)
			return d.trim(line), nil
		}
		lines++
		if d.o.Escape && escaped(line) {
			from = n + 1
			continue
		}
		d.advance(n+1, lines)
		return d.trim(line), nil
	}
}

// escaped tells whether the character behind b has a backslash of its own before it.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func (d *Delimited) trim(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' && (!d.o.Escape || !escaped(line[:n-1])) {
		line = line[:n-1]
	}
	if d.o.Escape {
		if i := bytes.IndexByte(line, 0); i >= 0 {
			line = line[:i]
		}
	}
	return line
}

func (d *Delimited) split(line []byte) ([]Field, error) {
	d.fields, d.plain = d.fields[:0], d.plain[:0]
	if len(line) == 0 && d.o.Columns > 1 && !d.o.FillRecord {
		return nil, &Error{Code: codeNoData, Reason: "Line has no data", Field: 0}
	}
	special := d.o.Escape && bytes.IndexByte(line, '\\') >= 0 ||
		d.o.RemoveQuotes && bytes.ContainsAny(line, `"'`)
	for pos := 0; ; {
		if len(d.fields) == d.o.Columns {
			if pos == len(line) && pos > 0 {
				break // a delimiter behind the last field ends it, as in the manual's example of default values
			}
			return nil, &Error{Code: codeExtraColumn, Reason: "Extra column(s) found", Field: d.o.Columns - 1, Pos: pos}
		}
		var raw, text []byte
		next := len(line)
		if special {
			var err *Error
			if raw, text, next, err = d.field(line, pos); err != nil {
				err.Field = len(d.fields)
				return nil, err
			}
		} else {
			if i := d.index(line[pos:]); i >= 0 {
				next = pos + i
			}
			text = line[pos:next]
			raw = text
		}
		null, err := d.null.match(raw, text)
		if err != nil {
			err.Field = len(d.fields)
			err.Pos += pos
			return nil, err
		}
		d.fields = append(d.fields, Field{Text: text, Null: null, Start: pos})
		if next >= len(line) {
			break
		}
		pos = next + len(d.sep)
	}
	if len(d.fields) < d.o.Columns {
		if !d.o.FillRecord {
			return nil, &Error{Code: codeNoDelimiter, Reason: "Delimiter not found", Field: len(d.fields) - 1, Pos: len(line)}
		}
		for len(d.fields) < d.o.Columns {
			d.fields = append(d.fields, Field{Start: len(line)})
		}
	}
	return d.fields, nil
}

// index answers where the next delimiter begins in b, -1 if there is none.
func (d *Delimited) index(b []byte) int {
	if len(d.sep) == 1 {
		return bytes.IndexByte(b, d.sep[0])
	}
	return bytes.Index(b, d.sep)
}

// field answers the field that begins at pos, as it stands in the line and as it is meant, and where it ends.
func (d *Delimited) field(line []byte, pos int) (raw, text []byte, next int, err *Error) {
	var quote byte
	begin := pos
	if d.o.RemoveQuotes && pos < len(line) && (line[pos] == '"' || line[pos] == '\'') {
		quote = line[pos]
		begin++
	}
	mark := len(d.plain)
	copied := begin // what of the line before this offset is in plain
	i := begin
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case d.o.Escape && c == '\\' && i+1 < len(line):
			d.plain = append(d.plain, line[copied:i]...)
			copied = i + 1
			i++
			continue
		case quote != 0:
			if c != quote || (i+1 < len(line) && !bytes.HasPrefix(line[i+1:], d.sep)) {
				continue
			}
		case c != d.sep[0], !bytes.HasPrefix(line[i:], d.sep):
			continue
		}
		break
	}
	if quote != 0 && i >= len(line) {
		return nil, nil, 0, &Error{Code: codeNoDelimiter, Reason: "Delimited value missing end quote", Pos: pos}
	}
	raw = line[begin:i]
	text = raw
	if copied > begin {
		d.plain = append(d.plain, line[copied:i]...)
		text = d.plain[mark:]
	}
	next = i
	if quote != 0 {
		next++
	}
	return raw, text, next, nil
}
