BEGIN;
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER usage_server FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'usage', port '5432', dbname 'usage');
CREATE USER MAPPING FOR CURRENT_USER SERVER usage_server OPTIONS (user 'billing', password 'billing');
CREATE FOREIGN TABLE usage_events (account_id uuid, amount bigint) SERVER usage_server OPTIONS (schema_name 'public', table_name 'usage_events');
COMMIT;
