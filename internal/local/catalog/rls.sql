-- Row-level security (Database Developer Guide, Row-level security). What PostgreSQL has of that name does the work: one
-- policy of ours on each relation puts together what is attached to it.
CREATE TABLE IF NOT EXISTS rs.rls_policy (name name PRIMARY KEY, alias text, columns text[] NOT NULL, types text[] NOT NULL,
	written text NOT NULL, condition text NOT NULL, changed_by name NOT NULL, changed_at timestamp NOT NULL);
CREATE TABLE IF NOT EXISTS rs.rls_attached (relation oid, policy name REFERENCES rs.rls_policy ON DELETE CASCADE, grantee oid, grantor name NOT NULL,
	PRIMARY KEY (relation, policy, grantee)); -- the grantee 0 is PUBLIC
CREATE TABLE IF NOT EXISTS rs.rls_relation (relation oid PRIMARY KEY, conjunction text NOT NULL); -- where it is on
CREATE TABLE IF NOT EXISTS rs.rls_ignored (grantee oid PRIMARY KEY); -- who has IGNORE RLS

-- Superusers have what sys:secadmin has, and here they alone.
CREATE OR REPLACE FUNCTION rs.must_be_secadmin(what text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('must be superuser or have the role sys:secadmin to %s', what);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION rs.grantee(name text) RETURNS oid LANGUAGE sql STABLE AS $$
	SELECT CASE name WHEN '' THEN 0 ELSE pg_catalog.quote_ident(name)::regrole::oid END
$$;

-- Whether the user at hand is, or has, one of those that a policy is attached to. A superuser has no role but by its own name.
CREATE OR REPLACE FUNCTION rs.is_one_of(grantees oid[]) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM pg_catalog.unnest(grantees) g WHERE g = 0 OR EXISTS (SELECT FROM pg_catalog.pg_roles r, pg_catalog.pg_roles u
		WHERE r.oid = g AND u.rolname = current_user AND (r.oid = u.oid OR NOT u.rolsuper AND pg_catalog.pg_has_role(u.oid, r.oid, 'MEMBER'))))
$$;
CREATE OR REPLACE FUNCTION rs.ignores_rls() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN rs.is_one_of(ARRAY(SELECT grantee FROM rs.rls_ignored));
END $$;
GRANT SELECT ON rs.rls_ignored TO PUBLIC;

-- A condition that reads its columns as a row of their types and its alias; each column is what is put in front of it.
CREATE OR REPLACE FUNCTION rs.rls_condition(condition text, alias text, columns text[], types text[], nothing text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT pg_catalog.format('(SELECT (%s)::boolean FROM (SELECT %s) AS %I)', condition,
		(SELECT coalesce(pg_catalog.string_agg(pg_catalog.format('%s::%s AS %I', coalesce(nullif(nothing, ''), pg_catalog.quote_ident(c)), t, c), ', ' ORDER BY n), '')
			FROM ROWS FROM (pg_catalog.unnest(columns), pg_catalog.unnest(types)) WITH ORDINALITY AS u (c, t, n)),
		coalesce(nullif(alias, ''), 'rs_row'))
$$;

-- Where row-level security is on, who has no policy sees nothing. INSERT and COPY are not limited, and what an UPDATE makes of a
-- row is not either; an owner is limited like anybody.
CREATE OR REPLACE FUNCTION rs.apply_rls(rel regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	how text := (SELECT conjunction FROM rs.rls_relation WHERE relation = rel);
	anyone text;
	conditions text;
BEGIN
	EXECUTE format('DROP POLICY IF EXISTS rs_rls ON %s', rel);
	IF how IS NULL THEN
		EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', rel);
		RETURN;
	END IF;
	SELECT string_agg(applies, ' OR '),
			string_agg(format(CASE how WHEN 'and' THEN '(NOT %s OR %s)' ELSE '(%s AND %s)' END, applies, holds), ' ' || how || ' ')
		INTO anyone, conditions
		FROM (SELECT rs.rls_condition(p.condition, p.alias, p.columns, p.types, '') AS holds, format('rs.is_one_of(%L)', array_agg(a.grantee ORDER BY a.grantee)::text) AS applies
			FROM rs.rls_attached a JOIN rs.rls_policy p ON p.name = a.policy WHERE a.relation = rel GROUP BY p.name ORDER BY p.name) one;
	EXECUTE format('CREATE POLICY rs_rls ON %s USING (rs.ignores_rls()%s) WITH CHECK (true)', rel,
		CASE WHEN anyone IS NULL THEN '' ELSE format(' OR ((%s) AND (%s))', anyone, conditions) END);
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', rel);
END $$;
REVOKE ALL ON FUNCTION rs.apply_rls(regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION rs.apply_rls_policy(policy name) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT rs.apply_rls(c.oid) FROM (SELECT DISTINCT relation FROM rs.rls_attached a WHERE a.policy = apply_rls_policy.policy) r JOIN pg_class c ON c.oid = r.relation
$$;
REVOKE ALL ON FUNCTION rs.apply_rls_policy(name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION rs.create_rls_policy(policy name, alias text, columns text[], types text[], written text, condition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM rs.must_be_secadmin('create a policy');
	EXECUTE 'SELECT WHERE false AND ' || rs.rls_condition(condition, alias, columns, types, 'NULL');
	IF EXISTS (SELECT FROM rs.rls_policy p WHERE p.name = policy) THEN
		RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('RLS policy "%s" already exists', policy);
	END IF;
	INSERT INTO rs.rls_policy VALUES (policy, alias, columns, types, written, condition, session_user, current_timestamp);
END $$;

CREATE OR REPLACE FUNCTION rs.rls_policy_named(policy name) RETURNS rs.rls_policy
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found rs.rls_policy;
BEGIN
	PERFORM rs.must_be_secadmin('change a policy');
	SELECT * INTO found FROM rs.rls_policy p WHERE p.name = policy;
	IF found.name IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('RLS policy "%s" does not exist', policy);
	END IF;
	RETURN found;
END $$;

CREATE OR REPLACE FUNCTION rs.alter_rls_policy(policy name, written text, condition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	old rs.rls_policy := rs.rls_policy_named(policy);
BEGIN
	EXECUTE 'SELECT WHERE false AND ' || rs.rls_condition(condition, old.alias, old.columns, old.types, 'NULL');
	UPDATE rs.rls_policy p SET written = alter_rls_policy.written, condition = alter_rls_policy.condition, changed_by = session_user, changed_at = current_timestamp
		WHERE p.name = policy;
	PERFORM rs.apply_rls_policy(policy);
END $$;

CREATE OR REPLACE FUNCTION rs.drop_rls_policy(policy name, missing_ok boolean, cascades boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	relations regclass[];
BEGIN
	PERFORM rs.must_be_secadmin('drop a policy');
	IF missing_ok AND NOT EXISTS (SELECT FROM rs.rls_policy p WHERE p.name = policy) THEN
		RETURN;
	END IF;
	PERFORM rs.rls_policy_named(policy);
	relations := ARRAY(SELECT DISTINCT c.oid::regclass FROM rs.rls_attached a JOIN pg_class c ON c.oid = a.relation WHERE a.policy = drop_rls_policy.policy);
	IF cardinality(relations) > 0 AND NOT cascades THEN
		RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = format('cannot drop RLS policy "%s" because it is attached to %s', policy, relations[1]),
			HINT = 'Detach it first, or use DROP ... CASCADE.';
	END IF;
	DELETE FROM rs.rls_policy p WHERE p.name = policy;
	PERFORM rs.apply_rls(r) FROM unnest(relations) r;
END $$;

-- What a policy can be attached to: tables that stay, and have the columns it speaks of.
CREATE OR REPLACE FUNCTION rs.check_policy_relation(rel regclass, columns text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c pg_class := (SELECT c FROM pg_class c WHERE oid = rel);
	lacking text := (SELECT string_agg(n, ', ') FROM unnest(columns) n WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = n AND NOT a.attisdropped));
BEGIN
	IF c.relkind <> 'r' OR c.relpersistence = 't' OR c.relnamespace = 'pg_catalog'::regnamespace THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('a policy on %s, which is no permanent table, is not supported', rel);
	END IF;
	IF lacking IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42703', MESSAGE = format('%s has no column %s, of which the policy speaks', rel, lacking);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION rs.attach_rls(attached boolean, policy name, relations regclass[], grantees text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p rs.rls_policy := rs.rls_policy_named(policy);
	oids oid[] := ARRAY(SELECT rs.grantee(g) FROM unnest(grantees) g);
	n int;
BEGIN
	IF attached THEN
		PERFORM rs.check_policy_relation(r, p.columns) FROM unnest(relations) r;
		IF EXISTS (SELECT FROM rs.rls_attached a WHERE a.relation = ANY (relations) AND a.policy = p.name AND a.grantee = ANY (oids)) THEN
			RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('RLS policy "%s" is attached already', p.name);
		END IF;
		INSERT INTO rs.rls_attached SELECT r, p.name, g, session_user FROM unnest(relations) r, unnest(oids) g;
	ELSE
		DELETE FROM rs.rls_attached a WHERE a.relation = ANY (relations) AND a.policy = p.name AND a.grantee = ANY (oids);
		GET DIAGNOSTICS n = ROW_COUNT;
		IF n < cardinality(relations) * cardinality(oids) THEN
			RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('RLS policy "%s" is not attached', p.name);
		END IF;
	END IF;
	PERFORM rs.apply_rls(r) FROM unnest(relations) r;
END $$;

CREATE OR REPLACE FUNCTION rs.row_level_security(rel regclass, on_ boolean, how text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM rs.must_be_secadmin('turn row level security on or off');
	PERFORM rs.check_policy_relation(rel, '{}');
	DELETE FROM rs.rls_relation WHERE relation = rel;
	IF on_ THEN
		INSERT INTO rs.rls_relation VALUES (rel, how);
	END IF;
	PERFORM rs.apply_rls(rel);
END $$;

CREATE OR REPLACE FUNCTION rs.ignore_rls(granted boolean, grantees text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM rs.must_be_secadmin('grant or revoke IGNORE RLS');
	IF granted THEN
		INSERT INTO rs.rls_ignored SELECT rs.grantee(g) FROM unnest(grantees) g ON CONFLICT DO NOTHING;
	ELSE
		DELETE FROM rs.rls_ignored WHERE grantee IN (SELECT rs.grantee(g) FROM unnest(grantees) g);
	END IF;
END $$;

-- EXPLAIN shows that policies filter a relation, by a node of its own, and not by what (Database Developer Guide, EXPLAIN).
CREATE OR REPLACE FUNCTION rs.explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	filtered text[];
	line text;
BEGIN
	IF NOT rs.ignores_rls() THEN
		filtered := ARRAY(SELECT pg_catalog.quote_ident(relname) FROM pg_catalog.pg_class WHERE relrowsecurity AND pg_catalog.row_security_active(oid));
	END IF;
	FOR line IN EXECUTE query LOOP
		IF pg_catalog.substring(line, 'Scan(?: using [^ ]+)? on ([^ ]+)') = ANY (filtered) THEN
			line := pg_catalog.regexp_replace(line, '[A-Z][A-Za-z ]*Scan(?: using [^ ]+)? on ', 'XN RLS SecureScan ');
		END IF;
		CONTINUE WHEN pg_catalog.strpos(line, 'rs.ignores_rls()') > 0;
		RETURN NEXT line;
	END LOOP;
END $$;
