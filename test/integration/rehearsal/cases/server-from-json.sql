-- expect: runs
-- upstreams: maps.internal:5434/maps
CREATE EXTENSION postgres_fdw;
CREATE FUNCTION make_server(called text, config jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE option record;
BEGIN
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw', called);
    FOR option IN SELECT key, value FROM jsonb_each_text(config -> 'options') LOOP
        EXECUTE format('ALTER SERVER %I OPTIONS (ADD %I %L)', called, option.key, option.value);
    END LOOP;
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (user %L, password %L)', called,
        config #>> '{login,name}', config #>> '{login,secret}');
END $$;
SELECT make_server('maps', '{"options": {"host": "maps.internal", "port": "5434", "dbname": "maps"}, "login": {"name": "maps_ro", "secret": "m"}}');
CREATE FOREIGN TABLE places (id int, name text) SERVER maps OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW place_names AS SELECT name FROM places;
