-- Once wrong, created anew.
CREATE FOREIGN TABLE clicks (wrong text) SERVER up;
DROP FOREIGN TABLE clicks;
CREATE FOREIGN TABLE clicks (id bigint, visit_id bigint) SERVER up OPTIONS (table_name 'click');
ALTER FOREIGN TABLE clicks OPTIONS (SET table_name 'clicks', ADD schema_name 'tracking');
DROP SERVER IF EXISTS tmp CASCADE;
CREATE SERVER tmp FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'never-asked', dbname 'x');
DROP SERVER tmp CASCADE;
ANALYZE clicks;
