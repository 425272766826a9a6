package clients

import (
	"context"
	"log"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/sealift/sealift/internal/local"
)

var standin *local.Server

func TestMain(m *testing.M) {
	if err := local.Main(m, &standin); err != nil {
		log.Fatal(err)
	}
}

// want is what every driver prints: the server, a row of each type, a prepared statement run twice, a large result, an
// error and that the session survives it, a transaction undone and one kept, and a statement that was cancelled.
const want = `server 8.0.2 Redshift
types 32767 2147483647 9223372036854775807 12.340 0.5 2.25 true 2024-02-29 2024-02-29 12:34:56.789 [ab ] [héllo 'q" \ z] null
prepared 42 héllo
prepared 43 null
rows 262144 34359869440
error 42P01
alive 1
rollback 0
commit 2
cancelled 57014
`

const (
	typesQuery = `select 32767::smallint, 2147483647::int, 9223372036854775807::bigint, 12.34::decimal(8,3), 0.5::real, 2.25::float, true,
		'2024-02-29'::date, '2024-02-29 12:34:56.789'::timestamp, 'ab'::char(3), 'héllo ''q" \\ z'::varchar(20), null::int`
	// longQuery would run for hours.
	longQuery = `select count(*) from numbers a, numbers b, numbers c`
)

// prepare makes the table that the large result and the long query read: the numbers 1 to 262144.
func prepare(t *testing.T, schema string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	statements := []string{"create schema " + schema, "set search_path to " + schema, "create table numbers (n int)", "insert into numbers values (1)"}
	for n := 1; n < 262144; n *= 2 {
		statements = append(statements, "insert into numbers select n + (select max(n) from numbers) from numbers")
	}
	for _, sql := range statements {
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return conn
}

// check compares what a driver printed, and asks the stand-in whether it kept the statements: the one that was cancelled
// as cancelled.
func check(t *testing.T, conn *pgx.Conn, schema, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	query := "select count(*) from stl_query where querytxt like '%from numbers a, numbers b%' and querytxt like '%" + schema + "%' and querytxt not like '%stl_query%' and aborted = 1"
	// Some drivers tell the server after they have told their caller.
	for deadline := time.Now().Add(10 * time.Second); ; {
		results, err := conn.PgConn().Exec(t.Context(), query).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if text := string(results[0].Rows[0][0]); text == "1" {
			return
		} else if time.Now().After(deadline) {
			t.Errorf("%s: %s cancelled statements in stl_query, want 1", schema, text)
			return
		}
	}
}

// run runs somebody else's program against the stand-in and answers what it printed, errors included.
func run(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	cmd := command(t, stdin, name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// command is what run runs.
func command(t *testing.T, stdin, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "PGSSLROOTCERT="+standin.Var("PGSSLROOTCERT"), "PGCLIENTENCODING=UTF8", "PAGER=cat")
	cmd.Stdin = strings.NewReader(stdin)
	return cmd
}
