package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

func (a *app) copyCommand() *cobra.Command {
	var patterns []string
	var force bool
	cmd := &cobra.Command{
		Use:   "copy JOB|PLAN",
		Short: "Copy tables from one warehouse to the other, and print the receipt",
		Long: `Copy the tables of JOB, or carry out a PLAN that sealift plan -o has kept. Each table is
unloaded under the job's KMS key, checked, copied into a shadow, compared with the source, and
published whole, in one transaction. A table that fails leaves its target as it was and does not
stop the others.

The receipt goes to stdout, progress to stderr. Plan, journal and receipt are kept: see sealift
runs. The first Ctrl-C begins nothing new, gives what is running 30 seconds, cancels what is
left in the warehouses, and removes what was staged for tables that are not published (unless
stage.keep says otherwise). The second ends at once. Both are safe, as is kill -9 or a lost
machine: sealift resume goes on, here or elsewhere.

One run at a time writes a target. --force takes the target from a run that holds it, and says
from which; that run cannot publish any more. Runs see each other in the stage: of two jobs whose
stages differ, the one that began last publishes, and the other ends.

Exit codes: 0 every table is published and verified; 1 failed; 2 wrong usage or invalid job; 3
some tables failed, their targets are untouched; 4 the plan is stale; 5 another run holds the
target; 130 interrupted, tables that were not published are untouched. After 3 and 130, what to do
next is printed: the command that goes on with the run, or that it has to be begun anew.`,
		Example: `  sealift copy prod-to-dev.yaml
  sealift copy prod-to-dev.plan.json --only sales.orders --only 'crm.*' --json`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB or PLAN"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			return a.copy(ctx, args[0], patterns, force)
		}),
	}
	cmd.Flags().StringArrayVar(&patterns, "only", nil, "copy only this `TABLE` of the job or plan, or those of a pattern;\ncan be repeated")
	forceFlag(cmd, &force)
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

func forceFlag(cmd *cobra.Command, force *bool) {
	cmd.Flags().BoolVar(force, "force", false, "take the target from a run that holds it")
}

// needState refuses to work where nothing can be written down.
func (a *app) needState() error {
	if a.stateDir == "" {
		return hint.Usage(hint.With(fmt.Errorf("no place to keep the run in: HOME is not set"), "name one: --state-dir FOLDER or s3://BUCKET/PREFIX"))
	}
	return nil
}

func (a *app) copy(ctx context.Context, file string, patterns []string, force bool) error {
	if err := a.needState(); err != nil {
		return err
	}
	p, fresh, err := a.planToRun(ctx, file, patterns)
	if err != nil {
		return err
	}
	return a.carryOut(ctx, a.newProgress(p), func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
		o.Fresh, o.Force = fresh, force
		return sealift.Copy(ctx, p, o)
	})
}

// carryOut does a run's work in sight of whoever waits for it, and answers with the receipt.
func (a *app) carryOut(ctx context.Context, progress *progress, work func(context.Context, sealift.Options) (*receipt.Receipt, error)) error {
	r, err := a.carry(ctx, progress, work)
	if err != nil {
		return err
	}
	if err := a.showReceipt(r, a.whereRun(r.Run)); err != nil {
		return err
	}
	return outcome(r)
}

// carry does a run's work in sight of whoever waits for it.
func (a *app) carry(ctx context.Context, progress *progress, work func(context.Context, sealift.Options) (*receipt.Receipt, error)) (*receipt.Receipt, error) {
	ctx, stop, release := a.stoppable(ctx, grace)
	defer release()
	progress.stopsBy(stop)
	o := a.options()
	o.Stop, o.Progress = stop, func(e journal.Entry) {
		if e.Type == journal.Begin || e.Type == journal.Resume {
			a.running.Store(&underWay{cmp.Or(e.Run, progress.run), progress.once})
		}
		if e.Facts != nil && e.Facts.Overrode != "" && !strings.HasPrefix(e.Facts.Overrode, "run "+progress.run+" ") {
			a.say("took the target over from %s", e.Facts.Overrode)
		}
		progress.entry(e)
	}
	r, err := work(ctx, o)
	progress.close()
	return r, interrupted(ctx, err)
}

// options are what all verbs have in common.
func (a *app) options() sealift.Options {
	return sealift.Options{StateDir: a.stateDir, Log: a.log, Address: a.address, AllowWideDoor: a.wideDoor}
}

// doorFlags gives a command what concerns doors.
func (a *app) doorFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.address, "address", "", "the `ADDRESS` that a door lets in (default: as the job says)")
	cmd.Flags().BoolVar(&a.wideDoor, "allow-wide-door", false, "let a door open for more than one address")
}

// whereRun is where a run is kept.
func (a *app) whereRun(id string) string {
	if strings.HasPrefix(a.stateDir, "s3://") {
		place, _, _ := strings.Cut(a.stateDir, "?")
		return strings.TrimSuffix(place, "/") + "/runs/" + id
	}
	return filepath.Join(a.stateDir, "runs", id)
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
