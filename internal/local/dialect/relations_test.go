package dialect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ sql, target, relations string }{
		{"insert into A.b values (1)", `"a"."b"`, `"a"."b"`},
		{"insert into dev.a.b select * from c, d x, (select 1 from e) y join f on true where x in (select 1 from g)", `"a"."b"`, `"a"."b" "c" "d" "e" "f" "g"`},
		{"update t set a = 1 from u, v where u.a = 1", `"t"`, `"t" "u" "v"`},
		{"delete t", `"t"`, `"t"`},
		{"delete from t using u where t.a = u.a", `"t"`, `"t" "t" "u"`},
		{"with w as (select 1 from x), v as (select 2) delete from #t where a = 1", `"#t"`, `"#t" "x" "#t"`},
		{"merge into t using s on t.a = s.a when matched then delete", `"t"`, `"t" "s"`},
		{"with w as (select 1) select * from w", "", `"w"`},
		{`select 'from a' /* from b */ -- from c
			from "D""x"`, "", `"d""x"`},
		{"select 1", "", ""},
		{"update", "", ""},
		{"with w as (", "", ""},
		{"insert into", "", ""},
		{"create table a as select * from b", "", `"b"`},
	} {
		st := Split(tt.sql)[0]
		if diff := cmp.Diff(tt.target, st.Target(false)); diff != "" {
			t.Errorf("%s: target (-want +got)\n%s", tt.sql, diff)
		}
		if diff := cmp.Diff(tt.relations, strings.Join(st.Relations(false), " ")); diff != "" {
			t.Errorf("%s: relations (-want +got)\n%s", tt.sql, diff)
		}
	}
	if got := Split(`update "A" set b = 1`)[0].Target(true); got != `"A"` {
		t.Error(got)
	}
}
