package redshift

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenSpace       tokenKind = iota
	tokenComment               // -- to the end of the line, or /* */
	tokenWord                  // a name or keyword without quotes
	tokenQuoted                // "name"
	tokenString                // 'text'
	tokenNumber                // digits; a sign, a point or an exponent are tokens of their own
	tokenPlaceholder           // {{name}}
	tokenOther                 // one character of anything else
)

type token struct {
	kind tokenKind
	text string
}

// is tells whether t is the keyword, given in lower case.
func (t token) is(keyword string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, keyword)
}

// lex cuts SQL into tokens, whose texts put together are s again. It follows Redshift: inside of '...' a backslash takes
// the next character with it; inside of "..." it does not. What servers of PostgreSQL's family read in different ways
// (dollar quotes, comments in comments, literals with a prefix) is refused rather than guessed at.
func lex(s string) ([]token, error) {
	if strings.ContainsRune(s, 0) {
		return nil, errors.New("the text holds a NUL")
	}
	if !utf8.ValidString(s) {
		return nil, errors.New("the text is not UTF-8")
	}
	var tokens []token
	for len(s) > 0 {
		t, err := next(s)
		if err != nil {
			return nil, err
		}
		if t.kind == tokenString || t.kind == tokenQuoted {
			if err := checkPrefix(tokens); err != nil {
				return nil, err
			}
		}
		tokens = append(tokens, t)
		s = s[len(t.text):]
	}
	return tokens, nil
}

// next is the token that s, which is not empty, begins with.
func next(s string) (token, error) {
	switch c := s[0]; {
	case isBlank(c):
		return token{tokenSpace, s[:spanBytes(s, isBlank)]}, nil
	case c == '\'':
		n := endOfString(s)
		if n < 0 {
			return token{}, fmt.Errorf("a literal does not end: %s", excerpt(s))
		}
		return token{tokenString, s[:n]}, nil
	case c == '"':
		_, rest, err := parseName(s)
		if err != nil {
			return token{}, fmt.Errorf("a quoted name does not end: %s", excerpt(s))
		}
		return token{tokenQuoted, s[:len(s)-len(rest)]}, nil
	case strings.HasPrefix(s, "--"):
		if n := strings.IndexAny(s, "\r\n"); n >= 0 {
			return token{tokenComment, s[:n]}, nil
		}
		return token{tokenComment, s}, nil
	case strings.HasPrefix(s, "/*"):
		n := strings.Index(s[2:], "*/")
		if n < 0 {
			return token{}, fmt.Errorf("a comment does not end: %s", excerpt(s))
		}
		if strings.Contains(s[2:2+n], "/*") {
			return token{}, fmt.Errorf("a comment in a comment: %s", excerpt(s))
		}
		return token{tokenComment, s[:2+n+2]}, nil
	case strings.HasPrefix(s, openPlaceholder):
		n := strings.Index(s, closePlaceholder)
		if n < 0 {
			return token{}, fmt.Errorf("%s without %s", openPlaceholder, closePlaceholder)
		}
		return token{tokenPlaceholder, s[:n+len(closePlaceholder)]}, nil
	case c == '$':
		return token{}, fmt.Errorf("a dollar sign outside of a literal or name: %s", excerpt(s))
	case '0' <= c && c <= '9':
		return token{tokenNumber, s[:spanBytes(s, func(c byte) bool { return '0' <= c && c <= '9' })]}, nil
	default:
		r, size := utf8.DecodeRuneInString(s)
		if !isWordStart(r) {
			return token{tokenOther, s[:size]}, nil
		}
		end := strings.IndexFunc(s, func(r rune) bool { return !isWordPart(r) })
		if end < 0 {
			end = len(s)
		}
		return token{tokenWord, s[:end]}, nil
	}
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func spanBytes(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}

// endOfString is the length of the literal that s begins with, or -1.
func endOfString(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] != '\'':
		case i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return -1
}

// checkPrefix refuses b”, x”, e”, n” and u&”: in some of them a backslash is no escape, and Redshift documents none.
func checkPrefix(before []token) error {
	if len(before) == 0 {
		return nil
	}
	last := before[len(before)-1]
	if slices.ContainsFunc([]string{"b", "x", "e", "n"}, last.is) {
		return fmt.Errorf("%s'...' is not supported; write '...'", last.text)
	}
	if last.text == "&" && len(before) > 1 && before[len(before)-2].is("u") {
		return fmt.Errorf("%s&'...' is not supported; write '...'", before[len(before)-2].text)
	}
	return nil
}

// excerpt is the beginning of s, for messages.
func excerpt(s string) string {
	const most = 30
	if len(s) <= most {
		return s
	}
	n := most
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
