package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Check holds the kept text of a receipt against the plan and the journal that it was made from. It is made anew from the
// entries that it names by their head, and has to say nothing else. A journal that has gone on since is in order; one
// that does not come as far has lost its end, and with it what was done there.
func Check(p *plan.Plan, log *journal.Log, text []byte) error {
	var kept struct {
		Journal string `json:"journal"`
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("the receipt is damaged: %w", err)
	}
	then, ok := upTo(log, kept.Journal)
	if !ok {
		return errors.New("the receipt tells of entries that the journal does not have: one of the two is not as it was written")
	}
	made, err := Fold(p, then).Encode()
	if err != nil {
		return err
	}
	var a, b any
	if err := errors.Join(json.Unmarshal(text, &a), json.Unmarshal(made, &b)); err != nil {
		return fmt.Errorf("the receipt is damaged: %w", err)
	}
	if where := differs(a, b); where != "" {
		return fmt.Errorf("the receipt says something else at %s than plan and journal: one of them is not as it was written", strings.TrimSpace(where))
	}
	return nil
}

// upTo is the journal as it was when its last line had the SHA-256 head.
func upTo(log *journal.Log, head string) (*journal.Log, bool) {
	if head == log.Head {
		return log, true
	}
	i := slices.IndexFunc(log.Entries, func(e journal.Entry) bool { return e.Prev == head })
	if i < 0 {
		return nil, false
	}
	return &journal.Log{Entries: log.Entries[:i], Head: head}, true
}

// addedLater are fields that came with a later version than the first, which kept receipts need not have.
var addedLater = map[string]bool{}

// differs finds the first place at which kept and made say different things.
func differs(kept, made any) string {
	switch k := kept.(type) {
	case map[string]any:
		m, ok := made.(map[string]any)
		if !ok {
			return " "
		}
		for _, name := range slices.Sorted(maps.Keys(k)) {
			v := k[name]
			other, ok := m[name]
			if !ok {
				return "." + name
			}
			if where := differs(v, other); where != "" {
				return "." + name + where
			}
		}
		for name := range m {
			if _, ok := k[name]; !ok && !addedLater[name] {
				return "." + name
			}
		}
	case []any:
		m, ok := made.([]any)
		if !ok || len(k) != len(m) {
			return " "
		}
		for i := range k {
			if where := differs(k[i], m[i]); where != "" {
				return fmt.Sprintf("[%d]%s", i, where)
			}
		}
	default:
		if kept != made {
			return " "
		}
	}
	return ""
}
