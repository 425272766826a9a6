-- The views of schema rs that stand in front of PostgreSQL's system tables: what a statement calls pg_class or
-- pg_catalog.pg_class is rs.pg_class (package dialect, Shadowed). Each has the columns of PostgreSQL, so that what psql
-- and drivers ask works, and those of Redshift beside them; schema rs and what only PostgreSQL needs are left out.

-- rs.shadow makes the view of a system table. replaced gives other expressions for some of its columns, extra adds
-- columns; source follows FROM, where the table is called t.
CREATE OR REPLACE FUNCTION rs.shadow(name text, replaced jsonb, extra text, source text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE (SELECT format('CREATE OR REPLACE VIEW rs.%I AS SELECT ', name)
		|| string_agg(coalesce(replaced->>attname, 't.' || quote_ident(attname)) || ' AS ' || quote_ident(attname), ', '
			ORDER BY attnum)
		|| extra || ' FROM ' || source
		FROM pg_attribute WHERE attrelid = format('pg_catalog.%I', name)::regclass AND attnum > 0 AND NOT attisdropped
			-- An array of any type is no column of a view.
			AND NOT (atttypid = 'anyarray'::regtype));
	EXECUTE format('GRANT SELECT ON rs.%I TO PUBLIC', name);
END $$;
REVOKE ALL ON FUNCTION rs.shadow(text, jsonb, text, text) FROM PUBLIC;

-- pg_class: no sequences, which Redshift does not have, and no TOAST tables and indexes of users' tables. A materialized view is
-- a view.
SELECT rs.shadow('pg_class',
	'{"relacl": "rs.acl(t.relacl)", "relchecks": "0::int2", "relkind": "(CASE t.relkind WHEN ''m'' THEN ''v'' ELSE t.relkind END)::\"char\""}',
	', false AS relhasoids, coalesce(a.diststyle, CASE WHEN t.relkind = ''r'' THEN 9 ELSE 0 END)::smallint AS reldiststyle,
	 false AS relisreplicated, 0 AS reltriggers, 0 AS relukeys, 0 AS relfkeys, 0 AS relrefs,
	 EXISTS (SELECT FROM rs.key k WHERE k.relid = t.oid AND k.kind = ''p'') AS relhaspkey,
	 a.created AS relcreationtime, t.tableoid',
	'pg_catalog.pg_class t LEFT JOIN rs.table_attribute a ON a.relid = t.oid
	 WHERE t.relnamespace <> ''rs''::regnamespace AND t.relkind <> ''S'' AND t.relnamespace <> ''pg_toast''::regnamespace');

-- pg_attribute: distribution key, sort key and encoding. A late-binding view has no columns there.
SELECT rs.shadow('pg_attribute',
	'{"attacl": "rs.acl(t.attacl)", "atthasdef": "t.atthasdef OR t.attidentity <> ''''"}',
	', coalesce(c.distkey, false) AS attisdistkey, coalesce(c.sortkey, 0) AS attsortkeyord,
	 rs.encoding(c.encoding, coalesce(c.sortkey, 0), r.relpersistence = ''t'', t.atttypid) AS attencodingtype, t.tableoid',
	'pg_catalog.pg_attribute t JOIN pg_catalog.pg_class r ON r.oid = t.attrelid
	 LEFT JOIN rs.column_attribute c ON c.relid = t.attrelid AND c.attnum = t.attnum
	 WHERE r.relnamespace <> ''rs''::regnamespace AND NOT EXISTS (SELECT FROM rs.late_binding_view b WHERE b.relid = t.attrelid)');

-- pg_attrdef: the source text of defaults (PostgreSQL dropped it), and IDENTITY as the default it is in Redshift. adbin is
-- that text too, as an IDENTITY has no other form here; PG_GET_EXPR, which clients send it through, answers it as it is.
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_expr(text, oid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1';
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_expr(text, oid, boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1';
-- rs.default_source is the text of a default that can be run again: PostgreSQL writes large numbers as texts that are cast
-- to NUMERIC, which here has 18 digits.
CREATE OR REPLACE FUNCTION rs.default_source(expression pg_node_tree, relation oid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT regexp_replace(pg_get_expr(expression, relation), $r$(^|[^'])'(-?[0-9.]+)'::numeric(?!\()$r$, $r$\1\2$r$, 'g')
$$;
CREATE OR REPLACE VIEW rs.pg_attrdef AS
	SELECT d.oid, d.adrelid, d.adnum, e.source AS adbin, e.source AS adsrc, d.tableoid
		FROM pg_catalog.pg_attrdef d CROSS JOIN LATERAL (SELECT rs.default_source(d.adbin, d.adrelid) AS source) e
	UNION ALL
	SELECT a.attrelid, a.attrelid, a.attnum, e.source, e.source, 'pg_catalog.pg_attrdef'::regclass::oid
		FROM pg_catalog.pg_attribute a
		CROSS JOIN LATERAL (SELECT rs.identity_source(a.attrelid, a.attnum, a.attidentity) AS source) e WHERE a.attidentity <> '' AND NOT a.attisdropped;
GRANT SELECT ON rs.pg_attrdef TO PUBLIC;

-- pg_constraint: the recorded keys and nothing else.
SELECT rs.shadow('pg_constraint',
	'{"contype": "k.kind", "conkey": "k.conkey", "confrelid": "k.confrelid", "confkey": "k.confkey",
	  "convalidated": "true", "conbin": "NULL::pg_node_tree", "connoinherit": "true",
	  "confupdtype": "(CASE k.kind WHEN ''f'' THEN ''a'' ELSE '' '' END)::\"char\"",
	  "confdeltype": "(CASE k.kind WHEN ''f'' THEN ''a'' ELSE '' '' END)::\"char\"",
	  "confmatchtype": "(CASE k.kind WHEN ''f'' THEN ''s'' ELSE '' '' END)::\"char\""}',
	', NULL::text AS consrc, t.tableoid',
	'pg_catalog.pg_constraint t JOIN rs.key k ON k.conoid = t.oid');

SELECT rs.shadow('pg_namespace', '{"nspacl": "rs.acl(t.nspacl)"}', ', t.tableoid',
	'pg_catalog.pg_namespace t WHERE t.nspname <> ''rs'' AND t.nspname !~ ''^pg_toast''');
-- pg_database: Redshift has the templates, and no database postgres, which is the stand-in's own.
SELECT rs.shadow('pg_database', '{"datacl": "rs.acl(t.datacl)"}', ', NULL::text[] AS datconfig, t.tableoid',
	'pg_catalog.pg_database t WHERE t.datname <> ''postgres''');
SELECT rs.shadow('pg_proc', '{"proacl": "rs.acl(t.proacl)"}', ', t.prokind = ''a'' AS proisagg, t.prokind = ''w'' AS proiswindow, t.tableoid',
	'pg_catalog.pg_proc t WHERE t.pronamespace <> ''rs''::regnamespace');
-- pg_tablespace and pg_am: the columns of 8.0 that drivers ask an old server for.
SELECT rs.shadow('pg_tablespace', '{"spcacl": "rs.acl(t.spcacl)"}', ', pg_tablespace_location(t.oid) AS spclocation, t.tableoid', 'pg_catalog.pg_tablespace t');
SELECT rs.shadow('pg_am', '{}', ', (t.amname = ''btree'')::int::smallint AS amorderstrategy, t.tableoid', 'pg_catalog.pg_am t');
SELECT rs.shadow('pg_tables', '{}', '', 'pg_catalog.pg_tables t WHERE t.schemaname <> ''rs''');

-- pg_views: late-binding and materialized views show their text.
SELECT rs.shadow('pg_views',
	'{"definition": "coalesce(v.text, rs.view_source(t.definition))"}', '',
	'(SELECT * FROM pg_catalog.pg_views
		UNION ALL SELECT schemaname, matviewname, matviewowner, definition FROM pg_catalog.pg_matviews) t LEFT JOIN (rs.written_view b
	 JOIN pg_catalog.pg_class c ON c.oid = b.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace) AS v
	 ON v.nspname = t.schemaname AND v.relname = t.viewname WHERE t.schemaname <> ''rs''');

-- Users, groups and roles are all roles to PostgreSQL: users log in, Redshift's roles carry the comment role, and the
-- rest are groups.
CREATE OR REPLACE FUNCTION rs.is_role(oid) RETURNS boolean
	LANGUAGE sql STABLE AS $$ SELECT coalesce(shobj_description($1, 'pg_authid') = 'role', false) $$;
CREATE OR REPLACE VIEW rs.pg_user AS
	SELECT rolname AS usename, oid::int AS usesysid,
		rolcreatedb AS usecreatedb, rolsuper AS usesuper, oid = 10 AS usecatupd, rolreplication AS userepl,
		rolbypassrls AS usebypassrls, '********'::text AS passwd, rolvaliduntil AS valuntil, rolconfig AS useconfig
	FROM pg_catalog.pg_roles WHERE rolcanlogin;
CREATE OR REPLACE VIEW rs.pg_shadow AS
	SELECT rolname AS usename, oid::int AS usesysid,
		rolcreatedb AS usecreatedb, rolsuper AS usesuper, oid = 10 AS usecatupd, rolreplication AS userepl,
		rolbypassrls AS usebypassrls, rolpassword AS passwd, rolvaliduntil AS valuntil,
		(SELECT setconfig FROM pg_catalog.pg_db_role_setting WHERE setrole = pg_authid.oid AND setdatabase = 0) AS useconfig
	FROM pg_catalog.pg_authid WHERE rolcanlogin;
CREATE OR REPLACE VIEW rs.pg_group AS
	SELECT rolname AS groname, oid::int AS grosysid,
		ARRAY(SELECT member FROM pg_catalog.pg_auth_members WHERE roleid = r.oid)::oid[] AS grolist
	FROM pg_catalog.pg_roles r WHERE NOT rolcanlogin AND oid >= 16384 AND NOT rs.is_role(oid);
GRANT SELECT ON rs.pg_user, rs.pg_group TO PUBLIC;

SELECT rs.shadow('pg_default_acl', '{"defaclacl": "rs.acl(t.defaclacl)"}', ', t.defaclrole AS defacluser, t.tableoid',
	'pg_catalog.pg_default_acl t');

-- Redshift calls some columns of pg_stat_activity and pg_locks as PostgreSQL 8 did.
SELECT rs.shadow('pg_locks', '{}', ', t.transactionid AS transaction', 'pg_catalog.pg_locks t');
SELECT rs.shadow('pg_stat_activity', '{}', ', t.pid AS procpid, t.query AS current_query', 'pg_catalog.pg_stat_activity t');
