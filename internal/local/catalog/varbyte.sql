-- VARBYTE: casts and functions (Redshift manual, VARBYTE type and VARBYTE operators and functions).

-- rs.hex_varbyte takes hexadecimal digits for what they are: the function it names changes nothing but their case.
CREATE OR REPLACE FUNCTION rs.hex_varbyte(text) RETURNS varbyte
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'lower';
CREATE OR REPLACE FUNCTION rs.varbyte_cat(varbyte, varbyte) RETURNS varbyte
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textcat';
CREATE OR REPLACE FUNCTION rs.varbyte_cat_text(varbyte, varbyte) RETURNS text
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textcat';
CREATE OR REPLACE FUNCTION rs.varbyte_hex(varbyte) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.varbyte_cat_text($1, ''::varbyte) $$;
CREATE OR REPLACE FUNCTION rs.varbyte_bytea(varbyte) RETURNS bytea
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT decode(rs.varbyte_hex($1), 'hex') $$;
CREATE OR REPLACE FUNCTION rs.bytea_varbyte(bytea) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.hex_varbyte(encode($1, 'hex')) $$;

-- Every value that is assigned to a column comes through here: digits are checked, and the length, which is in bytes.
CREATE OR REPLACE FUNCTION rs.varbyte_fit(value varbyte, bytes int, explicit boolean) RETURNS varbyte
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	digits text := rs.varbyte_hex(value);
BEGIN
	IF digits !~ '^([0-9a-fA-F]{2})*$' THEN
		RAISE EXCEPTION USING ERRCODE = '22P02', MESSAGE = 'invalid hexadecimal data for type varbyte';
	END IF;
	IF octet_length(digits) > 2 * bytes THEN
		IF NOT explicit THEN
			RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = 'value too long for type varbyte(' || bytes || ')';
		END IF;
		digits := left(digits, 2 * bytes);
	END IF;
	RETURN rs.hex_varbyte(digits);
END $$;
SELECT rs.make_cast('varbyte', 'varbyte', 'WITH FUNCTION rs.varbyte_fit(varbyte, int, boolean) AS IMPLICIT');

-- A text becomes its UTF-8 bytes, and back.
CREATE OR REPLACE FUNCTION rs.text_to_varbyte(text) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.bytea_varbyte(convert_to($1, 'UTF8')) $$;
CREATE OR REPLACE FUNCTION rs.varchar_to_varbyte(varchar) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.bytea_varbyte(convert_to($1, 'UTF8')) $$;
CREATE OR REPLACE FUNCTION rs.varbyte_to_text(varbyte) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT convert_from(rs.varbyte_bytea($1), 'UTF8') $$;
CREATE OR REPLACE FUNCTION rs.varbyte_to_varchar(varbyte) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT convert_from(rs.varbyte_bytea($1), 'UTF8')::varchar $$;
SELECT rs.make_cast('text', 'varbyte', 'WITH FUNCTION rs.text_to_varbyte(text) AS ASSIGNMENT'),
	rs.make_cast('varchar', 'varbyte', 'WITH FUNCTION rs.varchar_to_varbyte(varchar) AS ASSIGNMENT'),
	rs.make_cast('varbyte', 'text', 'WITH FUNCTION rs.varbyte_to_text(varbyte)'),
	rs.make_cast('varbyte', 'varchar', 'WITH FUNCTION rs.varbyte_to_varchar(varbyte)');

SELECT rs.make_operator('||', 'varbyte', 'varbyte', 'FUNCTION = rs.varbyte_cat');
SELECT rs.make_operator('+', 'varbyte', 'varbyte', 'FUNCTION = rs.varbyte_cat');

CREATE OR REPLACE FUNCTION pg_catalog.to_hex(varbyte) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.varbyte_hex($1)::varchar';
CREATE OR REPLACE FUNCTION pg_catalog.from_hex(text) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.bytea_varbyte(decode($1, 'hex')) $$;
CREATE OR REPLACE FUNCTION rs.bits_varbyte(text) RETURNS varbyte LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT rs.hex_varbyte(coalesce(string_agg(lpad(to_hex(substr(bits, i, 8)::bit(8)::int), 2, '0'), '' ORDER BY i), ''))
		FROM (SELECT lpad($1, (length($1) + 7) / 8 * 8, '0') AS bits) b, generate_series(1, length(bits), 8) i
$$;
CREATE OR REPLACE FUNCTION rs.varbyte_bits(varbyte) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(string_agg(get_byte(rs.varbyte_bytea($1), i)::bit(8)::text, '' ORDER BY i), '')
		FROM generate_series(0, octet_length(rs.varbyte_bytea($1)) - 1) i
$$;
CREATE OR REPLACE FUNCTION pg_catalog.to_varbyte(text, text) RETURNS varbyte
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE lower($2)
		WHEN 'hex' THEN rs.bytea_varbyte(decode(CASE octet_length($1) % 2 WHEN 1 THEN '0' ELSE '' END || $1, 'hex'))
		WHEN 'binary' THEN rs.bits_varbyte($1)
		WHEN 'base64' THEN rs.bytea_varbyte(decode($1, 'base64'))
		WHEN 'utf8' THEN rs.text_to_varbyte($1)
		WHEN 'utf-8' THEN rs.text_to_varbyte($1)
		ELSE rs.hex_varbyte(rs.fail('22023', 'invalid format "' || $2 || '" for TO_VARBYTE')) END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.from_varbyte(varbyte, text) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (CASE lower($2)
		WHEN 'hex' THEN rs.varbyte_hex($1)
		WHEN 'binary' THEN rs.varbyte_bits($1)
		WHEN 'base64' THEN encode(rs.varbyte_bytea($1), 'base64')
		WHEN 'utf8' THEN rs.varbyte_to_text($1)
		WHEN 'utf-8' THEN rs.varbyte_to_text($1)
		ELSE rs.fail('22023', 'invalid format "' || $2 || '" for FROM_VARBYTE') END)::varchar
$$;
CREATE OR REPLACE FUNCTION pg_catalog.octet_length(varbyte) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT octet_length(rs.varbyte_hex($1)) / 2';
CREATE OR REPLACE FUNCTION pg_catalog.length(varbyte) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT octet_length(rs.varbyte_hex($1)) / 2';
CREATE OR REPLACE FUNCTION pg_catalog.len(varbyte) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT octet_length(rs.varbyte_hex($1)) / 2';
CREATE OR REPLACE FUNCTION pg_catalog.substring(varbyte, int, int) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.bytea_varbyte(substring(rs.varbyte_bytea($1), $2, $3))';
CREATE OR REPLACE FUNCTION pg_catalog.substring(varbyte, int) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.bytea_varbyte(substring(rs.varbyte_bytea($1), $2))';
CREATE OR REPLACE FUNCTION pg_catalog.from_varbyte(text, text) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT from_varbyte(rs.text_to_varbyte($1), $2)';

-- GETBIT counts bits from the last one on.
CREATE OR REPLACE FUNCTION pg_catalog.getbit(varbyte, int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT get_byte(rs.varbyte_bytea($1), octet_length(rs.varbyte_bytea($1)) - 1 - $2 / 8) >> ($2 % 8) & 1
$$;

-- Bitwise operators. Two values of different lengths are an error.
CREATE OR REPLACE FUNCTION rs.varbyte_bitwise(varbyte, varbyte, operator text) RETURNS varbyte LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN length($1) <> length($2)
		THEN rs.hex_varbyte(rs.fail('22026', 'cannot ' || operator || ' varbyte values of different sizes'))
		ELSE rs.bits_varbyte((CASE operator WHEN 'AND' THEN rs.varbyte_bits($1)::varbit & rs.varbyte_bits($2)::varbit
			WHEN 'OR' THEN rs.varbyte_bits($1)::varbit | rs.varbyte_bits($2)::varbit
			ELSE rs.varbyte_bits($1)::varbit # rs.varbyte_bits($2)::varbit END)::text) END
$$;
CREATE OR REPLACE FUNCTION rs.varbyte_and(varbyte, varbyte) RETURNS varbyte
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT rs.varbyte_bitwise($1, $2, 'AND') $$;
CREATE OR REPLACE FUNCTION rs.varbyte_or(varbyte, varbyte) RETURNS varbyte
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT rs.varbyte_bitwise($1, $2, 'OR') $$;
CREATE OR REPLACE FUNCTION rs.varbyte_xor(varbyte, varbyte) RETURNS varbyte
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT rs.varbyte_bitwise($1, $2, 'XOR') $$;
CREATE OR REPLACE FUNCTION rs.varbyte_not(varbyte) RETURNS varbyte
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT rs.bits_varbyte((~rs.varbyte_bits($1)::varbit)::text)';
SELECT rs.make_operator('&', 'varbyte', 'varbyte', 'FUNCTION = rs.varbyte_and'),
	rs.make_operator('|', 'varbyte', 'varbyte', 'FUNCTION = rs.varbyte_or'),
	rs.make_operator('#', 'varbyte', 'varbyte', 'FUNCTION = rs.varbyte_xor');
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_operator WHERE oprname = '~' AND oprleft = 0 AND oprright = 'varbyte'::regtype) THEN
		CREATE OPERATOR pg_catalog.~ (RIGHTARG = varbyte, FUNCTION = rs.varbyte_not);
	END IF;
END $$;

-- An integer becomes its bytes, highest first.
CREATE OR REPLACE FUNCTION rs.int2_to_varbyte(int2) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.bytea_varbyte(int2send($1))';
CREATE OR REPLACE FUNCTION rs.int4_to_varbyte(int4) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.bytea_varbyte(int4send($1))';
CREATE OR REPLACE FUNCTION rs.int8_to_varbyte(int8) RETURNS varbyte
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.bytea_varbyte(int8send($1))';
SELECT rs.make_cast('int2', 'varbyte', 'WITH FUNCTION rs.int2_to_varbyte(int2)'),
	rs.make_cast('int4', 'varbyte', 'WITH FUNCTION rs.int4_to_varbyte(int4)'),
	rs.make_cast('int8', 'varbyte', 'WITH FUNCTION rs.int8_to_varbyte(int8)');
