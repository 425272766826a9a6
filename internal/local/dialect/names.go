package dialect

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/local/names"
)

// Names longer than PostgreSQL's 63 bytes. A statement that has any is made one with their short names in their place, before
// anything else reads it: all that follows, and PostgreSQL, knows short names only (package names).

// shift is where the text of a statement is shorter than what the client sent.
type shift struct{ behind, by int } // both in characters

// Shorten is the statement with the short names of its long ones, which it answers: whoever runs it sees to it that they are
// known when an answer names them. A literal is taken for a long name where the statement asks a catalog, or calls a function that takes
// names, and known knows it. A statement without long names is left as it is.
//
// The names of users, groups, roles and databases are left, and refused: no public source says that theirs may be as long.
func Shorten(st Statement, caseSensitive bool, known func(name string) bool) (Statement, []string) {
	if !slices.ContainsFunc(st.Tokens, func(t Token) bool { return len(t.Text) >= names.Kept }) { // with the sign of #t one is longer
		return st, nil
	}
	if !utf8.ValidString(st.Text) {
		return st, nil // PostgreSQL reports the mistake
	}
	switch st.Verb() {
	case "CREATE USER", "ALTER USER", "DROP USER", "CREATE GROUP", "ALTER GROUP", "DROP GROUP", "CREATE ROLE", "ALTER ROLE", "DROP ROLE",
		"CREATE DATABASE", "ALTER DATABASE", "DROP DATABASE":
		return st, nil
	}
	s := shortener{caseSensitive: caseSensitive, known: known}
	s.begin(st)
	return s.shorten(st), s.long
}

// shortener makes one statement, and what is quoted in it, one of short names.
type shortener struct {
	caseSensitive bool
	known         func(string) bool
	verb          string // of the statement at hand
	asks, history bool   // the statement asks catalogs or calls what takes names; it asks what was run
	writes        bool   // it writes rows: what it writes stays as it is
	long          []string
}

// begin finds out what a statement's literals may mean.
func (s *shortener) begin(st Statement) {
	s.verb = st.Verb()
	first, _, _ := strings.Cut(s.verb, " ")
	s.asks = first == "SHOW" || s.verb == "SET"
	s.writes = writes[first] || s.verb == "CREATE TABLE"
	for _, relation := range st.Relations(s.caseSensitive) {
		parts := strings.Split(strings.ReplaceAll(relation, `"`, ""), ".")
		last := parts[len(parts)-1]
		s.asks = s.asks || systemTable(last) || parts[0] == "information_schema" || parts[0] == "pg_catalog"
		for _, prefix := range []string{"stl_", "svl_", "stv_", "svcs_", "sys_"} {
			s.history = s.history || strings.HasPrefix(last, prefix)
		}
	}
	tokens := st.Significant()
	for i, t := range tokens {
		name := fold(t.Text)
		called := i+1 < len(tokens) && tokens[i+1].Is("(")
		s.asks = s.asks || t.Kind == Word && (nameTypes[name] ||
			called && (systemTable(name) || strings.HasPrefix(name, "to_reg") || strings.HasPrefix(name, "has_") && strings.HasSuffix(name, "_privilege")))
	}
}

// nameTypes are the types whose texts are names.
var nameTypes = set("regclass", "regproc", "regprocedure", "regtype", "regnamespace")

func (s *shortener) shorten(st Statement) Statement {
	x := newScript(st, Env{CaseSensitive: s.caseSensitive})
	texts := map[int]string{} // of tokens, by their index among the significant ones
	for i := range x.sig {
		switch t := x.tok(i); t.Kind {
		case Word, QuotedIdent:
			if name, ok := t.Name(s.caseSensitive); ok {
				temporary := x.tempName(i-1) != "" && !x.operand(i-2)
				if text, ok := s.name(t, name, temporary); ok {
					texts[i] = text
				}
			}
		case String, DollarString:
			if len(t.Text) <= names.Kept {
				continue
			}
			if value, ok := t.Literal(); ok {
				if text, ok := s.literal(x, i, value); ok {
					texts[i] = text
				}
			}
		default:
		}
	}
	if len(texts) == 0 {
		return st
	}
	return st.with(x, texts)
}

// name is the token in place of one that is a name; ok is false where it stays.
func (s *shortener) name(t Token, name string, temporary bool) (text string, ok bool) {
	if temporary { // #t is called so, sign and all
		name = "#" + name
	}
	if len(name) <= names.Kept {
		return "", false
	}
	s.long = append(s.long, names.Cut(name))
	short := names.Short(name)
	if temporary {
		return QuoteIdent(short[1:]), true
	}
	if t.Kind == Word && kindOf(short) == Word {
		return short, true
	}
	return QuoteIdent(short), true
}

// kindOf is how a name may be written: as a word, or only in quotes.
func kindOf(name string) TokenKind {
	if kind, n := next(name); kind == Word && n == len(name) {
		return Word
	}
	return QuotedIdent
}

// literal is the token in place of a literal: statements in it, and names.
func (s *shortener) literal(x *script, i int, value string) (text string, ok bool) {
	switch {
	case (s.verb == "CREATE FUNCTION" || s.verb == "CREATE PROCEDURE") && x.is(i-1, "AS"), s.verb == "UNLOAD" && i == 2:
		inner := shortener{caseSensitive: s.caseSensitive, known: s.known}
		var b strings.Builder
		end := 0
		for _, st := range Split(value) {
			inner.begin(st)
			b.WriteString(value[end:st.Pos] + inner.shorten(st).Text)
			end = st.Pos + len(st.Text)
		}
		b.WriteString(value[end:])
		s.long = append(s.long, inner.long...)
		if b.String() == value {
			return "", false
		}
		value = b.String()
	case !s.asks, s.writes && !x.compared(i):
		return "", false
	default:
		short := s.text(value)
		if short == value {
			return "", false
		}
		value = short
	}
	if x.tok(i).Kind == DollarString {
		return dollarQuote(value), true
	}
	return QuoteLiteral(value), true
}

// compared tells whether the literal at i is compared to something, or cast.
func (x *script) compared(i int) bool {
	return x.tok(i-1).Kind == Operator || x.isOne(i-1, "LIKE", "ILIKE", "TO") || x.is(i-2, "IN", "(") || x.is(i+1, "::")
}

// text is a value that means names with the short ones of those that are known.
func (s *shortener) text(value string) string { return shortValue(value, s.known, !s.history) }

// ShortValue is what a parameter's value of a statement that asks catalogs is to PostgreSQL.
func (st Statement) ShortValue(value string, known func(string) bool) string {
	s := shortener{known: known}
	s.begin(st)
	if !s.asks || s.writes || len(value) <= names.Kept {
		return value
	}
	return s.text(value)
}

// shortValue puts short names in place of a value that is a known long name, one of a LIKE pattern with its escapes, or of several in
// a text that means them: a name with its schema, or a regular expression. The texts of statements that were run, which
// history asks for, have names in them as they were written.
func shortValue(value string, known func(string) bool, within bool) string {
	if known(value) {
		return names.Short(value)
	}
	if strings.Contains(value, `\`) {
		if plain := unescapePattern(value); known(plain) {
			return names.Short(plain)
		}
	}
	if !within {
		return value
	}
	var b strings.Builder
	for rest := value; rest != ""; {
		kind, n := next(rest)
		text := rest[:n]
		rest = rest[n:]
		if kind != Word && kind != QuotedIdent || n <= names.Kept {
			b.WriteString(text)
			continue
		}
		word := strings.TrimRight(text, "$") // of a regular expression
		name, ok := Token{Kind: kind, Text: word}.Name(true)
		switch {
		case ok && kind == QuotedIdent && known(name):
			b.WriteString(QuoteIdent(names.Short(name)))
		case ok && known(name):
			// PostgreSQL wants quotes for names that Redshift's would be without, and takes none in a regular expression.
			short := names.Short(name)
			if kindOf(short) != Word && strings.Contains(value, ".") && !strings.ContainsAny(value, "^()") {
				short = QuoteIdent(short)
			}
			b.WriteString(short + text[len(word):])
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}

// unescapePattern is the text that a LIKE pattern without wildcards is for.
func unescapePattern(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
		}
		b.WriteByte(pattern[i])
	}
	return b.String()
}

// with is the statement with other texts for some of its significant tokens.
func (st Statement) with(x *script, texts map[int]string) Statement {
	out := Statement{Pos: st.Pos, Tokens: slices.Clone(st.Tokens), sent: st.Text}
	for i, at := range x.sig {
		if text, ok := texts[i]; ok {
			out.Tokens[at].Text = text
			out.Tokens[at].Kind, _ = next(text)
		}
	}
	var b strings.Builder
	chars := 0
	for i, t := range out.Tokens {
		out.Tokens[i].Pos = b.Len()
		b.WriteString(t.Text)
		chars += utf8.RuneCountInString(t.Text)
		if by := utf8.RuneCountInString(st.Tokens[i].Text) - utf8.RuneCountInString(t.Text); by != 0 {
			out.shifts = append(out.shifts, shift{behind: chars, by: by})
		}
	}
	out.Text = b.String()
	return out
}

// Sent is the statement as the client sent it, long names and all.
func (st Statement) Sent() string {
	if st.sent != "" {
		return st.sent
	}
	return st.Text
}

// SentPosition is the character of Sent that one of Text stands for; both count from 1.
func (st Statement) SentPosition(position int) int {
	sent := position
	for _, s := range st.shifts {
		if position > s.behind {
			sent += s.by
		}
	}
	return sent
}

// MayNameLong tells whether the statement has, or may come to have, long names: it does not always read the same.
func (st Statement) MayNameLong() bool {
	if st.sent != "" {
		return true
	}
	if !slices.ContainsFunc(st.Tokens, func(t Token) bool {
		return (t.Kind == String || t.Kind == DollarString) && len(t.Text) > names.Kept
	}) {
		return false
	}
	var s shortener
	s.begin(st)
	return s.asks
}
