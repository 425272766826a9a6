-- The schema that holds what the stand-in adds to PostgreSQL's own catalogs: recorded attributes, history, and the
-- views which stand in front of PostgreSQL's system tables. The views of schema rs.pg_* never list it.

CREATE SCHEMA IF NOT EXISTS rs;
GRANT USAGE ON SCHEMA rs TO PUBLIC;
