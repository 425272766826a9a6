package runner

import (
	"context"
	"strings"
	"testing"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// files reads and writes files in a test: it counts as the world says.
type files struct{ *process }

func (f files) Send(ctx context.Context, _ *plan.Table, prefix string, _ int) (journal.Facts, error) {
	f.police(ctx, "send")
	_, err := f.say("files: send")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.staged[prefix] = true
	return journal.Facts{Rows: f.rows["files"], Content: "c", Manifest: "s3://b/m"}, err
}

func (files) Place(string, int64) (string, int64, bool) { return "", 0, false }

func (f files) Fetch(ctx context.Context, _ *plan.Table, _ string, _ int) (journal.Facts, error) {
	f.police(ctx, "fetch")
	_, err := f.say("files: fetch")
	f.mu.Lock()
	defer f.mu.Unlock()
	return journal.Facts{Rows: f.rows["files"]}, err
}

// loadPlan is testPlan with files as its source, unloadPlan with files as its target.
func loadPlan() *plan.Plan {
	p := testPlan()
	t := &p.Tables[0]
	t.Input = &plan.Input{}
	t.Steps = append([]plan.Step{{ID: "t.a/send", Kind: plan.Send}}, t.Steps[2:]...)
	return p
}

func unloadPlan() *plan.Plan {
	p := testPlan()
	p.Prologue, p.Epilogue = nil, nil
	t := &p.Tables[0]
	t.Output, t.Undo = &plan.Output{}, nil
	t.Steps = []plan.Step{t.Steps[0], t.Steps[1], {ID: "t.a/fetch", Kind: plan.Fetch}, t.Steps[4]}
	return p
}

// Rows of files are counted on both sides, and a difference keeps the table from being published or called whole.
func TestCountsOfFilesThatDisagreeFailTheTable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plan *plan.Plan
		rows map[string]int64
		step string // that fails; "" for none
		want string
	}{
		"a load":                  {loadPlan(), map[string]int64{"files": 3, "target": 3}, "", ""},
		"a load short of a row":   {loadPlan(), map[string]int64{"files": 4, "target": 3}, "t.a/load", "4 records were staged, 3 rows came of them"},
		"a load with a row more":  {loadPlan(), map[string]int64{"files": 3, "target": 4}, "t.a/load", "3 records were staged, 4 rows came of them"},
		"an unload":               {unloadPlan(), map[string]int64{"files": 3, "source": 3, "staged": 3}, "", ""},
		"an unload short of some": {unloadPlan(), map[string]int64{"files": 2, "source": 3, "staged": 3}, "t.a/fetch", "the files have 2 records, the source had 3 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{rows: c.rows}
			p := w.next()
			config := p.config(c.plan)
			config.Sender, config.Fetcher = files{p}, files{p}
			if err := Run(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			if len(w.outside) > 0 || len(w.staged) > 0 || w.shadow {
				t.Errorf("outside of a step: %q; left: %v, shadow %v", w.outside, w.staged, w.shadow)
			}
			if finished := Finished(c.plan, w.entries); finished != (c.step == "") {
				t.Errorf("finished: %v", finished)
			}
			for _, e := range w.entries {
				if e.Type == journal.Failed && (e.Step != c.step || !strings.Contains(e.Error, c.want)) {
					t.Errorf("%s failed: %s", e.Step, e.Error)
				}
			}
			if c.step != "" && (w.outcomes()[c.step] != journal.Failed || w.publishes != 0) {
				t.Errorf("%s: %s; published %d times", c.step, w.outcomes()[c.step], w.publishes)
			}
		})
	}
}

// A load that has no record makes its table without a COPY, which would fail for want of a file.
func TestALoadOfNothingIsPublishedWithoutCopy(t *testing.T) {
	t.Parallel()
	w := &world{rows: map[string]int64{"files": 0, "target": 0}}
	p := w.next()
	config := p.config(loadPlan())
	config.Sender = files{p}
	if err := Run(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if w.has("target: COPY") || w.publishes != 1 {
		t.Errorf("published %d times: %q", w.publishes, w.said)
	}
}

// An unload writes to no warehouse: it opens no session there. Its lease says that it is alive.
func TestAnUnloadNeedsNoTarget(t *testing.T) {
	t.Parallel()
	w := &world{}
	w.rows = map[string]int64{"files": 3, "source": 3, "staged": 3}
	p := w.next()
	config := p.config(unloadPlan())
	config.Fetcher, config.Target = files{p}, nil
	if err := Run(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for _, what := range w.said {
		if strings.HasPrefix(what, "target") {
			t.Error(what)
		}
	}
	var steps []string
	for _, e := range p.entries {
		if e.Type == journal.Done {
			steps = append(steps, e.Step)
		}
	}
	if len(steps) < 3 || steps[0] != "lease" || steps[len(steps)-1] != "release" {
		t.Errorf("not everything was done under a lease: %q", steps)
	}
}
