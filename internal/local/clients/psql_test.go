//go:build clients

package clients

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update_psql", false, "rewrite testdata/psql.golden from what psql prints now")

// TestPsql runs psql's backslash commands, as a person would type them. They read the catalogs with queries of psql's own,
// which differ between the servers' versions that it knows: to it this is an 8.0.2.
//
//standin:imitates clients: psql, its backslash commands | psql 15
//standin:refuses clients: psql's \\copy, COPY FROM STDIN | DG r_COPY
func TestPsql(t *testing.T) {
	t.Parallel()
	script := filepath.Join("testdata", "psql.sql")
	u, err := url.Parse(standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "create database psql", "psql", "-X", "-q", u.String())
	u.Path = "/psql"
	if version := run(t, "", "psql", "--version"); !strings.Contains(version, "(PostgreSQL) 15.") {
		t.Fatalf("the golden file is that of psql 15, this is %s", version)
	}
	got := run(t, "", "psql", "-X", "-a", "-f", script, u.String())
	// What differs from run to run: ports, numbers of tables, and the cipher.
	for pattern, text := range map[string]string{`at port "\d+"`: `at port "PORT"`, `identity"\(\d+,`: `identity"(TABLE,`, `\(protocol: .*\)`: `(PROTOCOL)`} {
		got = regexp.MustCompile(pattern).ReplaceAllString(got, text)
	}
	golden := filepath.Join("testdata", "psql.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
