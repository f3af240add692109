-- expect: runs
-- upstreams: pg-north:5432/regions, pg-south:5432/regions
CREATE EXTENSION postgres_fdw;
CREATE TABLE region (code text PRIMARY KEY, address text NOT NULL);
INSERT INTO region VALUES ('north', 'pg-north'), ('south', 'pg-south');
DO $$
DECLARE r region;
BEGIN
    FOR r IN TABLE region LOOP
        EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L)', r.code, r.address, 'regions');
    END LOOP;
END $$;
