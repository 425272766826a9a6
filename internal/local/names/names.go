// Package names keeps the names that are too long for PostgreSQL. Redshift's have up to 127 bytes, PostgreSQL's 63, so that inside
// of PostgreSQL a longer one goes by a short name: the beginning of the long one, a mark and a digest of the whole. Which
// short name stands for a long one is known without looking; which long one a short one stands for is in a Registry.
//
// PostgreSQL knows short names only. Whoever stands between it and somebody else (package wire, package transfer) puts short
// names in place of long ones on the way in, and long ones back on the way out.
package names

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

const (
	// Longest is the longest name Redshift keeps, in bytes; what is longer is cut (Redshift manual, Names and identifiers).
	Longest = 127
	// Kept is the longest name PostgreSQL keeps.
	Kept = 63
)

// A short name is a beginning, one byte that PostgreSQL quotes a name for or not, as it would the long one, the mark and digits.
const (
	mark   = "9q"
	digits = 16
	tail   = 1 + len(mark) + digits
)

// Cut is a name as Redshift keeps it: its first 127 bytes, without the part of a character at their end.
func Cut(name string) string { return cut(name, Longest) }

func cut(name string, most int) string {
	if len(name) <= most {
		return name
	}
	for n := most; n > most-utf8.UTFMax; n-- {
		if utf8.RuneStart(name[n]) {
			return name[:n]
		}
	}
	return name[:most] // no UTF-8
}

// Short is the name that stands for a name inside of PostgreSQL: the name itself where PostgreSQL can keep it.
func Short(name string) string {
	name = Cut(name)
	if len(name) <= Kept {
		return name
	}
	digest := sha256.Sum256([]byte(name))
	between := "_"
	if !plain(name) {
		between = "~"
	}
	return cut(name, Kept-tail) + between + mark + hex.EncodeToString(digest[:digits/2])
}

// plain tells whether PostgreSQL writes a long name without quotes.
func plain(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && c != '_' && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Registry knows the long names of a server. Its zero value knows none. Its methods may be called at the same time, but for
// Add.
type Registry struct {
	names atomic.Pointer[map[string]entry] // by the digits of the short name; nil while there are none
}

type entry struct{ short, long string }

// Any tells whether there are long names at all. A nil Registry has none.
func (r *Registry) Any() bool { return r != nil && r.names.Load() != nil }

// In tells whether there may be a long name in what PostgreSQL answers.
func (r *Registry) In(answer []byte) bool { return r.Any() && bytes.Contains(answer, []byte(mark)) }

// Add makes long names known. One Add at a time.
func (r *Registry) Add(long ...string) {
	known := map[string]entry{}
	if old := r.names.Load(); old != nil {
		maps.Copy(known, *old)
	}
	for _, name := range long {
		if short := Short(name); short != name {
			known[short[len(short)-digits:]] = entry{short: short, long: Cut(name)}
		}
	}
	if len(known) > 0 {
		r.names.Store(&known)
	}
}

// Known tells whether a name is one of the long names.
func (r *Registry) Known(name string) bool {
	known := r.names.Load()
	if known == nil || len(name) <= Kept || len(name) > Longest {
		return false
	}
	short := Short(name)
	return (*known)[short[len(short)-digits:]].long == name
}

// Long is the text with long names in place of the short ones in it. Quotes in a name are not doubled, as in messages.
func (r *Registry) Long(text string) string {
	if !r.Any() {
		return text
	}
	b := []byte(text)
	if changed := r.expand(b, false); changed != nil {
		return string(changed)
	}
	return text
}

// Value is Long for what PostgreSQL answers as a value. Quotes in a name that stands in quotes are doubled. An array in the binary
// format keeps its form. changed is false where the value is to stay as it is.
func (r *Registry) Value(value []byte) (long []byte, changed bool) {
	if !r.Any() {
		return nil, false
	}
	if bytes.IndexByte(value, 0) >= 0 { // no text has such a byte
		return r.array(value)
	}
	long = r.expand(value, true)
	return unpad(long, value), long != nil
}

// unpad takes as many blanks from the end of a text as it has grown by: a CHAR is filled up with them.
func unpad(long, value []byte) []byte {
	if n := utf8.RuneCount(long) - utf8.RuneCount(value); n > 0 && bytes.HasSuffix(long, bytes.Repeat([]byte{' '}, n)) {
		return long[:len(long)-n]
	}
	return long
}

// expand answers nil where there is nothing to change.
func (r *Registry) expand(text []byte, double bool) []byte {
	known := r.names.Load()
	if known == nil {
		return nil
	}
	var out []byte
	done := 0
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(mark))
		if i < 0 {
			break
		}
		i += at
		at = i + 1
		end := i + len(mark) + digits
		if i == 0 || end > len(text) {
			continue
		}
		e, ok := (*known)[string(text[i+len(mark):end])]
		if !ok {
			continue
		}
		short, long := e.short, e.long
		if doubled := strings.ReplaceAll(short, `"`, `""`); double && doubled != short && bytes.HasSuffix(text[done:end], []byte(doubled)) {
			short, long = doubled, strings.ReplaceAll(long, `"`, `""`)
		} else if !bytes.HasSuffix(text[done:end], []byte(short)) {
			continue
		} else if from := end - len(short); double && from > 0 && text[from-1] == '"' && end < len(text) && text[end] == '"' {
			long = strings.ReplaceAll(long, `"`, `""`)
		}
		out = append(append(out, text[done:end-len(short)]...), long...)
		done, at = end, end
	}
	if done == 0 {
		return nil
	}
	return append(out, text[done:]...)
}
