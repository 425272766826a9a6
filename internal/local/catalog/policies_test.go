package catalog_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestRowLevelSecurity: who sees which rows, as the manual's examples and rules have it.
//
//standin:imitates policies of the database: CREATE, ALTER, DROP, ATTACH and DETACH RLS POLICY; filter SELECT, UPDATE and DELETE | DG r_CREATE_RLS_POLICY, DG t_rls_statements
//standin:imitates policies of the database: ALTER TABLE ROW LEVEL SECURITY with CONJUNCTION TYPE; without a policy nothing is seen | DG r_ALTER_TABLE
//standin:imitates policies of the database: GRANT IGNORE RLS; superusers are not limited | DG t_rls_ownership
//standin:imitates policies of the database: EXPLAIN shows RLS SecureScan, and not what filters | DG r_EXPLAIN
//standin:imitates system views: SVV_RLS_POLICY, SVV_RLS_ATTACHED_POLICY, SVV_RLS_RELATION, for superusers | DG r_SVV_RLS_ATTACHED_POLICY
//standin:refuses policies of the database: queries, which read lookup tables, in policies; policies on views | DG r_CREATE_RLS_POLICY
//standin:differs policies of the database: views | show rows by the policies of the view's owner | DG t_rls_object
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create user rls_one password disable; create user rls_two password disable; create user rls_owner password disable;
		create role rls_analyst; create role rls_all; grant role rls_analyst to rls_one`)
	s.run(`create schema rls; grant usage, create on schema rls to public; create table rls.category (catid int, catgroup varchar(10), seller varchar(20));
		insert into rls.category values (1, 'Concerts', 'rls_one'), (2, 'Sports', 'rls_two'), (3, 'Shows', 'rls_one');
		grant all on rls.category to public; alter table rls.category owner to rls_owner`)
	one, two, owner := connect(t, s.env.Database, "rls_one"), connect(t, s.env.Database, "rls_two"), connect(t, s.env.Database, "rls_owner")
	const rows = `select listagg(catid::varchar, ',') within group (order by catid) from rls.category`

	s.run(`create rls policy concerts with (catgroup varchar(10)) using (catgroup = 'Concerts')`)
	s.run(`create rls policy own with (seller varchar(20), catid int) as mine using (mine.seller = current_user and nvl(mine.catid, 0) > 0)`)
	s.run(`attach rls policy concerts on rls.category to role rls_analyst; attach rls policy own on table rls.category to public`)
	one.expect(rows, "1,2,3\n") // attached, and not on yet
	s.run(`alter table rls.category row level security on`)
	s.expect(rows, "1,2,3\n")    // a superuser
	one.expect(rows, "1\n")      // both must hold
	two.expect(rows, "2\n")      // one of the two is not theirs
	owner.expect(rows, "NULL\n") // an owner is limited, too
	s.run(`alter table rls.category row level security on conjunction type or`)
	one.expect(rows, "1,3\n")
	s.expect(`select relschema, relname, polname, grantee, granteekind, is_pol_on, is_rls_on, rls_conjunction_type from svv_rls_attached_policy order by polname`,
		"rls|category|concerts|rls_analyst|role|t|t|or \nrls|category|own|public|public|t|t|or \n")
	s.expect(`select polname, polalias, polqual from svv_rls_policy order by 1`, "concerts||catgroup = 'Concerts'\nown|mine|mine.seller = current_user and nvl(mine.catid, 0) > 0\n")
	s.expect(`select relschema, relname, is_rls_on from svv_rls_relation`, "rls|category|t\n")
	one.expect(`select count(*) from svv_rls_attached_policy`, "0\n")

	// What is not seen is not changed; what is put in, and what a change makes of a row, is not looked at.
	two.run(`update rls.category set catgroup = 'Plays'; delete from rls.category where catid = 1; insert into rls.category values (4, 'Opera', 'nobody')`)
	s.expect(`select catid, catgroup from rls.category order by 1`, "1|Concerts\n2|Plays\n3|Shows\n4|Opera\n")

	s.run(`alter rls policy own using (catid = 3)`)
	two.expect(rows, "3\n")
	s.run(`detach rls policy own on rls.category from public`)
	two.expect(rows, "NULL\n") // nobody attached: nothing is seen
	s.run(`grant ignore rls to role rls_all; grant role rls_all to rls_two`)
	two.expect(rows, "1,2,3,4\n")
	if plan := two.run(`explain select 1 from rls.category`); !strings.HasPrefix(plan[0][0], "Seq Scan on category") {
		t.Errorf("a plan without a filter: %v", plan)
	}
	s.run(`revoke ignore rls from role rls_all`)
	if plan := two.run(`explain select 1 from rls.category where catid = 1`); !strings.HasPrefix(plan[0][0], "XN RLS SecureScan category") || strings.Contains(fmt.Sprint(plan), "rs.") {
		t.Errorf("a plan with a filter: %v", plan)
	}
	s.fails(`drop rls policy concerts`, "2BP01", "attached")
	s.run(`drop rls policy concerts cascade; drop rls policy own`)
	one.expect(rows, "NULL\n")
	s.run(`alter table rls.category row level security off`)
	one.expect(rows, "1,2,3,4\n")

	for statement, want := range map[string][2]string{
		`create rls policy p using (catid in (select 1))`:               {"0A000", "a query in a policy"},
		`create rls policy p with (a int) using (b = 1)`:                {"42703", "does not exist"},
		`attach rls policy nothing on rls.category to public`:           {"42704", `RLS policy "nothing" does not exist`},
		`alter table rls.category row level security on for datashares`: {"0A000", "FOR DATASHARES"},
		`attach rls policy p on rls.category`:                           {"42601", "end of input"},
		`create rls policy p with (a nonsense(3)) using (true)`:         {"0A000", "nonsense"},
		`grant explain rls to role rls_all`:                             {"0A000", "EXPLAIN"},
	} {
		s.fails(statement, want[0], want[1])
	}
	s.run(`create rls policy p with (a int) using (a = 1); create view rls.v as select 1 as a`)
	s.fails(`attach rls policy p on rls.category to public`, "42703", "no column a")
	s.fails(`attach rls policy p on rls.v to public`, "0A000", "no permanent table")
	one.fails(`create rls policy q using (true)`, "42501", "must be superuser")
	one.fails(`drop rls policy p`, "42501", "must be superuser")
	owner.fails(`alter table rls.category row level security off`, "42501", "must be superuser")
}

// TestMaskingPolicies: what rs.masks answers, which the server puts in place of relations.
//
//standin:imitates policies of the database: CREATE, ALTER, DROP, ATTACH and DETACH MASKING POLICY, priorities, conditional masks | DG r_CREATE_MASKING_POLICY, DG r_ATTACH_MASKING_POLICY
//standin:imitates system views: SVV_MASKING_POLICY, SVV_ATTACHED_MASKING_POLICY, for superusers | DG r_SVV_ATTACHED_MASKING_POLICY
//standin:differs policies of the database: paths into SUPER values | cannot be masked | DG r_ATTACH_MASKING_POLICY
func TestMaskingPolicies(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create user mask_one password disable; create user mask_two password disable; create role mask_analyst; grant role mask_analyst to mask_two`)
	s.run(`create schema masks; grant usage on schema masks to public; create table masks.cards (id int, card varchar(16), open boolean);
		insert into masks.cards values (1, '4532993817514842', true), (2, '4716002041425888', false); grant select on masks.cards to public`)
	one, two := connect(t, s.env.Database, "mask_one"), connect(t, s.env.Database, "mask_two")
	s.run(`create masking policy full with (card varchar(256)) using ('000000XXXX0000'::text)`)
	s.run(`create masking policy part with (c varchar(16), o boolean) using (case when o then left(c, 4) || 'X' else c end)`)
	s.run(`attach masking policy full on masks.cards(card) to public; attach masking policy part on masks.cards (card) using (card, open) to role mask_analyst priority 10`)
	read := func(who *session, want string) {
		t.Helper()
		rows := who.run(`select source from rs.masks()`)
		if want == "" {
			if len(rows) > 0 {
				t.Errorf("masks: %v", rows)
			}
			return
		}
		who.expect(`select id, card from `+rows[0][0]+` as t order by id`, want)
	}
	read(one, "1|000000XXXX0000\n2|000000XXXX0000\n")
	read(two, "1|4532X\n2|4716002041425888\n")
	s.expect(`select policy_name, schema_name, table_name, grantee, grantee_type, priority, input_columns, output_columns from svv_attached_masking_policy order by 1`,
		"full|masks|cards|public|public|0|[\"card\"]|[\"card\"]\npart|masks|cards|mask_analyst|role|10|[\"card\",\"open\"]|[\"card\"]\n")
	s.expect(`select policy_name, input_columns, policy_expression from svv_masking_policy where policy_name = 'full'`,
		"full|[{\"colname\" : \"card\", \"type\" : \"varchar(256)\"}]|'000000XXXX0000'::text\n")
	one.expect(`select count(*) from svv_attached_masking_policy`, "0\n")
	s.run(`create masking policy other with (c varchar(16)) using (c)`)
	s.fails(`attach masking policy other on masks.cards(card) to mask_one priority 10`, "42710", "the same priority")
	s.fails(`attach masking policy other on masks.cards(card) to public priority 20`, "42710", "the same grantee")
	s.fails(`attach masking policy part on masks.cards(card) to mask_one priority 5`, "42601", "reads 2 columns and masks 1")
	s.fails(`attach masking policy other on masks.cards(nothing) to mask_one priority 5`, "42703", "no column nothing")
	s.fails(`drop masking policy full`, "2BP01", "attached")
	s.fails(`create masking policy bad with (c varchar(16)) using (d)`, "42703", "does not exist")
	s.fails(`create masking policy bad with (c int) using ((select 1))`, "0A000", "a query in a policy")
	s.fails(`create masking policy other with (c varchar(16)) using (c)`, "42710", "already exists")
	s.run(`create masking policy if not exists other with (c varchar(16)) using (c); alter masking policy full using ('-'::text)`)
	read(one, "1|-\n2|-\n")
	one.fails(`alter masking policy full using (card)`, "42501", "must be superuser")
	s.run(`detach masking policy full on masks.cards(card) from public; drop masking policy full; drop masking policy if exists full`)
	read(one, "")
}
