package redshift

import (
	"fmt"
	"slices"
	"strings"
)

// Vocabulary is what an expression over one row may be made of, where a server is not to be asked anything else: columns, constants,
// operators, and functions that are listed. An expression of it sees no other row, no other table, no setting and no clock, because there
// is no word in it by which those could be named.
type Vocabulary struct {
	// Functions are in lower case, as are all words here.
	Functions []string
	// PartFunctions are those of Functions whose first argument is a part of a date, and Parts those parts.
	PartFunctions, Parts []string
	// Column gives what stands for a column, by the name as the catalog has it.
	Column func(name string) (SQL, error)
}

// expressionWords are what an expression is held together by. All but INTERVAL are reserved, so that no column is meant.
var expressionWords = []string{
	"and", "as", "between", "both", "case", "cast", "else", "end", "escape", "false", "for", "from", "ilike", "in", "interval", "is", "leading",
	"like", "not", "null", "or", "similar", "then", "to", "trailing", "true", "when",
}

// typeWords come after AS and :: only.
var typeWords = []string{
	"bigint", "bool", "boolean", "bpchar", "char", "date", "decimal", "double", "float", "float4", "float8", "int", "int2", "int4", "int8", "integer",
	"numeric", "real", "smallint", "text", "time", "timestamp", "timestamptz", "varchar",
}

// deepestExpression keeps the stack of who reads it small.
const deepestExpression = 100

// Expression reads an expression that a user wrote, and gives it with its columns replaced. The error says what is none of the vocabulary;
// whether the types of the rest go together is the server's to say.
func (v Vocabulary) Expression(s string) (SQL, error) {
	if err := CheckExpression(s); err != nil {
		return SQL{}, err
	}
	all, err := lex(s)
	if err != nil {
		return SQL{}, err
	}
	var out strings.Builder
	var before []token // without blanks
	depth := 0
	for i, t := range all {
		if t.kind == tokenSpace || t.kind == tokenComment {
			out.WriteByte(' ')
			continue
		}
		if depth += nesting(t); depth > deepestExpression {
			return SQL{}, fmt.Errorf("it is nested more than %d deep", deepestExpression)
		}
		text, err := v.token(before, t, following(all[i+1:]))
		if err != nil {
			return SQL{}, err
		}
		out.WriteString(text)
		before = append(before, t)
	}
	return SQL{strings.TrimSpace(out.String())}, nil
}

// following is the first token that counts, an empty one at the end.
func following(tokens []token) token {
	for _, t := range tokens {
		if t.kind != tokenSpace && t.kind != tokenComment {
			return t
		}
	}
	return token{kind: tokenSpace}
}

// token is what is written for a token that stands between others.
func (v Vocabulary) token(before []token, t, next token) (string, error) {
	last := func(n int) token {
		if n > len(before) {
			return token{kind: tokenSpace}
		}
		return before[len(before)-n]
	}
	word := strings.ToLower(t.text)
	switch {
	case t.kind == tokenString || t.kind == tokenNumber:
		return t.text, nil
	case (t.kind == tokenWord || t.kind == tokenQuoted) && (next.text == "." || last(1).text == "."):
		return "", fmt.Errorf("a point beside %s: columns are named without their table, and nothing is looked for within them", excerpt(t.text))
	case t.kind == tokenOther:
		if !strings.Contains("()+-*/%|<>=!,.~:", t.text) {
			return "", fmt.Errorf("%s is no operator that an expression may have", t.text)
		}
		return t.text, nil
	case t.kind == tokenQuoted:
		return v.column(t)
	case t.kind != tokenWord:
		return "", fmt.Errorf("%s is none of the words of an expression", excerpt(t.text))
	case last(1).is("as") || last(1).text == ":" && last(2).text == ":":
		if !slices.Contains(typeWords, word) {
			return "", fmt.Errorf("type %s is not one that an expression may have; there are %s", excerpt(t.text), strings.Join(typeWords, ", "))
		}
		return t.text, nil
	case word == "precision" && last(1).is("double"):
		return t.text, nil
	case slices.Contains(expressionWords, word):
		return t.text, nil
	case next.text == "(":
		if !slices.Contains(v.Functions, word) {
			return "", fmt.Errorf("function %s is not one of those that tell the same of the same row, always: %s", excerpt(t.text), strings.Join(v.Functions, ", "))
		}
		return t.text, nil
	case slices.Contains(v.Parts, word) && last(1).text == "(" && last(2).kind == tokenWord && slices.Contains(v.PartFunctions, strings.ToLower(last(2).text)):
		return t.text, nil
	default:
		return v.column(t)
	}
}

// column is what stands for the column that a token names.
func (v Vocabulary) column(t token) (string, error) {
	name, _, err := parseName(t.text)
	if err != nil {
		return "", err
	}
	x, err := v.Column(name)
	return " " + x.String() + " ", err // no word may grow together with its neighbour
}
