// Package value turns one field of a load file into what PostgreSQL's COPY takes in text format, by the rules and with
// the errors of Redshift's COPY (Redshift manual, COPY data conversion parameters and Load error reference).
//
// Everything is decided here: a text that this package lets through is one that PostgreSQL accepts for the column, so
// that a bad row is an entry in STL_LOAD_ERRORS and not the end of the statement. It knows nothing of files, records
// or connections. Start from Converter.
package value

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/sealift/sealift/internal/local/transfer/jsontext"
)

// Kind is a type as far as conversion tells types apart.
type Kind int

// The kinds. Other is any type whose text PostgreSQL itself must judge.
const (
	Other Kind = iota
	SmallInt
	Integer
	BigInt
	Decimal
	Real
	Double
	Boolean
	Char
	Varchar
	Date
	Time
	TimeTZ
	Timestamp
	TimestampTZ
	Super
	Varbyte
)

// Column is a column that values are loaded into.
type Column struct {
	Name      string
	Kind      Kind
	TypeName  string // as STL_LOAD_ERRORS.type shows it
	Length    int    // in bytes: Char, Varchar, Varbyte
	Precision int    // Decimal
	Scale     int
	NotNull   bool
}

// LengthText is what STL_LOAD_ERRORS.col_length shows.
func (c Column) LengthText() string {
	switch c.Kind {
	case Char, Varchar, Varbyte:
		return strconv.Itoa(c.Length)
	case Decimal:
		return fmt.Sprintf("%d, %d", c.Precision, c.Scale)
	default:
		return ""
	}
}

// Rules are the data conversion parameters of one COPY.
type Rules struct {
	EmptyAsNull     bool
	BlanksAsNull    bool
	TrimBlanks      bool
	TruncateColumns bool
	AcceptInvChars  byte // the character that stands in for invalid ones; 0 refuses them
	AcceptAnyDate   bool
	RoundDec        bool
	DateFormat      Layout
	TimeFormat      Layout
}

// Error is a value that cannot be loaded.
type Error struct {
	Code   int    // as in STL_LOAD_ERRORS.err_code
	Reason string // as in STL_LOAD_ERRORS.err_reason
	Pos    int    // offset in the field
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Reason, e.Code) }

// Codes of the manual's Load error reference.
const (
	codeTooLong      = 1204
	codeDate         = 1205
	codeTimestamp    = 1206
	codeInvalidDigit = 1207
	codeFloat        = 1208
	codeBoolean      = 1210
	codeNotNull      = 1213
	codeChar         = 1215
	codeUTF8         = 1220
	codeOverflow     = 1222
	codeJSON         = 1224
)

// Converter converts the values of one column. It may be used by one goroutine at a time.
type Converter struct {
	Column
	rules *Rules
	// Replaced is set when ACCEPTINVCHARS replaced something; the caller sets it back.
	Replaced bool
	scratch  []byte
}

// NewConverter converts for column c by rules.
func NewConverter(c Column, rules *Rules) *Converter { return &Converter{Column: c, rules: rules} }

// Append appends the field to dst as COPY FROM STDIN takes it, \N for NULL. On an error dst is as it was.
func (c *Converter) Append(dst, text []byte, null bool) ([]byte, *Error) {
	if !null {
		text, null = c.nullify(text)
	}
	if null {
		return c.null(dst)
	}
	switch c.Kind {
	case SmallInt:
		return c.integer(dst, text, 16)
	case Integer:
		return c.integer(dst, text, 32)
	case BigInt:
		return c.integer(dst, text, 64)
	case Decimal:
		return c.decimal(dst, text)
	case Real:
		return c.float(dst, text, 32)
	case Double:
		return c.float(dst, text, 64)
	case Boolean:
		return boolean(dst, text)
	case Char:
		return c.char(dst, text)
	case Varchar:
		return c.varchar(dst, text)
	case Date, Time, TimeTZ, Timestamp, TimestampTZ:
		return c.datetime(dst, text)
	case Super:
		return c.super(dst, text)
	case Varbyte:
		return c.varbyte(dst, text)
	default:
	}
	if !utf8.Valid(text) {
		return dst, invalidUTF8(text)
	}
	return AppendEscaped(dst, text), nil
}

func (c *Converter) null(dst []byte) ([]byte, *Error) {
	if c.NotNull {
		return dst, &Error{Code: codeNotNull, Reason: "Missing data for not-null field"}
	}
	return append(dst, '\\', 'N'), nil
}

// nullify tells whether a field without the null string is NULL all the same, and takes the blanks away that do not
// count: around everything but text.
func (c *Converter) nullify(text []byte) ([]byte, bool) {
	switch c.Kind {
	case Char, Varchar:
		if len(text) == 0 {
			return text, c.rules.EmptyAsNull
		}
		return text, c.rules.BlanksAsNull && len(bytes.TrimLeft(text, " \t\n\v\f\r")) == 0
	default:
	}
	text = trimBlanks(text)
	return text, len(text) == 0
}

// trimBlanks is bytes.Trim for white space, without its set-up for every value.
func trimBlanks(text []byte) []byte {
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isBlank(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func (c *Converter) invalidDigit(text []byte, pos int) *Error {
	if pos >= len(text) {
		// What is missing is shown as the NUL that ends the field.
		return &Error{Code: codeInvalidDigit, Reason: fmt.Sprintf("Invalid digit, Value '\\0', Pos %d, Type: %s", pos, c.shortType()), Pos: pos}
	}
	r, _ := utf8.DecodeRune(text[pos:])
	return &Error{Code: codeInvalidDigit, Reason: fmt.Sprintf("Invalid digit, Value '%c', Pos %d, Type: %s", r, pos, c.shortType()), Pos: pos}
}

func (c *Converter) shortType() string {
	switch c.Kind {
	case SmallInt:
		return "Short"
	case Integer:
		return "Integer"
	case BigInt:
		return "Long"
	case Real:
		return "Float"
	case Double:
		return "Double"
	default:
		return "Decimal"
	}
}

func (c *Converter) integer(dst, text []byte, bits int) ([]byte, *Error) {
	i, negative := 0, false
	if text[0] == '-' || text[0] == '+' {
		negative = text[0] == '-'
		i = 1
	}
	limit := uint64(1)<<(bits-1) - 1
	if negative {
		limit++
	}
	if i == len(text) {
		return dst, c.invalidDigit(text, i)
	}
	var n uint64
	overflow := false
	for ; i < len(text); i++ {
		d := text[i] - '0'
		if d > 9 {
			return dst, c.invalidDigit(text, i)
		}
		// n stays below 10 * limit + 10, which fits: limit is at most 1<<63.
		if overflow = overflow || n > limit/10; !overflow {
			n = n*10 + uint64(d)
		}
	}
	if overflow || n > limit {
		return dst, &Error{Code: codeOverflow, Reason: fmt.Sprintf("Integer overflow, Value '%s', Type: %s", text, c.shortType())}
	}
	if negative && n > 0 {
		dst = append(dst, '-')
	}
	return strconv.AppendUint(dst, n, 10), nil
}

// maxDecimal19 is the largest value without its point that a DECIMAL(19,s) holds: it is stored in 8 bytes.
const maxDecimal19 = "9223372036854775807"

// decimal cuts digits behind the column's scale off, or rounds them half up with ROUNDEC.
func (c *Converter) decimal(dst, text []byte) ([]byte, *Error) {
	i, negative := 0, false
	if text[0] == '-' || text[0] == '+' {
		negative = text[0] == '-'
		i = 1
	}
	digits := c.scratch[:0] // of the value times 10^scale
	digits = append(digits, '0')
	whole, fraction, seen := 0, -1, false
	roundUp := false
	for ; i < len(text); i++ {
		b := text[i]
		switch {
		case b == '.' && fraction < 0:
			fraction = 0
			continue
		case b < '0' || b > '9':
			return dst, c.invalidDigit(text, i)
		}
		seen = true
		switch {
		case fraction < 0:
			if whole > 0 || b != '0' {
				whole++
				digits = append(digits, b)
			}
			continue
		case fraction < c.Scale:
			digits = append(digits, b)
		case fraction == c.Scale:
			roundUp = c.rules.RoundDec && b >= '5'
		}
		fraction++
	}
	if !seen {
		return dst, c.invalidDigit(text, i)
	}
	for n := max(fraction, 0); n < c.Scale; n++ {
		digits = append(digits, '0')
	}
	if roundUp {
		for k := len(digits) - 1; ; k-- {
			if digits[k] < '9' {
				digits[k]++
				break
			}
			digits[k] = '0'
		}
	}
	c.scratch = digits
	point := len(digits) - c.Scale
	significant := bytes.TrimLeft(digits, "0")
	if len(significant) > c.Precision || (c.Precision == 19 && len(significant) == 19 && string(significant) > maxDecimal19) {
		return dst, &Error{Code: codeTooLong, Reason: fmt.Sprintf("Numeric data overflow, Value '%s', Type: Decimal(%d,%d)", cut(text, 40), c.Precision, c.Scale)}
	}
	if negative && len(significant) > 0 {
		dst = append(dst, '-')
	}
	integer := digits[:point]
	for len(integer) > 1 && integer[0] == '0' {
		integer = integer[1:]
	}
	dst = append(dst, integer...)
	if c.Scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[point:]...)
	}
	return dst, nil
}

func cut(b []byte, n int) []byte {
	if len(b) > n {
		return b[:n]
	}
	return b
}

func (c *Converter) float(dst, text []byte, bits int) ([]byte, *Error) {
	body := bytes.TrimLeft(text, "+-")
	if len(text)-len(body) > 1 {
		return dst, c.floatError(text)
	}
	switch {
	case bytes.EqualFold(body, []byte("nan")):
		return append(dst, "NaN"...), nil
	case bytes.EqualFold(body, []byte("inf")), bytes.EqualFold(body, []byte("infinity")):
		if text[0] == '-' {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...), nil
	}
	for i, b := range text {
		// strconv also takes hexadecimal floats and underscores, which Redshift does not.
		if (b < '0' || b > '9') && b != '.' && b != 'e' && b != 'E' && b != '+' && b != '-' {
			return dst, c.invalidDigit(text, i)
		}
	}
	f, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), bits) //nolint:gosec // read only, and not kept
	if err != nil {
		if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange { //nolint:errorlint // strconv's own, not wrapped
			return dst, &Error{Code: codeTooLong, Reason: fmt.Sprintf("Value out of range, Value '%s', Type: %s", cut(text, 40), c.shortType())}
		}
		return dst, c.floatError(text)
	}
	if f == 0 { // also what is too small, which PostgreSQL refuses
		if text[0] == '-' {
			dst = append(dst, '-')
		}
		return append(dst, '0'), nil
	}
	return append(dst, text...), nil
}

func (c *Converter) floatError(text []byte) *Error {
	return &Error{Code: codeFloat, Reason: fmt.Sprintf("Invalid value '%s', Type: %s", cut(text, 40), c.shortType())}
}

func boolean(dst, text []byte) ([]byte, *Error) {
	var lower [5]byte
	if len(text) <= len(lower) {
		word := append(lower[:0], text...)
		for i, b := range word {
			if b >= 'A' && b <= 'Z' {
				word[i] = b | 0x20
			}
		}
		switch string(word) {
		case "t", "true", "y", "yes", "1":
			return append(dst, 't'), nil
		case "f", "false", "n", "no", "0":
			return append(dst, 'f'), nil
		}
	}
	return dst, &Error{Code: codeBoolean, Reason: "Unknown boolean format"}
}

func (c *Converter) char(dst, text []byte) ([]byte, *Error) {
	text = untilNUL(text)
	for i, b := range text {
		if b >= 0x80 {
			_, size := utf8.DecodeRune(text[i:])
			return dst, &Error{
				Code: codeChar, Pos: i,
				Reason: fmt.Sprintf("Multibyte character not supported for CHAR (Hint: Try using  VARCHAR). Invalid char: % x", text[i:i+size]),
			}
		}
	}
	if len(text) > c.Length {
		// Blanks at the end of a CHAR do not count.
		if trimmed := bytes.TrimRight(text, " "); len(trimmed) > c.Length && !c.rules.TruncateColumns {
			return dst, &Error{Code: codeTooLong, Reason: "Char length exceeds DDL length", Pos: c.Length}
		}
		text = text[:c.Length]
	}
	return AppendEscaped(dst, text), nil
}

func (c *Converter) varchar(dst, text []byte) ([]byte, *Error) {
	text = untilNUL(text)
	if c.rules.AcceptInvChars != 0 {
		text = c.replaceInvalid(text)
	} else if !utf8.Valid(text) {
		return dst, invalidUTF8(text)
	}
	if c.rules.TrimBlanks {
		text = bytes.TrimRight(text, " \t\n\v\f\r")
	}
	if len(text) > c.Length {
		if !c.rules.TruncateColumns {
			return dst, &Error{Code: codeTooLong, Reason: "String length exceeds DDL length", Pos: c.Length}
		}
		end := c.Length
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return AppendEscaped(dst, text), nil
}

// untilNUL cuts a text at its first NUL, which PostgreSQL cannot hold. Redshift keeps what follows, but most clients show
// the text only so far.
func untilNUL(text []byte) []byte {
	text, _, _ = bytes.Cut(text, []byte{0})
	return text
}

// invalidUTF8 describes the first bad sequence in text as the manual's Multibyte character load errors do.
func invalidUTF8(text []byte) *Error {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r != utf8.RuneError || size > 1 {
			i += size
			continue
		}
		bad, sub := badSequence(text[i:])
		return &Error{
			Code: codeUTF8, Pos: i,
			Reason: fmt.Sprintf("String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: % x (error %d)", bad, sub),
		}
	}
	return &Error{Code: codeUTF8, Reason: "String contains invalid or unsupported UTF-8 codepoints"}
}

// badSequence answers the bytes that begin b and do not make a character, with the manual's number for the reason: 1
// longer than 4 bytes, 2 incomplete, 3 a single byte out of range, 4 a bad byte behind the first.
func badSequence(b []byte) ([]byte, int) {
	size := 0
	switch c := b[0]; {
	case c >= 0xF8:
		return b[:1], 1
	case c < 0xC2 || c >= 0xF5:
		return b[:1], 3
	case c >= 0xF0:
		size = 4
	case c >= 0xE0:
		size = 3
	default:
		size = 2
	}
	for i := 1; i < size; i++ {
		if i >= len(b) {
			return b, 2
		}
		if b[i]&0xC0 != 0x80 {
			return b[:i+1], 4
		}
	}
	return b[:size], 4
}

// replaceInvalid puts the character of ACCEPTINVCHARS in place of every byte of an invalid sequence, and of the
// non-characters U+FDD0..U+FDEF, U+xFFFE and U+xFFFF.
func (c *Converter) replaceInvalid(text []byte) []byte {
	clean := true
	for i := 0; i < len(text) && clean; {
		if text[i] < 0x80 {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		clean = (r != utf8.RuneError || size > 1) && !nonCharacter(r)
		i += size
	}
	if clean {
		return text
	}
	c.Replaced = true
	out := c.scratch[:0]
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if (r == utf8.RuneError && size == 1) || nonCharacter(r) {
			for range size {
				out = append(out, c.rules.AcceptInvChars)
			}
		} else {
			out = append(out, text[i:i+size]...)
		}
		i += size
	}
	c.scratch = out
	return out
}

func nonCharacter(r rune) bool {
	return (r >= 0xFDD0 && r <= 0xFDEF) || (r&0xFFFE == 0xFFFE && r > 0xFF)
}

// maxSuperString is the longest string inside a SUPER value unless large strings are enabled.
const maxSuperString = 65535

func (c *Converter) super(dst, text []byte) ([]byte, *Error) {
	if err := jsontext.Check(text); err != nil {
		return dst, &Error{Code: codeJSON, Reason: "Invalid JSON for SUPER: " + err.Error()}
	}
	if !utf8.Valid(text) {
		return dst, invalidUTF8(text)
	}
	if len(text) > maxSuperString {
		if i := longString(text); i >= 0 {
			return dst, &Error{Code: codeTooLong, Reason: "String inside SUPER exceeds 65535 bytes", Pos: i}
		}
	}
	c.scratch = jsontext.AppendCompact(c.scratch[:0], text)
	return AppendEscaped(dst, c.scratch), nil
}

// longString answers where a string of more than maxSuperString bytes begins in JSON text, -1 if there is none.
func longString(text []byte) int {
	begin := -1
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && begin >= 0:
			i++
		case text[i] != '"':
		case begin < 0:
			begin = i
		default:
			if i-begin-1 > maxSuperString && len(jsontext.AppendUnquoted(nil, text[begin:i+1])) > maxSuperString {
				return begin
			}
			begin = -1
		}
	}
	return -1
}

func (c *Converter) varbyte(dst, text []byte) ([]byte, *Error) {
	for i, b := range text {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') && (b < 'A' || b > 'F') {
			return dst, &Error{Code: codeInvalidDigit, Reason: fmt.Sprintf("Invalid hex digit, Pos %d, Type: Varbyte", i), Pos: i}
		}
	}
	if len(text)%2 != 0 {
		return dst, &Error{Code: codeInvalidDigit, Reason: "Odd number of hex digits, Type: Varbyte", Pos: len(text)}
	}
	if len(text)/2 > c.Length {
		if !c.rules.TruncateColumns {
			return dst, &Error{Code: codeTooLong, Reason: "Varbyte length exceeds DDL length", Pos: 2 * c.Length}
		}
		text = text[:2*c.Length]
	}
	return append(dst, bytes.ToLower(text)...), nil
}

// escapes marks the bytes that COPY's text format writes behind a backslash.
var escapes = [256]byte{'\\': '\\', '\n': 'n', '\r': 'r', '\t': 't'}

// AppendEscaped appends text as COPY's text format takes it.
func AppendEscaped(dst, text []byte) []byte {
	copied := 0
	for i, b := range text {
		if e := escapes[b]; e != 0 {
			dst = append(dst, text[copied:i]...)
			dst = append(dst, '\\', e)
			copied = i + 1
		}
	}
	return append(dst, text[copied:]...)
}
