package plan

import (
	"slices"

	"github.com/sealift/sealift/internal/redshift"
)

// fenceRows is how many tables one statement claims.
const fenceRows = 500

// FenceStep claims tables for one process, in one transaction: whoever claimed them before cannot publish any more,
// because every publish ends by touching its own claim.
func FenceStep(tables []Table) Step {
	s := Step{
		ID: "fence", Kind: Fence, About: "claim every table, so that no earlier process can publish any more",
		Statements: []Statement{{SQL: redshift.Lock(redshift.Fence)}},
	}
	for part := range slices.Chunk(tables, fenceRows) {
		var names, rows []redshift.SQL
		for _, t := range part {
			names = append(names, redshift.Build("?", redshift.Lit(t.Target)))
			rows = append(rows, redshift.Build("(?, ?)", redshift.Lit(t.Target), redshift.Placeholder(ParamHolder)))
		}
		s.Statements = append(s.Statements,
			Statement{SQL: redshift.Build("DELETE FROM ?\nWHERE target IN (?)", redshift.Fence, redshift.Join(", ", names...))},
			Statement{SQL: redshift.Build("INSERT INTO ? (target, holder)\nVALUES ?", redshift.Fence, redshift.Join(", ", rows...))},
		)
	}
	return s
}

// Fenced touches this process's claim on a table, as the last statement of a transaction. It takes the lock on the
// claims, which is why it comes last; a process whose claim is gone touches nothing, or is refused by the database when
// its snapshot is older than the new claim.
func Fenced(target string) Statement {
	return Statement{
		SQL:  redshift.Build("UPDATE ? SET touched_at = SYSDATE\nWHERE target = ? AND holder = ?", redshift.Fence, redshift.Lit(target), redshift.Placeholder(ParamHolder)),
		Role: Fences,
	}
}
