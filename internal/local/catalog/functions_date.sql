-- Date and time functions (Redshift manual, Date and time functions). Package dialect puts bare date parts in quotes.

-- GETDATE has whole seconds and SYSDATE microseconds; both are without time zone, in the session's zone.
CREATE OR REPLACE FUNCTION pg_catalog.getdate() RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT date_trunc('second', statement_timestamp()::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.sysdate() RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT now()::timestamp';

-- rs.date_part_name gives every name of a date part one name.
CREATE OR REPLACE FUNCTION rs.date_part_name(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE lower($1)
		WHEN 'millennia' THEN 'millennium' WHEN 'mil' THEN 'millennium' WHEN 'mils' THEN 'millennium'
		WHEN 'centuries' THEN 'century' WHEN 'c' THEN 'century' WHEN 'cent' THEN 'century' WHEN 'cents' THEN 'century'
		WHEN 'decades' THEN 'decade' WHEN 'dec' THEN 'decade' WHEN 'decs' THEN 'decade'
		WHEN 'years' THEN 'year' WHEN 'y' THEN 'year' WHEN 'yr' THEN 'year' WHEN 'yrs' THEN 'year'
		WHEN 'quarters' THEN 'quarter' WHEN 'qtr' THEN 'quarter' WHEN 'qtrs' THEN 'quarter'
		WHEN 'months' THEN 'month' WHEN 'mon' THEN 'month' WHEN 'mons' THEN 'month'
		WHEN 'weeks' THEN 'week' WHEN 'w' THEN 'week'
		WHEN 'dayofweek' THEN 'dow' WHEN 'dw' THEN 'dow' WHEN 'weekday' THEN 'dow'
		WHEN 'dayofyear' THEN 'doy' WHEN 'dy' THEN 'doy' WHEN 'yearday' THEN 'doy'
		WHEN 'days' THEN 'day' WHEN 'd' THEN 'day'
		WHEN 'hours' THEN 'hour' WHEN 'h' THEN 'hour' WHEN 'hr' THEN 'hour' WHEN 'hrs' THEN 'hour'
		WHEN 'minutes' THEN 'minute' WHEN 'm' THEN 'minute' WHEN 'min' THEN 'minute' WHEN 'mins' THEN 'minute'
		WHEN 'seconds' THEN 'second' WHEN 's' THEN 'second' WHEN 'sec' THEN 'second' WHEN 'secs' THEN 'second'
		WHEN 'milliseconds' THEN 'millisecond' WHEN 'ms' THEN 'millisecond' WHEN 'msec' THEN 'millisecond'
		WHEN 'msecs' THEN 'millisecond' WHEN 'msecond' THEN 'millisecond' WHEN 'mseconds' THEN 'millisecond'
		WHEN 'millisec' THEN 'millisecond' WHEN 'millisecs' THEN 'millisecond' WHEN 'millisecon' THEN 'millisecond'
		WHEN 'microseconds' THEN 'microsecond' WHEN 'microsec' THEN 'microsecond' WHEN 'microsecs' THEN 'microsecond'
		WHEN 'usecond' THEN 'microsecond' WHEN 'useconds' THEN 'microsecond' WHEN 'us' THEN 'microsecond'
		WHEN 'usec' THEN 'microsecond' WHEN 'usecs' THEN 'microsecond'
		ELSE lower($1) END
$$;

-- rs.part_interval is one of a date part.
CREATE OR REPLACE FUNCTION rs.part_interval(part text) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE rs.date_part_name(part)
		WHEN 'millennium' THEN interval '1000 years' WHEN 'century' THEN interval '100 years'
		WHEN 'decade' THEN interval '10 years' WHEN 'year' THEN interval '1 year' WHEN 'quarter' THEN interval '3 months'
		WHEN 'month' THEN interval '1 month' WHEN 'week' THEN interval '7 days' WHEN 'day' THEN interval '1 day'
		WHEN 'dow' THEN interval '1 day' WHEN 'doy' THEN interval '1 day'
		WHEN 'hour' THEN interval '1 hour' WHEN 'minute' THEN interval '1 minute' WHEN 'second' THEN interval '1 second'
		WHEN 'millisecond' THEN interval '1 millisecond' WHEN 'microsecond' THEN interval '1 microsecond'
		ELSE rs.fail('22023', 'invalid datepart "' || part || '"')::interval END
$$;

-- DATEADD: where a day does not exist in the month it comes to, the result is the month's last day; a date that is the
-- last day of its month stays one (Redshift manual, DATEADD, and ADD_MONTHS for the latter rule).
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timestamp) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $3 + $2 * rs.part_interval($1)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, date) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $3::timestamp + $2 * rs.part_interval($1)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timestamptz) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 + $2 * rs.part_interval($1)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, time) RETURNS time
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $3 + $2 * rs.part_interval($1)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timetz) RETURNS timetz
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $3 + $2 * rs.part_interval($1)';

-- rs.part_number counts a date part from a fixed day on: DATEDIFF counts the boundaries between two moments.
CREATE OR REPLACE FUNCTION rs.part_number(part text, t timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (CASE rs.date_part_name(part)
		WHEN 'millennium' THEN date_part('millennium', t) WHEN 'century' THEN date_part('century', t)
		WHEN 'decade' THEN floor(date_part('year', t) / 10) WHEN 'year' THEN date_part('year', t)
		WHEN 'quarter' THEN date_part('year', t) * 4 + date_part('quarter', t)
		WHEN 'month' THEN date_part('year', t) * 12 + date_part('month', t)
		WHEN 'week' THEN floor((t::date - date '2000-01-02') / 7.0)
		WHEN 'day' THEN t::date - date '2000-01-01' WHEN 'dow' THEN t::date - date '2000-01-01'
		WHEN 'doy' THEN t::date - date '2000-01-01'
		WHEN 'hour' THEN floor(extract(epoch FROM t) / 3600) WHEN 'minute' THEN floor(extract(epoch FROM t) / 60)
		WHEN 'second' THEN floor(extract(epoch FROM t)) WHEN 'millisecond' THEN floor(extract(epoch FROM t) * 1000)
		WHEN 'microsecond' THEN floor(extract(epoch FROM t) * 1000000)
		ELSE rs.fail('22023', 'invalid datepart "' || part || '"')::numeric END)::bigint
$$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timestamp, timestamp) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.part_number($1, $3) - rs.part_number($1, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, date, date) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.part_number($1, $3::timestamp) - rs.part_number($1, $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timestamptz, timestamptz) RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT rs.part_number($1, $3 AT TIME ZONE 'UTC') - rs.part_number($1, $2 AT TIME ZONE 'UTC') $$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, time, time) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT rs.part_number($1, date '2000-01-01' + $3) - rs.part_number($1, date '2000-01-01' + $2) $$;
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['timestamp', 'date', 'timestamptz', 'time'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.date_diff(text, %1$s, %1$s) RETURNS bigint
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT datediff($1, $2, $3)''', t);
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.date_add(text, bigint, %1$s) RETURNS %2$s
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT dateadd($1, $2, $3)''', t, replace(t, 'date', 'timestamp'));
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.date_part_year(date) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_part('year', $1)::int $$;
CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(text, date) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT date_trunc(rs.date_part_name($1), $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.trunc(timestamp) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::date';
CREATE OR REPLACE FUNCTION pg_catalog.last_day(timestamp) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (date_trunc('month', $1) + interval '1 month - 1 day')::date $$;
CREATE OR REPLACE FUNCTION pg_catalog.last_day(date) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT last_day($1::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.add_months(timestamp, bigint) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN $1::date = last_day($1)
		THEN last_day($1 + $2 * interval '1 month') + $1::time ELSE $1 + $2 * interval '1 month' END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.add_months(date, bigint) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT add_months($1::timestamp, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.months_between(timestamp, timestamp) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (date_part('year', $1) - date_part('year', $2)) * 12 + date_part('month', $1) - date_part('month', $2)
		+ CASE WHEN date_part('day', $1) = date_part('day', $2) OR $1::date = last_day($1) AND $2::date = last_day($2) THEN 0
			ELSE (date_part('day', $1) - date_part('day', $2)
				+ extract(epoch FROM $1::time - $2::time)::float8 / 86400) / 31 END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.months_between(date, date) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT months_between($1::timestamp, $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.next_day(timestamp, text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT $1::date + ((n - date_part('dow', $1)::int + 6) % 7 + 1)
		FROM (SELECT CASE left(lower($2), 2) WHEN 'su' THEN 0 WHEN 'mo' THEN 1 WHEN 'tu' THEN 2 WHEN 'we' THEN 3
			WHEN 'th' THEN 4 WHEN 'fr' THEN 5 WHEN 'sa' THEN 6
			ELSE rs.fail('22023', 'invalid day "' || $2 || '"')::int END AS n) d
$$;
CREATE OR REPLACE FUNCTION pg_catalog.next_day(date, text) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT next_day($1::timestamp, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, text, timestamp) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, timestamp) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1 $$;
CREATE OR REPLACE FUNCTION pg_catalog.to_date(text, text, boolean) RETURNS date
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT to_date($1, $2)';
