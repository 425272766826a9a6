package dialect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/names"
)

// seeds are the statements of the golden tests.
func seeds(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*.sql")
	if err != nil {
		f.Fatal(err)
	}
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			f.Fatal(err)
		}
		for _, st := range Split(string(text)) {
			f.Add(st.Text)
		}
	}
	for _, s := range []string{
		"'a\\", "$x$", "/*", "select (", "select )", `"`, "nvl(", "decode(,,)", "#", "a # b", "listagg()",
		"select a as b, b c, c + b d, (select d), d::b into x from t where b", "insert into t select a b, b, 'é' as \"é\", \"é\"",
		"with a as (select b / c as d, (e - f) / -g::int from h /* / */ join (i) on j / k > 0) update l set m = n.o / (select d from a) where case p when q / 2 then 1 end / 3.0 > all (select r / s union select top 1 t)",
	} {
		f.Add(s)
	}
}

// FuzzLex: the tokens of a string are the string.
func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, sql string) {
		pos := 0
		for _, tok := range Lex(sql) {
			if tok.Pos != pos || tok.Text == "" || sql[pos:pos+len(tok.Text)] != tok.Text {
				t.Fatalf("%q: token %q at %d, want one at %d", sql, tok.Text, tok.Pos, pos)
			}
			pos += len(tok.Text)
			if v, ok := tok.Literal(); ok && tok.Kind == String {
				if back, ok := Lex(QuoteLiteral(v))[0].Literal(); !ok || back != v {
					t.Fatalf("%q: quoted again it reads %q", v, back)
				}
			}
			if name, ok := tok.Name(true); ok {
				if back, ok := Lex(QuoteIdent(name))[0].Name(true); !ok || back != name {
					t.Fatalf("%q: quoted again it reads %q", name, back)
				}
			}
		}
		if pos != len(sql) {
			t.Fatalf("%q: tokens end at %d", sql, pos)
		}
		for _, st := range Split(sql) {
			if sql[st.Pos:st.Pos+len(st.Text)] != st.Text {
				t.Fatalf("%q: statement %q is not at %d", sql, st.Text, st.Pos)
			}
			var b strings.Builder
			for _, tok := range st.Tokens {
				b.WriteString(tok.Text)
			}
			if b.String() != st.Text {
				t.Fatalf("%q: statement %q has other tokens", sql, st.Text)
			}
		}
	})
}

// opaque are the tokens whose inside a translation never touches.
func opaque(tokens []Token) []string {
	var texts []string
	for _, tok := range tokens {
		switch tok.Kind {
		case String, DollarString, Comment, QuotedIdent:
			texts = append(texts, tok.Text)
		default:
		}
	}
	return texts
}

// firstPlace says that the first name of a translation is unknown, and then the next, and so on.
func firstPlace(tr Translation) func(string) (int, error) {
	var places []int
	for _, l := range tr.Laterals {
		places = append(places, l.Probe)
	}
	return func(string) (place int, err error) {
		if len(places) > 0 {
			place, places = places[0], places[1:]
		}
		return place, nil
	}
}

// FuzzTranslate: no statement makes Translate panic; what comes out holds the same literals, comments and quoted names
// as what went in, in the same order, as far as it holds them; and a second pass over an ordinary query finds nothing
// left to do.
func FuzzTranslate(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, sql string) {
		for _, st := range Split(sql) {
			env := Env{Database: "dev", User: "awsuser", CaseSensitive: true, Unloads: len(st.Text)%2 == 1}
			tr := Translate(st, env)
			if tr.Action == Refuse != (tr.Err != nil) {
				t.Fatalf("%q: action %v with error %v", st.Text, tr.Action, tr.Err)
			}
			if tr.Action != Pass {
				continue
			}
			if tr.Tag == "" && rewritesOnly(st) {
				have := opaque(Lex(tr.SQL))
				for _, text := range opaque(st.Tokens) {
					i := slices.Index(have, text)
					if name, ok := Lex(text)[0].Name(true); ok {
						if step := slices.Index(have, dollarQuote(name)); step >= 0 && (i < 0 || step < i) {
							i = step // a step into a SUPER value
						}
					}
					if i < 0 {
						t.Fatalf("%q: %q is not in %q", st.Text, text, tr.SQL)
					}
					have = have[i+1:]
				}
			}
			_ = Translate(st, Env{})
			env, tr, err := Inline(st, env, tr, firstPlace(tr))
			if err != nil {
				t.Fatal(err)
			}
			_, typed, err := Typing(st, env, tr, decimalTypes)
			if err != nil {
				t.Fatal(err)
			}
			checkTyped(t, tr, typed)
		}
	})
}

// decimalTypes says that everything is a decimal, of a type that depends on the query.
func decimalTypes(query string) ([]ColumnType, error) {
	precision := int32(len(query) % 39)
	return []ColumnType{{Name: "a", OID: 1700, Modifier: 4 + precision<<16 + precision/2}}, nil
}

// checkTyped holds a translation with types against the one without: it has something more, and divides otherwise.
func checkTyped(t *testing.T, tr, typed Translation) {
	t.Helper()
	significantOf := func(sql string) []Token { return Statement{Tokens: Lex(sql)}.Significant() }
	have, open := significantOf(typed.SQL), 0
	for _, tok := range significantOf(tr.SQL) {
		i := slices.IndexFunc(have, func(other Token) bool { return other.Text == tok.Text })
		if i < 0 {
			t.Fatalf("%q became %q, where %q is not in its place", tr.SQL, typed.SQL, tok.Text)
		}
		have = have[i+1:]
	}
	for _, tok := range significantOf(typed.SQL) {
		if tok.Is("(") {
			open++
		} else if tok.Is(")") {
			open--
		}
	}
	for _, tok := range significantOf(tr.SQL) {
		if tok.Is("(") {
			open--
		} else if tok.Is(")") {
			open++
		}
	}
	if open != 0 {
		t.Fatalf("%q became %q: the brackets do not match", tr.SQL, typed.SQL)
	}
}

// rewritesOnly tells whether a statement is one that only rewriteQuery touches, and of that nothing that drops or
// repeats arguments.
func rewritesOnly(st Statement) bool {
	switch st.Verb() {
	case "SELECT", "WITH", "INSERT", "UPDATE", "EXPLAIN":
	default:
		return false
	}
	for _, tok := range st.Tokens {
		for _, word := range []string{"decode", "nvl2", "convert", "top", "strtol", "listagg", "#", "::", "cast", "try_cast", "approximate", "qualify"} {
			if tok.Is(word) || strings.HasPrefix(tok.Text, "#") {
				return false
			}
		}
		if tok.Kind == Word && (calls[fold(tok.Text)] != nil) {
			return false
		}
	}
	return true
}

// FuzzUntouched: a query without anything Redshift writes differently comes back byte for byte.
func FuzzUntouched(f *testing.F) {
	f.Add("a", "it''s -- no", "Col \"\" x")
	f.Add("$1", `\' /* */ nvl(`, "T")
	f.Fuzz(func(t *testing.T, comment, literal, name string) {
		if len(name) > maxName/2 || strings.ContainsAny(name, "\x00") || name == "" {
			return
		}
		sql := "select /* " + strings.NewReplacer("*/", "", "/*", "").Replace(comment) + " */ a." + QuoteIdent(name) +
			",\n\t" + QuoteLiteral(literal) + " || $1 from t a where b = 1.5e3"
		statements := Split(sql)
		if len(statements) != 1 {
			t.Fatalf("%q: %d statements", sql, len(statements))
		}
		if got := Translate(statements[0], Env{CaseSensitive: true}); got.SQL != sql {
			t.Fatalf("%q became %q (%v)", sql, got.SQL, got.Err)
		}
	})
}

// FuzzBody: no body of a procedure makes Translate panic, and where nothing in it is written differently for PostgreSQL it
// stays as it is, byte for byte, or holds the same literals, comments and quoted names in the same order.
func FuzzBody(f *testing.F) {
	text, err := os.ReadFile("testdata/body.sql")
	if err != nil {
		f.Fatal(err)
	}
	for _, tok := range Lex(string(text)) {
		if body, ok := tok.Literal(); ok && tok.Kind == DollarString {
			f.Add(body)
		}
	}
	f.Add("begin if a then null; else <<l>> for r in select 1 loop null; end loop; end if; end")
	f.Fuzz(func(t *testing.T, body string) {
		sql := "create procedure p() as " + dollarQuote(body) + " language plpgsql"
		tr := Translate(Split(sql)[0], Env{CaseSensitive: true})
		if tr.Action != Pass || tr.SQL == sql {
			return
		}
		for _, st := range Split(body) {
			for _, tok := range st.Tokens {
				if tok.Kind == Word && (calls[fold(tok.Text)] != nil || statements[strings.ToUpper(tok.Text)] != nil || tok.Is("qualify") || tok.Is("top") ||
					tok.Is("array") || tok.Is("cast") || tok.Is("convert")) || strings.ContainsAny(tok.Text, "#:.[") {
					return
				}
			}
		}
		for _, tok := range Lex(tr.SQL) {
			if got, ok := tok.Literal(); ok && tok.Kind == DollarString {
				have, want := opaque(Lex(got)), opaque(Lex(body))
				for _, text := range want {
					i := slices.Index(have, text)
					if i < 0 {
						t.Fatalf("%q: %q is not in %q", body, text, got)
					}
					have = have[i+1:]
				}
				return
			}
		}
	})
}

// FuzzShorten: what is no long name stays byte for byte, and what is comes back from the short one.
func FuzzShorten(f *testing.F) {
	seeds(f)
	long := strings.Repeat("long_name_", 9)
	for _, s := range []string{
		"select " + long + ", '" + long + "' from pg_class where relname = '" + long + "'", `select "` + long + `é""` + long + `" from #` + long,
		"create procedure p() as $$ begin select " + long + "; end $$", "unload ('select ''" + long + "''::regclass') to ''",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		for _, st := range Split(sql) {
			var known names.Registry
			if got, _ := Shorten(st, true, func(string) bool { return false }); len(got.Tokens) != len(st.Tokens) || got.Sent() != st.Text {
				t.Fatalf("%q became %q", st.Text, got.Text)
			}
			got, longNames := Shorten(st, true, known.Known)
			known.Add(longNames...)
			if len(longNames) == 0 {
				if got.Text != st.Text {
					t.Fatalf("%q has no long names and became %q", st.Text, got.Text)
				}
				continue
			}
			pos := 0
			for i, tok := range got.Tokens {
				was := st.Tokens[i]
				if tok.Pos != pos {
					t.Fatalf("%q: token %q at %d, want one at %d", got.Text, tok.Text, tok.Pos, pos)
				}
				pos += len(tok.Text)
				if tok.Text == was.Text {
					continue
				}
				if again := Lex(tok.Text); len(again) != 1 || again[0].Kind != tok.Kind {
					t.Fatalf("%q became %q, which is no single token", was.Text, tok.Text)
				}
				name, ok := was.Name(true)
				if !ok { // statements in a literal
					continue
				}
				short, _ := tok.Name(true)
				if len(short) > maxName || !strings.HasSuffix(known.Long(short), names.Cut(name)[1:]) && !strings.HasSuffix(known.Long("#"+short), names.Cut("#"+name)) {
					t.Fatalf("%q became %q, which stands for %q", was.Text, tok.Text, known.Long(short))
				}
			}
		}
	})
}
