package scan

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sealift/sealift/internal/redshift"
)

// What values look like is asked in two steps, so that arithmetic is done only where it can say something. First every
// value gets one shape; then the checks whose shapes are common in a column count how many values pass.
//
// Each is there twice, in SQL and in Go. SQL takes any text without an error: a digit is a place in '0123456789', never a
// cast. Patterns are of what both Redshift (DG pattern-matching-conditions-posix) and Go understand, without backslashes.

// value is a value as both sides see it: without blanks around it, cut to longest, and its digits.
type value struct{ text, digits string }

// longest is how much of a text is looked at, in characters.
const longest = 1000

// between is what stands between digits in numbers that people write.
const between = " -./()+"

func valueOf(text string) value {
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest])
	}
	text = strings.Trim(text, " ")
	return value{text, strings.Map(func(r rune) rune {
		if strings.ContainsRune(between, r) {
			return -1
		}
		return r
	}, text)}
}

// shape is what a value looks like at first sight.
type shape struct {
	name    string
	pattern string
	digits  bool // the pattern is for the digits, not the text
	re      func() *regexp.Regexp
}

// shapes in the order in which they are tried: a value has the first that fits.
var shapes = compiled([]shape{
	{name: "email", pattern: `^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+[.])+[A-Za-z]{2,24}$`},
	{name: "uuid", pattern: `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`},
	{name: "mac", pattern: `^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$`},
	{name: "ipv4", pattern: `^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$`},
	{name: "ipv6", pattern: `^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,6}::([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,6})?|::[0-9a-fA-F:]{1,35})$`},
	{name: "iban", pattern: `^[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}[A-Z0-9 ]{7,34}$`},
	{name: "ssn", pattern: `^[0-9]{3}-[0-9]{2}-[0-9]{4}$`},
	{name: "date", pattern: `^([0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4})$`},
	{name: "phone", pattern: `^([+][0-9 ().-]{7,20}|00[1-9][0-9 ().-]{7,18}|[(]?[2-9][0-9]{2}[)]?[ .-] ?[2-9][0-9]{2}[ .-][0-9]{4}( ?x[0-9]+)?|1-[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}|0[0-9]{1,4}[ /-][0-9 /-]{5,12})$`},
	{name: "n8", pattern: `^[0-9]{8}$`, digits: true},
	{name: "n9", pattern: `^[0-9]{9}$`, digits: true},
	{name: "n10", pattern: `^[0-9]{10}$`, digits: true},
	{name: "n11", pattern: `^[0-9]{11}$`, digits: true},
	{name: "card", pattern: `^[0-9]{13,19}$`, digits: true},
	{name: "bic", pattern: `^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`},
	{name: "postal", pattern: `^([0-9]{4,5}|[0-9]{5}-[0-9]{4}|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])$`},
	{name: "degrees", pattern: `^-?[0-9]{1,3}[.][0-9]{4,}$`},
	{name: "street", pattern: `^([0-9]{1,5}[A-Za-z]? [A-Za-z][A-Za-z .'-]{2,50}|[A-Za-z][A-Za-z .'-]{3,50} [0-9]{1,4}[A-Za-z]?)$`},
	{name: "prose", pattern: `^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]`},
	{name: "words", pattern: `^[^0-9@_/:;#<>=]*[A-Za-z][^0-9@_/:;#<>=]*$`},
})

func compiled(all []shape) []shape {
	for i, s := range all {
		all[i].re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s.pattern) })
	}
	return all
}

func shapeOf(v value) string {
	for _, s := range shapes {
		if in := v.text; !s.digits && s.re().MatchString(in) || s.digits && s.re().MatchString(v.digits) {
			return s.name
		}
	}
	return ""
}

// shapeSQL is the shape's name, of a text and its digits; NULL of NULL.
func shapeSQL(text, digits redshift.SQL) redshift.SQL {
	whens := make([]redshift.SQL, len(shapes))
	for i, s := range shapes {
		in := text
		if s.digits {
			in = digits
		}
		whens[i] = redshift.Build("WHEN ? ~ ? THEN ?", in, redshift.Lit(s.pattern), redshift.Lit(s.name))
	}
	return redshift.Build("CASE WHEN ? IS NULL THEN NULL\n        ?\n        ELSE '' END", text, redshift.Join("\n        ", whens...))
}

// check is a rule that values of a kind pass.
type check struct {
	name string
	says string // completes "99 % of 1,000 ..."
	// points are what all values passing is worth, of 100: 50 for check digits and what nothing else looks like, 30 for forms.
	points int
	// chance is the share of values of the same shape that pass by chance, decide the share from which on all of the points
	// are given.
	chance, decide float64
	// alone tells that it counts although the name says nothing.
	alone bool
	// shapes whose values may pass. A check without arithmetic is passed by having one of them.
	shapes []string
	sql    func(s slots) redshift.SQL
	valid  func(v value) bool
	// strict is what is asked of values in memory beyond valid, for what SQL cannot say.
	strict func(v value) bool
}

// slots are what SQL of a check is made of: columns of the inner query.
type slots struct {
	text, digits redshift.SQL
	wide         redshift.SQL // the digits, with zeros in front, 19 in all
	iban         redshift.SQL // letters made numbers, rotated, with zeros in front, 66 in all
}

var checks = []*check{
	{name: "email", says: "are e-mail addresses", points: 50, decide: 0.5, alone: true, shapes: []string{"email"}, strict: knownDomain},
	{name: "uuid", says: "are UUIDs", points: 30, decide: 0.8, shapes: []string{"uuid"}},
	{name: "mac", says: "are MAC addresses", points: 50, decide: 0.8, alone: true, shapes: []string{"mac"}},
	{
		// Versions of four numbers look the same, but hardly ever have one of three digits; nearly all addresses do. 255.x is a
		// mask.
		name: "ipv4", says: "are IPv4 addresses", points: 50, decide: 0.7, alone: true, shapes: []string{"ipv4"},
		sql: func(s slots) redshift.SQL {
			return redshift.Build("? ~ '[0-9]{3}' AND ? !~ '^(0|255)[.]'", s.text, s.text)
		},
		valid: func(v value) bool { return threeDigits.MatchString(v.text) && !noHost.MatchString(v.text) },
	},
	{name: "ipv6", says: "are IPv6 addresses", points: 50, decide: 0.5, alone: true, shapes: []string{"ipv6"}, strict: parsesAsIP},
	{name: "phone", says: "are written as phone numbers", points: 30, decide: 0.5, alone: true, shapes: []string{"phone"}, strict: phoneLength},
	{
		name: "nanp", says: "can be North American phone numbers", points: 30, chance: 0.63, decide: 1, shapes: []string{"n10", "n11"},
		sql: func(s slots) redshift.SQL {
			return redshift.Build("? ~ ? AND ? !~ ?", s.digits, redshift.Lit(nanpPattern), s.digits, redshift.Lit(servicePattern))
		},
		valid: func(v value) bool { return nanp.MatchString(v.digits) && !nanpService.MatchString(v.digits) },
	},
	{name: "street", says: "have a house number", points: 30, decide: 0.6, shapes: []string{"street"}},
	{name: "postal", says: "can be postal codes", points: 30, decide: 0.8, shapes: []string{"postal"}},
	{name: "latlong", says: "can be degrees, with four places or more", points: 30, decide: 0.8, shapes: []string{"degrees"}},
	{name: "birth", says: "are dates of people alive", points: 30, decide: 0.8, shapes: []string{"date", "n8"}, sql: birthSQL, valid: birthDate},
	{
		name: "ssn", says: "are social security numbers that could be issued", points: 50, chance: 0.02, decide: 0.8, alone: true, shapes: []string{"ssn"},
		sql: func(s slots) redshift.SQL { return issuedSQL(s.digits) }, valid: func(v value) bool { return issued(v.digits) },
	},
	{
		name: "ssn9", says: "are nine digits that could be issued", points: 30, chance: 0.89, decide: 1, shapes: []string{"n9"},
		sql: func(s slots) redshift.SQL { return issuedSQL(s.digits) }, valid: func(v value) bool { return issued(v.digits) },
	},
	{
		name: "card", says: "are card numbers that pass the check digit", points: 50, chance: 0.02, decide: 0.8, alone: true, shapes: []string{"card"},
		sql: func(s slots) redshift.SQL {
			return redshift.Build("? ~ ? AND MOD(?, 10) = 0", s.digits, redshift.Lit(cardPattern), luhnSQL(s.wide, 19))
		},
		valid: func(v value) bool { return cardNumber.MatchString(v.digits) && luhn(v.digits) },
	},
	{
		name: "imei", says: "are device numbers that pass the check digit", points: 30, chance: 0.1, decide: 0.8, shapes: []string{"card"},
		sql: func(s slots) redshift.SQL {
			return redshift.Build("LEN(?) = 15 AND MOD(?, 10) = 0", s.digits, luhnSQL(s.wide, 19))
		},
		valid: func(v value) bool { return len(v.digits) == 15 && luhn(v.digits) },
	},
	{
		name: "iban", says: "are IBANs that pass the check digits", points: 50, chance: 0.01, decide: 0.8, alone: true, shapes: []string{"iban"},
		sql:   func(s slots) redshift.SQL { return redshift.Build("MOD(?, 97) = 1", sumSQL(s.iban, ibanWeights())) },
		valid: func(v value) bool { return ibanRest(v.text) == 1 }, strict: ibanLength,
	},
	{name: "bic", says: "have the form of a BIC", points: 30, decide: 0.8, shapes: []string{"bic"}},
	checkDigits("aba", "are routing numbers that pass the check digit", 0.1, false, "n9", 10, `^(0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)`, 3, 7, 1, 3, 7, 1, 3, 7, 1),
	checkDigits("bsn", "are BSNs that pass the check", 0.09, true, "n9", 11, `[1-9]`, 9, 8, 7, 6, 5, 4, 3, 2, -1),
	checkDigits("nhs", "are NHS numbers that pass the check digit", 0.09, true, "n10 phone", 11, `^[0-9]{10}$`, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1),
	checkDigits("pesel", "are PESELs that pass the check digit and hold a date", 0.02, true, "n11", 10,
		`^[0-9]{2}([02468][1-9]|[13579][0-2])(0[1-9]|[12][0-9]|3[01])`, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1),
	{
		name: "sin", says: "are social insurance numbers that pass the check digit", points: 50, chance: 0.1, decide: 0.8, alone: true, shapes: []string{"n9"},
		sql: func(s slots) redshift.SQL {
			return redshift.Build("? ~ '^[1-79]' AND MOD(?, 10) = 0", s.digits, luhnSQL(s.digits, 9))
		},
		valid: func(v value) bool { return v.digits[0] != '0' && v.digits[0] != '8' && luhn(v.digits) },
	},
	{
		// The number is checked as if 80840, which adds 24, stood in front.
		name: "npi", says: "are provider numbers that pass the check digit", points: 50, chance: 0.1, decide: 0.8, alone: true, shapes: []string{"n10"},
		sql: func(s slots) redshift.SQL {
			return redshift.Build("? ~ '^[12]' AND MOD(? + 24, 10) = 0", s.digits, luhnSQL(s.digits, 10))
		},
		valid: func(v value) bool { return (v.digits[0] == '1' || v.digits[0] == '2') && luhn("80840"+v.digits) },
	},
	{
		name: "cpf", says: "are CPFs that pass both check digits", points: 50, chance: 0.01, decide: 0.8, alone: true, shapes: []string{"n11"},
		sql: func(s slots) redshift.SQL {
			first := redshift.Build("MOD(MOD(10 * ?, 11), 10) = ?", sumSQL(s.digits, []int{10, 9, 8, 7, 6, 5, 4, 3, 2}), digitSQL(s.digits, 10))
			second := redshift.Build("MOD(MOD(10 * ?, 11), 10) = ?", sumSQL(s.digits, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2}), digitSQL(s.digits, 11))
			return redshift.Build("? AND ? AND ? <> REPEAT(SUBSTRING(?, 1, 1), 11)", first, second, s.digits, s.digits)
		},
		valid: func(v value) bool {
			return v.digits != strings.Repeat(v.digits[:1], 11) &&
				10*sum(v.digits, []int{10, 9, 8, 7, 6, 5, 4, 3, 2})%11%10 == digit(v.digits, 9) &&
				10*sum(v.digits, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2})%11%10 == digit(v.digits, 10)
		},
	},
	{
		name: "names", says: "are known names", points: 30, chance: 0.05, decide: 0.5, alone: true, shapes: []string{"words"},
		sql: namesSQL, valid: named,
	},
	{
		name: "inside", says: "contain an address or a number of somebody", points: 30, chance: 0.001, decide: 0.02, alone: true,
		shapes: []string{"prose"}, sql: func(s slots) redshift.SQL { return redshift.Build("? ~ ?", s.text, redshift.Lit(insidePattern)) },
		valid: func(v value) bool { return inside().MatchString(v.text) },
	},
}

func findCheck(name string) *check {
	if i := slices.IndexFunc(checks, func(c *check) bool { return c.name == name }); i >= 0 {
		return checks[i]
	}
	panic("scan: no check is called " + name)
}

// checkDigits is a check by a weighted sum of digits.
func checkDigits(name, says string, chance float64, alone bool, shapes string, modulus int64, pattern string, weights ...int) *check {
	re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	return &check{
		name: name, says: says, points: 50, chance: chance, decide: 0.8, alone: alone, shapes: strings.Fields(shapes),
		sql: func(s slots) redshift.SQL {
			return redshift.Build("? ~ ? AND MOD(?, ?) = 0", s.digits, redshift.Lit(pattern), sumSQL(s.digits, weights), redshift.Int(modulus))
		},
		valid: func(v value) bool { return re().MatchString(v.digits) && int64(sum(v.digits, weights))%modulus == 0 },
	}
}

// digitSQL is the digit at a place, from 1; -1 for what is none.
func digitSQL(x redshift.SQL, place int) redshift.SQL {
	return redshift.Build("(STRPOS('0123456789', SUBSTRING(?, ?, 1)) - 1)", x, redshift.Int(place))
}

func digit(s string, at int) int { return strings.IndexByte("0123456789", s[at]) }

// sumSQL is the sum of the digits from the left, each times its weight.
func sumSQL(x redshift.SQL, weights []int) redshift.SQL {
	terms := make([]redshift.SQL, len(weights))
	for i, w := range weights {
		terms[i] = redshift.Build("? * ?", digitSQL(x, i+1), redshift.Int(w))
	}
	return redshift.Build("(?)", redshift.Join(" + ", terms...))
}

func sum(s string, weights []int) int {
	n := 0
	for i, w := range weights {
		n += digit(s, i) * w
	}
	return n
}

// doubled has each digit at the place of what doubling makes of it: its double's digits added up.
const doubled = "0516273849"

// luhnSQL is Luhn's sum over so many digits: every other one, from the one before the last, is doubled.
func luhnSQL(x redshift.SQL, digits int) redshift.SQL {
	terms := make([]redshift.SQL, digits)
	for i := range digits {
		terms[i] = digitSQL(x, i+1)
		if (digits-i)%2 == 0 {
			terms[i] = redshift.Build("(STRPOS(?, SUBSTRING(?, ?, 1)) - 1)", redshift.Lit(doubled), x, redshift.Int(i+1))
		}
	}
	return redshift.Build("(?)", redshift.Join(" + ", terms...))
}

func luhn(s string) bool {
	n := 0
	for i := range len(s) {
		d := digit(s, i)
		if (len(s)-i)%2 == 0 {
			d = strings.IndexByte(doubled, s[i])
		}
		n += d
	}
	return n%10 == 0
}

// cardPattern are the first digits of the card schemes, with how many digits they have.
const cardPattern = `^(4[0-9]{12}|4[0-9]{15}|4[0-9]{18}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|3(0[0-5]|[68][0-9])[0-9]{11}|6(011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|35[0-9]{14}|62[0-9]{14,17})$`

// nanpPattern is a number of the North American plan, servicePattern what begins as those of its services do.
const (
	nanpPattern    = `^1?[2-9][0-9]{2}[2-9][0-9]{6}$`
	servicePattern = `^1?([0-9]11|[0-9]{3}[0-9]11)`
)

// insidePattern is what gives a person away within a text.
const insidePattern = `[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z]{2}|[+][0-9]{1,3}[ -]?[0-9][0-9 -]{6,14}|[(]?[2-9][0-9]{2}[)]?[ .-] ?[2-9][0-9]{2}[.-][0-9]{4}|[0-9]{3}-[0-9]{2}-[0-9]{4}`

var (
	cardNumber  = regexp.MustCompile(cardPattern)
	inside      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(insidePattern) })
	noHost      = regexp.MustCompile(`^(0|255)[.]`)
	threeDigits = regexp.MustCompile(`[0-9]{3}`)
	nanp        = regexp.MustCompile(nanpPattern)
	nanpService = regexp.MustCompile(servicePattern)
)

// shown are social security numbers that stood in advertisements.
var shown = []string{"078051120", "219099999", "457555462", "123456789"}

// issuedSQL tells whether nine digits could be a social security number: areas 000, 666 and 9xx, group 00 and serial 0000
// are never given out.
func issuedSQL(digits redshift.SQL) redshift.SQL {
	samples := make([]redshift.SQL, len(shown))
	for i, s := range shown {
		samples[i] = redshift.Build("?", redshift.Lit(s))
	}
	return redshift.Build("? !~ '^(000|666|9)' AND SUBSTRING(?, 4, 2) <> '00' AND SUBSTRING(?, 6, 4) <> '0000' AND ? NOT IN (?)",
		digits, digits, digits, digits, redshift.Join(", ", samples...))
}

func issued(digits string) bool {
	return digits[0] != '9' && digits[:3] != "000" && digits[:3] != "666" && digits[3:5] != "00" && digits[5:] != "0000" && !slices.Contains(shown, digits)
}

// ibanDigits is how long an IBAN can become when letters are made numbers: 34 characters, of which the first two and the
// last 30 can be letters.
const ibanDigits = 66

// ibanWeights are the powers of ten modulo 97: the remainder of a number that no type holds is that of their sum.
func ibanWeights() []int {
	weights := make([]int, ibanDigits)
	w := 1
	for i := ibanDigits - 1; i >= 0; i-- {
		weights[i] = w
		w = w * 10 % 97
	}
	return weights
}

// ibanSQL is the number that an IBAN's check is made of.
func ibanSQL(text redshift.SQL) redshift.SQL {
	plain := redshift.Build("TRANSLATE(?, ' ', '')", text)
	x := redshift.Build("SUBSTRING(?, 5, 30) || SUBSTRING(?, 1, 4)", plain, plain)
	for c := 'A'; c <= 'Z'; c++ {
		x = redshift.Build("REPLACE(?, ?, ?)", x, redshift.Lit(string(c)), redshift.Lit(twoDigits(int(c-'A')+10)))
	}
	return redshift.Build("LPAD(?, ?, '0')", x, redshift.Int(ibanDigits))
}

func twoDigits(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

// ibanRest is the remainder of that number by 97.
func ibanRest(text string) int {
	s := strings.ReplaceAll(text, " ", "")
	if len(s) < 5 {
		return 0
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return 0
		}
	}
	return rest
}

// birthSQL tells whether a text is a date in the life of somebody alive. Which year it is nobody asks: what is born after
// 2020 hardly has an account.
func birthSQL(s slots) redshift.SQL {
	return redshift.Build("? ~ '(^|[./-])(19[0-9]{2}|20[01][0-9]|2020)([./-]|$)' OR ? ~ '^(19[0-9]{2}|20[01][0-9]|2020)(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$'", s.text, s.text)
}

var (
	birthText   = regexp.MustCompile(`(^|[./-])(19[0-9]{2}|20[01][0-9]|2020)([./-]|$)`)
	birthDigits = regexp.MustCompile(`^(19[0-9]{2}|20[01][0-9]|2020)(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$`)
)

func birthDate(v value) bool { return birthText.MatchString(v.text) || birthDigits.MatchString(v.text) }
