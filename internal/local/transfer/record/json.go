package record

import (
	"bytes"
	"errors"
	"io"

	"github.com/sealift/sealift/internal/local/transfer/jsontext"
)

// JSONColumn is one column that JSON is loaded into.
type JSONColumn struct {
	Name  string
	Super bool // takes JSON text as it stands, strings with their quotes
}

// JSONOptions is how JSON finds its columns.
type JSONOptions struct {
	Columns    []JSONColumn
	IgnoreCase bool            // names are compared in any case ('auto ignorecase')
	Paths      []jsontext.Path // one for each column; nil goes by name ('auto')
	NoShred    bool            // the whole document into the one column ('noshred')

	IgnoreHeader int64
}

// JSON reads objects or arrays with nothing but blanks between them (Redshift manual, COPY from JSON format).
type JSON struct {
	source
	o      JSONOptions
	byName map[string]int
	fields []Field
	raw    []byte
	at     int64
	plain  []byte
}

// NewJSON reads r by o.
func NewJSON(r io.Reader, o JSONOptions) (*JSON, error) {
	j := &JSON{source: newSource(r), o: o, byName: make(map[string]int, len(o.Columns)), fields: make([]Field, len(o.Columns))}
	for i, c := range o.Columns {
		name := c.Name
		if o.IgnoreCase {
			name = string(bytes.ToLower([]byte(name)))
		}
		j.byName[name] = i
	}
	return j, j.skipLines(o.IgnoreHeader)
}

// Raw is the object as the file has it.
func (j *JSON) Raw() []byte { return j.raw }

// Line is the number of the object's last line.
func (j *JSON) Line() int64 { return j.at }

// Next answers the fields of the next object.
func (j *JSON) Next() ([]Field, error) {
	doc, err := j.document()
	if err != nil {
		return nil, err
	}
	j.raw = doc
	j.plain = j.plain[:0]
	for i := range j.fields {
		j.fields[i] = Field{Null: true}
	}
	if err := jsontext.Check(doc); err != nil {
		return nil, jsonError(err)
	}
	switch {
	case j.o.NoShred:
		j.fields[0] = Field{Text: doc}
	case j.o.Paths != nil:
		err = j.byPath(doc)
	default:
		err = j.shred(doc)
	}
	if err != nil {
		return nil, err
	}
	return j.fields, nil
}

func jsonError(err error) *Error {
	e := &Error{Code: codeInvalidLine, Reason: "Invalid JSON: " + err.Error(), Field: -1}
	if syntax, ok := errors.AsType[*jsontext.SyntaxError](err); ok {
		e.Pos = syntax.Offset
		e.Reason = syntax.Reason
	}
	return e
}

// document answers the bytes of the next object or array, found by its brackets.
func (j *JSON) document() ([]byte, error) {
	if err := j.blanks(); err != nil {
		return nil, err
	}
	first := j.buf[j.start]
	if first != '{' && first != '[' {
		return nil, j.skipBroken(&Error{Code: codeInvalidLine, Reason: "Object must begin with { or [", Field: -1})
	}
	depth, quoted := 0, false
	lines := int64(0)
	for i := 0; ; i++ {
		for i >= j.end-j.start {
			err := j.more()
			if errors.Is(err, io.EOF) {
				// Nothing behind the open bracket can be told apart from its inside.
				j.at, j.raw = j.line+lines, bytes.Clone(j.rest())
				j.start = j.end
				return nil, &Error{Code: codeInvalidLine, Reason: "Missing closing bracket", Field: -1, Pos: i}
			}
			if errors.Is(err, errTooLong) {
				return nil, j.skipBroken(tooLong())
			}
			if err != nil {
				return nil, err
			}
		}
		c := j.buf[j.start+i]
		switch {
		case c == '\n':
			lines++
		case quoted && c == '\\':
			i++ // what follows is escaped, whatever it is
			if b := j.start + i; b < j.end && j.buf[b] == '\n' {
				lines++
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 {
				doc := j.rest()[:i+1]
				j.advance(i+1, lines)
				j.at = j.line
				return doc, nil
			}
		}
	}
}

// blanks passes over what may stand between two documents.
func (j *JSON) blanks() error {
	for {
		for j.start < j.end {
			switch j.buf[j.start] {
			case '\n':
				j.advance(1, 1)
			case ' ', '\t', '\r':
				j.advance(1, 0)
			default:
				return nil
			}
		}
		if err := j.more(); err != nil {
			return err
		}
	}
}

// skipBroken goes on behind the line that a broken document begins in and answers the error about it.
func (j *JSON) skipBroken(e *Error) error {
	j.at = j.line
	rest := j.rest()
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	j.raw = bytes.Clone(rest)
	if err := j.skipLine(); err != nil {
		return err
	}
	return e
}

// shred gives each column the value of its own name.
func (j *JSON) shred(doc []byte) error {
	if doc[0] != '{' {
		return &Error{Code: codeInvalidLine, Reason: "Object must begin with {; an array needs a JSONPaths file", Field: -1}
	}
	for key, value := range jsontext.Members(doc) {
		name := key[1 : len(key)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = jsontext.AppendUnquoted(nil, key)
		}
		if j.o.IgnoreCase {
			name = bytes.ToLower(name)
		}
		if i, ok := j.byName[string(name)]; ok {
			j.set(i, value)
		}
	}
	return nil
}

func (j *JSON) byPath(doc []byte) error {
	for i, path := range j.o.Paths {
		value, err := path.Find(doc)
		if err != nil {
			return &Error{Code: codeInvalidLine, Reason: "Invalid JSONPath format: Not an array or index out of range.", Field: i}
		}
		if value != nil {
			j.set(i, value)
		}
	}
	return nil
}

// set puts a JSON value into a field: strings without quotes, null as NULL, anything nested as its text.
func (j *JSON) set(i int, value []byte) {
	f := Field{Text: value, Start: -1}
	switch {
	case value[0] == 'n':
		f = Field{Null: true, Start: -1}
	case j.o.Columns[i].Super:
	case value[0] == '"':
		f.Text = value[1 : len(value)-1]
		if bytes.IndexByte(f.Text, '\\') >= 0 {
			mark := len(j.plain)
			j.plain = jsontext.AppendUnquoted(j.plain, value)
			f.Text = j.plain[mark:]
		}
	case value[0] == '{', value[0] == '[':
		mark := len(j.plain)
		j.plain = jsontext.AppendCompact(j.plain, value)
		f.Text = j.plain[mark:]
	}
	j.fields[i] = f
}
