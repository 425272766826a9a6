package setup

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/permission"
)

// Difference is one thing that is not as it is to be.
type Difference struct {
	Account string `json:"account"`
	What    string `json:"what"` // role sealift-source, bucket corp-sealift
	// State is missing, or differs.
	State string `json:"state"`
	// Details say what differs.
	Details []string `json:"details,omitempty"`
}

// The states of a Difference.
const (
	Missing = "missing"
	Differs = "differs"
)

// ComparePolicies says by their Sids which statements of a policy are missing, are there besides, or differ. there is "" for
// no policy. keyARN is what the stage's key is called there.
func ComparePolicies(name string, want []permission.Statement, there, keyARN string) ([]string, error) {
	if len(want) == 0 {
		return nil, nil
	}
	if there == "" {
		return []string{name + ": there is none"}, nil
	}
	wanted, err := bySid(strings.ReplaceAll(permission.Document(want), permission.StageKey, keyARN))
	if err != nil {
		return nil, err
	}
	found, err := bySid(there)
	if err != nil {
		return nil, fmt.Errorf("%s as it is there: %w", name, err)
	}
	var details []string
	note := func(what string, sids []string) {
		if len(sids) > 0 {
			slices.Sort(sids)
			details = append(details, name+": "+what+" "+strings.Join(sids, ", "))
		}
	}
	var lacks, differs, more []string
	for sid, text := range wanted {
		switch other, ok := found[sid]; {
		case !ok:
			lacks = append(lacks, sid)
		case other != text:
			differs = append(differs, sid)
		}
	}
	for sid := range found {
		if _, ok := wanted[sid]; !ok {
			more = append(more, sid)
		}
	}
	note("lacks", lacks)
	note("differs in", differs)
	note("has besides", more)
	return details, nil
}

// bySid are the statements of a policy, each in one form, by their names.
func bySid(document string) (map[string]string, error) {
	var d struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return nil, err
	}
	var all []map[string]any
	if err := json.Unmarshal(d.Statement, &all); err != nil {
		var one map[string]any
		if err := json.Unmarshal(d.Statement, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	out := make(map[string]string, len(all))
	for i, s := range all {
		sid, ok := s["Sid"].(string)
		if !ok {
			sid = fmt.Sprintf("(statement %d)", i+1)
		}
		text, err := json.Marshal(sorted(s))
		if err != nil {
			return nil, err
		}
		out[sid] = string(text)
	}
	return out, nil
}

// sorted is a value in which the order of lists, which means nothing in a policy, and a list of one are of one form.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = sorted(v[key])
		}
		return v
	case []any:
		var texts []string
		for _, one := range v {
			texts = append(texts, fmt.Sprint(one))
		}
		slices.Sort(texts)
		if len(texts) == 1 {
			return texts[0]
		}
		return texts
	default:
		return fmt.Sprint(v)
	}
}

// LifecycleText is the lifecycle in the words of package actual, to be compared.
func (b *Bucket) LifecycleText() (string, error) {
	type rule struct {
		ID, Status, Prefix string
		Days, Old, Abort   int
	}
	out := make([]rule, len(b.Lifecycle))
	for i, r := range b.Lifecycle {
		out[i] = rule{r.ID, "Enabled", r.Prefix, r.Days, r.Old, r.Abort}
	}
	text, err := json.Marshal(out)
	return string(text), err
}
