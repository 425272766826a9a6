package catalog_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/dialect"
)

// example is one of the manual's: what is asked, and the documented rows or error.
type example struct {
	line  int
	page  string // of the Database Developer Guide
	sql   string
	rows  []string
	fails bool
	words string // of the error's message
}

// examples reads a file: "page: statements", then one "= value|value" a row, or "! words of an error".
func examples(t *testing.T, file string) []example {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	for n, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		last := len(all) - 1
		switch mark, rest, _ := strings.Cut(line, " "); mark {
		case "=":
			all[last].rows = append(all[last].rows, rest)
		case "!":
			all[last].fails, all[last].words = true, rest
		default:
			page, ok := strings.CutSuffix(mark, ":")
			if !ok {
				t.Fatalf("%s:%d: no page: %s", file, n+1, line)
			}
			all = append(all, example{line: n + 1, page: page, sql: rest})
		}
	}
	return all
}

// TestManualExamples runs the examples of the manual's pages on functions and expressions, and compares the answers
// with those printed there.
//
//standin:imitates functions: ADD_MONTHS, MONTHS_BETWEEN, LAST_DAY, NEXT_DAY, CONVERT_TIMEZONE | DG Date_functions_header
//standin:imitates functions: DATEADD, DATEDIFF with all names of date parts | DG r_DATEADD_function, DG r_DATEDIFF_function
//standin:imitates functions: DATE_PART, EXTRACT, DATE_TRUNC and their result types | DG r_DATE_PART_function, DG r_EXTRACT_function, DG r_DATE_TRUNC
//standin:imitates functions: TO_CHAR, TO_DATE, TO_TIMESTAMP, TO_NUMBER, days and hours beyond their limits | DG r_Data_type_formatting
//standin:imitates functions: FARMFINGERPRINT64 | DG r_FARMFINGERPRINT64
//standin:imitates functions: STRTOL, OCTETINDEX, SOUNDEX, DIFFERENCE, TRANSLATE and other string functions | DG String_functions_header
//standin:imitates functions: REGEXP_SUBSTR, REGEXP_INSTR, REGEXP_COUNT, REGEXP_REPLACE with occurrence and parameters c, i, e | DG REGEXP_SUBSTR
//standin:differs functions: REGEXP_* with parameter p | by PostgreSQL's expressions, which have look-ahead and not all of PCRE | DG REGEXP_REPLACE
//standin:imitates functions: JSON_EXTRACT_PATH_TEXT, JSON_EXTRACT_ARRAY_ELEMENT_TEXT, JSON_ARRAY_LENGTH, IS_VALID_JSON, IS_VALID_JSON_ARRAY | DG json-functions
//standin:imitates functions: JSON_PARSE, CAN_JSON_PARSE, JSON_SERIALIZE, JSON_TYPEOF, JSON_SIZE, IS_* | DG super-functions
//standin:imitates functions: OBJECT, ARRAY, ARRAY_CONCAT, ARRAY_FLATTEN, GET_ARRAY_LENGTH, SPLIT_TO_ARRAY, SUBARRAY, OBJECT_TRANSFORM | DG super-functions
//standin:imitates functions: TO_VARBYTE, FROM_VARBYTE, TO_HEX, FROM_HEX, GETBIT, operators of VARBYTE | DG varbyte-functions
//standin:imitates functions: MEDIAN, PERCENTILE_CONT, LISTAGG and RATIO_TO_REPORT over windows | DG c_Window_functions
//standin:differs functions: CHECKSUM of texts | by a formula of our own, as Redshift's is not documented; numbers as in the manual's example | DG r_CHECKSUM
//standin:differs functions: MURMUR3_32_HASH | one of the manual's two examples with a seed has another answer than Murmur3A gives | DG MURMUR3_32_HASH
func TestManualExamples(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run("set extra_float_digits to 0") // the manual's psql shows fifteen digits
	all := examples(t, "testdata/manual.txt")
	if len(all) < 150 {
		t.Fatalf("%d examples", len(all))
	}
	for _, e := range all {
		if e.page == "setup" {
			s.run(e.sql)
			continue
		}
		rows, err := s.try(e.sql)
		if e.fails {
			if de, ok := errors.AsType[*dialect.Error](err); !ok || !strings.Contains(de.Message, e.words) {
				t.Errorf("testdata/manual.txt:%d: %s: %s: %v %v, want an error %q", e.line, e.page, e.sql, rows, err, e.words)
			}
			continue
		}
		if err != nil {
			t.Errorf("testdata/manual.txt:%d: %s: %s: %v", e.line, e.page, e.sql, err)
			continue
		}
		var got []string
		for _, row := range rows {
			for i, v := range row {
				row[i] = strings.TrimSpace(v) // the manual's tables do not show blanks at the ends of values
			}
			got = append(got, strings.Join(row, "|"))
		}
		if strings.Join(got, "\n") != strings.Join(e.rows, "\n") {
			t.Errorf("testdata/manual.txt:%d: %s: %s\n got %q\nwant %q", e.line, e.page, e.sql, got, e.rows)
		}
	}
}

// TestSystemExamples runs the sample queries of the manual's pages on system tables and views.
//
//standin:imitates system views: the sample queries of the manual's pages run | DG cm_chap_system-tables, DG serverless_views-monitoring
func TestSystemExamples(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run("create table t (a int primary key, b varchar(3)) distkey (a); insert into t values (1, 'x')")
	s.history()
	all := examples(t, "testdata/system.txt")
	if len(all) < 250 {
		t.Fatalf("%d examples", len(all))
	}
	for _, e := range all {
		if _, err := s.try(e.sql); err != nil {
			t.Errorf("testdata/system.txt:%d: %s: %s: %v", e.line, e.page, e.sql, err)
		}
	}
}
