package unloadcopy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// query takes the query out of a custom UNLOAD statement. Where its rows go and in which form is not the statement's to say
// any more; what it asks for besides must be understood, so that nothing of it is lost in silence.
func (s Side) query(table, columns string) (string, error) {
	l := &lexer{rest: s.UnloadStatement}
	if !l.word("unload") || !l.mark('(') {
		return "", errors.New("it does not begin with UNLOAD (")
	}
	query, err := l.literal()
	if err != nil {
		return "", err
	}
	if !l.mark(')') || !l.word("to") {
		return "", errors.New("after the query there is no ) TO")
	}
	to, err := l.literal()
	if err != nil {
		return "", err
	}
	if !strings.Contains(to, "{dataStagingPath}") {
		return "", fmt.Errorf("it goes to %q, and not to {dataStagingPath}", to)
	}
	if err := l.options(); err != nil {
		return "", err
	}
	selected := cmp.Or(columns, strings.Join(split(s.Columns), ", "), "*")
	query = placeholder.ReplaceAllStringFunc(query, func(p string) string {
		switch p {
		case "{columns}":
			return selected
		case "{schema_name}":
			return named(s.Schema)
		case "{table_name}":
			return named(table)
		default:
			err = errors.Join(err, fmt.Errorf("%s has no meaning in the query", p))
			return p
		}
	})
	return strings.TrimSuffix(strings.TrimSpace(query), ";"), err
}

var placeholder = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_]*\}`)

// lexer reads a statement from its beginning.
type lexer struct{ rest string }

func (l *lexer) blanks() { l.rest = strings.TrimLeft(l.rest, " \t\r\n") }

var wordForm = regexp.MustCompile(`^[A-Za-z_]+`)

// peek is the next word, in small letters, or "".
func (l *lexer) peek() string {
	l.blanks()
	return strings.ToLower(wordForm.FindString(l.rest))
}

func (l *lexer) word(want string) bool {
	if l.peek() != want {
		return false
	}
	l.rest = l.rest[len(want):]
	return true
}

func (l *lexer) mark(c byte) bool {
	l.blanks()
	if l.rest == "" || l.rest[0] != c {
		return false
	}
	l.rest = l.rest[1:]
	return true
}

// literal reads a text in quotes, in which a doubled quote or one after a backslash is a quote.
func (l *lexer) literal() (string, error) {
	if !l.mark('\'') {
		return "", fmt.Errorf("a text in quotes is missing at %q", l.rest[:min(len(l.rest), 20)])
	}
	var b strings.Builder
	for i := 0; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == '\\' && i+1 < len(l.rest), c == '\'' && i+1 < len(l.rest) && l.rest[i+1] == '\'':
			i++
			b.WriteByte(l.rest[i])
		case c == '\'':
			l.rest = l.rest[i+1:]
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("a text in quotes does not end")
}

// The options that say how rows are written, which is decided anew: those alone, and those with a text or a number.
var (
	bare = []string{"manifest", "verbose", "encrypted", "auto", "gzip", "bzip2", "zstd", "addquotes", "escape", "allowoverwrite", "header", "csv", "parquet", "format", "on", "off", "parallel", "true", "false", "as", "mb", "gb", "cleanpath"}
	with = []string{"credentials", "iam_role", "null", "delimiter", "master_symmetric_key", "region", "maxfilesize", "extension", "kms_key_id", "access_key_id", "secret_access_key"}
)

func (l *lexer) options() error {
	for {
		w := l.peek()
		switch {
		case w == "":
			l.mark(';')
			if l.blanks(); l.rest != "" {
				return fmt.Errorf("%q is not understood", l.rest[:min(len(l.rest), 20)])
			}
			return nil
		case slices.Contains(bare, w):
			l.word(w)
		case slices.Contains(with, w):
			l.word(w)
			l.word("as")
			if number := numberForm.FindString(strings.TrimLeft(l.rest, " ")); w == "maxfilesize" && number != "" {
				l.blanks()
				l.rest = l.rest[len(number):]
				continue
			}
			if l.word("default") {
				continue
			}
			if _, err := l.literal(); err != nil {
				return fmt.Errorf("%s: %w", strings.ToUpper(w), err)
			}
		default:
			return fmt.Errorf("the option %s is not understood", strings.ToUpper(w))
		}
	}
}

var numberForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?`)
