-- Dynamic data masking (Database Developer Guide, Dynamic data masking). PostgreSQL has nothing like it: the server puts what
-- rs.masks answers in place of a relation that is read.
CREATE TABLE IF NOT EXISTS rs.mask (name name PRIMARY KEY, columns text[] NOT NULL, types text[] NOT NULL, written text NOT NULL,
	expressions text[] NOT NULL, changed_by name NOT NULL, changed_at timestamp NOT NULL);
CREATE TABLE IF NOT EXISTS rs.mask_attached (relation oid, policy name REFERENCES rs.mask, output text[], input text[], grantee oid,
	priority int NOT NULL, grantor name NOT NULL, PRIMARY KEY (relation, policy, output, grantee)); -- the grantee 0 is PUBLIC
GRANT SELECT ON rs.mask, rs.mask_attached TO PUBLIC; -- for rs.masks

-- An expression of a policy, of the type that is wanted; each column of the policy is what inputs has in its place.
CREATE OR REPLACE FUNCTION rs.mask_expression(expression text, type text, columns text[], types text[], inputs text[]) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT pg_catalog.format('(SELECT (%s)%s FROM (SELECT %s) AS rs_in)', expression, '::' || type,
		(SELECT pg_catalog.string_agg(pg_catalog.format('%s::%s AS %I', i, t, c), ', ' ORDER BY n)
			FROM ROWS FROM (pg_catalog.unnest(inputs), pg_catalog.unnest(types), pg_catalog.unnest(columns)) WITH ORDINALITY AS u (i, t, c, n)))
$$;

-- What the user at hand reads in place of a relation: its name in quotes, whether it needs no schema, and a query. Of several
-- policies of a column, that of the highest priority counts.
CREATE OR REPLACE FUNCTION rs.masks() RETURNS TABLE (relation text, alone boolean, source text) LANGUAGE sql STABLE AS $$
	WITH applied AS (
		SELECT DISTINCT ON (a.relation, o.name) a.relation, o.name AS output, p.columns, p.types, p.expressions[o.n] AS expression, a.input
		FROM rs.mask_attached a JOIN rs.mask p ON p.name = a.policy, pg_catalog.unnest(a.output) WITH ORDINALITY AS o (name, n)
		WHERE rs.is_one_of(ARRAY[a.grantee]) ORDER BY a.relation, o.name, a.priority DESC)
	SELECT q.name, pg_catalog.pg_table_is_visible(c.oid),
		'(SELECT ' || pg_catalog.string_agg(CASE WHEN m.output IS NULL THEN pg_catalog.format('rs_row.%I', a.attname)
			ELSE rs.mask_expression(m.expression, pg_catalog.format_type(a.atttypid, a.atttypmod), m.columns, m.types,
				ARRAY(SELECT pg_catalog.format('rs_row.%I', i) FROM pg_catalog.unnest(m.input) WITH ORDINALITY AS u (i, n) ORDER BY n)) || pg_catalog.format(' AS %I', a.attname)
			END, ', ' ORDER BY a.attnum) || ' FROM ' || q.name || ' AS rs_row)'
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN applied m ON m.relation = c.oid AND m.output = a.attname,
		LATERAL (SELECT '"' || pg_catalog.replace(s.nspname, '"', '""') || '"."' || pg_catalog.replace(c.relname, '"', '""') || '"' AS name) q
	WHERE c.oid IN (SELECT applied.relation FROM applied)
	GROUP BY c.oid, q.name
$$;

CREATE OR REPLACE FUNCTION rs.mask_named(policy name) RETURNS rs.mask
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found rs.mask;
BEGIN
	PERFORM rs.must_be_secadmin('change a policy');
	SELECT * INTO found FROM rs.mask p WHERE p.name = policy;
	IF found.name IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('masking policy "%s" does not exist', policy);
	END IF;
	RETURN found;
END $$;

-- An expression must be one of the policy's columns; what type it has, the first column that it is attached to decides.
CREATE OR REPLACE FUNCTION rs.try_mask(expressions text[], columns text[], types text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	expression text;
BEGIN
	FOREACH expression IN ARRAY expressions LOOP
		EXECUTE 'SELECT ' || rs.mask_expression(expression, 'text', columns, types, array_fill('NULL'::text, ARRAY[cardinality(columns)])) || ' WHERE false';
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION rs.create_mask(policy name, lenient boolean, columns text[], types text[], written text, expressions text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM rs.must_be_secadmin('create a policy');
	IF EXISTS (SELECT FROM rs.mask p WHERE p.name = policy) THEN
		IF lenient THEN
			RETURN;
		END IF;
		RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('masking policy "%s" already exists', policy);
	END IF;
	PERFORM rs.try_mask(expressions, columns, types);
	INSERT INTO rs.mask VALUES (policy, columns, types, written, expressions, session_user, current_timestamp);
END $$;

CREATE OR REPLACE FUNCTION rs.alter_mask(policy name, written text, expressions text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	old rs.mask := rs.mask_named(policy);
BEGIN
	PERFORM rs.try_mask(expressions, old.columns, old.types);
	IF cardinality(expressions) <> cardinality(old.expressions) THEN
		RAISE EXCEPTION USING ERRCODE = '42601', MESSAGE = format('masking policy "%s" masks %s columns', policy, cardinality(old.expressions));
	END IF;
	UPDATE rs.mask p SET written = alter_mask.written, expressions = alter_mask.expressions, changed_by = session_user, changed_at = current_timestamp WHERE p.name = policy;
END $$;

CREATE OR REPLACE FUNCTION rs.drop_mask(policy name, missing_ok boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	at regclass;
BEGIN
	PERFORM rs.must_be_secadmin('drop a policy');
	IF missing_ok AND NOT EXISTS (SELECT FROM rs.mask p WHERE p.name = policy) THEN
		RETURN;
	END IF;
	PERFORM rs.mask_named(policy);
	at := (SELECT c.oid::regclass FROM rs.mask_attached a JOIN pg_class c ON c.oid = a.relation WHERE a.policy = drop_mask.policy LIMIT 1);
	IF at IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = format('cannot drop masking policy "%s" because it is attached to %s', policy, at), HINT = 'Detach it first.';
	END IF;
	DELETE FROM rs.mask_attached a WHERE a.policy = drop_mask.policy; -- to what was dropped
	DELETE FROM rs.mask p WHERE p.name = policy;
END $$;

CREATE OR REPLACE FUNCTION rs.attach_mask(attached boolean, policy name, rel regclass, output text[], input text[], grantee text, at int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p rs.mask := rs.mask_named(policy);
	who oid := rs.grantee(grantee);
	other name;
	n int;
BEGIN
	IF NOT attached THEN
		DELETE FROM rs.mask_attached a WHERE a.relation = rel AND a.policy = p.name AND a.output = attach_mask.output AND a.grantee = who;
		GET DIAGNOSTICS n = ROW_COUNT;
		IF n = 0 THEN
			RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('masking policy "%s" is not attached', p.name);
		END IF;
		RETURN;
	END IF;
	PERFORM rs.check_policy_relation(rel, output || input);
	IF cardinality(output) <> cardinality(p.expressions) OR cardinality(input) <> cardinality(p.columns) THEN
		RAISE EXCEPTION USING ERRCODE = '42601', MESSAGE = format('masking policy "%s" reads %s columns and masks %s', p.name, cardinality(p.columns), cardinality(p.expressions));
	END IF;
	SELECT a.policy INTO other FROM rs.mask_attached a WHERE a.relation = rel AND a.output && attach_mask.output
		AND (a.priority = at AND (a.policy, a.output, a.input) <> (p.name, attach_mask.output, attach_mask.input) OR a.grantee = who) LIMIT 1;
	IF other IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('masking policy "%s" is attached to the column already, with the same priority or to the same grantee', other);
	END IF;
	INSERT INTO rs.mask_attached VALUES (rel, p.name, output, input, who, at, session_user);
END $$;
