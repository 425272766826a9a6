-- The schema that holds what the stand-in adds to PostgreSQL's own catalogs: recorded attributes, history, and the
-- views which stand in front of PostgreSQL's system tables. Those views never list it.

CREATE SCHEMA IF NOT EXISTS rs;
GRANT USAGE ON SCHEMA rs TO PUBLIC;

-- Redshift lets every user create tables in schema public (Redshift manual, Schemas); PostgreSQL 15 does not.
GRANT CREATE ON SCHEMA public TO PUBLIC;
ALTER SCHEMA public OWNER TO CURRENT_USER;

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
