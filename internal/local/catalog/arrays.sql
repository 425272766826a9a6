-- Functions of SUPER arrays as sets and lists (Redshift manual, SUPER array functions). Elements are equal as values of JSON are:
-- numbers by value, objects whatever the order of their attributes, and null equals null. Where the manual leaves the order
-- of a result open, elements keep that of the arguments.

-- The elements of an array: place, value, what it is compared by, and how many equal ones stand up to there.
CREATE OR REPLACE FUNCTION rs.array_elements(super) RETURNS TABLE (place bigint, value json, key jsonb, copy bigint)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT n - 1, e, e::jsonb, row_number() OVER (PARTITION BY e::jsonb ORDER BY n) FROM json_array_elements($1::json) WITH ORDINALITY a (e, n) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_distinct(super) RETURNS super LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT rs.super_elements(ARRAY(SELECT value FROM rs.array_elements($1) WHERE copy = 1 ORDER BY place)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_union(super, super) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT array_distinct(array_concat($1, $2))';

-- Of n equal elements of the first array and m of the second, the difference keeps n - m and the intersection the lesser of n and
-- m; as sets, each keeps one or none.
CREATE OR REPLACE FUNCTION rs.array_select(a super, b super, as_sets boolean, common boolean) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT rs.super_elements(ARRAY(SELECT l.value FROM rs.array_elements(a) l
		WHERE (NOT as_sets OR l.copy = 1)
			AND common = EXISTS (SELECT FROM rs.array_elements(b) r WHERE r.key = l.key AND (as_sets OR r.copy = l.copy))
		ORDER BY l.place)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_except(super, super, boolean DEFAULT false) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT rs.array_select($1, $2, $3, false)';
CREATE OR REPLACE FUNCTION pg_catalog.array_intersection(super, super, boolean DEFAULT false) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT rs.array_select($1, $2, $3, true)';
CREATE OR REPLACE FUNCTION pg_catalog.arrays_overlap(super, super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT EXISTS (SELECT FROM rs.array_elements($1) l JOIN rs.array_elements($2) r USING (key)) $$;

-- Booleans, numbers, texts, arrays, objects, each kind in its own order. Nulls stand last, or first where the order descends, if
-- nothing is said of them.
CREATE OR REPLACE FUNCTION pg_catalog.array_sort(input super, ascending boolean, nulls_first boolean) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT rs.super_elements(ARRAY(
		SELECT value FROM (
			SELECT value, json_typeof(value) = 'null' AS is_null, row_number() OVER (ORDER BY
				array_position('{boolean,number,string,array,object}', json_typeof(value)),
				CASE json_typeof(value) WHEN 'number' THEN (value #>> '{}')::numeric END,
				CASE json_typeof(value) WHEN 'string' THEN value #>> '{}' END COLLATE "C", key, place) AS rank
			FROM rs.array_elements(input)) e
		ORDER BY is_null <> nulls_first, CASE WHEN ascending THEN rank ELSE -rank END)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_sort(super, boolean DEFAULT true) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT array_sort($1, $2, NOT $2)';

-- The places of a value; package dialect makes the value SUPER, so that NULL is null here. If nulls do not match, it is not known
-- whether a value is null's, nor whether it is one of the array where no element is equal and one is null.
CREATE OR REPLACE FUNCTION rs.array_search(input super, wanted super, null_match boolean) RETURNS bigint[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT CASE WHEN NOT null_match AND (wanted::json::jsonb = 'null' OR places = '{}' AND nulls) THEN NULL ELSE places END
	FROM (SELECT coalesce(array_agg(place ORDER BY place) FILTER (WHERE key = wanted::json::jsonb), '{}') AS places, bool_or(key = 'null') AS nulls
		FROM rs.array_elements(input)) e $$;
CREATE OR REPLACE FUNCTION rs.null_match() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT coalesce(nullif(current_setting('rs.default_array_search_null_handling', true), '')::boolean, true) $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_contains(super, super, boolean DEFAULT rs.null_match()) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.array_search($1, $2, $3) <> '{}' $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_position(super, super, boolean DEFAULT rs.null_match()) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE p WHEN '{}' THEN -1 ELSE p[1] END::int FROM rs.array_search($1, $2, $3) p $$;
CREATE OR REPLACE FUNCTION pg_catalog.array_positions(super, super, boolean DEFAULT rs.null_match()) RETURNS super
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT to_json(rs.array_search($1, $2, $3))::super $$;

-- The attribute names of all objects in a value, in other letters.
CREATE OR REPLACE FUNCTION rs.attribute_names(input json, upper_case boolean) RETURNS json LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	result text;
BEGIN
	CASE json_typeof(input)
	WHEN 'array' THEN
		SELECT '[' || coalesce(string_agg(rs.attribute_names(e, upper_case)::text, ',' ORDER BY n), '') || ']' INTO result
			FROM json_array_elements(input) WITH ORDINALITY a (e, n);
	WHEN 'object' THEN
		IF EXISTS (SELECT FROM json_object_keys(input) k GROUP BY CASE WHEN upper_case THEN upper(k) ELSE lower(k) END HAVING count(*) > 1) THEN
			RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'Invalid input',
				DETAIL = 'SUPER value has duplicate attributes after case conversion.';
		END IF;
		SELECT '{' || coalesce(string_agg(to_json(CASE WHEN upper_case THEN upper(key) ELSE lower(key) END)::text || ':'
			|| rs.attribute_names(value, upper_case)::text, ',' ORDER BY n), '') || '}' INTO result
			FROM json_each(input) WITH ORDINALITY o (key, value, n);
	ELSE
		RETURN input;
	END CASE;
	RETURN result::json;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.lower_attribute_names(super) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT rs.attribute_names($1::json, false)::super';
CREATE OR REPLACE FUNCTION pg_catalog.upper_attribute_names(super) RETURNS super
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT rs.attribute_names($1::json, true)::super';
