-- Installed in every database of a rehearsal that a schema runs in. Whatever foreign table the schema declares is made at
-- its stub at once, in a connection of its own, so that it is there for the next statement of the same DO block and stays
-- when the transaction is rolled back. What was declared is told in notices, whose detail is JSON.
--
-- dblink's functions are declared without its extension: the schema's own CREATE EXTENSION dblink must work. The
-- schema's name and its belonging to an extension keep tools that look at a database from taking it for the user's.
--
-- With the setting fdw_stub_rehearsal.record somebody else's program runs the statements: then it is told in the server's
-- log, which no program sees and no rollback undoes.

SET allow_system_table_mods TO on;
CREATE SCHEMA pg_fdw_stub_rehearsal;
RESET allow_system_table_mods;
GRANT USAGE ON SCHEMA pg_fdw_stub_rehearsal TO PUBLIC;
-- After the grant, which then counts as the extension's own: no dump has it.
ALTER EXTENSION plpgsql ADD SCHEMA pg_fdw_stub_rehearsal;
SET search_path TO pg_fdw_stub_rehearsal, pg_catalog;

CREATE FUNCTION dblink_connect(text, text) RETURNS text LANGUAGE c STRICT AS '$libdir/dblink', 'dblink_connect';
CREATE FUNCTION dblink_exec(text, text) RETURNS text LANGUAGE c STRICT AS '$libdir/dblink', 'dblink_exec';
CREATE FUNCTION dblink(text, text) RETURNS SETOF record LANGUAGE c STRICT AS '$libdir/dblink', 'dblink_record';
CREATE FUNCTION dblink_get_connections() RETURNS text[] LANGUAGE c AS '$libdir/dblink', 'dblink_get_connections';

-- Databases whose content is settled otherwise: by the script itself, after \c.
CREATE TABLE settled (database text PRIMARY KEY);
-- Upstreams' databases that are one, on whatever host they are asked for.
CREATE TABLE shared (database text PRIMARY KEY);
-- Stubs that a contract makes: nothing is added to them.
CREATE TABLE frozen (stub text PRIMARY KEY);
-- Where the servers lead that were asked for, until one of them or of their mappings changes.
CREATE TABLE lead (server oid, handled boolean, database text);
-- Columns that the user's own declaration makes: their types stay.
CREATE TABLE given (database text, schema text, "table" text, "column" text);

CREATE FUNCTION tell(kind text, detail jsonb) RETURNS void LANGUAGE plpgsql
    SET client_min_messages TO notice SET log_min_messages TO warning SET log_min_error_statement TO panic AS $$
DECLARE
    context text;
BEGIN
    GET DIAGNOSTICS context = PG_CONTEXT;
    detail := detail || jsonb_build_object('event', kind, 'context', context);
    IF current_setting('fdw_stub_rehearsal.record', true) = 'on' THEN
        RAISE LOG USING MESSAGE = 'fdw_stub_rehearsal', DETAIL = detail::text;
    ELSE
        RAISE NOTICE USING MESSAGE = 'fdw_stub_rehearsal', DETAIL = detail::text;
    END IF;
END $$;

CREATE FUNCTION option(options text[], name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT option_value FROM pg_catalog.pg_options_to_table(options) WHERE option_name = name
$$;

-- Opens the connection to a database of this cluster where it is not open yet; makes the database where it is not there.
CREATE FUNCTION reach(database text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text := 'fdw_stub_rehearsal:' || database;
    quoted text := replace(replace(database, '\', '\\'), '''', '\''');
BEGIN
    IF name = ANY (coalesce(pg_fdw_stub_rehearsal.dblink_get_connections(), '{}')) THEN
        RETURN name;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = database) THEN
        IF NOT 'fdw_stub_rehearsal:' = ANY (coalesce(pg_fdw_stub_rehearsal.dblink_get_connections(), '{}')) THEN
            PERFORM pg_fdw_stub_rehearsal.dblink_connect('fdw_stub_rehearsal:',
                'host=/rehearsal/socket port=5432 dbname=postgres options=''-c log_statement=none -c log_min_messages=panic'' user=' || current_setting('fdw_stub_rehearsal.superuser'));
        END IF;
        BEGIN
            PERFORM pg_fdw_stub_rehearsal.dblink_exec('fdw_stub_rehearsal:',
                format('CREATE DATABASE %I TEMPLATE template0', database)
                    || CASE WHEN current_setting('server_version_num')::int >= 150000 THEN ' STRATEGY file_copy' ELSE '' END);
        EXCEPTION WHEN duplicate_database THEN
            NULL;
        END;
    END IF;
    -- A transaction under way may hold a lock on the stub's table that PostgreSQL cannot see as a deadlock.
    PERFORM pg_fdw_stub_rehearsal.dblink_connect(name, format(
        'host=/rehearsal/socket port=5432 dbname=''%s'' user=%s options=''-c lock_timeout=300 -c search_path=pg_catalog -c client_min_messages=error -c log_statement=none -c log_min_messages=panic''',
        quoted, current_setting('fdw_stub_rehearsal.superuser')));
    RETURN name;
END $$;

CREATE FUNCTION run(connection text, statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_fdw_stub_rehearsal.dblink_exec(connection, statement);
    RETURN true;
EXCEPTION WHEN duplicate_object OR duplicate_schema OR duplicate_table OR duplicate_column OR unique_violation THEN
    RETURN false;
END $$;

-- The statements that make a type, and what it is made of, at a stub.
CREATE FUNCTION make_type(connection text, type oid) RETURNS void LANGUAGE plpgsql SET search_path TO pg_catalog AS $$
DECLARE
    t record;
    e record;
    label text;
    previous text;
    parts text;
BEGIN
    SELECT pg_type.*, nspname INTO t
    FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace WHERE pg_type.oid = type;
    IF t.typcategory = 'A' AND t.typelem <> 0 THEN
        PERFORM pg_fdw_stub_rehearsal.make_type(connection, t.typelem);
        RETURN;
    END IF;
    IF t.nspname = 'pg_catalog' THEN
        RETURN;
    END IF;
    SELECT extname, n.nspname INTO e
    FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid JOIN pg_namespace n ON n.oid = x.extnamespace
    WHERE d.classid = 'pg_type'::regclass AND d.objid = type AND d.refclassid = 'pg_extension'::regclass
        AND d.deptype = 'e';
    IF FOUND THEN
        PERFORM pg_fdw_stub_rehearsal.make_extension(connection, e.extname);
        RETURN;
    END IF;
    PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE SCHEMA IF NOT EXISTS %I', t.nspname));
    CASE t.typtype
        WHEN 'e' THEN
            PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE TYPE %s AS ENUM ()', type::regtype));
            FOR label IN SELECT enumlabel FROM pg_enum WHERE enumtypid = type ORDER BY enumsortorder LOOP
                PERFORM pg_fdw_stub_rehearsal.run(connection, format('ALTER TYPE %s ADD VALUE IF NOT EXISTS %L%s', type::regtype,
                    label, CASE WHEN previous IS NULL THEN '' ELSE format(' AFTER %L', previous) END));
                previous := label;
            END LOOP;
        WHEN 'd' THEN
            -- Without constraints: a stub need not refuse what its upstream may hold.
            PERFORM pg_fdw_stub_rehearsal.make_type(connection, t.typbasetype);
            PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE DOMAIN %s AS %s', type::regtype,
                format_type(t.typbasetype, t.typtypmod)));
        WHEN 'c' THEN
            PERFORM pg_fdw_stub_rehearsal.make_type(connection, atttypid)
            FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped;
            SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) INTO parts
            FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped;
            PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE TYPE %s AS (%s)', type::regtype, parts));
        WHEN 'r', 'm' THEN
            FOR e IN
                SELECT rngtypid, rngsubtype, rngmultitypid, m.typname, n.nspname
                FROM pg_range JOIN pg_type m ON m.oid = rngmultitypid JOIN pg_namespace n ON n.oid = m.typnamespace
                WHERE type IN (rngtypid, rngmultitypid)
            LOOP
                PERFORM pg_fdw_stub_rehearsal.make_type(connection, e.rngsubtype);
                PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE TYPE %s AS RANGE (subtype = %s, multirange_type_name = %I.%I)',
                    e.rngtypid::regtype, e.rngsubtype::regtype, e.nspname, e.typname));
            END LOOP;
        ELSE
            NULL;
    END CASE;
END $$;

CREATE FUNCTION make_extension(connection text, extension text) RETURNS void LANGUAGE plpgsql
    SET search_path TO pg_catalog AS $$
DECLARE
    schema text := (SELECT nspname FROM pg_extension x JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = extension);
BEGIN
    PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE SCHEMA IF NOT EXISTS %I', schema));
    PERFORM pg_fdw_stub_rehearsal.run(connection, format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I CASCADE', extension, schema));
END $$;

-- Runs a statement of ours whatever role the schema has set.
CREATE FUNCTION execute(statement text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE statement;
END $$;

-- A server that postgres_fdw or dblink serves, whatever its wrapper is called.
CREATE FUNCTION handled(server oid) RETURNS boolean LANGUAGE sql STABLE SET search_path TO pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
        LEFT JOIN pg_proc h ON h.oid = w.fdwhandler LEFT JOIN pg_proc v ON v.oid = w.fdwvalidator
        WHERE s.oid = server AND (h.prosrc = 'postgres_fdw_handler'
            OR v.prosrc IN ('postgres_fdw_validator', 'dblink_fdw_validator') OR v.prosrc = 'postgresql_fdw_validator'))
$$;

-- The database that stands for an upstream's, by the same rule as in answer.pl and servers.ts.
CREATE FUNCTION stub_name(host text, port text, database text) RETURNS text LANGUAGE sql STABLE
    SET search_path TO pg_catalog AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM pg_fdw_stub_rehearsal.settled s WHERE s.database = stub_name.database)
            OR EXISTS (SELECT FROM pg_fdw_stub_rehearsal.shared s WHERE s.database = stub_name.database)
            OR (place.host = 'localhost' AND place.port = '5432') THEN database
        WHEN octet_length(full_name) > 63 THEN 'fdw_stub_' || md5(full_name)
        ELSE full_name END
    FROM (SELECT
            CASE WHEN lower(trim(host)) IN ('', 'localhost', '127.0.0.1', '::1', '/var/run/postgresql', '/run/postgresql')
                THEN 'localhost' WHEN host LIKE '/%' THEN host ELSE lower(trim(host)) END AS host,
            coalesce(nullif(trim(port), ''), '5432') AS port) place,
        LATERAL (SELECT database || '@' || place.host || ':' || place.port) AS n (full_name)
$$;

-- The stubs that a server's mappings lead to: its own `dbname`, or else, as in libpq, the user's name, on each host.
CREATE FUNCTION databases(server oid) RETURNS SETOF text LANGUAGE sql STABLE SET search_path TO pg_catalog AS $$
    SELECT DISTINCT pg_fdw_stub_rehearsal.stub_name(host, coalesce(ports[at], ports[1], ''), database)
    FROM (SELECT coalesce(
            nullif(pg_fdw_stub_rehearsal.option(s.srvoptions, 'dbname'), ''),
            nullif(pg_fdw_stub_rehearsal.option(s.srvoptions, 'service'), ''),
            nullif(pg_fdw_stub_rehearsal.option(u.umoptions, 'user'), ''),
            CASE WHEN u.oid IS NOT NULL THEN 'postgres' END) AS database,
            coalesce(nullif(pg_fdw_stub_rehearsal.option(s.srvoptions, 'hostaddr'), ''),
                pg_fdw_stub_rehearsal.option(s.srvoptions, 'host'), '') AS hosts,
            string_to_array(coalesce(pg_fdw_stub_rehearsal.option(s.srvoptions, 'port'), ''), ',') AS ports
        FROM pg_foreign_server s LEFT JOIN pg_user_mapping u ON u.umserver = s.oid WHERE s.oid = server) found,
        regexp_split_to_table(hosts, ',') WITH ORDINALITY AS h (host, at)
    WHERE database IS NOT NULL
$$;

-- Whether a server is ours. Where it leads is in the table `lead` then: neither here nor to what is settled otherwise.
CREATE FUNCTION leads(id oid) RETURNS boolean LANGUAGE plpgsql SET search_path TO pg_catalog AS $$
DECLARE
    ours boolean := (SELECT l.handled FROM pg_fdw_stub_rehearsal.lead l WHERE l.server = id LIMIT 1);
BEGIN
    IF ours IS NULL THEN
        ours := pg_fdw_stub_rehearsal.handled(id);
        INSERT INTO pg_fdw_stub_rehearsal.lead VALUES (id, ours, NULL);
        INSERT INTO pg_fdw_stub_rehearsal.lead SELECT id, ours, d.name FROM pg_fdw_stub_rehearsal.databases(id) AS d (name)
        WHERE ours AND d.name <> current_database()
            AND NOT EXISTS (SELECT FROM pg_fdw_stub_rehearsal.settled s WHERE s.database = d.name)
            AND NOT EXISTS (SELECT FROM pg_fdw_stub_rehearsal.frozen f WHERE f.stub = d.name);
    END IF;
    RETURN ours;
END $$;

-- Also called when a lock is gone, whatever role the schema has set.
CREATE FUNCTION mirror_into(database text, t jsonb, created boolean DEFAULT false) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog AS $$
DECLARE
    connection text := pg_fdw_stub_rehearsal.reach(database);
    known jsonb;
    kind text;
    c record;
    changes text[] := '{}';
    name text := format('%I.%I', (t ->> 'remote_schema'), (t ->> 'remote_name'));
    statement text;
    -- Of a view or another thing that the upstream's own DDL made, nothing is changed.
    changed boolean := false;
BEGIN
    -- Most tables are new and of plain columns.
    IF created AND t ->> 'remote_schema' NOT IN ('pg_catalog', 'information_schema')
        AND NOT jsonb_path_exists(t, '$.columns[*] ? (@.typid != null || @.generated != null)') THEN
        -- Out of the block: what is wrong with the statement itself must not look as if the table were there.
        statement := format('CREATE TABLE %s (%s)', name,
            (SELECT string_agg(format('%I %s', own ->> 'name', own ->> 'type'), ', ') FROM jsonb_array_elements(t -> 'columns') AS own));
        BEGIN
            PERFORM pg_fdw_stub_rehearsal.dblink_exec(connection, statement);
            RETURN true;
        EXCEPTION WHEN OTHERS THEN
            -- It is there, or its schema is not; what else is wrong is told below.
            NULL;
        END;
    END IF;
    SELECT * INTO known, kind FROM pg_fdw_stub_rehearsal.dblink(connection, format(
        'SELECT coalesce(jsonb_object_agg(attname, format_type(atttypid, atttypmod)
             || CASE WHEN attcollation = typcollation OR collnamespace <> ''pg_catalog''::regnamespace OR l.oid IS NULL THEN '''' ELSE format('' COLLATE %%I'', collname) END)
             FILTER (WHERE attname IS NOT NULL), ''{}''), max(relkind)
         FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
             LEFT JOIN pg_type y ON y.oid = atttypid LEFT JOIN pg_collation l ON l.oid = attcollation
         WHERE pg_class.oid = to_regclass(%L)', name)) AS r (known jsonb, kind text);
    IF (t ->> 'remote_schema') IN ('pg_catalog', 'information_schema') OR kind NOT IN ('r', 'p') THEN
        RETURN false;
    END IF;
    FOR c IN SELECT * FROM jsonb_to_recordset(t -> 'columns') AS x (name text, type text, typid oid, generated text) LOOP
        IF known -> c.name IS NOT NULL AND known ->> c.name = c.type THEN
            CONTINUE;
        END IF;
        IF c.typid IS NOT NULL THEN
            PERFORM pg_fdw_stub_rehearsal.make_type(connection, c.typid);
        END IF;
        changed := true;
        IF known -> c.name IS NULL THEN
            changes := changes || format('%s%I %s%s', CASE WHEN kind IS NOT NULL THEN 'ADD COLUMN ' END, c.name, c.type,
                CASE WHEN c.generated IS NULL THEN '' ELSE format(' GENERATED ALWAYS AS (%s) STORED', c.generated) END);
        ELSIF EXISTS (SELECT FROM pg_fdw_stub_rehearsal.given g WHERE g.database = mirror_into.database
            AND g.schema = t ->> 'remote_schema' AND g."table" = t ->> 'remote_name' AND g."column" = c.name) THEN
            PERFORM pg_fdw_stub_rehearsal.tell('contradicted', jsonb_build_object('database', database, 'schema', (t ->> 'remote_schema'),
                'table', (t ->> 'remote_name'), 'column', c.name, 'given', known ->> c.name, 'wanted', c.type));
        ELSE
            PERFORM pg_fdw_stub_rehearsal.tell('retyped', jsonb_build_object('database', database, 'schema', (t ->> 'remote_schema'),
                'table', (t ->> 'remote_name'), 'column', c.name, 'before', known ->> c.name, 'after', c.type));
            changes := changes || format('ALTER COLUMN %I TYPE %s USING NULL', c.name, c.type);
        END IF;
    END LOOP;
    IF kind IS NULL THEN
        PERFORM pg_fdw_stub_rehearsal.dblink_exec(connection, format('CREATE SCHEMA IF NOT EXISTS %I; CREATE TABLE %s (%s)',
            (t ->> 'remote_schema'), name, array_to_string(changes, ', ')));
    ELSIF changes <> '{}' THEN
        PERFORM pg_fdw_stub_rehearsal.dblink_exec(connection, format('ALTER TABLE %s %s', name, array_to_string(changes, ', ')));
    END IF;
    RETURN changed OR kind IS NULL;
END $$;

CREATE FUNCTION mirror(relation oid, created boolean DEFAULT false) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog AS $$
DECLARE
    t record;
    target text;
    message text;
    state text;
BEGIN
    SELECT s.oid AS server, s.srvname, n.nspname, c.relname,
        coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'schema_name'), n.nspname) AS remote_schema,
        coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'table_name'), c.relname) AS remote_name,
        (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', CASE WHEN a.attfdwoptions IS NULL THEN a.attname ELSE coalesce(pg_fdw_stub_rehearsal.option(a.attfdwoptions, 'column_name'), a.attname) END,
                'type', format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation = y.typcollation OR l.collnamespace <> 'pg_catalog'::regnamespace OR l.oid IS NULL THEN '' ELSE format(' COLLATE %I', l.collname) END,
                'typid', CASE WHEN y.typnamespace <> 'pg_catalog'::regnamespace THEN a.atttypid END,
                'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END) ORDER BY a.attnum), '[]')
            FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    INTO t
    FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_foreign_server s ON s.oid = f.ftserver
    WHERE f.ftrelid = relation;
    IF NOT FOUND OR NOT pg_fdw_stub_rehearsal.leads(t.server) THEN
        RETURN;
    END IF;
    PERFORM pg_fdw_stub_rehearsal.tell('table', jsonb_build_object('server', t.srvname, 'schema', t.nspname, 'name', t.relname,
        'remoteSchema', t.remote_schema, 'remoteName', t.remote_name, 'columns', t.columns));
    FOR target IN SELECT l.database FROM pg_fdw_stub_rehearsal.lead l WHERE l.server = t.server AND l.database IS NOT NULL LOOP
        BEGIN
            PERFORM pg_fdw_stub_rehearsal.mirror_into(target, to_jsonb(t), created);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
            PERFORM pg_fdw_stub_rehearsal.tell('unmirrored', jsonb_build_object('server', t.srvname, 'table', to_jsonb(t), 'database', target, 'state', state, 'message', message));
        END;
    END LOOP;
END $$;

CREATE FUNCTION mirror_server(server oid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog AS $$
DECLARE
    extension text;
    target text;
BEGIN
    DELETE FROM pg_fdw_stub_rehearsal.lead l WHERE l.server = mirror_server.server;
    IF NOT pg_fdw_stub_rehearsal.leads(server) THEN
        RETURN;
    END IF;
    -- Extensions that may be used in what is sent: they are to be at the stub too, in the same schema.
    FOR extension IN
        SELECT x.extname FROM pg_foreign_server s,
            regexp_split_to_table(pg_fdw_stub_rehearsal.option(s.srvoptions, 'extensions'), '\s*,\s*') AS e (name)
        JOIN pg_extension x ON x.extname = trim(both '" ' from e.name) WHERE s.oid = server
    LOOP
        FOR target IN SELECT l.database FROM pg_fdw_stub_rehearsal.lead l WHERE l.server = mirror_server.server AND l.database IS NOT NULL LOOP
            PERFORM pg_fdw_stub_rehearsal.make_extension(pg_fdw_stub_rehearsal.reach(target), extension);
        END LOOP;
    END LOOP;
    PERFORM pg_fdw_stub_rehearsal.mirror(ftrelid) FROM pg_foreign_table WHERE ftserver = server;
END $$;

CREATE FUNCTION hex(value text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path TO pg_catalog AS $$
    SELECT encode(convert_to(value, 'UTF8'), 'hex')
$$;

-- While somebody else's program runs, nothing can be mended and tried again: what a server or a mapping will ask for is
-- made when it is declared.
CREATE FUNCTION expect(options text[], mapped boolean) RETURNS void LANGUAGE plpgsql SET search_path TO pg_catalog AS $$
DECLARE
    o jsonb := (SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}') FROM pg_options_to_table(options));
    ports text[] := (SELECT array_agg(p) FROM regexp_split_to_table(coalesce(nullif(o ->> 'port', ''), '5432'), '\s*,\s*') AS p
        WHERE p ~ '^[0-9]{1,5}$' AND p::int BETWEEN 1 AND 65535);
    commands text[] := '{}';
BEGIN
    IF current_setting('fdw_stub_rehearsal.record', true) IS DISTINCT FROM 'on' THEN
        RETURN;
    END IF;
    commands := commands || ARRAY(SELECT 'listen ' || p FROM unnest(ports) AS p WHERE p <> '5432');
    commands := commands || ARRAY(SELECT format('socket %s %s', pg_fdw_stub_rehearsal.hex(h), p)
        FROM regexp_split_to_table(o ->> 'host', '\s*,\s*') AS h, unnest(ports) AS p WHERE h LIKE '/%');
    IF o ->> 'sslmode' IN ('require', 'verify-ca', 'verify-full') THEN
        commands := commands || 'tls'::text;
    END IF;
    IF o ->> 'sslrootcert' LIKE '/%' THEN
        commands := commands || ARRAY['tls', 'authority ' || pg_fdw_stub_rehearsal.hex(o ->> 'sslrootcert')];
    END IF;
    IF o ->> 'sslcert' LIKE '/%' AND o ->> 'sslkey' LIKE '/%' THEN
        commands := commands || format('client %s %s %s', pg_fdw_stub_rehearsal.hex(o ->> 'sslcert'),
            pg_fdw_stub_rehearsal.hex(o ->> 'sslkey'), pg_fdw_stub_rehearsal.hex('client'));
    END IF;
    IF mapped AND coalesce(o ->> 'password', '') = '' THEN
        commands := commands || ('trust ' || pg_fdw_stub_rehearsal.hex(coalesce(nullif(o ->> 'user', ''), 'postgres')));
    END IF;
    IF commands <> '{}' THEN
        EXECUTE format('COPY (SELECT unnest(%L::text[])) TO PROGRAM ''perl /rehearsal/relay.pl /rehearsal/socket/control''', commands);
    END IF;
END $$;

CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog AS $$
DECLARE
    command record;
    server record;
    mapping record;
    relation oid;
    message text;
BEGIN
    IF tg_tag = 'DROP USER MAPPING' THEN
        DELETE FROM pg_fdw_stub_rehearsal.lead;
    ELSIF tg_tag = 'IMPORT FOREIGN SCHEMA' THEN
        PERFORM pg_fdw_stub_rehearsal.tell('import', jsonb_build_object('query', current_query()));
    END IF;
    FOR command IN SELECT DISTINCT classid, objid, object_type FROM pg_event_trigger_ddl_commands() LOOP
        CASE command.classid
            WHEN 'pg_foreign_server'::regclass THEN
                SELECT s.srvname, s.srvoptions, pg_fdw_stub_rehearsal.handled(s.oid) AS handled INTO server
                FROM pg_foreign_server s WHERE s.oid = command.objid;
                PERFORM pg_fdw_stub_rehearsal.tell('server', jsonb_build_object('name', server.srvname,
                    'handled', server.handled, 'options', (SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}')
                        FROM pg_options_to_table(server.srvoptions))));
                IF server.handled THEN
                    PERFORM pg_fdw_stub_rehearsal.expect(server.srvoptions, false);
                END IF;
                PERFORM pg_fdw_stub_rehearsal.mirror_server(command.objid);
            WHEN 'pg_user_mapping'::regclass THEN
                SELECT u.umserver, u.umoptions, s.srvname, r.rolname INTO mapping
                FROM pg_user_mapping u JOIN pg_foreign_server s ON s.oid = u.umserver
                LEFT JOIN pg_roles r ON r.oid = u.umuser WHERE u.oid = command.objid;
                PERFORM pg_fdw_stub_rehearsal.tell('mapping', jsonb_build_object('server', mapping.srvname, 'role', mapping.rolname,
                    'options', (SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}')
                        FROM pg_options_to_table(mapping.umoptions))));
                PERFORM pg_fdw_stub_rehearsal.expect(mapping.umoptions, true);
                PERFORM pg_fdw_stub_rehearsal.mirror_server(mapping.umserver);
            WHEN 'pg_extension'::regclass THEN
                PERFORM pg_fdw_stub_rehearsal.mirror_server(oid) FROM pg_foreign_server WHERE srvoptions IS NOT NULL;
            WHEN 'pg_class'::regclass THEN
                IF tg_tag IN ('CREATE FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA') AND command.object_type = 'foreign table' THEN
                    PERFORM pg_fdw_stub_rehearsal.mirror(command.objid, true);
                    CONTINUE;
                END IF;
                -- Most are plain tables, without anything below them.
                CONTINUE WHEN NOT EXISTS (SELECT FROM pg_class WHERE pg_class.oid = command.objid AND (relkind = 'f' OR relhassubclass));
                FOR relation IN
                    WITH RECURSIVE below AS (
                        SELECT command.objid AS oid
                        UNION SELECT i.inhrelid FROM pg_inherits i JOIN below b ON b.oid = i.inhparent)
                    SELECT f.ftrelid FROM below b JOIN pg_foreign_table f ON f.ftrelid = b.oid
                LOOP
                    PERFORM pg_fdw_stub_rehearsal.mirror(relation);
                END LOOP;
            WHEN 'pg_namespace'::regclass THEN
                PERFORM pg_fdw_stub_rehearsal.mirror(c.oid) FROM pg_class c WHERE relnamespace = command.objid AND relkind = 'f';
            WHEN 'pg_type'::regclass THEN
                PERFORM pg_fdw_stub_rehearsal.mirror_type(command.objid);
            ELSE
                NULL;
        END CASE;
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    -- Never the schema's fault.
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    PERFORM pg_fdw_stub_rehearsal.tell('failed', jsonb_build_object('message', message));
END $$;

-- A type that foreign tables have was changed: a new label, a new attribute, another name.
CREATE FUNCTION mirror_type(type oid) RETURNS void LANGUAGE plpgsql SET search_path TO pg_catalog AS $$
DECLARE
    foreign_table record;
    target text;
BEGIN
    FOR foreign_table IN
        SELECT DISTINCT f.ftrelid, f.ftserver FROM pg_foreign_table f JOIN pg_attribute a ON a.attrelid = f.ftrelid
        JOIN pg_type t ON t.oid = a.atttypid WHERE type IN (a.atttypid, t.typelem, t.typbasetype)
    LOOP
        FOR target IN SELECT pg_fdw_stub_rehearsal.databases(foreign_table.ftserver) LOOP
            CONTINUE WHEN target IS NULL OR target = current_database()
                OR EXISTS (SELECT FROM pg_fdw_stub_rehearsal.frozen f WHERE f.stub = target);
            PERFORM pg_fdw_stub_rehearsal.make_type(pg_fdw_stub_rehearsal.reach(target), type);
        END LOOP;
        PERFORM pg_fdw_stub_rehearsal.mirror(foreign_table.ftrelid);
    END LOOP;
END $$;

CREATE EVENT TRIGGER fdw_stub_rehearsal ON ddl_command_end
    WHEN TAG IN ('CREATE SERVER', 'ALTER SERVER', 'CREATE USER MAPPING', 'ALTER USER MAPPING', 'DROP USER MAPPING',
        'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA', 'ALTER TABLE', 'ALTER SCHEMA', 'ALTER TYPE',
        'CREATE EXTENSION', 'CREATE SCHEMA')
    EXECUTE FUNCTION on_ddl();
-- Dumps and test suites set session_replication_role.
ALTER EVENT TRIGGER fdw_stub_rehearsal ENABLE ALWAYS;
ALTER EXTENSION plpgsql ADD EVENT TRIGGER fdw_stub_rehearsal;
RESET search_path;
