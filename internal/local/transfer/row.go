package transfer

import (
	"bytes"

	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/jsontext"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// field is one value of a row that PostgreSQL answered, as text without COPY's escapes. It is valid until the next row.
type field struct {
	text []byte
	null bool
}

// rowReader takes the rows of COPY TO STDOUT's text format apart. It keeps its buffers from row to row.
type rowReader struct {
	fields  []field
	scratch []byte
}

// next answers the fields of the row that b begins with, and what follows it. Every row ends with a line feed, and no
// line feed stands inside one: COPY writes those as \n.
func (r *rowReader) next(b []byte) (fields []field, rest []byte) {
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	start, escaped := 0, false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			escaped = true
			i++
		case '\t', '\n':
			f := field{text: b[start:i]}
			if escaped {
				f = r.unescape(f.text)
				escaped = false
			}
			r.fields = append(r.fields, f)
			if b[i] == '\n' {
				return r.fields, b[i+1:]
			}
			start = i + 1
		}
	}
	panic("transfer: a row of COPY TO STDOUT has no line feed")
}

// unescape undoes the escapes that COPY TO writes: \b \f \n \r \t \v and \\; \N alone is NULL.
func (r *rowReader) unescape(text []byte) field {
	if len(text) == 2 && text[1] == 'N' {
		return field{null: true}
	}
	mark := len(r.scratch)
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			r.scratch = append(r.scratch, text...)
			break
		}
		r.scratch = append(r.scratch, text[:i]...)
		c := text[i+1]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'v':
			c = '\v'
		}
		r.scratch = append(r.scratch, c)
		text = text[i+2:]
	}
	return field{text: r.scratch[mark:]}
}

// layout writes rows the way one format of UNLOAD wants them (Redshift manual, r_UNLOAD).
type layout interface {
	header(dst []byte) []byte
	row(dst []byte, fields []field) ([]byte, error)
}

// newLayout answers the layout of a text format for columns.
func newLayout(u *command.Unload, columns []value.Column) layout {
	switch u.Format {
	case command.CSV:
		return &csvLayout{columns: columns, delimiter: u.Delimiter, null: []byte(u.NullAs)}
	case command.JSON:
		return newJSONLayout(columns)
	case command.FixedWidth:
		return &fixedLayout{columns: columns, widths: u.Widths, null: []byte(u.NullAs)}
	default:
		return newDelimitedLayout(u, columns)
	}
}

// shown is a value's text as UNLOAD writes it, which differs from PostgreSQL's in the names of what is no number.
func shown(kind value.Kind, text []byte) []byte {
	if kind != value.Real && kind != value.Double {
		return text
	}
	switch string(text) {
	case "NaN":
		return []byte("nan")
	case "Infinity":
		return []byte("inf")
	case "-Infinity":
		return []byte("-inf")
	}
	return text
}

func isText(k value.Kind) bool { return k == value.Char || k == value.Varchar }

var jsonNull = []byte("null")

// delimitedLayout is the default format: fields set apart by one character.
type delimitedLayout struct {
	columns   []value.Column
	delimiter byte
	null      []byte
	quote     bool
	escapes   [256]bool // what ESCAPE puts a backslash before; all false without it
	escape    bool
}

func newDelimitedLayout(u *command.Unload, columns []value.Column) *delimitedLayout {
	l := &delimitedLayout{columns: columns, delimiter: u.Delimiter, null: []byte(u.NullAs), quote: u.AddQuotes, escape: u.Escape}
	if u.Escape {
		special := "\n\r\\" + string(rune(u.Delimiter))
		if u.AddQuotes {
			special += `"'`
		}
		for i := range len(special) {
			l.escapes[special[i]] = true
		}
	}
	return l
}

func (l *delimitedLayout) header(dst []byte) []byte {
	for i, c := range l.columns {
		dst = l.field(dst, i, []byte(c.Name), true)
	}
	return append(dst, '\n')
}

func (l *delimitedLayout) row(dst []byte, fields []field) ([]byte, error) {
	for i, f := range fields {
		kind := l.columns[i].Kind
		text := f.text
		switch {
		case f.null && kind == value.Super: // SUPER does not know NULL AS
			text = jsonNull
		case f.null:
			text = l.null
		default:
			text = shown(kind, text)
		}
		// ESCAPE comes after NULL AS, so that a null string of a text column is escaped like a value.
		dst = l.field(dst, i, text, isText(kind))
	}
	return append(dst, '\n'), nil
}

func (l *delimitedLayout) field(dst []byte, i int, text []byte, isText bool) []byte {
	if i > 0 {
		dst = append(dst, l.delimiter)
	}
	if l.quote {
		dst = append(dst, '"')
	}
	if l.escape && isText {
		copied := 0
		for k, c := range text {
			if l.escapes[c] {
				dst = append(dst, text[copied:k]...)
				dst = append(dst, '\\')
				copied = k
			}
		}
		text = text[copied:]
	}
	dst = append(dst, text...)
	if l.quote {
		dst = append(dst, '"')
	}
	return dst
}

// csvLayout quotes a field only where it holds the delimiter, a quote or a line end.
type csvLayout struct {
	columns   []value.Column
	delimiter byte
	null      []byte
}

func (l *csvLayout) header(dst []byte) []byte {
	for i, c := range l.columns {
		dst = l.field(dst, i, []byte(c.Name))
	}
	return append(dst, '\n')
}

func (l *csvLayout) row(dst []byte, fields []field) ([]byte, error) {
	for i, f := range fields {
		kind := l.columns[i].Kind
		text := f.text
		switch {
		case f.null && kind == value.Super:
			text = jsonNull
		case f.null:
			text = l.null
		default:
			text = shown(kind, text)
		}
		dst = l.field(dst, i, text)
	}
	return append(dst, '\n'), nil
}

func (l *csvLayout) field(dst []byte, i int, text []byte) []byte {
	if i > 0 {
		dst = append(dst, l.delimiter)
	}
	quote := false
	for _, c := range text {
		if c == l.delimiter || c == '"' || c == '\n' || c == '\r' {
			quote = true
			break
		}
	}
	if !quote {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for {
		k := bytes.IndexByte(text, '"')
		if k < 0 {
			break
		}
		dst = append(dst, text[:k+1]...)
		dst = append(dst, '"')
		text = text[k+1:]
	}
	dst = append(dst, text...)
	return append(dst, '"')
}

// fixedLayout pads each field to its width in characters. A value that is wider is an error, never cut.
type fixedLayout struct {
	columns []value.Column
	widths  []command.Width
	null    []byte
}

func (l *fixedLayout) header(dst []byte) []byte { return dst }

func (l *fixedLayout) row(dst []byte, fields []field) ([]byte, error) {
	for i, f := range fields {
		column := l.columns[i]
		text := shown(column.Kind, f.text)
		width := l.widths[i].Chars
		if f.null {
			text = l.null
			if column.Kind == value.Super {
				text = jsonNull
			}
			if !isText(column.Kind) && characters(text) > width {
				text = nil
			}
		}
		n := characters(text)
		if n > width {
			return nil, internal("Fixed width unload: value of column %q has %d characters and does not fit into %d", column.Name, n, width)
		}
		dst = append(dst, text...)
		for ; n < width; n++ {
			dst = append(dst, ' ')
		}
	}
	return append(dst, '\n'), nil
}

// characters counts the characters of UTF-8 text.
func characters(text []byte) int {
	n := 0
	for _, c := range text {
		if c&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// jsonLayout writes one object a line, with the columns' names in the order of the query.
type jsonLayout struct {
	columns []value.Column
	keys    [][]byte // {"a": and ,"b":
}

func newJSONLayout(columns []value.Column) *jsonLayout {
	l := &jsonLayout{columns: columns}
	for i, c := range columns {
		key := []byte{','}
		if i == 0 {
			key[0] = '{'
		}
		l.keys = append(l.keys, append(jsontext.AppendString(key, []byte(c.Name)), ':'))
	}
	return l
}

func (l *jsonLayout) header(dst []byte) []byte { return dst }

func (l *jsonLayout) row(dst []byte, fields []field) ([]byte, error) {
	for i, f := range fields {
		dst = append(dst, l.keys[i]...)
		if f.null {
			dst = append(dst, "null"...)
			continue
		}
		switch kind := l.columns[i].Kind; kind {
		case value.SmallInt, value.Integer, value.BigInt, value.Super:
			dst = append(dst, f.text...)
		case value.Decimal, value.Real, value.Double:
			text := shown(kind, f.text)
			if c := text[len(text)-1]; c == 'n' || c == 'f' { // nan and inf are no JSON numbers
				dst = jsontext.AppendString(dst, text)
			} else {
				dst = append(dst, text...)
			}
		default: // booleans too, as "t" and "f"
			dst = jsontext.AppendString(dst, f.text)
		}
	}
	return append(dst, '}', '\n'), nil
}
