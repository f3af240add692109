-- Deploy ledger:fdw to pg
-- requires: appschema

BEGIN;

CREATE EXTENSION postgres_fdw SCHEMA ledger;
CREATE SERVER bank FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'bank', dbname 'bank');
CREATE USER MAPPING FOR CURRENT_USER SERVER bank OPTIONS (user 'ledger', password 'ledger');
CREATE FOREIGN TABLE ledger.postings (account text, amount numeric(20,4), currency char(3)) SERVER bank OPTIONS (schema_name 'core');

COMMIT;
