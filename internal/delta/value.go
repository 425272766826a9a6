package delta

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/redshift"
)

// less compares two values of a since column by their texts, as the warehouse writes them in UTC and ISO.
func less(a, b string, t redshift.Type) bool {
	if temporal(t) {
		x, xrest := year(a)
		y, yrest := year(b)
		return x < y || x == y && xrest < yrest
	}
	x, xok := new(big.Rat).SetString(a)
	y, yok := new(big.Rat).SetString(b)
	return xok && yok && x.Cmp(y) < 0
}

// year takes a time apart: its year, which has four digits or more, and what follows, whose texts have one width up to the fractions.
// A time without fractions comes before one with: the end of a text is less than a point.
func year(text string) (int, string) {
	text, bc := strings.CutSuffix(text, " BC")
	digits, rest, _ := strings.Cut(text, "-")
	n, _ := strconv.Atoi(digits) // the warehouse wrote it
	if bc {
		n = -n
	}
	return n, strings.TrimSuffix(rest, "+00")
}

var (
	number   = regexp.MustCompile(`^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?$`)
	calendar = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	clock    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`)
	zone     = regexp.MustCompile(`(Z|\+00(:00)?)$`)
)

// ParseValue reads what somebody wrote for a value of a since column, and writes it as the warehouse would.
func ParseValue(text string, t redshift.Type) (string, error) {
	text = strings.TrimSpace(text)
	if temporal(t) {
		at, err := parseTime(text, t)
		switch {
		case err != nil:
			return "", fmt.Errorf("%q is not a %s: 2026-11-26, or 2026-11-26 10:15:00 in UTC", text, t)
		case t.Name == redshift.Date:
			return at.Format(time.DateOnly), nil
		case t.Name == redshift.TimestampTZ:
			return at.Format(precise) + "+00", nil
		default:
			return at.Format(precise), nil
		}
	}
	n, ok := new(big.Rat).SetString(text)
	if !number.MatchString(text) || !ok {
		return "", fmt.Errorf("%q is not a %s", text, t)
	}
	canonical := n.FloatString(scale(t))
	if back, _ := new(big.Rat).SetString(canonical); back.Cmp(n) != 0 {
		return "", fmt.Errorf("%q is not a %s: it has more digits", text, t)
	}
	if low, high := limits(t); n.Cmp(low) < 0 || n.Cmp(high) > 0 {
		return "", fmt.Errorf("%q is not a %s: it goes from %s to %s", text, t, low.FloatString(scale(t)), high.FloatString(scale(t)))
	}
	return canonical, nil
}

// precise is a time as the warehouse writes it: without zeros at the end.
const precise = "2006-01-02 15:04:05.999999"

func parseTime(text string, t redshift.Type) (at time.Time, err error) {
	switch withoutZone := zone.ReplaceAllString(text, ""); {
	case calendar.MatchString(text):
		at, err = time.Parse(time.DateOnly, text)
	case t.Name != redshift.Date && clock.MatchString(withoutZone):
		at, err = time.Parse(time.DateTime, strings.Replace(withoutZone, "T", " ", 1))
	default:
		return at, fmt.Errorf("%q is no time", text)
	}
	if err == nil && at.Year() == 0 {
		err = fmt.Errorf("%q: there was no year 0", text)
	}
	return at, err
}

func scale(t redshift.Type) int {
	if t.Name == redshift.Decimal {
		return t.Scale
	}
	return 0
}

// limits are the least and the greatest number of a type.
func limits(t redshift.Type) (low, high *big.Rat) {
	bits := map[string]uint{redshift.SmallInt: 15, redshift.Integer: 31, redshift.BigInt: 63}[t.Name]
	if bits > 0 {
		end := new(big.Int).Lsh(big.NewInt(1), bits)
		return new(big.Rat).SetInt(new(big.Int).Neg(end)), new(big.Rat).SetInt(end.Sub(end, big.NewInt(1)))
	}
	ten := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	high = new(big.Rat).SetFrac(new(big.Int).Sub(ten(t.Precision), big.NewInt(1)), ten(t.Scale))
	return new(big.Rat).Neg(high), high
}

// minus is a number less n, or the least that the type has: an expression would overflow.
func minus(value string, n int64, t redshift.Type) string {
	v, ok := new(big.Rat).SetString(value)
	if !ok {
		return value // the warehouse wrote it; it says so itself if it cannot read it
	}
	v.Sub(v, new(big.Rat).SetInt64(n))
	if low, _ := limits(t); v.Cmp(low) < 0 {
		v = low
	}
	return v.FloatString(scale(t))
}
