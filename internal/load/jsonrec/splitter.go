package jsonrec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxRecord is the longest record in bytes: COPY reads no row of more than 4 MB (DG r_COPY, usage notes).
const MaxRecord = 4 << 20

// Record is one JSON object as it stands in the stream.
type Record struct {
	Text []byte
	// Line is where it begins, Number its place among the stream's records; both are counted from 1.
	Line, Number int64
}

// Block is some records, one after another.
type Block []Record

// Splitter cuts a stream into blocks. It is used by one goroutine.
type Splitter struct {
	in      *window
	dec     *jsontext.Decoder
	path    []string
	begun   bool
	inArray bool // records are the elements of an array that was entered
	ended   bool
	number  int64
}

// NewSplitter reads records from r. path names the keys that lead to the array of records inside a document; without it
// the stream is objects, or one array of them.
func NewSplitter(r io.Reader, path []string) *Splitter {
	in := &window{r: r, line: 1}
	return &Splitter{in: in, dec: jsontext.NewDecoder(in), path: path}
}

// Next answers records of about size bytes together, at least one. The block is the caller's. io.EOF comes with none.
func (s *Splitter) Next(size int) (Block, error) {
	if !s.begun {
		s.begun = true
		if err := s.begin(); err != nil {
			return nil, err
		}
	}
	var block Block
	text := make([]byte, 0, size+size/8)
	for len(text) < size && !s.ended {
		record, err := s.next(text)
		if errors.Is(err, io.EOF) {
			s.ended = true
			break
		}
		if err != nil {
			return nil, err
		}
		block = append(block, record)
		text = text[:len(text)+len(record.Text)]
	}
	if len(block) == 0 {
		return nil, io.EOF
	}
	return block, nil
}

// begin enters the array of records, if there is one.
func (s *Splitter) begin() error {
	for i, key := range s.path {
		if err := s.enter(key); err != nil {
			return fmt.Errorf("look for %s: %w", strings.Join(s.path[:i+1], "."), err)
		}
	}
	switch kind := s.dec.PeekKind(); {
	case kind == '[':
		_, err := s.dec.ReadToken()
		s.inArray = true
		return s.wrong(err)
	case len(s.path) > 0:
		return s.wrong(fmt.Errorf("%s is %s, not an array of records", strings.Join(s.path, "."), kindName(kind)))
	}
	return nil
}

// enter leaves the stream before the value of key in the object that comes next.
func (s *Splitter) enter(key string) error {
	if kind := s.dec.PeekKind(); kind != '{' {
		return s.wrong(fmt.Errorf("there is %s, not an object", kindName(kind)))
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return s.wrong(err)
	}
	for s.dec.PeekKind() == '"' {
		name, err := s.dec.ReadToken()
		if err != nil {
			return s.wrong(err)
		}
		if name.String() == key {
			return nil
		}
		if err := s.dec.SkipValue(); err != nil {
			return s.wrong(err)
		}
	}
	if s.dec.PeekKind() == '}' {
		return s.wrong(fmt.Errorf("the document has no key %q", key))
	}
	_, err := s.dec.ReadToken()
	return s.wrong(err)
}

// next reads one record behind what text holds.
func (s *Splitter) next(text []byte) (Record, error) {
	kind := s.dec.PeekKind()
	begin := s.in.passed(s.dec.InputOffset() + blanks(s.dec.UnreadBuffer()))
	switch {
	case kind == ']' && s.inArray:
		// What follows the array is read too, so that a file that was cut short behind it is found.
		return Record{}, s.finish()
	case kind == 0:
		_, err := s.dec.ReadToken()
		if errors.Is(err, io.EOF) && !s.inArray {
			return Record{}, io.EOF
		}
		return Record{}, s.wrong(err)
	case kind != '{':
		return Record{}, &Error{Line: begin, Number: s.number + 1, Reason: fmt.Sprintf("a record is %s, not an object", kindName(kind))}
	}
	s.number++
	s.in.limit = s.dec.InputOffset() + MaxRecord + slack
	value, err := s.dec.ReadValue()
	s.in.limit = 0
	if errors.Is(err, errTooLong) || len(value) > MaxRecord {
		return Record{}, &Error{Line: begin, Number: s.number, Reason: fmt.Sprintf("a record of more than %d bytes", MaxRecord)}
	}
	if err != nil {
		return Record{}, s.wrong(err)
	}
	return Record{Text: append(text, value...)[len(text):], Line: begin, Number: s.number}, nil
}

// finish reads to the end of the stream.
func (s *Splitter) finish() error {
	for s.dec.StackDepth() > 0 {
		if kind := s.dec.PeekKind(); kind == '{' || kind == '[' {
			if err := s.dec.SkipValue(); err != nil {
				return s.wrong(err)
			}
			continue
		}
		if _, err := s.dec.ReadToken(); err != nil {
			return s.wrong(err)
		}
	}
	_, err := s.dec.ReadToken()
	if err == nil {
		return &Error{Line: s.in.passed(s.dec.InputOffset()), Reason: "there is more behind the document"}
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return s.wrong(err)
}

// wrong says where the stream is no JSON, or not what was looked for.
func (s *Splitter) wrong(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Line: s.in.passed(s.dec.InputOffset()), Number: s.number, Reason: "the document ends before it is complete"}
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &Error{Line: s.in.passed(syntax.ByteOffset), Number: s.number, Reason: "not JSON: " + strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")}
	}
	if s.in.failed != nil {
		return s.in.failed // reading failed, which is no matter of JSON
	}
	return &Error{Line: s.in.passed(s.dec.InputOffset()), Number: s.number, Reason: err.Error()}
}

// blanks counts what stands before the next value.
func blanks(b []byte) int64 {
	return int64(len(b) - len(bytes.TrimLeft(b, " \t\r\n,")))
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case 'n':
		return "null"
	case 't', 'f':
		return "a truth value"
	default:
		return "no JSON"
	}
}

// Error says what is wrong with a record and where.
type Error struct {
	Line   int64
	Number int64  // of the record; 0 where it is not about one
	Key    string // "" where the record as a whole is wrong
	Value  string
	Reason string
}

// Error leaves the value out: it is somebody's data.
func (e *Error) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.Number > 0 {
		where += fmt.Sprintf(", record %d", e.Number)
	}
	if e.Key != "" {
		where += fmt.Sprintf(", key %q", e.Key)
	}
	return where + ": " + e.Reason
}

// slack is what the decoder may read ahead of the record it is at.
const slack = 1 << 20

var errTooLong = errors.New("longer than a record may be")

// window passes a stream on and knows which line each offset is on, as long as offsets are asked for in order.
type window struct {
	r      io.Reader
	read   int64   // bytes passed on
	limit  int64   // where a record must have ended; 0: there is none
	line   int64   // of the last offset that was asked for
	breaks []int64 // offsets of the ends of lines behind that
	failed error
}

func (w *window) Read(b []byte) (int, error) {
	if w.limit > 0 && w.read > w.limit {
		return 0, errTooLong
	}
	n, err := w.r.Read(b)
	for i, c := range b[:n] {
		if c == '\n' {
			w.breaks = append(w.breaks, w.read+int64(i))
		}
	}
	w.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		w.failed = err
	}
	return n, err
}

// passed is the line of an offset. Ends of lines before it are forgotten.
func (w *window) passed(offset int64) int64 {
	i := 0
	for i < len(w.breaks) && w.breaks[i] < offset {
		i++
	}
	w.line += int64(i)
	w.breaks = append(w.breaks[:0], w.breaks[i:]...)
	return w.line
}
