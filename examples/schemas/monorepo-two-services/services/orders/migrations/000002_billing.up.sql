CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER billing FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'billing-postgres', dbname 'billing');
CREATE USER MAPPING FOR CURRENT_USER SERVER billing OPTIONS (user 'orders_service', password 'local');
CREATE FOREIGN TABLE orders.invoices (id uuid NOT NULL, paid_at timestamptz, amount numeric(10,2)) SERVER billing OPTIONS (schema_name 'billing');
CREATE MATERIALIZED VIEW orders.unpaid AS
SELECT o.id, o.total FROM orders.orders o LEFT JOIN orders.invoices i ON i.id = o.invoice_id WHERE i.paid_at IS NULL;
