package dialect

import "strconv"

// The types of numbers, and what becomes of them in arithmetic (Redshift manual, Computations with numeric values).
// PostgreSQL goes by the values alone: a sum and a product come out the same, a quotient does not.

type numberKind uint8

const (
	notKnown numberKind = iota
	integer
	decimal
	floating
	date // one from another is an integer
	null
)

// numberType is the type of an operand. An integer has the precision of the decimal that it is beside a decimal.
type numberType struct {
	kind             numberKind
	precision, scale int
}

const maxPrecision = 38

var (
	ofInt2  = numberType{kind: integer, precision: 5}
	ofInt4  = numberType{kind: integer, precision: 10}
	ofInt8  = numberType{kind: integer, precision: 19}
	ofFloat = numberType{kind: floating}
	ofDate  = numberType{kind: date}
)

func (n numberType) exact() bool { return n.kind == integer || n.kind == decimal }

func decimalOf(precision, scale int) numberType {
	return numberType{kind: decimal, precision: precision, scale: scale}
}

// cast is what casts to a decimal's type.
func (n numberType) cast() string {
	return "::numeric(" + strconv.Itoa(n.precision) + "," + strconv.Itoa(n.scale) + ")"
}

// computed is the type of left op right.
func computed(op string, left, right numberType) numberType {
	switch {
	case op == "-" && left.kind == date && right.kind == date:
		return ofInt4
	case left.kind == floating && (right.kind == floating || right.exact()), right.kind == floating && left.exact():
		return ofFloat
	case !left.exact() || !right.exact():
		return numberType{}
	case left.kind == integer && right.kind == integer:
		return numberType{kind: integer, precision: max(left.precision, right.precision)}
	}
	whole := max(left.precision-left.scale, right.precision-right.scale)
	switch op {
	case "+", "-":
		scale := max(left.scale, right.scale)
		return decimalOf(min(whole+1+scale, maxPrecision), scale)
	case "*":
		scale := left.scale + right.scale
		if scale > maxPrecision {
			return numberType{} // the manual does not say
		}
		return decimalOf(min(left.precision+right.precision+1, maxPrecision), scale)
	case "/":
		const least = 4
		scale := max(least, left.scale+right.precision-right.scale+1)
		precision := left.precision - left.scale + right.scale + scale
		if precision > maxPrecision {
			return decimalOf(maxPrecision, max(maxPrecision+scale-precision, least))
		}
		return decimalOf(precision, scale)
	default:
		return numberType{} // of % the manual does not say
	}
}

// chosen is the type of a value that is one of several, in CASE, COALESCE and UNION.
func chosen(of []numberType) numberType {
	var all numberType
	for _, n := range of {
		switch {
		case n.kind == null:
		case n.kind == notKnown || n.kind == date:
			return numberType{}
		case all.kind == notKnown:
			all = n
		case all.kind == floating || n.kind == floating:
			all = ofFloat
		case all.kind == integer && n.kind == integer:
			all.precision = max(all.precision, n.precision)
		default:
			const in8Bytes = 19
			limit := in8Bytes
			if all.precision > in8Bytes || n.precision > in8Bytes {
				limit = maxPrecision
			}
			scale := max(all.scale, n.scale)
			all = decimalOf(min(max(all.precision-all.scale, n.precision-n.scale)+scale, limit), scale)
		}
	}
	return all
}

// added is the type of the SUM of values of a type. That of a BIGINT is left open: PostgreSQL's is a number without precision.
func added(n numberType) numberType {
	switch {
	case n == ofInt8:
		return numberType{}
	case n.kind == integer:
		return ofInt8
	case n.kind == decimal:
		return decimalOf(maxPrecision, n.scale)
	case n.kind == floating:
		return n
	default:
		return numberType{}
	}
}

// averaged is the type of the AVG of values of a type.
func averaged(n numberType) numberType {
	if n.kind == integer {
		return ofInt8
	}
	return added(n)
}

// literalNumber is the type of a number as written. What has an exponent is left open.
func literalNumber(text string) numberType {
	whole, fraction, point := 0, 0, false
	for _, c := range []byte(text) {
		switch {
		case c == '.':
			point = true
		case !isDigit(c):
			return numberType{}
		case point:
			fraction++
		case whole > 0 || c != '0':
			whole++
		}
	}
	if !point {
		if _, err := strconv.ParseInt(text, 10, 32); err == nil {
			return ofInt4
		}
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return ofInt8
		}
	}
	if whole+fraction > maxPrecision {
		return numberType{}
	}
	return decimalOf(max(whole+fraction, 1), fraction)
}

// number is what a type as written means in arithmetic.
func (r typeRef) number() numberType {
	if r.array || r.foreign {
		return numberType{}
	}
	switch r.name {
	case "smallint":
		return ofInt2
	case "integer":
		return ofInt4
	case "bigint":
		return ofInt8
	case "real", "double precision":
		return ofFloat
	case "date":
		return ofDate
	case "numeric":
		digits := []int{18, 0}
		for i, arg := range r.args {
			n, err := strconv.Atoi(arg)
			if err != nil || i >= len(digits) {
				return numberType{}
			}
			digits[i] = n
		}
		return decimalOf(digits[0], digits[1])
	default:
		return numberType{}
	}
}

// ColumnType is the type of a column of an answer, as PostgreSQL describes it.
type ColumnType struct {
	Name     string
	OID      uint32
	Modifier int32
}

const oidNumeric = 1700

// untyped tells whether it is a decimal without precision.
func (t ColumnType) untyped() bool { return t.OID == oidNumeric && t.Modifier < 4 }

func (t ColumnType) number() numberType {
	switch t.OID {
	case 21:
		return ofInt2
	case 23:
		return ofInt4
	case 20:
		return ofInt8
	case 700, 701:
		return ofFloat
	case 1082:
		return ofDate
	case oidNumeric:
		if t.untyped() {
			return numberType{}
		}
		digits := t.Modifier - 4
		return decimalOf(int(digits>>16), int(digits&0x7ff))
	default:
		return numberType{}
	}
}
