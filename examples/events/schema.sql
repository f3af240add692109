-- What the migrations lead to: the schema of this service, as it should be.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');

CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user 'reader', password 'reader');

CREATE FOREIGN TABLE events (id bigint) SERVER upstream OPTIONS (schema_name 'public', table_name 'events');

CREATE MATERIALIZED VIEW event_count AS SELECT count(*) AS events FROM events WITH DATA;
