CREATE EXTENSION IF NOT EXISTS postgres_fdw;

-- One server for each shard, made in a loop as the operations handbook has it.
DO $$
DECLARE
    shard int;
BEGIN
    FOR shard IN 0..3 LOOP
        EXECUTE format(
            'CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L, fetch_size %L)',
            'shard_' || shard, 'shard-' || shard || '.internal', 'metrics', '10000');
        EXECUTE format(
            'CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (user %L, password %L)',
            'shard_' || shard, 'router', 'router-password');
    END LOOP;
END
$$;
