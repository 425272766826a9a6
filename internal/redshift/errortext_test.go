package redshift_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

func TestParseErrorText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*redshift.ServerError{
		`ERROR: relation "a.b" does not exist`:                                                  {Severity: "ERROR", Code: "42P01", Message: `relation "a.b" does not exist`},
		`ERROR: relation "a.b" does not exist [ErrorId: 1-65f-9a]`:                              {Severity: "ERROR", Code: "42P01", Message: `relation "a.b" does not exist`},
		"ERROR: permission denied for schema x\n  Position: 15":                                 {Severity: "ERROR", Code: "42501", Message: "permission denied for schema x"},
		"ERROR: 1023\n  Detail: Serializable isolation violation on table - 1, x\n  Hint: h":    {Severity: "ERROR", Message: "1023", Detail: "Serializable isolation violation on table - 1, x", Hint: "h"},
		"ERROR: Assert\n  Detail: \n  -----\n  error:  Assert\n  code:      1000\n":             {Severity: "ERROR", Message: "Assert", Detail: "-----\n  error:  Assert\n  code:      1000"},
		"FATAL: password authentication failed for user \"u\"":                                  {Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "u"`},
		"ERROR: Query (1) cancelled on user's request":                                          {Severity: "ERROR", Code: "57014", Message: "Query (1) cancelled on user's request"},
		"ERROR: database \"d\" already exists":                                                  {Severity: "ERROR", Code: "42P04", Message: `database "d" already exists`},
		"ERROR: Load into table 't' failed.  Check 'stl_load_errors' system table for details.": {Severity: "ERROR", Message: "Load into table 't' failed.  Check 'stl_load_errors' system table for details."},
		`ERROR: invalid input syntax for integer: "a"`:                                          {Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for integer: "a"`},
		`ERROR: value "99999999999" is out of range for type integer`:                           {Severity: "ERROR", Code: "22003", Message: `value "99999999999" is out of range for type integer`},
		`ERROR: date/time field value out of range: "2026-13-01"`:                               {Severity: "ERROR", Code: "22008", Message: `date/time field value out of range: "2026-13-01"`},
		"unexpected EOF":         nil,
		"Query timed out: ERROR": nil,
		"ERROR":                  nil,
		"":                       nil,
	} {
		got, ok := redshift.ParseErrorText(text)
		if diff := cmp.Diff(want, got); diff != "" || ok != (want != nil) {
			t.Errorf("%q: %v %s", text, ok, diff)
		}
	}
	for text, is := range map[string]func(error) bool{
		"ERROR: 1023\n  Detail: Serializable isolation violation on table - 1":                  redshift.Retryable,
		"ERROR: 1018\n  Detail: Relation does not exist.":                                       redshift.Retryable,
		"ERROR: could not serialize access due to concurrent update":                            redshift.Retryable,
		"ERROR: permission denied for relation t":                                               redshift.IsPermission,
		"ERROR: Load into table 't' failed.  Check 'stl_load_errors' system table for details.": redshift.IsLoadError,
	} {
		if e, _ := redshift.ParseErrorText(text); !is(e) {
			t.Errorf("%q is not what it is", text)
		}
	}
}

// Whatever AWS says, what is read is part of it.
func FuzzParseErrorText(f *testing.F) {
	f.Add("ERROR: a\n  Detail: b\n  Hint: c\n  Position: 7 [ErrorId: 1]")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := redshift.ParseErrorText(text)
		if ok != (e != nil) {
			t.Fatal("an error, or none")
		}
		if ok {
			for _, part := range []string{e.Message, e.Detail, e.Hint} {
				if !strings.Contains(text, part) {
					t.Errorf("%q is not in %q", part, text)
				}
			}
		}
	})
}

// A column is of the same type whichever way it is described.
func TestJDBCField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		size, scale int32
		want        string
	}{
		{"bool", 1, 0, "BOOLEAN"},
		{"int2", 5, 0, "SMALLINT"},
		{"int4", 10, 0, "INTEGER"},
		{"int8", 19, 0, "BIGINT"},
		{"float4", 8, 0, "REAL"},
		{"float8", 17, 0, "DOUBLE PRECISION"},
		{"numeric", 10, 2, "DECIMAL(10,2)"},
		{"bpchar", 3, 0, "CHAR(3)"},
		{"varchar", 9, 0, "VARCHAR(9)"},
		{"varchar", 2147483647, 0, "VARCHAR(65535)"},
		{"date", 13, 0, "DATE"},
		{"timestamptz", 35, 0, "TIMESTAMPTZ"},
		{"super", 0, 0, "SUPER"},
		{"varbyte", 4, 0, "VARBYTE(4)"},
		{"VARCHAR", 2, 0, "VARCHAR(2)"},
	} {
		got, err := redshift.JDBCField("c", c.name, c.size, c.scale).Type()
		if err != nil || got.String() != c.want {
			t.Errorf("%s(%d,%d): %v, %v", c.name, c.size, c.scale, got, err)
		}
	}
	for _, name := range []string{"numeric", "bpchar", "hllsketch", ""} {
		if got, err := redshift.JDBCField("c", name, 0, 0).Type(); err == nil {
			t.Errorf("%s without its size: %v", name, got)
		}
	}
}
