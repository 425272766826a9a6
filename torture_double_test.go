package sealift_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// doubleJob is the job of which every pair of points is killed; of the others a few are.
const doubleJob = "emptied"

// doubleCases kill a run, and then the recovery of it. What a recovery does depends on where the run was killed, so each
// first kill is tried once to count the points of its recovery.
func doubleCases(r *rig) []*tortureCase {
	draw := rand.New(rand.NewPCG(*tortureSeed, 2))
	var all []*tortureCase
	for _, name := range r.order {
		f := r.jobs[name]
		if f.remote && !*tortureAll {
			continue // each statement takes its time
		}
		first := r.discover(f)
		if name != doubleJob || !*tortureAll {
			draw.Shuffle(len(first), func(a, b int) { first[a], first[b] = first[b], first[a] })
			first = first[:3]
		}
		for _, p := range first {
			variant := drawVariant(draw, p)
			second := r.pointsOfRecovery(f, p, variant)
			if name != doubleJob || !*tortureAll {
				draw.Shuffle(len(second), func(a, b int) { second[a], second[b] = second[b], second[a] })
				second = second[:min(len(second), 5)]
			}
			for _, q := range second {
				all = append(all, &tortureCase{
					kind: "double", job: name, do: doubleCase,
					point: fmt.Sprintf("%d+%d", p.number, q.number), variant: variant + "; " + drawVariant(draw, q),
				})
			}
		}
	}
	return all
}

func drawVariant(draw *rand.Rand, p point) string {
	for {
		if v := killVariants[draw.IntN(len(killVariants))]; !p.local() || !strings.HasPrefix(v, "unread") {
			return v
		}
	}
}

// pointsOfRecovery kills a run and counts what its recovery does.
func (r *rig) pointsOfRecovery(f *tortureJobFiles, p point, variant string) []point {
	r.tb.Helper()
	r.reset(f)
	state := r.newState()
	if !r.killOne(f, state, strconv.Itoa(p.number), variant, f.command()...) {
		return nil
	}
	r.network.Next()
	k := r.launch(state, "count", r.goOn(f, state)...).wait()
	r.finished(f, state, k.process)
	return k.points
}

// killOne kills one process at a point. It tells whether there was something to kill.
func (r *rig) killOne(f *tortureJobFiles, state, at, variant string, args ...string) bool {
	r.tb.Helper()
	if strings.HasSuffix(variant, lingering) {
		r.network.Linger()
	}
	k := r.launch(state, at+" "+variant, args...).wait()
	if !k.killed {
		return false
	}
	r.report.count(func(c *tortureCounters) { c.Kills++ })
	return true
}

// doubleCase kills a run, kills what goes on from there, and has a third process go on.
func doubleCase(r *rig, c *tortureCase) {
	f := r.jobs[c.job]
	r.reset(f)
	state := r.newState()
	first, second, _ := strings.Cut(c.point, "+")
	v1, v2, _ := strings.Cut(c.variant, "; ")
	if !r.killOne(f, state, first, v1, f.command()...) {
		r.missed(f, state)
		return
	}
	r.network.Next()
	if r.killOne(f, state, second, v2, r.goOn(f, state)...) {
		r.report.count(func(c *tortureCounters) { c.DoubleKills++ })
	} else {
		r.report.count(func(c *tortureCounters) { c.Missed++ }) // this recovery was shorter than the one that was counted
	}
	r.recover(f, c, state)
}
