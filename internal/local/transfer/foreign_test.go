package transfer

import (
	"bytes"
	"encoding/csv"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pipe runs a command that is not ours.
func pipe(tb testing.TB, in string, name string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Stdin = strings.NewReader(in)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s %v: %v\n%s", name, args, err, said.String())
	}
	return string(out)
}

// awkward is a table with what text formats have to quote or escape.
const awkward = `CREATE TABLE hostile (i int, a varchar(99), b varchar(99), d numeric(9,3), f double precision);
	INSERT INTO hostile VALUES (1, 'plain', 'é😀', 1.5, 0.1), (2, 'with "quotes" and, commas', E'two\nlines', -2.125, 1e300),
		(3, NULL, '', NULL, NULL), (4, E'tab\there \\ there', E'cr\rlf\n', 0, -0.5), (5, ' blanks ', '|', 999999.999, 1e-7)`

// The gzip, bzip2 and zstd commands read what UNLOAD writes, and COPY reads what they write, several members in one file
// too.
//
//standin:imitates UNLOAD: GZIP, BZIP2, ZSTD | DG r_UNLOAD
//standin:imitates COPY: GZIP, BZIP2, ZSTD | DG copy-parameters-file-compression
func TestCompressionCommands(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql(`CREATE TABLE t AS SELECT i, repeat(md5(i::text), i % 7) AS x FROM generate_series(1, 40000) i; CREATE TABLE u (LIKE t)`)
	want := strings.Join(s.query("SELECT * FROM t ORDER BY i"), "\n") + "\n"
	for _, tt := range []struct{ option, key, command string }{
		{"GZIP", "000.gz", "gzip"},
		{"BZIP2", "000.bz2", "bzip2"},
		{"ZSTD", "000.zst", "zstd"},
	} {
		s.store.clear()
		s.must("UNLOAD ('select * from t order by i') TO 's3://b/x/'" + role + " PARALLEL OFF " + tt.option)
		s.must("UNLOAD ('select * from t where i < 0') TO 's3://b/none/'" + role + " PARALLEL OFF " + tt.option)
		if got := pipe(t, s.store.get(t, "s3://b/x/"+tt.key), tt.command, "-d", "-c"); got != want {
			t.Errorf("%s -d reads %d bytes, want %d", tt.command, len(got), len(want))
		}
		if got := pipe(t, s.store.get(t, "s3://b/none/"+tt.key), tt.command, "-d", "-c"); got != "" {
			t.Errorf("%s -d reads %q from an empty file", tt.command, got)
		}
		half := strings.Index(want, "\n20000|") + 1
		s.store.clear()
		s.store.put("s3://b/x/members", pipe(t, want[:half], tt.command, "-c", "-9")+pipe(t, want[half:], tt.command, "-c", "-1"))
		s.sql("TRUNCATE u")
		s.must("COPY u FROM 's3://b/x/'" + role + " " + tt.option)
		if got := strings.Join(s.query("SELECT * FROM u ORDER BY i"), "\n") + "\n"; got != want {
			t.Errorf("COPY of %s's file: %d bytes, want %d", tt.command, len(got), len(want))
		}
	}
}

// encoding/csv reads what UNLOAD writes, and COPY reads what it writes.
func TestForeignCSV(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql(awkward)
	s.must("UNLOAD ('select * from hostile order by i') TO 's3://b/x'" + role + " CSV HEADER NULL AS '<null>' PARALLEL OFF")
	records, err := csv.NewReader(strings.NewReader(s.text("x000"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"i", "a", "b", "d", "f"},
		{"1", "plain", "é😀", "1.500", "0.1"},
		{"2", `with "quotes" and, commas`, "two\nlines", "-2.125", "1e+300"},
		{"3", "<null>", "", "<null>", "<null>"},
		{"4", "tab\there \\ there", "cr\rlf\n", "0.000", "-0.5"},
		{"5", " blanks ", "|", "999999.999", "1e-07"},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("UNLOAD (-want +encoding/csv)\n%s", diff)
	}
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	if err := w.WriteAll(want); err != nil {
		t.Fatal(err)
	}
	s.store.put("s3://b/y", file.String())
	s.sql("CREATE TABLE u (LIKE hostile)")
	s.must("COPY u FROM 's3://b/y'" + role + " CSV IGNOREHEADER 1 NULL AS '<null>'")
	if diff := cmp.Diff(s.query("SELECT * FROM hostile ORDER BY i"), s.query("SELECT * FROM u ORDER BY i")); diff != "" {
		t.Errorf("COPY (-want +got)\n%s", diff)
	}
}

// jq reads what UNLOAD writes as JSON, and COPY reads what it writes.
func TestForeignJSON(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql(awkward + `; ALTER TABLE hostile ADD s super; UPDATE hostile SET s = '{"k":[1,null,"x"]}' WHERE i = 2`)
	s.must("UNLOAD ('select * from hostile order by i') TO 's3://b/x'" + role + " JSON PARALLEL OFF")
	got := pipe(t, s.text("x000"), "jq", "-c", "[.i, .a, .b, .d, .f, .s]")
	want := `[1,"plain","é😀",1.5,0.1,null]
[2,"with \"quotes\" and, commas","two\nlines",-2.125,1e+300,{"k":[1,null,"x"]}]
[3,null,"",null,null,null]
[4,"tab\there \\ there","cr\rlf\n",0,-0.5,null]
[5," blanks ","|",999999.999,1e-07,null]
`
	// Which zeros of a number jq keeps depends on its release.
	if got := strings.ReplaceAll(strings.ReplaceAll(got, "1.500", "1.5"), "0.000", "0"); got != want {
		t.Errorf("UNLOAD: %s", cmp.Diff(want, got))
	}
	s.store.put("s3://b/y", pipe(t, s.text("x000"), "jq", "-S", ".")) // over several lines, keys in another order
	s.sql("CREATE TABLE u (LIKE hostile)")
	s.must("COPY u FROM 's3://b/y'" + role + " JSON 'auto'")
	if diff := cmp.Diff(s.query("SELECT * FROM hostile ORDER BY i"), s.query("SELECT * FROM u ORDER BY i")); diff != "" {
		t.Errorf("COPY (-want +got)\n%s", diff)
	}
}
