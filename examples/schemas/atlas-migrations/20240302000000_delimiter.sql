-- atlas:delimiter \n-- end

CREATE FUNCTION "seen"(bigint) RETURNS timestamptz LANGUAGE sql AS 'SELECT "at" FROM "last_seen" WHERE "user_id" = $1'
-- end
DROP MATERIALIZED VIEW "last_seen" CASCADE
-- end
ALTER FOREIGN TABLE "audit_log" ADD COLUMN "ip" inet NULL
-- end
CREATE MATERIALIZED VIEW "last_seen" AS SELECT "user_id", max("at") AS "at", count(DISTINCT "ip") AS "ips" FROM "audit_log" GROUP BY "user_id"
