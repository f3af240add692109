-- Runs again and again, so everything is guarded.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'reporting_user') THEN
        CREATE ROLE reporting_user LOGIN PASSWORD 'reporting';
    END IF;
    BEGIN
        CREATE ROLE dashboards NOLOGIN;
    EXCEPTION WHEN duplicate_object THEN
        RAISE NOTICE 'there already';
    END;
END
$$;
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
DO $do$
DECLARE
    target text := 'mainframe';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = target) THEN
        EXECUTE format($sql$CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname 'main')$sql$, target, target || '-host');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_user_mappings WHERE srvname = 'mainframe' AND usename = 'postgres') THEN
        CREATE USER MAPPING FOR CURRENT_USER SERVER mainframe OPTIONS (user 'reporting_user', password 'reporting');
    END IF;
    IF to_regclass('public.facts') IS NULL THEN
        CREATE FOREIGN TABLE public.facts (id bigint, fact text) SERVER mainframe;
    END IF;
END
$do$;
GRANT SELECT ON facts TO dashboards;
CREATE MATERIALIZED VIEW IF NOT EXISTS fact_count AS SELECT count(*) AS n FROM facts;
