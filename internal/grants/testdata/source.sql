-- What user etl_reader needs in database analytics of prod-dw for job.yaml (source). Run it
-- connected to that database, as a superuser.
--
-- NOT HERE: tables that are made in schema sales later are not covered: grant them as well, or let
-- whoever makes them ALTER DEFAULT PRIVILEGES.
--
-- NOT HERE: tables that are made in schema ops later are not covered: grant them as well, or let
-- whoever makes them ALTER DEFAULT PRIVILEGES.
--
-- NOT HERE: tables[5]: *.audit stands for schemas that only the warehouse knows: grant USAGE on
-- each, and SELECT on its tables; or name the schemas in the job.
--
-- NOT HERE: tables[6] is a query: grant USAGE on the schemas and SELECT on the tables that it
-- reads.

-- every command logs in as this user; without a password: temporary credentials let it in.
CREATE USER "etl_reader" PASSWORD DISABLE;

-- plan finds the tables of the schema, copy unloads them, verify reads them.
GRANT USAGE ON SCHEMA "sales" TO "etl_reader";

-- copy unloads them and takes their digests in the same snapshots; verify reads them. Also of those
-- that the job excludes: GRANT knows no patterns (promise: exit 0 means verified).
GRANT SELECT ON ALL TABLES IN SCHEMA "sales" TO "etl_reader";

-- plan finds the tables of the schema, copy unloads them, verify reads them.
GRANT USAGE ON SCHEMA "ops" TO "etl_reader";

-- copy unloads those that ops.log_* stands for. That is more than it needs: GRANT knows no patterns
-- (promise: exit 0 means verified).
GRANT SELECT ON ALL TABLES IN SCHEMA "ops" TO "etl_reader";

-- plan finds the tables of the schema, copy unloads them, verify reads them.
GRANT USAGE ON SCHEMA "crm" TO "etl_reader";

-- copy unloads it and takes its digest in the same snapshot; verify reads it (promise: exit 0 means
-- verified).
GRANT SELECT ON TABLE "crm"."customers" TO "etl_reader";

-- copy unloads it and takes its digest in the same snapshot; verify reads it (promise: exit 0 means
-- verified).
GRANT SELECT ON TABLE "crm"."events" TO "etl_reader";

-- copy unloads it and takes its digest in the same snapshot; verify reads it (promise: exit 0 means
-- verified).
GRANT SELECT ON TABLE "crm"."orders" TO "etl_reader";

-- copy unloads it and takes its digest in the same snapshot; verify reads it (promise: exit 0 means
-- verified).
GRANT SELECT ON TABLE "crm"."live" TO "etl_reader";

-- copy unloads it and takes its digest in the same snapshot; verify reads it (promise: exit 0 means
-- verified).
GRANT SELECT ON TABLE "crm"."past" TO "etl_reader";

-- plan shows rows and sizes, and says in time that a table of mode create is not empty; without it
-- everything works, and both are only known later.
GRANT SELECT ON svv_table_info TO "etl_reader";

-- copy: UNLOAD uses this role. Needed where REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL was run;
-- elsewhere everybody may.
GRANT ASSUMEROLE ON 'arn:aws:iam::111111111111:role/redshift-unload' TO "etl_reader" FOR UNLOAD;
