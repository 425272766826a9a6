-- STV views: what is going on now. They come before the SVV views, some of which read them.

-- rs.is_superuser tells whether the user may see everybody's rows.
CREATE OR REPLACE FUNCTION rs.is_superuser() RETURNS boolean
	LANGUAGE sql STABLE AS 'SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user';
CREATE OR REPLACE FUNCTION rs.user_id() RETURNS oid
	LANGUAGE sql STABLE AS 'SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user';

-- rs.activity is pg_stat_activity with everybody's rows, of clients only.
CREATE OR REPLACE FUNCTION rs.activity() RETURNS SETOF pg_catalog.pg_stat_activity
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT * FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND usesysid <> 10
$$;

-- rs.isolation is the isolation level that the sessions of a database start with.
CREATE OR REPLACE FUNCTION rs.isolation(database oid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT substr(setting, length('default_transaction_isolation=') + 1)
		FROM pg_catalog.pg_db_role_setting, unnest(setconfig) setting
		WHERE setdatabase = database AND setrole = 0 AND setting LIKE 'default_transaction_isolation=%'), 'repeatable read')
$$;
CREATE OR REPLACE VIEW pg_catalog.stv_db_isolation_level AS
	SELECT datname::char(128) AS db_name,
		(CASE WHEN rs.isolation(oid) = 'serializable' THEN 'Serializable' ELSE 'Snapshot Isolation' END)::char(20) AS isolation_level
	FROM pg_catalog.pg_database WHERE NOT datistemplate AND datname <> 'postgres';

-- rs.session_timeout is a user's SESSION TIMEOUT in seconds, 0 for none.
CREATE OR REPLACE FUNCTION rs.session_timeout(usr oid) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT split_part(setting, '=', 2)::int FROM pg_catalog.pg_db_role_setting, unnest(setconfig) setting
		WHERE setrole = usr AND setdatabase = 0 AND setting LIKE 'rs.session_timeout=%'), 0)
$$;

-- STV_SESSIONS shows everybody's sessions to everybody.
CREATE OR REPLACE VIEW pg_catalog.stv_sessions AS
	SELECT backend_start::timestamp AS starttime, pid AS process, usename::char(50) AS user_name, datname::char(50) AS db_name,
		rs.session_timeout(usesysid) AS timeout_sec
	FROM rs.activity();

-- STV_RECENTS lists what runs and what ran last; times are in microseconds. What runs is asked of the server itself, because
-- the history learns of a statement when it has ended.
CREATE OR REPLACE VIEW pg_catalog.stv_recents AS
	SELECT q.userid::int AS userid,
		(CASE WHEN q.status = 'running' THEN 'Running' ELSE 'Done' END)::char(20) AS status, q.starttime,
		(extract(epoch FROM coalesce(q.endtime, clock_timestamp() AT TIME ZONE 'UTC') - q.starttime) * 1000000)::int AS duration,
		pg_get_userbyid(q.userid)::char(50) AS user_name, q.database::char(50) AS db_name, left(q.text, 600)::char(600) AS query,
		CASE WHEN q.status = 'running' THEN q.pid ELSE -1 END AS pid
	FROM (SELECT * FROM rs.query_log ORDER BY query DESC LIMIT 100) q
	WHERE (SELECT rs.is_superuser()) OR q.userid = (SELECT rs.user_id())
	UNION ALL
	SELECT a.usesysid::int, 'Running'::char(20), a.query_start::timestamp,
		least(extract(epoch FROM clock_timestamp() - a.query_start) * 1000000, 2147483647)::int,
		a.usename::char(50), a.datname::char(50), left(a.query, 600)::char(600), a.pid
	FROM rs.activity() a WHERE a.state = 'active' AND ((SELECT rs.is_superuser()) OR a.usesysid = (SELECT rs.user_id()));
CREATE OR REPLACE VIEW pg_catalog.stv_inflight AS
	SELECT q.userid::int AS userid, 0 AS slice, q.query::int AS query, q.label::char(320) AS label, q.xid, q.pid, q.starttime,
		left(q.text, 100)::char(100) AS text, 0 AS suspended, 0 AS insert_pristine, 0 AS concurrency_scaling_status
	FROM rs.query_log q WHERE q.status = 'running' AND ((SELECT rs.is_superuser()) OR q.userid = (SELECT rs.user_id()));

CREATE OR REPLACE VIEW pg_catalog.stv_locks AS
	SELECT l.relation::bigint AS table_id, a.xact_start::timestamp AS last_commit, a.xact_start::timestamp AS last_update,
		a.usesysid::bigint AS lock_owner, l.pid::bigint AS lock_owner_pid, a.xact_start::timestamp AS lock_owner_start_ts, NULL::timestamp AS lock_owner_end_ts,
		(CASE WHEN l.granted THEN 'Holding ' ELSE 'Waiting for ' END
			|| CASE WHEN l.mode LIKE '%Share%' AND l.mode NOT LIKE '%Exclusive%' THEN 'read lock' ELSE 'write lock' END)::char(22) AS lock_status
	FROM pg_catalog.pg_locks l JOIN rs.activity() a ON a.pid = l.pid
	WHERE l.locktype = 'relation' AND l.mode <> 'AccessShareLock' AND a.datname = current_database();

CREATE OR REPLACE VIEW pg_catalog.stv_slices AS
	SELECT n / 2 AS node, n AS slice, n AS localslice, 'D'::char(1) AS type
	FROM rs.warehouse, generate_series(0, slices - 1) n;
-- STV_TBL_PERM has a row for each slice of a table; rows are divided evenly, and blocks cannot be told.
CREATE OR REPLACE VIEW pg_catalog.stv_tbl_perm AS
	SELECT s.n AS slice, c.oid::int AS id, c.relname::char(72) AS name,
		(rs.table_rows(c.oid) / w.slices)::bigint AS rows, (rs.table_rows(c.oid) / w.slices)::bigint AS sorted_rows,
		CASE c.relpersistence WHEN 't' THEN 1 ELSE 0 END AS temp, d.oid::int AS db_id, 0 AS insert_pristine, 0 AS delete_pristine,
		CASE WHEN a.backup IS FALSE THEN 0 ELSE 1 END AS backup,
		CASE coalesce(a.diststyle, 9) WHEN 9 THEN 10 ELSE a.diststyle END::int AS dist_style, -1 AS block_count
	FROM pg_catalog.pg_class c LEFT JOIN rs.table_attribute a ON a.relid = c.oid
	CROSS JOIN rs.warehouse w CROSS JOIN LATERAL generate_series(0, w.slices - 1) AS s (n)
	JOIN pg_catalog.pg_database d ON d.datname = current_database()
	WHERE c.relkind = 'r' AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'rs'::regnamespace);
CREATE OR REPLACE VIEW pg_catalog.stv_load_state AS
	SELECT l.userid::int AS userid, l.pid AS session, l.query::int AS query, 0 AS slice, l.pid, l.starttime AS recordtime,
		l.source_file_bytes AS bytes_to_load, l.loaded_bytes AS bytes_loaded, l.source_file_bytes AS bytes_to_load_compressed,
		l.loaded_bytes AS bytes_loaded_compressed, l.loaded_rows::int AS lines, l.source_file_count AS num_files,
		l.source_file_count AS num_files_complete, ''::char(256) AS current_file,
		CASE WHEN l.source_file_bytes > 0 THEN (100 * l.loaded_bytes / l.source_file_bytes)::int ELSE 0 END AS pct_complete
	FROM rs.load_log l WHERE l.status = 'running' AND ((SELECT rs.is_superuser()) OR l.userid = (SELECT rs.user_id()));

-- The others are for superusers.
GRANT SELECT ON pg_catalog.stv_sessions, pg_catalog.stv_recents, pg_catalog.stv_inflight, pg_catalog.stv_slices,
	pg_catalog.stv_load_state, pg_catalog.stv_db_isolation_level TO PUBLIC;

-- What runs now, in one queue that nothing waits in.
CREATE OR REPLACE VIEW pg_catalog.stv_wlm_query_state AS
	SELECT xid::int AS xid, query AS task, query, 100 AS service_class, 1 AS slot_count, starttime AS wlm_start_time,
		'Running'::char(16) AS state, 0::bigint AS queue_time,
		(extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - starttime) * 1000000)::bigint AS exec_time,
		'normal'::char(20) AS query_priority
	FROM pg_catalog.stv_inflight;
GRANT SELECT ON pg_catalog.stv_wlm_query_state TO PUBLIC;
