package dialect

import "strings"

// Lex cuts sql into tokens. It is total: every byte lands in exactly one token, and what is never closed (a literal, a
// comment, a quoted name, a dollar string) reaches to the end.
//
// Literals follow the rules of PostgreSQL 8.0, which are Redshift's: a backslash escapes the next byte inside '...',
// whatever standard_conforming_strings may mean elsewhere. Comments nest.
func Lex(sql string) []Token {
	tokens := make([]Token, 0, len(sql)/4+1)
	for pos := 0; pos < len(sql); {
		kind, n := next(sql[pos:])
		tokens = append(tokens, Token{Kind: kind, Text: sql[pos : pos+n], Pos: pos})
		pos += n
	}
	return tokens
}

// next tells the kind and the length of the token that s, which is not empty, starts with.
func next(s string) (TokenKind, int) {
	c := s[0]
	switch {
	case isSpace(c):
		n := 1
		for n < len(s) && isSpace(s[n]) {
			n++
		}
		return Space, n
	case strings.HasPrefix(s, "--"):
		if n := strings.IndexAny(s, "\n\r"); n >= 0 {
			return Comment, n
		}
		return Comment, len(s)
	case strings.HasPrefix(s, "/*"):
		return Comment, blockComment(s)
	case c == '\'':
		return String, quoted(s)
	case c == '"':
		return QuotedIdent, quotedIdent(s)
	case isNameStart(c):
		n := 1
		for n < len(s) && isNamePart(s[n]) {
			n++
		}
		return Word, n
	case isDigit(c), c == '.' && len(s) > 1 && isDigit(s[1]):
		return Number, number(s)
	case c == '$':
		return dollar(s)
	case strings.IndexByte("(),;.[]", c) >= 0:
		return Punct, 1
	case c == ':':
		if len(s) > 1 && (s[1] == ':' || s[1] == '=') {
			return Operator, 2
		}
		return Operator, 1
	case isOperator(c):
		return Operator, operator(s)
	}
	return Operator, 1 // a byte no statement has any use for: PostgreSQL will say so
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isNamePart(c byte) bool { return isNameStart(c) || isDigit(c) || c == '$' }

func isOperator(c byte) bool { return strings.IndexByte("+-*/<>=~!@#%^&|`?", c) >= 0 }

// blockComment measures a comment that may hold others.
func blockComment(s string) int {
	depth := 0
	for n := 0; n < len(s); {
		switch {
		case strings.HasPrefix(s[n:], "/*"):
			depth++
			n += 2
		case strings.HasPrefix(s[n:], "*/"):
			depth--
			n += 2
			if depth == 0 {
				return n
			}
		default:
			n++
		}
	}
	return len(s)
}

func quoted(s string) int {
	for n := 1; n < len(s); n++ {
		switch s[n] {
		case '\\':
			n++
		case '\'':
			if n+1 < len(s) && s[n+1] == '\'' {
				n++
				continue
			}
			return n + 1
		}
	}
	return len(s)
}

func quotedIdent(s string) int {
	for n := 1; n < len(s); n++ {
		if s[n] != '"' {
			continue
		}
		if n+1 < len(s) && s[n+1] == '"' {
			n++
			continue
		}
		return n + 1
	}
	return len(s)
}

// number measures digits with at most one point, and an exponent where digits follow it.
func number(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n < len(s) && s[n] == '.' && (n+1 >= len(s) || s[n+1] != '.') {
		n++
		for n < len(s) && isDigit(s[n]) {
			n++
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		e := n + 1
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if e < len(s) && isDigit(s[e]) {
			for e < len(s) && isDigit(s[e]) {
				e++
			}
			n = e
		}
	}
	return n
}

// dollar tells $1 from $$text$$ and $tag$text$tag$.
func dollar(s string) (TokenKind, int) {
	n := 1
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n > 1 {
		return Param, n
	}
	if n < len(s) && isNameStart(s[n]) {
		for n < len(s) && (isNameStart(s[n]) || isDigit(s[n])) {
			n++
		}
	}
	if n >= len(s) || s[n] != '$' {
		return Operator, 1
	}
	tag := s[:n+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return DollarString, len(s)
	}
	return DollarString, end + 2*len(tag)
}

// operator measures an operator by PostgreSQL's rules: it stops where a comment starts, and one of several characters
// ends in + or - only if it holds a character that no standard operator has, so that "=-1" is two operators.
func operator(s string) int {
	n := 1
	for n < len(s) && isOperator(s[n]) && !strings.HasPrefix(s[n:], "--") && !strings.HasPrefix(s[n:], "/*") {
		n++
	}
	if !strings.ContainsAny(s[:n], "~!@#%^&|`?") {
		for n > 1 && (s[n-1] == '+' || s[n-1] == '-') {
			n--
		}
	}
	return n
}
