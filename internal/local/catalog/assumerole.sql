-- Who may use which role for which command (Database Developer Guide, Usage notes for granting the ASSUMEROLE privilege).
-- The grantee 0 is PUBLIC, the role * is ALL, and a chain of roles is a role of its own. At first everybody may use
-- every role; REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL ends that, once for a cluster; here, once for a database.
DO $$
BEGIN
	IF to_regclass('rs.assumerole_grant') IS NULL THEN
		CREATE TABLE rs.assumerole_grant (grantee oid, role text, command text, PRIMARY KEY (grantee, role, command));
		INSERT INTO rs.assumerole_grant SELECT 0, '*', unnest('{COPY,UNLOAD,EXTERNAL FUNCTION,CREATE MODEL}'::text[]);
	END IF;
END $$;

-- ON ALL revokes the grants on single roles as well.
CREATE OR REPLACE FUNCTION rs.change_assumerole(granted boolean, roles text[], grantees text[], commands text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	grantee_oids oid[];
BEGIN
	IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'must be superuser to grant or revoke ASSUMEROLE';
	END IF;
	grantee_oids := ARRAY(SELECT CASE g WHEN '' THEN 0 ELSE quote_ident(g)::regrole::oid END FROM unnest(grantees) g);
	IF granted THEN
		INSERT INTO rs.assumerole_grant SELECT g, r, c FROM unnest(grantee_oids) g, unnest(roles) r, unnest(commands) c
			ON CONFLICT DO NOTHING;
	ELSE
		DELETE FROM rs.assumerole_grant a
			WHERE a.grantee = ANY (grantee_oids) AND a.command = ANY (commands) AND (a.role = ANY (roles) OR '*' = ANY (roles));
	END IF;
END $$;

-- A superuser always may.
CREATE OR REPLACE FUNCTION rs.may_assume(username name, iam_role text, command text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM pg_roles u WHERE u.rolname = username AND (u.rolsuper OR EXISTS (
		SELECT FROM rs.assumerole_grant a
			WHERE a.command = may_assume.command AND a.role IN ('*', may_assume.iam_role)
				AND (a.grantee = 0 OR EXISTS (SELECT FROM pg_roles g WHERE g.oid = a.grantee AND pg_has_role(u.oid, g.oid, 'MEMBER'))))))
$$;

CREATE OR REPLACE FUNCTION pg_catalog.has_assumerole_privilege(username text, iam_role text, command text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF username <> current_user AND NOT rs.is_superuser() THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'permission denied: only superusers see the ASSUMEROLE privileges of others';
	END IF;
	IF upper(command) NOT IN ('COPY', 'UNLOAD', 'EXTERNAL FUNCTION', 'CREATE MODEL') THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('unrecognized command type: "%s"', command),
			HINT = 'The commands are COPY, UNLOAD, EXTERNAL FUNCTION and CREATE MODEL.';
	END IF;
	RETURN rs.may_assume(username::name, iam_role, upper(command));
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.has_assumerole_privilege(iam_role text, command text) RETURNS boolean
	LANGUAGE sql STABLE AS 'SELECT pg_catalog.has_assumerole_privilege(current_user::text, iam_role, command)';

-- Users see what is granted to them, superusers all.
CREATE OR REPLACE FUNCTION rs.assumerole_grants() RETURNS SETOF rs.assumerole_grant
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM rs.assumerole_grant $$;
CREATE OR REPLACE VIEW pg_catalog.svv_iam_privileges AS
	SELECT CASE role WHEN '*' THEN 'ALL' ELSE role END AS iam_arn, command AS command_type, grantee::int AS identity_id,
		rs.grantee_name(grantee) AS identity_name, rs.grantee_type(grantee) AS identity_type
	FROM rs.assumerole_grants() WHERE (SELECT rs.is_superuser()) OR grantee = 0 OR pg_has_role(grantee, 'MEMBER');
GRANT SELECT ON pg_catalog.svv_iam_privileges TO PUBLIC;
