package runner

import (
	"slices"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// position is how far a run has come, folded from its journal: empty for a new one. Going on from a position is all that
// a run ever does.
type position struct {
	begun    bool                      // there is a first entry
	ended    bool                      // the last process was done with the run
	held     bool                      // the target may still be claimed
	open     map[string]bool           // doors that the last process may have open, by side
	left     map[string]bool           // and those that earlier ones may have
	done     map[string]bool           // steps that happened and are not to happen again, by id
	attempts map[string]int            // the last attempt at each step
	doubts   []journal.Entry           // intents with a marker of which nobody knows what became of them
	sessions map[bool]journalSessions  // those that did something, of the source (true) and the target
	tables   map[string]*tablePosition // by target
}

type journalSessions []journal.Session

// tablePosition is how far one table has come.
type tablePosition struct {
	unloaded  *journal.Facts // what the last UNLOAD left, if it is still there
	staged    bool           // something may be staged
	shadow    bool           // the shadow may be there
	earlier   bool           // and it was before the last load began
	published bool
}

// fold reads a journal. Whatever is not certain is taken for possible.
func fold(p *plan.Plan, entries []journal.Entry) *position {
	pos := &position{
		done: make(map[string]bool), attempts: make(map[string]int), sessions: make(map[bool]journalSessions),
		tables: make(map[string]*tablePosition, len(p.Tables)), open: make(map[string]bool), left: make(map[string]bool),
	}
	kinds := make(map[string]plan.Kind)
	for _, s := range slices.Concat(p.Prologue, p.Epilogue) {
		kinds[s.ID] = s.Kind
	}
	for _, t := range p.Tables {
		pos.tables[t.Target] = new(tablePosition)
		kinds[emptyID(t.Target)] = plan.Empty // after a failure, also where the plan has no such step
		for _, s := range slices.Concat(t.Steps, t.Undo) {
			kinds[s.ID] = s.Kind
		}
	}
	for _, e := range entries {
		pos.begun = true
		pos.ended = e.Type == journal.End
		pos.entry(e, kinds[e.Step])
		pos.door(e)
	}
	return pos
}

func (pos *position) entry(e journal.Entry, kind plan.Kind) {
	if e.Facts == nil {
		e.Facts = new(journal.Facts)
	}
	t := pos.tables[e.Table]
	if t == nil {
		t = new(tablePosition)
	}
	if e.Type == journal.Intent {
		pos.attempts[e.Step] = max(pos.attempts[e.Step], e.Attempt)
		if s := e.Facts.Session; s != nil {
			source := kind == plan.Unload || kind == plan.Subset
			if !slices.Contains(pos.sessions[source], *s) {
				pos.sessions[source] = append(pos.sessions[source], *s)
			}
		}
		if e.Facts.Marker != "" {
			pos.doubts = append(pos.doubts, e)
		}
	}
	if e.Type == journal.Done || e.Type == journal.Failed {
		pos.doubts = slices.DeleteFunc(pos.doubts, func(d journal.Entry) bool { return d.Step == e.Step && d.Attempt == e.Attempt })
	}
	switch {
	case e.Step == leaseStep:
		pos.held = true
	case e.Step == releaseStep && e.Type == journal.Done:
		pos.held = false
	}
	switch kind {
	case plan.Subset:
		for target, f := range e.Facts.Tables {
			pos.entry(journal.Entry{Type: e.Type, Table: target, Facts: f}, plan.Unload)
		}
	case plan.Unload:
		if e.Type == journal.Intent {
			t.staged, t.unloaded = true, nil
		}
		if e.Type == journal.Done {
			t.unloaded = e.Facts
		}
	case plan.Send:
		// What was sent is not used again: files are cheap to read once more, and nobody has checked them since.
		t.staged = t.staged || e.Type == journal.Intent
	case plan.Load:
		switch e.Type {
		case journal.Intent:
			t.shadow, t.earlier = true, t.shadow
		case journal.Done:
			t.earlier = true
		case journal.Failed:
			t.shadow = t.earlier // what was there is there again: the transaction that replaced it failed
		default:
		}
	case plan.Publish:
		if e.Type == journal.Done {
			t.published, t.shadow, t.earlier = true, false, false
		}
	case plan.Fetch:
		t.published = t.published || e.Type == journal.Done
	case plan.Empty:
		if e.Type == journal.Intent {
			t.unloaded = nil // some of it may be gone
		}
		if e.Type == journal.Done {
			t.staged = false
		}
	case plan.Discard:
		if e.Type == journal.Done {
			t.shadow, t.earlier = false, false
		}
	case plan.Prepare, plan.Relate:
		if e.Type == journal.Done {
			pos.done[e.Step] = true
		}
	case plan.Check, plan.Fence, plan.Analyze:
	}
}

// left tells whether there is anything to do for a table.
func (t *tablePosition) left(p *plan.Table) bool {
	return !t.published || (t.staged && slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.Empty }))
}

// emptyID names the step that empties a table's stage.
func emptyID(target string) string { return target + "/empty" }

// Finished tells that a run came to its end with every table published, every step done and the target given up: there is
// nothing to resume.
func Finished(p *plan.Plan, entries []journal.Entry) bool {
	pos := fold(p, entries)
	if !pos.ended || pos.held || len(pos.doubts) > 0 || len(pos.open) > 0 || len(pos.left) > 0 {
		return false
	}
	for i := range p.Tables {
		t := pos.tables[p.Tables[i].Target]
		if t.left(&p.Tables[i]) || t.shadow {
			return false
		}
	}
	return !slices.ContainsFunc(slices.Concat(p.Prologue, p.Epilogue), func(s plan.Step) bool {
		return (s.Kind == plan.Prepare || s.Kind == plan.Relate) && !pos.done[s.ID]
	})
}
