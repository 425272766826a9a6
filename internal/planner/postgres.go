package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/postgres"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Postgres is what is known of a PostgreSQL server beyond a catalog: how its values become those of a warehouse.
type Postgres struct {
	Tables  map[redshift.Table]postgres.Rows // by the names that the catalog has for them
	Queries map[int]postgres.Rows            // by their index in Job.Tables
	Slices  int                              // how many parts are written at once
}

// postgresRows are the rows of a table with the types that they have in the target.
func (b *builder) postgresRows(s *selection, where string) (redshift.SQL, error) {
	rows := b.Postgres.Queries[s.entry]
	if s.source != nil {
		rows = b.Postgres.Tables[s.source.Table]
	}
	var list, inexact []redshift.SQL
	s.suspects = nil
	var problems error
	for _, c := range s.moved {
		r := rows.Columns[c.Name.String()]
		if r.Problem != "" {
			problems = errors.Join(problems, fmt.Errorf("column %s %s", c.Name.String(), r.Problem))
			continue
		}
		list = append(list, redshift.Build("? AS ?", r.Expr, c.Name))
		if !r.Inexact.IsZero() {
			inexact = append(inexact, r.Inexact)
			s.suspects = append(s.suspects, c.Name.String())
		}
	}
	if problems != nil {
		return redshift.SQL{}, hint.With(problems, "leave it out with columns:, or select it by a query that casts it")
	}
	suffix := redshift.Build("FROM ?", rows.From)
	if where != "" {
		suffix = redshift.Build("?\n    WHERE (?)", suffix, redshift.Raw(where))
	}
	s.extract = &plan.Extract{Marker: "sealift_null_" + b.Nonce, Slices: b.Postgres.Slices}
	if len(inexact) > 0 {
		s.inexact = redshift.Build("SELECT COUNT(*)\n?\n    WHERE ?", suffix, redshift.Join(" OR ", inexact...))
		if where != "" {
			s.inexact = redshift.Build("SELECT COUNT(*)\n?\n    AND (?)", suffix, redshift.Join(" OR ", inexact...))
		}
	}
	return redshift.Build("(\n    SELECT ?\n    ?\n) AS q", redshift.Join(", ", list...), suffix), nil
}

// uncompared are the columns whose values are not compared with a server's that is no warehouse: it writes them as other texts.
func (s *selection) uncompared(c redshift.Column) bool {
	return s.extract != nil && slices.Contains([]string{redshift.Real, redshift.Double, redshift.Super}, c.Type.Name)
}

// proven are the columns of the digest by which source and target are compared.
func (s *selection) proven() []redshift.DigestExpr {
	cols := redshift.DigestColumns(s.moved)
	for i, c := range s.moved {
		if s.uncompared(c) {
			cols[i].Expr = redshift.Build("? IS NOT NULL", c.Name)
			cols[i].Column.Type = redshift.Type{Name: redshift.Boolean}
		}
	}
	return cols
}

// summed tells whether the digest of what is moved says of whole rows what the source says when it is asked what is new.
func (s *selection) summed() bool {
	return s.extract == nil || !slices.ContainsFunc(s.moved, func(c redshift.Column) bool { return s.uncompared(c) || c.Type.Name == redshift.Varbyte })
}

// layout is that of the digest.
func (s *selection) layout() (l redshift.DigestLayout) {
	for _, c := range s.proven() {
		l.Columns = append(l.Columns, c.Column)
	}
	return l
}

// send reads a PostgreSQL server, in place of unload and check.
func (t *tableBuilder) sendRows() plan.Step {
	var st []plan.Statement
	if !t.inexact.IsZero() {
		st = append(st, plan.Statement{
			SQL: t.inexact, Role: plan.MustBeZero,
			About: "there are values that the target would not keep, in " + strings.Join(t.suspects, " or ") + ": numbers with more digits than DECIMAL(38,18) has, or byte strings of no bytes, which COPY takes for NULL; select such columns by a query that casts them",
		})
	}
	if !t.counted.IsZero() {
		st = append(st, plan.Statement{SQL: t.counted, Role: plan.Supersedes})
	}
	var quoted []redshift.Ident
	for _, c := range t.moved {
		switch c.Type.Name {
		case redshift.Varchar, redshift.Char, redshift.Super:
			quoted = append(quoted, c.Name) // so that an empty text is told from nothing
		}
		if t.uncompared(c) {
			t.extract.Counted = append(t.extract.Counted, c.Name.String())
		}
	}
	options := redshift.Build("FORMAT csv, NULL ?", redshift.Lit(t.extract.Marker))
	if len(quoted) > 0 {
		options = redshift.Build("?, FORCE_QUOTE (?)", options, redshift.Idents(quoted...))
	}
	st = append(st, plan.Statement{
		SQL: redshift.Build("COPY (\nSELECT ?\nFROM (\n?\n) AS q\n) TO STDOUT WITH (?)", redshift.Idents(t.columns...), t.reads, options), Role: plan.Extracts,
	})
	if len(t.extract.Counted) > 0 {
		t.note("of " + strings.Join(t.extract.Counted, ", ") + " only which are NULL is compared: the server writes such values as other texts")
	}
	about := "stage its rows as compressed parts under the key, check every object, and take the digest"
	if t.mask != nil {
		about = "mask its rows as they come, stage what comes out as compressed parts under the key, check every object, and take the digest of it"
	}
	return plan.Step{
		ID: t.id("send"), Kind: plan.Send, Statements: st,
		About: fmt.Sprintf("read %s in the snapshot of the sync, %s", t.name(), about),
	}
}
