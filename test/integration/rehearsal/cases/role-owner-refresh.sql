-- expect: runs
-- upstreams: bank.db.internal:5432/bank
CREATE EXTENSION postgres_fdw;
CREATE ROLE owner_of_all NOSUPERUSER LOGIN PASSWORD 'own';
GRANT CREATE ON SCHEMA public TO owner_of_all;
CREATE SERVER bank FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'bank.db.internal', dbname 'bank');
GRANT USAGE ON FOREIGN SERVER bank TO owner_of_all;
CREATE USER MAPPING FOR owner_of_all SERVER bank OPTIONS (user 'bank_ro', password 'bank');
SET ROLE owner_of_all;
CREATE FOREIGN TABLE accounts (id int, balance numeric(12,2)) SERVER bank OPTIONS (schema_name 'public', table_name 'accounts');
CREATE MATERIALIZED VIEW balance AS SELECT sum(balance) AS total FROM accounts;
REFRESH MATERIALIZED VIEW balance;
RESET ROLE;
REFRESH MATERIALIZED VIEW balance;
