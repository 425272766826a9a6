-- SUPER and VARBYTE. Neither needs a library: both keep a text which PostgreSQL's own input and output functions know.
--
-- SUPER is a JSON text in compact form. A column has the type modifier 0, which makes PostgreSQL call rs.super_fit for
-- every value that is assigned to it; a value that comes in through COPY FROM STDIN must be compact already.
-- VARBYTE is the hexadecimal digits of its bytes, in lower case, as it is shown and unloaded.
-- Both have the object identifiers that Redshift's clients know them by (4000 and 6551).

DO $$
BEGIN
	IF to_regtype('pg_catalog.super') IS NULL THEN
		CREATE TYPE pg_catalog.super;
		UPDATE pg_depend SET objid = 4000 WHERE classid = 'pg_type'::regclass
			AND objid = (SELECT oid FROM pg_type WHERE typname = 'super' AND typnamespace = 'pg_catalog'::regnamespace);
		UPDATE pg_type SET oid = 4000 WHERE typname = 'super' AND typnamespace = 'pg_catalog'::regnamespace;
	END IF;
	IF to_regtype('pg_catalog.varbyte') IS NULL THEN
		CREATE TYPE pg_catalog.varbyte;
		UPDATE pg_depend SET objid = 6551 WHERE classid = 'pg_type'::regclass
			AND objid = (SELECT oid FROM pg_type WHERE typname = 'varbyte' AND typnamespace = 'pg_catalog'::regnamespace);
		UPDATE pg_type SET oid = 6551 WHERE typname = 'varbyte' AND typnamespace = 'pg_catalog'::regnamespace;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION rs.super_in(cstring) RETURNS super
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'json_in';
CREATE OR REPLACE FUNCTION rs.super_out(super) RETURNS cstring
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'json_out';
CREATE OR REPLACE FUNCTION rs.super_recv(internal) RETURNS super
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'json_recv';
CREATE OR REPLACE FUNCTION rs.super_send(super) RETURNS bytea
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'json_send';
CREATE OR REPLACE FUNCTION rs.varbyte_in(cstring) RETURNS varbyte
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE OR REPLACE FUNCTION rs.varbyte_out(varbyte) RETURNS cstring
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';

DO $$
BEGIN
	IF NOT (SELECT typisdefined FROM pg_type WHERE oid = 4000) THEN
		-- The modifier's functions: any of PostgreSQL's that take a small number, and one that shows 0 as nothing.
		CREATE TYPE pg_catalog.super (INPUT = rs.super_in, OUTPUT = rs.super_out, RECEIVE = rs.super_recv,
			SEND = rs.super_send, TYPMOD_IN = timestamptypmodin, TYPMOD_OUT = varchartypmodout,
			INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'U');
	END IF;
	IF NOT (SELECT typisdefined FROM pg_type WHERE oid = 6551) THEN
		CREATE TYPE pg_catalog.varbyte (INPUT = rs.varbyte_in, OUTPUT = rs.varbyte_out,
			TYPMOD_IN = bittypmodin, TYPMOD_OUT = bittypmodout,
			INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'U');
	END IF;
END $$;

-- rs.make_cast creates a cast, or leaves the one that is there.
CREATE OR REPLACE FUNCTION rs.make_cast(source regtype, target regtype, how text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = source AND casttarget = target) THEN
		EXECUTE format('CREATE CAST (%s AS %s) %s', source, target, how);
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.make_cast(regtype, regtype, text) FROM PUBLIC;

-- rs.make_operator creates an operator of pg_catalog, or leaves the one that is there.
CREATE OR REPLACE FUNCTION rs.make_operator(name text, l regtype, r regtype, definition text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_operator WHERE oprname = name AND oprleft = l AND oprright = r AND oprcode <> 0) THEN
		EXECUTE format('CREATE OPERATOR pg_catalog.%s (LEFTARG = %s, RIGHTARG = %s, %s)', name, l, r, definition);
	END IF;
END $$;
REVOKE ALL ON FUNCTION rs.make_operator(text, regtype, regtype, text) FROM PUBLIC;

-- Comparison, sorting, grouping and hashing of both types go by their bytes.
DO $$
DECLARE
	t text;
	f text[];
BEGIN
	FOREACH t IN ARRAY ARRAY['super', 'varbyte'] LOOP
		FOREACH f SLICE 1 IN ARRAY ARRAY[
			['eq', '=', '=', '<>', 'eqsel', 'eqjoinsel'],
			['ne', '<>', '<>', '=', 'neqsel', 'neqjoinsel'],
			['lt', '<', '>', '>=', 'scalarltsel', 'scalarltjoinsel'],
			['le', '<=', '>=', '>', 'scalarlesel', 'scalarlejoinsel'],
			['gt', '>', '<', '<=', 'scalargtsel', 'scalargtjoinsel'],
			['ge', '>=', '<=', '<', 'scalargesel', 'scalargejoinsel']]
		LOOP
			EXECUTE format('CREATE OR REPLACE FUNCTION rs.%1$s_%2$s(%1$s, %1$s) RETURNS boolean
				LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS %3$L', t, f[1], 'bytea' || f[1]);
			PERFORM rs.make_operator(f[2], t::regtype, t::regtype, format(
				'FUNCTION = rs.%s_%s, COMMUTATOR = OPERATOR(pg_catalog.%s), NEGATOR = OPERATOR(pg_catalog.%s),
				 RESTRICT = %s, JOIN = %s%s', t, f[1], f[3], f[4], f[5], f[6],
				CASE WHEN f[1] = 'eq' THEN ', HASHES, MERGES' ELSE '' END));
		END LOOP;
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.%1$s_cmp(%1$s, %1$s) RETURNS int
			LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS ''byteacmp''', t);
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.%1$s_hash(%1$s) RETURNS int
			LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS ''hashvarlena''', t);
		IF NOT EXISTS (SELECT FROM pg_opclass WHERE opcname = t || '_ops') THEN
			EXECUTE format('CREATE OPERATOR CLASS pg_catalog.%1$s_ops DEFAULT FOR TYPE %1$s USING btree AS
				OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 rs.%1$s_cmp(%1$s, %1$s)', t);
			EXECUTE format('CREATE OPERATOR CLASS pg_catalog.%1$s_ops DEFAULT FOR TYPE %1$s USING hash AS
				OPERATOR 1 =, FUNCTION 1 rs.%1$s_hash(%1$s)', t);
		END IF;
	END LOOP;
END $$;

-- Lengths of VARCHAR are bytes in casts too: an explicit cast cuts at the last character that fits, and what is assigned may
-- be too long by blanks only (Redshift manual, Character types). The length is the modifier less 4.
-- Not in SQL: the planner would put its body in place of the call, and the length of a column made from it would be lost.
CREATE OR REPLACE FUNCTION rs.varchar_fit(value varchar, modifier int, explicit boolean) RETURNS varchar
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	data bytea;
	n int := modifier - 4;
BEGIN
	IF n < 0 OR octet_length(value) <= n THEN
		RETURN value;
	END IF;
	data := convert_to(value, 'UTF8');
	WHILE n > 0 AND get_byte(data, n) & 192 = 128 LOOP -- the middle of a character
		n := n - 1;
	END LOOP;
	IF NOT explicit AND rtrim(convert_from(substring(data FROM n + 1), 'UTF8'), ' ') <> '' THEN
		RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = format('value too long for type character varying(%s)', modifier - 4);
	END IF;
	RETURN convert_from(substring(data FROM 1 FOR n), 'UTF8');
END $$;
UPDATE pg_cast SET castfunc = 'rs.varchar_fit'::regproc WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;
