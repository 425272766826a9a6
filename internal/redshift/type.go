package redshift

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Type is a column's type. The zero value is no type.
type Type struct {
	// Name is one of the names below; of a type that is not known, what the catalog calls it.
	Name string
	// Length is that of CHAR, VARCHAR and VARBYTE, in bytes.
	Length int
	// Precision and Scale are those of DECIMAL.
	Precision, Scale int
}

// The names of types. Each has several in SQL and in catalogs; ParseType knows them all.
const (
	SmallInt     = "smallint"
	Integer      = "integer"
	BigInt       = "bigint"
	Decimal      = "decimal"
	Real         = "real"
	Double       = "double precision"
	Boolean      = "boolean"
	Char         = "char"
	Varchar      = "varchar"
	Date         = "date"
	Time         = "time"
	TimeTZ       = "timetz"
	Timestamp    = "timestamp"
	TimestampTZ  = "timestamptz"
	Super        = "super"
	Varbyte      = "varbyte"
	Geometry     = "geometry"
	Geography    = "geography"
	HLLSketch    = "hllsketch"
	IntervalYear = "interval year to month"
	IntervalDay  = "interval day to second"
)

// typeNames maps the names of types in SQL (DG c_Supported_data_types) and in catalogs (format_type) to ours.
var typeNames = map[string]string{
	"smallint": SmallInt, "int2": SmallInt,
	"integer": Integer, "int": Integer, "int4": Integer,
	"bigint": BigInt, "int8": BigInt,
	"decimal": Decimal, "numeric": Decimal,
	"real": Real, "float4": Real,
	"double precision": Double, "float8": Double, "float": Double,
	"boolean": Boolean, "bool": Boolean,
	"char": Char, "character": Char, "nchar": Char, "bpchar": Char,
	"varchar": Varchar, "character varying": Varchar, "nvarchar": Varchar, "text": Varchar,
	"date": Date,
	"time": Time, "time without time zone": Time,
	"timetz": TimeTZ, "time with time zone": TimeTZ,
	"timestamp": Timestamp, "timestamp without time zone": Timestamp,
	"timestamptz": TimestampTZ, "timestamp with time zone": TimestampTZ,
	"super":   Super,
	"varbyte": Varbyte, "varbinary": Varbyte, "binary varying": Varbyte,
	"geometry": Geometry, "geography": Geography, "hllsketch": HLLSketch,
	"interval year to month": IntervalYear, "interval day to second": IntervalDay,
}

// Limits and defaults of types (DG r_Character_types, r_Numeric_types201, r_VARBYTE_type).
const (
	maxVarchar     = 65535
	maxChar        = 4096
	maxVarbyte     = 16_777_216
	defaultVarchar = 256
	defaultVarbyte = 64_000
	maxPrecision   = 38
	maxScale       = 37
)

var typeText = regexp.MustCompile(`^([a-z0-9][a-z0-9 ]*?) ?(?:\( ?([0-9]{1,9}|max) ?(?:, ?([0-9]{1,9}) ?)?\))?( with(?:out)? time zone)?$`)

// ParseType reads a type as format_type() and SHOW write it, or as people do. A type that Redshift does not have is an
// error.
func ParseType(s string) (Type, error) {
	m := typeText.FindStringSubmatch(strings.Join(strings.Fields(LowerASCII(s)), " "))
	if m == nil {
		return Type{}, fmt.Errorf("%q is not a type", s)
	}
	word, first, second := m[1], m[2], m[3]
	name, ok := typeNames[word+m[4]]
	if !ok {
		return Type{}, fmt.Errorf("type %q is not known", s)
	}
	t := Type{Name: name}
	number := func(text string, byDefault, least, most int) (int, error) {
		if text == "" {
			return byDefault, nil
		}
		if text == "max" {
			return most, nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("type %q: %s is not within %d and %d", s, text, least, most)
		}
		return n, nil
	}
	var err error
	switch name {
	case Char:
		byDefault := 1
		if word == "bpchar" {
			byDefault = 256
		}
		t.Length, err = number(first, byDefault, 1, maxChar)
	case Varchar:
		t.Length, err = number(first, defaultVarchar, 1, maxVarchar)
	case Varbyte:
		t.Length, err = number(first, defaultVarbyte, 1, maxVarbyte)
	case Decimal:
		if t.Precision, err = number(first, 18, 1, maxPrecision); err == nil {
			t.Scale, err = number(second, 0, 0, min(maxScale, t.Precision))
		}
		second = ""
	case Time, TimeTZ, Timestamp, TimestampTZ, IntervalDay:
		// Always microseconds; a catalog may say so.
		_, err = number(first, 6, 6, 6)
	case Double:
		// FLOAT(n) is REAL or DOUBLE by n; catalogs never show it.
		_, err = number(first, 53, 53, 53)
	default:
		if first != "" {
			err = fmt.Errorf("type %q: %s takes no length", s, name)
		}
	}
	if err == nil && (second != "" || first == "max" && name != Varchar && name != Varbyte) {
		err = fmt.Errorf("%q is not a type", s)
	}
	if err != nil {
		return Type{}, err
	}
	return t, nil
}

// TypeFromOID is the type of a column of an answer, by the object id and modifier in the wire protocol's row
// description. An expression may come without a length: text then may be as long as it can be, and for others the
// length must be said by a cast, since a guess could cut values off.
func TypeFromOID(oid uint32, modifier int32) (Type, error) {
	const header = 4 // the length of a modifier counts four bytes of PostgreSQL's header
	length := int(modifier) - header
	known := modifier >= header
	switch oid {
	case 16:
		return Type{Name: Boolean}, nil
	case 20:
		return Type{Name: BigInt}, nil
	case 21:
		return Type{Name: SmallInt}, nil
	case 23:
		return Type{Name: Integer}, nil
	case 700:
		return Type{Name: Real}, nil
	case 701:
		return Type{Name: Double}, nil
	case 1042:
		if !known || length < 1 || length > maxChar {
			return Type{}, fmt.Errorf("the length of a CHAR is not known; write cast(... as char(n))")
		}
		return Type{Name: Char, Length: length}, nil
	case 25, 705, 1043: // text, a literal without a type, varchar
		if oid != 1043 || !known || length < 1 || length > maxVarchar {
			length = maxVarchar
		}
		return Type{Name: Varchar, Length: length}, nil
	case 1082:
		return Type{Name: Date}, nil
	case 1083:
		return Type{Name: Time}, nil
	case 1114:
		return Type{Name: Timestamp}, nil
	case 1184:
		return Type{Name: TimestampTZ}, nil
	case 1188:
		return Type{Name: IntervalYear}, nil
	case 1190:
		return Type{Name: IntervalDay}, nil
	case 1266:
		return Type{Name: TimeTZ}, nil
	case 1700:
		precision, scale := length>>16, length&0xffff
		if !known || precision < 1 || precision > maxPrecision || scale > min(maxScale, precision) {
			return Type{}, fmt.Errorf("the precision of a DECIMAL is not known; write cast(... as decimal(p, s))")
		}
		return Type{Name: Decimal, Precision: precision, Scale: scale}, nil
	case 3000, 3999:
		return Type{Name: Geometry}, nil
	case 3001:
		return Type{Name: Geography}, nil
	case 4000:
		return Type{Name: Super}, nil
	case 6551:
		// Whether this modifier counts the header too is not documented; four bytes too many do no harm.
		if modifier < 1 || modifier > maxVarbyte {
			modifier = defaultVarbyte
		}
		return Type{Name: Varbyte, Length: int(modifier)}, nil
	default:
		return Type{}, fmt.Errorf("type with object id %d is not known", oid)
	}
}

// Field is a column of an answer, as the wire protocol describes it.
type Field struct {
	Name     string
	OID      uint32
	Modifier int32
}

// Type is the field's type.
func (f Field) Type() (Type, error) {
	t, err := TypeFromOID(f.OID, f.Modifier)
	if err != nil {
		return Type{}, fmt.Errorf("column %s: %w", f.Name, err)
	}
	return t, nil
}

// Known tells that it is one of Redshift's types.
func (t Type) Known() bool { return typeNames[t.Name] == t.Name }

// String is the type as it stands in DDL.
func (t Type) String() string {
	switch t.Name {
	case Char, Varchar, Varbyte:
		return fmt.Sprintf("%s(%d)", strings.ToUpper(t.Name), t.Length)
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	}
	return strings.ToUpper(t.Name)
}

func (t Type) fragment() string {
	if !t.Known() {
		panic("redshift: type " + t.Name + " in a statement")
	}
	return t.String()
}

// MarshalText gives the type as String does.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText takes a type as ParseType does.
func (t *Type) UnmarshalText(text []byte) (err error) {
	*t, err = ParseType(string(text))
	return err
}

// The formats that data is staged in.
const (
	Parquet = "parquet"
	Text    = "text"
	CSV     = "csv"  // what a load stages, and an unload may
	JSON    = "json" // lines of JSON: UNLOAD only
	// Escaped is text as somebody's UNLOAD wrote it with ESCAPE: COPY only.
	Escaped = "escaped"
)

// Movable tells whether values of the type come out of UNLOAD and COPY in a format as they were, and why not. For Parquet
// these are the types for which UNLOAD writes, and COPY reads, a type of Parquet's own; delimited text adds those that
// both write and read as text.
func (t Type) Movable(format string) (ok bool, why string) {
	switch t.Name {
	case SmallInt, Integer, BigInt, Decimal, Real, Double, Boolean, Char, Varchar, Date, Timestamp:
		return true, ""
	case Time, TimeTZ, TimestampTZ, Super, Varbyte:
		if format == Text {
			return true, ""
		}
		return false, t.String() + " does not keep its values in " + format + "; it needs text"
	case Geometry, Geography, HLLSketch, IntervalYear, IntervalDay:
		return false, t.String() + " cannot be moved: its values are not known to come back as they were"
	default:
		return false, "type " + t.Name + " is not known"
	}
}

// Holds tells whether t holds every value of other, with the same text for each: values of other can be moved into a
// column of t and be verified there. REAL into DOUBLE PRECISION is not such a case: the bits differ, which digests of
// floats are made of.
func (t Type) Holds(other Type) bool {
	if t == other {
		return true
	}
	switch t.Name {
	case Integer:
		return other.Name == SmallInt
	case BigInt:
		return other.Name == SmallInt || other.Name == Integer
	case Char, Varchar, Varbyte:
		return other.Name == t.Name && t.Length > other.Length
	case Decimal:
		return other.Name == Decimal && t.Scale == other.Scale && t.Precision > other.Precision
	default:
		return false
	}
}

// Columns makes columns of the fields of a query's answer, so that a table can be made of it.
func Columns(fields []Field) ([]Column, error) {
	columns := make([]Column, len(fields))
	seen := make(map[string]bool, len(fields))
	for i, f := range fields {
		name, err := NewIdent(f.Name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("column %d: %w", i+1, err)
		case f.Name == "?column?":
			return nil, fmt.Errorf("column %d has no name: give it one with AS", i+1)
		case seen[f.Name]:
			return nil, fmt.Errorf("two columns are named %s: rename one with AS", f.Name)
		}
		seen[f.Name] = true
		t, err := f.Type()
		if err != nil {
			return nil, err
		}
		columns[i] = Column{Name: name, Type: t}
	}
	return columns, nil
}
