CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER orders FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'orders-postgres', dbname 'orders');
CREATE USER MAPPING FOR CURRENT_USER SERVER orders OPTIONS (user 'billing_service', password 'local');
CREATE FOREIGN TABLE billing.orders (id bigint, total numeric(10,2)) SERVER orders OPTIONS (schema_name 'orders', table_name 'orders');
CREATE MATERIALIZED VIEW billing.turnover AS SELECT sum(total) AS total FROM billing.orders;
