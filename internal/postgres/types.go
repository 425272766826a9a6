package postgres

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/sealift/sealift/internal/redshift"
)

// Rows is something that has rows, and how each column is read.
type Rows struct {
	From    redshift.SQL
	Columns map[string]Reading // by the names that the columns have in the target
}

// Reading is how a column is read.
type Reading struct {
	// Expr is over the column: of a type that both have, or the text by which COPY reads it.
	Expr redshift.SQL
	// Inexact is a condition that holds for values which the target's column would not keep; zero where there are none.
	Inexact redshift.SQL
	// Problem says why the column cannot be moved.
	Problem string
}

// The longest VARCHAR and VARBYTE that columns without a length of their own become, in bytes (DG r_Character_types, r_VARBYTE_type).
const (
	maxVarchar = 65535
	varbyte    = 64000
)

// A number without a precision of its own has as many digits as it needs; in a warehouse it has these.
const precision, scale = 38, 18

// same are types that both have, by the names of format_type.
var same = map[string]string{
	"smallint": redshift.SmallInt, "integer": redshift.Integer, "bigint": redshift.BigInt, "real": redshift.Real, "double precision": redshift.Double,
	"boolean": redshift.Boolean, "date": redshift.Date, "time without time zone": redshift.Time, "time with time zone": redshift.TimeTZ,
	"timestamp without time zone": redshift.Timestamp, "timestamp with time zone": redshift.TimestampTZ,
}

// texts are types that become text, with the most bytes that it has.
var texts = map[string]int{
	"text": maxVarchar, "citext": maxVarchar, "xml": maxVarchar, "character varying": maxVarchar, "bpchar": maxVarchar, "name": 63, `"char"`: 4, "uuid": 36,
	"inet": 64, "cidr": 64, "macaddr": 17, "macaddr8": 23,
}

var typeText = regexp.MustCompile(`^([^(]*[^( ]) ?(?:\((-?[0-9]+)(?:,(-?[0-9]+))?\))?( .*)?$`)

// read says what a column becomes, and how it is read. name is as format_type writes it, kind and category are pg_type's.
func read(column redshift.Ident, name, kind, category string) (redshift.Type, Reading) {
	value := redshift.Build("?", column)
	text := func(bytes int) (redshift.Type, Reading) {
		return redshift.Type{Name: redshift.Varchar, Length: min(bytes, maxVarchar)}, Reading{Expr: redshift.Build("CAST(? AS TEXT)", value)}
	}
	refuse := func() (redshift.Type, Reading) {
		return redshift.Type{Name: name}, Reading{Problem: fmt.Sprintf("is %s, which Redshift has nothing for", name)}
	}
	switch {
	case category == "A":
		return redshift.Type{Name: redshift.Super}, Reading{Expr: redshift.Build("CAST(pg_catalog.to_jsonb(?) AS TEXT)", value)}
	case kind == "e":
		return text(63) // a label
	case kind != "b":
		return refuse()
	}
	m := typeText.FindStringSubmatch(name)
	if m == nil {
		return refuse()
	}
	word, first, second := m[1]+m[4], number(m[2]), number(m[3])
	if t, ok := same[word]; ok { // fewer fractions of a second are fractions all the same
		return redshift.Type{Name: t}, Reading{Expr: value}
	}
	if bytes, ok := texts[word]; ok && m[2] == "" {
		return text(bytes)
	}
	switch word {
	case "character varying", "character":
		return text(4 * first) // characters of UTF-8
	case "numeric":
		if m[2] != "" && first <= precision && second >= 0 && second < precision && second <= first {
			return redshift.Type{Name: redshift.Decimal, Precision: first, Scale: second}, Reading{Expr: value}
		}
		return redshift.Type{Name: redshift.Decimal, Precision: precision, Scale: scale}, Reading{
			Expr: redshift.Build("CAST(? AS NUMERIC(38,18))", value), Inexact: redshift.Build("? <> ROUND(?, 18)", value, value),
		}
	case "oid":
		return redshift.Type{Name: redshift.BigInt}, Reading{Expr: redshift.Build("CAST(? AS BIGINT)", value)}
	case "json", "jsonb":
		return redshift.Type{Name: redshift.Super}, Reading{Expr: redshift.Build("CAST(? AS TEXT)", value)}
	case "bytea":
		return redshift.Type{Name: redshift.Varbyte, Length: varbyte}, Reading{
			Expr: redshift.Build("pg_catalog.encode(?, 'hex')", value), Inexact: redshift.Build("OCTET_LENGTH(?) = 0", value),
		}
	}
	return refuse()
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0 // none is there
	}
	return n
}
