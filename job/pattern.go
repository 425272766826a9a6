package job

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Match tells whether the pattern selects a table. Names are compared as the catalog holds them; a name without quotes
// is folded to lower case, as the server folds names.
func (p Pattern) Match(schema, name string) bool {
	s, n, err := p.split()
	return err == nil && wildcard(s, schema) && wildcard(n, name)
}

// exact tells whether the pattern can select one table only.
func (p Pattern) exact() bool { return !strings.Contains(p.Text, "*") }

// split gives the two halves of schema.table, or says what is wrong with the pattern.
func (p Pattern) split() (schema, name string, err error) {
	schema, rest, err := splitName(p.Text)
	switch {
	case err != nil:
		return "", "", err
	case rest == "":
		return "", "", fmt.Errorf("%s names no schema; write schema.table", quote(p.Text))
	case rest[0] != '.':
		return "", "", needsQuotes(p.Text, rest)
	}
	name, rest, err = splitName(rest[1:])
	switch {
	case err != nil:
		return "", "", err
	case rest == "":
		return schema, name, nil
	case rest[0] == '.':
		return "", "", fmt.Errorf("%s has more than two parts; write schema.table", quote(p.Text))
	default:
		return "", "", needsQuotes(p.Text, rest)
	}
}

func needsQuotes(text, rest string) error {
	_, size := utf8.DecodeRuneInString(rest)
	return fmt.Errorf("%s: a name with %s in it goes into double quotes", quote(text), quote(rest[:size]))
}

// splitName takes one name off the front of text. A name in double quotes is taken as it stands, others are folded.
func splitName(text string) (name, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		return splitQuoted(text)
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return r < utf8.RuneSelf && r != '_' && r != '$' && r != '*' &&
			(r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		end = len(text)
	}
	switch {
	case text == "":
		return "", "", fmt.Errorf("a name is missing; write schema.table")
	case end == 0 && text[0] == '.':
		return "", "", fmt.Errorf("a name is missing before %s; write schema.table", quote(text))
	case end > 0 && text[0] >= '0' && text[0] <= '9':
		return "", "", fmt.Errorf("%s: a name that begins with a digit goes into double quotes", quote(text[:end]))
	case end == 0:
		return "", "", needsQuotes(text, text)
	}
	return strings.Map(lower, text[:end]), text[end:], nil
}

// lower folds ASCII only, as Redshift does.
func lower(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

func splitQuoted(text string) (name, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
			b.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '"':
			b.WriteByte('"')
			i++
		case b.Len() == 0:
			return "", "", fmt.Errorf("a name is empty; write schema.table")
		default:
			return b.String(), text[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("%s: a double quote is not closed", quote(text))
}

// wildcard compares text with a pattern in which * stands for any characters.
func wildcard(pattern, text string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}

// ParsePattern reads a pattern that is not in a job file.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{Text: text}
	_, _, err := p.split()
	return p, err
}

// Names gives the two halves of schema.table, folded as the server does it; in each, * stands for any characters. Both are
// empty where the pattern is no such thing, which no pattern of a job is.
func (p Pattern) Names() (schema, name string) {
	schema, name, err := p.split()
	if err != nil {
		return "", ""
	}
	return schema, name
}

// MatchTable is Match for a table as it is written: schema.table, with double quotes where a name needs them.
func (p Pattern) MatchTable(table string) bool {
	schema, name, err := Pattern{Text: table}.split()
	return err == nil && p.Match(schema, name)
}
