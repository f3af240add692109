-- atlas:txmode none

-- Create server for the audit log
CREATE SERVER "audit" FOREIGN DATA WRAPPER "postgres_fdw" OPTIONS ("dbname" 'audit', "host" 'audit-db');
CREATE USER MAPPING FOR CURRENT_USER SERVER "audit" OPTIONS ("user" 'auditor', "password" 'auditor');
CREATE FOREIGN TABLE "audit_log" ("id" bigint NOT NULL, "user_id" bigint NULL, "at" timestamptz NULL) SERVER "audit" OPTIONS ("table_name" 'log');
CREATE MATERIALIZED VIEW "last_seen" AS SELECT "user_id", max("at") AS "at" FROM "audit_log" GROUP BY "user_id";
