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

// notImitated are the system tables and views of the manual that package catalog does not install; a test compares.
var notImitated = set(strings.Fields(`
	pg_statistic_indicator stl_aggr stl_disk_full_diag stl_file_scan stl_hash stl_hashjoin stl_limit stl_merge
	stl_mergejoin stl_mv_state stl_nestloop stl_parse stl_project stl_restarted_sessions stl_return stl_s3client
	stl_s3client_error stl_save stl_schema_quota_violations stl_sort stl_sshclient_error stl_undone stl_unique
	stl_usage_control stl_window stl_wlm_error stl_wlm_rule_action stv_cursor_configuration
	stv_interleaved_counts stv_ml_model_info stv_mv_deps stv_node_storage_capacity stv_startup_recovery_state
	stv_tbl_trans stv_wlm_qmr_config svcs_alert_event_log svcs_compile svcs_concurrency_scaling_usage svcs_explain
	svcs_plan_info svcs_query_summary svcs_s3list svcs_s3log svcs_s3partition_summary svcs_s3query_summary
	svl_auto_worker_action svl_compile svl_datashare_change_log svl_datashare_cross_region_usage
	svl_datashare_usage_consumer svl_datashare_usage_producer svl_federated_query svl_mv_refresh_status svl_qerror
	svl_query_metrics svl_query_queue_info svl_query_report svl_s3list svl_s3log svl_s3partition
	svl_s3partition_summary svl_s3query svl_s3query_summary svl_s3retries svl_spatial_simplify
	svl_spectrum_scan_error svl_stored_proc_call svl_terminate svl_udf_log svl_user_info svl_vacuum_percentage
	svv_alter_table_recommendations svv_copy_job_integrations svv_datashare_consumers svv_datashare_objects
	svv_datashare_privileges svv_diskusage svv_iam_privileges svv_identity_providers svv_integration
	svv_integration_table_state svv_ml_model_info svv_ml_model_privileges svv_mv_dependency svv_query_inflight
	svv_query_state svv_schema_quota_state svv_vacuum_progress svv_vacuum_summary sys_analyze_compression_history
	sys_auto_table_optimization sys_copy_job sys_copy_replacements sys_datashare_change_log
	sys_datashare_usage_consumer sys_datashare_usage_producer sys_external_query_detail sys_external_query_error
	sys_integration_activity sys_integration_table_state_change sys_mv_refresh_history sys_mv_state
	sys_procedure_call sys_query_detail sys_query_explain sys_restore_log sys_restore_state
	sys_schema_quota_violations sys_serverless_usage sys_spatial_simplify sys_stream_scan_errors
	sys_stream_scan_states sys_transaction_history sys_udf_log sys_undo_history sys_vacuum_history`)...)

// NotImitated tells whether name is a system table of Redshift that the stand-in refuses by name.
func NotImitated(name string) bool { return notImitated[name] }
