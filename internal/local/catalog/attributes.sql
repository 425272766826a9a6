-- What Redshift keeps of a table and PostgreSQL does not: distribution and sort keys, encodings, the keys that nobody
-- enforces, and lengths in bytes. Package dialect takes them out of DDL statements and has the functions below record
-- them in the same transaction.

-- rs.table_attribute: one row per table. A table without a row has the defaults: AUTO all over.
--   diststyle  pg_class.reldiststyle: 0 EVEN, 1 KEY, 8 ALL, 9 AUTO
--   sortstyle  compound, interleaved, auto or none
CREATE TABLE IF NOT EXISTS rs.table_attribute (
	relid       oid PRIMARY KEY,
	diststyle   smallint NOT NULL DEFAULT 9,
	sortstyle   text NOT NULL DEFAULT 'auto',
	encode_auto boolean NOT NULL DEFAULT true,
	backup      boolean NOT NULL DEFAULT true,
	created     timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);

-- rs.column_attribute: one row per column that has any of these. sortkey is the position, negative in turn where the
-- sort key is interleaved; encoding is NULL where the default of the type holds.
CREATE TABLE IF NOT EXISTS rs.column_attribute (
	relid    oid,
	attnum   smallint,
	distkey  boolean NOT NULL DEFAULT false,
	sortkey  int NOT NULL DEFAULT 0,
	encoding text,
	PRIMARY KEY (relid, attnum)
);

-- rs.key: primary keys (p), unique (u) and foreign keys (f). Each is a row of pg_constraint too, a CHECK that is always
-- true and names the key's columns, so that PostgreSQL looks after names, DROP CONSTRAINT, DROP COLUMN and DROP TABLE.
CREATE TABLE IF NOT EXISTS rs.key (
	conoid    oid PRIMARY KEY,
	relid     oid NOT NULL,
	kind      "char" NOT NULL,
	conkey    smallint[] NOT NULL,
	confrelid oid NOT NULL DEFAULT 0,
	confkey   smallint[]
);
CREATE INDEX IF NOT EXISTS key_relid ON rs.key (relid);

GRANT SELECT ON rs.table_attribute, rs.column_attribute, rs.key TO PUBLIC;

-- rs.require_owner: the recording functions run with their owner's rights, for who owns the table.
CREATE OR REPLACE FUNCTION rs.require_owner(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c pg_catalog.pg_class;
BEGIN
	SELECT * INTO c FROM pg_catalog.pg_class WHERE oid = relation;
	IF NOT pg_has_role(session_user, c.relowner, 'USAGE') THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('must be owner of relation %s', c.relname);
	END IF;
END $$;

-- rs.column_number finds a column that a statement names.
CREATE OR REPLACE FUNCTION rs.column_number(relation regclass, name text, clause text) RETURNS smallint
LANGUAGE plpgsql STABLE AS $$
DECLARE
	n smallint;
BEGIN
	SELECT attnum INTO n FROM pg_catalog.pg_attribute
		WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND (attname = name OR attnum::text = name)
		ORDER BY attname <> name LIMIT 1; -- CREATE TABLE AS takes a column's number, too
	IF n IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42703', MESSAGE = format('column "%s" named in %s does not exist', name, clause);
	END IF;
	RETURN n;
END $$;

-- rs.add_key records a constraint, and makes PostgreSQL keep its name and know what it depends on.
CREATE OR REPLACE FUNCTION rs.add_key(relation regclass, key jsonb, reference regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kind constant "char" := key->>'kind';
	names text[] := ARRAY(SELECT jsonb_array_elements_text(key->'columns'));
	columns smallint[];
	ref_names text[] := ARRAY(SELECT jsonb_array_elements_text(key->'references'));
	ref_columns smallint[];
	name text := key->>'name';
	constraint_oid oid;
	c text;
BEGIN
	FOREACH c IN ARRAY names LOOP
		columns := columns || rs.column_number(relation, c, 'key');
	END LOOP;
	IF kind = 'p' THEN
		IF EXISTS (SELECT FROM rs.key k WHERE k.relid = relation AND k.kind = 'p') THEN
			RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = format('multiple primary keys for table "%s" are not allowed',
				(SELECT relname FROM pg_class WHERE oid = relation));
		END IF;
		SELECT string_agg(format('ALTER %I SET NOT NULL', attname), ', ') INTO c
			FROM pg_attribute WHERE attrelid = relation AND attnum = ANY (columns) AND NOT attnotnull;
		IF c IS NOT NULL THEN
			EXECUTE format('ALTER TABLE %s %s', relation, c);
		END IF;
	END IF;
	IF kind = 'f' THEN
		IF cardinality(ref_names) = 0 THEN
			SELECT k.conkey INTO ref_columns FROM rs.key k WHERE k.relid = reference AND k.kind = 'p';
			IF ref_columns IS NULL THEN
				RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('there is no primary key for referenced table "%s"',
					(SELECT relname FROM pg_class WHERE oid = reference));
			END IF;
		ELSE
			FOREACH c IN ARRAY ref_names LOOP
				ref_columns := ref_columns || rs.column_number(reference, c, 'foreign key');
			END LOOP;
			IF NOT EXISTS (SELECT FROM rs.key k WHERE k.relid = reference AND k.kind IN ('p', 'u')
				AND k.conkey @> ref_columns AND k.conkey <@ ref_columns) THEN
				RAISE EXCEPTION USING ERRCODE = '42830', MESSAGE = format(
					'there is no unique constraint matching given keys for referenced table "%s"',
					(SELECT relname FROM pg_class WHERE oid = reference));
			END IF;
		END IF;
		IF cardinality(columns) <> cardinality(ref_columns) THEN
			RAISE EXCEPTION USING ERRCODE = '42830',
				MESSAGE = 'number of referencing and referenced columns for foreign key disagree';
		END IF;
	END IF;
	IF name IS NULL THEN
		SELECT relname || CASE kind WHEN 'p' THEN '_pkey' WHEN 'u' THEN '_' || array_to_string(names, '_') || '_key'
			ELSE '_' || names[1] || '_fkey' END INTO name FROM pg_class WHERE oid = relation;
		-- The digest in the short form of a long name (package names) would be cut, and mean nothing.
		name := left(regexp_replace(name, '[_~]9q[0-9a-f]{16}', '', 'g'), 60);
		IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND conname = name) THEN
			SELECT left(name, 57) || min(n) INTO name FROM generate_series(1, 1000) n WHERE NOT EXISTS
				(SELECT FROM pg_constraint WHERE conrelid = relation AND conname = left(name, 57) || n);
		END IF;
	END IF;
	EXECUTE (SELECT format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (true OR ', relation, name)
		|| string_agg(format('%I IS NULL', n), ' OR ') || ') NOT VALID' FROM unnest(names) n);
	SELECT oid INTO constraint_oid FROM pg_constraint WHERE conrelid = relation AND conname = name;
	INSERT INTO rs.key VALUES (constraint_oid, relation, kind, columns, coalesce(reference, 0), ref_columns);
	IF kind = 'f' AND reference <> relation THEN
		INSERT INTO pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
			SELECT 'pg_constraint'::regclass, constraint_oid, 0, 'pg_class'::regclass, reference, n, 'n'
			FROM unnest(ref_columns) n;
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.add_key(regclass, jsonb, regclass) FROM PUBLIC;

-- rs.length_check is the name of the constraint that holds a column's length to its bytes: the type, as error messages
-- show it, and the column's number.
CREATE OR REPLACE FUNCTION rs.length_check(type oid, modifier int, attnum smallint) RETURNS text
	LANGUAGE sql STABLE AS $$ SELECT 'rs:' || format_type(type, modifier) || ':' || attnum $$;

-- rs.check_lengths gives every CHAR and VARCHAR column the constraint that its value has at most as many bytes as the
-- type says (Redshift manual, Character types: lengths are bytes, CHAR is ASCII); PostgreSQL counts characters. A DECIMAL of
-- 19 digits is kept in 8 bytes, which do not hold them all (Redshift manual, Numeric types). Package dialect turns a
-- violation into the error of a value that is too long.
CREATE OR REPLACE FUNCTION rs.check_lengths(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	command text;
BEGIN
	SELECT string_agg(format('ADD CONSTRAINT %I CHECK (' || CASE atttypid
				WHEN 1700 THEN 'abs(%I) <= ' || 9223372036854775807 * ('1e-' || ((atttypmod - 4) & 65535))::numeric
				ELSE 'octet_length(%I) <= ' || atttypmod - 4 END || ') NOT VALID',
			rs.length_check(atttypid, atttypmod, attnum), attname), ', ')
		INTO command
		FROM pg_attribute a
		WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND atttypmod > 4
			AND (atttypid IN (1042, 1043) OR atttypid = 1700 AND (atttypmod - 4) >> 16 = 19)
			AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation
				AND conname = rs.length_check(atttypid, atttypmod, attnum));
	-- Of a materialized view nothing but its query writes rows, and PostgreSQL gives it no constraints.
	IF command IS NOT NULL AND (SELECT relkind FROM pg_class WHERE oid = relation) = 'r' THEN
		EXECUTE format('ALTER TABLE %s %s', relation, command);
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.check_lengths(regclass) FROM PUBLIC;

-- rs.validate_lengths holds the rows that a query made to those constraints, too: where a text of it has no length of its own,
-- it may be longer than any column can be.
CREATE OR REPLACE FUNCTION rs.validate_lengths(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	command text;
BEGIN
	SELECT string_agg(format('VALIDATE CONSTRAINT %I', conname), ', ') INTO command
		FROM pg_constraint WHERE conrelid = relation AND contype = 'c' AND conname LIKE 'rs:%' AND NOT convalidated;
	IF command IS NOT NULL THEN
		EXECUTE format('ALTER TABLE %s %s', relation, command);
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.validate_lengths(regclass) FROM PUBLIC;

-- rs.drop_length_checks takes those constraints away before a column changes its type.
CREATE OR REPLACE FUNCTION rs.drop_length_checks(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	command text;
BEGIN
	PERFORM rs.require_owner(relation);
	SELECT string_agg(format('DROP CONSTRAINT %I', conname), ', ') INTO command
		FROM pg_constraint WHERE conrelid = relation AND contype = 'c' AND conname LIKE 'rs:%';
	IF command IS NOT NULL THEN
		EXECUTE format('ALTER TABLE %s %s', relation, command);
	END IF;
END $$;

-- rs.alter_table records what a statement says of a table that is there. spec is package dialect's tableSpec; refs are
-- the tables that its foreign keys refer to.
CREATE OR REPLACE FUNCTION rs.alter_table(relation regclass, spec jsonb, refs regclass[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	style constant text := spec->>'sort';
	n smallint;
	c record;
BEGIN
	PERFORM rs.require_owner(relation);
	INSERT INTO rs.table_attribute (relid) VALUES (relation) ON CONFLICT DO NOTHING;
	IF spec ? 'added' THEN
		PERFORM rs.collate_columns(relation, spec->>'added');
	END IF;

	IF spec ? 'dist' THEN
		IF spec->>'dist' = 'key' AND NOT spec ? 'distkey' THEN
			RAISE EXCEPTION USING ERRCODE = '42601', MESSAGE = 'DISTSTYLE KEY must have a DISTKEY column';
		END IF;
		IF spec->>'dist' <> 'key' AND spec ? 'distkey' THEN
			RAISE EXCEPTION USING ERRCODE = '42601', MESSAGE = 'DISTKEY goes with DISTSTYLE KEY only';
		END IF;
		UPDATE rs.table_attribute SET diststyle =
			CASE spec->>'dist' WHEN 'even' THEN 0 WHEN 'key' THEN 1 WHEN 'all' THEN 8 ELSE 9 END WHERE relid = relation;
		UPDATE rs.column_attribute SET distkey = false WHERE relid = relation AND distkey;
	END IF;
	IF spec ? 'distkey' THEN
		n := rs.column_number(relation, spec->>'distkey', 'DISTKEY');
		PERFORM rs.refuse_key_type(relation, n, 'DISTKEY');
		INSERT INTO rs.column_attribute (relid, attnum, distkey) VALUES (relation, n, true)
			ON CONFLICT (relid, attnum) DO UPDATE SET distkey = true;
	END IF;

	IF style IS NOT NULL THEN
		UPDATE rs.table_attribute SET sortstyle = style WHERE relid = relation;
		UPDATE rs.column_attribute SET sortkey = 0 WHERE relid = relation AND sortkey <> 0;
		FOR c IN SELECT name, position::int AS position FROM jsonb_array_elements_text(spec->'sortkey')
				WITH ORDINALITY AS s (name, position) LOOP
			n := rs.column_number(relation, c.name, 'SORTKEY');
			PERFORM rs.refuse_key_type(relation, n, 'SORTKEY');
			-- The positions of an interleaved key alternate in sign.
			INSERT INTO rs.column_attribute (relid, attnum, sortkey)
				VALUES (relation, n, CASE WHEN style = 'interleaved' AND c.position % 2 = 1 THEN -c.position ELSE c.position END)
				ON CONFLICT (relid, attnum) DO UPDATE SET sortkey = excluded.sortkey;
		END LOOP;
	END IF;

	-- A table is no longer ENCODE AUTO once a column has an encoding of its own (Redshift manual, Compression encodings).
	IF spec ? 'encodings' THEN
		UPDATE rs.table_attribute SET encode_auto = false WHERE relid = relation;
		FOR c IN SELECT key AS name, value AS encoding FROM jsonb_each_text(spec->'encodings') LOOP
			n := rs.column_number(relation, c.name, 'ENCODE');
			INSERT INTO rs.column_attribute (relid, attnum, encoding) VALUES (relation, n, c.encoding)
				ON CONFLICT (relid, attnum) DO UPDATE SET encoding = excluded.encoding;
		END LOOP;
	END IF;
	IF spec ? 'encode_auto' THEN
		UPDATE rs.table_attribute SET encode_auto = true WHERE relid = relation;
	END IF;
	IF spec ? 'nobackup' THEN
		UPDATE rs.table_attribute SET backup = false WHERE relid = relation;
	END IF;

	FOR i IN 1..coalesce(jsonb_array_length(spec->'keys'), 0) LOOP
		PERFORM rs.add_key(relation, spec->'keys'->(i - 1), refs[i]);
	END LOOP;
	PERFORM rs.check_columns(relation);
	PERFORM rs.check_lengths(relation);
END $$;

-- rs.check_columns refuses what PostgreSQL takes of a table's columns: the name oid, which its system columns had in 8.0, and
-- a row of more than 64 KB less 1 without its VARCHAR columns (Redshift manual, CREATE TABLE, limits). When Redshift says so,
-- and in which words, is not documented of tables; these are the words of queries.
CREATE OR REPLACE FUNCTION rs.check_columns(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	width bigint;
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND attname = 'oid' AND NOT attisdropped) THEN
		RAISE EXCEPTION USING ERRCODE = '42701', MESSAGE = 'column name "oid" conflicts with a system column name';
	END IF;
	SELECT sum(CASE atttypid WHEN 1042 THEN atttypmod - 4 WHEN 16 THEN 1 WHEN 21 THEN 2 WHEN 23 THEN 4 WHEN 700 THEN 4 WHEN 1082 THEN 4
			WHEN 1700 THEN CASE WHEN atttypmod > 4 AND (atttypmod - 4) >> 16 <= 19 THEN 8 ELSE 16 END
			WHEN 1043 THEN 0 WHEN 4000 THEN 0 WHEN 6551 THEN 0 ELSE 8 END) INTO width
		FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped;
	IF width > 65535 THEN
		RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '8001', DETAIL = 'The combined length of columns processed in the SQL '
			'statement exceeded the query-processing limit of 65535 characters';
	END IF;
END $$;

-- rs.alter_type changes the length of a VARCHAR column, which keeps its collation.
CREATE OR REPLACE FUNCTION rs.alter_type(relation regclass, name text, type text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM rs.drop_length_checks(relation);
	EXECUTE format('ALTER TABLE %s ALTER %I TYPE %s COLLATE %s', relation, name, type, coalesce(
		(SELECT attcollation FROM pg_catalog.pg_attribute WHERE attrelid = relation AND attname = name AND attcollation <> 0),
		'pg_catalog."default"'::regcollation)::regcollation);
	PERFORM rs.alter_table(relation, '{}', '{}');
END $$;

CREATE OR REPLACE FUNCTION rs.refuse_key_type(relation regclass, n smallint, clause text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	a pg_catalog.pg_attribute;
BEGIN
	SELECT * INTO a FROM pg_catalog.pg_attribute WHERE attrelid = relation AND attnum = n;
	IF a.atttypid IN ('super'::regtype, 'varbyte'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('column "%s" of type %s cannot be a %s', a.attname,
			format_type(a.atttypid, NULL), clause);
	END IF;
END $$;

-- rs.define_table records the attributes of a new table. With IF NOT EXISTS the table may have been there before: then
-- nothing changes.
CREATE OR REPLACE FUNCTION rs.define_table(relation regclass, spec jsonb, refs regclass[], source regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	temporary boolean;
BEGIN
	IF spec ? 'new' THEN
		-- The object identifier may be that of a table which is gone.
		DELETE FROM rs.table_attribute WHERE relid = relation;
		DELETE FROM rs.column_attribute WHERE relid = relation;
		DELETE FROM rs.key WHERE relid = relation AND conoid NOT IN (SELECT oid FROM pg_constraint);
		DELETE FROM rs.materialized_view WHERE relid = relation;
	ELSIF EXISTS (SELECT FROM rs.table_attribute WHERE relid = relation) THEN
		RETURN;
	END IF;
	IF spec ? 'text' THEN
		INSERT INTO rs.materialized_view VALUES (relation, spec->>'text');
	END IF;
	SELECT relpersistence = 't' INTO temporary FROM pg_class WHERE oid = relation;
	-- Temporary tables are not encoded (Redshift manual, CREATE TABLE).
	INSERT INTO rs.table_attribute (relid, encode_auto) VALUES (relation, NOT temporary);
	IF source IS NOT NULL THEN
		PERFORM rs.copy_attributes(source, relation);
	END IF;
	IF spec ? 'query' THEN
		PERFORM rs.adopt_types(relation);
	END IF;
	PERFORM rs.collate_columns(relation, NULL);
	PERFORM rs.alter_table(relation, spec, refs);
	IF spec ? 'query' THEN
		PERFORM rs.validate_lengths(relation);
	END IF;
	IF EXISTS (SELECT FROM rs.late_binding_view WHERE NOT bound) THEN
		PERFORM rs.bind_views();
	END IF;
END $$;

-- rs.copy_attributes gives target the attributes of source, by the names of columns.
CREATE OR REPLACE FUNCTION rs.copy_attributes(source regclass, target regclass) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	UPDATE rs.table_attribute t SET diststyle = s.diststyle, sortstyle = s.sortstyle, encode_auto = s.encode_auto,
			backup = s.backup
		FROM rs.table_attribute s WHERE t.relid = target AND s.relid = source;
	INSERT INTO rs.column_attribute
		SELECT target, t.attnum, c.distkey, c.sortkey, c.encoding
		FROM rs.column_attribute c
		JOIN pg_attribute s ON s.attrelid = c.relid AND s.attnum = c.attnum
		JOIN pg_attribute t ON t.attrelid = target AND t.attname = s.attname
		WHERE c.relid = source;
$$;
REVOKE ALL ON FUNCTION rs.copy_attributes(regclass, regclass) FROM PUBLIC;

-- rs.adopt_types gives the columns that a query made the types Redshift has: a text without a length is a VARCHAR of
-- the greatest length, SUPER and VARBYTE get their modifiers; these are stored alike, so that only the catalog changes.
-- A number without precision becomes the widest decimal with the scale that its values have; Redshift works the scale
-- out from the query.
CREATE OR REPLACE FUNCTION rs.adopt_types(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	a record;
	digits int;
BEGIN
	SELECT attname, format_type(atttypid, NULL) AS type INTO a FROM pg_attribute
		WHERE attrelid = relation AND attnum > 0 AND atttypid NOT IN (16, 20, 21, 23, 25, 700, 701, 1042, 1043, 1082, 1083,
			1114, 1184, 1186, 1266, 1700, 4000, 6551) ORDER BY attnum LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('Column "%s" has unsupported type "%s".', a.attname, a.type);
	END IF;
	UPDATE pg_attribute SET
			atttypid = CASE atttypid WHEN 25 THEN 1043 ELSE atttypid END,
			atttypmod = CASE atttypid WHEN 25 THEN 65539 WHEN 1043 THEN 65539 WHEN 4000 THEN 0 ELSE 64000 END
		WHERE attrelid = relation AND attnum > 0 AND atttypmod = -1 AND atttypid IN (25, 1043, 4000, 6551);
	FOR a IN SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
			WHERE attrelid = relation AND attnum > 0 AND atttypmod = -1 AND atttypid = 1700 AND relkind = 'r' LOOP
		EXECUTE format('SELECT coalesce(max(scale(%I)), 0) FROM %s', a.attname, relation) INTO digits;
		EXECUTE format('ALTER TABLE %s ALTER %I TYPE numeric(38,%s)', relation, a.attname, least(digits, 37));
	END LOOP;
END $$;
REVOKE ALL ON FUNCTION rs.adopt_types(regclass) FROM PUBLIC;

-- rs.append_table moves the rows of source to the end of target (Redshift manual, ALTER TABLE APPEND). Columns go by
-- their names.
CREATE OR REPLACE FUNCTION rs.append_table(target regclass, source regclass, ignore_extra boolean, fill_target boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	columns text;
	c record;
BEGIN
	PERFORM rs.require_owner(target), rs.require_owner(source);
	IF target = source THEN
		RAISE EXCEPTION USING ERRCODE = '42601', MESSAGE = 'the source and the target of ALTER TABLE APPEND are the same table';
	END IF;
	FOR c IN SELECT relid, format('"%s"', relname) AS name, relkind, relpersistence FROM pg_class
			JOIN (VALUES (target::oid), (source::oid)) t (relid) ON relid = oid LOOP
		IF c.relkind <> 'r' OR c.relpersistence = 't' THEN
			RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('%s is not a permanent table', c.name);
		END IF;
	END LOOP;
	IF (SELECT count(*) FROM (SELECT DISTINCT rs.dist_sort(t) FROM (VALUES (target), (source)) v (t)) d) > 1 THEN
		RAISE EXCEPTION USING ERRCODE = '0A000',
			MESSAGE = 'source and target of ALTER TABLE APPEND must have the same distribution and sort keys';
	END IF;
	FOR c IN
		SELECT s.attname AS s, t.attname AS t, concat(s.attidentity, t.attidentity) AS identity,
			s.atttypid = t.atttypid AND s.atttypmod = t.atttypmod AND s.attnotnull = t.attnotnull AS same
		FROM (SELECT * FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped) s
		FULL JOIN (SELECT * FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped) t USING (attname)
	LOOP
		IF c.t IS NULL AND NOT ignore_extra THEN
			RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('column "%s" is not in the target table', c.s),
				HINT = 'Use IGNOREEXTRA to drop the source''s extra columns.';
		ELSIF c.s IS NULL AND NOT fill_target THEN
			RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('column "%s" is not in the source table', c.t),
				HINT = 'Use FILLTARGET to fill the target''s extra columns.';
		ELSIF c.s IS NOT NULL AND c.t IS NOT NULL THEN
			IF NOT c.same THEN
				RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('column "%s" differs in source and target', c.s);
			END IF;
			IF c.identity LIKE '%a%' THEN
				RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('IDENTITY column "%s" cannot be appended', c.s);
			END IF;
			columns := concat_ws(', ', columns, format('%I', c.s));
		END IF;
	END LOOP;
	EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s', target, columns, columns, source);
	EXECUTE format('TRUNCATE %s', source);
END $$;

-- rs.check_merge refuses tables that MERGE cannot read or write (Redshift manual, MERGE).
CREATE OR REPLACE FUNCTION rs.check_merge(target regclass, source regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF (SELECT relkind <> 'r' OR relnamespace IN ('pg_catalog'::regnamespace, 'rs'::regnamespace) FROM pg_class WHERE oid = target) THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('MERGE cannot change %s: it is not a table', target);
	ELSIF (SELECT relkind <> 'r' FROM pg_class WHERE oid = source) THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('MERGE cannot read %s: its source is a table', source);
	ELSIF target = source THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'Source and target table of MERGE cannot be the same.';
	END IF;
END $$;

-- rs.dist_sort is the distribution and sort key of a table, by the names of columns, as one text.
CREATE OR REPLACE FUNCTION rs.dist_sort(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('%s %s %s', coalesce((SELECT diststyle FROM rs.table_attribute WHERE relid = relation), 9),
		(SELECT attname FROM rs.column_attribute c JOIN pg_attribute a ON attrelid = relid AND a.attnum = c.attnum
			WHERE relid = relation AND distkey),
		(SELECT string_agg(sortkey || ' ' || attname, ',' ORDER BY abs(sortkey)) FROM rs.column_attribute c
			JOIN pg_attribute a ON attrelid = relid AND a.attnum = c.attnum WHERE relid = relation AND sortkey <> 0))
$$;

-- What is recorded of a table, a column or a key goes with it.
CREATE OR REPLACE FUNCTION rs.forget_dropped() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	o record;
BEGIN
	FOR o IN SELECT classid, objid, objsubid FROM pg_event_trigger_dropped_objects()
			WHERE classid IN ('pg_class'::regclass, 'pg_constraint'::regclass) LOOP
		IF o.classid = 'pg_constraint'::regclass THEN
			DELETE FROM rs.key WHERE conoid = o.objid;
		ELSIF o.objsubid <> 0 THEN
			DELETE FROM rs.column_attribute WHERE relid = o.objid AND attnum = o.objsubid;
		ELSE
			DELETE FROM rs.table_attribute WHERE relid = o.objid;
			DELETE FROM rs.column_attribute WHERE relid = o.objid;
			DELETE FROM rs.key WHERE relid = o.objid;
			PERFORM rs.unbind_views(o.objid);
		END IF;
	END LOOP;
END $$;
DROP EVENT TRIGGER IF EXISTS rs_forget_dropped;
CREATE EVENT TRIGGER rs_forget_dropped ON sql_drop EXECUTE FUNCTION rs.forget_dropped();
