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
-- LPAD of a number, of its digits.
CREATE OR REPLACE FUNCTION pg_catalog.lpad(bigint, int, text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT lpad($1::text, $2, $3)';

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

-- rs.regexp_match_at finds the n-th match of a pattern from a position on: where it starts, its text, and that of the
-- first pair of parentheses in it. PostgreSQL's expressions have the look-ahead that the parameter p asks for.
CREATE OR REPLACE FUNCTION rs.regexp_match_at(source text, pattern text, start int, n int, parameters text,
	OUT place int, OUT match text, OUT inner_match text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	rest text := substr(source, start);
	flags constant text := CASE WHEN parameters LIKE '%i%' THEN 'i' ELSE '' END;
	at int := start;
	skipped int;
BEGIN
	FOR i IN 1..n LOOP
		match := (regexp_match(rest, '(' || pattern || ')', flags))[1];
		inner_match := coalesce((regexp_match(rest, '(' || pattern || ')', flags))[2], match);
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
		THEN (SELECT coalesce(CASE WHEN parameters LIKE '%e%' THEN inner_match ELSE match END, '')
			FROM rs.regexp_match_at(source, pattern, start, n, parameters)) END
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

-- OCTETINDEX counts bytes from 1 on.
CREATE OR REPLACE FUNCTION pg_catalog.octetindex(text, text) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT position(convert_to($1, 'UTF8') IN convert_to($2, 'UTF8')) $$;

-- SOUNDEX is American Soundex of the letters of a text; other characters do not count.
CREATE OR REPLACE FUNCTION pg_catalog.soundex(source text) RETURNS varchar LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	letters constant text := regexp_replace(upper(source), '[^A-Z]', '');
	codes constant text := translate(letters, 'AEIOUYHWBFPVCGJKQSXZDTLMNR', '000000--11112222222233455' || '6');
	code text := left(letters, 1);
	last text := left(codes, 1);
	c text;
BEGIN
	FOR i IN 2..length(letters) LOOP
		c := substr(codes, i, 1);
		CONTINUE WHEN c = '-';
		IF c <> '0' AND c <> last THEN
			code := code || c;
		END IF;
		last := c;
	END LOOP;
	RETURN CASE WHEN code = '' THEN '' ELSE left(code || '000', 4) END;
END $$;
-- DIFFERENCE counts the places at which two Soundex codes are alike.
CREATE OR REPLACE FUNCTION pg_catalog.difference(text, text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT count(*)::int FROM generate_series(1, 4) i
		WHERE substr(soundex($1), i, 1) = substr(soundex($2), i, 1) AND substr(soundex($1), i, 1) <> ''
$$;

-- Numbers as Teradata writes them, with the sign at either end.
CREATE OR REPLACE FUNCTION rs.alt_number(text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN btrim($1) ~ '[-+]$' THEN right(btrim($1), 1) || left(btrim($1), -1) ELSE btrim($1) END::numeric
$$;
CREATE OR REPLACE FUNCTION pg_catalog.text_to_int_alt(text) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT trunc(rs.alt_number($1))::int';
CREATE OR REPLACE FUNCTION pg_catalog.text_to_numeric_alt(text, int DEFAULT 38, int DEFAULT 0) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT round(rs.alt_number($1), $3)';

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

-- What CONCAT, which package dialect writes with an operator, is called by in a result.
CREATE OR REPLACE FUNCTION rs.concat(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1';
CREATE OR REPLACE FUNCTION rs.concat(varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1';
