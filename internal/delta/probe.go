package delta

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// chunk is how many tables one statement asks about.
const chunk = 50

// Extent is how far a table goes, by its since column.
type Extent struct {
	High  string // the greatest value that may be moved; "" where there is none
	Top   string // the greatest of all: others are above High where rows have to wait
	Nulls int64  // rows without a value: nobody could tell when they are new
	Ahead bool   // High is more than a day later than the server's clock, which no time zone explains
}

// Extents asks how far tables go. Tables without a since column are not asked. What is wrong with one table is in errs at its place.
// lows are the watermarks, "" for none: below them nothing is looked at, unless all rows are.
func Extents(ctx context.Context, q redshift.Querier, specs []Spec, lows []string) (out []Extent, errs []error, err error) {
	out = make([]Extent, len(specs))
	errs, err = extents(ctx, q, specs, lows, out, func(int) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	// Of a column that went back it is said to where.
	back := func(i int) bool { return lows[i] != "" && errs[i] == nil && out[i].Top == "" }
	again, err := extents(ctx, q, specs, make([]string, len(specs)), out, back)
	for i, e := range again {
		if e != nil {
			errs[i] = e
		}
	}
	return out, errs, err
}

func extents(ctx context.Context, q redshift.Querier, specs []Spec, lows []string, out []Extent, wanted func(i int) bool) ([]error, error) {
	return ask(ctx, q, len(specs), 4, func(i int) redshift.SQL {
		s := specs[i]
		if s.Since.Name.IsZero() || !wanted(i) {
			return redshift.SQL{}
		}
		above := redshift.SQL{}
		switch {
		case lows[i] == "":
		case s.Since.NotNull: // so that blocks below the watermark need not be read (DG t_Sorting_data)
			above = redshift.Build("? >= ?", s.Since.Name, s.at(lows[i]))
		default:
			above = redshift.Build("(? >= ? OR ? IS NULL)", s.Since.Name, s.at(lows[i]), s.Since.Name)
		}
		top := redshift.Build("MAX(?)", s.Since.Name)
		high := top
		if len(s.Key) == 0 && s.Lookback > 0 {
			// Rows that are not as old as the lookback wait, where they could not be told from late ones afterwards.
			high = redshift.Build("MAX(CASE WHEN ? <= ? THEN ? END)", s.Since.Name, s.earlier(s.now()), s.Since.Name)
		}
		ahead := redshift.Build("0")
		if temporal(s.Since.Type) {
			ahead = redshift.Build("CASE WHEN ? > ? THEN 1 ELSE 0 END", high, s.shifted(s.now(), day))
		}
		return redshift.Build("SELECT ? AS i, CAST(? AS VARCHAR(64)) AS a, CAST(? AS VARCHAR(64)) AS b, CAST(COUNT(*) - COUNT(?) AS VARCHAR(64)) AS c, CAST(? AS VARCHAR(64)) AS d FROM ?",
			redshift.Int(i), high, top, s.Since.Name, ahead, s.rows(above))
	}, func(i int, fields []*string) (err error) {
		for n, to := range []*string{&out[i].High, &out[i].Top} {
			if fields[n] != nil {
				*to = *fields[n]
			}
		}
		if out[i].Nulls, err = count(fields[2]); err != nil {
			return err
		}
		ahead, err := count(fields[3])
		out[i].Ahead = ahead > 0
		return err
	})
}

// Look is what is asked of a table whose extent is known.
type Look struct {
	Spec Spec
	// Low is the watermark, "" for none; High is to where rows are moved.
	Low, High string
	// Later says that there are new rows, and that those near High are asked about when they are moved.
	Later bool
	// Ahead says that High is later than the source's clock can be.
	Ahead bool
	// Keep is the watermark where rows are moved below it: it stays. Else it is "".
	Keep string
}

// Seen is what rows were there, as short texts that are equal if and only if the rows are.
type Seen struct {
	// Near is about the rows within the lookback of High, and at High itself; All about all, by Spec.All.
	Near, All string
	// Passed is how many rows are at Low or below it, or between High and Keep: those that are taken to be there.
	Passed int64
}

// String is how it is kept.
func (s Seen) String() string { return s.Near + ";" + s.All }

// Looks asks what rows are there. What is wrong with one table is in errs at its place.
func Looks(ctx context.Context, q redshift.Querier, looks []Look) (out []Seen, errs []error, err error) {
	out = make([]Seen, len(looks))
	errs, err = ask(ctx, q, len(looks), 3, func(i int) redshift.SQL { return looks[i].query(i) }, func(i int, fields []*string) (err error) {
		for n, to := range []*string{&out[i].Near, &out[i].All} {
			if fields[n] != nil {
				*to = *fields[n]
			}
		}
		out[i].Passed, err = count(fields[2])
		return err
	})
	return out, errs, err
}

// query asks as little as can be: each question has rows of its own, so that those about a few rows do not read all.
func (l Look) query(i int) redshift.SQL {
	fields := []redshift.SQL{redshift.Build("? AS i", redshift.Int(i))}
	var from []redshift.SQL
	for _, part := range []struct{ name, ask redshift.SQL }{
		{redshift.Build("a"), l.near()}, {redshift.Build("b"), l.all()}, {redshift.Build("c"), l.passed()},
	} {
		if part.ask.IsZero() {
			fields = append(fields, redshift.Build("CAST(NULL AS VARCHAR(128)) AS ?", part.name))
			continue
		}
		fields = append(fields, redshift.Build("CAST(?.v AS VARCHAR(128)) AS ?", part.name, part.name))
		from = append(from, redshift.Build("(?) AS ?", part.ask, part.name))
	}
	if len(from) == 0 {
		return redshift.SQL{}
	}
	return redshift.Build("SELECT ? FROM ?", redshift.Join(", ", fields...), redshift.Join(" CROSS JOIN ", from...))
}

// near asks about the rows within the lookback of High, and at High itself.
func (l Look) near() redshift.SQL {
	s := l.Spec
	if len(s.Key) == 0 || l.High == "" || l.Later {
		return redshift.SQL{}
	}
	return redshift.Build("SELECT ? AS v FROM ?", s.sum(s.Near, redshift.SQL{}), s.rows(s.Recent(l.High)))
}

// all asks about all rows.
func (l Look) all() redshift.SQL {
	if len(l.Spec.All) == 0 {
		return redshift.SQL{}
	}
	return redshift.Build("SELECT ? AS v FROM ?", l.Spec.sum(l.Spec.All, redshift.SQL{}), l.Spec.rows(redshift.SQL{}))
}

// passed counts the rows that are taken to be there.
func (l Look) passed() redshift.SQL {
	s := l.Spec
	if s.Since.Name.IsZero() || len(s.Key) > 0 || l.Low == "" {
		return redshift.SQL{}
	}
	where := redshift.Build("? <= ?", s.Since.Name, s.at(l.Low))
	if l.Keep != "" {
		where = redshift.Build("(? OR ? > ? AND ? <= ?)", where, s.Since.Name, s.at(l.High), s.Since.Name, s.at(l.Keep))
	}
	return redshift.Build("SELECT COUNT(*) AS v FROM ?", s.rows(where))
}

// rows are those of the table for which also another condition holds, if there is one.
func (s Spec) rows(also redshift.SQL) redshift.SQL {
	switch {
	case s.Where.IsZero() && also.IsZero():
		return s.From
	case s.Where.IsZero():
		return redshift.Build("? WHERE ?", s.From, also)
	case also.IsZero():
		return redshift.Build("? WHERE (?)", s.From, s.Where)
	default:
		return redshift.Build("? WHERE (?) AND ?", s.From, s.Where, also)
	}
}

// ask puts queries of one row each together, which answer their number and so many fields; those without text are not asked. Where that fails, each is asked by
// itself, so that one table that cannot be read does not keep the others from it: its error is at its place in the first answer.
func ask(ctx context.Context, q redshift.Querier, n, fields int, query func(i int) redshift.SQL, each func(i int, fields []*string) error) ([]error, error) {
	errs := make([]error, n)
	var numbers []int
	var parts []redshift.SQL
	send := func() error {
		if len(parts) == 0 {
			return nil
		}
		err := askOnce(ctx, q, n, fields, parts, each)
		if err != nil && lost(ctx, err) {
			return err
		}
		for k := 0; err != nil && k < len(parts); k++ {
			alone := askOnce(ctx, q, n, fields, parts[k:k+1], each)
			if alone != nil && lost(ctx, alone) {
				return alone
			}
			errs[numbers[k]] = alone
		}
		numbers, parts = nil, nil
		return nil
	}
	for i := range n {
		sql := query(i)
		if sql.IsZero() {
			continue
		}
		if numbers, parts = append(numbers, i), append(parts, sql); len(parts) == chunk {
			if err := send(); err != nil {
				return nil, err
			}
		}
	}
	return errs, send()
}

// lost tells that it is not the question that is wrong.
func lost(ctx context.Context, err error) bool {
	var connection interface{ OutcomeUnknown() bool }
	return ctx.Err() != nil || errors.As(err, &connection)
}

func askOnce(ctx context.Context, q redshift.Querier, n, fields int, parts []redshift.SQL, each func(i int, fields []*string) error) error {
	got := 0
	err := q.Query(ctx, redshift.Join("\nUNION ALL\n", parts...), func(row []*string) error {
		if len(row) != fields+1 || row[0] == nil {
			return fmt.Errorf("an answer of %d fields to a question about what is new", len(row))
		}
		i, err := strconv.Atoi(strings.TrimSpace(*row[0]))
		if err != nil || i < 0 || i >= n {
			return fmt.Errorf("an answer about table %q, of %d", *row[0], n)
		}
		got++
		return each(i, row[1:])
	})
	if err == nil && got != len(parts) {
		err = fmt.Errorf("%d answers to %d questions about what is new", got, len(parts))
	}
	return err
}

func count(field *string) (int64, error) {
	if field == nil {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(*field), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a count", *field)
	}
	return n, nil
}
