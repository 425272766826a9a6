-- Numbers, dates and times are texts where a function or LIKE wants a text, as in PostgreSQL 8.0: substring(saledate, 1, 7),
-- left(id, 2), starttime LIKE '2008%'. Each function that wants a text as its first argument is there for each of those
-- types too; casts without being asked would make calls of others ambiguous.

DO $$
DECLARE
	f record;
	t regtype;
BEGIN
	FOR f IN
		SELECT p.proname AS name, p.prorettype::regtype AS result, n, (p.proargtypes::regtype[])[1:n - 1] AS rest
		FROM pg_proc p, generate_series((p.pronargs - p.pronargdefaults)::int, p.pronargs::int) n
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0 AND p.proargtypes[0] = 'text'::regtype
			AND p.proname IN ('ascii', 'btrim', 'char_length', 'character_length', 'charindex', 'initcap', 'left', 'len', 'length',
				'lower', 'lpad', 'ltrim', 'octet_length', 'position', 'regexp_count', 'regexp_instr', 'regexp_replace', 'regexp_substr',
				'repeat', 'replace', 'replicate', 'reverse', 'right', 'rpad', 'rtrim', 'split_part', 'strpos', 'substr', 'substring',
				'translate', 'upper')
		ORDER BY p.oid, n
	LOOP
		FOREACH t IN ARRAY '{smallint,integer,bigint,numeric,real,double precision,date,timestamp,timestamptz,time,timetz}'::regtype[] LOOP
			CONTINUE WHEN to_regprocedure(format('pg_catalog.%I(%s)', f.name, array_to_string(t || f.rest, ','))) IS NOT NULL;
			EXECUTE format('CREATE FUNCTION pg_catalog.%I(%s) RETURNS %s LANGUAGE sql STABLE PARALLEL SAFE AS $f$ SELECT %s $f$',
				f.name, array_to_string(t || f.rest, ','), f.result,
				format('pg_catalog.%I(%s)', f.name, array_to_string('$1::text'::text || ARRAY(SELECT '$' || i FROM generate_series(2, f.n) i), ',')));
		END LOOP;
	END LOOP;
	-- CHARINDEX and POSITION look into the second.
	FOREACH t IN ARRAY '{smallint,integer,bigint,numeric,real,double precision,date,timestamp,timestamptz,time,timetz}'::regtype[] LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.charindex(text, %s) RETURNS int
			LANGUAGE sql STABLE PARALLEL SAFE AS $f$ SELECT strpos($2::text, $1) $f$', t);
	END LOOP;
END $$;

-- LIKE, SIMILAR TO and regular expressions.
DO $$
DECLARE
	o record;
	t regtype;
BEGIN
	FOR o IN SELECT * FROM (VALUES ('~~', 'like'), ('!~~', 'notlike'), ('~~*', 'ilike'), ('!~~*', 'notilike'), ('~', 'match'), ('!~', 'nomatch')) v (name, word)
	LOOP
		FOREACH t IN ARRAY '{smallint,integer,bigint,numeric,real,double precision,date,timestamp,timestamptz,time,timetz}'::regtype[] LOOP
			EXECUTE format('CREATE OR REPLACE FUNCTION rs.%s(%s, text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $f$
				SELECT $1::text OPERATOR(pg_catalog.%s) $2 $f$', o.word, t, o.name);
			IF to_regoperator(format('pg_catalog.%s(%s,text)', o.name, t)) IS NULL THEN
				EXECUTE format('CREATE OPERATOR pg_catalog.%s (FUNCTION = rs.%s, LEFTARG = %s, RIGHTARG = text)', o.name, o.word, t);
			END IF;
		END LOOP;
	END LOOP;
END $$;
