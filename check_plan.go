package sealift

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/grants"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// masks reads the policies of the job, and derives the keys.
func (c *checker) masks(ctx context.Context) []check.Result {
	c.masked.Job = c.job
	if _, err := addMasking(ctx, &c.masked); err != nil {
		return one(check.Bad(err, "policies and key of the masks"))
	}
	return one(check.Good("%s of masks, and their key %s", show.Plural(int64(len(c.masked.Policies)), "policy"), cmp.Or(c.masked.KeyID, "of each run")))
}

// plan decides what a run would do, from what was read, and keeps what that takes of the users.
func (c *checker) plan(context.Context) []check.Result {
	if len(c.job.Tables) == 0 {
		c.moves = fileMoves(c.job, c.sides[0].catalog)
		return nil
	}
	source, target := c.sides[0], c.sides[1]
	j := *planner.Folded(c.job, source.catalog, target.catalog)
	queries := make(map[int][]redshift.Column)
	tables := j.Tables
	j.Tables = nil
	for i, t := range tables {
		if mode := cmp.Or(t.Mode, j.Defaults.Mode); mode == "mirror" || mode == "history" {
			c.moves = append(c.moves, syncMoves(&j, t, mode, source.catalog, target.catalog)...)
			continue // a copy has no such mode
		}
		if !source.broken[i] {
			if columns, ok := source.queries[i]; ok {
				queries[len(j.Tables)] = columns
			}
			j.Tables = append(j.Tables, t)
		}
	}
	place := c.place
	place.KMSKeyARN = c.keyARN
	p, err := planner.Build(planner.Input{
		Job: &j, Source: source.catalog, Target: target.catalog, Queries: queries, Stage: place, Nonce: randomHex(8), Now: time.Now(),
		Policies: c.masked.Policies, Dictionaries: c.masked.Dictionaries, KeyID: c.masked.KeyID,
	})
	if mistakes, ok := errors.AsType[job.Errors](err); ok {
		var results []check.Result
		for _, m := range mistakes {
			results = append(results, check.Bad(nil, "%s", m.Error()))
		}
		return results
	}
	if err != nil {
		return one(check.Bad(err, "a plan"))
	}
	c.moves = append(c.moves, tableMoves(&j, p, source.catalog, target.catalog)...)
	return one(check.Good("%s can be planned, and the names are free", show.Plural(int64(len(c.moves)), "table")))
}

// tableMoves is what a plan takes of the users.
func tableMoves(j *job.Job, p *plan.Plan, source, target *redshift.Catalog) []check.Move {
	to := make(map[redshift.Table]redshift.Table)
	var moves []check.Move
	synced := grants.Synced(j)
	for i := range p.Tables {
		t := &p.Tables[i]
		m := check.Move{Method: t.Method}
		if synced && m.Method == plan.Append {
			m.Method = plan.InsertNew // where the job has a key, which the plan of a copy does not tell
		}
		m.Target, _ = redshift.ParseTable(t.Target)                          // the planner's own writing
		if m.Source, _ = redshift.ParseTable(t.Source); !m.Source.IsZero() { // a query is none
			to[m.Source] = m.Target
		}
		for _, s := range t.Steps {
			m.Owned = m.Owned || t.Method == plan.Create && slices.ContainsFunc(s.Statements, func(st plan.Statement) bool {
				return redshift.GivesAway(st.SQL)
			})
		}
		moves = append(moves, m)
	}
	for i := range moves {
		m := &moves[i]
		def := source.Table(m.Source)
		if def == nil || m.Method != plan.Create && m.Method != plan.Swap {
			continue
		}
		for _, fk := range def.ForeignKeys {
			ref := cmp.Or(to[fk.RefTable], fk.RefTable)
			if target.Table(ref) != nil && !slices.ContainsFunc(moves, func(o check.Move) bool { return o.Target == ref && (o.Method == plan.Create || o.Method == plan.Swap) }) {
				m.Refers = append(m.Refers, ref)
			}
		}
	}
	return moves
}

// syncMoves is what a sync takes of the users for one entry.
func syncMoves(j *job.Job, t job.Table, mode string, source, target *redshift.Catalog) (moves []check.Move) {
	for _, def := range source.Sorted() {
		if !t.Select.Match(def.Schema.String(), def.Name.String()) || slices.ContainsFunc(j.Exclude, func(p job.Pattern) bool { return p.Match(def.Schema.String(), def.Name.String()) }) {
			continue
		}
		to, err := planner.TargetName(t.As, def.Table)
		if err != nil {
			continue // the job's parser has seen to that
		}
		m := check.Move{Source: def.Table, Target: to, Method: plan.Create, Alters: cmp.Or(t.OnSchemaChange, j.Defaults.OnSchemaChange) == "evolve"}
		if target.Table(to) != nil {
			m.Method = map[string]plan.Method{"mirror": plan.Mirror, "history": plan.History}[mode]
		}
		moves = append(moves, m)
	}
	return moves
}

// fileMoves is what a load of a job's files takes of the user, as far as that goes without reading them.
func fileMoves(j *job.Job, target *redshift.Catalog) []check.Move {
	var moves []check.Move
	for i := range j.Files {
		f := &j.Files[i]
		t, err := redshift.ParseTable(f.As)
		if err != nil {
			continue // the job's parser has seen to that
		}
		m := check.Move{Target: t, Method: plan.Create}
		if have := target.Table(t); have != nil {
			switch cmp.Or(f.Mode, j.Defaults.Mode) {
			case "append":
				m.Method = plan.Append
			case "merge":
				m.Method = plan.Merge
			case "replace":
				m.Method = plan.Swap
				if len(have.Dependents) > 0 {
					m.Method = plan.DeleteInsert
				}
			default:
				m.Method = plan.Fill
			}
		}
		moves = append(moves, m)
	}
	return moves
}
