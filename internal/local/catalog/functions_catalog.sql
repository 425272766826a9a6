-- Functions that catalog queries of Redshift's administrators and tools call.

-- version() starts with the line that every client looks for (Redshift manual, VERSION).
SELECT rs.displace('version()');
CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.130000'::text
$$;

-- The counters of the session, which the server keeps in settings of the session.
CREATE OR REPLACE FUNCTION rs.session_number(name text, otherwise bigint) RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT coalesce(nullif(current_setting('rs.' || name, true), '')::bigint, otherwise) $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT rs.session_number('last_copy_count', 0) $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_id() RETURNS int
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT rs.session_number('last_copy_id', -1)::int $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_unload_count() RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT rs.session_number('last_unload_count', 0) $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_unload_id() RETURNS int
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT rs.session_number('last_unload_id', -1)::int $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_query_id() RETURNS int
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT rs.session_number('last_query_id', -1)::int $$;

CREATE OR REPLACE FUNCTION pg_catalog.current_aws_account() RETURNS varchar
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT account::varchar FROM rs.warehouse';
CREATE OR REPLACE FUNCTION pg_catalog.current_namespace() RETURNS varchar
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT md5(account || region || cluster)::uuid::varchar FROM rs.warehouse';
CREATE OR REPLACE FUNCTION pg_catalog.current_user_id() RETURNS int
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT current_user::regrole::oid::int';
CREATE OR REPLACE FUNCTION pg_catalog.is_large_string_enabled() RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT false';
CREATE OR REPLACE FUNCTION pg_catalog.slice_num() RETURNS int
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT 0';

-- rs.role_named is a role (CREATE ROLE), or the error that there is none.
CREATE OR REPLACE FUNCTION rs.role_named(name text) RETURNS oid LANGUAGE plpgsql STABLE AS $$
DECLARE
	id constant oid := (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = name AND shobj_description(oid, 'pg_authid') = 'role');
BEGIN
	IF id IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('role "%s" does not exist', name);
	END IF;
	RETURN id;
END $$;
-- Without FORCE a role that was granted stays, and so does one that others were granted to (Redshift manual, DROP ROLE).
CREATE OR REPLACE FUNCTION rs.check_drop_role(name text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
	id constant oid := (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = name);
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member
			WHERE m.roleid = id AND r.rolcanlogin AND NOT (m.admin_option AND m.grantor = 10)) THEN
		RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = 'cannot drop this role since it has been granted on a user';
	ELSIF EXISTS (SELECT FROM pg_catalog.pg_auth_members WHERE (roleid = id OR member = id) AND NOT (admin_option AND grantor = 10)) THEN
		RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = 'cannot drop this role since it depends on another role';
	END IF;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.user_is_member_of(user_name text, role_name text) RETURNS boolean
	LANGUAGE sql STABLE AS 'SELECT pg_has_role(user_name::name, rs.role_named(role_name), ''USAGE'')';
CREATE OR REPLACE FUNCTION pg_catalog.role_is_member_of(role_name text, granted_role_name text) RETURNS boolean
	LANGUAGE sql STABLE AS 'SELECT pg_has_role(rs.role_named(role_name), rs.role_named(granted_role_name), ''USAGE'')';

-- Its callers name and type the columns: cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int).
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_cols(relation text) RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)::varchar, a.attnum::int
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.oid = relation::regclass ORDER BY a.attnum
$$;

-- BPCHARCMP and BTTEXT_PATTERN_CMP answer -1, 0 or 1.
SELECT rs.displace('bpcharcmp(bpchar,bpchar)'), rs.displace('bttext_pattern_cmp(text,text)');
CREATE OR REPLACE FUNCTION pg_catalog.bpcharcmp(bpchar, bpchar) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT sign(rs.bpcharcmp($1, $2))::int';
CREATE OR REPLACE FUNCTION pg_catalog.bttext_pattern_cmp(text, text) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT sign(rs.bttext_pattern_cmp($1, $2))::int';

-- The compression encodings by the numbers of pg_attribute.attencodingtype (amazon-redshift-utils decodes them by
-- format_encoding; the numbers themselves are not documented, and 0 is RAW).
CREATE OR REPLACE FUNCTION rs.encoding_number(name text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE name WHEN 'raw' THEN 0 WHEN 'bytedict' THEN 1 WHEN 'delta' THEN 2 WHEN 'delta32k' THEN 3 WHEN 'lzo' THEN 4
		WHEN 'mostly8' THEN 5 WHEN 'mostly16' THEN 6 WHEN 'mostly32' THEN 7 WHEN 'runlength' THEN 8 WHEN 'text255' THEN 9
		WHEN 'text32k' THEN 10 WHEN 'zstd' THEN 11 WHEN 'az64' THEN 12 END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.format_encoding(int) RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (CASE $1 WHEN 0 THEN 'none' WHEN 1 THEN 'bytedict' WHEN 2 THEN 'delta' WHEN 3 THEN 'delta32k' WHEN 4 THEN 'lzo'
		WHEN 5 THEN 'mostly8' WHEN 6 THEN 'mostly16' WHEN 7 THEN 'mostly32' WHEN 8 THEN 'runlength' WHEN 9 THEN 'text255'
		WHEN 10 THEN 'text32k' WHEN 11 THEN 'zstd' WHEN 12 THEN 'az64' END)::varchar
$$;
-- rs.encoding is the encoding of a column, by its number: the one it was given, or the default for its type and place
-- (Redshift manual, Compression encodings; sort keys and temporary tables are RAW).
CREATE OR REPLACE FUNCTION rs.encoding(given text, sortkey int, temporary boolean, type oid) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE
		WHEN given IS NOT NULL THEN rs.encoding_number(given)
		WHEN sortkey <> 0 OR temporary THEN 0
		WHEN type IN (20, 21, 23, 1082, 1083, 1114, 1184, 1266, 1700) THEN 12
		WHEN type IN (25, 1042, 1043, 6551) THEN 4
		WHEN type = 4000 THEN 11
		ELSE 0 END
$$;

-- rs.key_definition shows a recorded key as pg_get_constraintdef does.
CREATE OR REPLACE FUNCTION rs.column_list(relation oid, columns smallint[]) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY position) FROM unnest(columns) WITH ORDINALITY AS c (n, position)
		JOIN pg_catalog.pg_attribute ON attrelid = relation AND attnum = n
$$;
CREATE OR REPLACE FUNCTION rs.key_definition(k rs.key) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE k.kind WHEN 'p' THEN 'PRIMARY KEY (' WHEN 'u' THEN 'UNIQUE (' ELSE 'FOREIGN KEY (' END
		|| rs.column_list(k.relid, k.conkey) || ')'
		|| CASE k.kind WHEN 'f' THEN format(' REFERENCES %s(%s)', k.confrelid::regclass, rs.column_list(k.confrelid, k.confkey))
			ELSE '' END
$$;
SELECT rs.displace('pg_get_constraintdef(oid)'), rs.displace('pg_get_constraintdef(oid,boolean)');
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_constraintdef(oid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT rs.key_definition(k) FROM rs.key k WHERE k.conoid = $1), rs.pg_get_constraintdef($1))
$$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_constraintdef(oid, boolean) RETURNS text
	LANGUAGE sql STABLE AS 'SELECT pg_catalog.pg_get_constraintdef($1)';

-- rs.identity_source is the default expression that Redshift shows for an IDENTITY column.
CREATE OR REPLACE FUNCTION rs.identity_source(relation oid, attnum smallint, kind "char") RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT format('%s(%s, %s, ''%s,%s''::text)', CASE kind WHEN 'a' THEN '"identity"' ELSE 'default_identity' END,
			relation, attnum - 1, seqstart, seqincrement)
		FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
		WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = relation AND d.refobjsubid = attnum
			AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'i'
$$;

-- rs.acl writes access privileges as Redshift does, as texts: user=arwdRxtD/grantor, group name=... for groups.
CREATE OR REPLACE FUNCTION rs.acl(aclitem[]) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN $1 IS NULL THEN NULL ELSE ARRAY(
		SELECT CASE WHEN rolcanlogin OR grantee = 0 THEN item ELSE 'group ' || item END
		FROM (SELECT i::text AS item, position, (SELECT grantee FROM aclexplode(ARRAY[i]) LIMIT 1) AS grantee
			FROM unnest($1) WITH ORDINALITY AS u (i, position)) x
		LEFT JOIN pg_catalog.pg_roles r ON r.oid = grantee
		ORDER BY position) END
$$;

CREATE OR REPLACE FUNCTION rs.oid_text(oid) RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::text::varchar';
SELECT rs.make_cast('oid', 'varchar', 'WITH FUNCTION rs.oid_text(oid) AS ASSIGNMENT');

-- TRIM of an oid, of the text that it casts to.
CREATE OR REPLACE FUNCTION pg_catalog.btrim(oid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::text';

-- Its callers name and type the columns: cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int).
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record
LANGUAGE sql STABLE AS $$
	SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)::varchar, a.attnum::int
		FROM rs.late_binding_view v JOIN pg_catalog.pg_class c ON c.oid = v.relid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		ORDER BY n.nspname, c.relname, a.attnum
$$;

-- rs.table_rows estimates how many rows a table holds, those marked as deleted included: small tables are counted.
CREATE OR REPLACE FUNCTION rs.table_rows(relation oid) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	size constant bigint := pg_relation_size(relation);
	c pg_catalog.pg_class;
	n bigint;
BEGIN
	IF size = 0 THEN
		RETURN 0;
	END IF;
	SELECT * INTO c FROM pg_catalog.pg_class WHERE oid = relation;
	IF size <= 1048576 OR c.reltuples <= 0 OR c.relpages = 0 THEN
		IF size > 67108864 AND pg_stat_get_live_tuples(relation) > 0 THEN
			RETURN pg_stat_get_live_tuples(relation);
		END IF;
		EXECUTE format('SELECT count(*) FROM %s', relation::regclass) INTO n;
		RETURN n;
	END IF;
	RETURN round(c.reltuples::numeric / c.relpages * (size / current_setting('block_size')::bigint));
END $$;
