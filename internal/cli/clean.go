package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

func (a *app) cleanCommand() *cobra.Command {
	var o sealift.CleanOptions
	cmd := &cobra.Command{
		Use:   "clean [JOB|PLAN]",
		Short: "Find and remove whatever any run left behind",
		Long: `Find what runs left and remove it: their sessions in both warehouses, shadows in the target,
staged objects with all versions, delete markers and unfinished uploads, what an unload into S3
did not finish, leases that are over, and doors: rules of security groups that let them in.
Runs are known by their ids, so this works from a machine that has no state, if a JOB or PLAN
names the warehouses and the stage. Without one, everywhere that the runs in the state folder
have been is looked at.

What belongs to a run whose lease is live is kept. So is what is younger than --older-than, unless
the run is named: a run that crashed may be resumed yet. Without what it left, it begins the tables
anew that were not published. Nothing is touched that a run of Sealift's did not mark as its own.

What is to be removed is listed on stderr first; the answer says what became of it. Sessions of
other machines' runs are found by superusers only.

Exit codes: 0 nothing is left but what is kept; 1 something could not be removed, or failed; 2
wrong usage or invalid job; 5 the run that is named is alive; 130 interrupted.`,
		Example: `  sealift clean prod-to-dev.yaml --dry-run
  sealift clean --run 20261121T101500Z-7f3a`,
		Annotations: map[string]string{"exits": "told"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return hint.Usage(fmt.Errorf("sealift clean takes at most one argument, JOB or PLAN; there %s", areThere(args)))
			}
			return nil
		},
	}
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := notEmpty(cmd, "run"); err != nil {
			return err
		}
		return a.clean(ctx, args, o)
	})
	cmd.Flags().StringVar(&o.Run, "run", "", "only what this `RUN` left, however young it is (its whole id)")
	cmd.Flags().DurationVar(&o.OlderThan, "older-than", sealift.CleanAge, "only of runs that began this long ago; 0 is of all")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "find, and remove nothing")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) clean(ctx context.Context, args []string, o sealift.CleanOptions) error {
	if o.Run != "" && !wholeRunID.MatchString(o.Run) {
		return hint.Usage(fmt.Errorf("--run %q is not a run's whole id, as in 20261121T101500Z-7f3a", o.Run))
	}
	if o.OlderThan < 0 {
		return hint.Usage(fmt.Errorf("--older-than %s is negative", o.OlderThan))
	}
	ctx, release := a.cancellable(ctx)
	defer release()
	places, err := a.placesToClean(ctx, args)
	if err != nil {
		return interrupted(ctx, err)
	}
	o.Options = a.options()
	if !a.json && !o.DryRun {
		o.Listed = func(c *sealift.Cleaning) {
			for _, l := range c.Found {
				if l.State == sealift.LeftFound {
					a.say("to be removed: %s  %s  %s", string(l.Kind), l.Run, l.What)
				}
			}
		}
	}
	c, err := sealift.Clean(ctx, places, o)
	if err != nil {
		return interrupted(ctx, err)
	}
	if a.json {
		err = a.answerJSON(c)
	} else {
		err = a.answer(a.cleaning(c))
	}
	if err != nil {
		return err
	}
	for _, l := range c.Found {
		if l.State == sealift.LeftFailed {
			return told{errors.New("something could not be removed")}
		}
	}
	if len(c.Unseen) > 0 {
		return told{errors.New("not everything could be looked at")}
	}
	return nil
}

func (a *app) placesToClean(ctx context.Context, args []string) ([]sealift.Place, error) {
	if len(args) == 0 {
		return nil, nil
	}
	text, err := a.readFile(ctx, args[0])
	if err != nil {
		return nil, err
	}
	if isPlan(text) {
		p, err := plan.Decode(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", args[0], err)
		}
		return []sealift.Place{sealift.PlanPlace(p)}, nil
	}
	j, err := job.Parse(args[0], text, a.Env)
	if err != nil {
		return nil, err
	}
	place, err := sealift.JobPlace(ctx, j)
	return []sealift.Place{place}, err
}

// cleaning is the answer for people.
func (a *app) cleaning(c *sealift.Cleaning) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	counts := map[sealift.LeftoverState]int64{}
	if len(c.Found) > 0 {
		grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "what"}, {Head: "run"}, {Head: "became"}, {Head: "where"}, {Head: "note"}}}
		for _, l := range c.Found {
			counts[l.State]++
			colour := map[sealift.LeftoverState]show.Colour{sealift.LeftFailed: show.Red, sealift.LeftKept: show.Yellow}[l.State]
			var note []string
			for _, text := range []string{l.What, l.Detail, l.Reason, l.Hint} {
				if text != "" {
					note = append(note, text)
				}
			}
			grid.AddCells(show.Cell{Text: string(l.Kind)}, show.Cell{Text: l.Run}, show.Cell{Text: string(l.State), Colour: colour},
				show.Cell{Text: l.Where}, show.Cell{Text: strings.Join(note, "; ")})
		}
		page.Grid(grid)
		page.Blank()
	}
	for _, n := range c.Unseen {
		page.Paragraph("could not be looked into: ", n, show.Red)
	}
	for _, n := range c.Notes {
		page.Paragraph("", n, show.Plain)
	}
	var words []string
	for _, state := range []sealift.LeftoverState{sealift.LeftFound, sealift.LeftRemoved, sealift.LeftKept, sealift.LeftFailed} {
		if n := counts[state]; n > 0 {
			words = append(words, show.Count(n)+" "+map[sealift.LeftoverState]string{
				sealift.LeftFound: "would be removed", sealift.LeftRemoved: "removed", sealift.LeftKept: "kept", sealift.LeftFailed: "could not be removed",
			}[state])
		}
	}
	if len(words) == 0 {
		words = []string{"nothing is left of any run"}
	}
	page.Line("%s", strings.Join(words, ", "))
	return page.String()
}
