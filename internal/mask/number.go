package mask

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
)

// Messages about values never hold them: they reach logs.
var (
	errWhole   = errors.New("the value is not a whole number of 64 bits")
	errDecimal = errors.New("the value is not a decimal of its column's precision and scale")
)

func parseWhole(in []byte) (int64, error) {
	digits := in
	negative := false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 19 {
		return 0, errWhole
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, errWhole
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= 1<<63:
		return -int64(n), nil
	case !negative && n <= math.MaxInt64:
		return int64(n), nil
	default:
		return 0, errWhole
	}
}

func appendWhole(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// decimal is a number of up to 38 digits, without its point: 12.50 with two places is 1250.
type decimal struct {
	negative bool
	hi, lo   uint64
}

func parseDecimal(in []byte, scale int) (decimal, error) {
	var d decimal
	i := 0
	if len(in) > 0 && (in[0] == '-' || in[0] == '+') {
		d.negative = in[0] == '-'
		i++
	}
	digits, places := 0, -1
	for ; i < len(in); i++ {
		switch c := in[i]; {
		case c == '.' && places < 0:
			places = 0
		case '0' <= c && c <= '9':
			digits++
			if places >= 0 {
				places++
			}
			if !d.shift(uint64(c - '0')) {
				return decimal{}, errDecimal
			}
		default:
			return decimal{}, errDecimal
		}
	}
	places = max(places, 0)
	if digits == 0 || places > scale {
		return decimal{}, errDecimal
	}
	for ; places < scale; places++ {
		if !d.shift(0) {
			return decimal{}, errDecimal
		}
	}
	d.negative = d.negative && !d.isZero()
	return d, nil
}

func (d *decimal) isZero() bool { return d.hi == 0 && d.lo == 0 }

// shift appends a digit. It tells whether there was room.
func (d *decimal) shift(digit uint64) bool {
	if !d.multiply(10) {
		return false
	}
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, digit, 0)
	d.hi, carry = bits.Add64(d.hi, 0, carry)
	return carry == 0
}

func (d *decimal) multiply(by uint64) bool {
	over, hi := bits.Mul64(d.hi, by)
	carry, lo := bits.Mul64(d.lo, by)
	hi, c := bits.Add64(hi, carry, 0)
	d.hi, d.lo = hi, lo
	return over == 0 && c == 0
}

// divide gives the remainder.
func (d *decimal) divide(by uint64) uint64 {
	hi, r := d.hi/by, d.hi%by
	lo, r := bits.Div64(r, d.lo, by)
	d.hi, d.lo = hi, lo
	return r
}

// round drops places, half away from zero.
func (d *decimal) round(places int) {
	for ; places > 18; places-- { // only the last digit dropped decides, when all before it are dropped by truncation
		d.divide(10)
	}
	if places <= 0 {
		return
	}
	by := uint64(pow10(places))
	if r := d.divide(by); r >= by-r {
		var carry uint64
		d.lo, carry = bits.Add64(d.lo, 1, 0)
		d.hi += carry
	}
	d.negative = d.negative && !d.isZero()
}

// fits tells whether the number has at most as many digits.
func (d decimal) fits(precision int) bool {
	for range precision {
		d.divide(10)
	}
	return d.isZero()
}

func (d decimal) shown(scale int) string { return string(d.append(nil, scale)) }

// append writes the number with its point.
func (d decimal) append(dst []byte, scale int) []byte {
	var text [41]byte
	at := len(text)
	for places := 0; places <= scale || !d.isZero(); places++ {
		if places == scale && scale > 0 {
			at--
			text[at] = '.'
		}
		at--
		text[at] = '0' + byte(d.divide(10))
	}
	if d.negative {
		dst = append(dst, '-')
	}
	return append(dst, text[at:]...)
}
