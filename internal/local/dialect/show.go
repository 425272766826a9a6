package dialect

import (
	"fmt"
	"strings"
)

// show reads SHOW: of an object, or of a session parameter.
func (x *script) show() {
	switch {
	case x.is(1, "TABLE"):
		x.showDefinition(2, "show_table", "Show Table DDL statement")
	case x.is(1, "VIEW"):
		x.showDefinition(2, "show_view", "Show View DDL statement")
	case x.is(1, "EXTERNAL"), x.is(1, "DATASHARES"), x.is(1, "MODEL"), x.is(1, "PROCEDURE"), x.is(1, "FUNCTION"),
		x.is(1, "POLICIES"), x.is(1, "PARAMETERS"), x.is(1, "PROCEDURES"), x.is(1, "FUNCTIONS"):
		x.refuse(notSupported("SHOW " + strings.ToUpper(x.tok(1).Text)))
	case x.is(1, "DATABASES"):
		x.showRows(2, "show_databases", 0)
	case x.is(1, "SCHEMAS", "FROM", "DATABASE"):
		x.showRows(4, "show_schemas", 1)
	case x.is(1, "SCHEMAS"):
		x.showRows(2, "show_schemas", 0)
	case x.is(1, "TABLES", "FROM", "SCHEMA"):
		x.showRows(4, "show_tables", 2)
	case x.is(1, "COLUMNS", "FROM", "TABLE"):
		x.showRows(4, "show_columns", 3)
	case x.is(1, "CONSTRAINTS", "PRIMARY", "KEYS", "FROM", "TABLE"):
		x.showRows(6, "show_primary_keys", 3)
	case x.is(1, "CONSTRAINTS", "FOREIGN", "KEYS", "EXPORTED", "FROM", "TABLE"):
		x.showRows(7, "show_exported_keys", 3)
	case x.is(1, "CONSTRAINTS", "FOREIGN", "KEYS", "FROM", "TABLE"):
		x.showRows(6, "show_foreign_keys", 3)
	case x.is(1, "COLUMN", "GRANTS", "ON", "TABLE"):
		x.showRows(5, "show_column_grants", 3)
	case x.is(1, "GRANTS"):
		x.showGrants()
	default:
		x.showParameter()
	}
}

// showDefinition answers one line of text about the relation at i.
func (x *script) showDefinition(i int, function, title string) {
	name, end, ok := x.qname(i)
	if !ok || end != x.len() {
		x.refuse(syntaxError("syntax error at or near %q", x.tok(min(end, x.len()-1)).Text))
		return
	}
	x.tr.SQL = fmt.Sprintf("SELECT rs.%s(%s::regclass) AS %s", function, dollarQuote(quoteName(name)), QuoteIdent(title))
	x.tr.Tag = "SHOW"
}

// showRows answers rows of a function that takes an object's name of up to parts parts, of which the leading ones may
// be left out, and narrows them by LIKE 'pattern' and LIMIT n.
func (x *script) showRows(i int, function string, parts int) {
	args := make([]string, parts)
	if parts > 0 {
		name, end, ok := x.qname(i)
		if !ok || len(name) > parts {
			x.refuse(syntaxError("syntax error at or near %q", x.tok(min(i, x.len()-1)).Text))
			return
		}
		for n := range args {
			args[n] = "NULL"
			if lead := parts - len(name); n >= lead {
				args[n] = dollarQuote(name[n-lead])
			}
		}
		i = end
	}
	query := fmt.Sprintf("SELECT * FROM rs.%s(%s) s", function, strings.Join(args, ", "))
	x.showTail(i, query, function)
}

// The columns by which LIKE narrows.
var likeColumns = map[string]string{
	"show_databases": "database_name", "show_schemas": "schema_name", "show_tables": "table_name",
	"show_columns": "column_name",
}

func (x *script) showTail(i int, query, function string) {
	if pattern, ok := x.tok(i + 1).Literal(); ok && x.is(i, "LIKE") && likeColumns[function] != "" {
		query += fmt.Sprintf(" WHERE s.%s LIKE %s", likeColumns[function], dollarQuote(pattern))
		i += 2
	}
	if x.is(i, "LIMIT") && x.tok(i+1).Kind == Number {
		query += " LIMIT " + x.tok(i+1).Text
		i += 2
	}
	if i != x.len() {
		x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		return
	}
	x.tr.SQL, x.tr.Tag = query, "SHOW"
}

// showGrants reads SHOW GRANTS [ON kind name] [FOR {user | ROLE r | PUBLIC}].
func (x *script) showGrants() {
	i := 2
	kind, object, grantee := "NULL", "NULL", "NULL"
	if x.is(i, "ON") {
		if !x.isOne(i+1, "TABLE", "SCHEMA", "DATABASE") {
			x.refuse(notSupported("SHOW GRANTS ON " + strings.ToUpper(x.tok(i+1).Text)))
			return
		}
		kind = dollarQuote(x.word(i + 1))
		name, end, ok := x.qname(i + 2)
		if !ok {
			x.refuse(syntaxError("syntax error at or near %q", x.tok(min(i+2, x.len()-1)).Text))
			return
		}
		object = dollarQuote(quoteName(name))
		i = end
	}
	if x.is(i, "FOR") {
		i++
		if x.is(i, "ROLE") {
			i++
		}
		name, ok := x.tok(i).Name(true)
		if !ok {
			x.refuse(syntaxError("SHOW GRANTS FOR wants a user"))
			return
		}
		grantee = dollarQuote(name)
		i++
	}
	x.showTail(i, fmt.Sprintf("SELECT * FROM rs.show_grants(%s, %s, %s) s", kind, object, grantee), "show_grants")
}
