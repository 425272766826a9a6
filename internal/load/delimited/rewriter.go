package delimited

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unicode/utf8"
)

// Check looks at a field's value, unquoted, and says what is wrong with it, or nothing. It sees no NULL.
type Check func(value []byte) (reason string)

// Rewriter writes records as COPY ... CSV NULL AS reads them: with the same delimiter, quoted by double quotes, NULL as
// its marker, lines ended by LF. It may be used by one goroutine at a time; one for each is cheap.
type Rewriter struct {
	Format Format
	// Columns is how many fields each record must have.
	Columns int
	// Marker stands for NULL in what is written. A field that holds nothing, without quotes, is NULL; a quoted empty one
	// is empty text, which COPY could not tell apart otherwise.
	Marker []byte
	// Nulls are texts that mean NULL when they are a whole field without quotes, as NA does in many files.
	Nulls [][]byte
	// Leave marks fields that are left out of what is written, by column; shorter than Columns is fine.
	Leave []bool
	// Checks by column, nil where there is none; shorter than Columns is fine.
	Checks []Check
	// Free is, by column, how long a value may be, in bytes, to need no check; 0 is that each needs it. It spares calling the
	// checks of text, which look at nothing but its length. Shorter than Columns is fine.
	Free []int
	// Reject takes a record that is wrong, with its text as it stood, and says whether to go on. Without it the first
	// wrong record ends the rewriting.
	Reject func(e *Error, record []byte) error

	seen  scanned // of the block at hand
	free  []int   // likewise: what simple need not look at
	value []byte  // scratch: an unquoted value
}

// Result counts what Rewrite did.
type Result struct {
	Records  int64 // written
	Rejected int64
	Blank    int64 // empty lines, which are no records
}

// Rewrite appends the records of a block to out. After an error out holds the records before it.
func (w *Rewriter) Rewrite(out []byte, b Block) ([]byte, Result, error) {
	var r Result
	w.seen = w.scan(b.Text)
	w.free = w.frees()
	if w.seen.marker {
		return out, r, &Error{Line: b.Line, Reason: "a value holds the text that stands for NULL in this run; run it again, for another one"}
	}
	line := b.Line
	for text := b.Text; len(text) > 0; {
		begin := len(out)
		var used int
		var lines int64
		var bad *Error
		out, used, lines, bad = w.record(out, text, line)
		switch {
		case bad != nil:
			out = out[:begin]
			if w.Reject == nil {
				return out, r, bad
			}
			if err := w.Reject(bad, text[:used]); err != nil {
				return out, r, err
			}
			r.Rejected++
		case len(out) == begin:
			r.Blank++
		default:
			r.Records++
		}
		line += lines
		text = text[used:]
	}
	return out, r, nil
}

// scanned is what a glance at a whole block tells, so that most records need no look at each of their bytes.
type scanned struct {
	quotes, returns, nulls, marker bool
	suspect                        bool // a NUL, or bytes that are not UTF-8, whose place must be found
}

func (w *Rewriter) scan(text []byte) scanned {
	s := scanned{
		returns: bytes.IndexByte(text, '\r') >= 0,
		suspect: bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text),
		marker:  len(w.Marker) > 0 && bytes.IndexByte(text, rarest(w.Marker)) >= 0 && bytes.Contains(text, w.Marker),
		quotes:  bytes.IndexByte(text, '"') >= 0 || (w.Format.Quote != 0 && bytes.IndexByte(text, w.Format.Quote) >= 0),
	}
	for _, n := range w.Nulls {
		s.nulls = s.nulls || bytes.Contains(text, n)
	}
	return s
}

// rarest is the byte of a marker that other text is least likely to hold. Looking for it first spares most blocks a search
// that stops at every other letter.
func rarest(marker []byte) byte {
	for _, c := range marker {
		if c-'0' > 9 && (c|0x20)-'a' > 'z'-'a' {
			return c
		}
	}
	return marker[0]
}

// record appends the first record of text to out. It answers how many bytes and lines the record takes, also when it is
// wrong: then up to the end of the line on which that was found.
func (w *Rewriter) record(out, text []byte, line int64) (_ []byte, used int, lines int64, bad *Error) {
	s := &w.seen
	end := bytes.IndexByte(text, '\n')
	used = end + 1
	if end < 0 {
		end, used = len(text), len(text)
	}
	plain := text[:end]
	if s.returns && len(plain) > 0 && plain[len(plain)-1] == '\r' {
		plain = plain[:len(plain)-1]
	}
	if len(plain) == 0 {
		return out, used, 1, nil
	}
	if s.suspect || len(w.Leave) > 0 || len(plain) > MaxRecord || (s.returns && bytes.IndexByte(plain, '\r') >= 0) {
		return w.fields(out, text, line)
	}
	var done []byte
	ok := false
	switch quoted := s.quotes && bytes.IndexByte(plain, '"') >= 0; {
	case !quoted && (!s.quotes || w.Format.Quote == '"' || bytes.IndexByte(plain, w.Format.Quote) < 0):
		done, ok = w.simple(out, plain)
	case quoted && w.Format.Quote == '"':
		done, ok = w.quoted(out, plain)
	}
	if ok {
		return done, used, 1, nil
	}
	return w.fields(out, text, line)
}

// simple appends a record in which nothing is quoted, and which is written as it stands but for its NULLs. ok is false when
// something is wrong with it; what, fields finds out. It looks for delimiters in eight bytes at a time: this is where most of
// the time of a load would go otherwise.
func (w *Rewriter) simple(out, record []byte) (_ []byte, ok bool) {
	delimiter := w.Format.Delimiter
	pattern := uint64(delimiter) * ones
	s := simple{record: record, out: out}
	i := 0
	for ; i+8 <= len(record); i += 8 {
		for found := zeros(binary.LittleEndian.Uint64(record[i:]) ^ pattern); found != 0; found &= found - 1 {
			end := i + bits.TrailingZeros64(found)/8
			if n := end - s.start; uint(n-1) >= uint(w.free[s.column]) && !s.value(w, end) { // n of 1 up to what needs no look
				return out, false
			}
			s.start = end + 1
			s.column++
		}
	}
	for ; i < len(record); i++ {
		if record[i] == delimiter {
			if !s.value(w, i) {
				return out, false
			}
			s.start = i + 1
			s.column++
		}
	}
	if s.column+1 != w.Columns || !s.value(w, len(record)) {
		return out, false
	}
	return append(append(s.out, record[s.written:]...), '\n'), true
}

// quoted is simple for a record in which something is quoted as it is written, too. A field that goes on behind the end of the
// line is for fields.
func (w *Rewriter) quoted(out, record []byte) (_ []byte, ok bool) {
	s := simple{record: record, out: out}
	for {
		if s.column >= w.Columns {
			return out, false
		}
		rest := record[s.start:]
		end := 0
		if len(rest) > 0 && rest[0] == '"' {
			f := field{quoted: true}
			for end = 1; ; end++ {
				i := bytes.IndexByte(rest[end:], '"')
				if i < 0 {
					return out, false
				}
				if end += i + 1; end == len(rest) || rest[end] != '"' {
					break
				}
				f.double = true
			}
			f.raw = rest[1 : end-1]
			if len(f.raw) > w.free[s.column] && s.column < len(w.Checks) && w.Checks[s.column] != nil && w.Checks[s.column](w.unquoted(f)) != "" {
				return out, false
			}
			if end < len(rest) && rest[end] != w.Format.Delimiter {
				return out, false
			}
		} else if end = w.stop(rest); end < len(rest) && rest[end] != w.Format.Delimiter || !s.value(w, s.start+end) {
			return out, false
		}
		if s.column++; end == len(rest) {
			return append(append(s.out, record[s.written:]...), '\n'), s.column == w.Columns
		}
		s.start += end + 1
	}
}

// simple is a record on its way.
type simple struct {
	record, out []byte
	column      int // of the field at hand, from 0
	start       int // where it begins
	written     int // what is in out already
}

// value looks at a field up to end. It answers false if something is wrong with it.
func (s *simple) value(w *Rewriter, end int) bool {
	if s.column >= w.Columns {
		return false
	}
	value := s.record[s.start:end]
	if len(value) == 0 || (w.seen.nulls && w.null(field{raw: value})) {
		s.out = append(append(s.out, s.record[s.written:s.start]...), w.Marker...)
		s.written = end
		return true
	}
	if s.column >= len(w.Checks) || w.Checks[s.column] == nil || (s.column < len(w.Free) && len(value) <= w.Free[s.column]) {
		return true
	}
	return w.Checks[s.column](value) == ""
}

// frees tells for each column how long a value may be to be passed over by simple, and for one column too many that none is.
func (w *Rewriter) frees() []int {
	free := make([]int, w.Columns+1)
	for c := range w.Columns {
		switch {
		case w.seen.nulls: // each value is compared
		case c >= len(w.Checks) || w.Checks[c] == nil:
			free[c] = math.MaxInt
		case c < len(w.Free):
			free[c] = w.Free[c]
		}
	}
	return free
}

const (
	ones = 0x0101010101010101
	low7 = 0x7f7f7f7f7f7f7f7f
)

// zeros has the high bit of each byte of x that is zero, exactly: Hacker's Delight, 6-1.
func zeros(x uint64) uint64 { return ^((x&low7 + low7) | x | low7) }

// fields does record's work field by field.
func (w *Rewriter) fields(out, text []byte, line int64) (_ []byte, used int, lines int64, bad *Error) {
	i, lines, kept := 0, int64(1), 0
	for column := 1; ; column++ {
		f, next, err := w.field(text[i:], line+lines-1, column)
		lines += f.lines
		if err != nil {
			// Go on behind the line on which it was found, which is as near to the next record as can be told.
			i += next
			if end := bytes.IndexByte(text[i:], '\n'); end >= 0 {
				return out, i + end + 1, lines, err
			}
			return out, len(text), lines, err
		}
		i += next
		ended := i >= len(text) || text[i] == '\n'
		if column <= w.Columns {
			if err := w.check(f, line, column); err != nil && bad == nil {
				bad = err
			}
			if column > len(w.Leave) || !w.Leave[column-1] {
				if kept > 0 {
					out = append(out, w.Format.Delimiter)
				}
				kept++
				out = w.write(out, f)
			}
		}
		if ended {
			if i < len(text) {
				i++
			}
			switch {
			case bad != nil:
			case column != w.Columns:
				bad = &Error{Line: line, Reason: fmt.Sprintf("%d fields, not %d", column, w.Columns)}
			case i > MaxRecord:
				bad = &Error{Line: line, Reason: fmt.Sprintf("a record of %d bytes; COPY reads no more than %d", i, MaxRecord)}
			}
			return append(out, '\n'), i, lines, bad
		}
		i++ // the delimiter
	}
}

// field is one field as it stands in the text.
type field struct {
	raw    []byte // without its quotes
	quoted bool
	double bool // raw holds doubled quotes
	lines  int64
}

// field reads the field that text begins with, up to but without its delimiter or the end of its line.
func (w *Rewriter) field(text []byte, line int64, column int) (f field, used int, bad *Error) {
	quote, delimiter := w.Format.Quote, w.Format.Delimiter
	if quote == 0 || len(text) == 0 || text[0] != quote {
		i := w.stop(text)
		if i < len(text) && text[i] == quote && quote != 0 && quote != delimiter {
			return f, i, &Error{Line: line, Column: column, Value: string(text[:i+1]), Reason: "a quote inside a field that is not quoted"}
		}
		f.raw = text[:i]
		if (i == len(text) || text[i] == '\n') && i > 0 && text[i-1] == '\r' {
			f.raw = text[:i-1]
		}
		return f, i, nil
	}
	f.quoted = true
	i := 1
	for {
		j := bytes.IndexByte(text[i:], quote)
		if j < 0 {
			return f, len(text), &Error{Line: line, Column: column, Reason: "a quoted field that is never closed"}
		}
		i += j + 1
		if i < len(text) && text[i] == quote {
			f.double = true
			i++
			continue
		}
		break
	}
	f.raw = text[1 : i-1]
	f.lines = int64(bytes.Count(f.raw, newline))
	switch {
	case i == len(text) || text[i] == w.Format.Delimiter || text[i] == '\n':
		return f, i, nil
	case text[i] == '\r' && (i+1 == len(text) || text[i+1] == '\n'):
		return f, i + 1, nil
	default:
		return f, i, &Error{Line: line + f.lines, Column: column, Reason: "text after a closing quote"}
	}
}

// stop is where a field that is not quoted ends: at a delimiter, the end of its line, or a quote, which is wrong there.
func (w *Rewriter) stop(text []byte) int {
	delimiter, quote := w.Format.Delimiter, w.Format.Quote
	if quote == 0 {
		quote = delimiter
	}
	d, q := uint64(delimiter)*ones, uint64(quote)*ones
	i := 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		if z := zeros(x^d) | zeros(x^q) | zeros(x^('\n'*ones)); z != 0 {
			return i + bits.TrailingZeros64(z)/8
		}
	}
	for ; i < len(text) && text[i] != delimiter && text[i] != '\n' && text[i] != quote; i++ {
	}
	return i
}

// null tells whether a field means NULL.
func (w *Rewriter) null(f field) bool {
	if f.quoted {
		return false
	}
	if len(f.raw) == 0 {
		return true
	}
	for _, n := range w.Nulls {
		if bytes.Equal(f.raw, n) {
			return true
		}
	}
	return false
}

func (w *Rewriter) check(f field, line int64, column int) *Error {
	if w.seen.suspect {
		if bytes.IndexByte(f.raw, 0) >= 0 {
			return &Error{Line: line, Column: column, Value: string(f.raw), Reason: "a NUL character, which COPY takes for the end of the record"}
		}
		if !utf8.Valid(f.raw) {
			return &Error{Line: line, Column: column, Value: string(f.raw), Reason: "not valid UTF-8: " + firstInvalid(f.raw)}
		}
	}
	if column > len(w.Checks) || w.Checks[column-1] == nil || (column <= len(w.Free) && len(f.raw) <= w.Free[column-1]) || w.null(f) {
		return nil
	}
	if reason := w.Checks[column-1](w.unquoted(f)); reason != "" {
		return &Error{Line: line, Column: column, Value: string(w.unquoted(f)), Reason: reason}
	}
	return nil
}

func firstInvalid(b []byte) string {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Sprintf("byte %#02x", b[i])
		}
		i += n
	}
	panic("delimited: text without an invalid byte")
}

// unquoted is a field's value; it is valid until the next call.
func (w *Rewriter) unquoted(f field) []byte {
	if !f.double {
		return f.raw
	}
	w.value = w.value[:0]
	for i := 0; i < len(f.raw); i++ {
		w.value = append(w.value, f.raw[i])
		if f.raw[i] == w.Format.Quote {
			i++ // the second of two
		}
	}
	return w.value
}

// write appends a field as COPY reads it.
func (w *Rewriter) write(out []byte, f field) []byte {
	if w.null(f) {
		return append(out, w.Marker...)
	}
	if f.quoted && w.Format.Quote == '"' {
		out = append(append(out, '"'), f.raw...)
		return append(out, '"')
	}
	if !f.quoted && !w.seen.returns && (w.Format.Quote == '"' || !w.seen.quotes) {
		return append(out, f.raw...) // nothing in it needs quotes
	}
	value := w.unquoted(f)
	if !f.quoted && bytes.IndexByte(value, '"') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return append(out, value...)
	}
	out = append(out, '"')
	for len(value) > 0 {
		i := bytes.IndexByte(value, '"')
		if i < 0 {
			break
		}
		out = append(append(out, value[:i+1]...), '"')
		value = value[i+1:]
	}
	return append(append(out, value...), '"')
}
