package dialect

import (
	"fmt"
	"strings"
)

// The hint of everything that is refused by name.
const seeDocs = "see docs/standin.md for what the stand-in imitates and what it refuses"

// refusal is the answer to what Redshift does not have, or to what the stand-in does not imitate.
func refusal(format string, args ...any) *Error {
	return &Error{Code: "0A000", Message: fmt.Sprintf(format, args...), Hint: seeDocs}
}

func notSupported(what string) *Error { return refusal("%s is not supported", what) }

func syntaxError(format string, args ...any) *Error {
	return &Error{Code: "42601", Message: fmt.Sprintf(format, args...)}
}

const numericOverflow = "Numeric data overflow (result precision)" // the manual's words, Numeric computations

// MapError turns an error of PostgreSQL into the one Redshift reports; ok is false where they do not differ. constraint
// is the error's constraint name field.
func MapError(e Error, constraint string) (mapped Error, ok bool) {
	switch e.Code {
	case "23514":
		// The constraints that hold columns to lengths in bytes are named after the type (rs.check_lengths).
		if rest, found := strings.CutPrefix(constraint, "rs:"); found {
			kind, _, _ := strings.Cut(rest, ":")
			if strings.HasPrefix(kind, "numeric") {
				return Error{Code: "22003", Message: numericOverflow}, true
			}
			return Error{Code: "22001", Message: "value too long for type " + kind}, true
		}
	case "40001":
		return Error{
			Code:    "XX000",
			Message: "1023",
			Detail:  "Serializable isolation violation on table in Redshift",
			Hint:    "Roll back and run the whole transaction again.",
		}, true
	case "22P02":
		// As 8.0 said it for integers of every width.
		for _, name := range []string{"smallint", "integer", "bigint"} {
			if rest, found := strings.CutPrefix(e.Message, "invalid input syntax for type "+name+":"); found {
				e.Message = "invalid input syntax for integer:" + rest
				return e, true
			}
		}
	case "22003":
		if e.Message == "numeric field overflow" {
			return Error{Code: e.Code, Message: numericOverflow}, true
		}
	case "0A000":
		if name, found := strings.CutPrefix(e.Message, "cross-database references are not implemented: "); found {
			return *notSupported("a relation of another database, " + name + ","), true
		}
		// "... not supported for substring searches" and the like.
		if what, found := strings.CutPrefix(e.Message, "nondeterministic collations are not supported for "); found {
			return *notSupported(what + " with COLLATE CASE_INSENSITIVE"), true
		}
	case "42P21", "42P22":
		return Error{Code: "0A000", Message: "Query with different collations is not supported yet."}, true
	case "42P01":
		if name, found := strings.CutPrefix(e.Message, `relation "`); found {
			name, _, _ = strings.Cut(strings.TrimPrefix(name, "pg_catalog."), `"`)
			if notImitated[name] {
				return *notSupported("system table " + strings.ToUpper(name)), true
			}
		}
	case "42704":
		if strings.HasPrefix(e.Message, `collation "`+insensitiveCollation+`"`) {
			return *refusal("COLLATE CASE_INSENSITIVE wants a PostgreSQL that was built with ICU"), true
		}
	case "428C9":
		return Error{Code: "0A000", Message: "cannot set an identity column to a value"}, true
	case "21000":
		if strings.HasPrefix(e.Message, "MERGE command") {
			return Error{Code: "21000", Message: "Found multiple matches to update the same tuple."}, true
		}
	}
	return e, false
}

// notImitated are the system tables and views that package catalog does not install: the manual has no page for the one, and
// no columns for the other.
var notImitated = set("stv_interleaved_counts", "svl_qerror")

// NotImitated tells whether name is a system table of Redshift that the stand-in refuses by name.
func NotImitated(name string) bool { return notImitated[name] }
