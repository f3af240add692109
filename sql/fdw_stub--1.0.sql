\echo Use "CREATE EXTENSION fdw_stub CASCADE" to load this file. \quit

-- A pristine database for every command, taken from a stock that is refilled in the background.
--
-- Nothing here runs outside the server: CREATE DATABASE and DROP DATABASE, which no function may run, are sent by
-- dblink over the server's own Unix socket, where pg_hba.conf trusts local sessions. So no password is stored.
--
-- Functions whose names start with _ are internal. Every function runs with its caller's rights (none is SECURITY
-- DEFINER), and only the owner may call any: a grant by mistake gives nobody more than they had.

-- Sessions find dblink by a qualified name, whatever schema CASCADE put it into.
DO $do$
BEGIN
    IF (SELECT extnamespace::regnamespace::text FROM pg_catalog.pg_extension WHERE extname = 'dblink') <> 'fdw_stub' THEN
        ALTER EXTENSION dblink SET SCHEMA fdw_stub;
    END IF;
END
$do$;

------------------------------------------------------------------------------------------------------------------
-- State
------------------------------------------------------------------------------------------------------------------

CREATE TABLE fdw_stub.setting (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    stock        integer  NOT NULL DEFAULT 8 CHECK (stock BETWEEN 0 AND 1000),
    stock_max    integer  NOT NULL DEFAULT 64 CHECK (stock_max BETWEEN 0 AND 1000),
    kept         integer  NOT NULL DEFAULT 5 CHECK (kept BETWEEN 0 AND 1000),
    max_age      interval NOT NULL DEFAULT '1 hour' CHECK (max_age > '0'),
    grace        interval NOT NULL DEFAULT '30 seconds' CHECK (grace > '0'),
    makers       integer  NOT NULL DEFAULT 4 CHECK (makers BETWEEN 1 AND 100),
    linger       interval NOT NULL DEFAULT '5 minutes' CHECK (linger > '0'),
    turn_begin   interval NOT NULL DEFAULT '5 seconds' CHECK (turn_begin > '0'),
    turn_silence interval NOT NULL DEFAULT '10 seconds' CHECK (turn_silence > '0'),
    turn_max     interval NOT NULL DEFAULT '1 minute' CHECK (turn_max > '0'),
    strategy     text     NOT NULL DEFAULT 'wal_log' CHECK (strategy IN ('wal_log', 'file_copy')),
    template     text     NOT NULL DEFAULT 'template0',
    dev_database text,
    role_oids    oid[] NOT NULL DEFAULT '{}',
    memberships  bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN fdw_stub.setting.stock IS 'databases prepared ahead';
COMMENT ON COLUMN fdw_stub.setting.stock_max IS 'the stock grows up to this by the misses of the last hour';
COMMENT ON COLUMN fdw_stub.setting.kept IS 'unused leftovers that stay, the youngest';
COMMENT ON COLUMN fdw_stub.setting.max_age IS 'a database older than this goes, even with connections, unless its holder lives';
COMMENT ON COLUMN fdw_stub.setting.grace IS 'how long a database that nobody connected to yet counts as used';
COMMENT ON COLUMN fdw_stub.setting.makers IS 'callers that may run CREATE DATABASE at the same time when the stock is empty';
COMMENT ON COLUMN fdw_stub.setting.linger IS 'how long the worker stays when it has nothing to do and nothing to watch';
COMMENT ON COLUMN fdw_stub.setting.turn_begin IS 'by when a command connects whose schema creates roles, before another takes its turn';
COMMENT ON COLUMN fdw_stub.setting.turn_silence IS 'how long such a command may do nothing';
COMMENT ON COLUMN fdw_stub.setting.turn_max IS 'how long one command waits for the roles of those at work';
COMMENT ON COLUMN fdw_stub.setting.strategy IS 'STRATEGY of CREATE DATABASE; PostgreSQL 14 has only file copies';
COMMENT ON COLUMN fdw_stub.setting.template IS 'what fresh databases are copies of; it must refuse connections';
COMMENT ON COLUMN fdw_stub.setting.dev_database IS 'the only other database that reset() may replace';
COMMENT ON COLUMN fdw_stub.setting.role_oids IS 'roles of which none is to be set aside; not a setting';
COMMENT ON COLUMN fdw_stub.setting.memberships IS 'number of memberships when role_oids was noted; not a setting';
INSERT INTO fdw_stub.setting DEFAULT VALUES;

-- One row per database of ours. A row is committed before its database is created and deleted after it was dropped,
-- so a crash at any point leaves a row that says what to do, never a database that nobody knows.
CREATE TABLE fdw_stub.database (
    name             text PRIMARY KEY,
    made_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    template         text NOT NULL,
    -- creating -> ready (in stock, refuses connections) -> out (handed out) -> dropping
    state            text NOT NULL CHECK (state IN ('creating', 'ready', 'out', 'dropping')),
    -- the session that runs CREATE DATABASE
    maker_pid        integer,
    maker_started    timestamptz,
    -- who asked, and when
    handed_at        timestamptz,
    pid              integer,
    session_started  timestamptz,
    application_name text,
    client_addr      inet,
    -- in use as long as the session that asked lives, and dropped after it
    held             boolean NOT NULL DEFAULT false,
    -- roles not known at set-up that existed already when it was handed out, and a moment before they were looked up
    roles_before     oid[] NOT NULL DEFAULT '{}',
    roles_seen_at    timestamptz,
    -- made by desired_database(), which was in it before its caller, and whether it is in it still
    desired          boolean NOT NULL DEFAULT false,
    filling          boolean NOT NULL DEFAULT false,
    -- the desired database of the same command
    beside           text,
    -- names of the roles that its schema created, or is expected to create
    role_names       text[] NOT NULL DEFAULT '{}',
    -- dropped even when somebody is connected
    forced           boolean NOT NULL DEFAULT false,
    -- last time the worker saw a client connected
    used_at          timestamptz,
    -- the last attempt to drop it, and how it failed
    tried_at         timestamptz,
    trouble          text
) WITH (fillfactor = 50);

-- A caller that found the stock empty: the stock grows by these.
CREATE TABLE fdw_stub.miss (at timestamptz NOT NULL DEFAULT clock_timestamp());

-- What belongs to the cluster and was there at set-up.
CREATE TABLE fdw_stub.known_role (name text PRIMARY KEY);
CREATE TABLE fdw_stub.known_membership (role text, member text, PRIMARY KEY (role, member));
CREATE TABLE fdw_stub.known_role_setting (role oid PRIMARY KEY, config text[] NOT NULL);

-- Roles of earlier commands, renamed so that their names are free; the worker drops them once nothing depends on them.
CREATE TABLE fdw_stub.gone_role (
    role    oid PRIMARY KEY,
    name    text NOT NULL,
    gone_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    trouble text,
    tried_at timestamptz
);

------------------------------------------------------------------------------------------------------------------
-- Sessions to this very server
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION fdw_stub._conninfo(of_database text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT string_agg(format('%s=''%s''', keyword, replace(replace(value, '\', '\\'), '''', '\''')), ' ')
    FROM (VALUES
        ('host', CASE WHEN current_setting('unix_socket_directories') = '' THEN '127.0.0.1'
                      ELSE trim(split_part(current_setting('unix_socket_directories'), ',', 1)) END),
        ('port', current_setting('port')),
        ('dbname', of_database),
        ('user', current_user::text),
        ('application_name', 'fdw_stub'),
        ('connect_timeout', '10'),
        -- Settings given here win over ALTER ROLE … SET and ALTER DATABASE … SET: a schema under development may
        -- have put anything there. A session whose caller has left must neither stop for it (the check interval) nor
        -- write about the broken pipe into the log; errors go to the caller, or into tables.
        ('options', concat_ws(' ',
            '-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0 -c idle_session_timeout=0',
            '-c idle_in_transaction_session_timeout=0 -c client_connection_check_interval=0',
            '-c default_transaction_isolation=read\ committed -c default_transaction_read_only=off',
            '-c default_transaction_deferrable=off -c synchronous_commit=on -c client_min_messages=error',
            '-c log_min_messages=panic -c jit=off',
            CASE WHEN current_setting('server_version_num')::int >= 170000 THEN '-c transaction_timeout=0' END))
    ) AS given (keyword, value);
$f$;

CREATE FUNCTION fdw_stub._disconnect(connection text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
BEGIN
    IF connection = ANY (coalesce(fdw_stub.dblink_get_connections(), '{}')) THEN
        PERFORM fdw_stub.dblink_disconnect(connection);
    END IF;
END
$f$;

-- Connects, and waits up to three seconds for a free connection slot.
CREATE FUNCTION fdw_stub._connect(connection text, of_database text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    give_up constant timestamptz := clock_timestamp() + interval '3 seconds';
    reason text;
BEGIN
    PERFORM fdw_stub._disconnect(connection);
    LOOP
        BEGIN
            PERFORM fdw_stub.dblink_connect(connection, fdw_stub._conninfo(of_database));
            RETURN;
        EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection THEN
            GET STACKED DIAGNOSTICS reason = PG_EXCEPTION_DETAIL;
            IF clock_timestamp() > give_up THEN
                RAISE EXCEPTION 'fdw_stub cannot open a session to database "%" of its own server', of_database
                    USING ERRCODE = 'sqlclient_unable_to_establish_sqlconnection', DETAIL = reason,
                          HINT = 'pg_hba.conf must trust the Unix socket (local all all trust), and max_connections '
                              || 'must leave one slot for each caller''s helper session.';
            END IF;
        END;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$f$;

-- Runs one statement, waits for it, and returns the first value of its one column, or its command tag. Before PostgreSQL
-- 17 it waits in pg_sleep: a session that waits in dblink does not answer the barrier of DROP DATABASE there, and two
-- such sessions would wait for each other for ever.
CREATE FUNCTION fdw_stub._run(connection text, statement text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    answer text;
    other text;
BEGIN
    IF fdw_stub.dblink_send_query(connection, statement) <> 1 THEN
        RAISE EXCEPTION 'fdw_stub lost its session to its own server: %', fdw_stub.dblink_error_message(connection)
            USING ERRCODE = 'connection_failure';
    END IF;
    IF current_setting('server_version_num')::int < 170000 THEN
        WHILE fdw_stub.dblink_is_busy(connection) = 1 LOOP
            PERFORM pg_sleep(0.001);
        END LOOP;
    END IF;
    -- Raises the statement's own error; called again until it is empty, so that the session takes the next one.
    SELECT result.value INTO answer FROM fdw_stub.dblink_get_result(connection) AS result (value text);
    LOOP
        SELECT result.value INTO other FROM fdw_stub.dblink_get_result(connection) AS result (value text);
        EXIT WHEN NOT FOUND;
    END LOOP;
    RETURN answer;
END
$f$;

-- What is shown of a statement: its beginning, without the passwords in it.
CREATE FUNCTION fdw_stub._excerpt(statement text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $f$ SELECT left(regexp_replace(statement, $re$(password['"]?\s*[=,]?\s*E?)'(?:[^']|'')*'?$re$, $re$\1'...'$re$, 'gi'), 300); $f$;

------------------------------------------------------------------------------------------------------------------
-- Advisory locks, all of this database: class 1717860211 (0x66647773, "fdws"), then
--   1 the worker, 2 a caller starting it, 3 roles being set aside, 4 the dev database being replaced,
--   5 the turn of a schema that creates roles, 6 callers that count on the worker, and the worker that goes to rest,
--   100 + n a caller that runs CREATE DATABASE
------------------------------------------------------------------------------------------------------------------

------------------------------------------------------------------------------------------------------------------
-- Making, taking, dropping
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION fdw_stub._create_statement(new_name text, template text, options text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT format('CREATE DATABASE %I TEMPLATE %I%s %s', new_name, _create_statement.template,
                  CASE WHEN current_setting('server_version_num')::int >= 150000 THEN ' STRATEGY ' || strategy ELSE '' END,
                  options)
    FROM fdw_stub.setting;
$f$;

-- What the names of our databases start with; it tells installations in several maintenance databases apart.
CREATE FUNCTION fdw_stub._name_prefix() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $f$ SELECT 'fdw_stub_' || left(md5(current_database()), 4); $f$;

-- Creates one database for the stock over an open connection, in transactions of its own.
CREATE FUNCTION fdw_stub._make_one(connection text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    new_name constant text := fdw_stub._name_prefix() || left(gen_random_uuid()::text, 8);
    template constant text := (SELECT s.template FROM fdw_stub.setting AS s);
BEGIN
    PERFORM fdw_stub._run(connection, format(
        'INSERT INTO fdw_stub.database (name, template, state, maker_pid, maker_started) '
        'SELECT %L, %L, ''creating'', pid, backend_start FROM pg_stat_get_activity(pg_backend_pid())', new_name, template));
    -- Refusing connections from the first moment on: what is in stock is pristine because nobody can have been in it.
    PERFORM fdw_stub._run(connection, fdw_stub._create_statement(new_name, template, 'ALLOW_CONNECTIONS false'));
    RETURN new_name;
END
$f$;

-- Puts a database that was made into the stock, unless configure() has chosen another template since. The lock makes
-- that sure: either configure() sees the row that is ready, or its template is seen here.
CREATE FUNCTION fdw_stub._make_ready(made text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
BEGIN
    PERFORM FROM fdw_stub.setting FOR SHARE;
    UPDATE fdw_stub.database AS d SET state = CASE WHEN d.template = g.template THEN 'ready' ELSE 'dropping' END
    FROM fdw_stub.setting AS g WHERE d.name = made;
END
$f$;

-- The stock is empty: the caller makes its own, at most `makers` of them at a time. Returns the name, or NULL when
-- the stock is not empty any more.
CREATE FUNCTION fdw_stub._make_now() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    connection constant text := 'fdw_stub_maker';
    slots constant integer := (SELECT makers FROM fdw_stub.setting);
    slot integer;
    made text;
BEGIN
    FOR n IN 1..slots LOOP
        IF pg_try_advisory_lock(1717860211, 100 + n) THEN
            slot := 100 + n;
            EXIT;
        END IF;
    END LOOP;
    IF slot IS NULL THEN
        slot := 101 + pg_backend_pid() % slots;
        PERFORM pg_advisory_lock(1717860211, slot);
    END IF;
    BEGIN
        IF NOT EXISTS (SELECT FROM fdw_stub.database WHERE state = 'ready') THEN
            INSERT INTO fdw_stub.miss DEFAULT VALUES;
            PERFORM fdw_stub._connect(connection, current_database());
            made := fdw_stub._make_one(connection);
            PERFORM fdw_stub._disconnect(connection);
        END IF;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        -- A CREATE DATABASE that is under way ends by itself; the worker takes the database into the stock.
        PERFORM fdw_stub._disconnect(connection);
        PERFORM pg_advisory_unlock(1717860211, slot);
        RAISE;
    END;
    PERFORM pg_advisory_unlock(1717860211, slot);
    RETURN made;
END
$f$;

-- Databases of ours that somebody works in: clients connected now to it, or to the other one of the same command, which
-- comes back to it; or the session that holds it alive.
CREATE FUNCTION fdw_stub._used(OUT name text, OUT clients bigint, OUT holder_lives boolean) RETURNS SETOF record
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT d.name, count(DISTINCT s.pid) FILTER (WHERE s.datid IN (p.oid, b.oid)),
           d.held AND coalesce(bool_or(s.pid = d.pid AND s.backend_start = d.session_started), false)
    FROM fdw_stub.database AS d
    JOIN pg_database AS p ON p.datname = d.name::name
    LEFT JOIN fdw_stub.database AS o ON o.state = 'out' AND (o.name = d.beside OR o.beside = d.name)
    LEFT JOIN pg_database AS b ON b.datname = o.name::name
    LEFT JOIN pg_stat_activity AS s
        ON s.backend_type = 'client backend'
        AND (s.datid IN (p.oid, b.oid) OR (d.held AND s.pid = d.pid AND s.backend_start = d.session_started))
    WHERE d.state = 'out'
    GROUP BY d.name, d.held;
$f$;

------------------------------------------------------------------------------------------------------------------
-- Roles
------------------------------------------------------------------------------------------------------------------

-- Notes what fresh_database() compares: as long as nothing was added to it, no role has to be looked at.
CREATE FUNCTION fdw_stub._note_roles() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    UPDATE fdw_stub.setting AS g SET role_oids = now.oids, memberships = now.memberships
    FROM (SELECT (SELECT array_agg(oid ORDER BY oid) FROM pg_authid) AS oids,
                 (SELECT count(*) FROM pg_auth_members) AS memberships) AS now
    WHERE g.role_oids IS DISTINCT FROM now.oids OR g.memberships IS DISTINCT FROM now.memberships;
$f$;

CREATE FUNCTION fdw_stub.keep_roles(VARIADIC also text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
BEGIN
    INSERT INTO fdw_stub.known_role
    SELECT rolname FROM pg_authid WHERE oid NOT IN (SELECT role FROM fdw_stub.gone_role)
    UNION SELECT unnest(also)
    ON CONFLICT DO NOTHING;
    DELETE FROM fdw_stub.known_membership;
    INSERT INTO fdw_stub.known_membership
    SELECT DISTINCT roleid::regrole::text, member::regrole::text FROM pg_auth_members;
    DELETE FROM fdw_stub.known_role_setting;
    INSERT INTO fdw_stub.known_role_setting SELECT setrole, setconfig FROM pg_db_role_setting WHERE setdatabase = 0;
    PERFORM fdw_stub._note_roles();
END
$f$;
COMMENT ON FUNCTION fdw_stub.keep_roles(text[]) IS
    'Takes the roles, memberships and role settings there are now, and roles of the given names, for known: they stay.';

CREATE FUNCTION fdw_stub._late_roles() RETURNS oid[]
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT coalesce(array_agg(r.oid), '{}')
    FROM pg_authid AS r
    WHERE r.oid >= 16384 AND r.rolname <> current_user
        AND NOT EXISTS (SELECT FROM fdw_stub.known_role AS k WHERE k.name = r.rolname)
        AND NOT EXISTS (SELECT FROM fdw_stub.gone_role AS g WHERE g.role = r.oid);
$f$;

-- What ALTER ROLE … SET and GRANT left on known roles.
CREATE FUNCTION fdw_stub._roles_changed() RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT EXISTS (
            (SELECT setrole, setconfig FROM pg_db_role_setting WHERE setdatabase = 0
             EXCEPT SELECT role, config FROM fdw_stub.known_role_setting)
            UNION ALL
            (SELECT role, config FROM fdw_stub.known_role_setting
             EXCEPT SELECT setrole, setconfig FROM pg_db_role_setting WHERE setdatabase = 0))
        OR EXISTS (
            SELECT FROM pg_auth_members AS m
            JOIN pg_authid AS r ON r.oid = m.roleid
            JOIN pg_authid AS u ON u.oid = m.member
            JOIN fdw_stub.known_role AS kr ON kr.name = r.rolname
            JOIN fdw_stub.known_role AS ku ON ku.name = u.rolname
            WHERE NOT EXISTS (SELECT FROM fdw_stub.known_membership AS k
                              WHERE k.role = m.roleid::regrole::text AND k.member = m.member::regrole::text));
$f$;

-- One caller at a time, until its commit. Normally that takes milliseconds, and a database that has to be made first some
-- hundred; a caller that keeps its transaction open is not waited for.
CREATE FUNCTION fdw_stub._lock_roles(patience interval DEFAULT '200 milliseconds') RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    give_up constant timestamptz := clock_timestamp() + patience;
BEGIN
    LOOP
        IF pg_try_advisory_xact_lock(1717860211, 3) THEN
            RETURN true;
        ELSIF clock_timestamp() > give_up THEN
            RETURN false;
        END IF;
        PERFORM pg_sleep(0.002);
    END LOOP;
END
$f$;

-- Frees a role's name; the worker drops the role when nothing depends on it any more.
CREATE FUNCTION fdw_stub._set_role_aside(role oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    old_name constant text := (SELECT r.rolname FROM pg_authid AS r WHERE r.oid = _set_role_aside.role);
BEGIN
    EXECUTE format('ALTER ROLE %I NOLOGIN', old_name);
    EXECUTE format('ALTER ROLE %I RENAME TO %I', old_name, 'fdw_stub_gone_' || _set_role_aside.role);
    INSERT INTO fdw_stub.gone_role (role, name) VALUES (_set_role_aside.role, old_name);
END
$f$;

-- Frees the names of roles that earlier commands created and undoes what they changed on known ones. Roles of
-- commands that run now are never touched. Renaming is quick and part of the caller's transaction; dropping a role
-- would have to wait for the databases that it has objects in. Returns the late roles that stay.
CREATE FUNCTION fdw_stub._set_roles_aside(not_counting text DEFAULT NULL) RETURNS oid[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    late oid[];
    changed boolean;
    late_role record;
    membership record;
    stale text[];
BEGIN
    late := fdw_stub._late_roles();
    changed := fdw_stub._roles_changed();
    IF late = '{}' AND NOT changed THEN
        RETURN late;
    END IF;
    IF NOT fdw_stub._lock_roles() THEN
        RETURN late;
    END IF;
    -- The list first, the sessions after it: whoever created a role in the list was connected before now, so it is
    -- either seen below or gone.
    late := fdw_stub._late_roles();
    PERFORM pg_stat_clear_snapshot();

    FOR late_role IN
        WITH used AS (
            -- Everybody who may have created a role and may still want it.
            -- A holder's own session says nothing about the command that it runs.
            SELECT p.oid AS datid, d.roles_before, CASE WHEN s.datid = p.oid THEN s.state END AS state, s.state_change
            FROM fdw_stub.database AS d
            JOIN pg_database AS p ON p.datname = d.name::name
            JOIN pg_stat_activity AS s ON s.backend_type = 'client backend' AND (s.datid = p.oid
                OR (d.held AND s.pid = d.pid AND s.backend_start = d.session_started AND s.pid <> pg_backend_pid()))
            WHERE d.state = 'out' AND d.name IS DISTINCT FROM not_counting
            UNION ALL
            SELECT s.datid, '{}', s.state, s.state_change
            FROM fdw_stub.setting AS g
            JOIN pg_stat_activity AS s ON s.backend_type = 'client backend' AND s.datname = g.dev_database::name
            WHERE s.datname IS DISTINCT FROM not_counting
        )
        SELECT r.oid, r.rolname
        FROM pg_authid AS r
        WHERE r.oid = ANY (late)
            -- A session in the database that goes now is ended with it.
            AND NOT EXISTS (SELECT FROM pg_stat_activity AS s
                            WHERE s.usesysid = r.oid AND s.datname IS DISTINCT FROM not_counting)
            -- Nobody is at work who may have created it. One who got a database when the role was there has not; nor
            -- has a session that does nothing since before a hand-out that did not see the role yet.
            AND NOT EXISTS (
                SELECT FROM used
                WHERE r.oid <> ALL (used.roles_before)
                    AND NOT coalesce(used.state = 'idle' AND used.state_change <
                        (SELECT max(d.roles_seen_at) FROM fdw_stub.database AS d WHERE r.oid <> ALL (d.roles_before)), false))
            -- Nothing depends on it but what goes with databases of ours that nobody is in.
            AND NOT EXISTS (
                SELECT FROM pg_shdepend AS x
                WHERE x.refclassid = 'pg_authid'::regclass AND x.refobjid = r.oid
                    AND (CASE WHEN x.dbid <> 0 THEN x.dbid
                              WHEN x.classid = 'pg_database'::regclass AND x.deptype = 'o' THEN x.objid END)
                        NOT IN (SELECT p.oid FROM pg_database AS p JOIN fdw_stub.database AS d ON d.name::name = p.datname
                                WHERE d.state IN ('out', 'dropping') AND p.oid NOT IN (SELECT used.datid FROM used)))
    LOOP
        PERFORM fdw_stub._set_role_aside(late_role.oid);
        late := array_remove(late, late_role.oid);
    END LOOP;

    IF changed AND NOT EXISTS (SELECT FROM fdw_stub._used() AS u WHERE u.clients > 0 AND u.name IS DISTINCT FROM not_counting) THEN
        -- Written as rows: ALTER ROLE … SET would quote a list such as search_path once more.
        DELETE FROM pg_db_role_setting WHERE setdatabase = 0;
        INSERT INTO pg_db_role_setting (setdatabase, setrole, setconfig)
        SELECT 0, k.role, k.config FROM fdw_stub.known_role_setting AS k
        WHERE k.role = 0 OR EXISTS (SELECT FROM pg_authid AS r WHERE r.oid = k.role);
        FOR membership IN
            SELECT r.rolname AS role, u.rolname AS member, b.rolname AS grantor
            FROM pg_auth_members AS m
            JOIN pg_authid AS r ON r.oid = m.roleid
            JOIN pg_authid AS u ON u.oid = m.member
            LEFT JOIN pg_authid AS b ON b.oid = m.grantor
            JOIN fdw_stub.known_role AS kr ON kr.name = r.rolname
            JOIN fdw_stub.known_role AS ku ON ku.name = u.rolname
            WHERE NOT EXISTS (SELECT FROM fdw_stub.known_membership AS k
                              WHERE k.role = m.roleid::regrole::text AND k.member = m.member::regrole::text)
        LOOP
            EXECUTE format('REVOKE %I FROM %I', membership.role, membership.member)
                || coalesce(format(' GRANTED BY %I', membership.grantor), '') || ' CASCADE';
        END LOOP;
    END IF;
    RETURN late;
END
$f$;

-- Frees the names of roles that the schemas in some databases are known to have created, unless a command that came later
-- may have created them, or somebody is logged in as one elsewhere. False when another caller was in the way.
CREATE FUNCTION fdw_stub._free_roles(of_databases text[], patience interval DEFAULT '200 milliseconds') RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
BEGIN
    IF NOT EXISTS (SELECT FROM fdw_stub.database AS d JOIN pg_authid AS r ON r.rolname = ANY (d.role_names)
                   WHERE d.name = ANY (of_databases) AND r.oid <> ALL (d.roles_before)) THEN
        RETURN true;
    ELSIF NOT fdw_stub._lock_roles(patience) THEN
        RETURN false;
    END IF;
    PERFORM fdw_stub._set_role_aside(r.oid)
    FROM pg_authid AS r
    WHERE r.oid = ANY (fdw_stub._late_roles())
        AND EXISTS (
            SELECT FROM fdw_stub.database AS d
            WHERE d.name = ANY (of_databases) AND r.rolname = ANY (d.role_names) AND r.oid <> ALL (d.roles_before)
                AND NOT EXISTS (
                    SELECT FROM fdw_stub.database AS o
                    WHERE o.state = 'out' AND (o.filling OR NOT o.desired) AND o.name <> ALL (of_databases)
                        AND o.handed_at > d.handed_at AND r.rolname = ANY (o.role_names) AND r.oid <> ALL (o.roles_before)))
        AND NOT EXISTS (
            SELECT FROM pg_stat_activity AS s
            WHERE s.usesysid = r.oid AND s.datname <> ALL (of_databases::name[]));
    RETURN true;
END
$f$;

------------------------------------------------------------------------------------------------------------------
-- Turns: two commands whose schemas create the same role cannot be at work at the same time
--
-- Those that are known to create roles take turns. Until its commit the caller has the lock; from then on the turn is that
-- of the database that was handed out to it, and ends with the command. Nothing tells the end but the sessions: those of a
-- command, in its desired and its dev database, overlap from its first to its last (Atlas keeps one open throughout).
------------------------------------------------------------------------------------------------------------------

-- Databases of schemas that create roles to which somebody has connected, be it that he has left. A session is counted when
-- it can be seen already; so who looks here first, and at the sessions only then, misses none that has begun and lives.
CREATE FUNCTION fdw_stub._begun() RETURNS text[]
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT coalesce(array_agg(d.name), '{}')
    FROM fdw_stub.database AS d
    JOIN pg_database AS p ON p.datname = d.name::name
    WHERE d.state IN ('out', 'dropping') AND d.role_names <> '{}'
        AND (d.used_at IS NOT NULL OR pg_stat_get_db_sessions(p.oid) > d.desired::int);
$f$;

-- How far the commands are to which databases for a schema with roles were handed out: one `works`; it only `idles` in its
-- sessions, for turn_silence; it has `ended`; it is `late`, for it has not connected within turn_begin. A session that holds
-- its databases tells that the command lives: then it may be silent between its sessions too, and begin when it wants.
CREATE FUNCTION fdw_stub._turns(begun text[], OUT name text, OUT phase text) RETURNS SETOF record
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT u.name,
           CASE WHEN u.filling THEN CASE WHEN u.sessions > 0 OR u.holder_lives THEN 'works' ELSE 'ended' END
                WHEN u.works THEN 'works'
                WHEN u.sessions > 0 THEN 'idles'
                WHEN u.state = 'dropping' THEN 'ended'
                WHEN u.holder_lives AND (NOT u.has_begun OR greatest(u.handed_at, u.used_at) > clock_timestamp() - u.turn_silence)
                    THEN 'works'
                WHEN u.held OR u.has_begun THEN 'ended'
                WHEN u.handed_at > clock_timestamp() - u.turn_begin THEN 'works'
                ELSE 'late' END
    FROM (
        SELECT d.name, d.state, d.filling, d.held, d.handed_at, d.used_at, g.turn_begin, g.turn_silence,
               count(s.pid) AS sessions,
               -- A session that has just begun has no state yet.
               coalesce(bool_or(NOT coalesce(s.state = 'idle' AND s.state_change < clock_timestamp() - g.turn_silence, false))
                        FILTER (WHERE s.pid IS NOT NULL), false) AS works,
               coalesce(d.name = ANY (begun) OR d.beside = ANY (begun), false) AS has_begun,
               d.held AND EXISTS (SELECT FROM pg_stat_activity AS h
                                  WHERE h.pid = d.pid AND h.backend_start = d.session_started) AS holder_lives
        FROM fdw_stub.database AS d
        CROSS JOIN fdw_stub.setting AS g
        LEFT JOIN pg_database AS p ON p.datname = d.name::name
        LEFT JOIN pg_database AS b ON b.datname = d.beside::name
        LEFT JOIN pg_stat_activity AS s ON s.backend_type = 'client backend' AND s.datid IN (p.oid, b.oid)
        WHERE d.state IN ('out', 'dropping') AND d.role_names <> '{}' AND (d.filling OR NOT d.desired)
        GROUP BY d.name, g.one
    ) AS u;
$f$;

-- Takes its database from a command that is late, so that it cannot begin in the turn of another. False when it has begun
-- after all: without FORCE, PostgreSQL drops no database that somebody is in, and lets nobody in meanwhile.
CREATE FUNCTION fdw_stub._drop_late(late text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    connection constant text := 'fdw_stub_maker';
BEGIN
    PERFORM fdw_stub._connect(connection, current_database());
    PERFORM fdw_stub._run(connection, format('DROP DATABASE IF EXISTS %I', late));
    PERFORM fdw_stub._run(connection, format('DELETE FROM fdw_stub.database WHERE name = %L', late));
    PERFORM fdw_stub._disconnect(connection);
    RETURN true;
EXCEPTION
    WHEN object_in_use THEN
        PERFORM fdw_stub._disconnect(connection);
        RETURN false;
    WHEN OTHERS OR query_canceled THEN
        PERFORM fdw_stub._disconnect(connection);
        RAISE;
END
$f$;

-- Waits in a queue, in which each waits as long as the one before it takes. One that keeps its transaction open is passed.
CREATE FUNCTION fdw_stub._lock_turn() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = 0
AS $f$
DECLARE
    patience constant interval := (SELECT g.turn_begin FROM fdw_stub.setting AS g);
BEGIN
    PERFORM set_config('lock_timeout', ceil(1000 * extract(epoch FROM patience))::text, true);
    LOOP
        BEGIN
            PERFORM pg_advisory_xact_lock(1717860211, 5);
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_stat_clear_snapshot();
            EXIT WHEN EXISTS (
                SELECT FROM pg_locks AS l
                JOIN pg_stat_activity AS s ON s.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.classid = 1717860211 AND l.objid = 5 AND l.granted
                    AND l.database = (SELECT p.oid FROM pg_database AS p WHERE p.datname = current_database())
                    AND s.state LIKE 'idle in transaction%' AND s.state_change < clock_timestamp() - patience);
        END;
    END LOOP;
END
$f$;

-- Returns when it is the caller's turn: the databases whose commands have ended, for _free_roles(). After turn_max, in which
-- no other could begin, the caller goes on in any case: then PostgreSQL says which role exists.
CREATE FUNCTION fdw_stub._take_turn() RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    give_up timestamptz;
    begun text[];
    others_turn boolean;
    ended text[];
    late text[];
    each text;
BEGIN
    PERFORM fdw_stub._lock_turn();
    give_up := clock_timestamp() + (SELECT g.turn_max FROM fdw_stub.setting AS g);
    LOOP
        PERFORM pg_stat_clear_snapshot();
        begun := fdw_stub._begun();
        PERFORM pg_stat_clear_snapshot();
        SELECT coalesce(bool_or(t.phase = 'works'), false),
               coalesce(array_agg(t.name) FILTER (WHERE t.phase = 'ended'), '{}'),
               coalesce(array_agg(t.name) FILTER (WHERE t.phase = 'late'), '{}')
        INTO others_turn, ended, late
        FROM fdw_stub._turns(begun) AS t;
        FOREACH each IN ARRAY late LOOP
            others_turn := NOT fdw_stub._drop_late(each) OR others_turn;
        END LOOP;
        EXIT WHEN NOT others_turn OR clock_timestamp() > give_up;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN ended;
END
$f$;

-- Drops one role that was set aside and that no other database depends on any more. What gets in its way is mostly over
-- soon: a session that changes the same privileges, or that has not ended yet.
CREATE FUNCTION fdw_stub._drop_gone_role() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    gone record;
    reason text;
BEGIN
    DELETE FROM fdw_stub.gone_role AS g WHERE NOT EXISTS (SELECT FROM pg_authid AS r WHERE r.oid = g.role);
    SELECT r.oid, r.rolname INTO gone
    FROM fdw_stub.gone_role AS g
    JOIN pg_authid AS r ON r.oid = g.role
    WHERE coalesce(g.tried_at, '-infinity') < clock_timestamp() - interval '1 second'
        AND NOT EXISTS (SELECT FROM pg_shdepend AS x
                        WHERE x.refclassid = 'pg_authid'::regclass AND x.refobjid = r.oid AND x.dbid <> 0
                            AND x.dbid <> (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY g.tried_at NULLS FIRST
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    BEGIN
        -- For what belongs to the cluster: databases that it owns, privileges on them and on parameters, memberships
        -- that it granted.
        EXECUTE format('REASSIGN OWNED BY %I TO CURRENT_USER', gone.rolname);
        EXECUTE format('DROP OWNED BY %I CASCADE', gone.rolname);
        EXECUTE format('DROP ROLE %I', gone.rolname);
        DELETE FROM fdw_stub.gone_role WHERE role = gone.oid;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        UPDATE fdw_stub.gone_role SET trouble = reason, tried_at = clock_timestamp() WHERE role = gone.oid;
    END;
    RETURN true;
END
$f$;

------------------------------------------------------------------------------------------------------------------
-- The worker: a session of the server itself, started by a caller and outliving it
------------------------------------------------------------------------------------------------------------------

-- Brings the records and pg_database together: after a crash, a restart, a cancelled caller, a DROP DATABASE by hand.
CREATE FUNCTION fdw_stub._heal() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    found_row record;
BEGIN
    DELETE FROM fdw_stub.miss WHERE at < clock_timestamp() - interval '1 hour';
    -- Of an earlier installation of this extension. A record is older than its database and outlives it, so a database
    -- without one in the same snapshot is nobody's.
    INSERT INTO fdw_stub.database (name, template, state, forced)
    SELECT p.datname, 'unknown', 'dropping', true FROM pg_database AS p
    WHERE p.datname ~ ('^' || fdw_stub._name_prefix() || '[0-9a-f]{8}$')
        AND NOT EXISTS (SELECT FROM fdw_stub.database AS d WHERE d.name = p.datname)
    ON CONFLICT DO NOTHING;
    IF fdw_stub._late_roles() = '{}' AND NOT fdw_stub._roles_changed() THEN
        PERFORM fdw_stub._note_roles();
    END IF;
    FOR found_row IN
        SELECT d.name, d.state, p.oid IS NOT NULL AS there, p.datallowconn, d.template = g.template AS fitting,
               EXISTS (SELECT FROM pg_stat_activity AS s
                       WHERE s.pid = d.maker_pid AND s.backend_start = d.maker_started) AS maker_lives
        FROM fdw_stub.database AS d
        CROSS JOIN fdw_stub.setting AS g
        LEFT JOIN pg_database AS p ON p.datname = d.name::name
        WHERE d.state <> 'dropping'
        FOR UPDATE OF d SKIP LOCKED
    LOOP
        IF found_row.state = 'creating' AND found_row.maker_lives THEN
            CONTINUE;
        ELSIF NOT found_row.there AND NOT EXISTS (SELECT FROM pg_database AS p WHERE p.datname = found_row.name::name) THEN
            -- Looked up again: its maker may have committed and left after the loop's snapshot was taken.
            DELETE FROM fdw_stub.database WHERE name = found_row.name;
        ELSIF NOT found_row.there THEN
            CONTINUE;
        ELSIF found_row.state <> 'out' AND (found_row.datallowconn OR NOT found_row.fitting) THEN
            UPDATE fdw_stub.database SET state = 'dropping' WHERE name = found_row.name;
        ELSIF found_row.state = 'creating' THEN
            -- CREATE DATABASE is all or nothing, and nobody could connect: as good as any other.
            PERFORM fdw_stub._make_ready(found_row.name);
        END IF;
    END LOOP;
END
$f$;

-- Marks leftovers that go: older than max_age, or unused and more than `kept`. What was handed out and has not been
-- connected to yet is used for `grace`; what was used before is unused five seconds after its last client left, because a
-- command connects several times, and on a busy machine there are seconds between.
CREATE FUNCTION fdw_stub._doom() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    moment constant timestamptz := clock_timestamp();
    doomed record;
BEGIN
    PERFORM pg_stat_clear_snapshot();
    -- Not one that has been handed on since: whoever was seen in it was there before.
    UPDATE fdw_stub.database AS d SET used_at = moment
    FROM fdw_stub._used() AS u
    WHERE u.name = d.name AND u.clients > 0 AND d.handed_at < moment
        AND coalesce(d.used_at, '-infinity') < moment - interval '500 milliseconds';

    FOR doomed IN
        SELECT l.name, l.handed_at, l.too_old
        FROM (
            SELECT d.name, d.handed_at, g.kept,
                   d.handed_at < moment - g.max_age AND NOT u.holder_lives AS too_old,
                   -- Who got it after the sessions were seen may have come after that too.
                   d.held AND d.handed_at < moment AND NOT u.holder_lives AND u.clients = 0 AS abandoned,
                   -- Only unused ones are counted against the bound.
                   row_number() OVER (PARTITION BY unused.yes ORDER BY d.handed_at DESC) AS place,
                   unused.yes AS unused
            FROM fdw_stub.database AS d
            CROSS JOIN fdw_stub.setting AS g
            JOIN fdw_stub._used() AS u ON u.name = d.name
            JOIN pg_database AS p ON p.datname = d.name::name
            CROSS JOIN LATERAL (SELECT u.clients = 0 AND NOT u.holder_lives
                AND coalesce(d.used_at, d.handed_at) < moment - least(g.grace, interval '5 seconds')
                AND (pg_stat_get_db_sessions(p.oid) > d.desired::int OR d.handed_at < moment - g.grace) AS yes) AS unused
            WHERE d.state = 'out'
        ) AS l
        WHERE l.too_old OR l.abandoned OR (l.unused AND l.place > l.kept)
        ORDER BY l.name
    LOOP
        -- Unless it has been handed on since: what was seen of its sessions is newer than what was read of it.
        PERFORM FROM fdw_stub.database WHERE name = doomed.name AND state = 'out' AND handed_at = doomed.handed_at
        FOR UPDATE SKIP LOCKED;
        -- Its record is what tells whose the roles are, so it stays until they are free.
        IF FOUND AND fdw_stub._free_roles(ARRAY[doomed.name]) THEN
            UPDATE fdw_stub.database SET state = 'dropping', forced = doomed.too_old WHERE name = doomed.name;
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', doomed.name);
        END IF;
    END LOOP;
END
$f$;

-- A subscription keeps its database from being dropped; its publisher is a stub or nowhere.
CREATE FUNCTION fdw_stub._drop_subscriptions(of_database text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    connection constant text := 'fdw_stub_subscriptions';
    subscription record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS p ON p.oid = s.subdbid WHERE p.datname = of_database) THEN
        RETURN;
    END IF;
    PERFORM fdw_stub._connect('fdw_stub_maker', current_database());
    PERFORM fdw_stub._run('fdw_stub_maker', format('ALTER DATABASE %I ALLOW_CONNECTIONS true', of_database));
    PERFORM fdw_stub._connect(connection, of_database);
    FOR subscription IN
        SELECT s.subname FROM pg_subscription AS s JOIN pg_database AS p ON p.oid = s.subdbid WHERE p.datname = of_database
    LOOP
        PERFORM fdw_stub._run(connection, format('ALTER SUBSCRIPTION %I DISABLE', subscription.subname));
        PERFORM fdw_stub._run(connection, format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subscription.subname));
        PERFORM fdw_stub._run(connection, format('DROP SUBSCRIPTION %I', subscription.subname));
    END LOOP;
    PERFORM fdw_stub._disconnect(connection);
    PERFORM fdw_stub._disconnect('fdw_stub_maker');
END
$f$;

-- Drops one marked database. One that cannot be dropped now is tried again later and does not stop the others.
CREATE FUNCTION fdw_stub._drop_one(connection text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    doomed record;
    reason text;
BEGIN
    SELECT name, forced INTO doomed FROM fdw_stub.database
    WHERE state = 'dropping' AND coalesce(tried_at, '-infinity') < clock_timestamp() - interval '1 minute'
    ORDER BY tried_at NULLS FIRST, name LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR NOT fdw_stub._free_roles(ARRAY[doomed.name]) THEN
        RETURN false;
    END IF;
    PERFORM pg_stat_clear_snapshot();
    IF NOT doomed.forced AND EXISTS (SELECT FROM pg_stat_activity WHERE datname = doomed.name::name AND backend_type = 'client backend') THEN
        -- Somebody came in between the decision and the closing of the door.
        UPDATE fdw_stub.database SET state = 'out', used_at = clock_timestamp() WHERE name = doomed.name;
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', doomed.name);
        RETURN true;
    END IF;
    BEGIN
        PERFORM fdw_stub._drop_subscriptions(doomed.name);
        PERFORM fdw_stub._run(connection, format('DROP DATABASE IF EXISTS %I WITH (FORCE)', doomed.name));
        DELETE FROM fdw_stub.database WHERE name = doomed.name;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        UPDATE fdw_stub.database SET trouble = reason, tried_at = clock_timestamp() WHERE name = doomed.name;
    END;
    RETURN true;
END
$f$;

-- Brings the stock one step nearer to its size. Waits while callers are busy, because they need the processor now, but
-- not with little left: the next caller would have to make its own.
CREATE FUNCTION fdw_stub._stock_one(connection text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    stocked bigint;
    wanted bigint;
    newest timestamptz;
    changed text;
BEGIN
    SELECT count(*) FILTER (WHERE state IN ('ready', 'creating')), max(handed_at) INTO stocked, newest FROM fdw_stub.database;
    SELECT least(g.stock_max, g.stock + (SELECT count(*) FROM fdw_stub.miss)) INTO wanted FROM fdw_stub.setting AS g;
    IF stocked < wanted THEN
        IF (stocked > wanted / 4 AND newest > clock_timestamp() - interval '50 milliseconds')
            OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 1717860211 AND objid > 100) THEN
            RETURN false;
        END IF;
        changed := fdw_stub._make_one(connection);
        PERFORM fdw_stub._make_ready(changed);
    ELSIF stocked > wanted THEN
        UPDATE fdw_stub.database SET state = 'dropping'
        WHERE name = (SELECT o.name FROM fdw_stub.database AS o WHERE o.state = 'ready' LIMIT 1 FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN stocked <> wanted;
END
$f$;

-- Whether nothing is left to watch: the session that holds a database may end, its age may come, and what was in the way of
-- a role may be over, while nobody calls.
CREATE FUNCTION fdw_stub._may_rest() RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT NOT EXISTS (SELECT FROM fdw_stub.database AS d WHERE d.state IN ('out', 'dropping'))
        AND NOT EXISTS (SELECT FROM fdw_stub.gone_role AS r WHERE r.gone_at > clock_timestamp() - interval '5 minutes');
$f$;

CREATE PROCEDURE fdw_stub._work()
LANGUAGE plpgsql
AS $f$
DECLARE
    connection constant text := 'fdw_stub_worker_helper';
    idle_since timestamptz;
    busy boolean;
BEGIN
    FOR attempt IN 1..20 LOOP
        EXIT WHEN pg_catalog.pg_try_advisory_lock(1717860211, 1);
        IF attempt = 20 THEN
            RETURN;
        END IF;
        PERFORM pg_catalog.pg_sleep(0.005);
    END LOOP;
    PERFORM fdw_stub._connect(connection, pg_catalog.current_database());
    COMMIT;
    LOOP
        PERFORM fdw_stub._heal();
        COMMIT;
        PERFORM fdw_stub._doom();
        COMMIT;
        busy := fdw_stub._stock_one(connection);
        COMMIT;
        busy := fdw_stub._drop_one(connection) OR busy;
        COMMIT;
        busy := fdw_stub._drop_gone_role() OR busy;
        COMMIT;
        IF busy THEN
            idle_since := NULL;
            CONTINUE;
        END IF;
        idle_since := coalesce(idle_since, pg_catalog.clock_timestamp());
        IF pg_catalog.clock_timestamp() > idle_since + (SELECT g.linger FROM fdw_stub.setting AS g)
            AND fdw_stub._may_rest() AND pg_catalog.pg_try_advisory_lock(1717860211, 6) THEN
            -- All who have seen this worker have ended their transactions: what they left to it is there to be seen.
            EXIT WHEN fdw_stub._may_rest();
            PERFORM pg_catalog.pg_advisory_unlock(1717860211, 6);
        END IF;
        -- Quick while commands come one after the other.
        PERFORM pg_catalog.pg_sleep(CASE WHEN pg_catalog.clock_timestamp() < idle_since + interval '3 seconds' THEN 0.05
                                         WHEN pg_catalog.clock_timestamp() < idle_since + interval '5 minutes' THEN 0.5
                                         ELSE 2 END);
        COMMIT;
    END LOOP;
    PERFORM pg_catalog.pg_advisory_unlock(1717860211, 1);
    PERFORM pg_catalog.pg_advisory_unlock(1717860211, 6);
    PERFORM fdw_stub._disconnect(connection);
END
$f$;

-- Starts the worker unless one lives. Never fails and never waits for it: the caller has its database already.
CREATE FUNCTION fdw_stub._wake() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    connection constant text := 'fdw_stub_worker';
BEGIN
    -- Until the end of the transaction: a worker that lives now does not rest before it sees what this one leaves to it.
    PERFORM pg_advisory_xact_lock_shared(1717860211, 6);
    IF NOT pg_try_advisory_lock(1717860211, 2) THEN
        RETURN;
    END IF;
    BEGIN
        IF pg_try_advisory_lock(1717860211, 1) THEN
            PERFORM pg_advisory_unlock(1717860211, 1);
            PERFORM fdw_stub._disconnect(connection);
            PERFORM fdw_stub.dblink_connect(connection, fdw_stub._conninfo(current_database()));
            -- A block, so that it also works while the transaction that creates this extension has not ended.
            PERFORM fdw_stub.dblink_send_query(connection, $do$
                DO $wait$
                BEGIN
                    FOR attempt IN 1..600 LOOP
                        EXIT WHEN pg_catalog.to_regproc('fdw_stub._work') IS NOT NULL;
                        PERFORM pg_catalog.pg_sleep(0.05);
                        COMMIT;
                    END LOOP;
                    CALL fdw_stub._work();
                END
                $wait$
            $do$);
        END IF;
    EXCEPTION
        WHEN query_canceled THEN
            PERFORM pg_advisory_unlock(1717860211, 2);
            RAISE;
        WHEN OTHERS THEN
            NULL;
    END;
    PERFORM pg_advisory_unlock(1717860211, 2);
END
$f$;

------------------------------------------------------------------------------------------------------------------
-- For callers
------------------------------------------------------------------------------------------------------------------

-- Callers are new sessions with cold caches, where every relation, statement and function costs a third of a
-- millisecond and more: hence few of them, in one function, up to the point where there is more to do.
CREATE FUNCTION fdw_stub.fresh_database(hold boolean DEFAULT false, beside text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    before oid[] := '{}';
    seen_at timestamptz;
    creates text[] := '{}';
    made text;
    handed text;
BEGIN
    -- After a crash a database that somebody used must not be in stock again.
    PERFORM set_config('synchronous_commit', 'on', true);

    IF beside IS NOT NULL THEN
        SELECT d.role_names INTO creates FROM fdw_stub.database AS d
        WHERE d.name = fresh_database.beside AND d.desired AND NOT d.filling;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'database "%" does not hold a desired schema, or holds it no more', beside
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'beside takes what fdw_stub.desired_database() returned for the same command.';
        ELSIF creates <> '{}' THEN
            PERFORM fdw_stub._free_roles(fdw_stub._take_turn(), '10 seconds');
        END IF;
    END IF;

    seen_at := clock_timestamp();
    IF EXISTS (
        SELECT FROM fdw_stub.setting AS g
        WHERE EXISTS (SELECT FROM pg_authid AS r WHERE r.oid <> ALL (g.role_oids))
            OR (SELECT count(*) FROM pg_auth_members) <> g.memberships
            OR EXISTS (SELECT FROM pg_db_role_setting AS s WHERE s.setdatabase = 0)) THEN
        before := fdw_stub._set_roles_aside();
    END IF;

    LOOP
        -- Marked and opened at the caller's commit, both or none.
        UPDATE fdw_stub.database
        SET state = 'out', handed_at = clock_timestamp(), roles_before = before, roles_seen_at = seen_at,
            role_names = creates, beside = fresh_database.beside,
            held = coalesce(hold, false), pid = pg_backend_pid(), application_name = current_setting('application_name'), client_addr = inet_client_addr()
        WHERE state IN ('ready', 'creating') AND name = coalesce(made,
            (SELECT o.name FROM fdw_stub.database AS o WHERE o.state = 'ready' LIMIT 1 FOR UPDATE SKIP LOCKED))
        RETURNING name INTO handed;
        IF handed IS NULL THEN
            made := fdw_stub._make_now();
            CONTINUE;
        END IF;
        BEGIN
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', handed);
            EXIT;
        EXCEPTION WHEN invalid_catalog_name THEN
            -- Dropped by hand.
            DELETE FROM fdw_stub.database WHERE name = handed;
            made := NULL;
        END;
    END LOOP;

    IF hold THEN
        UPDATE fdw_stub.database AS d SET session_started = s.backend_start
        FROM pg_stat_get_activity(pg_backend_pid()) AS s WHERE d.name = handed;
    END IF;
    -- The worker lives when its lock cannot be had; as in _wake().
    PERFORM pg_advisory_xact_lock_shared(1717860211, 6);
    IF pg_try_advisory_lock(1717860211, 1) THEN
        PERFORM pg_advisory_unlock(1717860211, 1);
        PERFORM fdw_stub._wake();
    END IF;
    RETURN handed;
END
$f$;
COMMENT ON FUNCTION fdw_stub.fresh_database(boolean, text) IS
    'Hands out a pristine database and returns its name. With hold it lasts as long as the calling session; beside takes what desired_database() returned for the same command.';

CREATE FUNCTION fdw_stub.drop_database(name text) RETURNS boolean
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    doomed text;
BEGIN
    SELECT d.name INTO doomed FROM fdw_stub.database AS d
    WHERE d.name = drop_database.name AND d.state = 'out' FOR UPDATE;
    IF doomed IS NULL THEN
        IF EXISTS (SELECT FROM pg_database AS p WHERE p.datname = drop_database.name)
            AND NOT EXISTS (SELECT FROM fdw_stub.database AS d WHERE d.name = drop_database.name AND d.state = 'dropping') THEN
            RAISE EXCEPTION 'database "%" was not handed out by fdw_stub', drop_database.name
                USING ERRCODE = 'insufficient_privilege',
                      HINT = 'Only databases that fdw_stub.fresh_database() returned can be dropped here.';
        END IF;
        RETURN false;
    END IF;
    UPDATE fdw_stub.database AS d SET state = 'dropping', forced = true WHERE d.name = doomed;
    IF EXISTS (SELECT FROM pg_database AS p WHERE p.datname = drop_database.name) THEN
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', drop_database.name);
    END IF;
    PERFORM fdw_stub._free_roles(ARRAY[drop_database.name]);
    PERFORM fdw_stub._set_roles_aside(drop_database.name);
    PERFORM fdw_stub._wake();
    RETURN true;
END
$f$;
COMMENT ON FUNCTION fdw_stub.drop_database(text) IS
    'Closes a database that was handed out, and drops it in the background. False when it is gone already.';

CREATE FUNCTION fdw_stub.reset(name text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    connection constant text := 'fdw_stub_maker';
    target constant text := coalesce(reset.name, (SELECT dev_database FROM fdw_stub.setting));
    owner text;
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'fdw_stub has no dev database to reset'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Name one: SELECT fdw_stub.configure(dev_database => ''…'').';
    END IF;
    IF target IS DISTINCT FROM (SELECT dev_database FROM fdw_stub.setting) THEN
        RAISE EXCEPTION 'database "%" is not the dev database of fdw_stub', target
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Only %s can be reset.', coalesce((SELECT quote_ident(dev_database) FROM fdw_stub.setting), 'none'));
    END IF;
    -- Two at once would find the name taken.
    PERFORM pg_advisory_xact_lock(1717860211, 4);
    SELECT pg_get_userbyid(p.datdba) INTO owner FROM pg_database AS p WHERE p.datname = target;
    BEGIN
        PERFORM fdw_stub._drop_subscriptions(target);
        PERFORM fdw_stub._connect(connection, current_database());
        PERFORM fdw_stub._run(connection, format('DROP DATABASE IF EXISTS %I WITH (FORCE)', target));
        -- Empty, whatever fresh databases start from: so it was when the stack came up.
        PERFORM fdw_stub._run(connection, fdw_stub._create_statement(
            target, 'template0', format('OWNER %I', coalesce(owner, current_user))));
        PERFORM fdw_stub._disconnect(connection);
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        PERFORM fdw_stub._disconnect(connection);
        RAISE;
    END;
    PERFORM fdw_stub._set_roles_aside();
    PERFORM fdw_stub._wake();
    RETURN target;
END
$f$;
COMMENT ON FUNCTION fdw_stub.reset(text) IS
    'Replaces the configured dev database by an empty one of the same name and owner; its sessions are ended.';

CREATE FUNCTION fdw_stub.configure(
    stock integer DEFAULT NULL, stock_max integer DEFAULT NULL, kept integer DEFAULT NULL, max_age interval DEFAULT NULL,
    grace interval DEFAULT NULL, makers integer DEFAULT NULL, strategy text DEFAULT NULL, template text DEFAULT NULL,
    dev_database text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    open_to_sessions boolean;
BEGIN
    IF template IS NOT NULL THEN
        SELECT p.datallowconn INTO open_to_sessions FROM pg_database AS p WHERE p.datname = configure.template;
        IF open_to_sessions IS NULL THEN
            RAISE EXCEPTION 'the template database "%" does not exist', template USING ERRCODE = 'invalid_catalog_name';
        ELSIF open_to_sessions THEN
            -- One forgotten session in it would make every CREATE DATABASE wait five seconds and fail.
            RAISE EXCEPTION 'the template database "%" allows connections', template
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = format('ALTER DATABASE %I ALLOW_CONNECTIONS false IS_TEMPLATE true', template);
        END IF;
    END IF;
    IF dev_database IS NOT NULL AND (dev_database IN (current_database(), 'template0', 'template1')
        OR EXISTS (SELECT FROM fdw_stub.database AS d WHERE d.name = configure.dev_database)) THEN
        RAISE EXCEPTION 'database "%" cannot be the dev database', dev_database USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE fdw_stub.setting AS g SET
        stock = coalesce(configure.stock, g.stock),
        stock_max = greatest(coalesce(configure.stock_max, g.stock_max), coalesce(configure.stock, g.stock)),
        kept = coalesce(configure.kept, g.kept),
        max_age = coalesce(configure.max_age, g.max_age),
        grace = coalesce(configure.grace, g.grace),
        makers = coalesce(configure.makers, g.makers),
        strategy = coalesce(lower(configure.strategy), g.strategy),
        template = coalesce(configure.template, g.template),
        dev_database = coalesce(configure.dev_database, g.dev_database);
    -- What was prepared from another template is not handed out any more.
    UPDATE fdw_stub.database AS d SET state = 'dropping'
    FROM fdw_stub.setting AS g WHERE d.state = 'ready' AND d.template <> g.template;
    PERFORM fdw_stub._wake();
END
$f$;
COMMENT ON FUNCTION fdw_stub.configure(integer, integer, integer, interval, interval, integer, text, text, text) IS
    'Changes the given settings; see the columns of fdw_stub.setting.';

-- Leaves a template of ours to the worker.
CREATE FUNCTION fdw_stub._forget_template(template text) RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $f$
BEGIN
    IF starts_with(template, fdw_stub._name_prefix() || '_template_') THEN
        EXECUTE format('ALTER DATABASE %I IS_TEMPLATE false', template);
        INSERT INTO fdw_stub.database (name, template, state, forced) VALUES (template, template, 'dropping', true);
    END IF;
END
$f$;

-- Pieces: [{"origin": file, "line": first line, "sql": statements}, …]. Those of one file are one transaction.
CREATE FUNCTION fdw_stub.set_baseline(pieces jsonb) RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    new_template constant text := fdw_stub._name_prefix() || '_template_' || left(gen_random_uuid()::text, 8);
    old_template constant text := (SELECT s.template FROM fdw_stub.setting AS s);
    maker constant text := 'fdw_stub_maker';
    builder constant text := 'fdw_stub_builder';
    piece record;
    place text;
    failed_state text;
    failed_message text;
    failed_detail text;
    failed_hint text;
BEGIN
    PERFORM fdw_stub._connect(maker, current_database());
    PERFORM fdw_stub._run(maker, format('CREATE DATABASE %I TEMPLATE template0', new_template));
    BEGIN
        PERFORM fdw_stub._connect(builder, new_template);
        FOR piece IN
            SELECT p.origin, p.line, p.sql,
                   lag(p.origin) OVER (ORDER BY p.n) IS DISTINCT FROM p.origin AS opens,
                   lead(p.origin) OVER (ORDER BY p.n) IS DISTINCT FROM p.origin AS closes
            FROM ROWS FROM (jsonb_to_recordset(pieces) AS (origin text, line integer, sql text)) WITH ORDINALITY
                AS p (origin, line, sql, n)
            ORDER BY p.n
        LOOP
            place := format('%s:%s', piece.origin, piece.line);
            IF piece.opens THEN
                -- What one file SETs must not reach the next.
                PERFORM fdw_stub._run(builder, 'DISCARD ALL');
                PERFORM fdw_stub._run(builder, 'SET search_path = "$user", public');
                PERFORM fdw_stub._run(builder, 'BEGIN');
            END IF;
            -- In a block, so that statements may return rows of any shape.
            PERFORM fdw_stub._run(builder, format('DO %L', format('BEGIN EXECUTE %L; END', piece.sql)));
            IF piece.closes THEN
                place := format('%s: end', piece.origin);
                PERFORM fdw_stub._run(builder, 'COMMIT');
            END IF;
        END LOOP;
        PERFORM fdw_stub._disconnect(builder);
        place := NULL;
        PERFORM fdw_stub._run(maker, format('ALTER DATABASE %I ALLOW_CONNECTIONS false IS_TEMPLATE true', new_template));
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS failed_state = RETURNED_SQLSTATE, failed_message = MESSAGE_TEXT,
            failed_detail = PG_EXCEPTION_DETAIL, failed_hint = PG_EXCEPTION_HINT;
        PERFORM fdw_stub._disconnect(builder);
        PERFORM fdw_stub._run(maker, format('ALTER DATABASE %I IS_TEMPLATE false', new_template));
        PERFORM fdw_stub._run(maker, format('DROP DATABASE %I WITH (FORCE)', new_template));
        PERFORM fdw_stub._disconnect(maker);
        IF place IS NULL THEN
            RAISE;
        END IF;
        -- All in the message, because some clients show nothing else.
        RAISE EXCEPTION 'baseline %: %. The statement: %', place,
            failed_message || concat(' (' || nullif(failed_detail, '') || ')', ' Hint: ' || nullif(failed_hint, '')),
            fdw_stub._excerpt(piece.sql)
            USING ERRCODE = failed_state;
    END;
    PERFORM fdw_stub._disconnect(maker);
    PERFORM fdw_stub.configure(template => new_template);
    PERFORM fdw_stub._forget_template(old_template);
    PERFORM fdw_stub.keep_roles();
END
$f$;
COMMENT ON FUNCTION fdw_stub.set_baseline(jsonb) IS
    'Fresh databases start with what this SQL makes. Runs it in a new template; an error names origin and line.';

------------------------------------------------------------------------------------------------------------------
-- The desired schema, in a database of its own
------------------------------------------------------------------------------------------------------------------

-- Cuts SQL into its statements, as psql does: at each semicolon outside of quotes, comments, the parentheses of CREATE
-- RULE and BEGIN ATOMIC … END. `line` counts from 1 and is where the statement's text begins, after what comments stand
-- before it; `code` is the text without comments and without what stands in quotes. A command of psql's at the place of
-- a statement comes with the code '\'. What is not closed reaches to the end, and PostgreSQL says what is wrong with it.
CREATE FUNCTION fdw_stub._split(sql text, OUT line integer, OUT statement text, OUT code text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    blank constant text := E' \t\r\n\f\v' || chr(65279);
    token text;
    before text := '';
    -- What ends the quote or comment that is open; NULL outside of them.
    closing text;
    depth integer;
    backslashes boolean;
    escaped boolean;
    psql text;
    at_line integer := 1;
    begun boolean := false;
    inside boolean;
    texts text[] := '{}';
    codes text[] := '{}';
BEGIN
    FOREACH token IN ARRAY ARRAY(
        SELECT m[1]
        FROM regexp_matches(sql, $re$[^-'"$;/*\\]+|--|/\*|\*/|\$(?:[[:alpha:]_][[:alnum:]_]*)?\$|.$re$, 'g') AS m
    ) LOOP
        IF closing = E'\n' AND position(E'\n' IN token) = 0 THEN
            psql := psql || token;
            texts := texts || token;
            CONTINUE;
        ELSIF closing = E'\n' THEN
            -- The rest of this token is code again.
            texts := texts || split_part(token, E'\n', 1);
            IF psql IS NOT NULL THEN
                statement := psql || split_part(token, E'\n', 1);
                code := '\';
                RETURN NEXT;
                psql := NULL;
            END IF;
            token := substr(token, position(E'\n' IN token));
            closing := NULL;
            before := '';
        ELSIF closing IS NOT NULL THEN
            IF closing = '*/' THEN
                depth := depth + CASE token WHEN '/*' THEN 1 WHEN '*/' THEN -1 ELSE 0 END;
                IF depth = 0 THEN
                    closing := NULL;
                    before := '';
                END IF;
            ELSIF token = closing AND NOT escaped THEN
                closing := NULL;
                codes := codes || token;
                before := token;
            ELSE
                escaped := backslashes AND token = '\' AND NOT escaped;
            END IF;
            texts := texts || token;
            at_line := at_line + length(token) - length(replace(token, E'\n', ''));
            CONTINUE;
        END IF;

        IF token IN ('--', '/*') OR (token = '\' AND NOT begun) THEN
            closing := CASE token WHEN '/*' THEN '*/' ELSE E'\n' END;
            depth := 1;
            IF token = '\' THEN
                psql := token;
                line := at_line;
            END IF;
            texts := texts || token;
            CONTINUE;
        ELSIF token = ';' THEN
            code := array_to_string(codes, '');
            inside := CASE
                WHEN code ~* '^create\s+(or\s+replace\s+)?rule\M'
                    THEN length(replace(code, '(', '')) < length(replace(code, ')', ''))
                WHEN code ~* '\mbegin\s+atomic\M'
                    THEN (SELECT sum(CASE lower(m[1]) WHEN 'end' THEN -1 ELSE 1 END)
                          FROM regexp_matches(code, '\m(begin|case|end)\M', 'gi') AS m) > 0
                ELSE false
            END;
            IF NOT inside THEN
                IF begun THEN
                    statement := array_to_string(texts, '');
                    RETURN NEXT;
                END IF;
                begun := false;
                texts := '{}';
                codes := '{}';
                before := '';
                CONTINUE;
            END IF;
        ELSIF token IN ('''', '"') OR (token ~ '^\$.*\$$' AND before !~ '[[:alnum:]_$]$') THEN
            closing := token;
            escaped := false;
            backslashes := token = '''' AND before ~* '(^|[^[:alnum:]_$])e$';
        END IF;
        IF NOT begun THEN
            at_line := at_line + length(token) - length(replace(token, E'\n', ''));
            token := ltrim(token, blank);
            at_line := at_line - (length(token) - length(replace(token, E'\n', '')));
            CONTINUE WHEN token = '';
            begun := true;
            line := at_line;
            texts := '{}';
        END IF;
        texts := texts || token;
        codes := codes || token;
        before := token;
        at_line := at_line + length(token) - length(replace(token, E'\n', ''));
    END LOOP;
    IF psql IS NOT NULL THEN
        statement := psql;
        code := '\';
        RETURN NEXT;
    ELSIF begun THEN
        statement := array_to_string(texts, '');
        code := array_to_string(codes, '');
        RETURN NEXT;
    END IF;
END
$f$;

-- Runs one statement of the user's, whatever it returns. An error has everything in its message, because some clients show
-- nothing else.
CREATE FUNCTION fdw_stub._run_desired(connection text, origin text, line integer, statement text, code text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    failed_state text;
    failed_message text;
    failed_detail text;
    failed_hint text;
    place integer := line;
BEGIN
    IF code = '\' THEN
        -- What pg_dump brackets its scripts with says nothing.
        IF statement ~ '^\\(un)?restrict\M' THEN
            RETURN;
        END IF;
        RAISE EXCEPTION 'this is a command of psql, which the server does not know' USING ERRCODE = 'syntax_error',
            HINT = 'fdw-stub run --desired reads such files.';
    ELSIF code ~* '^copy\M.*\mfrom\s+stdin\M' THEN
        RAISE EXCEPTION 'COPY FROM STDIN has no place in a schema' USING ERRCODE = 'feature_not_supported',
            HINT = 'Leave the rows out (pg_dump --schema-only), or use INSERT.';
    ELSIF code ~* '^(create|drop)\s+database\M' THEN
        RAISE EXCEPTION 'a statement about databases has no place in the schema of one' USING ERRCODE = 'feature_not_supported',
            HINT = 'Remove the statement.';
    END IF;
    PERFORM fdw_stub._run(connection, statement);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failed_state = RETURNED_SQLSTATE, failed_message = MESSAGE_TEXT,
        failed_detail = PG_EXCEPTION_DETAIL, failed_hint = PG_EXCEPTION_HINT;
    IF failed_state = '42804' AND fdw_stub.dblink_error_message(connection) = 'OK' THEN
        -- It succeeded and returned rows of another shape than a status; nobody asks for them.
        WHILE EXISTS (SELECT FROM fdw_stub.dblink_get_result(connection) AS result (value text)) LOOP
        END LOOP;
        RETURN;
    END IF;
    -- Where the server names a place within the statement, that one.
    place := line - 1
        + coalesce(substring(fdw_stub.dblink_error_message(connection) FROM '\nLINE ([0-9]+):')::integer, 1);
    RAISE EXCEPTION 'desired schema, %: %. The statement: %',
        coalesce(origin || ':', 'line ') || place,
        failed_message || concat(' (' || nullif(failed_detail, '') || ')', ' Hint: ' || rtrim(nullif(failed_hint, ''), '.')),
        fdw_stub._excerpt(statement)
        USING ERRCODE = failed_state;
END
$f$;

-- Hands out the database that a desired schema is to run in. For a session that commits at once and holds it, so that those
-- who come after know whose the roles are, also when the caller is killed half-way.
CREATE FUNCTION fdw_stub._begin_desired(creates text[]) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    made constant text := fdw_stub.fresh_database(true);
BEGIN
    UPDATE fdw_stub.database AS d SET desired = true, filling = true, role_names = creates WHERE d.name = made;
    RETURN made;
END
$f$;

-- Frees the names of the roles that a desired schema has created, and hands its database to the session that asked. For a
-- session that commits at once: the caller's own statement has not ended yet.
CREATE FUNCTION fdw_stub._settle_desired(of_database text, new_roles oid[], caller integer, hold boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
BEGIN
    PERFORM fdw_stub._lock_roles('10 seconds');
    UPDATE fdw_stub.database AS d
    SET filling = false, held = hold, pid = s.pid, session_started = s.backend_start, handed_at = clock_timestamp(),
        application_name = s.application_name, client_addr = s.client_addr, used_at = NULL,
        role_names = ARRAY(SELECT r.rolname::text FROM pg_authid AS r WHERE r.oid = ANY (new_roles))
    FROM pg_stat_get_activity(caller) AS s
    WHERE d.name = of_database;
    PERFORM fdw_stub._set_role_aside(role) FROM unnest(new_roles) AS role;
END
$f$;

-- Whether a name stands in a text, in any case or in quotes.
CREATE FUNCTION fdw_stub._mentions(mentioning text, name text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT lower(mentioning) ~ ('(?:^|[^[:alnum:]_$])' || regexp_replace(lower(name), '([^[:alnum:]_])', '\\\1', 'g')
                                || '(?:$|[^[:alnum:]_$])')
        OR position(quote_ident(name) IN mentioning) > 0;
$f$;

-- Pieces: [{"origin": file, "line": first line, "sql": statements}, …], which run in their order and in one session. As
-- with Atlas, each statement commits for itself.
CREATE FUNCTION fdw_stub.desired_database(pieces jsonb, hold boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    helper constant text := 'fdw_stub_helper';
    runner constant text := 'fdw_stub_runner';
    whole constant text := (SELECT string_agg(p.sql, E'\n') FROM jsonb_to_recordset(pieces) AS p (sql text));
    role_statement constant text := '\mcreate\s+(?:role|group|user(?!\s+mapping\M))\M';
    -- Told beforehand; roles that only running it tells are added when it has run.
    creates constant text[] := ARRAY(
        SELECT DISTINCT coalesce(replace(m[1], '""', '"'), lower(m[2]))
        FROM regexp_matches(whole, role_statement || $re$\s+(?:"((?:[^"]|"")+)"|([[:alnum:]_$]+))$re$, 'gi') AS m);
    ended text[] := '{}';
    known_roles oid[];
    new_roles oid[];
    made text;
    piece record;
    cut record;
    failed boolean := false;
    failed_state text;
    failed_message text;
    failed_detail text;
    failed_hint text;
BEGIN
    IF whole IS NULL THEN
        RAISE EXCEPTION 'no file of the desired schema was found' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Check the path or the pattern of the files: a plan for an empty schema would drop everything.';
    END IF;
    IF whole ~* role_statement THEN
        ended := fdw_stub._take_turn();
    END IF;
    BEGIN
        -- What others must see before this statement ends is done by a session that commits; it also holds the database
        -- as long as this fills it.
        PERFORM fdw_stub._connect(helper, current_database());
        IF ended <> '{}' THEN
            PERFORM fdw_stub._run(helper, format('SELECT fdw_stub._free_roles(%L, ''10 seconds'')::text', ended));
        END IF;
        made := fdw_stub._run(helper, format('SELECT fdw_stub._begin_desired(%L)', creates));
        known_roles := ARRAY(SELECT r.oid FROM pg_authid AS r);
        PERFORM fdw_stub._connect(runner, made);
        -- Names are found as in a session of the caller's, whose URL may name another search_path. A statement that runs
        -- when the caller is killed ends too.
        PERFORM fdw_stub._run(runner, format(
            'SELECT set_config(''search_path'', %L, false) || set_config(''client_connection_check_interval'', ''500ms'', false)',
            (SELECT s.reset_val FROM pg_settings AS s WHERE s.name = 'search_path')));
        FOR piece IN
            SELECT p.origin, p.line, p.sql
            FROM ROWS FROM (jsonb_to_recordset(pieces) AS (origin text, line integer, sql text)) WITH ORDINALITY
                AS p (origin, line, sql, n)
            ORDER BY p.n
        LOOP
            FOR cut IN SELECT c.line, c.statement, c.code FROM fdw_stub._split(piece.sql) AS c LOOP
                PERFORM fdw_stub._run_desired(
                    runner, piece.origin, coalesce(piece.line, 1) - 1 + cut.line, cut.statement, cut.code);
            END LOOP;
        END LOOP;
        -- A transaction that the text leaves open; elsewhere it does nothing.
        PERFORM fdw_stub._run(runner, 'COMMIT');
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS failed_state = RETURNED_SQLSTATE, failed_message = MESSAGE_TEXT,
            failed_detail = PG_EXCEPTION_DETAIL, failed_hint = PG_EXCEPTION_HINT;
        failed := true;
    END;
    BEGIN
        PERFORM fdw_stub._disconnect(runner);
        IF made IS NOT NULL THEN
            -- The runner counts as a client until it has gone.
            FOR attempt IN 1..1000 LOOP
                PERFORM pg_stat_clear_snapshot();
                EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity AS s WHERE s.datname = made::name AND s.backend_type = 'client backend');
                PERFORM pg_sleep(0.001);
            END LOOP;
            new_roles := ARRAY(SELECT r.oid FROM pg_authid AS r
                               WHERE r.oid <> ALL (known_roles) AND fdw_stub._mentions(whole, r.rolname));
            PERFORM fdw_stub._run(helper, format('SELECT fdw_stub._settle_desired(%L, %L, %s, %L)::text',
                                                 made, new_roles, pg_backend_pid(), coalesce(hold, false)));
            IF failed THEN
                PERFORM fdw_stub._run(helper, format('SELECT fdw_stub.drop_database(%L)::text', made));
            END IF;
        END IF;
        PERFORM fdw_stub._disconnect(helper);
    EXCEPTION WHEN OTHERS THEN
        -- Without its helper the database is an abandoned one, which the worker drops. The first error tells more.
        PERFORM fdw_stub._disconnect(helper);
        IF NOT failed THEN
            RAISE;
        END IF;
    END;
    IF failed THEN
        RAISE EXCEPTION '%',
            failed_message || concat(' (' || nullif(failed_detail, '') || ')', ' Hint: ' || nullif(failed_hint, ''))
            USING ERRCODE = failed_state;
    END IF;
    RETURN made;
END
$f$;
COMMENT ON FUNCTION fdw_stub.desired_database(jsonb, boolean) IS
    'Hands out a database in which the files of a schema have run: [{"origin": file name, "sql": its text}, ...].';

CREATE FUNCTION fdw_stub.desired_database(schema text, hold boolean DEFAULT false) RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$ SELECT fdw_stub.desired_database(jsonb_build_array(jsonb_build_object('sql', schema)), hold); $f$;
COMMENT ON FUNCTION fdw_stub.desired_database(text, boolean) IS
    'Hands out a database in which this text of a schema has run.';

-- In one call, because Atlas evaluates a data source once more for each other one that refers to it.
CREATE FUNCTION fdw_stub.plan_databases(pieces jsonb) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $f$
DECLARE
    desired constant text := fdw_stub.desired_database(pieces);
BEGIN
    RETURN NEXT desired;
    RETURN NEXT fdw_stub.fresh_database(beside => desired);
END
$f$;
COMMENT ON FUNCTION fdw_stub.plan_databases(jsonb) IS
    'Hands out what a plan compares: first a desired_database() of these files, then a fresh_database() beside it.';

CREATE FUNCTION fdw_stub.plan_databases(schema text) RETURNS SETOF text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$ SELECT fdw_stub.plan_databases(jsonb_build_array(jsonb_build_object('sql', schema))); $f$;
COMMENT ON FUNCTION fdw_stub.plan_databases(text) IS
    'Hands out what a plan compares: first a desired_database() of this text, then a fresh_database() beside it.';

CREATE FUNCTION fdw_stub.status() RETURNS jsonb
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $f$
    SELECT jsonb_build_object(
        'ready', (SELECT count(*) FROM fdw_stub.database WHERE state = 'ready'),
        'out', (SELECT count(*) FROM fdw_stub.database WHERE state = 'out'),
        'used', (SELECT count(*) FROM fdw_stub._used() WHERE clients > 0 OR holder_lives),
        'dropping', (SELECT count(*) FROM fdw_stub.database WHERE state = 'dropping'),
        'working', EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 1
                           AND classid = 1717860211),
        'troubles', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', t.name, 'trouble', t.trouble)), '[]')
                     FROM (SELECT name, trouble FROM fdw_stub.database UNION ALL SELECT name, trouble FROM fdw_stub.gone_role) AS t
                     WHERE t.trouble IS NOT NULL),
        'settings', (SELECT to_jsonb(g) - 'one' - 'role_oids' - 'memberships' FROM fdw_stub.setting AS g));
$f$;

------------------------------------------------------------------------------------------------------------------
-- Set-up
------------------------------------------------------------------------------------------------------------------

REVOKE ALL ON SCHEMA fdw_stub FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA fdw_stub FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA fdw_stub FROM PUBLIC;
-- Logins of upstreams have nothing to do here; inside they could hold the advisory locks and stop the worker.
DO $do$
BEGIN
    EXECUTE pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
END
$do$;

-- A template of an earlier installation.
SELECT fdw_stub._forget_template(datname::text) FROM pg_catalog.pg_database;

SELECT fdw_stub.keep_roles();
SELECT fdw_stub._wake();
