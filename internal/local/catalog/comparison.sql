-- How Redshift compares and joins texts and numbers where PostgreSQL does it otherwise.

-- Trailing blanks do not count when VARCHAR values are compared, sorted, grouped or joined, as with CHAR (Redshift
-- manual, Character types). PostgreSQL has these rules for CHAR: the operators of text, which VARCHAR borrows, are given
-- the functions of CHAR, whose values look the same in memory, and so are the sort and hash support of both.
UPDATE pg_operator SET oprcode = CASE oprname
		WHEN '=' THEN 'bpchareq' WHEN '<>' THEN 'bpcharne' WHEN '<' THEN 'bpcharlt'
		WHEN '<=' THEN 'bpcharle' WHEN '>' THEN 'bpchargt' WHEN '>=' THEN 'bpcharge' END::regproc
	WHERE oprleft = 'text'::regtype AND oprright = 'text'::regtype AND oprname IN ('=', '<>', '<', '<=', '>', '>=')
		AND oprnamespace = 'pg_catalog'::regnamespace AND oprcode::text NOT LIKE 'bpchar%';
UPDATE pg_amproc SET amproc = CASE amproc::text
		WHEN 'bttextcmp' THEN 'bpcharcmp' WHEN 'bttextsortsupport' THEN 'bpchar_sortsupport'
		WHEN 'hashtext' THEN 'hashbpchar' WHEN 'hashtextextended' THEN 'hashbpcharextended' END::regproc
	WHERE amproclefttype = 'text'::regtype AND amprocrighttype = 'text'::regtype
		AND amprocfamily IN (SELECT oid FROM pg_opfamily WHERE opfname = 'text_ops')
		AND amproc::text IN ('bttextcmp', 'bttextsortsupport', 'hashtext', 'hashtextextended');

-- text + text joins, like text || text.
SELECT rs.make_operator('+', 'text', 'text', 'FUNCTION = textcat');

-- Texts compare with oids, and numbers are conditions: administrators' scripts use both.
CREATE OR REPLACE FUNCTION rs.text_eq_oid(text, oid) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 = $2::text';
CREATE OR REPLACE FUNCTION rs.text_ne_oid(text, oid) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 <> $2::text';
CREATE OR REPLACE FUNCTION rs.oid_eq_text(oid, text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::text = $2';
CREATE OR REPLACE FUNCTION rs.oid_ne_text(oid, text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::text <> $2';
SELECT rs.make_operator('=', 'text', 'oid', 'FUNCTION = rs.text_eq_oid, COMMUTATOR = OPERATOR(pg_catalog.=)');
SELECT rs.make_operator('=', 'oid', 'text', 'FUNCTION = rs.oid_eq_text, COMMUTATOR = OPERATOR(pg_catalog.=)');
SELECT rs.make_operator('<>', 'text', 'oid', 'FUNCTION = rs.text_ne_oid, COMMUTATOR = OPERATOR(pg_catalog.<>)');
SELECT rs.make_operator('<>', 'oid', 'text', 'FUNCTION = rs.oid_ne_text, COMMUTATOR = OPERATOR(pg_catalog.<>)');

UPDATE pg_cast SET castcontext = 'i' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype;
