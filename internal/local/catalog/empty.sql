-- What a local warehouse never has rows for, and administrators' scripts ask all the same: the steps of queries, blocks,
-- queues, cursors and libraries.

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
SELECT rs.empty_view('stl_insert', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, tbl int, inserted_mega_value char(1)', 'everybody');
SELECT rs.empty_view('stl_delete', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	endtime timestamp, tasknum int, rows bigint, tbl int', 'everybody');
SELECT rs.empty_view('stl_explain', 'userid int, query int, nodeid int, parentid int, plannode char(400), info char(400)',
	'everybody');
SELECT rs.empty_view('stl_plan_info', 'userid int, query int, nodeid int, segment int, step int, locus int, plannode int,
	startupcost float8, totalcost float8, rows bigint, bytes bigint', 'everybody');
SELECT rs.empty_view('svl_query_summary', 'userid int, query int, stm int, seg int, step int, maxtime bigint, avgtime bigint,
	rows bigint, bytes bigint, rate_row float8, rate_byte float8, label text, is_diskbased char(1), workmem bigint,
	is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint', 'everybody');
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
SELECT rs.empty_view('stl_stream_segs', 'userid int, query int, stream int, segment int', 'everybody');
SELECT rs.empty_view('svcs_stream_segs', 'userid int, query int, stream int, segment int', 'everybody');
SELECT rs.empty_view('stl_query_metrics', 'userid int, service_class int, query int, segment int, step_type int,
	starttime timestamp, slices int, max_rows bigint, rows bigint, max_cpu_time bigint, cpu_time bigint,
	max_blocks_read bigint, blocks_read bigint, max_run_time bigint, run_time bigint, max_blocks_to_disk bigint,
	blocks_to_disk bigint, step int, max_query_scan_size bigint, query_scan_size bigint, query_priority char(20),
	query_queue_time bigint, service_class_name char(64)', 'everybody');
SELECT rs.empty_view('stv_query_metrics', 'userid int, service_class int, query int, starttime timestamp, slices int,
	segment int, step_type int, rows bigint, max_rows bigint, cpu_time bigint, max_cpu_time bigint, blocks_read bigint,
	max_blocks_read bigint, run_time bigint, max_run_time bigint, blocks_to_disk bigint, max_blocks_to_disk bigint,
	step int, max_query_scan_size bigint, query_scan_size bigint, query_priority char(20), query_queue_time bigint,
	service_class_name char(64)', 'everybody');
SELECT rs.empty_view('svl_query_metrics_summary', 'userid int, query int, service_class int, query_cpu_time bigint,
	query_blocks_read bigint, query_execution_time bigint, query_cpu_usage_percent numeric(38,2),
	query_temp_blocks_to_disk bigint, segment_execution_time bigint, cpu_skew numeric(38,2), io_skew numeric(38,2),
	scan_row_count bigint, join_row_count bigint, nested_loop_join_row_count bigint, return_row_count bigint,
	spectrum_scan_row_count bigint, spectrum_scan_size_mb bigint, query_queue_time bigint', 'everybody');
SELECT rs.empty_view('stv_exec_state', 'userid int, query int, slice int, segment int, step int, starttime timestamp,
	currenttime timestamp, tasknum int, rows bigint, bytes bigint, label char(256), is_diskbased char(1), workmem bigint,
	num_parts int, is_rrscan char(1), is_delayed_scan char(1)', 'everybody');
SELECT rs.empty_view('sys_child_query_text', 'user_id int, query_id bigint, child_query_sequence int, sequence int,
	text char(200)', 'everybody');
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
	message char(1024), line_number int', 'everybody');
SELECT rs.empty_view('stv_wlm_query_task_state', 'service_class int, task int, query int, slot_count int,
	start_time timestamp, exec_time bigint', 'everybody');
SELECT rs.empty_view('stv_wlm_query_queue_state', 'service_class int, position int, task int, query int, slot_count int,
	start_time timestamp, queue_time bigint', 'everybody');
