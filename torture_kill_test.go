package sealift_test

import (
	"bufio"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sealift/sealift/internal/faulty"
)

// killVariants are the moments of an effect at which the process can die. Lingering ones have the servers not learn of
// it: what the dead process had under way goes on.
var killVariants = []string{"before", "unread", "answered", "before" + lingering, "unread" + lingering, "answered" + lingering}

// point is an effect, as a run without harm has it.
type point struct {
	number int
	name   string
}

// local tells that the effect is none that a server answers.
func (p point) local() bool { return strings.HasPrefix(p.name, "journal") }

// killer is told what a process does, and may kill it.
type killer struct {
	*process
	points []point
	listen sync.WaitGroup
}

// launch starts the program with a spec for its points.
func (r *rig) launch(state, spec string, args ...string) *killer {
	r.tb.Helper()
	fromIt, toUs, err := os.Pipe()
	if err != nil {
		r.tb.Fatal(err)
	}
	fromUs, toIt, err := os.Pipe()
	if err != nil {
		r.tb.Fatal(err)
	}
	spec = strings.TrimSuffix(spec, lingering)
	k := &killer{process: r.start(state, []string{pointVariable + "=" + spec}, args...)}
	k.cmd.ExtraFiles = []*os.File{toUs, fromUs}
	k.begin(r.tb)
	_, _ = toUs.Close(), fromUs.Close() // the process has its own
	k.listen.Go(func() {
		defer func() { _, _ = fromIt.Close(), toIt.Close() }() // nobody is at the other end any more
		lines := bufio.NewScanner(fromIt)
		for lines.Scan() {
			number, name, _ := strings.Cut(lines.Text(), " ")
			n, _ := strconv.Atoi(number)
			k.points = append(k.points, point{n, name})
			if !strings.HasSuffix(spec, "unread") {
				continue
			}
			r.network.Watch(func(m faulty.Message) {
				if m.Last {
					k.kill()
				}
			})
			_, _ = toIt.Write([]byte{1}) // it may be dead already
		}
	})
	return k
}

func (k *killer) wait() *killer {
	k.process.wait()
	k.listen.Wait()
	return k
}

// discover runs a job without harm and notes its effects.
func (r *rig) discover(f *tortureJobFiles) []point {
	r.tb.Helper()
	r.reset(f)
	k := r.launch(r.newState(), "count", f.command()...).wait()
	if t := r.look(f); k.code != 0 || !t.done {
		r.tb.Fatalf("%s without harm: %s %s", f.name, k.said(), t.why)
	}
	if left := r.leftovers(); len(left) > 0 {
		r.tb.Fatalf("%s without harm leaves %v", f.name, left)
	}
	return k.points
}

func killCases(r *rig) []*tortureCase {
	var all []*tortureCase
	for _, name := range r.order {
		for _, p := range r.discover(r.jobs[name]) {
			for _, variant := range killVariants {
				if p.local() && strings.HasPrefix(variant, "unread") {
					continue // nobody answers
				}
				if strings.HasSuffix(variant, lingering) && (p.local() || p.number%2 == 0 || r.jobs[name].remote) && !*tortureMost {
					continue // a third of the time for what differs in open transactions only
				}
				all = append(all, &tortureCase{kind: "kill", job: name, point: strconv.Itoa(p.number), variant: variant, do: killCase})
			}
		}
	}
	return all
}

// killCase kills one run at one point and has another process go on from there.
func killCase(r *rig, c *tortureCase) {
	f := r.jobs[c.job]
	r.reset(f)
	state := r.newState()
	if c.drawn()%4 == 1 {
		state = r.newStateInS3()
	}
	if !r.killOne(f, state, c.point, c.variant, f.command()...) {
		r.missed(f, state)
		return
	}
	if !strings.HasSuffix(c.variant, lingering) && !f.remote { // else readers wait, as long as the dead process's session holds a lock
		r.untouchedOrWhole(f)
	}
	r.recover(f, c, state)
}

// missed is for a run that was shorter than the one that was watched, so that its last points never came: it has to have
// come to its good end.
func (r *rig) missed(f *tortureJobFiles, state string) {
	r.tb.Helper()
	r.report.count(func(c *tortureCounters) { c.Missed++ })
	r.network.Next()
	r.finished(f, state, r.run(f, state, r.goOn(f, state)...))
}

// untouchedOrWhole holds the target against what it was and what it is to be, after a process that did not come to its
// end.
func (r *rig) untouchedOrWhole(f *tortureJobFiles) {
	r.tb.Helper()
	t := r.look(f)
	if t.whole {
		return
	}
	r.report.count(func(c *tortureCounters) {
		c.Bad.Torn++
		c.Bad.Lost, c.Bad.Duplicated, c.Bad.Unexpected = c.Bad.Lost+t.lost, c.Bad.Duplicated+t.duplicated, c.Bad.Unexpected+t.unexpected
	})
	r.tb.Errorf("the target is torn: %s", t.why)
}

// goOn starts what takes a case further: resume if a run began, else copy anew.
func (r *rig) goOn(f *tortureJobFiles, state string) []string {
	if run := r.runID(state); run != "" {
		return []string{"resume", run}
	}
	if f.door {
		// What was killed only looked, and its door closes by itself within minutes; whoever does not want to wait cleans.
		if p := r.run(f, state, "clean", f.file, "--older-than", "0"); p.code != 0 {
			r.tb.Fatal(p.said())
		}
	}
	return f.command()
}

// recover has another process go on, which must come to a good end, and looks at everything.
func (r *rig) recover(f *tortureJobFiles, c *tortureCase, state string) {
	r.tb.Helper()
	if c.drawn()%2 == 0 {
		state = r.elsewhere(state)
	}
	r.network.Next()
	p := r.run(f, state, r.goOn(f, state)...)
	r.finished(f, state, p)
}

// drawn is a number that is the same whenever a case is repeated.
func (c *tortureCase) drawn() uint32 {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(c.String())) // never fails
	return sum.Sum32()
}

// elsewhere moves a state folder, as to another machine.
func (r *rig) elsewhere(state string) string {
	r.tb.Helper()
	if r.runID(state) == "" {
		return state
	}
	moved := filepath.Join(r.folder, "elsewhere-"+filepath.Base(state))
	if err := os.CopyFS(moved, os.DirFS(state)); err != nil {
		r.tb.Fatal(err)
	}
	if err := os.RemoveAll(state); err != nil {
		r.tb.Fatal(err)
	}
	return moved
}

// finished wants the case to have come to its good end: exit 0, everything there, nothing left.
func (r *rig) finished(f *tortureJobFiles, state string, p *process) {
	r.tb.Helper()
	left := r.leftovers()
	if slices.ContainsFunc(left, func(l string) bool { return strings.HasPrefix(l, "session") }) {
		r.endSessions(r.source) // or whoever looks would wait for their locks
		r.endSessions(r.target)
	}
	t := r.look(f)
	r.report.count(func(c *tortureCounters) {
		c.exit(p.code, t.done, t.whole, len(left))
		c.Bad.Lost, c.Bad.Duplicated, c.Bad.Unexpected = c.Bad.Lost+t.lost, c.Bad.Duplicated+t.duplicated, c.Bad.Unexpected+t.unexpected
		switch {
		case p.hung:
			c.Bad.Hung++
		case !t.whole:
			c.Bad.Torn++
		case p.code == 0 && t.done && len(left) == 0:
			c.Recovered++
		case (p.code == 0) != (t.done && len(left) == 0):
			c.Bad.ExitCodes++
		default:
			c.Bad.NotRecovered++
		}
		for _, l := range left {
			kind, _, _ := strings.Cut(l, ":")
			c.Bad.Left[kind]++
		}
	})
	if p.code != 0 || !t.done || len(left) > 0 {
		r.tb.Errorf("done: %v, left: %v. %s\n%s", t.done, left, t.why, p.said())
	}
	if !r.tb.Failed() {
		if err := os.RemoveAll(state); err != nil {
			r.tb.Error(err)
		}
	}
}
