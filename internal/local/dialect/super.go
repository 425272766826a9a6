package dialect

import (
	"slices"
	"strings"
)

// The PartiQL of Redshift's queries (Redshift manual, Querying semistructured data). Names joined by dots and brackets lead
// into SUPER values, and FROM runs over arrays and objects in them. Which part of a.b.c is a column is told by the names
// that FROM gives: so all of it is done after the rest of the statement has been read.

// rangeRef is what stands in FROM: a table, or a path into the values of what stands there before.
type rangeRef struct {
	from, to int // the tokens of its name
	unpivot  bool
}

// noteRange remembers the relation whose name is from..to-1, and answers the name it goes by.
func (x *script) noteRange(from, to int, unpivot bool) string {
	x.relationRefs = append(x.relationRefs, rangeRef{from: from, to: to, unpivot: unpivot})
	name, _ := x.tok(to - 1).Name(x.env.CaseSensitive)
	if alias, _ := x.rangeAlias(to); alias != "" {
		name = alias
	}
	x.noteAlias(name, from, to)
	return name
}

// noteAlias remembers a name that FROM gives to what the tokens from..to-1 are.
func (x *script) noteAlias(name string, from, to int) {
	if name == "" {
		return
	}
	if x.ranges == nil {
		x.ranges = map[string][][2]int{}
	}
	x.ranges[name] = append(x.ranges[name], [2]int{from, to})
}

// given tells whether FROM gives a name anywhere in the statement.
func (x *script) given(name string) bool { return len(x.ranges[name]) > 0 }

// visible tells whether a name that FROM gives can begin the path of another item of FROM at i: it is given before that
// one in the same list, or by a query that i is in a subquery of. A derived table does not see its own name.
func (x *script) visible(name string, i int) bool {
	for _, r := range x.ranges[name] {
		scope := x.enclosing(r[0])
		if (i < r[0] || i >= r[1]) && scope < i && (scope < 0 || i < x.closing(scope)) && (r[1] <= i || x.enclosing(i) != scope) {
			return true
		}
	}
	return false
}

// enclosing is the bracket that the token at i is in, -1 for none.
func (x *script) enclosing(i int) int {
	for k := i - 1; k >= 0; k-- {
		if k < len(x.pair) && x.pair[k] > i {
			return k
		}
	}
	return -1
}

// rangeAlias reads [AS] name at i.
func (x *script) rangeAlias(i int) (name string, end int) {
	if x.is(i, "AS") {
		i++
	} else if t := x.tok(i); t.Kind != QuotedIdent && (t.Kind != Word || afterRelation[fold(t.Text)] || x.is(i, "AT")) {
		return "", i
	}
	name, ok := x.tok(i).Name(x.env.CaseSensitive)
	if !ok {
		return "", i
	}
	return name, i + 1
}

// partiQL rewrites paths, once every name that FROM gives is known.
func (x *script) partiQL() {
	if x.catalog || len(x.ranges) == 0 {
		return
	}
	var values map[string]bool // what unnesting gives: a name that is a value by itself
	for _, r := range x.relationRefs {
		first, _ := x.tok(r.from).Name(x.env.CaseSensitive)
		inValue := values[first]
		if !r.unpivot && !inValue && (r.to-r.from < 3 || !x.visible(first, r.from) || first == x.target || first == x.ownAlias(r)) {
			continue
		}
		if values == nil {
			values = map[string]bool{}
		}
		values[x.unnest(r, values)] = true
	}
	for _, i := range x.chains {
		x.path(i, values, false)
	}
	if values == nil {
		return
	}
	for i := range x.sig {
		name, ok := x.tok(i).Name(x.env.CaseSensitive)
		if ok && values[name] && !x.isOne(i+1, ".", "[", "(") && !x.isOne(i-1, ".", "AS") && !x.look(i).replaced &&
			!x.look(i).named {
			x.path(i, values, false)
		}
	}
}

// ownAlias is the name that a relation goes by.
func (x *script) ownAlias(r rangeRef) string {
	if alias, _ := x.rangeAlias(r.to); alias != "" {
		return alias
	}
	name, _ := x.tok(r.to - 1).Name(x.env.CaseSensitive)
	return name
}

// unnest turns path [AS] value [AT index] into a call that gives a row for each element, and answers the value's name.
func (x *script) unnest(r rangeRef, values map[string]bool) string {
	end := x.path(r.from, values, true)
	name, _ := x.tok(end - 1).Name(x.env.CaseSensitive)
	alias, next := x.rangeAlias(end)
	if alias != "" {
		name = alias
	}
	columns := QuoteIdent(name)
	if x.is(next, "AT") {
		if place, ok := x.tok(next + 1).Name(x.env.CaseSensitive); ok {
			columns += ", " + QuoteIdent(place)
			next += 2
		}
	}
	function := "rs.super_unnest("
	if r.unpivot {
		function = "rs.super_unpivot("
	}
	e := x.edit(r.from)
	e.before = append([]piece{{text: function}}, e.before...)
	x.insertAfter(end-1, ") AS "+QuoteIdent(name)+"("+columns+")")
	x.drop(end, next)
	return name
}

// path rewrites the path at i and answers the index behind it. A path is a column and the steps that lead into it.
func (x *script) path(i int, values map[string]bool, relation bool) int {
	names := []string{}
	end := i
	for k := i; ; k += 2 {
		name, ok := x.tok(k).Name(x.env.CaseSensitive)
		if !ok {
			break
		}
		names = append(names, name)
		end = k + 1
		if !x.is(end, ".") {
			break
		}
	}
	if len(names) == 0 || x.is(end, "(") || x.is(end, ".") {
		return end // a function of a schema, or name.*
	}
	column := 1 // how many names make the column
	switch {
	case values[names[0]]:
	case x.variables && !x.given(names[0]):
		return end
	case x.given(names[0]) && len(names) > 1:
		column = 2
	case len(names) > 2 && x.given(names[1]):
		column = 3
	case len(names) > 3 && x.given(names[2]):
		column = 4
	}
	if values[names[0]] {
		x.replace(i, QuoteIdent(names[0])+"."+QuoteIdent(names[0]))
	}
	steps, attribute := 0, ""
	at := i + 2*column - 1
	for {
		switch {
		case x.is(at, "["):
			steps++
			x.replace(at, ", ")
			at = x.closing(at)
			x.replace(at, ")")
			attribute = ""
			at++
			continue
		case x.is(at, "."):
			name, ok := x.tok(at + 1).Name(x.env.CaseSensitive)
			if ok {
				steps++
				x.replace(at, ", ")
				x.replace(at+1, dollarQuote(name)+")")
				attribute = name
				at += 2
				continue
			}
		}
		break
	}
	if steps > 0 {
		e := x.edit(i)
		e.open = append(e.open, piece{text: strings.Repeat("rs.super_at(", steps)})
	}
	if steps > 0 && x.st.Verb() == "MERGE" {
		x.refuse(&Error{Code: "0A000", Message: "Partial reference of SUPER column is not supported in MERGE statement."})
	}
	if !relation && (steps > 0 || values[names[0]]) {
		x.compareWithTexts(i, at)
		if attribute != "" && x.isItem(i, at) {
			x.insertAfter(at-1, " AS "+QuoteIdent(attribute))
		}
	}
	return at
}

// isItem tells whether from..to-1 is an item of a SELECT list, and has no name of its own.
func (x *script) isItem(from, to int) bool {
	for _, l := range x.lists {
		if from >= l[0] && to <= l[1] && slices.Contains(x.list(l[0], l[1]), [2]int{from, to}) {
			return true
		}
	}
	return false
}

// compareWithTexts says of the literals that the SUPER value in from..to-1 is compared with that they are texts: beside a
// SUPER value PostgreSQL would read them as JSON.
func (x *script) compareWithTexts(from, to int) {
	comparison := func(i int) bool {
		switch x.tok(i).Text {
		case "=", "<>", "!=", "<", "<=", ">", ">=":
			return true
		}
		return false
	}
	if comparison(to) && x.tok(to+1).Kind == String {
		x.insertAfter(to+1, "::text")
	}
	if comparison(from-1) && x.tok(from-2).Kind == String {
		x.insertAfter(from-2, "::text")
	}
	if x.is(to, "NOT", "IN") {
		to++
	}
	if x.is(to, "IN", "(") {
		for _, a := range x.args(to + 1) {
			if a[1]-a[0] == 1 && x.tok(a[0]).Kind == String {
				x.insertAfter(a[0], "::text")
			}
		}
	}
}
