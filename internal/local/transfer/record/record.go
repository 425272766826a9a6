// Package record takes load files apart: delimited text, CSV, fixed-width text and JSON, by the rules of Redshift's
// COPY (Redshift manual, COPY data format and data conversion parameters).
//
// A Reader answers one record after another and goes on after a bad one. It reads foreign bytes: nothing in them makes
// it panic or hold more than one record in memory. It knows nothing of columns' types (package value does), of
// compression or of S3.
package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxRecord is the longest record that COPY takes, from any source.
const MaxRecord = 4 << 20

// Field is one field of a record. Text is valid until the reader's next call.
type Field struct {
	Text  []byte
	Null  bool // the null string, a JSON null, or missing
	Start int  // where the field begins in Raw, -1 unknown
}

// Error is a record that cannot be taken apart. The reader can go on behind it.
type Error struct {
	Code   int    // as in STL_LOAD_ERRORS.err_code
	Reason string // as in STL_LOAD_ERRORS.err_reason
	Field  int    // index of the field, -1 unknown
	Pos    int    // offset in Raw
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Reason, e.Code) }

// Codes of the manual's Load error reference that a reader answers with.
const (
	codeParse         = 1200
	codeExtraColumn   = 1202
	codeTooLong       = 1204
	codeNoData        = 1211
	codeNoDelimiter   = 1214
	codeInvalidLine   = 1216
	codeNullPlusBytes = 1218
)

// Reader answers the records of one file.
type Reader interface {
	// Next answers the fields of the next record, one for each column of the layout. io.EOF ends the file, an *Error
	// is about this record alone, any other error comes from the file.
	Next() ([]Field, error)
	// Raw is the record as the file has it, without its line end.
	Raw() []byte
	// Line is the number of the record's first line, from 1; for JSON the last line of the object.
	Line() int64
}

// source hands out the bytes of a file and keeps the record at hand in one piece.
type source struct {
	r     io.Reader
	buf   []byte
	start int // first byte of the record at hand
	end   int // end of what was read
	err   error
	line  int64 // number of the line that start is in
}

func newSource(r io.Reader) source {
	return source{r: r, buf: make([]byte, 256<<10), line: 1}
}

// errTooLong is answered by more when the record at hand has outgrown MaxRecord.
var errTooLong = errors.New("record too long")

// more reads on behind what is at hand. It answers io.EOF at the end of the file and errTooLong when the record cannot
// grow any more.
func (s *source) more() error {
	if s.err != nil {
		return s.err
	}
	if s.start > 0 && s.end == len(s.buf) {
		copy(s.buf, s.buf[s.start:s.end])
		s.end -= s.start
		s.start = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) > MaxRecord {
			return errTooLong
		}
		bigger := make([]byte, min(2*len(s.buf), MaxRecord+1))
		copy(bigger, s.buf[s.start:s.end])
		s.end -= s.start
		s.start = 0
		s.buf = bigger
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.err = err
		}
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	s.err = io.ErrNoProgress
	return s.err
}

// rest is what was read from the start of the record at hand.
func (s *source) rest() []byte { return s.buf[s.start:s.end] }

// advance passes over n bytes that hold lines line ends.
func (s *source) advance(n int, lines int64) {
	s.start += n
	s.line += lines
}

// lineEnd answers the length of the line at hand without its line feed, found from the offset from on.
func (s *source) lineEnd(from int) (n int, ended bool, err error) {
	for {
		if i := bytes.IndexByte(s.buf[s.start+from:s.end], '\n'); i >= 0 {
			return from + i, true, nil
		}
		from = s.end - s.start
		if err := s.more(); errors.Is(err, io.EOF) {
			return from, false, nil
		} else if err != nil {
			return from, false, err
		}
	}
}

// skipLines passes over n lines, as IGNOREHEADER wants it in every file.
func (s *source) skipLines(n int64) error {
	for range n {
		if err := s.skipLine(); err != nil {
			return err
		}
		if s.err != nil && s.start == s.end {
			return nil // fewer lines than that; Next answers what ended the file
		}
	}
	return nil
}

// skipLine passes over the rest of a line of any length.
func (s *source) skipLine() error {
	for {
		n, ended, err := s.lineEnd(0)
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		if ended {
			s.advance(n+1, 1)
			return nil
		}
		s.start = s.end
		if err == nil {
			return nil // end of file
		}
	}
}

// tooLong is the error for a record over MaxRecord; its reader goes on behind the next line feed.
func tooLong() *Error {
	return &Error{Code: codeTooLong, Reason: "Input record exceeds the maximum size of 4194304 bytes", Field: -1}
}

// nulls decides which fields are NULL by their text.
type nulls struct {
	text   []byte
	isNUL  bool // NULL AS '\0'
	escape bool // `\N` is compared before ESCAPE takes its backslash away
	deflt  bool // NULL AS was not given: only the two characters \N as they stand in the file
}

// NullRule says which fields are NULL.
type NullRule struct {
	Text  string // NULL AS
	Given bool   // whether NULL AS was given; if not, Text is `\N`
}

func newNulls(rule NullRule, escape bool) nulls {
	return nulls{text: []byte(rule.Text), isNUL: rule.Text == "\x00", escape: escape, deflt: !rule.Given}
}

// match compares a field, as the file has it (raw) and after ESCAPE (text).
func (n *nulls) match(raw, text []byte) (bool, *Error) {
	if n.isNUL {
		if i := bytes.IndexByte(text, 0); i >= 0 {
			if len(text) == 1 {
				return true, nil
			}
			return false, &Error{Code: codeNullPlusBytes, Reason: "NULL AS '\\0' and the field holds NUL and more bytes", Field: -1, Pos: i}
		}
		return false, nil
	}
	if n.escape && n.deflt {
		return bytes.Equal(raw, n.text), nil
	}
	return bytes.Equal(text, n.text) || (n.escape && bytes.Equal(raw, n.text)), nil
}
