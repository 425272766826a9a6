-- SUPER: casts and functions (Redshift manual, Ingesting and querying semistructured data; SUPER type information).

SELECT rs.make_cast('json', 'super', 'WITHOUT FUNCTION');
SELECT rs.make_cast('super', 'json', 'WITHOUT FUNCTION');

-- rs.compact_large is rs.compact for documents in which something may be too long: a SUPER value has at most 16 MB, and a string
-- in it 65,535 bytes (Redshift manual, SUPER type limitations). The words are COPY's.
CREATE OR REPLACE FUNCTION rs.compact_large(document text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	IF EXISTS (
		WITH RECURSIVE inside (v) AS (
			SELECT document::json
			UNION ALL SELECT c.v FROM inside i CROSS JOIN LATERAL (
				SELECT value FROM json_array_elements(CASE json_typeof(i.v) WHEN 'array' THEN i.v ELSE '[]' END)
				UNION ALL SELECT value FROM json_each(CASE json_typeof(i.v) WHEN 'object' THEN i.v ELSE '{}' END)) c (v)
			WHERE octet_length(i.v::text) > 65535)
		SELECT FROM inside WHERE json_typeof(v) = 'string' AND octet_length(v #>> '{}') > 65535) THEN
		RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = 'String inside SUPER exceeds 65535 bytes';
	END IF;
	document := regexp_replace(document, E'("(?:[^"\\\\]|\\\\.)*")|[[:space:]]+', E'\\1', 'g');
	IF octet_length(document) > 16777216 THEN
		RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = 'SUPER value exceeds 16 MB';
	END IF;
	RETURN document;
END $$;

-- rs.compact takes the blanks out of a JSON text that stand between its tokens.
CREATE OR REPLACE FUNCTION rs.compact(document text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN octet_length(document) > 65535 THEN rs.compact_large(document) WHEN document ~ '[[:space:]]'
		THEN regexp_replace(document, E'("(?:[^"\\\\]|\\\\.)*")|[[:space:]]+', E'\\1', 'g') ELSE document END
$$;

CREATE OR REPLACE FUNCTION rs.super_fit(super, int, boolean) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.compact($1::json::text)::json::super';
SELECT rs.make_cast('super', 'super', 'WITH FUNCTION rs.super_fit(super, int, boolean) AS IMPLICIT');

CREATE OR REPLACE FUNCTION pg_catalog.json_parse(text) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.compact($1::json::text)::json::super';
CREATE OR REPLACE FUNCTION pg_catalog.json_serialize(super) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::json::text::varchar';
CREATE OR REPLACE FUNCTION pg_catalog.json_serialize_to_varbyte(super) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.text_to_varbyte($1::json::text)';
CREATE OR REPLACE FUNCTION pg_catalog.json_size(super) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT octet_length($1::json::text)';
CREATE OR REPLACE FUNCTION pg_catalog.json_typeof(super) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT json_typeof($1::json)::varchar';

-- A scalar becomes a SUPER scalar; a text becomes a string and is not parsed.
CREATE OR REPLACE FUNCTION rs.text_to_super(text) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
CREATE OR REPLACE FUNCTION rs.varchar_to_super(varchar) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1::text)::super';
CREATE OR REPLACE FUNCTION rs.bpchar_to_super(bpchar) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1::text)::super';
CREATE OR REPLACE FUNCTION rs.number_to_super(numeric) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
CREATE OR REPLACE FUNCTION rs.int2_to_super(int2) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
CREATE OR REPLACE FUNCTION rs.int4_to_super(int4) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
CREATE OR REPLACE FUNCTION rs.int8_to_super(int8) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
CREATE OR REPLACE FUNCTION rs.float8_to_super(float8) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
CREATE OR REPLACE FUNCTION rs.bool_to_super(bool) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT to_json($1)::super';
SELECT rs.make_cast('text', 'super', 'WITH FUNCTION rs.text_to_super(text) AS ASSIGNMENT'),
	rs.make_cast('varchar', 'super', 'WITH FUNCTION rs.varchar_to_super(varchar) AS ASSIGNMENT'),
	rs.make_cast('bpchar', 'super', 'WITH FUNCTION rs.bpchar_to_super(bpchar) AS ASSIGNMENT'),
	rs.make_cast('numeric', 'super', 'WITH FUNCTION rs.number_to_super(numeric) AS ASSIGNMENT'),
	rs.make_cast('int2', 'super', 'WITH FUNCTION rs.int2_to_super(int2) AS ASSIGNMENT'),
	rs.make_cast('int4', 'super', 'WITH FUNCTION rs.int4_to_super(int4) AS ASSIGNMENT'),
	rs.make_cast('int8', 'super', 'WITH FUNCTION rs.int8_to_super(int8) AS ASSIGNMENT'),
	rs.make_cast('float8', 'super', 'WITH FUNCTION rs.float8_to_super(float8) AS ASSIGNMENT'),
	rs.make_cast('bool', 'super', 'WITH FUNCTION rs.bool_to_super(bool) AS ASSIGNMENT');

-- The columns, in order, of those of the tables that have a SUPER column: package dialect asks before literals are written. In
-- PL/pgSQL, which plans once for a session.
CREATE OR REPLACE FUNCTION rs.columns_beside_super(tables text[]) RETURNS TABLE (table_name text, column_name name, super boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	t text;
	oid regclass;
BEGIN
	FOREACH t IN ARRAY tables LOOP
		oid := to_regclass(t);
		IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = oid AND a.atttypid = 4000 AND NOT a.attisdropped) THEN
			RETURN QUERY SELECT t, a.attname, a.atttypid = 4000 FROM pg_attribute a
				WHERE a.attrelid = oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
		END IF;
	END LOOP;
END $$;

-- A SUPER scalar becomes a value of another type. Objects, arrays and JSON null become NULL, and so does what cannot be a
-- value of the type, as in lax mode.
CREATE OR REPLACE FUNCTION rs.super_scalar(super) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE json_typeof($1::json) WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE $1::json #>> '{}' END
$$;
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['text', 'varchar', 'bpchar'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_to_%1$s(super) RETURNS %1$s
			LANGUAGE sql IMMUTABLE PARALLEL SAFE AS ''SELECT rs.super_scalar($1)::%1$s''', t);
		PERFORM rs.make_cast('super', t::regtype, format('WITH FUNCTION rs.super_to_%s(super)', t));
	END LOOP;
	FOREACH t IN ARRAY ARRAY['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool', 'date', 'timestamp', 'timestamptz', 'time', 'timetz'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_to_%1$s(super) RETURNS %1$s
			LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
			''BEGIN RETURN %2$s; EXCEPTION WHEN data_exception THEN RETURN NULL; END''', t,
			CASE WHEN t IN ('int2', 'int4', 'int8') THEN 'rs.super_scalar($1)::numeric::' || t
				WHEN t = 'bool' THEN 'CASE json_typeof($1::json) WHEN ''''number'''' THEN rs.super_scalar($1)::bigint <> 0 ELSE rs.super_scalar($1)::bool END'
				ELSE 'rs.super_scalar($1)::' || t END);
		PERFORM rs.make_cast('super', t::regtype, format('WITH FUNCTION rs.super_to_%s(super)', t));
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION rs.super_number(super) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN json_typeof($1::json) = 'number' THEN ($1::json #>> '{}')::numeric END $$;

-- Dynamic typing: a SUPER value is compared with a value of another type as that type; where it is of another kind, it is
-- unequal, and neither less nor greater (Redshift manual, Querying semistructured data).
DO $$
DECLARE
	k text[];
	f text[];
	other constant regtype := 'super';
BEGIN
	PERFORM set_config('check_function_bodies', 'off', true); -- they call each other
	FOREACH k SLICE 1 IN ARRAY ARRAY[['numeric', 'number', 'rs.super_number($1)'], ['int8', 'number', 'rs.super_number($1)'],
		['float8', 'number', 'rs.super_number($1)::float8'], ['text', 'string', 'rs.super_scalar($1)'], ['bool', 'boolean', 'rs.super_scalar($1)::bool']] LOOP
		FOREACH f SLICE 1 IN ARRAY ARRAY[['eq', '=', 'eq'], ['ne', '<>', 'ne'], ['lt', '<', 'gt'], ['le', '<=', 'ge'], ['gt', '>', 'lt'], ['ge', '>=', 'le']]
		LOOP
			EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_%1$s_%2$s(super, %2$s) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
				''SELECT CASE WHEN $1 IS NULL OR $2 IS NULL OR json_typeof($1::json) = ''''null'''' THEN NULL
					WHEN json_typeof($1::json) = ''''%3$s'''' THEN %6$s %4$s $2 ELSE %5$s END''',
				f[1], k[1], k[2], f[2], CASE f[1] WHEN 'eq' THEN 'false' WHEN 'ne' THEN 'true' ELSE 'NULL' END, k[3]);
			EXECUTE format('CREATE OR REPLACE FUNCTION rs.%2$s_%1$s_super(%2$s, super) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
				''SELECT rs.super_%3$s_%2$s($2, $1)''', f[1], k[1], f[3]);
			PERFORM rs.make_operator(f[2], other, k[1]::regtype, format('FUNCTION = rs.super_%s_%s', f[1], k[1]));
			PERFORM rs.make_operator(f[2], k[1]::regtype, other, format('FUNCTION = rs.%s_%s_super', k[1], f[1]));
		END LOOP;
	END LOOP;
	-- Arithmetic with a SUPER value is arithmetic with its number; of any other kind it is NULL.
	FOREACH f SLICE 1 IN ARRAY ARRAY[['add', '+'], ['sub', '-'], ['mul', '*'], ['div', '/']] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_%1$s(super, numeric) RETURNS super LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
			''SELECT to_json(rs.super_number($1) %2$s $2)::super''', f[1], f[2]);
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_%1$s(numeric, super) RETURNS super LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
			''SELECT to_json($1 %2$s rs.super_number($2))::super''', f[1], f[2]);
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_%1$s(super, super) RETURNS super LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
			''SELECT to_json(rs.super_number($1) %2$s rs.super_number($2))::super''', f[1], f[2]);
		PERFORM rs.make_operator(f[2], other, 'numeric', format('FUNCTION = rs.super_%s', f[1])),
			rs.make_operator(f[2], 'numeric', other, format('FUNCTION = rs.super_%s', f[1])),
			rs.make_operator(f[2], other, other, format('FUNCTION = rs.super_%s', f[1]));
	END LOOP;
END $$;

-- What a SUPER value is.
CREATE OR REPLACE FUNCTION pg_catalog.is_array(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'array' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_object(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'object' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_varchar(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'string' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_char(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'string' AND octet_length($1::json #>> '{}') = length($1::json #>> '{}') $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_boolean(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'boolean' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_scalar(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) NOT IN ('array', 'object') $$;
CREATE OR REPLACE FUNCTION rs.super_is_integer(super, numeric) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN json_typeof($1::json) <> 'number' THEN false
		ELSE $1::json::text ~ '^-?[0-9]+$' AND rs.super_number($1) BETWEEN -$2 - 1 AND $2 END $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_smallint(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.super_is_integer($1, 32767)';
CREATE OR REPLACE FUNCTION pg_catalog.is_integer(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.super_is_integer($1, 2147483647)';
CREATE OR REPLACE FUNCTION pg_catalog.is_bigint(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.super_is_integer($1, 9223372036854775807)';
CREATE OR REPLACE FUNCTION pg_catalog.is_decimal(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'number' AND $1::json::text !~ '[eE]' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_float(super) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT json_typeof($1::json) = 'number' AND $1::json::text ~ '[eE]' $$;

CREATE OR REPLACE FUNCTION pg_catalog.decimal_precision(super) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN is_decimal($1) THEN length(ltrim(replace(replace($1::json #>> '{}', '-', ''), '.', ''), '0')) END $$;
CREATE OR REPLACE FUNCTION pg_catalog.decimal_scale(super) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT CASE WHEN is_decimal($1) THEN scale(rs.super_number($1)) END';

-- Making SUPER values. ARRAY(a, b) comes here as rs.super_elements(ARRAY[rs.array_element(a), rs.array_element(b)]), and OBJECT in
-- the same way.
DO $$
DECLARE
	maker text;
BEGIN
	FOREACH maker IN ARRAY ARRAY['array', 'object'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.%1$s_element(anyelement) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS
			''SELECT CASE WHEN pg_typeof($1) IN (''''int2'''', ''''int4'''', ''''int8'''', ''''numeric'''', ''''float4'''', ''''float8'''', ''''bool'''',
				''''varchar'''', ''''bpchar'''', ''''text'''')
				THEN coalesce(to_json($1), json ''''null'''')
				ELSE rs.fail(''''0A000'''', ''''%2$s could not convert type '''' || pg_typeof($1) || '''' to super'''')::json END''',
			maker, upper(maker));
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.%1$s_element(text) RETURNS json
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT coalesce(to_json($1), json ''''null'''')''', maker);
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.%1$s_element(super) RETURNS json
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT coalesce($1::json, json ''''null'''')''', maker);
	END LOOP;
END $$;
CREATE OR REPLACE FUNCTION rs.super_elements(elements json[]) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ('[' || coalesce(array_to_string(elements, ','), '') || ']')::json::super $$;
CREATE OR REPLACE FUNCTION rs.super_object(parts json[]) RETURNS super
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ('{' || coalesce(string_agg(to_json(parts[i] #>> '{}')::text || ':' || parts[i + 1]::text, ',' ORDER BY i), '') || '}')::json::super
		FROM generate_series(1, cardinality(parts), 2) i
$$;
CREATE OR REPLACE FUNCTION pg_catalog.get_array_length(super) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN is_array($1) THEN json_array_length($1::json) END $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_concat(super, super) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT rs.super_elements(ARRAY(SELECT json_array_elements($1::json)) || ARRAY(SELECT json_array_elements($2::json))) $$;
CREATE OR REPLACE FUNCTION pg_catalog.subarray(super, int, int) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT rs.super_elements(ARRAY(SELECT json_array_elements($1::json) OFFSET $2 LIMIT $3)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_flatten(super) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	WITH RECURSIVE flat (path, value) AS (
		SELECT ARRAY[n], e FROM json_array_elements($1::json) WITH ORDINALITY a (e, n)
		UNION ALL
		SELECT path || n, e FROM flat, json_array_elements(CASE json_typeof(value) WHEN 'array' THEN value END) WITH ORDINALITY a (e, n)
	)
	SELECT rs.super_elements(ARRAY(SELECT value FROM flat WHERE json_typeof(value) <> 'array' ORDER BY path)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.split_to_array(text, text DEFAULT ',') RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT rs.compact(to_json(string_to_array($1, $2))::text)::json::super $$;

-- Navigation: value[0] and value['name'], and value[0].name, come here as calls. What is not there is NULL. The arrays of
-- the catalogs go the same way.
CREATE OR REPLACE FUNCTION rs.super_at(super, int) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT CASE WHEN $2 >= 0 THEN ($1::json -> $2)::super END $$;
CREATE OR REPLACE FUNCTION rs.super_at(super, text) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ($1::json -> $2)::super';
CREATE OR REPLACE FUNCTION rs.super_at(super, super) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT CASE WHEN is_integer($2) THEN rs.super_at($1, $2::int) WHEN is_varchar($2) THEN rs.super_at($1, $2::text) END $$;
CREATE OR REPLACE FUNCTION rs.super_at(anyarray, int) RETURNS anyelement
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1[$2]';
CREATE OR REPLACE FUNCTION rs.super_at(int2vector, int) RETURNS int2
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1[$2]';

-- Unnesting in FROM: one row for each element of an array, with its index; what is no array has none. UNPIVOT: one row for
-- each attribute of an object, with its name.
CREATE OR REPLACE FUNCTION rs.super_unnest(super) RETURNS TABLE (value super, place bigint)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT e::super, n - 1 FROM json_array_elements(CASE json_typeof($1::json) WHEN 'array' THEN $1::json END) WITH ORDINALITY a (e, n) $$;
CREATE OR REPLACE FUNCTION rs.super_unpivot(super) RETURNS TABLE (value super, attribute varchar)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT e.value::super, e.key::varchar FROM json_each(CASE json_typeof($1::json) WHEN 'object' THEN $1::json END) e $$;

-- OBJECT_TRANSFORM(input KEEP path, ... SET path, value, ...): a path is attribute names in double quotes, joined by dots.
-- Without KEEP there is nothing of the input in the output but what SET puts there; without either it is the input.
CREATE OR REPLACE FUNCTION rs.object_path(path text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN path ~ '^("[^"]*")(\."[^"]*")*$' THEN string_to_array(substr(path, 2, length(path) - 2), '"."')
		ELSE ARRAY[rs.fail('22023', 'invalid path in OBJECT_TRANSFORM: ' || path)] END
$$;
CREATE OR REPLACE FUNCTION rs.object_set(document json, path text[], value json) RETURNS json LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	inner_value json := value;
	result text;
	found_it boolean := false;
	a record;
BEGIN
	IF document IS NULL OR json_typeof(document) <> 'object' THEN
		document := '{}';
	END IF;
	IF cardinality(path) > 1 THEN
		inner_value := rs.object_set(document -> path[1], path[2:], value);
	END IF;
	FOR a IN SELECT e.key, e.value FROM json_each(document) e LOOP
		found_it := found_it OR a.key = path[1];
		result := concat_ws(',', result, to_json(a.key)::text || ':' || CASE WHEN a.key = path[1] THEN inner_value ELSE a.value END::text);
	END LOOP;
	IF NOT found_it THEN
		result := concat_ws(',', result, to_json(path[1])::text || ':' || inner_value::text);
	END IF;
	RETURN ('{' || result || '}')::json;
END $$;
CREATE OR REPLACE FUNCTION rs.object_transform(input super, keep text[], paths text[], items json[]) RETURNS super
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	result json := '{}';
	p text;
BEGIN
	IF input IS NULL OR NOT is_object(input) OR cardinality(keep) + cardinality(paths) = 0 THEN
		RETURN input;
	END IF;
	FOREACH p IN ARRAY keep LOOP
		IF input::json #> rs.object_path(p) IS NOT NULL THEN
			result := rs.object_set(result, rs.object_path(p), input::json #> rs.object_path(p));
		END IF;
	END LOOP;
	FOR i IN 1..cardinality(paths) LOOP
		result := rs.object_set(result, rs.object_path(paths[i]), items[i]);
	END LOOP;
	RETURN result::super;
END $$;
