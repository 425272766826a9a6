-- The schema that holds what the stand-in adds to PostgreSQL's own catalogs: recorded attributes, history, and the
-- views which stand in front of PostgreSQL's system tables. Those views never list it.

CREATE SCHEMA IF NOT EXISTS rs;
GRANT USAGE ON SCHEMA rs TO PUBLIC;

-- Redshift lets every user create tables in schema public (Redshift manual, Schemas); PostgreSQL 15 does not.
GRANT CREATE ON SCHEMA public TO PUBLIC;
ALTER SCHEMA public OWNER TO CURRENT_USER;

-- Of another version's views and SHOW functions, what nobody else's view rests on goes: CREATE OR REPLACE cannot rename
-- or retype columns. Several rounds, as they rest on each other; a catalog of the first version has none.
DO $$
DECLARE
	o text;
	gone int;
BEGIN
	LOOP
		gone := 0;
		FOR o IN SELECT format('%s %s', CASE kind WHEN 'v' THEN 'VIEW' ELSE 'FUNCTION' END, name) FROM (
				SELECT 'v' AS kind, oid::regclass::text AS name FROM pg_class WHERE relkind = 'v' AND oid >= 16384
					AND relnamespace IN ('pg_catalog'::regnamespace, 'rs'::regnamespace)
				UNION ALL SELECT 'f', oid::regprocedure::text FROM pg_proc
					WHERE pronamespace = 'rs'::regnamespace AND proname LIKE 'show~_%' ESCAPE '~') old LOOP
			BEGIN
				EXECUTE 'DROP ' || o;
				gone := gone + 1;
			EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
			END;
		END LOOP;
		EXIT WHEN gone = 0;
	END LOOP;
END $$;

-- rs.warehouse says which warehouse this database is a part of: one row.
CREATE TABLE IF NOT EXISTS rs.warehouse (
	account text NOT NULL,
	region  text NOT NULL,
	cluster text NOT NULL,
	slices  int NOT NULL
);
GRANT SELECT ON rs.warehouse TO PUBLIC;

-- rs.fail raises an error from inside an SQL expression. It never returns. It is volatile so that the planner does not
-- run it ahead of time.
CREATE OR REPLACE FUNCTION rs.fail(code text, message text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END $$;

-- rs.displace moves one of PostgreSQL's own functions out of the way, into schema rs, so that another of the same name
-- and arguments can stand in pg_catalog. What was built on the old one (views, operators) keeps using it.
CREATE OR REPLACE FUNCTION rs.displace(signature text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	f oid := to_regprocedure('pg_catalog.' || signature);
BEGIN
	IF f IS NOT NULL AND f < 16384 THEN
		UPDATE pg_catalog.pg_proc SET pronamespace = 'rs'::regnamespace WHERE oid = f;
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.displace(text) FROM PUBLIC;
