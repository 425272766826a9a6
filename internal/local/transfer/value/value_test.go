package value

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func layout(tb testing.TB, text string) Layout {
	tb.Helper()
	l, err := ParseLayout(text)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// convert answers the text for PostgreSQL, or the error with its code.
func convert(c Column, rules Rules, text string) string {
	out, err := NewConverter(c, &rules).Append([]byte("kept"), []byte(text), false)
	if err != nil {
		if string(out) != "kept" {
			return "dst was changed: " + string(out)
		}
		return fmt.Sprintf("%d: %s", err.Code, err.Reason)
	}
	return strings.TrimPrefix(string(out), "kept")
}

var (
	smallInt    = Column{Kind: SmallInt}
	integer     = Column{Kind: Integer}
	bigInt      = Column{Kind: BigInt}
	decimal82   = Column{Kind: Decimal, Precision: 8, Scale: 2}
	decimal190  = Column{Kind: Decimal, Precision: 19}
	decimal3837 = Column{Kind: Decimal, Precision: 38, Scale: 37}
	realColumn  = Column{Kind: Real}
	double      = Column{Kind: Double}
	boolColumn  = Column{Kind: Boolean}
	char5       = Column{Kind: Char, Length: 5}
	varchar5    = Column{Kind: Varchar, Length: 5}
	date        = Column{Kind: Date}
	timeColumn  = Column{Kind: Time}
	timetz      = Column{Kind: TimeTZ}
	timestamp   = Column{Kind: Timestamp}
	timestamptz = Column{Kind: TimestampTZ}
	super       = Column{Kind: Super}
	varbyte3    = Column{Kind: Varbyte, Length: 3}
)

func TestConvert(t *testing.T) {
	t.Parallel()
	none := Rules{}
	for _, tt := range []struct {
		column Column
		rules  Rules
		text   string
		want   string
	}{
		{integer, none, "0", "0"},
		{integer, none, " -12 ", "-12"},
		{integer, none, "+007", "7"},
		{integer, none, "-0", "0"},
		{integer, none, "2147483647", "2147483647"},
		{integer, none, "-2147483648", "-2147483648"},
		{integer, none, "2147483648", "1222: Integer overflow, Value '2147483648', Type: Integer"},
		{integer, none, "-2147483649", "1222: Integer overflow, Value '-2147483649', Type: Integer"},
		{smallInt, none, "32767", "32767"},
		{smallInt, none, "32768", "1222: Integer overflow, Value '32768', Type: Short"},
		{bigInt, none, "9223372036854775807", "9223372036854775807"},
		{bigInt, none, "-9223372036854775808", "-9223372036854775808"},
		{bigInt, none, "9223372036854775808", "1222: Integer overflow, Value '9223372036854775808', Type: Long"},
		{bigInt, none, "99999999999999999999999", "1222: Integer overflow, Value '99999999999999999999999', Type: Long"},
		{integer, none, "a", "1207: Invalid digit, Value 'a', Pos 0, Type: Integer"},
		{integer, none, "12.5", "1207: Invalid digit, Value '.', Pos 2, Type: Integer"},
		{integer, none, "1é", "1207: Invalid digit, Value 'é', Pos 1, Type: Integer"},
		{integer, none, "-", "1207: Invalid digit, Value '\\0', Pos 1, Type: Integer"},
		{integer, none, "", `\N`},
		{integer, none, "  \t", `\N`},
		{Column{Kind: Integer, NotNull: true}, none, "", "1213: Missing data for not-null field"},

		// Decimals are cut, not rounded, unless ROUNDEC is given.
		{decimal82, none, "20.259", "20.25"},
		{decimal82, Rules{RoundDec: true}, "20.259", "20.26"},
		{decimal82, Rules{RoundDec: true}, "20.255", "20.26"},
		{decimal82, Rules{RoundDec: true}, "20.2549999", "20.25"},
		{decimal82, Rules{RoundDec: true}, "-20.255", "-20.26"},
		{decimal82, Rules{RoundDec: true}, "9.999", "10.00"},
		{decimal82, Rules{RoundDec: true}, "999999.995", "1204: Numeric data overflow, Value '999999.995', Type: Decimal(8,2)"},
		{decimal82, none, "999999.999", "999999.99"},
		{decimal82, none, "1000000", "1204: Numeric data overflow, Value '1000000', Type: Decimal(8,2)"},
		{decimal82, none, "0000000001.5", "1.50"},
		{decimal82, none, "-.5", "-0.50"},
		{decimal82, none, "+5.", "5.00"},
		{decimal82, none, "-0.001", "0.00"},
		{decimal82, none, "", `\N`},
		{decimal82, none, ".", "1207: Invalid digit, Value '\\0', Pos 1, Type: Decimal"},
		{decimal82, none, "1.2.3", "1207: Invalid digit, Value '.', Pos 3, Type: Decimal"},
		{decimal82, none, "1e5", "1207: Invalid digit, Value 'e', Pos 1, Type: Decimal"},
		{decimal190, none, "9223372036854775807", "9223372036854775807"},
		{decimal190, none, "9223372036854775808", "1204: Numeric data overflow, Value '9223372036854775808', Type: Decimal(19,0)"},
		{decimal190, none, "-9223372036854775807.9", "-9223372036854775807"},
		{Column{Kind: Decimal, Precision: 38}, none, strings.Repeat("9", 38), strings.Repeat("9", 38)},
		{Column{Kind: Decimal, Precision: 38}, none, "1" + strings.Repeat("0", 38), "1204: Numeric data overflow, Value '1" + strings.Repeat("0", 38) + "', Type: Decimal(38,0)"},
		{decimal3837, none, "-9." + strings.Repeat("9", 37), "-9." + strings.Repeat("9", 37)},

		{double, none, "1.5e-3", "1.5e-3"},
		{double, none, "-.5", "-.5"},
		{double, none, "NaN", "NaN"},
		{double, none, "-inf", "-Infinity"},
		{double, none, "Infinity", "Infinity"},
		{double, none, "1.7976931348623157e308", "1.7976931348623157e308"},
		{double, none, "1.8e308", "1204: Value out of range, Value '1.8e308', Type: Double"},
		{double, none, "1e-400", "0"},
		{double, none, "-0", "-0"},
		{double, none, "4.9e-324", "4.9e-324"},
		{realColumn, none, "3.4028235e38", "3.4028235e38"},
		{realColumn, none, "3.5e38", "1204: Value out of range, Value '3.5e38', Type: Float"},
		{double, none, "0x1p4", "1207: Invalid digit, Value 'x', Pos 1, Type: Double"},
		{double, none, "1_0", "1207: Invalid digit, Value '_', Pos 1, Type: Double"},
		{double, none, "1e", "1208: Invalid value '1e', Type: Double"},
		{double, none, "--1", "1208: Invalid value '--1', Type: Double"},
		{double, none, "+-inf", "1208: Invalid value '+-inf', Type: Double"},

		{boolColumn, none, "t", "t"},
		{boolColumn, none, "TRUE", "t"},
		{boolColumn, none, "Yes", "t"},
		{boolColumn, none, "y", "t"},
		{boolColumn, none, "1", "t"},
		{boolColumn, none, "f", "f"},
		{boolColumn, none, "False", "f"},
		{boolColumn, none, "n", "f"},
		{boolColumn, none, "no", "f"},
		{boolColumn, none, " 0 ", "f"},
		{boolColumn, none, "on", "1210: Unknown boolean format"},
		{boolColumn, none, "truely", "1210: Unknown boolean format"},
		{boolColumn, none, "", `\N`},

		{char5, none, "abc", "abc"},
		{char5, none, "abcde   ", "abcde"},
		{char5, none, "abcdef", "1204: Char length exceeds DDL length"},
		{char5, Rules{TruncateColumns: true}, "abcdef", "abcde"},
		{char5, none, "aé", "1215: Multibyte character not supported for CHAR (Hint: Try using  VARCHAR). Invalid char: c3 a9"},
		{char5, none, "", ""},
		{char5, Rules{EmptyAsNull: true}, "", `\N`},
		{char5, Rules{BlanksAsNull: true}, " \t", `\N`},
		{char5, none, "  ", "  "},

		{varchar5, none, "abcde", "abcde"},
		{varchar5, none, "abcde ", "1204: String length exceeds DDL length"},
		{varchar5, Rules{TrimBlanks: true}, "abcde \t", "abcde"},
		{varchar5, none, "ééa", "ééa"},
		{varchar5, none, "éééa", "1204: String length exceeds DDL length"},
		{varchar5, Rules{TruncateColumns: true}, "ééé", "éé"},
		{varchar5, Rules{TruncateColumns: true}, "a😀é", "a😀"},
		{varchar5, none, "a\\\n\r\t", `a\\\n\r\t`},
		{varchar5, none, `\N`, `\\N`},
		{varchar5, none, `\.`, `\\.`},
		{varchar5, none, "ab\x00cdefgh", "ab"},
		{varchar5, none, "a\xa4b", "1220: String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: a4 (error 3)"},
		{varchar5, none, "a\xc3", "1220: String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: c3 (error 2)"},
		{varchar5, none, "\xe0\xa1a", "1220: String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: e0 a1 61 (error 4)"},
		{varchar5, none, "\xed\xa0\x80", "1220: String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ed a0 80 (error 4)"},
		{varchar5, none, "\xf8", "1220: String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: f8 (error 1)"},
		{varchar5, Rules{AcceptInvChars: '?'}, "a\xa4b\xe0\xa1", "a?b??"},
		{varchar5, Rules{AcceptInvChars: '^'}, "\ufdd0b", "^^^b"},
		{varchar5, Rules{AcceptInvChars: '^'}, "\uffffb", "^^^b"},
		{varchar5, none, "\uffffb", "\uffffb"},
		{varchar5, Rules{AcceptInvChars: '?'}, "é", "é"},
		{varchar5, Rules{EmptyAsNull: true}, "", `\N`},
		{Column{Kind: Varchar, Length: 5, NotNull: true}, Rules{EmptyAsNull: true}, "", "1213: Missing data for not-null field"},
		{Column{Kind: Varchar, Length: 5, NotNull: true}, none, "", ""},

		{super, none, ` {"a": [1, "x y"]} `, `{"a":[1,"x y"]}`},
		{super, none, `"a\n"`, `"a\\n"`},
		{super, none, "", `\N`},
		{super, none, "{a:1}", "1224: Invalid JSON for SUPER: Missing key at offset 1"},
		{super, none, `"` + strings.Repeat("x", 65535) + `"`, `"` + strings.Repeat("x", 65535) + `"`},
		{super, none, `["` + strings.Repeat("x", 65536) + `"]`, "1204: String inside SUPER exceeds 65535 bytes"},

		{varbyte3, none, "00fFa1", "00ffa1"},
		{varbyte3, none, "00ffa100", "1204: Varbyte length exceeds DDL length"},
		{varbyte3, none, "0", "1207: Odd number of hex digits, Type: Varbyte"},
		{varbyte3, none, "0g", "1207: Invalid hex digit, Pos 1, Type: Varbyte"},

		{Column{Kind: Other}, none, " a\tb ", `a\tb`},
		{Column{Kind: Other}, none, "a\xff", "1220: String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ff (error 1)"},
	} {
		if got := convert(tt.column, tt.rules, tt.text); got != tt.want {
			t.Errorf("%v %+v %.60q\n got %.120s\nwant %.120s", tt.column.Kind, tt.rules, tt.text, got, tt.want)
		}
	}
}

func TestConvertDates(t *testing.T) {
	t.Parallel()
	const badDate, badTimestamp = "1205: Error in Date value or format [%Y-%m-%d]", "1206: Error in Timestamp value or format [%Y-%m-%d %H:%M:%S]"
	for _, tt := range []struct {
		column Column
		format string
		text   string
		want   string
	}{
		{date, "", "2020-02-29", "2020-02-29"},
		{date, "", "2020-02-29 12:00:00", "2020-02-29"},
		{date, "", "2021-02-29", badDate},
		{date, "", "1900-02-29", badDate},
		{date, "", "2000-02-29", "2000-02-29"},
		{date, "", "2020-13-01", badDate},
		{date, "", "0000-01-01", badDate},
		{date, "", "2020-1-1", "1205: Invalid Date Format - length must be 10 or more"},
		{date, "", "20200101xx", badDate},
		{date, "", "2020-01-01x", badDate},
		{date, "", "", `\N`},
		{date, "MM/DD/YYYY", "2/9/2020", "2020-02-09"},
		{date, "MM/DD/YYYY", "02/09/2020 11:00", "2020-02-09"},
		{date, "MM/DD/YYYY", "2020-02-09", "1205: Error in Date value or format [MM/DD/YYYY]"},
		{date, "yyyymmdd", "20200209", "2020-02-09"},
		{date, "YYYYMMDD", "2020209", "1205: Error in Date value or format [YYYYMMDD]"},
		{date, "DD-MON-YY", "09-feb-69", "2069-02-09"},
		{date, "DD-MON-YY", "09-February-70", "1970-02-09"},
		{date, "DD MON YYYY", "9 Sept 2020", "2020-09-09"},
		{date, "DD MON YYYY", "9 Foo 2020", "1205: Error in Date value or format [DD MON YYYY]"},
		{date, "auto", "2020-02-09T10:00:00Z", "2020-02-09"},

		{timestamp, "", "2020-01-02 03:04:05", "2020-01-02 03:04:05"},
		{timestamp, "", "2020-01-02 03:04:05.1", "2020-01-02 03:04:05.100000"},
		{timestamp, "", "2020-01-02 03:04:05.1234567", "2020-01-02 03:04:05.123456"},
		{timestamp, "", "2020-01-02 24:00:00", badTimestamp},
		{timestamp, "", "2020-01-02 23:60:00", badTimestamp},
		{timestamp, "", "2020-01-02 23:59:60", badTimestamp},
		{timestamp, "", "2020-01-02", badTimestamp},
		{timestamp, "", "2020-01-02T03:04:05", badTimestamp},
		{timestamp, "", "2020-01-02 03:04:05+00", badTimestamp},
		{timestamp, "", "2020-01-02 03:04:05 ", "2020-01-02 03:04:05"},
		{timestamp, "MM.DD.YYYY HH:MI:SS", "9.23.2019 4:05:06.5", "2019-09-23 04:05:06.500000"},
		{timestamp, "MM/DD/YYYY HH12:MI:SS AM", "09/23/2019 12:05:06 AM", "2019-09-23 00:05:06"},
		{timestamp, "MM/DD/YYYY HH12:MI:SS PM", "09/23/2019 12:05:06 pm", "2019-09-23 12:05:06"},
		{timestamp, "MM/DD/YYYY HH12:MI:SS PM", "09/23/2019 01:05:06 PM", "2019-09-23 13:05:06"},
		{timestamp, "MM/DD/YYYY HH12:MI:SS PM", "09/23/2019 13:05:06 PM", "1206: Error in Timestamp value or format [MM/DD/YYYY HH12:MI:SS PM]"},
		{timestamp, "YYYY-MM-DD HH24:MI:SS", "2019-09-23 23:05:06", "2019-09-23 23:05:06"},
		{timestamp, "YYYY-MM-DDTHH:MI:SS", "2019-09-23T23:05:06", "2019-09-23 23:05:06"},
		{timestamp, "YYYYMMDDHHMISS", "20190923230506", "2019-09-23 23:05:06"},
		{timestamp, "YYYY-MM-DD HH:MI:SS", "2019-09-23 23:05:06+00", "1206: Error in Timestamp value or format [YYYY-MM-DD HH:MI:SS]"},
		{timestamp, "epochsecs", "1000000000", "2001-09-09 01:46:40"},
		{timestamp, "epochsecs", "-1", "1969-12-31 23:59:59"},
		{timestamp, "epochsecs", "1000000000.5", "2001-09-09 01:46:40.500000"},
		{timestamp, "epochsecs", "-0.5", "1969-12-31 23:59:59.500000"},
		{timestamp, "epochmillisecs", "1000000000123", "2001-09-09 01:46:40.123000"},
		{timestamp, "epochmillisecs", "-1", "1969-12-31 23:59:59.999000"},
		{timestamp, "epochsecs", "x", "1206: Error in Timestamp value or format [epochsecs]"},
		{timestamp, "epochsecs", "99999999999999", "1206: Error in Timestamp value or format [epochsecs]"},
		{timestamp, "epochmillisecs", "999999999999999999999", "1206: Error in Timestamp value or format [epochmillisecs]"},

		{timestamptz, "", "2020-01-02 03:04:05+00", "2020-01-02 03:04:05+00:00"},
		{timestamptz, "", "2020-01-02 03:04:05-08:30", "2020-01-02 03:04:05-08:30"},
		{timestamptz, "", "2020-01-02 03:04:05+0530", "2020-01-02 03:04:05+05:30"},
		{timestamptz, "", "2020-01-02 03:04:05.25", "2020-01-02 03:04:05.250000+00:00"},
		{timestamptz, "", "2020-01-02 03:04:05+17", badTimestamp},
		{timestamptz, "", "2020-01-02 03:04:05+00:61", badTimestamp},
		{timestamptz, "auto", "2020-01-02T03:04:05Z", "2020-01-02 03:04:05+00:00"},

		{timeColumn, "", "03:04:05.5", "03:04:05.500000"},
		{timeColumn, "", "03:04", "03:04:00"},
		{timeColumn, "", "25:00:00", "1206: Error in Time value or format [%H:%M:%S]"},
		{timeColumn, "", "03:04:05+00", "1206: Error in Time value or format [%H:%M:%S]"},
		{timetz, "", "03:04:05+02", "03:04:05+02:00"},
		{timetz, "", "03:04:05 -02:30", "03:04:05-02:30"},
		{timetz, "", "03:04:05", "03:04:05+00:00"},

		// The manual's table of automatic recognition.
		{timestamp, "auto", "2019-02-11T05:09:12.195Z", "2019-02-11 05:09:12.195000"},
		{timestamp, "auto", "J2451187", "1999-01-08 00:00:00"},
		{timestamp, "auto", "Jan-08-95 BC", "0095-01-08 00:00:00 BC"},
		{timestamp, "auto", "19960108 040809", "1996-01-08 04:08:09"},
		{timestamp, "auto", "960108 040809", "1996-01-08 04:08:09"},
		{timestamp, "auto", "1996.008", "1996-01-08 00:00:00"},
		{timestamp, "auto", "1996-01-08 04:05:06.789", "1996-01-08 04:05:06.789000"},
		{timestamp, "auto", "17 Dec 07:37:16 1997 PST", "1997-12-17 07:37:16"},
		{timestamp, "auto", "12/17/1997 07:37:16.00 PST", "1997-12-17 07:37:16"},
		{timestamp, "auto", "1997-12-17 07:37:16-08", "1997-12-17 07:37:16"},
		{timestamp, "auto", "12.17.1997 07:37:16.00 PST", "1997-12-17 07:37:16"},
		{timestamptz, "auto", "17 Dec 07:37:16 1997 PST", "1997-12-17 07:37:16-08:00"},
		{timestamptz, "auto", "12/17/1997 07:37:16.00 PST", "1997-12-17 07:37:16-08:00"},
		{timestamp, "auto", "1999-Jan-08", "1999-01-08 00:00:00"},
		{timestamp, "auto", "08-Jan-1999 4:05 PM", "1999-01-08 16:05:00"},
		{timestamp, "auto", "January 8, 1999 04:05:06 PM", "1999-01-08 16:05:06"},
		{timestamp, "auto", "Wed Dec 17 07:37:16 1997", "1997-12-17 07:37:16"},
		{timestamp, "auto", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC"},
		{timestamp, "auto", "4713-01-01 00:00:00 BC", "4713-01-01 00:00:00 BC"},
		{timestamp, "auto", "4714-12-31 00:00:00 BC", "1206: Error in Timestamp value or format [auto]"},
		{timestamp, "auto", "294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"},
		{timestamp, "auto", "294277-01-01 00:00:00", "1206: Error in Timestamp value or format [auto]"},
		{timestamp, "auto", "2020-01-02", "2020-01-02 00:00:00"},
		{timestamp, "auto", "04:05:06", "1206: Error in Timestamp value or format [auto]"},
		{timestamp, "auto", "not a date", "1206: Error in Timestamp value or format [auto]"},
		{timestamp, "auto", "2020-02-30 00:00:00", "1206: Error in Timestamp value or format [auto]"},
		{timestamp, "auto", "13/13/2020", "1206: Error in Timestamp value or format [auto]"},
	} {
		rules := Rules{DateFormat: layout(t, tt.format), TimeFormat: layout(t, tt.format)}
		if got := convert(tt.column, rules, tt.text); got != tt.want {
			t.Errorf("%v %q %q\n got %s\nwant %s", tt.column.Kind, tt.format, tt.text, got, tt.want)
		}
		if strings.Contains(tt.want, "Error") || strings.Contains(tt.want, "Invalid") {
			rules.AcceptAnyDate = true
			want := `\N`
			if tt.column.Kind == Time || tt.column.Kind == TimeTZ {
				want = tt.want
			}
			if got := convert(tt.column, rules, tt.text); got != want {
				t.Errorf("ACCEPTANYDATE: %q %q: got %s, want %s", tt.format, tt.text, got, want)
			}
		}
	}
}

func TestParseLayoutRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"MM/DD", "AUTO", "x"} {
		if l, err := ParseLayout(text); err == nil {
			t.Errorf("%q accepted as %+v", text, l)
		}
	}
}

// Days and dates are each other's inverse, and agree with known ones.
func TestCivil(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		days             int64
		year, month, day int
	}{{0, 1970, 1, 1}, {-1, 1969, 12, 31}, {11016, 2000, 2, 29}, {-719468, 0, 3, 1}, {-719469, 0, 2, 29}, {2932896, 9999, 12, 31}, {-2440588, -4713, 11, 24}} {
		y, m, d := civil(tt.days)
		if y != tt.year || m != tt.month || d != tt.day {
			t.Errorf("civil(%d) = %d-%d-%d, want %d-%d-%d", tt.days, y, m, d, tt.year, tt.month, tt.day)
		}
	}
	for days := int64(-3_000_000); days < 110_000_000; days += 997 {
		if y, m, d := civil(days); daysOf(y, m, d) != days {
			t.Fatalf("day %d is %d-%d-%d, which is day %d", days, y, m, d, daysOf(y, m, d))
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text         string
		days, micros int64
	}{
		{"1970-01-01", 0, 0},
		{"1969-12-31 23:59:59.5", -1, 86399_500000},
		{"2000-02-29 00:00:00+01", 11016, -3600_000000},
		{"0001-01-01 BC", -719528, 0},
		{"12345-01-01 00:00:01", 3789391, 1_000000},
	} {
		days, micros, err := ParseMoment([]byte(tt.text))
		if err != nil || days != tt.days || micros != tt.micros {
			t.Errorf("%s: got %d, %d, %v, want %d, %d", tt.text, days, micros, err, tt.days, tt.micros)
		}
		if tt.micros >= 0 {
			got := string(AppendTimestamp(nil, tt.days*86400_000000+tt.micros))
			if again, m, err := ParseMoment([]byte(got)); err != nil || again != days || m != micros {
				t.Errorf("%s came back as %s", tt.text, got)
			}
		}
	}
	for _, text := range []string{"", "infinity", "1970", "1970-1-1", "1970-01-01x", "1970-01-01 x", "1970-01-01 00:00:00 x"} {
		if _, _, err := ParseMoment([]byte(text)); err == nil {
			t.Errorf("%q accepted", text)
		}
	}
}

// FuzzConvert holds for every kind: no panic, an error leaves dst alone, and what comes out has no byte that would
// break a row of COPY's text format.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{"1", "-2.5", "x", "2020-01-02 03:04:05", "J1", "{\"a\":1}", "\xff\x00", "Jan-08-95 BC", "1e400", "17 Dec 07:37:16 1997 PST"} {
		f.Add([]byte(s), "auto", byte('?'))
	}
	f.Add([]byte("09/23/2019 12:05:06 AM"), "MM/DD/YYYY HH12:MI:SS AM", byte(0))
	f.Fuzz(func(t *testing.T, text []byte, format string, inv byte) {
		l, err := ParseLayout(format)
		if err != nil {
			return
		}
		for _, rules := range []Rules{{}, {AcceptInvChars: inv & 0x7f, TruncateColumns: true, TrimBlanks: true, RoundDec: true, DateFormat: l, TimeFormat: l}} {
			for _, c := range []Column{smallInt, integer, bigInt, decimal82, decimal190, decimal3837, realColumn, double, boolColumn, char5, varchar5, date, timeColumn, timetz, timestamp, timestamptz, super, varbyte3, {Kind: Other}} {
				out, bad := NewConverter(c, &rules).Append([]byte("kept"), text, false)
				if bad != nil {
					if string(out) != "kept" || bad.Code == 0 || bad.Reason == "" {
						t.Fatalf("%v: dst %q, error %+v", c.Kind, out, bad)
					}
					continue
				}
				value := out[len("kept"):]
				if !utf8.Valid(value) {
					t.Fatalf("%v: %q is not UTF-8", c.Kind, value)
				}
				for _, b := range value {
					if b == '\n' || b == '\r' || b == '\t' || b == 0 && c.Kind != Other {
						t.Fatalf("%v: %q breaks the row", c.Kind, value)
					}
				}
			}
		}
	})
}

// FuzzDecimal compares with math/big: cutting and rounding half up of any decimal.
func FuzzDecimal(f *testing.F) {
	f.Add("20.255", 2)
	f.Add("-99999.99999", 0)
	f.Fuzz(func(t *testing.T, text string, scale int) {
		if scale < 0 || scale > 37 || len(text) > 60 || strings.Trim(text, "0123456789.-") != "" || strings.ContainsAny(strings.TrimPrefix(text, "-"), "-") {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			return
		}
		c := Column{Kind: Decimal, Precision: 38, Scale: scale}
		for _, round := range []bool{false, true} {
			scaled := new(big.Rat).Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
			n := new(big.Int).Quo(scaled.Num(), scaled.Denom())
			if round {
				half := big.NewRat(1, 2)
				if scaled.Sign() < 0 {
					half.Neg(half)
				}
				scaled.Add(scaled, half)
				n.Quo(scaled.Num(), scaled.Denom())
			}
			want := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(scale)
			got := convert(c, Rules{RoundDec: round}, text)
			if len(new(big.Int).Abs(n).String()) > 38 {
				if !strings.HasPrefix(got, "1204") {
					t.Fatalf("%s: got %s, want an overflow", text, got)
				}
			} else if got != want {
				t.Fatalf("%s to scale %d, rounded %v: got %s, want %s", text, scale, round, got, want)
			}
		}
	})
}

func TestLengthText(t *testing.T) {
	t.Parallel()
	got := []string{varchar5.LengthText(), char5.LengthText(), decimal82.LengthText(), integer.LengthText()}
	if diff := cmp.Diff([]string{"5", "5", "8, 2", ""}, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkConvert(b *testing.B) {
	rules := Rules{TimeFormat: layout(b, "auto")}
	for _, bench := range []struct {
		name   string
		column Column
		text   string
	}{
		{"integer", integer, "1234567"},
		{"decimal", decimal82, "-123.45"},
		{"double", double, "3.141592653589793"},
		{"varchar", Column{Kind: Varchar, Length: 100}, "a common text of some length"},
		{"timestamp", timestamp, "2020-01-02 03:04:05"},
		{"boolean", boolColumn, "t"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := NewConverter(bench.column, &rules)
			text := []byte(bench.text)
			dst := make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Append(dst, text, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
