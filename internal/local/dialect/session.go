package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// parameterKind says how a session parameter of Redshift is kept.
type parameterKind int

const (
	native   parameterKind = iota + 1 // PostgreSQL has it too and it means the same
	kept                              // kept under the name rs.<name>: nothing else reads it
	boolean                           // kept, and true or false
	readOnly                          // shown, never set
)

// parameters are the session parameters of Redshift (Redshift manual, Configuration reference), and those which every
// driver sets. Any other name is unrecognized, also where PostgreSQL knows it.
var parameters = map[string]parameterKind{
	"application_name":      native,
	"client_encoding":       native,
	"client_min_messages":   native,
	"datestyle":             native,
	"extra_float_digits":    native,
	"search_path":           native,
	"seed":                  native,
	"session_authorization": native,
	"statement_timeout":     native,
	"timezone":              native,

	"analyze_threshold_percent":               kept,
	"default_geometry_encoding":               kept,
	"json_parse_dedup_attributes":             boolean,
	"json_parse_truncate_strings":             boolean,
	"json_serialization_enable":               boolean,
	"json_serialization_parse_nested_strings": boolean,
	"max_concurrency_scaling_clusters":        kept,
	"max_cursor_result_set_size":              kept,
	"query_group":                             kept,
	"spectrum_query_maxerror":                 kept,
	"stored_proc_log_min_messages":            kept,
	"wlm_query_slot_count":                    kept,

	"cast_super_null_on_error":              boolean,
	"default_array_search_null_handling":    boolean,
	"datashare_break_glass_session_var":     kept,
	"describe_field_name_in_uppercase":      boolean,
	"downcase_delimited_identifier":         boolean,
	"enable_case_sensitive_identifier":      boolean,
	"enable_case_sensitive_super_attribute": boolean,
	"enable_numeric_rounding":               boolean,
	"enable_result_cache_for_session":       boolean,
	"enable_vacuum_boost":                   boolean,
	"error_on_nondeterministic_update":      boolean,
	"interval_forbid_composite_literals":    boolean,
	"mv_enable_aqmv_for_session":            boolean,
	"navigate_super_null_on_error":          boolean,
	"parse_super_null_on_error":             boolean,
	"pg_federation_repeatable_read":         boolean,
	"spectrum_enable_pseudo_columns":        boolean,
	"use_fips_ssl":                          boolean,

	"enable_large_strings_opt_in": readOnly,
	"is_superuser":                readOnly,
	"max_identifier_length":       readOnly,
	"server_encoding":             readOnly,
	"server_version":              readOnly,
	"transaction_isolation":       readOnly,
}

func unrecognized(name string) *Error {
	return &Error{Code: "42704", Message: fmt.Sprintf("unrecognized configuration parameter %q", name)}
}

// KnownParameter tells whether Redshift knows a session parameter of that name: a client may send others at start-up
// only to be refused.
func KnownParameter(name string) bool { return parameters[fold(name)] != 0 }

// Parameter reads SET name TO value, so that the server can follow the parameters which its own work depends on
// (enable_case_sensitive_identifier above all). value is "" for SET name TO DEFAULT and RESET name; name is "all" for
// RESET ALL. ok is false for any other statement.
func (st Statement) Parameter() (name, value string, ok bool) {
	tokens := st.Significant()
	word := func(i int, words ...string) bool {
		for _, w := range words {
			if i < len(tokens) && tokens[i].Is(w) {
				return true
			}
		}
		return false
	}
	switch {
	case word(0, "RESET") && len(tokens) == 2:
		name, ok = tokens[1].Name(false)
		return name, "", ok
	case !word(0, "SET"):
		return "", "", false
	}
	i := 1
	if word(i, "SESSION", "LOCAL") {
		i++
	}
	if i+2 >= len(tokens) || !word(i+1, "TO", "=") {
		return "", "", false
	}
	name, ok = tokens[i].Name(false)
	if word(i+2, "DEFAULT") {
		return name, "", ok
	}
	var b strings.Builder
	for _, t := range tokens[i+2:] {
		if v, isLiteral := t.Literal(); isLiteral {
			b.WriteString(v)
		} else {
			b.WriteString(t.Text)
		}
	}
	return name, b.String(), ok
}

// set reads SET.
func (x *script) set() {
	i := 1
	if x.isOne(i, "SESSION", "LOCAL") {
		i++
	}
	switch {
	case x.is(i, "TRANSACTION"), x.is(i, "CHARACTERISTICS"), x.is(i, "SESSION", "CHARACTERISTICS"):
		// Isolation levels are accepted and ignored: the database has one (Redshift manual, BEGIN).
		x.tr.SQL, x.tr.Tag = "SET rs.ignored = ''", "SET"
		return
	case x.is(i, "TIME", "ZONE"), x.is(i, "NAMES"), x.is(1, "SESSION", "AUTHORIZATION"):
		x.keepUser(i + 1)
		return
	case x.is(i, "SESSION", "AUTHORIZATION"):
		x.keepUser(i + 2)
		return
	case x.contextVariable(i) && x.isOne(i+3, "TO", "="):
		return
	}
	name, ok := x.tok(i).Name(false)
	if !ok {
		return
	}
	if x.is(i+1, ".") || !x.isOne(i+1, "TO", "=") {
		x.refuse(unrecognized(x.render(i, min(i+3, x.len()))))
		return
	}
	_, value, _ := x.st.Parameter()
	switch parameters[name] {
	case native:
		if name == "extra_float_digits" {
			// -15 to 2 (Redshift manual, extra_float_digits); PostgreSQL takes 3.
			if n, err := strconv.Atoi(value); err == nil && (n < -15 || n > 2) {
				x.refuse(&Error{Code: "22023", Message: fmt.Sprintf(
					"%d is outside the valid range for parameter %q (-15 .. 2)", n, name)})
			}
		}
	case kept:
		x.replace(i, "rs."+name)
	case boolean:
		if value != "" && !isBoolean(value) {
			x.refuse(&Error{Code: "22023", Message: fmt.Sprintf("parameter %q requires a Boolean value", name)})
			return
		}
		x.replace(i, "rs."+name)
		if value != "" {
			x.replaceRange(i+2, x.len(), onOff(value))
		}
	case readOnly:
		x.refuse(&Error{Code: "55P02", Message: fmt.Sprintf("parameter %q cannot be changed", name)})
	default:
		x.refuse(unrecognized(name))
	}
}

// contextVariable tells whether the name at i is that of a variable of the session's own, of two parts (Redshift manual,
// SET). Those of rs are ours.
func (x *script) contextVariable(i int) bool {
	space, ok := x.tok(i).Name(false)
	_, named := x.tok(i + 2).Name(false)
	return ok && named && x.is(i+1, ".") && space != "rs"
}

func isBoolean(s string) bool { return onOff(s) != "" }

// onOff is how SHOW answers a Boolean value, or "" for what is none.
func onOff(s string) string {
	switch strings.ToLower(s) {
	case "true", "on", "yes", "1", "t":
		return "'on'"
	case "false", "off", "no", "0", "f":
		return "'off'"
	}
	return ""
}

// reset reads RESET.
func (x *script) reset() {
	name := x.word(1)
	if x.contextVariable(1) {
		return
	}
	switch parameters[name] {
	case native:
	case kept, boolean:
		x.replace(1, "rs."+name)
	case readOnly:
		x.refuse(&Error{Code: "55P02", Message: fmt.Sprintf("parameter %q cannot be changed", name)})
	default:
		if name != "all" && !x.is(1, "SESSION", "AUTHORIZATION") {
			x.refuse(unrecognized(name))
		}
	}
}

// showParameter reads SHOW name.
func (x *script) showParameter() {
	if x.is(1, "SESSION", "AUTHORIZATION") || x.is(1, "TIME", "ZONE") || x.is(1, "TRANSACTION", "ISOLATION", "LEVEL") {
		return
	}
	if x.contextVariable(1) && x.len() == 4 {
		return
	}
	name := x.word(1)
	if name == "all" {
		x.tr.SQL, x.tr.Tag = "SELECT name, setting FROM rs.parameter ORDER BY name", "SHOW"
		return
	}
	switch kind := parameters[name]; {
	case x.len() != 2, kind == 0:
		x.refuse(unrecognized(x.render(1, x.len())))
	case kind == kept, kind == boolean, name == "server_version", name == "enable_large_strings_opt_in",
		name == "statement_timeout": // PostgreSQL shows it with a unit
		x.tr.SQL = fmt.Sprintf("SELECT setting AS %s FROM rs.parameter WHERE name = %s", QuoteIdent(name), dollarQuote(name))
		x.tr.Tag = "SHOW"
	}
}

// begin reads BEGIN and START TRANSACTION, whose isolation levels are accepted and ignored.
func (x *script) begin() {
	for i := 1; i < x.len(); i++ {
		if !x.is(i, "ISOLATION", "LEVEL") {
			continue
		}
		end := i + 3
		if x.isOne(i+2, "READ", "REPEATABLE") {
			end++
		}
		end = min(end, x.len())
		if x.is(i-1, ",") {
			i--
		} else if x.is(end, ",") {
			end++
		}
		x.drop(i, end)
		i = end - 1
	}
}
