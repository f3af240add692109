CREATE EXTENSION IF NOT EXISTS "postgres_fdw";
CREATE SERVER "payments-db" FOREIGN DATA WRAPPER "postgres_fdw" OPTIONS (host 'payments', dbname 'payments');
CREATE USER MAPPING FOR CURRENT_USER SERVER "payments-db" OPTIONS (user 'prisma', password 'prisma');
CREATE FOREIGN TABLE "Payment" ("id" TEXT NOT NULL, "userId" INTEGER NOT NULL, "amountCents" INTEGER NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL)
    SERVER "payments-db" OPTIONS (schema_name 'public', table_name 'Payment');
CREATE MATERIALIZED VIEW "UserTotals" AS
SELECT u."id", sum(p."amountCents") AS "total" FROM "User" u JOIN "Payment" p ON p."userId" = u."id" GROUP BY u."id";
