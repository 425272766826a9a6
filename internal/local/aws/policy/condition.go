package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// condition is one operator on one key: all conditions of a statement must hold, one of the values is enough.
type condition struct {
	operator string // as written
	key      string // lower case: key names ignore case
	set      setOperator
	ifExists bool
	null     bool // the Null operator, which asks for the key itself
	negated  bool // StringNotEquals and the like
	values   []matcher
}

type setOperator int

const (
	single setOperator = iota
	forAnyValue
	forAllValues
)

// matcher compares one value of the policy with one of the request.
type matcher func(ctx Context, got string) bool

// comparison reads one value of the policy. The error means that AWS would not take the policy.
type comparison func(want, version string) (matcher, error)

// operators is the manual's list, "IAM JSON policy elements: Condition operators".
var operators = map[string]struct {
	compare comparison
	negated bool
}{
	"StringEquals":              {stringEquals, false},
	"StringNotEquals":           {stringEquals, true},
	"StringEqualsIgnoreCase":    {stringEqualsIgnoreCase, false},
	"StringNotEqualsIgnoreCase": {stringEqualsIgnoreCase, true},
	"StringLike":                {stringLike, false},
	"StringNotLike":             {stringLike, true},
	"NumericEquals":             {numeric(func(c int) bool { return c == 0 }), false},
	"NumericNotEquals":          {numeric(func(c int) bool { return c == 0 }), true},
	"NumericLessThan":           {numeric(func(c int) bool { return c < 0 }), false},
	"NumericLessThanEquals":     {numeric(func(c int) bool { return c <= 0 }), false},
	"NumericGreaterThan":        {numeric(func(c int) bool { return c > 0 }), false},
	"NumericGreaterThanEquals":  {numeric(func(c int) bool { return c >= 0 }), false},
	"DateEquals":                {date(func(c int) bool { return c == 0 }), false},
	"DateNotEquals":             {date(func(c int) bool { return c == 0 }), true},
	"DateLessThan":              {date(func(c int) bool { return c < 0 }), false},
	"DateLessThanEquals":        {date(func(c int) bool { return c <= 0 }), false},
	"DateGreaterThan":           {date(func(c int) bool { return c > 0 }), false},
	"DateGreaterThanEquals":     {date(func(c int) bool { return c >= 0 }), false},
	"Bool":                      {boolean, false},
	"BinaryEquals":              {binaryEquals, false},
	"IpAddress":                 {ipAddress, false},
	"NotIpAddress":              {ipAddress, true},
	"ArnEquals":                 {arnLike, false}, // "ArnEquals and ArnLike behave identically"
	"ArnLike":                   {arnLike, false},
	"ArnNotEquals":              {arnLike, true},
	"ArnNotLike":                {arnLike, true},
}

func parseCondition(operator, key string, wants []string, version string) (condition, error) {
	c := condition{operator: operator, key: strings.ToLower(key)}
	name := operator
	if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		c.set, name = forAnyValue, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		c.set, name = forAllValues, rest
	}
	if name == "Null" && c.set == single {
		c.null = true
		for _, want := range wants {
			switch strings.ToLower(want) {
			case "true", "false":
			default:
				return c, errSyntax
			}
			missing := strings.EqualFold(want, "true")
			c.values = append(c.values, func(_ Context, got string) bool { return missing == (got == "") })
		}
		return c, nil
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	op, ok := operators[name]
	if !ok {
		return c, malformed("Invalid Condition type : %s.", operator)
	}
	if !strings.Contains(key, ":") {
		return c, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	}
	c.negated = op.negated
	for _, want := range wants {
		m, err := op.compare(want, version)
		if err != nil {
			return c, err
		}
		c.values = append(c.values, m)
	}
	return c, nil
}

// holds evaluates c. A key that the request does not have satisfies a negated operator (StringNotEquals denies a request
// that omits the header), an ...IfExists operator and ForAllValues, and nothing else.
func (c condition) holds(ctx Context) bool {
	got := ctx[c.key]
	if c.null {
		state := ""
		if len(got) > 0 {
			state = "present"
		}
		return c.any(ctx, state)
	}
	switch c.set {
	case forAnyValue:
		if len(got) == 0 {
			return c.ifExists
		}
		for _, g := range got {
			if c.any(ctx, g) != c.negated {
				return true
			}
		}
		return false
	case forAllValues:
		for _, g := range got {
			if c.any(ctx, g) == c.negated {
				return false
			}
		}
		return true
	default:
		if len(got) == 0 {
			return c.ifExists || c.negated
		}
		for _, g := range got {
			if c.any(ctx, g) {
				return !c.negated
			}
		}
		return c.negated
	}
}

func (c condition) any(ctx Context, got string) bool {
	for _, m := range c.values {
		if m(ctx, got) {
			return true
		}
	}
	return false
}

func stringEquals(want, version string) (matcher, error) {
	p, err := parsePattern(want, version, false)
	return p.match, err
}

func stringEqualsIgnoreCase(want, version string) (matcher, error) {
	p, err := parsePattern(want, version, false)
	return func(ctx Context, got string) bool {
		g, ok := p.expand(ctx)
		return ok && strings.EqualFold(string(g), got)
	}, err
}

func stringLike(want, version string) (matcher, error) {
	p, err := parsePattern(want, version, true)
	return p.match, err
}

// arnLike matches each of the six fields alone, as Resource does; ARNs of condition values may name any vendor.
func arnLike(want, version string) (matcher, error) {
	if want == "*" {
		return func(Context, string) bool { return true }, nil
	}
	var fields []pattern
	for _, f := range splitARN(want) {
		p, err := parsePattern(f, version, true)
		if err != nil {
			return nil, err
		}
		fields = append(fields, p)
	}
	if len(fields) != 6 {
		return nil, errSyntax
	}
	return resource{fields: fields}.match, nil
}

// parseNumber reads a decimal number: strconv takes "NaN", "Inf" and "0x1p4", too, and NaN would equal everything.
func parseNumber(text string) (float64, error) {
	if strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, errSyntax
	}
	return strconv.ParseFloat(text, 64)
}

func numeric(accept func(int) bool) comparison {
	return func(want, _ string) (matcher, error) {
		w, err := parseNumber(want)
		if err != nil {
			return nil, errSyntax
		}
		return func(_ Context, got string) bool {
			g, err := parseNumber(got)
			switch {
			case err != nil:
				return false
			case g < w:
				return accept(-1)
			case g > w:
				return accept(1)
			default:
				return accept(0)
			}
		}, nil
	}
}

func date(accept func(int) bool) comparison {
	return func(want, _ string) (matcher, error) {
		w, err := parseDate(want)
		if err != nil {
			return nil, errSyntax
		}
		return func(_ Context, got string) bool {
			g, err := parseDate(got)
			return err == nil && accept(g.Compare(w))
		}, nil
	}
}

// parseDate reads the W3C profile of ISO 8601, or seconds since 1970.
func parseDate(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) > 4 {
		return time.Unix(seconds, 0), nil
	}
	var err error
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		var t time.Time
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

func boolean(want, _ string) (matcher, error) {
	if !strings.EqualFold(want, "true") && !strings.EqualFold(want, "false") {
		return nil, errSyntax
	}
	return func(_ Context, got string) bool { return strings.EqualFold(got, want) }, nil
}

func binaryEquals(want, _ string) (matcher, error) {
	w, err := base64.StdEncoding.DecodeString(want)
	if err != nil {
		return nil, errSyntax
	}
	return func(_ Context, got string) bool {
		g, err := base64.StdEncoding.DecodeString(got)
		return err == nil && string(g) == string(w)
	}, nil
}

func ipAddress(want, _ string) (matcher, error) {
	if !strings.Contains(want, "/") {
		a, err := netip.ParseAddr(want)
		if err != nil {
			return nil, errSyntax
		}
		want = netip.PrefixFrom(a, a.BitLen()).String()
	}
	prefix, err := netip.ParsePrefix(want)
	if err != nil {
		return nil, errSyntax
	}
	return func(_ Context, got string) bool {
		a, err := netip.ParseAddr(got)
		return err == nil && prefix.Masked().Contains(a.Unmap())
	}, nil
}
