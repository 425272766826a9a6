package redshift_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

// piece is what the reference lexer finds: the value of a literal or of a quoted name, or one character outside of both.
type piece struct {
	Kind  string // "literal", "name" or "char"
	Value string
}

// reference reads SQL by the rules of PostgreSQL 8.0, which Redshift keeps, as an automaton over single characters. It is
// written apart from the package's own lexer. Comments are an error: what it is used on must not hold any.
func reference(sql string) ([]piece, error) {
	var out []piece
	var value strings.Builder
	state := "out"
	last := rune(0)
	flush := func(kind string) {
		out = append(out, piece{kind, value.String()})
		value.Reset()
	}
	for _, r := range sql + "\n" {
		if r == 0 {
			return nil, errors.New("NUL")
		}
		switch state {
		case "literal?": // a quote inside of a literal: its end, or half of a doubled one
			if r == '\'' {
				value.WriteRune('\'')
				state = "literal"
				continue
			}
			flush("literal")
			state, last = "out", 0
		case "name?":
			if r == '"' {
				value.WriteRune('"')
				state = "name"
				continue
			}
			flush("name")
			state, last = "out", 0
		}
		switch state {
		case "literal":
			switch r {
			case '\'':
				state = "literal?"
			case '\\':
				state = "escape"
			default:
				value.WriteRune(r)
			}
		case "escape":
			// Some letters would become other characters; what matters here is that the literal goes on.
			value.WriteRune(r)
			state = "literal"
		case "name":
			if r == '"' {
				state = "name?"
			} else {
				value.WriteRune(r)
			}
		case "out":
			switch {
			case r == '\'':
				state = "literal"
			case r == '"':
				state = "name"
			case r == '-' && last == '-', r == '*' && last == '/':
				return nil, errors.New("a comment")
			case r == '$' && !unicode.IsLetter(last) && !unicode.IsDigit(last) && last != '_' && last != '$' && last < 0x80:
				return nil, errors.New("a dollar sign")
			default:
				out = append(out, piece{"char", string(r)})
			}
			last = r
		}
	}
	if state != "out" {
		return nil, fmt.Errorf("the end inside of a %s", state)
	}
	return out[:len(out)-1], nil // without the newline that was added
}

// chars turns text outside of quotes into pieces.
func chars(text string) []piece {
	var out []piece
	for _, r := range text {
		out = append(out, piece{"char", string(r)})
	}
	return out
}

func join(parts ...[]piece) []piece {
	var out []piece
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// hostile are texts that have broken quoting somewhere.
func hostile() []string {
	tokens := []string{`\`, `'`, `"`, `;`, `--`, `/*`, `{{run}}`, `?`, "\n", `$$`, "é😀", ``}
	var out []string
	for _, a := range tokens {
		for _, b := range tokens {
			for _, c := range tokens {
				out = append(out, a+b+c)
			}
		}
	}
	return append(out,
		`x"; drop table y; --`, `a\' or 1=1 --`, `a\\' or 1=1 --`, `'; copy t from 's3://x' iam_role 'y`, `\'; drop table t; --`,
		`a\backslash`, `U&'\0027'`, "a\r\nb", `E'\''`, `"`, `""`, `'`, `''`, `\`, `\\`, "\ufeff", "\u2028", "ＤＲＯＰ",
	)
}

// checkQuoting shows that s, as a literal and as a name, in a statement and in the query of an UNLOAD, is read by the
// server as exactly s, and that nothing of it is read as SQL.
func checkQuoting(t *testing.T, s string) {
	t.Helper()
	name := redshift.Build("a")
	namePieces := chars("a")
	if ident, err := redshift.NewIdent(s); err == nil {
		name = redshift.Build("?", ident)
		namePieces = []piece{{"name", s}}
	}
	query := redshift.Build("SELECT ? AS ?", redshift.Lit(s), name)
	want := join(chars("SELECT "), []piece{{"literal", s}}, chars(" AS "), namePieces)
	got, err := reference(query.String())
	if err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q (-want +got):\n%s", query, diff)
	}

	unload := redshift.Unload{
		Query: query, To: redshift.Placeholder("prefix"), Role: "arn:aws:iam::111111111111:role/r", Format: redshift.Parquet,
		KMSKeyID: "1234abcd-12ab-34cd-56ef-1234567890ab",
	}.SQL()
	filled, err := unload.Fill(map[string]redshift.Fragment{"prefix": redshift.Lit("s3://b/p"), "run": redshift.Build("WRONG")})
	if err != nil {
		t.Fatalf("fill %q: %v", unload, err)
	}
	outer, err := reference(filled.String())
	if err != nil {
		t.Fatalf("%q: %v", filled, err)
	}
	var literals []string
	for _, p := range outer {
		switch p.Kind {
		case "literal":
			literals = append(literals, p.Value)
		case "name":
			t.Fatalf("%q: a name %q outside of the query", filled, p.Value)
		}
		if p == (piece{"char", ";"}) {
			t.Fatalf("%q: a second statement", filled)
		}
	}
	if len(literals) != 4 || literals[1] != "s3://b/p" {
		t.Fatalf("%q: literals %q", filled, literals)
	}
	inner, err := reference(literals[0])
	if err != nil {
		t.Fatalf("%q: %v", literals[0], err)
	}
	if diff := cmp.Diff(want, inner); diff != "" {
		t.Fatalf("query of %q (-want +got):\n%s", filled, diff)
	}
}

func TestQuoting(t *testing.T) {
	t.Parallel()
	for _, s := range hostile() {
		checkQuoting(t, s)
	}
}

func FuzzQuoting(f *testing.F) {
	for _, s := range hostile()[1500:] {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
			t.Skip("refused where it comes in")
		}
		checkQuoting(t, s)
	})
}

// TestQuotingOnServer asks PostgreSQL, with literals read as Redshift reads them, what it makes of hostile texts.
func TestQuotingOnServer(t *testing.T) {
	t.Parallel()
	s := database(t)
	for _, text := range hostile() {
		if got := s.one(t, redshift.Build("SELECT ?", redshift.Lit(text))); got[0] != text {
			t.Errorf("literal %q came back as %q", text, got[0])
		}
		if len(text) == 0 || len(text) > 63 { // PostgreSQL's names are shorter
			continue
		}
		name := ident(t, text)
		s.exec(t, redshift.Build("CREATE TABLE ? (? integer)", name, name).String())
		got := s.one(t, redshift.Build("SELECT relname FROM pg_class WHERE relname = ?", redshift.Lit(text)))
		if got[0] != text {
			t.Errorf("name %q came back as %q", text, got[0])
		}
		s.exec(t, redshift.Build("DROP TABLE ?", name).String())
	}
}
