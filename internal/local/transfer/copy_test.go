package transfer

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"

	"github.com/sealift/sealift/internal/local/dialect"
)

func gzipped(tb testing.TB, texts ...string) string {
	tb.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, text); err != nil {
			tb.Fatal(err)
		}
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return b.String()
}

func zstded(tb testing.TB, texts ...string) string {
	tb.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	var b []byte
	for _, text := range texts {
		b = w.EncodeAll([]byte(text), b)
	}
	return string(b)
}

// bzipped is "1|one\n2|two\n" as bzip2 writes it; Go has no compressor.
const bzipped = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x8d\xdc\xf1\x98\x00\x00\x01\x49\x80\x00\x10\x30\x00\x02\x01\x84\x84\x20\x00\x31\x06\x4c\x40\xd0\x64\xc8\x8e\x05\xae\x08\xe7\x8b\xb9\x22\x9c\x28\x48\x46\xee\x78\xcc\x00"

func inUTF16(tb testing.TB, e unicode.Endianness, bom unicode.BOMPolicy, text string) string {
	tb.Helper()
	out, err := unicode.UTF16(e, bom).NewEncoder().String(text)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// What each format and conversion parameter makes of a file (Redshift manual, COPY examples and parameters).
//
//standin:imitates COPY: ACCEPTANYDATE, DATEFORMAT, TIMEFORMAT | DG copy-parameters-data-conversion
//standin:imitates COPY: EMPTYASNULL, BLANKSASNULL, NULL AS | DG copy-parameters-data-conversion
//standin:imitates COPY: ENCODING UTF16, UTF16LE, UTF16BE, ISO88591 | DG copy-parameters-data-conversion
//standin:imitates COPY: a DELIMITER of several characters | DG copy-parameters-data-format
//standin:imitates COPY: ESCAPE, REMOVEQUOTES | DG copy-parameters-data-conversion
//standin:imitates COPY: FILLRECORD, IGNOREBLANKLINES, IGNOREHEADER | DG copy-parameters-data-conversion
//standin:imitates COPY: ROUNDEC, TRIMBLANKS, TRUNCATECOLUMNS | DG copy-parameters-data-conversion
//standin:imitates COPY: JSON 'noshred' | DG copy-parameters-data-format
func TestCopyText(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	for _, tt := range []struct {
		name    string
		columns string
		data    string
		options string
		want    []string
	}{
		{"default", "a int, b varchar(9)", "1|one\n2|two\n", "", []string{"1|one", "2|two"}},
		{"null and empty", "a int, b varchar(9)", "\\N|\\N\n|\n", "", []string{"<null>|", "<null>|<null>"}},
		{"delimiter", "a int, b varchar(9)", "1\tone\n", `DELIMITER '\t'`, []string{"1|one"}},
		{"octal delimiter", "a int, b varchar(9)", "1\x1eone\n", `DELIMITER '\036'`, []string{"1|one"}},
		{"escape", "a int, b varchar(19)", "1|one\\|two\\\nthree\\\\\n", "ESCAPE", []string{"1|one|two\nthree\\"}},
		{"removequotes", "a int, b varchar(19)", "\"1\"|'one|two'\n", "REMOVEQUOTES", []string{"1|one|two"}},
		{"csv", "a int, b varchar(19)", "1,\"one,\"\"two\"\"\nthree\"\n", "CSV", []string{"1|one,\"two\"\nthree"}},
		{"csv quote", "a int, b varchar(19)", "1,%one,\"%%%\n", "CSV QUOTE AS '%'", []string{"1|one,\"%"}},
		{"csv header", "a int, b varchar(19)", "a,b\n1,one\n", "CSV IGNOREHEADER 1", []string{"1|one"}},
		{"fixedwidth", "a int, b varchar(9)", "1  one \n22 é\n", "FIXEDWIDTH 'a:3,b:4'", []string{"1|one ", "22|é"}},
		{"gzip", "a int, b varchar(9)", gzipped(t, "1|one\n", "2|two\n"), "GZIP", []string{"1|one", "2|two"}},
		{"zstd", "a int, b varchar(9)", zstded(t, "1|one\n", "2|two\n"), "ZSTD", []string{"1|one", "2|two"}},
		{"bzip2", "a int, b varchar(9)", bzipped, "BZIP2", []string{"1|one", "2|two"}},
		{"empty object", "a int", "", "GZIP", nil},
		{"json", "a int, b varchar(19), c varchar(19)", `{"a":1,"b":"x","C":"no","z":0}{"b":null,"c":{"x":[1]}}`, "JSON 'auto'", []string{`<null>|<null>|{"x":[1]}`, "1|x|<null>"}},
		{"json ignorecase", "a int, b varchar(19)", `{"A":1,"B":"x"}`, "JSON 'auto ignorecase'", []string{"1|x"}},
		{"json super", "a int, b super", `{"a":1,"b":{"x": ["y", 1.50]}}`, "JSON 'auto'", []string{`1|{"x":["y",1.50]}`}},
		{"json noshred", "b super", `{"a": 1} [2]`, "FORMAT JSON 'noshred'", []string{`{"a":1}`, `[2]`}},
		{"json paths", "a int, b varchar(19)", `{"x":{"y":[7,8]},"z":"q"}`, "JSON 's3://b/aux/paths'", []string{"8|q"}},
		{"json paths that mean nothing", "a int, b varchar(19)", `{"a":1,"b":"x"}`, "JSON 's3://b/aux/nothing'", []string{"1|x"}},
		{"json boolean", "a boolean, b boolean, c boolean", `{"a":true,"b":"f","c":1}`, "JSON 'auto'", []string{"t|f|t"}},
		{"super as text", "a super", `{"x": [1, 2]}` + "\n", "", []string{`{"x":[1,2]}`}},
		{"varbyte", "a varbyte", "00FF\n\n", "", []string{"<null>", "00ff"}},
		{"null as", "a varchar(9), b int", "NA|NA\nna|1\n", "NULL AS 'NA'", []string{"<null>|<null>", "na|1"}},
		{"emptyasnull", "a varchar(9), b char(2), c int", "||\n", "EMPTYASNULL", []string{"<null>|<null>|<null>"}},
		{"no emptyasnull", "a varchar(9), b char(2), c int", "||\n", "", []string{"|  |<null>"}},
		{"blanksasnull", "a varchar(9), b char(2), c int", "  | | \n", "BLANKSASNULL", []string{"<null>|<null>|<null>"}},
		{"no blanksasnull", "a varchar(9), b char(2), c int", "  | | \n", "", []string{"  |  |<null>"}},
		{"ignoreblanklines", "a int, b int", "1|2\n\n3|4\n", "IGNOREBLANKLINES", []string{"1|2", "3|4"}},
		{"ignoreheader", "a int", "x\ny\n1\n", "IGNOREHEADER AS 2", []string{"1"}},
		{"fillrecord", "a int, b varchar(9), c date", "1\n", "FILLRECORD", []string{"1||<null>"}},
		{"fillrecord emptyasnull", "a int, b varchar(9), c date", "1\n", "FILLRECORD EMPTYASNULL", []string{"1|<null>|<null>"}},
		{"trimblanks", "a varchar(5), b char(5)", "abc   |abc  \n", "TRIMBLANKS", []string{"abc|abc  "}},
		{"truncatecolumns", "a varchar(5), b char(2)", "ééé|abc\n", "TRUNCATECOLUMNS", []string{"éé|ab"}},
		{"acceptinvchars", "a varchar(5)", "a\xffb\n", "ACCEPTINVCHARS AS '^'", []string{"a^b"}},
		{"acceptanydate", "a date, b timestamp", "00/00/00|x\n", "ACCEPTANYDATE DATEFORMAT 'auto'", []string{"<null>|<null>"}},
		{"dateformat", "a date", "09/23/2020\n", "DATEFORMAT 'MM/DD/YYYY'", []string{"2020-09-23"}},
		{"timeformat", "a timestamp, b timestamptz", "1600000000|1600000000\n", "TIMEFORMAT 'epochsecs'", []string{"2020-09-13 12:26:40|2020-09-13 12:26:40+00"}},
		{"time zones", "b timestamptz", "2020-09-23 01:02:03-05\n", "", []string{"2020-09-23 06:02:03+00"}},
		{"decimals are cut", "a numeric(8,2)", "20.259\n-20.259\n", "", []string{"-20.25", "20.25"}},
		{"decimals are rounded", "a numeric(8,2)", "20.255\n", "ROUNDEC", []string{"20.26"}},
		{"NUL cuts a text", "a varchar(9), b int", "a\x00b|1\n", "", []string{"a|1"}},
		{"NUL ends a record with escape", "a int, b varchar(9)", "1|a\x00b\n2|c\n", "ESCAPE", []string{"1|a", "2|c"}},
		{"NUL as null", "a varchar(9)", "\x00\n", `NULL AS '\0'`, []string{"<null>"}},
		{"utf16 with mark", "a varchar(9)", inUTF16(t, unicode.BigEndian, unicode.UseBOM, "é😀\n"), "ENCODING UTF16", []string{"é😀"}},
		{"utf16le", "a varchar(9)", inUTF16(t, unicode.LittleEndian, unicode.IgnoreBOM, "é😀\n"), "ENCODING UTF16LE", []string{"é😀"}},
		{"utf16be", "a varchar(9)", inUTF16(t, unicode.BigEndian, unicode.IgnoreBOM, "é😀\n"), "ENCODING AS UTF16BE", []string{"é😀"}},
		{"iso88591", "a int, b varchar(9)", "1\xa6\xecd\xe9j\xe0\n", `DELIMITER '\302\246\303\254' ENCODING ISO88591`, []string{"1|déjà"}},
		{"several characters", "a int, b varchar(9), c varchar(9)", "1|~|a|~b|~|c\n2|~||~|\n", "DELIMITER '|~|'", []string{"1|a|~b|c", "2||"}},
		{"several characters, quotes and escapes", "a int, b varchar(9), c varchar(9)", "1|~|'a|~|b'|~|c\\|~|\n", "DELIMITER '|~|' ESCAPE REMOVEQUOTES", []string{"1|a|~|b|c|~|"}},
		{"a mark stays in UTF-8", "a varchar(9)", "\ufeffx\n", "", []string{"\ufeffx"}},
		{"copy's own end mark", "a varchar(9)", "\\.\n\\\\.\nx\n", "", []string{`\.`, `\\.`, "x"}},
	} {
		s.store.clear()
		s.store.put("s3://b/aux/paths", `{"jsonpaths":["$.x.y[1]","$.z"]}`)
		s.store.put("s3://b/aux/nothing", `{"JSONPATHS":["$.x"]}`)
		s.store.put("s3://b/d/x", tt.data)
		s.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (" + tt.columns + ")")
		r := s.must("COPY t FROM 's3://b/d/'" + role + " " + tt.options)
		if r.Tag != "COPY" || int(r.Rows) != len(tt.want) {
			t.Errorf("%s: tag %s, %d rows", tt.name, r.Tag, r.Rows)
		}
		if diff := cmp.Diff(tt.want, s.query("SELECT * FROM t ORDER BY t::text COLLATE \"C\"")); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// Which objects are read: everything whose key begins with the path.
//
//standin:imitates COPY: key prefixes, manifests, REGION | DG copy-parameters-data-source-s3
func TestCopyFiles(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a varchar(99))")
	load := func(sql string) []string {
		t.Helper()
		s.sql("TRUNCATE t")
		s.must("COPY t " + sql)
		return s.query("SELECT a FROM t ORDER BY a")
	}
	s.store.put("s3://b/p/x", "x\n")
	s.store.put("s3://b/p/x.bak", "bak\n")
	s.store.put("s3://b/p/x1/deep", "deep\n")
	s.store.put("s3://b/p/y", "y\n")
	s.store.put("s3://b/p/", "") // a folder
	if diff := cmp.Diff([]string{"bak", "deep", "x"}, load("FROM 's3://b/p/x'"+role)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bak", "deep", "x", "y"}, load("FROM 's3://b/p'"+role)); diff != "" {
		t.Error(diff)
	}
	e := s.refused("COPY t FROM 's3://b/q'" + role)
	if e.Code != "XX000" || e.Message != "The specified S3 prefix 'q' does not exist" {
		t.Error(e.Message)
	}
	// A manifest that lies under the prefix is data to a COPY without MANIFEST.
	s.sql("CREATE TABLE n (i int)")
	s.must("UNLOAD ('select 1') TO 's3://b/u_'" + role + " MANIFEST")
	s.fails("COPY n FROM 's3://b/u_'" + role)
	s.must("COPY n FROM 's3://b/u_manifest'" + role + " MANIFEST")

	put := func(text string) { s.store.put("s3://b/m", text) }
	put(`{"entries":[{"url":"s3://b/p/x","mandatory":true},{"url":"s3://b/gone"},{"url":"s3://b/p/x"},{"url":"s3://c/z","mandatory":false,"meta":{"content_length":1}}],"unknown":1}`)
	s.store.put("s3://c/z", "z\n")
	if diff := cmp.Diff([]string{"x", "x", "z"}, load("FROM 's3://b/m'"+role+" MANIFEST")); diff != "" {
		t.Error(diff) // a missing optional file is skipped, one listed twice is loaded twice
	}
	put(`{"entries":[{"url":"s3://b/p/x"},{"url":"s3://b/gone","mandatory":true}]}`)
	if e := s.refused("COPY t FROM 's3://b/m'" + role + " MANIFEST"); !strings.Contains(e.Message, "Status 404,Error NoSuchKey") || !strings.Contains(e.Detail, "s3://b/gone") {
		t.Error(e.Message, e.Detail)
	}
	for _, tt := range []struct{ text, message string }{
		{`{"entries":[{"url":"s3://b/gone"}]}`, "No file"},
		{`{"entries":[]}`, "No file"},
		{`{}`, "no entries"},
		{`{"entries":`, "invalid JSON"},
		{`{"entries":[{"url":"b/p/x"}]}`, "entry 1"},
		{`{"entries":[{"url":"s3://b/p/x"},{"url":"s3://b"}]}`, "entry 2"},
	} {
		put(tt.text)
		if e := s.refused("COPY t FROM 's3://b/m'" + role + " MANIFEST"); !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s: %s", tt.text, e.Message)
		}
	}
	if e := s.refused("COPY t FROM 's3://b/p'" + role + " MANIFEST"); !strings.Contains(e.Message, "full path of an S3 object") || !strings.Contains(e.Message, "8001") {
		t.Error(e.Message)
	}
	// Regions: every bucket must be where the statement says.
	s.store.regions["far"] = "us-east-1"
	s.store.put("s3://far/x", "far\n")
	if e := s.refused("COPY t FROM 's3://far/x'" + role); !strings.Contains(e.Message, "PermanentRedirect") {
		t.Error(e.Message)
	}
	if diff := cmp.Diff([]string{"far"}, load("FROM 's3://far/x'"+role+" REGION 'us-east-1'")); diff != "" {
		t.Error(diff)
	}
	put(`{"entries":[{"url":"s3://b/p/x"},{"url":"s3://far/x"}]}`)
	if e := s.refused("COPY t FROM 's3://b/m'" + role + " MANIFEST"); !strings.Contains(e.Message, "PermanentRedirect") {
		t.Error(e.Message)
	}
	// A customer's own key cannot be sent.
	s.store.put("s3://b/c", "x\n")
	s.store.objects["b/c"].ssec = true
	if e := s.refused("COPY t FROM 's3://b/c'" + role); !strings.Contains(e.Message, "Status 400,Error InvalidRequest") {
		t.Error(e.Message)
	}
}

// loadErrors shows the noted errors of the last statement.
func (s *session) loadErrors() []string {
	var lines []string
	for _, e := range s.history.loads[s.id].Errors {
		lines = append(lines, fmt.Sprintf("%s:%d %s %s(%s) @%d %d %s [%s]", strings.TrimPrefix(e.URL, "s3://b/"), e.Line, e.Column, e.Type, e.Length, e.Position, e.Code, e.Reason, e.RawFieldValue))
	}
	return lines
}

//standin:imitates COPY: INFO notices of what was loaded and what was not | DG r_COPY_command_examples
func TestCopyErrors(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql("CREATE TABLE t (a int NOT NULL, b varchar(5), c char(2), d numeric(4,2), e date, f timestamp, g boolean, h super)")
	good := func(i int) string { return fmt.Sprintf("%d|b|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1\n", i) }
	for _, tt := range []struct{ line, want string }{
		{"x|b|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 a int4() @0 1207 Invalid digit, Value 'x', Pos 0, Type: Integer [x]"},
		{"|b|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 a int4() @0 1213 Missing data for not-null field []"},
		{"9999999999|b|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 a int4() @0 1222 Integer overflow, Value '9999999999', Type: Integer [9999999999]"},
		{"1|éééb|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 b varchar(5) @2 1204 String length exceeds DDL length [...b]"},
		{"1|b\xff|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 b varchar(5) @2 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ff (error 1) [b.]"},
		{"1|b|ccc|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 c char(2) @4 1204 Char length exceeds DDL length [ccc]"},
		{"1|b|é|1.5|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 c char(2) @4 1215 Multibyte character not supported for CHAR (Hint: Try using  VARCHAR). Invalid char: c3 a9 [.]"},
		{"1|b|c|100|2020-01-01|2020-01-01 00:00:00|t|1", "x:2 d numeric(4, 2) @6 1204 Numeric data overflow, Value '100', Type: Decimal(4,2) [100]"},
		{"1|b|c|1.5|1/1/20|2020-01-01 00:00:00|t|1", "x:2 e date() @10 1205 Invalid Date Format - length must be 10 or more [1/1/20]"},
		{"1|b|c|1.5|2020-01-01|2020-01-01|t|1", "x:2 f timestamp() @21 1206 Error in Timestamp value or format [%Y-%m-%d %H:%M:%S] [2020-01-01]"},
		{"1|b|c|1.5|2020-01-01|2020-01-01 00:00:00|maybe|1", "x:2 g bool() @41 1210 Unknown boolean format [maybe]"},
		{"1|b|c|1.5|2020-01-01|2020-01-01 00:00:00|t|{", "x:2 h super() @43 1224 Invalid JSON for SUPER: Missing key at offset 1 [{]"},
		{"1|b|c", "x:2 c char(2) @5 1214 Delimiter not found []"},
		{"1|b|c|1.5|2020-01-01|2020-01-01 00:00:00|t|1|9", "x:2 h super() @45 1202 Extra column(s) found []"},
	} {
		s.store.put("s3://b/x", good(1)+tt.line+"\n"+good(3))
		e := s.refused("COPY t FROM 's3://b/x'" + role)
		if e.Code != "XX000" || e.Message != "Load into table 't' failed.  Check 'stl_load_errors' system table for details." {
			t.Errorf("%s: got %s %s", tt.line, e.Code, e.Message)
		}
		if diff := cmp.Diff([]string{tt.want}, s.loadErrors()); diff != "" {
			t.Errorf("%s: %s", tt.line, diff)
		}
		if l := s.history.loads[s.id]; l.Status != Failed || l.ErrorCount != 1 || l.Rows != 0 || l.TableOID == 0 {
			t.Errorf("%s: history %+v", tt.line, l)
		}
		if got := s.query("SELECT count(*), current_setting('rs.last_copy_count'), current_setting('rs.last_copy_id') FROM t"); got[0] != fmt.Sprintf("0|0|%d", s.id) {
			t.Errorf("%s: %v", tt.line, got)
		}
		r := s.must("COPY t FROM 's3://b/x'" + role + " MAXERROR 2")
		want := []string{
			"Load into table 't' completed, 2 record(s) loaded successfully.",
			"Load into table 't' completed, 1 record(s) could not be loaded.  Check 'stl_load_errors' system table for details.",
		}
		if diff := cmp.Diff(want, r.Notices); diff != "" {
			t.Errorf("%s: %s", tt.line, diff)
		}
		if got := s.query("SELECT count(*) FROM t"); got[0] != "2" {
			t.Errorf("%s: %v rows", tt.line, got)
		}
		s.sql("TRUNCATE t")
	}
	// The fields up to the bad one are kept too, and what is shown of them is single-byte text.
	s.store.put("s3://b/x", "1|é\\x00|ccc\n")
	s.sql("CREATE TABLE u (a int, b varchar(20), c char(2), d int)")
	s.fails("COPY u FROM 's3://b/x'" + role + " FILLRECORD")
	want := []LoadError{{
		Slice: 0, URL: "s3://b/x", Line: 1, Column: "c", Type: "char", Length: "2", Position: 9, RawLine: "1|.\\x00|ccc", RawFieldValue: "ccc",
		Code: 1204, Reason: "Char length exceeds DDL length",
		Fields: []ErrorField{{Column: "a", Value: "1", Type: "int4"}, {Column: "b", Value: ".\\x00", Type: "varchar", Length: "20"}, {Column: "c", Value: "ccc", Type: "char", Length: "2"}},
	}}
	if diff := cmp.Diff(want, s.history.loads[s.id].Errors, cmpopts.IgnoreFields(LoadError{}, "Time")); diff != "" {
		t.Error(diff)
	}
}

//standin:imitates COPY: MAXERROR, IGNOREALLERRORS, NOLOAD | DG copy-parameters-data-load
func TestCopyMaxError(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	var data strings.Builder
	for i := range 100 {
		if i%10 == 5 {
			data.WriteString("bad\n")
		} else {
			fmt.Fprintln(&data, i)
		}
	}
	for i := range 5 {
		s.store.put(fmt.Sprintf("s3://b/x%d", i), data.String())
	}
	s.fails("COPY t FROM 's3://b/x'" + role + " MAXERROR 50")
	if n := s.history.loads[s.id].ErrorCount; n < 50 {
		t.Errorf("%d errors", n)
	}
	for _, options := range []string{"MAXERROR 51", "IGNOREALLERRORS"} {
		s.sql("TRUNCATE t")
		r := s.must("COPY t FROM 's3://b/x'" + role + " " + options)
		l := s.history.loads[s.id]
		if r.Rows != 450 || l.ErrorCount != 50 || len(l.Errors) != 50 || len(l.Files) != 5 || l.Rows != 450 || l.FileCount != 5 {
			t.Errorf("%s: %d rows, history %+v", options, r.Rows, l)
		}
		for _, f := range l.Files {
			if f.Lines != 100 || f.Errors != 10 || int(f.Bytes) != data.Len() {
				t.Errorf("%s: %+v", options, f)
			}
		}
	}
	// NOLOAD reads and checks everything and loads nothing.
	s.sql("TRUNCATE t")
	s.fails("COPY t FROM 's3://b/x'" + role + " NOLOAD")
	r := s.must("COPY t FROM 's3://b/x'" + role + " NOLOAD MAXERROR 51")
	if got := s.query("SELECT count(*) FROM t"); got[0] != "0" || r.Rows != 0 || s.history.loads[s.id].ErrorCount != 50 {
		t.Errorf("NOLOAD loaded %v", got)
	}
	if r.Table.OID != 0 {
		t.Errorf("NOLOAD says that it loaded %v", r.Table)
	}
}

//standin:imitates COPY: ACCEPTINVCHARS and STL_REPLACEMENTS | DG copy-parameters-data-conversion
func TestCopyReplacements(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql("CREATE TABLE t (a int, b varchar(20))")
	s.store.put("s3://b/x", strings.Repeat("1|a\xffb\n", 150)+"2|fine\n")
	r := s.must("COPY t FROM 's3://b/x'" + role + " ACCEPTINVCHARS")
	if len(r.Notices) != 2 || !strings.Contains(r.Notices[1], "150 record(s) were loaded with replacements made for ACCEPTINVCHARS") {
		t.Error(r.Notices)
	}
	l := s.history.loads[s.id]
	if len(l.Replacements) != 100 || l.Replacements[99].Line != 100 || l.Replacements[0].Column != "b" || l.Replacements[0].RawLine != "1|a.b" {
		t.Errorf("%d replacements, first %+v", len(l.Replacements), l.Replacements[0])
	}
}

func TestCopyColumns(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int, b varchar(9) DEFAULT 'deflt', c int NOT NULL DEFAULT 7, d int)")
	s.store.put("s3://b/x", "1|2\n")
	s.must("COPY t (d, a) FROM 's3://b/x'" + role)
	if diff := cmp.Diff([]string{"2|deflt|7|1"}, s.query("SELECT * FROM t")); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct{ sql, code, message string }{
		{"COPY t (d, x) FROM 's3://b/x'" + role, "42703", `column "x" of relation "t" does not exist`},
		{"COPY nowhere FROM 's3://b/x'" + role, "42P01", `relation "nowhere" does not exist`},
		{"COPY s.t FROM 's3://b/x'" + role, "42P01", `relation "s.t" does not exist`},
		{"COPY v FROM 's3://b/x'" + role, "42809", `"v" is not a table`},
		{"COPY t FROM 's3://b/x'" + role + " FIXEDWIDTH 'a:1'", "42601", "4"},
		{"COPY t FROM 's3://b/x'" + role + " JSON 'noshred'", "0A000", "SUPER"},
		{"COPY t FROM 's3://b/x'" + role + " JSON 's3://b/paths'", "XX000", "JSONPath size: 1, Number of columns in table or column list: 4"},
		{"COPY t FROM 's3://b/x'" + role + " JSON 's3://b/gone'", "XX000", "NoSuchKey"},
		{"COPY t FROM 's3://b/x'" + role + " JSON 's3://b/badpaths'", "XX000", "invalid JSONPath"},
		{"COPY t FROM 's3://b/x'" + role + " DATEFORMAT 'MM'", "22023", "DATEFORMAT"},
		{"COPY t FROM 's3://b/x'" + role + " TIMEFORMAT 'x'", "22023", "TIMEFORMAT"},
		{"COPY t FROM 's3://b/x'" + role + " GZIP", "XX000", "not a valid gzip file"},
		{"COPY t FROM 's3://b/x'" + role + " ZSTD", "XX000", "not a valid zstd file"},
		{"COPY t FROM 's3://b/x'" + role + " BZIP2", "XX000", "not a valid bzip2 file"},
	} {
		s.sql("CREATE OR REPLACE VIEW v AS SELECT 1 AS a")
		s.store.put("s3://b/paths", `{"jsonpaths":["$.a"]}`)
		s.store.put("s3://b/badpaths", `{"jsonpaths":["$.*","$.a","$.a","$.a"]}`)
		e := s.refused(tt.sql)
		if e.Code != tt.code || !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s: got %s %s", tt.sql, e.Code, e.Message)
		}
	}
	// A NOT NULL column that is left out and has no default fails every row.
	s.sql("CREATE TABLE n (a int, b int NOT NULL)")
	s.store.put("s3://b/x", "1\n2\n")
	s.fails("COPY n (a) FROM 's3://b/x'" + role)
	if diff := cmp.Diff([]string{"x:1 b int4() @0 1213 Missing data for not-null field []"}, s.loadErrors()); diff != "" {
		t.Error(diff)
	}
	if r := s.must("COPY n (a) FROM 's3://b/x'" + role + " MAXERROR 10"); r.Rows != 0 {
		t.Errorf("%d rows", r.Rows)
	}
}

//standin:imitates COPY: IDENTITY and GENERATED BY DEFAULT columns | DG copy-parameters-column-mapping
func TestCopyIdentity(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE i (id bigint GENERATED ALWAYS AS IDENTITY, a int)")
	s.store.put("s3://b/one", "10\n20\n")
	s.store.put("s3://b/two", "100|10\n200|20\n")
	s.must("COPY i FROM 's3://b/one'" + role)
	s.must("COPY i (a) FROM 's3://b/one'" + role)
	if diff := cmp.Diff([]string{"1|10", "2|20", "3|10", "4|20"}, s.query("SELECT * FROM i ORDER BY id")); diff != "" {
		t.Error(diff)
	}
	// Without EXPLICIT_IDS the file is read as if the column were not there.
	s.fails("COPY i FROM 's3://b/two'" + role)
	if e := s.refused("COPY i (id, a) FROM 's3://b/two'" + role); !strings.Contains(e.Message, "identity") {
		t.Error(e.Message)
	}
	if e := s.refused("COPY i (a) FROM 's3://b/one'" + role + " EXPLICIT_IDS"); !strings.Contains(e.Message, `"id"`) {
		t.Error(e.Message)
	}
	s.sql("TRUNCATE i")
	s.must("COPY i FROM 's3://b/two'" + role + " EXPLICIT_IDS")
	s.must("COPY i (a, id) FROM 's3://b/two'" + role + " EXPLICIT_IDS")
	// The next generated value does not know of the loaded ones.
	s.sql("INSERT INTO i (a) VALUES (0)")
	if diff := cmp.Diff([]string{"5|0", "10|100", "20|200", "100|10", "200|20"}, s.query("SELECT * FROM i ORDER BY id")); diff != "" {
		t.Error(diff)
	}
	s.sql("CREATE TABLE d (id bigint GENERATED BY DEFAULT AS IDENTITY, a int)")
	s.must("COPY d FROM 's3://b/two'" + role)
	s.must("COPY d (a) FROM 's3://b/one'" + role)
	if diff := cmp.Diff([]string{"1|10", "2|20", "100|10", "200|20"}, s.query("SELECT * FROM d ORDER BY id")); diff != "" {
		t.Error(diff)
	}
}

// In a transaction block a COPY rolls back with it, and its failure fails the block; the errors stay in the history.
//
//standin:imitates COPY: PG_LAST_COPY_COUNT, PG_LAST_COPY_ID | DG PG_LAST_COPY_COUNT, DG PG_LAST_COPY_ID
//standin:imitates COPY: rolled back with its transaction, errors kept | DG r_COPY
func TestCopyInTransaction(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int); CREATE TEMP TABLE tmp (a int)")
	s.store.put("s3://b/x", "1\n")
	s.store.put("s3://b/bad", "x\n")
	s.sql("BEGIN")
	s.must("COPY t FROM 's3://b/x'" + role)
	s.must("COPY t FROM 's3://b/x'" + role)
	s.must("COPY tmp FROM 's3://b/x'" + role)
	if s.conn.TxStatus() != 'T' {
		t.Fatalf("transaction status %c", s.conn.TxStatus())
	}
	s.sql("ROLLBACK")
	if got := s.query("SELECT count(*) FROM t"); got[0] != "0" {
		t.Errorf("%v rows after ROLLBACK", got)
	}
	for _, bad := range []string{
		"COPY t FROM 's3://b/bad'" + role, "COPY t FROM 's3://b/gone'" + role, "COPY t FROM 's3://b/x'" + role + " GZIP",
		"COPY t FROM 's3://b/bad'" + role + " NOLOAD", "COPY nowhere FROM 's3://b/x'" + role,
	} {
		s.sql("BEGIN")
		s.fails(bad)
		if s.conn.TxStatus() != 'E' {
			t.Fatalf("%s: transaction status %c", bad, s.conn.TxStatus())
		}
		s.sql("ROLLBACK")
	}
	s.sql("BEGIN")
	s.fails("COPY t FROM 's3://b/bad'" + role)
	s.sql("ROLLBACK")
	if len(s.history.loads[s.id].Errors) != 1 {
		t.Error("the history has lost the error of a load that was rolled back")
	}
	s.must("COPY t FROM 's3://b/x'" + role)
	if got := s.query("SELECT count(*), current_setting('rs.last_copy_count'), current_setting('rs.last_copy_id') FROM t"); got[0] != fmt.Sprintf("1|1|%d", s.id) {
		t.Error(got)
	}
}

//standin:imitates COPY: INSERT needed, ownership for STATUPDATE ON | DG r_COPY
func TestCopyPrivileges(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int); CREATE TABLE u (a int)")
	s.sql("DO $$BEGIN CREATE ROLE loader; EXCEPTION WHEN duplicate_object THEN END$$; GRANT INSERT ON t TO loader; SET SESSION AUTHORIZATION loader")
	s.store.put("s3://b/x", "1\n")
	s.must("COPY t FROM 's3://b/x'" + role)
	for _, tt := range []struct{ sql, message string }{
		{"COPY u FROM 's3://b/x'" + role, "permission denied for relation u"},
		{"COPY t FROM 's3://b/x'" + role + " STATUPDATE ON", "must be owner of relation t"},
		{"UNLOAD ('select * from u') TO 's3://b/y'" + role, "permission denied"},
	} {
		if e := s.refused(tt.sql); e.Code != "42501" || !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s: %s %s", tt.sql, e.Code, e.Message)
		}
	}
	s.sql("RESET SESSION AUTHORIZATION")
	if got := s.query("SELECT count(*) FROM t"); got[0] != "1" {
		t.Error(got)
	}
}

//standin:imitates COPY: STATUPDATE | DG copy-parameters-data-load
func TestCopyStatistics(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.store.put("s3://b/x", strings.Repeat("1\n", 100))
	rows := func(table, options string) string {
		t.Helper()
		s.sql("CREATE TABLE " + table + " (a int)")
		s.must("COPY " + table + " FROM 's3://b/x'" + role + " " + options)
		return s.query("SELECT reltuples::int FROM pg_class WHERE relname = '" + table + "'")[0]
	}
	if got := rows("a", ""); got != "100" {
		t.Errorf("an empty table has %s rows in statistics after COPY", got)
	}
	if got := rows("b", "STATUPDATE OFF"); got == "100" {
		t.Error("STATUPDATE OFF made statistics")
	}
	r := s.must("COPY a FROM 's3://b/x'" + role)
	if got := fmt.Sprint(r.Table); got != "{"+s.query("SELECT 'a'::regclass::oid")[0]+" public a}" {
		t.Errorf("loaded %s", got)
	}
	if got := s.query("SELECT reltuples::int FROM pg_class WHERE relname = 'a'")[0]; got != "100" {
		t.Errorf("%s rows in statistics after a COPY into a table with rows", got)
	}
	s.must("COPY a FROM 's3://b/x'" + role + " STATUPDATE ON")
	if got := s.query("SELECT reltuples::int FROM pg_class WHERE relname = 'a'")[0]; got != "300" {
		t.Errorf("%s rows in statistics after STATUPDATE ON", got)
	}
}

// Whatever fails while rows are on their way, the table stays as it was and the session goes on.
func TestCopyStoreFailures(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	for i := range 8 {
		s.store.put(fmt.Sprintf("s3://b/x%d", i), strings.Repeat("1\n", 100000))
	}
	for _, op := range []string{"list", "open"} {
		s.store.fail = func(o, _, key string) error {
			if o == op && (op == "list" || key == "x5") {
				return denied
			}
			return nil
		}
		e := s.refused("COPY t FROM 's3://b/x'" + role)
		if e.Message != "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid RID1,ExtRid RID1,CanRetry 1" {
			t.Errorf("%s: %s", op, e.Message)
		}
		s.store.fail = nil
		if got := s.query("SELECT count(*) FROM t"); got[0] != "0" {
			t.Errorf("%s: %v rows", op, got)
		}
	}
	truncated := zstded(t, strings.Repeat("1\n", 300000))
	s.store.put("s3://b/z", truncated[:len(truncated)-5])
	if e := s.refused("COPY t FROM 's3://b/z'" + role + " ZSTD"); !strings.Contains(e.Message, "not a valid zstd file") {
		t.Error(e.Message)
	}
	s.store.put("s3://b/g", gzipped(t, "1\n")+"garbage")
	if e := s.refused("COPY t FROM 's3://b/g'" + role + " GZIP"); !strings.Contains(e.Message, "not a valid gzip file") {
		t.Error(e.Message)
	}
	if got := s.query("SELECT count(*) FROM t"); got[0] != "0" {
		t.Errorf("%v rows", got)
	}
}

// endless is a file that never ends, and cancels a context on the way.
type endless struct {
	*memStore
	cancel func()
}

func (e endless) Open(context.Context, string, string) (io.ReadCloser, ObjectInfo, error) {
	n := 0
	return io.NopCloser(readerFunc(func(p []byte) (int, error) {
		if n++; n == 5 {
			e.cancel()
		}
		for i := range p {
			p[i] = "1\n"[i%2]
		}
		return len(p) &^ 1, nil
	})), ObjectInfo{}, nil
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

//standin:imitates COPY: cancelled whole | DG r_CANCEL
func TestCopyCancel(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	s.store.put("s3://b/x", "")
	ctx, cancel := context.WithCancel(t.Context())
	s.access.store = endless{s.store, cancel}
	_, err := s.run(ctx, "COPY t FROM 's3://b/x'"+role)
	var e *dialect.Error
	if !errors.As(err, &e) || e.Code != "57014" {
		t.Fatalf("got %v, want 57014", err)
	}
	if s.history.loads[s.id].Status != Aborted {
		t.Errorf("history %+v", s.history.loads[s.id])
	}
	s.access.store = s.store
	s.must("COPY t FROM 's3://b/x'" + role)

	// Cancelled while it waits for another load into the same table.
	other := s.connect()
	if _, err := other.Exec(t.Context(), "BEGIN; SELECT rs.lock_for_write('t')").ReadAll(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	s.store.fail = func(op, _, _ string) error {
		if op == "list" {
			cancel()
		}
		return nil
	}
	if _, err := s.run(ctx, "COPY t FROM 's3://b/x'"+role); !errors.As(err, &e) || e.Code != "57014" {
		t.Fatalf("got %v, want 57014", err)
	}
}

// Two loads into one table take turns.
//
//standin:imitates COPY: one load into a table at a time | DG c_serial_isolation
func TestCopyTakesTurns(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	s.store.put("s3://b/x", "1\n")
	other := *s
	other.conn = s.connect()
	other.history = &memHistory{}
	engine := *s.engine
	engine.History = other.history
	other.engine = &engine
	s.sql("BEGIN")
	s.must("COPY t FROM 's3://b/x'" + role)
	done := make(chan error)
	go func() {
		_, err := other.run(t.Context(), "COPY t FROM 's3://b/x'"+role)
		done <- err
	}()
	// The second load is seen to wait for the first one's lock.
	for {
		if got := s.query("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass AND mode = 'ShareRowExclusiveLock'"); got[0] == "1" {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("the second load did not wait: %v", err)
		default:
		}
	}
	s.sql("COMMIT")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := s.query("SELECT count(*) FROM t"); got[0] != "2" {
		t.Error(got)
	}
}

//standin:differs COPY: COMPUPDATE ON | the encodings of PRESET; nothing is sampled, and COMPROWS says nothing | DG copy-parameters-data-load
//standin:imitates COPY: COMPUPDATE PRESET, OFF, not said | DG copy-parameters-data-load
func TestCopyCompression(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.store.put("s3://b/x", "1|a|t|2020-01-01|1\n")
	for _, tt := range []struct{ encodings, options, want string }{
		{`"a":"raw","b":"raw","c":"raw","d":"raw","e":"raw"`, "", "az64 lzo raw az64 raw"},
		{`"a":"raw","b":"raw","c":"raw","d":"raw","e":"raw"`, "COMPUPDATE OFF", "raw raw raw raw raw"},
		{`"a":"zstd","b":"raw","c":"raw","d":"raw","e":"raw"`, "", "zstd raw raw raw raw"},
		{`"a":"zstd","b":"zstd","c":"zstd","d":"zstd","e":"zstd"`, "COMPUPDATE PRESET", "az64 lzo raw az64 raw"},
		{`"a":"zstd","b":"zstd","c":"zstd","d":"zstd","e":"zstd"`, "COMPUPDATE ON", "az64 lzo raw az64 raw"},
		{`"a":"zstd","b":"zstd","c":"zstd","d":"zstd","e":"zstd"`, "COMPUPDATE OFF", "zstd zstd zstd zstd zstd"},
	} {
		s.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (a int, b varchar(9), c bool, d date, e int)")
		s.sql(`SELECT rs.alter_table('t', '{"encodings":{` + tt.encodings + `},"sort":"compound","sortkey":["e"]}', '{}')`)
		encodings := func() string {
			return strings.Join(s.query("SELECT encoding FROM rs.column_attribute WHERE relid = 't'::regclass ORDER BY attnum"), " ")
		}
		s.must("COPY t FROM 's3://b/x'" + role + " " + tt.options)
		if got := encodings(); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.encodings, tt.options, got, tt.want)
		}
		// Once the table has rows nothing changes any more.
		s.must("COPY t FROM 's3://b/x'" + role + " COMPUPDATE PRESET")
		if got := encodings(); got != tt.want {
			t.Errorf("%s %s: second load made %s of %s", tt.encodings, tt.options, got, tt.want)
		}
	}
}

// statement_timeout ends COPY and UNLOAD as it ends a query, and leaves the session as good as before.
//
//standin:imitates COPY: statement_timeout | DG statement_timeout
//standin:imitates UNLOAD: statement_timeout | DG statement_timeout
func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (a int)")
	s.store.put("s3://b/x", "")
	s.access.store = &sieve{memStore: s.store, rows: 1 << 40}
	s.sql("SET statement_timeout TO 300")
	for _, sql := range []string{
		"UNLOAD ('select count(*) from generate_series(1, 10000000000)') TO 's3://b/out'" + role,
		"COPY t FROM 's3://b/x'" + role + " IGNOREALLERRORS",
	} {
		if e := s.refused(sql); e.Code != "57014" {
			t.Errorf("%s: %s %s", sql, e.Code, e.Message)
		}
		if s.conn.TxStatus() != 'I' {
			t.Fatalf("%s: transaction status %c", sql, s.conn.TxStatus())
		}
	}
	if got := []Status{s.history.unloads[1].Status, s.history.loads[2].Status}; got[0] != Aborted || got[1] != Aborted {
		t.Errorf("history: %v", got)
	}
	if got := s.query("SELECT count(*) FROM t"); got[0] != "0" {
		t.Error(got)
	}
}
