package mask

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/redshift"
)

// phonePositions is how many digits one hash gives to a phone number. What is longer is cut: it cannot be hidden.
const phonePositions = 30

var phone = &transformer{
	Info: Info{
		Name: "phone", Summary: "other digits by a keyed hash; everything else stays where it is, up to 30 characters", Class: Chance, Privacy: Shape, Pushdown: true, GoTwin: true,
		Options: []Option{{"keep", "characters at the front that stay, 0 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		keep := int(o.int("keep", 0, 0, phonePositions-1))
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		if keep > 0 {
			c.note("%d characters stay as they are", keep)
		}
		c.note("only digits are hidden: letters, layout and length stay")
		v := c.trimmed()
		stream := c.draw(redshift.Build("? || ?", padSQL(wordSQL(hashAlias(slot), 0), 15), padSQL(wordSQL(hashAlias(slot), 1), 15)), hexText)
		var parts []redshift.SQL
		if keep > 0 {
			parts = append(parts, redshift.Build("SUBSTRING(?, 1, ?)", v, redshift.Int(keep)))
		}
		for p := keep + 1; p <= min(phonePositions, max(c.column.Type.Length, keep+1)); p++ {
			at := redshift.Int(p)
			parts = append(parts, redshift.Build("CASE WHEN SUBSTRING(?, ?, 1) BETWEEN '0' AND '9' THEN SUBSTRING(?, ?, 1) ELSE SUBSTRING(?, ?, 1) END",
				v, at, stream, at, v, at))
		}
		return twins{
			sql: c.cast(redshift.Join(" || ", parts...)),
			run: func(m *Masker, dst, in []byte) ([]byte, error) {
				h, err := m.hash(slot)
				if err != nil || h == nil {
					return nil, err
				}
				in, err = textOf(in)
				if err != nil {
					return nil, err
				}
				in = in[:runesIn(in, phonePositions)]
				m.block = appendPaddedWord(appendPaddedWord(m.block[:0], h.word(0), 15), h.word(1), 15)
				p := 0
				for _, b := range in {
					if p >= keep && isDigit(b) {
						b = m.block[p]
					}
					dst = append(dst, b)
					if b&0xC0 != 0x80 { // not within a character
						p++
					}
				}
				return dst, nil
			},
			samples: []string{"", "+1 (555) 010-9999", "0049 30 1234567", "5550109999", "call 555", "١٢٣", "123456789012345678901234567890123", "😀5😀6 "},
		}, nil
	},
}

// scramblePositions is for how many characters the SQL twin has digits: two hashes of 64 hex digits, two for each.
const scramblePositions = 64

var scramble = &transformer{
	Info: Info{
		Name: "scramble", Summary: "other letters and digits by a keyed hash, capitals for capitals; everything else stays where it is", Class: Chance, Privacy: Shape,
		Pushdown: true, GoTwin: true,
	},
	compile: func(c *compiler, _ *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		first, err := c.hash(".0")
		if err != nil {
			return twins{}, err
		}
		second, err := c.hash(".1")
		if err != nil {
			return twins{}, err
		}
		c.warn("only the letters a to z and digits are hidden: letters of other alphabets, layout and length stay; a letter is another by 26 of 256, so that some come a little more often")
		out := twins{
			run: func(m *Masker, dst, in []byte) ([]byte, error) {
				a, err := m.hash(first)
				if err != nil || a == nil {
					return nil, err
				}
				b, err := m.hash(second)
				if err != nil {
					return nil, err
				}
				in, err = textOf(in)
				if err != nil {
					return nil, err
				}
				if utf8.RuneCount(in) > scramblePositions {
					return nil, fmt.Errorf("a value has more than %d characters", scramblePositions)
				}
				p := -1
				for _, x := range in {
					if x&0xC0 == 0x80 { // within a character
						dst = append(dst, x)
						continue
					}
					p++
					drawn := a.raw[p%32]
					if p >= 32 {
						drawn = b.raw[p%32]
					}
					switch {
					case isDigit(x):
						x = '0' + drawn%10
					case 'A' <= x && x <= 'Z':
						x = 'A' + drawn%26
					case 'a' <= x && x <= 'z':
						x = 'a' + drawn%26
					}
					dst = append(dst, x)
				}
				return dst, nil
			},
		}
		if n := c.column.Type.Length; n > scramblePositions {
			out.notSQL = fmt.Sprintf("%s can hold more than %d characters; use keep_mask or hash_hex", c.column.Type, scramblePositions)
			return out, nil
		}
		v := c.trimmed()
		parts := make([]redshift.SQL, c.column.Type.Length)
		for i := range parts {
			h, at := hashAlias(first), i
			if i >= 32 {
				h, at = hashAlias(second), i-32
			}
			char := redshift.Build("SUBSTRING(?, ?, 1)", v, redshift.Int(i+1))
			drawn := redshift.Build("STRTOL(SUBSTRING(?, ?, 2), 16)", h, redshift.Int(2*at+1))
			other := func(from string) redshift.SQL {
				return redshift.Build("SUBSTRING(?, CAST(? AS INT) + 1, 1)", redshift.Lit(from), modSQL(drawn, int64(len(from))))
			}
			parts[i] = redshift.Build("CASE WHEN ? BETWEEN '0' AND '9' THEN ? WHEN ? BETWEEN 'A' AND 'Z' THEN ? WHEN ? BETWEEN 'a' AND 'z' THEN ? ELSE ? END",
				char, other("0123456789"), char, other(upperASCII), char, other(lowerASCII), char)
		}
		out.sql = c.cast(redshift.Join(" || ", parts...))
		return out, nil
	},
}

var ssn = &transformer{
	Info: Info{
		Name: "ssn", Summary: "a social security number that is never issued, by a keyed hash", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"mode", "never_issued (the default): with dashes; format: with dashes where the value has one"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		format := o.oneOf("mode", "never_issued", "format") == "format"
		if err := errors.Join(c.only(text), c.room(len("900-00-0000"), "a number")); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		w := c.word(slot, 0)
		area := redshift.Build("'9' || ?", padSQL(w, 2))
		group := redshift.Build("LPAD(CAST(MOD(? / 100, 99) + 1 AS VARCHAR), 2, '0')", w)
		serial := redshift.Build("LPAD(CAST(MOD(? / 9900, 9999) + 1 AS VARCHAR), 4, '0')", w)
		sql := redshift.Build("? || '-' || ? || '-' || ?", area, group, serial)
		if format {
			sql = redshift.Build("CASE WHEN STRPOS(?, '-') > 0 THEN ? ELSE ? || ? || ? END", c.value(), sql, area, group, serial)
		}
		return twins{
			sql: c.cast(sql),
			run: hashing(slot, func(h *digest, dst, in []byte) ([]byte, error) {
				w := h.word(0)
				dash := !format || slices.Contains(in, '-')
				dst = appendPaddedWord(append(dst, '9'), w, 2)
				if dash {
					dst = append(dst, '-')
				}
				dst = appendPaddedWord(dst, w/100%99+1, 2)
				if dash {
					dst = append(dst, '-')
				}
				return appendPaddedWord(dst, w/9900%9999+1, 4), nil
			}),
			space:   98_990_100,
			samples: []string{"", "078-05-1120", "078051120", "-", "none"},
		}, nil
	},
}

// doubled is the sum of a digit's double's digits, as Luhn's check wants it for every other digit.
const doubled = "0246813579"

var card = &transformer{
	Info: Info{
		Name: "card", Summary: "a card number of 16 digits that passes Luhn's check, by a keyed hash", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{
			{"prefix", "the first 6 digits, 999999 by default, which no card has"},
			{"keep_last4", "the last 4 digits stay, false by default"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		prefix, keep := o.string("prefix", "999999"), o.bool("keep_last4", false)
		if len(prefix) != 6 || !allDigits([]byte(prefix)) {
			o.wrong("prefix", "%q is not 6 digits", prefix)
			prefix = "999999"
		}
		if err := errors.Join(c.only(text), c.room(16, "a card number")); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		// The digits without the one that is chosen for the check, which is at free, counted from 0: the last, or the one
		// before those that stay.
		free, draws, privacy := 15, 9, Another
		tail := redshift.Build("''")
		if keep {
			free, draws, privacy = 11, 5, Fraction
			c.warn("the last four digits stay as they are")
			v := c.trimmed()
			tail = redshift.Build("CASE WHEN LEN(?) >= 4 AND LEN(TRANSLATE(RIGHT(?, 4), '0123456789', '')) = 0 THEN RIGHT(?, 4) ELSE '0000' END", v, v, v)
		}
		front := redshift.Build("? || ?", redshift.Lit(prefix), padSQL(wordSQL(hashAlias(slot), 0), draws))
		digits := c.draw(redshift.Build("? || '0' || ?", front, tail), hexText)
		var terms []redshift.SQL
		for i := range 16 {
			digit := redshift.Build("CAST(SUBSTRING(?, ?, 1) AS INT)", digits, redshift.Int(i+1))
			switch {
			case i == free:
			case i%2 == 0:
				terms = append(terms, redshift.Build("CAST(SUBSTRING(?, ? + 1, 1) AS INT)", redshift.Lit(doubled), digit))
			default:
				terms = append(terms, digit)
			}
		}
		check := redshift.Build("CAST(MOD(10 - MOD(?, 10), 10) AS VARCHAR)", redshift.Join(" + ", terms...))
		sql := redshift.Build("SUBSTRING(?, 1, ?) || ?", digits, redshift.Int(free), check)
		if keep {
			sql = redshift.Build("? || SUBSTRING(?, 13, 4)", sql, digits)
		}
		return twins{
			privacy: privacy,
			sql:     c.cast(sql),
			run: hashing(slot, func(h *digest, dst, in []byte) ([]byte, error) {
				at := len(dst)
				dst = append(appendPaddedWord(append(dst, prefix...), h.word(0), draws), '0')
				if keep {
					in, err := textOf(in)
					if err != nil {
						return nil, err
					}
					if n := len(in); n >= 4 && allDigits(in[n-4:]) {
						dst = append(dst, in[n-4:]...)
					} else {
						dst = append(dst, "0000"...)
					}
				}
				number := dst[at:]
				sum := 0
				for i, d := range number {
					if i%2 == 0 {
						d = doubled[d-'0']
					}
					sum += int(d - '0')
				}
				number[free] = '0' + byte((10-sum%10)%10)
				return dst, nil
			}),
			space:   powerOf(10, draws),
			samples: []string{"", "4111111111111111", "4111 1111 1111 1111", "12", "123x", "card"},
		}, nil
	},
}

// bbanDigits are the countries whose account numbers in an IBAN consist of digits only, and of how many (ISO 13616).
var bbanDigits = map[string]int{
	"AT": 16, "BA": 16, "BE": 12, "CZ": 20, "DE": 18, "DK": 14, "EE": 16, "ES": 20, "FI": 14, "HR": 17, "HU": 24, "LT": 16, "ME": 18, "NO": 11, "PL": 24,
	"PT": 21, "RS": 18, "SE": 20, "SI": 15, "SK": 20,
}

var iban = &transformer{
	Info: Info{
		Name: "iban", Summary: "an IBAN whose check digits are right, by a keyed hash", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"country", "one whose account numbers are digits only, DE by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		country := o.string("country", "DE")
		n, ok := bbanDigits[country]
		if !ok {
			o.wrong("country", "%q is none whose account numbers are digits only; there are %s", country, strings.Join(slices.Sorted(maps.Keys(bbanDigits)), ", "))
			country, n = "DE", bbanDigits["DE"]
		}
		if err := errors.Join(c.only(text), c.room(4+n, "an IBAN")); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		// Nine digits from each word, and what is left over from the last.
		var chunks []int
		for left := n; left > 0; left -= 9 {
			chunks = append(chunks, min(left, 9))
		}
		letters := int64(country[0]-'A'+10)*10_000 + int64(country[1]-'A'+10)*100
		var texts []redshift.SQL
		var rest redshift.SQL
		for i, digits := range chunks {
			number := c.draw(modSQL(wordSQL(hashAlias(slot), i), pow10(digits)), bigint)
			texts = append(texts, redshift.Build("LPAD(CAST(? AS VARCHAR), ?, '0')", number, redshift.Int(digits)))
			if i == 0 {
				rest = modSQL(number, 97)
			} else {
				rest = modSQL(redshift.Build("? * ? + ?", rest, redshift.Int(pow10(digits)), number), 97)
			}
		}
		check := redshift.Build("98 - MOD(? * 1000000 + ?, 97)", rest, redshift.Int(letters))
		return twins{
			sql: c.cast(redshift.Build("? || LPAD(CAST(? AS VARCHAR), 2, '0') || ?", redshift.Lit(country), check, redshift.Join(" || ", texts...))),
			run: hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) {
				dst = append(append(dst, country...), "00"...)
				at := len(dst)
				rest := uint64(0)
				for i, digits := range chunks {
					number := h.word(i) % uint64(pow10(digits))
					rest = (rest*uint64(pow10(digits)) + number) % 97
					dst = appendPaddedWord(dst, number, digits)
				}
				check := 98 - (rest*1_000_000+uint64(letters))%97
				dst[at-2], dst[at-1] = '0'+byte(check/10), '0'+byte(check%10)
				return dst, nil
			}),
			space: powerOf(10, n),
		}, nil
	},
}
