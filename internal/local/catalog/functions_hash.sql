-- Hash functions (Redshift manual, Hash functions), and STRTOL, with which digests are made of them.

-- A call of STRTOL with base 16 comes here as rs.strtol16, whose body the planner puts in place of the call whatever the
-- argument: digests call it for every value of a table. A text with other than the base's digits is an error either way.
CREATE OR REPLACE FUNCTION rs.strtol_any(digits text, base int) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	rest text := lower(btrim(digits));
	negative boolean := left(btrim(digits), 1) = '-';
	n numeric := 0;
	d int;
BEGIN
	IF digits IS NULL OR base IS NULL THEN
		RETURN NULL;
	END IF;
	IF base < 2 OR base > 36 THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'Invalid base for STRTOL: ' || base;
	END IF;
	rest := ltrim(rest, '+-');
	IF base = 16 AND left(rest, 2) = '0x' THEN
		rest := substr(rest, 3);
	END IF;
	FOR i IN 1..length(rest) LOOP
		d := strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(rest, i, 1)) - 1;
		IF d < 0 OR d >= base THEN
			RAISE EXCEPTION USING ERRCODE = '22P02',
				MESSAGE = 'The input ' || digits || ' is not valid to be converted to base ' || base;
		END IF;
		n := n * base + d;
	END LOOP;
	IF rest = '' THEN
		RAISE EXCEPTION USING ERRCODE = '22P02',
			MESSAGE = 'The input ' || digits || ' is not valid to be converted to base ' || base;
	END IF;
	RETURN CASE WHEN negative THEN -n ELSE n END;
END $$;
CREATE OR REPLACE FUNCTION rs.strtol16(text) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ('x' || lpad($1, 16, '0'))::bit(64)::bigint $$;
CREATE OR REPLACE FUNCTION pg_catalog.strtol(text, int) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.strtol_any($1, $2)';

CREATE OR REPLACE FUNCTION pg_catalog.md5(varbyte) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT md5(rs.varbyte_bytea($1))';

-- SHA1: PostgreSQL has none without an extension.
CREATE OR REPLACE FUNCTION rs.sha1(message bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	m constant bigint := 4294967295;
	len constant int := octet_length(message);
	data bytea := message || decode('80', 'hex') || decode(repeat('00', (119 - len % 64) % 64), 'hex') || int8send(len::bigint * 8);
	h0 bigint := 1732584193; h1 bigint := 4023233417; h2 bigint := 2562383102; h3 bigint := 271733878; h4 bigint := 3285377520;
	a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; t bigint;
	w bigint[];
BEGIN
	FOR block IN 0..octet_length(data) / 64 - 1 LOOP
		w := '{}';
		FOR i IN 0..15 LOOP
			t := block * 64 + i * 4;
			w[i] := (get_byte(data, t::int)::bigint << 24) | (get_byte(data, t::int + 1) << 16)
				| (get_byte(data, t::int + 2) << 8) | get_byte(data, t::int + 3);
		END LOOP;
		FOR i IN 16..79 LOOP
			t := w[i-3] # w[i-8] # w[i-14] # w[i-16];
			w[i] := ((t << 1) | (t >> 31)) & m;
		END LOOP;
		a := h0; b := h1; c := h2; d := h3; e := h4;
		FOR i IN 0..79 LOOP
			IF i < 20 THEN
				f := ((b & c) | (~b & m & d)) + 1518500249;
			ELSIF i < 40 THEN
				f := (b # c # d) + 1859775393;
			ELSIF i < 60 THEN
				f := ((b & c) | (b & d) | (c & d)) + 2400959708;
			ELSE
				f := (b # c # d) + 3395469782;
			END IF;
			t := ((((a << 5) | (a >> 27)) & m) + f + e + w[i]) & m;
			e := d; d := c; c := ((b << 30) | (b >> 2)) & m; b := a; a := t;
		END LOOP;
		h0 := (h0 + a) & m; h1 := (h1 + b) & m; h2 := (h2 + c) & m; h3 := (h3 + d) & m; h4 := (h4 + e) & m;
	END LOOP;
	RETURN lpad(to_hex(h0), 8, '0') || lpad(to_hex(h1), 8, '0') || lpad(to_hex(h2), 8, '0')
		|| lpad(to_hex(h3), 8, '0') || lpad(to_hex(h4), 8, '0');
END $$;

-- SHA2 with 0 bits means 256; any other number of bits answers the empty text.
CREATE OR REPLACE FUNCTION rs.sha2(message bytea, bits int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE bits
		WHEN 0 THEN encode(sha256(message), 'hex') WHEN 256 THEN encode(sha256(message), 'hex')
		WHEN 224 THEN encode(sha224(message), 'hex') WHEN 384 THEN encode(sha384(message), 'hex')
		WHEN 512 THEN encode(sha512(message), 'hex')
		ELSE CASE WHEN message IS NOT NULL AND bits IS NOT NULL THEN '' END END
$$;

DO $$
DECLARE
	f text;
BEGIN
	FOREACH f IN ARRAY ARRAY['sha', 'sha1', 'func_sha1'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(text) RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE
			AS ''SELECT rs.sha1(convert_to($1, ''''UTF8''''))::varchar''', f);
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(varbyte) RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE
			AS ''SELECT rs.sha1(rs.varbyte_bytea($1))::varchar''', f);
	END LOOP;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.sha2(text, int) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.sha2(convert_to($1, 'UTF8'), $2)::varchar $$;
CREATE OR REPLACE FUNCTION pg_catalog.sha2(varbyte, int) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.sha2(rs.varbyte_bytea($1), $2)::varchar';

-- FNV_HASH is FNV-1a, 64 bits, over the binary value, lowest byte first; a seed is the hash to go on from. The prime is
-- 2^40 + 435; the product is taken in two halves, since bigint does not wrap around.
CREATE OR REPLACE FUNCTION rs.fnv(data bytea, seed bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	h bigint := seed;
	lo bigint;
BEGIN
	FOR i IN 0..octet_length(data) - 1 LOOP
		lo := (h # get_byte(data, i)) & 4294967295;
		h := (((h >> 32) * 435 + (lo * 435 >> 32) + (lo << 8)) << 32) | (lo * 435 & 4294967295);
	END LOOP;
	RETURN h;
END $$;

-- rs.fnv_1, _2, _4 and _8 hash as many bytes of an integer, and of whatever has been made one. They are written out byte
-- by byte, several times as fast as a loop: digests hash every floating-point value of a table with them.
DO $$
DECLARE
	steps text;
BEGIN
	FOREACH steps IN ARRAY ARRAY['1', '2', '4', '8'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.fnv_%s(v bigint, h bigint) RETURNS bigint
			LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS %L', steps, (
			SELECT 'BEGIN ' || string_agg(format(
				'h := (((h >> 32) * 435 + (%1$s * 435 >> 32) + (%1$s << 8)) << 32) | (%1$s * 435 & 4294967295);',
				format('((h # ((v >> %s) & 255)) & 4294967295)', 8 * byte)), ' ' ORDER BY byte) || ' RETURN h; END'
			FROM generate_series(0, steps::int - 1) byte));
	END LOOP;
END $$;

-- rs.fnv_number hashes a decimal as Redshift stores it: the digits without the point, in 8 bytes where they fit and
-- else in 16.
CREATE OR REPLACE FUNCTION rs.fnv_number(value numeric, seed bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	n numeric := value * 10::numeric ^ scale(value);
	high bigint;
	low numeric;
BEGIN
	n := trunc(n);
	IF n BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
		RETURN rs.fnv_8(n::bigint, seed);
	END IF;
	high := floor(n / 18446744073709551616);
	low := n - high::numeric * 18446744073709551616;
	RETURN rs.fnv_8(high, rs.fnv_8(
		(CASE WHEN low > 9223372036854775807 THEN low - 18446744073709551616 ELSE low END)::bigint, seed));
END $$;

DO $$
DECLARE
	f text[];
BEGIN
	-- -3750763034362895579 is the offset basis, 0xcbf29ce484222325.
	FOREACH f SLICE 1 IN ARRAY ARRAY[
		['boolean', 'rs.fnv_1($1::int::bigint, %s)'],
		['smallint', 'rs.fnv_2($1, %s)'],
		['integer', 'rs.fnv_4($1, %s)'],
		['bigint', 'rs.fnv_8($1, %s)'],
		['numeric', 'rs.fnv_number($1, %s)'],
		['real', 'rs.fnv_4((''x'' || encode(float4send($1), ''hex''))::bit(32)::bigint, %s)'],
		['double precision', 'rs.fnv_8((''x'' || encode(float8send($1), ''hex''))::bit(64)::bigint, %s)'],
		['date', 'rs.fnv_4($1 - date ''2000-01-01'', %s)'],
		['time', 'rs.fnv_8((''x'' || encode(time_send($1), ''hex''))::bit(64)::bigint, %s)'],
		['timestamp', 'rs.fnv_8((''x'' || encode(timestamp_send($1), ''hex''))::bit(64)::bigint, %s)'],
		['timestamptz', 'rs.fnv_8((''x'' || encode(timestamptz_send($1), ''hex''))::bit(64)::bigint, %s)'],
		['text', 'rs.fnv(convert_to($1, ''UTF8''), %s)'],
		['bpchar', 'rs.fnv(bpcharsend($1), %s)'],
		['varbyte', 'rs.fnv(rs.varbyte_bytea($1), %s)'],
		['super', 'rs.fnv(convert_to($1::json::text, ''UTF8''), %s)']]
	LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.fnv_hash(%s) RETURNS bigint
			LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L', f[1], 'SELECT ' || format(f[2], '-3750763034362895579'));
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.fnv_hash(%s, bigint) RETURNS bigint
			LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L', f[1], 'SELECT ' || format(f[2], '$2'));
	END LOOP;
END $$;

-- CRC32 answers hexadecimal digits.
CREATE OR REPLACE FUNCTION rs.crc32(data bytea) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	c bigint := 4294967295;
BEGIN
	FOR i IN 0..octet_length(data) - 1 LOOP
		c := c # get_byte(data, i);
		FOR bit IN 1..8 LOOP
			c := (c >> 1) # ((c & 1) * 3988292384);
		END LOOP;
	END LOOP;
	RETURN c # 4294967295;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.crc32(text) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lpad(to_hex(rs.crc32(convert_to($1, 'UTF8'))), 8, '0')::varchar $$;
CREATE OR REPLACE FUNCTION pg_catalog.crc32(varbyte) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lpad(to_hex(rs.crc32(rs.varbyte_bytea($1))), 8, '0')::varchar $$;

-- CHECKSUM: Redshift does not say how it is computed, so the numbers differ from the real ones. Equal values have equal
-- checksums, that is all.
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['text', 'bigint', 'numeric'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.checksum(%s) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
			AS ''SELECT (fnv_hash($1::text) & 2147483647)::int''', t);
	END LOOP;
END $$;
