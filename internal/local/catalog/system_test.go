package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/dialect"
)

// TestShadowedViews: the views of schema rs that stand in front of system tables are those that dialect sends
// statements to, and both have the columns of the table behind.
//
//standin:imitates system views: PostgreSQL's catalogs with Redshift's columns, qualified or not | DG c_intro_catalog_views
func TestShadowedViews(t *testing.T) {
	t.Parallel()
	s := open(t)
	views := execute(t, s.env.Database, `SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = 'rs'::regnamespace
		AND relkind = 'v' AND relname LIKE 'pg~_%' ESCAPE '~' ORDER BY 1`)
	if len(views) < 10 {
		t.Fatalf("views: %v", views)
	}
	for _, v := range views {
		if !dialect.Shadowed(v[0]) {
			t.Errorf("nothing leads to rs.%s", v[0])
		}
		missing := execute(t, s.env.Database, fmt.Sprintf(`SELECT attname FROM pg_catalog.pg_attribute
			WHERE attrelid = 'pg_catalog.%[1]s'::regclass AND attnum > 0 AND atttypid <> 'anyarray'::regtype
			EXCEPT SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = 'rs.%[1]s'::regclass`, v[0]))
		if len(missing) > 0 {
			t.Errorf("rs.%s lacks %v", v[0], missing)
		}
		s.run("select * from " + v[0] + " limit 1")
		s.run("select count(*) from pg_catalog." + v[0])
	}
}

// forSuperusers are those that the manual calls visible only to superusers.
var forSuperusers = map[string]bool{
	"pg_statistic_indicator": true, "stl_analyze": true, "stl_commit_stats": true, "stl_connection_log": true, "stl_disk_full_diag": true,
	"stl_tr_conflict": true, "stl_usage_control": true, "stl_userlog": true, "stl_vacuum": true, "stv_blocklist": true,
	"stv_cursor_configuration": true, "stv_locks": true, "stv_node_storage_capacity": true, "stv_partitions": true, "stv_tbl_perm": true,
	"stv_tbl_trans": true, "stv_wlm_classification_config": true, "stv_wlm_qmr_config": true, "stv_wlm_service_class_config": true,
	"stv_wlm_service_class_state": true, "stv_xrestore_alter_queue_state": true, "svcs_concurrency_scaling_usage": true,
	"svl_auto_worker_action": true, "svl_query_queue_info": true, "svl_restore_alter_table_progress": true, "svl_terminate": true,
	"svl_user_info": true, "svl_vacuum_percentage": true, "svv_alter_table_recommendations": true, "svv_diskusage": true,
	"svv_identity_providers": true, "svv_integration": true, "svv_integration_table_state": true, "svv_interleaved_columns": true,
	"svv_table_info": true, "svv_vacuum_progress": true, "svv_vacuum_summary": true, "sys_analyze_history": true,
	"sys_auto_table_optimization": true, "sys_automatic_optimization": true, "sys_connection_log": true,
	"sys_datashare_cross_region_usage": true, "sys_extra_compute_for_automatic_optimization": true, "sys_integration_activity": true,
	"sys_integration_table_activity": true, "sys_integration_table_state_change": true, "sys_ludf_detail": true, "sys_restore_log": true,
	"sys_restore_state": true, "sys_serverless_usage": true, "sys_transaction_history": true, "sys_udf_log": true, "sys_userlog": true,
}

// TestEverySystemViewAnswers reads every view that was installed, as a superuser and as an ordinary user.
//
//standin:imitates system views: those for superusers are denied to others | DG cm_chap_system-tables
func TestEverySystemViewAnswers(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int primary key, b varchar(3)) distkey (a); insert into t values (1, 'x'); create view v as select * from t`)
	alice := connect(t, s.env.Database, "alice")
	views := execute(t, s.env.Database, `SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = 'pg_catalog'::regnamespace
		AND relkind = 'v' AND oid >= 16384 ORDER BY 1`)
	if len(views) < 60 {
		t.Errorf("only %d views: %v", len(views), views)
	}
	for _, v := range views {
		s.run("select * from " + v[0])
		s.run("select count(*) from pg_catalog." + v[0])
		if forSuperusers[v[0]] {
			alice.fails("select * from "+v[0], "42501", "permission denied")
			continue
		}
		alice.run("select * from " + v[0])
	}
	for _, v := range s.run(`select table_name from information_schema.views where table_schema = 'information_schema'`) {
		s.run("select * from information_schema." + v[0])
	}
}

func TestNothingOfTheInsideShows(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (id int identity(1,1) primary key, b varchar(3))`)
	for _, sql := range []string{
		`select nspname from pg_namespace`,
		`select nspname, relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public' and relname <> 't'`,
		`select table_schema, table_name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')`,
		`select schema_name from information_schema.schemata`,
		`select table_schema from svv_tables`, `select table_schema from svv_columns`, `select schema_name from svv_all_schemas`,
		`select schemaname from pg_tables`, `select schemaname from pg_views`,
		`select constraint_name from information_schema.table_constraints where constraint_name <> 't_pkey'`,
		`select constraint_name from information_schema.check_constraints`,
	} {
		for _, row := range s.run(sql) {
			if line := strings.Join(row, "|"); strings.Contains(line, "rs") && !strings.Contains(line, "_rs") && row[0] == "rs" || strings.Contains(line, "rs:") ||
				strings.Contains(line, "_seq") {
				t.Errorf("%s: %s", sql, line)
			}
		}
	}
}

//standin:imitates system views: INFORMATION_SCHEMA | DG r_SVV_TABLES
func TestInformationSchema(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table p (a int, b int, primary key (a, b)); create table c (x int, y int, constraint fk foreign key (x, y) references p)`)
	s.expect(`select table_name, constraint_name, constraint_type from information_schema.table_constraints order by 2`, "c|fk|FOREIGN KEY\np|p_pkey|PRIMARY KEY\n")
	s.expect(`select constraint_name, column_name, ordinal_position from information_schema.key_column_usage order by 1, 3`, "fk|x|1\nfk|y|2\np_pkey|a|1\np_pkey|b|2\n")
	s.expect(`select unique_constraint_name from information_schema.referential_constraints`, "p_pkey\n")
	s.expect(`select table_name, column_name from information_schema.constraint_column_usage where constraint_name = 'fk' order by 2`, "p|a\np|b\n")
	s.expect(`select table_name from information_schema.tables where table_schema = 'public' order by 1`, "c\np\n")
}

// history is what the server and COPY and UNLOAD write: one statement of each kind, of two users.
func (s *session) history() {
	s.Helper()
	execute(s, s.env.Database, `
		INSERT INTO rs.query_log (query, xid, userid, pid, database, starttime, endtime, status, error, label, verb, rows, text)
		SELECT 100 + n, 1000 + n, (CASE n % 2 WHEN 0 THEN 'alice' ELSE 'bob' END)::regrole, 5000 + n, current_database(),
			timestamp '2026-11-21 10:00:00' + n * interval '1 second', timestamp '2026-11-21 10:00:00.5' + n * interval '1 second',
			CASE n WHEN 2 THEN 'failed' ELSE 'success' END, CASE n WHEN 2 THEN 'no such thing' END, 'group ' || n,
			(ARRAY['SELECT', 'CREATE TABLE', 'COPY', 'SET', 'UNLOAD', 'SELECT'])[n + 1], n,
			CASE n WHEN 0 THEN 'select ''' || repeat('x', 395) || E''',\n1' ELSE 'statement ' || n END
		FROM generate_series(0, 5) n;
		INSERT INTO rs.load_log (query, userid, pid, database, tbl, table_name, starttime, endtime, status, data_source, file_format, loaded_rows, source_file_count, error_count)
			VALUES (102, 'alice'::regrole, 5002, current_database(), 77, 't', '2026-11-21 10:00', '2026-11-21 10:00:01.5', 'failed', 's3://b/k', 'txt', 0, 1, 1);
		INSERT INTO rs.load_commit (query, userid, slice, filename, lines_scanned, curtime, file_format) VALUES (102, 'alice'::regrole, 1, 's3://b/k0', 9, '2026-11-21 10:00', 'Text');
		INSERT INTO rs.load_error (query, userid, pid, database, slice, tbl, starttime, filename, line_number, colname, type, col_length, position, raw_line, raw_field_value, err_code, err_reason)
			VALUES (102, 'alice'::regrole, 5002, current_database(), 1, 77, '2026-11-21 10:00', 's3://b/k0', 3, 'a', 'int4', '0', 2, '1|x', 'x', 1207, 'Invalid digit, Value ''x'', Pos 0, Type: Integer');
		INSERT INTO rs.load_error_detail (query, userid, pid, slice, filename, line_number, field, colname, value, type, col_length)
			VALUES (102, 'alice'::regrole, 5002, 1, 's3://b/k0', 3, 1, 'a', 'x', 'int4', '0');
		INSERT INTO rs.unload_log (query, userid, pid, database, starttime, endtime, status, file_format, location, rows, file_count, file_bytes)
			VALUES (104, 'alice'::regrole, 5004, current_database(), '2026-11-21 10:00', '2026-11-21 10:00:02', 'success', 'TEXT', 's3://b/u', 5, 1, 50);
		INSERT INTO rs.unload_file (query, userid, pid, slice, path, starttime, endtime, line_count, transfer_size, file_format)
			VALUES (104, 'alice'::regrole, 5004, 0, 's3://b/u0000_part_00', '2026-11-21 10:00', '2026-11-21 10:00:02', 5, 50, 'Text');
		INSERT INTO rs.load_replacement (query, userid, pid, slice, tbl, starttime, filename, line_number, colname, raw_line)
			VALUES (102, 'alice'::regrole, 5002, 1, 77, '2026-11-21 10:00', 's3://b/k0', 4, 'd', 'x?');
		INSERT INTO rs.step_log (query, step, name, tbl, schema_name, table_name, rows) VALUES (102, 0, 'insert', 77, 'public', 't', 9)`)
}

// TestUserLog: the manual's example, and what is rolled back is not kept.
//
//standin:imitates system views: STL_USERLOG, SYS_USERLOG | DG r_STL_USERLOG; DG SYS_USERLOG
func TestUserLog(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create user userlog1 password 'Userlog1'; alter user userlog1 createdb createuser; alter user userlog1 rename to userlog2; drop user if exists userlog2, userlog3`)
	s.expect(`select trim(username), trim(oldusername), trim(action), usecreatedb, usesuper, usecatupd from stl_userlog order by recordtime desc`, `
userlog2||drop|1|1|0
userlog2|userlog1|rename|1|1|0
userlog1||alter|1|1|0
userlog1||create|0|0|0
`)
	s.expect(`select count(*), count(distinct user_id), max(record_time) > '2020-01-01' from sys_userlog where session_id = pg_backend_pid()`, "4|1|t\n")
	s.run(`begin; create user userlog4 password disable; rollback`)
	s.expect(`select count(*) from stl_userlog`, "4\n")
	s.fails(`drop user userlog4`, "42704", "userlog4")
	connect(t, s.env.Database, "alice").fails(`select * from stl_userlog`, "42501", "permission denied")
}

//standin:imitates system views: STL, SVL and SYS views of queries, loads and unloads | DG c_intro_STL_tables, DG serverless_views-monitoring
func TestHistoryViews(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.history()
	alice := connect(t, s.env.Database, "alice")

	const queries = `select query, trim(label), pid, aborted, trim(querytxt) from stl_query where query > 100 order by query`
	s.expect(queries, `
102|group 2|5002|1|statement 2
104|group 4|5004|0|statement 4
105|group 5|5005|0|statement 5
`)
	alice.expect(queries, "102|group 2|5002|1|statement 2\n104|group 4|5004|0|statement 4\n")
	s.expect(`select trim(text) from stl_ddltext`, "statement 1\n")
	s.expect(`select trim(text) from stl_utilitytext`, "statement 3\n")
	s.expect(`select query, sequence, len(text), right(rtrim(text), 7) from stl_querytext where query = 100 order by sequence`, "100|0|200|xxxxxxx\n100|1|200|xxxxxxx\n100|2|8|xx',\\n1\n")
	s.expect(`select trim(type), count(*) from svl_statementtext group by 1 order by 1`, "DDL|1\nQUERY|6\nUTILITY|1\n")
	s.expect(`select octet_length(querytxt), octet_length(label) from stl_query where query = 102`, "4000|320\n") // padded, as CHAR is
	s.expect(`select query_id, trim(query_type), trim(status), trim(error_message), returned_rows, elapsed_time, trim(query_text) from sys_query_history where query_id between 101 and 103 order by 1`, `
101|DDL|success|NULL|1|500000|statement 1
102|COPY|failed|no such thing|2|500000|statement 2
103|UTILITY|success|NULL|3|500000|statement 3
`)
	s.expect(`select query, trim(filename), line_number, trim(colname), trim(type), trim(raw_line), trim(raw_field_value), err_code, trim(err_reason), session, octet_length(filename) from stl_load_errors`,
		"102|s3://b/k0|3|a|int4|1|x|x|1207|Invalid digit, Value 'x', Pos 0, Type: Integer|5002|256\n")
	s.expect(`select query, field, trim(value) from stl_loaderror_detail`, "102|1|x\n")
	s.expect(`select query, trim(filename), lines_scanned, trim(file_format) from stl_load_commits`, "102|s3://b/k0|9|Text\n")
	s.expect(`select query_id, status, table_name, duration, data_source, file_format, error_count from sys_load_history`, "102|aborted|t|1500000|s3://b/k|txt|1\n")
	s.expect(`select query_id, table_id, error_code, trim(column_name) from sys_load_error_detail`, "102|77|1207|a\n")
	s.expect(`select query_id, status, unloaded_location, unloaded_rows, unloaded_files_count, unloaded_files_size, duration from sys_unload_history`, "104|completed|s3://b/u|5|1|50|2000000\n")
	s.expect(`select query, trim(path), line_count, transfer_size from stl_unload_log`, "104|s3://b/u0000_part_00|5|50\n")
	s.expect(`select trim(name), lines, is_partial from stl_file_scan`, "s3://b/k0|9|0\n")
	s.expect(`select query, trim(colname), user_query_id from stl_replacements`, "102|d|102\n")
	s.expect(`select query_id, table_id, trim(file_name), trim(column_name), line_number, trim(raw_line) from sys_copy_replacements`, "102|77|s3://b/k0|d|4|x?\n")
	s.expect(`select trim(label), rows from svcs_query_summary`, "insert tbl=77 name=t|9\n")
	bob := connect(t, s.env.Database, "bob")
	for _, view := range []string{
		"stl_load_errors", "stl_loaderror_detail", "stl_load_commits", "sys_load_history", "sys_load_error_detail", "sys_unload_history", "stl_unload_log",
		"stl_file_scan", "stl_replacements", "sys_copy_replacements", "svl_query_report", "svl_query_summary", "svcs_query_summary", "stl_insert",
	} {
		bob.expect("select count(*) from "+view, "0\n")
		alice.expect("select count(*) from "+view, "1\n")
	}
	s.expect(`select query_id, splits_scanned, start_time, end_time from sys_load_detail`, "102|1|2026-11-21 10:00:00|2026-11-21 10:00:00\n")
	s.expect(`select query_id, session_id, trim(file_name), line_count from sys_unload_detail`, "104|5004|s3://b/u0000_part_00|5\n")
	bob.fails(`select * from rs.query_log`, "42501", "permission denied")
	bob.fails(`insert into rs.query_log (query) values (1)`, "42501", "permission denied")
}

//standin:imitates system views: STV_SESSIONS, STV_LOCKS, SVV_TRANSACTIONS, STV_DB_ISOLATION_LEVEL | DG c_intro_STV_tables
func TestSessionsAndLocks(t *testing.T) {
	t.Parallel()
	s := open(t)
	alice := connect(t, s.env.Database, "alice")
	s.run(`create table t (a int); grant all on t to alice`)
	alice.run(`begin; lock t`)
	pid := alice.one(`select pg_backend_pid()`)
	s.expect(`select process, trim(user_name), trim(db_name) from stv_sessions where process = `+pid, pid+"|alice|"+s.env.Database+"\n")
	s.expect(`select lock_owner_pid, trim(lock_status) from stv_locks where table_id = 't'::regclass::oid`, pid+"|Holding write lock\n")
	s.expect(`select txn_owner, lock_mode, granted from svv_transactions where relation = 't'::regclass::oid`, "alice|AccessExclusiveLock|t\n")
	alice.run(`rollback`)
	connect(t, s.env.Database, "bob").expect(`select trim(user_name) from stv_sessions where process = `+pid, "alice\n") // everybody sees everybody
	s.expect(`select trim(db_name), trim(isolation_level) from stv_db_isolation_level where db_name = current_database()`, s.env.Database+"|Snapshot Isolation\n")
	s.run(`alter database ` + s.env.Database + ` isolation level serializable`)
	s.expect(`select trim(isolation_level) from stv_db_isolation_level where db_name = current_database()`, "Serializable\n")
	connect(t, s.env.Database, "alice").expect(`show transaction_isolation`, "serializable\n")
}

// TestConnectionsOfThePast: the log of connections becomes sessions with a beginning and an end.
func TestConnectionsOfThePast(t *testing.T) {
	t.Parallel()
	s := open(t)
	execute(t, s.env.Database, `INSERT INTO rs.connection_log (event, recordtime, pid, dbname, username, duration, application_name, driver_version)
		VALUES ('initiating session', '2026-11-21 10:00:00', 501, 'dev', 'alice', 0, '', ''),
			('authenticated', '2026-11-21 10:00:01', 501, 'dev', 'alice', 0, 'etl', 'Driver 9'),
			('disconnecting session', '2026-11-21 10:00:07', 501, 'dev', 'alice', 6000000, 'etl', 'Driver 9'),
			('authenticated', '2026-11-21 10:01:00', 501, 'dev', 'bob', 0, '', '')`)
	const log = `select trim(event), %s, trim(application_name), trim(driver_version), duration from %s where %s = 501 and duration > 0`
	s.expect(fmt.Sprintf(log, "trim(username)", "stl_connection_log", "pid"), "disconnecting session|alice|etl|Driver 9|6000000\n")
	s.expect(fmt.Sprintf(log, "trim(user_name)", "sys_connection_log", "session_id"), "disconnecting session|alice|etl|Driver 9|6000000\n")
	s.expect(`select starttime, endtime, trim(user_name), timed_out from stl_sessions where process = 501`, "2026-11-21 10:00:01|2026-11-21 10:00:07|alice|2\n")
	const sessions = `select trim(status), start_time, end_time from sys_session_history where session_id = 501 order by 2`
	s.expect(sessions, "closed|2026-11-21 10:00:01|2026-11-21 10:00:07\nactive|2026-11-21 10:01:00|NULL\n")
	connect(t, s.env.Database, "bob").expect(sessions, "active|2026-11-21 10:01:00|NULL\n")
	s.expect(`select count(*), count(distinct sessionid) from stl_connection_log where pid = 501`, "4|2\n")
	s.expect(`select distinct trim(user_name) from sys_connection_log where global_session_id in (
		select sessionid from stl_connection_log where pid = 501 and event = 'disconnecting session')`, "alice\n")
}

// TestWriteConflict: in SNAPSHOT isolation the second writer of a row fails with error 1023.
func TestWriteConflict(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int); insert into t values (1)`)
	other := connect(t, s.env.Database, "awsuser")
	other.run(`begin; select * from t`)
	s.run(`update t set a = 2`)
	other.fails(`update t set a = 3`, "XX000", "1023")
	other.run(`rollback`)
	execute(t, s.env.Database, `INSERT INTO rs.query_log (query, userid, pid, database, starttime, endtime, status, error_code, error, text) VALUES
		(1, 10, 701, current_database(), '2026-11-21 10:00:00', '2026-11-21 10:00:01', 'failed', 'XX000', '1023', 'update t set a = 3'),
		(2, 10, 702, current_database(), '2026-11-21 10:00:00', '2026-11-21 10:00:01', 'failed', '22012', 'division by zero', 'select 1023 / 0')`)
	s.expect(`select process_id, xact_start_ts, abort_time from stl_tr_conflict`, "701|2026-11-21 10:00:00|2026-11-21 10:00:01\n")
}

// TestMetadataOfOthers: ordinary users see what they own or may use.
//
//standin:imitates users: users, groups, roles, grants and default privileges in the catalogs | DG r_SVV_RELATION_PRIVILEGES
//standin:imitates system views: ordinary users see metadata of what they may use | DG cm_chap_system-tables, DG r_SVV_TABLES
func TestMetadataOfOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create schema hidden; create table hidden.h (a int); create table granted (a int, b int); create table parts (a int, b int); create table other (a int);
		grant select on granted to bob; grant select on granted to alice; grant select (b) on parts to alice; grant select on other to bob`)
	alice := connect(t, s.env.Database, "alice")
	alice.run(`create table own (a int)`)
	const mine = "granted\nown\nparts\n"
	alice.expect(`select table_name from svv_tables where table_schema = 'public' order by 1`, mine)
	alice.expect(`select distinct table_name from svv_columns where table_schema = 'public' order by 1`, mine)
	alice.expect(`select table_name from svv_all_tables where schema_name = 'public' order by 1`, mine)
	alice.expect(`select distinct table_name from svv_redshift_columns where schema_name = 'public' order by 1`, mine)
	alice.expect(`select count(*) from svv_all_schemas where schema_name = 'hidden'`, "0\n")
	alice.expect(`select relation_name, identity_name, privilege_type from svv_relation_privileges where relation_name in ('granted', 'other')`, "granted|alice|SELECT\n")
	alice.expect(`select user_name from svv_user_info`, "alice\n")
	alice.fails(`show table hidden.h`, "42501", "permission denied")
	alice.fails(`show table other`, "42501", "permission denied for relation other")
	s.expect(`select count(*) from svv_tables where table_schema in ('public', 'hidden')`, "5\n")
	s.expect(`select identity_name from svv_relation_privileges where relation_name = 'granted' and identity_name <> 'awsuser' order by 1`, "alice\nbob\n")
}

func TestUsersGroupsAndGrants(t *testing.T) { // users belong to all databases, so not beside others
	s := open(t)
	s.run(`create user "Carol.U" password 'Secret1' createdb; create group "Team.G" with user "Carol.U"; create role "Role.R";
		create user dave_u password disable createuser; alter group "Team.G" add user dave_u; grant role "Role.R" to dave_u`)
	defer s.run(`drop table t; drop group "Team.G"; drop role "Role.R" force; drop user "Carol.U"; drop user dave_u`)
	s.expect(`select usename, usecreatedb, usesuper, usesysid >= 100, passwd from pg_user where usename like '%u' or usename like '%U' order by 1`,
		"Carol.U|t|f|t|********\ndave_u|f|t|t|********\n")
	s.expect(`select groname from pg_group where groname like '%.%'`, "Team.G\n")
	s.expect(`select u.usename from pg_user u, pg_group g where u.usesysid = any (g.grolist) and groname = 'Team.G' order by 1`, "Carol.U\ndave_u\n")
	s.expect(`select role_name from svv_roles where role_name like '%.R'`, "Role.R\n")
	s.expect(`select user_name, role_name from svv_user_grants where role_name = 'Role.R'`, "dave_u|Role.R\n")
	s.run(`create table t (a int, b int); grant select, insert on t to group "Team.G"; grant delete on t to role "Role.R"; grant update (a) on table t to "Carol.U"; grant select on t to public`)
	s.expect(`select relacl from pg_class where relname = 't'`, `{awsuser=arwdDxt/awsuser,"group \"Team.G\"=ar/awsuser","group \"Role.R\"=d/awsuser",=r/awsuser}`+"\n")
	s.expect(`select privilege_type, identity_name, identity_type from svv_relation_privileges where relation_name = 't' and identity_name <> 'awsuser' order by 1, 2`, `
DELETE|Role.R|role
INSERT|Team.G|group
SELECT|Team.G|group
SELECT|public|public
`)
	s.expect(`select column_name, privilege_type, identity_name from svv_column_privileges where relation_name = 't'`, "a|UPDATE|Carol.U\n")
	s.expect(`select has_table_privilege('Carol.U', 't', 'insert'), has_table_privilege('Carol.U', 't', 'delete')`, "t|f\n")
	s.run(`alter default privileges in schema public grant select on tables to group "Team.G"`)
	s.expect(`select schema_name, object_type, privilege_type, grantee_name, grantee_type from svv_default_privileges`, "public|RELATION|SELECT|Team.G|group\n")
	s.run(`alter default privileges in schema public revoke select on tables from group "Team.G"`)
	s.run(`alter user "Carol.U" set query_group to 'nightly'`)
	connect(t, s.env.Database, "Carol.U").expect(`show query_group`, "nightly\n")
}

func TestEverybodyMayCreateInPublic(t *testing.T) {
	t.Parallel()
	s := open(t)
	connect(t, s.env.Database, "alice").run(`create table mine (a varchar(3) primary key); insert into mine values ('x'); drop table mine`)
}

//standin:imitates views: late-binding views | DG r_CREATE_VIEW
func TestLateBindingViews(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table public.t (a int, b varchar(3)); insert into t values (1, 'x');
		create view v as select a, nvl(b, '-') as c from public.t with no schema binding; grant select on v to alice`)
	s.expect(`select * from v`, "1|x\n")
	s.expect(`select * from pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)`,
		"public|v|a|integer|1\npublic|v|c|character varying|2\n")
	s.expect(`show view v`, "create view v as select a, nvl(b, '-') as c from public.t with no schema binding\n")
	s.expect(`select definition like '%with no schema binding' from pg_views where viewname = 'v'`, "t\n")
	s.expect(`select pg_get_viewdef('v'::regclass::oid, true) like '%with no schema binding'`, "t\n")
	s.run(`create view bound as select a from public.t`)
	for _, catalog := range []string{
		`select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relname in ('v', 'bound') and a.attnum > 0`,
		`select table_name, column_name from information_schema.columns where table_name in ('v', 'bound')`,
	} {
		s.expect(catalog, "bound|a\n") // tools add those of PG_GET_LATE_BINDING_VIEW_COLS
	}
	s.expect(`select relkind from pg_class where relname = 'v'`, "v\n")
	s.expect(`select table_type from information_schema.tables where table_name = 'v'`, "VIEW\n")
	s.run(`drop view bound; drop table t`) // nothing depends on it
	s.fails(`select * from v`, "42P01", "does not exist")
	s.expect(`select count(*) from pg_views`, s.one(`select count(*) from pg_catalog.pg_views`)+"\n")
	s.run(`create table public.t (b varchar(3), a int); insert into t values ('y', 2)`)
	s.expect(`select * from v`, "2|y\n")
	s.run(`create table t_new (a int, b varchar(3)); insert into t_new values (3, 'z'); alter table t rename to t_old; alter table t_new rename to t`)
	s.expect(`select * from v`, "3|z\n")
	connect(t, s.env.Database, "alice").expect(`select * from v`, "3|z\n")
	s.run(`drop table t; create table public.t (b decimal(3,1), a bigint); insert into t values (1.5, 4)`)
	s.fails(`select * from v`, "42P01", "does not exist") // NVL of these does not make sense any more
	s.run(`drop table t; create table public.t (b varchar(9), a decimal(5,1)); insert into t values ('u', 4.5)`)
	s.expect(`select * from v`, "4.5|u\n") // other types
	connect(t, s.env.Database, "alice").expect(`select * from v`, "4.5|u\n")
	s.run(`create or replace view v as select a, 'w' as c from public.t with no schema binding`)
	s.expect(`select * from v`, "4.5|w\n")
	s.run(`drop view v`)
	s.expect(`select count(*) from rs.late_binding_view`, "0\n")
}

//standin:imitates views: materialized views and their REFRESH | DG materialized-view-create-sql-command
//standin:imitates views: materialized views in the catalogs are views with their CREATE statement | amazon-redshift-utils, v_generate_view_ddl; dbt-redshift
func TestMaterializedViews(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int); insert into t values (1), (2); create materialized view m backup no diststyle all auto refresh no as select count(*) n from t`)
	s.run(`insert into t values (3)`)
	s.expect(`select * from m`, "2\n")
	s.expect(`refresh materialized view m; select * from m`, "3\n")
	s.expect(`select trim(name), state from svv_mv_info`, "m|0\n")
	s.run(`alter materialized view m auto refresh yes`)
	s.expect(`select trim(name), trim(owner_user_name), state from stv_mv_info`, "m|awsuser|0\n")
	const written = "create materialized view m backup no diststyle all auto refresh no as select count(*) n from t\n"
	for _, catalog := range []string{
		`select definition from pg_views where viewname = 'm'`,
		`select view_definition from information_schema.views where table_name = 'm'`,
		`select pg_get_viewdef(oid, true) from pg_class where relname = 'm' and relkind = 'v'`,
		`show view m`,
	} {
		s.expect(catalog, written)
	}
	s.expect(`select t.table_type, c.column_name, c.data_type from information_schema.tables t join information_schema.columns c using (table_name) where table_name = 'm'`, "VIEW|n|bigint\n")
	s.fails(`alter materialized view m row level security on`, "0A000", "ALTER MATERIALIZED VIEW")
	s.fails(`alter materialized view missing auto refresh no`, "42P01", "missing")
	s.run(`drop materialized view m; create view m as select 1 as n`)
	s.expect(`select definition like '%materialized%' from pg_views where viewname = 'm'`, "f\n")
}

// TestAdministratorsSQL runs queries of the kind that scripts of others send.
//
//standin:imitates clients: SQL of administrators' scripts and ORMs | DG c_intro_catalog_views
func TestAdministratorsSQL(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (id int identity(1,1), a varchar(3) default 'x' encode zstd, primary key (id)) distkey (id) sortkey (a)`)
	for _, sql := range []string{
		// amazon-redshift-utils, v_generate_tbl_ddl: the parts that PostgreSQL would not take
		`select n.nspname as schemaname, c.relname as tablename, 'CREATE TABLE IF NOT EXISTS ' + quote_ident(n.nspname) + '.' + quote_ident(c.relname) + '' as ddl
			from pg_namespace as n inner join pg_class as c on n.oid = c.relnamespace where c.relkind = 'r' order by 1`,
		`select case when a.attnum > 1 then ',' else '' end as col_delim, quote_ident(a.attname) as col_name,
			case when strpos(upper(format_type(a.atttypid, a.atttypmod)), 'CHARACTER VARYING') > 0
				then replace(upper(format_type(a.atttypid, a.atttypmod)), 'CHARACTER VARYING', 'VARCHAR') else upper(format_type(a.atttypid, a.atttypmod)) end as col_datatype,
			case when format_encoding((a.attencodingtype)::integer) = 'none' then 'ENCODE RAW' else 'ENCODE ' + format_encoding((a.attencodingtype)::integer) end as col_encoding,
			case when a.atthasdef is true and adef.adsrc not like '%identity%' then 'DEFAULT ' + adef.adsrc else '' end as col_default,
			case when a.attnotnull is true then 'NOT NULL' else '' end as col_nullable
			from pg_namespace as n inner join pg_class as c on n.oid = c.relnamespace inner join pg_attribute as a on c.oid = a.attrelid
			left outer join pg_attrdef as adef on a.attrelid = adef.adrelid and a.attnum = adef.adnum where c.relkind = 'r' and a.attnum > 0 order by a.attnum`,
		`select 400000000 + cast(con.oid as int) as seq, 'ALTER TABLE ' || con.conname || pg_get_constraintdef(con.oid) from pg_constraint as con
			inner join pg_class as c on c.relnamespace = con.connamespace and c.oid = con.conrelid inner join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'r'`,
		`select c.oid::bigint as table_id, split_part(key, '_', 5) as tbl from pg_conf, pg_class c where key like 'pg_class_backup_%' and split_part(key, '_', 5) = c.oid`,
		`select case when c.reldiststyle = 0 then 'DISTSTYLE EVEN' when c.reldiststyle = 1 then 'DISTSTYLE KEY' when c.reldiststyle = 8 then 'DISTSTYLE ALL' when c.reldiststyle = 9 then 'DISTSTYLE AUTO' else '<<Error - UNKNOWN DISTSTYLE>>' end from pg_class c where 1 and c.relname = 't'`,
		`select abs(a.attsortkeyord), case when min(a.attsortkeyord) over () < 0 then 'INTERLEAVED' end as max from pg_attribute a where a.attsortkeyord <> 0`,
		`select u.usename, g.groname from pg_user u, pg_group g where u.usesysid = any (g.grolist) and u.usesysid > 1`,
		`select pg_database_info.datname, datconnlimit from pg_database_info where datconnlimit <> 'UNLIMITED'`,
		`select trim(a.usename), nvl(a.valuntil::varchar, 'never'), decode(a.usesuper, true, 'yes', 'no') from pg_user_info a`,
		`select distinct schemaname, tablename from pg_table_def where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2`,
		`select * from (select table_schema, table_name from svv_columns) where table_schema = 'public'`,
		// DBD::Pg, of a server of 8.0
		`select c.relkind, pg_catalog.quote_ident(t.spcname), pg_catalog.quote_ident(t.spclocation) from pg_catalog.pg_class c left join pg_catalog.pg_tablespace t on (t.oid = c.reltablespace) limit 1`,
		`select a.amname, a.amorderstrategy from pg_catalog.pg_am a`,
		// redshift_connector: numbers and words without a blank between them
		`select case attnum when 1 then 4when 2 then 5else 6end from pg_attribute where attnum>0and attnum<3`,
		// the dialects of SQLAlchemy and dbt
		`select n.nspname as "schema", c.relname as "table_name", att.attname as "name", format_encoding(att.attencodingtype::integer) as "encode", format_type(att.atttypid, att.atttypmod) as "type",
			att.attisdistkey as "distkey", att.attsortkeyord as "sortkey", att.attnotnull as "notnull", pg_catalog.col_description(att.attrelid, att.attnum) as "comment", adsrc, attnum,
			pg_catalog.format_type(att.atttypid, att.atttypmod), pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) as default, n.oid as "schema_oid", c.oid as "table_oid"
			from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute att on att.attrelid = c.oid
			left join pg_catalog.pg_attrdef ad on (att.attrelid, att.attnum) = (ad.adrelid, ad.adnum) where n.nspname !~ '^pg_' and att.attnum > 0 and not att.attisdropped order by n.nspname, c.relname, att.attnum`,
		`select conname, contype, pg_catalog.pg_get_constraintdef(r.oid, true) as condef, r.conkey, a.attname from pg_catalog.pg_constraint r, pg_catalog.pg_attribute a where r.conrelid = a.attrelid`,
		`select trim(database) as database, trim("schema") as schema, "table", diststyle, sortkey1, size, tbl_rows, unsorted, stats_off from pg_catalog.svv_table_info`,
		`select null::varchar as external from svv_external_columns union all select column_name from svv_redshift_columns`,
	} {
		if _, err := s.try(sql); err != nil {
			t.Errorf("%s\n\t%v", sql, err)
		}
	}
}

// TestAdministratorsConstructs answers each construct that the administrators' scripts rest on and PostgreSQL lacks, or
// has otherwise.
//
//standin:imitates clients: dialect of administrators' scripts, in catalogs qualified or not | DG c_intro_catalog_views
func TestAdministratorsConstructs(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create schema mine; create table mine.t (id int identity(1,1) encode raw, a varchar(3) default 'x' encode zstd, b int) diststyle key distkey (id) compound sortkey (b, id) backup no;
		insert into mine.t (a, b) values ('x', 1); create table public.plain (n int);
		create view mine.late as select id, a from mine.t with no schema binding;
		alter default privileges in schema mine grant select on tables to alice`)
	for sql, want := range map[string]string{
		`select 'CREATE' + ' ' + quote_ident(tablename) || ';' from pg_catalog.pg_tables where schemaname = 'mine'`:                                                                          "CREATE t;\n",
		`select count(*) from (select oid from pg_class where relname = 't') where 1 and oid > 0`:                                                                                            "1\n",
		`select c.relname from pg_class c, (select max(oid)::varchar as id from pg_class where relname = 't') where id = c.oid`:                                                              "t\n",
		`select attname, attisdistkey, attsortkeyord, format_encoding(attencodingtype::int) from pg_catalog.pg_attribute where attrelid = 'mine.t'::regclass and attnum > 0 order by attnum`: "id|t|2|none\na|f|0|zstd\nb|f|1|none\n",
		`select adsrc from pg_attrdef where adrelid = 'mine.t'::regclass and adnum = 2`:                                                                                                      "'x'::character varying\n",
		`select reldiststyle, decode(reldiststyle, 0, 'even', 1, 'key', 8, 'all') as max from pg_catalog.pg_class where relname = 't'`:                                                       "1|key\n",
		`select value from pg_conf where key = 'pg_class_backup_' || (select oid from pg_database where datname = current_database()) || '_' || 'mine.t'::regclass::oid`:                     "NO\n",
		`select relname from pg_catalog.pg_class_info where relname = 't'`:                                                                                                                   "t\n",
		`select count(*) from pg_attribute_info where attrelid = 'mine.t'::regclass and attnum > 0`:                                                                                          "3\n",
		`select datconnlimit from pg_catalog.pg_database_info where datname = current_database()`:                                                                                            "UNLIMITED\n",
		`select u.usename, s.usesysid >= 100 from pg_user u join pg_catalog.pg_shadow s using (usename) where u.usename = 'alice'`:                                                           "alice|t\n",
		`select count(*) from pg_group where groname = 'nobody'`:                                                                                                                             "0\n",
		`select nvl(null, 'a'), nvl2(null, 'a', 'b'), charindex('b', 'abc'), getdate() > '2000-01-01'`:                                                                                       "a|b|2|t\n",
		`select trim(c.oid) = c.oid::varchar from pg_class c where relname = 't'`:                                                                                                            "t\n",
		`select lpad(7, 3, '0'), round(2.345::float, 2), datepart(hour, '2026-11-21 13:00'::timestamp)`:                                                                                      "007|2.35|13\n",
		`select pg_get_userbyid(d.defacluser), n.nspname, array_to_string(d.defaclacl, ' + ') from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace`:                        "awsuser|mine|alice=r/awsuser\n",
		`select l.transaction is null from pg_catalog.pg_locks l where l.pid = pg_backend_pid() and l.locktype = 'relation' limit 1`:                                                         "t\n",
		`select count(*) from pg_catalog.pg_default_acl b where b.defaclacl = '{}'::aclitem[]`:                                                                                               "0\n",
		`select count(*) from pg_database where datname = 'postgres'`:                                                                                                                        "0\n",
		`select a from ` + s.env.Database + `.mine.t`:                                                                                                                                        "x\n",
		`select view_name, col_name from pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int) order by col_num`:              "late|id\nlate|a\n",
		`select "table", tbl_rows from svv_table_info where "schema" in ('mine', 'public')`:                                                                                                  "t|1\n",
		`select table_name from svv_tables where table_schema = 'mine' and table_type = 'BASE TABLE'`:                                                                                        "t\n",
		`select count(distinct slice), sum(rows) >= 0 from stv_tbl_perm where trim(name) = 't'`:                                                                                              "4|t\n",
		`select count(*) from stl_scan join stl_query using (query) left join stv_blocklist using (slice) left join stl_vacuum on table_id = stl_scan.tbl`:                                   "0\n",
	} {
		s.expect(sql, want)
	}
	for _, sql := range []string{
		"show databases",
		"show schemas from database " + s.env.Database,
		"show tables from schema " + s.env.Database + ".mine",
		"show columns from table " + s.env.Database + ".mine.t",
		"show table mine.t",
		"show view mine.late",
	} {
		if rows := s.run(sql); len(rows) == 0 {
			t.Errorf("%s: no rows", sql)
		}
	}
}
