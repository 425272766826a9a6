package delta

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sealift/sealift/internal/redshift"
)

// Spec is how a table's rows are told to be new.
type Spec struct {
	// From is what the rows are read from, and Where the condition on them; zero: all.
	From, Where redshift.SQL
	// Since is the column whose growth marks new rows. Without a name there is none, and all rows count every time.
	Since redshift.Column
	// Lookback is how far below the watermark rows are read again: in seconds, or in the column's own unit where that is a number.
	Lookback int64
	// Key tells rows apart. Without one, rows below the watermark cannot be read again: they are counted.
	Key []redshift.Column
	// Near are the columns by which rows that are read again are compared with those of the last sync: with all that are moved, a row
	// that changed within one tick of the since column is seen. Of tables with a key.
	Near []redshift.Column
	// Later says that the rows near the watermark can be asked about when those that are new are moved, by whom moves them.
	Later bool
	// All are the columns by which all rows are compared with those of the last sync, not only the new ones: where rows that are gone
	// count, or where nothing says which are new. None: only new rows count.
	All []redshift.Column
	// Postgres says that a PostgreSQL server answers, and From has text where the target will have SUPER or VARBYTE.
	Postgres bool
}

// SinceTypes tells whether values of a type can say what is new: they grow, and their text says them exactly.
func SinceTypes(t redshift.Type) bool {
	return slices.Contains([]string{
		redshift.SmallInt, redshift.Integer, redshift.BigInt, redshift.Decimal, redshift.Date, redshift.Timestamp, redshift.TimestampTZ,
	}, t.Name)
}

// temporal tells times from numbers.
func temporal(t redshift.Type) bool {
	return t.Name == redshift.Date || t.Name == redshift.Timestamp || t.Name == redshift.TimestampTZ
}

// ParseLookback reads a job's lookback, for a column of a type: 2h, 30m or 3d for a time, a number for a number. A date counts days.
func ParseLookback(text string, t redshift.Type) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if !temporal(t) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%q is not a number, as %s has", text, t)
		}
		return n, nil
	}
	d, ok := cutDays(text)
	var err error
	if !ok {
		d, err = time.ParseDuration(text)
	}
	switch {
	case err != nil || d < 0:
		return 0, fmt.Errorf("%q is not a time such as 30m, 2h or 3d", text)
	case t.Name == redshift.Date && d%(24*time.Hour) != 0:
		return 0, fmt.Errorf("%q is no number of days, and the column is a DATE", text)
	case d%time.Second != 0:
		return 0, fmt.Errorf("%q is no number of seconds", text)
	}
	return int64(d / time.Second), nil
}

func cutDays(text string) (time.Duration, bool) {
	if len(text) < 2 || text[len(text)-1] != 'd' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 16)
	return time.Duration(n) * 24 * time.Hour, err == nil
}

// at is a value of the since column as an expression.
func (s Spec) at(value string) redshift.SQL {
	return redshift.Build("CAST(? AS ?)", redshift.Lit(value), s.Since.Type)
}

// below is a value, less the lookback.
func (s Spec) below(value string) redshift.SQL {
	switch {
	case s.Lookback == 0:
		return s.at(value)
	case temporal(s.Since.Type):
		return s.earlier(s.at(value))
	default:
		return s.at(minus(value, s.Lookback, s.Since.Type))
	}
}

// earlier is a time, less the lookback.
func (s Spec) earlier(value redshift.SQL) redshift.SQL { return s.shifted(value, -s.Lookback) }

const day = 24 * 60 * 60

// shifted is a time, so many seconds later.
func (s Spec) shifted(value redshift.SQL, seconds int64) redshift.SQL {
	if s.Postgres {
		return redshift.Build("? + CAST(? AS INTERVAL)", value, redshift.Lit(strconv.FormatInt(seconds, 10)+" seconds"))
	}
	return redshift.Build("DATEADD(second, ?, ?)", redshift.Int(seconds), value)
}

// Recent is the condition on the rows that are compared with those of the last sync where High is the watermark.
func (s Spec) Recent(high string) redshift.SQL {
	return redshift.Build("? >= ? AND ? <= ?", s.Since.Name, s.below(high), s.Since.Name, s.at(high))
}

// now is the server's clock, in UTC.
func (s Spec) now() redshift.SQL {
	if s.Postgres {
		return redshift.Build("(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')")
	}
	return redshift.Build("SYSDATE")
}

// sum tells sets of rows apart, by some columns.
func (s Spec) sum(columns []redshift.Column, where redshift.SQL) redshift.SQL {
	cols := redshift.DigestColumns(columns)
	if !s.Postgres {
		return redshift.Sum(cols, where)
	}
	for i, c := range cols {
		switch c.Column.Type.Name {
		case redshift.Real, redshift.Double, redshift.Super, redshift.Varbyte:
			// Only sums of one server are compared, so that any text will do that says the value exactly.
			cols[i].Expr = redshift.Build("CAST(? AS TEXT)", c.Expr)
			cols[i].Column.Type = redshift.Type{Name: redshift.Varchar, Length: 65535}
		}
	}
	return redshift.SumInPostgres(cols, where)
}

// Window is the rows that are moved: those of the table for which the condition holds.
type Window struct {
	Low  string // of the rows that were moved before; "" for none
	High string // to which rows are moved; "" for no bound
	// Nothing says that no row is moved, because there was none when the source was asked. Those that come until it is unloaded are
	// for the next sync: without a value that becomes the watermark, they would be moved twice.
	Nothing bool
}

// Condition is that of a window, together with the spec's own. With a key, the lookback and the boundary itself are read again: a
// transaction that committed late may have left rows there. Without one, each row must come once.
func (s Spec) Condition(w Window) redshift.SQL {
	var all []redshift.SQL
	if !s.Where.IsZero() {
		all = append(all, redshift.Build("(?)", s.Where))
	}
	if w.Nothing {
		return redshift.Build("1 = 0")
	}
	if w.Low != "" {
		if len(s.Key) > 0 {
			all = append(all, redshift.Build("? >= ?", s.Since.Name, s.below(w.Low)))
		} else {
			all = append(all, redshift.Build("? > ?", s.Since.Name, s.at(w.Low)))
		}
	}
	if w.High != "" {
		all = append(all, redshift.Build("? <= ?", s.Since.Name, s.at(w.High)))
	}
	return redshift.Join(" AND ", all...)
}
