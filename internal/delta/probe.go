package delta

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// chunk is how many tables one statement asks about.
const chunk = 50

// Extent is how far a table goes, by its since column.
type Extent struct {
	High  string // the greatest value; "" where there are no rows
	Rows  int64
	Nulls int64 // rows without a value: nobody could tell when they are new
}

// Extents asks how far tables go. Tables without a since column are not asked.
func Extents(ctx context.Context, q redshift.Querier, specs []Spec) ([]Extent, error) {
	out := make([]Extent, len(specs))
	err := ask(ctx, q, specs, func(i int, s Spec) (redshift.SQL, bool) {
		if s.Since.Name.IsZero() {
			return redshift.SQL{}, false
		}
		high := redshift.Build("MAX(?)", s.Since.Name)
		if temporal(s.Since.Type) {
			// Rows that are not as old as the lookback wait, where they could not be told from late ones afterwards.
			if len(s.Key) == 0 && s.Lookback > 0 {
				high = redshift.Build("MAX(CASE WHEN ? <= DATEADD(second, ?, SYSDATE) THEN ? END)", s.Since.Name, redshift.Int(-s.Lookback), s.Since.Name)
			}
		}
		return redshift.Build("SELECT ? AS i, CAST(? AS VARCHAR(64)) AS a, CAST(COUNT(*) AS VARCHAR(64)) AS b, CAST(COUNT(*) - COUNT(?) AS VARCHAR(64)) AS c FROM ?",
			redshift.Int(i), high, s.Since.Name, s.rows()), true
	}, func(i int, fields []*string) (err error) {
		if fields[0] != nil {
			out[i].High = *fields[0]
		}
		if out[i].Rows, err = count(fields[1]); err == nil {
			out[i].Nulls, err = count(fields[2])
		}
		return err
	})
	return out, err
}

// Look is what is asked of a table whose extent is known.
type Look struct {
	Spec Spec
	// Low is the watermark, "" for none; High what is to become it.
	Low, High string
}

// Seen is what rows were there, as short texts that are equal if and only if the rows are.
type Seen struct {
	// Near is about the rows within the lookback of High, and at High itself; All about all, by Spec.All.
	Near, All string
	// Passed is how many rows are at Low or below it.
	Passed int64
}

// String is how it is kept.
func (s Seen) String() string { return s.Near + ";" + s.All }

// Looks asks what rows are there.
func Looks(ctx context.Context, q redshift.Querier, looks []Look) ([]Seen, error) {
	specs := make([]Spec, len(looks))
	for i, l := range looks {
		specs[i] = l.Spec
	}
	out := make([]Seen, len(looks))
	err := ask(ctx, q, specs, func(i int, s Spec) (redshift.SQL, bool) {
		l := looks[i]
		near, all, passed := redshift.Build("''"), redshift.Build("''"), redshift.Build("CAST(0 * COUNT(*) AS VARCHAR(64))") // an aggregate makes it one row
		if len(s.Key) > 0 && l.High != "" {
			at := s.at(l.High)
			near = redshift.Sum(append(named(s.Key), named([]redshift.Column{s.Since})...), redshift.Build("? >= ? AND ? <= ?", s.Since.Name, s.below(at), s.Since.Name, at))
		}
		if len(s.All) > 0 {
			all = redshift.Sum(named(s.All), redshift.SQL{})
		}
		if len(s.Key) == 0 && l.Low != "" {
			passed = redshift.Build("CAST(COUNT(CASE WHEN ? <= ? THEN 1 END) AS VARCHAR(64))", s.Since.Name, s.at(l.Low))
		}
		return redshift.Build("SELECT ? AS i, CAST(? AS VARCHAR(128)) AS a, CAST(? AS VARCHAR(128)) AS b, CAST(? AS VARCHAR(64)) AS c FROM ?", redshift.Int(i), near, all, passed, s.rows()), true
	}, func(i int, fields []*string) (err error) {
		for n, to := range []*string{&out[i].Near, &out[i].All} {
			if fields[n] != nil {
				*to = *fields[n]
			}
		}
		out[i].Passed, err = count(fields[2])
		return err
	})
	return out, err
}

func named(columns []redshift.Column) []redshift.DigestExpr { return redshift.DigestColumns(columns) }

// rows are those of the table, with a name.
func (s Spec) rows() redshift.SQL {
	if s.Where.IsZero() {
		return s.From
	}
	return redshift.Build("(SELECT * FROM ? WHERE (?)) AS w", s.From, s.Where)
}

// ask puts queries of one row each together, by their numbers.
func ask(ctx context.Context, q redshift.Querier, specs []Spec, query func(i int, s Spec) (redshift.SQL, bool), each func(i int, fields []*string) error) error {
	var part []redshift.SQL
	send := func() error {
		if len(part) == 0 {
			return nil
		}
		got := 0
		err := q.Query(ctx, redshift.Join("\nUNION ALL\n", part...), func(row []*string) error {
			if len(row) != 4 || row[0] == nil {
				return fmt.Errorf("an answer of %d fields to a question about what is new", len(row))
			}
			i, err := strconv.Atoi(strings.TrimSpace(*row[0]))
			if err != nil || i < 0 || i >= len(specs) {
				return fmt.Errorf("an answer about table %q, of %d", *row[0], len(specs))
			}
			got++
			return each(i, row[1:])
		})
		if err == nil && got != len(part) {
			err = fmt.Errorf("%d answers to %d questions about what is new", got, len(part))
		}
		part = part[:0]
		return err
	}
	for i, s := range specs {
		sql, asked := query(i, s)
		if !asked {
			continue
		}
		if part = append(part, sql); len(part) == chunk {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
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
