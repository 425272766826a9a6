-- One writer per table at a time (Database Developer Guide, Write and read/write operations). The server takes a lock
-- for each statement that writes; what PostgreSQL's LOCK asks for is more than the right to insert, so that users who
-- have only that take it here.
CREATE OR REPLACE FUNCTION rs.lock_for_write(t regclass) RETURNS void
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF has_table_privilege(session_user, t, 'INSERT, UPDATE, DELETE') THEN
		EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', t);
	END IF;
END $$;

-- rs.named_table is a table's entry in the catalog, which the server tells the history.
CREATE OR REPLACE FUNCTION rs.named_table(t regclass, OUT tbl oid, OUT schema_name name, OUT table_name name)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	SELECT c.oid, n.nspname, c.relname INTO tbl, schema_name, table_name
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = t;
END $$;
