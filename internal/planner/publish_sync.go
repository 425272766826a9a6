package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// What a sync does to a table when it publishes, beyond what a copy does.

// passing is a shadow that rows only pass through. That of a mirror by since says of each row whether all of it is there, and so its
// columns may be empty.
func (t *tableBuilder) passing(def redshift.TableDef) redshift.TableDef {
	def = def.Plain()
	if t.method != plan.Mirror || t.since.IsZero() {
		return def
	}
	for i := range def.Columns {
		def.Columns[i].NotNull = false
	}
	def.Columns = append(def.Columns, redshift.Column{Name: changed, Type: redshift.Type{Name: redshift.SmallInt}})
	return def
}

// same is the condition that rows a and b have one key.
func (t *tableBuilder) same(a, b redshift.SQL) redshift.SQL {
	var on []redshift.SQL
	for _, k := range t.keys() {
		on = append(on, redshift.Build("?.? = ?.?", a, k, b, k))
	}
	return redshift.Join(" AND ", on...)
}

var (
	asT = redshift.Build("sealift_t")
	asS = redshift.Build("sealift_s")
)

// known takes out of the shadow what the target has by its key.
func (t *tableBuilder) known() plan.Statement {
	return plan.Statement{
		SQL:  redshift.Build("DELETE FROM ?\nUSING ? AS sealift_t\nWHERE ?", t.shadow, t.target, t.same(redshift.Build("?", t.shadow.Name), asT)),
		Role: plan.Updates,
	}
}

// mirror makes the target what the source was, from a shadow that has the key of every row, and of those that changed all.
func (t *tableBuilder) mirror() []plan.Statement {
	same := t.same(asT, asS)
	var set, list []redshift.SQL
	var names []redshift.Ident
	for _, c := range t.moved {
		if c.Name == changed {
			continue
		}
		set = append(set, redshift.Build("? = sealift_s.?", c.Name, c.Name))
		list = append(list, redshift.Build("?", c.Name))
		names = append(names, c.Name)
	}
	if !t.deletedAt.IsZero() {
		set = append(set, redshift.Build("? = NULL", t.deletedAt))
	}
	isNew := redshift.Build("1 = 1")
	if !t.since.IsZero() {
		isNew = redshift.Build("sealift_s.? = 1", changed)
	}
	there := redshift.Build("EXISTS (SELECT 1 FROM ? AS sealift_t WHERE ?)", t.target, same)
	var st []plan.Statement
	if since := t.since; !since.IsZero() {
		st = append(st, plan.Statement{
			SQL: redshift.Build("SELECT COUNT(*)\nFROM ? AS sealift_s\nWHERE sealift_s.? = 0 AND NOT EXISTS (SELECT 1 FROM ? AS sealift_t WHERE ? AND sealift_t.? = sealift_s.?)",
				t.shadow, changed, t.target, same, since, since),
			Role: plan.MustBeZero, About: "rows that were synced before are not in the target as they were: somebody changed it, or the source went back; sync it anew with --full-refresh",
		})
	}
	// A table's own name is not used inside of a subquery: it can be its schema's, and FROM a.b would be read as a path into it.
	gone := redshift.Build("(SELECT ? FROM ? AS sealift_t WHERE NOT EXISTS (SELECT 1 FROM ? AS sealift_s WHERE ?)) AS sealift_g\nWHERE ?",
		redshift.Idents(t.keys()...), t.target, t.shadow, same, t.same(redshift.Build("?", t.target.Name), redshift.Build("sealift_g")))
	st = append(st,
		plan.Statement{SQL: redshift.Build("UPDATE ? AS sealift_t\nSET ?\nFROM ? AS sealift_s\nWHERE ? AND ?", t.target, redshift.Join(", ", set...), t.shadow, same, isNew), Role: plan.Updates},
		plan.Statement{SQL: redshift.Build("INSERT INTO ? (?)\nSELECT ?\nFROM ? AS sealift_s\nWHERE ? AND NOT ?", t.target, redshift.Idents(names...), redshift.Join(", ", list...), t.shadow, isNew, there), Role: plan.Adds},
	)
	count := redshift.Build("SELECT COUNT(*) FROM ?", t.target)
	if t.deletedAt.IsZero() {
		st = append(st, plan.Statement{SQL: redshift.Build("DELETE FROM ?\nUSING ?", t.target, gone), Role: plan.Deletes})
	} else {
		st = append(st,
			plan.Statement{SQL: redshift.Build("UPDATE ?\nSET ? = SYSDATE\nFROM ? AND ? IS NULL", t.target, t.deletedAt, gone, t.deletedAt), Role: plan.Deletes},
			plan.Statement{SQL: redshift.Build("UPDATE ? AS sealift_t\nSET ? = NULL\nFROM ? AS sealift_s\nWHERE ? AND sealift_t.? IS NOT NULL", t.target, t.deletedAt, t.shadow, same, t.deletedAt)},
		)
		count = redshift.Build("? WHERE ? IS NULL", count, t.deletedAt)
	}
	columns := redshift.DigestColumns(slices.DeleteFunc(slices.Clone(t.moved), func(c redshift.Column) bool { return c.Name == changed }))
	return append(st,
		plan.Statement{
			SQL: redshift.Build("SELECT COUNT(*)\nFROM (SELECT ? AS a FROM ? AS sealift_s WHERE ?) AS x\nJOIN (SELECT ? AS b FROM ? AS sealift_t WHERE EXISTS (SELECT 1 FROM ? AS sealift_s WHERE ? AND ?)) AS y ON x.a <> y.b",
				redshift.Sum(columns, redshift.SQL{}), t.shadow, isNew, redshift.Sum(columns, redshift.SQL{}), t.target, t.shadow, same, isNew),
			Role: plan.MustBeZero, About: "verification failed: the rows that changed are not in the target as they are in the source",
		},
		plan.Statement{
			SQL:  redshift.Build("SELECT ABS((SELECT COUNT(*) FROM ?) - (?))", t.shadow, count),
			Role: plan.MustBeZero, About: "verification failed: the target has other rows than the source; keys that stand in it twice are a reason",
		},
	)
}

// inShadow is the condition that a version's row, h, is one of those that are published.
func (t *tableBuilder) inShadow() redshift.SQL {
	var on []redshift.SQL
	for _, k := range t.keys() {
		if k != validFrom {
			on = append(on, redshift.Build("sealift_s.? = sealift_h.?", k, k))
		}
	}
	return redshift.Build("WHERE EXISTS (SELECT 1 FROM ? AS sealift_s WHERE ?)", t.shadow, redshift.Join(" AND ", on...))
}

// versions says of each version of a row until when it holds, which is from when the next one does.
func (t *tableBuilder) versions(of redshift.Table, where redshift.SQL) plan.Statement {
	var by []redshift.SQL
	for _, k := range t.keys() {
		if k != validFrom {
			by = append(by, redshift.Build("?", k))
		}
	}
	from := redshift.Build("? AS sealift_h", of)
	if !where.IsZero() {
		from = redshift.Build("?\n    ?", from, where)
	}
	keys := redshift.Join(", ", by...)
	return plan.Statement{SQL: redshift.Build(`UPDATE ? AS sealift_t
SET ? = n.until, ? = (n.until IS NULL)
FROM (
    SELECT ?, ?, LEAD(?) OVER (PARTITION BY ? ORDER BY ?) AS until
    FROM ?
) AS n
WHERE ? AND (sealift_t.? IS NULL OR sealift_t.? <> n.until OR (sealift_t.? IS NULL) <> (n.until IS NULL))`,
		of, validTo, isCurrent, keys, validFrom, validFrom, keys, validFrom, from, t.same(asT, redshift.Build("n")), isCurrent, validTo, validTo)}
}

// cursor moves the target's cursor, in the transaction that publishes, if it is still the one that the plan rests on.
func (t *tableBuilder) cursor() []plan.Statement {
	st := []plan.Statement{{
		SQL: redshift.CursorIs(t.target.String(), t.change.Was), Role: plan.MustBeZero,
		About: "another sync of the table was published since this one was planned; sync again",
	}}
	seen := redshift.Build("?", redshift.Lit(t.change.Cursor.Seen))
	if t.change.Later {
		seen = redshift.Build("? || ?", redshift.Placeholder(plan.ParamNear), redshift.Lit(delta.Seen{}.String()))
	}
	if t.since.IsZero() && t.input == nil && t.mask == nil && t.summed() {
		// Where nothing says that a row is new, what was seen must be what was moved: between the two, a row may have changed, and later
		// change back to what was seen. Of masked rows the digest says something else.
		seen = redshift.Build("? || ?", redshift.Lit(delta.Seen{}.String()), redshift.Placeholder(plan.ParamSum))
	}
	for _, sql := range redshift.MoveCursor(t.change.Cursor, seen, redshift.Placeholder(plan.ParamRun), redshift.Placeholder(plan.ParamRows)) {
		st = append(st, plan.Statement{SQL: sql})
	}
	if f := t.files; f != nil {
		for _, sql := range redshift.KeepFiles(t.target.String(), f.Files, f.Anew || t.makesTable(), redshift.Placeholder(plan.ParamRun)) {
			st = append(st, plan.Statement{SQL: sql})
		}
	}
	return st
}

// stale tells whether the target is analysed before new rows are put into it. It is not done with the publish, whose lock it would hold for
// longer, and what it does not see is the rows that come now: if they are many, they are seen by the next sync. A tenth is
// from where the warehouse's own ANALYZE does anything (analyze_threshold_percent). Rows that are all exchanged need no statistics before.
func (t *tableBuilder) stale() bool {
	const tenth = 10
	return t.change != nil && !t.makesTable() && t.method != plan.DeleteInsert && t.method != plan.Fill &&
		t.Job.Defaults.Analyze != "never" && t.have.StatisticsOff >= tenth && strings.EqualFold(t.have.Owner, t.Job.Target.User)
}

// analyze makes the target's statistics anew. It is a step of its own: a transaction in which it fails is over, and no row is to be kept
// back by statistics. The warehouse passes over a table that is not the user's own with no more than a warning, and so that is asked.
func (t *tableBuilder) analyze() plan.Step {
	return plan.Step{
		ID: t.id("analyze"), Kind: plan.Analyze,
		About: fmt.Sprintf("make the table's statistics anew, which are off by %.0f %%", t.have.StatisticsOff),
		Statements: []plan.Statement{
			{SQL: redshift.OthersTable(t.target), Role: plan.MustBeZero, About: "the table is not the user's own any more, and only its owner analyses it"},
			{SQL: redshift.Analyze(t.target)},
		},
	}
}

// digest is that of the rows that are unloaded. Of those that have a key it is asked over all from which the newest are taken, so that one look
// at them tells how many are superseded, and what those near the watermark are, with which the next sync compares.
func (t *tableBuilder) digest(from, where redshift.SQL) plan.Statement {
	cols := redshift.DigestColumns(t.moved)
	if t.ranked.IsZero() {
		return plan.Statement{SQL: redshift.DigestQuery(from, where, cols), Role: plan.Digests}
	}
	var near []int
	var recent redshift.SQL
	if t.change.Later {
		recent = t.spec.Recent(t.change.High)
		for _, c := range t.spec.Near {
			near = append(near, slices.IndexFunc(t.moved, func(m redshift.Column) bool { return m.Name == c.Name }))
		}
	}
	return plan.Statement{
		SQL:  redshift.NewestDigestQuery(redshift.Build("(\n?\n) AS q", t.ranked), cols, redshift.Build("sealift_n = 1"), near, recent),
		Role: plan.DigestsNewest,
	}
}
