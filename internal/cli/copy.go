package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

func (a *app) copyCommand() *cobra.Command {
	var patterns []string
	cmd := &cobra.Command{
		Use:   "copy JOB|PLAN",
		Short: "Copy tables from one warehouse to the other, and print the receipt",
		Long: `Copy the tables of JOB, or carry out a PLAN that sealift plan -o has kept. Each table is
unloaded under the job's KMS key, checked, copied into a shadow, compared with the source, and
published whole, in one transaction. A table that fails leaves its target as it was and does not
stop the others.

The receipt goes to stdout, progress to stderr. Plan, journal and receipt stay in the state
folder: see sealift runs. The first Ctrl-C stops after the current step of each table, the
second at once; both are safe.

Exit codes: 0 every table is published and verified; 1 failed; 2 wrong usage or invalid job; 3
some tables failed, their targets are untouched; 4 the plan is stale; 130 interrupted, tables
that were not published are untouched.`,
		Example: `  sealift copy prod-to-dev.yaml
  sealift copy prod-to-dev.plan.json --only sales.orders --only 'crm.*' --json`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB or PLAN"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			return a.copy(ctx, args[0], patterns)
		}),
	}
	cmd.Flags().StringArrayVar(&patterns, "only", nil, "copy only this `TABLE` of the job or plan, or those of a pattern;\ncan be repeated")
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) copy(ctx context.Context, file string, patterns []string) error {
	if a.stateDir == "" {
		return usageError{hint.With(fmt.Errorf("no folder to keep the run in: HOME is not set"), "name one: --state-dir DIR")}
	}
	p, fresh, err := a.planToRun(ctx, file, patterns)
	if err != nil {
		return err
	}
	ctx, stop, release := a.stoppable(ctx, grace)
	defer release()
	progress := a.newProgress(p)
	r, err := sealift.Copy(ctx, p, sealift.Options{
		StateDir: a.stateDir, Log: a.log, Progress: progress.entry, Stop: stop, Fresh: fresh,
	})
	progress.close()
	if err != nil {
		return interrupted(ctx, err)
	}
	if err := a.showReceipt(r, filepath.Join(a.stateDir, "runs", r.Run)); err != nil {
		return err
	}
	return outcome(r)
}

// planToRun makes or reads the plan. Nothing has been changed yet, so this may be left at any point.
func (a *app) planToRun(ctx context.Context, file string, patterns []string) (*plan.Plan, bool, error) {
	defer frugal()()
	ctx, release := a.cancellable(ctx)
	defer release()
	p, fresh, err := a.planOf(ctx, file)
	if err != nil {
		return nil, false, interrupted(ctx, err)
	}
	p, err = only(p, patterns)
	return p, fresh, err
}

// showReceipt answers with the receipt of a run that is kept in folder.
func (a *app) showReceipt(r *receipt.Receipt, folder string) error {
	if a.json {
		text, err := r.Encode()
		if err != nil {
			return err
		}
		return a.answer(string(text))
	}
	return a.answer(r.Text(receipt.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, Folder: a.home(folder)}))
}

// home shortens a path in the home folder.
func (a *app) home(path string) string {
	if rest, err := filepath.Rel(a.env("HOME"), path); err == nil && a.env("HOME") != "" && filepath.IsLocal(rest) {
		return filepath.Join("~", rest)
	}
	return path
}

// outcome is the error, and so the exit code, that a receipt stands for.
func outcome(r *receipt.Receipt) error {
	n := r.Counts()
	switch {
	case r.Outcome == receipt.Verified:
		return nil
	case r.Outcome == receipt.Interrupted:
		return told{errInterrupted}
	case n[receipt.Verified] < len(r.Tables):
		return told{errTablesFailed}
	default:
		return told{fmt.Errorf("run %s left something undone", r.Run)}
	}
}
