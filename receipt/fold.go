package receipt

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Seconds makes a Duration from a fact of the journal.
func Seconds(s float64) Duration { return Duration(math.Round(s * float64(time.Second))) }

// MarshalJSON writes seconds.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(time.Duration(d).Seconds()*1000) / 1000)
}

// UnmarshalJSON reads seconds.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s float64
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("duration: %w", err)
	}
	*d = Seconds(s)
	return nil
}

// Fold turns a plan and its journal into the account of the run. It needs nothing else, so that any machine that sees
// both comes to the same account.
func Fold(p *plan.Plan, log *journal.Log) *Receipt {
	f := folding{
		receipt: &Receipt{
			Version: Version, Plan: p.ID, Job: p.Job.File, Once: p.Once(), Source: p.From(), Target: p.To(),
			Tables: make([]Table, len(p.Tables)), Journal: log.Head,
			Stage: Stage{URL: p.Stage.URL(), KMSKey: p.Stage.KMSKeyARN},
		},
		steps:  make(map[string]plan.Step),
		tables: make(map[string]*Table, len(p.Tables)),
		staged: make(map[string]bool), shadows: make(map[string]bool), earlier: make(map[string]bool),
		keep: p.Stage.Keep != "never",
	}
	if m := p.Masking; m != nil {
		f.receipt.Masking = &Masking{Environment: m.Environment, Epoch: m.Epoch, KeyID: m.KeyID, Ephemeral: m.Key == plan.Ephemeral, Policies: m.Policies}
	}
	for i, t := range p.Tables {
		f.receipt.Tables[i] = Table{
			Source: t.Source, Target: t.Target, Mode: t.Mode, Method: string(t.Method), Format: t.Format,
			Outcome: Interrupted, Notes: t.Notes, Masks: masks(t), Unloads: t.Output != nil,
		}
		f.tables[t.Target] = &f.receipt.Tables[i]
		for _, s := range slices.Concat(t.Steps, t.Undo) {
			f.steps[s.ID] = s
		}
	}
	for _, s := range slices.Concat(p.Prologue, p.Epilogue) {
		f.steps[s.ID] = s
	}
	for _, e := range log.Entries {
		f.entry(e)
	}
	f.close()
	return f.receipt
}

type folding struct {
	receipt *Receipt
	steps   map[string]plan.Step
	tables  map[string]*Table
	staged  map[string]bool // tables whose prefix may hold something, by target
	shadows map[string]bool // tables whose shadow may be there, by target
	earlier map[string]bool // and it was before the last load began
	keep    bool            // the job wants staged objects to stay, always or on failure
	stopped bool
	ended   bool
}

func (f *folding) entry(e journal.Entry) {
	switch e.Type {
	case journal.Begin:
		f.receipt.Run, f.receipt.StartedAt = e.Run, e.Time
	case journal.Resume:
		// Another process goes on: what the one before came to is not the end of it.
		f.receipt.Resumed++
		f.stopped, f.ended = false, false
	case journal.End:
		f.ended = true
		f.stopped = f.stopped || Outcome(e.Outcome) == Interrupted
	case journal.Stopped:
		f.stopped = true
	case journal.Intent, journal.Done, journal.Failed, journal.Unknown:
	}
	f.receipt.EndedAt = e.Time
	if e.Step == "" {
		return
	}
	// The last attempt at a step counts.
	if e.Type != journal.Intent {
		f.receipt.Failures = slices.DeleteFunc(f.receipt.Failures, func(x Failure) bool { return x.Step == e.Step })
	}
	t := f.tables[e.Table]
	if t == nil {
		if e.Facts != nil {
			f.parts(e)
		}
		f.door(e)
		if e.Type == journal.Failed || e.Type == journal.Unknown {
			f.receipt.Failures = append(f.receipt.Failures, failure(e))
		}
		return
	}
	if t.StartedAt.IsZero() {
		t.StartedAt = e.Time
	}
	t.EndedAt = e.Time
	f.table(t, f.kind(e), e)
}

// parts are what a step of all tables tells about each.
func (f *folding) parts(e journal.Entry) {
	if e.Type != journal.Intent && e.Type != journal.Done {
		return // what was staged stays in the account until it is removed
	}
	for target, facts := range e.Facts.Tables {
		t := f.tables[target]
		if t == nil {
			continue // of another plan: Fold is told apart from its journal elsewhere
		}
		if t.StartedAt.IsZero() {
			t.StartedAt = e.Time
		}
		t.EndedAt = e.Time
		f.table(t, plan.Unload, journal.Entry{Type: e.Type, Time: e.Time, Step: e.Step, Table: target, Facts: facts})
	}
}

// door keeps the account of doors. Their steps are open, shut and sweep, each with the side.
func (f *folding) door(e journal.Entry) {
	verb, side, ok := strings.Cut(e.Step, " ")
	if !ok || side != "source" && side != "target" {
		return
	}
	last := -1
	for i := range f.receipt.Doors {
		if f.receipt.Doors[i].Side == side {
			last = i
		}
	}
	at := new(journal.Door)
	if e.Facts != nil && e.Facts.Door != nil {
		at = e.Facts.Door
	}
	switch {
	case verb == "open" && e.Type == journal.Intent:
		f.receipt.Doors = append(f.receipt.Doors, Door{Side: side, OpenedAt: e.Time})
	case last < 0 || e.Type == journal.Intent:
	case verb == "open":
		d := &f.receipt.Doors[last]
		d.Group, d.Address, d.Port, d.Rule, d.Until, d.Foreign = at.Group, at.Address, at.Port, at.Rule, at.Until, at.Foreign
		if e.Type == journal.Done {
			d.OpenedAt = e.Time
		}
	case verb == "shut" && e.Type == journal.Done:
		d := &f.receipt.Doors[last]
		d.ClosedAt, d.Gone, d.Shared = new(e.Time), at.Gone, at.Shared
	case verb == "sweep" && e.Type == journal.Done:
		for i := range f.receipt.Doors[:last] {
			if d := &f.receipt.Doors[i]; d.Side == side && d.ClosedAt == nil {
				d.ClosedAt, d.Gone = new(e.Time), true
			}
		}
	}
}

// kind of the step that e is about. Emptying after a failure is not among a table's planned steps.
func (f *folding) kind(e journal.Entry) plan.Kind {
	if s, ok := f.steps[e.Step]; ok {
		return s.Kind
	}
	return plan.Empty
}

func (f *folding) table(t *Table, kind plan.Kind, e journal.Entry) {
	facts := e.Facts
	if facts == nil {
		facts = new(journal.Facts)
	}
	switch e.Type {
	case journal.Intent:
		switch kind {
		case plan.Unload, plan.Send:
			f.staged[t.Target] = true
		case plan.Load:
			f.earlier[t.Target], f.shadows[t.Target] = f.shadows[t.Target], true
		case plan.Prepare, plan.Fence, plan.Subset, plan.Check, plan.Fetch, plan.Analyze, plan.Publish, plan.Empty, plan.Relate, plan.Discard:
		}
	case journal.Done:
		switch kind {
		case plan.Unload:
			t.Rows, t.Digest, t.SourceQuery = facts.Rows, facts.Digest, facts.QueryID
			t.Unload, t.Verify = Seconds(facts.UnloadSeconds), Seconds(facts.DigestSeconds)
			t.Superseded = facts.Superseded
			t.profile(facts.Profile)
		case plan.Send:
			t.Rows, t.Content, t.Send, t.Verify = max(0, facts.Rows), facts.Content, Seconds(facts.SendSeconds), 0
			t.Digest, t.Superseded = facts.Digest, facts.Superseded // of a server; of files it is taken in the target
			t.Rejected, t.Rejects = facts.Rejected, facts.Rejects
			t.profile(facts.Profile)
			f.receipt.Stage.Objects += facts.Objects - t.Objects
			f.receipt.Stage.Bytes += facts.Bytes - t.StagedBytes
			t.Objects, t.StagedBytes = facts.Objects, facts.Bytes
		case plan.Check:
			// Staged once and checked again by a later process, or staged anew: what was published counts.
			f.receipt.Stage.Objects += facts.Objects - t.Objects
			f.receipt.Stage.Bytes += facts.Bytes - t.StagedBytes
			t.Objects, t.StagedBytes = facts.Objects, facts.Bytes
		case plan.Load:
			f.earlier[t.Target] = true
			if t.Content != "" {
				t.Rows, t.Digest = facts.Rows, facts.Digest // of files that COPY reads as they are, nobody else counts
			}
			t.TargetQuery, t.Copy, t.Verify = facts.QueryID, Seconds(facts.CopySeconds), t.Verify+Seconds(facts.DigestSeconds)
		case plan.Fetch:
			t.Outcome, t.Failure, t.Files = Verified, nil, facts.Files
		case plan.Publish:
			t.Outcome, t.Failure = Verified, nil
			if facts.Looked && facts.Updated+facts.Added+facts.Deleted == 0 {
				// whoever only found the marker cannot tell
			} else if slices.Contains([]plan.Method{plan.Merge, plan.InsertNew, plan.History, plan.Mirror}, plan.Method(t.Method)) {
				t.Updated = new(facts.Updated)
				if t.Method == string(plan.Mirror) {
					t.Added, t.Deleted = new(facts.Added), new(facts.Deleted)
				}
			}
			t.Verify += Seconds(facts.DigestSeconds)
			f.shadows[t.Target], f.earlier[t.Target] = false, false
		case plan.Empty:
			f.staged[t.Target] = !facts.Empty
		case plan.Discard:
			f.shadows[t.Target], f.earlier[t.Target] = false, false
		case plan.Analyze:
			t.Warnings = nil
		case plan.Prepare, plan.Fence, plan.Subset, plan.Relate:
		}
		if t.Failure != nil && t.Failure.Step == e.Step {
			t.Outcome, t.Failure = Interrupted, nil // a later attempt went through; what comes next decides
		}
	case journal.Failed, journal.Unknown:
		fail := failure(e)
		switch {
		case kind == plan.Empty || kind == plan.Discard:
			// The table's own outcome stands; what is left is named at the end.
			f.receipt.Failures = append(f.receipt.Failures, fail)
		case kind == plan.Analyze:
			t.Warnings = []Failure{fail} // of the last attempt; the table goes on
		case kind == plan.Publish && e.Type == journal.Unknown:
			t.Outcome, t.Failure = Unknown, &fail
		default:
			t.Outcome, t.Failure = Failed, &fail
			if kind == plan.Load && e.Type == journal.Failed {
				f.shadows[t.Target] = f.earlier[t.Target] // what was there is there again
			}
		}
	case journal.Stopped:
		if t.Outcome != Verified {
			t.Outcome, t.Failure = Interrupted, nil
		}
	case journal.Begin, journal.Resume, journal.End:
	}
}

func failure(e journal.Entry) Failure {
	return Failure{Step: e.Step, Error: e.Error, Hint: e.Hint, Anew: e.Anew, Details: e.Details}
}

// close draws the sum.
func (f *folding) close() {
	r := f.receipt
	verified := true
	for i := range r.Tables {
		t := &r.Tables[i]
		verified = verified && t.Outcome == Verified
		switch {
		case f.staged[t.Target] && f.keep:
			r.Stage.Kept = true
		case f.staged[t.Target]:
			r.Left = append(r.Left, fmt.Sprintf("staged objects of %s under %s/%s", t.Target, r.Stage.URL, r.Run))
		}
		if f.shadows[t.Target] {
			r.Left = append(r.Left, fmt.Sprintf("perhaps the shadow of %s in %s", t.Target, r.Target))
		}
		if t.Outcome == Unknown {
			r.Left = append(r.Left, fmt.Sprintf("%s: the answer to its publish was lost; the marker in sealift.ledger of %s tells whether it happened", t.Target, r.Target))
		}
	}
	for _, d := range r.Doors {
		if d.ClosedAt == nil && !d.Foreign {
			r.Left = append(r.Left, d.left())
		}
	}
	r.Stage.Empty = !anyTrue(f.staged)
	switch {
	case verified && f.ended && !f.stopped && len(r.Failures) == 0 && len(r.Left) == 0:
		r.Outcome = Verified
	case f.stopped || !f.ended:
		r.Outcome = Interrupted
	default:
		r.Outcome = Failed
	}
}

// left says what may be open, and for how long.
func (d Door) left() string {
	text := "perhaps a door to the " + d.Side
	if d.Group != "" {
		text += fmt.Sprintf(": %s port %d in %s", d.Address, d.Port, d.Group)
	}
	if !d.Until.IsZero() {
		text += ", until " + d.Until.Format(time.RFC3339) + " at the latest"
	}
	return text
}

func anyTrue(m map[string]bool) bool {
	for _, v := range m {
		if v {
			return true
		}
	}
	return false
}

// Counts tells how many tables came to which outcome.
func (r *Receipt) Counts() map[Outcome]int {
	n := make(map[Outcome]int, 4)
	for _, t := range r.Tables {
		n[t.Outcome]++
	}
	return n
}

// Encode is the receipt's JSON form, indented.
func (r *Receipt) Encode() ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	return []byte(b.String()), nil
}
