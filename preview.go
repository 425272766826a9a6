package sealift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// Preview is some rows of a table of a job with masks.
type Preview struct {
	Source string      `json:"source"`
	Target string      `json:"target"`
	Masks  []plan.Mask `json:"masks"`
	// After are the rows as they come out, by the columns in their order; nil is NULL. Before are the same rows as they are: somebody's
	// data, which is in no JSON.
	After  [][]*string `json:"rows"`
	Before [][]*string `json:"-"`
	// Unknown are columns whose values only the warehouse can compute, and why. They are NULL in After.
	Unknown map[string]string `json:"unknown,omitempty"`
}

// PreviewMasks reads some rows of every table that a job masks, and masks them in this process; expressions are computed where the rows are.
// Nothing is changed, staged or kept.
func PreviewMasks(ctx context.Context, j *job.Job, rows int, o Options) ([]Preview, error) {
	if j.Masking == nil {
		return nil, hint.Usage(errors.New("the job masks nothing: it has no masking"))
	}
	in := planner.Input{Job: j, Now: time.Now(), Queries: make(map[int][]redshift.Column)}
	keys, err := addMasking(ctx, &in)
	if err != nil {
		return nil, err
	}
	in.Target = &redshift.Catalog{}
	if j.Source.Postgres != "" {
		return previewPostgres(ctx, in, keys, rows, o)
	}
	both, err := meet(ctx, planner.Warehouse(j.Source), plan.Warehouse{}, application, o)
	if err != nil {
		return nil, err
	}
	var out []Preview
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.source, func(s *connect.Session) (err error) {
			if in.Source, err = readCatalog(ctx, both.source, s); err == nil {
				err = describeQueries(ctx, s, &in)
			}
			if err == nil {
				out, err = preview(ctx, s, in, keys, rows)
			}
			return err
		})
	})
	return out, err
}

// previewPostgres is PreviewMasks of a server's tables.
func previewPostgres(ctx context.Context, in planner.Input, keys mask.Keys, rows int, o Options) (out []Preview, err error) {
	in.Postgres = &planner.Postgres{Slices: 1}
	p, err := openPostgres(ctx, planner.Warehouse(in.Job.Source), 1, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	if err := readPostgres(ctx, p, &in); err != nil {
		return nil, err
	}
	return preview(ctx, p, in, keys, rows)
}

// preview reads rows, and masks them.
func preview(ctx context.Context, source redshift.Querier, in planner.Input, keys mask.Keys, rows int) (out []Preview, err error) {
	tables, err := planner.Preview(in, rows)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		masker, unknown, err := t.Mask.Preview(keys)
		if err != nil {
			return nil, err
		}
		p := Preview{Source: t.Source, Target: t.Target, Masks: t.Masks, Unknown: unknown}
		for _, at := range t.Computed {
			delete(unknown, t.Columns[at].Name.String())
		}
		err = source.Query(ctx, t.Rows, func(row []*string) error {
			row, computed := row[:len(t.Columns)], row[len(t.Columns):]
			before := make([]*string, len(row))
			raw := make([][]byte, len(row))
			for i, v := range row {
				if v != nil {
					before[i], raw[i] = new(*v), []byte(*v)
				}
			}
			masked, err := masker.Row(raw)
			if err != nil {
				return err
			}
			after := make([]*string, len(masked))
			for i, v := range masked {
				if v != nil {
					after[i] = new(string(v))
				}
			}
			for i, at := range t.Computed {
				if computed[i] != nil {
					after[at] = new(*computed[i])
				}
			}
			p.Before, p.After = append(p.Before, before), append(p.After, after)
			return nil
		})
		if err != nil {
			return nil, hint.With(fmt.Errorf("read rows of %s: %w", t.Source, err), redshift.HintFor(err))
		}
		out = append(out, p)
	}
	return out, nil
}
