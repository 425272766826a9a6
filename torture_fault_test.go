package sealift_test

import (
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/faulty"
)

// faultCases are all messages of a run without harm, with every kind of harm that fits. Requests over HTTP are struck
// once, which a retry overcomes, and as often as anybody would retry.
func faultCases(r *rig) []*tortureCase {
	var all []*tortureCase
	for _, name := range r.order {
		r.discover(r.jobs[name])
		rows := 0
		for i, m := range r.network.Seen() {
			if r.jobs[name].remote && i%remoteStep != 0 && !*tortureMost {
				continue // hundreds of them ask what became of a statement
			}
			if rows++; m.What != "D" {
				rows = 0
			}
			if rows > 2 {
				continue // one row of a long answer is like another
			}
			for _, variant := range faultVariants(m.Place) {
				all = append(all, &tortureCase{kind: "fault", job: name, point: m.Place.String(), variant: variant, do: faultCase})
			}
		}
	}
	return all
}

// remoteStep is which messages of a run through the Data API are harmed: a number that goes by all kinds of them.
const remoteStep = 37

const (
	lingering = ", lingering"
	repeated  = ", again and again"
)

// retries are more than the program's own.
const retries = 12

func faultVariants(p faulty.Place) []string {
	var out []string
	switch {
	case p.Server == "aws":
		kinds := faulty.AskedHTTP
		if p.Direction == faulty.Answered {
			kinds = faulty.AnsweredHTTP
		}
		for _, k := range kinds {
			out = append(out, string(k))
			if k != faulty.Delay {
				out = append(out, string(k)+repeated)
			}
		}
	case p.Direction == faulty.Asked:
		for _, k := range faulty.AskedSQL {
			out = append(out, string(k))
			if k != faulty.Delay && k != faulty.BlackHole {
				out = append(out, string(k)+lingering)
			}
		}
	default:
		for _, k := range faulty.AnsweredSQL {
			out = append(out, string(k))
			if k != faulty.Delay && k != faulty.BlackHole {
				out = append(out, string(k)+lingering)
			}
		}
	}
	return out
}

// faultCase harms one message of one run. The run ends in its own way; if that is not well, another process goes on
// over a good network.
func faultCase(r *rig, c *tortureCase) {
	f := r.jobs[c.job]
	r.reset(f)
	place, err := faulty.ParsePlace(c.point)
	if err != nil {
		r.tb.Fatal(err)
	}
	kind, linger := strings.CutSuffix(c.variant, lingering)
	kind, again := strings.CutSuffix(kind, repeated)
	fault := faulty.Fault{Place: place, Kind: faulty.Kind(kind), Linger: linger}
	if again {
		fault.Times = retries
	}
	r.network.Begin(fault)
	state := r.newState()
	var env []string
	if fault.Kind == faulty.BlackHole {
		env = append(env, hasteVariable+"=500ms")
	}
	p := r.start(state, env, f.command()...)
	p.begin(r.tb)
	p.wait()
	struck := r.network.Struck() > 0
	r.report.count(func(c *tortureCounters) {
		if struck {
			c.Faults++
		} else {
			c.Missed++
		}
	})
	if p.code == 0 {
		r.finished(f, state, p)
		return
	}
	if hasty := fault.Kind == faulty.BlackHole; !struck && (!hasty || !gaveUp(p)) { // a machine that is busy can be slower than a hasty process waits
		r.tb.Errorf("failed without a fault: %s", p.said())
	}
	r.failed(f, p, again)
	r.network.Next()
	r.finished(f, state, r.run(f, state, r.goOn(f, state)...))
}

// gaveUp tells whether a process says that it waited for an answer for too long.
func gaveUp(p *process) bool {
	return strings.Contains(p.said(), "deadline exceeded") || strings.Contains(p.said(), "i/o timeout")
}

// failed holds a process that says it failed against the truth: something must be undone or left, or it would be a false
// alarm; and no target is torn. A process that is deaf, because every answer of one kind is kept from it for good, cannot
// know that what it asked for was done: that its stage is empty, or its lease given back, last of all, may be so, and it must
// not say it.
func (r *rig) failed(f *tortureJobFiles, p *process, deaf bool) {
	r.tb.Helper()
	if p.hung {
		r.report.count(func(c *tortureCounters) { c.Bad.Hung++ })
		r.tb.Errorf("hung: %s", p.said())
		return
	}
	if open := append(r.sessions(r.source), r.sessions(r.target)...); len(open) > 0 {
		return // whoever looks would wait for their locks; that they are left is reason enough to have failed
	}
	r.untouchedOrWhole(f)
	t, left := r.look(f), r.leftovers()
	r.report.count(func(c *tortureCounters) { c.exit(p.code, t.done, t.whole, len(left)) })
	unheard := deaf && (strings.Contains(p.said(), "release  failed") || strings.Contains(p.said(), "empty  failed"))
	if t.done && len(left) == 0 && !unheard {
		r.report.count(func(c *tortureCounters) { c.Bad.ExitCodes++ })
		r.tb.Errorf("everything is done and nothing is left, but: %s", p.said())
	}
	if !slices.Contains([]int{1, 3, 4, 5, 130}, p.code) {
		r.tb.Errorf("an exit code that says something else: %s", p.said())
	}
}
