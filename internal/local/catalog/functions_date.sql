-- Date and time functions (Redshift manual, Date and time functions). Package dialect puts bare date parts in quotes, and
-- has EXTRACT and DATE_PART of clients come to rs.date_part and pgdate_part below; EXTRACT in these files is PostgreSQL's.

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

-- DATEADD: where a day does not exist in the month it comes to, the result is the month's last day; but 29 February and a
-- number of years come to 1 March (Redshift manual, DATEADD). A text is a timestamp.
CREATE OR REPLACE FUNCTION rs.add_part(part text, n bigint, t timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT t + n * rs.part_interval(part)
		+ CASE WHEN date_part('month', t) = 2 AND date_part('day', t) = 29
				AND rs.date_part_name(part) IN ('year', 'decade', 'century', 'millennium')
				AND date_part('day', t + n * rs.part_interval(part)) = 28 THEN interval '1 day' ELSE interval '0' END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timestamp) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.add_part($1, $2, $3)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, date) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.add_part($1, $2, $3::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, text) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT rs.add_part($1, $2, $3::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timestamptz) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT rs.add_part($1, $2, $3 AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' $$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, time) RETURNS time
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $3 + $2 * rs.part_interval($1)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timetz) RETURNS timetz
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ($3 AT TIME ZONE 'UTC') + $2 * rs.part_interval($1) $$;

-- What DATEADD becomes for parts from microseconds to weeks. Nothing is used twice, so that the planner takes the body.
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(bigint, timestamp, interval) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $2 + $1 * $3';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(bigint, date, interval) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $2::timestamp + $1 * $3';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(bigint, text, interval) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $2::timestamp + $1 * $3';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(bigint, timestamptz, interval) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT ($2 AT TIME ZONE 'UTC' + $1 * $3) AT TIME ZONE 'UTC' $$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(bigint, time, interval) RETURNS time
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $2 + $1 * $3';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(bigint, timetz, interval) RETURNS timetz
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ($2 AT TIME ZONE 'UTC') + $1 * $3 $$;

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
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, text, text) RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT rs.part_number($1, $3::timestamp) - rs.part_number($1, $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timetz, timetz) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT rs.part_number($1, date '2000-01-01' + ($3 AT TIME ZONE 'UTC')::time)
		- rs.part_number($1, date '2000-01-01' + ($2 AT TIME ZONE 'UTC')::time) $$;
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
	FOREACH t IN ARRAY ARRAY['timestamp', 'date', 'timestamptz', 'time', 'timetz', 'text'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.date_diff(text, %1$s, %1$s) RETURNS bigint
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT datediff($1, $2, $3)''', t);
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.date_add(text, bigint, %1$s) RETURNS %2$s
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT dateadd($1, $2, $3)''', t, CASE WHEN t IN ('date', 'text') THEN 'timestamp' ELSE t END);
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.date_add(bigint, %1$s, interval) RETURNS %2$s
			LANGUAGE sql STABLE PARALLEL SAFE AS ''SELECT dateadd($1, $2, $3)''', t, CASE WHEN t IN ('date', 'text') THEN 'timestamp' ELSE t END);
	END LOOP;
END $$;

-- The parts of a moment: EXTRACT answers whole numbers, and DATE_PART the same as floating-point numbers. Milliseconds and
-- microseconds are those of the second's fraction, and decades count from 1 (the examples of the manual's pages DATE_PART,
-- EXTRACT and Date parts). A part of type name is EPOCH, whose numbers need more bits than the others.
CREATE OR REPLACE FUNCTION rs.part_of(part text, t timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE part
		WHEN 'millisecond' THEN floor(date_part('microseconds', t))::bigint % 1000000 / 1000
		WHEN 'microsecond' THEN floor(date_part('microseconds', t))::bigint % 1000000
		WHEN 'decade' THEN floor(date_part('year', t) / 10)::bigint + 1
		WHEN 'timezone' THEN 0 WHEN 'timezone_hour' THEN 0 WHEN 'timezone_minute' THEN 0
		ELSE floor(date_part(part, t))::bigint END
$$;
CREATE OR REPLACE FUNCTION rs.part_of(part text, t timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN part LIKE 'timezone%' OR part = 'epoch' THEN floor(date_part(part, t))::bigint ELSE rs.part_of(part, t::timestamp) END
$$;
CREATE OR REPLACE FUNCTION rs.part_of(part text, t date) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT rs.part_of(part, t::timestamp)';
CREATE OR REPLACE FUNCTION rs.part_of(part text, t text) RETURNS bigint
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT rs.part_of(part, t::timestamp)';
CREATE OR REPLACE FUNCTION rs.part_of(part text, t time) RETURNS bigint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT rs.part_of(part, date '1970-01-01' + t) $$;
CREATE OR REPLACE FUNCTION rs.part_of(part text, t timetz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN part LIKE 'timezone%' THEN floor(date_part(part, t))::bigint
		ELSE rs.part_of(part, (t AT TIME ZONE 'UTC')::time) END
$$;
CREATE OR REPLACE FUNCTION rs.part_of(part text, t interval) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE part
		WHEN 'millisecond' THEN floor(date_part('microseconds', t))::bigint % 1000000 / 1000
		WHEN 'microsecond' THEN floor(date_part('microseconds', t))::bigint % 1000000
		ELSE floor(date_part(part, t))::bigint END
$$;
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['timestamp', 'timestamptz', 'date', 'text', 'time', 'timetz', 'interval'] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.date_part(text, %1$s) RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
			AS ''SELECT rs.part_of(rs.date_part_name($1), $2)::int''', t);
		EXECUTE format('CREATE OR REPLACE FUNCTION rs.date_part(name, %1$s) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
			AS ''SELECT rs.part_of(rs.date_part_name($1::text), $2)''', t);
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.pgdate_part(text, %1$s) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE
			AS ''SELECT rs.part_of(rs.date_part_name($1), $2)::float8''', t);
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.date_part_year(date) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_part('year', $1)::int $$;
CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(text, date) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT date_trunc(rs.date_part_name($1), $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(text, text) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT date_trunc(rs.date_part_name($1), $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.trunc(timestamp) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::date';
CREATE OR REPLACE FUNCTION pg_catalog.last_day(timestamp) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (date_trunc('month', $1) + interval '1 month - 1 day')::date $$;
CREATE OR REPLACE FUNCTION pg_catalog.last_day(date) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT last_day($1::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.last_day(text) RETURNS date
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT last_day($1::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.add_months(timestamp, bigint) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN $1::date = last_day($1)
		THEN last_day($1 + $2 * interval '1 month') + $1::time ELSE $1 + $2 * interval '1 month' END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.add_months(date, bigint) RETURNS timestamp
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT add_months($1::timestamp, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.add_months(text, bigint) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT add_months($1::timestamp, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.months_between(timestamp, timestamp) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (date_part('year', $1) - date_part('year', $2)) * 12 + date_part('month', $1) - date_part('month', $2)
		+ CASE WHEN date_part('day', $1) = date_part('day', $2) OR $1::date = last_day($1) AND $2::date = last_day($2) THEN 0
			ELSE (date_part('day', $1) - date_part('day', $2)
				+ extract(epoch FROM $1::time - $2::time)::float8 / 86400) / 31 END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.months_between(date, date) RETURNS float8
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT months_between($1::timestamp, $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.months_between(text, text) RETURNS float8
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT months_between($1::timestamp, $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.next_day(timestamp, text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT $1::date + ((n - date_part('dow', $1)::int + 6) % 7 + 1)
		FROM (SELECT CASE left(lower($2), 2) WHEN 'su' THEN 0 WHEN 'mo' THEN 1 WHEN 'tu' THEN 2 WHEN 'we' THEN 3
			WHEN 'th' THEN 4 WHEN 'fr' THEN 5 WHEN 'sa' THEN 6
			ELSE rs.fail('22023', 'invalid day "' || $2 || '"')::int END AS n) d
$$;
CREATE OR REPLACE FUNCTION pg_catalog.next_day(date, text) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT next_day($1::timestamp, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.next_day(text, text) RETURNS date
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT next_day($1::timestamp, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, text, timestamp) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, timestamp) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1 $$;

-- Comparisons: -1, 0 or 1. PostgreSQL's functions of these names serve its own indexes, and keep doing so.
DO $$
DECLARE
	f text[];
BEGIN
	FOREACH f SLICE 1 IN ARRAY ARRAY[
		['date_cmp', 'date', 'date'], ['date_cmp_timestamp', 'date', 'timestamp'], ['date_cmp_timestamptz', 'date', 'timestamptz'],
		['timestamp_cmp', 'timestamp', 'timestamp'], ['timestamp_cmp_date', 'timestamp', 'date'],
		['timestamp_cmp_timestamptz', 'timestamp', 'timestamptz'], ['timestamptz_cmp', 'timestamptz', 'timestamptz'],
		['timestamptz_cmp_date', 'timestamptz', 'date'], ['timestamptz_cmp_timestamp', 'timestamptz', 'timestamp'],
		['interval_cmp', 'interval', 'interval']]
	LOOP
		IF to_regprocedure(format('pg_catalog.%s(%s,%s)', f[1], f[2], f[3])) IS NULL THEN
			EXECUTE format('CREATE FUNCTION pg_catalog.%s(%s, %s) RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
				AS ''SELECT CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 WHEN $1 = $2 THEN 0 END''', f[1], f[2], f[3]);
		END IF;
	END LOOP;
END $$;

-- rs.lenient_moment reads a moment whose day, hour, minute or second is beyond its limit, by adding what is too much, as
-- TO_DATE and TO_TIMESTAMP do unless they are told to be strict. Only formats of a fixed width are read so.
CREATE OR REPLACE FUNCTION rs.lenient_moment(value text, format text) RETURNS timestamp
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
	places constant text := regexp_replace(upper(format), 'HH(24|12)', 'HH');
	known text := value;
	beyond interval := '0';
	part text[];
	at int;
	n int;
BEGIN
	BEGIN
		RETURN rs.to_timestamp(value, format)::timestamp;
	EXCEPTION WHEN datetime_field_overflow THEN
		IF regexp_replace(places, 'YYYY|MM|DD|HH|MI|SS', '') ~ '[A-Z]' THEN
			RAISE;
		END IF;
	END;
	FOREACH part SLICE 1 IN ARRAY ARRAY[['DD', '01', 'day'], ['HH', '00', 'hour'], ['MI', '00', 'minute'], ['SS', '00', 'second']] LOOP
		at := strpos(places, part[1]);
		IF at > 0 THEN
			n := substr(value, at, 2)::int - part[2]::int;
			known := overlay(known PLACING part[2] FROM at FOR 2);
			beyond := beyond + n * ('1 ' || part[3])::interval;
		END IF;
	END LOOP;
	RETURN rs.to_timestamp(known, format)::timestamp + beyond;
END $$;
SELECT rs.displace('to_date(text,text)'), rs.displace('to_timestamp(text,text)');
CREATE OR REPLACE FUNCTION pg_catalog.to_date(text, text) RETURNS date
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT rs.lenient_moment($1, $2)::date';
CREATE OR REPLACE FUNCTION pg_catalog.to_date(text, text, boolean) RETURNS date
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT CASE WHEN $3 THEN rs.to_date($1, $2) ELSE rs.lenient_moment($1, $2)::date END';
CREATE OR REPLACE FUNCTION pg_catalog.to_timestamp(text, text) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT rs.lenient_moment($1, $2)::timestamptz';
CREATE OR REPLACE FUNCTION pg_catalog.to_timestamp(text, text, boolean) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT CASE WHEN $3 THEN rs.to_timestamp($1, $2) ELSE rs.lenient_moment($1, $2)::timestamptz END';
CREATE OR REPLACE FUNCTION pg_catalog.to_timestamp(timestamp, text) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT rs.lenient_moment($1::text, $2)::timestamptz';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, text, text) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT convert_timezone($1, $2, $3::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, text) RETURNS timestamp
	LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT convert_timezone($1, $2::timestamp)';
