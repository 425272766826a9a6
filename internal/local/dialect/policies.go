package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// rlsPolicy reads CREATE, ALTER and DROP RLS POLICY (Redshift manual, CREATE RLS POLICY). A condition with a query, which reads a
// lookup table in the policy's own right, is refused.
func (x *script) rlsPolicy() {
	i, missing := 3, false
	if x.is(0, "DROP") && x.is(i, "IF", "EXISTS") {
		i, missing = i+2, true
	}
	name, i := x.policyName(i)
	switch {
	case x.tr.Err != nil:
	case x.is(0, "CREATE"):
		columns, types, alias := []string(nil), []string(nil), ""
		if x.is(i, "WITH", "(") {
			columns, types, i = x.policyColumns(i + 1)
			if !x.is(i, "USING") {
				alias, i = x.rangeAlias(i)
			}
		}
		written, conditions, i := x.policyExpressions(i)
		if x.tr.Err == nil && len(conditions) != 1 || i < x.len() {
			x.unexpected(i)
		}
		if x.tr.Err == nil {
			x.instead("CREATE RLS POLICY", fmt.Sprintf("rs.create_rls_policy(%s, %s, %s, %s, %s, %s)", dollarQuote(name), dollarQuote(alias),
				textArray(columns), textArray(types), dollarQuote(written), dollarQuote(conditions[0])))
		}
	case x.is(0, "ALTER"):
		written, conditions, i := x.policyExpressions(i)
		if x.tr.Err == nil && len(conditions) != 1 || i < x.len() {
			x.unexpected(i)
		}
		if x.tr.Err == nil {
			x.instead("ALTER RLS POLICY", fmt.Sprintf("rs.alter_rls_policy(%s, %s, %s)", dollarQuote(name), dollarQuote(written), dollarQuote(conditions[0])))
		}
	default:
		cascades := x.is(i, "CASCADE")
		if cascades || x.is(i, "RESTRICT") {
			i++
		}
		if i < x.len() {
			x.unexpected(i)
			return
		}
		x.instead("DROP RLS POLICY", fmt.Sprintf("rs.drop_rls_policy(%s, %t, %t)", dollarQuote(name), missing, cascades))
	}
}

// attachPolicy reads ATTACH and DETACH of policies.
func (x *script) attachPolicy() {
	attached, keyword := x.is(0, "ATTACH"), "TO"
	if !attached {
		keyword = "FROM"
	}
	switch {
	case x.is(1, "MASKING", "POLICY"):
		x.attachMask(attached, keyword)
		return
	case !x.is(1, "RLS", "POLICY"):
		refuseStatement(x)
		return
	}
	name, i := x.policyName(3)
	if x.tr.Err == nil && !x.is(i, "ON") {
		x.unexpected(i)
	}
	i++
	if x.is(i, "TABLE") {
		i++
	}
	relations, i := x.names(i, x.policyRelation)
	if x.tr.Err == nil && !x.is(i, keyword) {
		x.unexpected(i)
	}
	grantees, i := x.names(i+1, x.policyGrantee)
	if x.tr.Err == nil && i < x.len() {
		x.unexpected(i)
	}
	if x.tr.Err == nil {
		x.instead(strings.ToUpper(x.tok(0).Text)+" RLS POLICY", fmt.Sprintf("rs.attach_rls(%t, %s, %s::regclass[], %s)", attached,
			dollarQuote(name), textArray(relations), textArray(grantees)))
	}
}

// rowLevelSecurity reads what follows ROW LEVEL SECURITY in ALTER TABLE.
func (x *script) rowLevelSecurity(i int, table []string) {
	on, how := x.is(i, "ON"), "and"
	if !on && !x.is(i, "OFF") {
		x.unexpected(i)
		return
	}
	i++
	if x.is(i, "CONJUNCTION", "TYPE") && x.isOne(i+2, "AND", "OR") {
		how = x.word(i + 2)
		i += 3
	}
	if x.is(i, "FOR", "DATASHARES") {
		x.refuse(notSupported("ALTER TABLE ... ROW LEVEL SECURITY ... FOR DATASHARES"))
		return
	}
	if i < x.len() {
		x.unexpected(i)
		return
	}
	x.instead("ALTER TABLE", fmt.Sprintf("rs.row_level_security(%s::regclass, %t, %s)", dollarQuote(quoteName(table)), on, dollarQuote(how)))
}

// grantIgnoreRLS reads GRANT IGNORE RLS TO ROLE r, and REVOKE.
func (x *script) grantIgnoreRLS() {
	keyword := "TO"
	granted := x.is(0, "GRANT")
	if !granted {
		keyword = "FROM"
	}
	if !x.is(3, keyword) {
		x.unexpected(3)
		return
	}
	grantees, i := x.names(4, x.policyGrantee)
	if x.tr.Err == nil && i < x.len() {
		x.unexpected(i)
	}
	if x.tr.Err == nil {
		x.instead(strings.ToUpper(x.tok(0).Text), fmt.Sprintf("rs.ignore_rls(%t, %s)", granted, textArray(grantees)))
	}
}

// maskingPolicy reads CREATE, ALTER and DROP MASKING POLICY (Redshift manual, CREATE MASKING POLICY). What is said of queries above
// holds here as well.
func (x *script) maskingPolicy() {
	i, lenient := 3, false
	if x.is(0, "CREATE") && x.is(i, "IF", "NOT", "EXISTS") {
		i, lenient = i+3, true
	}
	if x.is(0, "DROP") && x.is(i, "IF", "EXISTS") {
		i, lenient = i+2, true
	}
	name, i := x.policyName(i)
	switch {
	case x.tr.Err != nil:
	case x.is(0, "CREATE"):
		if !x.is(i, "WITH", "(") {
			x.unexpected(i)
			return
		}
		columns, types, i := x.policyColumns(i + 1)
		written, expressions, i := x.policyExpressions(i)
		if x.tr.Err == nil && i < x.len() {
			x.unexpected(i)
		}
		if x.tr.Err == nil {
			x.instead("CREATE MASKING POLICY", fmt.Sprintf("rs.create_mask(%s, %t, %s, %s, %s, %s)", dollarQuote(name), lenient,
				textArray(columns), textArray(types), dollarQuote(written), textArray(expressions)))
		}
	case x.is(0, "ALTER"):
		written, expressions, i := x.policyExpressions(i)
		if x.tr.Err == nil && i < x.len() {
			x.unexpected(i)
		}
		if x.tr.Err == nil {
			x.instead("ALTER MASKING POLICY", fmt.Sprintf("rs.alter_mask(%s, %s, %s)", dollarQuote(name), dollarQuote(written), textArray(expressions)))
		}
	default:
		if i < x.len() {
			x.unexpected(i)
			return
		}
		x.instead("DROP MASKING POLICY", fmt.Sprintf("rs.drop_mask(%s, %t)", dollarQuote(name), lenient))
	}
}

// attachMask reads ATTACH MASKING POLICY p ON relation (columns) [USING (columns)] TO grantee [PRIORITY n], and DETACH.
func (x *script) attachMask(attached bool, keyword string) {
	name, i := x.policyName(3)
	if x.tr.Err == nil && !x.is(i, "ON") {
		x.unexpected(i)
	}
	relation, i := x.policyRelation(i + 1)
	if x.tr.Err == nil && (relation == "" || !x.is(i, "(")) {
		x.unexpected(i)
	}
	if x.tr.Err != nil {
		return
	}
	output := x.nameList(i)
	input := output
	if i = x.closing(i) + 1; attached && x.is(i, "USING", "(") {
		input = x.nameList(i + 1)
		i = x.closing(i+1) + 1
	}
	if x.tr.Err == nil && !x.is(i, keyword) {
		x.unexpected(i)
	}
	grantee, end := x.policyGrantee(i + 1)
	if x.tr.Err == nil && end == i+1 {
		x.unexpected(end)
	}
	priority := 0
	if i = end; attached && x.is(i, "PRIORITY") {
		n, err := strconv.Atoi(x.tok(i + 1).Text)
		if err != nil {
			x.unexpected(i + 1)
		}
		priority, i = n, i+2
	}
	if x.tr.Err == nil && i < x.len() {
		x.unexpected(i)
	}
	if x.tr.Err == nil {
		x.instead(strings.ToUpper(x.tok(0).Text)+" MASKING POLICY", fmt.Sprintf("rs.attach_mask(%t, %s, %s::regclass, %s, %s, %s, %d)", attached,
			dollarQuote(name), dollarQuote(relation), textArray(output), textArray(input), dollarQuote(grantee), priority))
	}
}

// policyName reads a policy's name at i, which has no database in front.
func (x *script) policyName(i int) (name string, end int) {
	name, ok := x.tok(i).Name(x.env.CaseSensitive)
	if !ok {
		x.unexpected(i)
	} else if x.is(i+1, ".") {
		x.refuse(notSupported("a policy of another database"))
	}
	return name, i + 1
}

// policyColumns reads (name type, ...) at i.
func (x *script) policyColumns(i int) (columns, types []string, end int) {
	for _, part := range x.args(i) {
		column, ok := x.tok(part[0]).Name(x.env.CaseSensitive)
		r, isType := x.readType(part[0] + 1)
		if !ok || !isType || r.to != part[1] {
			x.unexpected(part[0])
			return nil, nil, i
		}
		text, err := r.columnType(column)
		if err != nil {
			x.refuse(err)
			return nil, nil, i
		}
		if text == "" {
			text = x.render(r.from, r.to)
		}
		columns, types = append(columns, column), append(types, text)
	}
	return columns, types, x.closing(i) + 1
}

// policyExpressions reads USING (expression, ...) at i: as it is written, and each for PostgreSQL.
func (x *script) policyExpressions(i int) (written string, expressions []string, end int) {
	if x.tr.Err != nil {
		return "", nil, i
	}
	if !x.is(i, "USING", "(") {
		x.unexpected(i)
		return "", nil, i
	}
	i++
	end = x.closing(i)
	for n := i; n < end; n++ {
		if x.isOne(n, "SELECT", "WITH") {
			x.refuse(notSupported("a query in a policy"))
			return "", nil, i
		}
	}
	written = x.render(i+1, end)
	x.rewriteQuery(i+1, end)
	for _, part := range x.args(i) {
		expressions = append(expressions, x.render(part[0], part[1]))
	}
	return written, expressions, end + 1
}

// policyRelation reads the name of a relation, as PostgreSQL is to read it.
func (x *script) policyRelation(i int) (name string, end int) {
	parts, end, ok := x.qname(i)
	if !ok {
		return "", i
	}
	return quoteName(parts[max(len(parts)-2, 0):]), end
}

// policyGrantee reads a user, ROLE and a role, or PUBLIC, which is "".
func (x *script) policyGrantee(i int) (name string, end int) {
	if x.is(i, "PUBLIC") {
		return "", i + 1
	}
	n := i
	if x.is(i, "ROLE") {
		n++
	}
	if name, ok := x.tok(n).Name(true); ok {
		return name, n + 1
	}
	return "", i
}

// readers are the statements in which FROM, JOIN and USING name what is read.
var readers = set("select", "with", "insert", "update", "delete", "merge", "explain", "declare", "prepare", "create table")

// masked puts what the user sees of a relation, whose name is at from..to-1, in its place. Masking policies do not reach what
// is written to.
func (x *script) masked(from, to int) bool {
	if !readers[strings.ToLower(x.st.Verb())] || x.is(from-2, "DELETE", "FROM") || !x.isOne(from-1, "FROM", "JOIN", "USING", ",", "(") {
		return false
	}
	parts, _, ok := x.qname(from)
	if !ok || len(parts) == 1 && x.givenByWith(parts[0]) {
		return false
	}
	rows, ok := x.env.Masks[quoteName(parts[max(len(parts)-2, 0):])]
	if !ok {
		return false
	}
	if alias, _ := x.rangeAlias(to); alias == "" {
		rows += " AS " + QuoteIdent(parts[len(parts)-1])
	}
	x.replaceRange(from, to, rows)
	return true
}

// givenByWith tells whether a WITH clause gives a name.
func (x *script) givenByWith(name string) bool {
	for i := range x.len() {
		if n, ok := x.tok(i).Name(x.env.CaseSensitive); ok && n == name && x.isOne(i-1, "WITH", "RECURSIVE", ",") && (x.is(i+1, "AS", "(") || x.is(i+1, "(") && x.is(x.closing(i+1)+1, "AS", "(")) {
			return true
		}
	}
	return false
}

// explain reads EXPLAIN, whose answer does not show what policies filter by. One with parameters, whose values are not known, is
// PostgreSQL's own.
func (x *script) explain() {
	x.rewriteQuery(0, x.len())
	if x.tr.Err != nil {
		return
	}
	x.tr.SQL = x.String()
	for i := range x.len() {
		if x.tok(i).Kind == Param {
			return
		}
	}
	x.tr.SQL = `SELECT line AS "QUERY PLAN" FROM rs.explain(` + dollarQuote(x.tr.SQL) + `) AS line`
	x.tr.Tag = "EXPLAIN"
}
