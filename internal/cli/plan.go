package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

func (a *app) planCommand() *cobra.Command {
	var file string
	var sql bool
	cmd := &cobra.Command{
		Use:   "plan JOB",
		Short: "Show what a copy would do; changes nothing",
		Long: `Read both warehouses' catalogs and show what a copy of JOB would do: tables, how each is
published, differences of definitions, estimated rows and sizes. Nothing is changed anywhere.

A plan can be kept with -o, reviewed, and run later by sealift copy PLAN. It is refused then if
a definition has changed in the meantime (exit code 4). Every statement that can be run is in
it: --sql shows them. Words in double braces, such as {{prefix}}, are known only when a run gets
there.

Exit codes: 0 planned, 1 failed, 2 the job has mistakes (all are listed), 130 interrupted.`,
		Example: `  sealift plan prod-to-dev.yaml --sql
  sealift plan prod-to-dev.yaml -o prod-to-dev.plan.json`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			defer frugal()()
			ctx, release := a.cancellable(ctx)
			defer release()
			p, _, err := a.planOf(ctx, args[0])
			if err != nil {
				return interrupted(ctx, err)
			}
			if file != "" {
				if err := writeFile(file, p.Encode); err != nil {
					return err
				}
			}
			if a.json {
				return p.Encode(a.stdout)
			}
			next := fmt.Sprintf("plan %s; keep it with: sealift plan %s -o FILE, or run it with: sealift copy %s\n", p.ID, show.Argument(args[0]), show.Argument(args[0]))
			if file != "" {
				next = fmt.Sprintf("plan %s saved to %s; run it with: sealift copy %s\n", p.ID, file, show.Argument(file))
			}
			return a.answer(p.Text(plan.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, SQL: sql}) + show.Lines(next))
		}),
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "keep the plan in a `FILE`")
	cmd.Flags().BoolVar(&sql, "sql", false, "show every statement too, in order")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

// frugal keeps memory near what is in use until restore is called. A plan of ten thousand tables is a hundred megabytes,
// and planning waits for warehouses most of its time: collecting garbage more often costs little that anybody sees.
func frugal() (restore func()) {
	const percent = 20
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}

// planOf reads a file that is a plan, or a job to make one of. fresh tells that it was made just now.
func (a *app) planOf(ctx context.Context, file string) (p *plan.Plan, fresh bool, err error) {
	text, err := a.readFile(ctx, file)
	if err != nil {
		return nil, false, err
	}
	if isPlan(text) {
		p, err := plan.Decode(text)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", file, err)
		}
		return p, false, nil
	}
	j, err := a.jobOfWarehouse(file, text)
	if err != nil {
		return nil, false, err
	}
	p, err = sealift.Plan(ctx, j, a.options())
	return p, true, err
}

// jobOfTables reads a job that has tables.
func (a *app) jobOfTables(file string, text []byte) (*job.Job, error) {
	j, err := job.Parse(file, text, a.Env)
	if err == nil && len(j.Tables) == 0 {
		err = hint.With(hint.Usage(fmt.Errorf("%s has no tables, only files", show.Safe(file))), "load them with: sealift load "+show.Argument(file))
	}
	return j, err
}

// jobOfWarehouse reads a job whose tables are those of a warehouse.
func (a *app) jobOfWarehouse(file string, text []byte) (*job.Job, error) {
	j, err := a.jobOfTables(file, text)
	if err == nil && j.Source.Postgres != "" {
		err = hint.With(hint.Usage(fmt.Errorf("the source of %s is a PostgreSQL server", show.Safe(file))), "sealift sync reads such a source: sealift sync "+show.Argument(file))
	}
	return j, err
}

// isPlan tells a plan from a job: a plan is JSON with steps' fingerprints in it, a job is YAML.
func isPlan(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	var head struct {
		ID       *string          `json:"id"`
		Prologue *json.RawMessage `json:"prologue"`
	}
	return json.Unmarshal(text, &head) == nil && head.ID != nil && head.Prologue != nil
}

// only keeps the tables of a plan that the patterns select, by their name in the source or in the target.
func only(p *plan.Plan, patterns []string) (*plan.Plan, error) {
	if len(patterns) == 0 {
		return p, nil
	}
	selected, err := onlyPatterns(patterns)
	if err != nil {
		return nil, err
	}
	used := make([]bool, len(patterns))
	part, err := p.Only(func(t plan.Table) bool {
		found := false
		for i, pattern := range selected {
			if pattern.MatchTable(t.Target) || pattern.MatchTable(t.Source) {
				used[i], found = true, true
			}
		}
		return found
	})
	if i := slices.Index(used, false); i >= 0 {
		return nil, hint.With(hint.Usage(fmt.Errorf("--only %s selects no table of the plan", patterns[i])), "sealift plan lists its tables")
	}
	return part, err
}

// onlyPatterns reads what --only says.
func onlyPatterns(texts []string) ([]job.Pattern, error) {
	patterns := make([]job.Pattern, len(texts))
	for i, text := range texts {
		var err error
		if patterns[i], err = job.ParsePattern(text); err != nil {
			return nil, hint.Usage(fmt.Errorf("--only: %w", err))
		}
	}
	return patterns, nil
}
