package clients

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPsqlScripts: psql runs scripts, with its variables, conditions and formats.
//
//standin:imitates clients: psql running scripts | psql 13 to 15
func TestPsqlScripts(t *testing.T) {
	t.Parallel()
	script := `\set ON_ERROR_STOP on
begin; create temp table t (a int, b varchar(20)); insert into t values (1, 'x'), (2, null); commit;
\pset null NULL
\t on
\a
select * from t order by a;
select count(*) as n from t \gset
\echo :n
select 'drop table t' \gexec
\if :{?n}
\echo yes
\endif
prepare p (int) as select $1 + 1;
execute p (41);
\x
select 1 as one, 'two' as two;
\errverbose
`
	want := "BEGIN\nCREATE TABLE\nINSERT 0 2\nCOMMIT\nNull display is \"NULL\".\nOutput format is unaligned.\n1|x\n2|NULL\n2\nDROP TABLE\nyes\nPREPARE\n42\nExpanded display is on.\none|1\ntwo|two\nThere is no previous error.\n"
	if diff := cmp.Diff(want, run(t, script, "psql", "-X", standin.Var("REDSHIFT_SOURCE_URL"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
