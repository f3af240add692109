-- Events of another service, counted per hour.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host 'upstream_db', port '5432', dbname 'upstream_db');
CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user 'upstream_reader', password 'not-a-secret');

CREATE FOREIGN TABLE events (
    id bigint NOT NULL,
    kind text,
    occurred_at timestamptz
) SERVER upstream OPTIONS (schema_name 'public', table_name 'events');

CREATE MATERIALIZED VIEW events_per_hour AS
SELECT date_trunc('hour', occurred_at) AS hour, kind, count(*) AS events
FROM events
GROUP BY 1, 2
WITH DATA;
CREATE UNIQUE INDEX ON events_per_hour (hour, kind);
