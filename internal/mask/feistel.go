package mask

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sealift/sealift/internal/redshift"
)

// A permutation of the numbers below a*b, for keys that must stay keys. A number is L*b + R; in turn,
//
//	L = (L + F(i, R)) mod a   for even i
//	R = (R + F(i, L)) mod b   for odd i
//
// with F(i, x) = W0 of H(d + ".f" + i, x). Each round can be undone, so no two numbers meet. It is a Feistel network with
// modular addition, not FF1 of NIST: SQL has no AES, and its round function is a hash.
const (
	rounds = 10
	// leastSet is the smallest set that is permuted: on smaller ones, few known pairs tell the rest.
	leastSet = 1_000_000
	// maxHalf keeps L + F below 2^63.
	maxHalf = 1_000_000_000
)

// walk is a permutation of one column.
type walk struct {
	column int
	domain string
	left   redshift.SQL // L, R, a and b at the start
	right  redshift.SQL
	a, b   redshift.SQL
	vary   bool // a and b depend on the row
}

func (w walk) start(i int) []level {
	out := []level{{alias("l", i), bigint, w.left}, {alias("r", i), bigint, w.right}}
	if w.vary {
		out = append(out, level{alias("a", i), bigint, w.a}, level{alias("b", i), bigint, w.b})
	}
	return out
}

func (w walk) step(i, round int, levels []level) {
	mine, others, size := alias("l", i), alias("r", i), w.a
	if w.vary {
		size = redshift.Build("m.?", alias("a", i))
	}
	if round%2 == 1 {
		mine, others, size = others, mine, w.b
		if w.vary {
			size = redshift.Build("m.?", alias("b", i))
		}
	}
	h := hashSQL(w.domain+roundDomain(round), redshift.Build("CAST(m.? AS VARCHAR)", others))
	set(levels, mine, redshift.Build("MOD(m.? + ?, ?)", mine, wordSQL(h, 0), size))
}

func roundDomain(round int) string { return ".f" + strconv.Itoa(round) }

// walked is the Go twin of all rounds.
func (m *Masker) walked(domains *[rounds][]byte, left, right, a, b uint64) (uint64, uint64) {
	for i, d := range domains {
		mine, others, size := &left, right, a
		if i%2 == 1 {
			mine, others, size = &right, left, b
		}
		m.message = strconv.AppendUint(append(m.message[:0], d...), others, 10)
		m.prf.sum(&m.digest, m.message)
		*mine = (*mine + m.digest.word(0)) % size
	}
	return left, right
}

func roundDomains(domain string) *[rounds][]byte {
	var out [rounds][]byte
	for i := range out {
		out[i] = []byte(domain + roundDomain(i) + ":")
	}
	return &out
}

// walk puts a permutation down in the table.
func (c *compiler) walk(w walk, size string, form canon) (int, error) {
	if c.use.Entity != "" {
		return 0, errors.New("a permutation goes by the column's own value; it takes no entity")
	}
	if err := c.checkDomain(); err != nil {
		return 0, err
	}
	w.column, w.domain = c.at, c.use.Domain
	c.sources = append(c.sources, c.at)
	c.table.domains = append(c.table.domains, domainUse{c.use.Domain, c.at, form, size})
	c.table.walks = append(c.table.walks, w)
	return len(c.table.walks) - 1, nil
}

// refused is an expression that stops the query with a message, for values that a mask cannot take. The message does not
// hold the value. A piece of it that is empty keeps the server from evaluating it before there is a row.
func refused(message string, v redshift.SQL) redshift.SQL {
	return redshift.Build("STRTOL(? || SUBSTRING(?, 1, 0), 10)", redshift.Lit("sealift: "+message), v)
}

var permuteInt = &transformer{
	Info: Info{
		Name: "permute_int", Summary: "another whole number, and never the same one for two: for keys",
		Class: Unique, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{
			{"digits", "numbers below 10^digits are permuted, 6 to 18, 9 by default"},
			{"sides", "two numbers a and b in place of digits: numbers below a*b are permuted"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		err := c.only(whole, decimals)
		if err == nil && c.column.Type.Scale > 0 {
			err = fmt.Errorf("%s has decimal places; permute_int takes whole numbers", c.column.Type)
		}
		digits := o.int("digits", 9, 6, 18)
		a, b := pow10(int(digits/2)), pow10(int(digits-digits/2))
		if sides := o.ints("sides"); sides != nil {
			if len(sides) != 2 || sides[0] < 2 || sides[1] < 2 || sides[0] > maxHalf || sides[1] > maxHalf || sides[0]*sides[1] < leastSet {
				o.wrong("sides", "it takes two numbers from 2 to %d, whose product is at least %d", maxHalf, leastSet)
				return twins{}, err
			}
			a, b = sides[0], sides[1]
		}
		if err != nil {
			return twins{}, err
		}
		n := a * b
		if most := largest(c.column.Type); n-1 > most {
			return twins{}, fmt.Errorf("permuting numbers below %d can give more than %s holds; choose fewer digits or sides", n, c.column.Type)
		}
		c.note("values must be from 0 to %d; another one stops the run", n-1)
		v := redshift.Build("CAST(? AS BIGINT)", c.value())
		out := refused("permute_int: a value is not within the set", redshift.Build("CAST(? AS VARCHAR)", c.value()))
		inside := func(x redshift.SQL) redshift.SQL {
			return redshift.Build("CASE WHEN ? BETWEEN 0 AND ? THEN ? ELSE ? END", v, redshift.Int(n-1), x, out)
		}
		slot, err := c.walk(walk{
			left: inside(redshift.Build("? / ?", v, redshift.Int(b))), right: inside(redshift.Build("MOD(?, ?)", v, redshift.Int(b))),
			a: redshift.Build("?", redshift.Int(a)), b: redshift.Build("?", redshift.Int(b)),
		}, fmt.Sprintf("numbers below %d*%d", a, b), canon{kind: whole})
		if err != nil {
			return twins{}, err
		}
		domains := roundDomains(c.use.Domain)
		return twins{
			sql: c.cast(redshift.Build("? * ? + ?", leftAlias(slot), redshift.Int(b), rightAlias(slot))),
			run: func(m *Masker, dst, in []byte) ([]byte, error) {
				x, err := parseWhole(in)
				if err != nil {
					return nil, err
				}
				if x < 0 || x >= n {
					return nil, fmt.Errorf("a value is not within 0 and %d, the set that is permuted; give it more digits", n-1)
				}
				l, r := m.walked(domains, uint64(x/b), uint64(x%b), uint64(a), uint64(b))
				return strconv.AppendUint(dst, l*uint64(b)+r, 10), nil
			},
			samples: []string{"0", "1", "42", "999999", strconv.FormatInt(n-1, 10), strconv.FormatInt(n/2, 10)},
		}, nil
	},
}

// largest is the largest whole number of a type.
func largest(t redshift.Type) int64 {
	switch t.Name {
	case redshift.SmallInt:
		return 1<<15 - 1
	case redshift.Integer:
		return 1<<31 - 1
	case redshift.Decimal:
		if t.Precision-t.Scale < 19 {
			return pow10(t.Precision-t.Scale) - 1
		}
	}
	return 1<<63 - 1
}

const (
	leastDigits = 6
	mostDigits  = 18
)

var errFPE = fmt.Errorf("between the kept parts there are not %d to %d digits and nothing else", leastDigits, mostDigits)

var fpeDigits = &transformer{
	Info: Info{
		Name: "fpe_digits", Summary: "other digits in place of 6 to 18, as many, and never the same for two: for numbers kept as text",
		Class: Unique, Privacy: Shape, Pushdown: true, GoTwin: true,
		Options: []Option{
			{"keep_prefix", "characters at the front that stay, 0 by default"},
			{"keep_suffix", "characters at the end that stay, 0 by default"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		prefix, suffix := int(o.int("keep_prefix", 0, 0, 64)), int(o.int("keep_suffix", 0, 0, 64))
		form, err := canonOf(c.column)
		if err := errors.Join(c.only(text), err); err != nil {
			return twins{}, err
		}
		if err := c.room(prefix+suffix+leastDigits, "what is kept, and 6 digits,"); err != nil {
			return twins{}, err
		}
		if prefix+suffix > 0 {
			c.note("%d characters stay as they are", prefix+suffix)
		}
		c.note("between them there must be %d to %d digits; another value stops the run", leastDigits, mostDigits)
		v := c.trimmed()
		kept := redshift.Int(prefix + suffix)
		from := redshift.Int(prefix + 1)
		n := redshift.Build("(LEN(?) - ?)", v, kept)
		u := redshift.Build("(? / 2)", n)
		middle := redshift.Build("SUBSTRING(?, ?, ?)", v, from, n)
		out := refused("fpe_digits: a value has not 6 to 18 digits between what is kept", v)
		inside := func(x redshift.SQL) redshift.SQL {
			return redshift.Build("CASE WHEN LEN(?) < ? THEN ? WHEN LEN(?) > ? THEN ? WHEN LEN(TRANSLATE(?, '0123456789', '')) > 0 THEN ? ELSE ? END",
				v, redshift.Int(prefix+suffix+leastDigits), out, v, redshift.Int(prefix+suffix+mostDigits), out, middle, out, x)
		}
		power := func(digits redshift.SQL) redshift.SQL {
			whens := make([]redshift.SQL, 0, 7)
			for d := leastDigits / 2; d <= mostDigits/2; d++ {
				whens = append(whens, redshift.Build("WHEN ? THEN ?", redshift.Int(d), redshift.Int(pow10(d))))
			}
			return redshift.Build("CASE ? ? END", digits, redshift.Join(" ", whens...))
		}
		slot, err := c.walk(walk{
			left:  inside(redshift.Build("CAST(SUBSTRING(?, ?, ?) AS BIGINT)", v, from, u)),
			right: inside(redshift.Build("CAST(SUBSTRING(?, ? + ?, ? - ?) AS BIGINT)", v, from, u, n, u)),
			a:     power(u), b: power(redshift.Build("(? - ?)", n, u)), vary: true,
		}, "digits", form)
		if err != nil {
			return twins{}, err
		}
		parts := []redshift.SQL{
			redshift.Build("LPAD(CAST(? AS VARCHAR), ?, '0')", leftAlias(slot), u),
			redshift.Build("LPAD(CAST(? AS VARCHAR), ? - ?, '0')", rightAlias(slot), n, u),
		}
		if prefix > 0 {
			parts = append([]redshift.SQL{redshift.Build("SUBSTRING(?, 1, ?)", v, redshift.Int(prefix))}, parts...)
		}
		if suffix > 0 {
			parts = append(parts, redshift.Build("RIGHT(?, ?)", v, redshift.Int(suffix)))
		}
		domains := roundDomains(c.use.Domain)
		return twins{
			sql: c.cast(redshift.Join(" || ", parts...)),
			run: func(m *Masker, dst, in []byte) ([]byte, error) {
				in, err := textOf(in)
				if err != nil {
					return nil, err
				}
				front := runesIn(in, prefix)
				back := len(in) - lastRunes(in, suffix)
				if back-front < leastDigits || back-front > mostDigits {
					return nil, errFPE
				}
				middle := in[front:back]
				half := len(middle) / 2
				l, ok1 := number(middle[:half])
				r, ok2 := number(middle[half:])
				if !ok1 || !ok2 {
					return nil, errFPE
				}
				left, right := m.walked(domains, uint64(l), uint64(r), uint64(pow10(half)), uint64(pow10(len(middle)-half)))
				dst = append(dst, in[:front]...)
				dst = appendPadded(dst, int(left), half)
				dst = appendPadded(dst, int(right), len(middle)-half)
				return append(dst, in[back:]...), nil
			},
			samples: sampleDigits(prefix, suffix, c.column.Type.Length),
		}, nil
	},
}

// sampleDigits are values that fpe_digits takes.
func sampleDigits(prefix, suffix, most int) []string {
	var out []string
	for _, digits := range []string{"000000", "0123456", "99999999", "123456789", "000000000000000001", "987654321098765432"} {
		s := "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN"
		if v := s[:prefix] + digits + s[:suffix]; len(v) <= most {
			out = append(out, v)
		}
	}
	return out
}
