package mask

import (
	"errors"
	"fmt"

	"github.com/sealift/sealift/internal/redshift"
)

var errFits = errors.New("the result has more digits than its column holds")

var numNoise = &transformer{
	Info: Info{
		Name: "num_noise", Summary: "the number changed by up to a share of itself, by a keyed hash", Class: Chance, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"basis_points", "up to how much, in hundredths of a percent, 1 to 9999; 500 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		bp := o.int("basis_points", 500, 1, 9999)
		t := c.column.Type
		if t.Name == redshift.Real || t.Name == redshift.Double {
			return twins{}, fmt.Errorf("num_noise does not take %s: twins of floats are not known to agree; cast to DECIMAL in a query", t)
		}
		if err := c.only(decimals); err != nil {
			return twins{}, err
		}
		// A product has the digits of both factors and one more (DG r_numeric_computations201): five of the factor, six with
		// 0.0001. With more than 38 the warehouse would drop places.
		const more = 12
		if t.Precision+more > 38 {
			return twins{}, fmt.Errorf("num_noise needs %d digits besides those of %s, which are more than 38", more, t)
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		if c.use.Entity == "" {
			c.note("it goes by the value itself: equal numbers change alike")
		}
		factor := redshift.Build("CAST(? + ? AS DECIMAL(5,0))", redshift.Int(10000-bp), modSQL(wordSQL(hashAlias(slot), 1), 2*bp+1))
		return twins{
			sql: c.cast(redshift.Build("ROUND(? * ? * CAST(0.0001 AS DECIMAL(5,4)), ?)", c.value(), factor, redshift.Int(t.Scale))),
			run: hashing(slot, func(h *digest, dst, in []byte) ([]byte, error) {
				d, err := parseDecimal(in, t.Scale)
				if err != nil {
					return nil, err
				}
				d.multiply(uint64(10000-bp) + h.word(1)%uint64(2*bp+1))
				d.round(4)
				if !d.fits(t.Precision) {
					return nil, errFits
				}
				return d.append(dst, t.Scale), nil
			}),
		}, nil
	},
}

var bucket = &transformer{
	Info: Info{
		Name: "bucket", Summary: "the number without what is over a multiple of a step, downwards also below zero", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"step", "the step, 10 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		step := o.int("step", 10, 2, 1_000_000_000_000_000)
		if err := c.only(whole); err != nil {
			return twins{}, err
		}
		least := -largest(c.column.Type) - 1
		// Integer division cuts towards zero; so does MOD, which keeps the sign.
		v := redshift.Build("CAST(? AS BIGINT)", c.value())
		return twins{
			sql: c.cast(redshift.Build("? - MOD(MOD(?, ?) + ?, ?)", v, v, redshift.Int(step), redshift.Int(step), redshift.Int(step))),
			run: func(_ *Masker, dst, in []byte) ([]byte, error) {
				n, err := parseWhole(in)
				if err != nil {
					return nil, err
				}
				over := (n%step + step) % step
				if n < least+over {
					return nil, errFits
				}
				return appendWhole(dst, n-over), nil
			},
			samples: bucketSamples(step, least),
		}, nil
	},
}

// bucketSamples are values that have a multiple of the step below them.
func bucketSamples(step, least int64) []string {
	var out []string
	for _, n := range []int64{0, 1, 42, 12345, -1, -step, 1 - step, -step - 1} {
		if most := -(least + 1); n <= most && n >= least && n-((n%step+step)%step) >= least {
			out = append(out, fmt.Sprint(n))
		}
	}
	return out
}

// rounding is round and geo_round.
func rounding(c *compiler, places int) (twins, error) {
	t := c.column.Type
	if t.Name == redshift.Real || t.Name == redshift.Double {
		return twins{}, fmt.Errorf("%s does not take %s: twins of floats are not known to agree; cast to DECIMAL in a query", c.use.Transformer, t)
	}
	if err := c.only(whole, decimals); err != nil {
		return twins{}, err
	}
	v, precision := c.value(), t.Precision
	if kindOf(t) == whole {
		v, precision = redshift.Build("CAST(? AS DECIMAL(19,0))", v), 19
	}
	if places >= t.Scale {
		return twins{}, fmt.Errorf("rounding %s to %d places leaves it as it is; passthrough would say so", t, places)
	}
	dropped := t.Scale - places
	if dropped >= precision {
		return twins{}, fmt.Errorf("rounding %s to %d places leaves nothing", t, places)
	}
	return twins{
		sql: c.cast(redshift.Build("ROUND(?, ?)", v, redshift.Int(places))),
		run: func(_ *Masker, dst, in []byte) ([]byte, error) {
			d, err := parseDecimal(in, t.Scale)
			if err != nil {
				return nil, err
			}
			d.round(dropped)
			for range dropped {
				d.multiply(10)
			}
			if !d.holds(t) {
				return nil, errFits
			}
			return d.append(dst, t.Scale), nil
		},
		samples: roundSamples(t, dropped),
	}, nil
}

// roundSamples are numbers of a type that have room to be rounded up.
func roundSamples(t redshift.Type, dropped int) []string {
	if kindOf(t) == decimals {
		return nil // the usual ones have a digit less than there is room for
	}
	var out []string
	for _, n := range []int64{0, 1, -1, 4, 5, -5, 49, 50, -50, 12345, -12345} {
		d := decimal{lo: uint64(max(n, -n))}
		d.round(dropped)
		for range dropped {
			d.multiply(10)
		}
		if d.holds(t) {
			out = append(out, fmt.Sprint(n))
		}
	}
	return out
}

// holds tells whether a column of the type holds the number.
func (d decimal) holds(t redshift.Type) bool {
	if t.Name == redshift.Decimal {
		return d.fits(t.Precision)
	}
	most := uint64(largest(t))
	if d.negative {
		most++
	}
	return d.hi == 0 && d.lo <= most
}

var round = &transformer{
	Info: Info{
		Name: "round", Summary: "the number rounded, half away from zero", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"digits", "decimal places, negative for tens, hundreds and so on; 0 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) { return rounding(c, int(o.int("digits", 0, -30, 30))) },
}

var geoRound = &transformer{
	Info: Info{
		Name: "geo_round", Summary: "a latitude or longitude rounded: 2 places are about a kilometre, 1 about eleven", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"digits", "decimal places, 0 to 4; 2 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) { return rounding(c, int(o.int("digits", 2, 0, 4))) },
}
