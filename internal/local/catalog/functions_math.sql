-- Mathematical functions that PostgreSQL lacks, or has with another result type (Redshift manual, Math functions).

-- SQRT, LN, LOG, EXP and POWER answer floating-point numbers, also of decimals. What PostgreSQL built on its own keeps them.
SELECT rs.displace('sqrt(numeric)'), rs.displace('ln(numeric)'), rs.displace('log(numeric)'), rs.displace('log(numeric,numeric)'),
	rs.displace('exp(numeric)'), rs.displace('power(numeric,numeric)'), rs.displace('pow(numeric,numeric)');
CREATE OR REPLACE FUNCTION pg_catalog.dexp(float8) RETURNS float8
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'dexp';
CREATE OR REPLACE FUNCTION pg_catalog.dlog1(float8) RETURNS float8
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'dlog1';
CREATE OR REPLACE FUNCTION pg_catalog.dlog10(float8) RETURNS float8
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'dlog10';
CREATE OR REPLACE FUNCTION pg_catalog.round(float8, int) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT round($1::numeric, $2)::float8';
CREATE OR REPLACE FUNCTION pg_catalog.trunc(float8, int) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT trunc($1::numeric, $2)::float8';

-- AVG of integers is an integer, without its fraction, and AVG of decimals has the scale of its values (Redshift manual,
-- AVG).
CREATE OR REPLACE FUNCTION rs.avg_final(bigint[]) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1[2] / nullif($1[1], 0)';
CREATE OR REPLACE FUNCTION rs.avg_step(numeric[], bigint) RETURNS numeric[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ARRAY[$1[1] + 1, $1[2] + $2]';
CREATE OR REPLACE FUNCTION rs.avg_step(numeric[], numeric) RETURNS numeric[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ARRAY[$1[1] + 1, $1[2] + $2]';
CREATE OR REPLACE FUNCTION rs.avg_join(numeric[], numeric[]) RETURNS numeric[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT ARRAY[$1[1] + $2[1], $1[2] + $2[2]]';
CREATE OR REPLACE FUNCTION rs.avg_final(numeric[]) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT trunc($1[2] / nullif($1[1], 0))::bigint';
CREATE OR REPLACE FUNCTION rs.avg_decimal_final(numeric[]) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT trunc($1[2] / nullif($1[1], 0), scale($1[2]))';
DO $$
BEGIN
	IF to_regprocedure('rs.avg(int4)') IS NULL THEN
		PERFORM rs.displace('avg(int2)'), rs.displace('avg(int4)'), rs.displace('avg(int8)'), rs.displace('avg(numeric)');
		CREATE AGGREGATE pg_catalog.avg(int2) (SFUNC = int2_avg_accum, STYPE = int8[], FINALFUNC = rs.avg_final,
			COMBINEFUNC = int4_avg_combine, INITCOND = '{0,0}', PARALLEL = safe);
		CREATE AGGREGATE pg_catalog.avg(int4) (SFUNC = int4_avg_accum, STYPE = int8[], FINALFUNC = rs.avg_final,
			COMBINEFUNC = int4_avg_combine, INITCOND = '{0,0}', PARALLEL = safe);
		CREATE AGGREGATE pg_catalog.avg(int8) (SFUNC = rs.avg_step, STYPE = numeric[], FINALFUNC = rs.avg_final,
			COMBINEFUNC = rs.avg_join, INITCOND = '{0,0}', PARALLEL = safe);
		CREATE AGGREGATE pg_catalog.avg(numeric) (SFUNC = rs.avg_step, STYPE = numeric[], FINALFUNC = rs.avg_decimal_final,
			COMBINEFUNC = rs.avg_join, INITCOND = '{0,0}', PARALLEL = safe);
	END IF;
END $$;

-- MEDIAN and PERCENTILE_CONT interpolate between two values, PERCENTILE_DISC takes the first at or beyond the share. These
-- are ordinary aggregates, so that they work over windows too; package dialect writes WITHIN GROUP ... OVER as their calls.
CREATE OR REPLACE FUNCTION rs.median_final(float8[]) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM unnest($1) v $$;
CREATE OR REPLACE FUNCTION rs.percentile_step(float8[], value float8, share float8) RETURNS float8[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN value IS NULL THEN $1 ELSE array_append(coalesce($1, ARRAY[share]), value) END $$;
CREATE OR REPLACE FUNCTION rs.percentile_cont_final(float8[]) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT percentile_cont($1[1]) WITHIN GROUP (ORDER BY v) FROM unnest($1[2:]) v $$;
CREATE OR REPLACE FUNCTION rs.percentile_disc_final(float8[]) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN $1[1] < 0 THEN percentile_disc(abs($1[1])) WITHIN GROUP (ORDER BY v DESC)
		ELSE percentile_disc(abs($1[1])) WITHIN GROUP (ORDER BY v) END FROM unnest($1[2:]) v $$;
-- ANY_VALUE, and FIRST_VALUE and LAST_VALUE with IGNORE NULLS.
CREATE OR REPLACE FUNCTION rs.first_step(anyelement, anyelement) RETURNS anyelement
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT coalesce($1, $2)';
CREATE OR REPLACE FUNCTION rs.last_step(anyelement, anyelement) RETURNS anyelement
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT coalesce($2, $1)';
DO $$
BEGIN
	IF to_regprocedure('pg_catalog.median(float8)') IS NULL THEN
		CREATE AGGREGATE pg_catalog.median(float8) (SFUNC = array_append, STYPE = float8[], FINALFUNC = rs.median_final);
		CREATE AGGREGATE rs.percentile_cont(float8, float8) (SFUNC = rs.percentile_step, STYPE = float8[], FINALFUNC = rs.percentile_cont_final);
		CREATE AGGREGATE rs.percentile_disc(float8, float8) (SFUNC = rs.percentile_step, STYPE = float8[], FINALFUNC = rs.percentile_disc_final);
		CREATE AGGREGATE pg_catalog.any_value(anyelement) (SFUNC = rs.first_step, STYPE = anyelement);
		CREATE AGGREGATE rs.first_value(anyelement) (SFUNC = rs.first_step, STYPE = anyelement);
		CREATE AGGREGATE rs.last_value(anyelement) (SFUNC = rs.last_step, STYPE = anyelement);
	END IF;
END $$;

-- LAG, LEAD and NTH_VALUE with IGNORE NULLS, over the rows that package dialect makes the window's frame: n places, empty
-- at first, into which the values that are not NULL are shifted. LAG wants the oldest of the last n, the others the n-th.
CREATE OR REPLACE FUNCTION rs.last_n_step(places anyarray, v anyelement, n int) RETURNS anyarray
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN v IS NULL THEN places
		ELSE (coalesce(places, array_fill(CASE WHEN false THEN v END, ARRAY[n])))[2:] || v END $$;
CREATE OR REPLACE FUNCTION rs.first_n_step(places anyarray, v anyelement, n int) RETURNS anyarray
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN places[1] IS NOT NULL THEN places ELSE rs.last_n_step(places, v, n) END $$;
CREATE OR REPLACE FUNCTION rs.oldest(anyarray) RETURNS anyelement
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1[1]';
CREATE OR REPLACE FUNCTION rs.nth(anyarray) RETURNS anyelement
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT CASE WHEN $1[1] IS NOT NULL THEN $1[cardinality($1)] END';
DO $$
BEGIN
	IF to_regprocedure('rs.nth_value(anyelement, int)') IS NULL THEN
		CREATE AGGREGATE rs.lag(anyelement, int) (SFUNC = rs.last_n_step, STYPE = anyarray, FINALFUNC = rs.oldest);
		CREATE AGGREGATE rs.lead(anyelement, int) (SFUNC = rs.first_n_step, STYPE = anyarray, FINALFUNC = rs.nth);
		CREATE AGGREGATE rs.nth_value(anyelement, int) (SFUNC = rs.first_n_step, STYPE = anyarray, FINALFUNC = rs.nth);
	END IF;
END $$;

-- RATIO_TO_REPORT, of which package dialect makes the sum.
CREATE OR REPLACE FUNCTION rs.ratio_to_report(value float8, total float8) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT value / nullif(total, 0)';

-- rs.keep gives one row where the condition of QUALIFY holds, and none where it does not.
CREATE OR REPLACE FUNCTION rs.keep(condition boolean) RETURNS SETOF int
	LANGUAGE plpgsql VOLATILE ROWS 1 AS 'BEGIN IF condition THEN RETURN NEXT 1; END IF; END';

-- Quotients of decimals. Package dialect cuts them at their scale, which is at most 38, and which PostgreSQL does not know: it
-- must not have rounded them up before. Where a quotient of numbers of 38 digits is not a whole number of units of that
-- scale, it is no nearer to one than the 76th digit behind the point shows.
CREATE OR REPLACE FUNCTION rs.divide(numeric, numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT ($1 + 0e-80) / $2';
DO $$
BEGIN
	IF to_regoperator('rs./(numeric,numeric)') IS NULL THEN
		CREATE OPERATOR rs./ (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = rs.divide);
	END IF;
END $$;
-- rs.view_source is the text of a view that can be run again.
CREATE OR REPLACE FUNCTION rs.view_source(definition text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT replace(definition, ' OPERATOR(rs./) ', ' / ') $$;
