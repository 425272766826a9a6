package delta

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// less compares two values of a since column by their texts, as the warehouse writes them in UTC and ISO: texts of one kind of
// time have one width up to their fractions, and numbers are numbers.
func less(a, b string, t redshift.Type) bool {
	if temporal(t) {
		return sortable(a) < sortable(b)
	}
	x, xok := new(big.Rat).SetString(a)
	y, yok := new(big.Rat).SetString(b)
	return xok && yok && x.Cmp(y) < 0
}

// sortable is a time without what follows its fractions. A time without fractions comes before one with: the end of a text is less
// than a point.
func sortable(text string) string { return strings.TrimSuffix(text, "+00") }

var (
	dates = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	times = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|\+00)?)?$`)
)

// ParseValue reads what somebody wrote for a value of a since column, and writes it as the warehouse would.
func ParseValue(text string, t redshift.Type) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case t.Name == redshift.Date && dates.MatchString(text):
		return text, nil
	case (t.Name == redshift.Timestamp || t.Name == redshift.TimestampTZ) && times.MatchString(text):
		text = strings.TrimSuffix(strings.TrimSuffix(strings.Replace(text, "T", " ", 1), "Z"), "+00")
		if !strings.Contains(text, " ") {
			text += " 00:00:00"
		}
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		if t.Name == redshift.TimestampTZ {
			text += "+00"
		}
		return text, nil
	case temporal(t):
		return "", fmt.Errorf("%q is not a %s: 2026-11-26, or 2026-11-26 10:15:00 in UTC", text, t)
	}
	if n, ok := new(big.Rat).SetString(text); !ok || strings.ContainsAny(text, "/eExXpP_") || t.Name != redshift.Decimal && !n.IsInt() {
		return "", fmt.Errorf("%q is not a %s", text, t)
	}
	return text, nil
}
