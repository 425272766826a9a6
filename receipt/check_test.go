package receipt

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// memory is a journal's sink that never fails.
type memory struct{ bytes.Buffer }

func (*memory) Sync() error  { return nil }
func (*memory) Close() error { return nil }

func accountOf(t *testing.T, entries ...journal.Entry) *journal.Log {
	t.Helper()
	var m memory
	w := journal.New(&m, func() time.Time { return time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC) })
	for _, e := range entries {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	log, err := journal.Read(bytes.NewReader(m.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestAKeptReceiptIsHeldAgainstPlanAndJournal(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{ID: "p", Tables: []plan.Table{{
		Source: "s.a", Target: "t.a", Steps: []plan.Step{{ID: "t.a/unload", Kind: plan.Unload}, {ID: "t.a/publish", Kind: plan.Publish}},
	}}}
	entries := []journal.Entry{
		{Type: journal.Begin, Version: journal.Version, Run: "run", Plan: "p"},
		{Type: journal.Intent, Table: "t.a", Step: "t.a/unload", Attempt: 1},
		{Type: journal.Done, Table: "t.a", Step: "t.a/unload", Attempt: 1, Facts: &journal.Facts{Rows: 3, Digest: "d1"}},
		{Type: journal.Intent, Table: "t.a", Step: "t.a/publish", Attempt: 1},
		{Type: journal.Done, Table: "t.a", Step: "t.a/publish", Attempt: 1},
		{Type: journal.End},
	}
	log := accountOf(t, entries...)
	made, err := Fold(p, log).Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(made)
	if err := Check(p, log, made); err != nil {
		t.Errorf("as it was written: %v", err)
	}
	// The run went on: the receipt is of the journal as it was then.
	if err := Check(p, accountOf(t, append(entries, journal.Entry{Type: journal.Resume})...), made); err != nil {
		t.Errorf("a journal that has gone on: %v", err)
	}
	for name, c := range map[string]struct {
		text string
		log  *journal.Log
		want string
	}{
		"another number of rows":             {strings.Replace(text, `"rows": 3`, `"rows": 4`, 1), log, ".tables[0].rows"},
		"another outcome":                    {strings.Replace(text, `"verified"`, `"failed"`, 1), log, ".outcome"},
		"something less":                     {strings.Replace(text, `"job": "",`, "", 1), log, ".job"},
		"something more":                     {strings.Replace(text, `{`, `{"x": 1,`, 1), log, ".x"},
		"a table less":                       {strings.Replace(text, `"tables": [`, `"tables": [], "y": [`, 1), log, ".tables"},
		"cut short":                          {text[:len(text)/2], log, "damaged"},
		"more after the end":                 {text + "x", log, "damaged"},
		"a journal cut at the end of a line": {text, accountOf(t, entries[:4]...), "entries that the journal does not have"},
		"another run's journal":              {text, accountOf(t, append(entries[:4:4], journal.Entry{Type: journal.End})...), "entries that the journal does not have"},
	} {
		if err := Check(p, c.log, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
