-- Cloud SQL: no superuser; the host and the password come from the deployment.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER IF NOT EXISTS orders_replica FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '{{ .Env.ORDERS_HOST }}', port '5432', dbname 'orders');
ALTER SERVER orders_replica OWNER TO cloudsqlsuperuser;
GRANT USAGE ON FOREIGN SERVER orders_replica TO analytics;
CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER orders_replica
    OPTIONS (user 'analytics_ro', password '{{ .Env.ORDERS_PASSWORD }}');
CREATE USER MAPPING IF NOT EXISTS FOR analytics SERVER orders_replica
    OPTIONS (user 'analytics_ro', password '{{ .Env.ORDERS_PASSWORD }}');

CREATE SCHEMA IF NOT EXISTS orders AUTHORIZATION cloudsqlsuperuser;
CREATE FOREIGN TABLE IF NOT EXISTS orders.orders (
    id bigint,
    placed_at timestamp with time zone,
    total_cents bigint,
    currency character(3)
) SERVER orders_replica OPTIONS (schema_name 'public', table_name 'orders');
GRANT SELECT ON orders.orders TO analytics;
ALTER DEFAULT PRIVILEGES FOR ROLE cloudsqlsuperuser IN SCHEMA orders GRANT SELECT ON TABLES TO analytics;

CREATE MATERIALIZED VIEW IF NOT EXISTS daily AS
SELECT placed_at::date AS day, currency, sum(total_cents) / 100.0 AS total FROM orders.orders GROUP BY 1, 2;
ALTER MATERIALIZED VIEW daily OWNER TO analytics;
