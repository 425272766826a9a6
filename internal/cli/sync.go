package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// syncFlags are what the command line says about a sync.
type syncFlags struct {
	full        bool
	from, until string
	only        []string
	plan, sql   bool
	every       time.Duration
	force       bool
}

func (a *app) syncCommand() *cobra.Command {
	var f syncFlags
	cmd := &cobra.Command{
		Use:   "sync JOB",
		Short: "Move only what is new since the last sync, and print the receipt",
		Long: `Move what is new in the tables of JOB since they were synced last: rows above the greatest value
of the column that since names. Each table's mode says what becomes of them: append (the rows are
added; with a key, those that are not there), merge (they take the place of those with their key),
mirror (and rows that are gone from the source go), history (every version of a row is kept, with
valid_from, valid_to and is_current), or replace (the table is moved anew when it has changed).
The first sync makes schemas and tables and moves everything.

Of files that keep arriving (files in JOB) each is loaded once, by its name, size and version. Those
that were replaced after they were loaded, or are gone, are named; the others are loaded.

Each table is whole or untouched, as with sealift copy, and how far it has come is written in the
transaction that publishes it, in the target: any machine goes on. Where nothing is new, nothing is
staged. A table that cannot be synced is named and stays as it is; the others go on.

--every syncs again and again until it is interrupted. A sync that finds another at work leaves
it to that one.

Exit codes: 0 every table is in step; 1 failed; 2 wrong usage or invalid job; 3 some tables are
not; 5 another run holds the target; 130 interrupted.`,
		Example: `  sealift sync warehouse.yaml
  sealift sync warehouse.yaml --only 'sales.*' --every 15m`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB"),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.only, "only", nil, "sync only this `TABLE` of the target, or those of a pattern;\ncan be repeated")
	flags.BoolVar(&f.full, "full-refresh", false, "move the tables anew, as if nothing had been synced")
	flags.StringVar(&f.from, "from", "", "move what is above this `VALUE` of since, whatever was synced before")
	flags.StringVar(&f.until, "until", "", "move nothing above this `VALUE` of since")
	flags.BoolVar(&f.plan, "plan", false, "print what would be done and stop; nothing is changed")
	flags.BoolVar(&f.sql, "sql", false, "with --plan: every statement too, in order")
	flags.DurationVar(&f.every, "every", 0, "sync again after this `TIME`, as 15m, until interrupted")
	forceFlag(cmd, &f.force)
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := notEmpty(cmd, "from", "until"); err != nil {
			return err
		}
		if f.full && f.from != "" {
			return hint.Usage(errors.New("--full-refresh moves everything, --from what is above a value: say one of them"))
		}
		if flags.Changed("every") {
			return a.syncEvery(ctx, args[0], f)
		}
		return a.sync(ctx, args[0], f)
	})
	return cmd
}

// syncAnswer is the JSON form of a sync; see docs/output.md.
type syncAnswer struct {
	Version int                    `json:"version"`
	Tables  []sealift.SyncingTable `json:"tables"`
	Receipt *receipt.Receipt       `json:"receipt"` // of the tables; null where nothing was new
	Files   []syncedFiles          `json:"files,omitempty"`

	plan *plan.Plan
}

// syncPlanAnswer is the JSON form of sync --plan; see docs/output.md.
type syncPlanAnswer struct {
	Version int                    `json:"version"`
	Tables  []sealift.SyncingTable `json:"tables"`
	Plan    *plan.Plan             `json:"plan"`
	Files   []plannedFiles         `json:"files,omitempty"`
}

func (s syncAnswer) planned() syncPlanAnswer {
	p := syncPlanAnswer{Version: s.Version, Tables: s.Tables, Plan: s.plan}
	for _, f := range s.Files {
		p.Files = append(p.Files, plannedFiles{f.SyncingFiles, f.Plan})
	}
	return p
}

// sync brings what a job names in step: its tables in one run, then the files of each table in a run of their own. What becomes of one
// does not stop the others.
func (a *app) sync(ctx context.Context, file string, f syncFlags) error {
	if err := a.needState(); err != nil && !f.plan {
		return err
	}
	j, patterns, err := a.syncJob(ctx, file, f)
	if err != nil {
		return err
	}
	answer := syncAnswer{Version: 1, Tables: []sealift.SyncingTable{}}
	var worst error
	failed := func(err error) error { return a.goOn(ctx, &worst, err) }
	sets := wantedFiles(j, patterns)
	if len(j.Tables) > 0 {
		err := a.syncTables(ctx, j, patterns, f, &answer)
		if errors.Is(err, plan.ErrNothingLeft) {
			if err = nil; len(sets) == 0 {
				return nothingSelected(f)
			}
		}
		if err := failed(err); err != nil {
			return err
		}
	} else if len(sets) == 0 {
		return nothingSelected(f)
	}
	if len(sets) > 0 {
		if err := a.syncFiles(ctx, j, sets, f, &answer, failed); err != nil {
			return err
		}
	}
	switch {
	case a.json && f.plan:
		err = a.answerJSON(answer.planned())
	case a.json:
		err = a.answerJSON(answer)
	}
	return cmp.Or(err, worst)
}

func nothingSelected(f syncFlags) error {
	return hint.Usage(fmt.Errorf("--only %s selects no table of the job", strings.Join(f.only, " ")))
}

// syncJob reads a job, and what --only selects of it.
func (a *app) syncJob(ctx context.Context, file string, f syncFlags) (*job.Job, []job.Pattern, error) {
	text, err := a.readFile(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	j, err := job.Parse(file, text, a.Env)
	if err != nil {
		return nil, nil, err
	}
	patterns, err := onlyPatterns(f.only)
	return j, patterns, err
}

// syncTables brings the tables of a job in step.
func (a *app) syncTables(ctx context.Context, j *job.Job, patterns []job.Pattern, f syncFlags, answer *syncAnswer) (err error) {
	y, err := a.planSync(ctx, j, patterns, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, y.Close(context.WithoutCancel(ctx))) }()
	if f.plan {
		answer.Tables, answer.plan = y.Tables, y.Plan
		return a.answerSyncPlan(y, f.sql)
	}
	stopped := 0
	for _, t := range y.Tables {
		switch {
		case t.Error != "":
			stopped++
			a.say("%s is not synced: %s", t.Target, t.Error)
			if t.Hint != "" {
				a.say("  %s", t.Hint)
			}
		case len(t.Altered) > 0 && !t.Unchanged:
			a.say("%s: %s", t.Target, strings.Join(t.Altered, ", "))
		}
		if t.Warning != "" {
			a.say("warning: %s: %s", t.Target, t.Warning)
		}
	}
	var r *receipt.Receipt
	if y.Plan != nil {
		r, err = a.carry(ctx, a.newProgress(y.Plan), func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
			o.Fresh, o.Force = true, f.force
			return sealift.Sync(ctx, y, o)
		})
		if err != nil {
			return err
		}
	}
	answer.Tables, answer.Receipt = y.Tables, r
	if err := a.answerSync(y, r); err != nil {
		return err
	}
	if r != nil {
		err = outcome(r)
	}
	if err == nil && stopped > 0 {
		err = told{errTablesFailed}
	}
	return err
}

// planSync finds out what is new. Nothing has been changed yet, so this may be left at any point.
func (a *app) planSync(ctx context.Context, j *job.Job, patterns []job.Pattern, f syncFlags) (*sealift.Syncing, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	q := f.request()
	if len(patterns) > 0 {
		q.Only = func(target string) bool { return matches(patterns, target) }
	}
	y, err := sealift.PlanSync(ctx, j, q, a.options())
	return y, interrupted(ctx, err)
}

func (f syncFlags) request() sealift.SyncRequest {
	return sealift.SyncRequest{Full: f.full, From: f.from, Until: f.until}
}

func matches(patterns []job.Pattern, target string) bool {
	for _, p := range patterns {
		if p.MatchTable(target) {
			return true
		}
	}
	return false
}

func (a *app) answerSyncPlan(y *sealift.Syncing, sql bool) error {
	if a.json {
		return nil
	}
	text := a.tablesToSync(y.Tables)
	if y.Plan != nil {
		text += "\n" + y.Plan.Text(plan.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, SQL: sql})
	}
	return a.answer(text)
}

// tablesToSync is what is known of each table, for people.
func (a *app) tablesToSync(tables []sealift.SyncingTable) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	grid := &show.Grid{Columns: []show.Column{{Head: "table"}, {Head: "mode"}, {Head: "since"}, {Head: "from"}, {Head: "to"}, {Head: ""}}}
	for _, t := range tables {
		what, colour := "to be moved", show.Plain
		switch {
		case t.Error != "":
			what, colour = "not synced: "+t.Error, show.Red
		case t.Unchanged:
			what = "nothing new"
		case len(t.Altered) > 0:
			what += "; " + strings.Join(t.Altered, ", ")
		}
		if t.Warning != "" {
			what, colour = what+"; warning: "+t.Warning, show.Yellow
		}
		grid.AddCells(show.Cell{Text: t.Target}, show.Cell{Text: t.Mode}, show.Cell{Text: t.Since}, show.Cell{Text: t.From}, show.Cell{Text: t.Watermark}, show.Cell{Text: what, Colour: colour})
	}
	page.Grid(grid)
	return page.String()
}

// answerSync answers with what became of every table, for people.
func (a *app) answerSync(y *sealift.Syncing, r *receipt.Receipt) error {
	if a.json {
		return nil
	}
	unchanged := int64(0)
	for _, t := range y.Tables {
		if t.Unchanged {
			unchanged++
		}
	}
	switch {
	case r == nil && unchanged == 0:
		return nil // why is said already
	case r == nil:
		return a.answer(fmt.Sprintf("nothing is new in %s\n", show.Plural(unchanged, "table")))
	}
	text := r.Text(receipt.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, Folder: a.home(a.whereRun(r.Run))})
	if unchanged > 0 {
		text += fmt.Sprintf("\nnothing is new in %s\n", show.Plural(unchanged, "other table"))
	}
	return a.answer(text)
}

// syncEvery syncs again and again.
func (a *app) syncEvery(ctx context.Context, file string, f syncFlags) error {
	if f.every < time.Second {
		return hint.Usage(fmt.Errorf("--every %s is too often; say a second or more", f.every))
	}
	if f.full || f.from != "" || f.until != "" || f.plan {
		return hint.Usage(errors.New("--every goes on from where it is: --full-refresh, --from, --until and --plan are for one sync"))
	}
	return a.again(ctx, f.every, func(ctx context.Context) error { return a.sync(ctx, file, f) })
}

// again does something again and again, until it is interrupted. The times are spread by a tenth, so that many machines do not come at
// one moment; they count from the beginning, and what takes longer puts the next one off. What fails is said, and tried again at the next
// time.
func (a *app) again(ctx context.Context, every time.Duration, sync func(ctx context.Context) error) error {
	for {
		next := time.Now().Add(time.Duration(float64(every) * (0.95 + 0.1*rand.Float64()))) //nolint:gosec // nobody gains by knowing when
		err := sync(ctx)
		switch {
		case errors.Is(err, errInterrupted) || ctx.Err() != nil:
			return err
		case a.stopped.Load(): // while a sync took its last step, which was whole all the same
			return told{errInterrupted}
		case errors.Is(err, plan.ErrHeld):
			a.say("another run holds the target; the next sync is at %s", next.UTC().Format(time.TimeOnly))
		case exitCode(err) == exitUsage: // the job would be as wrong the next time
			return err
		case err != nil && !is[told](err):
			a.report(hint.With(err, cmp.Or(hint.Of(err), "the next sync is at "+next.UTC().Format(time.TimeOnly))), exitCode(err))
		}
		wait, release := a.cancellable(ctx)
		timer := time.NewTimer(time.Until(next))
		select {
		case <-timer.C:
			release()
		case <-wait.Done():
			timer.Stop()
			release()
			return told{errInterrupted}
		}
	}
}
