package planner

import (
	"fmt"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// PreviewTable is a table of a job with masks, of which some rows are to be seen before and after.
type PreviewTable struct {
	Source, Target string
	Columns        []redshift.Column
	Masks          []plan.Mask
	Mask           *mask.Table
	// Rows is a query for some of the table's rows, as they are, with what becomes of some columns behind them: Computed are their places.
	Rows     redshift.SQL
	Computed []int
}

// Preview says which rows of a job's source show what its masks do. The target's catalog can be empty.
func Preview(in Input, rows int) ([]PreviewTable, error) {
	b := newBuilder(in)
	b.chosen = b.choose()
	for i, s := range b.chosen {
		s.index = i
		b.definition(s)
		b.condition(s)
	}
	if b.checkDomains(); len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	var out []PreviewTable
	for _, s := range b.chosen {
		if s.mask == nil {
			continue
		}
		from, where := b.plainRows(s)
		if b.Postgres != nil {
			var err error
			if from, err = b.postgresRows(s, b.Job.Tables[s.entry].Where); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name(), err)
			}
			where = redshift.SQL{} // it is within
		}
		query, computed := s.mask.Sample(from, where, rows)
		out = append(out, PreviewTable{
			Source: s.name(), Target: s.target.String(), Columns: s.moved, Masks: s.masks, Mask: s.mask, Rows: query, Computed: computed,
		})
	}
	return out, nil
}
