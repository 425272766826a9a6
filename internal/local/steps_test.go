package local

import (
	"strings"
	"testing"
)

// What statements wrote is in the system views by step and table.
//
//standin:imitates system views: SYS_QUERY_DETAIL, SVL_QUERY_REPORT, SVL_QUERY_SUMMARY, STL_INSERT and STL_DELETE of statements that write | DG SYS_QUERY_DETAIL, DG r_SVL_QUERY_REPORT, DG r_STL_INSERT, DG r_STL_DELETE
func TestQueryDetail(t *testing.T) {
	t.Parallel()
	c := users(standin)
	s := c.session(t, nil)
	db, auth := s.run("select current_database()"), bucket(t, standin, "steps")
	s.run("create schema steps; create table steps.t (a int); create table steps.kept (a int); create table steps.src as select 1 as b")
	tbl := s.run("select 'steps.t'::regclass::oid")
	for _, sql := range []string{
		"insert into steps.t values (1), (2), (3)",
		"update steps.t set a = 4 where a > 1",
		"delete from steps.t where a = 4",
		"merge into steps.t using steps.src on t.a = src.b when matched then delete when not matched then insert values (src.b)",
		"create table steps.made as select 7 as a",
		"select * into steps.made2 from steps.made",
		"unload ('select 8 union all select 9') to 's3://steps/u_'" + auth,
		"copy steps.t from 's3://steps/u_'" + auth,
		"insert into steps.kept select a from steps.t",
		"select * from steps.t",
		"insert into steps.t values ('x')",
	} {
		s.run(sql)
	}
	s.run("drop table steps.made2; alter table steps.kept rename to renamed; call steps.nothing()")

	own := " where query_id in (select query_id from sys_query_history where session_id = pg_backend_pid() and query_text like '%steps.%')"
	s.expect("select query_type, step_id, step_name, regexp_replace(table_name, '^"+db+"[.]'), input_rows, output_rows from sys_query_detail join sys_query_history using (query_id)"+
		own+" and metrics_level = 'step' order by query_id, step_id", strings.Join([]string{
		"CTAS|0|insert|steps.src|1|1",
		"INSERT|0|insert|steps.t|3|3",
		"UPDATE|0|delete|steps.t|2|2", "UPDATE|1|insert|steps.t|2|2",
		"DELETE|0|delete|steps.t|2|2",
		"MERGE|0|delete|steps.t||", "MERGE|1|insert|steps.t||",
		"CTAS|0|insert|steps.made|1|1", "SELECT|0|insert|steps.made2|1|1",
		"COPY|0|insert|steps.t|2|2",
		"INSERT|0|insert|steps.kept|2|2",
	}, "\n"))
	s.expect("select table_id, count(*) from sys_query_detail"+own+" and table_id = "+tbl+" group by 1", tbl+"|7")
	s.expect("select child_query_sequence, stream_id, segment_id, step_id, step_name, table_id, metrics_level, is_active from sys_query_detail"+own+
		" and query_id = (select max(query_id) from sys_query_history where session_id = pg_backend_pid() and query_text like 'update steps.%')"+
		" order by stream_id, segment_id, step_id", "1|-1|-1|-1|||child query|f\n1|0|-1|-1|||stream|f\n1|0|0|-1|||segment|f\n1|0|0|0|delete|"+tbl+"|step|f\n1|0|0|1|insert|"+tbl+"|step|f")
	s.expect("select count(*) from sys_query_detail join sys_query_history using (query_id)"+own+
		" and (duration <> datediff(us, sys_query_history.start_time, sys_query_history.end_time) or sys_query_detail.start_time <> sys_query_history.start_time)", "0")

	old := strings.ReplaceAll(own, "query_id", "query")
	old = strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(old, "sys_query_history", "stl_query"), "session_id", "pid"), "query_text", "querytxt")
	s.expect("select slice, segment, step, label, rows from svl_query_report"+old+" and label like '%name=t %' order by query, step limit 3",
		"0|0|0|insert tbl="+tbl+" name=t|3\n0|0|0|delete tbl="+tbl+" name=t|2\n0|0|1|insert tbl="+tbl+" name=t|2")
	s.expect("select count(*) from svl_query_summary"+old, "11")
	s.expect("select rows from stl_insert"+old+" and tbl = "+tbl+" order by query", "3\n2\n\n2")
	s.expect("select rows from stl_delete"+old+" and tbl = "+tbl+" order by query", "2\n2\n")

	// Others see nothing of this.
	s.run("create user steps_reader password 'Secret123'; set session authorization steps_reader")
	for _, sql := range []string{"select count(*) from sys_query_detail where table_id = " + tbl, "select count(*) from svl_query_report", "select count(*) from stl_insert"} {
		s.expect(sql, "0")
	}
	s.run("reset session authorization; drop user steps_reader")
	s.expect("select count(*) > 3 from stl_insert where tbl = "+tbl, "t")
}

// The statement of dbt's source freshness.
func TestFreshness(t *testing.T) {
	t.Parallel()
	s := users(standin).session(t, nil)
	s.run("create schema freshness; create table freshness.one (a int); create table freshness.two (a int); create table freshness.none (a int)")
	s.run("insert into freshness.one values (1)")
	between := s.run("select sysdate")
	s.run("insert into freshness.one values (2); delete from freshness.two")
	const freshness = `select ns.nspname as "schema", c.relname as identifier, max(qd.start_time) as last_modified, getdate() as snapshotted_at
		from pg_class c join pg_namespace ns on ns.oid = c.relnamespace join sys_query_detail qd on qd.table_id = c.oid
		where qd.step_name = 'insert' and ((upper(ns.nspname) = upper('freshness') and upper(c.relname) = upper('one'))
			or (upper(ns.nspname) = upper('freshness') and upper(c.relname) = upper('two')))
		group by 1, 2, 4`
	if got := s.run(freshness); !strings.HasPrefix(got, "freshness|one|2") || strings.Contains(got, "\n") {
		t.Error(got)
	}
	s.expect(`select last_modified > '`+between+`' from (`+freshness+`) f`, "t")
}

// Transactions that have ended, however they did.
//
//standin:imitates system views: SYS_TRANSACTION_HISTORY and STL_UNDONE | DG SYS_TRANSACTION_HISTORY, DG r_STL_UNDONE
func TestTransactionHistory(t *testing.T) {
	t.Parallel()
	c := users(standin)
	s, lost := c.session(t, nil), c.session(t, nil)
	s.run("create table ended (a int)")
	tbl := s.run("select 'ended'::regclass::oid")
	for _, sql := range []string{
		"insert into ended values (1)",                    // committed
		"insert into ended values ('x')",                  // rolled back
		"begin", "insert into ended values (2)", "commit", // committed
		"begin", "insert into ended values (3)", "rollback", // rolled back
		"begin", "insert into ended values (4)", "insert into ended values ('x')", "commit", // rolled back
		"begin", "insert into ended values (5)", "truncate ended", // committed
		"insert into ended values (6); insert into ended values ('x')", // rolled back
		"insert into ended values (7); insert into ended values (8)",   // committed
	} {
		s.run(sql)
	}
	// want is by transaction: status, and whether the values of the commit and of the undoing say the same.
	const of = "from sys_transaction_history where transaction_id in (select transaction_id from sys_query_history where query_text like 'insert into ended%' and session_id = "
	const how = "select status, case when status = 'committed' then undo_transaction_id = -1 and commit_start_time >= transaction_start_time" +
		" else undo_transaction_id = transaction_id and commit_start_time = '2000-01-01' end and commit_end_time >= transaction_start_time, isolation_level " + of
	committed, rolledBack := "committed|t|Snapshot Isolation", "rolledback|t|Snapshot Isolation"
	s.expect(how+"pg_backend_pid()) order by transaction_id", strings.Join(
		[]string{committed, rolledBack, committed, rolledBack, rolledBack, committed, rolledBack, committed}, "\n"))
	s.expect("select table_id = "+tbl+", count(*) from stl_undone where xact_id_undone in (select transaction_id "+of+"pg_backend_pid())) group by 1", "t|3")

	// One that is not over is not there; it ends with its session.
	lost.run("begin")
	lost.run("insert into ended values (9)")
	pid := lost.run("select pg_backend_pid()")
	s.expect(how+pid+")", "")
	if err := lost.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.waitFor(t, how+pid+")", rolledBack+"\n")
}

//standin:imitates system views: SVL_STORED_PROC_CALL and SYS_PROCEDURE_CALL of the calls that clients make | DG r_SVL_STORED_PROC_CALL, DG SYS_PROCEDURE_CALL
//standin:imitates system views: SYS_MV_REFRESH_HISTORY and SVL_MV_REFRESH_STATUS | DG SYS_MV_REFRESH_HISTORY, DG r_SVL_MV_REFRESH_STATUS
func TestCallsAndRefreshes(t *testing.T) {
	t.Parallel()
	s := users(standin).session(t, nil)
	s.run(`create schema calls; create procedure calls.half(n int) as $$ begin perform 1 / n; end; $$ language plpgsql;
		create table calls.base as select 1 as a; create materialized view calls.seen as select a from calls.base`)
	for _, sql := range []string{"call calls.half(1)", "call calls.half(0)", "refresh materialized view calls.seen", "refresh materialized view calls.unseen"} {
		s.run(sql)
	}
	s.expect("select trim(query_text), status, session_user_id = security_user_id, caller_procedure_query_id from sys_procedure_call where query_text like 'call calls.%' order by query_id",
		"call calls.half(1)|success|t|\ncall calls.half(0)|canceled|t|")
	s.expect("select querytxt, aborted from svl_stored_proc_call where querytxt like 'call calls.%' order by query", "call calls.half(1)|0\ncall calls.half(0)|1")
	const want = "seen|Manual|Refresh successfully recomputed MV from scratch"
	s.expect("select mv_name, refresh_type, status from sys_mv_refresh_history where schema_name = 'calls'", want)
	s.expect("select mv_name, refresh_type, status from svl_mv_refresh_status where schema_name = 'calls'", want)
}

//standin:imitates system views: SVV_MV_DEPENDENCY and STV_MV_DEPS | DG r_SVV_MV_DEPENDENCY, DG r_STV_MV_DEPS
func TestMaterializedViewsOfOthers(t *testing.T) {
	t.Parallel()
	s := users(standin).session(t, nil)
	s.run(`create schema deps; create table deps.base as select 1 as a; create materialized view deps.one as select a from deps.base;
		create materialized view deps.two as select o.a from deps.one o, deps.one p`)
	s.expect("select schema_name, name, dependent_schema_name, dependent_name from svv_mv_dependency where schema_name = 'deps'", "deps|two|deps|one")
	s.expect("select schema, name, ref_schema, ref_name from stv_mv_deps where schema = 'deps'", "deps|two|deps|one")
}
