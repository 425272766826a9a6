package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Compare makes a plan that moves nothing: its tables have no steps, only what is needed to compare them. It reads nothing
// of the target's catalog, because whatever is there is what is compared, and needs no stage.
func Compare(in Input) (*plan.Plan, error) {
	in.Target = &redshift.Catalog{CaseSensitive: in.Source.CaseSensitive} // else a run would not have been planned either
	b := newBuilder(in)
	p := b.newPlan()
	if in.Job.Masking != nil {
		return nil, hint.Usage(errors.New("rows of a job with masks can be compared only where the keys are, which is in its runs: each compares what it publishes with the masked rows of the source"))
	}
	if in.Job.Subset != nil {
		return nil, hint.Usage(errors.New("the rows of a subset are known only in its runs: each compares what it publishes with the rows that it chose"))
	}
	b.chosen = b.choose()
	for i, s := range b.chosen {
		s.index = i
		b.definition(s)
		b.condition(s)
	}
	if len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	for _, s := range b.chosen {
		t := b.newTable(s)
		p.Tables = append(p.Tables, plan.Table{
			Source: s.name(), Target: s.target.String(), Mode: s.mode,
			Digest: redshift.Layout(s.moved), Rows: t.rows(), Key: s.key,
		})
	}
	return p, p.Seal()
}

// rowKey is what tells a table's rows apart: the key that the job names, or the source's primary key.
func (b *builder) rowKey(s *selection) []string {
	if named := b.Job.Tables[s.entry].Key; len(named) > 0 {
		return b.keyColumns(s, fmt.Sprintf("tables[%d].key", s.entry), named)
	}
	if s.want.PrimaryKey == nil {
		return nil
	}
	key := make([]string, len(s.want.PrimaryKey.Columns))
	for i, c := range s.want.PrimaryKey.Columns {
		key[i] = c.String()
	}
	return key
}

// keyColumns are the columns that somebody named as the key.
func (b *builder) keyColumns(s *selection, field string, named []string) []string {
	key := make([]string, 0, len(named))
	for _, name := range named {
		i := slices.IndexFunc(s.moved, func(c redshift.Column) bool { return c.Name.String() == name })
		if i < 0 {
			i = slices.IndexFunc(s.moved, func(c redshift.Column) bool { return c.Name.String() == strings.ToLower(name) })
		}
		if i < 0 {
			b.mistake(s.pos, field, "%s moves no column %s", s.name(), name)
			continue
		}
		key = append(key, s.moved[i].Name.String())
	}
	return key
}
