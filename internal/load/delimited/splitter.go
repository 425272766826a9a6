package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxRecord is the longest record in bytes: COPY reads no row of more than 4 MB (DG r_COPY, usage notes).
const MaxRecord = 4 << 20

// Format says how fields are told apart.
type Format struct {
	Delimiter byte
	Quote     byte // 0: nothing is quoted
}

// Block is a run of whole records.
type Block struct {
	// Text holds the records, each with its end of line; the last one of a stream may lack it.
	Text []byte
	// Line is the number of the first line, counted from 1.
	Line int64
}

// Splitter cuts a stream into blocks of whole records. It is used by one goroutine.
type Splitter struct {
	r      io.Reader
	format Format
	rest   []byte // read, and not in a block yet
	line   int64
	ended  bool
}

// NewSplitter reads records from r.
func NewSplitter(r io.Reader, f Format) *Splitter {
	return &Splitter{r: r, format: f, line: 1}
}

// Next fills buf, whose capacity is the usual size of a block, and answers the whole records in it; it grows beyond that
// only for a record that is longer. The block is the caller's. io.EOF comes with no block.
//
// Where quotes do not pair up, a block may begin inside what was meant to be a record: a Rewriter finds the stray
// quote in this block or the ones before it.
func (s *Splitter) Next(buf []byte) (Block, error) {
	if cap(buf) == 0 {
		return Block{}, errors.New("delimited: a block needs a buffer")
	}
	buf = append(buf[:0], s.rest...)
	s.rest = s.rest[:0]
	for !s.ended {
		if len(buf) == cap(buf) {
			if end := s.format.lastEnd(buf); end > 0 {
				s.rest = append(s.rest, buf[end:]...)
				return s.block(buf[:end]), nil
			}
			if len(buf) > MaxRecord {
				return Block{}, &Error{Line: s.line, Reason: fmt.Sprintf("a record of more than %d bytes, or a quoted field that is never closed", MaxRecord)}
			}
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
		n, err := s.r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			s.ended = true
		} else if err != nil {
			return Block{}, err
		}
	}
	if len(buf) == 0 {
		return Block{}, io.EOF
	}
	return s.block(buf), nil
}

func (s *Splitter) block(text []byte) Block {
	b := Block{Text: text, Line: s.line}
	s.line += int64(bytes.Count(text, newline))
	return b
}

var newline = []byte{'\n'}

// lastEnd is the offset behind the last end of a record in b, which begins with a record; 0 if there is none. An end
// of line ends a record unless an odd number of quotes stands before it: doubled quotes inside a field keep the count
// even, so that nothing needs to be parsed.
func (f Format) lastEnd(b []byte) int {
	if f.Quote == 0 {
		return bytes.LastIndexByte(b, '\n') + 1
	}
	quote := []byte{f.Quote}
	before := bytes.Count(b, quote)
	for end := len(b); ; {
		i := bytes.LastIndexByte(b[:end], '\n')
		if i < 0 {
			return 0
		}
		before -= bytes.Count(b[i:end], quote)
		if before%2 == 0 {
			return i + 1
		}
		end = i
	}
}

// Error says what is wrong with a record and where.
type Error struct {
	Line   int64 // of the stream, counted from 1: where the record, or the field that is wrong, begins
	Column int   // the field's number, counted from 1; 0 where the record as a whole is wrong
	Value  string
	Reason string
}

// Error leaves the value out: it is somebody's data.
func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}
