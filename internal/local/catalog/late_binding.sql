-- Late-binding views (CREATE VIEW ... WITH NO SCHEMA BINDING) follow names, not tables. Here each is an ordinary view
-- without its dependencies, and its text is kept: when a table that it reads is dropped the view turns into one that
-- fails when it is read, and when a table of that name is there again it is made anew. A view on a table that does not
-- exist yet cannot be made, which differs from Redshift.

CREATE TABLE IF NOT EXISTS rs.late_binding_view (
	relid   oid PRIMARY KEY,
	query   text NOT NULL,           -- as PostgreSQL shows it, every name with its schema
	text    text NOT NULL,           -- as the client wrote it
	tables  oid[] NOT NULL,          -- what it reads
	bound   boolean NOT NULL DEFAULT true
);
GRANT SELECT ON rs.late_binding_view TO PUBLIC;

-- Materialized views are views in Redshift's catalogs: tools know them by their text (amazon-redshift-utils,
-- v_generate_view_ddl; dbt-redshift; amazon-redshift-python-driver, issue 173).
CREATE TABLE IF NOT EXISTS rs.materialized_view (
	relid   oid PRIMARY KEY,
	text    text NOT NULL            -- as the client wrote it
);
GRANT SELECT ON rs.materialized_view TO PUBLIC;
CREATE OR REPLACE VIEW rs.written_view AS
	SELECT relid, text FROM rs.late_binding_view UNION ALL SELECT relid, text FROM rs.materialized_view;
GRANT SELECT ON rs.written_view TO PUBLIC;

-- PG_GET_VIEWDEF answers the text of both as it was written: a late-binding view's ends in WITH NO SCHEMA BINDING, which is how
-- tools tell.
SELECT rs.displace('pg_get_viewdef(oid)'), rs.displace('pg_get_viewdef(oid,boolean)');
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_viewdef(oid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT text FROM rs.written_view WHERE relid = $1), rs.view_source(rs.pg_get_viewdef($1)))
$$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_viewdef(oid, boolean) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT text FROM rs.written_view WHERE relid = $1), rs.view_source(rs.pg_get_viewdef($1, $2)))
$$;

-- rs.release_view lets go of the tables that a view has just been made from, and answers them.
CREATE OR REPLACE FUNCTION rs.release_view(view oid) RETURNS oid[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rule constant oid := (SELECT oid FROM pg_rewrite WHERE ev_class = view AND rulename = '_RETURN');
	tables oid[];
BEGIN
	SELECT coalesce(array_agg(DISTINCT refobjid), '{}') INTO tables FROM pg_depend
		WHERE classid = 'pg_rewrite'::regclass AND objid = rule AND refclassid = 'pg_class'::regclass AND refobjid <> view;
	DELETE FROM pg_depend
		WHERE classid = 'pg_rewrite'::regclass AND objid = rule AND refclassid = 'pg_class'::regclass AND refobjid <> view;
	RETURN tables;
END $$;
REVOKE ALL ON FUNCTION rs.release_view(oid) FROM PUBLIC;

-- rs.record_view makes a view that is there a late-binding one.
CREATE OR REPLACE FUNCTION rs.record_view(view regclass, written text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM rs.require_owner(view);
	INSERT INTO rs.late_binding_view VALUES (view, rs.pg_get_viewdef(view), written, rs.release_view(view))
		ON CONFLICT (relid) DO UPDATE
		SET query = excluded.query, text = excluded.text, tables = excluded.tables, bound = true;
END $$;

CREATE OR REPLACE FUNCTION rs.create_late_binding_view(name text, command text, written text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE command;
	EXCEPTION WHEN invalid_table_definition THEN
		-- A late-binding view may be replaced by one with other columns; its grants go with the old one.
		IF NOT EXISTS (SELECT FROM rs.late_binding_view WHERE relid = to_regclass(name)) THEN
			RAISE;
		END IF;
		EXECUTE format('DROP VIEW %s', name);
		EXECUTE command;
	END;
	PERFORM rs.record_view(name::regclass, written);
END $$;

-- rs.unbind_views makes the views that read a table which is gone fail when they are read.
CREATE OR REPLACE FUNCTION rs.unbind_views(gone oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v record;
BEGIN
	DELETE FROM rs.late_binding_view WHERE relid = gone;
	DELETE FROM rs.materialized_view WHERE relid = gone;
	FOR v IN SELECT relid FROM rs.late_binding_view b JOIN pg_class c ON c.oid = relid WHERE gone = ANY (tables) AND bound LOOP
		UPDATE rs.late_binding_view SET bound = false WHERE relid = v.relid;
		EXECUTE (SELECT format('CREATE OR REPLACE VIEW %s AS SELECT ', v.relid::regclass)
			|| string_agg(format('NULL::%s AS %I', CASE WHEN atttypid = 4000 AND atttypmod = 0 THEN 'super(0)'
				ELSE format_type(atttypid, atttypmod) END, attname), ', ' ORDER BY attnum)
			|| format(' WHERE rs.fail(''42P01'', %L) IS NULL', 'a relation that view ' || v.relid::regclass || ' reads does not exist')
			FROM pg_attribute WHERE attrelid = v.relid AND attnum > 0);
	END LOOP;
END $$;
REVOKE ALL ON FUNCTION rs.unbind_views(oid) FROM PUBLIC;

-- rs.bind_views makes late-binding views anew after tables were made or renamed; one that cannot be made stays as it
-- is. Where the columns are of other types now, it is another view with the owner and the grants of the old one.
CREATE OR REPLACE FUNCTION rs.bind_views() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v record;
	made oid;
BEGIN
	FOR v IN SELECT b.*, b.relid::regclass::text AS name, relowner, relacl
			FROM rs.late_binding_view b JOIN pg_catalog.pg_class c ON c.oid = b.relid LOOP
		BEGIN
			BEGIN
				EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', v.name, v.query);
			EXCEPTION WHEN invalid_table_definition THEN
				EXECUTE format('DROP VIEW %s', v.name);
				EXECUTE format('CREATE VIEW %s AS %s', v.name, v.query);
				UPDATE pg_catalog.pg_class SET relacl = v.relacl WHERE oid = v.name::regclass;
				EXECUTE format('ALTER VIEW %s OWNER TO %s', v.name, quote_ident(pg_get_userbyid(v.relowner)));
			END;
			made := v.name::regclass;
			INSERT INTO rs.late_binding_view VALUES (made, v.query, v.text, rs.release_view(made))
				ON CONFLICT (relid) DO UPDATE SET tables = excluded.tables, bound = true;
		EXCEPTION WHEN OTHERS THEN
			NULL; -- its tables are not there, or lack what it reads: it fails when it is read
		END;
	END LOOP;
END $$;

-- rs.distributed tells whether a query on relations of these names runs on the compute nodes: it does if one of them is, or
-- is a view on, a table of a user, or a system table that is there (package dialect, nodes.go). It is NULL where a name is
-- no relation's.
CREATE OR REPLACE FUNCTION rs.distributed(names text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
	WITH RECURSIVE named (oid) AS (SELECT to_regclass(n)::oid FROM unnest(names) n),
	read (oid) AS (
		SELECT oid FROM named
		UNION
		SELECT u.oid FROM read r JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relkind = 'v'
				AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace),
			LATERAL (SELECT d.refobjid FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d
					ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
					WHERE w.ev_class = r.oid
				UNION ALL SELECT unnest(tables) FROM rs.late_binding_view WHERE relid = r.oid) u (oid)
	)
	SELECT CASE WHEN EXISTS (SELECT FROM named WHERE oid IS NULL) THEN NULL ELSE EXISTS (SELECT FROM read JOIN pg_catalog.pg_class c USING (oid)
		WHERE c.relkind IN ('r', 'm', 'p') AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'rs'::regnamespace)
			OR c.relkind = 'v' AND c.relnamespace = 'pg_catalog'::regnamespace AND c.relname ~ '^(stl|stv|svl|svcs|sys)_') END
$$;
