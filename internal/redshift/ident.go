package redshift

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIdent is the longest name in bytes. Redshift cuts longer ones without an error (DG r_names), so that two names
// could become one: they are refused here.
const maxIdent = 127

// Ident is the name of a schema, table, column or user, as the catalog holds it. In SQL it is always quoted.
type Ident struct{ name string }

// NewIdent checks a name.
func NewIdent(name string) (Ident, error) {
	switch {
	case name == "":
		return Ident{}, errors.New("a name is empty")
	case len(name) > maxIdent:
		return Ident{}, fmt.Errorf("name %.40q... has %d bytes, more than %d", name, len(name), maxIdent)
	case strings.ContainsRune(name, 0):
		return Ident{}, fmt.Errorf("name %q holds a NUL", name)
	case !utf8.ValidString(name):
		return Ident{}, fmt.Errorf("name %q is not UTF-8 text", name)
	}
	return Ident{name}, nil
}

// String is the name itself, for messages and for comparing.
func (i Ident) String() string { return i.name }

// IsZero tells that there is no name.
func (i Ident) IsZero() bool { return i.name == "" }

func (i Ident) fragment() string {
	if i.name == "" {
		panic("redshift: an empty name in a statement")
	}
	return quoteIdent(i.name)
}

func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// MarshalText gives the name.
func (i Ident) MarshalText() ([]byte, error) { return []byte(i.name), nil }

// UnmarshalText takes a name.
func (i *Ident) UnmarshalText(text []byte) (err error) {
	*i, err = NewIdent(string(text))
	return err
}

// Table is a table's full name.
type Table struct{ Schema, Name Ident }

// NewTable makes a full name of two names.
func NewTable(schema, name string) (Table, error) {
	s, err := NewIdent(schema)
	if err != nil {
		return Table{}, fmt.Errorf("schema: %w", err)
	}
	n, err := NewIdent(name)
	if err != nil {
		return Table{}, fmt.Errorf("table: %w", err)
	}
	return Table{Schema: s, Name: n}, nil
}

// ParseTable reads schema.table as people write it. Names without quotes are folded to lower case, as the server does
// it; other names stand in double quotes, with quotes inside doubled.
func ParseTable(s string) (Table, error) {
	schema, rest, err := parseName(s)
	if err != nil {
		return Table{}, err
	}
	if !strings.HasPrefix(rest, ".") {
		if rest == "" {
			return Table{}, fmt.Errorf("%q names no schema; write schema.table", s)
		}
		return Table{}, fmt.Errorf("%q is not schema.table: %q follows the first name; other than letters, digits and _ goes into double quotes", s, rest)
	}
	name, rest, err := parseName(rest[1:])
	switch {
	case err != nil:
		return Table{}, err
	case strings.HasPrefix(rest, "."):
		return Table{}, fmt.Errorf("%q has more than two parts; write schema.table", s)
	case rest != "":
		return Table{}, fmt.Errorf("%q is not schema.table: %q follows the name; other than letters, digits and _ goes into double quotes", s, rest)
	}
	return NewTable(schema, name)
}

// parseName takes one name off the front of s.
func parseName(s string) (name, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexFunc(s, func(r rune) bool { return !isWordPart(r) })
		if end < 0 {
			end = len(s)
		}
		if end == 0 || !isWordStart(rune(s[0])) && s[0] < utf8.RuneSelf {
			return "", "", fmt.Errorf("%q does not begin with a name; write schema.table", s)
		}
		return LowerASCII(s[:end]), s[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		default:
			return b.String(), s[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("%s has a quote that does not end", s)
}

// LowerASCII folds as the server does: letters beyond ASCII stay.
func LowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

// isWordStart tells what a name without quotes may begin with.
func isWordStart(r rune) bool {
	return r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf && r != utf8.RuneError && !unicode.IsSpace(r)
}

// isWordPart tells what a name without quotes may go on with.
func isWordPart(r rune) bool { return isWordStart(r) || r == '$' || '0' <= r && r <= '9' }

// String is schema.table for people, with quotes where ParseTable needs them.
func (t Table) String() string { return forPeople(t.Schema.name) + "." + forPeople(t.Name.name) }

func forPeople(name string) string {
	if got, rest, err := parseName(name); err == nil && rest == "" && got == name {
		return name
	}
	return quoteIdent(name)
}

// IsZero tells that there is no name.
func (t Table) IsZero() bool { return t == Table{} }

// Compare orders by schema, then by name.
func (t Table) Compare(o Table) int {
	if c := strings.Compare(t.Schema.name, o.Schema.name); c != 0 {
		return c
	}
	return strings.Compare(t.Name.name, o.Name.name)
}

func (t Table) fragment() string { return t.Schema.fragment() + "." + t.Name.fragment() }

// MarshalText gives the name as String does.
func (t Table) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText takes a name as ParseTable does.
func (t *Table) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTable(string(text))
	return err
}
