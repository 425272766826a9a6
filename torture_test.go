package sealift_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The torture bench breaks small copies in every way it knows, and looks with its own eyes at what came of it: rows in
// the target, things left behind, exit codes. It finds its own points to break: a run without harm is watched first, and
// every effect that it had and every message that it exchanged is one.
//
// Without flags a slice of it runs, drawn by -seed. What fails prints the flags that repeat it.
var (
	tortureAll     = flag.Bool("torture", false, "the whole torture bench, not a slice")
	tortureMost    = flag.Bool("everything", false, "with -torture: also what make torture only draws from, which takes hours")
	tortureSeed    = flag.Uint64("seed", 1, "draws the slice, and what is drawn within cases")
	tortureJobName = flag.String("job", "", "torture only this job")
	torturePoint   = flag.String("point", "", "torture only at this point")
	tortureVariant = flag.String("variant", "", "torture only in this variant")
	tortureWorkers = flag.Int("workers", 4, "cases at once")
	tortureFile    = flag.String("report", "", "write the bench's report to this file, as JSON")
)

// tortureCase is one thing that is done to one job, by a rig.
type tortureCase struct {
	kind, job, point, variant string
	do                        func(r *rig, c *tortureCase)
}

func (c *tortureCase) String() string {
	return fmt.Sprintf("%s of %s at %s, %s", c.kind, c.job, c.point, c.variant)
}

// again are the flags that repeat a case.
func (c *tortureCase) again() string {
	return fmt.Sprintf("go test -run 'TestTorture/%s$' -torture -seed %d -job %s -point '%s' -variant '%s' .", c.kind, *tortureSeed, c.job, c.point, c.variant)
}

func (c *tortureCase) chosen() bool {
	return (*tortureJobName == "" || *tortureJobName == c.job) &&
		(*torturePoint == "" || *torturePoint == c.point) && (*tortureVariant == "" || *tortureVariant == c.variant)
}

func TestTorture(t *testing.T) {
	t.Parallel()
	report := &tortureReport{
		Command: strings.Join(os.Args, " "), Started: time.Now().UTC().Truncate(time.Second), Seed: *tortureSeed,
		Counters: tortureCounters{Exits: map[string]int{}, Bad: tortureBad{Left: map[string]int{}}},
	}
	workers := *tortureWorkers
	jobs := tortureJobs
	if !*tortureAll {
		workers = min(workers, 2)
		jobs = sliceOfJobs()
	}
	rigs := make(chan *rig, workers)
	for i := range cap(rigs) {
		rigs <- newRig(t, report, fmt.Sprintf("torture%d", i), jobs)
	}
	for _, part := range []struct {
		name  string
		cases func(r *rig) []*tortureCase
		slice int // how many of them make the slice
		full  int // how many make the whole bench; 0 is all
	}{
		{"kill", killCases, 40, 0},
		{"double", doubleCases, 12, 450},
		{"fault", faultCases, 40, 2150},
		{"race", raceCases, 3, 0},
		{"tamper", tamperCases, 4, 0},
		{"account", accountCases, 200, 0},
	} {
		t.Run(part.name, func(t *testing.T) {
			first := <-rigs
			first.tb = t
			cases := part.cases(first)
			rigs <- first
			tortureInParallel(t, rigs, chooseCases(t, cases, part.slice, part.full))
		})
	}
	report.Seconds = time.Since(report.Started).Seconds()
	t.Log("\n" + report.text())
	if *tortureFile != "" {
		report.write(t, *tortureFile)
	}
	if c := report.Counters; c.Missed*20 > c.Kills+c.Faults {
		t.Errorf("%d points never came: runs go another way than the one that was watched", c.Missed)
	}
	if !report.Counters.Bad.none() && !t.Failed() {
		t.Error("a counter that has to be zero is not")
	}
}

// sliceOfJobs are the jobs of a slice, drawn by the seed, if not named by a flag.
func sliceOfJobs() []*tortureJob {
	jobs := slices.Clone(tortureJobs)
	draw := rand.New(rand.NewPCG(*tortureSeed, 1))
	draw.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	if *tortureJobName != "" || !raceDetector {
		return jobs
	}
	return jobs[:3]
}

// chooseCases keeps what the flags ask for: all or most, or a slice, drawn by the seed.
func chooseCases(t *testing.T, all []*tortureCase, slice, full int) []*tortureCase {
	t.Helper()
	found := len(all)
	all = slices.DeleteFunc(all, func(c *tortureCase) bool { return !c.chosen() })
	draw := rand.New(rand.NewPCG(*tortureSeed, 0))
	draw.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	most := slice
	switch {
	case *tortureAll && (full == 0 || *tortureMost):
		most = len(all)
	case *tortureAll:
		most = full
	case raceDetector:
		most = slice/4 + 1
	}
	all = all[:min(most, len(all))]
	t.Logf("%d of %d cases", len(all), found)
	return all
}

// tortureInParallel has every rig take one case after the other. The first failures are enough to see what is broken.
func tortureInParallel(t *testing.T, rigs chan *rig, cases []*tortureCase) {
	t.Helper()
	next := make(chan *tortureCase)
	var workers sync.WaitGroup
	for range cap(rigs) {
		workers.Go(func() {
			r := <-rigs
			defer func() { rigs <- r }()
			for c := range next {
				t.Run(strings.ReplaceAll(c.job+" "+c.point+" "+c.variant, "/", "."), func(t *testing.T) {
					r.tb = t
					c.do(r, c)
					if t.Failed() {
						t.Logf("%s\nagain: %s", c, c.again())
					}
				})
			}
		})
	}
	for _, c := range cases {
		next <- c
	}
	close(next)
	workers.Wait()
}
