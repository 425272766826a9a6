package dialect

import (
	"slices"
	"strconv"
	"strings"
)

// A literal that a statement writes into a SUPER column is a string: JSON is what JSON_PARSE makes of it (Redshift manual,
// Using JSON_PARSE to insert data into SUPER columns). PostgreSQL would have the input of the column's type read it, so it is
// told that it is a text. The same goes for a parameter that the client gives no type. Which columns are SUPER only PostgreSQL
// knows: a translation says in Written what tables it has to be told of, and Knowing makes it anew with Env.Columns.

// Column is a column of a table that a statement writes to.
type Column struct {
	Name  string
	Super bool
}

// Knowing is the translation of st, of which tr is the one for env, for the columns of the tables that it writes literals to.
// look runs a query. It is asked only where there is a literal.
func Knowing(st Statement, env Env, tr Translation, look func(query string) (rows [][]string, err error)) (Translation, error) {
	if len(tr.Written) == 0 {
		return tr, nil
	}
	rows, err := look("SELECT * FROM rs.columns_beside_super(" + nameArray(tr.Written) + ")")
	if err != nil || len(rows) == 0 {
		return tr, err
	}
	env.Columns = map[string][]Column{}
	for _, row := range rows {
		env.Columns[row[0]] = append(env.Columns[row[0]], Column{Name: row[1], Super: row[2] == "t"})
	}
	return Translate(st, env), nil
}

// nameArray writes names as an array of texts.
func nameArray(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = dollarQuote(name)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}

// writes are the statements that may write values into columns.
var writes = set("INSERT", "UPDATE", "MERGE", "WITH", "PREPARE")

// literals goes over the values that the statement writes.
func (x *script) literals() {
	merged := "" // the table of a MERGE, whose clauses do not name it
	for i := range x.len() {
		switch {
		case x.is(i, "MERGE", "INTO"):
			merged = x.relation(i + 2)
		case x.is(i, "THEN", "INSERT"):
			x.inserted(i+2, merged)
		case x.is(i, "THEN", "UPDATE", "SET"):
			x.assigned(i+3, merged)
		case x.is(i, "INSERT", "INTO"):
			if _, end, ok := x.qname(i + 2); ok {
				x.inserted(end, x.relation(i+2))
			}
		case x.is(i, "UPDATE"):
			if _, end, ok := x.qname(i + 1); ok {
				if _, end = x.rangeAlias(end); x.is(end, "SET") {
					x.assigned(end+1, x.relation(i+1))
				}
			}
		}
	}
}

// inserted reads [(column, ...)] VALUES or a query at i, for the rows of a table.
func (x *script) inserted(i int, table string) {
	var columns []string
	if x.is(i, "(") && !x.isOne(i+1, "SELECT", "WITH", "(") {
		columns = x.nameList(i)
		i = x.closing(i) + 1
	}
	value := func(n, from, to int) {
		if columns == nil {
			x.written(table, func(c []Column) bool { return n < len(c) && c[n].Super }, from, to)
		} else if n < len(columns) {
			x.written(table, superNamed(columns[n]), from, to)
		}
	}
	if x.is(i, "VALUES", "(") {
		for i++; x.is(i, "("); i = x.closing(i) + 2 { // behind the comma
			for n, a := range x.args(i) {
				value(n, a[0], a[1])
			}
		}
		return
	}
	for x.is(i, "(") {
		i++
	}
	if x.is(i, "WITH") {
		for i < x.len() && !x.is(i, "SELECT") {
			if x.is(i, "(") {
				i = x.closing(i)
			}
			i++
		}
	}
	if !x.is(i, "SELECT") {
		return
	}
	query := x.enclosing(i)
	for _, l := range x.lists { // one for each part of a UNION
		if l[0] < i || x.enclosing(l[0]) != query {
			continue
		}
		for n, item := range x.list(l[0], x.endOfList(l[0], l[1])) {
			_, to := x.itemAlias(item[0], item[1])
			value(n, item[0], to)
		}
	}
}

// assigned reads column = value, ... at i, for the rows of a table.
func (x *script) assigned(i int, table string) {
	end := i
	for end < x.len() && !x.isOne(end, "FROM", "WHERE", "WHEN", ")") {
		if c := x.pair[end]; c > end {
			end = c
		}
		end++
	}
	for _, part := range x.list(i, min(end, x.len())) {
		if name, ok := x.tok(part[0]).Name(x.env.CaseSensitive); ok && x.is(part[0]+1, "=") {
			x.written(table, superNamed(name), part[0]+2, part[1])
		}
	}
}

func superNamed(name string) func([]Column) bool {
	return func(columns []Column) bool { return slices.Contains(columns, Column{Name: name, Super: true}) }
}

// written deals with the value in from..to-1 that goes into a column of a table, which isSuper finds.
func (x *script) written(table string, isSuper func([]Column) bool, from, to int) {
	for to-from > 2 && x.is(from, "(") && x.closing(from) == to-1 {
		from, to = from+1, to-1
	}
	if table == "" || to-from != 1 || !x.untyped(from) {
		return
	}
	if isSuper(x.env.Columns[table]) {
		x.asSuperText(from)
	} else if x.env.Columns == nil && !slices.Contains(x.tr.Written, table) {
		x.tr.Written = append(x.tr.Written, table)
	}
}

// asSuperText makes the literal at i a string of SUPER: also beside other SUPER values, in a UNION.
func (x *script) asSuperText(i int) { x.insertAfter(i, "::text::super") }

// untyped tells whether the token at i is a literal, or a parameter whose type the client leaves open.
func (x *script) untyped(i int) bool {
	t := x.tok(i)
	switch t.Kind {
	case String, DollarString:
		return true
	case Param:
		if x.variables {
			return false // an argument of a procedure
		}
		const unknown = 705
		n, err := strconv.Atoi(t.Text[1:])
		return err == nil && n > 0 && (n > len(x.env.Parameters) || x.env.Parameters[n-1] == 0 || x.env.Parameters[n-1] == unknown)
	default:
		return false
	}
}
