package scan

import (
	"slices"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// member is a column among those that belong together because one refers to the other.
type member struct {
	table  *Table
	column *column
}

// Find gives the findings of tables that belong together, for each those of its columns, in its order.
//
// Columns that refer to each other by foreign keys hold the same values, whatever they are called. So what is found of one
// holds for all of them, and they get one mask in one domain: otherwise they would not join any more, or one would tell
// what the other hides.
func Find(tables []*Table) [][]Finding {
	found := make([]map[*column]Finding, len(tables))
	for i, t := range tables {
		found[i] = make(map[*column]Finding)
		for _, c := range t.columns {
			if f := t.judge(c); f.Result != Clear {
				f.Use = suggest(f, []member{{t, c}})
				found[i][c] = f
			}
		}
	}
	at := make(map[*Table]int, len(tables))
	for i, t := range tables {
		at[t] = i
	}
	for _, group := range groups(tables) {
		// The first is what the others refer to.
		best, from := Finding{}, group[0]
		for _, m := range group {
			if f, ok := found[at[m.table]][m.column]; ok && f.Score > best.Score {
				best, from = f, m
			}
		}
		if best.Score == 0 {
			continue
		}
		u := suggest(best, group)
		if domain, err := mask.DefaultDomain(group[0].table.Name(), group[0].column.Name); err == nil && hashes(u.Transformer) {
			u.Domain = domain
		}
		for _, m := range group {
			f, ok := found[at[m.table]][m.column]
			if !ok || f.Score < best.Score {
				f = best
				f.Column, f.Type = m.column.Name, m.column.Type
				f.Evidence = []string{"holds what " + from.table.Name().String() + "." + from.column.Name.String() + " does, by a foreign key"}
			}
			f.Use = u
			found[at[m.table]][m.column] = f
		}
	}
	out := make([][]Finding, len(tables))
	for i, t := range tables {
		for _, c := range t.columns {
			if f, ok := found[i][c]; ok {
				out[i] = append(out[i], f)
			}
		}
	}
	return out
}

// hashes tells whether what a transformer gives depends on a domain.
func hashes(transformer string) bool {
	return transformer != "" && !slices.Contains([]string{"null", "constant", "date_trunc", "age_cap", "bucket", "round", "geo_round", "zip3", "ip"}, transformer)
}

// groups are the columns that are tied together by foreign keys, two or more each, what is referred to before what refers
// to it. References to tables that are not scanned say nothing.
func groups(tables []*Table) [][]member {
	type place struct {
		table redshift.Table
		name  redshift.Ident
	}
	members := make(map[place]member)
	order := make([]place, 0)
	for _, t := range tables {
		for _, c := range t.columns {
			p := place{t.Name(), c.Name}
			members[p] = member{t, c}
			order = append(order, p)
		}
	}
	// root is where a column's references lead to in the end.
	parent := make(map[place]place)
	root := func(p place) place {
		for seen := map[place]bool{}; !seen[p]; {
			seen[p] = true
			next, ok := parent[p]
			if !ok {
				break
			}
			p = next
		}
		return p
	}
	for _, t := range tables {
		for _, k := range t.def.ForeignKeys {
			for i, name := range k.Columns {
				if i >= len(k.RefColumns) {
					break
				}
				from, to := root(place{t.Name(), name}), root(place{k.RefTable, k.RefColumns[i]})
				if _, known := members[to]; known && from != to {
					parent[from] = to
				}
			}
		}
	}
	by := make(map[place][]member)
	for _, p := range order {
		if r := root(p); r != p {
			by[r] = append(by[r], members[p])
		}
	}
	var out [][]member
	for _, p := range order {
		if rest := by[p]; len(rest) > 0 {
			out = append(out, append([]member{members[p]}, rest...))
		}
	}
	return out
}
