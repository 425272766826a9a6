package redshift

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SQL is a statement or a piece of one. Its zero value is empty.
//
// It is made by Build from constant templates, so that text from a catalog, a job or data can become part of it only as
// a name or as a literal. It may hold placeholders, which Fill replaces.
type SQL struct{ text string }

// Fragment is what Build puts in place of a question mark: SQL, Ident, Table, Literal, Int or Type.
type Fragment interface {
	// fragment is the text as it stands in a statement.
	fragment() string
}

// template is a constant with one ? for each fragment. The type is not exported: callers can pass constants only,
// never a string that was put together.
type template string

// Build replaces the question marks of t, in order, by the fragments. Every question mark counts, in literals too, so a
// template that needs the character itself takes it from a Literal. It panics if there are not as many as fragments.
func Build(t template, args ...Fragment) SQL {
	if n := strings.Count(string(t), "?"); n != len(args) {
		panic(fmt.Sprintf("redshift: template %q takes %d fragments, not %d", string(t), n, len(args)))
	}
	// A plan holds the statements of thousands of tables: each gets the memory it needs, not what growing leaves over.
	fragments := make([]string, len(args))
	size := len(t)
	for i, arg := range args {
		fragments[i] = arg.fragment()
		size += len(fragments[i]) - 1
	}
	var b strings.Builder
	b.Grow(size)
	rest := string(t)
	for _, f := range fragments {
		before, after, _ := strings.Cut(rest, "?")
		b.WriteString(before)
		b.WriteString(f)
		rest = after
	}
	b.WriteString(rest)
	return SQL{b.String()}
}

// Join puts sep between parts.
func Join(sep template, parts ...SQL) SQL {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.text
	}
	return SQL{strings.Join(texts, string(sep))}
}

// Idents is a list of names, with commas.
func Idents(names ...Ident) SQL {
	parts := make([]SQL, len(names))
	for i, n := range names {
		parts[i] = SQL{n.fragment()}
	}
	return Join(", ", parts...)
}

// String is the text as the server gets it. Placeholders show as {{name}}.
func (s SQL) String() string { return s.text }

// IsZero tells that there is no text.
func (s SQL) IsZero() bool { return s.text == "" }

func (s SQL) fragment() string { return s.text }

// MarshalText is for plan files, which hold statements as people read them.
func (s SQL) MarshalText() ([]byte, error) { return []byte(s.text), nil }

// UnmarshalText takes a statement from a plan file. A plan is as trusted as the program that wrote it: whoever reads one
// has checked its ID first.
func (s *SQL) UnmarshalText(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("a statement is not UTF-8 text")
	}
	s.text = string(text)
	return nil
}

const (
	openPlaceholder  = "{{"
	closePlaceholder = "}}"
)

// Placeholder stands for a value that is known later. Its name may be any text; what is not a letter, digit, dot, dash,
// underscore or colon is percent-encoded, so that a name cannot end the placeholder or begin a literal.
func Placeholder(name string) SQL {
	escaped := strings.NewReplacer("%3A", ":", "+", "%20", "~", "%7E").Replace(url.QueryEscape(name))
	return SQL{openPlaceholder + escaped + closePlaceholder}
}

// Placeholders names the placeholders of s in order of appearance, each once.
func (s SQL) Placeholders() ([]string, error) {
	var names []string
	_, err := s.replace(func(name string) (string, error) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		return "", nil
	})
	return names, err
}

// Fill replaces the placeholders by their values. A placeholder without a value is an error; a value without a
// placeholder is not. Text inside of literals, quoted names and comments is never a placeholder, whatever it looks like,
// and the values themselves are not looked into.
func (s SQL) Fill(values map[string]Fragment) (SQL, error) {
	text, err := s.replace(func(name string) (string, error) {
		v, ok := values[name]
		if !ok {
			return "", fmt.Errorf("nothing to put in place of %s%s%s", openPlaceholder, name, closePlaceholder)
		}
		return v.fragment(), nil
	})
	return SQL{text}, err
}

func (s SQL) replace(value func(name string) (string, error)) (string, error) {
	if !strings.Contains(s.text, openPlaceholder) {
		return s.text, nil
	}
	tokens, err := lex(s.text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, t := range tokens {
		if t.kind != tokenPlaceholder {
			b.WriteString(t.text)
			continue
		}
		escaped := t.text[len(openPlaceholder) : len(t.text)-len(closePlaceholder)]
		name, err := url.QueryUnescape(escaped)
		if err != nil || name == "" {
			return "", fmt.Errorf("%q is not a placeholder", t.text)
		}
		v, err := value(name)
		if err != nil {
			return "", err
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// Literal is a string in SQL.
type Literal struct{ value string }

// Lit makes a literal of s. No literal can hold a NUL: Lit panics on one, and whoever takes text from outside refuses it
// earlier.
func Lit(s string) Literal {
	if strings.ContainsRune(s, 0) {
		panic("redshift: a literal with a NUL")
	}
	return Literal{s}
}

// String is the value, without quotes.
func (l Literal) String() string { return l.value }

// inLiteral is made once: a plan has many literals, and making a replacer takes longer than using it.
var inLiteral = strings.NewReplacer(`'`, `''`, `\`, `\\`)

// fragment doubles quotes and backslashes: inside of '...' the backslash is an escape on Redshift, as it was in
// PostgreSQL 8.0, and there is no setting to turn that off.
func (l Literal) fragment() string { return "'" + inLiteral.Replace(l.value) + "'" }

// Int is a whole number in SQL.
type Int int64

// fragment keeps a blank before a minus sign, so that two of them never meet and begin a comment.
func (i Int) fragment() string {
	text := strconv.FormatInt(int64(i), 10)
	if i < 0 {
		return " " + text
	}
	return text
}
