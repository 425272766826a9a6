//go:build clients

package clients

import (
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
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
