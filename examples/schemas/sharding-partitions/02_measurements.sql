CREATE TABLE measurements (
    device_id bigint NOT NULL,
    measured_at timestamptz NOT NULL,
    reading double precision,
    labels jsonb
) PARTITION BY HASH (device_id);

CREATE FOREIGN TABLE measurements_0 PARTITION OF measurements
    FOR VALUES WITH (MODULUS 4, REMAINDER 0) SERVER shard_0 OPTIONS (table_name 'measurements');
CREATE FOREIGN TABLE measurements_1 PARTITION OF measurements
    FOR VALUES WITH (MODULUS 4, REMAINDER 1) SERVER shard_1 OPTIONS (table_name 'measurements');
CREATE FOREIGN TABLE measurements_2 PARTITION OF measurements
    FOR VALUES WITH (MODULUS 4, REMAINDER 2) SERVER shard_2 OPTIONS (table_name 'measurements');
CREATE FOREIGN TABLE measurements_3 PARTITION OF measurements
    FOR VALUES WITH (MODULUS 4, REMAINDER 3) SERVER shard_3 OPTIONS (table_name 'measurements');

ALTER TABLE measurements ADD COLUMN unit varchar(16);

CREATE MATERIALIZED VIEW latest AS
SELECT DISTINCT ON (device_id) device_id, measured_at, reading, unit
FROM measurements
WHERE measured_at > now() - interval '1 day'
ORDER BY device_id, measured_at DESC;
