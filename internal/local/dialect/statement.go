package dialect

import (
	"slices"
	"strings"
)

// Statement is one statement of a string a client sent.
type Statement struct {
	Text   string  // without the blanks around it and without the semicolon
	Tokens []Token // of Text: their Pos counts from the start of Text
	Pos    int     // where Text starts, in bytes from the start of the string that was split

	// Of a statement that Shorten made: what the client sent, and where that is longer.
	sent   string
	shifts []shift
}

// Split cuts sql at its semicolons. Statements of nothing but blanks and comments are left out, so that a string
// without any statement gives none.
func Split(sql string) []Statement {
	var statements []Statement
	tokens := Lex(sql)
	depth, start := 0, 0
	for i, t := range tokens {
		if t.Kind != Punct {
			continue
		}
		switch t.Text {
		case "(":
			depth++
		case ")":
			depth = max(depth-1, 0)
		case ";":
			if depth == 0 {
				statements = appendStatement(statements, sql, tokens[start:i])
				start = i + 1
			}
		}
	}
	return appendStatement(statements, sql, tokens[start:])
}

func appendStatement(statements []Statement, sql string, tokens []Token) []Statement {
	if !slices.ContainsFunc(tokens, significant) {
		return statements
	}
	for tokens[0].Kind == Space {
		tokens = tokens[1:]
	}
	for tokens[len(tokens)-1].Kind == Space {
		tokens = tokens[:len(tokens)-1]
	}
	last := tokens[len(tokens)-1]
	st := Statement{Pos: tokens[0].Pos, Tokens: slices.Clone(tokens)}
	st.Text = sql[st.Pos : last.Pos+len(last.Text)]
	for i := range st.Tokens {
		st.Tokens[i].Pos -= st.Pos
	}
	return append(statements, st)
}

func significant(t Token) bool { return t.Kind != Space && t.Kind != Comment }

// Significant returns the tokens that are neither blanks nor comments.
func (st Statement) Significant() []Token {
	tokens := make([]Token, 0, len(st.Tokens))
	for _, t := range st.Tokens {
		if significant(t) {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// Verb is what the statement does, in upper case: its first word, and for CREATE, ALTER, DROP, SHOW, COMMENT ON and
// REFRESH also the kind of object ("CREATE TABLE", "CREATE MATERIALIZED VIEW", "DROP SCHEMA"), without words such as
// OR REPLACE or TEMPORARY. It is "" where the statement does not start with a word.
func (st Statement) Verb() string {
	rest := st.Tokens
	next := func() Token {
		for i, t := range rest {
			if significant(t) {
				rest = rest[i+1:]
				return t
			}
		}
		rest = nil
		return Token{}
	}
	first := next()
	for first.Is("(") { // (select ...) union (select ...)
		first = next()
	}
	if first.Kind != Word {
		return ""
	}
	verb := strings.ToUpper(first.Text)
	switch verb {
	case "CREATE", "ALTER", "DROP", "SHOW", "REFRESH":
	default:
		return verb
	}
	for t := next(); t.Kind == Word; t = next() {
		switch word := strings.ToUpper(t.Text); word {
		case "OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL":
		case "MATERIALIZED", "EXTERNAL", "DEFAULT", "MASKING", "RLS":
			verb += " " + word
		default:
			return verb + " " + word
		}
	}
	return verb
}

// Is tells whether the token is the given keyword, operator or punctuation mark, whatever the case of a keyword. A
// quoted name is never a keyword.
func (t Token) Is(text string) bool {
	switch t.Kind {
	case Word:
		return strings.EqualFold(t.Text, text)
	case Operator, Punct:
		return t.Text == text
	default:
		return false
	}
}

// Literal is the value of a string constant: of '...' by the rules of 8.0 (a doubled quote is one quote, a backslash
// escapes), of $tag$...$tag$ as it stands. ok is false for any other token and for one that is not closed.
func (t Token) Literal() (value string, ok bool) {
	switch t.Kind {
	case String:
		if quoted(t.Text) != len(t.Text) || len(t.Text) < 2 || !strings.HasSuffix(t.Text, "'") {
			return "", false
		}
		return unquote(t.Text[1 : len(t.Text)-1])
	case DollarString:
		tag := t.Text[:strings.IndexByte(t.Text[1:], '$')+2]
		if len(t.Text) < 2*len(tag) || !strings.HasSuffix(t.Text, tag) {
			return "", false
		}
		return t.Text[len(tag) : len(t.Text)-len(tag)], true
	default:
		return "", false
	}
}

// unquote undoes the escapes of the inside of a literal. It is not ok where the inside ends in the middle of an
// escape, which means that the quote behind it did not close the literal.
func unquote(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '\'':
			i++
			if i == len(s) || s[i] != '\'' {
				return "", false
			}
		case '\\':
			i++
			if i == len(s) {
				return "", false
			}
			switch e := s[i]; {
			case e == 'b':
				c = '\b'
			case e == 'f':
				c = '\f'
			case e == 'n':
				c = '\n'
			case e == 'r':
				c = '\r'
			case e == 't':
				c = '\t'
			case e >= '0' && e <= '7':
				n := 0
				c = 0
				for ; n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7'; n++ {
					c = c<<3 | (s[i+n] - '0')
				}
				i += n - 1
			default:
				c = e
			}
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// Name is the name a Word or QuotedIdent stands for: folded to lower case, quoted or not, unless caseSensitive is on,
// which keeps the case of quoted names (enable_case_sensitive_identifier). ok is false for any other token.
func (t Token) Name(caseSensitive bool) (name string, ok bool) {
	switch t.Kind {
	case Word:
		return fold(t.Text), true
	case QuotedIdent:
		if len(t.Text) < 2 || !strings.HasSuffix(t.Text, `"`) || quotedIdent(t.Text) != len(t.Text) {
			return "", false
		}
		name = strings.ReplaceAll(t.Text[1:len(t.Text)-1], `""`, `"`)
		if 2*strings.Count(name, `"`) != strings.Count(t.Text, `"`)-2 {
			return "", false // the last quote is half of one in the name
		}
		if !caseSensitive {
			name = fold(name)
		}
		return name, true
	default:
		return "", false
	}
}

// fold lowers ASCII letters only, as PostgreSQL does with names in UTF-8.
func fold(s string) string {
	if !strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// QuoteLiteral writes s as a literal by the rules of 8.0: quotes and backslashes doubled.
func QuoteLiteral(s string) string {
	return "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(s) + "'"
}

// QuoteIdent writes s as a quoted name.
func QuoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
