package mask

import (
	"fmt"
	"math"
	"slices"
)

// drawn is a hash of a column's value that a mask goes by.
type drawn struct {
	source int     // the column, or the text within one
	own    bool    // it is the masked column itself
	within string  // the path, of a text within a column
	space  float64 // how many values there are to come out, where several may become one; else 0
}

// Tally is what was counted of a column in some rows of its table.
type Tally struct {
	Values, Distinct int64
	// Whole tells that those were all rows of the table.
	Whole bool
}

// few is how many different values can be told from how often each comes, and often how many times each has to come for that, on
// average: a code, a state, a diagnosis, and not a customer. Both are a choice.
const few, often = 1000, 10

func (t Tally) few() bool { return t.Distinct > 0 && t.Distinct <= few && t.Values >= often*t.Distinct }

// Tallied are the columns of which it matters how many different values they have: those that masks hash.
func (t *Table) Tallied() []string {
	var out []string
	for i, c := range t.def.Columns {
		if slices.ContainsFunc(t.columns, func(o column) bool {
			return slices.ContainsFunc(o.drawn, func(d drawn) bool { return d.source == i })
		}) {
			out = append(out, c.Name.String())
		}
	}
	return out
}

// Notes is what a plan should say about the masks: odds, weaknesses, what is only a choice. Tallies are of the columns of Tallied, by
// name, where they are known; without, a table has as many different values as the warehouse estimates its rows to be.
func (t *Table) Notes(tallies map[string]Tally) []Note {
	var out []Note
	for _, c := range t.columns {
		out = append(out, c.notes...)
		said := make(map[int]bool)
		for _, d := range c.drawn {
			note := func(warning bool, format string, args ...any) {
				text := fmt.Sprintf(format, args...)
				if d.within != "" {
					text = d.within + ": " + text
				}
				out = append(out, Note{c.Name.String(), warning, text})
			}
			tally := tallies[t.column(d.source).Name.String()]
			if d.space > 0 {
				n := atLeast(t.def.EstimatedRows)
				if tally.Whole {
					n = tally.Distinct
				}
				note(false, "among %d values, %s are expected to meet by chance", n, odds(expected(d.space, n)))
			}
			if !tally.few() || said[d.source] {
				continue
			}
			said[d.source] = true
			of := fmt.Sprint(tally.Values)
			if !tally.Whole {
				of += " that were looked at"
			}
			if d.own {
				note(true, "%d different among %s: how often each comes tells which is which; category by an entity, bucket or null does not", tally.Distinct, of)
			} else {
				note(true, "its entity has %d different values among %s: rows of one are masked alike, and who knows one row knows all", tally.Distinct, of)
			}
		}
	}
	return out
}

// rowsAssumed is for odds where the warehouse has no statistics.
const rowsAssumed = 1_000_000

func atLeast(rows int64) int64 {
	if rows <= 0 {
		return rowsAssumed
	}
	return rows
}

// expected is how many pairs of n different values come to meet in a space.
func expected(space float64, n int64) float64 { return float64(n) * float64(n) / (2 * space) }

func odds(pairs float64) string {
	switch {
	case pairs >= 10:
		return fmt.Sprintf("about %.0f pairs", pairs)
	case pairs >= 0.01:
		return fmt.Sprintf("%.2f pairs", pairs)
	case pairs == 0:
		return "no pairs"
	default:
		return fmt.Sprintf("10^%.0f pairs", math.Floor(math.Log10(pairs)))
	}
}
