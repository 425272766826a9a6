package transfer

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

// Every code of the manual's Load error reference that the stand-in answers with, each with the place, the column and the
// value that it is about.
//
//standin:imitates COPY: load errors with code, line, column and raw value | DG r_Load_Error_Reference
//standin:differs COPY: load error codes 1200, 1201, 1203, 1209, 1212, 1219, 1223 | never answered: 1214 stands for too few fields, 1207 for any digit that is none, and a missing file is an error of S3 | DG r_Load_Error_Reference
func TestLoadErrorCodes(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.store.put("s3://b/aux/paths", `{"jsonpaths":["$.a[5]"]}`)
	long := strings.Repeat("x", 4<<20)
	for _, tt := range []struct{ columns, data, options, want string }{
		{"a int, b int", "1|2\n1|2|3\n", "", "2 b int4() @4 1202 Extra column(s) found []"},
		{"a int, b int", "1,2\n1,2,3\n", "CSV", "2 b int4() @4 1202 Extra column(s) found []"},
		{"a int, b int", "12\n123\n", "FIXEDWIDTH 'a:1,b:1'", "2 b int4() @2 1202 Extra column(s) found []"},
		{"a varchar(3)", "abc\nabcd\n", "", "2 a varchar(3) @0 1204 String length exceeds DDL length [abcd]"},
		{"a char(3)", "abc   \nabcd\n", "", "2 a char(3) @0 1204 Char length exceeds DDL length [abcd]"},
		{"a numeric(3,1)", "99.99\n100\n", "", "2 a numeric(3, 1) @0 1204 Numeric data overflow, Value '100', Type: Decimal(3,1) [100]"},
		{"a real", "1\n1e39\n", "", "2 a float4() @0 1204 Value out of range, Value '1e39', Type: Float [1e39]"},
		{"a varbyte(2)", "0102\n010203\n", "", "2 a varbyte(2) @0 1204 Varbyte length exceeds DDL length [010203]"},
		{"a super", `"x"` + "\n\"" + strings.Repeat("y", 65536) + "\"\n", "", `2 a super() @0 1204 String inside SUPER exceeds 65535 bytes ["` + strings.Repeat("y", 1023) + `]`},
		{"a varchar(9)", "x\n" + long + "x\n", "", "2  () @0 1204 Input record exceeds the maximum size of 4194304 bytes []"},
		{"a varchar(9)", `{"a":"x"}{"a":"` + long + `"}`, "JSON 'auto'", "1  () @0 1204 Input record exceeds the maximum size of 4194304 bytes []"},
		{"a date", "2020-02-29\n2019-02-29\n", "", "2 a date() @0 1205 Error in Date value or format [%Y-%m-%d] [2019-02-29]"},
		{"a timestamp", "2020-02-29 00:00:00\n2020-02-29 25:00:00\n", "", "2 a timestamp() @0 1206 Error in Timestamp value or format [%Y-%m-%d %H:%M:%S] [2020-02-29 25:00:00]"},
		{"a timestamptz", "2020-02-29 00:00:00+01\nyesterday\n", "", "2 a timestampt() @0 1206 Error in Timestamp value or format [%Y-%m-%d %H:%M:%S] [yesterday]"},
		{"a int", "1\n1x\n", "", "2 a int4() @0 1207 Invalid digit, Value 'x', Pos 1, Type: Integer [1x]"},
		{"a numeric(5,2)", "1.5\n1.5.5\n", "", "2 a numeric(5, 2) @0 1207 Invalid digit, Value '.', Pos 3, Type: Decimal [1.5.5]"},
		{"a double precision", "1e3\n1e\n", "", "2 a float8() @0 1208 Invalid value '1e', Type: Double [1e]"},
		{"a boolean", "y\nperhaps\n", "", "2 a bool() @0 1210 Unknown boolean format [perhaps]"},
		{"a int, b int", "1|2\n\n", "", "2 a int4() @0 1211 Line has no data []"},
		{"a int not null", "1\n \n", "", "2 a int4() @0 1213 Missing data for not-null field [ ]"},
		{"a int, b int", "1|2\n1\n", "", "2 a int4() @1 1214 Delimiter not found []"},
		{"a int, b int", "12\n1\n", "FIXEDWIDTH 'a:1,b:1'", "2 b int4() @1 1214 Fixed width line is too short []"},
		{"a varchar(9), b int", "'a'|1\n'a|1\n", "REMOVEQUOTES", "2 a varchar(9) @0 1214 Delimited value missing end quote []"},
		{"a char(9)", "a\n\u00e9\n", "", "2 a char(9) @0 1215 Multibyte character not supported for CHAR (Hint: Try using  VARCHAR). Invalid char: c3 a9 [.]"},
		{"a varchar(9), b int", "a,1\nx\"a\",1\n", "CSV", "2 a varchar(9) @1 1216 Invalid quote formatting for CSV []"},
		{"a int", `{"a":1}` + "\n{\"a\":}\n", "JSON 'auto'", "2  () @5 1216 Invalid value []"},
		{"a int", "{\"a\":[0,1,2,3,4,5]}\n{\"a\":[1]}\n", "JSON 's3://b/aux/paths'", "2 a int4() @0 1216 Invalid JSONPath format: Not an array or index out of range. []"},
		{"id int generated always as identity, a int", "1|1\nx|2\n", "EXPLICIT_IDS", "2 id int4() @0 1217 Invalid digit, Value 'x', Pos 0, Type: Integer [x]"},
		{"a varchar(9), b int", "\x00|1\n\x00x|1\n", `NULL AS '\0'`, "2 a varchar(9) @0 1218 NULL AS '\\0' and the field holds NUL and more bytes []"},
		{"a varchar(9)", "a\n\xc3(\n", "", "2 a varchar(9) @0 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: c3 28 (error 4) [.(]"},
		{"a varchar(9)", "a\n\xe4\xb8\n", "", "2 a varchar(9) @0 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: e4 b8 (error 2) [.]"},
		{"a varchar(9)", "a\n\x80\n", "", "2 a varchar(9) @0 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: 80 (error 3) []"},
		{"a varchar(9)", "a\n", "ENCODING UTF16", "-1  () @0 1221 The file's encoding is not UTF16, as ENCODING says []"},
		{"a varchar(9)", inUTF16(t, unicode.BigEndian, unicode.UseBOM, "a\n"), "ENCODING UTF16LE", "-1  () @0 1221 The file's encoding is not UTF16LE, as ENCODING says []"},
		{"a varchar(9)", inUTF16(t, unicode.LittleEndian, unicode.UseBOM, "a\n"), "", "-1  () @0 1221 The file's encoding is not UTF8, as ENCODING says []"},
		{"a varchar(9)", "a\x00\n\x00\x00\xd8b\x00\n\x00", "ENCODING UTF16LE", "2 a varchar(9) @0 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ed a0 80 (error 4) [.b]"},
		{"a varchar(9)", "\x00a\x00\n\xdc\x00\x00\n", "ENCODING UTF16BE", "2 a varchar(9) @0 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ed b0 80 (error 4) [.]"},
		{"a varchar(9)", "\x00a\x00\n\x00b\x00", "ENCODING UTF16BE", "2 a varchar(9) @0 1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ff (error 1) [b.]"},
		{"a smallint", "32767\n32768\n", "", "2 a int2() @0 1222 Integer overflow, Value '32768', Type: Short [32768]"},
		{"a super", "[1]\n[1\n", "", "2 a super() @0 1224 Invalid JSON for SUPER: Unexpected end of JSON at offset 2 [[1]"},
	} {
		s.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (" + tt.columns + ")")
		s.store.put("s3://b/x", tt.data)
		s.fails("COPY t FROM 's3://b/x'" + role + " " + tt.options)
		if diff := cmp.Diff([]string{"x:" + tt.want}, s.loadErrors()); diff != "" {
			t.Errorf("%.80q %s (-want +got)\n%s", tt.data, tt.options, diff)
		}
		// With one more error allowed, the same row is left out, and only that.
		r := s.must("COPY t FROM 's3://b/x'" + role + " MAXERROR 2 " + tt.options)
		want := int64(1)
		if strings.HasPrefix(tt.want, "-1") {
			want = 0
		}
		if got := s.query("SELECT count(*) FROM t")[0]; r.Rows != want || got != strconv.FormatInt(want, 10) {
			t.Errorf("%.80q %s: %d rows, %s in the table, want %d", tt.data, tt.options, r.Rows, got, want)
		}
	}
}
