package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// show reads SHOW: of an object, or of a session parameter.
func (x *script) show() {
	switch {
	case x.is(1, "TABLE"):
		x.showDefinition(2, "show_table", "Show Table DDL statement")
	case x.is(1, "VIEW"):
		x.showDefinition(2, "show_view", "Show View DDL statement")
	case x.is(1, "PROCEDURE"):
		x.showProcedure()
	case x.is(1, "PROCEDURES", "FROM", "SCHEMA"):
		x.showRows(4, "show_procedures", 2)
	case x.is(1, "FUNCTIONS", "FROM", "SCHEMA"):
		x.showRows(4, "show_functions", 2)
	case x.is(1, "PARAMETERS", "OF", "FUNCTION"), x.is(1, "PARAMETERS", "OF", "PROCEDURE"):
		x.showParameters()
	case x.is(1, "PROCEDURES"), x.is(1, "FUNCTIONS"), x.is(1, "PARAMETERS"):
		x.refuse(syntaxError("syntax error at or near %q", x.tok(min(2, x.len()-1)).Text))
	case x.is(1, "EXTERNAL"), x.is(1, "DATASHARES"), x.is(1, "MODEL"), x.is(1, "POLICIES"):
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
	"show_columns": "column_name", "show_procedures": "procedure_name", "show_functions": "function_name",
	"show_function_parameters": "parameter_name", "show_procedure_parameters": "parameter_name",
}

// showTail reads LIKE and LIMIT, and ends the statement. More than maxShown rows are an error, unless LIMIT asks for fewer.
func (x *script) showTail(i int, query, function string) {
	const maxShown = 10_000
	if pattern, ok := x.tok(i + 1).Literal(); ok && x.is(i, "LIKE") && likeColumns[function] != "" {
		query += fmt.Sprintf(" WHERE s.%s LIKE %s", likeColumns[function], dollarQuote(pattern))
		i += 2
	}
	if x.is(i, "LIMIT") && x.tok(i+1).Kind == Number {
		if n, err := strconv.Atoi(x.tok(i + 1).Text); err != nil || n > maxShown {
			x.refuse(&Error{Code: "22023", Message: fmt.Sprintf("LIMIT of SHOW must be between 0 and %d", maxShown)})
			return
		}
		query += " LIMIT " + x.tok(i+1).Text
		i += 2
	} else {
		query = fmt.Sprintf("WITH shown AS MATERIALIZED (%s) SELECT * FROM shown WHERE (SELECT rs.not_too_many(count(*), %d) FROM shown)", query, maxShown)
	}
	if i != x.len() {
		x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		return
	}
	x.tr.SQL, x.tr.Tag = query, "SHOW"
}

// routine reads a routine's name and the types of its arguments: schema.name(int, varchar).
func (x *script) routine(i int) (database, signature string, end int, ok bool) {
	name, open, ok := x.qname(i)
	if !ok || len(name) > 3 || !x.is(open, "(") || x.closing(open) < 0 {
		x.refuse(syntaxError("syntax error at or near %q: a routine is named with the types of its arguments", x.tok(min(i, x.len()-1)).Text))
		return "", "", 0, false
	}
	database = "NULL"
	if len(name) == 3 {
		database, name = dollarQuote(name[0]), name[1:]
	}
	end = x.closing(open) + 1
	return database, quoteName(name) + x.render(open, end), end, true
}

// showProcedure answers the definition of a procedure.
func (x *script) showProcedure() {
	database, signature, end, ok := x.routine(2)
	if !ok {
		return
	}
	if end != x.len() {
		x.refuse(syntaxError("syntax error at or near %q", x.tok(end).Text))
		return
	}
	x.tr.SQL = fmt.Sprintf("SELECT rs.show_procedure(%s, %s) AS %s", database, dollarQuote(signature), QuoteIdent("Stored Procedure Definition"))
	x.tr.Tag = "SHOW"
}

// showParameters reads SHOW PARAMETERS OF {FUNCTION | PROCEDURE} name(types) [LIKE pattern].
func (x *script) showParameters() {
	function := "show_" + x.word(3) + "_parameters"
	if database, signature, end, ok := x.routine(4); ok {
		x.showTail(end, fmt.Sprintf("SELECT * FROM rs.%s(%s, %s) s", function, database, dollarQuote(signature)), function)
	}
}

// showGrants reads SHOW GRANTS [ON kind name] [FOR {user | ROLE r | PUBLIC}].
func (x *script) showGrants() {
	i := 2
	kind, object, grantee := "NULL", "NULL", "NULL"
	if x.is(i, "ON") {
		if !x.isOne(i+1, "TABLE", "SCHEMA", "DATABASE", "FUNCTION", "PROCEDURE") {
			x.refuse(notSupported("SHOW GRANTS ON " + strings.ToUpper(x.tok(i+1).Text)))
			return
		}
		kind = dollarQuote(x.word(i + 1))
		if x.isOne(i+1, "FUNCTION", "PROCEDURE") {
			_, signature, end, ok := x.routine(i + 2)
			if !ok {
				return
			}
			object, i = dollarQuote(signature), end
		} else {
			name, end, ok := x.qname(i + 2)
			if !ok {
				x.refuse(syntaxError("syntax error at or near %q", x.tok(min(i+2, x.len()-1)).Text))
				return
			}
			object, i = dollarQuote(quoteName(name)), end
		}
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
	columns := "*"
	if kind == dollarQuote("database") {
		columns = "database_name, privilege_type, identity_id, identity_name, identity_type, admin_option, privilege_scope, grantor_name"
	}
	x.showTail(i, fmt.Sprintf("SELECT %s FROM rs.show_grants(%s, %s, %s) s", columns, kind, object, grantee), "show_grants")
}
