package dialect

import (
	"fmt"
	"strings"

	"github.com/sealift/sealift/internal/local/names"
)

// maxName is the longest name PostgreSQL can keep, in bytes. Longer ones are refused rather than cut where Shorten has left them.
const maxName = names.Kept

// frame is what is known of the innermost open parenthesis.
type frame struct {
	from     bool // inside a FROM list
	relation bool // a relation is to come
	noClause bool // the arguments of EXTRACT, TRIM and the like, where FROM begins no list
	unpivot  bool // UNPIVOT stands in front of the relation to come
	sub      bool // a parenthesised join of relations: it closes as a relation does
	setOp    bool // a UNION, INTERSECT or EXCEPT stands here

	// What is known of the SELECT that is open; the index 0 means that there is none, since something precedes each.
	open     bool
	selectAt int
	distinct int
	listAt   int // where its list begins
	fromAt   int
	qualify  int
	behind   int // the index behind the last relation's name
	limit    string
}

// rewriteQuery rewrites what may stand anywhere in a statement: names, types of casts, function calls, and the parts of
// queries that Redshift and PostgreSQL write differently.
func (x *script) rewriteQuery(from, to int) {
	frames := []frame{{}}
	for i := from; i < to && x.tr.Err == nil; i++ {
		f := &frames[len(frames)-1]
		t := x.tok(i)
		switch t.Kind {
		case Word, QuotedIdent:
			x.checkName(i)
			if f.relation {
				if end, done := x.rewriteRelation(i, f); done {
					i = end - 1
					continue
				}
			}
			if x.selecting && !x.is(i-1, ".") && x.isOne(i+1, ".", "[") {
				x.chains = append(x.chains, i)
			}
			if t.Kind == Word {
				i = x.rewriteWord(i, f)
			}
		case Punct:
			switch t.Text {
			case "(":
				if x.is(i+1, "+", ")") && x.operand(i-1) && !x.catalog {
					x.refuse(notSupported("the outer join operator (+)"))
				}
				frames = append(frames, x.openFrame(i, f))
			case ")":
				x.closeFrame(i, f)
				if len(frames) > 1 {
					frames = frames[:len(frames)-1]
				}
			case ",":
				f.relation = f.from
			}
		case Operator:
			switch {
			case t.Text == "::":
				i = x.rewriteCast(i+1, i-1)
			case x.tempName(i) != "" && !x.operand(i-1):
				x.checkName(i + 1)
				x.markTemp(i)
				f.relation = false
				i++
			}
		case Number, Param:
			if x.tok(i+1).Kind == Word && x.adjacent(i+1) {
				x.insertAfter(i, " ") // THEN 4WHEN, which PostgreSQL takes for junk since 15
			}
		default: // blanks and literals stay as they are
		}
	}
	if x.tr.Err == nil && to > from {
		x.closeFrame(to, &frames[0])
		if verb := x.st.Verb(); queries[verb] || x.variables {
			x.partiQL()
			x.laterals()
		}
	}
}

// queries are the statements with expressions; a name of two parts in another is that of a schema's object.
var queries = set("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "EXPLAIN", "DECLARE", "PREPARE", "EXECUTE",
	"CREATE TABLE", "CREATE VIEW", "CREATE MATERIALIZED VIEW")

// checkName folds a quoted name and refuses one that PostgreSQL would cut.
func (x *script) checkName(i int) {
	t := x.tok(i)
	name, ok := t.Name(true)
	if !ok {
		return
	}
	if len(name) > maxName {
		x.refuse(refusal("the name %q has %d bytes: the stand-in keeps names of at most %d for users, groups, roles and databases", name, len(name), maxName))
		return
	}
	if t.Kind == QuotedIdent && !x.env.CaseSensitive && !x.look(i).keepCase && !x.look(i).replaced {
		if folded := fold(name); folded != name {
			x.replace(i, QuoteIdent(folded))
		}
	}
}

func (x *script) openFrame(i int, f *frame) frame {
	if !f.relation {
		return frame{noClause: x.isOne(i-1, "EXTRACT", "TRIM", "SUBSTRING", "OVERLAY", "POSITION")}
	}
	f.relation = false
	inner := i
	for x.is(inner, "(") {
		inner++
	}
	switch {
	case x.isOne(inner, "SELECT", "WITH"):
		if inner == i+1 || x.closing(i) == x.closing(i+1)+1 {
			x.aliasSubquery(x.closing(i))
			return frame{}
		}
		// ((select ...) a join b ...) is a join; ((select ...) union ...) is a query
		after := x.closing(i+1) + 1
		if x.isOne(after, "UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT") {
			x.aliasSubquery(x.closing(i))
			return frame{}
		}
	case x.isOne(inner, "VALUES"):
		if !x.catalog {
			x.refuse(notSupported("a list of VALUES as a table"))
		}
		return frame{}
	}
	return frame{from: true, relation: true, sub: true}
}

// closeFrame ends what is open in the parenthesis that closes at i, or in the statement that ends there.
func (x *script) closeFrame(i int, f *frame) {
	x.endSelect(i, i, f)
}

// endSelect ends the SELECT that is open, which reaches to i; its conditions reach to where.
//
// TOP is the query's LIMIT. QUALIFY is sorting by a function that gives one row where the condition holds and none where it
// does not: PostgreSQL computes it after the window functions and shows nothing of it. In a part of a UNION both want
// parentheses around the part.
func (x *script) endSelect(where, i int, f *frame) {
	if !f.open {
		return
	}
	f.open = false
	list := [3]int{f.listAt, where, where}
	if f.fromAt > 0 {
		list[1] = f.fromAt
	}
	x.lists = append(x.lists, list)
	parenthesis := f.setOp && (f.limit != "" || f.qualify > 0)
	if parenthesis {
		x.insertBefore(f.selectAt, "(")
	}
	if f.qualify > 0 {
		x.qualifyAliases(f, where)
		x.replace(f.qualify, "ORDER BY rs.keep(")
		x.edit(f.qualify + 1).joined = true
		x.insertAfter(where-1, ")")
		switch {
		case f.distinct > 0:
			// SELECT DISTINCT sorts by nothing but what it shows.
			x.aliases++
			x.insertBefore(f.selectAt, "SELECT DISTINCT * FROM (")
			x.drop(f.distinct, f.distinct+1)
			x.insertAfter(where-1, fmt.Sprintf(") AS rs_q%d", x.aliases))
		case !f.setOp && x.is(where, "ORDER", "BY"):
			x.replace(where, ",")
			x.edit(where).joined = true
			x.drop(where+1, where+2)
		}
	}
	if f.limit != "" {
		x.insertAfter(i-1, " LIMIT "+f.limit)
	}
	if parenthesis {
		x.insertAfter(i-1, ")")
	}
	f.limit, f.qualify = "", 0
}

// qualifyAliases puts the window functions of the list in place of the aliases that QUALIFY, whose condition reaches to
// where, knows them by.
func (x *script) qualifyAliases(f *frame, where int) {
	if f.fromAt == 0 {
		return
	}
	for _, item := range x.list(f.listAt, f.fromAt) {
		from, last := item[0], item[1]-1
		name, ok := x.tok(last).Name(x.env.CaseSensitive)
		to := last
		if x.is(last-1, "AS") {
			to--
		}
		window := false
		for k := from; k < to; k++ {
			window = window || x.is(k, "OVER")
		}
		if !ok || !window || !x.isOne(last-1, "AS", ")") {
			continue
		}
		for k := f.qualify + 1; k < where; k++ {
			if n, isName := x.tok(k).Name(x.env.CaseSensitive); isName && n == name && !x.is(k-1, ".") && !x.isOne(k+1, ".", "(") {
				x.replacePieces(k, piece{text: "("}, piece{from: from, to: to}, piece{text: ")"})
			}
		}
	}
}

// What can follow a subquery in FROM without being its alias.
var afterRelation = set("where", "group", "order", "having", "limit", "offset", "union", "intersect", "except", "minus",
	"on", "using", "join", "inner", "left", "right", "full", "cross", "natural", "window", "fetch", "for", "with",
	"qualify", "pivot", "unpivot", "set", "when", "returning", "tablesample", "connect", "start")

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// aliasSubquery gives the subquery that closes at i an alias where it has none: PostgreSQL before 16 wants one.
func (x *script) aliasSubquery(i int) {
	if alias, _ := x.rangeAlias(i + 1); alias != "" {
		x.noteAlias(alias, max(0, x.pair[i]), i+1)
	}
	next := x.tok(i + 1)
	if next.Kind == QuotedIdent || next.Kind == Word && !afterRelation[fold(next.Text)] || i >= x.len() {
		return
	}
	x.aliases++
	x.insertAfter(i, fmt.Sprintf(" AS rs_q%d", x.aliases))
}

// rewriteRelation rewrites the name of a relation at i and answers the index behind it; done is false where the word
// at i only introduces one.
func (x *script) rewriteRelation(i int, f *frame) (end int, done bool) {
	if x.tok(i).Kind == Word {
		switch x.word(i) {
		case "only", "if", "not", "exists", "temp", "temporary", "table", "local":
			return i + 1, true
		case "lateral":
			if !x.catalog {
				x.refuse(notSupported("LATERAL"))
			}
			return i + 1, true
		case "select", "with":
			return i, false
		case "unpivot":
			if !x.catalog && f.from && !x.is(i+1, "(") {
				x.edit(i + 1).joined = true
				x.replace(i, "")
				f.unpivot = true
				return i + 1, true
			}
		}
	}
	f.relation = false
	start := i
	parts := 1
	for x.is(i+1, ".") && (x.tok(i+2).Kind == Word || x.tok(i+2).Kind == QuotedIdent) {
		i += 2
		parts++
		x.checkName(i)
	}
	end = i + 1
	if x.is(end, "(") { // a function
		if alias, _ := x.rangeAlias(x.closing(end) + 1); alias != "" {
			x.noteAlias(alias, start, x.closing(end)+1)
		}
		return end, parts > 1 && !x.catalogFunction(start)
	}
	switch {
	case x.isOne(start-1, "UPDATE", "INTO"):
		x.target = x.noteRange(start, end, f.unpivot)
	case f.from:
		x.noteRange(start, end, f.unpivot)
	}
	f.unpivot, f.behind = false, end
	if f.from && len(x.env.Masks) > 0 && x.masked(start, end) {
		return end, true
	}
	name, ok := x.tok(i).Name(x.env.CaseSensitive)
	if x.lateBinding && ok && parts == 1 && !x.with[name] && !systemTable(name) {
		x.refuse(&Error{Code: "42601", Message: "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING."})
	}
	if !ok || !shadowed[name] {
		return end, true
	}
	switch {
	case parts == 1:
		x.insertBefore(i, "rs.")
	case x.word(i-2) == "pg_catalog":
		x.replace(i-2, "rs")
	}
	return end, true
}

func (x *script) catalogFunction(i int) bool { return x.word(i) == "pg_catalog" }

// rewriteWord rewrites the keyword, call or name at i and answers the index of the last token it dealt with.
func (x *script) rewriteWord(i int, f *frame) int {
	word := x.word(i)
	if x.is(i-1, ".") {
		if !x.is(i+1, "(") || x.word(i-2) != "pg_catalog" {
			return i
		}
	}
	if x.is(i+1, "(") {
		x.noteNodes(word)
		if (lacking[word] || notImitatedCalls[word] || strings.HasPrefix(word, "st_") && !x.is(i-1, ".")) && (x.variables || queries[x.st.Verb()]) &&
			!x.is(x.closing(i+1)+1, "AS", "(") && !x.isOne(i-1, "TABLE", "INTO", "EXISTS") {
			refuseCall(x, i)
		}
		if rewrite, ok := calls[word]; ok {
			rewrite(x, i)
			return i
		}
	}
	switch word {
	case "e":
		if x.tok(i+1).Kind == String && x.adjacent(i+1) && !x.catalog {
			// 8.0 has no escape strings: it takes E for the name of a type.
			x.refuse(&Error{Code: "42704", Message: `type "e" does not exist`, Hint: seeDocs})
		}
	case "select":
		f.from, f.relation = false, false
		x.selecting = true
		return x.rewriteSelect(i, f)
	case "from":
		if isDistinctFrom := x.is(i-1, "DISTINCT") && x.isOne(i-2, "IS", "NOT"); !f.noClause && !isDistinctFrom {
			f.from, f.relation = true, true
			if f.open && f.fromAt == 0 {
				f.fromAt = i
			}
		}
	case "join":
		f.relation = f.from
	case "using":
		// DELETE and MERGE name relations here, JOIN columns.
		if !x.is(i+1, "(") || x.isOne(i+2, "SELECT", "WITH") {
			f.from, f.relation = true, true
		} else {
			return x.closing(i + 1)
		}
	case "into":
		f.relation = true
	case "update":
		if x.is(i-1, "FOR") {
			x.refuse(notSupported("SELECT ... FOR UPDATE"))
		}
		f.relation = !x.is(i+1, "SET")
	case "table":
		f.from, f.relation = true, true
	case "order", "limit", "offset", "fetch":
		f.from, f.relation = false, false
		if f.open && (f.setOp || f.qualify > 0 && f.limit == "") {
			x.endSelect(i, i, f)
		} else if f.open && f.qualify > 0 {
			// TOP goes behind what follows the condition.
			limit := f.limit
			f.limit = ""
			x.endSelect(i, i, f)
			f.open, f.limit = true, limit
		}
	case "where", "group", "having", "window", "set", "values", "when":
		f.from, f.relation = false, false
		x.selecting = x.selecting || word == "set" || word == "where"
	case "union", "intersect", "except":
		f.from, f.relation, f.setOp = false, false, true
		x.endSelect(i, i, f)
	case "minus":
		if x.isOne(i+1, "SELECT", "(", "ALL", "DISTINCT") {
			x.replace(i, "EXCEPT")
			f.from, f.relation, f.setOp = false, false, true
			x.endSelect(i, i, f)
		}
	case "loop":
		if x.variables {
			x.endSelect(i, i, f)
		}
	case "over":
		x.checkWindow(i)
	case "sysdate", "current_aws_account", "current_namespace", "current_user_id":
		if !x.isOne(i+1, "(", ".") && !x.is(i-1, "AS") && !x.is(i-1, ".") {
			x.replace(i, "pg_catalog."+word+"()")
		}
	case "approximate":
		if x.isOne(i+1, "COUNT", "PERCENTILE_DISC") {
			x.edit(i + 1).joined = true
			x.replace(i, "")
		}
	case "pg_catalog":
		// A column of a catalog by its full name: pg_catalog.pg_class.relname.
		if name, ok := x.tok(i + 2).Name(false); ok && x.is(i+1, ".") && shadowed[name] && x.is(i+3, ".") {
			x.replace(i, "rs")
			return i + 2
		}
	default:
		x.refuseWord(i, word, f)
	}
	return i
}

// refuseWord refuses by name what PostgreSQL would take and Redshift does not, or what only Redshift has and the
// stand-in does not.
func (x *script) refuseWord(i int, word string, f *frame) {
	if x.catalog {
		return
	}
	switch word {
	case "returning":
		switch x.st.Verb() {
		case "INSERT", "UPDATE", "DELETE", "MERGE", "WITH":
			x.refuse(notSupported("RETURNING"))
		}
	case "conflict":
		if x.is(i-1, "ON") && x.isOne(i+1, "(", "DO", "ON") {
			x.refuse(notSupported("ON CONFLICT"))
		}
	case "share":
		if x.is(i-1, "FOR") {
			x.refuse(notSupported("SELECT ... FOR SHARE"))
		}
	case "array":
		if x.is(i+1, "[") {
			x.refuse(notSupported("an ARRAY[] constructor"))
		}
	case "qualify":
		if f.open && f.fromAt > 0 && !x.isOne(i-1, "AS", ".") && !x.isOne(i+1, ",", ".", ")", "=", "FROM") && i+1 < x.len() {
			if f.behind == i {
				x.refuse(syntaxError("syntax error at or near %q: QUALIFY behind FROM wants an alias of the relation", x.tok(i).Text))
				return
			}
			f.from, f.relation, f.qualify = false, false, i
		}
	case "connect", "start":
		if x.is(i, "CONNECT", "BY") || x.is(i, "START", "WITH") && f.open {
			x.refuse(notSupported("CONNECT BY"))
		}
	case "pivot", "unpivot":
		if f.from && (x.is(i+1, "(") || x.isOne(i+1, "INCLUDE", "EXCLUDE") && x.is(i+2, "NULLS")) {
			x.refuse(notSupported(strings.ToUpper(word)))
		}
	case "tablesample":
		if f.from && x.is(i+2, "(") {
			x.refuse(notSupported("TABLESAMPLE"))
		}
	}
}

// rewriteSelect reads what may follow SELECT: TOP n becomes the LIMIT of the query.
func (x *script) rewriteSelect(i int, f *frame) int {
	n := i + 1
	f.open, f.selectAt, f.distinct, f.fromAt, f.qualify, f.behind, f.limit = true, i, 0, 0, 0, 0, ""
	if x.isOne(n, "DISTINCT", "ALL") {
		if x.is(n, "DISTINCT", "ON", "(") && !x.catalog {
			x.refuse(notSupported("DISTINCT ON"))
		}
		if x.is(n, "DISTINCT") {
			f.distinct = n
		}
		n++
	}
	f.listAt = n
	if !x.is(n, "TOP") {
		return i
	}
	switch count := x.tok(n + 1); {
	case count.Kind == Number, count.Kind == Param:
		f.limit, f.listAt = count.Text, n+2
	case x.is(n+1, "(") && x.pair[n+1] > 0:
		f.limit = x.render(n+1, x.pair[n+1]+1)
		f.listAt = x.pair[n+1] + 1
	default:
		return i
	}
	x.drop(n, f.listAt)
	if x.adjacent(f.listAt) {
		x.insertBefore(f.listAt, " ") // TOP (1)a
	}
	return f.listAt - 1
}

// rewriteCast rewrites the type at i, that of value::type, and answers the index of its last token; value is the index
// of the token in front of the two colons.
func (x *script) rewriteCast(i, value int) int {
	r, ok := x.readType(i)
	if ok && r.array && r.name == "aclitem" {
		x.replaceRange(r.from, r.to, "text[]") // as the catalogs show privileges
		return r.to - 1
	}
	if !ok || x.catalog && r.array {
		return i - 1
	}
	text, err := r.castType()
	if err != nil && !x.catalog {
		x.refuse(err)
	}
	if (r.name == "varbyte" || r.name == "super") && x.tok(value).Kind == String {
		// A literal is a text: its bytes, or a string. The types' own input takes hexadecimal digits and JSON.
		x.insertAfter(value, "::text")
	}
	if text != "" {
		x.replaceRange(r.from, r.to, text)
	}
	return r.to - 1
}

// rewriteCastCall rewrites the type in the CAST(value AS type) that starts at i.
func (x *script) rewriteCastCall(i int) {
	end := x.closing(i + 1)
	for n := i + 2; n < end; n++ {
		if x.is(n, "AS") {
			value := n - 1
			if value != i+2 {
				value = -1
			}
			x.rewriteCast(n+1, value)
			return
		}
		if c := x.pair[n]; c > n {
			n = c
		}
	}
}

// markTemp writes the temporary table's name #t at i as a quoted one.
func (x *script) markTemp(i int) {
	x.replaceRange(i, i+2, QuoteIdent(x.tempName(i)))
}

// Words that no operand ends with: a # behind one of them is no operator, and a name no alias.
var beforeOperand = set("select", "distinct", "all", "where", "and", "or", "not", "on", "by", "from", "join", "into",
	"update", "delete", "table", "using", "exists", "only", "in", "when", "then", "else", "case", "set", "having", "lock",
	"truncate", "analyze", "vacuum", "verbose", "temp", "temporary", "limit", "between", "like", "ilike", "top", "insert",
	"is", "similar", "to", "escape", "any", "some", "zone", "collate", "interval")

// operand tells whether the token at i ends an operand.
func (x *script) operand(i int) bool {
	switch t := x.tok(i); t.Kind {
	case Word:
		return !beforeOperand[fold(t.Text)]
	case QuotedIdent, String, DollarString, Number, Param:
		return true
	case Punct:
		return t.Text == ")" || t.Text == "]"
	default:
		return false
	}
}

// shadowed are the catalogs of PostgreSQL in front of which schema rs has a view of the same name, with Redshift's
// columns: package catalog installs them, and a test compares the two lists.
var shadowed = set(
	"pg_am", "pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_database", "pg_default_acl", "pg_group", "pg_locks",
	"pg_namespace", "pg_proc", "pg_shadow", "pg_stat_activity", "pg_tables", "pg_tablespace", "pg_user", "pg_views",
)

// systemTable tells whether a name is of the kind that system tables have.
func systemTable(name string) bool {
	for _, prefix := range []string{"pg_", "stl_", "stv_", "svv_", "svl_", "svcs_", "sys_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Shadowed tells whether references to pg_catalog.name go to the view rs.name.
func Shadowed(name string) bool { return shadowed[name] }
