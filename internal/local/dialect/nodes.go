package dialect

import "slices"

// A query that names tables of users, or system tables of the STL, STV, SVL, SVCS and SYS kind, runs on the compute
// nodes; one that names none, or catalogs alone, on the leader node. Some functions run on one of the two only (Redshift
// manual, "SQL functions supported on the leader node", "Compute node-only functions"). Which relations a view leads to
// only PostgreSQL knows: rs.distributed.

// leaderOnly are the functions that run on the leader node only, and those of 8.0 that the manual calls unsupported, which
// nevertheless work there.
var leaderOnly = set("current_schema", "current_schemas", "has_database_privilege", "has_schema_privilege", "has_table_privilege",
	"bit_length", "encode", "every", "overlay", "setseed")

// computeOnly are the functions that want a table.
var computeOnly = set("listagg", "median", "percentile_cont", "percentile_disc")

func (x *script) noteNodes(function string) {
	if leaderOnly[function] {
		x.leader = append(x.leader, function)
	}
	x.compute = x.compute || computeOnly[function]
}

// nodes are the checks of a statement that calls such functions. An INSERT of VALUES does not read a table.
func (x *script) nodes(verb string) []Check {
	if len(x.leader) == 0 && !x.compute && !x.insensitively {
		return nil
	}
	switch verb {
	case "SELECT", "WITH", "UPDATE", "DELETE", "CREATE TABLE", "DECLARE":
	case "INSERT":
		if !x.selecting {
			return nil
		}
	default:
		return nil
	}
	given := map[string]bool{}
	for i := range x.len() {
		if name, ok := x.tok(i).Name(x.env.CaseSensitive); ok && x.is(i+1, "AS", "(") {
			given[QuoteIdent(name)] = true
		}
	}
	names := nameArray(slices.DeleteFunc(x.st.Relations(x.env.CaseSensitive), func(name string) bool { return given[name] }))
	var checks []Check
	if len(x.leader) > 0 {
		c := Check{
			Query: "SELECT 1 WHERE rs.distributed(" + names + ")",
			Err:   &Error{Code: "0A000", Message: "Specified types or functions (one per INFO message) not supported on Redshift tables."},
		}
		for _, f := range x.leader {
			c.Notices = append(c.Notices, `Function "`+f+`(...)" not supported.`)
		}
		checks = append(checks, c)
	}
	if x.compute {
		checks = append(checks, Check{
			Query: "SELECT 1 WHERE NOT rs.distributed(" + names + ")",
			Err:   &Error{Code: "0A000", Message: "One or more of the used functions must be applied on at least one user created table."},
		})
	}
	if x.insensitively {
		checks = append(checks, Check{
			Query: "SELECT 1 WHERE NOT rs.distributed(" + names + ")",
			Err:   &Error{Code: "0A000", Message: "Case insensitive collation is not supported in leader node only query."},
		})
	}
	return checks
}
