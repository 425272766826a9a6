-- STL, SVL and SYS views over the history tables of history.sql. Users see their own rows, superusers all.

-- rs.statement: each statement with its kind, as STL_QUERY, STL_DDLTEXT and STL_UTILITYTEXT divide them.
CREATE OR REPLACE VIEW rs.statement AS
	SELECT q.*, CASE
			WHEN q.verb IN ('SELECT', 'WITH', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY', 'UNLOAD', 'CREATE TABLE AS', 'ANALYZE', 'REFRESH MATERIALIZED VIEW')
				THEN 'QUERY'
			WHEN q.verb ~ '^(CREATE|ALTER|DROP) (TABLE|SCHEMA|VIEW|MATERIALIZED VIEW|EXTERNAL|LIBRARY|FUNCTION|PROCEDURE)' THEN 'DDL'
			ELSE 'UTILITY' END AS type
	FROM rs.query_log q
	WHERE (SELECT rs.is_superuser()) OR q.userid = (SELECT rs.user_id());

-- rs.pieces cuts a text into rows of n characters, counted from 0. Line ends are kept as the letters \n and \r
-- (Redshift manual, STL_QUERYTEXT).
CREATE OR REPLACE FUNCTION rs.pieces(text, n int, OUT sequence int, OUT piece text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT i, substr(line, i * n + 1, n)
		FROM (SELECT replace(replace($1, chr(10), chr(92) || 'n'), chr(13), chr(92) || 'r') AS line) l,
			generate_series(0, greatest(length(line) - 1, 0) / n) i
$$;

CREATE OR REPLACE VIEW pg_catalog.stl_query AS
	SELECT userid::int AS userid, query::int AS query, label::char(320) AS label, xid, pid, database::char(32) AS database,
		left(text, 4000)::char(4000) AS querytxt, starttime, endtime,
		CASE WHEN status IN ('failed', 'aborted') THEN 1 ELSE 0 END AS aborted, 0 AS insert_pristine, 0 AS concurrency_scaling_status
	FROM rs.statement WHERE type = 'QUERY' AND status <> 'running';
CREATE OR REPLACE VIEW pg_catalog.stl_querytext AS
	SELECT s.userid::int AS userid, s.xid, s.pid, s.query::int AS query, p.sequence, p.piece::char(200) AS text
	FROM rs.statement s CROSS JOIN LATERAL rs.pieces(s.text, 200) p WHERE s.type = 'QUERY';
CREATE OR REPLACE VIEW pg_catalog.stl_ddltext AS
	SELECT s.userid::int AS userid, s.xid, s.pid, s.label::char(320) AS label, s.starttime, s.endtime, p.sequence, p.piece::char(200) AS text
	FROM rs.statement s CROSS JOIN LATERAL rs.pieces(s.text, 200) p WHERE s.type = 'DDL';
CREATE OR REPLACE VIEW pg_catalog.stl_utilitytext AS
	SELECT s.userid::int AS userid, s.xid, s.pid, s.label::char(320) AS label, s.starttime, s.endtime, p.sequence, p.piece::char(200) AS text
	FROM rs.statement s CROSS JOIN LATERAL rs.pieces(s.text, 200) p WHERE s.type = 'UTILITY';
CREATE OR REPLACE VIEW pg_catalog.svl_statementtext AS
	SELECT s.userid::int AS userid, s.xid, s.pid, s.label::char(320) AS label, s.starttime, s.endtime, p.sequence,
		s.type::varchar(10) AS type, p.piece::char(200) AS text
	FROM rs.statement s CROSS JOIN LATERAL rs.pieces(s.text, 200) p;
CREATE OR REPLACE VIEW pg_catalog.svl_qlog AS
	SELECT userid::int AS userid, query::int AS query, xid, pid, starttime, endtime,
		(extract(epoch FROM endtime - starttime) * 1000000)::bigint AS elapsed,
		CASE WHEN status IN ('failed', 'aborted') THEN 1 ELSE 0 END AS aborted, label::char(320) AS label,
		left(text, 60)::char(60) AS substring, NULL::int AS source_query, NULL::text AS concurrency_scaling_status_txt, 0 AS from_sp_call
	FROM rs.statement WHERE type = 'QUERY' AND status <> 'running';
CREATE OR REPLACE VIEW pg_catalog.stl_error AS
	SELECT userid::int AS userid, 'server'::char(12) AS process, endtime AS recordtime, pid, 8001 AS errcode,
		''::char(90) AS file, 0 AS linenum, ''::char(400) AS context, left(error, 512)::char(512) AS error
	FROM rs.statement WHERE error IS NOT NULL;
CREATE OR REPLACE VIEW pg_catalog.stl_connection_log AS
	SELECT event::char(50) AS event, recordtime, remotehost::char(45) AS remotehost, remoteport::char(32) AS remoteport, pid,
		dbname::char(50) AS dbname, username::char(50) AS username, authmethod::char(32) AS authmethod, duration,
		sslversion::char(50) AS sslversion, application_name::char(250) AS application_name
	FROM rs.connection_log WHERE (SELECT rs.is_superuser());

CREATE OR REPLACE VIEW pg_catalog.stl_load_errors AS
	SELECT userid::int AS userid, slice, tbl::int AS tbl, starttime, pid AS session, query::int AS query, filename::char(256) AS filename,
		line_number, colname::char(127) AS colname, type::char(10) AS type, col_length::char(10) AS col_length, position,
		left(raw_line, 1024)::char(1024) AS raw_line, left(raw_field_value, 1024)::char(1024) AS raw_field_value, err_code,
		left(err_reason, 100)::char(100) AS err_reason, is_partial, start_offset, NULL::bigint AS copy_job_id
	FROM rs.load_error WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_loaderror_detail AS
	SELECT userid::int AS userid, slice, pid AS session, query::int AS query, filename::char(256) AS filename, line_number, field,
		left(colname, 1024)::char(1024) AS colname, left(value, 1024)::char(1024) AS value, is_null, type::char(10) AS type,
		col_length::char(10) AS col_length
	FROM rs.load_error_detail WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_load_commits AS
	SELECT userid::int AS userid, query::int AS query, slice, filename::char(256) AS name, filename::char(256) AS filename,
		bytes_scanned::int AS byte_offset, lines_scanned::int AS lines_scanned, errors::int AS errors, curtime, status,
		file_format::char(16) AS file_format, 0 AS is_partial, 0::bigint AS start_offset, NULL::bigint AS copy_job_id
	FROM rs.load_commit WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_replacements AS
	SELECT userid::int AS userid, query::int AS query, slice, tbl::int AS tbl, starttime, pid AS session, filename::char(256) AS filename,
		line_number, colname::char(127) AS colname, left(raw_line, 1024)::char(1024) AS raw_line
	FROM rs.load_replacement WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_unload_log AS
	SELECT userid::int AS userid, query::int AS query, slice, pid, path::char(1280) AS path, starttime AS start_time, endtime AS end_time,
		line_count, transfer_size, file_format::char(10) AS file_format
	FROM rs.unload_file WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.svcs_unload_log AS
	SELECT userid, query, pid, path, start_time, end_time, line_count, transfer_size, file_format FROM pg_catalog.stl_unload_log;

-- SYS views; status is completed where STL says nothing.
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
	SELECT userid::int AS user_id, query AS query_id, filename::char(256) AS file_name, curtime AS record_time, slice AS node_id,
		lines_scanned, bytes_scanned, errors AS error_count, file_format::char(16) AS file_format
	FROM rs.load_commit WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
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
	SELECT userid::int AS user_id, query AS query_id, pid AS session_id, path AS file_name, starttime AS start_time, endtime AS end_time,
		line_count, transfer_size, file_format::char(16) AS file_format
	FROM rs.unload_file WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());

-- What a local warehouse never has rows for, and scripts ask all the same.
CREATE OR REPLACE VIEW pg_catalog.stl_wlm_query AS
	SELECT NULL::int AS userid, NULL::int AS xid, NULL::int AS task, NULL::int AS query, NULL::int AS service_class, NULL::int AS slot_count,
		NULL::timestamp AS service_class_start_time, NULL::timestamp AS queue_start_time, NULL::timestamp AS queue_end_time,
		NULL::bigint AS total_queue_time, NULL::timestamp AS exec_start_time, NULL::timestamp AS exec_end_time,
		NULL::bigint AS total_exec_time, NULL::timestamp AS service_class_end_time, NULL::char(16) AS final_state WHERE false;
CREATE OR REPLACE VIEW pg_catalog.stl_tr_conflict AS
	SELECT NULL::bigint AS xact_id, NULL::int AS process_id, NULL::timestamp AS xact_start_ts, NULL::timestamp AS abort_time,
		NULL::int AS table_id WHERE false;
CREATE OR REPLACE VIEW pg_catalog.stl_alert_event_log AS
	SELECT NULL::int AS userid, NULL::int AS query, NULL::int AS slice, NULL::int AS segment, NULL::int AS step, NULL::int AS pid,
		NULL::bigint AS xid, NULL::char(1024) AS event, NULL::char(1024) AS solution, NULL::timestamp AS event_time WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svl_multi_statement_violations AS
	SELECT NULL::int AS userid, NULL::char(50) AS database, NULL::char(20) AS cmdname, NULL::bigint AS xid, NULL::int AS pid,
		NULL::char(320) AS label, NULL::timestamp AS starttime, NULL::timestamp AS endtime, NULL::int AS sequence,
		NULL::char(10) AS type, NULL::char(200) AS text WHERE false;

DO $$
DECLARE
	v text;
BEGIN
	FOR v IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND oid >= 16384
			AND relname ~ '^(stl|svl|svcs|sys)_' LOOP
		EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', v);
	END LOOP;
END $$;
