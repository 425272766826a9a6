package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/receipt"
)

// runSummary is one line of the history; see docs/output.md.
type runSummary struct {
	Run       string          `json:"run"`
	Job       string          `json:"job"`
	Source    string          `json:"source"`
	Target    string          `json:"target"`
	Outcome   receipt.Outcome `json:"outcome"`
	StartedAt time.Time       `json:"started_at"`
	EndedAt   time.Time       `json:"ended_at"`
	Tables    int             `json:"tables"`
	Verified  int             `json:"verified"`
	Rows      int64           `json:"rows"`
}

func summary(r *receipt.Receipt) runSummary {
	s := runSummary{
		Run: r.Run, Job: r.Job, Source: r.Source, Target: r.Target, Outcome: r.Outcome,
		StartedAt: r.StartedAt, EndedAt: r.EndedAt, Tables: len(r.Tables),
	}
	for _, t := range r.Tables {
		if t.Outcome == receipt.Verified {
			s.Verified++
			s.Rows += t.Rows
		}
	}
	return s
}

func (a *app) runsCommand() *cobra.Command {
	var synced string
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs that are kept, or how far synced tables have come",
		Long: `List the runs that are kept in the folder or bucket of --state-dir, the latest first. A run that
cannot be read is named on stderr and makes the exit code 1; the others are listed all the same.

With --sync, list the tables that are synced into the target of JOB, and how far each has come, by
the target's own account.`,
		Example: `  sealift runs
  sealift runs --json | jq -r '.[] | select(.outcome != "verified") | .run'`,
		Args: noArguments,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			if synced != "" {
				return a.listCursors(ctx, synced)
			}
			runs, unread, err := sealift.Runs(ctx, a.stateDir)
			if err != nil {
				return err
			}
			list := make([]runSummary, 0, len(runs))
			for i := range runs {
				list = append(list, summary(runs[len(runs)-1-i].Receipt))
			}
			if err := a.listRuns(list); err != nil {
				return err
			}
			return errors.Join(unread...)
		}),
	}
	cmd.Flags().StringVar(&synced, "sync", "", "list the synced tables of this `JOB`")
	a.jsonFlag(cmd)
	return cmd
}

// syncedTable is one line of runs --sync; see docs/output.md.
type syncedTable struct {
	Target    string `json:"target"`
	Source    string `json:"source"`
	Mode      string `json:"mode"`
	Since     string `json:"since,omitempty"`
	Watermark string `json:"watermark,omitempty"`
	Rows      int64  `json:"rows"`
	Run       string `json:"run"`
	SyncedAt  string `json:"synced_at"`
}

func (a *app) listCursors(ctx context.Context, file string) error {
	ctx, release := a.cancellable(ctx)
	defer release()
	text, err := a.readFile(ctx, file)
	if err != nil {
		return err
	}
	j, err := job.Parse(file, text, a.Env)
	if err != nil {
		return err
	}
	found, err := sealift.Cursors(ctx, j, a.options())
	if err != nil {
		return interrupted(ctx, err)
	}
	list := make([]syncedTable, 0, len(found))
	grid := &show.Grid{Columns: []show.Column{
		{Head: "table"}, {Head: "mode"}, {Head: "since"}, {Head: "watermark"}, {Head: "rows", Right: true}, {Head: "synced (UTC)"},
	}}
	for _, c := range found {
		list = append(list, syncedTable{c.Target, c.Source, c.Mode, c.Since, c.Watermark, c.Rows, c.Run, c.SyncedAt})
		at, _, _ := strings.Cut(c.SyncedAt, ".")
		grid.Add(c.Target, c.Mode, c.Since, c.Watermark, show.Count(c.Rows), at)
	}
	switch {
	case a.json:
		return a.answerJSON(list)
	case len(list) == 0:
		a.say("no table of %s is synced yet", j.Target.Database)
		return nil
	}
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	page.Grid(grid)
	return a.answer(page.String())
}

func (a *app) listRuns(list []runSummary) error {
	if a.json {
		return a.answerJSON(list)
	}
	if len(list) == 0 {
		a.say("no run in %s yet", a.home(a.stateDir))
		return nil
	}
	grid := &show.Grid{Columns: []show.Column{
		{Head: "run"}, {Head: "outcome"}, {Head: "tables", Right: true}, {Head: "rows", Right: true}, {Head: "took", Right: true}, {Head: "job"},
	}}
	for _, s := range list {
		colour := map[receipt.Outcome]show.Colour{receipt.Failed: show.Red, receipt.Interrupted: show.Yellow}[s.Outcome]
		tables := fmt.Sprint(s.Tables)
		if s.Verified < s.Tables {
			tables = fmt.Sprintf("%d of %d", s.Verified, s.Tables)
		}
		grid.AddCells(show.Cell{Text: s.Run}, show.Cell{Text: string(s.Outcome), Colour: colour}, show.Cell{Text: tables},
			show.Cell{Text: show.Count(s.Rows)}, show.Cell{Text: show.Duration(s.EndedAt.Sub(s.StartedAt))}, show.Cell{Text: s.Job})
	}
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	page.Grid(grid)
	return a.answer(page.String())
}

func (a *app) showCommand() *cobra.Command {
	var html, masks string
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show one run: its receipt as text, JSON or HTML",
		Long: `Show the receipt of a run: what was moved, digests, query ids, what failed and why, what is
left. It is made anew from the run's plan and journal, so a run that was killed has one too.

RUN is a run's id, the beginning of one, or last.`,
		Example: `  sealift show last
  sealift show 20261121T101500Z-7f3a --html report.html`,
		Args: argument("RUN"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.completeRun(args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: a.run(func(ctx context.Context, args []string) error {
			run, err := sealift.OpenRun(ctx, a.stateDir, args[0])
			if err != nil {
				return err
			}
			if run.Journal.Torn {
				a.say("the journal's last line was cut short, as a crash while writing leaves it; nothing was done because of it")
			}
			if masks != "" {
				return a.privacyReport(run.Receipt, masks)
			}
			if html == "" {
				return a.showReceipt(run.Receipt, run.Folder)
			}
			text, err := run.Receipt.HTML()
			if err != nil {
				return err
			}
			if html == "-" {
				return a.answer(string(text))
			}
			if err := writeFile(html, func(w io.Writer) error {
				_, err := w.Write(text)
				return err
			}); err != nil {
				return err
			}
			return a.answer(show.Safe(html) + " written\n")
		}),
	}
	cmd.Flags().StringVar(&html, "html", "", "write one HTML page to a `FILE`; - is stdout")
	cmd.Flags().StringVar(&masks, "masks", "", "write what became of every column to a `FILE`, as CSV; - is stdout")
	a.jsonFlag(cmd)
	cmd.MarkFlagsMutuallyExclusive("json", "html", "masks")
	return cmd
}

// privacyReport writes what became of every column of a run that masked.
func (a *app) privacyReport(r *receipt.Receipt, file string) error {
	if r.Masking == nil {
		return hint.Usage(fmt.Errorf("run %s masked nothing: there is no report of its masks", r.Run))
	}
	text, err := r.PrivacyReport()
	if err != nil {
		return err
	}
	if file == "-" {
		return a.answer(string(text))
	}
	if err := writeFile(file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		return err
	}
	return a.answer(show.Safe(file) + " written\n")
}

// completeRun gives the ids of runs to the shell.
func (a *app) completeRun(args []string) []string {
	if len(args) > 0 {
		return nil
	}
	dir := first(a.stateDir, a.env("SEALIFT_STATE_DIR"), stateHome(a.env)) // nothing is asked of S3 for a completion
	entries, err := os.ReadDir(filepath.Join(dir, "runs"))
	if err != nil {
		return nil
	}
	ids := []string{"last"}
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids
}
