-- Takes back what user IAMR:sealift-target was given in database analytics of dev for job.yaml
-- (target). Run it connected to that database, as a superuser.
-- Schemas, the ledger and tables stay: others may use them.

REVOKE ASSUMEROLE ON 'arn:aws:iam::222222222222:role/redshift-copy,arn:aws:iam::111111111111:role/staging-read' FROM "IAMR:sealift-target" FOR COPY;
REVOKE SELECT ON svv_table_info FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "crm"."past" FROM "IAMR:sealift-target";
REVOKE UPDATE ON TABLE "crm"."past" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "crm"."past" FROM "IAMR:sealift-target";
REVOKE DELETE ON TABLE "crm"."live" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "crm"."live" FROM "IAMR:sealift-target";
REVOKE UPDATE ON TABLE "crm"."live" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "crm"."live" FROM "IAMR:sealift-target";
REVOKE CREATE ON SCHEMA "report" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "report" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "audit"."audit" FROM "IAMR:sealift-target";
REVOKE UPDATE ON TABLE "audit"."audit" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "audit"."audit" FROM "IAMR:sealift-target";
REVOKE CREATE ON SCHEMA "audit" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "audit" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "crm"."orders" FROM "IAMR:sealift-target";
REVOKE UPDATE ON TABLE "crm"."orders" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "crm"."orders" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "crm"."events" FROM "IAMR:sealift-target";
REVOKE UPDATE ON TABLE "crm"."events" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "crm"."events" FROM "IAMR:sealift-target";
REVOKE CREATE ON SCHEMA "crm" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "crm" FROM "IAMR:sealift-target";
REVOKE CREATE ON SCHEMA "dev" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "dev" FROM "IAMR:sealift-target";
REVOKE CREATE ON SCHEMA "ops" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "ops" FROM "IAMR:sealift-target";
REVOKE CREATE ON SCHEMA "sales" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "sales" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "sealift"."cursors" FROM "IAMR:sealift-target";
REVOKE DELETE ON TABLE "sealift"."cursors" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "sealift"."cursors" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "sealift"."fence" FROM "IAMR:sealift-target";
REVOKE DELETE ON TABLE "sealift"."fence" FROM "IAMR:sealift-target";
REVOKE UPDATE ON TABLE "sealift"."fence" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "sealift"."fence" FROM "IAMR:sealift-target";
REVOKE SELECT ON TABLE "sealift"."ledger" FROM "IAMR:sealift-target";
REVOKE INSERT ON TABLE "sealift"."ledger" FROM "IAMR:sealift-target";
REVOKE USAGE ON SCHEMA "sealift" FROM "IAMR:sealift-target";

-- Refused while the user owns something, or has grants that this job did not ask for.
-- This writes the statements that give its tables to another owner:
-- SELECT 'ALTER TABLE "' || schemaname || '"."' || tablename || '" OWNER TO NEW_OWNER;' FROM
-- pg_tables WHERE tableowner = 'IAMR:sealift-target'
DROP USER "IAMR:sealift-target";
