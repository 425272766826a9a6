package delimited

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Check looks at a field's value, unquoted, and says what is wrong with it, or nothing. It sees no NULL.
type Check func(value []byte) (reason string)

// Column is what happens to the values of one column. The zero Column writes whatever it finds.
type Column struct {
	// Leave leaves it out of what is written.
	Leave bool
	// Check may be nil. Nobody calls it for values that Spare lets through.
	Check Check
	Spare Spare
}

// Spare tells which values need no look of the column's check. It is there for speed alone: most values are short and
// plain, and calling a check for each costs more than all else that is done to them.
type Spare struct {
	// Bytes is how long any value may be.
	Bytes int
	// Whole and Fraction are how many digits a number may have before and behind its point, with a sign or without: -1.50 has
	// one and two. A Fraction below 0 spares no number with a point.
	Whole, Fraction int
}

// Rewriter writes records as COPY ... CSV NULL AS reads them: with the same delimiter, quoted by double quotes, NULL as
// its marker, lines ended by LF. It may be used by one goroutine at a time; one for each is cheap.
type Rewriter struct {
	Format Format
	// Columns are those that each record must have.
	Columns []Column
	// Marker stands for NULL in what is written. A field that holds nothing, without quotes, is NULL; a quoted empty one
	// is empty text, which COPY could not tell apart otherwise.
	Marker []byte
	// Nulls are texts that mean NULL when they are a whole field without quotes, as NA does in many files.
	Nulls [][]byte
	// Reject takes a record that is wrong, with its text as it stood, and says whether to go on. Without it the first
	// wrong record ends the rewriting.
	Reject func(e *Error, record []byte) error

	seen   scanned // of the block at hand
	spares []Spare // likewise: what simple need not look at
	leaves bool    // some column is left out
	value  []byte  // scratch: an unquoted value
}

// Result counts what Rewrite did.
type Result struct {
	Records  int64 // written
	Rejected int64
	Blank    int64 // empty lines, which are no records where a record has more than one field
}

// emptyLine is what is wrong with a line that has nothing in it, in a file of one column.
const emptyLine = "nothing in the line, which may be a record or none where there is one column; remove the line, or write a text for NULL (--null) or \"\" for an empty text"

// Rewrite appends the records of a block to out. After an error out holds the records before it.
func (w *Rewriter) Rewrite(out []byte, b Block) ([]byte, Result, error) {
	var r Result
	w.seen = w.scan(b.Text)
	w.spares = w.spared()
	w.leaves = slices.ContainsFunc(w.Columns, func(c Column) bool { return c.Leave })
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
	// quote is how many bytes there are from the next double quote to the end of the block, 0 without one. One behind which
	// the block is already is looked for anew: so each byte is looked at once, and not once for each record.
	quote   int
	suspect bool // a NUL, or bytes that are not UTF-8, whose place must be found
}

func (w *Rewriter) scan(text []byte) scanned {
	s := scanned{
		returns: bytes.IndexByte(text, '\r') >= 0,
		suspect: bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text),
		marker:  len(w.Marker) > 0 && bytes.IndexByte(text, rarest(w.Marker)) >= 0 && bytes.Contains(text, w.Marker),
		quotes:  bytes.IndexByte(text, '"') >= 0 || (w.Format.Quote != 0 && bytes.IndexByte(text, w.Format.Quote) >= 0),
	}
	if s.quotes {
		s.quote = len(text) + 1
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
		if len(w.Columns) == 1 { // RFC 4180 takes it for a record, many programs do not: a row could be lost, or made
			bad = &Error{Line: line, Column: 1, Reason: emptyLine}
		}
		return out, used, 1, bad
	}
	if s.suspect || w.leaves || len(plain) > MaxRecord || (s.returns && bytes.IndexByte(plain, '\r') >= 0) {
		return w.fields(out, text, line)
	}
	if s.quotes && s.quote > len(text) {
		s.quote = 0
		if i := bytes.IndexByte(text, '"'); i >= 0 {
			s.quote = len(text) - i
		}
	}
	var done []byte
	ok := false
	switch quoted := s.quote > len(text)-end; {
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
// something is wrong with it; what, fields finds out. It looks at eight bytes at a time, for delimiters and in numbers: this is
// where most of the time of a load would go otherwise.
func (w *Rewriter) simple(out, record []byte) (_ []byte, ok bool) {
	delimiter := w.Format.Delimiter
	pattern := uint64(delimiter) * ones
	s := simple{record: record, out: out}
	spares := w.spares
	column, start := 0, 0
	for i := 0; i < len(record); i += 8 {
		var found uint64
		at := i
		if i+8 <= len(record) {
			found = zeros(binary.LittleEndian.Uint64(record[i:]) ^ pattern)
		} else {
			at, found = tail(record, i, pattern)
		}
		for ; found != 0; found &= found - 1 {
			end := at + bits.TrailingZeros64(found)/8
			spare := &spares[column]
			if n := end - start; uint(n-1) >= uint(spare.Bytes) && !spare.number(record, start, end) && !s.value(w, column, start, end) {
				return out, false
			}
			start = end + 1
			column++
		}
	}
	if column+1 != len(w.Columns) || !spares[column].number(record, start, len(record)) && !s.value(w, column, start, len(record)) {
		return out, false
	}
	return append(append(s.out, record[s.written:]...), '\n'), true
}

// tail finds delimiters in the last bytes of a record, from i, of which there are less than eight. It answers where the
// eight bytes begin that it looked at.
func tail(record []byte, i int, pattern uint64) (at int, found uint64) {
	if len(record) >= 8 {
		at = len(record) - 8
		return at, zeros(binary.LittleEndian.Uint64(record[at:])^pattern) >> (8 * (i - at)) << (8 * (i - at))
	}
	var last [8]byte
	n := copy(last[:], record)
	return 0, zeros(binary.LittleEndian.Uint64(last[:])^pattern) & (1<<(8*n) - 1)
}

// quoted is simple for a record in which something is quoted as it is written, too. A field that goes on behind the end of the
// line is for fields.
func (w *Rewriter) quoted(out, record []byte) (_ []byte, ok bool) {
	s := simple{record: record, out: out}
	column, start := 0, 0
	for {
		if column >= len(w.Columns) {
			return out, false
		}
		rest := record[start:]
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
			if c := &w.Columns[column]; len(f.raw) > w.spares[column].Bytes && c.Check != nil && c.Check(w.unquoted(f)) != "" {
				return out, false
			}
			if end < len(rest) && rest[end] != w.Format.Delimiter {
				return out, false
			}
		} else {
			end = w.stop(rest)
			if end < len(rest) && rest[end] != w.Format.Delimiter || !w.spares[column].number(record, start, start+end) && !s.value(w, column, start, start+end) {
				return out, false
			}
		}
		if column++; end == len(rest) {
			return append(append(s.out, record[s.written:]...), '\n'), column == len(w.Columns)
		}
		start += end + 1
	}
}

// simple is a record on its way.
type simple struct {
	record, out []byte
	written     int // what of the record is in out already
}

// value looks at the field of a column from start to end. It answers false if something is wrong with it.
func (s *simple) value(w *Rewriter, column, start, end int) bool {
	if column >= len(w.Columns) {
		return false
	}
	value := s.record[start:end]
	if len(value) == 0 || (w.seen.nulls && w.null(field{raw: value})) {
		s.out = append(append(s.out, s.record[s.written:start]...), w.Marker...)
		s.written = end
		return true
	}
	c := &w.Columns[column]
	return c.Check == nil || len(value) <= c.Spare.Bytes || c.Check(value) == ""
}

// spared tells for each column what simple passes over, and for one column too many that it is nothing.
func (w *Rewriter) spared() []Spare {
	spares := append(w.spares[:0], make([]Spare, len(w.Columns)+1)...)
	if w.seen.nulls {
		return spares // each value is compared
	}
	for i, c := range w.Columns {
		if spares[i] = c.Spare; c.Check == nil {
			spares[i].Bytes = math.MaxInt
		}
	}
	return spares
}

// number tells whether a field of a record is a number of few digits, which is let through.
func (s *Spare) number(record []byte, start, end int) bool {
	n := end - start
	if uint(n-1) >= 8 || end < 8 {
		return false
	}
	x := binary.LittleEndian.Uint64(record[end-8:]) >> (64 - 8*n) // the field, its first byte lowest
	// The high bit of each byte that is no digit: a digit without its 0x30 is below 10.
	y := x ^ '0'*ones
	other := (y&low7 + (0x80-10)*ones | y) & high & (1<<(8*n) - 1)
	whole, fraction := n, -1
	if c := byte(x); c == '-' || c == '+' {
		other &^= 0x80
		whole--
	}
	if other != 0 {
		i := bits.TrailingZeros64(other) / 8
		if other&(other-1) != 0 || byte(x>>(8*i)) != '.' {
			return false
		}
		fraction = n - i - 1
		whole -= fraction + 1
	}
	return whole+max(fraction, 0) > 0 && whole <= s.Whole && fraction <= s.Fraction
}

const (
	ones = 0x0101010101010101
	low7 = 0x7f7f7f7f7f7f7f7f
	high = 0x8080808080808080
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
		if column <= len(w.Columns) {
			if err := w.check(f, line, column); err != nil && bad == nil {
				bad = err
			}
			if !w.Columns[column-1].Leave {
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
			case column != len(w.Columns):
				bad = &Error{Line: line, Reason: fmt.Sprintf("%d fields, not %d", column, len(w.Columns))}
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

// check looks at a field of one of the columns.
func (w *Rewriter) check(f field, line int64, column int) *Error {
	if err := w.decodes(f, line, column); err != nil {
		return err
	}
	c := &w.Columns[column-1]
	if c.Check == nil || len(f.raw) <= c.Spare.Bytes || w.null(f) {
		return nil
	}
	if reason := c.Check(w.unquoted(f)); reason != "" {
		return &Error{Line: line, Column: column, Value: string(w.unquoted(f)), Reason: reason}
	}
	return nil
}

// decodes finds what is no text.
func (w *Rewriter) decodes(f field, line int64, column int) *Error {
	if w.seen.suspect {
		if bytes.IndexByte(f.raw, 0) >= 0 {
			return &Error{Line: line, Column: column, Value: string(f.raw), Reason: "a NUL character, which COPY takes for the end of the record"}
		}
		if !utf8.Valid(f.raw) {
			return &Error{Line: line, Column: column, Value: string(f.raw), Reason: "not valid UTF-8: " + firstInvalid(f.raw)}
		}
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
