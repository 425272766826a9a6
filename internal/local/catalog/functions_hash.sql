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

-- A call of SHA2 with 256 bits comes here, whose body the planner puts in place of the call, as with rs.strtol16.
CREATE OR REPLACE FUNCTION rs.sha256(text) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')::varchar $$;
CREATE OR REPLACE FUNCTION rs.sha256(varbyte) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT encode(sha256(rs.varbyte_bytea($1)), 'hex')::varchar $$;

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

-- CRC32 answers hexadecimal digits of the CRC with Castagnoli's polynomial (Redshift manual, CRC32 function).
CREATE OR REPLACE FUNCTION rs.crc32(data bytea) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	c bigint := 4294967295;
BEGIN
	FOR i IN 0..octet_length(data) - 1 LOOP
		c := c # get_byte(data, i);
		FOR bit IN 1..8 LOOP
			c := (c >> 1) # ((c & 1) * 2197175160);
		END LOOP;
	END LOOP;
	RETURN c # 4294967295;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.crc32(text) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lpad(to_hex(rs.crc32(convert_to($1, 'UTF8'))), 8, '0')::varchar $$;
CREATE OR REPLACE FUNCTION pg_catalog.crc32(varbyte) RETURNS varchar
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT lpad(to_hex(rs.crc32(rs.varbyte_bytea($1))), 8, '0')::varchar $$;

-- CHECKSUM of a number is its digits without the point, as in the manual's example. How a text's is computed Redshift does
-- not say, so those differ from the real ones: equal texts have equal checksums, that is all.
CREATE OR REPLACE FUNCTION pg_catalog.checksum(text) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT (fnv_hash($1) & 2147483647)::int';
CREATE OR REPLACE FUNCTION rs.low32(bigint) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT (($1 << 32) >> 32)::int';
CREATE OR REPLACE FUNCTION pg_catalog.checksum(bigint) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.low32($1)';
CREATE OR REPLACE FUNCTION pg_catalog.checksum(numeric) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.low32(mod(trunc($1 * 10::numeric ^ scale($1)), 9223372036854775807)::bigint)';

-- Arithmetic without signs that wraps around, for the hashes below. What is out of a bigint's range would be an error.
CREATE OR REPLACE FUNCTION rs.mul32(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (a * (b & 65535) + (((a * (b >> 16)) & 65535) << 16)) & 4294967295
$$;
CREATE OR REPLACE FUNCTION rs.add64(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (((a >> 32) + (b >> 32) + (((a & 4294967295) + (b & 4294967295)) >> 32)) << 32)
		| (((a & 4294967295) + (b & 4294967295)) & 4294967295)
$$;
CREATE OR REPLACE FUNCTION rs.mul64(a bigint, b bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	al constant bigint := a & 4294967295;
	bl constant bigint := b & 4294967295;
	high constant bigint := rs.mul32((a >> 32) & 4294967295, bl) + rs.mul32(al, (b >> 32) & 4294967295);
BEGIN
	RETURN rs.add64(rs.add64(al * (bl & 65535), (al * (bl >> 16)) << 16), high << 32);
END $$;
CREATE OR REPLACE FUNCTION rs.shr64(a bigint, n int) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT (a >> n) & ((1::bigint << (64 - n)) - 1)';
CREATE OR REPLACE FUNCTION rs.ror64(a bigint, n int) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.shr64(a, n) | (a << (64 - n))';
-- rs.fetch64 and rs.fetch32 read an integer, lowest byte first.
CREATE OR REPLACE FUNCTION rs.fetch32(s bytea, i int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT get_byte(s, i)::bigint | (get_byte(s, i + 1)::bigint << 8) | (get_byte(s, i + 2)::bigint << 16) | (get_byte(s, i + 3)::bigint << 24)
$$;
CREATE OR REPLACE FUNCTION rs.fetch64(s bytea, i int) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.fetch32(s, i) | (rs.fetch32(s, i + 4) << 32)';

-- FARMFINGERPRINT64 is Fingerprint64 of Google's FarmHash. k0, k1 and k2 are its constants.
CREATE OR REPLACE FUNCTION rs.farm_mix(u bigint, v bigint, mul bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	a bigint := rs.mul64(u # v, mul);
	b bigint;
BEGIN
	a := a # rs.shr64(a, 47);
	b := rs.mul64(v # a, mul);
	RETURN rs.mul64(b # rs.shr64(b, 47), mul);
END $$;
CREATE OR REPLACE FUNCTION rs.farm_weak(w bigint, x bigint, y bigint, z bigint, a bigint, b bigint, OUT low bigint, OUT high bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	c bigint;
BEGIN
	a := rs.add64(a, w);
	b := rs.ror64(rs.add64(rs.add64(b, a), z), 21);
	c := a;
	a := rs.add64(rs.add64(a, x), y);
	b := rs.add64(b, rs.ror64(a, 44));
	low := rs.add64(a, z);
	high := rs.add64(b, c);
END $$;
CREATE OR REPLACE FUNCTION rs.farm_weak_at(s bytea, i int, a bigint, b bigint, OUT low bigint, OUT high bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (rs.farm_weak(rs.fetch64(s, i), rs.fetch64(s, i + 8), rs.fetch64(s, i + 16), rs.fetch64(s, i + 24), a, b)).*
$$;
CREATE OR REPLACE FUNCTION rs.farm64(s bytea) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	k0 constant bigint := -4348849565147123417;
	k1 constant bigint := -5435081209227447693;
	k2 constant bigint := -7286425919675154353;
	n constant int := octet_length(s);
	mul bigint := rs.add64(k2, n * 2);
	a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; g bigint; h bigint;
	x bigint; y bigint; z bigint;
	v record; w record;
	at int := 0;
BEGIN
	IF n <= 16 THEN
		IF n >= 8 THEN
			a := rs.add64(rs.fetch64(s, 0), k2);
			b := rs.fetch64(s, n - 8);
			c := rs.add64(rs.mul64(rs.ror64(b, 37), mul), a);
			d := rs.mul64(rs.add64(rs.ror64(a, 25), b), mul);
			RETURN rs.farm_mix(c, d, mul);
		ELSIF n >= 4 THEN
			RETURN rs.farm_mix(n + (rs.fetch32(s, 0) << 3), rs.fetch32(s, n - 4), mul);
		ELSIF n > 0 THEN
			y := get_byte(s, 0) + (get_byte(s, n / 2) << 8);
			z := n + (get_byte(s, n - 1) << 2);
			x := rs.mul64(y, k2) # rs.mul64(z, k0);
			RETURN rs.mul64(x # rs.shr64(x, 47), k2);
		END IF;
		RETURN k2;
	ELSIF n <= 32 THEN
		a := rs.mul64(rs.fetch64(s, 0), k1);
		b := rs.fetch64(s, 8);
		c := rs.mul64(rs.fetch64(s, n - 8), mul);
		d := rs.mul64(rs.fetch64(s, n - 16), k2);
		RETURN rs.farm_mix(rs.add64(rs.add64(rs.ror64(rs.add64(a, b), 43), rs.ror64(c, 30)), d),
			rs.add64(rs.add64(a, rs.ror64(rs.add64(b, k2), 18)), c), mul);
	ELSIF n <= 64 THEN
		a := rs.mul64(rs.fetch64(s, 0), k2);
		b := rs.fetch64(s, 8);
		c := rs.mul64(rs.fetch64(s, n - 8), mul);
		d := rs.mul64(rs.fetch64(s, n - 16), k2);
		y := rs.add64(rs.add64(rs.ror64(rs.add64(a, b), 43), rs.ror64(c, 30)), d);
		z := rs.farm_mix(y, rs.add64(rs.add64(a, rs.ror64(rs.add64(b, k2), 18)), c), mul);
		e := rs.mul64(rs.fetch64(s, 16), mul);
		f := rs.fetch64(s, 24);
		g := rs.mul64(rs.add64(y, rs.fetch64(s, n - 32)), mul);
		h := rs.mul64(rs.add64(z, rs.fetch64(s, n - 24)), mul);
		RETURN rs.farm_mix(rs.add64(rs.add64(rs.ror64(rs.add64(e, f), 43), rs.ror64(g, 30)), h),
			rs.add64(rs.add64(e, rs.ror64(rs.add64(f, a), 18)), g), mul);
	END IF;
	x := 81;
	y := rs.add64(rs.mul64(81, k1), 113);
	z := rs.add64(rs.mul64(y, k2), 113);
	z := rs.mul64(z # rs.shr64(z, 47), k2);
	SELECT 0::bigint AS low, 0::bigint AS high INTO v;
	SELECT 0::bigint AS low, 0::bigint AS high INTO w;
	x := rs.add64(rs.mul64(x, k2), rs.fetch64(s, 0));
	WHILE at < (n - 1) / 64 * 64 LOOP
		x := rs.mul64(rs.ror64(rs.add64(rs.add64(rs.add64(x, y), v.low), rs.fetch64(s, at + 8)), 37), k1);
		y := rs.mul64(rs.ror64(rs.add64(rs.add64(y, v.high), rs.fetch64(s, at + 48)), 42), k1);
		x := x # w.high;
		y := rs.add64(y, rs.add64(v.low, rs.fetch64(s, at + 40)));
		z := rs.mul64(rs.ror64(rs.add64(z, w.low), 33), k1);
		v := rs.farm_weak_at(s, at, rs.mul64(v.high, k1), rs.add64(x, w.low));
		w := rs.farm_weak_at(s, at + 32, rs.add64(z, w.high), rs.add64(y, rs.fetch64(s, at + 16)));
		a := z; z := x; x := a;
		at := at + 64;
	END LOOP;
	mul := rs.add64(k1, (z & 255) << 1);
	at := n - 64;
	w.low := rs.add64(w.low, (n - 1) & 63);
	v.low := rs.add64(v.low, w.low);
	w.low := rs.add64(w.low, v.low);
	x := rs.mul64(rs.ror64(rs.add64(rs.add64(rs.add64(x, y), v.low), rs.fetch64(s, at + 8)), 37), mul);
	y := rs.mul64(rs.ror64(rs.add64(rs.add64(y, v.high), rs.fetch64(s, at + 48)), 42), mul);
	x := x # rs.mul64(w.high, 9);
	y := rs.add64(y, rs.add64(rs.mul64(v.low, 9), rs.fetch64(s, at + 40)));
	z := rs.mul64(rs.ror64(rs.add64(z, w.low), 33), mul);
	v := rs.farm_weak_at(s, at, rs.mul64(v.high, mul), rs.add64(x, w.low));
	w := rs.farm_weak_at(s, at + 32, rs.add64(z, w.high), rs.add64(y, rs.fetch64(s, at + 16)));
	a := z; z := x; x := a;
	RETURN rs.farm_mix(rs.add64(rs.add64(rs.farm_mix(v.low, w.low, mul), rs.mul64(y # rs.shr64(y, 47), k0)), z),
		rs.add64(rs.farm_mix(v.high, w.high, mul), x), mul);
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.farmfingerprint64(text) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.farm64(convert_to($1, 'UTF8')) $$;
CREATE OR REPLACE FUNCTION pg_catalog.farmfingerprint64(varbyte) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.farm64(rs.varbyte_bytea($1))';

-- MURMUR3_32_HASH is Murmur3A over the binary form of Apache Iceberg's specification (appendix B): integers and dates as
-- 8 bytes, times and timestamps as 8 bytes of microseconds, floating-point numbers as double precision, decimals as the
-- fewest bytes that hold their digits without the point, highest byte first.
CREATE OR REPLACE FUNCTION rs.murmur(data bytea, seed int) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	m constant bigint := 4294967295;
	h bigint := seed::bigint & m;
	n constant int := octet_length(data);
	k bigint;
BEGIN
	FOR i IN 0..n / 4 - 1 LOOP
		k := rs.mul32(rs.fetch32(data, i * 4), 3432918353);
		k := rs.mul32(((k << 15) | (k >> 17)) & m, 461845907);
		h := h # k;
		h := ((h << 13) | (h >> 19)) & m;
		h := (h * 5 + 3864292196) & m;
	END LOOP;
	IF n % 4 > 0 THEN
		k := 0;
		FOR i IN REVERSE n - 1..n / 4 * 4 LOOP
			k := (k << 8) | get_byte(data, i);
		END LOOP;
		k := rs.mul32(k, 3432918353);
		k := rs.mul32(((k << 15) | (k >> 17)) & m, 461845907);
		h := h # k;
	END IF;
	h := h # n;
	h := rs.mul32(h # (h >> 16), 2246822507);
	h := rs.mul32(h # (h >> 13), 3266489909);
	RETURN rs.low32(h # (h >> 16));
END $$;
CREATE OR REPLACE FUNCTION rs.reverse_bytes(bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT decode(string_agg(lpad(to_hex(get_byte($1, i)), 2, '0'), '' ORDER BY i DESC), 'hex') FROM generate_series(0, octet_length($1) - 1) i
$$;
-- rs.decimal_bytes is the shortest two's complement of a decimal's digits.
CREATE OR REPLACE FUNCTION rs.decimal_bytes(value numeric) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	n numeric := trunc(value * 10::numeric ^ scale(value));
	size int := 1;
	digits text := '';
BEGIN
	WHILE n < -(2::numeric ^ (8 * size - 1)) OR n >= 2::numeric ^ (8 * size - 1) LOOP
		size := size + 1;
	END LOOP;
	IF n < 0 THEN
		n := n + 2::numeric ^ (8 * size);
	END IF;
	FOR i IN 1..size LOOP
		digits := lpad(to_hex(mod(n, 256)::int), 2, '0') || digits;
		n := div(n, 256);
	END LOOP;
	RETURN decode(digits, 'hex');
END $$;
DO $$
DECLARE
	f text[];
	long constant text := 'rs.reverse_bytes(int8send(%s))';
BEGIN
	FOREACH f SLICE 1 IN ARRAY ARRAY[
		['boolean', format(long, '$1::int::bigint')], ['smallint', format(long, '$1')], ['integer', format(long, '$1')],
		['bigint', format(long, '$1')], ['numeric', 'rs.decimal_bytes($1)'],
		['real', 'rs.reverse_bytes(float8send($1::float8))'], ['double precision', 'rs.reverse_bytes(float8send($1))'],
		['date', format(long, '$1 - date ''1970-01-01''')], ['time', 'rs.reverse_bytes(time_send($1))'],
		['timestamp', format(long, '(extract(epoch FROM $1) * 1000000)::bigint')],
		['timestamptz', format(long, '(extract(epoch FROM $1) * 1000000)::bigint')],
		['text', 'convert_to($1, ''UTF8'')'], ['varbyte', 'rs.varbyte_bytea($1)']]
	LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.murmur3_32_hash(%s) RETURNS int
			LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L', f[1], 'SELECT rs.murmur(' || f[2] || ', 0)');
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.murmur3_32_hash(%s, int) RETURNS int
			LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L', f[1], 'SELECT rs.murmur(' || f[2] || ', $2)');
	END LOOP;
END $$;
