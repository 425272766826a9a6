-- TRY_CAST(value AS type) comes here as rs.try_cast(value, 'type', NULL::type). Which types may become which is said by the manual's
-- table (Redshift manual, TRY_CAST function): a pair that is not there is an error, a value that does not fit is NULL.

CREATE OR REPLACE FUNCTION rs.may_try_cast(source regtype, target regtype) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT target = 'super'::regtype OR CASE
		WHEN source = 'boolean'::regtype THEN target IN ('smallint'::regtype, 'int', 'bigint')
		WHEN source IN ('smallint'::regtype, 'int', 'bigint') THEN
			target IN ('boolean'::regtype, 'smallint', 'int', 'bigint', 'numeric', 'real', 'float8', 'bpchar', 'text', 'varchar')
		WHEN source IN ('numeric'::regtype, 'real', 'float8') THEN
			target IN ('smallint'::regtype, 'int', 'bigint', 'numeric', 'real', 'float8', 'bpchar', 'text', 'varchar')
		ELSE target IN ('smallint'::regtype, 'int', 'bigint', 'numeric', 'real', 'float8', 'bpchar', 'text', 'varchar',
			'timestamp', 'timestamptz', 'date', 'time', 'timetz') END $$;

CREATE OR REPLACE FUNCTION rs.try_cast(value anyelement, target text, form anycompatible) RETURNS anycompatible LANGUAGE plpgsql STABLE AS $$
DECLARE
	result form%TYPE;
BEGIN
	IF pg_typeof(value) NOT IN ('boolean'::regtype, 'smallint', 'int', 'bigint', 'numeric', 'real', 'float8', 'bpchar', 'text', 'varchar') THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('TRY_CAST of type %s is not supported', pg_typeof(value)),
			HINT = 'see docs/standin.md for what the stand-in imitates and what it refuses';
	ELSIF NOT rs.may_try_cast(pg_typeof(value), pg_typeof(form)) THEN
		RAISE EXCEPTION USING ERRCODE = '42846', MESSAGE = format('cannot cast type %s to %s', pg_typeof(value), pg_typeof(form));
	END IF;
	EXECUTE format('SELECT CAST($1 AS %s)', target) INTO result USING value;
	RETURN result;
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END $$;
