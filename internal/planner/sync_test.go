package planner

import (
	"slices"
	"testing"

	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// syncInput is a job that keeps sales.orders in step, which the target has; its statistics are off by a quarter.
func syncInput(t *testing.T, entry job.Table) Input {
	t.Helper()
	in := input(t)
	orders := table(t, "sales.orders", column(t, "order_id", "bigint"), column(t, "note", "varchar(200)"), column(t, "changed", "timestamp"))
	orders.Columns[0].NotNull, orders.Columns[2].NotNull = true, true
	in.Source = catalog(orders)
	entry.Select.Text = "sales.orders"
	in.Job.Tables = []job.Table{entry}
	in.target("sales.orders", func(d *redshift.TableDef) { d.Owner, d.StatisticsOff, d.EstimatedRows = "ETL", 25, 1000 })
	in.Target.Ledger, in.Target.Schemas[redshift.Ledger.Schema] = true, true
	return in
}

// synced is the plan of a sync that moves rows changed on one day, after one that came to the day before.
func synced(t *testing.T, in Input, change func(*delta.Change)) *plan.Plan {
	t.Helper()
	y, err := NewSync(in, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(y.Tables) != 1 || y.Tables[0].Err != nil {
		t.Fatalf("%+v", y.Tables)
	}
	was := y.Tables[0].Next
	was.Run, was.Watermark = "20261120T101500Z-7f3a", "2026-11-20 00:00:00"
	c := delta.Change{Was: was, Cursor: y.Tables[0].Next}
	c.Cursor.Watermark, c.Cursor.Seen = "2026-11-21 00:00:00", "1:2:3;"
	if !y.Tables[0].Spec.Since.Name.IsZero() {
		c.Window, c.Later = delta.Window{Low: was.Watermark, High: c.Cursor.Watermark}, y.Tables[0].Spec.Later
	}
	if change != nil {
		change(&c)
	}
	p, err := y.Plan(map[string]delta.Change{"sales.orders": c}, true)
	if err != nil || p == nil {
		t.Fatal(p, err, y.Tables[0].Err)
	}
	return p
}

// The statements of each mode of a sync, as a person reads them in sync --plan --sql.
func TestSyncPlansAreAsReviewed(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]job.Table{
		"sync-append":  {Mode: "append", Since: "changed"},
		"sync-merge":   {Mode: "merge", Key: []string{"order_id"}, Since: "changed", Lookback: "1h"},
		"sync-mirror":  {Mode: "mirror", Key: []string{"order_id"}, Since: "changed"},
		"sync-replace": {Mode: "replace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, render(synced(t, syncInput(t, entry), nil)))
		})
	}
}

// A table is analysed where it is needed and may be: between the load and the publish, in a transaction of its own.
func TestTargetsAreAnalysedWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	merge := job.Table{Mode: "merge", Key: []string{"order_id"}, Since: "changed"}
	have := func(change func(*redshift.TableDef)) func(*Input) {
		return func(in *Input) { change(&in.Target.Tables[0]) }
	}
	for name, c := range map[string]struct {
		entry    job.Table
		change   func(*Input)
		window   func(*delta.Change)
		analysed bool
	}{
		"merged into":              {merge, nil, nil, true},
		"appended to":              {job.Table{Mode: "append", Since: "changed"}, nil, nil, true},
		"appended to by a key":     {job.Table{Mode: "append", Key: []string{"order_id"}, Since: "changed"}, nil, nil, true},
		"mirrored":                 {job.Table{Mode: "mirror", Key: []string{"order_id"}}, nil, nil, true},
		"off by a tenth":           {merge, have(func(d *redshift.TableDef) { d.StatisticsOff = 10 }), nil, true},
		"off by less than a tenth": {merge, have(func(d *redshift.TableDef) { d.StatisticsOff = 9.99 }), nil, false},
		"somebody else's":          {merge, have(func(d *redshift.TableDef) { d.Owner = "somebody" }), nil, false},
		"of a job that says never": {merge, func(in *Input) { in.Job.Defaults.Analyze = "never" }, nil, false},
		"of a job that says auto":  {merge, func(in *Input) { in.Job.Defaults.Analyze = "auto" }, nil, true},
		"not there yet":            {merge, func(in *Input) { in.Target.Tables = nil }, nil, false},
		"empty":                    {job.Table{Mode: "append", Since: "changed"}, have(func(d *redshift.TableDef) { d.EstimatedRows = 0 }), func(c *delta.Change) { c.First = true }, false},
		"swapped":                  {job.Table{Mode: "replace"}, nil, nil, false},
		"exchanged": {job.Table{Mode: "replace"}, have(func(d *redshift.TableDef) {
			d.Dependents = []redshift.Dependent{{Kind: "view", Name: "sales.v_daily"}}
		}), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := syncInput(t, c.entry)
			if c.change != nil {
				c.change(&in)
			}
			steps := synced(t, in, c.window).Tables[0].Steps
			var kinds []plan.Kind
			for _, s := range steps {
				kinds = append(kinds, s.Kind)
			}
			want := []plan.Kind{plan.Unload, plan.Check, plan.Load, plan.Publish, plan.Empty}
			if c.analysed {
				want = slices.Insert(want, 3, plan.Analyze)
			}
			if !slices.Equal(kinds, want) {
				t.Fatalf("steps %v, want %v", kinds, want)
			}
			for _, s := range steps {
				for _, st := range s.Statements {
					if analyses := st.SQL.String() == `ANALYZE "sales"."orders"`; analyses != (s.Kind == plan.Analyze && st.Role == plan.Execute) {
						t.Errorf("%s: %s", s.ID, st.SQL)
					}
				}
			}
		})
	}
}

// What a copy moves is not analysed: its tables are new, or somebody else keeps them.
func TestCopiesAreNotAnalysed(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"append", "merge"} {
		in := syncInput(t, job.Table{Mode: mode, Key: []string{"order_id"}})
		if mode == "append" {
			in.Job.Tables[0].Key = nil
		}
		p, err := Build(in)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(p.Tables[0].Steps, func(s plan.Step) bool { return s.Kind == plan.Analyze }) {
			t.Errorf("%s of a copy has a step that analyses", mode)
		}
	}
}
