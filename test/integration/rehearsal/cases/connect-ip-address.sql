-- expect: runs
-- upstreams: 10.11.12.13:5432/ledger
CREATE EXTENSION postgres_fdw;
CREATE SERVER ledger FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '10.11.12.13', port '5432', dbname 'ledger');
CREATE USER MAPPING FOR CURRENT_USER SERVER ledger OPTIONS (user 'ro', password 'ro');
CREATE FOREIGN TABLE bookings (id bigint, sum numeric(12,2)) SERVER ledger OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW total AS SELECT sum(sum) AS total FROM bookings;
