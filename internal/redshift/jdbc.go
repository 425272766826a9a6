package redshift

import "strings"

// jdbcTypes are the types of columns as Redshift's JDBC driver names them, and with it the Data API: their numbers at the
// wire.
var jdbcTypes = map[string]uint32{
	"bool": 16, "int8": 20, "int2": 21, "int4": 23, "text": 25, "float4": 700, "float8": 701, "unknown": 705, "bpchar": 1042, "varchar": 1043,
	"date": 1082, "time": 1083, "timestamp": 1114, "timestamptz": 1184, "intervaly2m": 1188, "intervald2s": 1190, "timetz": 1266,
	"numeric": 1700, "geometry": 3000, "geography": 3001, "super": 4000, "varbyte": 6551,
}

// JDBCField is a column as the Data API describes it. size is the length of a text, or the precision of a number.
func JDBCField(name, typeName string, size, scale int32) Field {
	f := Field{Name: name, OID: jdbcTypes[strings.ToLower(typeName)], Modifier: -1}
	switch f.OID {
	case 1042, 1043:
		if size > 0 && size <= maxVarchar {
			f.Modifier = size + 4
		}
	case 1700:
		if size > 0 && size <= maxPrecision {
			f.Modifier = size<<16 + scale + 4
		}
	case 6551:
		f.Modifier = size
	}
	return f
}

// Shape is a query that has the columns of another, and no rows.
func Shape(query SQL) SQL { return Build("SELECT *\nFROM (?\n) AS shape\nLIMIT 0", query) }

// Verb is a statement's first word, in upper case.
func (s SQL) Verb() string {
	word, _, _ := strings.Cut(strings.TrimLeft(s.text, " \t\r\n("), " ")
	word, _, _ = strings.Cut(word, "\n")
	return strings.ToUpper(word)
}

// DataAPIStatement is how many bytes a statement of the Data API may have (Management Guide, Considerations when calling
// the Data API: 100 KB).
const DataAPIStatement = 100_000
