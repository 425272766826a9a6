package infer

import (
	"fmt"

	"github.com/sealift/sealift/internal/redshift"
)

// Column gathers what the values of one column have in common. The zero value has seen nothing.
type Column struct {
	Values int64 // seen, without NULLs
	kind   kind
	// For numbers: the most digits before and behind the point.
	whole, fraction int
	wide            bool // some integer needs more than 32 bits
	// The longest value in bytes.
	longest int
	nested  bool // JSON objects or arrays were added
}

// kind is what all values so far can be read as; the order is not one of width: see join.
type kind uint8

const (
	nothing kind = iota
	boolean
	integer
	decimal
	float
	date
	timestamp
	timestamptz
	text
)

// Add takes a value that is not NULL.
func (c *Column) Add(v []byte) {
	c.Values++
	c.longest = max(c.longest, len(v))
	if c.kind == text {
		return
	}
	k, whole, fraction := classify(v, c.kind)
	c.whole, c.fraction = max(c.whole, whole), max(c.fraction, fraction)
	if k == integer && !c.wide {
		c.wide = !fits32(v)
	}
	c.kind = join(c.kind, k)
}

// AddNested takes a JSON object or array, which only SUPER holds.
func (c *Column) AddNested(v []byte) {
	c.Values++
	c.nested = true
	c.longest = max(c.longest, len(v))
}

// AddText takes a value that is text whatever it looks like: JSON tells "1" from 1.
func (c *Column) AddText(v []byte) {
	c.Values++
	c.longest = max(c.longest, len(v))
	if c.kind != text {
		c.kind = join(c.kind, textual(v))
	}
}

// textual is what a JSON text can be read as: moments, which JSON has no other way to write, or text.
func textual(v []byte) kind {
	if k, _, _ := classify(v, timestamp); k == date || k == timestamp || k == timestamptz {
		return k
	}
	return text
}

// join is the narrowest kind that holds both.
func join(a, b kind) kind {
	if a == nothing || a == b {
		return b
	}
	if a > b {
		a, b = b, a
	}
	switch {
	case a >= integer && b <= float:
		return b
	case a == date && b == timestamp:
		return timestamp
	default:
		return text // a date or local time is no moment in UTC, a truth value no number
	}
}

// The limits of types (DG r_Numeric_types201, r_Character_types).
const (
	maxDigits  = 38
	maxExact   = 15 // significant digits that a double holds, whatever they are
	maxVarchar = 65535
	noText     = 256 // of a column of which nothing was seen
)

// Type is the narrowest type for what was seen. loose leaves room for values that were not: digits for decimals, bytes
// for text. A column in which no value was seen is VARCHAR(256), which holds whatever comes.
//
// The error says that a text is longer than any VARCHAR; see Longest.
func (c *Column) Type(loose bool) (redshift.Type, error) {
	if c.nested {
		return redshift.Type{Name: redshift.Super}, nil
	}
	switch c.kind {
	case boolean:
		return redshift.Type{Name: redshift.Boolean}, nil
	case integer:
		if c.whole <= 18 {
			if c.wide || (loose && c.whole >= 9) {
				return redshift.Type{Name: redshift.BigInt}, nil
			}
			return redshift.Type{Name: redshift.Integer}, nil
		}
		return c.decimal(loose)
	case decimal:
		return c.decimal(loose)
	case float:
		if c.whole+c.fraction > maxExact {
			return c.varchar(loose)
		}
		return redshift.Type{Name: redshift.Double}, nil
	case date:
		return redshift.Type{Name: redshift.Date}, nil
	case timestamp:
		return redshift.Type{Name: redshift.Timestamp}, nil
	case timestamptz:
		return redshift.Type{Name: redshift.TimestampTZ}, nil
	case nothing:
		return redshift.Type{Name: redshift.Varchar, Length: noText}, nil
	default:
		return c.varchar(loose)
	}
}

func (c *Column) decimal(loose bool) (redshift.Type, error) {
	if c.whole+c.fraction > maxDigits {
		return c.varchar(loose) // no number type holds it exactly
	}
	p, s := c.whole+c.fraction, c.fraction
	if p == 19 {
		p = 20 // 19 digits are kept in eight bytes, which do not hold every number of 19 digits
	}
	if loose {
		p = min(maxDigits, max(18, p+4)) // up to 19 digits take eight bytes in any case
	}
	return redshift.Type{Name: redshift.Decimal, Precision: max(p, 1), Scale: s}, nil
}

// steps are the lengths of VARCHAR that people use; a length in between is rounded up.
var steps = []int{8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, maxVarchar}

func (c *Column) varchar(loose bool) (redshift.Type, error) {
	if c.longest > maxVarchar {
		return redshift.Type{}, fmt.Errorf("a value of %d bytes; VARCHAR holds no more than %d", c.longest, maxVarchar)
	}
	want := max(c.longest, 1)
	if loose {
		want = min(maxVarchar, want+want/4)
	}
	return redshift.Type{Name: redshift.Varchar, Length: rounded(want)}, nil
}

// Length is that of the VARCHAR for texts of which the longest has so many bytes, none longer than any VARCHAR holds; 0 is for a column
// without any.
func Length(longest int) int {
	if longest == 0 {
		return noText
	}
	return rounded(longest)
}

func rounded(length int) int {
	for _, s := range steps {
		if length <= s {
			return s
		}
	}
	panic("infer: no length for a text that fits")
}

// Longest is the length of the longest value in bytes.
func (c *Column) Longest() int { return c.longest }

// Join adds what another column of the same name has seen, in another part of the input.
func (c *Column) Join(o *Column) {
	c.Values += o.Values
	c.whole, c.fraction = max(c.whole, o.whole), max(c.fraction, o.fraction)
	c.wide = c.wide || o.wide
	c.longest = max(c.longest, o.longest)
	c.nested = c.nested || o.nested
	if o.kind != nothing {
		c.kind = join(c.kind, o.kind)
	}
}

// Textual tells that the values are text and nothing narrower.
func (c *Column) Textual() bool { return c.kind == text && !c.nested }
