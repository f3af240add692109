-- expect: runs
-- upstreams: shop.internal:5432/shop
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA safe;
CREATE TABLE safe.box (key text PRIMARY KEY, value text);
CREATE VIEW safe.opened AS SELECT key, value AS opened_value FROM safe.box;
INSERT INTO safe.box VALUES ('shop', 'only here');
DO $$
DECLARE secret text;
BEGIN
    SELECT opened_value INTO STRICT secret FROM safe.opened WHERE key = 'shop';
    CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'shop.internal', dbname 'shop');
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (user %L, password %L)', 'shop_ro', secret);
END $$;
CREATE FOREIGN TABLE customers (id uuid, name text) SERVER shop OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW customer_names AS SELECT name FROM customers;
