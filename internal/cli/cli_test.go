package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// The scripts in testdata/script drive the real program as far as it needs no warehouse. What they may say beyond
// testscript's own commands:
//
//	exits CODE sealift ARGS...   run the program and hold its exit code against CODE
//	state                        prepare a state folder with three runs: done, failed and killed
//	tear RUN                     cut the last line of a run's journal short, as a crash while writing leaves it
//	ports                        set AWS_PORT and WAREHOUSE_PORT to free ports, the one after the second free too
//	waitfor FILE                 return when a file is there
//	damage RUN                   add a line to a run's journal that is none
func TestMain(m *testing.M) {
	testscript.Main(leakTested{m}, map[string]func(){"sealift": func() { os.Exit(Main()) }})
}

// leakTested finds goroutines that the tests leave behind.
type leakTested struct{ *testing.M }

func (m leakTested) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestScripts(t *testing.T) {
	t.Parallel()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true, UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("SEALIFT_STATE_DIR", "")
			env.Setenv("XDG_STATE_HOME", "")
			env.Setenv("XDG_CACHE_HOME", cache) // a PostgreSQL data folder is made once, not for each test
			env.Setenv("TMPDIR", os.TempDir())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "state": prepareState, "tear": tear, "damage": damage, "ports": ports, "waitfor": waitFor},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		coded, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = coded.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// prepareState writes a state folder as runs leave it.
func prepareState(ts *testscript.TestScript, _ bool, _ []string) {
	p := fixedPlan()
	ts.Check(p.Seal())
	dir := filepath.Join(ts.Getenv("HOME"), ".local", "state", "sealift", "runs")
	writeRun(ts, dir, p, "20261119T080000Z-0001", 0, doneEntries(p))
	writeRun(ts, dir, p, "20261120T080000Z-0002", 24*time.Hour, failedEntries(p))
	writeRun(ts, dir, p, "20261121T080000Z-0003", 48*time.Hour, killedEntries(p))
}

func tear(ts *testscript.TestScript, _ bool, args []string) {
	addToJournal(ts, args[0], `{"seq":18,"ti`)
}

func damage(ts *testscript.TestScript, _ bool, args []string) { addToJournal(ts, args[0], "damaged\n") }

func addToJournal(ts *testscript.TestScript, run, text string) {
	name := filepath.Join(ts.Getenv("HOME"), ".local", "state", "sealift", "runs", run, "journal.jsonl")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	_, err = f.WriteString(text)
	ts.Check(errors.Join(err, f.Close()))
}

// ports finds free ports. Another process may take one before it is used; that is rare, and then the test says so.
func ports(ts *testscript.TestScript, _ bool, _ []string) {
	free := func(port int) (int, bool) {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return 0, false
		}
		port = l.Addr().(*net.TCPAddr).Port
		return port, l.Close() == nil
	}
	set := func(name string, port int) { ts.Setenv(name, strconv.Itoa(port)) }
	for range 100 {
		aws, okAWS := free(0)
		first, okFirst := free(0)
		if _, okNext := free(first + 1); okAWS && okFirst && okNext && aws != first+1 && aws != first {
			set("AWS_PORT", aws)
			set("WAREHOUSE_PORT", first)
			return
		}
	}
	ts.Fatalf("no free ports")
}

func writeRun(ts *testscript.TestScript, dir string, p *plan.Plan, id string, later time.Duration, entries []journal.Entry) {
	folder := filepath.Join(dir, id)
	ts.Check(os.MkdirAll(folder, 0o700))
	var text bytes.Buffer
	ts.Check(p.Encode(&text))
	ts.Check(os.WriteFile(filepath.Join(folder, "plan.json"), text.Bytes(), 0o600))
	now := time.Date(2026, 11, 19, 8, 0, 0, 0, time.UTC).Add(later)
	w, err := journal.Create(filepath.Join(folder, "journal.jsonl"), func() time.Time {
		now = now.Add(1500 * time.Millisecond)
		return now
	})
	ts.Check(err)
	begin := journal.Entry{Type: journal.Begin, Version: journal.Version, Run: id, Plan: p.ID}
	for _, e := range append([]journal.Entry{begin}, entries...) {
		_, err := w.Append(e)
		ts.Check(err)
	}
	ts.Check(w.Close())
}

// fixedPlan moves two tables.
func fixedPlan() *plan.Plan {
	p := &plan.Plan{
		CreatedAt: time.Date(2026, 11, 19, 7, 59, 0, 0, time.UTC), Job: plan.JobRef{File: "prod-to-dev.yaml"},
		Source: plan.Warehouse{Cluster: "prod-dw", Database: "analytics", Auth: "iam"},
		Target: plan.Warehouse{Cluster: "dev-dw", Database: "analytics", Auth: "iam"},
		Stage:  plan.Stage{Bucket: "corp-sealift", Prefix: "dev", KMSKeyARN: "arn:aws:kms:eu-west-1:111111111111:key/1c5e2f60", Keep: "never"},
		Prologue: []plan.Step{
			{ID: "ledger", Kind: plan.Prepare, About: "make sure of the ledger"},
		},
		Epilogue: []plan.Step{},
	}
	for _, name := range []string{"crm.customers", "sales.orders"} {
		t := plan.Table{
			Source: name, Target: name, Mode: "replace", Method: plan.Swap, Format: "parquet", EstimatedRows: 1000, EstimatedBytes: 1 << 20,
			Undo: []plan.Step{{ID: name + "/discard", Kind: plan.Discard, About: "drop the shadow"}},
		}
		for _, k := range []plan.Kind{plan.Unload, plan.Check, plan.Load, plan.Publish, plan.Empty} {
			t.Steps = append(t.Steps, plan.Step{ID: name + "/" + string(k), Kind: k, About: string(k)})
		}
		p.Tables = append(p.Tables, t)
	}
	return p
}

// moved are the entries of a table that is published.
func moved(t plan.Table, rows int64) []journal.Entry {
	facts := map[plan.Kind]*journal.Facts{
		plan.Unload: {Rows: rows, Digest: fmt.Sprintf("%032x", rows*0x1f3d5b79), QueryID: 48213, UnloadSeconds: 1.2, DigestSeconds: 0.2},
		plan.Check:  {Objects: 4, Bytes: rows * 100},
		plan.Load:   {QueryID: 99120, CopySeconds: 0.9, DigestSeconds: 0.3},
		plan.Empty:  {Objects: 5, Empty: true},
	}
	var all []journal.Entry
	for _, s := range t.Steps {
		all = append(all, journal.Entry{Type: journal.Intent, Table: t.Target, Step: s.ID, Attempt: 1},
			journal.Entry{Type: journal.Done, Table: t.Target, Step: s.ID, Attempt: 1, Facts: facts[s.Kind]})
	}
	return all
}

func doneEntries(p *plan.Plan) []journal.Entry {
	return append(append(moved(p.Tables[0], 401_233), moved(p.Tables[1], 12_400_000)...), journal.Entry{Type: journal.End})
}

// failedEntries are of a run in which sales.orders fails.
func failedEntries(p *plan.Plan) []journal.Entry {
	all := append(moved(p.Tables[0], 401_233), moved(p.Tables[1], 12_400_000)[:4]...)
	step := func(kind journal.Type, name string, e journal.Entry) {
		e.Type, e.Table, e.Step, e.Attempt = kind, "sales.orders", "sales.orders/"+name, 1
		all = append(all, e)
	}
	step(journal.Intent, "load", journal.Entry{})
	step(journal.Failed, "load", journal.Entry{
		Error: "copy sales.orders: value too long for city VARCHAR(20): 27 bytes", Hint: "widen the column: alter table sales.orders alter column city type varchar(40)",
		Details: []string{"file   s3://corp-sealift/dev/0002_part_00.zst  line 18,213", "value  redacted   server: error 1204, query 99133"},
	})
	for _, name := range []string{"discard", "empty"} {
		step(journal.Intent, name, journal.Entry{})
		step(journal.Done, name, journal.Entry{Facts: &journal.Facts{Objects: 5, Empty: true}})
	}
	return append(all, journal.Entry{Type: journal.End})
}

// killedEntries end in the middle of a copy.
func killedEntries(p *plan.Plan) []journal.Entry {
	return append(moved(p.Tables[0], 401_233), moved(p.Tables[1], 12_400_000)[:5]...)
}

// waitFor returns when a file is there. Nobody tells when another process writes one, so it looks again and again.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("%s never came", args[0])
		}
	}
}
