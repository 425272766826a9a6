package receipt_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// A shadow that an earlier process left is named, also when the load of the next one failed before it could replace it.
func TestAShadowOfAnEarlierProcessIsNamed(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{Tables: []plan.Table{{Target: "t.a", Steps: []plan.Step{{ID: "t.a/load", Kind: plan.Load}}, Undo: []plan.Step{{ID: "t.a/discard", Kind: plan.Discard}}}}}
	entry := func(kind journal.Type, step string) journal.Entry {
		return journal.Entry{Type: kind, Table: "t.a", Step: step}
	}
	const named = "perhaps the shadow of t.a in "
	begun, loaded, failed := entry(journal.Intent, "t.a/load"), entry(journal.Done, "t.a/load"), entry(journal.Failed, "t.a/load")
	for name, c := range map[string]struct {
		entries []journal.Entry
		left    bool
	}{
		"rolled back":       {[]journal.Entry{begun, failed}, false},
		"loaded, then not":  {[]journal.Entry{begun, loaded, failed}, true},
		"killed, then not":  {[]journal.Entry{begun, begun, failed}, true},
		"dropped, then not": {[]journal.Entry{begun, loaded, entry(journal.Done, "t.a/discard"), begun, failed}, false},
	} {
		got := receipt.Fold(p, &journal.Log{Entries: c.entries}).Left
		if slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, named) }) != c.left {
			t.Errorf("%s: left %q", name, got)
		}
	}
}

// What keeps no row back is told beside the outcome, and is no failure: what became of the last attempt counts.
func TestStatisticsThatFailAreAWarning(t *testing.T) {
	t.Parallel()
	steps := []plan.Step{{ID: "t.a/load", Kind: plan.Load}, {ID: "t.a/analyze", Kind: plan.Analyze}, {ID: "t.a/publish", Kind: plan.Publish}}
	p := &plan.Plan{Tables: []plan.Table{{Target: "t.a", Steps: steps}}}
	entry := func(kind journal.Type, step string) journal.Entry {
		return journal.Entry{Type: kind, Table: "t.a", Step: "t.a/" + step, Error: map[journal.Type]string{journal.Failed: "cancelled", journal.Unknown: "lost"}[kind], Hint: "somebody did"}
	}
	published := []journal.Entry{entry(journal.Done, "publish"), {Type: journal.End}}
	for name, c := range map[string]struct {
		entries []journal.Entry
		outcome receipt.Outcome
		warned  []receipt.Failure
	}{
		"done":                     {slices.Concat([]journal.Entry{entry(journal.Done, "analyze")}, published), receipt.Verified, nil},
		"failed":                   {slices.Concat([]journal.Entry{entry(journal.Failed, "analyze")}, published), receipt.Verified, []receipt.Failure{{Step: "t.a/analyze", Error: "cancelled", Hint: "somebody did"}}},
		"unknown":                  {slices.Concat([]journal.Entry{entry(journal.Unknown, "analyze")}, published), receipt.Verified, []receipt.Failure{{Step: "t.a/analyze", Error: "lost", Hint: "somebody did"}}},
		"failed twice":             {slices.Concat([]journal.Entry{entry(journal.Failed, "analyze"), entry(journal.Failed, "analyze")}, published), receipt.Verified, []receipt.Failure{{Step: "t.a/analyze", Error: "cancelled", Hint: "somebody did"}}},
		"failed, then done":        {slices.Concat([]journal.Entry{entry(journal.Failed, "analyze"), entry(journal.Done, "analyze")}, published), receipt.Verified, nil},
		"failed, as what followed": {[]journal.Entry{entry(journal.Failed, "analyze"), entry(journal.Failed, "publish"), {Type: journal.End}}, receipt.Failed, []receipt.Failure{{Step: "t.a/analyze", Error: "cancelled", Hint: "somebody did"}}},
	} {
		r := receipt.Fold(p, &journal.Log{Entries: c.entries})
		if r.Outcome != c.outcome || len(r.Failures) > 0 {
			t.Errorf("%s: %s, failures %v", name, r.Outcome, r.Failures)
		}
		if diff := cmp.Diff(c.warned, r.Tables[0].Warnings); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if failed := c.outcome == receipt.Failed; (r.Tables[0].Failure != nil) != failed {
			t.Errorf("%s: failure %v", name, r.Tables[0].Failure)
		}
		if got, want := strings.Count(r.Text(receipt.TextOptions{}), "warning     t.a: the statistics are as they were"), len(c.warned); got != want {
			t.Errorf("%s: %d warnings in the text, not %d", name, got, want)
		}
	}
}

// Every door is accounted for: those of a process that died too, and one that is not closed keeps a run from being verified.
func TestDoorsAreAccountedFor(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	at := &journal.Door{Group: "sg-1", Address: "203.0.113.7/32", Port: 5439, Rule: "sgr-1", Until: began.Add(time.Hour)}
	entry := func(kind journal.Type, step string, d *journal.Door) journal.Entry {
		return journal.Entry{Type: kind, Step: step, Facts: &journal.Facts{Door: d}}
	}
	opened := []journal.Entry{{Type: journal.Begin, Run: "r"}, entry(journal.Intent, "open source", nil), entry(journal.Done, "open source", at)}
	resumed := []journal.Entry{{Type: journal.Resume}, entry(journal.Intent, "open source", nil), entry(journal.Done, "open source", at)}
	swept := []journal.Entry{entry(journal.Intent, "sweep source", nil), entry(journal.Done, "sweep source", nil)}
	shut := []journal.Entry{entry(journal.Intent, "shut source", nil), entry(journal.Done, "shut source", &journal.Door{Gone: true}), {Type: journal.End}}
	foreign := []journal.Entry{entry(journal.Intent, "open source", nil), entry(journal.Done, "open source", &journal.Door{Group: "sg-1", Foreign: true}), {Type: journal.End}}
	stuck := []journal.Entry{entry(journal.Intent, "shut source", nil), {Type: journal.Failed, Step: "shut source", Error: "no"}, {Type: journal.End}}
	for name, c := range map[string]struct {
		entries [][]journal.Entry
		outcome receipt.Outcome
		left    string
		doors   []string
	}{
		"closed":             {[][]journal.Entry{opened, shut}, receipt.Verified, "", []string{"closed"}},
		"killed":             {[][]journal.Entry{opened}, receipt.Interrupted, "perhaps a door to the source: 203.0.113.7/32 port 5439 in sg-1, until 2026-11-21T11:15:00Z at the latest", []string{"not closed"}},
		"killed before":      {[][]journal.Entry{opened[:2]}, receipt.Interrupted, "perhaps a door to the source", []string{"was not opened"}},
		"killed and resumed": {[][]journal.Entry{opened, resumed, swept, shut}, receipt.Verified, "", []string{"closed", "closed"}},
		"not swept":          {[][]journal.Entry{opened, resumed, shut}, receipt.Failed, "perhaps a door", []string{"not closed", "closed"}},
		"not closed":         {[][]journal.Entry{opened, stuck}, receipt.Failed, "perhaps a door", []string{"not closed"}},
		"somebody else's":    {[][]journal.Entry{{{Type: journal.Begin, Run: "r"}}, foreign}, receipt.Verified, "", []string{"somebody else"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log journal.Log
			for i, e := range slices.Concat(c.entries...) {
				e.Time = began.Add(time.Duration(i) * time.Second)
				log.Entries = append(log.Entries, e)
			}
			r := receipt.Fold(&plan.Plan{}, &log)
			if r.Outcome != c.outcome || len(r.Doors) != len(c.doors) {
				t.Errorf("outcome %s, doors %+v", r.Outcome, r.Doors)
			}
			if left := strings.Join(r.Left, "; "); !strings.HasPrefix(left, c.left) || c.left == "" && left != "" {
				t.Errorf("left %q", left)
			}
			text := r.Text(receipt.TextOptions{})
			for _, want := range c.doors {
				_, after, ok := strings.Cut(text, want)
				if !ok {
					t.Errorf("%q is not in\n%s", want, text)
				}
				text = after
			}
		})
	}
}
