package dialect

import "strings"

// Translate says what PostgreSQL must run in place of st.
//
// It rewrites what it knows and refuses by name what Redshift does not have; a statement with nothing to change comes
// back byte for byte, and one that is plainly wrong goes to PostgreSQL, whose message is as good as any.
//
// The SQL of a translation means the same only in sessions with standard_conforming_strings off, as Redshift's own.
func Translate(st Statement, env Env) Translation { return translate(st, env, false) }

// translate is Translate; variables says that the statement stands in a procedure, whose variables it may name.
func translate(st Statement, env Env, variables bool) Translation {
	x := newScript(st, env)
	x.variables, x.translate = variables, translate
	if x.len() == 0 {
		return Translation{Action: Empty}
	}
	verb := st.Verb()
	if x.broken && verb != "COPY" && verb != "UNLOAD" {
		return Translation{SQL: st.Text}
	}
	if handle, ok := statements[verb]; ok {
		handle(x)
	} else if first, _, two := strings.Cut(verb, " "); two {
		if handle, ok := statements[first]; ok {
			handle(x)
		}
	}
	if x.tr.Err == nil && x.tr.Action == Pass && x.tr.SQL == "" {
		x.rewriteQuery(0, x.len())
		if first, _, _ := strings.Cut(verb, " "); writes[first] && !x.catalog {
			x.literals()
		}
		x.decimals()
		x.tr.SQL = x.String()
	}
	if x.tr.Err != nil {
		return Translation{Action: Refuse, Err: x.tr.Err}
	}
	if !variables && !x.catalog {
		x.tr.Checks = x.nodes(verb)
	}
	if len(x.aliased) > 0 && x.tr.Action == Pass {
		x.tr.Probe, x.tr.Laterals = x.probe()
	}
	return x.tr
}

// statements are the statements that need more than what rewriteQuery does, by verb.
var statements = map[string]func(*script){
	"COPY":     (*script).copy,
	"UNLOAD":   func(x *script) { x.tr.Action = Unload },
	"TRUNCATE": (*script).truncate,
	"SELECT":   (*script).selectInto,
	"WITH":     (*script).selectInto,
	"DELETE":   (*script).delete,
	"MERGE":    (*script).merge,
	"LOCK":     (*script).relations,
	"VACUUM":   (*script).vacuum,
	"ANALYZE":  (*script).analyze,
	"ANALYSE":  (*script).analyze,
	"DECLARE":  (*script).declare,
	"EXPLAIN":  (*script).explain,
	"CANCEL":   (*script).cancel,

	"SET":   (*script).set,
	"RESET": (*script).reset,
	"SHOW":  (*script).show,

	"BEGIN":    (*script).begin,
	"START":    (*script).begin,
	"COMMIT":   (*script).end,
	"END":      (*script).end,
	"ABORT":    (*script).end,
	"ROLLBACK": (*script).end,
	"PREPARE":  (*script).prepare,

	"EXECUTE":    (*script).preparedName,
	"DEALLOCATE": (*script).preparedName,

	"CREATE TABLE":             (*script).createTable,
	"CREATE VIEW":              (*script).createView,
	"CREATE MATERIALIZED VIEW": (*script).createMaterializedView,
	"CREATE SCHEMA":            (*script).createSchema,
	"CREATE DATABASE":          (*script).createDatabase,
	"CREATE FUNCTION":          (*script).createFunction,
	"CREATE PROCEDURE":         (*script).createProcedure,
	"CREATE USER":              (*script).createUser,
	"CREATE GROUP":             (*script).createGroup,
	"CREATE ROLE":              (*script).createRole,
	"CREATE RLS POLICY":        (*script).rlsPolicy,
	"CREATE MASKING POLICY":    (*script).maskingPolicy,
	"CREATE":                   refuseObject,

	"ALTER TABLE":              (*script).alterTable,
	"ALTER DATABASE":           (*script).alterDatabase,
	"ALTER MATERIALIZED VIEW":  (*script).alterMaterializedView,
	"ALTER SCHEMA":             (*script).alterSchema,
	"ALTER USER":               (*script).createUser,
	"ALTER GROUP":              (*script).createGroup,
	"ALTER DEFAULT PRIVILEGES": (*script).alterDefaultPrivileges,
	"ALTER FUNCTION":           pass,
	"ALTER PROCEDURE":          pass,
	"ALTER RLS POLICY":         (*script).rlsPolicy,
	"ALTER MASKING POLICY":     (*script).maskingPolicy,
	"ALTER":                    refuseObject,

	"DROP TABLE":             pass,
	"DROP VIEW":              pass,
	"DROP MATERIALIZED VIEW": pass,
	"DROP SCHEMA":            pass,
	"DROP DATABASE":          (*script).alone,
	"DROP FUNCTION":          pass,
	"DROP PROCEDURE":         pass,
	"DROP USER":              (*script).dropUser,
	"DROP GROUP":             (*script).createGroup,
	"DROP ROLE":              (*script).dropRole,
	"DROP RLS POLICY":        (*script).rlsPolicy,
	"DROP MASKING POLICY":    (*script).maskingPolicy,
	"DROP":                   refuseObject,

	"REFRESH MATERIALIZED VIEW": (*script).refreshMaterializedView,
	"COMMENT":                   pass,
	"GRANT":                     (*script).grant,
	"REVOKE":                    (*script).grant,

	// What PostgreSQL has and Redshift has not.
	"SAVEPOINT":  refuseStatement,
	"RELEASE":    refuseStatement,
	"LISTEN":     refuseStatement,
	"UNLISTEN":   refuseStatement,
	"NOTIFY":     refuseStatement,
	"DISCARD":    refuseStatement,
	"DO":         refuseStatement,
	"IMPORT":     refuseStatement,
	"REINDEX":    refuseStatement,
	"CLUSTER":    refuseStatement,
	"CHECKPOINT": refuseStatement,
	"LOAD":       refuseStatement,
	"SECURITY":   refuseStatement,
	"REASSIGN":   refuseStatement,
	"MOVE":       refuseStatement,
	"TABLE":      refuseStatement,
	"VALUES":     refuseStatement,

	"ATTACH": (*script).attachPolicy,
	"DETACH": (*script).attachPolicy,

	// What Redshift has and the stand-in has not.
	"USE": refuseStatement,
}

func pass(*script) {}

func refuseStatement(x *script) {
	if !x.catalog {
		x.refuse(notSupported(strings.ToUpper(x.tok(0).Text)))
	}
}

// refuseObject refuses CREATE, ALTER and DROP of a kind of object that Redshift does not have (INDEX, SEQUENCE,
// TRIGGER ...) or the stand-in does not imitate (EXTERNAL TABLE, DATASHARE, MODEL ...).
func refuseObject(x *script) {
	if x.len() > 1 && x.tok(1).Kind == Word {
		x.refuse(notSupported(x.st.Verb()))
	}
}
