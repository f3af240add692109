-- What this service reads from the events service's database.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');

CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user 'reader', password 'reader');

CREATE FOREIGN TABLE events (id bigint) SERVER upstream OPTIONS (schema_name 'public', table_name 'events');
