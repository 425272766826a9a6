// Package jsontext walks over JSON text without building values from it: it checks, finds the members of an object,
// follows the paths of a JSONPaths file, and writes strings.
//
// It exists beside encoding/json because COPY and UNLOAD must keep JSON as it is written (1 is not 1.0, a number may
// have 38 digits, keys keep their order) and must not allocate for each value.
package jsontext

import (
	"fmt"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may nest, which is SUPER's limit too.
const MaxDepth = 1000

// SyntaxError tells where and why a text is not JSON.
type SyntaxError struct {
	Reason string
	Offset int
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset) }

// Check answers nil if text is one JSON value, with nothing but blanks around it.
func Check(text []byte) error {
	i, err := value(text, blanks(text, 0), 0)
	if err != nil {
		return err
	}
	if i = blanks(text, i); i < len(text) {
		return &SyntaxError{"Invalid value after the end of the document", i}
	}
	return nil
}

func blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// value checks the value that begins at i and answers where it ends.
func value(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, &SyntaxError{"Unexpected end of JSON", i}
	}
	switch c := b[i]; {
	case c == '{', c == '[':
		return nested(b, i, depth+1)
	case c == '"':
		return str(b, i)
	case c == '-', c >= '0' && c <= '9':
		return number(b, i)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word), nil
		}
	}
	return i, &SyntaxError{"Invalid value", i}
}

func nested(b []byte, i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, &SyntaxError{"Nesting is too deep", i}
	}
	object := b[i] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	if i = blanks(b, i+1); i < len(b) && b[i] == closing {
		return i + 1, nil
	}
	for {
		var err error
		if object {
			if i >= len(b) || b[i] != '"' {
				return i, &SyntaxError{"Missing key", i}
			}
			if i, err = str(b, i); err != nil {
				return i, err
			}
			if i = blanks(b, i); i >= len(b) || b[i] != ':' {
				return i, &SyntaxError{"Missing colon", i}
			}
			i = blanks(b, i+1)
		}
		if i, err = value(b, i, depth); err != nil {
			return i, err
		}
		i = blanks(b, i)
		switch {
		case i >= len(b):
			return i, &SyntaxError{"Unexpected end of JSON", i}
		case b[i] == closing:
			return i + 1, nil
		case b[i] != ',':
			return i, &SyntaxError{"Missing comma", i}
		}
		i = blanks(b, i+1)
	}
}

func str(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return i, &SyntaxError{"Control character in string", i}
		case c == '\\':
			if i++; i >= len(b) {
				return i, &SyntaxError{"Unexpected end of JSON", i}
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(b, i+1); !ok {
					return i, &SyntaxError{"Invalid escape in string", i}
				}
				i += 4
			default:
				return i, &SyntaxError{"Invalid escape in string", i}
			}
		}
	}
	return i, &SyntaxError{"Unexpected end of JSON", i}
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func number(b []byte, i int) (int, error) {
	digits := func() bool {
		begin := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > begin
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return i, &SyntaxError{"Invalid number", i}
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return i, &SyntaxError{"Invalid number", i}
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return i, &SyntaxError{"Invalid number", i}
		}
	}
	return i, nil
}

// end answers where the value at i ends. The text was checked.
func end(b []byte, i int) int {
	i, err := value(b, i, 0)
	if err != nil {
		panic("jsontext: walking over text that was not checked: " + err.Error())
	}
	return i
}

// Members answers the keys, with their quotes, and the values of an object that was checked.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		i := blanks(object, 0)
		for i = blanks(object, i+1); object[i] != '}'; i = blanks(object, i) {
			if object[i] == ',' {
				i = blanks(object, i+1)
			}
			k := end(object, i)
			key := object[i:k]
			v := blanks(object, blanks(object, k)+1)
			i = end(object, v)
			if !yield(key, object[v:i]) {
				return
			}
		}
	}
}

// Elements answers the values of an array that was checked.
func Elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := blanks(array, 0)
		for i = blanks(array, i+1); array[i] != ']'; i = blanks(array, i) {
			if array[i] == ',' {
				i = blanks(array, i+1)
			}
			v := i
			i = end(array, v)
			if !yield(array[v:i]) {
				return
			}
		}
	}
}

// AppendUnquoted appends what a quoted string that was checked stands for. Half of a surrogate pair alone becomes U+FFFD.
func AppendUnquoted(dst, quoted []byte) []byte {
	b := quoted[1 : len(quoted)-1]
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			dst = append(dst, b[i])
			continue
		}
		i++
		switch c := b[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(b, i+1)
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+2 < len(b) && b[i+1] == '\\' && b[i+2] == 'u' {
					low, ok = hex4(b, i+3)
				}
				if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
					r = pair
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendCompact appends a value that was checked without the blanks between its parts.
func AppendCompact(dst, text []byte) []byte {
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			dst = append(dst, c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes from 0x80 on are taken as they are.
func AppendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	copied := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[copied:i]...)
		copied = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[copied:]...)
	return append(dst, '"')
}
