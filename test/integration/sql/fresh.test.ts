import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dropDatabase, freshDatabase, freshStatus, keepRoles, resetDevDatabase } from "../../../sql/fresh";
import { quoteIdent } from "../../../upstreams/quote";
import { command, dropAllHandedOut, fatalLines, inconsistencies, LEFT_OVER, POLL } from "./handed-out";
import { DEV_DATABASE, DEV_USER, STUB_USER, TestServer } from "./server";

/** The schema of the field notes: the view is filled, so the foreign table must resolve and match. */
const FDW_SCHEMA = `
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');
    CREATE USER MAPPING FOR CURRENT_USER SERVER upstream
        OPTIONS (user '${STUB_USER.name}', password '${STUB_USER.password}');
    CREATE FOREIGN TABLE events (id bigint) SERVER upstream;
    CREATE MATERIALIZED VIEW event_count AS SELECT count(*) AS n FROM events WITH DATA;`;

const DEFAULTS = {
    stock: 3,
    stock_max: 64,
    kept: 100,
    max_age: "1 hour",
    grace: "30 seconds",
    makers: 4,
    template: "template0",
};

function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe.each([18, 17, 16, 15, 14])("fdw_stub on PostgreSQL %i", { timeout: 180_000 }, (major) => {
    let server: TestServer;
    let admin: Client;
    let started: TestServer | undefined;

    beforeAll(async () => {
        started = await TestServer.start(major, {
            settings: { devDatabase: DEV_DATABASE, stock: DEFAULTS.stock },
            // A checkpoint of the clock's would be taken for one of ours.
            server: { checkpoint_timeout: "1h" },
            inMemory: true,
        });
        if (started === undefined) {
            console.warn(`No image of PostgreSQL ${major} on this machine: its tests are skipped.`);
            return;
        }
        server = started;
        admin = await server.connect();
        await server.query("postgres", "CREATE DATABASE upstream_db");
        await server.query("upstream_db", "CREATE TABLE events AS SELECT generate_series(1, 3)::bigint AS id");
        await server.query("upstream_db", `GRANT SELECT ON events TO ${quoteIdent(STUB_USER.name)}`);
    }, 120_000);

    afterAll(async () => {
        await admin?.end().catch(() => undefined);
        await started?.remove();
    }, 60_000);

    beforeEach(async (context) => {
        if (started === undefined) {
            context.skip(`no image of PostgreSQL ${major} on this machine`);
        }
        // The stock grows by misses, and each test starts with the same.
        await admin.query("DELETE FROM fdw_stub.miss");
        await configure(DEFAULTS);
    });

    async function configure(settings: Partial<Record<keyof typeof DEFAULTS, string | number>>): Promise<void> {
        const names = Object.keys(settings);
        await admin.query(
            `SELECT fdw_stub.configure(${names.map((name, n) => `${name} => $${n + 1}`).join(", ")})`,
            Object.values(settings),
        );
    }

    async function exists(name: string): Promise<boolean> {
        return (await admin.query("SELECT FROM pg_database WHERE datname = $1", [name])).rowCount === 1;
    }

    async function roleExists(name: string): Promise<boolean> {
        return (await admin.query("SELECT FROM pg_roles WHERE rolname = $1", [name])).rowCount === 1;
    }

    describe("handing out", () => {
        test("gives a pristine database of the dev user's, each time another one", async () => {
            const names = [await freshDatabase(admin), await freshDatabase(admin)];
            expect(new Set(names).size).toBe(2);
            for (const name of names) {
                expect(await server.query(name, LEFT_OVER)).toEqual([]);
                expect(
                    await server.query(
                        name,
                        "SELECT pg_get_userbyid(datdba) AS owner, datallowconn, datistemplate FROM pg_database WHERE datname = current_database()",
                    ),
                ).toEqual([{ owner: DEV_USER, datallowconn: true, datistemplate: false }]);
                await server.query(name, "CREATE TABLE public.t (id int)");
            }
        });

        test("says who asked", async () => {
            const client = await server.connect();
            await client.query("SET application_name = 'o''neil; DROP'");
            const name = await freshDatabase(client);
            const { rows } = await client.query(
                "SELECT application_name, pid = pg_backend_pid() AS mine, handed_at > now() - interval '1 minute' AS lately FROM fdw_stub.database WHERE name = $1",
                [name],
            );
            await client.end();
            expect(rows).toEqual([{ application_name: "o'neil; DROP", mine: true, lately: true }]);
        });

        test("nobody can connect to what is in stock", async () => {
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBeGreaterThan(0);
            const { rows } = await admin.query<{ name: string }>(
                "SELECT name FROM fdw_stub.database WHERE state = 'ready' LIMIT 1",
            );
            await expect(server.connect(rows[0]?.name)).rejects.toThrow("not currently accepting connections");
        });

        test("a transaction that is rolled back hands out nothing", async () => {
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBeGreaterThan(0);
            const client = await server.connect();
            await client.query("BEGIN");
            const name = await freshDatabase(client);
            await client.query("ROLLBACK");
            await client.end();
            await expect(server.connect(name)).rejects.toThrow("not currently accepting connections");
            expect((await admin.query("SELECT state FROM fdw_stub.database WHERE name = $1", [name])).rows).toEqual([
                { state: "ready" },
            ]);
        });

        test("a caller that keeps its transaction open stops nobody", async () => {
            const client = await server.connect();
            await client.query("BEGIN");
            await freshDatabase(client);
            const names = await Promise.all(Array.from({ length: 6 }, () => command(server, "SELECT 1")));
            await client.query("ROLLBACK");
            await client.end();
            expect(new Set(names).size).toBe(6);
        });

        test.skipIf(major < 15)("waits for no checkpoint, even when the database is made on the spot", async () => {
            await configure({ stock: 0, stock_max: 0 });
            // The worker makes no other once it has dropped this one.
            await freshDatabase(admin);
            await dropAllHandedOut(admin);
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(0);
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
            const checkpoint = async () =>
                (await admin.query("SELECT checkpoint_lsn FROM pg_control_checkpoint()")).rows;
            const before = await checkpoint();
            await freshDatabase(admin);
            await freshDatabase(admin);
            expect(await checkpoint()).toEqual(before);
        });

        test("many callers at once, with next to nothing in stock and again with a full stock", async () => {
            // Most of it is the processor's work, and the same for each version.
            const callers = major === 18 ? 50 : 15;
            for (const round of ["empty", "full"]) {
                const names = await Promise.all(
                    Array.from({ length: callers }, () => command(server, "CREATE TABLE public.t (id int)")),
                );
                expect(new Set(names).size).toBe(callers);
                if (round === "empty") {
                    // It grows by those that found it empty.
                    const { rows } = await admin.query<{ n: number }>("SELECT count(*)::int AS n FROM fdw_stub.miss");
                    const grown = DEFAULTS.stock + (rows[0]?.n ?? 0);
                    expect(grown).toBeGreaterThan(DEFAULTS.stock);
                    await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(grown);
                } else {
                    await admin.query("DELETE FROM fdw_stub.miss");
                }
                await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
            }
            await dropAllHandedOut(admin);
        });

        test("a stock database that was dropped by hand is passed over", async () => {
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(DEFAULTS.stock);
            const { rows } = await admin.query<{ name: string }>(
                "SELECT name FROM fdw_stub.database WHERE state = 'ready'",
            );
            for (const { name } of rows) {
                await admin.query(`DROP DATABASE ${quoteIdent(name)}`);
            }
            expect(await server.query(await freshDatabase(admin), LEFT_OVER)).toEqual([]);
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
        });

        test("forgotten sessions in template1 and postgres are in nobody's way, and the template takes none", async () => {
            const forgotten = [await server.connect("template1"), await server.connect("postgres")];
            await expect(server.connect("template0")).rejects.toThrow("not currently accepting connections");
            await configure({ stock: 0, stock_max: 0 });
            const names = await Promise.all(Array.from({ length: 8 }, () => freshDatabaseAlone()));
            await Promise.all(forgotten.map((client) => client.end()));
            expect(new Set(names).size).toBe(8);
        });

        async function freshDatabaseAlone(): Promise<string> {
            const client = await server.connect();
            try {
                return await freshDatabase(client);
            } finally {
                await client.end();
            }
        }
    });

    describe("what stays and what goes", () => {
        test("a database that nobody has connected to yet stays, whatever the bound", async () => {
            await configure({ kept: 0, grace: "1 hour" });
            const name = await freshDatabase(admin);
            // The worker has been there when another one has gone.
            const used = await command(server, "SELECT 1");
            await expect.poll(() => exists(used), POLL).toBe(false);
            expect(await server.query(name, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
        });

        test("of unused leftovers the youngest stay, and what is in use", async () => {
            await dropAllHandedOut(admin);
            const used = await server.connect(await freshDatabase(admin));
            const names: string[] = [];
            for (let n = 0; n < 6; n++) {
                names.push(await command(server, "SELECT 1"));
            }
            await configure({ kept: 2 });
            await expect
                .poll(async () => Promise.all(names.map(exists)), POLL)
                .toEqual([false, false, false, false, true, true]);
            expect((await used.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
            await used.end();
        });

        test("a leftover that was never used goes after the grace period", async () => {
            await configure({ kept: 0, grace: "1 second" });
            const name = await freshDatabase(admin);
            await expect.poll(() => exists(name), POLL).toBe(false);
        });

        test("an old one goes even with somebody connected", async () => {
            const name = await freshDatabase(admin);
            const forgotten = await server.connect(name);
            await configure({ max_age: "1 second" });
            await expect.poll(() => exists(name), POLL).toBe(false);
            await expect(forgotten.query("SELECT 1")).rejects.toThrow();
        });

        test("a held one lives as long as its session, and not longer", async () => {
            const holder = await server.connect();
            const name = await freshDatabase(holder, { hold: true });
            await server.query(name, "SELECT 1");
            await configure({ kept: 0, grace: "1 second", max_age: "1 second" });
            const unheld = await freshDatabase(admin);
            await expect.poll(() => exists(unheld), POLL).toBe(false);
            expect(await exists(name)).toBe(true);
            await holder.end();
            await expect.poll(() => exists(name), POLL).toBe(false);
        });

        test("a held one is not taken for abandoned by a worker that looked before its session was there", async () => {
            const used = await server.connect(await freshDatabase(admin));
            const { rows } = await used.query<{ name: string }>("SELECT current_database() AS name");
            const blocker = await server.connect();
            await blocker.query("BEGIN");
            await blocker.query("SELECT FROM fdw_stub.database WHERE name = $1 FOR UPDATE", [rows[0]?.name]);
            const waiting = "SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
            await expect.poll(() => server.query("postgres", waiting), POLL).toEqual([{ n: 1 }]);
            const holder = await server.connect();
            const name = await freshDatabase(holder, { hold: true });
            await blocker.query("COMMIT");
            await blocker.end();
            const seen = async () =>
                (await admin.query("SELECT used_at FROM fdw_stub.database WHERE name = $1", [rows[0]?.name])).rows[0]
                    ?.used_at;
            const before = await seen();
            await expect.poll(seen, POLL).not.toEqual(before);
            expect(await server.query(name, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
            await holder.end();
            await used.end();
        });

        test("a held one goes with its session also when nobody calls for long, and then the worker rests", async () => {
            await dropAllHandedOut(admin);
            await admin.query("UPDATE fdw_stub.setting SET linger = '100 milliseconds'");
            try {
                const holder = await server.connect();
                const name = await freshDatabase(holder, { hold: true });
                await server.query(name, "SELECT 1");
                await sleep(1_000);
                expect(await freshStatus(admin)).toMatchObject({ working: true });
                await holder.end();
                await expect.poll(() => exists(name), POLL).toBe(false);
                await expect.poll(async () => (await freshStatus(admin)).working, POLL).toBe(false);
            } finally {
                await admin.query("UPDATE fdw_stub.setting SET linger = DEFAULT");
            }
        });

        test("the worker does not rest before it has seen what a caller leaves to it", async () => {
            await dropAllHandedOut(admin);
            await admin.query("UPDATE fdw_stub.setting SET linger = '100 milliseconds'");
            const caller = await server.connect();
            try {
                await expect.poll(async () => (await freshStatus(admin)).working, POLL).toBe(false);
                await caller.query("BEGIN");
                const name = await freshDatabase(caller, { hold: true });
                await expect.poll(async () => (await freshStatus(admin)).working, POLL).toBe(true);
                await sleep(1_000);
                expect(await freshStatus(admin)).toMatchObject({ working: true, out: 0 });
                await caller.query("COMMIT");
                await caller.end();
                await expect.poll(() => exists(name), POLL).toBe(false);
            } finally {
                await caller.end();
                await admin.query("UPDATE fdw_stub.setting SET linger = DEFAULT");
            }
        });

        test("one with a subscription goes too", async () => {
            const name = await command(
                server,
                "CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)",
            );
            await dropDatabase(admin, name);
            await expect.poll(() => exists(name), POLL).toBe(false);
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
        });

        test("drop_database closes it at once and can be repeated", async () => {
            const name = await freshDatabase(admin);
            const connected = await server.connect(name);
            expect(await dropDatabase(admin, name)).toBe(true);
            await expect(server.connect(name)).rejects.toThrow(/not currently accepting connections|does not exist/);
            await expect.poll(() => exists(name), POLL).toBe(false);
            expect(await dropDatabase(admin, name)).toBe(false);
            await expect(connected.query("SELECT 1")).rejects.toThrow();
        });

        test("the stock shrinks when less is wanted", async () => {
            await configure({ stock: 6 });
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(6);
            await configure({ stock: 1, stock_max: 1 });
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(1);
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
        });
    });

    describe("crashes", () => {
        test("callers that are killed while their database is made leave nothing half-made", async () => {
            await configure({ stock: 0, stock_max: 0 });
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(0);
            await Promise.all(
                Array.from({ length: 12 }, async (_, n) => {
                    const client = await server.connect();
                    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
                    const call = freshDatabase(client).catch(() => undefined);
                    await sleep(5 + n * 7);
                    await admin.query(`SELECT pg_${n % 2 === 0 ? "terminate" : "cancel"}_backend($1)`, [rows[0]?.pid]);
                    await call;
                    await client.end().catch(() => undefined);
                }),
            );
            await configure({ stock: 3, stock_max: 3 });
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
            expect(await server.query(await freshDatabase(admin), LEFT_OVER)).toEqual([]);
            const { rows } = await admin.query(
                "SELECT objid, count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1717860211 AND objid > 1 GROUP BY 1",
            );
            expect(rows).toEqual([]);
        });

        test("a worker that is killed is replaced at the next call", async () => {
            await configure({ stock: 12, stock_max: 12 });
            await freshDatabase(admin);
            await admin.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fdw_stub' AND pid <> pg_backend_pid()",
            );
            await sleep(200);
            await freshDatabase(admin);
            await expect.poll(async () => (await freshStatus(admin)).ready, POLL).toBe(12);
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
        });

        test("the extension finds what an earlier installation of it left", async () => {
            const left = await freshDatabase(admin);
            // The worker reads the tables that go: one of the two would be the victim of a deadlock.
            await admin.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fdw_stub' AND pid <> pg_backend_pid()",
            );
            await admin.query("DROP EXTENSION fdw_stub CASCADE");
            await admin.query("CREATE EXTENSION fdw_stub CASCADE");
            await expect.poll(() => exists(left), POLL).toBe(false);
            await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
        });
    });

    describe("roles", () => {
        const SCHEMA_WITH_ROLES = `
            CREATE ROLE app_owner LOGIN PASSWORD 'x';
            CREATE ROLE "App ""reader""" IN ROLE app_owner;
            CREATE SCHEMA app AUTHORIZATION app_owner;
            CREATE TABLE app.t (id int);
            ALTER TABLE app.t OWNER TO app_owner, ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON app.t TO "App ""reader""" USING (true);
            GRANT SELECT ON app.t TO "App ""reader""";
            ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT ON TABLES TO "App ""reader""";
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO app_owner', current_database()); END $$;
            DO $$ BEGIN EXECUTE format('ALTER ROLE app_owner IN DATABASE %I SET search_path = app', current_database()); END $$;
            GRANT CONNECT ON DATABASE postgres TO app_owner;
            ALTER ROLE app_owner SET work_mem = '8MB';
            GRANT ${STUB_USER.name} TO app_owner;`;

        test("what one command's schema created is in no other command's way", async () => {
            for (const _ of [1, 2, 3]) {
                await command(server, SCHEMA_WITH_ROLES);
            }
            await freshDatabase(admin);
            expect(await roleExists("app_owner")).toBe(false);
            await dropAllHandedOut(admin);
            await expect
                .poll(
                    async () => (await admin.query("SELECT rolname FROM pg_roles WHERE rolname ~ 'gone|app'")).rows,
                    POLL,
                )
                .toEqual([]);
            expect((await freshStatus(admin)).troubles).toEqual([]);
            expect(await roleExists(STUB_USER.name)).toBe(true);
        });

        test("a role of a command that runs stays, also without objects, and goes after it", async () => {
            const running = await server.connect(await freshDatabase(admin));
            await running.query("CREATE ROLE running_owner");
            await command(server, "CREATE ROLE other_owner");
            await freshDatabase(admin);
            expect(await roleExists("running_owner")).toBe(true);
            await running.query("CREATE SCHEMA app AUTHORIZATION running_owner");
            await running.end();
            await freshDatabase(admin);
            expect([await roleExists("running_owner"), await roleExists("other_owner")]).toEqual([false, false]);
        });

        test("a session that only idles since before does not keep roles of others", async () => {
            const forgotten = await server.connect(await freshDatabase(admin));
            const plain = await server.connect(DEV_DATABASE);
            await forgotten.query("SELECT 1");
            await plain.query("SELECT 1");
            await sleep(50);
            await command(server, "CREATE ROLE app_owner");
            await command(server, "CREATE ROLE app_owner");
            expect((await forgotten.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
            await forgotten.end();
            await plain.end();
        });

        test("a role that something outside uses stays", async () => {
            await server.query(DEV_DATABASE, "CREATE ROLE plain_owner; CREATE SCHEMA s AUTHORIZATION plain_owner");
            await freshDatabase(admin);
            expect(await roleExists("plain_owner")).toBe(true);
            await resetDevDatabase(admin);
            expect(await roleExists("plain_owner")).toBe(false);
        });

        test("roles that are declared later stay when they are made known", async () => {
            await admin.query("CREATE ROLE declared_now");
            await keepRoles(admin, ["declared_later"]);
            await admin.query("CREATE ROLE declared_later");
            await freshDatabase(admin);
            expect([await roleExists("declared_now"), await roleExists("declared_later")]).toEqual([true, true]);
        });

        test("settings and memberships of known roles are put back", async () => {
            await command(
                server,
                `
                ALTER ROLE ${quoteIdent(DEV_USER)} SET search_path = nowhere, "$user";
                ALTER ROLE ALL SET statement_timeout = '1ms';
                GRANT pg_monitor TO ${quoteIdent(STUB_USER.name)};`,
            );
            // The caller's own session has them; what it gets must not.
            const client = await server.connect();
            await client.query("SET statement_timeout = 0");
            const name = await freshDatabase(client);
            await client.end();
            expect(
                await server.query(
                    name,
                    "SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout",
                ),
            ).toEqual([{ path: '"$user", public', timeout: "0" }]);
            expect(
                await server.query(name, "SELECT pg_has_role($1, 'pg_monitor', 'member') AS member", [STUB_USER.name]),
            ).toEqual([{ member: false }]);
        });
    });

    describe("baseline", () => {
        test("fresh databases start from it, and a new one replaces it", async () => {
            for (const n of [1, 2]) {
                await admin.query("SELECT fdw_stub.set_baseline($1)", [
                    JSON.stringify([
                        { origin: "one.sql", line: 1, sql: "CREATE EXTENSION citext; SELECT 1, 2;" },
                        {
                            origin: "two.sql",
                            line: 1,
                            sql: `CREATE TABLE t (v citext DEFAULT 'it''s ${n}'); INSERT INTO t DEFAULT VALUES`,
                        },
                    ]),
                ]);
                for (const _ of [1, 2, 3, 4, 5]) {
                    expect(await server.query(await freshDatabase(admin), "SELECT v FROM public.t")).toEqual([
                        { v: `it's ${n}` },
                    ]);
                }
            }
            const templates = "SELECT datname AS name FROM pg_database WHERE datname ~ '_template_'";
            await expect.poll(async () => (await admin.query(templates)).rowCount, POLL).toBe(1);
            const { rows } = await admin.query<{ name: string }>(templates);
            await expect(server.connect(rows[0]?.name)).rejects.toThrow("not currently accepting connections");
        });

        test("a wrong one is an error that names the place, and leaves nothing", async () => {
            const templates = "SELECT datname FROM pg_database WHERE datistemplate ORDER BY 1";
            const before = (await admin.query(templates)).rows;
            await expect(
                admin.query("SELECT fdw_stub.set_baseline($1)", [
                    JSON.stringify([
                        { origin: "good.sql", line: 1, sql: "CREATE TABLE t (id int)" },
                        { origin: "it's.sql", line: 12, sql: "CREATE VIEW v AS SELECT nope FROM t" },
                    ]),
                ]),
            ).rejects.toThrow(
                `baseline it's.sql:12: column "nope" does not exist. The statement: CREATE VIEW v AS SELECT nope FROM t`,
            );
            expect((await admin.query(templates)).rows).toEqual(before);
            expect(await server.query(await freshDatabase(admin), LEFT_OVER)).toEqual([]);
        });

        test("one that fails only at the end of a file names the file", async () => {
            const sql = "CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO t VALUES (1), (1)";
            await expect(
                admin.query("SELECT fdw_stub.set_baseline($1)", [
                    JSON.stringify([
                        { origin: "late.sql", line: 1, sql },
                        { origin: "next.sql", line: 1, sql: "SELECT 1" },
                    ]),
                ]),
            ).rejects.toThrow("baseline late.sql: end: duplicate key value violates unique constraint");
        });

        test("what one of its files sets does not reach the next, and SET LOCAL reaches to the end of its own", async () => {
            await admin.query("SELECT fdw_stub.set_baseline($1)", [
                JSON.stringify([
                    { origin: "a.sql", line: 1, sql: "CREATE SCHEMA app" },
                    { origin: "a.sql", line: 2, sql: "SET LOCAL search_path = app" },
                    { origin: "a.sql", line: 3, sql: "CREATE TABLE a ()" },
                    { origin: "a.sql", line: 4, sql: "SET search_path = app" },
                    { origin: "b.sql", line: 1, sql: "CREATE TABLE b ()" },
                ]),
            ]);
            expect(
                await server.query(
                    await freshDatabase(admin),
                    "SELECT to_regclass('app.a') IS NOT NULL AS a, to_regclass('public.b') IS NOT NULL AS b",
                ),
            ).toEqual([{ a: true, b: true }]);
        });

        test("the dev database is empty after a reset all the same", async () => {
            await admin.query("SELECT fdw_stub.set_baseline($1)", [
                JSON.stringify([{ origin: "a.sql", line: 1, sql: "CREATE TABLE t ()" }]),
            ]);
            await resetDevDatabase(admin);
            expect(await server.query(DEV_DATABASE, LEFT_OVER)).toEqual([]);
        });

        test.each([
            ["nowhere", 'the template database "nowhere" does not exist'],
            ["template1", 'the template database "template1" allows connections'],
        ])("%s is no template", async (template, message) => {
            await expect(configure({ template })).rejects.toThrow(message);
        });
    });

    describe("reset", () => {
        test("makes the dev database pristine, keeps its owner and ends its sessions", async () => {
            await server.query(DEV_DATABASE, `ALTER DATABASE ${DEV_DATABASE} OWNER TO ${STUB_USER.name}`);
            const connected = await server.connect(DEV_DATABASE);
            await connected.query("CREATE SCHEMA s; CREATE EXTENSION postgres_fdw");
            expect(await resetDevDatabase(admin)).toBe(DEV_DATABASE);
            expect(await server.query(DEV_DATABASE, LEFT_OVER)).toEqual([]);
            await expect(connected.query("SELECT 1")).rejects.toThrow();
            expect(
                (
                    await admin.query("SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1", [
                        DEV_DATABASE,
                    ])
                ).rows,
            ).toEqual([{ owner: STUB_USER.name }]);
        });

        test("several at once all succeed", async () => {
            const clients = await Promise.all([1, 2, 3].map(() => server.connect()));
            await expect(Promise.all(clients.map((client) => resetDevDatabase(client)))).resolves.toEqual([
                DEV_DATABASE,
                DEV_DATABASE,
                DEV_DATABASE,
            ]);
            await Promise.all(clients.map((client) => client.end()));
            expect(await server.query(DEV_DATABASE, LEFT_OVER)).toEqual([]);
        });

        test.each(["upstream_db", "postgres", "fdw_stub", "template1", 'dev"; DROP DATABASE upstream_db; --'])(
            "refuses %s",
            async (name) => {
                await expect(admin.query("SELECT fdw_stub.reset($1)", [name])).rejects.toThrow(
                    "is not the dev database of fdw_stub",
                );
            },
        );
    });

    describe("who may, and what cannot be done", () => {
        test("other users are refused, and a grant by mistake gives them nothing", async () => {
            await expect(server.connect("fdw_stub", STUB_USER)).rejects.toThrow("permission denied for database");
            await admin.query(`GRANT CONNECT ON DATABASE fdw_stub TO ${STUB_USER.name}`);
            const reader = await server.connect("fdw_stub", STUB_USER);
            try {
                await expect(reader.query("SELECT fdw_stub.fresh_database()")).rejects.toThrow("permission denied");
                await admin.query(`GRANT USAGE ON SCHEMA fdw_stub TO ${STUB_USER.name}`);
                await expect(reader.query("SELECT fdw_stub.fresh_database()")).rejects.toThrow("permission denied");
                await admin.query(`GRANT ALL ON ALL ROUTINES IN SCHEMA fdw_stub TO ${STUB_USER.name}`);
                await admin.query(`GRANT ALL ON ALL TABLES IN SCHEMA fdw_stub TO ${STUB_USER.name}`);
                for (const call of [
                    "fresh_database()",
                    "desired_database('CREATE ROLE evil SUPERUSER')",
                    "plan_databases('CREATE ROLE evil SUPERUSER')",
                    "reset()",
                    "keep_roles()",
                    "_connect('c', 'postgres')",
                    `set_baseline('[{"origin": "o", "line": 1, "sql": "CREATE ROLE evil SUPERUSER"}]')`,
                ]) {
                    await expect(reader.query(`SELECT fdw_stub.${call}`)).rejects.toThrow(
                        /permission denied|must be|not allowed|password|cannot open a session/i,
                    );
                }
                expect(await roleExists("evil")).toBe(false);
            } finally {
                await reader.end();
                await admin.query(`REVOKE ALL ON ALL ROUTINES IN SCHEMA fdw_stub FROM ${STUB_USER.name}`);
                await admin.query(`REVOKE ALL ON ALL TABLES IN SCHEMA fdw_stub FROM ${STUB_USER.name}`);
                await admin.query(`REVOKE ALL ON SCHEMA fdw_stub FROM ${STUB_USER.name}`);
                await admin.query(`REVOKE ALL ON DATABASE fdw_stub FROM ${STUB_USER.name}`);
            }
        });

        test("nothing in the extension's schema is open to PUBLIC", async () => {
            const { rows } = await admin.query(`
                SELECT proname FROM pg_proc WHERE pronamespace = 'fdw_stub'::regnamespace
                    AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0) OR prosecdef)
                    AND proname <> 'dblink_connect_u'`);
            expect(rows).toEqual([]);
        });

        test.each([
            "upstream_db",
            DEV_DATABASE,
            "fdw_stub",
            "template0",
            'x"; CREATE ROLE evil; --',
            "x'; CREATE ROLE evil; --",
            "",
        ])("drop_database touches only its own: %j", async (name) => {
            if (await exists(name)) {
                await expect(dropDatabase(admin, name)).rejects.toThrow(
                    `database "${name}" was not handed out by fdw_stub`,
                );
                expect(await exists(name)).toBe(true);
            } else {
                expect(await dropDatabase(admin, name)).toBe(false);
            }
            expect(await roleExists("evil")).toBe(false);
        });

        test.each<[string, string | number]>([
            ["stock", -1],
            ["kept", 5000],
            ["max_age", "-1 hour"],
            ["grace", "0"],
            ["makers", 0],
            ["strategy", "x ALLOW_CONNECTIONS true"],
            ["dev_database", "fdw_stub"],
            ["dev_database", "template0"],
        ])("configure refuses %s = %j", async (name, value) => {
            await expect(admin.query(`SELECT fdw_stub.configure(${name} => $1)`, [value])).rejects.toThrow(
                /violates check constraint|cannot be the dev database/,
            );
        });

        test("functions of the extension see no schema but pg_catalog, whatever the caller's search_path", async () => {
            const { rows } = await admin.query(`
                SELECT proname FROM pg_proc
                WHERE pronamespace = 'fdw_stub'::regnamespace AND proname !~ '^dblink'
                    AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)`);
            // A procedure that commits can have no settings; its session is started with them.
            expect(rows).toEqual([{ proname: "_work" }]);
        });

        test("no password stands in any table of the maintenance database", async () => {
            await freshDatabase(admin);
            const secret = new URL(server.url("fdw_stub")).password;
            const { rows } = await admin.query(
                `SELECT c.oid::regclass::text AS place, query_to_xml('SELECT * FROM ' || c.oid::regclass, true, true, '')::text AS content
                 FROM pg_class AS c
                 WHERE c.relkind = 'r' AND c.relnamespace IN ('fdw_stub'::regnamespace, 'pg_catalog'::regnamespace)`,
            );
            expect(rows.length).toBeGreaterThan(50);
            expect(rows.filter(({ content }) => String(content).includes(secret)).map(({ place }) => place)).toEqual(
                [],
            );
        });
    });

    describe("the FDW scenario", () => {
        test("twice in a row", async () => {
            for (const _ of [1, 2]) {
                const name = await command(server, FDW_SCHEMA);
                expect(await server.query(name, "SELECT n::int FROM event_count")).toEqual([{ n: 3 }]);
            }
        });

        test("in parallel", async () => {
            const names = await Promise.all([1, 2, 3, 4].map(() => command(server, FDW_SCHEMA)));
            for (const name of names) {
                expect(await server.query(name, "SELECT n::int FROM event_count")).toEqual([{ n: 3 }]);
            }
        });
    });

    test("the server saw no deadlock and no panic", async () => {
        expect(await fatalLines(server)).toEqual([]);
    });
});
