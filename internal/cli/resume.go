package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/receipt"
)

func (a *app) resumeCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was killed, interrupted, or did not move every table",
		Long: `Go on with a run where its journal ends: on the machine that it began on, or on any other that
sees the place where runs are kept.

What a run was doing when it died is found out, not guessed: its sessions are ended in the
warehouses, and the marker in the target's ledger tells whether a publish happened. Tables that
are published are not touched again. Staged data is used again if it is still as it was checked.
A table whose definition has changed since the plan was made makes the plan stale.

A run that died a moment ago may still hold the target: on its own machine it is known to be
dead, elsewhere its lease runs out in two minutes, or --force takes it.

RUN is a run's id, the beginning of one, or last. A run with nothing left to do is said to be
done.

Exit codes: 0 every table is published and verified; 1 failed; 2 wrong usage; 3 some tables
failed, their targets are untouched; 4 the plan is stale; 5 another run holds the target, or
another process is at work on this one; 130 interrupted.`,
		Example: `  sealift resume last
  sealift resume 20261121T101500Z-7f3a --state-dir s3://corp-sealift/state`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("RUN"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.completeRun(args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: a.run(func(ctx context.Context, args []string) error {
			return a.resume(ctx, args[0], force)
		}),
	}
	forceFlag(cmd, &force)
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) resume(ctx context.Context, id string, force bool) error {
	if err := a.needState(); err != nil {
		return err
	}
	run, err := sealift.OpenRun(ctx, a.stateDir, id)
	if err != nil {
		return err
	}
	if run.Journal.Torn {
		a.say("the journal's last line was cut short, as a crash while writing leaves it; it is cut off, and nothing was done because of it")
	}
	progress := a.newProgress(run.Plan)
	progress.resumed(run.ID, run.Receipt.Tables)
	return a.carryOut(ctx, progress, func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
		o.Force = force
		r, resumed, err := sealift.Resume(ctx, run.ID, o)
		if err == nil && !resumed {
			a.say("nothing to do: run %s is done, every table is published and verified", run.ID)
		}
		return r, hint.With(err, "see what it did: sealift show "+run.ID)
	})
}
