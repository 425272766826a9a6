package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// syncedFiles is what became of the files of one table; see docs/output.md.
type syncedFiles struct {
	*sealift.SyncingFiles
	Receipt *receipt.Receipt `json:"receipt"` // null where nothing was new
}

// plannedFiles is what would become of them.
type plannedFiles struct {
	*sealift.SyncingFiles
	Plan *plan.Plan `json:"plan"`
}

// wantedFiles are the entries under files that --only selects: all, without any.
func wantedFiles(j *job.Job, patterns []job.Pattern) (sets []job.FileSet) {
	for _, set := range j.Files {
		if len(patterns) == 0 || matches(patterns, set.As) {
			sets = append(sets, set)
		}
	}
	return sets
}

// syncFiles loads what has arrived for each table, in a run of its own. failed takes what went wrong with one, and answers an error
// where nothing more should be done.
func (a *app) syncFiles(ctx context.Context, j *job.Job, sets []job.FileSet, f syncFlags, answer *syncAnswer, failed func(error) error) error {
	entries := make([]sealift.FilesToSync, 0, len(sets))
	for _, set := range sets {
		own := entryFlags(j, set, loadFlags{})
		if own.rejects != "" { // one file for each sync that sets records aside
			own.rejects += "." + time.Now().UTC().Format("20060102T150405Z")
		}
		e := sealift.FilesToSync{Load: entryRequest(j, set, own), Paths: set.Path, Dir: filepath.Dir(j.File), IgnoreGone: set.Gone == "ignore"}
		if own.mode != "create" { // which is refused, with a better word for it
			if err := own.settle(&e.Load); err != nil {
				return hint.With(fmt.Errorf("files, into %s: %w", set.As, err), hint.Of(err))
			}
		}
		entries = append(entries, e)
	}
	account, err := a.fileAccount(ctx, j, entries)
	if err != nil {
		return failed(err)
	}
	unchanged := int64(0)
	for _, e := range entries {
		s, err := a.planFiles(ctx, account, e, f)
		if err != nil {
			return err
		}
		done := syncedFiles{SyncingFiles: s}
		if f.plan {
			err = a.answerFilesPlan(s, f.sql)
		} else {
			a.sayFiles(s)
			if s.Plan != nil {
				done.Receipt, err = a.loadFiles(ctx, s, f)
			} else if s.Unchanged && s.Whole() {
				unchanged++
			}
			if err == nil && !s.Whole() {
				err = told{errTablesFailed}
			}
		}
		answer.Files = append(answer.Files, done)
		if err := failed(err); err != nil {
			return err
		}
	}
	if unchanged > 0 && !a.json && !f.plan {
		return a.answer(fmt.Sprintf("no file is new for %s\n", show.Plural(unchanged, "table")))
	}
	return nil
}

// fileAccount asks the target what it knows of files. Nothing has been changed yet, so this may be left at any point.
func (a *app) fileAccount(ctx context.Context, j *job.Job, entries []sealift.FilesToSync) (*sealift.FileAccount, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	account, err := sealift.ReadFileAccount(ctx, j.Target, entries, a.options())
	return account, interrupted(ctx, err)
}

func (a *app) planFiles(ctx context.Context, account *sealift.FileAccount, e sealift.FilesToSync, f syncFlags) (*sealift.SyncingFiles, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	s, err := account.Plan(ctx, e, f.request(), a.options())
	return s, interrupted(ctx, err)
}

// loadFiles carries out what was planned for one table, and answers with its receipt.
func (a *app) loadFiles(ctx context.Context, s *sealift.SyncingFiles, f syncFlags) (*receipt.Receipt, error) {
	progress := a.newProgress(s.Plan)
	r, err := a.carry(ctx, progress, func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
		o.Fresh, o.Force, o.Files, o.Sent = true, f.force, s.Files, progress.sent
		return sealift.Copy(ctx, s.Plan, o)
	})
	if err != nil {
		return nil, err
	}
	if !a.json {
		if err := a.showReceipt(r, a.whereRun(r.Run)); err != nil {
			return r, err
		}
	}
	return r, outcome(r)
}

// sayFiles names what is not, or not any more, in the table as it is in the files.
func (a *app) sayFiles(s *sealift.SyncingFiles) {
	if s.Error != "" {
		a.say("%s is not synced: %s", s.Target, s.Error)
		if s.Hint != "" {
			a.say("  %s", s.Hint)
		}
		return
	}
	if s.Whole() {
		return
	}
	for _, what := range []struct {
		names []string
		fate  string
		hint  string
	}{
		{s.Replaced, "was replaced after it was loaded; the table has what it held before", "give it another name, or move all files anew: --full-refresh"},
		{s.Renamed, "has what another file had that was loaded, and is gone: it was renamed, and is not loaded a second time", "give it its name back; if it is another that is alike, say that files are moved away once they are loaded: gone: ignore"},
		{s.Gone, "is gone; what it held stays in the table", "put it back, or let such files be: gone: ignore"},
	} {
		for i, name := range what.names {
			if i == 5 {
				a.say("%s: and %d more like it", s.Target, len(what.names)-i)
				break
			}
			a.say("%s: %s %s", s.Target, name, what.fate)
		}
		if len(what.names) > 0 {
			a.say("  %s", what.hint)
		}
	}
}

// answerFilesPlan is what would become of the files of one table, for people.
func (a *app) answerFilesPlan(s *sealift.SyncingFiles, sql bool) error {
	if a.json {
		return nil
	}
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	grid := &show.Grid{Columns: []show.Column{
		{Head: "table"}, {Head: "mode"}, {Head: "files"}, {Head: "known", Right: true}, {Head: "replaced", Right: true}, {Head: "gone", Right: true}, {Head: ""},
	}}
	what, colour := show.Plural(int64(len(s.New)), "file")+" to be loaded", show.Plain
	switch {
	case s.Error != "":
		what, colour = "not synced: "+s.Error, show.Red
	case s.Unchanged:
		what = "nothing new"
	}
	if n := len(s.Renamed); n > 0 && s.Error == "" {
		what, colour = fmt.Sprintf("%s; %d renamed, not loaded again", what, n), show.Yellow
	}
	grid.AddCells(show.Cell{Text: s.Target}, show.Cell{Text: s.Mode}, show.Cell{Text: s.Source}, show.Cell{Text: show.Count(int64(s.Known))},
		show.Cell{Text: show.Count(int64(len(s.Replaced)))}, show.Cell{Text: show.Count(int64(len(s.Gone)))}, show.Cell{Text: what, Colour: colour})
	page.Grid(grid)
	text := page.String()
	if s.Plan != nil {
		text += "\n" + s.Plan.Text(plan.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, SQL: sql})
	}
	return a.answer(text)
}
