package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/sealift/sealift/internal/hint"
)

// State is what became of a check.
type State string

// The states. What cannot be told is neither there nor missing: it could not be tried.
const (
	OK         State = "ok"
	Missing    State = "missing"
	CannotTell State = "cannot tell"
)

// Result is one thing that was found.
type Result struct {
	Check  string `json:"check"` // the name of the check that found it
	Side   string `json:"side"`  // loader, source, stage, target or job
	State  State  `json:"state"`
	What   string `json:"what"`             // one fact: what is there, or what is not
	Reason string `json:"reason,omitempty"` // why it is missing or cannot be told
	Hint   string `json:"hint,omitempty"`   // what to do
	// SQL are the statements that give what is missing in the database of this side.
	SQL []string `json:"sql,omitempty"`
	// Policies are what is missing in AWS, or whatever else would let it pass.
	Policies []Policy `json:"policies,omitempty"`

	// Lacks says what Fill looks up.
	Lacks []Lack `json:"-"`
}

// Good is a result that is as it should be.
func Good(format string, args ...any) Result {
	return Result{State: OK, What: fmt.Sprintf(format, args...)}
}

// Bad is what is missing, and why it is known.
func Bad(err error, format string, args ...any) Result {
	return Result{State: Missing, What: fmt.Sprintf(format, args...), Reason: text(err), Hint: hint.Of(err)}
}

// Unknown is what could not be tried.
func Unknown(err error, format string, args ...any) Result {
	return Result{State: CannotTell, What: fmt.Sprintf(format, args...), Reason: text(err), Hint: hint.Of(err)}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Check is one thing to try.
type Check struct {
	Name  string // unique
	Side  string
	About string // what is tried, in the words that stand for it where it cannot be
	// Needs are the checks without which this one means nothing: all their results must be good.
	Needs []string
	// After are checks that must be over, whatever they found.
	After []string
	Run   func(ctx context.Context) []Result
}

// Run tries everything, in parallel, each check when those are over that it names. The results are in the order of the checks.
// A check that is never reached, because those it names are not there or wait for it, is a mistake of the program: Run panics.
func Run(ctx context.Context, checks []Check) []Result {
	valid(checks)
	found := make([][]Result, len(checks))
	over := make([]chan struct{}, len(checks))
	roots := make([]string, len(checks)) // what it comes from that one could not be tried
	at := make(map[string]int, len(checks))
	for i, c := range checks {
		over[i], at[c.Name] = make(chan struct{}), i
	}
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			defer close(over[i])
			for _, name := range slices.Concat(c.Needs, c.After) {
				<-over[at[name]]
			}
			for _, name := range c.Needs {
				if k := at[name]; roots[i] == "" && slices.ContainsFunc(found[k], func(r Result) bool { return r.State != OK }) {
					roots[i] = cmp.Or(roots[k], checks[k].About)
				}
			}
			switch {
			case ctx.Err() != nil:
				found[i] = []Result{Unknown(context.Cause(ctx), "%s", c.About)}
			case roots[i] != "":
				found[i] = []Result{{State: CannotTell, What: c.About, Reason: "needs what is missing above: " + roots[i]}}
			default:
				found[i] = c.Run(ctx)
			}
			for k := range found[i] {
				r := &found[i][k]
				r.Check = c.Name
				if r.Side == "" {
					r.Side = c.Side
				}
			}
		})
	}
	all.Wait()
	return slices.Concat(found...)
}

// valid makes sure that every check comes to its turn: those that it names stand before it.
func valid(checks []Check) {
	seen := make(map[string]bool, len(checks))
	for _, c := range checks {
		for _, name := range slices.Concat(c.Needs, c.After) {
			if !seen[name] {
				panic(fmt.Sprintf("check: %s waits for %s, which does not stand before it", c.Name, name))
			}
		}
		if seen[c.Name] {
			panic("check: two are named " + c.Name)
		}
		seen[c.Name] = true
	}
}
