package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/load"
	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/redshift"
)

// What COPY would change without a word is found, what it keeps is not (DG copy-parameters-data-conversion,
// r_DATEFORMAT_and_TIMEFORMAT_strings).
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, fine, wrong, reason string }{
		{"smallint", "0 -1 32767 -32768 +5 00012", "32768 -32769 1.5 x 1e3 1_0", ""},
		{"integer", "2147483647 -2147483648", "2147483648 -2147483649 99999999999999999999", "INTEGER"},
		{"bigint", "9223372036854775807 -9223372036854775808", "9223372036854775808", "out of range"},
		{"decimal(5,2)", "1.25 999.99 -999.99 1.2500 .5 5. 1.5e1 125e-2", "1.255 -0.001 125e-3", "cut off"},
		{"decimal(5,2)", "0.00", "1000 99999 1e3 1e400", "DECIMAL(5,2)"},
		{"decimal(5,2)", "0.00", "x 1/2 0x10 1e999999999 1_0", "no DECIMAL"},
		{"boolean", "t TRUE yes 1 f false NO 0", "2 maybe", "BOOLEAN"},
		{"date", "2015-01-02 2015-01-02T00:00:00 Jan-08-95", "2015-01-02T10:00:00", "drop"},
		{"date", "20150102", "never", "no DATE"},
		{"timestamp", "2015-01-02T10:00:00.123456 2015-01-02T10:00:00.1234560", "2015-01-02T10:00:00.1234567", "microseconds"},
		{"timestamp", "2015-01-02", "2015-01-02T10:00:00Z 2015-01-02T10:00:00+02", "zone"},
		{"timestamptz", "2015-01-02T10:00:00+02 2015-01-02T10:00:00Z", "2015-01-02T10:00:00.0000001Z", "microseconds"},
		{"varchar(3)", "abc \u00e9a", "abcd \u00e9\u00e9", "4 bytes"},
	} {
		typ, err := redshift.ParseType(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		check, _ := load.Check(typ)
		for v := range strings.FieldsSeq(c.fine) {
			if reason := check([]byte(v)); reason != "" {
				t.Errorf("%s %s: %s", c.typ, v, reason)
			}
		}
		for v := range strings.FieldsSeq(c.wrong) {
			if reason := check([]byte(v)); reason == "" || !strings.Contains(reason, c.reason) {
				t.Errorf("%s %s: %q, not %q", c.typ, v, reason, c.reason)
			}
		}
	}
}

// FuzzCheck: no value makes a check panic or run on.
func FuzzCheck(f *testing.F) {
	f.Add([]byte("1e9"))
	f.Add([]byte("2015-01-02T10:00:00.1234567Z"))
	for _, v := range []string{"-", "+", ".", "-.", "-1", "+12345", "123456", "12.3", "-.5", "5.", "1.2.3", "1-2", "--1", "1.00", "99999999", "-9999999", "12345678.9", " 1", "1\xb0", "\xaf\xba"} {
		f.Add([]byte(v))
	}
	types := []string{"smallint", "integer", "bigint", "decimal(38,37)", "decimal(1,0)", "decimal(5,2)", "boolean", "date", "timestamp", "timestamptz", "varchar(3)"}
	f.Fuzz(func(t *testing.T, v []byte) {
		for _, name := range types {
			typ, err := redshift.ParseType(name)
			if err != nil {
				t.Fatal(err)
			}
			check, spare := load.Check(typ)
			reason := check(v)
			rewrite := func(s delimited.Spare) (string, error) {
				w := &delimited.Rewriter{Format: comma, Columns: []delimited.Column{{}, {Check: check, Spare: s}, {}}, Marker: []byte("~null")}
				out, _, err := w.Rewrite(nil, delimited.Block{Text: fmt.Appendf(nil, "some text,%s,and more\n", v), Line: 1})
				return string(out), err
			}
			checked, err := rewrite(delimited.Spare{})
			spared, spareErr := rewrite(spare)
			if checked != spared || fmt.Sprint(err) != fmt.Sprint(spareErr) {
				t.Errorf("%s: %q needs a check after all: %q, %v; with the check %q, %v", name, v, spared, spareErr, checked, err)
			}
			if len(v) > 3 && strings.Contains(reason, string(v)) && len(v) > 12 {
				t.Errorf("%s: the reason %q holds the value", name, reason)
			}
		}
	})
}
