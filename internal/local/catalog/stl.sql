-- STL and SVL views over the history tables of history.sql. Users see their own rows, superusers all.

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
	SELECT s.userid::int AS userid, s.xid, s.pid, s.query::int AS query, p.sequence, p.piece::char(200) AS text,
		s.query AS user_query_id, 1 AS child_query_sequence, NULL::char(36) AS query_uuid
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
CREATE OR REPLACE VIEW pg_catalog.stl_userlog AS
	SELECT l.userid::int AS userid, l.username::char(50) AS username, l.oldusername::char(50) AS oldusername, l.action::char(10) AS action,
		l.createdb::int AS usecreatedb, l.super::int AS usesuper, (l.userid = 10)::int AS usecatupd, l.valuntil, l.pid, q.xid, l.recordtime
	FROM rs.user_log l LEFT JOIN LATERAL (SELECT max(xid) AS xid FROM rs.query_log
		WHERE pid = l.pid AND l.recordtime BETWEEN starttime AND coalesce(endtime, 'infinity')) q ON true;
-- A connection is recorded when it begins, when its user is known, and when it ends; a session lasts from the second to
-- the third.
CREATE OR REPLACE VIEW pg_catalog.stl_connection_log AS
	SELECT event::char(50) AS event, recordtime, remotehost::char(45) AS remotehost, remoteport::char(32) AS remoteport, pid,
		dbname::char(50) AS dbname, username::char(50) AS username, authmethod::char(32) AS authmethod, duration::int AS duration,
		sslversion::char(50) AS sslversion, ''::char(128) AS sslcipher, 0 AS mtu, ''::char(64) AS sslcompression,
		''::char(64) AS sslexpansion, ''::char(36) AS iamauthguid, application_name::char(250) AS application_name,
		os_version::char(64) AS os_version, driver_version::char(64) AS driver_version, plugin_name::char(32) AS plugin_name,
		0 AS protocol_version,
		-- The events of a session are those of a process since another session of that process ended.
		md5(format('%s %s %s', (SELECT account || cluster FROM rs.warehouse), pid, max(recordtime)
			FILTER (WHERE event = 'disconnecting session') OVER (PARTITION BY pid ORDER BY recordtime
				ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)))::uuid::text::char(36) AS sessionid,
		''::char(16) AS compression
	FROM rs.connection_log;
CREATE OR REPLACE VIEW rs.session AS
	SELECT u.oid AS userid, b.pid, b.username, b.dbname, b.recordtime AS starttime, e.recordtime AS endtime
	FROM rs.connection_log b LEFT JOIN pg_catalog.pg_roles u ON u.rolname = b.username
	LEFT JOIN LATERAL (SELECT min(recordtime) AS recordtime FROM rs.connection_log
		WHERE pid = b.pid AND event = 'disconnecting session' AND recordtime >= b.recordtime) e ON true
	WHERE b.event = 'authenticated' AND ((SELECT rs.is_superuser()) OR b.username = current_user);
CREATE OR REPLACE VIEW pg_catalog.stl_sessions AS
	SELECT userid::int AS userid, starttime, endtime, pid AS process, username::char(50) AS user_name, dbname::char(50) AS db_name,
		0 AS timeout_sec, 2 AS timed_out
	FROM rs.session WHERE endtime IS NOT NULL;
-- A transaction that error 1023 ended. PostgreSQL does not say over which table.
CREATE OR REPLACE VIEW pg_catalog.stl_tr_conflict AS
	SELECT xid AS xact_id, pid::bigint AS process_id, starttime AS xact_start_ts, endtime AS abort_time,
		NULL::bigint AS table_id
	FROM rs.query_log WHERE error_code = 'XX000' AND error = '1023';

CREATE OR REPLACE VIEW pg_catalog.stl_load_errors AS
	SELECT userid::int AS userid, slice, tbl::int AS tbl, starttime, pid AS session, query::int AS query, filename::char(256) AS filename,
		line_number, colname::char(127) AS colname, type::char(10) AS type, col_length::char(10) AS col_length, position,
		left(raw_line, 1024)::char(1024) AS raw_line, left(raw_field_value, 1024)::char(1024) AS raw_field_value, err_code,
		left(err_reason, 100)::char(100) AS err_reason, is_partial, start_offset, 0::bigint AS copy_job_id
	FROM rs.load_error WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_loaderror_detail AS
	SELECT userid::int AS userid, slice, pid AS session, query::int AS query, filename::char(256) AS filename, line_number, field,
		left(colname, 1024)::char(1024) AS colname, left(value, 1024)::char(1024) AS value, is_null, type::char(10) AS type,
		col_length::char(10) AS col_length
	FROM rs.load_error_detail WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_load_commits AS
	SELECT userid::int AS userid, query::int AS query, slice, filename::char(256) AS name, filename::char(256) AS filename,
		bytes_scanned::int AS byte_offset, lines_scanned::int AS lines_scanned, errors::int AS errors, curtime, status,
		file_format::char(16) AS file_format, 0 AS is_partial, 0::bigint AS start_offset, 0::bigint AS copy_job_id
	FROM rs.load_commit WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_replacements AS
	SELECT userid::int AS userid, query::int AS query, slice, tbl::int AS tbl, starttime, pid AS session, filename::char(256) AS filename,
		line_number, colname::char(127) AS colname, left(raw_line, 1024)::char(1024) AS raw_line, query AS user_query_id
	FROM rs.load_replacement WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.stl_unload_log AS
	SELECT f.userid::int AS userid, f.query::int AS query, f.slice, f.pid, f.path::char(1280) AS path, f.starttime AS start_time,
		f.endtime AS end_time, f.line_count, f.transfer_size, f.file_format::char(10) AS file_format, f.query AS user_query_id,
		coalesce(u.xid, 0) AS transaction_id
	FROM rs.unload_file f LEFT JOIN rs.unload_log u ON u.query = f.query
	WHERE (SELECT rs.is_superuser()) OR f.userid = (SELECT rs.user_id());
CREATE OR REPLACE VIEW pg_catalog.svcs_unload_log AS
	SELECT userid, query, pid, path, start_time, end_time, line_count, transfer_size, file_format FROM pg_catalog.stl_unload_log;

CREATE OR REPLACE VIEW pg_catalog.svv_query_inflight AS
	SELECT i.userid, i.slice, i.query, i.pid, i.starttime, i.suspended, t.text, t.sequence
	FROM pg_catalog.stv_inflight i JOIN pg_catalog.stl_querytext t ON t.query = i.query;
GRANT SELECT ON pg_catalog.svv_query_inflight TO PUBLIC;
-- When the reading of a file began is not kept.
CREATE OR REPLACE VIEW pg_catalog.stl_file_scan AS
	SELECT userid::int AS userid, query::int AS query, slice, filename::char(90) AS name, lines_scanned AS lines, bytes_scanned AS bytes,
		NULL::bigint AS loadtime, NULL::timestamp AS curtime, 0 AS is_partial, 0::bigint AS start_offset
	FROM rs.load_commit WHERE (SELECT rs.is_superuser()) OR userid = (SELECT rs.user_id());

-- rs.step: the steps of statements that wrote to a table, all in one segment of one stream, which one process ran. What
-- statements read, and how, is not known; nor are bytes and blocks.
CREATE OR REPLACE VIEW rs.step AS
	SELECT l.query, l.step, l.name, l.tbl, l.schema_name, l.table_name, nullif(l.rows, -1) AS rows,
		s.userid, s.xid, s.database, s.starttime, s.endtime, (extract(epoch FROM s.endtime - s.starttime) * 1000000)::bigint AS duration,
		format('%s tbl=%s name=%s', l.name, l.tbl, l.table_name) AS label
	FROM rs.step_log l JOIN rs.statement s ON s.query = l.query;
CREATE OR REPLACE VIEW pg_catalog.stl_insert AS
	SELECT userid::int AS userid, query::int AS query, 0 AS slice, 0 AS segment, step, starttime, endtime, 0 AS tasknum, rows, tbl::int AS tbl,
		NULL::char(1) AS inserted_mega_value
	FROM rs.step WHERE name = 'insert';
CREATE OR REPLACE VIEW pg_catalog.stl_delete AS
	SELECT userid::int AS userid, query::int AS query, 0 AS slice, 0 AS segment, step, starttime, endtime, 0 AS tasknum, rows, tbl::int AS tbl
	FROM rs.step WHERE name = 'delete';
CREATE OR REPLACE VIEW pg_catalog.svl_query_report AS
	SELECT userid::int AS userid, query::int AS query, 0 AS slice, 0 AS segment, step, starttime AS start_time, endtime AS end_time,
		duration AS elapsed_time, rows, NULL::bigint AS bytes, label::char(256) AS label, 'f'::char(1) AS is_diskbased, NULL::bigint AS workmem,
		'f'::char(1) AS is_rrscan, 'f'::char(1) AS is_delayed_scan, NULL::bigint AS rows_pre_filter
	FROM rs.step;
CREATE OR REPLACE VIEW pg_catalog.svl_query_summary AS
	SELECT userid::int AS userid, query::int AS query, 0 AS stm, 0 AS seg, step, duration AS maxtime, duration AS avgtime, rows, NULL::bigint AS bytes,
		NULL::float8 AS rate_row, NULL::float8 AS rate_byte, label, 'f'::char(1) AS is_diskbased, NULL::bigint AS workmem,
		'f'::char(1) AS is_rrscan, 'f'::char(1) AS is_delayed_scan, NULL::bigint AS rows_pre_filter
	FROM rs.step;
CREATE OR REPLACE VIEW pg_catalog.svcs_query_summary AS SELECT * FROM pg_catalog.svl_query_summary;

-- rs.ended_transaction: a transaction is a block, or the statements of one string, or one statement. A block ends with its
-- last statement, with TRUNCATE, or with its session; a statement that failed rolls it back.
CREATE OR REPLACE VIEW rs.ended_transaction AS
	SELECT t.xid, f.userid, f.starttime, e.began, e.ended,
		t.succeeded AND CASE WHEN f.verb IN ('BEGIN', 'START') THEN l.verb IN ('COMMIT', 'END', 'TRUNCATE') ELSE true END AS committed
	FROM (SELECT xid, max(query) AS last, bool_and(status = 'success') AS succeeded FROM rs.statement GROUP BY xid) t
	JOIN rs.query_log f ON f.query = t.xid JOIN rs.query_log l ON l.query = t.last
	CROSS JOIN LATERAL (SELECT CASE WHEN l.query = f.query THEN l.endtime ELSE l.starttime END AS began, l.endtime AS ended
			WHERE f.verb NOT IN ('BEGIN', 'START') OR l.verb IN ('COMMIT', 'END', 'ROLLBACK', 'ABORT', 'TRUNCATE')
		UNION ALL SELECT min(recordtime), min(recordtime) FROM rs.connection_log
			WHERE f.verb IN ('BEGIN', 'START') AND l.verb NOT IN ('COMMIT', 'END', 'ROLLBACK', 'ABORT', 'TRUNCATE')
				AND pid = l.pid AND event = 'disconnecting session' AND recordtime >= l.endtime) e
	WHERE e.ended IS NOT NULL;
-- What was undone; the tables are those whose rows it wrote.
CREATE OR REPLACE VIEW pg_catalog.stl_undone AS
	SELECT t.userid::int AS userid, t.xid AS xact_id, t.xid AS xact_id_undone, t.began AS undo_start_ts, t.ended AS undo_end_ts, s.tbl AS table_id
	FROM rs.ended_transaction t CROSS JOIN LATERAL (SELECT DISTINCT tbl::bigint FROM rs.step WHERE xid = t.xid) s WHERE NOT t.committed;

-- Calls of procedures, but for those that a procedure makes.
CREATE OR REPLACE VIEW pg_catalog.svl_stored_proc_call AS
	SELECT userid::int AS userid, userid::int AS session_userid, query::int AS query, label::char(320) AS label, xid, pid,
		database::char(32) AS database, left(text, 4000)::char(4000) AS querytxt, starttime, endtime,
		CASE status WHEN 'success' THEN 0 ELSE 1 END AS aborted, NULL::int AS from_sp_call
	FROM rs.statement WHERE verb = 'CALL' AND status <> 'running';

-- rs.refresh: materialized views are computed anew whenever they are refreshed, and only by hand.
CREATE OR REPLACE VIEW rs.refresh AS
	SELECT q.database, q.userid, q.pid, s.schema_name, s.table_name, s.tbl, q.xid, s.starttime, s.endtime, s.duration
	FROM rs.step s JOIN rs.query_log q ON q.query = s.query WHERE q.verb = 'REFRESH MATERIALIZED VIEW';
CREATE OR REPLACE VIEW pg_catalog.svl_mv_refresh_status AS
	SELECT database::char(128) AS db_name, userid::bigint AS userid, schema_name::char(128) AS schema_name, table_name::char(128) AS mv_name, xid,
		starttime, endtime, 'Refresh successfully recomputed MV from scratch'::text AS status, 'Manual'::char(32) AS refresh_type,
		NULL::char(12) AS consumer_account, NULL::char(32) AS consumer_region, NULL::char(36) AS consumer_namespace
	FROM rs.refresh;

DO $$
DECLARE
	v text;
BEGIN
	FOR v IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND oid >= 16384
			AND relname ~ '^(stl|svl|svcs)_' AND relname NOT IN ('stl_connection_log', 'stl_tr_conflict', 'stl_userlog', 'svl_user_info') LOOP
		EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', v);
	END LOOP;
END $$;
