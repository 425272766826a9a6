package load

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"

	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/redshift"
)

// Check gives a look at the values of a column of type t: it finds those that COPY would change without a word (digits
// cut off, a time dropped), and those that it would surely refuse, so that they are named with their place in the file
// before anything is loaded. It returns nil where there is nothing to look for. Whatever it lets through COPY still judges.
// What spare lets through need not be looked at.
func Check(t redshift.Type) (look func(value []byte) (reason string), spare delimited.Spare) {
	switch t.Name {
	case redshift.SmallInt:
		spare = delimited.Spare{Whole: safeDigits(16), Fraction: -1}
	case redshift.Integer:
		spare = delimited.Spare{Whole: safeDigits(32), Fraction: -1}
	case redshift.BigInt:
		spare = delimited.Spare{Whole: safeDigits(64), Fraction: -1}
	case redshift.Decimal:
		spare = delimited.Spare{Whole: t.Precision - t.Scale, Fraction: t.Scale}
	case redshift.Char, redshift.Varchar:
		spare = delimited.Spare{Bytes: t.Length}
	}
	return check(t), spare
}

// safeDigits is how many digits of an integer are in range, whatever they are.
func safeDigits(bits int) int { return len(strconv.FormatInt(1<<(bits-1)-1, 10)) - 1 }

func check(t redshift.Type) func(value []byte) (reason string) {
	switch t.Name {
	case redshift.SmallInt:
		return integer(t, 16)
	case redshift.Integer:
		return integer(t, 32)
	case redshift.BigInt:
		return integer(t, 64)
	case redshift.Decimal:
		return func(v []byte) string { return decimal(v, t) }
	case redshift.Boolean:
		return boolean
	case redshift.Date:
		return date
	case redshift.Time, redshift.TimeTZ, redshift.TimestampTZ:
		return func(v []byte) string { return moment(v, true) }
	case redshift.Timestamp:
		return func(v []byte) string { return moment(v, false) }
	case redshift.Char, redshift.Varchar:
		return func(v []byte) string {
			if len(v) > t.Length {
				return fmt.Sprintf("a text of %d bytes; the column is %s", len(v), t)
			}
			return ""
		}
	default:
		return nil
	}
}

func integer(t redshift.Type, bits int) func([]byte) string {
	safe := safeDigits(bits)
	return func(v []byte) string {
		digits := v
		if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
			digits = v[1:]
		}
		plain := len(digits) > 0
		for _, c := range digits {
			plain = plain && c-'0' <= 9
		}
		if plain && len(digits) <= safe {
			return ""
		}
		v = bytes.TrimSpace(v)
		if len(v) == 0 {
			return "" // NULL to COPY
		}
		_, err := strconv.ParseInt(string(v), 10, bits)
		switch {
		case err == nil:
			return ""
		case plain:
			return "out of range of " + t.String()
		default:
			return "no " + t.String()
		}
	}
}

// decimal finds digits that COPY would cut off: it does not round (DG copy-parameters-data-conversion, ROUNDEC).
func decimal(v []byte, t redshift.Type) string {
	whole, fraction, plain := 0, 0, true
	point := false
	for i, c := range v {
		switch {
		case c-'0' <= 9 && point:
			fraction++
		case c-'0' <= 9:
			whole++
		case c == '.' && !point:
			point = true
		case (c == '-' || c == '+') && i == 0:
		default:
			plain = false
		}
	}
	if plain && whole+fraction > 0 && fraction <= t.Scale && whole <= t.Precision-t.Scale {
		return ""
	}
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return ""
	}
	const longest = 400 // characters of a number; with an exponent, that many digits at most
	if len(v) > longest || bytes.ContainsAny(v, "/_xXoObBpP") || exponent(v) > longest {
		return "no " + t.String()
	}
	n, ok := new(big.Rat).SetString(string(v))
	if !ok {
		return "no " + t.String()
	}
	scaled := n.Mul(n, new(big.Rat).SetInt(power(t.Scale)))
	switch {
	case !scaled.IsInt():
		return fmt.Sprintf("more than %d digits behind the point, which COPY would cut off; the column is %s", t.Scale, t)
	case scaled.Num().CmpAbs(power(t.Precision)) >= 0:
		return "out of range of " + t.String()
	}
	return ""
}

// exponent is the size of the exponent that a number is written with, 0 if there is none or it is no number.
func exponent(v []byte) int {
	i := bytes.IndexAny(v, "eE")
	if i < 0 {
		return 0
	}
	n, err := strconv.Atoi(string(v[i+1:]))
	if err != nil {
		return 0
	}
	return max(n, -n)
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// boolean knows the words of DG r_Boolean_type.
func boolean(v []byte) string {
	switch string(bytes.ToLower(bytes.TrimSpace(v))) {
	case "t", "true", "y", "yes", "1", "f", "false", "n", "no", "0", "":
		return ""
	}
	return "no BOOLEAN"
}

// date finds a time behind a date, which COPY would drop (DG r_DATEFORMAT_and_TIMEFORMAT_strings). Midnight is not lost.
func date(v []byte) string {
	if len(v) == len("2006-01-02") && v[4] == '-' && v[7] == '-' && v[0]-'0' <= 9 && v[8]-'0' <= 9 && v[9]-'0' <= 9 {
		return "" // as most are written: there is no room for a time
	}
	if i := bytes.IndexByte(v, ':'); i > 0 {
		begin := bytes.LastIndexAny(v[:i], " T")
		if begin >= 0 && bytes.ContainsAny(v[begin+1:], "123456789") {
			return "a time behind the date, which COPY would drop; the column is DATE"
		}
	}
	return noDigit(v)
}

// moment finds a fraction of a second beyond microseconds, and a zone where none is kept.
func moment(v []byte, zoned bool) string {
	colon := bytes.IndexByte(v, ':')
	if colon < 0 {
		return noDigit(v)
	}
	v = v[colon:]
	if point := bytes.IndexByte(v, '.'); point >= 0 {
		digits := 0
		for _, c := range v[point+1:] {
			if c-'0' > 9 {
				break
			}
			digits++
			if digits > 6 && c != '0' {
				return "a fraction of a second beyond microseconds, which would be lost"
			}
		}
	}
	if !zoned && bytes.ContainsAny(v, "Z+-") {
		return "a time zone, which TIMESTAMP does not keep; TIMESTAMPTZ does"
	}
	return ""
}

func noDigit(v []byte) string {
	if len(v) > 0 && v[0]-'0' <= 9 {
		return ""
	}
	if v = bytes.TrimSpace(v); len(v) > 0 && !bytes.ContainsAny(v, "0123456789") {
		return "no DATE"
	}
	return ""
}
