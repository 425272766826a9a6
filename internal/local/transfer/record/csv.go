package record

import (
	"bytes"
	"errors"
	"io"
)

// CSVOptions is how comma separated text is laid out.
type CSVOptions struct {
	Columns          int
	Delimiter        byte
	Quote            byte
	Null             NullRule
	FillRecord       bool
	IgnoreBlankLines bool
	IgnoreHeader     int64
}

// CSV reads comma separated values: a quoted field may hold delimiters and line ends, a quote inside it is doubled,
// and blanks between delimiter and quote do not count (Redshift manual, COPY data format, CSV).
type CSV struct {
	source
	o      CSVOptions
	null   nulls
	fields []Field
	raw    []byte
	at     int64
	plain  []byte // quoted fields that held a quote
}

// NewCSV reads r by o.
func NewCSV(r io.Reader, o CSVOptions) (*CSV, error) {
	c := &CSV{source: newSource(r), o: o, null: newNulls(o.Null, false), fields: make([]Field, 0, o.Columns)}
	return c, c.skipLines(o.IgnoreHeader)
}

// Raw is the record as the file has it.
func (c *CSV) Raw() []byte { return c.raw }

// Line is the number of the record's first line.
func (c *CSV) Line() int64 { return c.at }

// Next answers the fields of the next record.
func (c *CSV) Next() ([]Field, error) {
	for {
		line, err := c.record()
		if err != nil {
			return nil, err
		}
		c.raw = line
		if len(line) == 0 && c.o.IgnoreBlankLines {
			continue
		}
		return c.split(line)
	}
}

// record answers the next record without its line end. A line feed ends it unless a quoted field is open.
func (c *CSV) record() ([]byte, error) {
	c.at = c.line
	open := false // inside a quoted field after from bytes
	from, lines := 0, int64(0)
	for {
		n, ended, err := c.lineEnd(from)
		if errors.Is(err, errTooLong) {
			c.raw = c.rest()[:n:n]
			if err := c.skipLine(); err != nil {
				return nil, err
			}
			return nil, tooLong()
		}
		if err != nil {
			return nil, err
		}
		line := c.rest()[:n]
		if !ended {
			if n == 0 {
				return nil, io.EOF
			}
			c.advance(n, lines)
			return trimCR(line), nil
		}
		lines++
		if open = c.openAfter(line[from:], open); open {
			from = n + 1
			continue
		}
		c.advance(n+1, lines)
		return trimCR(line), nil
	}
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// openAfter tells whether a quoted field is open at the end of b. Only a quote at the beginning of a field opens one;
// inside, a doubled quote closes and opens again, which comes to the same.
func (c *CSV) openAfter(b []byte, open bool) bool {
	if bytes.IndexByte(b, c.o.Quote) < 0 {
		return open
	}
	atStart := !open
	for _, ch := range b {
		switch {
		case ch == c.o.Quote && (open || atStart):
			open = !open
			// Behind a closing quote another quote is the second half of a doubled one.
			atStart = !open
		case open:
		case ch == c.o.Delimiter:
			atStart = true
		case ch != ' ' && ch != '\t':
			atStart = false
		}
	}
	return open
}

func (c *CSV) split(line []byte) ([]Field, error) {
	c.fields, c.plain = c.fields[:0], c.plain[:0]
	if len(line) == 0 && c.o.Columns > 1 && !c.o.FillRecord {
		return nil, &Error{Code: codeNoData, Reason: "Line has no data", Field: 0}
	}
	quotes := bytes.IndexByte(line, c.o.Quote) >= 0
	for pos := 0; ; {
		if len(c.fields) == c.o.Columns {
			return nil, &Error{Code: codeExtraColumn, Reason: "Extra column(s) found", Field: c.o.Columns - 1, Pos: pos}
		}
		var text []byte
		next := len(line)
		if quotes {
			var err *Error
			if text, next, err = c.field(line, pos); err != nil {
				err.Field = len(c.fields)
				return nil, err
			}
		} else {
			if i := bytes.IndexByte(line[pos:], c.o.Delimiter); i >= 0 {
				next = pos + i
			}
			text = line[pos:next]
		}
		null, err := c.null.match(text, text)
		if err != nil {
			err.Field = len(c.fields)
			err.Pos += pos
			return nil, err
		}
		c.fields = append(c.fields, Field{Text: text, Null: null, Start: pos})
		if next >= len(line) {
			break
		}
		pos = next + 1
	}
	if len(c.fields) < c.o.Columns {
		if !c.o.FillRecord {
			return nil, &Error{Code: codeNoDelimiter, Reason: "Delimiter not found", Field: len(c.fields) - 1, Pos: len(line)}
		}
		for len(c.fields) < c.o.Columns {
			c.fields = append(c.fields, Field{Start: len(line)})
		}
	}
	return c.fields, nil
}

// field answers the field that begins at pos and where it ends.
func (c *CSV) field(line []byte, pos int) (text []byte, next int, err *Error) {
	i := pos
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') && line[i] != c.o.Delimiter {
		i++
	}
	if i >= len(line) || line[i] != c.o.Quote {
		next = len(line)
		if n := bytes.IndexByte(line[pos:], c.o.Delimiter); n >= 0 {
			next = pos + n
		}
		if n := bytes.IndexByte(line[pos:next], c.o.Quote); n >= 0 {
			return nil, 0, &Error{Code: codeInvalidLine, Reason: "Invalid quote formatting for CSV", Pos: pos + n}
		}
		return line[pos:next], next, nil
	}
	begin := i + 1
	mark := len(c.plain)
	copied := begin
	for i = begin; ; {
		n := bytes.IndexByte(line[i:], c.o.Quote)
		if n < 0 {
			return nil, 0, &Error{Code: codeNoDelimiter, Reason: "Delimited value missing end quote", Pos: pos}
		}
		i += n
		if i+1 >= len(line) || line[i+1] != c.o.Quote {
			break
		}
		c.plain = append(c.plain, line[copied:i+1]...)
		i += 2
		copied = i
	}
	text = line[begin:i]
	if copied > begin {
		c.plain = append(c.plain, line[copied:i]...)
		text = c.plain[mark:]
	}
	for i++; i < len(line) && line[i] != c.o.Delimiter; i++ {
		if line[i] != ' ' && line[i] != '\t' {
			return nil, 0, &Error{Code: codeInvalidLine, Reason: "Invalid quote formatting for CSV", Pos: i}
		}
	}
	return text, i, nil
}
