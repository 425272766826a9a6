package planner

import (
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Merging is UPDATE and INSERT from the shadow, not MERGE: that would not tell how many rows it changed and how many it
// added, and a column of the target that is not moved keeps its value with both. Redshift enforces no key, so that
// everything that a key should promise is asked for.

// keys are the columns by which rows are merged.
func (t *tableBuilder) keys() []redshift.Ident {
	names := make([]redshift.Ident, 0, len(t.key))
	for _, k := range t.key {
		names = append(names, must(redshift.NewIdent(k)))
	}
	return names
}

// keyChecks refuse a shadow whose rows have no key, or share one: which of them should stay nobody said.
func (t *tableBuilder) keyChecks() []plan.Statement {
	keys := t.keys()
	empty := make([]redshift.SQL, 0, len(keys))
	for _, k := range keys {
		empty = append(empty, redshift.Build("? IS NULL", k))
	}
	key := strings.Join(t.key, ", ")
	return []plan.Statement{
		{
			SQL:  redshift.Build("SELECT COUNT(*)\nFROM ?\nWHERE ?", t.shadow, redshift.Join(" OR ", empty...)),
			Role: plan.MustBeZero, About: "rows have NULL in the key (" + key + "), and cannot be merged by it",
		},
		{
			SQL: redshift.Build("SELECT COUNT(*)\nFROM (SELECT ? FROM ? GROUP BY ? HAVING COUNT(*) > 1) AS d",
				redshift.Idents(keys...), t.shadow, redshift.Idents(keys...)),
			Role: plan.MustBeZero, About: "values of the key (" + key + ") stand in more than one row, and which of them is meant cannot be told",
		},
	}
}

// provenMerged tells that only the rows that were merged are compared with the source's, not those of the shadow as well: what is another
// there, or is not there, is so in the table, too, in the transaction that publishes it. Of files nobody has another digest than that of
// the shadow.
func (t *tableBuilder) provenMerged() bool {
	return t.input == nil && (t.method == plan.Merge || t.method == plan.History)
}

// merge writes the shadow's rows into the table. The key is written as well: values that only differ in trailing blanks are
// equal to the warehouse, and the digest looks at bytes.
func (t *tableBuilder) merge() (update, add, compare plan.Statement) {
	var set []redshift.SQL
	for _, c := range t.columns {
		set = append(set, redshift.Build("? = sealift_s.?", c, c))
	}
	same := t.same(asT, asS)
	list := redshift.Idents(t.columns...)
	update = plan.Statement{
		SQL:  redshift.Build("UPDATE ? AS sealift_t\nSET ?\nFROM ? AS sealift_s\nWHERE ?", t.target, redshift.Join(", ", set...), t.shadow, same),
		Role: plan.Updates,
	}
	add = plan.Statement{
		SQL: redshift.Build("INSERT INTO ? (?)\nSELECT ?\nFROM ? AS sealift_s\nWHERE NOT EXISTS (SELECT 1 FROM ? AS sealift_t WHERE ?)",
			t.target, list, list, t.shadow, t.target, same),
		Role: plan.Inserts,
	}
	compare = plan.Statement{
		SQL: redshift.DigestQuery(redshift.Build("? AS sealift_t", t.target), redshift.Build("EXISTS (SELECT 1 FROM ? AS sealift_s WHERE ?)", t.shadow, same),
			t.proven()),
		Role: plan.Digests,
	}
	return update, add, compare
}
