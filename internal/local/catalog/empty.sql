-- What a local warehouse never has rows for, and administrators' scripts ask all the same: what queries read and how, blocks,
-- queues, cursors, libraries, and all that rests on services which are not imitated. Where a page of the manual gives no
-- length that the values of a character column fit in, it is VARCHAR here; where it calls a moment TIME, as its examples
-- show no time of day, TIMESTAMP.

-- rs.empty_view makes a view without rows. columns are "name type" each, with a comma and a blank between.
CREATE OR REPLACE FUNCTION rs.empty_view(name text, columns text, readers text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE (SELECT format('CREATE OR REPLACE VIEW pg_catalog.%I AS SELECT ', name)
		|| string_agg(format('NULL::%s AS %I', substr(c, position(' ' IN c) + 1), split_part(c, ' ', 1)), ', ' ORDER BY n)
		|| ' WHERE false'
		FROM regexp_split_to_table(columns, ',\s+') WITH ORDINALITY AS u (c, n));
	IF readers = 'everybody' THEN
		EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', name);
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.empty_view(text, text, text) FROM PUBLIC;

SELECT rs.empty_view('stl_wlm_query', 'userid int, xid int, task int, query int, service_class int, slot_count int,
	service_class_start_time timestamp, queue_start_time timestamp, queue_end_time timestamp, total_queue_time bigint,
	exec_start_time timestamp, exec_end_time timestamp, total_exec_time bigint, service_class_end_time timestamp,
	final_state char(16), est_peak_mem bigint, query_priority char(20), service_class_name char(64)', 'everybody');
-- STL_ERROR has errors of the engine, not of SQL.
SELECT rs.empty_view('stl_error', 'userid int, process char(12), recordtime timestamp, pid int, errcode int, file char(90),
	linenum int, context char(100), error char(512)', 'everybody');
SELECT rs.empty_view('stl_alert_event_log', 'userid int, query int, slice int, segment int, step int, pid int, xid bigint,
	event char(1024), solution char(1024), event_time timestamp', 'everybody');
SELECT rs.empty_view('svl_multi_statement_violations', 'userid int, database char(32), cmdname char(20), xid bigint, pid int,
	label char(320), starttime timestamp, endtime timestamp, sequence int, type varchar(10), text char(200)', 'everybody');

SELECT rs.empty_view('stl_scan', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, fetches bigint, type int, tbl int, is_rrscan char(1),
	is_delayed_scan char(1), rows_pre_filter bigint, rows_pre_user_filter bigint, perm_table_name char(136),
	is_rlf_scan char(1), is_rlf_scan_reason int, num_em_blocks int, checksum bigint, runtime_filtering char(1),
	scan_region int, num_sortkey_as_predicate int, row_fetcher_state int, consumed_scan_ranges bigint,
	work_stealing_reason bigint, is_vectorized_scan char(1), is_vectorized_scan_reason int, row_fetcher_reason bigint,
	topology_signature bigint, use_tpm_partition char(1), is_rrscan_expr char(1), scanned_mega_value char(1)', 'everybody');
SELECT rs.empty_view('stl_explain', 'userid int, query int, nodeid int, parentid int, plannode char(400), info char(400),
	user_query_id bigint, child_query_sequence int, query_uuid char(36)',
	'everybody');
SELECT rs.empty_view('stl_plan_info', 'userid int, query int, nodeid int, segment int, step int, locus int, plannode int,
	startupcost float8, totalcost float8, rows bigint, bytes bigint', 'everybody');
SELECT rs.empty_view('stl_commit_stats', 'xid bigint, node int, startqueue timestamp, startwork timestamp, endflush timestamp,
	endstage timestamp, endlocal timestamp, startglobal timestamp, endtime timestamp, queuelen bigint, permblocks bigint,
	newblocks bigint, dirtyblocks bigint, headers bigint, numxids int, oldestxid bigint, extwritelatency bigint,
	metadatawritten int, tombstonedblocks bigint, tossedblocks bigint, batched_by bigint', 'superusers');
SELECT rs.empty_view('stl_vacuum', 'userid int, xid bigint, table_id int, status char(30), rows bigint, sortedrows int,
	blocks int, max_merge_partitions int, eventtime timestamp, reclaimable_rows bigint, reclaimable_space_mb bigint,
	cutoff_xid bigint, is_recluster int', 'superusers');

SELECT rs.empty_view('stv_blocklist', 'slice int, col int, tbl int, blocknum int, num_values int, extended_limits int,
	minvalue bigint, maxvalue bigint, sb_pos int, pinned int, on_disk int, modified int, hdr_modified int, unsorted int,
	tombstone int, preferred_diskno int, temporary int, newblock int, num_readers int, flags int', 'superusers');
SELECT rs.empty_view('stv_partitions', 'owner int, host int, diskno int, part_begin bigint, part_end bigint, used int,
	tossed int, capacity int, reads bigint, writes bigint, seek_forward int, seek_back int, is_san int, failed int, mbps int,
	mount char(256)', 'superusers');
SELECT rs.empty_view('stv_active_cursors', 'userid int, name char(256), xid bigint, pid int, starttime timestamp,
	row_count bigint, byte_count bigint, fetched_rows bigint', 'everybody');
SELECT rs.empty_view('stv_wlm_classification_config', 'id int, condition char(128), action_seq int, action char(64),
	action_service_class int', 'superusers');
SELECT rs.empty_view('stv_wlm_service_class_config', 'service_class int, queueing_strategy char(32), num_query_tasks int,
	target_num_query_tasks int, evictable char(8), eviction_threshold bigint, query_working_mem int,
	target_query_working_mem int, min_step_mem int, name char(64), max_execution_time bigint, user_group_wild_card boolean,
	query_group_wild_card boolean, concurrency_scaling char(20), query_priority char(20), user_role_wild_card boolean',
	'superusers');
SELECT rs.empty_view('stv_wlm_service_class_state', 'service_class int, num_queued_queries int, num_executing_queries int,
	num_serviced_queries int, num_executed_queries int, num_evicted_queries int, num_concurrency_scaling_queries int',
	'superusers');
SELECT rs.empty_view('pg_library', 'name name, language_oid oid, file_store_id int, owner int', 'everybody');

SELECT rs.empty_view('stl_dist', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, packets int', 'everybody');
SELECT rs.empty_view('stl_bcast', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, packets int', 'everybody');
SELECT rs.empty_view('stl_stream_segs', 'userid int, query int, stream int, segment int, query_uuid char(36)', 'everybody');
SELECT rs.empty_view('svcs_stream_segs', 'userid int, query int, stream int, segment int', 'everybody');
SELECT rs.empty_view('stl_query_metrics', 'userid int, service_class int, query int, segment int, step_type int,
	starttime timestamp, slices int, max_rows bigint, rows bigint, max_cpu_time bigint, cpu_time bigint,
	max_blocks_read int, blocks_read bigint, max_run_time bigint, run_time bigint, max_blocks_to_disk bigint,
	blocks_to_disk bigint, step int, max_query_scan_size bigint, query_scan_size bigint, query_priority int,
	query_queue_time bigint, service_class_name char(64)', 'everybody');
SELECT rs.empty_view('stv_query_metrics', 'userid int, service_class int, query int, starttime timestamp, slices int,
	segment int, step_type int, rows bigint, max_rows bigint, cpu_time bigint, max_cpu_time bigint, blocks_read bigint,
	max_blocks_read bigint, run_time bigint, max_run_time bigint, max_blocks_to_disk bigint, blocks_to_disk bigint,
	step int, max_query_scan_size bigint, query_scan_size bigint, query_priority int, query_queue_time bigint',
	'everybody');
SELECT rs.empty_view('svl_query_metrics_summary', 'userid int, query int, service_class int, query_cpu_time bigint,
	query_blocks_read bigint, query_execution_time bigint, query_cpu_usage_percent numeric(38,2),
	query_temp_blocks_to_disk bigint, segment_execution_time bigint, cpu_skew numeric(38,2), io_skew numeric(38,2),
	scan_row_count bigint, join_row_count bigint, nested_loop_join_row_count bigint, return_row_count bigint,
	spectrum_scan_row_count bigint, spectrum_scan_size_mb bigint, query_queue_time bigint', 'everybody');
SELECT rs.empty_view('stv_exec_state', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	currenttime timestamp, tasknum int, rows bigint, bytes bigint, label char(256), is_diskbased char(1), workmem bigint,
	num_parts int, is_rrscan char(1), is_delayed_scan char(1), query_uuid char(36)', 'everybody');
SELECT rs.empty_view('sys_child_query_text', 'user_id int, query_id bigint, child_query_sequence int, sequence int,
	text char(200), query_uuid char(36)', 'everybody');
SELECT rs.empty_view('stl_analyze', 'userid int, xid bigint, database char(30), table_id int, status char(15), rows float8,
	modified_rows float8, threshold_percent int, is_auto char(1), starttime timestamp, endtime timestamp,
	prevtime timestamp, num_predicate_cols int, num_new_predicate_cols int, is_background char(1),
	auto_analyze_phase char(100), schema_name char(128), table_name char(136)', 'superusers');
SELECT rs.empty_view('sys_analyze_history', 'user_id int, transaction_id bigint, database_name char(30), schema_name char(30),
	table_name char(30), table_id int, is_automatic char(1), status char(15), start_time timestamp, end_time timestamp,
	rows float8, modified_rows float8, analyze_threshold_percent int, last_analyze_time timestamp', 'superusers');
SELECT rs.empty_view('stl_analyze_compression', 'userid int, start_time timestamp, xid bigint, tbl int, tablename char(128),
	col int, old_encoding char(15), new_encoding char(15), mode char(14), best_compression_encoding char(15),
	recommended_bytes char(15), best_compression_bytes char(15), ndv bigint', 'everybody');
SELECT rs.empty_view('svl_stored_proc_messages', 'userid int, session_userid int, pid int, xid bigint, query int,
	recordtime timestamp, loglevel int, loglevel_text char(10), message char(1024), linenum int, querytext char(500),
	label char(320), aborted int, message_xid bigint', 'everybody');
SELECT rs.empty_view('sys_procedure_messages', 'transaction_id bigint, query_id int, record_time timestamp, log_level char(10),
	message char(1024), line_number int, query_uuid char(36)', 'everybody');
SELECT rs.empty_view('stv_wlm_query_task_state', 'service_class int, task int, query int, slot_count int,
	start_time timestamp, exec_time bigint', 'everybody');
SELECT rs.empty_view('stv_wlm_query_queue_state', 'service_class int, position int, task int, query int, slot_count int,
	start_time timestamp, queue_time bigint', 'everybody');

-- Steps of queries that only a cluster has, what is said of them, and work that is not recorded here.
SELECT rs.empty_view('stl_aggr', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, slots int, occupied int, maxlength int, tbl int,
	is_diskbased char(1), workmem bigint, type char(6), resizes int, flushable int', 'everybody');
SELECT rs.empty_view('stl_hash', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, slots int, occupied int, maxlength int, tbl int,
	is_diskbased char(1), workmem bigint, num_parts int, est_rows bigint, num_blocks_permitted int, resizes int,
	checksum bigint, runtime_filter_size int, max_runtime_filter_size int', 'everybody');
SELECT rs.empty_view('stl_hashjoin', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, tbl int, num_parts int, join_type int, hash_looped char(1),
	switched_parts char(1), used_prefetching char(1), hash_segment int, hash_step int, checksum bigint, distribution int',
	'everybody');
SELECT rs.empty_view('stl_limit', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, checksum bigint', 'everybody');
SELECT rs.empty_view('stl_merge', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint', 'everybody');
SELECT rs.empty_view('stl_mergejoin', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, tbl int, checksum bigint', 'everybody');
SELECT rs.empty_view('stl_mv_state', 'userid bigint, starttime timestamp, xid bigint, event_desc char(500),
	db_name char(128), base_table_schema char(128), base_table_name char(128), mv_schema char(128), mv_name char(128),
	state char(32)', 'everybody');
SELECT rs.empty_view('stl_nestloop', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, tbl int, checksum bigint', 'everybody');
SELECT rs.empty_view('stl_parse', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint', 'everybody');
SELECT rs.empty_view('stl_project', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, checksum bigint', 'everybody');
SELECT rs.empty_view('stl_return', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, packets int, checksum bigint', 'everybody');
SELECT rs.empty_view('stl_s3client', 'userid int, query int, slice int, recordtime timestamp, pid int,
	http_method char(64), bucket char(64), key char(256), transfer_size bigint, data_size bigint, start_time bigint,
	end_time bigint, transfer_time bigint, compression_time bigint, connect_time bigint, app_connect_time bigint,
	retries bigint, request_id char(32), extended_request_id char(128), ip_address char(64), is_partial int,
	start_offset bigint, query_uuid char(36)', 'everybody');
SELECT rs.empty_view('stl_s3client_error', 'userid int, query int, sliceid int, recordtime timestamp, pid int,
	http_method char(64), bucket char(64), key char(256), error char(1024), is_partial int, start_offset bigint',
	'everybody');
SELECT rs.empty_view('stl_save', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, tbl int, is_diskbased char(1), workmem bigint',
	'everybody');
SELECT rs.empty_view('stl_sort', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, bytes bigint, tbl int, is_diskbased char(1), workmem bigint,
	checksum bigint', 'everybody');
SELECT rs.empty_view('stl_sshclient_error', 'userid int, query int, slice int, recordtime timestamp, pid int,
	ssh_username char(1024), endpoint char(1024), command char(4096), error char(1024)', 'everybody');
SELECT rs.empty_view('stl_unique', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, type char(6), is_diskbased char(1), slots int, workmem bigint,
	max_buffers_used bigint, resizes int, occupied int, flushable int, used_unique_prefetching char(1), bytes bigint',
	'everybody');
SELECT rs.empty_view('stl_window', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, is_diskbased char(1), workmem bigint', 'everybody');
SELECT rs.empty_view('stv_tbl_trans', 'slice int, id int, rows bigint, size bigint, query_id bigint, ref_cnt int,
	from_suspended int, prep_swap int', 'superusers');
SELECT rs.empty_view('svcs_alert_event_log', 'userid int, query int, segment int, step int, pid int, xid bigint,
	event char(1024), solution char(1024), event_time timestamp', 'everybody');
SELECT rs.empty_view('svcs_compile', 'userid int, xid bigint, pid int, query int, segment int, locus int,
	starttime timestamp, endtime timestamp, compile int', 'everybody');
SELECT rs.empty_view('svcs_explain', 'userid int, query int, nodeid int, parentid int, plannode char(400),
	info char(400)', 'everybody');
SELECT rs.empty_view('svcs_plan_info', 'userid int, query int, nodeid int, segment int, step int, locus int,
	plannode int, startupcost float8, totalcost float8, rows bigint, bytes bigint', 'everybody');
SELECT rs.empty_view('svl_compile', 'userid int, xid bigint, pid int, query int, segment int, locus int,
	starttime timestamp, endtime timestamp, compile int', 'everybody');
SELECT rs.empty_view('svl_query_metrics', 'userid int, query int, service_class int, dimension varchar(24), segment int,
	step int, step_label varchar(30), query_cpu_time bigint, query_blocks_read bigint, query_execution_time bigint,
	query_cpu_usage_percent bigint, query_temp_blocks_to_disk bigint, segment_execution_time bigint,
	cpu_skew numeric(38,2), io_skew numeric(38,2), scan_row_count bigint, join_row_count bigint,
	nested_loop_join_row_count bigint, return_row_count bigint, spectrum_scan_row_count bigint,
	spectrum_scan_size_mb bigint, query_queue_time bigint', 'everybody');
SELECT rs.empty_view('svl_query_queue_info', 'database text, query int, xid bigint, userid int, querytxt text,
	queue_start_time timestamp, exec_start_time timestamp, service_class int, slots int, queue_elapsed bigint,
	exec_elapsed bigint, wlm_total_elapsed bigint, commit_queue_elapsed bigint, commit_exec_time bigint,
	service_class_name char(64)', 'superusers');
SELECT rs.empty_view('svl_terminate', 'pid int, eventtime timestamp, userid int, type text', 'superusers');
SELECT rs.empty_view('svl_vacuum_percentage', 'xid bigint, table_id int, percentage bigint', 'superusers');
SELECT rs.empty_view('svv_query_state', 'userid int, query int, seg int, step int, maxtime interval, avgtime interval,
	rows bigint, bytes bigint, cpu bigint, memory bigint, rate_row float8, rate_byte float8, label char(25),
	is_diskbased char(1), workmem bigint, num_parts int, is_rrscan char(1), is_delayed_scan char(1)', 'everybody');
SELECT rs.empty_view('svv_vacuum_progress', 'table_name text, status text, time_remaining_estimate text', 'superusers');
SELECT rs.empty_view('svv_vacuum_summary', 'table_name text, xid bigint, sort_partitions bigint, merge_increments bigint,
	elapsed_time bigint, row_delta bigint, sortedrow_delta bigint, block_delta int, max_merge_partitions int',
	'superusers');
SELECT rs.empty_view('sys_analyze_compression_history', 'user_id int, start_time timestamp, transaction_id bigint,
	table_id int, table_name char(128), column_position int, old_encoding char(15), new_encoding char(15), mode char(14)',
	'everybody');
SELECT rs.empty_view('sys_applied_masking_policy_log', 'policy_name text, user_id text, record_time timestamp,
	session_id int, transaction_id bigint, query_id int, database_name text, relation_name text, schema_name text,
	attachment_id bigint, relation_kind text, query_uuid char(36)', 'everybody');
SELECT rs.empty_view('sys_mv_state', 'user_id bigint, transaction_id bigint, database_name char(128),
	event_desc char(500), start_time timestamp, base_table_database_name char(128), base_table_schema char(128),
	base_table_name char(128), mv_schema char(128), mv_name char(128), state char(32)', 'everybody');
SELECT rs.empty_view('sys_query_explain', 'user_id int, query_id bigint, child_query_sequence int, plan_node_id int,
	plan_parent_id int, plan_node char(400), plan_info char(400), query_uuid char(36)', 'everybody');
SELECT rs.empty_view('sys_vacuum_history', 'user_id int, transaction_id bigint, query_id bigint, database_name text,
	schema_name text, table_name text, table_id int, vacuum_type varchar, is_automatic boolean, status varchar,
	start_time timestamp, end_time timestamp, record_time timestamp, duration int, rows_before_vacuum bigint,
	size_before_vacuum int, reclaimable_rows bigint, reclaimed_rows bigint, reclaimed_blocks bigint,
	sortedrows_before_vacuum int, sortedrows_after_vacuum int', 'everybody');
SELECT rs.empty_view('pg_statistic_indicator', 'stairelid oid, stairows float8, staiins float8, staidels float8',
	'superusers');

-- What a cluster does, is limited to and keeps on its disks.
SELECT rs.empty_view('stl_disk_full_diag', 'currenttime bigint, node_num bigint, query_id bigint, temp_blocks bigint',
	'superusers');
SELECT rs.empty_view('stl_restarted_sessions', 'currenttime timestamp, dbname char(50), newpid int, oldpid int,
	username char(50), remotehost char(45), remoteport char(32), parkedtime timestamp, session_vars char(2000)',
	'everybody');
SELECT rs.empty_view('stl_schema_quota_violations', 'ownerid int, xid bigint, pid int, userid int, schema_id int,
	schema_name char(128), quota int, disk_usage int, disk_usage_pct float8, timestamp timestamp', 'everybody');
SELECT rs.empty_view('stl_usage_control', 'eventtime timestamp, query int, xid bigint, pid int, usage_limit_id char(40),
	feature_type char(30)', 'superusers');
SELECT rs.empty_view('stl_wlm_error', 'userid int, recordtime timestamp, pid int, error_string char(256)', 'everybody');
SELECT rs.empty_view('stl_wlm_rule_action', 'userid int, query int, service_class int, rule char(256), action char(256),
	recordtime timestamp, action_value char(256), service_class_name char(64)', 'everybody');
SELECT rs.empty_view('stv_cursor_configuration', 'current_cursor_count int, max_diskspace_usable int,
	current_diskspace_used int', 'superusers');
SELECT rs.empty_view('stv_node_storage_capacity', 'node int, used int, capacity int', 'superusers');
SELECT rs.empty_view('stv_startup_recovery_state', 'db_id int, table_id int, table_name char(137)', 'everybody');
SELECT rs.empty_view('stv_wlm_qmr_config', 'service_class int, rule_name char(256), action char(256),
	metric_name char(256), metric_operator char(256), metric_value float8, action_value char(256)', 'superusers');
SELECT rs.empty_view('stv_xrestore_alter_queue_state', 'userid int, db_id int, schema char(128), table_name char(128),
	tbl int, status char(64), task_type int', 'superusers');
SELECT rs.empty_view('svcs_concurrency_scaling_usage', 'start_time timestamp, end_time timestamp, queries bigint,
	usage_in_seconds numeric(27,0)', 'superusers');
SELECT rs.empty_view('svl_auto_worker_action', 'table_id int, type char(32), status char(128), eventtime timestamp,
	sequence int, previous_state char(200)', 'superusers');
SELECT rs.empty_view('svl_restore_alter_table_progress', 'tbl int, progress char(32), message char(256)', 'superusers');
SELECT rs.empty_view('svv_active_cursors', 'user_id int, cursor_name varchar(128), transaction_id bigint, session_id int,
	declare_time timestamp, total_bytes bigint, total_rows bigint, fetched_rows bigint,
	cursor_storage_limit_used_percent int', 'everybody');
SELECT rs.empty_view('svv_alter_table_recommendations', 'type char(30), database char(128), table_id int, group_id int,
	ddl char(1024), auto_eligible char(1)', 'superusers');
SELECT rs.empty_view('svv_diskusage', 'db_id int, name char(72), slice int, col int, tbl int, blocknum int,
	num_values int, minvalue bigint, maxvalue bigint, sb_pos int, pinned int, on_disk int, modified int, hdr_modified int,
	unsorted int, tombstone int, preferred_diskno int, temporary int, newblock int', 'superusers');
SELECT rs.empty_view('svv_identity_providers', 'uid int, name text, type text, instanceid text, namespc text,
	params text, enabled boolean', 'superusers');
SELECT rs.empty_view('svv_redshift_schema_quota', 'database_name char(128), schema_name char(128), schema_owner int,
	quota int, disk_usage int', 'everybody');
SELECT rs.empty_view('svv_schema_quota_state', 'schema_id int, schema_name char(128), schema_owner int, quota int,
	disk_usage int, disk_usage_pct float8', 'everybody');
SELECT rs.empty_view('sys_automatic_optimization', 'session_id int, database_name char(128), object_type char(30),
	object_ids char(512), task_type char(100), event char(50), event_time timestamp, status char(512),
	compute_type char(100), task_details char(512)', 'superusers');
SELECT rs.empty_view('sys_auto_table_optimization', 'transaction_id bigint, session_id int, table_id int,
	alter_table_type char(32), status char(128), event_time timestamp, alter_from char(200)', 'superusers');
SELECT rs.empty_view('sys_extra_compute_for_automatic_optimization', 'start_time timestamp, end_time timestamp,
	query_count bigint, compute_seconds numeric(27,0)', 'superusers');
SELECT rs.empty_view('sys_restore_log', 'event_time timestamp, database_name char(128), schema_name char(128),
	table_name char(128), table_id int, action char(128), table_size bigint, total_data_processed bigint,
	delta_data_processed bigint, message char(512), redistribution_type char(32)', 'superusers');
SELECT rs.empty_view('sys_restore_state', 'user_id int, database_name char(64), schema_id int, table_id int,
	table_name char(128), redistribution_status char(128), percentage_redistributed float8, redistribution_type char(32)',
	'superusers');
SELECT rs.empty_view('sys_schema_quota_violations', 'owner_id int, user_id int, transaction_id bigint, session_id int,
	schema_id int, schema_name char(128), quota int, disk_usage int, record_time timestamp', 'everybody');
SELECT rs.empty_view('sys_serverless_usage', 'start_time timestamp, end_time timestamp, compute_seconds float8,
	compute_capacity float8, data_storage bigint, cross_region_transferred_data bigint, charged_seconds bigint,
	charged_extra_compute_for_automatic_optimization_seconds bigint', 'superusers');

-- Files, streams and other databases that are read where they lie, and functions that run elsewhere.
SELECT rs.empty_view('svcs_s3list', 'query int, segment int, node int, eventtime timestamp, bucket char(256),
	prefix char(256), recursive char(1), retrieved_files int, max_file_size bigint, avg_file_size float8,
	generated_splits int, avg_split_length float8, duration bigint', 'everybody');
SELECT rs.empty_view('svcs_s3log', 'pid int, query int, segment int, step int, node int, eventtime timestamp,
	message char(512)', 'everybody');
SELECT rs.empty_view('svcs_s3partition_summary', 'query int, segment int, assignment char(1), min_starttime timestamp,
	max_endtime timestamp, min_duration bigint, max_duration bigint, avg_duration bigint, total_partitions int,
	qualified_partitions int, min_assigned_partitions int, max_assigned_partitions int, avg_assigned_partitions bigint',
	'everybody');
SELECT rs.empty_view('svcs_s3query_summary', 'userid int, query int, xid bigint, pid int, segment int, step int,
	starttime timestamp, endtime timestamp, elapsed int, aborted int, external_table_name char(136), file_format char(16),
	is_partitioned char(1), is_rrscan char(1), is_nested varchar(1), s3_scanned_rows bigint, s3_scanned_bytes bigint,
	s3query_returned_rows bigint, s3query_returned_bytes bigint, files int, files_max int, files_avg int, splits bigint,
	splits_max int, splits_avg bigint, total_split_size bigint, max_split_size bigint, avg_split_size bigint,
	total_retries bigint, max_retries int, max_request_duration bigint, avg_request_duration bigint,
	max_request_parallelism int, avg_request_parallelism float8, total_slowdown_count bigint, max_slowdown_count int',
	'everybody');
SELECT rs.empty_view('svl_federated_query', 'userid int, xid bigint, pid int, query int, sourcetype char(32),
	recordtime timestamp, querytext char(4000), num_rows bigint, num_bytes bigint, duration bigint', 'everybody');
SELECT rs.empty_view('svl_s3list', 'query int, segment int, node int, slice int, eventtime timestamp, bucket text,
	prefix text, recursive char(1), retrieved_files int, max_file_size bigint, avg_file_size float8, generated_splits int,
	avg_split_length float8, duration bigint', 'everybody');
SELECT rs.empty_view('svl_s3log', 'pid int, query int, segment int, step int, node int, slice int, eventtime timestamp,
	message text', 'everybody');
SELECT rs.empty_view('svl_s3partition', 'query int, segment int, node int, slice int, starttime timestamp,
	endtime timestamp, duration bigint, total_partitions int, qualified_partitions int, assigned_partitions int,
	assignment char(1)', 'everybody');
SELECT rs.empty_view('svl_s3partition_summary', 'query int, segment int, assignment char(1), min_starttime timestamp,
	max_endtime timestamp, min_duration bigint, max_duration bigint, avg_duration bigint, total_partitions int,
	qualified_partitions int, min_assigned_partitions int, max_assigned_partitions int, avg_assigned_partitions bigint',
	'everybody');
SELECT rs.empty_view('svl_s3query', 'userid int, query int, segment int, step int, node int, slice int,
	starttime timestamp, endtime timestamp, elapsed int, external_table_name char(136), is_partitioned char(1),
	is_rrscan char(1), s3_scanned_rows bigint, s3_scanned_bytes bigint, s3query_returned_rows bigint,
	s3query_returned_bytes bigint, files int, splits int, total_split_size bigint, max_split_size bigint,
	total_retries int, max_retries int, max_request_duration int, avg_request_duration float8,
	max_request_parallelism int, avg_request_parallelism float8', 'everybody');
SELECT rs.empty_view('svl_s3query_summary', 'userid int, query int, xid bigint, pid int, segment int, step int,
	starttime timestamp, endtime timestamp, elapsed int, aborted int, external_table_name char(136), file_format char(16),
	is_partitioned char(1), is_rrscan char(1), is_nested char(1), s3_scanned_rows bigint, s3_scanned_bytes bigint,
	s3query_returned_rows bigint, s3query_returned_bytes bigint, files int, files_max int, files_avg int, splits int,
	splits_max int, splits_avg int, total_split_size bigint, max_split_size bigint, avg_split_size bigint,
	total_retries int, max_retries int, max_request_duration int, avg_request_duration float8,
	max_request_parallelism int, avg_request_parallelism float8, total_slowdown_count bigint, max_slowdown_count int',
	'everybody');
SELECT rs.empty_view('svl_s3retries', 'query int, segment int, node int, slice int, eventtime timestamp, retries int,
	successful_fetches int, file_size bigint, location text, message text', 'everybody');
SELECT rs.empty_view('svl_spectrum_scan_error', 'userid int, query int, location char(128), rowid char(128),
	colname char(128), original_value char(128), modified_value char(128), trigger char(128), action char(128),
	action_value char(128), error_code int', 'everybody');
SELECT rs.empty_view('svl_udf_log', 'query bigint, message char(4096), created timestamp, traceback char(4096),
	funcname char(256), node int, slice int, seq int', 'everybody');
SELECT rs.empty_view('sys_external_query_detail', 'user_id int, query_id bigint, transaction_id bigint,
	child_query_sequence int, segment_id int, source_type char(32), start_time timestamp, end_time timestamp,
	duration bigint, total_partitions int, qualified_partitions int, scanned_files bigint, returned_rows bigint,
	returned_bytes bigint, file_format text, file_location text, external_query_text text, warning_message char(4000),
	table_name char(136), is_recursive char(1), is_nested char(1), s3list_time bigint, get_partition_time bigint,
	query_uuid char(36)',
	'everybody');
SELECT rs.empty_view('sys_external_query_error', 'user_id int, query_id bigint, file_location char(256),
	rowid char(2100), column_name char(127), original_value char(1024), modified_value char(1024), trigger char(128),
	action char(128), action_value char(128), error_code int, query_uuid char(36)', 'everybody');
SELECT rs.empty_view('sys_ludf_detail', 'user_id int, transaction_id bigint, query_id bigint, function_oid bigint,
	function_position int, stream_id int, segment_id int, step_id int, lambda_function_name char(256),
	start_time timestamp, end_time timestamp, total_duration bigint, invocations int, total_rows bigint,
	input_bytes bigint, output_bytes bigint, query_uuid char(36)', 'superusers');
SELECT rs.empty_view('sys_stream_scan_errors', 'external_schema_name char(128), stream_name char(255), mv_name char(128),
	transaction_id bigint, query_id bigint, stream_timestamp_type char(1), stream_timestamp timestamp,
	record_time timestamp, partition_id char(128), position char(128), error_code int, error_reason char(128)',
	'everybody');
SELECT rs.empty_view('sys_stream_scan_states', 'external_schema_name char(128), stream_name char(255), mv_name char(128),
	transaction_id bigint, query_id bigint, record_time timestamp, partition_id char(128), latest_position char(128),
	scanned_rows bigint, skipped_rows bigint, scanned_bytes bigint, stream_record_time_min timestamp,
	stream_record_time_max timestamp', 'everybody');
SELECT rs.empty_view('sys_udf_log', 'query_id bigint, function_name text, record_time timestamp, sequence int,
	message text, query_uuid char(36)', 'superusers');

-- Datashares.
SELECT rs.empty_view('svl_datashare_change_log', 'userid int, username varchar(128), pid int, xid bigint, share_id int,
	share_name varchar(128), source_database_id int, source_database_name varchar(128), consumer_database_id int,
	consumer_database_name varchar(128), arn varchar(192), recordtime timestamp, action varchar(128), status int,
	share_object_type varchar(64), share_object_id int, share_object_name varchar(128), target_user_type varchar(16),
	target_userid int, target_username varchar(128), consumer_account varchar(16), consumer_namespace varchar(64),
	producer_account varchar(16), producer_namespace varchar(64), attribute_name varchar(64),
	attribute_value varchar(128), message varchar(512)', 'everybody');
SELECT rs.empty_view('svl_datashare_cross_region_usage', 'query int, segment bigint, start_time timestamp,
	end_time timestamp, transferred_data bigint, source_region char(25), recordtime timestamp', 'everybody');
SELECT rs.empty_view('svl_datashare_usage_consumer', 'userid int, pid int, xid bigint, request_id varchar(50),
	request_type varchar(25), transaction_uid varchar(50), recordtime timestamp, status int, error varchar(512)',
	'everybody');
SELECT rs.empty_view('svl_datashare_usage_producer', 'share_id int, share_name varchar(128), request_id varchar(50),
	request_type varchar(25), object_type varchar(64), object_oid int, object_name varchar(128),
	consumer_account varchar(16), consumer_namespace varchar(64), consumer_transaction_uid varchar(50),
	recordtime timestamp, status int, error varchar(512), consumer_region char(64)', 'everybody');
SELECT rs.empty_view('svv_datashare_privileges', 'datashare_name text, privilege_type text, identity_id int,
	identity_name text, identity_type text, admin_option boolean', 'everybody');
SELECT rs.empty_view('svv_datashare_consumers', 'share_name varchar(128), consumer_account varchar(16),
	consumer_namespace varchar(64), share_date timestamp', 'everybody');
SELECT rs.empty_view('svv_datashare_objects', 'share_type varchar(8), share_name varchar(128), object_type varchar(64),
	object_name varchar(512), producer_account varchar(16), producer_namespace varchar(64), include_new boolean',
	'everybody');
SELECT rs.empty_view('sys_datashare_change_log', 'user_id int, user_name varchar(128), session_id int,
	transaction_id bigint, share_id int, share_name varchar(128), source_database_id int,
	source_database_name varchar(128), consumer_database_id int, consumer_database_name varchar(128), arn varchar(192),
	record_time timestamp, action varchar(128), status int, share_object_type varchar(64), share_object_id int,
	share_object_name varchar(128), target_user_type varchar(16), target_user_id int, target_user_name varchar(128),
	consumer_account varchar(16), consumer_namespace varchar(64), producer_account varchar(16),
	producer_namespace varchar(64), attribute_name varchar(64), attribute_value varchar(128), message varchar(512)',
	'everybody');
SELECT rs.empty_view('sys_datashare_cross_region_usage', 'query_id int, child_query_sequence int, segment_id bigint,
	start_time timestamp, end_time timestamp, transferred_data bigint, source_region char(25),
	query_uuid char(36)', 'superusers');
SELECT rs.empty_view('sys_datashare_usage_consumer', 'user_id int, session_id int, transaction_id bigint,
	request_id varchar(50), request_type varchar(25), transaction_uid varchar(50), record_time timestamp, status int,
	error varchar(512)', 'everybody');
SELECT rs.empty_view('sys_datashare_usage_producer', 'share_id int, share_name varchar(128), request_id varchar(50),
	request_type varchar(25), object_type varchar(64), object_oid int, object_name varchar(128),
	consumer_account varchar(16), consumer_namespace varchar(64), consumer_transaction_uid varchar(50),
	record_time timestamp, status int, error varchar(512), consumer_region char(64)', 'everybody');

-- Models.
SELECT rs.empty_view('stv_ml_model_info', 'schema_name char(128), user_name char(128), model_name char(128),
	life_cycle char(20), is_refreshable int, model_state char(128)', 'everybody');
SELECT rs.empty_view('svv_ml_model_info', 'database_name char(128), schema_name char(128), user_name char(128),
	model_name char(128), life_cycle char(20), is_refreshable int, model_state char(128)', 'everybody');
SELECT rs.empty_view('svv_ml_model_privileges', 'namespace_name text, model_name text, model_version int,
	privilege_type text, identity_id int, identity_name text, identity_type text, admin_option boolean', 'everybody');

-- Zero-ETL integrations and COPY jobs.
SELECT rs.empty_view('svv_copy_job_integrations', 'job_owner int, channel_arn name, bucket text, channel_state name,
	db_name name, job_name text, job_state int', 'everybody');
SELECT rs.empty_view('svv_integration', 'integration_id char(128), target_database char(128), source char(128),
	state char(128), current_lag bigint, last_replicated_checkpoint char(128), total_tables_replicated int,
	total_tables_failed int, creation_time timestamp, refresh_interval int, source_database char(128),
	is_history_mode boolean,
	latest_detected_change_time timestamp, latest_applied_change_time timestamp, auto_remediation boolean,
	latest_shipped_source_commit_time timestamp', 'superusers');
SELECT rs.empty_view('svv_integration_table_mapping', 'integration_id char(128), source_database char(128),
	target_database char(128), source_schema_name char(128), target_schema_name char(128), source_table_name char(128),
	target_table_name char(128), source_column_name char(128), target_column_name char(128), source_data_type char(128),
	target_data_type char(128)', 'everybody');
SELECT rs.empty_view('svv_integration_table_state', 'integration_id char(128), target_database char(128),
	schema_name char(128), table_name char(128), table_state char(128), table_last_replicated_checkpoint char(128),
	reason char(256), last_updated_timestamp timestamp, table_rows bigint, table_size bigint, is_history_mode boolean',
	'superusers');
SELECT rs.empty_view('sys_copy_job', 'job_id bigint, job_name char(128), iam_role char(128), job_text char(256),
	is_auto int, on_error_suspend int', 'everybody');
SELECT rs.empty_view('sys_copy_job_detail', 'user_id int, database_name text, job_id int, job_name text,
	file_location text, file_name text, file_size bigint, file_etag text, job_text char(256), modification_time timestamp,
	enqueue_time timestamp, status char(1)', 'everybody');
SELECT rs.empty_view('sys_copy_job_info', 'job_id bigint, job_name char(128), database_name char(128),
	record_time timestamp, message char(512)', 'everybody');
SELECT rs.empty_view('sys_integration_activity', 'integration_id char(128), target_database char(128), source char(128),
	checkpoint_name char(128), checkpoint_type char(16), checkpoint_bytes bigint, last_commit_timestamp timestamp,
	modified_tables int, integration_start_time timestamp, integration_end_time timestamp', 'superusers');
SELECT rs.empty_view('sys_integration_table_activity', 'integration_id char(128), checkpoint_name char(128),
	target_database char(128), schema_name char(128), table_name char(128), table_id int, record_time timestamp,
	transaction_id bigint, inserted_rows bigint, deleted_rows bigint, updated_rows bigint, bytes_ingested bigint',
	'superusers');
SELECT rs.empty_view('sys_integration_table_state_change', 'integration_id char(128), database_name char(128),
	schema_name char(128), table_name char(128), new_state char(128), table_last_replicated_checkpoint char(128),
	state_change_reason char(256), record_time timestamp', 'superusers');

-- GEOMETRY and GEOGRAPHY.
SELECT rs.empty_view('svl_spatial_simplify', 'query int, line_number int, maximum_tolerance float8, initial_size int,
	simplified char(1), final_size int, final_tolerance float8', 'everybody');
SELECT rs.empty_view('svv_geography_columns', 'f_table_catalog varchar(128), f_table_schema varchar(128),
	f_table_name varchar(128), f_geography_column varchar(128), coord_dimension int, srid int, type varchar(128)',
	'everybody');
SELECT rs.empty_view('svv_geometry_columns', 'f_table_catalog varchar(128), f_table_schema varchar(128),
	f_table_name varchar(128), f_geometry_column varchar(128), coord_dimension int, srid int, type varchar(128)',
	'everybody');
SELECT rs.empty_view('sys_spatial_simplify', 'query_id bigint, line_number bigint, maximum_tolerance float8,
	initial_size bigint, simplified char(1), final_size bigint, final_tolerance float8', 'everybody');
