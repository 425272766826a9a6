package transfer

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// parquetFile writes rows with the library's own mapping of Go types, as another program would.
func parquetFile[T any](tb testing.TB, rows []T, options ...parquet.WriterOption) string {
	tb.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// What UNLOAD writes: types, order of columns, encodings and pages of version 1 of the format.
func TestUnloadParquetSchema(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql("CREATE TABLE a " + everyType + `, z super, tm time, tstz timestamptz, "A b" int); INSERT INTO a (i4, v) SELECT i, 'x' FROM generate_series(1, 1000) i`)
	s.must("UNLOAD ('select * from a') TO 's3://b/p_'" + role + " FORMAT PARQUET")
	if diff := cmp.Diff([]string{"p_0000_part_00.parquet"}, s.store.keys()); diff != "" {
		t.Fatal(diff)
	}
	data := s.store.get(t, "s3://b/p_0000_part_00.parquet")
	f, err := parquet.OpenFile(strings.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.txt", f.Schema().String()+"\n")
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			if c.MetaData.Codec.String() != "SNAPPY" {
				t.Errorf("%v is compressed with %v", c.MetaData.PathInSchema, c.MetaData.Codec)
			}
			for _, e := range c.MetaData.Encoding {
				if n := e.String(); n != "PLAIN" && n != "RLE" {
					t.Errorf("%v has encoding %s", c.MetaData.PathInSchema, n)
				}
			}
		}
	}
}

// Row groups end at ROWGROUPSIZE, files at MAXFILESIZE, and every row is in one of them.
//
//standin:imitates UNLOAD: row groups and MAXFILESIZE of PARQUET | DG r_UNLOAD
func TestUnloadParquetSizes(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE big AS SELECT i, (encode(sha512(i::text::bytea), 'base64') || encode(sha512((-i)::text::bytea), 'base64') || encode(sha512((i+0.5)::text::bytea), 'base64') || encode(sha512((i+0.25)::text::bytea), 'base64'))::varchar(400) AS t FROM generate_series(1, 125000) i")
	s.must("UNLOAD ('select * from big') TO 's3://b/p_'" + role + " FORMAT PARQUET PARALLEL OFF MAXFILESIZE 40 MB MANIFEST VERBOSE")
	var rows int64
	groups := 0
	for _, key := range s.store.keys() {
		if key == "p_manifest" {
			continue
		}
		data := s.store.get(t, "s3://b/"+key)
		if len(data) > 40<<20 {
			t.Errorf("%s has %d bytes", key, len(data))
		}
		f, err := parquet.OpenFile(strings.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		rows += f.NumRows()
		groups += len(f.RowGroups())
	}
	if rows != 125000 || groups < 2 || len(s.store.keys()) < 3 {
		t.Errorf("%d rows in %d row groups in %v", rows, groups, s.store.keys())
	}
	s.sql("CREATE TABLE b (LIKE big)")
	s.must("COPY b FROM 's3://b/p_manifest'" + role + " FORMAT PARQUET MANIFEST")
	s.same("parquet", "big", "b")

	// Compressed text keeps to MAXFILESIZE too, by what comes out of the compressor.
	s.store.clear()
	s.must("UNLOAD ('select * from big') TO 's3://b/z_'" + role + " ZSTD ESCAPE MAXFILESIZE 5 MB")
	for _, key := range s.store.keys() {
		if n := len(s.store.get(t, "s3://b/"+key)); n > 5<<20 {
			t.Errorf("%s has %d bytes", key, n)
		}
	}
	if n := len(s.store.keys()); n < 8 || n > 12 {
		t.Errorf("%d files of at most 5 MB", n)
	}
	s.sql("TRUNCATE b")
	s.must("COPY b FROM 's3://b/z_'" + role + " ZSTD ESCAPE")
	s.same("zstd", "big", "b")
}

type scalars struct {
	Flag   bool     `parquet:"flag"`
	Small  int32    `parquet:"small"`
	Big    *int64   `parquet:"big,optional"`
	Real   float32  `parquet:"real"`
	Double *float64 `parquet:"double,optional"`
	Text   string   `parquet:"text,dict"`
	Bytes  []byte   `parquet:"bytes,optional"`
	Day    int32    `parquet:"day,date"`
	Milli  int64    `parquet:"milli,timestamp(millisecond)"`
	Micro  int64    `parquet:"micro,timestamp(microsecond),delta"`
	Nano   int64    `parquet:"nano,timestamp(nanosecond)"`
	Old    deprecated.Int96
	Dec32  int32    `parquet:"dec32,decimal(2:9)"`
	Dec64  int64    `parquet:"dec64,decimal(3:18)"`
	Fixed  [16]byte `parquet:"fixed,decimal(4:38)"`
}

// Files that other programs wrote: dictionaries, delta encodings, version 2 pages, other compressions, all units of time.
func TestCopyParquetScalars(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql(`CREATE TABLE t (a boolean, b int, c bigint, d real, e float8, f varchar(20), g varbyte(10), h date, i timestamp, j timestamp, k timestamp, l timestamp,
		m numeric(9,2), n numeric(18,3), o numeric(38,4))`)
	at := time.Date(1969, 12, 31, 23, 59, 59, 123456789, time.UTC)
	// 2440588 is the Julian day of 1970-01-01.
	nanos := uint64(86399_123456789)
	minusTen := [16]byte{}
	for i := range minusTen {
		minusTen[i] = 0xff
	}
	minusTen[15] = 0xf6
	rows := []scalars{
		{true, -5, new(int64(1 << 40)), 1.5, new(0.1), "é😀", []byte{0, 0xff}, -1, at.UnixMilli(), at.UnixMicro(), at.UnixNano(), deprecated.Int96{uint32(nanos), uint32(nanos >> 32), 2440587}, -12345, 1234567, minusTen},
		{Text: "", Day: 11016, Old: deprecated.Int96{0, 0, 2440588}},
	}
	want := []string{
		`f|0|<null>|0|<null>||<null>|2000-02-29|1970-01-01 00:00:00|1970-01-01 00:00:00|1970-01-01 00:00:00|1970-01-01 00:00:00|0.00|0.000|0.0000`,
		`t|-5|1099511627776|1.5|0.1|é😀|00ff|1969-12-31|1969-12-31 23:59:59.123|1969-12-31 23:59:59.123456|1969-12-31 23:59:59.123456|1969-12-31 23:59:59.123456|-123.45|1234.567|-0.0010`,
	}
	for name, options := range map[string][]parquet.WriterOption{
		"plain": nil, "pages of version 2": {parquet.DataPageVersion(2)}, "zstd": {parquet.Compression(&parquet.Zstd)}, "gzip": {parquet.Compression(&parquet.Gzip)},
		"small pages": {parquet.PageBufferSize(16)},
	} {
		s.sql("TRUNCATE t")
		s.store.put("s3://b/x.parquet", parquetFile(t, rows, options...))
		s.must("COPY t FROM 's3://b/x.parquet'" + role + " FORMAT PARQUET")
		if diff := cmp.Diff(want, s.query("SELECT * FROM t ORDER BY a")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

type nested struct {
	ID     int64              `parquet:"id"`
	List   []string           `parquet:"list,list"`
	Bare   []int32            `parquet:"bare"`
	Struct *inner             `parquet:"struct,optional"`
	Map    map[string]float64 `parquet:"map"`
	Keyed  map[int32]string   `parquet:"keyed"`
	Deep   [][]inner          `parquet:"deep,list"`
	JSON   string             `parquet:"json,json"`
	Text   string             `parquet:"text"`
}

type inner struct {
	A *int64   `parquet:"a,optional"`
	B []string `parquet:"b,list"`
}

//standin:imitates COPY: SERIALIZETOJSON | DG ingest-super
func TestCopyParquetNested(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (id bigint, a super, b super, c super, d super, e super, f super, g super, h super)")
	rows := []nested{
		{1, []string{"x", `y"z`}, []int32{1, 2, 3}, &inner{new(int64(7)), []string{"p", ""}}, map[string]float64{"k": 1.5}, map[int32]string{9: "v"}, [][]inner{{{new(int64(1)), nil}, {nil, []string{"q"}}}, {}}, `{"n": [1, 1.0]}`, "plain"},
		{2, nil, nil, nil, nil, nil, nil, "null", ""},
		{3, []string{""}, []int32{0}, &inner{}, map[string]float64{}, map[int32]string{}, [][]inner{{}, {{}}}, `"x"`, "é"},
	}
	want := []string{
		`1|["x","y\"z"]|[1,2,3]|{"a":7,"b":["p",""]}|{"k":1.5}|[{"key":9,"value":"v"}]|[[{"a":1,"b":[]},{"a":null,"b":["q"]}],[]]|{"n":[1,1.0]}|"plain"`,
		`2|[]|[]|<null>|{}|[]|[]|<null>|""`,
		`3|[""]|[0]|{"a":null,"b":[]}|{}|[]|[[],[{"a":null,"b":[]}]]|"x"|"é"`,
	}
	s.store.put("s3://b/x", parquetFile(t, rows, parquet.PageBufferSize(32)))
	s.must("COPY t FROM 's3://b/x'" + role + " FORMAT PARQUET SERIALIZETOJSON")
	if diff := cmp.Diff(want, s.query("SELECT * FROM t ORDER BY id")); diff != "" {
		t.Error(diff)
	}
	if e := s.refused("COPY t FROM 's3://b/x'" + role + " FORMAT PARQUET"); e.Message != "Spectrum Scan Error" || !strings.Contains(e.Detail, "incompatible Parquet schema") {
		t.Error(e.Message, e.Detail)
	}
	// SUPER goes out as JSON and comes back as it was; its NULL reads back as NULL.
	s.sql(`CREATE TABLE a (id int, s super); INSERT INTO a VALUES (1, '{"a":[1,1.0,"x"],"b":null}'), (2, NULL), (3, '"text"'), (4, '12345678901234567890.5'); CREATE TABLE b (LIKE a)`)
	s.must("UNLOAD ('select * from a') TO 's3://b/s_'" + role + " FORMAT PARQUET")
	s.must("COPY b FROM 's3://b/s_'" + role + " FORMAT PARQUET SERIALIZETOJSON")
	s.same("super", "a", "b")
}

// Columns go by position, and their types must fit exactly.
func TestCopyParquetRefuses(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	type file struct {
		I32  int32   `parquet:"i32"`
		I64  int64   `parquet:"i64"`
		Text string  `parquet:"text"`
		F    float32 `parquet:"f"`
		Dec  int64   `parquet:"dec,decimal(2:10)"`
	}
	s.store.put("s3://b/x", parquetFile(t, []file{{70000, 2, "abcdef", 3, 4}}))
	for _, tt := range []struct{ columns, message string }{
		{"a int, b bigint, c varchar(9), d real", "Unmatched number of columns between table and file. Table columns: 4, Data columns: 5, File name: https://s3.eu-west-1.amazonaws.com/b/x\n  query: "},
		{"a int, b bigint, c varchar(9), d real, e numeric(10,2), f int", "Table columns: 6, Data columns: 5"},
		{"a bigint, b bigint, c varchar(9), d real, e numeric(10,2)", "Column type: BIGINT, Parquet schema:\nrequired int32 i32 [i:0 d:0 r:0]"},
		{"a int, b int, c varchar(9), d real, e numeric(10,2)", "column 'b'. Column type: INTEGER"},
		{"a int, b bigint, c int, d real, e numeric(10,2)", "column 'c'"},
		{"a int, b bigint, c varchar(9), d float8, e numeric(10,2)", "Column type: DOUBLE PRECISION"},
		{"a int, b bigint, c varchar(9), d real, e numeric(10,3)", "Column type: DECIMAL(10, 3)"},
		{"a int, b bigint, c varchar(9), d real, e numeric(9,2)", "Column type: DECIMAL(9, 2)"},
		{"a int, b bigint, c varchar(9), d real, e bigint", "column 'e'"},
		{"a int, b timestamp, c varchar(9), d real, e numeric(10,2)", "column 'b'"},
		{"a date, b bigint, c varchar(9), d real, e numeric(10,2)", "column 'a'"},
	} {
		s.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (" + tt.columns + ")")
		e := s.refused("COPY t FROM 's3://b/x'" + role + " FORMAT PARQUET")
		if e.Code != "XX000" || e.Message != "Spectrum Scan Error" || !strings.Contains(e.Detail, "\n  code:      15007\n  context:   ") || !strings.Contains(e.Detail, tt.message) {
			t.Errorf("%s: got %s%s", tt.columns, e.Message, e.Detail)
		}
	}
	// The first value that does not fit fails the load; there is no MAXERROR.
	for _, tt := range []struct{ columns, want string }{
		{"a smallint, b bigint, c varchar(9), d real, e numeric(10,2)", "x:1 a int2() @0 1222 Integer overflow, Value '70000', Type: Short [70000]"},
		{"a int, b bigint, c varchar(5), d real, e numeric(10,2)", "x:1 c varchar(5) @5 1204 String length exceeds DDL length [abcdef]"},
	} {
		s.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (" + tt.columns + ")")
		s.fails("COPY t FROM 's3://b/x'" + role + " FORMAT PARQUET")
		if diff := cmp.Diff([]string{tt.want}, s.loadErrors()); diff != "" {
			t.Error(diff)
		}
	}
	s.sql("DROP TABLE t; CREATE TABLE t (a int, b bigint, c varchar(9), d real, e numeric(10,2), f int)")
	s.must("COPY t FROM 's3://b/x'" + role + " FORMAT PARQUET FILLRECORD")
	s.must("COPY t (a, b, c, d, e) FROM 's3://b/x'" + role + " FORMAT PARQUET")
	if diff := cmp.Diff([]string{"70000|2|abcdef|3|0.04|<null>", "70000|2|abcdef|3|0.04|<null>"}, s.query("TABLE t")); diff != "" {
		t.Error(diff)
	}
	// Columns are matched by position: a swapped list swaps the values.
	s.sql("CREATE TABLE swapped (x int, y int)")
	type pair struct {
		X int32 `parquet:"x"`
		Y int32 `parquet:"y"`
	}
	s.store.put("s3://b/pair", parquetFile(t, []pair{{1, 2}}))
	s.must("COPY swapped (y, x) FROM 's3://b/pair'" + role + " FORMAT PARQUET")
	if diff := cmp.Diff([]string{"2|1"}, s.query("TABLE swapped")); diff != "" {
		t.Error(diff)
	}
	// A decimal's length in the file must be the one that the column needs.
	var wide bytes.Buffer
	w := parquet.NewGenericWriter[any](&wide, parquet.NewSchema("x", parquet.Group{"d": parquet.Decimal(9, 18, parquet.FixedLenByteArrayType(13))}))
	if _, err := w.WriteRows([]parquet.Row{{parquet.FixedLenByteArrayValue(make([]byte, 13)).Level(0, 0, 0)}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.store.put("s3://b/wide", wide.String())
	s.sql("CREATE TABLE w (d numeric(18,9)); CREATE TABLE w29 (d numeric(29,9))")
	if e := s.refused("COPY w FROM 's3://b/wide'" + role + " FORMAT PARQUET"); !strings.Contains(e.Detail, "invalid type length. Expecting: 8 len in file: 13") {
		t.Error(e.Message, e.Detail)
	}
	s.must("COPY w29 FROM 's3://b/wide'" + role + " FORMAT PARQUET")
}

//standin:imitates COPY: content_length in manifests of PARQUET | DG loading-data-files-using-manifest
func TestCopyParquetManifest(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	type file struct {
		A int32 `parquet:"a"`
	}
	data := parquetFile(t, []file{{1}})
	s.store.put("s3://b/x", data)
	for _, tt := range []struct{ entry, message string }{
		{`{"url":"s3://b/x"}`, "content_length"},
		{`{"url":"s3://b/x","meta":{}}`, "content_length"},
		{`{"url":"s3://b/x","meta":{"content_length":7}}`, "content_length is 7"},
		{`{"url":"s3://b/gone","mandatory":true,"meta":{"content_length":7}}`, "NoSuchKey"},
	} {
		s.store.put("s3://b/m", `{"entries":[`+tt.entry+`]}`)
		if e := s.refused("COPY t FROM 's3://b/m'" + role + " FORMAT PARQUET MANIFEST"); !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s: %s", tt.entry, e.Message)
		}
	}
	s.store.put("s3://b/m", fmt.Sprintf(`{"entries":[{"url":"s3://b/x","meta":{"content_length":%d}}]}`, len(data)))
	s.must("COPY t FROM 's3://b/m'" + role + " FORMAT PARQUET MANIFEST")
}

// Broken files fail the load and nothing else.
//
//standin:refuses COPY: Parquet files compressed as a whole by Snappy (.snappy) | DG copy-usage_notes-copy-from-columnar
func TestCopyParquetBroken(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int, b varchar(99))")
	type file struct {
		A int32  `parquet:"a"`
		B string `parquet:"b"`
	}
	var rows []file
	for i := range 1000 {
		rows = append(rows, file{int32(i), strings.Repeat("x", i%50)})
	}
	data := parquetFile(t, rows)
	broken := map[string]string{"empty": "", "text": "1|2\n", "short": "PAR1PAR1", "cut": data[:len(data)/2], "no footer": data[:len(data)-8], "huge footer": data[:len(data)-8] + "\xff\xff\xff\xffPAR1"}
	for i := 10; i < len(data); i += len(data) / 50 {
		b := []byte(data)
		b[i] ^= 0xff
		broken[fmt.Sprintf("flip %d", i)] = string(b)
	}
	for name, text := range broken {
		s.store.put("s3://b/x", text)
		_, err := s.run(t.Context(), "COPY t FROM 's3://b/x'"+role+" FORMAT PARQUET")
		if err == nil && !strings.HasPrefix(name, "flip") { // a flipped byte may lie in a value
			t.Errorf("%s: loaded", name)
		}
		if s.conn.TxStatus() != 'I' {
			t.Fatalf("%s: transaction status %c", name, s.conn.TxStatus())
		}
	}
	s.store.put("s3://b/x.snappy", data)
	if e := s.refused("COPY t FROM 's3://b/x.snappy'" + role + " FORMAT PARQUET"); e.Code != "0A000" {
		t.Error(e)
	}
	for name, text := range map[string]string{"not.gz": data, "cut.gz": gzipped(t, data)[:99], "inside.gz": gzipped(t, data[:len(data)/2]), "none.gz": ""} {
		s.store.put("s3://b/w/"+name, text)
		s.fails("COPY t FROM 's3://b/w/" + name + "'" + role + " FORMAT PARQUET")
	}
}

// Columnar files that somebody compressed once more, told by their endings alone; bzip2 and gzip are the programs.
//
//standin:imitates COPY: Parquet files compressed as a whole (.gz, .bz2) | DG copy-usage_notes-copy-from-columnar
func TestCopyParquetWholeFiles(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int, b varchar(99))")
	type row struct {
		A int32  `parquet:"a"`
		B string `parquet:"b"`
	}
	data := parquetFile(t, []row{{1, "x"}, {2, "y"}})
	for ending, program := range map[string]string{"gz": "gzip", "bz2": "bzip2"} {
		cmd := exec.CommandContext(t.Context(), program, "-c")
		cmd.Stdin = strings.NewReader(data)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		s.sql("TRUNCATE t")
		s.store.put("s3://b/"+ending+"/x.parquet."+ending, string(out))
		s.store.put("s3://b/"+ending+"/y.parquet", data)
		s.must("COPY t FROM 's3://b/" + ending + "/'" + role + " FORMAT PARQUET")
		if diff := cmp.Diff([]string{"1|x", "1|x", "2|y", "2|y"}, s.query("SELECT a || '|' || b FROM t ORDER BY 1")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", ending, diff)
		}
	}
}

// Files that DuckDB 1.5 wrote from one row (testdata/README.md has the statement).
func TestCopyParquetOfDuckDB(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql(`CREATE TABLE t (b boolean, i2 smallint, i4 int, i8 bigint, r real, f float8, d1 numeric(8,2), d2 numeric(18,3), d3 numeric(38,1), v varchar(20),
		dt date, ts timestamp, n super, m super, l super, nul int)`)
	const want = `t|5|-7|9000000000|1.5|0.1|123.45|-1.234|12345678901234567890.5|é😀|1969-12-31|1969-12-31 23:59:59.123456|{"x":[1,2,null],"y":{"z":"q"}}|{"k":1}|[[1],[]]|<null>`
	for _, name := range []string{"duckdb.parquet", "duckdb_v2_zstd.parquet"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		s.sql("TRUNCATE t")
		s.store.put("s3://b/x", string(data))
		s.must("COPY t FROM 's3://b/x'" + role + " FORMAT PARQUET SERIALIZETOJSON")
		if diff := cmp.Diff([]string{want}, s.query("TABLE t")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
