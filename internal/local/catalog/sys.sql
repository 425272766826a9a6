-- SYS views over the history tables of history.sql. Users see their own rows, superusers all.

-- rs.sys_status is the status of loads and unloads.
CREATE OR REPLACE FUNCTION rs.sys_status(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE $1 WHEN 'running' THEN 'running' WHEN 'success' THEN 'completed' ELSE 'aborted' END
$$;
CREATE OR REPLACE VIEW pg_catalog.sys_query_history AS
	SELECT userid::int AS user_id, query AS query_id, label::char(320) AS query_label, xid AS transaction_id, pid AS session_id,
		database::char(128) AS database_name, (CASE type WHEN 'QUERY' THEN verb ELSE type END)::char(32) AS query_type,
		(CASE status WHEN 'running' THEN 'running' WHEN 'success' THEN 'success' WHEN 'failed' THEN 'failed' ELSE 'canceled' END)::char(10) AS status,
		false AS result_cache_hit, starttime AS start_time, endtime AS end_time,
		(extract(epoch FROM coalesce(endtime, clock_timestamp() AT TIME ZONE 'UTC') - starttime) * 1000000)::bigint AS elapsed_time,
		0::bigint AS queue_time,
		(extract(epoch FROM coalesce(endtime, clock_timestamp() AT TIME ZONE 'UTC') - starttime) * 1000000)::bigint AS execution_time,
		left(error, 512)::char(512) AS error_message, rows AS returned_rows, 0::bigint AS returned_bytes,
		left(text, 4000)::char(4000) AS query_text, 'Redshift 1.0.130000'::char(256) AS redshift_version, NULL::char(150) AS usage_limit,
		'primary'::varchar(32) AS compute_type, 0::bigint AS compile_time, 0::bigint AS planning_time, 0::bigint AS lock_wait_time
	FROM rs.statement;
CREATE OR REPLACE VIEW pg_catalog.sys_query_text AS
	SELECT s.userid::int AS user_id, s.query AS query_id, s.xid AS transaction_id, s.pid AS session_id, s.starttime AS start_time,
		p.sequence, p.piece::char(4000) AS text
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

DO $$
DECLARE
	v text;
BEGIN
	FOR v IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND oid >= 16384
			AND relname LIKE 'sys~_%' ESCAPE '~' AND relname NOT IN ('sys_connection_log', 'sys_userlog') LOOP
		EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', v);
	END LOOP;
END $$;
