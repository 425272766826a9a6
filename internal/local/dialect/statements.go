package dialect

import (
	"fmt"
	"strings"
)

// copy hands COPY over to package transfer, and refuses PostgreSQL's own COPY.
func (x *script) copy() {
	for i := 1; i < x.len(); i++ {
		if x.isOne(i, "FROM", "TO") && x.isOne(i+1, "STDIN", "STDOUT", "PROGRAM") {
			x.refuse(notSupported("COPY " + strings.ToUpper(x.tok(i).Text+" "+x.tok(i+1).Text)))
			return
		}
	}
	x.tr.Action = Copy
}

// truncate: TRUNCATE commits the transaction it runs in, with everything before it (Redshift manual, TRUNCATE).
func (x *script) truncate() {
	x.relations()
	x.tr.Commits = true
}

// relations reads a statement whose relations follow its verb.
func (x *script) relations() {
	i := 1
	if x.is(i, "TABLE") {
		return // rewriteQuery finds them
	}
	if x.tempName(i) != "" {
		x.markTemp(i)
	}
}

// selectInto has the attributes of the table that SELECT ... INTO makes recorded.
func (x *script) selectInto() {
	for i := 0; i < x.len(); i++ {
		if c := x.pair[i]; c > i {
			i = c
			continue
		}
		if x.isOne(i, "FROM", "INSERT", "UPDATE", "DELETE", "MERGE") {
			return
		}
		if !x.is(i, "INTO") {
			continue
		}
		at := i
		for i++; x.isOne(i, "TEMP", "TEMPORARY", "TABLE"); i++ {
		}
		name, end, ok := x.qname(i)
		if !ok {
			return
		}
		x.into = [2]int{at, end}
		if x.tempName(i) != "" && !x.isOne(i-1, "TEMP", "TEMPORARY") {
			x.insertBefore(i, "TEMP ")
		}
		x.tr.After = append(x.tr.After, defineTable(name, &tableSpec{Query: true, New: true}))
		x.tr.Filled = quoteName(name)
		return
	}
}

// delete puts in the FROM that Redshift lets out.
func (x *script) delete() {
	if x.len() > 1 && !x.is(1, "FROM") {
		if x.tempName(1) != "" {
			x.markTemp(1)
		}
		x.insertBefore(1, "FROM ")
	}
}

// merge reads MERGE INTO target USING source ON condition, and holds it to what Redshift takes (Redshift manual, MERGE):
// one clause of each kind, WHEN MATCHED first, or REMOVE DUPLICATES alone; a source that is a table.
func (x *script) merge() {
	if !x.is(1, "INTO") {
		return // PostgreSQL reports the mistake
	}
	target, end, ok := x.qname(2)
	if !ok {
		return
	}
	if !x.is(end, "USING") {
		x.refuse(syntaxError("syntax error at or near %q: MERGE INTO takes no alias of the target table", x.tok(end).Text))
		return
	}
	if x.is(end+1, "(") {
		x.refuse(notSupported("a subquery as the source of MERGE"))
		return
	}
	source, at, ok := x.qname(end + 1)
	if !ok {
		return
	}
	if quoteName(source) == quoteName(target) {
		x.refuse(&Error{Code: "0A000", Message: "Source and target table of MERGE cannot be the same."})
		return
	}
	x.tr.Before = append(x.tr.Before, fmt.Sprintf("SELECT rs.check_merge(%s::regclass, %s::regclass)",
		dollarQuote(quoteName(target)), dollarQuote(quoteName(source))))
	_, at = x.rangeAlias(at)
	var clauses []string
	for i := at; i < x.len(); i++ {
		switch {
		case x.is(i, "WHEN", "MATCHED", "THEN", "UPDATE"), x.is(i, "WHEN", "MATCHED", "THEN", "DELETE"):
			clauses = append(clauses, "MATCHED")
		case x.is(i, "WHEN", "NOT", "MATCHED", "THEN", "INSERT"):
			clauses = append(clauses, "NOT MATCHED")
		case x.is(i, "WHEN"):
			clauses = append(clauses, "other")
		case x.is(i, "REMOVE", "DUPLICATES") && i+2 == x.len() && x.is(at, "ON"):
			x.removeDuplicates(end+1, at, i)
			return
		}
		if c := x.pair[i]; c > i {
			i = c
		}
	}
	if strings.Join(clauses, ", ") != "MATCHED, NOT MATCHED" {
		x.refuse(syntaxError("MERGE wants WHEN MATCHED THEN UPDATE or DELETE, then WHEN NOT MATCHED THEN INSERT, and nothing else"))
	}
}

// removeDuplicates: the rows of the target that match go, and all rows of the source, which stands at source, come. The
// condition is on..to-1.
func (x *script) removeDuplicates(source, on, to int) {
	x.rewriteQuery(0, x.len())
	using := x.render(source, on)
	table := x.render(2, source-1)
	_, end, _ := x.qname(source)
	x.tr.SQL = fmt.Sprintf("WITH rs_gone AS (DELETE FROM %s USING %s WHERE %s) INSERT INTO %s SELECT * FROM %s",
		table, using, x.render(on+1, to), table, x.render(source, end))
	x.tr.Tag = "MERGE"
}

// vacuum leaves of VACUUM what PostgreSQL can do; sorting and thresholds mean nothing there.
func (x *script) vacuum() {
	x.tr.Alone = true
	i := 1
	switch {
	case x.is(i, "FULL"), x.is(i, "REINDEX"), x.is(i, "RECLUSTER"):
		x.drop(i, i+1)
		i++
	case x.is(i, "SORT", "ONLY"), x.is(i, "DELETE", "ONLY"):
		x.drop(i, i+2)
		i += 2
	}
	if _, end, ok := x.qname(i); ok && !x.is(i, "BOOST") {
		i = end
	}
	if x.is(i, "TO") && x.is(i+2, "PERCENT") {
		x.drop(i, i+3)
		i += 3
	}
	if x.is(i, "BOOST") {
		x.drop(i, i+1)
	}
}

func (x *script) analyze() {
	i := 1
	if x.is(i, "COMPRESSION") {
		x.refuse(notSupported("ANALYZE COMPRESSION"))
		return
	}
	if x.is(i, "VERBOSE") {
		i++
	}
	if _, end, ok := x.qname(i); ok && !x.is(i+1, "COLUMNS") {
		if x.tempName(i) != "" {
			x.markTemp(i)
		}
		i = end
	}
	if x.isOne(i, "PREDICATE", "ALL") && x.is(i+1, "COLUMNS") {
		x.drop(i, i+2)
	}
}

func (x *script) declare() {
	for i := 1; i < x.len() && !x.is(i, "SELECT"); i++ {
		if x.isOne(i, "HOLD", "BINARY", "SCROLL", "INSENSITIVE") {
			x.refuse(notSupported("DECLARE ... " + strings.ToUpper(x.tok(i).Text)))
			return
		}
	}
}

// cancel reads CANCEL pid ['message'].
func (x *script) cancel() {
	if x.tok(1).Kind != Number {
		return
	}
	x.instead("CANCEL", "pg_catalog.pg_cancel_backend("+x.tok(1).Text+")")
}

// end reads COMMIT, END, ABORT and ROLLBACK: there are neither savepoints nor two-phase commits.
func (x *script) end() {
	for i := 1; i < x.len(); i++ {
		if x.isOne(i, "PREPARED", "TO", "CHAIN") {
			x.refuse(notSupported(strings.ToUpper(x.tok(0).Text + " " + x.tok(i).Text)))
			return
		}
	}
}

func (x *script) prepare() {
	if x.is(1, "TRANSACTION") {
		x.refuse(notSupported("PREPARE TRANSACTION"))
	}
	x.preparedName()
}

// preparedName keeps the case of a prepared statement's name in quotes: drivers that prepare by the protocol, which folds
// nothing, give up the statement by DEALLOCATE "name".
func (x *script) preparedName() {
	x.keepUser(1)
	x.keepUser(2) // DEALLOCATE PREPARE name
}

// createView reads CREATE [OR REPLACE] VIEW. WITH NO SCHEMA BINDING makes a view that follows names instead of tables:
// its text is kept, and bound anew when tables come and go.
func (x *script) createView() {
	n := x.len()
	if x.isOne(1, "TEMP", "TEMPORARY", "RECURSIVE") || x.isOne(3, "TEMP", "TEMPORARY", "RECURSIVE") {
		x.refuse(notSupported("CREATE TEMPORARY VIEW"))
		return
	}
	if !x.is(n-4, "WITH", "NO", "SCHEMA", "BINDING") {
		return
	}
	i := 1
	for !x.is(i, "VIEW") {
		i++
	}
	name, _, ok := x.qname(i + 1)
	if !ok {
		return
	}
	x.drop(n-4, n)
	x.lateBinding, x.with = true, map[string]bool{}
	for k := range n {
		if name, isName := x.tok(k).Name(x.env.CaseSensitive); isName && x.is(k+1, "AS", "(") {
			x.with[name] = true
		}
	}
	x.rewriteQuery(0, n)
	x.decimals()
	text := x.String()
	x.instead("CREATE VIEW", fmt.Sprintf("rs.create_late_binding_view(%s, %s, %s)",
		dollarQuote(quoteName(name)), dollarQuote(text), dollarQuote(x.st.Text)))
}

// createMaterializedView reads CREATE MATERIALIZED VIEW.
func (x *script) createMaterializedView() {
	name, i, ok := x.qname(3)
	if !ok {
		return
	}
	spec := &tableSpec{Query: true, New: true, Text: x.st.Text}
	for {
		i = x.tableAttributes(i, spec)
		if !x.is(i, "AUTO", "REFRESH") || !x.isOne(i+2, "YES", "NO") {
			break
		}
		x.drop(i, i+3)
		i += 3
	}
	x.tr.After = append(x.tr.After, defineTable(name, spec))
}

// refreshMaterializedView reads REFRESH MATERIALIZED VIEW.
func (x *script) refreshMaterializedView() { x.tr.Filled = x.relation(3) }

// alterMaterializedView reads ALTER MATERIALIZED VIEW name AUTO REFRESH {YES | NO}, which nothing here goes by.
func (x *script) alterMaterializedView() {
	name, i, ok := x.qname(3)
	if !ok || !x.is(i, "AUTO", "REFRESH") || !x.isOne(i+2, "YES", "NO") || i+3 != x.len() {
		x.refuse(notSupported("ALTER MATERIALIZED VIEW but for AUTO REFRESH"))
		return
	}
	x.instead("ALTER MATERIALIZED VIEW", "rs.require_owner("+dollarQuote(quoteName(name))+"::regclass)")
}

func (x *script) createSchema() {
	for i := 2; i < x.len(); i++ {
		switch {
		case x.is(i, "AUTHORIZATION"):
			x.keepUser(i + 1)
		case x.is(i, "QUOTA"):
			end := i + 2
			if x.isOne(end, "MB", "GB", "TB") {
				end++
			}
			x.drop(i, min(end, x.len()))
			i = end - 1
		}
	}
}

func (x *script) alterSchema() {
	for i := 2; i < x.len(); i++ {
		switch {
		case x.is(i, "OWNER", "TO"):
			x.keepUser(i + 2)
		case x.is(i, "QUOTA"):
			x.tr.SQL, x.tr.Tag = "SET rs.ignored = ''", "ALTER SCHEMA"
			return
		}
	}
}

func (x *script) createDatabase() {
	x.tr.Alone = true
	for i := 2; i < x.len(); i++ {
		switch {
		case x.is(i, "FROM"), x.is(i, "WITH", "PERMISSIONS"), x.is(i, "WITH", "DATA"):
			x.refuse(notSupported("CREATE DATABASE from a datashare or catalog"))
		case x.is(i, "OWNER"):
			at := i + 1
			if x.is(at, "=") {
				at++
			}
			x.keepUser(at)
		case x.is(i, "LIMIT", "UNLIMITED"):
			x.replace(i+1, "-1")
		case x.is(i, "COLLATE"):
			if x.insensitive(i + 1) {
				if name, _, ok := x.qname(2); ok {
					x.tr.After = []string{"SELECT rs.collate_database(" + dollarQuote(name[0]) + ")"}
				}
			}
			x.drop(i, min(i+2, x.len()))
			i++
		case x.is(i, "ISOLATION", "LEVEL"):
			if !x.is(i+2, "SNAPSHOT") {
				x.refuse(refusal("CREATE DATABASE with ISOLATION LEVEL %s is not supported: use ALTER DATABASE",
					strings.ToUpper(x.tok(i+2).Text)))
			}
			x.drop(i, min(i+3, x.len()))
			i += 2
		case x.isOne(i, "TEMPLATE", "ENCODING", "LC_COLLATE", "LC_CTYPE", "TABLESPACE", "LOCALE", "STRATEGY"):
			x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		}
	}
}

// alterDatabase reads ALTER DATABASE. The isolation level is kept as the level that the database's sessions start with,
// which all databases can see.
func (x *script) alterDatabase() {
	for i := 3; i < x.len(); i++ {
		switch {
		case x.is(i, "ISOLATION", "LEVEL"):
			level := "'repeatable read'"
			if x.is(i+2, "SERIALIZABLE") {
				level = "'serializable'"
			} else if !x.is(i+2, "SNAPSHOT") {
				x.refuse(syntaxError("ISOLATION LEVEL is SNAPSHOT or SERIALIZABLE"))
				return
			}
			x.tr.Alone = true
			x.replaceRange(i, i+3, "SET default_transaction_isolation TO "+level)
			return
		case x.is(i, "OWNER", "TO"):
			x.keepUser(i + 2)
		case x.is(i, "LIMIT", "UNLIMITED"):
			x.replace(i+1, "-1")
		case x.isOne(i, "COLLATE", "INTEGRATION", "SET", "RESET"):
			x.refuse(notSupported("ALTER DATABASE ... " + strings.ToUpper(x.tok(i).Text)))
			return
		}
	}
}

// alone: the statement runs outside of transaction blocks only.
func (x *script) alone() { x.tr.Alone = true }

func (x *script) alterDefaultPrivileges() {
	for i := 3; i < x.len(); i++ {
		switch {
		case x.isOne(i, "USER"):
			x.keepUser(i + 1)
		case x.isOne(i, "GRANT", "REVOKE"):
			x.grantees(i+1, x.is(i, "REVOKE"))
			return
		}
	}
}

func (x *script) dropRole() {
	force := false
	for i := 2; i < x.len(); i++ {
		x.keepUser(i)
		if x.isOne(i, "FORCE", "RESTRICT") {
			force = x.is(i, "FORCE")
			x.drop(i, i+1)
		}
	}
	i := 2
	if x.is(i, "IF", "EXISTS") {
		i += 2
	}
	if name, ok := x.tok(i).Name(true); ok && !force {
		if x.tok(i).Kind == Word {
			name = fold(name)
		}
		x.tr.Before = []string{"SELECT rs.check_drop_role(" + dollarQuote(name) + ")"}
	}
}
