package dialect

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A quotient of decimals has the scale that follows from the types of what is divided, and is cut there; the results of all
// operations have a precision that they must fit. PostgreSQL does neither, so a division of decimals is written as one that
// gives just so many digits, and it and what it is part of are cast to their types. The casts also tell the next query around
// it, clients and tables that are made of it what type it is.
//
// The types of literals and casts are written there; those of columns, functions and subqueries only PostgreSQL knows. A
// translation says in Operands what has to be asked, and Typing makes it anew with Env.Types. What a query around others has
// for types shows once those are written; so that is asked again. What is not known stays as it is written.

// Operand is where an operand of arithmetic stands in the statement's text, in bytes.
type Operand struct{ From, To int }

// Operands are a query for the types of operands: it has a column for each, or is the only one itself.
type Operands struct {
	of         []Operand
	columns    []string
	head, tail string // what stands around the columns
	whole      string
	more       bool // the translation has to be made anew whatever they are
	early      bool // what they are from may come to tell more of its types
}

func (o Operands) query(columns ...string) string {
	if o.whole != "" {
		return o.head + o.whole
	}
	return o.head + "SELECT " + strings.Join(columns, ", ") + o.tail
}

const (
	maxRounds     = 64      // from the innermost query to the outermost
	maxAsked      = 1 << 18 // bytes of all queries, beyond as many as the statement has
	maxNesting    = 200     // of brackets
	maxOperations = 10_000  // in one expression
)

// Typing is the translation of st, of which tr is the one for env, with the types of operands that it needs. types answers
// the types of a query's columns, and none where PostgreSQL refuses the query. It is asked only where there is a division
// that may be one of decimals. Typing also answers what the translation rests on.
func Typing(st Statement, env Env, tr Translation, types func(query string) ([]ColumnType, error)) (Env, Translation, error) {
	decimals := func(types []ColumnType) bool {
		return slices.ContainsFunc(types, func(t ColumnType) bool { return t.OID == oidNumeric })
	}
	for range maxRounds {
		if len(tr.Operands) == 0 {
			break
		}
		anew := false
		known, rows := maps.Clone(env.Types), maps.Clone(env.Rows)
		if known == nil {
			known, rows = map[Operand]ColumnType{}, map[Operand][]ColumnType{}
		}
		for _, o := range tr.Operands {
			query := o.query(o.columns...)
			env.Asked += len(query)
			got, err := types(query)
			if err != nil {
				return env, tr, err
			}
			anew = anew || o.more || decimals(got)
			for i, operand := range o.of {
				switch {
				case o.whole != "":
					rows[operand] = got
				case len(got) == len(o.of):
					if !o.early || !got[i].untyped() {
						known[operand] = got[i]
					}
				case len(o.of) == 1:
					known[operand] = ColumnType{}
				default: // one that is refused is none of the others' business
					query := o.query(o.columns[i])
					one := []ColumnType{{}}
					if env.Asked += len(query); env.Asked <= maxAsked+len(st.Text) {
						if got, err := types(query); err != nil {
							return env, tr, err
						} else if len(got) == 1 {
							one = got
						}
					}
					if !o.early || !one[0].untyped() {
						known[operand] = one[0]
					}
					anew = anew || decimals(one)
				}
			}
		}
		env.Types, env.Rows = known, rows
		if !anew {
			tr.Operands = nil
			break
		}
		tr = Translate(st, env)
	}
	return env, tr, nil
}

// expr is an expression, as far as its type matters.
type expr struct {
	kind     exprKind
	from, to int // its tokens
	op       int // the token of its operator
	args     []*expr
	number   numberType // its type, once it is known
	asked    bool       // its type is PostgreSQL's to tell, and not told yet
	item     bool       // it is an item of a list
	named    bool       // and has a name
	tells    bool       // the query around it is to know its type
	cast     bool       // it is cast to its type
}

type exprKind uint8

const (
	other   exprKind = iota // no number, or none whose type is known here
	written                 // its type is written there
	operand                 // PostgreSQL knows its type
	binary                  // two arguments and an operator
	bracket                 // its argument in brackets
	same                    // of the type of its argument
	sum
	average
	choice // one of its arguments
)

// level is a SELECT or a statement that changes a table, with the expressions in it.
type level struct {
	outer    *level   // whose columns it knows as well
	with     [][2]int // the queries that it can name, as tokens
	sources  [][2]int // where its columns are from, as tokens
	exprs    []*expr
	from, to int  // its tokens, of a SELECT, without ORDER BY and LIMIT
	inner    bool // it is in brackets
	united   bool // it is one of a union
	distinct bool // SELECT DISTINCT
	sorted   bool // ORDER BY
}

// arithmetic reads the expressions of a statement.
type arithmetic struct {
	*script
	levels  []*level // those within others come before them
	unions  []*union // likewise
	level   *level   // the one that is being read
	with    [][2]int // the queries that can be named there
	nesting int
	failed  bool // the statement is beyond this
	mixed   bool // some of its arithmetic is with decimals by what is written
}

// decimals writes the divisions of decimals, and what they are part of. Of a query that something is made of it also writes
// the types of its decimals.
func (x *script) decimals() {
	if x.variables || x.catalog {
		return
	}
	makes := x.makes()
	if !makes && (!x.divided() || !queries[x.st.Verb()]) {
		return
	}
	a := &arithmetic{script: x}
	if a.query(0, x.len(), nil); a.failed {
		return
	}
	asked := make([]int, x.len()+1) // how many operands that are to be asked for begin in front of each token
	// What stands in brackets is treated alike wherever it stands: ORDER BY may repeat what is in the list.
	divides := slices.ContainsFunc(a.levels, func(l *level) bool { return slices.ContainsFunc(l.exprs, a.divides) })
	for _, l := range a.levels {
		for _, e := range l.exprs {
			e.tells = e.item && !e.typed() && (l.inner && divides || makes && (l.united || !e.literal())) && (!l.distinct || !l.sorted)
			if e.tells || a.divides(e) {
				a.resolve(e, e.tells, asked)
			}
		}
	}
	a.unions = slices.DeleteFunc(a.unions, func(u *union) bool { return x.into[1] > 0 || !makes && (!u.inner || !divides) })
	for _, u := range a.unions {
		a.resolveUnion(u, asked)
	}
	for i := range x.len() {
		asked[i+1] += asked[i]
	}
	for _, l := range a.levels {
		for _, e := range l.exprs {
			a.rewriteItem(e)
		}
	}
	for _, u := range a.unions {
		a.rewriteUnion(u)
	}
	if asked[x.len()] == 0 {
		return
	}
	if a.ask(asked, false); len(x.tr.Operands) == 0 {
		a.ask(asked, true)
	}
	left := asked[x.len()]
	for _, o := range x.tr.Operands {
		left -= len(o.of)
	}
	for i := range x.tr.Operands {
		x.tr.Operands[i].more = a.mixed || left > 0
	}
}

// divided tells whether there is a division in the statement.
func (x *script) divided() bool {
	return strings.Contains(x.st.Text, "/") && slices.ContainsFunc(x.st.Tokens, func(t Token) bool { return t.Is("/") })
}

// makes tells whether the statement makes a table, a view or a file of a query.
func (x *script) makes() bool {
	switch x.st.Verb() {
	case "CREATE TABLE":
		return x.tr.After != nil && slices.ContainsFunc(x.st.Tokens, func(t Token) bool { return t.Is("SELECT") })
	case "CREATE VIEW", "CREATE MATERIALIZED VIEW":
		return true
	default:
		return x.env.Unloads || x.into[1] > 0
	}
}

// typed tells whether PostgreSQL knows the type of e, whatever it is.
func (e *expr) typed() bool {
	for e.kind == bracket {
		e = e.args[0]
	}
	return e.kind == other || e.kind == operand || e.kind == written && len(e.args) > 0
}

// literal tells whether e is a number as it is written, which says less of what a column is for than of what it holds first.
func (e *expr) literal() bool {
	for e.kind == bracket || e.kind == same {
		e = e.args[0]
	}
	return e.kind == written && len(e.args) == 0
}

// divides tells whether e has a division in it that may be one of decimals.
func (a *arithmetic) divides(e *expr) bool {
	if e.kind == binary && a.is(e.op, "/") {
		left, right := e.args[0].writtenType(), e.args[1].writtenType()
		if left.kind != floating && right.kind != floating && (left.kind != integer || right.kind != integer) {
			return true
		}
	}
	return slices.ContainsFunc(e.args, a.divides)
}

// writtenType is the type of an expression that says so itself.
func (e *expr) writtenType() numberType {
	for e.kind == bracket || e.kind == same {
		e = e.args[0]
	}
	if e.kind == written {
		return e.number
	}
	return numberType{}
}

// resolve finds the types of e and of its parts. wanted says that there is arithmetic with e. Operands whose types have to be
// asked for are counted at the token behind their first.
func (a *arithmetic) resolve(e *expr, wanted bool, asked []int) {
	for _, arg := range e.args {
		switch e.kind {
		case other, written, operand:
			if a.divides(arg) {
				a.resolve(arg, false, asked)
			}
		default:
			a.resolve(arg, wanted || e.kind == binary, asked)
		}
	}
	switch e.kind {
	case other:
	case written:
		a.mixed = a.mixed || e.number.kind == decimal
	case operand:
		if !wanted {
			return
		}
		t, ok := a.env.Types[a.place(e)]
		if e.number = t.number(); !ok {
			e.asked = true
			asked[e.from+1]++
		}
	case binary:
		e.number = computed(a.tok(e.op).Text, e.args[0].number, e.args[1].number)
	case bracket, same:
		e.number = e.args[0].number
	case sum:
		e.number = added(e.args[0].number)
	case average:
		e.number = averaged(e.args[0].number)
	case choice:
		var of []numberType
		for _, arg := range e.args {
			of = append(of, arg.number)
		}
		e.number = chosen(of)
	}
}

func (a *arithmetic) place(e *expr) Operand {
	last := a.tok(e.to - 1)
	return Operand{From: a.tok(e.from).Pos, To: last.Pos + len(last.Text)}
}

// rewriteItem is rewrite for an expression by itself. A cast would give the item of a list another name.
func (a *arithmetic) rewriteItem(e *expr) {
	a.rewrite(e)
	inner := e
	for inner.kind == bracket {
		inner = inner.args[0]
	}
	if e.tells && !inner.cast && e.number.kind == decimal {
		a.enclose(e.from, e.to, "(", ")"+e.number.cast())
		inner.cast = true
	}
	if !inner.cast || !e.item || e.named {
		return
	}
	switch {
	case inner.kind == binary, inner.kind == written, a.isOne(inner.from, "+", "-"):
		a.enclose(e.from, e.to, "", ` AS "?column?"`)
	case a.isOne(inner.from, "CASE", "DECODE", "NVL2"):
		a.enclose(e.from, e.to, "", ` AS "case"`)
	}
}

// rewrite writes the divisions of decimals in e and the operations that these are part of, inner ones first, and tells whether
// there are any. All others stay as they are: GROUP BY may have them by themselves, and PostgreSQL compares what is written.
func (a *arithmetic) rewrite(e *expr) (divided bool) {
	for _, arg := range e.args {
		divided = a.rewrite(arg) || divided
	}
	if e.kind != binary || e.number.kind != decimal || a.look(e.op).replaced {
		return divided
	}
	switch {
	case a.is(e.op, "/"):
		operator := "OPERATOR(rs./)"
		if a.adjacent(e.op) {
			operator = " " + operator
		}
		if a.adjacent(e.op + 1) {
			operator += " "
		}
		a.replace(e.op, operator)
		// With a sign, as the name of a function would be that of what it is part of: of a cast, or of CASE.
		a.enclose(e.from, e.to, "(+pg_catalog.trunc(", ", "+strconv.Itoa(e.number.scale)+"))"+e.number.cast())
	case divided:
		a.enclose(e.from, e.to, "(", ")"+e.number.cast())
	default:
		return false
	}
	e.cast = true
	return true
}

// ask has the types of operands asked for, in which no others are that come first. Those in what a query's columns are from
// come first as well, unless regardless; but most are no decimals, so that at first all are asked for.
func (a *arithmetic) ask(asked []int, regardless bool) {
	left := maxAsked + len(a.st.Text) - a.env.Asked
	add := func(o Operands) {
		if size := len(o.query(o.columns...)); size <= left {
			left -= size
			a.tr.Operands = append(a.tr.Operands, o)
		}
	}
	for _, u := range a.unions {
		a.askUnion(u, asked, regardless, add)
	}
	for _, l := range a.levels {
		if left <= 0 {
			return
		}
		o := Operands{early: !regardless && !a.settled(l, asked)}
		if o.early && a.env.Types != nil {
			continue
		}
		var find func(e *expr)
		find = func(e *expr) {
			if e.asked && asked[e.to] == asked[e.from+1] {
				column := a.text(e)
				for q := l; q.outer != nil; q = q.outer {
					column = "(SELECT " + column + a.from(q) + ")"
				}
				o.of, o.columns = append(o.of, a.place(e)), append(o.columns, column)
			}
			for _, arg := range e.args {
				find(arg)
			}
		}
		for _, e := range l.exprs {
			find(e)
		}
		if len(o.of) == 0 {
			continue
		}
		outermost := l
		for outermost.outer != nil {
			outermost = outermost.outer
		}
		o.head, o.tail = a.givenTo(l), a.from(outermost)
		add(o)
	}
}

// settled tells whether nothing is to be asked for in what the columns of a level are from.
func (a *arithmetic) settled(l *level, asked []int) bool {
	ranges := l.with
	for ; l != nil; l = l.outer {
		ranges = slices.Concat(ranges, l.sources)
	}
	return !slices.ContainsFunc(ranges, func(r [2]int) bool { return asked[r[1]] > asked[r[0]] })
}

// givenTo is the WITH clause of a query that names what a level can name.
func (a *arithmetic) givenTo(l *level) string {
	if len(l.with) == 0 {
		return ""
	}
	return "WITH " + a.renderList(l.with) + " "
}

func (a *arithmetic) from(l *level) string {
	if len(l.sources) == 0 {
		return ""
	}
	return " FROM " + a.renderList(l.sources)
}

func (a *arithmetic) renderList(ranges [][2]int) string {
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = a.render(r[0], r[1])
	}
	return strings.Join(texts, ", ")
}

// text is an operand by itself, without what belongs to calls around it.
func (a *arithmetic) text(e *expr) string {
	before, after := a.look(e.from).before, a.look(e.to-1).after
	if before == nil && after == nil {
		return a.render(e.from, e.to)
	}
	a.edit(e.from).before, a.edit(e.to-1).after = nil, nil
	text := a.render(e.from, e.to)
	a.edit(e.from).before, a.edit(e.to-1).after = before, after
	return text
}
