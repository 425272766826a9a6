package transfer

import (
	"compress/bzip2"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/internal/local/dialect"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// text answers what an object holds, without its compression.
func (s *session) text(key string) string {
	s.tb.Helper()
	data := s.store.get(s.tb, "s3://b/"+key)
	switch filepath.Ext(key) {
	case ".gz":
		z, err := gzip.NewReader(strings.NewReader(data))
		if err != nil {
			s.tb.Fatal(err)
		}
		return readAll(s.tb, z)
	case ".bz2":
		return readAll(s.tb, bzip2.NewReader(strings.NewReader(data)))
	case ".zst":
		z, err := zstd.NewReader(strings.NewReader(data))
		if err != nil {
			s.tb.Fatal(err)
		}
		defer z.Close()
		return readAll(s.tb, z)
	}
	return data
}

const venues = `CREATE TABLE venue (venueid smallint, venuename varchar(40), venuecity varchar(30), venuestate char(2), venueseats int);
	INSERT INTO venue VALUES (1, 'Toyota Park', 'Bridgeview', 'IL', 0), (2, 'Columbus Crew Stadium', 'Columbus', 'OH', NULL),
		(3, 'RFK "Stadium", old', E'Washington|DC', 'DC', 45000), (4, NULL, '', NULL, -1), (5, E'back\\slash', E'two\nlines', 'NY', 7)`

// One row a slice, so that every file of a small table is known: what each option does to the text.
func TestUnloadText(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql(venues)
	const query = "select * from venue order by venueid"
	for _, tt := range []struct {
		options string
		key     string
		want    string
	}{
		{"", "0000_part_00", "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|\n3|RFK \"Stadium\", old|Washington|DC|DC|45000\n4||||-1\n5|back\\slash|two\nlines|NY|7\n"},
		{"HEADER DELIMITER '^'", "0000_part_00", "venueid^venuename^venuecity^venuestate^venueseats\n1^Toyota Park^Bridgeview^IL^0\n2^Columbus Crew Stadium^Columbus^OH^\n3^RFK \"Stadium\", old^Washington|DC^DC^45000\n4^^^^-1\n5^back\\slash^two\nlines^NY^7\n"},
		{"ESCAPE NULL AS '\\N'", "0000_part_00", "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|\\N\n3|RFK \"Stadium\", old|Washington\\|DC|DC|45000\n4|\\\\N||\\\\N|-1\n5|back\\\\slash|two\\\nlines|NY|7\n"},
		{"ADDQUOTES HEADER", "0000_part_00", "\"venueid\"|\"venuename\"|\"venuecity\"|\"venuestate\"|\"venueseats\"\n\"1\"|\"Toyota Park\"|\"Bridgeview\"|\"IL\"|\"0\"\n\"2\"|\"Columbus Crew Stadium\"|\"Columbus\"|\"OH\"|\"\"\n\"3\"|\"RFK \"Stadium\", old\"|\"Washington|DC\"|\"DC\"|\"45000\"\n\"4\"|\"\"|\"\"|\"\"|\"-1\"\n\"5\"|\"back\\slash\"|\"two\nlines\"|\"NY\"|\"7\"\n"},
		{"ADDQUOTES ESCAPE NULL AS 'it''s'", "0000_part_00", "\"1\"|\"Toyota Park\"|\"Bridgeview\"|\"IL\"|\"0\"\n\"2\"|\"Columbus Crew Stadium\"|\"Columbus\"|\"OH\"|\"it's\"\n\"3\"|\"RFK \\\"Stadium\\\", old\"|\"Washington\\|DC\"|\"DC\"|\"45000\"\n\"4\"|\"it\\'s\"|\"\"|\"it\\'s\"|\"-1\"\n\"5\"|\"back\\\\slash\"|\"two\\\nlines\"|\"NY\"|\"7\"\n"},
		{"CSV HEADER GZIP", "0000_part_00.gz", "venueid,venuename,venuecity,venuestate,venueseats\n1,Toyota Park,Bridgeview,IL,0\n2,Columbus Crew Stadium,Columbus,OH,\n3,\"RFK \"\"Stadium\"\", old\",Washington|DC,DC,45000\n4,,,,-1\n5,back\\slash,\"two\nlines\",NY,7\n"},
		{"CSV DELIMITER '|' NULL AS 'a|b' ZSTD", "0000_part_00.zst", "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|\"a|b\"\n3|\"RFK \"\"Stadium\"\", old\"|\"Washington|DC\"|DC|45000\n4|\"a|b\"||\"a|b\"|-1\n5|back\\slash|\"two\nlines\"|NY|7\n"},
		{"JSON", "0000_part_00", `{"venueid":1,"venuename":"Toyota Park","venuecity":"Bridgeview","venuestate":"IL","venueseats":0}` + "\n" +
			`{"venueid":2,"venuename":"Columbus Crew Stadium","venuecity":"Columbus","venuestate":"OH","venueseats":null}` + "\n" +
			`{"venueid":3,"venuename":"RFK \"Stadium\", old","venuecity":"Washington|DC","venuestate":"DC","venueseats":45000}` + "\n" +
			`{"venueid":4,"venuename":null,"venuecity":"","venuestate":null,"venueseats":-1}` + "\n" +
			`{"venueid":5,"venuename":"back\\slash","venuecity":"two\nlines","venuestate":"NY","venueseats":7}` + "\n"},
		{"FIXEDWIDTH 'id:3,name:22,city:14,state:2,seats:6'", "0000_part_00", "1  Toyota Park           Bridgeview    IL0     \n2  Columbus Crew Stadium Columbus      OH      \n3  RFK \"Stadium\", old    Washington|DC DC45000 \n4                                        -1    \n5  back\\slash            two\nlines     NY7     \n"},
		{"FIXEDWIDTH 'id:3,name:22,city:14,state:2,seats:6' NULL AS 'NA'", "0000_part_00", "1  Toyota Park           Bridgeview    IL0     \n2  Columbus Crew Stadium Columbus      OHNA    \n3  RFK \"Stadium\", old    Washington|DC DC45000 \n4  NA                                  NA-1    \n5  back\\slash            two\nlines     NY7     \n"},
		{"PARALLEL OFF", "000", "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|\n3|RFK \"Stadium\", old|Washington|DC|DC|45000\n4||||-1\n5|back\\slash|two\nlines|NY|7\n"},
		{"PARALLEL OFF GZIP EXTENSION 'txt.gz'", "000.txt.gz", "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|\n3|RFK \"Stadium\", old|Washington|DC|DC|45000\n4||||-1\n5|back\\slash|two\nlines|NY|7\n"},
	} {
		s.store.clear()
		r := s.must("UNLOAD ('" + query + "') TO 's3://b/v_'" + role + " " + tt.options)
		if r.Tag != "UNLOAD" || r.Rows != 5 {
			t.Errorf("%s: tag %s, %d rows", tt.options, r.Tag, r.Rows)
		}
		if diff := cmp.Diff([]string{"v_" + tt.key}, s.store.keys()); diff != "" {
			t.Errorf("%s: %s", tt.options, diff)
			continue
		}
		if diff := cmp.Diff(tt.want, s.text("v_"+tt.key)); diff != "" {
			t.Errorf("%s: %s", tt.options, diff)
		}
	}
}

// Every type as text (Redshift manual's own examples, and what clients' parsers expect).
//
//standin:imitates UNLOAD: text of every type | DG r_UNLOAD_command_examples
func TestUnloadTypes(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	// PostgreSQL's session shows dates another way; UNLOAD does not care, and the session keeps its ways.
	s.sql("SET DateStyle TO 'German'; SET IntervalStyle TO 'iso_8601'; SET TimeZone TO 'America/New_York'")
	s.sql(`CREATE TABLE v (i2 smallint, i4 int, i8 bigint, d numeric(8,2), r real, f float8, b boolean, c char(4), v varchar(10), dt date, t time, tz timetz,
		ts timestamp, tstz timestamptz, s super, vb varbyte(3))`)
	s.sql(`INSERT INTO v VALUES
		(-32768, 2147483647, 9223372036854775807, 363, 1.5, 0.1, true, 'ab', 'é', '2008-06-01', '10:11:12.5', '10:11:12+02', '2008-06-01 09:59:59', '2008-06-01 10:00:00.120+00', '{"a":1}', from_hex('00ff')),
		(0, 0, 0, -0.5, 'nan', '-inf', false, '', '', '0044-03-15 BC', '00:00', '00:00+00', '2008-06-01 09:59:59.000001', '12345-01-01 00:00+00', '"x"', from_hex('')),
		(NULL, NULL, NULL, NULL, 'inf', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
	s.must("UNLOAD ('select * from v') TO 's3://b/v_'" + role + " NULL AS '@' PARALLEL OFF")
	want := `-32768|2147483647|9223372036854775807|363.00|1.5|0.1|t|ab|é|2008-06-01|10:11:12.5|10:11:12+02|2008-06-01 09:59:59|2008-06-01 06:00:00.12-04|{"a":1}|00ff
0|0|0|-0.50|nan|-inf|f|||0044-03-15 BC|00:00:00|00:00:00+00|2008-06-01 09:59:59.000001|12344-12-31 19:00:00-05|"x"|
@|@|@|@|inf|@|@|@|@|@|@|@|@|@|null|@
`
	if diff := cmp.Diff(want, s.text("v_000")); diff != "" {
		t.Error(diff)
	}
	if got := s.query("SHOW DateStyle")[0] + s.query("SHOW IntervalStyle")[0]; got != "German, DMYiso_8601" {
		t.Errorf("the session's settings are %s after UNLOAD", got)
	}
	s.must("UNLOAD ('select * from v') TO 's3://b/j_'" + role + " JSON PARALLEL OFF")
	wantJSON := `{"i2":-32768,"i4":2147483647,"i8":9223372036854775807,"d":363.00,"r":1.5,"f":0.1,"b":"t","c":"ab","v":"é","dt":"2008-06-01","t":"10:11:12.5","tz":"10:11:12+02","ts":"2008-06-01 09:59:59","tstz":"2008-06-01 06:00:00.12-04","s":{"a":1},"vb":"00ff"}
{"i2":0,"i4":0,"i8":0,"d":-0.50,"r":"nan","f":"-inf","b":"f","c":"","v":"","dt":"0044-03-15 BC","t":"00:00:00","tz":"00:00:00+00","ts":"2008-06-01 09:59:59.000001","tstz":"12344-12-31 19:00:00-05","s":"x","vb":""}
{"i2":null,"i4":null,"i8":null,"d":null,"r":"inf","f":null,"b":null,"c":null,"v":null,"dt":null,"t":null,"tz":null,"ts":null,"tstz":null,"s":null,"vb":null}
`
	if diff := cmp.Diff(wantJSON, s.text("j_000")); diff != "" {
		t.Error(diff)
	}
	for line := range strings.Lines(wantJSON) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

//standin:imitates UNLOAD: a file for each slice, ORDER BY | DG r_UNLOAD
func TestUnloadSlices(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.must("UNLOAD ('select * from generate_series(1, 10)') TO 's3://b/p/x'" + role)
	want := []string{"p/x0000_part_00", "p/x0001_part_00", "p/x0002_part_00", "p/x0003_part_00"}
	if diff := cmp.Diff(want, s.store.keys()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1\n5\n6\n", "2\n7\n8\n", "3\n9\n10\n", "4\n"}, []string{s.text(want[0]), s.text(want[1]), s.text(want[2]), s.text(want[3])}); diff != "" {
		t.Error(diff)
	}
	s.store.clear()
	s.must("UNLOAD ('select * from generate_series(1, 2)') TO 's3://b/'" + role + " ZSTD")
	if diff := cmp.Diff([]string{"0000_part_00.zst", "0001_part_00.zst"}, s.store.keys()); diff != "" {
		t.Error(diff)
	}
	// With PARALLEL OFF the order of the query is the order of the file.
	s.store.clear()
	s.must("UNLOAD ('select i from generate_series(1, 50000) i order by i desc') TO 's3://b/'" + role + " PARALLEL OFF")
	lines := strings.Split(strings.TrimSuffix(s.text("000"), "\n"), "\n")
	for i, line := range lines {
		if line != fmt.Sprint(50000-i) {
			t.Fatalf("line %d is %s", i, line)
		}
	}
}

// An UNLOAD of no rows leaves one empty file in the text formats, none for JSON and Parquet.
//
//standin:imitates UNLOAD: no rows | DG r_UNLOAD
func TestUnloadNothing(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	for _, tt := range []struct {
		options string
		want    []string
	}{
		{"", []string{"0000_part_00"}},
		{"CSV GZIP MANIFEST", []string{"0000_part_00.gz", "manifest"}},
		{"PARALLEL OFF HEADER", []string{"000"}},
		{"JSON", nil},
		{"JSON MANIFEST", []string{"manifest"}},
		{"FORMAT PARQUET", nil},
		{"PARTITION BY (a)", nil},
	} {
		s.store.clear()
		r := s.must("UNLOAD ('select 1 as a, 2 as b where false') TO 's3://b/'" + role + " " + tt.options)
		if diff := cmp.Diff([]string{"UNLOAD completed, 0 record(s) unloaded successfully."}, r.Notices); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(tt.want, s.store.keys()); diff != "" {
			t.Errorf("%s: %s", tt.options, diff)
		}
	}
	s.store.clear()
	s.must("UNLOAD ('select 1 as a where false') TO 's3://b/'" + role + " HEADER")
	if got := s.text("0000_part_00"); got != "a\n" {
		t.Errorf("got %q, want the header", got)
	}
}

func TestUnloadManifest(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 2
	s.sql(venues)
	s.must("UNLOAD ('select * from venue order by venueid') TO 's3://b/v_'" + role + " MANIFEST")
	golden(t, "manifest.json", s.text("v_manifest"))
	s.store.clear()
	s.must("UNLOAD ('select *, 1.5::numeric(10,4) as price from venue order by venueid') TO 's3://b/folder/'" + role + " MANIFEST VERBOSE HEADER CSV")
	golden(t, "manifest_verbose.json", s.text("folder/manifest"))
	// Redshift never writes "mandatory", so that COPY takes every file for optional.
	if strings.Contains(s.text("folder/manifest"), "mandatory") {
		t.Error("the manifest says mandatory")
	}
}

//standin:imitates UNLOAD: ENCRYPTED AUTO | DG t_unloading_encrypted_files
func TestUnloadEncryption(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	for _, tt := range []struct {
		options string
		want    Encryption
	}{
		{"", Encryption{}},
		{"KMS_KEY_ID 'alias/k' ENCRYPTED", Encryption{KMS: true, KMSKeyID: "alias/k"}},
		{"ENCRYPTED AUTO", Encryption{BucketDef: true}},
		{"FORMAT PARQUET KMS_KEY_ID 'k' ENCRYPTED", Encryption{KMS: true, KMSKeyID: "k"}},
	} {
		s.store.clear()
		s.must("UNLOAD ('select 1 as a') TO 's3://b/'" + role + " MANIFEST " + tt.options)
		if n := len(s.store.objects); n != 2 {
			t.Errorf("%s: %d objects", tt.options, n)
		}
		for key, o := range s.store.objects { // the manifest is encrypted as the data are
			if o.enc != tt.want {
				t.Errorf("%s: %s is encrypted as %+v", tt.options, key, o.enc)
			}
		}
	}
}

//standin:imitates UNLOAD: MAXFILESIZE | DG r_UNLOAD
func TestUnloadMaxFileSize(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql(`CREATE TABLE big AS SELECT i, repeat(md5(i::text), 33) AS t FROM generate_series(1, 25000) i`)
	for _, tt := range []struct {
		options string
		files   int
		last    string
	}{
		{"PARALLEL OFF MAXFILESIZE 5 MB", 6, "005"},
		{"PARALLEL OFF MAXFILESIZE AS 5 ZSTD", 0, ""},
		{"PARALLEL OFF MAXFILESIZE 5 MB BZIP2", 0, ""},
		{"MAXFILESIZE 6 MB HEADER", 8, "0003_part_01"},
		{"", 4, "0003_part_00"},
	} {
		s.store.clear()
		s.must("UNLOAD ('select * from big') TO 's3://b/'" + role + " MANIFEST VERBOSE " + tt.options)
		keys := s.store.keys()
		if tt.files > 0 && (len(keys) != tt.files+1 || keys[tt.files-1] != tt.last) {
			t.Errorf("%s: %v", tt.options, keys)
		}
		limit := 5 << 20
		if strings.Contains(tt.options, "6 MB") {
			limit = 6 << 20
		}
		for key, o := range s.store.objects {
			if tt.options != "" && len(o.data) > limit {
				t.Errorf("%s: %s has %d bytes", tt.options, key, len(o.data))
			}
		}
		var m manifest
		if err := json.Unmarshal([]byte(s.text("manifest")), &m); err != nil {
			t.Fatal(err)
		}
		var rows int64
		for _, e := range m.Entries {
			text := s.text(strings.TrimPrefix(e.URL, "s3://b/"))
			if n := int64(strings.Count(text, "\n")); n != *e.Meta.RecordCount {
				t.Errorf("%s: %s has %d lines, the manifest says %d", tt.options, e.URL, n, *e.Meta.RecordCount)
			}
			rows += *e.Meta.RecordCount
		}
		if strings.Contains(tt.options, "HEADER") {
			rows -= int64(len(m.Entries))
		}
		if rows != 25000 {
			t.Errorf("%s: %d rows", tt.options, rows)
		}
	}
}

//standin:imitates UNLOAD: PARTITION BY INCLUDE, NULL partitions | DG r_UNLOAD
func TestUnloadPartitions(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql(`CREATE TABLE p (id int, region varchar(20), y smallint); INSERT INTO p VALUES (1, 'eu', 2020), (2, 'us', 2020), (3, 'eu', 2021), (4, NULL, 2021), (5, 'a/b=c %', 2021), (6, '', NULL)`)
	s.must("UNLOAD ('select * from p order by id') TO 's3://b/out'" + role + " PARTITION BY (region, y) MANIFEST")
	want := map[string]string{
		"out/region=eu/y=2020/0000_part_00":                                               "1\n",
		"out/region=us/y=2020/0000_part_00":                                               "2\n",
		"out/region=eu/y=2021/0000_part_00":                                               "3\n",
		"out/region=__HIVE_DEFAULT_PARTITION__/y=2021/0000_part_00":                       "4\n",
		"out/region=a%2Fb%3Dc %25/y=2021/0000_part_00":                                    "5\n",
		"out/region=__HIVE_DEFAULT_PARTITION__/y=__HIVE_DEFAULT_PARTITION__/0000_part_00": "6\n",
	}
	got := map[string]string{}
	for _, key := range s.store.keys() {
		if key != "out/manifest" {
			got[key] = s.text(key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s.store.clear()
	s.must("UNLOAD ('select * from p order by id') TO 's3://b/out/'" + role + " PARTITION BY (y) INCLUDE")
	if diff := cmp.Diff("1|eu|2020\n2|us|2020\n", s.text("out/y=2020/0000_part_00")); diff != "" {
		t.Error(diff)
	}
	// More partitions than a slice keeps open: the rows of one go on in a further part.
	s.store.clear()
	s.must("UNLOAD ('select i % 100 as k, i from generate_series(1, 1000) i') TO 's3://b/many'" + role + " PARTITION BY (k)")
	lines := 0
	for _, key := range s.store.keys() {
		lines += strings.Count(s.text(key), "\n")
	}
	if lines != 1000 || len(s.store.keys()) < 100 {
		t.Errorf("%d lines in %d files", lines, len(s.store.keys()))
	}
	for _, tt := range []struct{ query, options, message string }{
		{"select 1 as a", "PARTITION BY (a)", "at least one column"},
		{"select 1 as a", "PARTITION BY (a) INCLUDE", "at least one column"},
		{"select 1 as a", "PARTITION BY (b)", `"b"`},
		{"select 1 as a, from_hex(''00'') as b", "PARTITION BY (b)", "varying"},
		{"select 1 as a, ''1''::super as b", "PARTITION BY (b)", "super"},
		{"select 1 as a, 1.5::float8 as b", "PARTITION BY (b)", "double precision"},
	} {
		if e := s.refused("UNLOAD ('" + tt.query + "') TO 's3://b/bad'" + role + " " + tt.options); !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s %s: %s", tt.query, tt.options, e.Message)
		}
	}
}

//standin:imitates UNLOAD: existing objects are an error, ALLOWOVERWRITE and CLEANPATH | DG r_UNLOAD
func TestUnloadExistingObjects(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	const unload = "UNLOAD ('select 1 as a') TO 's3://b/t1'" + role
	for _, tt := range []struct {
		key      string
		occupied bool
	}{
		{"t10000_part_00", true},
		{"t10003_part_12.gz", true},
		{"t1000", true},
		{"t1000.gz", true},
		{"t1manifest", true},
		{"t10_0000_part_00", false}, // of a sibling whose name goes on
		{"t1_0000_part_00", false},
		{"t1", false},
		{"t", false},
		{"t1.txt", false},
	} {
		s.store.clear()
		s.store.put("s3://b/"+tt.key, "old")
		if !tt.occupied {
			s.must(unload + " MANIFEST")
			continue
		}
		e := s.refused(unload)
		if e.Code != "XX000" || !strings.HasPrefix(e.Message, "Specified unload destination on S3 is not empty.") {
			t.Errorf("%s: %+v", tt.key, e)
		}
		if got := s.store.keys(); len(got) != 1 {
			t.Errorf("%s: files were written: %v", tt.key, got)
		}
	}
	// ALLOWOVERWRITE leaves what it does not write itself; CLEANPATH deletes everything under the path first.
	s.store.clear()
	s.store.put("s3://b/t10000_part_00", "old")
	s.store.put("s3://b/t10005_part_00", "old")
	s.store.put("s3://b/other", "old")
	s.must(unload + " ALLOWOVERWRITE")
	if diff := cmp.Diff([]string{"other", "t10000_part_00", "t10005_part_00"}, s.store.keys()); diff != "" {
		t.Error(diff)
	}
	if got := s.text("t10000_part_00"); got != "1\n" {
		t.Errorf("got %q", got)
	}
	s.must(unload + " CLEANPATH")
	if diff := cmp.Diff([]string{"other", "t10000_part_00"}, s.store.keys()); diff != "" {
		t.Error(diff)
	}
	// With partitions only those that are written are emptied.
	s.store.clear()
	s.store.put("s3://b/p/k=1/0007_part_00", "old")
	s.store.put("s3://b/p/k=2/0007_part_00", "old")
	s.must("UNLOAD ('select 1 as k, i from generate_series(1, 20) i') TO 's3://b/p'" + role + " PARTITION BY (k) CLEANPATH")
	if diff := cmp.Diff([]string{"p/k=1/0000_part_00", "p/k=1/0001_part_00", "p/k=1/0002_part_00", "p/k=1/0003_part_00", "p/k=2/0007_part_00"}, s.store.keys()); diff != "" {
		t.Error(diff)
	}
	if e := s.refused("UNLOAD ('select 1 as k, 2 as i') TO 's3://b/p'" + role + " PARTITION BY (k)"); !strings.Contains(e.Message, "not empty") {
		t.Error(e)
	}
}

//standin:imitates UNLOAD: types that do not go into a format | DG r_UNLOAD
func TestUnloadRefusesAtRunTime(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	for _, tt := range []struct{ query, options, code, message string }{
		{"select * from nowhere", "", "42P01", "nowhere"},
		{"select 1 as a, 2 as a", "JSON", "42701", "more than once"},
		{"select 1 as a, 2 as a", "FORMAT PARQUET", "42701", "more than once"},
		{"select from_hex(''00'') as a", "FORMAT PARQUET", "0A000", `"a"`},
		{"select round(1.5, 1) as a", "FORMAT PARQUET", "0A000", "cast it"},
		{"select from_hex(''00'') as a", "ADDQUOTES", "0A000", "varbyte"},
		{"select from_hex(''00'') as a", "FIXEDWIDTH 'a:4'", "0A000", "varbyte"},
		{"select 1 as a", "FIXEDWIDTH 'a:4,b:4'", "42601", "2 columns"},
		{"select 12345 as a", "FIXEDWIDTH 'a:4'", "XX000", `"a"`},
		{"select NULL::varchar as a", "FIXEDWIDTH 'a:1' NULL AS 'NA'", "XX000", `"a"`},
		{"select 1; select 2", "", "42601", "syntax error"},
		{"select 1/0 as a", "", "22012", "division by zero"},
	} {
		s.store.clear()
		e := s.refused("UNLOAD ('" + tt.query + "') TO 's3://b/'" + role + " " + tt.options)
		if e.Code != tt.code || !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s %s: got %s %s", tt.query, tt.options, e.Code, e.Message)
		}
		if s.conn.TxStatus() != 'I' {
			t.Fatalf("%s: transaction status %c", tt.query, s.conn.TxStatus())
		}
	}
	if e := s.refused("UNLOAD ('select 1') TO 's3://my-ap-abc-s3alias/x'" + role); e.Code != "0A000" {
		t.Error(e)
	}
	// A null string that is too wide for a number is left out.
	s.must("UNLOAD ('select NULL::int as a') TO 's3://b/ok'" + role + " FIXEDWIDTH 'a:1' NULL AS 'NA' PARALLEL OFF")
	if got := s.text("ok000"); got != " \n" {
		t.Errorf("got %q", got)
	}
}

//standin:imitates UNLOAD: errors of S3 and roles in Redshift's words | DG s3serviceexception-error
func TestUnloadAccess(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	for _, auth := range []string{
		"IAM_ROLE default", "IAM_ROLE 'arn:aws:iam::111111111111:role/a,arn:aws:iam::222222222222:role/b'",
		"ACCESS_KEY_ID 'id' SECRET_ACCESS_KEY 'secret' SESSION_TOKEN 'token'",
	} {
		s.must("UNLOAD ('select 1') TO 's3://b/' " + auth + " ALLOWOVERWRITE")
	}
	want := []string{"rdsdb:", "rdsdb:arn:aws:iam::111111111111:role/a,arn:aws:iam::222222222222:role/b", "id/secret/token"}
	if diff := cmp.Diff(want, s.access.asked); diff != "" {
		t.Error(diff)
	}
	// Regions: a bucket elsewhere needs REGION, and REGION must be right.
	s.store.regions["far"] = "us-east-1"
	e := s.refused("UNLOAD ('select 1') TO 's3://far/'" + role)
	if e.Code != "XX000" || !strings.HasPrefix(e.Message, "S3ServiceException:The bucket you are attempting to access must be addressed using the specified endpoint.") ||
		!strings.Contains(e.Message, "Status 301,Error PermanentRedirect") {
		t.Error(e.Message)
	}
	s.fails("UNLOAD ('select 1') TO 's3://far/'" + role + " REGION 'eu-central-1'")
	s.fails("UNLOAD ('select 1') TO 's3://b/x'" + role + " REGION 'us-east-1'")
	s.must("UNLOAD ('select 1') TO 's3://far/'" + role + " REGION AS 'us-east-1'")

	s.access.err = &dialect.Error{Code: "XX000", Message: "User x is not authorized to assume IAM Role y"}
	if e := s.refused("UNLOAD ('select 1') TO 's3://b/y'" + role); e.Message != "User x is not authorized to assume IAM Role y" {
		t.Error(e)
	}
}

var denied = &StoreError{Code: "AccessDenied", Status: 403, Message: "User: arn:aws:sts::111111111111:assumed-role/r/x is not authorized to perform: s3:PutObject", RequestID: "RID1"}

// Whatever S3 refuses, the statement fails with S3's words, and files that were complete stay.
func TestUnloadFailures(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"list", "create", "write", "commit"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			s.store.fail = func(o, _, key string) error {
				if o == op && (op == "list" || strings.Contains(key, "0002_part")) {
					return fmt.Errorf("put object: %w", denied)
				}
				return nil
			}
			e := s.refused("UNLOAD ('select i from generate_series(1, 100) i') TO 's3://b/'" + role + " MANIFEST")
			const want = "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid RID1,ExtRid RID1,CanRetry 1"
			if e.Code != "XX000" || e.Message != want {
				t.Errorf("got %s %s", e.Code, e.Message)
			}
			if !strings.Contains(e.Detail, "error:  "+want) || !strings.Contains(e.Detail, "context:   ") {
				t.Errorf("detail %s", e.Detail)
			}
			if s.store.open != 0 {
				t.Errorf("%d writers were not ended", s.store.open)
			}
			keys := s.store.keys()
			if op == "list" {
				if len(keys) > 0 {
					t.Errorf("files were written: %v", keys)
				}
				return
			}
			// The other slices write what they have, as on a cluster; the manifest is not there.
			for _, key := range keys {
				if key == "manifest" || key == "0002_part_00" {
					t.Errorf("%s is there", key)
				}
			}
			u := s.history.unloads[s.id]
			if u.Status != Failed || u.Error != want || len(u.Files) > len(keys) {
				t.Errorf("history %+v", u)
			}
			// The session goes on.
			s.store.fail = nil
			s.must("UNLOAD ('select 1') TO 's3://b/again'" + role)
		})
	}
}

// When the query fails on the way, the slices complete what they have: files are left behind, without a manifest.
func TestUnloadQueryFails(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	e := s.refused("UNLOAD ('select 1/(5000-i) from (select generate_series(1, 10000) as i) x') TO 's3://b/'" + role + " MANIFEST ZSTD")
	if e.Code != "22012" {
		t.Errorf("got %s %s", e.Code, e.Message)
	}
	keys := s.store.keys()
	if len(keys) == 0 || slices.Contains(keys, "manifest") || s.store.open != 0 {
		t.Errorf("%d writers open, left behind: %v", s.store.open, keys)
	}
	rows := 0
	for _, key := range keys {
		rows += strings.Count(s.text(key), "\n")
	}
	if rows == 0 || rows >= 5000 {
		t.Errorf("%d rows", rows)
	}
}

// An UNLOAD inside a transaction sees its snapshot, stays in it, and fails it; what lies in S3 is not rolled back.
//
//standin:imitates UNLOAD: the transaction's snapshot; objects stay after ROLLBACK | DG r_UNLOAD
func TestUnloadInTransaction(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE a (i int); INSERT INTO a VALUES (1)")
	s.sql("BEGIN; SELECT * FROM a")
	other := s.connect()
	if _, err := other.Exec(t.Context(), "INSERT INTO a VALUES (2)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	s.sql("INSERT INTO a VALUES (3)")
	s.must("UNLOAD ('select * from a order by i') TO 's3://b/'" + role + " PARALLEL OFF")
	if got := s.text("000"); got != "1\n3\n" {
		t.Errorf("got %q, want the transaction's own snapshot", got)
	}
	if got := s.conn.TxStatus(); got != 'T' {
		t.Fatalf("transaction status %c", got)
	}
	s.store.fail = func(op, _, _ string) error {
		if op == "create" {
			return denied
		}
		return nil
	}
	s.fails("UNLOAD ('select * from a') TO 's3://b/x'" + role)
	if got := s.conn.TxStatus(); got != 'E' {
		t.Fatalf("transaction status %c after a failure, want E", got)
	}
	s.sql("ROLLBACK")
	for _, bad := range []string{"UNLOAD ('select 1') TO 's3://b/'", "UNLOAD ('select 1 limit 1') TO 's3://b/'" + role, "COPY a FROM 's3://b/'"} {
		s.sql("BEGIN")
		s.fails(bad)
		if got := s.conn.TxStatus(); got != 'E' {
			t.Fatalf("transaction status %c after a syntax error, want E", got)
		}
		s.sql("ROLLBACK")
	}
}

//standin:imitates UNLOAD: aliases in later expressions of the query's list | DG r_SELECT_list
func TestUnloadLateralAliases(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE a (i int); INSERT INTO a VALUES (1)")
	s.must("UNLOAD ('select i + 1 as b, b * 2 as c, b + c as d from a') TO 's3://b/'" + role + " PARALLEL OFF HEADER")
	if got := s.text("000"); got != "b|c|d\n2|4|6\n" {
		t.Errorf("got %q", got)
	}
	s.sql("BEGIN")
	s.must("UNLOAD ('select i as b, b from a') TO 's3://b/in'" + role + " PARALLEL OFF")
	if got := s.conn.TxStatus(); got != 'T' {
		t.Errorf("transaction status %c", got)
	}
	s.sql("COMMIT")
	if e := s.refused("UNLOAD ('select i as b, c from a') TO 's3://b/not'" + role); e.Code != "42703" {
		t.Errorf("got %v", e)
	}
}

//standin:imitates UNLOAD: quotients of decimals | DG r_numeric_computations201
func TestUnloadQuotients(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE a (i decimal(8,2), j int); INSERT INTO a VALUES (200, 30)")
	s.must("UNLOAD ('select i as b, b / j, (select c / 7 from (select i / 3::smallint as c from a) q), j / 7 from a') TO 's3://b/'" + role + " PARALLEL OFF HEADER")
	if got := s.text("000"); got != "b|?column?|?column?|?column?\n200.00|6.6666666666666|9.5238095228571428571|4\n" {
		t.Errorf("got %q", got)
	}
	s.must("UNLOAD ('select sum(i) as s, max(i) * 2 as m, coalesce(min(i), 0) from a') TO 's3://b/typed'" + role + " PARALLEL OFF FORMAT PARQUET")
	s.must("UNLOAD ('select i from a union all select j from a order by 1 desc') TO 's3://b/union'" + role + " PARALLEL OFF FORMAT PARQUET")
}

//standin:imitates UNLOAD: pg_last_unload_count, pg_last_unload_id | DG PG_LAST_UNLOAD_COUNT
func TestUnloadCounters(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.must("UNLOAD ('select i from generate_series(1, 100) i') TO 's3://b/'" + role)
	if got := s.query("SELECT current_setting('rs.last_unload_count'), current_setting('rs.last_unload_id')"); got[0] != fmt.Sprintf("100|%d", s.id) {
		t.Error(got)
	}
	first := s.id
	// What fails before it begins leaves the counters alone, what fails on the way counts no rows.
	counters := func() string {
		return s.query("SELECT current_setting('rs.last_unload_count'), current_setting('rs.last_unload_id')")[0]
	}
	kept := s.history.statuses
	s.fails("UNLOAD ('select 1') TO 's3://b/'" + role)
	s.fails("UNLOAD ('select 1') TO 's3://b/x' FROBNICATE" + role)
	s.fails("UNLOAD ('select i from nowhere') TO 's3://b/x'" + role)
	if got := counters(); got != fmt.Sprintf("100|%d", first) {
		t.Error(got)
	}
	s.fails("UNLOAD ('select 1 / (i - 50) from generate_series(1, 100) i') TO 's3://b/failed/'" + role)
	if got := counters(); got != fmt.Sprintf("0|%d", s.id) {
		t.Error(got)
	}
	s.history.statuses = kept
	s.sql("CREATE TABLE t (i int)")
	s.must("COPY t FROM 's3://b/0'" + role)
	s.fails("COPY t FROM 's3://b/0'" + role + " CSV QUOTE '1' DELIMITER '5'")
	if diff := cmp.Diff([]Status{Running, Success, Running, Success, Running, Failed}, s.history.statuses); diff != "" {
		t.Error(diff)
	}
	u := s.history.unloads[1]
	if u.Status != Success || u.Rows != 100 || len(u.Files) != 4 || u.Location != "s3://b/" || u.Format != "TEXT" || u.UserOID == 0 || u.End.Before(u.Start) {
		t.Errorf("%+v", u)
	}
}

// A cancelled UNLOAD ends soon, aborts what it has not completed, and leaves the session usable.
func TestUnloadCancel(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	cause := errors.New("the user asked for it")
	ctx, cancel := context.WithCancelCause(t.Context())
	s.store.write = func(_ string, total int) {
		if total > 1<<20 {
			cancel(cause)
		}
	}
	_, err := s.run(ctx, "UNLOAD ('select repeat(md5(i::text), 10) from (select generate_series(1, 1000000000) i) x') TO 's3://b/'"+role)
	var e *dialect.Error
	if !errors.As(err, &e) || e.Code != "57014" {
		t.Fatalf("got %v, want 57014", err)
	}
	if s.store.open != 0 || len(s.store.keys()) != 0 {
		t.Errorf("%d writers open, keys %v", s.store.open, s.store.keys())
	}
	if u := s.history.unloads[s.id]; u.Status != Aborted {
		t.Errorf("history %+v", u)
	}
	s.store.write = nil
	s.must("UNLOAD ('select 1') TO 's3://b/'" + role)
}
