-- What user IAMR:sealift-target needs in database analytics of dev for job.yaml (target). Run it
-- connected to that database, as a superuser.
--
-- NOT HERE: tables[0], mode replace: tables of schema sales that are there and that
-- IAMR:sealift-target does not own have to be given to it: ALTER TABLE ... OWNER TO; sealift check
-- --fix sql names them.
--
-- NOT HERE: tables[1], mode replace: tables of schema ops that are there and that
-- IAMR:sealift-target does not own have to be given to it: ALTER TABLE ... OWNER TO; sealift check
-- --fix sql names them.
--
-- NOT HERE: tables[8], on_schema_change: evolve: the target's definition is altered, which only its
-- owner may: tables that are there have to be given to IAMR:sealift-target (ALTER TABLE ... OWNER
-- TO).
--
-- NOT HERE: owner: true gives tables to other users, which only a superuser may. Leave it out of
-- the job, or make IAMR:sealift-target a superuser, who may do anything in every database of the
-- warehouse: ALTER USER "IAMR:sealift-target" CREATEUSER.

-- every command logs in as this user; without a password: temporary credentials let it in.
CREATE USER "IAMR:sealift-target" PASSWORD DISABLE;

-- Sealift's own tables, which all jobs into this database share: made here, so that the user needs
-- no right to (promise: whole or untouched).
CREATE SCHEMA IF NOT EXISTS "sealift";

-- as above (promise: whole or untouched).
CREATE TABLE IF NOT EXISTS "sealift"."ledger" (
    marker VARCHAR(64) NOT NULL,
    run VARCHAR(64) NOT NULL,
    target VARCHAR(1024) NOT NULL,
    row_count BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    published_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL;

-- as above (promise: whole or untouched).
CREATE TABLE IF NOT EXISTS "sealift"."fence" (
    target VARCHAR(1024) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    touched_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL;

-- copy and load: to reach the two tables (promise: whole or untouched).
GRANT USAGE ON SCHEMA "sealift" TO "IAMR:sealift-target";

-- copy and load: each publish leaves its marker (promise: whole or untouched).
GRANT INSERT ON TABLE "sealift"."ledger" TO "IAMR:sealift-target";

-- resume, or a connection lost during COMMIT: the marker tells whether a publish happened (promise:
-- whole or untouched).
GRANT SELECT ON TABLE "sealift"."ledger" TO "IAMR:sealift-target";

-- copy and load: each run claims its tables (promise: whole or untouched).
GRANT INSERT ON TABLE "sealift"."fence" TO "IAMR:sealift-target";

-- copy and load: each publish touches its claim, so that a run that was taken over cannot publish
-- (promise: whole or untouched).
GRANT UPDATE ON TABLE "sealift"."fence" TO "IAMR:sealift-target";

-- copy and load: a claim replaces an earlier run's (promise: whole or untouched).
GRANT DELETE ON TABLE "sealift"."fence" TO "IAMR:sealift-target";

-- copy and load: both find the claim by its table (promise: whole or untouched).
GRANT SELECT ON TABLE "sealift"."fence" TO "IAMR:sealift-target";

-- how far each table has come: made here, for the same reason (promise: whole or untouched).
CREATE TABLE IF NOT EXISTS "sealift"."cursors" (
    target VARCHAR(1024) NOT NULL,
    source VARCHAR(1024) NOT NULL,
    spec VARCHAR(64) NOT NULL,
    mode VARCHAR(16) NOT NULL,
    since VARCHAR(128) NOT NULL,
    watermark VARCHAR(128) NOT NULL,
    seen VARCHAR(512) NOT NULL,
    passed BIGINT NOT NULL,
    run VARCHAR(64) NOT NULL,
    row_count BIGINT NOT NULL,
    synced_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL;

-- sync: each publish leaves how far its table has come (promise: whole or untouched).
GRANT INSERT ON TABLE "sealift"."cursors" TO "IAMR:sealift-target";

-- sync: that replaces what the one before left (promise: whole or untouched).
GRANT DELETE ON TABLE "sealift"."cursors" TO "IAMR:sealift-target";

-- sync: goes on from there (promise: whole or untouched).
GRANT SELECT ON TABLE "sealift"."cursors" TO "IAMR:sealift-target";

-- tables go there; made here, so that the user needs no right to make schemas.
CREATE SCHEMA IF NOT EXISTS "sales";

-- copy and load: to reach the tables of the schema (promise: whole or untouched).
GRANT USAGE ON SCHEMA "sales" TO "IAMR:sealift-target";

-- copy and load: rows are loaded into a shadow beside their table, and compared, before anybody
-- sees them (promise: whole or untouched).
GRANT CREATE ON SCHEMA "sales" TO "IAMR:sealift-target";

-- tables go there; made here, so that the user needs no right to make schemas.
CREATE SCHEMA IF NOT EXISTS "ops";

-- copy and load: to reach the tables of the schema (promise: whole or untouched).
GRANT USAGE ON SCHEMA "ops" TO "IAMR:sealift-target";

-- copy and load: rows are loaded into a shadow beside their table, and compared, before anybody
-- sees them (promise: whole or untouched).
GRANT CREATE ON SCHEMA "ops" TO "IAMR:sealift-target";

-- tables go there; made here, so that the user needs no right to make schemas.
CREATE SCHEMA IF NOT EXISTS "dev";

-- copy and load: to reach the tables of the schema (promise: whole or untouched).
GRANT USAGE ON SCHEMA "dev" TO "IAMR:sealift-target";

-- copy and load: rows are loaded into a shadow beside their table, and compared, before anybody
-- sees them (promise: whole or untouched).
GRANT CREATE ON SCHEMA "dev" TO "IAMR:sealift-target";

-- copy and load, mode replace: only its owner may put another in a table's place. Fails without
-- harm where there is no such table: Sealift then makes it, and owns it (promise: whole or
-- untouched).
ALTER TABLE "dev"."customers" OWNER TO "IAMR:sealift-target";

-- tables go there; made here, so that the user needs no right to make schemas.
CREATE SCHEMA IF NOT EXISTS "crm";

-- copy and load: to reach the tables of the schema (promise: whole or untouched).
GRANT USAGE ON SCHEMA "crm" TO "IAMR:sealift-target";

-- copy and load: rows are loaded into a shadow beside their table, and compared, before anybody
-- sees them (promise: whole or untouched).
GRANT CREATE ON SCHEMA "crm" TO "IAMR:sealift-target";

-- copy, load and sync, mode append: rows are added. Fails without harm, as do the next, where there
-- is no such table: Sealift then makes it, and the user owns it (promise: whole or untouched).
GRANT INSERT ON TABLE "crm"."events" TO "IAMR:sealift-target";

-- copy, load and sync, mode append: LOCK TABLE asks for it, so that nobody else writes meanwhile
-- (promise: whole or untouched).
GRANT UPDATE ON TABLE "crm"."events" TO "IAMR:sealift-target";

-- verify compares what is there (promise: exit 0 means verified).
GRANT SELECT ON TABLE "crm"."events" TO "IAMR:sealift-target";

-- copy, load and sync, mode merge: rows are added. Fails without harm, as do the next, where there
-- is no such table: Sealift then makes it, and the user owns it (promise: whole or untouched).
GRANT INSERT ON TABLE "crm"."orders" TO "IAMR:sealift-target";

-- copy, load and sync, mode merge: rows take the place of those with their key (promise: whole or
-- untouched).
GRANT UPDATE ON TABLE "crm"."orders" TO "IAMR:sealift-target";

-- copy, load and sync, mode merge: rows are found by their key, and compared once more before they
-- are published (promise: exit 0 means verified).
GRANT SELECT ON TABLE "crm"."orders" TO "IAMR:sealift-target";

-- tables go there; made here, so that the user needs no right to make schemas.
CREATE SCHEMA IF NOT EXISTS "audit";

-- copy and load: to reach the tables of the schema (promise: whole or untouched).
GRANT USAGE ON SCHEMA "audit" TO "IAMR:sealift-target";

-- copy and load: rows are loaded into a shadow beside their table, and compared, before anybody
-- sees them (promise: whole or untouched).
GRANT CREATE ON SCHEMA "audit" TO "IAMR:sealift-target";

-- copy, load and sync, mode append: rows are added. Fails without harm, as do the next, where there
-- is no such table: Sealift then makes it, and the user owns it (promise: whole or untouched).
GRANT INSERT ON TABLE "audit"."audit" TO "IAMR:sealift-target";

-- copy, load and sync, mode append: LOCK TABLE asks for it, so that nobody else writes meanwhile
-- (promise: whole or untouched).
GRANT UPDATE ON TABLE "audit"."audit" TO "IAMR:sealift-target";

-- verify compares what is there (promise: exit 0 means verified).
GRANT SELECT ON TABLE "audit"."audit" TO "IAMR:sealift-target";

-- tables go there; made here, so that the user needs no right to make schemas.
CREATE SCHEMA IF NOT EXISTS "report";

-- copy and load: to reach the tables of the schema (promise: whole or untouched).
GRANT USAGE ON SCHEMA "report" TO "IAMR:sealift-target";

-- copy and load: rows are loaded into a shadow beside their table, and compared, before anybody
-- sees them (promise: whole or untouched).
GRANT CREATE ON SCHEMA "report" TO "IAMR:sealift-target";

-- copy, load and sync, mode mirror: rows are added. Fails without harm, as do the next, where there
-- is no such table: Sealift then makes it, and the user owns it (promise: whole or untouched).
GRANT INSERT ON TABLE "crm"."live" TO "IAMR:sealift-target";

-- copy, load and sync, mode mirror: rows take the place of those with their key, and those that are
-- gone can be marked (promise: whole or untouched).
GRANT UPDATE ON TABLE "crm"."live" TO "IAMR:sealift-target";

-- copy, load and sync, mode mirror: rows are found by their key, and compared once more before they
-- are published (promise: exit 0 means verified).
GRANT SELECT ON TABLE "crm"."live" TO "IAMR:sealift-target";

-- copy, load and sync, mode mirror: rows that are gone from the source are deleted (promise: whole
-- or untouched).
GRANT DELETE ON TABLE "crm"."live" TO "IAMR:sealift-target";

-- copy, load and sync, mode history: rows are added. Fails without harm, as do the next, where
-- there is no such table: Sealift then makes it, and the user owns it (promise: whole or
-- untouched).
GRANT INSERT ON TABLE "crm"."past" TO "IAMR:sealift-target";

-- copy, load and sync, mode history: it is said until when a version of a row holds (promise: whole
-- or untouched).
GRANT UPDATE ON TABLE "crm"."past" TO "IAMR:sealift-target";

-- copy, load and sync, mode history: rows are found by their key, and compared once more before
-- they are published (promise: exit 0 means verified).
GRANT SELECT ON TABLE "crm"."past" TO "IAMR:sealift-target";

-- plan shows rows and sizes, and says in time that a table of mode create is not empty; without it
-- everything works, and both are only known later.
GRANT SELECT ON svv_table_info TO "IAMR:sealift-target";

-- copy and load: COPY uses this role. Needed where REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL was
-- run; elsewhere everybody may.
GRANT ASSUMEROLE ON 'arn:aws:iam::222222222222:role/redshift-copy,arn:aws:iam::111111111111:role/staging-read' TO "IAMR:sealift-target" FOR COPY;
