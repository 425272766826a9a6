package mask

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/redshift"
)

// transformers is the registry, in the order in which they are documented.
var transformers = []*transformer{
	passthrough, null, constant, hashHex, hashInt, uuid, permuteInt, fpeDigits, ff1Text, firstName, lastName, company, city,
	dictionary, fullName, addressTuple, street, email, phone, scramble, ssn, card, iban, keepMask, dateShift, tsShift,
	dateTrunc, ageCap, numNoise, bucket, round, category, shuffleColumn, ip, zip3, geoRound, regexReplace, pathsOfSuper,
	expr,
}

// hashing is the run of a transformer that needs one hash.
func hashing(slot int, run func(h *digest, dst, in []byte) ([]byte, error)) func(*Masker, []byte, []byte) ([]byte, error) {
	return func(m *Masker, dst, in []byte) ([]byte, error) {
		h, err := m.hash(slot)
		if err != nil || h == nil {
			return nil, err
		}
		return run(h, dst, in)
	}
}

var passthrough = &transformer{
	Info: Info{Name: "passthrough", Summary: "the value as it is", Class: Unique, Privacy: All, Pushdown: true, GoTwin: true},
	compile: func(c *compiler, _ *options) (twins, error) {
		return twins{
			sql: c.value(), raw: true,
			run: func(_ *Masker, dst, in []byte) ([]byte, error) { return append(dst, in...), nil },
		}, nil
	},
}

var null = &transformer{
	Info: Info{Name: "null", Summary: "NULL", Class: Lossy, Privacy: Nothing, Pushdown: true, GoTwin: true},
	compile: func(c *compiler, _ *options) (twins, error) {
		if c.column.NotNull {
			return twins{}, errors.New("the column is NOT NULL")
		}
		return twins{
			sql: redshift.Build("CAST(NULL AS ?)", c.column.Type), privacy: Nothing,
			run: func(*Masker, []byte, []byte) ([]byte, error) { return nil, nil },
		}, nil
	},
}

var constant = &transformer{
	Info: Info{
		Name: "constant", Summary: "always the same value", Class: Lossy, Privacy: Nothing, Pushdown: true, GoTwin: true,
		Options: []Option{{"value", "the value"}, {"keep_null", "NULL stays NULL, true by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		v, ok := o.value("value")
		if !ok {
			return twins{}, errors.New("constant needs a value; for none, use null")
		}
		sql, shown, err := c.constant(fmt.Sprint(v))
		if err != nil {
			return twins{}, fmt.Errorf("option value of constant: %w", err)
		}
		keepNull := o.bool("keep_null", true)
		if keepNull {
			sql = redshift.Build("CASE WHEN ? IS NOT NULL THEN ? END", c.value(), sql)
		}
		return twins{
			sql: c.cast(sql), fillsNull: !keepNull,
			run: func(_ *Masker, dst, _ []byte) ([]byte, error) { return append(dst, shown...), nil },
		}, nil
	},
}

// constant is a value of the column's type, as SQL and as the server writes it.
func (c *compiler) constant(value string) (redshift.SQL, string, error) {
	t := c.column.Type
	fail := func(err error) (redshift.SQL, string, error) {
		return redshift.SQL{}, "", fmt.Errorf("%q in a column of %s: %w", value, t, err)
	}
	shown := []byte(value)
	var err error
	switch kindOf(t) {
	case text:
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return fail(errText)
		}
		if err := errors.Join(c.room(len(value), "it"), c.plain([]string{value}, "it")); err != nil {
			return fail(err)
		}
	case whole:
		var n int64
		if n, err = parseWhole(shown); err == nil && (n > largest(t) || n < -largest(t)-1) {
			err = errWhole
		}
		shown = appendWhole(nil, n)
	case decimals:
		var d decimal
		if d, err = parseDecimal(shown, t.Scale); err == nil && !d.fits(t.Precision) {
			err = errDecimal
		}
		shown = d.append(nil, t.Scale)
	case boolean:
		var b bool
		b, err = parseBoolean(shown)
		shown = []byte(strconv.FormatBool(b)[:1])
	case date:
		var d day
		if d, err = parseDate(shown); err == nil {
			err = d.check()
		}
		shown = d.append(nil)
	case timestamp, instant:
		var m moment
		if m, err = parseMoment(shown); err == nil {
			err = m.check()
		}
		m.zoned = kindOf(t) == instant
		shown = m.append(nil)
	case other:
		err = errors.New("this type takes none")
	}
	if err != nil {
		return fail(err)
	}
	return redshift.Build("CAST(? AS ?)", redshift.Lit(string(shown)), t), string(shown), nil
}

var hashHex = &transformer{
	Info: Info{
		Name: "hash_hex", Summary: "hex digits of a keyed hash", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"length", "how many, 1 to 64; 64 by default, or what the column holds"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		n := int(o.int("length", int64(min(64, c.column.Type.Length)), 1, 64))
		if err := c.room(n, "the hash"); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		return twins{
			sql:   c.cast(redshift.Build("SUBSTRING(?, 1, ?)", hashAlias(slot), redshift.Int(n))),
			run:   hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) { return append(dst, h.hex[:n]...), nil }),
			space: powerOf(16, n),
		}, nil
	},
}

func powerOf(base float64, n int) float64 {
	p := 1.0
	for range n {
		p *= base
	}
	return p
}

var hashInt = &transformer{
	Info: Info{
		Name: "hash_int", Summary: "a whole number by a keyed hash", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"lo", "the smallest, 1 by default"}, {"hi", "the largest; by default what the type holds, at most 10^15"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		err := c.only(whole, decimals)
		if err == nil && c.column.Type.Scale > 0 {
			err = fmt.Errorf("%s has decimal places; hash_int makes whole numbers", c.column.Type)
		}
		if err != nil {
			return twins{}, err
		}
		most := largest(c.column.Type)
		lo := o.int("lo", 1, -most, most)
		hi := o.int("hi", min(most, 1_000_000_000_000_000), -most, most)
		n := hi - lo + 1
		// Of a word of 60 bits, a remainder by more than 2^50 would prefer small numbers by more than a thousandth.
		const mostNumbers = 1 << 50
		if lo >= hi || n < 0 || n > mostNumbers {
			return twins{}, fmt.Errorf("from lo, %d, to hi, %d, there are not 2 to 2^50 numbers", lo, hi)
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		return twins{
			sql: c.cast(redshift.Build("? + ?", redshift.Int(lo), modSQL(wordSQL(hashAlias(slot), 0), n))),
			run: hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) {
				return appendWhole(dst, lo+int64(h.word(0)%uint64(n))), nil
			}),
			space: float64(n),
		}, nil
	},
}

var uuid = &transformer{
	Info: Info{Name: "uuid", Summary: "a UUID of version 4's layout by a keyed hash", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true},
	compile: func(c *compiler, _ *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		if err := c.room(36, "a UUID"); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		h := hashAlias(slot)
		return twins{
			sql: c.cast(redshift.Build("SUBSTRING(?, 1, 8) || '-' || SUBSTRING(?, 9, 4) || '-4' || SUBSTRING(?, 14, 3) || '-' || "+
				"SUBSTRING('89ab', CAST(MOD(STRTOL(SUBSTRING(?, 17, 1), 16), 4) AS INT) + 1, 1) || SUBSTRING(?, 18, 3) || '-' || SUBSTRING(?, 21, 12)",
				h, h, h, h, h, h)),
			run: hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) {
				x := h.hex[:]
				dst = append(append(dst, x[0:8]...), '-')
				dst = append(append(dst, x[8:12]...), "-4"...)
				dst = append(append(dst, x[13:16]...), '-')
				dst = append(append(dst, "89ab"[h.raw[8]>>4&3]), x[17:20]...)
				return append(append(dst, '-'), x[20:32]...), nil
			}),
			space: powerOf(2, 122),
		}, nil
	},
}

var keepMask = &transformer{
	Info: Info{
		Name: "keep_mask", Summary: "the same character in place of all but some at either end", Class: Lossy, Privacy: Fraction, Pushdown: true, GoTwin: true,
		Options: []Option{
			{"first", "characters at the front that stay, 0 by default"},
			{"last", "characters at the end that stay, 0 by default"},
			{"char", "the character, * by default"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		first, last := int(o.int("first", 0, 0, 1000)), int(o.int("last", 0, 0, 1000))
		char := o.string("char", "*")
		if len(char) != 1 || char[0] <= ' ' || char[0] > '~' {
			o.wrong("char", "%q is not one printable ASCII character", char)
			char = "*"
		}
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		if first+last > 0 {
			c.warn("%d characters stay as they are; shorter values are hidden altogether", first+last)
		}
		v, mark := c.trimmed(), redshift.Lit(char)
		kept := redshift.Int(first + last)
		parts := []redshift.SQL{redshift.Build("REPEAT(?, LEN(?) - ?)", mark, v, kept)}
		if first > 0 {
			parts = append([]redshift.SQL{redshift.Build("SUBSTRING(?, 1, ?)", v, redshift.Int(first))}, parts...)
		}
		if last > 0 {
			parts = append(parts, redshift.Build("RIGHT(?, ?)", v, redshift.Int(last)))
		}
		privacy := Fraction
		if first+last == 0 {
			privacy = Shape
		}
		return twins{
			privacy: privacy,
			sql: c.cast(redshift.Build("CASE WHEN LEN(?) <= ? THEN REPEAT(?, LEN(?)) ELSE ? END",
				v, kept, mark, v, redshift.Join(" || ", parts...))),
			run: func(_ *Masker, dst, in []byte) ([]byte, error) {
				in, err := textOf(in)
				if err != nil {
					return nil, err
				}
				n := utf8.RuneCount(in)
				front, back := first, last
				if n <= first+last {
					front, back = 0, 0
				}
				dst = append(dst, in[:runesIn(in, front)]...)
				for range n - front - back {
					dst = append(dst, char[0])
				}
				return append(dst, in[len(in)-lastRunes(in, back):]...), nil
			},
		}, nil
	},
}

var category = &transformer{
	Info: Info{
		Name: "category", Summary: "one of a few values, as often as their weights say, by a keyed hash", Class: Lossy, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"values", "the values"}, {"weights", "how often each comes, as whole numbers; equally often by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		values, weights := o.strings("values"), o.ints("weights")
		if weights == nil {
			weights = slices.Repeat([]int64{1}, len(values))
		}
		const most = 256
		if len(values) < 2 || len(values) > most {
			o.wrong("values", "there are %d; it takes 2 to %d", len(values), most)
		}
		if len(weights) != len(values) {
			o.wrong("weights", "there are %d for %d values", len(weights), len(values))
		}
		total := int64(0)
		for _, w := range weights {
			if w < 0 || w > 1_000_000 {
				o.wrong("weights", "%d is not within 0 and 1000000", w)
			}
			total += w
		}
		if total <= 0 {
			o.wrong("weights", "they come to nothing")
		}
		if err := o.err(); err != nil {
			return twins{}, nil
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		if c.use.Entity == "" {
			c.warn("it goes by the value itself: where there are few, how often each comes tells which is which; name an entity that is different in each row")
		}
		const parts = 1_000_000
		limits := make([]uint64, len(values))
		shown := make([]string, len(values))
		whens := make([]redshift.SQL, len(values))
		index := c.draw(modSQL(wordSQL(hashAlias(slot), 0), parts), bigint)
		sum := int64(0)
		for i, v := range values {
			sum += weights[i]
			limit := sum * parts / total
			x, text, err := c.constant(v)
			if err != nil {
				return twins{}, fmt.Errorf("option values of category: %w", err)
			}
			limits[i], shown[i] = uint64(limit), text
			whens[i] = redshift.Build("WHEN ? < ? THEN ?", index, redshift.Int(limit), x)
		}
		return twins{
			sql: c.cast(redshift.Build("CASE ? END", redshift.Join(" ", whens...))),
			run: hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) {
				at := h.word(0) % parts
				for i, limit := range limits {
					if at < limit {
						return append(dst, shown[i]...), nil
					}
				}
				panic("mask: the weights of a category do not come to all")
			}),
		}, nil
	},
}

// shuffleName is a transformer's name that others refer to.
const shuffleName = "shuffle_column"

var shuffleColumn = &transformer{
	Info: Info{
		Name: shuffleName, Summary: "the column's values dealt out anew among its rows; NULL stays where it is", Class: Unique, Privacy: Another, Pushdown: true,
	},
	compile: func(c *compiler, _ *options) (twins, error) {
		if c.use.Entity == "" {
			return twins{}, errors.New("shuffle_column needs an entity that tells rows apart: the table's key")
		}
		key, err := c.entity()
		if err != nil {
			return twins{}, err
		}
		if !c.table.tellsApart(key) {
			return twins{}, fmt.Errorf("shuffle_column goes by %s, which is no key of the table, NOT NULL and alone: rows could not be told apart, and each query would deal differently", c.use.Entity)
		}
		if err := c.checkDomain(); err != nil {
			return twins{}, err
		}
		form, err := canonOf(c.table.def.Columns[key])
		if err != nil {
			return twins{}, fmt.Errorf("its entity %s: %w", c.use.Entity, err)
		}
		c.warn("all values stay in the column, each in another row: what a value itself tells stays to be seen")
		slot := len(c.table.shuffles)
		c.table.shuffles = append(c.table.shuffles, shuffle{c.at, key, c.use.Domain + ".s", form})
		return twins{
			sql:   redshift.Build("?.v", alias("s", slot)),
			notGo: "it needs all rows at once",
		}, nil
	},
}

// tellsApart tells whether a column alone is a key.
func (t *Table) tellsApart(at int) bool {
	c := t.def.Columns[at]
	keys := slices.Clone(t.def.Uniques)
	if t.def.PrimaryKey != nil {
		keys = append(keys, *t.def.PrimaryKey)
	}
	return c.NotNull && slices.ContainsFunc(keys, func(k redshift.Key) bool { return len(k.Columns) == 1 && k.Columns[0] == c.Name })
}

var ip = &transformer{
	Info: Info{
		Name: "ip", Summary: "the network of an IPv4 address; 0.0.0.0 for anything else", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"host", "zero (the default), or hash: another host by a keyed hash"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		hashes := o.oneOf("host", "zero", "hash") == "hash"
		v := c.trimmed()
		host, slot := redshift.Build("'0'"), -1
		var err error
		if hashes {
			err = c.room(len("255.255.255.255"), "an address")
			if err == nil {
				slot, err = c.hash("")
			}
			host = redshift.Build("CAST(? + 1 AS VARCHAR)", modSQL(wordSQL(hashAlias(max(slot, 0)), 0), 254))
		} else {
			err = c.room(len("0.0.0.0"), "an address")
		}
		if err != nil {
			return twins{}, err
		}
		octet := func(n int) redshift.SQL { return redshift.Build("SPLIT_PART(?, '.', ?)", v, redshift.Int(n)) }
		var lengths []redshift.SQL
		for n := 1; n <= 4; n++ {
			lengths = append(lengths, redshift.Build("LEN(?) BETWEEN 1 AND 3", octet(n)))
		}
		sql := redshift.Build("CASE WHEN ? IS NULL THEN NULL WHEN TRANSLATE(?, '0123456789', '') = '...' AND LEN(TRANSLATE(?, '0123456789', '')) = 3 AND ? THEN ? || '.' || ? || '.' || ? || '.' || ? ELSE '0.0.0.0' END",
			v, v, v, redshift.Join(" AND ", lengths...), octet(1), octet(2), octet(3), host)
		if hashes {
			sql = redshift.Build("CASE WHEN ? IS NOT NULL THEN ? END", hashAlias(slot), sql)
		}
		return twins{
			sql: c.cast(sql),
			run: func(m *Masker, dst, in []byte) ([]byte, error) {
				var h *digest
				if hashes {
					var err error
					if h, err = m.hash(slot); err != nil || h == nil {
						return nil, err
					}
				}
				in, err := textOf(in)
				if err != nil {
					return nil, err
				}
				if !isIPv4(in) {
					return append(dst, "0.0.0.0"...), nil
				}
				dst = append(dst, in[:bytes.LastIndexByte(in, '.')+1]...)
				if !hashes {
					return append(dst, '0'), nil
				}
				return appendWhole(dst, int64(h.word(0)%254+1)), nil
			},
			samples: []string{"", "192.0.2.17", "10.1.2.3", "999.1.1.1", "2001:db8::1", "1.2.3", "1.2.3.4.5", "1.2..4", "a.b.c.d", "1.2.3.4 "},
		}, nil
	},
}

// isIPv4 tells whether a text is four numbers of one to three digits, parted by dots.
func isIPv4(in []byte) bool {
	octets, digits := 1, 0
	for _, c := range in {
		switch {
		case isDigit(c) && digits < 3:
			digits++
		case c == '.' && digits > 0:
			octets++
			digits = 0
		default:
			return false
		}
	}
	return octets == 4 && digits > 0
}

// fewPeople are the prefixes of ZIP codes in which, by the census of 2000, at most 20,000 people lived: those that 45 CFR
// 164.514(b)(2) wants as 000, by the guidance of the Department of Health and Human Services.
var fewPeople = []string{
	"036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893",
}

var zip3 = &transformer{
	Info: Info{
		Name: "zip3", Summary: "the first three digits of a ZIP code and 00; 00000 where few people live or it is none", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
	},
	compile: func(c *compiler, _ *options) (twins, error) {
		if err := errors.Join(c.only(text), c.room(5, "a ZIP code")); err != nil {
			return twins{}, err
		}
		v := redshift.Build("SUBSTRING(?, 1, 3)", c.trimmed())
		few := make([]redshift.SQL, len(fewPeople))
		for i, p := range fewPeople {
			few[i] = redshift.Build("?", redshift.Lit(p))
		}
		return twins{
			sql: c.cast(redshift.Build("CASE WHEN ? IS NULL THEN NULL WHEN LEN(?) < 3 OR LEN(TRANSLATE(?, '0123456789', '')) > 0 OR ? IN (?) THEN '00000' ELSE ? || '00' END",
				v, v, v, v, redshift.Join(", ", few...), v)),
			run: func(_ *Masker, dst, in []byte) ([]byte, error) {
				in, err := textOf(in)
				if err != nil {
					return nil, err
				}
				if len(in) < 3 || !allDigits(in[:3]) {
					return append(dst, "00000"...), nil
				}
				if slices.Contains(fewPeople, string(in[:3])) {
					return append(dst, "00000"...), nil
				}
				return append(append(dst, in[:3]...), "00"...), nil
			},
		}, nil
	},
}
