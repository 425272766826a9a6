package scan

import (
	"slices"

	"github.com/sealift/sealift/internal/redshift"
)

// AnswerInGo answers both questions as the warehouse would, from the rows that it would look at.
func (t *Table) AnswerInGo(rows [][]*string) {
	t.rows, t.counted = int64(len(rows)), true
	for i, c := range t.columns {
		if !c.counts() {
			continue
		}
		var values []value
		var have []string
		seen := map[string]bool{}
		for _, row := range rows {
			if row[i] == nil {
				continue
			}
			v := valueOf(*row[i])
			if v.text == "" {
				continue
			}
			values = append(values, v)
			seen[v.text] = true
			c.n++
			s := shapeOf(v)
			have = append(have, s)
			if s != "" {
				c.shapes[s]++
			}
		}
		c.settle(t.testOnlyAskAll)
		if len(c.asked) > 0 {
			c.distinct = int64(len(seen))
		}
		for _, k := range c.asked {
			c.passed[k.name] = 0
			for i, v := range values {
				if slices.Contains(k.shapes, have[i]) && (k.valid == nil || k.valid(v)) {
					c.passed[k.name]++
				}
			}
		}
	}
}

// AskAll asks every check of every column, whatever its values look like.
func (t *Table) AskAll() *Table {
	t.testOnlyAskAll = true
	return t
}

// Counts are all numbers that are known of the columns, by column and by shape or check.
func (t *Table) Counts() map[string]map[string]int64 {
	out := map[string]map[string]int64{}
	for _, c := range t.columns {
		m := map[string]int64{"n": c.n, "distinct": c.distinct}
		for k, v := range c.shapes {
			m["shape "+k] = v
		}
		for k, v := range c.passed {
			m["check "+k] = v
		}
		for k, v := range m {
			if v == 0 {
				delete(m, k)
			}
		}
		out[c.Name.String()] = m
	}
	return out
}

// Tokens are the words of a name.
func Tokens(name string) []string { return tokens(name) }

// Passes tells whether a value passes a check in Go, the stricter rules included if strict.
func Passes(check, text string, strict bool) bool {
	c, v := findCheck(check), valueOf(text)
	return slices.Contains(c.shapes, shapeOf(v)) && (c.valid == nil || c.valid(v)) && (!strict || c.strict == nil || c.strict(v))
}

// Kinds are the names of all kinds that phrases refer to, and those there are.
func Kinds() (used, known []string) {
	for _, p := range phrases() {
		used = append(used, p.kind)
	}
	for k, one := range kinds {
		known = append(known, k)
		for _, c := range one.checks {
			findCheck(c)
		}
	}
	slices.Sort(known)
	return used, known
}

// SampleWhere is the condition by which a sample is chosen.
func SampleWhere(def *redshift.TableDef, rows int64) string {
	return sampleOf(def, rows).where.String()
}
