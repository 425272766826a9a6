package local

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TRUNCATE and ALTER TABLE APPEND commit the transaction they are in, and all that came before them in it.
//
//standin:imitates unkindness 12: TRUNCATE and ALTER TABLE APPEND commit | DG r_TRUNCATE, DG r_ALTER_TABLE_APPEND
func TestUnkindCommits(t *testing.T) {
	t.Parallel()
	c := users(standin)
	c.source(t, "create table emptied (n int); create table moved (n int); create table moving (n int); create table before (what varchar(20)); insert into emptied values (1); insert into moving values (7)")
	c.source(t, "begin; insert into before values ('truncate'); truncate emptied; rollback")
	c.source(t, "begin; insert into before values ('insert'); rollback")
	if got := c.source(t, "select count(*) from emptied; select what from before order by 1"); got != "0\ntruncate\n" {
		t.Errorf("after TRUNCATE and ROLLBACK: %s", got)
	}
	// Redshift refuses ALTER TABLE APPEND inside a transaction block; by itself it is committed at once.
	if got := c.source(t, "alter table moved append from moving; select n from moved; select count(*) from moving"); got != "ALTER TABLE APPEND\n7\n0\n" && got != "ALTER TABLE\n7\n0\n" {
		t.Errorf("after ALTER TABLE APPEND: %s", got)
	}
}

// A transaction reads the catalogs as of its snapshot, where Redshift shows what others have committed since.
//
//standin:differs unkindness 5: catalogs within a transaction | they are read as of its snapshot | DG c_serial_isolation
func TestCatalogsWithinATransaction(t *testing.T) {
	t.Parallel()
	c := users(standin)
	c.source(t, "create table early (n int)")
	conn, err := pgconn.Connect(t.Context(), c.env("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	ask := func(sql string) string {
		t.Helper()
		results, err := conn.Exec(t.Context(), sql).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if rows := results[len(results)-1].Rows; len(rows) == 1 {
			return string(rows[0][0])
		}
		return ""
	}
	ask("begin; select count(*) from early")
	c.source(t, "create table late (n int)")
	const late = "select count(*) from svv_tables where table_name = 'late'"
	if n := ask(late); n != "0" {
		t.Errorf("within the transaction: %s; if it is 1, docs/standin.md and the directive must say so", n)
	}
	ask("rollback")
	if n := ask(late); n != "1" {
		t.Errorf("after the transaction: %s", n)
	}
}
