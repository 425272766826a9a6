package planner

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// filledIn is how much longer a statement may become by what is put into it when it is run: prefixes, digests, markers.
const filledIn = 2_000

// seal finishes a plan whose statements fit through the way they go. Those that do not are said now, not in the middle of a
// run.
func seal(p *plan.Plan) error {
	var all []error
	look := func(steps []plan.Step) {
		for _, s := range steps {
			side, name := p.Target, "target"
			if s.Kind == plan.Unload || s.Kind == plan.Subset {
				side, name = p.Source, "source"
			}
			for _, st := range s.Statements {
				if n := len(st.SQL.String()); side.Auth == "data-api" && n+filledIn > redshift.DataAPIStatement {
					all = append(all, fmt.Errorf("%s: a statement for the %s has %d bytes, and the Data API takes no more than %d", s.ID, name, n, redshift.DataAPIStatement))
				}
			}
		}
	}
	look(p.Prologue)
	for _, t := range p.Tables {
		look(slices.Concat(t.Steps, t.Undo))
	}
	look(p.Epilogue)
	if len(all) > 0 {
		return hint.With(errors.Join(all...), "select fewer columns, or connect over the network: auth: iam")
	}
	return p.Seal()
}
