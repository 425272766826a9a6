package mask

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/redshift"
)

const (
	upperASCII = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerASCII = "abcdefghijklmnopqrstuvwxyz"
)

// canon is the canonical form of a column's values: one text for all values that the warehouse holds equal, the same
// text for equal values of columns of different width, and the same in both twins.
//
//	VARCHAR, CHAR        without trailing blanks, which Redshift ignores when it compares
//	case_insensitive     the same with A-Z made a-z; no other letter, since lower case of those depends on the locale
//	SMALLINT .. BIGINT   decimal digits: an int4 foreign key joins an int8 primary key
//	DECIMAL(p,s)         always s decimals
//	BOOLEAN              true, false
//	DATE                 YYYY-MM-DD
//	TIMESTAMP            YYYY-MM-DD HH:MI:SS.UUUUUU; TIMESTAMPTZ the same in UTC
//
// The empty text is a value like any other.
type canon struct {
	kind  kind
	scale int  // of DECIMAL
	fold  bool // case_insensitive
}

// kind is what sort of values a column holds.
type kind string

const (
	text      kind = "text"
	whole     kind = "whole number"
	decimals  kind = "decimal"
	boolean   kind = "boolean"
	date      kind = "date"
	timestamp kind = "timestamp"
	instant   kind = "timestamp with time zone"
	other     kind = "other"
)

func kindOf(t redshift.Type) kind {
	switch t.Name {
	case redshift.Varchar, redshift.Char:
		return text
	case redshift.SmallInt, redshift.Integer, redshift.BigInt:
		return whole
	case redshift.Decimal:
		return decimals
	case redshift.Boolean:
		return boolean
	case redshift.Date:
		return date
	case redshift.Timestamp:
		return timestamp
	case redshift.TimestampTZ:
		return instant
	default:
		return other
	}
}

// canonOf is the canonical form of a column, or why its values cannot be hashed.
func canonOf(c redshift.Column) (canon, error) {
	k := kindOf(c.Type)
	switch c.Type.Name {
	case redshift.Real, redshift.Double:
		return canon{}, fmt.Errorf("%s cannot be hashed: the text of a float is not the same everywhere; hash another column, or mask by entity", c.Type)
	}
	if k == other {
		return canon{}, fmt.Errorf("%s cannot be hashed: it has no canonical text; hash another column, or mask by entity", c.Type)
	}
	return canon{kind: k, scale: c.Type.Scale, fold: k == text && c.Collate == "case_insensitive"}, nil
}

// String names what has to agree between the columns of a domain.
func (c canon) String() string {
	switch {
	case c.kind == decimals && c.scale > 0:
		return fmt.Sprintf("%s with %d places", c.kind, c.scale)
	case c.kind == decimals:
		return string(whole) // the same texts
	case c.fold:
		return string(text) + " without case"
	default:
		return string(c.kind)
	}
}

// sql is the canonical form of an expression.
func (c canon) sql(v redshift.SQL) redshift.SQL {
	switch c.kind {
	case text:
		v = trimSQL(v)
		if c.fold {
			v = foldSQL(v)
		}
		return v
	case boolean:
		return redshift.Build("CASE WHEN ? THEN 'true' WHEN NOT ? THEN 'false' END", v, v)
	case date:
		return redshift.Build("TO_CHAR(?, 'YYYY-MM-DD')", v)
	case timestamp:
		return redshift.Build("TO_CHAR(?, 'YYYY-MM-DD HH24:MI:SS.US')", v)
	case instant:
		return redshift.Build("TO_CHAR(? AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')", v)
	default:
		return redshift.Build("CAST(? AS VARCHAR)", v)
	}
}

func trimSQL(v redshift.Fragment) redshift.SQL { return redshift.Build("RTRIM(?, ' ')", v) }

func foldSQL(v redshift.SQL) redshift.SQL {
	return redshift.Build("TRANSLATE(?, ?, ?)", v, redshift.Lit(upperASCII), redshift.Lit(lowerASCII))
}

// append is the canonical form of a value as the server writes it, with datestyle ISO and timezone UTC.
func (c canon) append(dst, in []byte) ([]byte, error) {
	switch c.kind {
	case text:
		in, err := textOf(in)
		if err != nil {
			return dst, err
		}
		at := len(dst)
		dst = append(dst, in...)
		if c.fold {
			for i := at; i < len(dst); i++ {
				dst[i] = foldByte(dst[i])
			}
		}
		return dst, nil
	case whole:
		n, err := parseWhole(in)
		if err != nil {
			return dst, err
		}
		return appendWhole(dst, n), nil
	case decimals:
		d, err := parseDecimal(in, c.scale)
		if err != nil {
			return dst, err
		}
		return d.append(dst, c.scale), nil
	case boolean:
		b, err := parseBoolean(in)
		if err != nil {
			return dst, err
		}
		if b {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case date:
		d, err := parseDate(in)
		if err != nil {
			return dst, err
		}
		return d.appendCanonical(dst), nil
	case timestamp, instant:
		m, err := parseMoment(in)
		if err != nil {
			return dst, err
		}
		return m.appendCanonical(dst), nil
	default:
		return dst, fmt.Errorf("a value of kind %s has no canonical text", c.kind)
	}
}

// Collated is a definition in which every text column says how it compares, in a database that compares as collation says
// (redshift.Catalog.Collation). A definition of a catalog says so only of columns that are not as the database is, and New
// goes by the column alone.
func Collated(def *redshift.TableDef, collation string) *redshift.TableDef {
	d := def.Clone()
	for i, c := range d.Columns {
		if kindOf(c.Type) == text && c.Collate == "" {
			d.Columns[i].Collate = collation
		}
	}
	return &d
}

func foldByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + ('a' - 'A')
	}
	return b
}

var errText = errors.New("the text is not valid UTF-8, or holds a NUL; no warehouse can hold it")

// textOf is a text without trailing blanks. What Redshift cannot hold is refused, not guessed at.
func textOf(in []byte) ([]byte, error) {
	if !utf8.Valid(in) || bytes.IndexByte(in, 0) >= 0 {
		return nil, errText
	}
	for len(in) > 0 && in[len(in)-1] == ' ' {
		in = in[:len(in)-1]
	}
	return in, nil
}

func parseBoolean(in []byte) (bool, error) {
	switch string(in) {
	case "t", "true":
		return true, nil
	case "f", "false":
		return false, nil
	}
	return false, errors.New("the value is not a boolean")
}
