-- Takes back what user etl_reader was given in database analytics of prod-dw for job.yaml (source).
-- Run it connected to that database, as a superuser.

REVOKE ASSUMEROLE ON 'arn:aws:iam::111111111111:role/redshift-unload' FROM "etl_reader" FOR UNLOAD;
REVOKE SELECT ON svv_table_info FROM "etl_reader";
REVOKE SELECT ON TABLE "crm"."past" FROM "etl_reader";
REVOKE SELECT ON TABLE "crm"."live" FROM "etl_reader";
REVOKE SELECT ON TABLE "crm"."orders" FROM "etl_reader";
REVOKE SELECT ON TABLE "crm"."events" FROM "etl_reader";
REVOKE SELECT ON TABLE "crm"."customers" FROM "etl_reader";
REVOKE USAGE ON SCHEMA "crm" FROM "etl_reader";
REVOKE SELECT ON ALL TABLES IN SCHEMA "ops" FROM "etl_reader";
REVOKE USAGE ON SCHEMA "ops" FROM "etl_reader";
REVOKE SELECT ON ALL TABLES IN SCHEMA "sales" FROM "etl_reader";
REVOKE USAGE ON SCHEMA "sales" FROM "etl_reader";

-- Refused while the user owns something, or has grants that this job did not ask for.
DROP USER "etl_reader";
