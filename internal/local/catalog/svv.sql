-- PG_TABLE_DEF, the PG_..._INFO relations and the SVV views (Redshift manual, System tables and views).

-- rs.may_know tells whether the user may read metadata of a relation: superusers of all, others of what they own or have
-- a privilege on.
CREATE OR REPLACE FUNCTION rs.may_know(relation oid, owner oid) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT pg_has_role(owner, 'USAGE') OR has_table_privilege(relation, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES')
		OR has_any_column_privilege(relation, 'SELECT, INSERT, UPDATE, REFERENCES')
$$;
-- rs.sees_grant does so for what is granted to a user, group or role on an object of owner.
CREATE OR REPLACE FUNCTION rs.sees_grant(grantee oid, owner oid) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT grantee = 0 OR pg_has_role(grantee, 'MEMBER') OR pg_has_role(owner, 'USAGE')
$$;

-- rs.relation: every table and view a client may know of, with what the views below need of it.
CREATE OR REPLACE VIEW rs.relation AS
	SELECT c.oid, n.nspname::text AS schema_name, c.relname::text AS table_name, c.relkind, c.relowner, c.relpersistence,
		c.relacl, c.relnamespace,
		CASE WHEN c.relkind = 'r' OR c.relkind = 'm' THEN coalesce(a.diststyle, 9) END AS diststyle,
		coalesce(a.sortstyle, 'auto') AS sortstyle, coalesce(a.encode_auto, true) AS encode_auto,
		coalesce(a.backup, true) AS backup, a.created,
		CASE c.relkind WHEN 'r' THEN CASE c.relpersistence WHEN 't' THEN 'LOCAL TEMPORARY' ELSE 'BASE TABLE' END
			WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS table_type,
		obj_description(c.oid, 'pg_class') AS remarks
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN rs.table_attribute a ON a.relid = c.oid
	WHERE c.relkind IN ('r', 'v', 'm', 'p') AND n.nspname <> 'rs' AND n.nspname !~ '^pg_toast'
		AND ((SELECT rs.is_superuser()) OR rs.may_know(c.oid, c.relowner));

-- rs.relation_column: their columns.
CREATE OR REPLACE VIEW rs.relation_column AS
	SELECT r.oid, r.schema_name, r.table_name, r.relkind, a.attname::text AS column_name, a.attnum AS ordinal_position,
		format_type(a.atttypid, a.atttypmod) AS type, a.atttypid, a.atttypmod, a.attnotnull, a.attacl,
		rs.collation_name(a.atttypid, a.attcollation) AS "collation",
		CASE WHEN a.attidentity <> '' THEN rs.identity_source(a.attrelid, a.attnum, a.attidentity)
			ELSE rs.default_source(d.adbin, d.adrelid) END AS column_default,
		coalesce(c.distkey, false) AS distkey, coalesce(c.sortkey, 0) AS sortkey,
		format_encoding(rs.encoding(c.encoding, coalesce(c.sortkey, 0), r.relpersistence = 't', a.atttypid)) AS encoding,
		CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4
			WHEN a.atttypid = 6551 THEN a.atttypmod END AS character_maximum_length,
		CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
			WHEN 1700 THEN ((a.atttypmod - 4) >> 16) & 65535 END AS numeric_precision,
		CASE a.atttypid WHEN 21 THEN 0 WHEN 23 THEN 0 WHEN 20 THEN 0
			WHEN 1700 THEN (a.atttypmod - 4) & 65535 END AS numeric_scale,
		CASE WHEN a.atttypid IN (1083, 1114, 1184, 1266) THEN 6 WHEN a.atttypid = 1082 THEN 0 END AS datetime_precision,
		col_description(r.oid, a.attnum) AS remarks
	FROM rs.relation r
	JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	LEFT JOIN rs.column_attribute c ON c.relid = a.attrelid AND c.attnum = a.attnum;
GRANT SELECT ON rs.relation, rs.relation_column TO PUBLIC;

-- PG_TABLE_DEF shows the schemas of the search path only.
CREATE OR REPLACE VIEW pg_catalog.pg_table_def AS
	SELECT c.schema_name::name AS schemaname, c.table_name::name AS tablename, c.column_name::name AS "column",
		c.type, c.encoding::text AS encoding, c.distkey, c.sortkey, c.attnotnull AS "notnull"
	FROM rs.relation_column c
	WHERE c.relkind IN ('r', 'm') AND c.schema_name = ANY (current_schemas(true)::text[]);

-- PG_CONF holds the BACKUP NO flags of tables.
CREATE OR REPLACE VIEW pg_catalog.pg_conf AS
	SELECT format('pg_class_backup_%s_%s', (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()),
		relid)::varchar AS key, 'NO'::varchar AS value
	FROM rs.table_attribute WHERE NOT backup;

-- releffectivediststyle tells the three kinds of AUTO apart: 10 ALL, 11 EVEN, 12 KEY. Small tables are ALL; how Redshift
-- changes its mind as they grow is not imitated.
CREATE OR REPLACE VIEW pg_catalog.pg_class_info AS
	SELECT c.oid AS reloid, c.relname, c.relnamespace, c.reltype, c.relowner, c.relam, c.relfilenode, c.reltablespace,
		c.relpages, c.reltuples, c.reltoastrelid, 0::oid AS reltoastidxid, c.relhasindex, c.relisshared, c.relkind, c.relnatts,
		0::oid AS relexternid, c.relisreplicated, false AS relispinned, c.reldiststyle, 0::oid AS relprojbaseid, c.relchecks,
		c.reltriggers, c.relukeys, c.relfkeys, c.relrefs, c.relhasoids, c.relhaspkey, c.relhasrules, c.relhassubclass, c.relacl,
		CASE c.reldiststyle WHEN 9 THEN 10 ELSE c.reldiststyle::int END AS releffectivediststyle, c.relcreationtime
	FROM rs.pg_class c;
CREATE OR REPLACE VIEW pg_catalog.pg_attribute_info AS SELECT * FROM rs.pg_attribute;
CREATE OR REPLACE VIEW pg_catalog.pg_database_info AS
	SELECT oid AS datid, datname, datdba::int AS datdba, encoding, datistemplate, datallowconn, 0::oid AS datlastsysoid,
		'0'::xid AS datvacuumxid, datfrozenxid, dattablespace, datconfig, datacl,
		CASE datconnlimit WHEN -1 THEN 'UNLIMITED' ELSE datconnlimit::text END AS datconnlimit
	FROM rs.pg_database;
CREATE OR REPLACE VIEW pg_catalog.pg_user_info AS
	SELECT usename, usesysid, usecreatedb, usesuper, usecatupd, passwd, valuntil, useconfig, 'UNLIMITED'::text AS useconnlimit,
		'RESTRICTED'::text AS syslogaccess, NULL::timestamp AS last_ddl_ts, rs.session_timeout(usesysid::oid) AS sessiontimeout, NULL::varchar AS external_id
	FROM rs.pg_user;
CREATE OR REPLACE VIEW pg_catalog.pg_proc_info AS SELECT oid AS prooid, * FROM rs.pg_proc;
CREATE OR REPLACE VIEW pg_catalog.pg_external_schema AS
	SELECT NULL::oid AS esoid, NULL::int AS eskind, NULL::text AS esdbname, NULL::text AS esoptions WHERE false;

-- SVV_TABLE_INFO is for superusers, and has no row for a table without rows.
CREATE OR REPLACE VIEW pg_catalog.svv_table_info AS
	SELECT current_database()::text AS database, r.schema_name AS schema, r.oid AS table_id, r.table_name AS "table",
		CASE WHEN r.encode_auto THEN 'Y, AUTO(ENCODE)' WHEN k.encoded THEN 'Y' ELSE 'N' END AS encoded,
		CASE r.diststyle WHEN 0 THEN 'EVEN' WHEN 1 THEN 'KEY(' || k.distkey || ')' WHEN 8 THEN 'ALL' ELSE 'AUTO(ALL)' END AS diststyle,
		CASE WHEN k.sortkey1 IS NULL AND r.sortstyle = 'auto' THEN 'AUTO(SORTKEY)'
			WHEN r.sortstyle = 'interleaved' THEN 'INTERLEAVED' ELSE k.sortkey1 END AS sortkey1,
		k.max_varchar, k.sortkey1_enc::char(32) AS sortkey1_enc, k.sortkey_num,
		greatest(1, ceil(pg_total_relation_size(r.oid) / 1048576.0))::bigint AS size,
		0.0::numeric(10,4) AS pct_used, 0::bigint AS empty, NULL::numeric(5,2) AS unsorted,
		n.stats_off,
		n.rows::numeric(38,0) AS tbl_rows, NULL::numeric(19,2) AS skew_sortkey1,
		CASE WHEN r.diststyle <> 8 THEN 1 END::numeric(19,2) AS skew_rows,
		n.rows::numeric(38,0) AS estimated_visible_rows, NULL::text AS risk_event, NULL::numeric(12,2) AS vacuum_sort_benefit,
		r.created AS create_time
	FROM rs.relation r
	CROSS JOIN LATERAL (
		SELECT max(column_name) FILTER (WHERE distkey) AS distkey,
			max(column_name) FILTER (WHERE abs(sortkey) = 1) AS sortkey1,
			max(encoding) FILTER (WHERE abs(sortkey) = 1) AS sortkey1_enc,
			count(*) FILTER (WHERE sortkey <> 0)::int AS sortkey_num,
			coalesce(max(character_maximum_length) FILTER (WHERE atttypid = 1043), 0) AS max_varchar,
			bool_or(encoding <> 'none') AS encoded
		FROM rs.relation_column c WHERE c.oid = r.oid) k
	CROSS JOIN LATERAL ( -- statistics are as old as the number of rows that they know is another
		SELECT a.rows, CASE WHEN c.reltuples <= 0 THEN 100 ELSE least(100, 100 * abs(a.rows - c.reltuples) / greatest(a.rows, 1)) END::numeric(5,2) AS stats_off
		FROM (SELECT rs.table_rows(r.oid) AS rows OFFSET 0) a, pg_catalog.pg_class c WHERE c.oid = r.oid OFFSET 0) n
	WHERE r.relkind IN ('r', 'm') AND r.relpersistence <> 't' AND r.schema_name NOT IN ('pg_catalog', 'information_schema')
		AND n.rows > 0;
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_columns AS
	SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128) AS schema_name, table_name::varchar(128) AS table_name,
		column_name::varchar(128) AS column_name, ordinal_position::int AS ordinal_position, type::varchar(32) AS data_type,
		column_default::varchar(4000) AS column_default, (CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END)::varchar(3) AS is_nullable,
		encoding::varchar(128) AS encoding, distkey, sortkey, array_to_string(rs.acl(attacl), '~')::varchar(128) AS column_acl,
		remarks::varchar(256) AS remarks
	FROM rs.relation_column;
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_tables AS
	SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128) AS schema_name, table_name::varchar(128) AS table_name,
		(CASE WHEN relkind IN ('r', 'm') THEN 'TABLE' ELSE 'VIEW' END)::varchar(128) AS table_type,
		array_to_string(rs.acl(relacl), '~')::varchar(128) AS table_acl, remarks::varchar(128) AS remarks,
		pg_get_userbyid(relowner)::varchar(128) AS table_owner
	FROM rs.relation;
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_schemas AS
	SELECT current_database()::varchar(128) AS database_name, nspname::varchar(128) AS schema_name, nspowner::int AS schema_owner,
		'local'::varchar(16) AS schema_type, array_to_string(nspacl, '~')::varchar(128) AS schema_acl, NULL::varchar(128) AS schema_option
	FROM rs.pg_namespace
	WHERE (SELECT rs.is_superuser()) OR pg_has_role(nspowner, 'USAGE') OR has_schema_privilege(oid, 'USAGE, CREATE');
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_databases AS
	SELECT datname::varchar(128) AS database_name, datdba::int AS database_owner, 'local'::varchar(32) AS database_type,
		array_to_string(datacl, '~')::varchar(128) AS database_acl, NULL::varchar(128) AS database_options,
		(CASE WHEN rs.isolation(oid) = 'serializable' THEN 'Serializable' ELSE 'Snapshot Isolation' END)::varchar(128) AS database_isolation_level
	FROM rs.pg_database WHERE NOT datistemplate AND datname <> 'postgres'
		AND ((SELECT rs.is_superuser()) OR has_database_privilege(oid, 'CONNECT, TEMPORARY, CREATE'));
-- rs.routine: users' functions and procedures.
CREATE OR REPLACE VIEW rs.routine AS
	SELECT p.oid, n.nspname::text AS schema_name, p.proname::text AS name, p.prokind AS kind, p.proowner, p.proacl, p.pronargs,
		pg_get_function_identity_arguments(p.oid) AS identity_arguments,
		array_to_string(ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS u (t, position)
			ORDER BY position), ', ') AS argument_types,
		format_type(p.prorettype, NULL) AS result_type, obj_description(p.oid, 'pg_proc') AS remarks
	FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname NOT IN ('rs', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
		AND ((SELECT rs.is_superuser()) OR pg_has_role(p.proowner, 'USAGE') OR has_function_privilege(p.oid, 'EXECUTE'));
GRANT SELECT ON rs.routine TO PUBLIC;
CREATE OR REPLACE VIEW pg_catalog.svv_redshift_functions AS
	SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128) AS schema_name, name::varchar(128) AS function_name,
		(CASE kind WHEN 'p' THEN 'STORED PROCEDURE' WHEN 'a' THEN 'AGGREGATE FUNCTION' ELSE 'REGULAR FUNCTION' END)::varchar(128) AS function_type,
		argument_types::varchar(512) AS argument_type, result_type::varchar(128) AS result_type
	FROM rs.routine;

-- rs.all_tables is SVV_ALL_TABLES with what SHOW TABLES has besides. When a table was last altered or written is not recorded.
CREATE OR REPLACE VIEW rs.all_tables AS
	SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128) AS schema_name, table_name::varchar(128) AS table_name,
		array_to_string(rs.acl(relacl), '~')::varchar(128) AS table_acl,
		(CASE WHEN relkind IN ('r', 'm') THEN 'TABLE' ELSE 'VIEW' END)::varchar(128) AS table_type, remarks::varchar(256) AS remarks,
		pg_get_userbyid(relowner)::varchar(128) AS owner, NULL::timestamp AS last_altered_time, NULL::timestamp AS last_modified_time,
		(CASE diststyle WHEN 0 THEN 'EVEN' WHEN 1 THEN 'KEY' WHEN 8 THEN 'ALL' WHEN 9 THEN 'AUTO (ALL)' END)::varchar(128) AS dist_style,
		(CASE WHEN relkind = 'r' THEN 'REGULAR TABLE' WHEN relkind = 'm' THEN 'MATERIALIZED VIEW'
			WHEN EXISTS (SELECT FROM rs.late_binding_view b WHERE b.relid = r.oid) THEN 'LATE BINDING VIEW'
			ELSE 'REGULAR VIEW' END)::varchar(128) AS table_subtype
	FROM rs.relation r;
GRANT SELECT ON rs.all_tables TO PUBLIC;
CREATE OR REPLACE VIEW pg_catalog.svv_all_tables AS
	SELECT database_name, schema_name, table_name, table_acl, table_type, remarks FROM rs.all_tables;
CREATE OR REPLACE VIEW pg_catalog.svv_all_columns AS
	SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128) AS schema_name, table_name::varchar(128) AS table_name,
		column_name::varchar(128) AS column_name, ordinal_position::int AS ordinal_position, column_default::varchar(4000) AS column_default,
		(CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END)::varchar(3) AS is_nullable, format_type(atttypid, NULL)::varchar(128) AS data_type,
		character_maximum_length, numeric_precision, numeric_scale, remarks::varchar(256) AS remarks,
		"collation"::varchar(128) AS "collation" -- not on the manual's page
	FROM rs.relation_column;
CREATE OR REPLACE VIEW pg_catalog.svv_all_schemas AS
	SELECT database_name, schema_name, schema_owner, schema_type::varchar(128) AS schema_type, schema_acl, NULL::varchar(128) AS source_database,
		schema_option::varchar(256) AS schema_option
	FROM pg_catalog.svv_redshift_schemas;

CREATE OR REPLACE VIEW pg_catalog.svv_tables AS
	SELECT current_database()::text AS table_catalog, schema_name AS table_schema, table_name, table_type, remarks
	FROM rs.relation;
CREATE OR REPLACE VIEW pg_catalog.svv_columns AS
	SELECT current_database()::text AS table_catalog, schema_name AS table_schema, table_name, column_name,
		ordinal_position::int AS ordinal_position, column_default, CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
		format_type(atttypid, NULL) AS data_type, character_maximum_length, numeric_precision,
		CASE WHEN atttypid IN (20, 21, 23, 700, 701) THEN 2 WHEN atttypid = 1700 THEN 10 END AS numeric_precision_radix,
		numeric_scale, datetime_precision, NULL::text AS interval_type, NULL::text AS interval_precision,
		NULL::text AS character_set_catalog, NULL::text AS character_set_schema, NULL::text AS character_set_name,
		NULL::text AS collation_catalog, NULL::text AS collation_schema, NULL::text AS collation_name,
		NULL::text AS domain_name, remarks
	FROM rs.relation_column;

-- What can only be in a real cluster is here without rows: external schemas and tables, datashares.
CREATE OR REPLACE VIEW pg_catalog.svv_external_schemas AS
	SELECT NULL::oid AS esoid, NULL::smallint AS eskind, NULL::name AS schemaname, NULL::int AS esowner, NULL::text AS databasename,
		NULL::text AS esoptions WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_databases AS
	SELECT NULL::int AS eskind, NULL::text AS esoptions, NULL::text AS databasename, NULL::text AS location, NULL::text AS parameters WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_tables AS
	SELECT NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS tabletype,
		NULL::text AS location, NULL::text AS input_format, NULL::text AS output_format, NULL::text AS serialization_lib,
		NULL::text AS serde_parameters, NULL::int AS compressed, NULL::text AS parameters WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_columns AS
	SELECT NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS columnname,
		NULL::text AS external_type, NULL::int AS columnnum, NULL::int AS part_key, NULL::text AS is_nullable WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_partitions AS
	SELECT NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS "values", NULL::text AS location,
		NULL::text AS input_format, NULL::text AS output_format, NULL::text AS serialization_lib, NULL::text AS serde_parameters,
		NULL::int AS compressed, NULL::text AS parameters WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_datashares AS
	SELECT NULL::varchar(128) AS share_name, NULL::int AS share_id, NULL::int AS share_owner, NULL::varchar(128) AS source_database,
		NULL::varchar(128) AS consumer_database, NULL::varchar(8) AS share_type, NULL::timestamp AS createdate,
		NULL::boolean AS is_publicaccessible, NULL::varchar(256) AS share_acl, NULL::varchar(16) AS producer_account,
		NULL::varchar(64) AS producer_namespace, NULL::varchar(64) AS managed_by WHERE false;

-- Which policies were applied is not kept.
CREATE OR REPLACE VIEW pg_catalog.svv_rls_applied_policy AS
	SELECT NULL::text AS username, NULL::int AS query, NULL::bigint AS xid, NULL::int AS pid, NULL::timestamp AS recordtime,
		NULL::char(1) AS command, NULL::text AS datname, NULL::text AS relschema, NULL::text AS relname, NULL::text AS polname,
		NULL::char(1) AS poldefault WHERE false;

-- Whether a materialized view is stale is not known, which the manual calls u; each is recomputed when it is refreshed.
CREATE OR REPLACE VIEW pg_catalog.svv_mv_info AS
	SELECT current_database()::char(128) AS database_name, schema_name::char(128) AS schema_name,
		pg_get_userbyid(relowner)::char(128) AS user_name, table_name::char(128) AS name, 'u'::char(1) AS is_stale,
		0 AS state, 'f'::char(1) AS autorefresh, 'f'::char(1) AS autorewrite
	FROM rs.relation WHERE relkind = 'm';
CREATE OR REPLACE VIEW pg_catalog.stv_mv_info AS
	SELECT database_name AS db_name, schema_name AS schema, name, 0::bigint AS updated_upto_xid, 'f'::char(1) AS is_stale,
		user_name AS owner_user_name, state, autorefresh, autorewrite
	FROM pg_catalog.svv_mv_info;
CREATE OR REPLACE VIEW pg_catalog.svv_mv_dependency AS
	SELECT DISTINCT current_database()::char(128) AS database_name, m.schema_name::char(128) AS schema_name, m.table_name::char(128) AS name,
		current_database()::char(128) AS dependent_database_name, o.schema_name::char(128) AS dependent_schema_name,
		o.table_name::char(128) AS dependent_name
	FROM rs.relation m JOIN pg_catalog.pg_rewrite w ON w.ev_class = m.oid
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
	JOIN rs.relation o ON o.oid = d.refobjid AND o.oid <> m.oid
	WHERE m.relkind = 'm' AND o.relkind = 'm';
CREATE OR REPLACE VIEW pg_catalog.stv_mv_deps AS
	SELECT database_name AS db_name, schema_name AS schema, name, dependent_schema_name AS ref_schema, dependent_name AS ref_name,
		dependent_database_name AS ref_database_name
	FROM pg_catalog.svv_mv_dependency;
GRANT SELECT ON pg_catalog.stv_mv_info, pg_catalog.stv_mv_deps TO PUBLIC;

CREATE OR REPLACE VIEW pg_catalog.svv_interleaved_columns AS
	SELECT oid::int AS tbl, (ordinal_position - 1)::int AS col, NULL::numeric(19,2) AS interleaved_skew, NULL::timestamp AS last_reindex
	FROM rs.relation_column c WHERE sortkey <> 0
		AND EXISTS (SELECT FROM rs.relation_column o WHERE o.oid = c.oid AND o.sortkey < 0);

-- Privileges, one row per privilege and grantee.
CREATE OR REPLACE FUNCTION rs.grantee_type(role oid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN role = 0 THEN 'public' WHEN rs.is_role(role) THEN 'role'
		WHEN (SELECT rolcanlogin FROM pg_catalog.pg_roles r WHERE r.oid = role) THEN 'user' ELSE 'group' END
$$;
CREATE OR REPLACE FUNCTION rs.grantee_name(role oid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role)::text END
$$;
-- Masking policies (masks.sql).
CREATE OR REPLACE VIEW pg_catalog.svv_masking_policy AS
	SELECT current_database()::text AS policy_database, name::text AS policy_name,
		(SELECT json_agg(json_build_object('colname', c, 'type', t) ORDER BY n)::text FROM ROWS FROM (unnest(columns), unnest(types)) WITH ORDINALITY AS u (c, t, n)) AS input_columns,
		written AS policy_expression, changed_by::text AS policy_modified_by, changed_at AS policy_modified_time
	FROM rs.mask WHERE (SELECT rs.is_superuser());
CREATE OR REPLACE VIEW pg_catalog.svv_attached_masking_policy AS
	SELECT a.policy::text AS policy_name, n.nspname::text AS schema_name, c.relname::text AS table_name, 'table'::text AS table_type,
		a.grantor::text AS grantor, rs.grantee_name(a.grantee) AS grantee, rs.grantee_type(a.grantee) AS grantee_type, a.priority,
		to_json(a.input)::text AS input_columns, to_json(a.output)::text AS output_columns, false AS is_masking_datashare_on
	FROM rs.mask_attached a JOIN pg_class c ON c.oid = a.relation JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE (SELECT rs.is_superuser());
-- Policies on rows (rls.sql). Only those who have sys:secadmin see them.
CREATE OR REPLACE VIEW pg_catalog.svv_rls_policy AS
	SELECT current_database()::text AS poldb, name::text AS polname, alias::text AS polalias,
		(SELECT coalesce(json_agg(json_build_object('colname', c, 'type', t) ORDER BY n)::text, '[]')
			FROM ROWS FROM (unnest(columns), unnest(types)) WITH ORDINALITY AS u (c, t, n))::text AS polatts,
		written::text AS polqual, true AS polenabled, changed_by::text AS polmodifiedby, changed_at AS polmodifiedtime
	FROM rs.rls_policy WHERE (SELECT rs.is_superuser());
CREATE OR REPLACE VIEW pg_catalog.svv_rls_attached_policy AS
	SELECT n.nspname::text AS relschema, c.relname::text AS relname, 'table'::text AS relkind, a.policy::text AS polname,
		a.grantor::text AS grantor, rs.grantee_name(a.grantee)::text AS grantee, rs.grantee_type(a.grantee)::text AS granteekind, true AS is_pol_on,
		r.relation IS NOT NULL AS is_rls_on, coalesce(r.conjunction, 'and')::char(3) AS rls_conjunction_type
	FROM rs.rls_attached a JOIN pg_class c ON c.oid = a.relation JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN rs.rls_relation r ON r.relation = a.relation
	WHERE (SELECT rs.is_superuser());
CREATE OR REPLACE VIEW pg_catalog.svv_rls_relation AS
	SELECT current_database()::text AS datname, n.nspname::text AS relschema, c.relname::text AS relname, 'table'::text AS relkind,
		true AS is_rls_on, false AS is_rls_datashare_on, r.conjunction::char(3) AS rls_conjunction_type,
		'and'::char(3) AS rls_datashare_conjunction_type
	FROM rs.rls_relation r JOIN pg_class c ON c.oid = r.relation JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE (SELECT rs.is_superuser());

CREATE OR REPLACE VIEW pg_catalog.svv_relation_privileges AS
	SELECT r.schema_name AS namespace_name, r.table_name AS relation_name, g.privilege_type, g.grantee::int AS identity_id,
		rs.grantee_name(g.grantee) AS identity_name, rs.grantee_type(g.grantee) AS identity_type, g.is_grantable AS admin_option
	FROM rs.relation r CROSS JOIN LATERAL aclexplode(r.relacl) g WHERE r.schema_name NOT IN ('pg_catalog', 'information_schema')
		AND ((SELECT rs.is_superuser()) OR rs.sees_grant(g.grantee, r.relowner));
CREATE OR REPLACE VIEW pg_catalog.svv_column_privileges AS
	SELECT c.schema_name AS namespace_name, c.table_name AS relation_name, c.column_name, g.privilege_type,
		g.grantee::int AS identity_id, rs.grantee_name(g.grantee) AS identity_name, rs.grantee_type(g.grantee) AS identity_type
	FROM rs.relation_column c JOIN rs.relation r ON r.oid = c.oid CROSS JOIN LATERAL aclexplode(c.attacl) g
	WHERE (SELECT rs.is_superuser()) OR rs.sees_grant(g.grantee, r.relowner);
CREATE OR REPLACE VIEW pg_catalog.svv_schema_privileges AS
	SELECT n.nspname::text AS namespace_name, g.privilege_type, g.grantee::int AS identity_id,
		rs.grantee_name(g.grantee) AS identity_name, rs.grantee_type(g.grantee) AS identity_type, g.is_grantable AS admin_option,
		'SCHEMA'::text AS privilege_scope
	FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g WHERE n.nspname <> 'rs'
		AND ((SELECT rs.is_superuser()) OR rs.sees_grant(g.grantee, n.nspowner));
CREATE OR REPLACE VIEW pg_catalog.svv_database_privileges AS
	SELECT d.datname::text AS database_name, g.privilege_type, g.grantee::int AS identity_id,
		rs.grantee_name(g.grantee) AS identity_name, rs.grantee_type(g.grantee) AS identity_type, g.is_grantable AS admin_option,
		'DATABASE'::text AS privilege_scope
	FROM pg_catalog.pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) g
	WHERE (SELECT rs.is_superuser()) OR rs.sees_grant(g.grantee, d.datdba);
CREATE OR REPLACE VIEW pg_catalog.svv_function_privileges AS
	SELECT f.schema_name AS namespace_name, f.name AS function_name, f.argument_types, g.privilege_type, g.grantee::int AS identity_id,
		rs.grantee_name(g.grantee) AS identity_name, rs.grantee_type(g.grantee) AS identity_type, g.is_grantable AS admin_option
	FROM rs.routine f CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
	WHERE (SELECT rs.is_superuser()) OR rs.sees_grant(g.grantee, f.proowner);
CREATE OR REPLACE VIEW pg_catalog.svv_language_privileges AS
	SELECT l.lanname::text AS language_name, g.privilege_type, g.grantee::int AS identity_id, rs.grantee_name(g.grantee) AS identity_name,
		rs.grantee_type(g.grantee) AS identity_type, g.is_grantable AS admin_option
	FROM pg_catalog.pg_language l CROSS JOIN LATERAL aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) g
	WHERE l.lanname IN ('sql', 'plpgsql') AND ((SELECT rs.is_superuser()) OR rs.sees_grant(g.grantee, l.lanowner));
-- System privileges are granted to roles, which is refused.
CREATE OR REPLACE VIEW pg_catalog.svv_system_privileges AS
	SELECT NULL::text AS system_privilege, NULL::int AS identity_id, NULL::text AS identity_name, NULL::text AS identity_type WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_default_privileges AS
	SELECT n.nspname::text AS schema_name, CASE d.defaclobjtype WHEN 'r' THEN 'RELATION' WHEN 'f' THEN 'FUNCTION' ELSE 'OTHER' END AS object_type,
		d.defaclrole::int AS owner_id, pg_get_userbyid(d.defaclrole)::text AS owner_name, rs.grantee_type(d.defaclrole) AS owner_type,
		g.privilege_type, g.grantee::int AS grantee_id, rs.grantee_name(g.grantee) AS grantee_name,
		rs.grantee_type(g.grantee) AS grantee_type, g.is_grantable AS admin_option
	FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
	CROSS JOIN LATERAL aclexplode(d.defaclacl) g
	WHERE (SELECT rs.is_superuser()) OR g.grantee = 0 OR pg_has_role(g.grantee, 'MEMBER');
CREATE OR REPLACE VIEW pg_catalog.svv_roles AS
	SELECT oid::int AS role_id, rolname::text AS role_name, NULL::text AS role_owner, NULL::text AS external_id
	FROM pg_catalog.pg_roles WHERE rs.is_role(oid) AND ((SELECT rs.is_superuser()) OR pg_has_role(oid, 'MEMBER'));
CREATE OR REPLACE VIEW pg_catalog.svv_user_info AS
	SELECT usename::text AS user_name, usesysid AS user_id, usecreatedb AS createdb, usesuper AS superuser, usecatupd AS catalog_update,
		'UNLIMITED'::text AS connection_limit, 'RESTRICTED'::text AS syslog_access, NULL::timestamp AS last_ddl_timestamp,
		rs.session_timeout(usesysid::oid) AS session_timeout, NULL::text AS external_user_id
	FROM rs.pg_user WHERE (SELECT rs.is_superuser()) OR usename = current_user;
CREATE OR REPLACE VIEW pg_catalog.svl_user_info AS
	SELECT usename::text AS usename, usesysid, usecreatedb, usesuper, usecatupd, useconnlimit, syslogaccess, last_ddl_ts, sessiontimeout,
		external_id::text AS external_id
	FROM pg_catalog.pg_user_info;
CREATE OR REPLACE VIEW pg_catalog.svv_user_grants AS
	SELECT m.member::int AS user_id, pg_get_userbyid(m.member)::text AS user_name, m.roleid::int AS role_id,
		pg_get_userbyid(m.roleid)::text AS role_name, m.admin_option
	FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
	WHERE u.rolcanlogin AND rs.is_role(m.roleid) AND ((SELECT rs.is_superuser()) OR u.rolname = current_user);
CREATE OR REPLACE VIEW pg_catalog.svv_role_grants AS
	SELECT m.member::int AS role_id, pg_get_userbyid(m.member)::text AS role_name, m.roleid::int AS granted_role_id,
		pg_get_userbyid(m.roleid)::text AS granted_role_name
	FROM pg_catalog.pg_auth_members m WHERE rs.is_role(m.roleid) AND rs.is_role(m.member)
		AND ((SELECT rs.is_superuser()) OR pg_has_role(m.member, 'MEMBER'));

CREATE OR REPLACE VIEW pg_catalog.svv_transactions AS
	SELECT a.usename::text AS txn_owner, current_database()::text AS txn_db, coalesce(a.backend_xid::text::bigint, 0) AS xid, a.pid,
		a.xact_start::timestamp AS txn_start, l.mode AS lock_mode,
		CASE l.locktype WHEN 'relation' THEN 'relation' ELSE 'transactionid' END AS lockable_object_type,
		l.relation::int AS relation, l.granted
	FROM pg_catalog.pg_locks l JOIN rs.activity() a ON a.pid = l.pid
	WHERE l.locktype IN ('relation', 'transactionid') AND a.datname = current_database();

DO $$
DECLARE
	v text;
BEGIN
	FOR v IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND oid >= 16384
			AND relname NOT IN ('svv_table_info', 'svv_interleaved_columns') AND (relname LIKE 'svv\_%' OR relname ~ '^pg_.*_info$'
				OR relname IN ('pg_table_def', 'pg_conf', 'pg_external_schema')) LOOP
		EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', v);
	END LOOP;
END $$;
