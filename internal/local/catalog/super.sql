-- SUPER: casts and functions (Redshift manual, Ingesting and querying semistructured data; SUPER type information).

SELECT rs.make_cast('json', 'super', 'WITHOUT FUNCTION');
SELECT rs.make_cast('super', 'json', 'WITHOUT FUNCTION');

-- rs.compact takes the blanks out of a JSON text that stand between its tokens.
CREATE OR REPLACE FUNCTION rs.compact(document text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN document ~ '[[:space:]]'
		THEN regexp_replace(document, E'("(?:[^"\\\\]|\\\\.)*")|[[:space:]]+', E'\\1', 'g') ELSE document END
$$;

CREATE OR REPLACE FUNCTION rs.super_fit(super, int, boolean) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.compact($1::json::text)::json::super';
SELECT rs.make_cast('super', 'super', 'WITH FUNCTION rs.super_fit(super, int, boolean) AS IMPLICIT');

CREATE OR REPLACE FUNCTION pg_catalog.json_parse(text) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.compact($1::json::text)::json::super';
CREATE OR REPLACE FUNCTION pg_catalog.json_serialize(super) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::json::text::varchar';
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

-- A SUPER scalar becomes a value of another type; objects, arrays and JSON null become NULL, as in lax mode.
CREATE OR REPLACE FUNCTION rs.super_scalar(super) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE json_typeof($1::json) WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE $1::json #>> '{}' END
$$;
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['text', 'varchar', 'bpchar', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool',
		'date', 'timestamp', 'timestamptz'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.super_to_%1$s(super) RETURNS %1$s
			LANGUAGE sql IMMUTABLE PARALLEL SAFE AS ''SELECT rs.super_scalar($1)::%1$s''', t);
		PERFORM rs.make_cast('super', t::regtype, format('WITH FUNCTION rs.super_to_%s(super)', t));
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
CREATE OR REPLACE FUNCTION rs.super_number(super) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN json_typeof($1::json) = 'number' THEN ($1::json #>> '{}')::numeric END $$;
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

-- Making SUPER values. ARRAY(a, b) comes here as rs.super_elements(ARRAY[rs.element(a), rs.element(b)]), and OBJECT in
-- the same way.
CREATE OR REPLACE FUNCTION rs.element(anyelement) RETURNS json
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT coalesce(to_json($1), json ''null'')';
CREATE OR REPLACE FUNCTION rs.element(text) RETURNS json
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT coalesce(to_json($1), json ''null'')';
CREATE OR REPLACE FUNCTION rs.element(super) RETURNS json
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT coalesce($1::json, json ''null'')';
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
	SELECT rs.super_elements(ARRAY(SELECT i FROM json_array_elements($1::json) e,
		LATERAL json_array_elements(CASE WHEN json_typeof(e) = 'array' THEN e ELSE ('[' || e::text || ']')::json END) i)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.split_to_array(text, text DEFAULT ',') RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT rs.compact(to_json(string_to_array($1, $2))::text)::json::super $$;

-- Navigation: value[0] and value['name'], and value[0].name, come here as calls. What is not there is NULL. The arrays of
-- the catalogs go the same way.
CREATE OR REPLACE FUNCTION rs.super_at(super, int) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT CASE WHEN $2 >= 0 THEN ($1::json -> $2)::super END $$;
CREATE OR REPLACE FUNCTION rs.super_at(super, text) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ($1::json -> $2)::super';
CREATE OR REPLACE FUNCTION rs.super_at(anyarray, int) RETURNS anyelement
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1[$2]';
CREATE OR REPLACE FUNCTION rs.super_at(int2vector, int) RETURNS int2
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1[$2]';
