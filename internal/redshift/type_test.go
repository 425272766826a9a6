package redshift_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

func TestParseType(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"smallint": "SMALLINT", "INT2": "SMALLINT", "integer": "INTEGER", "int": "INTEGER", "int4": "INTEGER", "bigint": "BIGINT", "int8": "BIGINT",
		"numeric(8,2)": "DECIMAL(8,2)", "numeric": "DECIMAL(18,0)", "DECIMAL( 38 , 37 )": "DECIMAL(38,37)", "decimal(5)": "DECIMAL(5,0)",
		"real": "REAL", "float4": "REAL", "double precision": "DOUBLE PRECISION", "double  precision": "DOUBLE PRECISION", "float": "DOUBLE PRECISION", "float8": "DOUBLE PRECISION", "float(53)": "DOUBLE PRECISION",
		"boolean": "BOOLEAN", "bool": "BOOLEAN",
		"character(15)": "CHAR(15)", "char": "CHAR(1)", "bpchar": "CHAR(256)", "nchar(3)": "CHAR(3)", "char(4096)": "CHAR(4096)",
		"character varying(256)": "VARCHAR(256)", "character varying": "VARCHAR(256)", "varchar(max)": "VARCHAR(65535)", "text": "VARCHAR(256)", "nvarchar(10)": "VARCHAR(10)",
		"date": "DATE", "time": "TIME", "time without time zone": "TIME", "time with time zone": "TIMETZ", "timetz": "TIMETZ",
		"timestamp": "TIMESTAMP", "timestamp without time zone": "TIMESTAMP", "timestamp with time zone": "TIMESTAMPTZ", "timestamp(6) with time zone": "TIMESTAMPTZ", "timestamptz": "TIMESTAMPTZ",
		"super": "SUPER", "varbyte": "VARBYTE(64000)", "binary varying(16)": "VARBYTE(16)", "varbinary(16777216)": "VARBYTE(16777216)",
		"geometry": "GEOMETRY", "geography": "GEOGRAPHY", "hllsketch": "HLLSKETCH",
		"interval year to month": "INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND": "INTERVAL DAY TO SECOND", "interval day to second(6)": "INTERVAL DAY TO SECOND",
	} {
		got, err := redshift.ParseType(in)
		if err != nil || got.String() != want || !got.Known() {
			t.Errorf("%q: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "json", "uuid", "integer[]", "integer(4)", "date(3)", "varchar(0)", "varchar(65536)", "char(4097)", "char(max)", "varchar(-1)",
		"decimal(39,0)", "decimal(38,38)", "decimal(5,6)", "decimal(max)", "varchar(1,2)", "timestamp(3)", "varchar(10) with time zone", "varchar(10); drop table t",
		"varchar(10", "varchar 10)", "float(24)", "super(10)", "interval", "timestamp with time zone with time zone", "varchar(99999999999999999999)",
	} {
		if got, err := redshift.ParseType(in); err == nil {
			t.Errorf("%q is taken as %s", in, got)
		}
	}
}

func FuzzParseType(f *testing.F) {
	f.Add("character varying(256)")
	f.Add("numeric(8,2)")
	f.Add("timestamp(6) with time zone")
	f.Add("interval day to second")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := redshift.ParseType(s)
		if err != nil {
			return
		}
		again, err := redshift.ParseType(got.String())
		if err != nil || again != got {
			t.Errorf("%q is %s, which is %s, %v", s, got, again, err)
		}
		if sql := redshift.Build("?", got).String(); sql != got.String() {
			t.Errorf("%q stands as %q in statements", s, sql)
		}
	})
}

func TestTypeFromOID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		oid      uint32
		modifier int32
		want     string
	}{
		{16, -1, "BOOLEAN"},
		{20, -1, "BIGINT"},
		{21, -1, "SMALLINT"},
		{23, -1, "INTEGER"},
		{25, -1, "VARCHAR(65535)"},
		{705, -1, "VARCHAR(65535)"},
		{700, -1, "REAL"},
		{701, -1, "DOUBLE PRECISION"},
		{1042, 19, "CHAR(15)"},
		{1042, -1, ""},
		{1043, 260, "VARCHAR(256)"},
		{1043, -1, "VARCHAR(65535)"},
		{1082, -1, "DATE"},
		{1083, -1, "TIME"},
		{1114, -1, "TIMESTAMP"},
		{1184, -1, "TIMESTAMPTZ"},
		{1188, -1, "INTERVAL YEAR TO MONTH"},
		{1190, -1, "INTERVAL DAY TO SECOND"},
		{1266, -1, "TIMETZ"},
		{1700, 8<<16 + 2 + 4, "DECIMAL(8,2)"},
		{1700, 38<<16 + 37 + 4, "DECIMAL(38,37)"},
		{1700, -1, ""},
		{1700, 40<<16 + 4, ""},
		{3000, -1, "GEOMETRY"},
		{3001, -1, "GEOGRAPHY"},
		{4000, -1, "SUPER"},
		{6551, 16, "VARBYTE(16)"},
		{6551, -1, "VARBYTE(64000)"},
		{2950, -1, ""},
		{1042, -2147483648, ""},
	} {
		got, err := redshift.TypeFromOID(tc.oid, tc.modifier)
		if tc.want == "" && err == nil || tc.want != "" && (err != nil || got.String() != tc.want) {
			t.Errorf("%d, %d: %s, %v; want %q", tc.oid, tc.modifier, got, err, tc.want)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	got, err := redshift.Columns([]redshift.Field{{"a", 23, -1}, {"b", 1043, 24}})
	if err != nil {
		t.Fatal(err)
	}
	if d := redshift.Diff(redshift.TableDef{Columns: got}, redshift.TableDef{Columns: columns(t, "a integer;b varchar(20)")}); d != nil {
		t.Error(d)
	}
	for want, fields := range map[string][]redshift.Field{
		"has no name":       {{"a", 23, -1}, {"?column?", 23, -1}},
		"two columns":       {{"a", 23, -1}, {"a", 23, -1}},
		"a name is empty":   {{"", 23, -1}},
		"column x: the pre": {{"x", 1700, -1}},
	} {
		_, err := redshift.Columns(fields)
		checkError(t, err, want)
	}
}

func TestMovable(t *testing.T) {
	t.Parallel()
	type movable struct{ Parquet, Text bool }
	got := map[string]movable{}
	for _, s := range []string{
		"smallint", "integer", "bigint", "decimal", "real", "double precision", "boolean", "char", "varchar", "date", "timestamp",
		"time", "timetz", "timestamptz", "super", "varbyte", "geometry", "geography", "hllsketch", "interval year to month", "interval day to second",
	} {
		var m movable
		var why [2]string
		m.Parquet, why[0] = typ(t, s).Movable(redshift.Parquet)
		m.Text, why[1] = typ(t, s).Movable(redshift.Text)
		if m.Parquet != (why[0] == "") || m.Text != (why[1] == "") {
			t.Errorf("%s: %v without a reason: %q", s, m, why)
		}
		got[s] = m
	}
	both, text, none := movable{true, true}, movable{false, true}, movable{}
	want := map[string]movable{
		"smallint": both, "integer": both, "bigint": both, "decimal": both, "real": both, "double precision": both, "boolean": both,
		"char": both, "varchar": both, "date": both, "timestamp": both,
		"time": text, "timetz": text, "timestamptz": text, "super": text, "varbyte": text,
		"geometry": none, "geography": none, "hllsketch": none, "interval year to month": none, "interval day to second": none,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if ok, why := (redshift.Type{Name: "json"}).Movable(redshift.Text); ok || why != "type json is not known" {
		t.Errorf("json: %v, %q", ok, why)
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"varchar(20)", "varchar(10)", true},
		{"varchar(10)", "varchar(20)", false},
		{"varchar(10)", "varchar(10)", true},
		{"varchar(10)", "char(10)", false},
		{"char(3)", "char(2)", true},
		{"bigint", "integer", true},
		{"bigint", "smallint", true},
		{"integer", "smallint", true},
		{"integer", "bigint", false},
		{"bigint", "decimal(5,0)", false},
		{"decimal(12,2)", "decimal(10,2)", true},
		{"decimal(12,3)", "decimal(10,2)", false},
		{"double precision", "real", false},
		{"timestamp", "date", false},
		{"varbyte(20)", "varbyte(10)", true},
	} {
		if got := typ(t, tc.a).Holds(typ(t, tc.b)); got != tc.want {
			t.Errorf("%s holds %s: %v", tc.a, tc.b, got)
		}
	}
}
