package plan

import (
	"errors"
	"slices"
	"strings"
)

// ErrNothingLeft says that no table of a plan was kept.
var ErrNothingLeft = errors.New("no table of the plan is selected")

// Only makes a plan of some of p's tables, with an id of its own. What runs before and after the tables is kept as far as
// these tables need it.
func (p *Plan) Only(keep func(Table) bool) (*Plan, error) {
	part := *p
	part.Tables, part.Prologue, part.Epilogue = nil, nil, nil
	kept := make(map[string]bool)
	for _, t := range p.Tables {
		if keep(t) {
			part.Tables = append(part.Tables, t)
			kept[t.Target] = true
		}
	}
	if len(part.Tables) == 0 {
		return nil, ErrNothingLeft
	}
	for _, s := range p.Prologue {
		if schema, ok := strings.CutPrefix(s.ID, "schema/"); ok && !slices.ContainsFunc(part.Tables, func(t Table) bool {
			return strings.HasPrefix(t.Target, schema+".")
		}) {
			continue
		}
		switch s.Kind {
		case Fence:
			s = FenceStep(part.Tables)
		case Subset:
			s.Statements = slices.DeleteFunc(slices.Clone(s.Statements), func(st Statement) bool { return st.Table != "" && !kept[st.Table] })
		case Prepare, Unload, Send, Check, Load, Analyze, Publish, Fetch, Empty, Relate, Discard:
		}
		part.Prologue = append(part.Prologue, s)
	}
	for _, s := range p.Epilogue {
		if !slices.ContainsFunc(s.Needs, func(table string) bool { return !kept[table] }) {
			part.Epilogue = append(part.Epilogue, s)
		}
	}
	return &part, part.Seal()
}
