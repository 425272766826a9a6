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
