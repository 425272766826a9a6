//go:build clients

package clients

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where Debian puts them. python3 by its path, as a python3 of another origin does not see Debian's packages.
const (
	python = "/usr/bin/python3"
	jdbc   = "/usr/share/java/postgresql.jar"
)

// TestPsycopg2: Python's driver, over libpq.
//
//standin:imitates clients: psycopg2 | psycopg2 2.9
func TestPsycopg2(t *testing.T) {
	t.Parallel()
	need(t, python, "python3-psycopg2")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import psycopg2").CombinedOutput(); err != nil {
		t.Fatalf("psycopg2 is missing: install python3-psycopg2, or run make clients\n%s", out)
	}
	conn := prepare(t, "psycopg2")
	check(t, conn, "psycopg2", output(t, python, "testdata/client.py", standin.Var("REDSHIFT_SOURCE_URL"), "psycopg2", typesQuery, longQuery))
}

// TestJDBC: PostgreSQL's JDBC driver. Redshift's own is a descendant of it.
//
//standin:imitates clients: PostgreSQL's JDBC driver | pgjdbc 42.5
func TestJDBC(t *testing.T) {
	t.Parallel()
	need(t, jdbc, "libpostgresql-jdbc-java")
	if _, err := exec.LookPath("javac"); err != nil {
		t.Fatal("a JDK is missing: install default-jdk-headless, or run make clients")
	}
	conn := prepare(t, "jdbc")
	u, err := url.Parse(standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	check(t, conn, "jdbc", output(t, "java", "-Dfile.encoding=UTF-8", "-cp", jdbc, "testdata/Client.java", u.Hostname(), u.Port(), u.User.Username(),
		password, standin.Var("PGSSLROOTCERT"), "jdbc", typesQuery, longQuery))
}

// TestODBC: psqlODBC prepares by the protocol and gives up what it prepared by SQL.
//
//standin:imitates clients: psqlODBC | psqlODBC 13
func TestODBC(t *testing.T) {
	t.Parallel()
	const driver = "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so"
	need(t, driver, "odbc-postgresql")
	need(t, "/usr/bin/isql", "unixodbc")
	u, err := url.Parse(standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	source := fmt.Sprintf("DRIVER=%s;SERVER=%s;PORT=%s;DATABASE=dev;UID=%s;PWD=%s;SSLMODE=require", driver, u.Hostname(), u.Port(), u.User.Username(), password)
	got := run(t, `create table odbc (a int, b varchar(10))
insert into odbc values (1, 'x')
select * from odbc
select 1 / 0
update odbc set b = 'y'
select b, '2024-02-29'::date from odbc
drop table odbc
select * from odbc
`, "/usr/bin/isql", "-v", "-b", "-k", "-d|", source)
	got = strings.TrimSpace(regexp.MustCompile(`(?m)^(\[ISQL\]|Error while).*\n`).ReplaceAllString(got, ""))
	if want := "1|x\n[22012]ERROR: division by zero;\ny|2024-02-29\n[42P01]ERROR: relation \"odbc\" does not exist;"; got != want {
		t.Errorf("isql: %q, want %q", got, want)
	}
}

// TestPerl: DBD::Pg asks an old server for the columns that the catalogs of its time had.
//
//standin:imitates clients: DBD::Pg, its catalogs | DBD::Pg 3.16
func TestPerl(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), "perl", "-MDBD::Pg", "-e1").CombinedOutput(); err != nil {
		t.Fatalf("DBD::Pg is missing: install libdbd-pg-perl, or run make clients\n%s", out)
	}
	u, err := url.Parse(standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	const want = `tables perl.t
columns id integer, n character varying(10), s super
statistics table
prepared string string
rolled back 2
`
	if diff := cmp.Diff(want, run(t, "", "perl", "testdata/client.pl", u.Hostname(), u.Port(), u.User.Username(), password)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// output is run without what the program says on stderr, where drivers warn of servers older than they know.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := command(t, "", name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, stderr.String())
	}
	return string(out)
}

func need(t *testing.T, file, debian string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%s is missing: install %s, or run make clients", file, debian)
	}
}
