-- expect: runs
CREATE EXTENSION postgres_fdw;
DO $do$
BEGIN
    EXECUTE $$CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '$$ || current_database() || $$', port '$$ || current_setting('port') || $$')$$;
    EXECUTE format('CREATE SERVER here_too FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L, port %L, async_capable ''true'')', current_database(), current_setting('port'));
END $do$;
CREATE USER MAPPING FOR CURRENT_USER SERVER here;
CREATE USER MAPPING FOR CURRENT_USER SERVER here_too;
CREATE TABLE low (n int CHECK (n < 10), word text);
CREATE TABLE high (n int CHECK (n >= 10), word text);
CREATE TABLE numbers (n int, word text) PARTITION BY RANGE (n);
CREATE FOREIGN TABLE numbers_low PARTITION OF numbers FOR VALUES FROM (0) TO (10) SERVER here OPTIONS (table_name 'low');
CREATE FOREIGN TABLE numbers_high PARTITION OF numbers FOR VALUES FROM (10) TO (20) SERVER here_too OPTIONS (table_name 'high');
INSERT INTO numbers VALUES (1, 'one'), (12, 'twelve');
CREATE MATERIALIZED VIEW how_many AS SELECT count(*) AS n FROM numbers;
DO $$ BEGIN ASSERT (SELECT n FROM how_many) = 2; END $$;
