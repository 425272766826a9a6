package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// recorder notes what progress finds out.
type recorder struct{ lines []string }

func (r *recorder) working(t *tableProgress, phase string) { r.add("working %s %s", t.name, phase) }
func (r *recorder) step(_, table, step, outcome, detail string) {
	r.add("step %s %s %s %s", table, step, outcome, detail)
}

func (r *recorder) finished(t *tableProgress, outcome string, _ show.Colour, detail string) {
	r.add("finished %s %s %s", t.name, outcome, detail)
}
func (r *recorder) count(_ string, over, total int) { r.add("count %d of %d", over, total) }
func (*recorder) stopsBy(<-chan struct{})           {}
func (r *recorder) door(open int)                   { r.add("door %d", open) }

func (r *recorder) close() { r.add("close") }

func (r *recorder) sent(t *tableProgress, bytes, records int64) {
	r.add("sent %s %d %d", t.name, bytes, records)
}

func (r *recorder) add(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

// clocked gives entries the times that a journal would.
func clocked(entries []journal.Entry) []journal.Entry {
	now := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	for i := range entries {
		now = now.Add(1500 * time.Millisecond)
		entries[i].Time = now
	}
	return entries
}

func follow(t *testing.T, entries []journal.Entry) []string {
	t.Helper()
	return followIn(t, fixedPlan(), entries)
}

func followIn(t *testing.T, in *plan.Plan, entries []journal.Entry) []string {
	t.Helper()
	r := new(recorder)
	a := &app{stderr: &stream{w: io.Discard}}
	p := a.newProgress(in)
	p.printer = r
	for _, e := range clocked(append([]journal.Entry{{Type: journal.Begin, Run: "r"}}, entries...)) {
		p.entry(e)
	}
	p.close()
	var told []string
	for _, line := range r.lines {
		if !strings.HasPrefix(line, "step ") {
			told = append(told, line)
		}
	}
	return told
}

func TestProgressOfAFailedRun(t *testing.T) {
	t.Parallel()
	want := []string{
		"count 0 of 2",
		"working crm.customers unloading",
		"working crm.customers checking",
		"working crm.customers copying",
		"working crm.customers publishing",
		"finished crm.customers verified 401,233 rows   40 MB   10 s",
		"count 1 of 2",
		"working sales.orders unloading",
		"working sales.orders checking",
		"working sales.orders copying",
		"finished sales.orders FAILED copy sales.orders: value too long for city VARCHAR(20): 27 bytes",
		"count 2 of 2",
		"close",
	}
	if diff := cmp.Diff(want, follow(t, failedEntries(fixedPlan()))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Statistics that could not be made anew end no table.
func TestProgressOfATableThatIsNotAnalysed(t *testing.T) {
	t.Parallel()
	step := func(kind journal.Type, step string) journal.Entry {
		return journal.Entry{Type: kind, Table: "sales.orders", Step: "sales.orders/" + step, Error: "cancelled"}
	}
	in := fixedPlan()
	orders := &in.Tables[1]
	orders.Steps = append(orders.Steps, plan.Step{ID: "sales.orders/analyze", Kind: plan.Analyze})
	for _, became := range []journal.Type{journal.Failed, journal.Unknown} {
		got := followIn(t, in, []journal.Entry{step(journal.Intent, "analyze"), step(became, "analyze"), step(journal.Intent, "publish"), step(journal.Done, "publish")})
		want := []string{
			"count 0 of 2", "working sales.orders analysing", "working sales.orders publishing",
			"finished sales.orders verified 0 rows   0 B   4.5 s", "count 1 of 2", "close",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", became, diff)
		}
	}
}

func TestProgressOfDoors(t *testing.T) {
	t.Parallel()
	step := func(kind journal.Type, step string, d *journal.Door) journal.Entry {
		return journal.Entry{Type: kind, Step: step, Facts: &journal.Facts{Door: d}}
	}
	got := follow(t, []journal.Entry{
		step(journal.Intent, "open source", nil), step(journal.Done, "open source", &journal.Door{Group: "sg-1"}),
		step(journal.Intent, "open target", nil), step(journal.Done, "open target", &journal.Door{Foreign: true}),
		step(journal.Intent, "shut target", nil), step(journal.Done, "shut target", &journal.Door{Foreign: true}),
		step(journal.Intent, "shut source", nil), step(journal.Failed, "shut source", &journal.Door{}), step(journal.Done, "shut source", &journal.Door{Gone: true}),
	})
	if diff := cmp.Diff([]string{"count 0 of 2", "door 1", "door 0", "close"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestProgressOfARetryAndAStop(t *testing.T) {
	t.Parallel()
	step := func(kind journal.Type, attempt int, text string) journal.Entry {
		return journal.Entry{Type: kind, Table: "sales.orders", Step: "sales.orders/load", Attempt: attempt, Error: text}
	}
	got := follow(t, []journal.Entry{
		step(journal.Intent, 1, ""), step(journal.Failed, 1, "serializable isolation violation"),
		step(journal.Intent, 2, ""), step(journal.Done, 2, ""),
		{Type: journal.Stopped, Table: "sales.orders", Step: "sales.orders/publish", Attempt: 1},
		{Type: journal.Unknown, Table: "crm.customers", Step: "crm.customers/publish", Attempt: 1, Error: "connection reset"},
		{Type: journal.End},
	})
	want := []string{
		"count 0 of 2",
		"working sales.orders copying",
		"finished sales.orders FAILED serializable isolation violation", "count 1 of 2",
		"working sales.orders copying",
		"finished sales.orders stopped target untouched", "count 1 of 2",
		"finished crm.customers UNKNOWN connection reset", "count 2 of 2",
		"close",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPlainProgressCanBeSearched(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := &app{stderr: &stream{w: &out}}
	p := a.newProgress(fixedPlan())
	for _, e := range clocked(append([]journal.Entry{{Type: journal.Begin, Run: "20261121T101500Z-7f3a"}}, failedEntries(fixedPlan())...)) {
		p.entry(e)
	}
	p.close()
	want := `20261121T101500Z-7f3a  crm.customers  unload  done  401,233 rows, 1.2 s
20261121T101500Z-7f3a  crm.customers  check  done  4 objects, 40 MB
20261121T101500Z-7f3a  crm.customers  load  done  0.9 s
20261121T101500Z-7f3a  crm.customers  publish  done
20261121T101500Z-7f3a  crm.customers  empty  done  5 objects removed
20261121T101500Z-7f3a  sales.orders  unload  done  12,400,000 rows, 1.2 s
20261121T101500Z-7f3a  sales.orders  check  done  4 objects, 1.2 GB
20261121T101500Z-7f3a  sales.orders  load  failed  copy sales.orders: value too long for city VARCHAR(20): 27 bytes
20261121T101500Z-7f3a  sales.orders  discard  done
20261121T101500Z-7f3a  sales.orders  empty  done  5 objects removed
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
