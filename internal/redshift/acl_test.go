package redshift

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseACL(t *testing.T) {
	t.Parallel()
	type grant struct {
		To, Kind, What string
		Option         bool
	}
	for name, tc := range map[string]struct {
		acl  string
		want []grant
	}{
		"empty":      {"{}", nil},
		"owner only": {"{etl=arwdRxtD/etl}", nil},
		"usual": {
			`{etl=arwdRxtD/etl,reader=r/etl,"group analysts=r/etl",=r/etl}`,
			[]grant{{"reader", "user", "SELECT", false}, {"analysts", "group", "SELECT", false}, {"", "public", "SELECT", false}},
		},
		"all":                          {"{etl=arwdRxtD/etl,loader=arwdRxtD/etl}", []grant{{"loader", "user", "ALL", false}}},
		"newer all":                    {"{loader=arwdRxtDAT/etl}", []grant{{"loader", "user", "ALL", false}}},
		"most":                         {"{loader=arwRxtD/etl}", []grant{{"loader", "user", "DROP INSERT REFERENCES SELECT UPDATE", false}}},
		"one by one":                   {"{loader=arwdxD/etl}", []grant{{"loader", "user", "DELETE DROP INSERT REFERENCES SELECT UPDATE", false}}},
		"without rules":                {"{loader=arwdxtD/etl}", []grant{{"loader", "user", "ALL", false}}},
		"some":                         {"{loader=arwdD/etl}", []grant{{"loader", "user", "DELETE DROP INSERT SELECT UPDATE", false}}},
		"option":                       {"{loader=ar*w*/etl}", []grant{{"loader", "user", "INSERT", false}, {"loader", "user", "SELECT UPDATE", true}}},
		"all with option":              {"{loader=a*r*w*d*R*x*t*D*/etl}", []grant{{"loader", "user", "ALL", true}}},
		"nothing of use":               {"{loader=Rt/etl}", nil},
		"quoted user":                  {`{"\"IAMR:Loader=x\"=r/etl"}`, []grant{{"IAMR:Loader=x", "user", "SELECT", false}}},
		"user with a comma and quotes": {`{"\"a,\"\"b\"\"\"=r/etl"}`, []grant{{`a,"b"`, "user", "SELECT", false}}},
		"quoted group":                 {`{"group \"My Group\"=r/etl"}`, []grant{{"My Group", "group", "SELECT", false}}},
		"group in quotes as a whole":   {`{"\"group My Group\"=r/etl"}`, []grant{{"My Group", "group", "SELECT", false}}},
		"backslash in a name":          {`{"\"a\\b\"=r/etl"}`, []grant{{`a\b`, "user", "SELECT", false}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			grants, err := parseACL(tc.acl, "etl")
			if err != nil {
				t.Fatal(err)
			}
			var got []grant
			for _, g := range grants {
				got = append(got, grant{g.Grantee.String(), string(g.Kind), strings.Join(g.Privileges, " "), g.GrantOption})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.acl, diff)
			}
		})
	}
	for _, bad := range []string{"", "{", "}", "a=r/b", "{a}", "{a=q/b}", `{"a=r/b}`, "{{a=r/b}}", `{"\"a=r/b"}`, `{"\"\"=r/b"}`, `{"group =r/b"}`} {
		if got, err := parseACL(bad, "etl"); err == nil {
			t.Errorf("%q is taken as %v", bad, got)
		}
	}
}

func FuzzParseACL(f *testing.F) {
	f.Add(`{etl=arwdRxtD/etl,reader=r/etl,"group analysts=r/etl",=r/etl}`)
	f.Add(`{"\"a,\"\"b\"\"\"=r*/etl"}`)
	f.Add(`{"group \"My Group\"=r/etl"}`)
	f.Fuzz(func(t *testing.T, s string) {
		grants, err := parseACL(s, "etl")
		if err != nil {
			return
		}
		d := TableDef{Grants: grants}
		for _, sql := range d.GrantStatements(Table{Ident{"a"}, Ident{"b"}}) {
			if _, err := lex(sql.String()); err != nil || !strings.HasPrefix(sql.String(), "GRANT ") {
				t.Errorf("%q gives %q, %v", s, sql, err)
			}
		}
	})
}

func TestParseDefault(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Column{
		"":                                   {},
		" 'a'::character varying ":           {Default: "'a'::character varying"},
		"getdate()":                          {Default: "getdate()"},
		"(1 + 2)":                            {Default: "(1 + 2)"},
		`'identity(1)'::varchar`:             {Default: "'identity(1)'::varchar"},
		`"identity"(108421, 0, '1,1'::text)`: {Identity: &Identity{Seed: 1, Step: 1}},
		`"identity"(108421, 0, '-5,-2'::character varying)`: {Identity: &Identity{Seed: -5, Step: -2}},
		`default_identity(108421, 3, '100,10'::text)`:       {Identity: &Identity{Seed: 100, Step: 10, ByDefault: true}},
		`pg_catalog."default_identity"(1, 0, '0,1'::text)`:  {Identity: &Identity{Seed: 0, Step: 1, ByDefault: true}},
	} {
		id, def, err := parseDefault(in)
		if diff := cmp.Diff(want, Column{Identity: id, Default: def}, cmp.AllowUnexported(Ident{})); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", in, err, diff)
		}
	}
	for _, bad := range []string{`"identity"(x)`, `"identity"(1, 0, '1'::text)`, `"identity"(1, 0, '99999999999999999999,1'::text)`, `1; drop table t`, `'a`, `1, 2`} {
		if id, def, err := parseDefault(bad); err == nil {
			t.Errorf("%q is taken as %v, %q", bad, id, def)
		}
	}
}
