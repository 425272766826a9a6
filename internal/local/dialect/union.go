package dialect

import (
	"slices"
	"strings"
)

// The columns of UNION, INTERSECT and EXCEPT have types that hold those of all their queries (Redshift manual, Computations with
// numeric values). PostgreSQL gives decimals none where they differ: so a query is put around that casts them.

// union are queries of one level with such operators between them.
type union struct {
	of        []*level
	operators int
	to        int  // its end
	inner     bool // it is in brackets
	rows      [][]ColumnType
}

// placeOf is where one of the queries stands.
func (a *arithmetic) placeOf(l *level) Operand {
	return a.place(&expr{from: l.from, to: l.to})
}

// resolveUnion finds the columns of its queries, which are counted where they have to be asked for.
func (a *arithmetic) resolveUnion(u *union, asked []int) {
	for _, l := range u.of {
		row, ok := a.env.Rows[a.placeOf(l)]
		if !ok {
			asked[l.from+1]++
		}
		u.rows = append(u.rows, row)
	}
}

// askUnion has the columns of queries asked for in which nothing else is that comes first, nor in what they name unless
// regardless.
func (a *arithmetic) askUnion(u *union, asked []int, regardless bool, add func(Operands)) {
	for _, l := range u.of {
		if _, known := a.env.Rows[a.placeOf(l)]; known || asked[l.to] > asked[l.from+1] {
			continue
		}
		if !regardless && !a.settled(&level{outer: l.outer, with: l.with}, asked) {
			continue
		}
		add(Operands{of: []Operand{a.placeOf(l)}, head: a.givenTo(l), whole: a.render(l.from, l.to)})
	}
}

// rewriteUnion puts a query around it where the decimals of its columns differ.
func (a *arithmetic) rewriteUnion(u *union) {
	first := u.rows[0]
	names := map[string]bool{}
	for _, c := range first {
		names[c.Name] = true
	}
	if len(first) == 0 || len(names) < len(first) || slices.ContainsFunc(u.rows, func(row []ColumnType) bool { return len(row) != len(first) }) {
		return
	}
	columns, casts := make([]string, len(first)), false
	for i, c := range first {
		var of []numberType
		differ := false
		for _, row := range u.rows {
			of = append(of, row[i].number())
			differ = differ || row[i].number() != c.number()
		}
		columns[i] = "rs_union." + QuoteIdent(c.Name)
		if n := chosen(of); differ && n.kind == decimal {
			columns[i] += n.cast() + " AS " + QuoteIdent(c.Name)
			casts = true
		}
	}
	if !casts {
		return
	}
	e := a.edit(u.of[0].from)
	e.before = append([]piece{{text: "SELECT " + strings.Join(columns, ", ") + " FROM ("}}, e.before...)
	a.insertAfter(u.to-1, ") AS rs_union")
}
