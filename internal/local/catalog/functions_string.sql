-- String functions that PostgreSQL lacks, or has with another meaning (Redshift manual, String functions).

-- LEN counts characters; blanks that pad a CHAR do not count.
CREATE OR REPLACE FUNCTION pg_catalog.len(text) RETURNS int
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textlen';
CREATE OR REPLACE FUNCTION pg_catalog.len(bpchar) RETURNS int
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharlen';
CREATE OR REPLACE FUNCTION pg_catalog.charindex(text, text) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT strpos($2, $1)';
CREATE OR REPLACE FUNCTION pg_catalog.replicate(text, int) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT repeat($1, $2)';

-- QUOTE_LITERAL doubles backslashes: there are no escape strings to write them in.
SELECT rs.displace('quote_literal(text)');
CREATE OR REPLACE FUNCTION pg_catalog.quote_literal(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT chr(39) || replace(replace($1, chr(92), chr(92) || chr(92)), chr(39), chr(39) || chr(39)) || chr(39)
$$;

-- The functions behind NVL and NVL2, for the bodies of SQL functions, which package dialect does not rewrite.
CREATE OR REPLACE FUNCTION pg_catalog.nvl(anycompatible, anycompatible) RETURNS anycompatible
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT coalesce($1, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.nvl2(anyelement, anycompatible, anycompatible) RETURNS anycompatible
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END';

-- REGEXP_REPLACE replaces every match, from a position on; 'i' in the parameters ignores case.
SELECT rs.displace('regexp_replace(text,text,text)'), rs.displace('regexp_replace(text,text,text,integer)'),
	rs.displace('regexp_replace(text,text,text,integer,integer)'),
	rs.displace('regexp_replace(text,text,text,integer,integer,text)');
CREATE OR REPLACE FUNCTION pg_catalog.regexp_replace(text, text, text DEFAULT '') RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT regexp_replace($1, $2, $3, 'g') $$;
CREATE OR REPLACE FUNCTION pg_catalog.regexp_replace(text, text, text, int) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT left($1, $4 - 1) || regexp_replace(substr($1, $4), $2, $3, 'g') $$;
CREATE OR REPLACE FUNCTION pg_catalog.regexp_replace(text, text, text, int, text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT left($1, $4 - 1)
		|| regexp_replace(substr($1, $4), $2, $3, 'g' || CASE WHEN $5 LIKE '%i%' THEN 'i' ELSE '' END) $$;

-- rs.regexp_match_at finds the n-th match of a pattern from a position on: where it starts, and its text.
CREATE OR REPLACE FUNCTION rs.regexp_match_at(source text, pattern text, start int, n int, parameters text,
	OUT place int, OUT match text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	rest text := substr(source, start);
	flags constant text := CASE WHEN parameters LIKE '%i%' THEN 'i' ELSE '' END;
	at int := start;
	skipped int;
BEGIN
	FOR i IN 1..n LOOP
		match := (regexp_match(rest, '(' || pattern || ')', flags))[1];
		IF match IS NULL THEN
			RETURN;
		END IF;
		-- What stands before the first match is as long as the text without it and all that follows.
		skipped := length(rest) - length(substring(rest, length(regexp_replace(rest, '(?:' || pattern || ').*$', '', flags)) + 1));
		place := at + skipped;
		at := place + greatest(length(match), 1);
		rest := substr(source, at);
	END LOOP;
END $$;
SELECT rs.displace('regexp_substr(text,text)'), rs.displace('regexp_substr(text,text,integer)'),
	rs.displace('regexp_substr(text,text,integer,integer)'), rs.displace('regexp_substr(text,text,integer,integer,text)'),
	rs.displace('regexp_substr(text,text,integer,integer,text,integer)'),
	rs.displace('regexp_instr(text,text)'), rs.displace('regexp_instr(text,text,integer)'),
	rs.displace('regexp_instr(text,text,integer,integer)'), rs.displace('regexp_instr(text,text,integer,integer,integer)'),
	rs.displace('regexp_instr(text,text,integer,integer,integer,text)'),
	rs.displace('regexp_instr(text,text,integer,integer,integer,text,integer)'),
	rs.displace('regexp_count(text,text)'), rs.displace('regexp_count(text,text,integer)'),
	rs.displace('regexp_count(text,text,integer,text)');
-- No match is an empty text.
CREATE OR REPLACE FUNCTION pg_catalog.regexp_substr(source text, pattern text, start int DEFAULT 1, n int DEFAULT 1,
	parameters text DEFAULT '') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN source IS NOT NULL AND pattern IS NOT NULL
		THEN coalesce((rs.regexp_match_at(source, pattern, start, n, parameters)).match, '') END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.regexp_instr(source text, pattern text, start int DEFAULT 1, n int DEFAULT 1,
	behind int DEFAULT 0, parameters text DEFAULT '') RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN source IS NOT NULL AND pattern IS NOT NULL THEN coalesce(
		(SELECT place + CASE behind WHEN 1 THEN length(match) ELSE 0 END
			FROM rs.regexp_match_at(source, pattern, start, n, parameters)), 0) END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.regexp_count(source text, pattern text, start int DEFAULT 1,
	parameters text DEFAULT '') RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN source IS NOT NULL AND pattern IS NOT NULL THEN (SELECT count(*)::int FROM regexp_matches(
		substr(source, start), pattern, 'g' || CASE WHEN parameters LIKE '%i%' THEN 'i' ELSE '' END)) END
$$;

-- The result of LISTAGG has at most 65,535 bytes; of no rows it is NULL.
CREATE OR REPLACE FUNCTION rs.listagg_result(text) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN octet_length($1) > 65535
		THEN rs.fail('XX000', 'Result size exceeds LISTAGG limit')::varchar ELSE $1::varchar END
$$;

-- MEDIAN interpolates between the two values in the middle.
CREATE OR REPLACE FUNCTION rs.median_final(float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM unnest($1) v $$;
DO $$
BEGIN
	IF to_regprocedure('pg_catalog.median(float8)') IS NULL THEN
		CREATE AGGREGATE pg_catalog.median(float8) (SFUNC = array_append, STYPE = float8[], FINALFUNC = rs.median_final);
	END IF;
END $$;

-- AVG of integers is an integer, without its fraction (Redshift manual, AVG).
CREATE OR REPLACE FUNCTION rs.avg_final(bigint[]) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1[2] / nullif($1[1], 0)';
CREATE OR REPLACE FUNCTION rs.avg_step(numeric[], bigint) RETURNS numeric[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ARRAY[$1[1] + 1, $1[2] + $2]';
CREATE OR REPLACE FUNCTION rs.avg_join(numeric[], numeric[]) RETURNS numeric[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ARRAY[$1[1] + $2[1], $1[2] + $2[2]]';
CREATE OR REPLACE FUNCTION rs.avg_final(numeric[]) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT trunc($1[2] / nullif($1[1], 0))::bigint';
DO $$
BEGIN
	IF to_regprocedure('rs.avg(int4)') IS NULL THEN
		PERFORM rs.displace('avg(int2)'), rs.displace('avg(int4)'), rs.displace('avg(int8)');
		CREATE AGGREGATE pg_catalog.avg(int2) (SFUNC = int2_avg_accum, STYPE = int8[], FINALFUNC = rs.avg_final,
			COMBINEFUNC = int4_avg_combine, INITCOND = '{0,0}', PARALLEL = safe);
		CREATE AGGREGATE pg_catalog.avg(int4) (SFUNC = int4_avg_accum, STYPE = int8[], FINALFUNC = rs.avg_final,
			COMBINEFUNC = int4_avg_combine, INITCOND = '{0,0}', PARALLEL = safe);
		CREATE AGGREGATE pg_catalog.avg(int8) (SFUNC = rs.avg_step, STYPE = numeric[], FINALFUNC = rs.avg_final,
			COMBINEFUNC = rs.avg_join, INITCOND = '{0,0}', PARALLEL = safe);
	END IF;
END $$;

-- JSON in texts (Redshift manual, JSON functions).
CREATE OR REPLACE FUNCTION rs.is_json(text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
	PERFORM $1::json;
	RETURN true;
EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
	RETURN false;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_valid_json(text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.is_json($1) AND ltrim($1) LIKE '{%' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_valid_json_array(text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.is_json($1) AND ltrim($1) LIKE '[%' $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_array_length(text, boolean DEFAULT false) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN $2 AND NOT is_valid_json_array($1) THEN NULL ELSE json_array_length($1::json) END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_array_element_text(text, int, boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN $2 < 0 OR $3 AND NOT is_valid_json_array($1) THEN NULL ELSE $1::json ->> $2 END
$$;
CREATE OR REPLACE FUNCTION rs.json_path_text(document text, path text[], quiet boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN quiet AND NOT rs.is_json(document) THEN NULL ELSE document::json #>> path END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_path_text(text, VARIADIC text[]) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.json_path_text($1, $2, false)';
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_path_text(text, text, boolean) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.json_path_text($1, ARRAY[$2], $3)';
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_path_text(text, text, text, boolean) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.json_path_text($1, ARRAY[$2, $3], $4)';
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_path_text(text, text, text, text, boolean) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.json_path_text($1, ARRAY[$2, $3, $4], $5)';
CREATE OR REPLACE FUNCTION pg_catalog.can_json_parse(text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.is_json($1)';
