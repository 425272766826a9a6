-- SYS views over the history tables of history.sql. Users see their own rows, superusers all.

-- rs.sys_status is the status of loads and unloads.
CREATE OR REPLACE FUNCTION rs.sys_status(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE $1 WHEN 'running' THEN 'running' WHEN 'success' THEN 'completed' ELSE 'aborted' END
$$;
CREATE OR REPLACE VIEW pg_catalog.sys_query_history AS
	SELECT userid::int AS user_id, query AS query_id, label::char(320) AS query_label, xid AS transaction_id, pid AS session_id,
		database::char(128) AS database_name,
		(CASE WHEN type <> 'QUERY' THEN type WHEN verb = 'CREATE TABLE AS' THEN 'CTAS' WHEN verb = 'WITH' THEN 'SELECT' ELSE verb END)::char(32) AS query_type,
		(CASE status WHEN 'running' THEN 'running' WHEN 'success' THEN 'success' WHEN 'failed' THEN 'failed' ELSE 'canceled' END)::char(10) AS status,
		false AS result_cache_hit, starttime AS start_time, endtime AS end_time,
		(extract(epoch FROM coalesce(endtime, clock_timestamp() AT TIME ZONE 'UTC') - starttime) * 1000000)::bigint AS elapsed_time,
		0::bigint AS queue_time,
		(extract(epoch FROM coalesce(endtime, clock_timestamp() AT TIME ZONE 'UTC') - starttime) * 1000000)::bigint AS execution_time,
		left(error, 512)::char(512) AS error_message, rows AS returned_rows, 0::bigint AS returned_bytes,
		left(text, 4000)::char(4000) AS query_text, 'Redshift 1.0.130000'::char(256) AS redshift_version, NULL::char(150) AS usage_limit,
		'primary'::varchar(32) AS compute_type, 0::bigint AS compile_time, 0::bigint AS planning_time, 0::bigint AS lock_wait_time,
		100 AS service_class_id, ''::char(64) AS service_class_name, 'normal'::char(20) AS query_priority, 'false'::char(10) AS short_query_accelerated,
		NULL::char(40) AS user_query_hash, NULL::char(40) AS generic_query_hash, NULL::int AS query_hash_version, 0 AS result_cache_query_id,
		pg_get_userbyid(userid)::char(128) AS username
	FROM rs.statement;
CREATE OR REPLACE VIEW pg_catalog.sys_query_text AS
	SELECT s.userid::int AS user_id, s.query AS query_id, s.xid AS transaction_id, s.pid AS session_id, s.starttime AS start_time,
		p.sequence, p.piece::char(4000) AS text, NULL::char(36) AS query_uuid
	FROM rs.statement s CROSS JOIN LATERAL rs.pieces(s.text, 4000) p;
CREATE OR REPLACE VIEW pg_catalog.sys_load_history AS
	SELECT userid::int AS user_id, query AS query_id, xid AS transaction_id, pid AS session_id, database AS database_name,
		rs.sys_status(status) AS status, table_name, starttime AS start_time, endtime AS end_time,
		(extract(epoch FROM coalesce(endtime, clock_timestamp() AT TIME ZONE 'UTC') - starttime) * 1000000)::bigint AS duration,
		data_source, file_format, loaded_rows, loaded_bytes, source_file_count, source_file_bytes,
		source_file_count AS file_count_scanned, source_file_bytes AS file_bytes_scanned, error_count, 0::bigint AS copy_job_id
	FROM rs.load_log WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.sys_load_detail AS
	SELECT c.userid::int AS user_id, c.query::int AS query_id, c.filename::char(256) AS file_name, c.bytes_scanned::int AS bytes_scanned,
		c.lines_scanned::int AS lines_scanned, c.curtime AS record_time, 1 AS splits_scanned, l.starttime AS start_time,
		c.curtime AS end_time, NULL::char(256) AS file_etag, NULL::timestamp AS file_last_modified
	FROM rs.load_commit c LEFT JOIN rs.load_log l ON l.query = c.query
	WHERE (SELECT rs.is_superuser()) OR c.userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.sys_load_error_detail AS
	SELECT userid::int AS user_id, query AS query_id, xid AS transaction_id, pid AS session_id, database::char(64) AS database_name,
		tbl::int AS table_id, starttime AS start_time, filename::char(256) AS file_name, line_number, colname::char(127) AS column_name,
		type::char(10) AS column_type, col_length::char(10) AS column_length, position, err_code AS error_code,
		left(err_reason, 512)::char(512) AS error_message
	FROM rs.load_error WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.sys_unload_history AS
	SELECT userid::int AS user_id, query AS query_id, xid AS transaction_id, pid AS session_id, database AS database_name,
		rs.sys_status(status) AS status, starttime AS start_time, endtime AS end_time,
		(extract(epoch FROM coalesce(endtime, clock_timestamp() AT TIME ZONE 'UTC') - starttime) * 1000000)::bigint AS duration,
		file_format, compression_type, location AS unloaded_location, rows AS unloaded_rows, file_count AS unloaded_files_count,
		file_bytes AS unloaded_files_size, error AS error_message
	FROM rs.unload_log WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.sys_unload_detail AS
	SELECT f.userid::int AS user_id, f.query::int AS query_id, f.pid AS session_id, coalesce(u.xid, 0) AS transaction_id,
		f.path::char(1280) AS file_name, f.starttime AS start_time, f.endtime AS end_time, f.line_count, f.transfer_size,
		f.file_format::char(10) AS file_format
	FROM rs.unload_file f LEFT JOIN rs.unload_log u ON u.query = f.query
	WHERE (SELECT rs.is_superuser()) OR f.userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.sys_session_history AS
	SELECT userid::text::char(50) AS user_id, pid AS session_id, dbname::char(50) AS database_name,
		(CASE WHEN endtime IS NULL THEN 'active' ELSE 'closed' END)::char(10) AS status, 0 AS session_timeout,
		starttime AS start_time, endtime AS end_time
	FROM rs.session;
CREATE OR REPLACE VIEW pg_catalog.sys_connection_log AS
	SELECT event, recordtime AS record_time, remotehost AS remote_host, remoteport AS remote_port, pid AS session_id,
		dbname AS database_name, username AS user_name, authmethod AS auth_method, duration, sslversion AS ssl_version,
		sslcipher AS ssl_cipher, mtu, sslcompression AS ssl_compression, sslexpansion AS ssl_expansion,
		iamauthguid AS iam_auth_guid, application_name, driver_version, os_version, plugin_name, protocol_version,
		sessionid AS global_session_id
	FROM pg_catalog.stl_connection_log;

CREATE OR REPLACE VIEW pg_catalog.sys_userlog AS
	SELECT userid AS user_id, username AS user_name, oldusername AS original_user_name, action, usecreatedb AS has_create_db_privs,
		usesuper AS is_superuser, usecatupd AS has_update_catalog_privs, valuntil AS password_expiration, pid AS session_id,
		xid AS transaction_id, recordtime AS record_time
	FROM pg_catalog.stl_userlog;

-- The steps of rs.step, and the levels that they are summed up at.
CREATE OR REPLACE VIEW pg_catalog.sys_query_detail AS
	SELECT s.userid::int AS user_id, s.query AS query_id, 1 AS child_query_sequence, l.stream AS stream_id, l.segment AS segment_id,
		CASE l.level WHEN 'step' THEN s.step ELSE -1 END AS step_id, CASE l.level WHEN 'step' THEN s.name ELSE '' END AS step_name,
		CASE l.level WHEN 'step' THEN s.tbl::int END AS table_id,
		CASE l.level WHEN 'step' THEN format('%s.%s.%s', s.database, s.schema_name, s.table_name) ELSE '' END::char(136) AS table_name,
		'f'::char(1) AS is_rrscan, s.starttime AS start_time, s.endtime AS end_time, s.duration, NULL::text AS alert,
		NULL::bigint AS input_bytes, CASE l.level WHEN 'step' THEN s.rows ELSE 0 END AS input_rows,
		NULL::bigint AS output_bytes, CASE l.level WHEN 'step' THEN s.rows ELSE 0 END AS output_rows,
		NULL::bigint AS blocks_read, NULL::bigint AS blocks_write, NULL::bigint AS local_read_io, NULL::bigint AS remote_read_io,
		NULL::text AS source, NULL::int AS data_skewness, NULL::int AS time_skewness, 'f'::char(1) AS is_active,
		NULL::bigint AS spilled_block_local_disk, NULL::bigint AS spilled_block_remote_disk, ''::char(64) AS step_attribute,
		l.level::char(64) AS metrics_level, NULL::int AS plan_parent_id, NULL::int AS plan_node_id
	FROM rs.step s CROSS JOIN (VALUES ('child query', -1, -1), ('stream', 0, -1), ('segment', 0, 0), ('step', 0, 0)) AS l (level, stream, segment)
	WHERE l.level = 'step' OR s.step = 0;

-- The manual's example gives transactions that were rolled back these values of their commit.
CREATE OR REPLACE VIEW pg_catalog.sys_transaction_history AS
	SELECT userid::int AS user_id, xid AS transaction_id,
		CASE rs.isolation((SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
			WHEN 'serializable' THEN 'Serializable' ELSE 'Snapshot Isolation' END AS isolation_level,
		CASE WHEN committed THEN 'committed' ELSE 'rolledback' END AS status, starttime AS transaction_start_time,
		CASE WHEN committed THEN began ELSE '2000-01-01' END AS commit_start_time, ended AS commit_end_time,
		CASE WHEN NOT committed THEN 0 END::bigint AS blocks_committed, CASE WHEN committed THEN -1 ELSE xid END AS undo_transaction_id
	FROM rs.ended_transaction;

CREATE OR REPLACE VIEW pg_catalog.sys_procedure_call AS
	SELECT session_userid AS session_user_id, userid AS security_user_id, query AS query_id, querytxt AS query_text, starttime AS start_time,
		endtime AS end_time, (CASE aborted WHEN 0 THEN 'success' ELSE 'canceled' END)::char(10) AS status,
		from_sp_call AS caller_procedure_query_id, NULL::char(36) AS query_uuid
	FROM pg_catalog.svl_stored_proc_call;
CREATE OR REPLACE VIEW pg_catalog.sys_mv_refresh_history AS
	SELECT userid::int AS user_id, pid AS session_id, xid AS transaction_id, database::char(128) AS database_name, schema_name::char(128) AS schema_name,
		tbl::bigint AS mv_id, table_name::char(128) AS mv_name, 'Manual'::char(32) AS refresh_type,
		'Refresh successfully recomputed MV from scratch'::text AS status, starttime AS start_time, endtime AS end_time, duration,
		NULL::char(12) AS consumer_account, NULL::char(32) AS consumer_region, NULL::char(36) AS consumer_namespace
	FROM rs.refresh;
CREATE OR REPLACE VIEW pg_catalog.sys_copy_replacements AS
	SELECT userid::int AS user_id, query AS query_id, tbl::int AS table_id, filename::char(256) AS file_name, colname::char(127) AS column_name,
		line_number, left(raw_line, 1024)::char(1024) AS raw_line
	FROM rs.load_replacement WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());

DO $$
DECLARE
	v text;
BEGIN
	FOR v IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND oid >= 16384
			AND relname LIKE 'sys~_%' ESCAPE '~' AND relname NOT IN ('sys_connection_log', 'sys_userlog', 'sys_transaction_history') LOOP
		EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', v);
	END LOOP;
END $$;
