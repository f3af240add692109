-- expect: error: user mapping not found for user "analyst"
CREATE EXTENSION postgres_fdw;
CREATE ROLE analyst NOLOGIN;
GRANT CREATE, USAGE ON SCHEMA public TO analyst;
CREATE SERVER sales FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'sales.internal', dbname 'sales');
CREATE USER MAPPING FOR CURRENT_USER SERVER sales OPTIONS (user 'ro', password 'ro');
CREATE FOREIGN TABLE contracts (id int, amount numeric) SERVER sales OPTIONS (schema_name 'public');
GRANT SELECT ON contracts TO analyst;
CREATE MATERIALIZED VIEW turnover AS SELECT sum(amount) FROM contracts WITH NO DATA;
ALTER MATERIALIZED VIEW turnover OWNER TO analyst;
REFRESH MATERIALIZED VIEW turnover;
