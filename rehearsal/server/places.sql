-- Installed after mirror.sql in the database that a contract fills: tells each relation as it is after the statement that
-- made or changed it, so that its place in the contract's files is known.

CREATE FUNCTION pg_fdw_stub_rehearsal.on_relation() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog AS $$
DECLARE
    relation record;
BEGIN
    FOR relation IN
        SELECT c.oid, n.nspname, c.relname,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('number', attnum, 'name', attname,
                'type', format_type(atttypid, atttypmod))), '[]')
             FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
        FROM (SELECT DISTINCT objid FROM pg_event_trigger_ddl_commands() WHERE classid = 'pg_class'::regclass) o
        JOIN pg_class c ON c.oid = o.objid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'
    LOOP
        PERFORM pg_fdw_stub_rehearsal.tell('relation', jsonb_build_object('oid', relation.oid::text,
            'schema', relation.nspname, 'name', relation.relname, 'columns', relation.columns));
    END LOOP;
END $$;

CREATE EVENT TRIGGER fdw_stub_places ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE VIEW', 'ALTER VIEW',
        'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE',
        'IMPORT FOREIGN SCHEMA')
    EXECUTE FUNCTION pg_fdw_stub_rehearsal.on_relation();
ALTER EVENT TRIGGER fdw_stub_places ENABLE ALWAYS;
ALTER EXTENSION plpgsql ADD EVENT TRIGGER fdw_stub_places;
