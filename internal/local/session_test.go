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
