package command

import (
	"math"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
)

// cursor walks over the tokens of one statement that carry meaning.
type cursor struct {
	tokens []dialect.Token
	next   int
}

func newCursor(tokens []dialect.Token) *cursor {
	kept := make([]dialect.Token, 0, len(tokens))
	for _, t := range tokens {
		if t.Kind != dialect.Space && t.Kind != dialect.Comment {
			kept = append(kept, t)
		}
	}
	for len(kept) > 0 && kept[len(kept)-1].Text == ";" {
		kept = kept[:len(kept)-1]
	}
	return &cursor{tokens: kept}
}

func (c *cursor) done() bool { return c.next >= len(c.tokens) }

// peek is the token that comes next, or a token without text at the end.
func (c *cursor) peek() dialect.Token { return c.at(0) }

func (c *cursor) at(offset int) dialect.Token {
	if i := c.next + offset; i < 0 || i >= len(c.tokens) {
		return dialect.Token{Kind: dialect.Space}
	}
	return c.tokens[c.next+offset]
}

func (c *cursor) take() dialect.Token {
	t := c.peek()
	c.next++
	return t
}

// wrapped tells whether the tokens are all between one pair of parentheses.
func (c *cursor) wrapped() bool {
	depth := 0
	for i, t := range c.tokens {
		switch t.Text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			return i == len(c.tokens)-1 && i > 0
		}
	}
	return false
}

// isWord tells whether t is the unquoted keyword w, in any case.
func isWord(t dialect.Token, w string) bool { return t.Kind == dialect.Word && t.Is(w) }

// word takes the keyword w if it comes next.
func (c *cursor) word(w string) bool {
	if !isWord(c.peek(), w) {
		return false
	}
	c.next++
	return true
}

// punct takes the character p if it comes next.
func (c *cursor) punct(p string) bool {
	if t := c.peek(); t.Text != p || (t.Kind != dialect.Punct && t.Kind != dialect.Operator) {
		return false
	}
	c.next++
	return true
}

// syntax is the error for a token that does not fit, as PostgreSQL's and Redshift's parser word it.
func (c *cursor) syntax() *dialect.Error {
	if c.done() {
		return failf(codeSyntax, "syntax error at end of input")
	}
	return failf(codeSyntax, "syntax error at or near "+strconv.Quote(shown(c.peek().Text)))
}

// shown cuts a token for an error message and never shows a literal, which may hold a secret.
func shown(text string) string {
	if strings.HasPrefix(text, "'") || strings.HasPrefix(text, "$") {
		return "'...'"
	}
	if len(text) > 64 {
		return text[:64]
	}
	return text
}

func (c *cursor) expectWord(w string) *dialect.Error {
	if !c.word(w) {
		return c.syntax()
	}
	return nil
}

func (c *cursor) expectPunct(p string) *dialect.Error {
	if !c.punct(p) {
		return c.syntax()
	}
	return nil
}

// literal takes a string and answers its value together with the text between its quotes as written.
func (c *cursor) literal() (value, raw string, err *dialect.Error) {
	t := c.peek()
	if t.Kind != dialect.String && t.Kind != dialect.DollarString {
		return "", "", c.syntax()
	}
	value, ok := t.Literal()
	if !ok {
		return "", "", failf(codeSyntax, "unterminated quoted string")
	}
	c.next++
	raw = value
	if t.Kind == dialect.String {
		raw = t.Text[1 : len(t.Text)-1]
	}
	return value, raw, nil
}

// asLiteral takes [AS] 'text'.
func (c *cursor) asLiteral() (string, *dialect.Error) {
	c.word("AS")
	value, _, err := c.literal()
	return value, err
}

// asInteger takes [AS] n.
func (c *cursor) asInteger() (int64, *dialect.Error) {
	c.word("AS")
	t := c.peek()
	if t.Kind != dialect.Number {
		return 0, c.syntax()
	}
	n, err := strconv.ParseInt(t.Text, 10, 64)
	if err != nil {
		return 0, c.syntax()
	}
	c.next++
	return n, nil
}

// Sizes of MAXFILESIZE and ROWGROUPSIZE.
const (
	megabyte = 1 << 20
	gigabyte = 1 << 30
)

// asSize takes [AS] n [MB|GB] and answers bytes; megabytes are the default unit.
func (c *cursor) asSize() (int64, *dialect.Error) {
	c.word("AS")
	t := c.peek()
	if t.Kind != dialect.Number {
		return 0, c.syntax()
	}
	// A lexer may leave the unit on the number (200MB) or make it a word of its own.
	digits := strings.TrimRight(t.Text, "mMgGbB")
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(n, 0) {
		return 0, c.syntax()
	}
	c.next++
	unit := t.Text[len(digits):]
	if unit == "" && (isWord(c.peek(), "MB") || isWord(c.peek(), "GB")) {
		unit = c.take().Text
	}
	switch strings.ToUpper(unit) {
	case "", "MB":
		return int64(n * megabyte), nil
	case "GB":
		return int64(n * gigabyte), nil
	}
	c.next--
	return 0, c.syntax()
}

// onOff takes [ON|TRUE|OFF|FALSE]; without an argument the answer is on.
func (c *cursor) onOff() bool {
	switch {
	case c.word("OFF"), c.word("FALSE"):
		return false
	case c.word("ON"), c.word("TRUE"):
	}
	return true
}

// name takes an identifier. Redshift folds names to lower case even between double quotes, unless
// enable_case_sensitive_identifier is on (Redshift manual, r_names).
func (c *cursor) name(caseSensitive bool) (string, *dialect.Error) {
	t := c.peek()
	prefix := ""
	if t.Text == "#" { // #t is a temporary table
		prefix = t.Text
		t = c.at(1)
	}
	if name, ok := t.Name(caseSensitive); ok && name != "" {
		c.next += 1 + len(prefix)
		return prefix + name, nil
	}
	return "", c.syntax()
}

// names takes ( name [, ...] ).
func (c *cursor) names(caseSensitive bool) ([]string, *dialect.Error) {
	if err := c.expectPunct("("); err != nil {
		return nil, err
	}
	var names []string
	for {
		n, err := c.name(caseSensitive)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
		if c.punct(",") {
			continue
		}
		return names, c.expectPunct(")")
	}
}
