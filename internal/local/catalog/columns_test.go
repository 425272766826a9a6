package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/dialect"
)

// systemColumns are the columns of Redshift's system tables and views, in their order, from the pages of the manual (DG,
// r_NAME or NAME). ts is a timestamp, bool, int, bigint, text, char(n) and varchar(n) as there.
var systemColumns = map[string]string{
	"pg_table_def":     `schemaname name, tablename name, column name, type text, encoding text, distkey bool, sortkey int, notnull bool`,
	"pg_conf":          `key varchar, value varchar`,
	"pg_user_info":     `usename name, usesysid int, usecreatedb bool, usesuper bool, usecatupd bool, passwd text, valuntil timestamptz, useconfig text[], useconnlimit text, syslogaccess text, last_ddl_ts ts, sessiontimeout int, external_id varchar`,
	"pg_database_info": `datid oid, datname name, datdba int, encoding int, datistemplate bool, datallowconn bool, datlastsysoid oid, datvacuumxid xid, datfrozenxid xid, dattablespace oid, datconfig text[], datacl text[], datconnlimit text`,
	"pg_class_info": `reloid oid, relname name, relnamespace oid, reltype oid, relowner oid, relam oid, relfilenode oid, reltablespace oid, relpages int, reltuples float4,
		reltoastrelid oid, reltoastidxid oid, relhasindex bool, relisshared bool, relkind "char", relnatts smallint, relexternid oid, relisreplicated bool, relispinned bool,
		reldiststyle smallint, relprojbaseid oid, relchecks smallint, reltriggers int, relukeys int, relfkeys int, relrefs int, relhasoids bool, relhaspkey bool, relhasrules bool,
		relhassubclass bool, relacl text[], releffectivediststyle int, relcreationtime ts`,
	"pg_external_schema": `esoid oid, eskind smallint, esdbname text, esoptions text`,

	"svv_table_info": `database text, schema text, table_id oid, table text, encoded text, diststyle text, sortkey1 text, max_varchar int, sortkey1_enc char(32), sortkey_num int, size bigint,
		pct_used numeric(10,4), empty bigint, unsorted numeric(5,2), stats_off numeric(5,2), tbl_rows numeric(38,0), skew_sortkey1 numeric(19,2), skew_rows numeric(19,2),
		estimated_visible_rows numeric(38,0), risk_event text, vacuum_sort_benefit numeric(12,2), create_time ts`,
	"svv_tables": `table_catalog text, table_schema text, table_name text, table_type text, remarks text`,
	"svv_columns": `table_catalog text, table_schema text, table_name text, column_name text, ordinal_position int, column_default text, is_nullable text, data_type text, character_maximum_length int,
		numeric_precision int, numeric_precision_radix int, numeric_scale int, datetime_precision int, interval_type text, interval_precision text, character_set_catalog text, character_set_schema text,
		character_set_name text, collation_catalog text, collation_schema text, collation_name text, domain_name text, remarks text`,
	"svv_redshift_columns": `database_name varchar(128), schema_name varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position int, data_type varchar(128),
		column_default varchar(4000), is_nullable varchar(3), encoding varchar(128), distkey bool, sortkey int, column_acl varchar(128), remarks varchar(256)`,
	"svv_redshift_tables":    `database_name varchar(128), schema_name varchar(128), table_name varchar(128), table_type varchar(128), table_acl varchar(256), remarks varchar(128), table_owner varchar(128)`,
	"svv_redshift_schemas":   `database_name varchar(128), schema_name varchar(128), schema_owner int, schema_type varchar(128), schema_acl varchar(128), schema_option varchar(128)`,
	"svv_redshift_databases": `database_name varchar(128), database_owner int, database_type varchar(32), database_acl varchar(128), database_options varchar(128), database_isolation_level varchar(128)`,
	"svv_redshift_functions": `database_name varchar(128), schema_name varchar(128), function_name varchar(128), function_type varchar(128), argument_type varchar(512), result_type varchar(128)`,
	"svv_all_schemas":        `database_name varchar(128), schema_name varchar(128), schema_owner int, schema_type varchar(128), schema_acl varchar(128), source_database varchar(128), schema_option varchar(128)`,
	"svv_all_tables": `database_name varchar(128), schema_name varchar(128), table_name varchar(128), table_acl varchar(128), table_type varchar(128), remarks varchar(128),
		owner varchar(128), last_altered_time ts, last_modified_time ts, dist_style varchar(128), table_subtype varchar(128)`,
	"svv_all_columns": `database_name varchar(128), schema_name varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position int, column_default varchar(4000),
		is_nullable varchar(3), data_type varchar(128), character_maximum_length int, numeric_precision int, numeric_scale int, remarks varchar(256), collation varchar(128)`,
	"svv_external_schemas":   `esoid oid, eskind smallint, schemaname name, esowner int, databasename text, esoptions text`,
	"svv_external_databases": `eskind int, esoptions text, databasename text, location text, parameters text`,
	"svv_external_tables": `redshift_database_name text, schemaname text, tablename text, tabletype text, location text, input_format text, output_format text, serialization_lib text, serde_parameters text,
		compressed int, parameters text`,
	"svv_external_columns":    `redshift_database_name text, schemaname text, tablename text, columnname text, external_type text, columnnum int, part_key int, is_nullable text`,
	"svv_external_partitions": `schemaname text, tablename text, values text, location text, input_format text, output_format text, serialization_lib text, serde_parameters text, compressed int, parameters text`,
	"stv_mv_info":             `db_name char(128), schema char(128), name char(128), updated_upto_xid bigint, is_stale char(1), owner_user_name char(128), state int, autorefresh char(1), autorewrite char(1)`,
	"svv_mv_info":             `database_name char(128), schema_name char(128), user_name char(128), name char(128), is_stale char(1), state int, autorefresh char(1), autorewrite char(1)`,
	"svv_interleaved_columns": `tbl int, col int, interleaved_skew numeric(19,2), last_reindex ts`,
	"svv_transactions":        `txn_owner text, txn_db text, xid bigint, pid int, txn_start ts, lock_mode text, lockable_object_type text, relation int, granted bool`,
	"svv_datashares": `share_name varchar, share_id int, share_owner int, source_database varchar, consumer_database varchar, share_type varchar, createdate ts, is_publicaccessible bool, share_acl varchar,
		producer_account varchar, producer_namespace varchar`,

	"svv_masking_policy":          `policy_database text, policy_name text, input_columns text, policy_expression text, policy_modified_by text, policy_modified_time ts`,
	"svv_attached_masking_policy": `policy_name text, schema_name text, table_name text, table_type text, grantor text, grantee text, grantee_type text, priority int, input_columns text, output_columns text`,
	"svv_rls_policy":              `poldb varchar, polname varchar, polalias varchar, polatts varchar, polqual varchar, polenabled bool, polmodifiedby varchar, polmodifiedtime ts`,
	"svv_rls_attached_policy": `relschema varchar, relname varchar, relkind varchar, polname varchar, grantor varchar, grantee varchar, granteekind varchar, is_pol_on bool, is_rls_on bool,
		rls_conjunction_type varchar`,
	"svv_rls_relation":       `datname varchar, relschema varchar, relname varchar, relkind varchar, is_rls_on bool, is_rls_datashare_on bool, rls_conjunction_type varchar, rls_datashare_conjunction_type varchar`,
	"svv_rls_applied_policy": `username text, query int, xid bigint, pid int, recordtime ts, command char(1), datname text, relschema text, relname text, polname text, poldefault char(1)`,

	"svv_relation_privileges": `namespace_name text, relation_name text, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option bool`,
	"svv_column_privileges":   `namespace_name text, relation_name text, column_name text, privilege_type text, identity_id int, identity_name text, identity_type text`,
	"svv_schema_privileges":   `namespace_name text, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option bool`,
	"svv_database_privileges": `database_name text, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option bool`,
	"svv_function_privileges": `namespace_name text, function_name text, argument_types text, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option bool`,
	"svv_language_privileges": `language_name text, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option bool`,
	"svv_system_privileges":   `system_privilege text, identity_id int, identity_name text, identity_type text`,
	"svv_default_privileges":  `schema_name text, object_type text, owner_id int, owner_name text, owner_type text, privilege_type text, grantee_id int, grantee_name text, grantee_type text, admin_option bool`,
	"svv_roles":               `role_id int, role_name text, role_owner text, external_id text`,
	"svv_role_grants":         `role_id int, role_name text, granted_role_id int, granted_role_name text`,
	"svv_user_grants":         `user_id int, user_name text, role_id int, role_name text, admin_option bool`,
	"svv_user_info":           `user_name text, user_id int, createdb bool, superuser bool, catalog_update bool, connection_limit text, syslog_access text, last_ddl_timestamp ts, session_timeout int, external_user_id text`,

	"stl_query": `userid int, query int, label char(320), xid bigint, pid int, database char(32), querytxt char(4000), starttime ts, endtime ts, aborted int, insert_pristine int,
		concurrency_scaling_status int`,
	"stl_querytext":     `userid int, xid bigint, pid int, query int, sequence int, text char(200)`,
	"stl_ddltext":       `userid int, xid bigint, pid int, label char(320), starttime ts, endtime ts, sequence int, text char(200)`,
	"stl_utilitytext":   `userid int, xid bigint, pid int, label char(320), starttime ts, endtime ts, sequence int, text char(200)`,
	"svl_statementtext": `userid int, xid bigint, pid int, label char(320), starttime ts, endtime ts, sequence int, type varchar(10), text char(200)`,
	"svl_qlog": `userid int, query int, xid bigint, pid int, starttime ts, endtime ts, elapsed bigint, aborted int, label char(320), substring char(60), source_query int,
		concurrency_scaling_status_txt text, from_sp_call int`,
	"stl_error":   `userid int, process char(12), recordtime ts, pid int, errcode int, file char(90), linenum int, context char(100), error char(512)`,
	"stl_userlog": `userid int, username char(50), oldusername char(50), action char(10), usecreatedb int, usesuper int, usecatupd int, valuntil ts, pid int, xid bigint, recordtime ts`,
	"sys_userlog": `user_id int, user_name char(50), original_user_name char(50), action char(10), has_create_db_privs int, is_superuser int, has_update_catalog_privs int,
		password_expiration ts, session_id int, transaction_id bigint, record_time ts`,
	"stl_connection_log": `event char(50), recordtime ts, remotehost char(45), remoteport char(32), pid int, dbname char(50), username char(50), authmethod char(32), duration int, sslversion char(50),
		sslcipher char(128), mtu int, sslcompression char(64), sslexpansion char(64), iamauthguid char(36), application_name char(250), os_version char(64), driver_version char(64), plugin_name char(32),
		protocol_version int, sessionid char(36)`,
	"stl_sessions":    `userid int, starttime ts, endtime ts, process int, user_name char(50), db_name char(50), timeout_sec int, timed_out int`,
	"stl_tr_conflict": `xact_id bigint, process_id bigint, xact_start_ts ts, abort_time ts, table_id bigint`,
	"stl_load_errors": `userid int, slice int, tbl int, starttime ts, session int, query int, filename char(256), line_number bigint, colname char(127), type char(10), col_length char(10), position int,
		raw_line char(1024), raw_field_value char(1024), err_code int, err_reason char(100), is_partial int, start_offset bigint, copy_job_id bigint`,
	"stl_loaderror_detail": `userid int, slice int, session int, query int, filename char(256), line_number bigint, field int, colname char(1024), value char(1024), is_null int, type char(10), col_length char(10)`,
	"stl_load_commits": `userid int, query int, slice int, name char(256), filename char(256), byte_offset int, lines_scanned int, errors int, curtime ts, status int, file_format char(16), is_partial int,
		start_offset bigint, copy_job_id bigint`,
	"stl_replacements": `userid int, query int, slice int, tbl int, starttime ts, session int, filename char(256), line_number bigint, colname char(127), raw_line char(1024)`,
	"stl_unload_log":   `userid int, query int, slice int, pid int, path char(1280), start_time ts, end_time ts, line_count bigint, transfer_size bigint, file_format char(10)`,
	"svcs_unload_log":  `userid int, query int, pid int, path char(1280), start_time ts, end_time ts, line_count bigint, transfer_size bigint, file_format char(10)`,

	"stl_wlm_query": `userid int, xid int, task int, query int, service_class int, slot_count int, service_class_start_time ts, queue_start_time ts, queue_end_time ts, total_queue_time bigint,
		exec_start_time ts, exec_end_time ts, total_exec_time bigint, service_class_end_time ts, final_state char(16), est_peak_mem bigint, query_priority char(20), service_class_name char(64)`,
	"stl_alert_event_log":            `userid int, query int, slice int, segment int, step int, pid int, xid bigint, event char(1024), solution char(1024), event_time ts`,
	"svl_multi_statement_violations": `userid int, database char(32), cmdname char(20), xid bigint, pid int, label char(320), starttime ts, endtime ts, sequence int, type varchar(10), text char(200)`,

	"stv_sessions": `starttime ts, process int, user_name char(50), db_name char(50), timeout_sec int`,
	"stv_recents":  `userid int, status char(20), starttime ts, duration int, user_name char(50), db_name char(50), query char(600), pid int`,
	"stv_inflight": `userid int, slice int, query int, label char(320), xid bigint, pid int, starttime ts, text char(100), suspended int, insert_pristine int, concurrency_scaling_status int`,
	"stv_locks":    `table_id bigint, last_commit ts, last_update ts, lock_owner bigint, lock_owner_pid bigint, lock_owner_start_ts ts, lock_owner_end_ts ts, lock_status char(22)`,
	"stv_tbl_perm": `slice int, id int, name char(72), rows bigint, sorted_rows bigint, temp int, db_id int, insert_pristine int, delete_pristine int, backup int, dist_style int, block_count int`,
	"stv_slices":   `node int, slice int, localslice int, type char(1)`,
	"stv_load_state": `userid int, session int, query int, slice int, pid int, recordtime ts, bytes_to_load bigint, bytes_loaded bigint, bytes_to_load_compressed bigint, bytes_loaded_compressed bigint,
		lines int, num_files int, num_files_complete int, current_file char(256), pct_complete int`,
	"stv_db_isolation_level": `db_name char(128), isolation_level char(20)`,

	"stl_scan": `userid int, query int, slice int, segment int, step int, starttime ts, endtime ts, tasknum int, rows bigint, bytes bigint, fetches bigint, type int, tbl int,
		is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint, rows_pre_user_filter bigint, perm_table_name char(136), is_rlf_scan char(1),
		is_rlf_scan_reason int, num_em_blocks int, checksum bigint, runtime_filtering char(1), scan_region int, num_sortkey_as_predicate int, row_fetcher_state int,
		consumed_scan_ranges bigint, work_stealing_reason bigint, is_vectorized_scan char(1), is_vectorized_scan_reason int, row_fetcher_reason bigint,
		topology_signature bigint, use_tpm_partition char(1), is_rrscan_expr char(1), scanned_mega_value char(1)`,
	"stl_insert":    `userid int, query int, slice int, segment int, step int, starttime ts, endtime ts, tasknum int, rows bigint, tbl int, inserted_mega_value char(1)`,
	"stl_delete":    `userid int, query int, slice int, segment int, step int, starttime ts, endtime ts, tasknum int, rows bigint, tbl int`,
	"stl_explain":   `userid int, query int, nodeid int, parentid int, plannode char(400), info char(400)`,
	"stl_plan_info": `userid int, query int, nodeid int, segment int, step int, locus int, plannode int, startupcost float8, totalcost float8, rows bigint, bytes bigint`,
	"svl_query_summary": `userid int, query int, stm int, seg int, step int, maxtime bigint, avgtime bigint, rows bigint, bytes bigint, rate_row float8, rate_byte float8, label text,
		is_diskbased char(1), workmem bigint, is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint`,
	"stl_commit_stats": `xid bigint, node int, startqueue ts, startwork ts, endflush ts, endstage ts, endlocal ts, startglobal ts, endtime ts, queuelen bigint, permblocks bigint,
		newblocks bigint, dirtyblocks bigint, headers bigint, numxids int, oldestxid bigint, extwritelatency bigint, metadatawritten int, tombstonedblocks bigint,
		tossedblocks bigint, batched_by bigint`,
	"stl_vacuum": `userid int, xid bigint, table_id int, status char(30), rows bigint, sortedrows int, blocks int, max_merge_partitions int, eventtime ts, reclaimable_rows bigint,
		reclaimable_space_mb bigint, cutoff_xid bigint, is_recluster int`,
	"stv_blocklist": `slice int, col int, tbl int, blocknum int, num_values int, extended_limits int, minvalue bigint, maxvalue bigint, sb_pos int, pinned int, on_disk int, modified int,
		hdr_modified int, unsorted int, tombstone int, preferred_diskno int, temporary int, newblock int, num_readers int, flags int`,
	"stv_partitions": `owner int, host int, diskno int, part_begin bigint, part_end bigint, used int, tossed int, capacity int, reads bigint, writes bigint, seek_forward int, seek_back int,
		is_san int, failed int, mbps int, mount char(256)`,
	"stv_active_cursors":            `userid int, name char(256), xid bigint, pid int, starttime ts, row_count bigint, byte_count bigint, fetched_rows bigint`,
	"stv_wlm_classification_config": `id int, condition char(128), action_seq int, action char(64), action_service_class int`,
	"stv_wlm_service_class_config": `service_class int, queueing_strategy char(32), num_query_tasks int, target_num_query_tasks int, evictable char(8), eviction_threshold bigint, query_working_mem int,
		target_query_working_mem int, min_step_mem int, name char(64), max_execution_time bigint, user_group_wild_card bool, query_group_wild_card bool,
		concurrency_scaling char(20), query_priority char(20), user_role_wild_card bool`,
	"stv_wlm_service_class_state": `service_class int, num_queued_queries int, num_executing_queries int, num_serviced_queries int, num_executed_queries int, num_evicted_queries int,
		num_concurrency_scaling_queries int`,
	"pg_library": `name name, language_oid oid, file_store_id int, owner int`,

	"sys_query_history": `user_id int, query_id bigint, query_label char(320), transaction_id bigint, session_id int, database_name char(128), query_type char(32), status char(10), result_cache_hit bool,
		start_time ts, end_time ts, elapsed_time bigint, queue_time bigint, execution_time bigint, error_message char(512), returned_rows bigint, returned_bytes bigint, query_text char(4000),
		redshift_version char(256), usage_limit char(150), compute_type varchar(32), compile_time bigint, planning_time bigint, lock_wait_time bigint`,
	"sys_query_text": `user_id int, query_id bigint, transaction_id bigint, session_id int, start_time ts, sequence int, text char(4000)`,
	"sys_load_history": `user_id int, query_id bigint, transaction_id bigint, session_id int, database_name text, status text, table_name text, start_time ts, end_time ts, duration bigint, data_source text,
		file_format text, loaded_rows bigint, loaded_bytes bigint, source_file_count int, source_file_bytes bigint, file_count_scanned int, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint`,
	"sys_load_detail": `user_id int, query_id int, file_name char(256), bytes_scanned int, lines_scanned int, record_time ts, splits_scanned int, start_time ts, end_time ts,
		file_etag char(256), file_last_modified ts`,
	"sys_load_error_detail": `user_id int, query_id bigint, transaction_id bigint, session_id int, database_name char(64), table_id int, start_time ts, file_name char(256), line_number bigint,
		column_name char(127), column_type char(10), column_length char(10), position int, error_code int, error_message char(512)`,
	"sys_unload_history": `user_id int, query_id bigint, transaction_id bigint, session_id int, database_name text, status text, start_time ts, end_time ts, duration bigint, file_format text,
		compression_type text, unloaded_location text, unloaded_rows bigint, unloaded_files_count bigint, unloaded_files_size bigint, error_message text`,
	"sys_unload_detail": `user_id int, query_id int, session_id int, transaction_id bigint, file_name char(1280), start_time ts, end_time ts, line_count bigint, transfer_size bigint, file_format char(10)`,
	"sys_connection_log": `event char(50), record_time ts, remote_host char(45), remote_port char(32), session_id int, database_name char(50), user_name char(50), auth_method char(32), duration int,
		ssl_version char(50), ssl_cipher char(128), mtu int, ssl_compression char(64), ssl_expansion char(64), iam_auth_guid char(36), application_name char(250), driver_version char(64),
		os_version char(64), plugin_name char(32), protocol_version int, global_session_id char(36)`,
	"sys_session_history":       `user_id char(50), session_id int, database_name char(50), status char(10), session_timeout int, start_time ts, end_time ts`,
	"stl_dist":                  `userid int, query int, slice int, segment int, step int, starttime ts, endtime ts, tasknum int, rows bigint, bytes bigint, packets int`,
	"stl_bcast":                 `userid int, query int, slice int, segment int, step int, starttime ts, endtime ts, tasknum int, rows bigint, bytes bigint, packets int`,
	"stl_stream_segs":           `userid int, query int, stream int, segment int`,
	"svcs_stream_segs":          `userid int, query int, stream int, segment int`,
	"stl_query_metrics":         `userid int, service_class int, query int, segment int, step_type int, starttime ts, slices int, max_rows bigint, rows bigint, max_cpu_time bigint, cpu_time bigint, max_blocks_read bigint, blocks_read bigint, max_run_time bigint, run_time bigint, max_blocks_to_disk bigint, blocks_to_disk bigint, step int, max_query_scan_size bigint, query_scan_size bigint, query_priority char(20), query_queue_time bigint, service_class_name char(64)`,
	"stv_query_metrics":         `userid int, service_class int, query int, starttime ts, slices int, segment int, step_type int, rows bigint, max_rows bigint, cpu_time bigint, max_cpu_time bigint, blocks_read bigint, max_blocks_read bigint, run_time bigint, max_run_time bigint, blocks_to_disk bigint, max_blocks_to_disk bigint, step int, max_query_scan_size bigint, query_scan_size bigint, query_priority char(20), query_queue_time bigint, service_class_name char(64)`,
	"svl_query_metrics_summary": `userid int, query int, service_class int, query_cpu_time bigint, query_blocks_read bigint, query_execution_time bigint, query_cpu_usage_percent numeric(38,2), query_temp_blocks_to_disk bigint, segment_execution_time bigint, cpu_skew numeric(38,2), io_skew numeric(38,2), scan_row_count bigint, join_row_count bigint, nested_loop_join_row_count bigint, return_row_count bigint, spectrum_scan_row_count bigint, spectrum_scan_size_mb bigint, query_queue_time bigint`,
	"stv_exec_state":            `userid int, query int, slice int, segment int, step int, starttime ts, currenttime ts, tasknum int, rows bigint, bytes bigint, label char(256), is_diskbased char(1), workmem bigint, num_parts int, is_rrscan char(1), is_delayed_scan char(1)`,
	"sys_child_query_text":      `user_id int, query_id bigint, child_query_sequence int, sequence int, text char(200)`,
	"stl_analyze":               `userid int, xid bigint, database char(30), table_id int, status char(15), rows float8, modified_rows float8, threshold_percent int, is_auto char(1), starttime ts, endtime ts, prevtime ts, num_predicate_cols int, num_new_predicate_cols int, is_background char(1), auto_analyze_phase char(100), schema_name char(128), table_name char(136)`,
	"sys_analyze_history":       `user_id int, transaction_id bigint, database_name char(30), schema_name char(30), table_name char(30), table_id int, is_automatic char(1), status char(15), start_time ts, end_time ts, rows float8, modified_rows float8, analyze_threshold_percent int, last_analyze_time ts`,
	"stl_analyze_compression":   `userid int, start_time ts, xid bigint, tbl int, tablename char(128), col int, old_encoding char(15), new_encoding char(15), mode char(14), best_compression_encoding char(15), recommended_bytes char(15), best_compression_bytes char(15), ndv bigint`,
	"svl_stored_proc_messages":  `userid int, session_userid int, pid int, xid bigint, query int, recordtime ts, loglevel int, loglevel_text char(10), message char(1024), linenum int, querytext char(500), label char(320), aborted int, message_xid bigint`,
	"sys_procedure_messages":    `transaction_id bigint, query_id int, record_time ts, log_level char(10), message char(1024), line_number int`,
	"stv_wlm_query_task_state":  `service_class int, task int, query int, slot_count int, start_time ts, exec_time bigint`,
	"stv_wlm_query_queue_state": `service_class int, position int, task int, query int, slot_count int, start_time ts, queue_time bigint`,
	"stv_wlm_query_state":       `xid int, task int, query int, service_class int, slot_count int, wlm_start_time ts, state char(16), queue_time bigint, exec_time bigint, query_priority char(20)`,
}

// TestSystemColumns compares every system table and view with the manual: names, types and order of its columns.
//
//standin:imitates system views: SVV views of tables, columns, schemas, databases and functions | DG svv_views
//standin:imitates system views: SVV views of privileges | DG r_SVV_RELATION_PRIVILEGES
//standin:imitates system views: external and datashare views, without rows | DG r_SVV_EXTERNAL_SCHEMAS
//standin:imitates system views: PG_CLASS_INFO, PG_ATTRIBUTE_INFO, PG_DATABASE_INFO, PG_USER_INFO, PG_CONF | DG r_PG_CLASS_INFO
//standin:imitates system views: STL_CONNECTION_LOG, STL_SESSIONS, SYS_CONNECTION_LOG, SYS_SESSION_HISTORY | DG r_STL_CONNECTION_LOG
//standin:imitates system views: steps of queries, metrics, queues, ANALYZE and messages of procedures, without rows | DG c_intro_STL_tables
//standin:refuses system views: system tables that are not listed here, 42P01 elsewhere | DG cm_chap_system-tables
//standin:imitates system views: STV_RECENTS, STV_INFLIGHT, STV_TBL_PERM, STV_SLICES, STV_LOAD_STATE | DG c_intro_STV_tables
func TestSystemColumns(t *testing.T) {
	t.Parallel()
	s := open(t)
	found := make(map[string][]string)
	for _, row := range execute(t, s.env.Database, `SELECT relname, attname || ' ' || format_type(atttypid, atttypmod)
			FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class c ON c.oid = attrelid
			WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND c.oid >= 16384 ORDER BY relname, attnum`) {
		found[row[0]] = append(found[row[0]], row[1])
	}
	short := strings.NewReplacer("timestamp without time zone", "ts", "timestamp with time zone", "timestamptz", "character varying", "varchar",
		"character(", "char(", "boolean", "bool", "integer", "int", "double precision", "float8", "real", "float4")
	for name, want := range systemColumns {
		want = strings.Join(strings.Fields(want), " ")
		if diff := cmp.Diff(strings.Split(want, ", "), strings.Split(short.Replace(strings.Join(found[name], ", ")), ", ")); diff != "" {
			t.Errorf("%s (-manual +here)\n%s", name, diff)
		}
	}
	for name := range found {
		if dialect.NotImitated(name) {
			t.Errorf("%s is refused as one that is not here", name)
		}
		// These two are PostgreSQL's with more columns, which TestShadowedViews looks at.
		if _, ok := systemColumns[name]; !ok && name != "pg_attribute_info" && name != "pg_proc_info" {
			t.Errorf("%s is not compared with the manual", name)
		}
	}
	s.fails(`select * from stl_undone`, "0A000", "system table STL_UNDONE is not supported")
	s.fails(`select * from pg_catalog.svv_diskusage`, "0A000", "system table SVV_DISKUSAGE")
	s.fails(`select * from stl_nothing`, "42P01", "stl_nothing")
}
