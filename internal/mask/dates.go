package mask

import (
	"errors"

	"github.com/sealift/sealift/internal/redshift"
)

// shiftSQL is how far a value is moved: -r to r, evenly, by W0.
func shiftSQL(slot int, r int64) redshift.SQL {
	return redshift.Build("CAST(MOD(?, ?) - ? AS INT)", wordSQL(hashAlias(slot), 0), redshift.Int(2*r+1), redshift.Int(r))
}

func shift(h *digest, r int64) int64 { return int64(h.word(0)%uint64(2*r+1)) - r }

// leastShift is how many days a shift should be able to have. With fewer, a date tells nearly what it was.
const leastShift = 180

var errShiftEntity = errors.New("it needs an entity: dates of one entity are moved alike, so that their order and distances stay")

func (c *compiler) warnShift(days int64) {
	c.warn("all dates of one entity move alike: who knows one of them knows all; pass no other date of it through")
	if days < leastShift {
		c.warn("dates move by at most %d days; with fewer than %d they tell nearly what they were", days, leastShift)
	}
}

var dateShift = &transformer{
	Info: Info{
		Name: "date_shift", Summary: "the date moved by a number of days that its entity decides: order and distances stay", Class: Chance, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"days", "at most how many in either direction, 365 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		r := o.int("days", 365, 1, 100_000)
		if err := c.only(date); err != nil {
			return twins{}, err
		}
		if c.use.Entity == "" {
			return twins{}, errShiftEntity
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		c.warnShift(r)
		return twins{
			sql: redshift.Build("CAST(DATEADD(day, ?, ?) AS DATE)", shiftSQL(slot, r), c.value()),
			run: hashing(slot, func(h *digest, dst, in []byte) ([]byte, error) {
				d, err := parseDate(in)
				if err != nil {
					return nil, err
				}
				d = dayOf(d.days() + shift(h, r))
				if err := d.check(); err != nil {
					return nil, err
				}
				return d.append(dst), nil
			}),
		}, nil
	},
}

var tsShift = &transformer{
	Info: Info{
		Name: "ts_shift", Summary: "the timestamp moved by days or seconds that its entity decides: order and distances stay", Class: Chance, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"unit", "day (the default) or second"}, {"most", "at most how many in either direction; 365 days or as many seconds by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		seconds := o.oneOf("unit", "day", "second") == "second"
		byDefault, most := int64(365), int64(100_000)
		if seconds {
			byDefault, most = 365*secondsPerDay, 1_000_000_000
		}
		r := o.int("most", byDefault, 1, most)
		if err := c.only(timestamp, instant); err != nil {
			return twins{}, err
		}
		if c.use.Entity == "" {
			return twins{}, errShiftEntity
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		sql := redshift.Build("DATEADD(day, ?, ?)", shiftSQL(slot, r), c.value())
		days := r
		if seconds {
			sql = redshift.Build("DATEADD(second, ?, ?)", shiftSQL(slot, r), c.value())
			days = r / secondsPerDay
		}
		c.warnShift(days)
		return twins{
			sql: c.cast(sql),
			run: hashing(slot, func(h *digest, dst, in []byte) ([]byte, error) {
				t, err := parseMoment(in)
				if err != nil {
					return nil, err
				}
				if n := shift(h, r); seconds {
					t = t.add(0, n)
				} else {
					t = t.add(n, 0)
				}
				if err := t.check(); err != nil {
					return nil, err
				}
				return t.append(dst), nil
			}),
		}, nil
	},
}

// truncated is the first day of a date's month, quarter or year.
func (d day) truncated(unit string) day {
	d.day = 1
	switch unit {
	case "quarter":
		d.month = (d.month-1)/3*3 + 1
	case "year":
		d.month = 1
	}
	return d
}

var dateTrunc = &transformer{
	Info: Info{
		Name: "date_trunc", Summary: "the first day of the month, quarter or year", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"to", "month (the default), quarter or year"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		unit := o.oneOf("to", "month", "quarter", "year")
		if err := c.only(date, timestamp, instant); err != nil {
			return twins{}, err
		}
		out := twins{sql: c.cast(redshift.Build("DATE_TRUNC(?, ?)", redshift.Lit(unit), c.value()))}
		if kindOf(c.column.Type) == date {
			out.run = func(_ *Masker, dst, in []byte) ([]byte, error) {
				d, err := parseDate(in)
				if err != nil {
					return nil, err
				}
				return d.truncated(unit).append(dst), nil
			}
			return out, nil
		}
		out.run = func(_ *Masker, dst, in []byte) ([]byte, error) {
			t, err := parseMoment(in)
			if err != nil {
				return nil, err
			}
			t.day, t.micros = t.truncated(unit), 0
			return t.append(dst), nil
		}
		return out, nil
	},
}

var ageCap = &transformer{
	Info: Info{
		Name: "age_cap", Summary: "the age, or the year of birth, with all above a cap put together", Class: Lossy, Privacy: Coarse, Pushdown: true, GoTwin: true,
		Options: []Option{{"cap", "the age, 90 by default"}, {"year", "for dates of birth: the year in which ages are counted"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		most := o.int("cap", 90, 1, 1000)
		if err := c.only(whole, date); err != nil {
			return twins{}, err
		}
		if kindOf(c.column.Type) == whole {
			return twins{
				sql: c.cast(redshift.Build("CASE WHEN ? > ? THEN ? ELSE ? END", c.value(), redshift.Int(most), redshift.Int(most), c.value())),
				run: func(_ *Masker, dst, in []byte) ([]byte, error) {
					n, err := parseWhole(in)
					if err != nil {
						return nil, err
					}
					return appendWhole(dst, min(n, most)), nil
				},
			}, nil
		}
		year := o.int("year", 0, most+1, 9999)
		if year == 0 {
			return twins{}, errors.New("for a date of birth, age_cap needs the year in which ages are counted")
		}
		first := day{int(year - most), 1, 1}
		shown := redshift.Lit(string(first.append(nil)))
		return twins{
			sql: redshift.Build("CASE WHEN ? < CAST(? AS DATE) THEN CAST(? AS DATE) ELSE CAST(DATE_TRUNC('year', ?) AS DATE) END", c.value(), shown, shown, c.value()),
			run: func(_ *Masker, dst, in []byte) ([]byte, error) {
				d, err := parseDate(in)
				if err != nil {
					return nil, err
				}
				if d.year < first.year {
					return first.append(dst), nil
				}
				return d.truncated("year").append(dst), nil
			},
		}, nil
	},
}
