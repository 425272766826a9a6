package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

// sqlSession is one session of a test of several.
type sqlSession struct {
	tb testing.TB
	*pgconn.PgConn
}

// session connects to the source with more parameters in its URL.
func (c clients) session(tb testing.TB, more url.Values) sqlSession {
	tb.Helper()
	u, err := url.Parse(c.env("REDSHIFT_SOURCE_URL"))
	if err != nil {
		tb.Fatal(err)
	}
	values := u.Query()
	maps.Copy(values, more)
	u.RawQuery = values.Encode()
	conn, err := pgconn.Connect(tb.Context(), u.String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.WithoutCancel(tb.Context())) }) // a test may have cut it
	return sqlSession{tb, conn}
}

// run runs statements and answers the rows of the last, or the error's code.
func (s sqlSession) run(sql string) string {
	s.tb.Helper()
	results, err := s.Exec(s.tb.Context(), sql).ReadAll()
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pe.Code
	}
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, row := range results[len(results)-1].Rows {
		var values []string
		for _, v := range row {
			values = append(values, strings.TrimRight(string(v), " "))
		}
		lines = append(lines, strings.Join(values, "|"))
	}
	return strings.Join(lines, "\n")
}

func (s sqlSession) expect(sql, want string) {
	s.tb.Helper()
	if diff := cmp.Diff(want, s.run(sql)); diff != "" {
		s.tb.Errorf("%s (-want +got)\n%s", sql, diff)
	}
}

// A session whose client is cut off while it runs something goes on with it, and STV_SESSIONS shows it until then.
//
//standin:imitates unkindness 16: STV_SESSIONS shows a session that lingers after its client was cut off | DG r_STV_SESSIONS
func TestUnkindLingering(t *testing.T) {
	t.Parallel()
	c := users(standin)
	holder := c.session(t, nil)
	holder.expect("create table lingers (n int)", "")
	holder.expect("begin; insert into lingers values (1)", "")
	cmd := exec.CommandContext(t.Context(), "psql", "-X", c.env("REDSHIFT_SOURCE_URL"), "-c", "insert into lingers values (2)")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const waiting = " from pg_locks where not granted and relation = 'lingers'::regclass"
	c.waitFor(t, "select count(*)"+waiting, "1\n")
	pid := holder.run("select pid" + waiting)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	sessions := "select process from stv_sessions where process = " + pid
	holder.expect(sessions, pid)
	holder.expect("commit", "")
	c.waitFor(t, sessions, "")
	// It was not asked to end a transaction: what it ran commits by itself.
	holder.expect("select count(*) from lingers", "2")
}

//standin:imitates transactions: ALTER DATABASE ISOLATION LEVEL, STV_DB_ISOLATION_LEVEL | DG r_ALTER_DATABASE; DG c_serial_isolation
func TestIsolationLevel(t *testing.T) {
	t.Parallel()
	s := users(standin).session(t, nil)
	const level = "select isolation_level from stv_db_isolation_level where db_name = 'levels'"
	s.expect("create database levels", "")
	s.expect(level, "Snapshot Isolation")
	s.expect("alter database levels isolation level serializable", "")
	s.expect(level, "Serializable")
	s.expect("begin; alter database levels isolation level snapshot", "25001")
	s.expect("rollback; select 1; alter database levels isolation level snapshot", "25001")
	s.expect(level, "Serializable")
	s.expect("alter database levels isolation level snapshot", "")
	s.expect(level, "Snapshot Isolation")
	s.expect("alter database levels isolation level committed", "42601")
}

// The log that users read has every event of a connection, with what its client said of itself.
func TestConnectionLog(t *testing.T) {
	t.Parallel()
	c := users(standin)
	s, logged := c.session(t, nil), c.session(t, url.Values{"application_name": {"the-tool"}})
	pid := logged.run("select pg_backend_pid()")
	events := fmt.Sprintf("select event, username, authmethod, sslversion, application_name from stl_connection_log where pid = %s order by recordtime", pid)
	const said = "|awsuser|password|TLSv1.3|the-tool"
	s.expect(events, "initiating session"+said+"\nauthenticated"+said)
	if err := logged.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.waitFor(t, "select count(*) from stl_connection_log where event = 'disconnecting session' and duration > 0 and pid = "+pid, "1\n")
}

// Statements of one transaction have one number in the system tables, others another, and later ones a larger one.
//
//standin:imitates system tables: xid, transaction_id | DG r_STL_QUERY; DG SYS_QUERY_HISTORY
func TestTransactionsAreNumbered(t *testing.T) {
	t.Parallel()
	s := users(standin).session(t, nil)
	s.run("create table numbered (i int)")
	for _, sql := range []string{
		"select 'xid of one'", "begin", "insert into numbered values (1)", "select 'xid of two' from numbered", "select 'xid of three' from numbered", "commit",
		"select 'xid of four'",
	} {
		if code := s.run(sql); len(code) == 5 && code[0] != 'x' {
			t.Fatalf("%s: %s", sql, code)
		}
	}
	xid := func(which string) string {
		return s.run("select xid from stl_query where querytxt like 'select ''xid of " + which + "''%' and pid = pg_backend_pid()")
	}
	one, two, three, four := xid("one"), xid("two"), xid("three"), xid("four")
	if two != three || one == two || two == four || one == "0" || one == "" {
		t.Errorf("%s, %s = %s, %s", one, two, three, four)
	}
	s.expect("select count(*) from svl_statementtext where xid = "+two+" and pid = pg_backend_pid()", "5")
	s.expect("select count(distinct transaction_id) from sys_query_history where transaction_id in ("+one+","+two+","+four+")", "3")
	s.expect("select count(*) from sys_query_history where session_id = pg_backend_pid() and transaction_id < "+two+" and query_text like '%xid of four%'", "0")
}

// STV_SESSIONS shows the limit of a user's sessions.
func TestSessionTimeoutShown(t *testing.T) {
	t.Parallel()
	s := users(standin).session(t, nil)
	s.expect("create user timed_out password disable session timeout 120; select session_timeout from svv_user_info where user_name = 'timed_out'", "120")
	s.expect("alter user timed_out reset session timeout; select sessiontimeout from pg_user_info where usename = 'timed_out'", "0")
	s.expect("select timeout_sec from stv_sessions where process = pg_backend_pid()", "0")
}

// TestNodesOfSessions: what runs on one kind of node only is an error in each protocol, within a transaction, and in UNLOAD,
// with the notice that names the function.
func TestNodesOfSessions(t *testing.T) {
	t.Parallel()
	c := users(standin)
	const (
		leader  = "INFO:  Function \"current_schema(...)\" not supported.\nERROR:  Specified types or functions (one per INFO message) not supported on Redshift tables."
		compute = "ERROR:  One or more of the used functions must be applied on at least one user created table."
	)
	got := c.source(t, `create table noded (name varchar(20)); insert into noded values ('a'), ('b');
select current_schema(), name from noded;
select listagg(tablename, ',') from pg_tables;
select listagg(name, ',') within group (order by name) from noded;
begin; select current_schema() from noded;
select 1;
rollback;
unload ('select current_schema() from noded') to 's3://nowhere/' iam_role default;`)
	want := "CREATE TABLE\nINSERT 0 2\n" + leader + "\n" + compute + "\na,b\nBEGIN\n" + leader +
		"\nERROR:  current transaction is aborted, commands ignored until end of transaction block\nROLLBACK\n" +
		strings.TrimPrefix(leader, "INFO:  Function \"current_schema(...)\" not supported.\n") + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	s := c.session(t, nil)
	for _, begin := range []string{"", "begin"} {
		s.run(begin)
		result := s.ExecParams(t.Context(), "select name from noded where current_schema() = $1", [][]byte{[]byte("public")}, nil, nil, nil).Read()
		if pe, ok := errors.AsType[*pgconn.PgError](result.Err); !ok || pe.Code != "0A000" || !strings.HasPrefix(pe.Message, "Specified types") {
			t.Errorf("after %q: %v", begin, result.Err)
		}
		s.run("rollback")
		result = s.ExecParams(t.Context(), "select median(length(name)) from noded where name > $1", [][]byte{[]byte("")}, nil, nil, nil).Read()
		if result.Err != nil || len(result.Rows) != 1 {
			t.Errorf("after %q: %v", begin, result.Err)
		}
	}
}

// TestDatabaseWithoutCase: texts of tables in it go by CASE_INSENSITIVE unless their columns say otherwise.
//
//standin:imitates types: COLLATE CASE_INSENSITIVE of a database, for the columns of its tables | DG r_CREATE_DATABASE
//standin:imitates types: columns of different collations do not meet in comparisons, joins and UNION | DG r_CREATE_DATABASE
//standin:differs types: literals and texts of functions in a database with COLLATE CASE_INSENSITIVE | are compared with regard to case where no column is beside them; CONCAT and COALESCE take texts of different collations | DG r_CREATE_DATABASE
func TestDatabaseWithoutCase(t *testing.T) {
	t.Parallel()
	c := users(standin)
	s := c.session(t, nil)
	s.expect("create database caseless collate case_insensitive", "")
	s.expect("select db_collation()", "case_sensitive")
	s.expect("begin; create database caseless2 collate ci", "25001")
	s.run("rollback")
	u, err := url.Parse(c.env("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/caseless"
	s.PgConn, err = pgconn.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
	s.expect("select db_collation()", "case_insensitive")
	s.expect(`create table t (ci_col varchar(10), c char(3), cs_col varchar(10) collate case_sensitive, cint int);
		insert into t values ('John', 'A', 'John', 1), ('JOHN', 'a', 'JOHN', 2);
		select count(*) from t where ci_col = 'john' and c = 'a'`, "2")
	s.expect("select cint from t where cs_col = 'JOHN'", "2")
	s.expect("alter table t add column more varchar(5) default 'x'; select count(*) from t where more = 'X'", "2")
	s.expect("create table u as select ci_col, 'K'::varchar as lit from t; select count(*), count(distinct ci_col) from u where lit = 'k'", "2|1")
	s.expect("create temp table v (like t); insert into v select * from t; select count(*) from v where ci_col like 'jo%' and cs_col like 'JO%'", "1")
	s.expect("select ci_col into w from t; select count(distinct ci_col) from w", "1")
	s.expect(`select column_name, "collation" from svv_all_columns where table_name = 't' and schema_name = 'public' order by ordinal_position`,
		"ci_col|case_insensitive\nc|case_insensitive\ncs_col|case_sensitive\ncint|\nmore|case_insensitive")
	for _, sql := range []string{ // the manual's
		"select ci_col = cs_col from t", "select ci_col from t union select cs_col from t", "select * from t a, t b where a.ci_col = b.cs_col",
	} {
		s.expect(sql, "0A000")
	}
	// All system tables are case-sensitive.
	s.expect("select count(*) from pg_class where relname = 'T'", "0")
}
