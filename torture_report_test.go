package sealift_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tortureCounters is what a bench came to, in the manner of Jepsen. Everything under Bad has to be zero.
type tortureCounters struct {
	Processes   int `json:"processes"`    // executions of the program
	Kills       int `json:"kills"`        // by SIGKILL
	DoubleKills int `json:"double_kills"` // cases in which the recovery was killed too
	Faults      int `json:"proxied_faults"`
	Missed      int `json:"missed"` // the run went another way, and the point never came
	Mutations   int `json:"mutations"`
	Detected    int `json:"mutations_detected"`
	Harmless    int `json:"mutations_harmless"` // every row was right all the same
	CleanRuns   int `json:"clean_runs"`
	Races       int `json:"concurrent_runs"`
	Recovered   int `json:"recovered"` // cases that went through after all
	// Exits are how processes ended, against what the world then looked like: "exit 0, done, nothing left".
	Exits map[string]int `json:"exits"`
	Bad   tortureBad     `json:"bad"`
}

type tortureBad struct {
	Lost         int            `json:"rows_lost"`
	Duplicated   int            `json:"rows_duplicated"`
	Unexpected   int            `json:"rows_unexpected"`
	Torn         int            `json:"targets_torn"` // neither as before nor as planned
	Left         map[string]int `json:"left_behind"`
	ExitCodes    int            `json:"exit_codes_untrue"`
	NotRecovered int            `json:"not_recovered"`
	Undetected   int            `json:"mutations_undetected"`
	FalseAlarms  int            `json:"false_alarms"`
	Hung         int            `json:"hung"`
}

func (b tortureBad) none() bool {
	return b.Lost+b.Duplicated+b.Unexpected+b.Torn+len(b.Left)+b.ExitCodes+b.NotRecovered+b.Undetected+b.FalseAlarms+b.Hung == 0
}

// tortureReport gathers the counters of all workers.
type tortureReport struct {
	Command string    `json:"command"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Seed    uint64    `json:"seed"`

	mu       sync.Mutex
	Counters tortureCounters `json:"counters"`
}

func (t *tortureReport) count(f func(*tortureCounters)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.Counters)
}

// exit notes how a process ended and what the world looked like.
func (c *tortureCounters) exit(code int, done, whole bool, left int) {
	state := "as it was, or partly"
	switch {
	case done:
		state = "done"
	case !whole:
		state = "torn"
	}
	behind := "nothing left"
	if left > 0 {
		behind = "something left"
	}
	c.Exits[fmt.Sprintf("exit %d, %s, %s", code, state, behind)]++
}

// text is the report as people read it.
func (t *tortureReport) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.Counters
	var b strings.Builder
	line := func(name string, n any) { fmt.Fprintf(&b, "  %-24s %v\n", name, n) }
	fmt.Fprintf(&b, "torture, seed %d, %.0f s\n", t.Seed, t.Seconds)
	line("processes", c.Processes)
	line("kills", c.Kills)
	line("killed twice", c.DoubleKills)
	line("proxied faults", c.Faults)
	line("points missed", c.Missed)
	line("mutations", c.Mutations)
	line("  of these detected", c.Detected)
	line("  of these harmless", c.Harmless)
	line("clean runs", c.CleanRuns)
	line("concurrent runs", c.Races)
	line("recovered", c.Recovered)
	b.WriteString("exit codes against truth\n")
	for _, k := range slices.Sorted(maps.Keys(c.Exits)) {
		line(k, c.Exits[k])
	}
	b.WriteString("has to be zero\n")
	line("rows lost", c.Bad.Lost)
	line("rows duplicated", c.Bad.Duplicated)
	line("rows unexpected", c.Bad.Unexpected)
	line("targets torn", c.Bad.Torn)
	left := 0
	for _, k := range slices.Sorted(maps.Keys(c.Bad.Left)) {
		line("left behind: "+k, c.Bad.Left[k])
		left += c.Bad.Left[k]
	}
	if left == 0 {
		line("left behind", 0)
	}
	line("untrue exit codes", c.Bad.ExitCodes)
	line("not recovered", c.Bad.NotRecovered)
	line("mutations undetected", c.Bad.Undetected)
	line("false alarms", c.Bad.FalseAlarms)
	line("hung", c.Bad.Hung)
	return b.String()
}

// write keeps the report as JSON, for those who read it by program.
func (t *tortureReport) write(tb testing.TB, file string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	text, err := json.MarshalIndent(t, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o600)
	}
	if err != nil {
		tb.Error(err)
	}
}
