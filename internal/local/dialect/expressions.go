package dialect

import "slices"

// The reading of expressions for arithmetic.go. It knows of precedence what is needed to tell what the operands of + - * / %
// are; whatever it does not understand is an other operand, whose inside is read nevertheless.

// What no operand is.
var noOperand = set("select", "from", "where", "group", "having", "order", "limit", "offset", "fetch", "union", "intersect",
	"except", "minus", "on", "using", "join", "inner", "left", "right", "full", "cross", "natural", "window", "qualify", "for",
	"with", "when", "then", "else", "end", "and", "or", "not", "in", "is", "like", "ilike", "similar", "between", "by", "as",
	"asc", "desc", "distinct", "all", "any", "some", "exists", "escape", "into", "update", "delete", "insert", "set", "values",
	"over", "top", "interval", "table", "collate", "lateral", "unpivot", "approximate", "prior")

// The words that end the list of what a query's columns are from, with what follows some of them.
var behindSources = [][]string{
	{"WHERE"}, {"GROUP", "BY"}, {"HAVING"}, {"ORDER", "BY"}, {"LIMIT"}, {"OFFSET"}, {"FETCH"}, {"WINDOW"}, {"WITH", "NO"},
}

// part is where in a query one is.
type part uint8

const (
	outside part = iota
	inList       // or in what UPDATE sets
	inSources
	behind
)

// query reads the tokens from..to-1 of a statement, or of a query in brackets. outer is the level whose columns can be named
// in it.
func (a *arithmetic) query(from, to int, outer *level) {
	saved := *a
	if a.nesting++; a.nesting > maxNesting {
		a.failed = true
		return
	}
	at, list, sources, deletes := outside, 0, 0, false
	u := &union{inner: from > 0, to: to}
	begin := func() {
		a.level = &level{outer: outer, with: slices.Clip(a.with), from: -1, inner: from > 0}
	}
	end := func(i int) {
		if a.level.to == 0 {
			a.level.to = i
		}
		if at != outside {
			u.of = append(u.of, a.level)
		}
		if at == inSources {
			a.level.sources = append(a.level.sources, [2]int{sources, i})
		}
		if at != outside || a.is(0, "INSERT") { // outside of queries, that is in VALUES; elsewhere there are no expressions
			a.levels = append(a.levels, a.level)
		}
		at = outside
		begin()
	}
	begin()
	for i := from; i < to && !a.failed; {
		switch {
		case at == outside && a.is(i, "WITH") && (a.is(i+1, "RECURSIVE") || a.is(i+2, "AS", "(") || a.is(i+2, "(")):
			i = a.given(i+1, to)
			a.level.with = slices.Clip(a.with)
		case a.is(i, "SELECT"):
			if at != outside {
				end(i)
			}
			at, deletes = inList, false
			a.level.from = i
			if i++; a.isOne(i, "DISTINCT", "ALL") {
				a.level.distinct = a.is(i, "DISTINCT")
				i++
			}
			if a.is(i, "TOP") {
				i = a.behindTop(i)
			}
			list = i
		case at == outside && a.is(i, "UPDATE"):
			set := i + 1
			for set < to && !a.is(set, "SET") {
				set = a.behindBracket(set)
			}
			a.level.sources = append(a.level.sources, [2]int{i + 1, min(set, to)})
			at, i = inList, set+1
		case at == outside && a.is(i, "MERGE", "INTO"):
			i++
			for _, word := range []string{"USING", "ON"} {
				for sources = i + 1; i < to && !a.is(i, word); {
					i = a.behindBracket(i)
				}
				a.level.sources = append(a.level.sources, [2]int{sources, min(i, to)})
			}
			at = behind
		case at == outside && a.is(i, "DELETE"):
			if i++; a.is(i, "FROM") {
				i++
			}
			at, sources, deletes = inSources, i, true
		case a.isOne(i, "UNION", "INTERSECT", "EXCEPT"), a.is(i, "MINUS") && a.isOne(i+1, "SELECT", "(", "ALL", "DISTINCT"):
			end(i)
			u.operators++
			i++
		case at == inList && a.is(i, "FROM") && (!a.is(i-1, "DISTINCT") || !a.isOne(i-2, "IS", "NOT")):
			at, sources = inSources, i+1
			i++
		case at == inSources && deletes && a.is(i, "USING"):
			a.level.sources = append(a.level.sources, [2]int{sources, i})
			sources, deletes = i+1, false
			i++
		case (at == inList || at == inSources) && a.endsSources(i):
			if at == inSources {
				a.level.sources = append(a.level.sources, [2]int{sources, i})
			}
			at = behind
		case at == behind && a.level.to == 0 && a.isOne(i, "ORDER", "LIMIT", "OFFSET", "FETCH"):
			a.level.sorted, a.level.to = a.is(i, "ORDER"), i
			i++
		case at == inSources && a.is(i, "(") && a.isOne(i-1, "FROM", "JOIN", "USING", ",", "("):
			if !a.holdsQuery(i) {
				i++ // a join
				break
			}
			a.query(i+1, a.closing(i), outer)
			i = a.closing(i) + 1
		case a.begins(i):
			i = a.root(i, to, at == inList && (i == list || a.is(i-1, ",")))
		default:
			i++
		}
	}
	if !a.failed {
		end(to)
		if u.operators > 0 && len(u.of) == u.operators+1 {
			for _, l := range u.of {
				l.united = true
			}
			a.unions = append(a.unions, u)
		}
	}
	a.level, a.with, a.nesting = saved.level, saved.with, saved.nesting
}

// given reads the queries that WITH gives, from i on, and answers the index behind them.
func (a *arithmetic) given(i, to int) int {
	if a.is(i, "RECURSIVE") {
		a.failed = true // PostgreSQL wants the types of both parts to be the same, and derives none
		return to
	}
	for i < to {
		item := i
		if i++; a.is(i, "(") {
			i = a.closing(i) + 1
		}
		if !a.is(i, "AS", "(") {
			break
		}
		end := a.closing(i + 1)
		a.query(i+2, end, a.level.outer)
		if i = end + 1; i > to {
			break
		}
		a.with = append(slices.Clip(a.with), [2]int{item, i})
		if !a.is(i, ",") {
			break
		}
		i++
	}
	return i
}

func (a *arithmetic) endsSources(i int) bool {
	for _, words := range behindSources {
		if a.is(i, words...) {
			return true
		}
	}
	return a.is(i, "QUALIFY") && a.look(i).replaced
}

// behindBracket is the index behind the token at i, or behind the brackets that open there.
func (a *arithmetic) behindBracket(i int) int {
	if a.pair[i] > i {
		return a.pair[i] + 1
	}
	return i + 1
}

func (a *arithmetic) behindTop(i int) int {
	if a.is(i+1, "(") {
		return a.closing(i+1) + 1
	}
	return i + 2
}

// holdsQuery tells whether the bracket at i is around a query, and not around a join of queries or an expression with one.
func (a *arithmetic) holdsQuery(i int) bool {
	inner := i
	for a.is(inner, "(") {
		inner++
	}
	if !a.isOne(inner, "SELECT", "WITH") {
		return false
	}
	after := a.closing(i+1) + 1
	return inner == i+1 || after == a.closing(i)+1 || a.isOne(after, "UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT", ")")
}

// region reads the expressions in from..to-1, which is no query.
func (a *arithmetic) region(from, to int) {
	for i := from; i < to && !a.failed; {
		if a.begins(i) {
			i = a.root(i, to, false)
		} else {
			i++
		}
	}
}

// root reads the expression at i, and answers the index behind it and its alias.
func (a *arithmetic) root(i, to int, item bool) int {
	e := a.sums(i, to)
	end := e.to
	switch named := a.tok(end).Kind == QuotedIdent || a.tok(end).Kind == Word && !noOperand[a.word(end)]; {
	case end >= to:
	case named:
		end++
	case a.is(end, "AS") && item:
		end += 2
	}
	if item && (end >= to || a.isOne(end, ",", "FROM", "INTO", "UNION", "INTERSECT", "EXCEPT", "MINUS") || a.endsSources(end)) {
		e.item, e.named = true, end > e.to
	}
	if a.operand(i-2) && a.isOne(i-1, "+", "-", "*", "/", "%", "^") {
		// What is in front has not been understood, so that it is not known what is an operand of what.
		e = &expr{kind: other, from: e.from, to: e.to, args: leaves(e, nil)}
	}
	a.level.exprs = append(a.level.exprs, e)
	return end
}

// leaves adds what the operations in e are done with to those of others.
func leaves(e *expr, of []*expr) []*expr {
	if e.kind != binary {
		return append(of, e)
	}
	return leaves(e.args[1], leaves(e.args[0], of))
}

// begins tells whether an expression begins at i.
func (a *arithmetic) begins(i int) bool {
	switch t := a.tok(i); t.Kind {
	case Number, String, DollarString, Param, QuotedIdent:
		return true
	case Word:
		return !noOperand[fold(t.Text)] || a.isOne(i, "LEFT", "RIGHT") && a.is(i+1, "(")
	case Punct:
		return t.Text == "("
	case Operator:
		return (t.Text == "-" || t.Text == "+") && !a.operand(i-1) && a.begins(i+1)
	default:
		return false
	}
}

func (a *arithmetic) sums(i, to int) *expr { return a.operations(i, to, a.products, "+", "-") }

func (a *arithmetic) products(i, to int) *expr {
	return a.operations(i, to, a.powers, "*", "/", "%")
}

// operations reads operands with operators between them, all of one precedence.
func (a *arithmetic) operations(i, to int, next func(i, to int) *expr, operators ...string) *expr {
	e := next(i, to)
	for n := 0; e.to < to-1 && a.isOne(e.to, operators...) && a.begins(e.to+1) && !a.failed; n++ {
		right := next(e.to+1, to)
		e = &expr{kind: binary, from: e.from, to: right.to, op: e.to, args: []*expr{e, right}}
		a.failed = a.failed || n > maxOperations
	}
	return e
}

func (a *arithmetic) powers(i, to int) *expr {
	e := a.signed(i, to)
	for e.to < to-1 && a.is(e.to, "^") && a.begins(e.to+1) {
		right := a.signed(e.to+1, to)
		e = &expr{kind: other, from: e.from, to: right.to, args: []*expr{e, right}}
	}
	return e
}

func (a *arithmetic) signed(i, to int) *expr {
	signs := i
	for a.isOne(signs, "-", "+") {
		signs++
	}
	e := a.primary(signs, to)
	if signs > i {
		return &expr{kind: same, from: i, to: e.to, args: []*expr{e}}
	}
	return e
}

// primary reads an operand, with the casts behind it.
func (a *arithmetic) primary(i, to int) *expr {
	e := a.simple(i, to)
	for e.to < to {
		end, kind := e.to, other
		var n numberType
		switch {
		case a.is(end, "::"):
			r, ok := a.readType(end + 1)
			if !ok {
				return &expr{kind: other, from: i, to: end + 1, args: []*expr{e}}
			}
			end, kind, n = r.to, written, r.number()
		case a.is(end, "["):
			end = a.closing(end) + 1
		case a.is(end, ".") && end+1 < to:
			end += 2
		case a.is(end, "COLLATE"):
			_, end, _ = a.qname(end + 1)
		case a.is(end, "AT", "TIME", "ZONE") && end+3 < to:
			end = a.simple(end+3, to).to
		default:
			return e
		}
		e = &expr{kind: kind, from: i, to: min(end, to), number: n, args: []*expr{e}}
	}
	return e
}

func (a *arithmetic) simple(i, to int) *expr {
	e := &expr{kind: other, from: i, to: i + 1}
	switch t := a.tok(i); t.Kind {
	case Number:
		if e.number = literalNumber(t.Text); e.number.kind != notKnown {
			e.kind = written
		}
	case Punct: // a bracket
		e.to = a.closing(i) + 1
		if a.holdsQuery(i) {
			a.query(i+1, e.to-1, a.level)
			e.kind = operand
		} else if inner := a.argument(i+1, e.to-1); inner != nil {
			e.kind, e.args = bracket, []*expr{inner}
		}
	case Word, QuotedIdent:
		return a.named(i, to)
	default:
	}
	return e
}

// argument reads the tokens from..to-1, and answers the expression that they are, if they are one.
func (a *arithmetic) argument(from, to int) *expr {
	if a.nesting++; a.nesting > maxNesting {
		a.failed = true
		return nil
	}
	defer func() { a.nesting-- }()
	if a.isOne(from, "DISTINCT", "ALL") {
		from++
	}
	if from >= to || !a.begins(from) {
		a.region(from, to)
		return nil
	}
	e := a.sums(from, to)
	if e.to == to {
		return e
	}
	a.level.exprs = append(a.level.exprs, e)
	a.region(e.to, to)
	return nil
}

// named reads what begins with a word or a name.
func (a *arithmetic) named(i, to int) *expr {
	switch {
	case a.is(i, "CASE"):
		return a.cases(i, to)
	case a.is(i, "NULL"):
		return &expr{kind: written, from: i, to: i + 1, number: numberType{kind: null}}
	case a.tok(i).Kind == Word && a.tok(i+1).Kind == String: // DATE '2010-01-01'
		e := &expr{kind: other, from: i, to: i + 2}
		if a.is(i, "DATE") {
			e.kind, e.number = written, ofDate
		}
		return e
	}
	end := i + 1
	for a.is(end, ".") && (a.tok(end+1).Kind == Word || a.tok(end+1).Kind == QuotedIdent) {
		end += 2
	}
	switch {
	case a.is(end, ".", "*"):
		return &expr{kind: other, from: i, to: min(end+2, to)}
	case a.is(end, "("):
		return a.call(i, end, to)
	default:
		return &expr{kind: operand, from: i, to: end}
	}
}

// cases reads the CASE at i: its conditions, and the values that it chooses from.
func (a *arithmetic) cases(i, to int) *expr {
	if a.nesting++; a.nesting > maxNesting {
		a.failed = true
	}
	defer func() { a.nesting-- }()
	c := &expr{kind: choice, from: i, to: to}
	for n := i + 1; n < to && !a.failed; {
		switch {
		case a.is(n, "END"):
			c.to = n + 1
			return c
		case !a.begins(n):
			if a.isOne(n, "THEN", "ELSE") && !a.begins(n+1) {
				c.kind = other
			}
			n++
		default:
			e := a.sums(n, to)
			switch {
			case !a.isOne(n-1, "THEN", "ELSE"):
				a.level.exprs = append(a.level.exprs, e)
			case a.isOne(e.to, "WHEN", "ELSE", "END"):
				c.args = append(c.args, e)
			default:
				c.kind = other
				c.args = append(c.args, e)
			}
			n = e.to
		}
	}
	a.failed = true // PostgreSQL reports the mistake
	return c
}

// What is known of functions by their names.
var (
	sameAsFirst  = set("abs", "min", "max", "nullif", "any_value", "lag", "lead", "first_value", "last_value", "nth_value")
	oneOfAll     = set("coalesce", "nvl", "greatest", "least")
	countsRows   = set("count", "rank", "dense_rank", "row_number", "ntile")
	sharesOfRows = set("percent_rank", "cume_dist", "ratio_to_report")
	// Aggregates of other types, which cannot be asked for beside columns.
	otherAggregates = set("listagg", "median", "percentile_cont", "percentile_disc", "stddev", "stddev_samp", "stddev_pop", "variance",
		"var_samp", "var_pop", "bool_and", "bool_or", "bit_and", "bit_or")
)

// call reads the call at i, whose bracket opens at open.
func (a *arithmetic) call(i, open, to int) *expr {
	end := a.closing(open)
	e := &expr{kind: operand, from: i, to: min(end+1, to)}
	name := a.word(open - 1)
	switch {
	case open > i+1:
		name = ""
	case name == "cast" || name == "try_cast":
		as := open + 1
		for as < end && !a.is(as, "AS") {
			as = a.behindBracket(as)
		}
		if value := a.argument(open+1, min(as, end)); value != nil {
			e.args = append(e.args, value)
		}
		e.kind = other
		if r, ok := a.readType(as + 1); ok && r.to == end {
			e.kind, e.number = written, r.number()
		}
		return e
	}
	var args []*expr
	for _, part := range a.list(open+1, end) {
		args = append(args, a.argument(part[0], part[1]))
	}
	for tail := true; tail && e.to < to; {
		switch {
		case a.is(e.to, "WITHIN", "GROUP", "("):
			a.region(e.to+3, a.closing(e.to+2))
			e.kind, e.to = other, a.closing(e.to+2)+1
		case a.isOne(e.to, "IGNORE", "RESPECT") && a.is(e.to+1, "NULLS", "OVER"):
			e.to += 2
		case a.is(e.to, "OVER", "("):
			a.region(e.to+2, a.closing(e.to+1))
			e.kind, e.to = other, a.closing(e.to+1)+1
		case a.is(e.to, "OVER"):
			e.kind, e.to = other, e.to+2
		default:
			tail = false
		}
	}
	e.to = min(e.to, to)
	kind, of := e.kind, args
	switch {
	case name == "sum":
		kind = sum
	case name == "avg":
		kind = average
	case countsRows[name]:
		kind, of, e.number = written, nil, ofInt8
	case sharesOfRows[name]:
		kind, of, e.number = written, nil, ofFloat
	case otherAggregates[name]:
		kind, of = other, nil
	case sameAsFirst[name]:
		kind, of = same, args[:min(1, len(args))]
	case oneOfAll[name]:
		kind = choice
	case name == "nvl2":
		kind, of = choice, args[min(1, len(args)):]
	case name == "decode":
		kind, of = choice, nil
		for n := 2; n < len(args); n += 2 {
			if of = append(of, args[n]); n == len(args)-2 {
				of = append(of, args[n+1])
			}
		}
	default:
		of = nil
	}
	if e.kind = kind; len(of) == 0 && kind != written && kind != operand || slices.Contains(of, nil) {
		e.kind, of = other, nil
	}
	e.args = of
	for _, arg := range args {
		if arg != nil && !slices.Contains(of, arg) {
			a.level.exprs = append(a.level.exprs, arg)
		}
	}
	return e
}
