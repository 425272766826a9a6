package subset

import (
	"fmt"
	"slices"

	"github.com/sealift/sealift/internal/redshift"
)

// All is for Table.Children: no limit.
const All = -1

// Graph is tables, how they refer to each other, and where rows are chosen.
type Graph struct {
	Tables     []Table
	References []Reference
	// Seed makes other samples and other children of the same number.
	Seed int64
	// KeepOrphans lets rows be that refer to rows which the source does not have. They are refused otherwise.
	KeepOrphans bool
}

// Table is a table of a graph.
type Table struct {
	Name  redshift.Table
	Where redshift.SQL      // rows for which it does not hold are as if they were not there; zero: all are
	Key   []redshift.Column // what tells rows apart; none where nothing does
	Start *Start            // nil: no rows are chosen here but for others' sake
	// Children is how many rows come along for each row that they refer to, for each foreign key; All, or 0 for none.
	Children int
}

// Start chooses rows.
type Start struct {
	Millionths int64        // of the rows, by a hash of their key
	Where      redshift.SQL // zero: all of them
}

// Reference is a foreign key, declared or not.
type Reference struct {
	Child, Parent int // tables of the graph
	Columns       []redshift.Ident
	Referenced    []redshift.Ident
}

// Way is why a table's rows are chosen.
type Way string

// The ways.
const (
	Chosen   Way = "chosen"   // somebody asked for them
	Children Way = "children" // they refer to rows that came with the chosen ones
	Parents  Way = "parents"  // such rows refer to them
	Fitting  Way = "fitting"  // their table refers to tables of which rows were left out, and is not reached otherwise: they refer to nothing that was
	Whole    Way = "whole"    // nothing ties their table to a chosen one
)

// Error is a table that cannot be part of a subset as it is.
type Error struct {
	Table int
	Msg   string
}

func (e *Error) Error() string { return e.Msg }

// ways says how each table is reached: down from the chosen ones, up from all that are, and then those that refer to any of them.
func (g *Graph) ways() []Way {
	ways := make([]Way, len(g.Tables))
	for i, t := range g.Tables {
		if t.Start != nil {
			ways[i] = Chosen
		}
	}
	reach := func(way Way, from, to func(Reference) int, also func(Reference) bool, begin ...Way) {
		for changed := true; changed; {
			changed = false
			for _, r := range g.References {
				if slices.Contains(begin, ways[from(r)]) && ways[to(r)] == "" && also(r) {
					ways[to(r)], changed = way, true
				}
			}
		}
	}
	child, parent := func(r Reference) int { return r.Child }, func(r Reference) int { return r.Parent }
	reach(Children, parent, child, func(r Reference) bool { return g.Tables[r.Child].Children != 0 }, Chosen, Children)
	reach(Parents, child, parent, func(Reference) bool { return true }, Chosen, Children, Parents)
	reach(Fitting, parent, child, func(Reference) bool { return true }, Chosen, Children, Parents, Fitting)
	for i := range ways {
		if ways[i] == "" {
			ways[i] = Whole
		}
	}
	return ways
}

// components are tables that refer to each other in a circle, or to themselves, or single ones; each after all that it refers to by one of
// refs.
func components(n int, refs []Reference) [][]int {
	// Tarjan's algorithm: a component is complete when the walk goes back over its first table.
	var out [][]int
	index, low, on := make([]int, n), make([]int, n), make([]bool, n)
	var stack []int
	next := 1
	var walk func(v int)
	walk = func(v int) {
		index[v], low[v], on[v] = next, next, true
		next++
		stack = append(stack, v)
		for _, r := range refs {
			if r.Child != v {
				continue
			}
			switch w := r.Parent; {
			case index[w] == 0:
				walk(w)
				low[v] = min(low[v], low[w])
			case on[w]:
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		at := slices.Index(stack, v)
		c := slices.Clone(stack[at:])
		stack = stack[:at]
		for _, w := range c {
			on[w] = false
		}
		slices.Sort(c)
		out = append(out, c)
	}
	for v := range n {
		if index[v] == 0 {
			walk(v)
		}
	}
	return out
}

// check finds tables that would need a key and have none.
func (s *Sets) check() []error {
	var mistakes []error
	fail := func(i int, format string, args ...any) {
		mistakes = append(mistakes, &Error{Table: i, Msg: fmt.Sprintf(format, args...)})
	}
	for i, t := range s.graph.Tables {
		if s.ways[i] == Whole {
			continue
		}
		for _, c := range t.Key {
			switch c.Type.Name {
			case redshift.Real, redshift.Double, redshift.Super, redshift.Varbyte:
				fail(i, "column %s of the key is %s: its values cannot tell rows apart", c.Name.String(), c.Type)
			}
		}
		if len(t.Key) > 0 {
			continue
		}
		why := ""
		for _, r := range s.graph.References {
			switch {
			case r.Parent == i:
				why = fmt.Sprintf("rows of %s refer to it", s.graph.Tables[r.Child].Name)
			case r.Child == i && t.Children > 0:
				why = "so many of its rows come along and no more"
			case r.Child == i && len(r.Columns) > 1 && !s.alone(i):
				why = "it refers to rows by several columns, and not by those alone"
			}
		}
		if t.Start != nil && t.Start.Millionths < million {
			why = "a part of its rows is chosen"
		}
		if why != "" {
			fail(i, "nothing tells its rows apart, and %s: name a key", why)
		}
	}
	return mistakes
}

// alone tells that one reference is all that decides about a table's rows.
func (s *Sets) alone(i int) bool {
	n := 0
	for _, r := range s.graph.References {
		if r.Child == i {
			n++
		}
	}
	return n == 1 && s.ways[i] == Children
}
