package redshift

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Raw takes SQL that users write by design: a filter, a query. It must have passed CheckExpression or CheckQuery; Raw
// panics on text that could not have. Comments are left out, so that none can swallow what follows.
func Raw(userText string) SQL {
	tokens, err := lex(userText)
	if err == nil {
		err = checkShape(tokens)
	}
	if err != nil {
		panic("redshift: unchecked SQL: " + err.Error())
	}
	var b strings.Builder
	for _, t := range tokens {
		if t.kind == tokenComment {
			b.WriteByte(' ')
			continue
		}
		b.WriteString(t.text)
	}
	return SQL{strings.TrimSpace(b.String())}
}

// CheckExpression tells whether s is one expression and nothing else, as far as that can be seen without a server: it
// cannot end the statement it stands in, begin another, or leave parentheses, a literal or a comment open.
func CheckExpression(s string) error {
	tokens, err := significant(s)
	if err != nil {
		return err
	}
	depth := 0
	for i, t := range tokens {
		depth += nesting(t)
		if depth > 0 {
			continue
		}
		if t.text == "," {
			return errors.New("a comma outside of parentheses: one expression is wanted")
		}
		if afterDot(tokens, i) || t.is("from") && i > 0 && tokens[i-1].is("distinct") {
			continue
		}
		for _, k := range clauseWords {
			if t.is(k) {
				return fmt.Errorf("%s outside of parentheses: one expression is wanted", strings.ToUpper(k))
			}
		}
	}
	return nil
}

// clauseWords begin a part of a query that an expression cannot hold. All are reserved (DG r_pg_keywords), so that no
// column is meant.
var clauseWords = []string{
	"select", "with", "from", "where", "group", "having", "order", "limit", "offset", "union", "intersect", "except",
	"minus", "qualify",
}

// CheckQuery tells whether s is one SELECT, or WITH and SELECT, and nothing else, as far as that can be seen without a
// server.
func CheckQuery(s string) error {
	tokens, err := significant(s)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.text == "(" {
			continue
		}
		if !t.is("select") && !t.is("with") {
			return fmt.Errorf("a query begins with SELECT or WITH, not with %s", excerpt(t.text))
		}
		break
	}
	return nil
}

// significant lexes s, makes the checks that hold for expressions and queries alike, and leaves out blanks and comments.
func significant(s string) ([]token, error) {
	all, err := lex(s)
	if err != nil {
		return nil, err
	}
	var tokens []token
	for _, t := range all {
		if t.kind != tokenSpace && t.kind != tokenComment {
			tokens = append(tokens, t)
		}
	}
	if len(tokens) == 0 {
		return nil, errors.New("there is no SQL in it")
	}
	if err := checkShape(tokens); err != nil {
		return nil, err
	}
	return tokens, checkVerbs(tokens)
}

// checkShape refuses what would break out of the place the text is put in.
func checkShape(tokens []token) error {
	var open []string
	for _, t := range tokens {
		switch {
		case t.kind == tokenPlaceholder:
			return fmt.Errorf("%s: double braces are reserved", excerpt(t.text))
		case t.kind != tokenOther:
		case t.text == ";":
			return errors.New("a semicolon: one statement is wanted, without one at its end")
		case t.text == "\\":
			return errors.New("a backslash outside of a literal")
		case t.text == "(" || t.text == "[":
			open = append(open, t.text)
		case t.text == ")" || t.text == "]":
			if len(open) == 0 || (open[len(open)-1] == "(") != (t.text == ")") {
				return fmt.Errorf("a %s closes nothing", t.text)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("a %s is not closed", open[len(open)-1])
	}
	return nil
}

func nesting(t token) int {
	if t.kind != tokenOther {
		return 0
	}
	switch t.text {
	case "(", "[":
		return 1
	case ")", "]":
		return -1
	}
	return 0
}

func afterDot(tokens []token, i int) bool { return i > 0 && tokens[i-1].text == "." }

// checkVerbs refuses statements other than SELECT where a statement could begin: at the start, after an opening
// parenthesis, or after a closing one, where WITH goes on. INTO is refused anywhere, because SELECT ... INTO makes a table.
func checkVerbs(tokens []token) error {
	for i, t := range tokens {
		if t.is("into") && !afterDot(tokens, i) {
			return errors.New("INTO: a query may only read")
		}
		var candidates []string
		switch {
		case i == 0 || tokens[i-1].text == "(":
			candidates = verbs
		case tokens[i-1].text == ")":
			candidates = verbsAfterWith
		}
		for _, verb := range candidates {
			if t.is(verb) && i+1 < len(tokens) && beginsStatement(tokens[i+1]) {
				return fmt.Errorf("%s: a query may only read", strings.ToUpper(verb))
			}
		}
	}
	return nil
}

// verbs begin statements that do something. Some of them are allowed as names of columns, so what follows counts too.
var verbs = []string{
	"abort", "alter", "analyze", "attach", "begin", "call", "cancel", "close", "comment", "commit", "copy", "create",
	"deallocate", "declare", "delete", "detach", "drop", "execute", "explain", "fetch", "grant", "insert", "load", "lock",
	"merge", "move", "prepare", "refresh", "reindex", "reset", "revoke", "rollback", "set", "show", "start", "truncate",
	"unload", "update", "use", "vacuum", "values",
}

var verbsAfterWith = []string{
	"alter", "call", "copy", "create", "delete", "drop", "grant", "insert", "merge", "revoke", "truncate", "unload",
	"update", "values",
}

// followers are words that come after a name in an expression or a query. FROM, which does too, also follows DELETE.
var followers = []string{
	"and", "as", "asc", "between", "collate", "cross", "desc", "else", "full", "group", "having", "ilike", "in", "inner", "is",
	"join", "left", "like", "limit", "not", "nulls", "on", "or", "order", "right", "similar", "then", "union", "when", "where",
}

// beginsStatement tells whether a verb that is followed by t is a verb, not the name of a column or an alias.
func beginsStatement(t token) bool {
	switch t.kind {
	case tokenQuoted, tokenString, tokenPlaceholder:
		return true
	case tokenOther:
		return t.text == "("
	case tokenWord:
		return !slices.ContainsFunc(followers, t.is)
	default:
		return false
	}
}
