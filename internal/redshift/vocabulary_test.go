package redshift

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// vocabulary has three columns, one of them with a name that only quotes can write.
func vocabulary() Vocabulary {
	return Vocabulary{
		Functions: []string{"date_part", "extract", "left", "lower", "nvl"}, PartFunctions: []string{"date_part", "extract"}, Parts: []string{"day", "year"},
		Column: func(name string) (SQL, error) {
			if !slices.Contains([]string{"note", "year", `o"dd`}, name) {
				return SQL{}, fmt.Errorf("no column %s", name)
			}
			return Build("m.?", mustIdent("the "+name)), nil
		},
	}
}

func mustIdent(name string) Ident {
	i, err := NewIdent(name)
	if err != nil {
		panic(err)
	}
	return i
}

func TestExpression(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"note", `m."the note"`},
		{"NOTE", `m."the note"`},
		{`"o""dd"||'it''s \' ?'`, `m."the o""dd" ||'it''s \' ?'`},
		{"lower(note)::varchar(10)", `lower( m."the note" )::varchar(10)`},
		{"case when note like 'a%' /* why */ then 1.5 else -.5e end", ""},
		{"case when note like 'a%' /* why */ then 1.5 else -.5 end", `case when  m."the note"  like 'a%'   then 1.5 else -.5 end`},
		{"extract(year from year)", `extract(year from  m."the year" )`},
		{"Date_Part(Day, year) + year", `Date_Part(Day,  m."the year" ) +  m."the year"`},
		{"cast(note as double precision)", `cast( m."the note"  as double precision)`},
		{"(note) is not null and not year in (1, 2)", `( m."the note" ) is not null and not  m."the year"  in (1, 2)`},
	} {
		got, err := vocabulary().Expression(c.in)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: %s", c.in, got)
			}
			continue
		}
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %s, %v; want %s", c.in, got, err, c.want)
		}
	}
}

// TestExpressionRefused: nothing but the row can be asked, and nothing can be done.
func TestExpressionRefused(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "there is no SQL in it"},
		{"nte", "no column nte"},
		{"getdate()", "function getdate is not one of those that tell the same of the same row, always: date_part, extract"},
		{"random()", "function random"},
		{"current_user", "no column current_user"},
		{"pg_sleep (9)", "function pg_sleep"},
		{`"lower"(note)`, "no column lower"},
		{"(select 1)", "no column select"},
		{"note in (select note from secrets)", "no column select"},
		{"exists(select 1)", "function exists"},
		{"t.note", "a point beside t"},
		{"note.year", "a point beside note"},
		{`1."o""dd"`, `a point beside "o""dd"`},
		{"public.lower(note)", "a point beside public"},
		{"note; drop table t", "a semicolon"},
		{"note, year", "one expression is wanted"},
		{"note) or (note", "a ) closes nothing"},
		{"note from t", "FROM outside of parentheses"},
		{"note union select 1", "UNION outside of parentheses"},
		{"(note union all year)", "no column union"},
		{"lower(note) over (partition by year)", "function over"},
		{"note::regclass", "type regclass is not one"},
		{"cast(note as oid)", "type oid is not one"},
		{"note[0]", "[ is no operator"},
		{"note -> 'a'", ""},
		{"{{run}}", "double braces are reserved"},
		{"note @ 1", "@ is no operator"},
		{"$1", "a dollar sign"},
		{"e'\\x'", "e'...' is not supported"},
		{"lower(note", "a ( is not closed"},
		{"note -- and so on\n; select 1", "a semicolon"},
		{strings.Repeat("(", 101) + "note" + strings.Repeat(")", 101), "nested more than 100 deep"},
	} {
		got, err := vocabulary().Expression(c.in)
		if c.want == "" { // nonsense that a server refuses
			if err != nil {
				t.Errorf("%s: %v", c.in, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

// FuzzExpression: what is taken is still one expression, and has no word that is none of the vocabulary.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"note", `"o""dd"||'it''s \' ?'`, "case when note like 'a%' then 1.5 end", "extract(year from year)", "note::varchar(3)", "a/*b*/.c", "--\nnote"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := vocabulary()
		got, err := v.Expression(s)
		if err != nil {
			return
		}
		if err := CheckExpression(got.String()); err != nil {
			t.Fatalf("%q became %q: %v", s, got, err)
		}
		tokens, err := lex(got.String())
		if err != nil {
			t.Fatal(err)
		}
		known := slices.Concat(v.Functions, v.Parts, expressionWords, typeWords, []string{"m", "precision"})
		for _, tok := range tokens {
			if tok.kind == tokenWord && !slices.Contains(known, LowerASCII(tok.text)) {
				t.Fatalf("%q became %q, with %q in it", s, got, tok.text)
			}
			if tok.kind == tokenQuoted && !strings.HasPrefix(tok.text, `"the `) {
				t.Fatalf("%q became %q, with %s in it", s, got, tok.text)
			}
		}
	})
}
