-- atlas:checkpoint

CREATE EXTENSION postgres_fdw;
CREATE TABLE "users" ("id" bigint NOT NULL, "email" text NOT NULL, PRIMARY KEY ("id"));
