package receipt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// A shadow that an earlier process left is named, also when the load of the next one failed before it could replace it.
func TestAShadowOfAnEarlierProcessIsNamed(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{Tables: []plan.Table{{Target: "t.a", Steps: []plan.Step{{ID: "t.a/load", Kind: plan.Load}}, Undo: []plan.Step{{ID: "t.a/discard", Kind: plan.Discard}}}}}
	entry := func(kind journal.Type, step string) journal.Entry {
		return journal.Entry{Type: kind, Table: "t.a", Step: step}
	}
	const named = "perhaps the shadow of t.a in "
	begun, loaded, failed := entry(journal.Intent, "t.a/load"), entry(journal.Done, "t.a/load"), entry(journal.Failed, "t.a/load")
	for name, c := range map[string]struct {
		entries []journal.Entry
		left    bool
	}{
		"rolled back":       {[]journal.Entry{begun, failed}, false},
		"loaded, then not":  {[]journal.Entry{begun, loaded, failed}, true},
		"killed, then not":  {[]journal.Entry{begun, begun, failed}, true},
		"dropped, then not": {[]journal.Entry{begun, loaded, entry(journal.Done, "t.a/discard"), begun, failed}, false},
	} {
		got := receipt.Fold(p, &journal.Log{Entries: c.entries}).Left
		if slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, named) }) != c.left {
			t.Errorf("%s: left %q", name, got)
		}
	}
}
