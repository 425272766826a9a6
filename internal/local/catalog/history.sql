-- What a warehouse remembers of the statements it ran. These are the tables that the stand-in's server and its COPY and
-- UNLOAD write to over a superuser's connection of their own, so that rows stay when the statement rolls back. The
-- STL_, SVL_ and SYS_ views of stl.sql and sys.sql show them. Times are UTC, without time zone.
--
-- rs.query_log     one row per statement; text is what the client sent, with secrets masked
-- rs.step_log      one row per step of a statement that wrote to a table
-- rs.load_log      one row per COPY
-- rs.load_commit   one row per file that a COPY read
-- rs.load_error    one row per field or row that could not be loaded (STL_LOAD_ERRORS)
-- rs.load_error_detail  one row per column of a bad row, up to the bad one (STL_LOADERROR_DETAIL)
-- rs.load_replacement   one row per value whose invalid characters ACCEPTINVCHARS replaced (STL_REPLACEMENTS)
-- rs.unload_log    one row per UNLOAD
-- rs.unload_file   one row per object that an UNLOAD wrote
-- rs.user_log        one row for what a statement did to a user; here the statement itself writes it
-- rs.connection_log  one row per event of a connection: initiating session, authenticated, disconnecting session
--
-- status is running, success, failed or aborted (cancelled, or the client was gone).
-- userid is the oid of the user in pg_authid; query is what pg_last_query_id() answers.

CREATE TABLE IF NOT EXISTS rs.query_log (
	query      bigint PRIMARY KEY,
	xid        bigint NOT NULL DEFAULT 0,
	userid     oid NOT NULL,
	pid        int NOT NULL,
	database   text NOT NULL,
	starttime  timestamp NOT NULL,
	endtime    timestamp,
	status     text NOT NULL DEFAULT 'running',
	error_code text,
	error      text,
	label      text NOT NULL DEFAULT 'default',  -- query_group
	verb       text NOT NULL DEFAULT '',         -- SELECT, COPY, CREATE TABLE ...
	rows       bigint NOT NULL DEFAULT 0,
	text       text NOT NULL
);

CREATE TABLE IF NOT EXISTS rs.step_log (
	query       bigint NOT NULL,
	step        int NOT NULL,                    -- counted from 0
	name        text NOT NULL,                   -- delete, insert
	tbl         oid NOT NULL,
	schema_name text NOT NULL,                   -- the table's, when the statement ran
	table_name  text NOT NULL,
	rows        bigint NOT NULL                  -- -1 if that is not known
);
CREATE INDEX IF NOT EXISTS step_log_query ON rs.step_log (query);

CREATE TABLE IF NOT EXISTS rs.load_log (
	query             bigint PRIMARY KEY,
	xid               bigint NOT NULL DEFAULT 0,
	userid            oid NOT NULL,
	pid               int NOT NULL,
	database          text NOT NULL,
	tbl               oid NOT NULL,
	table_name        text NOT NULL,
	starttime         timestamp NOT NULL,
	endtime           timestamp,
	status            text NOT NULL DEFAULT 'running',
	data_source       text NOT NULL,             -- the s3:// path of the statement
	file_format       text NOT NULL,             -- csv, txt, json, avro, orc, parquet
	loaded_rows       bigint NOT NULL DEFAULT 0,
	loaded_bytes      bigint NOT NULL DEFAULT 0,
	source_file_count int NOT NULL DEFAULT 0,
	source_file_bytes bigint NOT NULL DEFAULT 0,
	error_count       bigint NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS rs.load_commit (
	query         bigint NOT NULL,
	userid        oid NOT NULL,
	slice         int NOT NULL,
	filename      text NOT NULL,
	lines_scanned bigint NOT NULL DEFAULT 0,
	bytes_scanned bigint NOT NULL DEFAULT 0,
	errors        bigint NOT NULL DEFAULT 0,
	curtime       timestamp NOT NULL,
	status        int NOT NULL DEFAULT 1,
	file_format   text NOT NULL                  -- Avro, JSON, ORC, Parquet, Text
);
CREATE INDEX IF NOT EXISTS load_commit_query ON rs.load_commit (query);

CREATE TABLE IF NOT EXISTS rs.load_error (
	query           bigint NOT NULL,
	xid             bigint NOT NULL DEFAULT 0,
	userid          oid NOT NULL,
	pid             int NOT NULL,                -- "session" of STL_LOAD_ERRORS
	database        text NOT NULL,
	slice           int NOT NULL,
	tbl             oid NOT NULL,
	starttime       timestamp NOT NULL,
	filename        text NOT NULL,
	line_number     bigint NOT NULL DEFAULT -1,
	colname         text NOT NULL DEFAULT '',
	type            text NOT NULL DEFAULT '',
	col_length      text NOT NULL DEFAULT '',
	position        int NOT NULL DEFAULT 0,
	raw_line        text NOT NULL DEFAULT '',
	raw_field_value text NOT NULL DEFAULT '',
	err_code        int NOT NULL,
	err_reason      text NOT NULL,
	is_partial      int NOT NULL DEFAULT 0,
	start_offset    bigint NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS load_error_query ON rs.load_error (query);

CREATE TABLE IF NOT EXISTS rs.load_error_detail (
	query       bigint NOT NULL,
	userid      oid NOT NULL,
	pid         int NOT NULL,
	slice       int NOT NULL,
	filename    text NOT NULL,
	line_number bigint NOT NULL,
	field       int NOT NULL,
	colname     text NOT NULL,
	value       text,
	is_null     int NOT NULL DEFAULT 0,
	type        text NOT NULL DEFAULT '',
	col_length  text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS load_error_detail_query ON rs.load_error_detail (query);

CREATE TABLE IF NOT EXISTS rs.load_replacement (
	query       bigint NOT NULL,
	userid      oid NOT NULL,
	pid         int NOT NULL,
	slice       int NOT NULL,
	tbl         oid NOT NULL,
	starttime   timestamp NOT NULL,
	filename    text NOT NULL,
	line_number bigint NOT NULL,
	colname     text NOT NULL,
	raw_line    text NOT NULL
);

CREATE TABLE IF NOT EXISTS rs.unload_log (
	query            bigint PRIMARY KEY,
	xid              bigint NOT NULL DEFAULT 0,
	userid           oid NOT NULL,
	pid              int NOT NULL,
	database         text NOT NULL,
	starttime        timestamp NOT NULL,
	endtime          timestamp,
	status           text NOT NULL DEFAULT 'running',
	file_format      text NOT NULL,              -- TEXT, CSV, JSON, PARQUET
	compression_type text NOT NULL DEFAULT '',
	location         text NOT NULL,              -- the s3:// path of the statement
	rows             bigint NOT NULL DEFAULT 0,
	file_count       bigint NOT NULL DEFAULT 0,
	file_bytes       bigint NOT NULL DEFAULT 0,
	error            text NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS rs.unload_file (
	query         bigint NOT NULL,
	userid        oid NOT NULL,
	pid           int NOT NULL,
	slice         int NOT NULL,
	path          text NOT NULL,                 -- s3://bucket/key
	starttime     timestamp NOT NULL,
	endtime       timestamp NOT NULL,
	line_count    bigint NOT NULL,
	transfer_size bigint NOT NULL,
	file_format   text NOT NULL
);
CREATE INDEX IF NOT EXISTS unload_file_query ON rs.unload_file (query);

CREATE TABLE IF NOT EXISTS rs.user_log (
	userid      oid NOT NULL,
	username    text NOT NULL,
	oldusername text NOT NULL,
	action      text NOT NULL,
	createdb    boolean NOT NULL,
	super       boolean NOT NULL,
	valuntil    timestamp,
	pid         int NOT NULL,
	recordtime  timestamp NOT NULL
);
-- rs.log_user records what a statement does to a user: it runs in that statement's transaction, and its rows go with it.
CREATE OR REPLACE FUNCTION rs.log_user(name text, action text, old text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO rs.user_log SELECT oid, rolname, old, action, rolcreatedb, rolsuper, rolvaliduntil AT TIME ZONE 'UTC', pg_backend_pid(),
		clock_timestamp() AT TIME ZONE 'UTC' FROM pg_authid WHERE rolname = name AND rolcanlogin
$$;

CREATE TABLE IF NOT EXISTS rs.connection_log (
	event            text NOT NULL,
	recordtime       timestamp NOT NULL,
	remotehost       text NOT NULL DEFAULT '',
	remoteport       text NOT NULL DEFAULT '',
	pid              int NOT NULL,
	dbname           text NOT NULL DEFAULT '',
	username         text NOT NULL DEFAULT '',
	authmethod       text NOT NULL DEFAULT '',
	duration         bigint NOT NULL DEFAULT 0,  -- microseconds
	sslversion       text NOT NULL DEFAULT '',
	application_name text NOT NULL DEFAULT ''
);
ALTER TABLE rs.connection_log
	ADD COLUMN IF NOT EXISTS driver_version text NOT NULL DEFAULT '',
	ADD COLUMN IF NOT EXISTS os_version     text NOT NULL DEFAULT '',
	ADD COLUMN IF NOT EXISTS plugin_name    text NOT NULL DEFAULT '';
