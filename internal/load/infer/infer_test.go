package infer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/internal/load/infer"
)

func column(values ...string) *infer.Column {
	var c infer.Column
	for _, v := range values {
		c.Add([]byte(v))
	}
	return &c
}

func TestNarrowestType(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		"":                               "varchar(256)",
		"true|FALSE":                     "boolean",
		"t|f":                            "varchar(8)",
		"1|0":                            "integer",
		"2147483647|-2147483648":         "integer",
		"2147483648":                     "bigint",
		"-2147483649":                    "bigint",
		"9223372036854775807":            "decimal(20,0)",
		"123456789012345678901234567890": "decimal(30,0)",
		"1.5|22.25":                      "decimal(4,2)",
		"1|-0.125":                       "decimal(4,3)",
		"99999999999999999999.0000000000000000001": "varchar(64)",
		"1e3|2.5":                        "double precision",
		"1e3|12345678901234567":          "varchar(32)",
		"1e400":                          "varchar(8)",
		"00501":                          "varchar(8)",
		"-0":                             "varchar(8)",
		"+1":                             "varchar(8)",
		".5":                             "varchar(8)",
		"5.":                             "varchar(8)",
		"1,000":                          "varchar(8)",
		"2019-02-11":                     "date",
		"2019-02-29":                     "varchar(16)",
		"2000-02-29":                     "date",
		"2019-02-11|2019-02-11 05:09:12": "timestamp",
		"2019-02-11T05:09:12.123456":     "timestamp",
		"2019-02-11T05:09:12.1234567":    "varchar(32)",
		"2019-02-11T05:09:12.195Z|2019-02-11 05:09:12+02:00": "timestamptz",
		"2019-02-11 05:09:12|2019-02-11 05:09:12Z":           "varchar(32)",
		"2019-02-11|1": "varchar(16)",
		"true|1":       "varchar(8)",
		"abc|äöü":      "varchar(8)",
	} {
		c := column(strings.Split(values, "|")...)
		if values == "" {
			c = column()
		}
		got, err := c.Type(false)
		if err != nil || strings.ToLower(got.String()) != want {
			t.Errorf("%s: %s, %v; want %s", values, got, err, want)
		}
	}
}

func TestRoomForMore(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		"1":                        "integer",
		"123456789":                "bigint",
		"1.5":                      "decimal(18,1)",
		"12345678901234567.25":     "decimal(24,2)",
		strings.Repeat("x", 13):    "varchar(16)",
		strings.Repeat("x", 14):    "varchar(32)",
		strings.Repeat("x", 60000): "varchar(65535)",
	} {
		got, err := column(values).Type(true)
		if err != nil || strings.ToLower(got.String()) != want {
			t.Errorf("%.20s: %s, %v; want %s", values, got, err, want)
		}
	}
}

func TestTooLongForVarchar(t *testing.T) {
	t.Parallel()
	_, err := column(strings.Repeat("x", 65536)).Type(false)
	if err == nil || err.Error() != "a value of 65536 bytes; VARCHAR holds no more than 65535" {
		t.Error(err)
	}
}

func TestJSONTellsTextFromNumbers(t *testing.T) {
	t.Parallel()
	var c infer.Column
	c.AddText([]byte("1"))
	if got, err := c.Type(false); err != nil || got.String() != "VARCHAR(8)" {
		t.Error(got, err)
	}
	c = infer.Column{}
	c.AddText([]byte("2020-01-02"))
	if got, err := c.Type(false); err != nil || got.String() != "DATE" {
		t.Error(got, err)
	}
	c.AddNested([]byte("{}"))
	if got, err := c.Type(false); err != nil || got.String() != "SUPER" {
		t.Error(got, err)
	}
}

// FuzzMoments holds dates and times against package time, and joins against their order.
func FuzzMoments(f *testing.F) {
	for _, s := range []string{"2019-02-11", "2019-02-11 05:09:12", "2019-02-11T05:09:12.5Z", "0001-01-01", "2019-2-11", "2019-02-30"} {
		f.Add(s, "1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := column(a).Type(false)
		if err != nil {
			return
		}
		switch got.String() {
		case "DATE":
			if v, err := time.Parse(time.DateOnly, a); err != nil || v.Format(time.DateOnly) != a {
				t.Errorf("%q is no date: %v", a, err)
			}
		case "TIMESTAMP":
			if _, err := time.Parse("2006-01-02 15:04:05.999999", strings.Replace(a, "T", " ", 1)); err != nil {
				t.Errorf("%q is no timestamp: %v", a, err)
			}
		}
		x, _ := column(a, b).Type(false)
		y, _ := column(b, a).Type(false)
		joined := column(a)
		joined.Join(column(b))
		z, _ := joined.Type(false)
		if x != y || x != z {
			t.Errorf("%q and %q: %s, the other way round %s, joined %s", a, b, x, y, z)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	rows := bytes.Split(bytes.Repeat([]byte("2015-01-02,19805,Far West,Pacific,California,CA,SFO,Northeast,New York,NY,JFK,-5.00,12.00,0\n"), 1000), []byte("\n"))
	size := 0
	var fields [][][]byte
	for _, r := range rows[:1000] {
		size += len(r) + 1
		fields = append(fields, bytes.Split(r, []byte(",")))
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		columns := make([]infer.Column, len(fields[0]))
		for _, r := range fields {
			for i, v := range r {
				columns[i].Add(v)
			}
		}
		if fmt.Sprint(columns[0].Longest()) != "10" {
			b.Fatal("wrong")
		}
	}
}
