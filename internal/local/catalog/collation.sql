-- COLLATE CASE_INSENSITIVE (Redshift manual, CREATE TABLE and COLLATE function; AWS Big Data Blog, "Case-insensitive
-- collation support for string processing": comparison, LIKE, GROUP BY, ORDER BY, regular expressions and SIMILAR TO
-- go by a column's collation, and what is stored keeps its case).
--
-- It is a collation of ICU to which case makes no difference. Redshift's own rules for other characters are not
-- documented; ICU's at this level also take the wide and narrow form of a letter for the same. A PostgreSQL that was built
-- without ICU does without: then a column that names the collation is refused.
DO $$
BEGIN
	CREATE COLLATION IF NOT EXISTS rs.case_insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;

-- COLLATE CASE_SENSITIVE: the database's own, under another name, so that texts of a column that says so do not meet those
-- of one that says the opposite ("Query with different collations is not supported yet", Redshift manual, CREATE DATABASE).
DO $$
BEGIN
	IF to_regcollation('rs.case_sensitive') IS NULL THEN
		EXECUTE (SELECT format('CREATE COLLATION rs.case_sensitive (provider = libc, lc_collate = %L, lc_ctype = %L)', datcollate, datctype)
			FROM pg_catalog.pg_database WHERE datname = current_database());
	END IF;
END $$;

-- A database without regard to case is one with this setting. What is in it keeps PostgreSQL's own collation but for the
-- columns of tables.
CREATE OR REPLACE FUNCTION rs.collate_database(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_database WHERE datname = name AND pg_has_role(session_user, datdba, 'USAGE')) THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('must be owner of database %s', name);
	END IF;
	EXECUTE format('ALTER DATABASE %I SET rs.db_collation TO case_insensitive', name);
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.db_collation() RETURNS varchar
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT coalesce(nullif(current_setting('rs.db_collation', true), ''), 'case_sensitive')::varchar $$;

-- rs.collate_columns gives the columns of a relation that do not say otherwise the collation of the database: all of them,
-- or the one that is named.
CREATE OR REPLACE FUNCTION rs.collate_columns(relation regclass, added name) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	UPDATE pg_attribute SET attcollation = 'rs.case_insensitive'::regcollation
		WHERE db_collation() = 'case_insensitive' AND attrelid = relation AND attnum > 0 AND atttypid IN (1042, 1043)
			AND attcollation = '"default"'::regcollation AND (added IS NULL OR attname = added);
$$;
REVOKE ALL ON FUNCTION rs.collate_columns(regclass, name) FROM PUBLIC;

-- LIKE and regular expressions: PostgreSQL has none for such a collation. In their place the operators without regard to
-- case do the work, of the database's own collation; for all other texts nothing changes. Which it is tells a comparison
-- of constants, which takes its collation from $1 and is carried out when the query is planned.
DO $$
DECLARE
	o record;
BEGIN
	FOR o IN
		SELECT w.name, t.type, w.sensitive, w.insensitive, 'rs.' || t.type || w.sensitive AS function
		FROM (VALUES ('~~', 'like', 'iclike'), ('!~~', 'nlike', 'icnlike'), ('~~*', 'iclike', 'iclike'), ('!~~*', 'icnlike', 'icnlike'),
			('~', 'regexeq', 'icregexeq'), ('!~', 'regexne', 'icregexne'), ('~*', 'icregexeq', 'icregexeq'),
			('!~*', 'icregexne', 'icregexne')) w (name, sensitive, insensitive),
			(VALUES ('text'), ('bpchar')) t (type)
	LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION %s(%s, text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
			$f$ SELECT CASE WHEN (CASE WHEN true THEN ''a'' ELSE $1 END) = ''A'' THEN pg_catalog.%s($1 COLLATE "default", $2 COLLATE "default")
				ELSE pg_catalog.%s($1, $2) END $f$', o.function, o.type, o.type || o.insensitive, o.type || o.sensitive);
		UPDATE pg_operator SET oprcode = o.function::regproc
			WHERE oprname = o.name AND oprleft = o.type::regtype AND oprright = 'text'::regtype AND oprnamespace = 'pg_catalog'::regnamespace;
	END LOOP;
END $$;

-- rs.collation_name is how Redshift calls a column's collation; of other types than texts there is none.
CREATE OR REPLACE FUNCTION rs.collation_name(type oid, collation_oid oid) RETURNS varchar
	LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT (CASE WHEN type IN (1042, 1043) THEN CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_collation c
		WHERE c.oid = collation_oid AND c.collname = 'case_insensitive' AND c.collnamespace = 'rs'::regnamespace)
		THEN 'case_insensitive' ELSE 'case_sensitive' END END)::varchar $$;
