package sealift_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift"
)

// raceCases have two and sixteen programs run one plan at once, on one target and one stage.
func raceCases(r *rig) []*tortureCase {
	var all []*tortureCase
	for _, n := range []int{2, 16} {
		for _, job := range r.order {
			if r.jobs[job].later != "" {
				continue // one that comes when another has synced does nothing and is done: TestSyncModel has two at once
			}
			for i := range 3 {
				all = append(all, &tortureCase{kind: "race", job: job, point: strconv.Itoa(i), variant: strconv.Itoa(n) + " at once", do: raceCase})
			}
		}
	}
	return all
}

func raceCase(r *rig, c *tortureCase) {
	f := r.jobs[c.job]
	r.reset(f)
	number, _, _ := strings.Cut(c.variant, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		r.tb.Fatal(err)
	}
	all := make([]*process, n)
	states := make([]string, n)
	for i := range all {
		states[i] = r.newState()
		all[i] = r.start(states[i], nil, f.command()...)
		all[i].begin(r.tb)
	}
	var done []string
	for i, p := range all {
		p.wait()
		r.report.count(func(c *tortureCounters) { c.Races++ })
		switch {
		case p.code == 0:
			done = append(done, states[i])
		case p.code == 5: // somebody else holds the target
			if !strings.Contains(p.out.String(), "held") {
				r.tb.Errorf("who holds the target is not said: %s", p.said())
			}
		case (p.code == 3 || p.code == 4) && !strings.Contains(f.tables, "mode:"):
			// Mode create: it came when another had made or filled the table.
		default:
			r.report.count(func(c *tortureCounters) { c.Bad.ExitCodes++ })
			r.tb.Errorf("%s", p.said())
		}
	}
	if len(done) == 0 {
		r.tb.Errorf("nobody came to an end: %s", all[0].said())
	}
	left := r.leftovers()
	// Each that ended with 0 has published each table, one after the other.
	right := true
	for _, t := range f.pairs {
		want := f.after[t]
		if f.added {
			source, _ := r.rows(r.source, "select * from "+f.name+"."+t)
			want = slices.Clone(f.before[t])
			for range done {
				want = append(want, source...)
			}
			slices.Sort(want)
		}
		got, _ := r.rows(r.target, "select * from "+f.name+"."+t)
		if !slices.Equal(got, want) {
			right = false
			lost, duplicated, unexpected := differences(want, got)
			r.report.count(func(c *tortureCounters) {
				c.Bad.Torn++
				c.Bad.Lost, c.Bad.Duplicated, c.Bad.Unexpected = c.Bad.Lost+lost, c.Bad.Duplicated+duplicated, c.Bad.Unexpected+unexpected
			})
			r.tb.Errorf("%s.%s holds %q, %d runs published", f.name, t, got, len(done))
		}
		if markers := r.value(r.target, fmt.Sprintf("select count(*) from sealift.ledger where target = '%s.%s'", f.name, t)); markers != strconv.Itoa(len(done)) {
			r.tb.Errorf("%s markers of %d publishes", markers, len(done))
		}
	}
	r.report.count(func(c *tortureCounters) {
		c.exit(all[0].code, right, right, len(left))
		for _, l := range left {
			kind, _, _ := strings.Cut(l, ":")
			c.Bad.Left[kind]++
		}
	})
	if len(left) > 0 {
		r.tb.Errorf("left %v", left)
	}
	r.oneAfterTheOther(done)
	for _, s := range states {
		if err := os.RemoveAll(s); err != nil {
			r.tb.Error(err)
		}
	}
}

// oneAfterTheOther wants no two runs to have been at work on the target at the same time, by their journals: between the
// first entry about a table and the last.
func (r *rig) oneAfterTheOther(states []string) {
	r.tb.Helper()
	type span struct{ from, to time.Time }
	var spans []span
	for _, s := range states {
		run, err := sealift.OpenRun(r.tb.Context(), s, r.runID(s))
		if err != nil {
			r.tb.Error(err)
			continue
		}
		var at span
		for _, e := range run.Journal.Entries {
			if e.Table == "" {
				continue
			}
			if at.from.IsZero() {
				at.from = e.Time
			}
			at.to = e.Time
		}
		spans = append(spans, at)
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from.Before(spans[i-1].to) {
			r.tb.Errorf("two runs at work on one target at once: %v, %v", spans[i-1], spans[i])
		}
	}
}
