package wire

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// actor is a session of a test of several, which runs statements in turn.
type actor struct {
	tb       testing.TB
	c        *pgconn.PgConn
	extended bool
}

func (s *testServer) actor(tb testing.TB, extended bool) *actor {
	tb.Helper()
	return &actor{tb, s.connect(tb), extended}
}

// run runs one statement and answers its rows and command tag, or its error with the detail.
func (a *actor) run(sql string) string {
	var lines []string
	result := &pgconn.Result{}
	if a.extended {
		result = a.c.ExecParams(a.tb.Context(), sql, nil, nil, nil, nil).Read()
	} else if results, err := a.c.Exec(a.tb.Context(), sql).ReadAll(); err != nil {
		result.Err = err
	} else {
		result = results[0]
	}
	for _, row := range result.Rows {
		lines = append(lines, strings.TrimSuffix(string(join(row)), "|"))
	}
	if result.Err != nil {
		pe := errorOf(a.tb, result.Err)
		return strings.TrimSpace(pe.Code + " " + pe.Message + " " + pe.Detail)
	}
	return strings.Join(append(lines, result.CommandTag.String()), " ")
}

// must runs statements that succeed.
func (a *actor) must(sqls ...string) {
	a.tb.Helper()
	for _, sql := range sqls {
		if got := a.run(sql); a.c.TxStatus() == 'E' || len(got) > 5 && strings.Trim(got[:5], "0123456789XP") == "" {
			a.tb.Fatalf("%s: %s", sql, got)
		}
	}
}

func (a *actor) check(sql, want string) {
	a.tb.Helper()
	if got := a.run(sql); got != want {
		a.tb.Errorf("%s:\n got %s\nwant %s", sql, got, want)
	}
}

// blocked runs a statement and answers once it waits for a lock.
func (a *actor) blocked(s *testServer, sql string) (result chan string) {
	a.tb.Helper()
	result = make(chan string, 1)
	go func() { result <- a.run(sql) }()
	watch, err := postgres.Connect(a.tb.Context(), postgres.Superuser(), s.database, nil)
	if err != nil {
		a.tb.Fatal(err)
	}
	defer func() { _ = watch.Close(context.WithoutCancel(a.tb.Context())) }()
	waiting := fmt.Sprintf("select count(*) from pg_stat_activity where pid = %d and wait_event_type = 'Lock'", a.c.PID())
	for {
		select {
		case got := <-result:
			a.tb.Fatalf("%s did not wait: %s", sql, got)
		default:
		}
		switch got := run(a.tb, watch, waiting); got {
		case "1\nSELECT 1\nI":
			return result
		case "0\nSELECT 1\nI":
		default:
			a.tb.Fatal(got)
		}
	}
}

func bothProtocols(t *testing.T, f func(t *testing.T, extended bool)) {
	t.Helper()
	for _, extended := range []bool{false, true} {
		t.Run(map[bool]string{false: "simple", true: "extended"}[extended], func(t *testing.T) {
			t.Parallel()
			f(t, extended)
		})
	}
}

// One transaction at a time writes a table, whatever its rows; the next one goes on when it has ended, without an error.
// Readers do not wait.
//
//standin:imitates transactions: one writer per table at a time | DG c_write_readwrite
func TestOneWriter(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := start(t, nil, "create table w (n int); insert into w values (1), (2); create table other (n int); insert into other values (3); create table v (n int, s super); insert into v values (1)")
		first, second, reader := s.actor(t, extended), s.actor(t, extended), s.actor(t, extended)
		for _, tt := range []struct{ write, want, rows string }{
			{"insert into w values (5)", "INSERT 0 1", "1 2 5 100"},
			{"update w set n = n + 1 where n = 100", "UPDATE 1", "1 2 101"},
			{"delete from w where n = 100", "DELETE 1", "1 2"},
			{"merge into w using other on w.n = 97 + other.n when matched then update set n = 0 when not matched then insert values (7)", "MERGE 1", "0 1 2"},
		} {
			first.must("begin", "insert into w values (100)")
			result := second.blocked(s, tt.write)
			reader.check("select count(*) from w", "2 SELECT 1")
			first.must("commit")
			// What it waited for it sees.
			if got := <-result; got != tt.want {
				t.Errorf("%s: %s", tt.write, got)
			}
			reader.check("select n from w order by 1", tt.rows+fmt.Sprintf(" SELECT %d", len(strings.Fields(tt.rows))))
			reader.must("truncate w", "insert into w values (1)", "insert into w values (2)")
			// It does not wait for one that was rolled back, nor within its own transaction.
			first.must("begin", "insert into w values (100)", "update w set n = 1", "rollback")
		}
		// To look for SUPER columns takes a snapshot: not before the wait.
		first.must("begin", "update v set s = 'b', n = n + 1")
		result := second.blocked(s, "update v set s = 'c', n = n + 1")
		first.must("commit")
		if got := <-result; got != "UPDATE 1" {
			t.Errorf("an update with a literal: %s", got)
		}
		reader.check("select n, s from v", `3|"c" SELECT 1`)
	})
}

// One who may only insert waits like the others, and is told what it may not do as before.
func TestOneWriterWithoutPrivileges(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := start(t, nil, "create table ins (n int); grant insert on ins to plain; create table none (n int)")
		c, err := pgconn.Connect(t.Context(), s.dsn("plain", "pl'ain", ""))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
		first, second := s.actor(t, extended), &actor{t, c, extended}
		for _, begin := range []bool{false, true} {
			first.must("begin", "insert into ins values (1)")
			if begin {
				second.must("begin")
			}
			result := second.blocked(s, "insert into ins values (2)")
			first.must("rollback")
			if got := <-result; got != "INSERT 0 1" {
				t.Error(got)
			}
			if begin {
				second.must("commit")
			}
		}
		first.check("select count(*) from ins", "2 SELECT 1")
		second.check("update ins set n = 1", "42501 permission denied for table ins")
		second.check("insert into none values (1)", "42501 permission denied for table none")
		second.check("insert into nowhere values (1)", `42P01 relation "nowhere" does not exist`)
	})
}

// LOCK keeps readers away as well.
//
//standin:imitates transactions: LOCK is access exclusive | DG r_LOCK
func TestLock(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "create table l (n int)")
	first, second := s.actor(t, false), s.actor(t, false)
	first.must("begin", "lock l")
	result := second.blocked(s, "select count(*) from l")
	first.must("insert into l values (1)", "commit")
	if got := <-result; got != "1 SELECT 1" && got != "0 SELECT 1" {
		t.Error(got)
	}
	first.check("lock l", "25P01 LOCK TABLE can only be used in transaction blocks")
}

// The snapshot is taken by the first statement that reads, writes or defines something, not by BEGIN, SET, SHOW or LOCK.
//
//standin:imitates transactions: snapshot at the first statement, not at BEGIN or LOCK | DG c_serial_isolation
func TestSnapshotBegins(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := start(t, nil, "create table seen (n int); create table snap (n int); create table gone (n int); create table col (a int, b int)")
		first, second := s.actor(t, extended), s.actor(t, extended)
		for _, tt := range []struct {
			sql   string
			takes bool
		}{
			{"set search_path to public", false},
			{"show search_path", false},
			{"lock snap", false},
			{"select 1 from snap", true},
			{"insert into snap values (1)", true},
			{"update snap set n = 2", true},
			{"delete from snap", true},
			{"create table made (n int)", true},
			{"drop table gone", true},
			{"alter table col add column c int", true},
			{"alter table col drop column b", true},
		} {
			first.must("truncate seen", "begin", tt.sql)
			second.must("insert into seen values (1)")
			want := "1 SELECT 1"
			if tt.takes {
				want = "0 SELECT 1"
			}
			if got := first.run("select count(*) from seen"); got != want {
				t.Errorf("after %s: %s, want %s", tt.sql, got, want)
			}
			first.must("rollback")
		}
	})
}

const violation = "XX000 1023 Serializable isolation violation on table in Redshift"

// Under SNAPSHOT only writers of one row are in conflict: two that each read what the other writes both commit.
//
//standin:imitates transactions: SNAPSHOT isolation | DG c_serial_isolation
//standin:imitates unkindness 4: SNAPSHOT isolation, error 1023 for writers of one row | DG c_serial_isolation
func TestSnapshotIsolation(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := start(t, nil, "create table sa (n int); create table sb (n int); insert into sa values (1), (2); insert into sb values (1)")
		first, second := s.actor(t, extended), s.actor(t, extended)
		first.must("begin", "select * from sa", "insert into sb select count(*) from sa")
		second.must("begin", "select * from sb", "insert into sa select count(*) from sb", "commit")
		first.must("commit")
		// Other rows of one table, by turns.
		first.must("begin", "select * from sa")
		second.must("update sa set n = 20 where n = 2")
		first.must("update sa set n = 10 where n = 1", "commit")
		// One row.
		first.must("begin", "select * from sa")
		second.must("update sa set n = 11 where n = 10")
		first.check("update sa set n = 12 where n = 10", violation)
		first.check("select 1", "25P02 current transaction is aborted, commands ignored until end of transaction block")
		first.must("rollback")
		first.check("select count(*) from sa where n = 11", "2 SELECT 1")
	})
}

// Under SERIALIZABLE transactions that read and write the same tables across each other cannot both commit, whatever rows
// they touch.
//
//standin:imitates transactions: SERIALIZABLE isolation, error 1023 | DG c_serial_isolation
//standin:imitates unkindness 4: SERIALIZABLE isolation, error 1023 for tables in a cycle | DG c_serial_isolation
func TestSerializableIsolation(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := start(t, nil, "create table ra (n int); create table rb (n int); insert into ra values (1), (2); insert into rb values (1)")
		admin := s.actor(t, false)
		admin.must("alter database " + s.database + " isolation level serializable")
		first, second := s.actor(t, extended), s.actor(t, extended)
		// Each reads the table that the other writes.
		first.must("begin", "select * from ra where n = 1", "insert into rb values (5)")
		second.must("begin", "select * from rb where n = 1", "insert into ra values (5)", "commit")
		got := first.run("commit")
		if got != violation {
			t.Errorf("a cycle: %s", got)
		}
		// Both read and write one table, other rows each.
		first.must("begin", "select * from rb")
		second.must("begin", "select * from rb", "update rb set n = 9 where n = 1", "commit")
		if got = first.run("insert into rb values (6)"); got == "INSERT 0 1" {
			got = first.run("commit")
		} else {
			first.must("rollback")
		}
		if got != violation {
			t.Errorf("one table: %s", got)
		}
		// Without a cycle both commit: one writes what the other reads, and no more.
		first.must("begin", "select * from ra")
		second.must("insert into ra values (7)")
		first.must("insert into rb values (7)", "commit")
		// Back to the default.
		admin.must("alter database " + s.database + " isolation level snapshot")
		third := s.actor(t, extended)
		third.must("begin", "select * from ra where n = 1", "insert into rb values (5)")
		second.must("begin", "select * from rb where n = 1")
		s.actor(t, extended).must("insert into ra values (5)")
		third.must("commit")
		second.must("rollback")
	})
}

// A relation that was made, or given its name, after the snapshot does not exist for the transaction.
//
//standin:imitates transactions: error 1018 for a relation made after the snapshot | DG c_serial_isolation
func TestRelationAfterSnapshot(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, extended bool) {
		t.Helper()
		s := start(t, nil, `create table early (n int); create table swap_new (n int); create table swap (n int)`)
		first, second := s.actor(t, extended), s.actor(t, extended)
		const missing = "XX000 1018 Relation does not exist"
		for _, sql := range []string{"select * from late", "insert into late values (1)", "select 1 from early, late", "update early set n = 1 from public.late", `delete from "late"`} {
			first.must("begin", "select * from early")
			second.must("create table late (n int)")
			first.check(sql, missing)
			first.check("select 1", "25P02 current transaction is aborted, commands ignored until end of transaction block")
			first.must("rollback")
			// Known to the next transaction, also to one that was locked before its snapshot.
			first.must("begin", "lock late", "select * from late", "commit")
			second.must("drop table late")
		}
		first.must("begin", "select * from early")
		second.must("begin", "alter table swap rename to swap_old", "alter table swap_new rename to swap", "commit")
		first.check("select * from swap", missing)
		first.must("rollback")
		// Its own are there.
		first.must("begin", "select * from early", "create table own (n int)", "insert into own values (1)", "alter table own rename to own2")
		first.check("select * from own2", "1 SELECT 1")
		first.must("with w as (select 1 as a) select a from w", "rollback")
	})
}

//standin:imitates transactions: a deadlock is found and answered as an error | DG c_write_readwrite
func TestDeadlock(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "create table da (n int); create table db (n int)")
	first, second := s.actor(t, false), s.actor(t, false)
	first.must("begin", "insert into da values (1)")
	second.must("begin", "insert into db values (1)")
	result := first.blocked(s, "insert into db values (2)")
	got := []string{second.run("insert into da values (2)"), ""}
	if got[0] != "INSERT 0 1" {
		second.must("rollback")
	}
	got[1] = <-result
	if all := strings.Join(got, "; "); strings.Count(all, "40P01 deadlock detected") != 1 || strings.Count(all, "INSERT 0 1") != 1 {
		t.Error(all)
	}
}
