import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { desiredDatabase, dropDatabase, freshDatabase, freshStatus } from "../../../sql/fresh";
import { parseStatements } from "../../../upstreams/parsed";
import { fatalLines, POLL } from "./handed-out";
import { DEV_DATABASE, STUB_USER, TestServer } from "./server";

const EXAMPLES = join(__dirname, "../../../examples");

const SCHEMA = `
CREATE ROLE app_reader;
CREATE TABLE users (id bigint PRIMARY KEY);
GRANT SELECT ON users TO app_reader;
`;

/** What the parser cuts too, and cannot be compared: no SQL, or rows in the middle. */
const SPECIAL = /^\\|^COPY .* FROM stdin|\$\{|\{\{|\{%|<%|:'|:"|%\(/im;

describe.each([18, 17, 16, 15, 14])("the desired schema on PostgreSQL %i", { timeout: 180_000 }, (major) => {
    let server: TestServer;
    let admin: Client;
    let started: TestServer | undefined;

    beforeAll(async () => {
        started = await TestServer.start(major, {
            settings: { devDatabase: DEV_DATABASE, stock: 6, kept: 100 },
            inMemory: true,
        });
        if (started !== undefined) {
            server = started;
            admin = await server.connect();
        }
    }, 120_000);

    afterAll(async () => {
        await admin?.end().catch(() => undefined);
        await started?.remove();
    }, 60_000);

    beforeEach((context) => {
        if (started === undefined) {
            context.skip(`no image of PostgreSQL ${major} on this machine`);
        }
    });

    async function cut(sql: string): Promise<Array<{ line: number; statement: string }>> {
        const { rows } = await admin.query<{ line: number; statement: string }>(
            "SELECT line, statement FROM fdw_stub._split($1)",
            [sql],
        );
        return rows.map(({ line, statement }) => ({ line, statement: statement.trimEnd() }));
    }

    /** Asks as Atlas does: a session that ends, and one text. */
    async function asked(query: string, values: readonly unknown[]): Promise<string> {
        const [row] = await server.query("fdw_stub", `SELECT ${query} AS name`, values);
        return String(row?.name);
    }

    const desired = (text: string) => asked("fdw_stub.desired_database($1)", [text]);
    const beside = (name: string) => asked("fdw_stub.fresh_database(beside => $1)", [name]);

    async function roles(): Promise<string[]> {
        const { rows } = await admin.query<{ rolname: string }>(
            "SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname NOT IN ($1) AND rolname !~ '^fdw_stub_gone_' ORDER BY 1",
            [STUB_USER.name],
        );
        return rows.map(({ rolname }) => rolname);
    }

    async function out(): Promise<string[]> {
        const { rows } = await admin.query<{ name: string }>("SELECT name FROM fdw_stub.database WHERE state = 'out'");
        return rows.map(({ name }) => name);
    }

    describe("is cut into statements", () => {
        test("as PostgreSQL's own parser cuts the example schemas", async () => {
            const files = readdirSync(EXAMPLES, { recursive: true })
                .map((file) => join(EXAMPLES, String(file)))
                .filter((file) => file.endsWith(".sql"));
            let compared = 0;
            for (const file of files) {
                const sql = readFileSync(file, "utf8");
                const parsed = SPECIAL.test(sql)
                    ? undefined
                    : await parseStatements({ origin: file, line: 1, sql }).catch(() => undefined);
                if (parsed !== undefined) {
                    const found = await cut(sql);
                    expect({ file, statements: found.map(({ statement }) => statement) }).toEqual({
                        file,
                        // The parser leaves comments that stand before a statement.
                        statements: parsed.map((each) =>
                            each.sql.replace(/^(?:\s+|--.*|\/\*[\s\S]*?\*\/)+/, "").trimEnd(),
                        ),
                    });
                    compared += 1;
                }
            }
            expect(compared).toBeGreaterThan(30);
        });

        test("whatever stands in quotes, comments and parentheses", async () => {
            const constant = fc.constantFrom(
                "';'",
                "'it''s; '",
                "E'\\'; \\\\'",
                '"a;""b"',
                "$$; ' -- \" /* $$",
                "$tag$ $$;$$ ' $tag$",
                "/* ; ' /* nested */ $$ */ 1",
                "-- ; ' $$ \"\n 2",
                "a$b$c",
                "1 - -2 / 3 * 4",
                "date '2020-01-01'",
                "(SELECT ';')",
            );
            const statement = fc.oneof(
                fc.array(constant, { minLength: 1, maxLength: 5 }).map((list) => `SELECT ${list.join(", ")}`),
                fc.constantFrom(
                    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (';'); DELETE FROM v)",
                    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT ';'; END",
                    "DO $do$ BEGIN PERFORM 'x;'; END $do$",
                ),
            );
            const between = fc.constantFrom(";", "; ", ";\n\n", ";\n-- it's; a comment\n", "; /* it's;\n */ ", ";;\n");
            await fc.assert(
                fc.asyncProperty(fc.array(fc.tuple(statement, between), { maxLength: 6 }), async (list) => {
                    const found = await cut(list.map((pair) => pair.join("")).join(""));
                    expect(found.map((each) => each.statement)).toEqual(list.map(([each]) => each));
                }),
                { numRuns: 150 },
            );
        });

        test("with the line on which each begins", async () => {
            const text = "\uFEFF-- one\n/* two\nthree */ SELECT\n 4;\n\n  SELECT '\n'; SELECT 7 -- open";
            expect((await cut(text)).map(({ line }) => line)).toEqual([3, 6, 7]);
        });
    });

    describe("runs", () => {
        test("each statement for itself, whatever it returns", async () => {
            const name = await desired(`
                SELECT 1, 2; VALUES ('a'); SHOW search_path; EXPLAIN SELECT 1;
                CREATE TYPE mood AS ENUM ('a'); ALTER TYPE mood ADD VALUE 'b'; CREATE TABLE t (m mood DEFAULT 'b');
                CREATE INDEX CONCURRENTLY i ON t (m); VACUUM t;
                BEGIN; CREATE TABLE rolled_back (); ROLLBACK;
                \\restrict x
                BEGIN; CREATE TABLE left_open ();`);
            const tables = () =>
                server.query(
                    name,
                    "SELECT schemaname || '.' || tablename AS t FROM pg_tables WHERE schemaname !~ '^pg_|^inf' ORDER BY 1",
                );
            expect(await tables()).toEqual([{ t: "public.left_open" }, { t: "public.t" }]);
        });

        test("in an order, in one session, and as the session that asks finds names", async () => {
            const name = await desiredDatabase(admin, [
                { origin: "a.sql", line: 1, sql: "CREATE SCHEMA app; SET search_path = app" },
                { origin: "b.sql", line: 1, sql: "CREATE TABLE t ()" },
            ]);
            expect(await server.query(name, "SELECT 'app.t'::regclass::text AS t")).toEqual([{ t: "app.t" }]);
            const elsewhere = new Client({
                connectionString: `${server.url("fdw_stub")}&options=-csearch_path%3Dpg_temp`,
            });
            await elsewhere.connect();
            try {
                await desiredDatabase(elsewhere, [
                    { origin: "a.sql", line: 1, sql: "CREATE TABLE t (); SELECT 'pg_temp.t'::regclass" },
                ]);
            } finally {
                await elsewhere.end();
            }
        });
    });

    describe("is an error", () => {
        test.each([
            [
                "CREATE TABLE a ();\n\nSELECT\n  nope;",
                'line 4: column "nope" does not exist. The statement: SELECT\n  nope',
            ],
            ["SELECT 1;\nSELECT 1 / 0;", "line 2: division by zero. The statement: SELECT 1 / 0"],
            ["CREATE TABL x;", 'line 1: syntax error at or near "TABL"'],
            ["SELECT 'open;\nSELECT 2;", "line 1: unterminated quoted string"],
            ["SELECT 1;\n\\connect other\n", "line 2: this is a command of psql"],
            ["COPY t FROM stdin;\n1\n\\.\n", "line 1: COPY FROM STDIN has no place in a schema"],
            ["CREATE DATABASE x", "line 1: a statement about databases has no place"],
            [
                "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'no.such.host.invalid');\nCREATE USER MAPPING FOR CURRENT_USER SERVER s; CREATE FOREIGN TABLE f () SERVER s;\nCREATE TABLE m AS TABLE f",
                /line 3: could not connect to server "s" \(could not translate host name/,
            ],
        ])("with its line and PostgreSQL's message, and leaves nothing: %j", async (text, message) => {
            const before = await out();
            await expect(desired(text)).rejects.toThrow(message);
            expect(await out()).toEqual(before);
        });

        test("names the file, and the line counts from the piece's own", async () => {
            const pieces = [
                { origin: "a.sql", line: 1, sql: "CREATE TABLE a ()" },
                { origin: "b's.sql", line: 7, sql: "SELECT 1;\nSELECT nope" },
            ];
            await expect(desiredDatabase(admin, pieces)).rejects.toThrow("desired schema, b's.sql:8: column");
        });

        test("without the passwords in the statement", async () => {
            const error = await desired(
                "CREATE USER MAPPING FOR nobody SERVER s OPTIONS (user 'u', password 'gehe''im')",
            ).catch(String);
            expect(error).toContain('role "nobody" does not exist. The statement: CREATE USER MAPPING');
            expect(error).not.toContain("gehe");
        });

        test.each([["[]"], ['[{"origin": "a.sql"}]']])(
            "when no file was found, because everything would be dropped: %s",
            async (pieces) => {
                await expect(asked("fdw_stub.desired_database($1::jsonb)", [pieces])).rejects.toThrow(
                    "no file of the desired schema was found",
                );
            },
        );

        test("when what a database is to be beside holds no schema", async () => {
            const plain = await freshDatabase(admin);
            await expect(beside(plain)).rejects.toThrow(`database "${plain}" does not hold a desired schema`);
            await expect(beside("nope")).rejects.toThrow('database "nope" does not hold a desired schema');
        });
    });

    describe("creates roles", () => {
        test("whose names are free at once, for what comes beside it and for the next", async () => {
            for (const _ of [1, 2]) {
                const name = await desired(SCHEMA);
                expect(await roles()).toEqual([]);
                const dev = await beside(name);
                await server.query(dev, SCHEMA);
                expect(await server.query(name, "SELECT count(*)::int AS n FROM users")).toEqual([{ n: 0 }]);
            }
            expect(await roles()).toEqual(["app_reader"]);
        });

        test("that another command at work does not keep", async () => {
            const busy = await freshDatabase(admin);
            const session = await server.connect(busy);
            await session.query("SELECT 1");
            for (const _ of [1, 2]) {
                await server.query(await beside(await desired(SCHEMA)), SCHEMA);
            }
            await session.end();
        });

        test("also when it fails half-way", async () => {
            await expect(desired(`${SCHEMA} SELECT 1 / 0`)).rejects.toThrow("division by zero");
            expect(await roles()).not.toContain("app_reader");
        });

        test("and only those: one that is only mentioned, and one of an odd name", async () => {
            // Of a command that runs, which keeps it.
            const session = await server.connect(await freshDatabase(admin));
            await session.query("CREATE ROLE mentioned");
            await desired(`GRANT mentioned TO CURRENT_USER; CREATE ROLE "O'Neil ""x"" é"; CREATE USER "Upper"`);
            expect((await roles()).filter((name) => name !== "app_reader")).toEqual(["mentioned"]);
            await session.end();
        });

        test("ten at once, each with the same role on both sides", async () => {
            const plans = await Promise.all(
                Array.from({ length: 10 }, async () => {
                    const name = await desired(SCHEMA);
                    const dev = await beside(name);
                    await server.query(dev, SCHEMA);
                    return [name, dev];
                }),
            );
            expect(new Set(plans.flat()).size).toBe(20);
        });
    });

    // Who waits where nobody should waits for ever.
    describe("takes turns with others that create roles", { timeout: 60_000 }, () => {
        const SETTINGS = ["turn_begin", "turn_silence", "turn_max"] as const;
        const sessions: Client[] = [];

        beforeEach(async () => {
            // Only what a test shortens is let pass by a clock.
            await set({ turn_begin: "1 hour", turn_silence: "1 hour", turn_max: "1 hour" });
        });

        afterEach(async () => {
            await Promise.all(sessions.splice(0).map((client) => client.end().catch(() => undefined)));
            await admin.query(`UPDATE fdw_stub.setting SET ${SETTINGS.map((name) => `${name} = DEFAULT`).join(", ")}`);
            for (const name of await out()) {
                await dropDatabase(admin, name);
            }
        });

        async function set(values: Partial<Record<(typeof SETTINGS)[number], string>>): Promise<void> {
            for (const [name, value] of Object.entries(values)) {
                await admin.query(`UPDATE fdw_stub.setting SET ${name} = $1`, [value]);
            }
        }

        async function session(database?: string): Promise<Client> {
            const client = await server.connect(database);
            sessions.push(client);
            return client;
        }

        async function pidOf(client: Client): Promise<number> {
            const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
            return rows[0]?.pid ?? 0;
        }

        /** What a command takes whose schema creates the role. */
        async function taken(role: string): Promise<{ to: string; dev: string }> {
            const to = await desired(`CREATE ROLE ${role}`);
            return { to, dev: await beside(to) };
        }

        /** Whether something has come to its end, and how it did. */
        function watched<T>(work: Promise<T>): { done: () => boolean; result: Promise<T | string> } {
            let done = false;
            const result = work.catch(String).finally(() => {
                done = true;
            });
            return { done: () => done, result };
        }

        /** Returns when so many wait for an advisory lock with one key, or when `done` says that nobody will. */
        async function waiting(key: number, done: () => boolean): Promise<void> {
            const waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = $1";
            await expect.poll(async () => done() || (await admin.query(waits, [key])).rowCount === 1, POLL).toBe(true);
        }

        /** Returns when the next in turn has looked once more at what others do, and has not gone on. */
        async function stillWaits(next: { done: () => boolean }): Promise<void> {
            for (const _ of [1, 2]) {
                const { rows } = await admin.query<{ began: Date }>("SELECT clock_timestamp() AS began");
                const slept = `SELECT FROM pg_stat_activity WHERE query LIKE '%desired_database%' AND pid <> pg_backend_pid()
                    AND wait_event = 'PgSleep' AND $1 < clock_timestamp() - interval '50 milliseconds'`;
                await expect
                    .poll(async () => next.done() || (await admin.query(slept, [rows[0]?.began])).rowCount === 1, POLL)
                    .toBe(true);
            }
            expect(next.done()).toBe(false);
        }

        describe.each([
            ["before", "PERFORM pg_advisory_lock(4711), pg_advisory_unlock(4711); RETURN fdw_stub._begun_really();"],
            [
                "after",
                "seen := fdw_stub._begun_really(); PERFORM pg_advisory_lock(4711), pg_advisory_unlock(4711); RETURN seen;",
            ],
        ])("when the first session of a command begins", (when, body) => {
            test(`just ${when} the next in turn looks who has begun`, async () => {
                const { dev } = await taken("gap");
                await admin.query("ALTER FUNCTION fdw_stub._begun() RENAME TO _begun_really");
                await admin.query(
                    `CREATE FUNCTION fdw_stub._begun() RETURNS text[] LANGUAGE plpgsql AS 'DECLARE seen text[]; BEGIN ${body} END'`,
                );
                try {
                    await admin.query("SELECT pg_advisory_lock(4711)");
                    const next = watched(desired("CREATE ROLE gap"));
                    await waiting(4711, next.done);
                    const command = await session(dev);
                    await command.query("SELECT 1");
                    // It goes on, and is held where it looks for the second time.
                    await admin.query("SELECT pg_advisory_unlock(4711)");
                    await admin.query("SELECT pg_advisory_lock(4711)");
                    await waiting(4711, next.done);
                    expect(next.done()).toBe(false);
                    await command.query("CREATE ROLE gap");
                    await command.query("GRANT gap TO CURRENT_USER");
                    await command.end();
                    await admin.query("SELECT pg_advisory_unlock(4711)");
                    expect(await next.result).toMatch(/^fdw_stub_/);
                } finally {
                    await admin.query("SELECT pg_advisory_unlock_all()");
                    await admin.query("DROP FUNCTION fdw_stub._begun()");
                    await admin.query("ALTER FUNCTION fdw_stub._begun_really() RENAME TO _begun");
                }
            });
        });

        test("a command that works keeps it to its last session, and those without roles pass", async () => {
            const { to, dev } = await taken("gap");
            const command = await session(dev);
            const next = watched(taken("gap"));
            await stillWaits(next);
            // Who creates no roles does not even wait for those that wait.
            await beside(await desired("CREATE TABLE t ()"));
            await freshDatabase(admin);
            await command.query("CREATE ROLE gap");
            const other = await session(to);
            await command.end();
            await stillWaits(next);
            await other.end();
            expect(await next.result).toMatchObject({ dev: expect.stringMatching(/^fdw_stub_/) });
        });

        test("one that has only looked at the desired schema has ended, and its database stays", async () => {
            const { to, dev } = await taken("gap");
            await server.query(to, "SELECT 1");
            await taken("gap");
            await server.query(dev, "SELECT 1");
        });

        test("one that comes too late finds its database gone, unless it comes just then", async () => {
            const { dev } = await taken("gap");
            const command = await session(dev);
            expect((await admin.query("SELECT fdw_stub._drop_late($1) AS gone", [dev])).rows).toEqual([
                { gone: false },
            ]);
            await command.query("CREATE ROLE gap");
            await command.end();
            const { dev: late } = await taken("gap");
            await set({ turn_begin: "1 millisecond" });
            await taken("gap");
            await expect(server.connect(late)).rejects.toThrow("does not exist");
            const known = "SELECT FROM fdw_stub.database WHERE name = $1";
            expect((await admin.query(known, [late])).rowCount).toBe(0);
        });

        test("one whose session only idles loses it, and its role is in the way until it leaves", async () => {
            await set({ turn_silence: "300 milliseconds" });
            const { dev } = await taken("idler");
            const command = await session(dev);
            await command.query("CREATE ROLE idler");
            await expect(desired("CREATE ROLE idler")).rejects.toThrow('line 1: role "idler" already exists');
            await command.end();
            await expect.poll(() => desired("CREATE ROLE idler").catch(String), POLL).toMatch(/^fdw_stub_/);
        });

        test("one with a session that holds its databases may begin late and be silent, and ends with it", async () => {
            await set({ turn_begin: "1 millisecond" });
            const holder = await session();
            const to = await desiredDatabase(holder, [{ origin: "a.sql", line: 1, sql: "CREATE ROLE gap" }], {
                hold: true,
            });
            const dev = await freshDatabase(holder, { hold: true, beside: to });
            const next = watched(desired("CREATE ROLE gap"));
            await stillWaits(next);
            await server.query(dev, "CREATE ROLE gap");
            await stillWaits(next);
            await server.query(dev, "GRANT gap TO CURRENT_USER");
            await holder.end();
            expect(await next.result).toMatch(/^fdw_stub_/);
        });

        test("after a while the next goes on all the same", async () => {
            await set({ turn_max: "100 milliseconds" });
            const { dev } = await taken("gap");
            const command = await session(dev);
            await command.query("CREATE ROLE gap");
            await taken("another");
            await expect(desired("CREATE ROLE gap")).rejects.toThrow('role "gap" already exists');
            await command.query("GRANT gap TO CURRENT_USER");
        });

        test("a caller that keeps its transaction open is passed", async () => {
            await set({ turn_begin: "300 milliseconds" });
            const open = await session();
            await open.query("BEGIN");
            await open.query("SELECT fdw_stub.plan_databases('CREATE ROLE gap')");
            await taken("gap");
            await open.query("ROLLBACK");
        });

        test("one whose database goes while the next runs its schema takes no role of that along", async () => {
            const { dev } = await taken("gap");
            await server.query(dev, "CREATE ROLE gap");
            const next = watched(desired("CREATE ROLE gap; SELECT pg_sleep(1); GRANT gap TO CURRENT_USER"));
            // The first one is set aside by then: the row of the second has another oid.
            await expect
                .poll(
                    () => server.query("postgres", "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1)'"),
                    POLL,
                )
                .toHaveLength(1);
            expect(await roles()).toEqual(["gap"]);
            expect(await dropDatabase(admin, dev)).toBe(true);
            expect(await next.result).toMatch(/^fdw_stub_/);
        });

        test("the record of one stays until its roles are free, whoever is in the way", async () => {
            const busy = await session(await freshDatabase(admin));
            await busy.query("BEGIN");
            const { dev } = await taken("gap");
            await server.query(dev, "CREATE ROLE gap");
            const other = await session();
            await other.query("BEGIN");
            await other.query("SELECT pg_advisory_xact_lock(1717860211, 3)");
            await dropDatabase(admin, dev);
            await new Promise((resolve) => setTimeout(resolve, 700));
            expect(await roles()).toEqual(["gap"]);
            await other.query("ROLLBACK");
            await desired("CREATE ROLE gap");
            await expect.poll(roles, POLL).toEqual([]);
        });

        /** How a caller goes; the last is what the server sees of a process that is killed. */
        const ENDS: Readonly<Record<string, (client: Client, pid: number) => Promise<unknown>>> = {
            "is terminated": (_, pid) => admin.query("SELECT pg_terminate_backend($1)", [pid]),
            "is cancelled": (_, pid) => admin.query("SELECT pg_cancel_backend($1)", [pid]),
            "is killed": (client) => Promise.resolve(client.connection.stream.destroy()),
        };

        test.each(Object.entries(ENDS))("one that %s while its schema runs is in nobody's way", async (_, end) => {
            const before = new Set(await out());
            const client = await session();
            const pid = await pidOf(client);
            const asking = watched(
                client.query("SELECT fdw_stub.desired_database('CREATE ROLE slow; SELECT pg_sleep(600)', true)"),
            );
            await expect.poll(roles, POLL).toContain("slow");
            const next = watched(taken("slow"));
            await end(client, pid);
            expect(await asking.result).toMatch(/terminat|cancel/);
            const { to, dev } = z.object({ to: z.string(), dev: z.string() }).parse(await next.result);
            await server.query(dev, "CREATE ROLE slow");
            await expect
                .poll(
                    async () => (await out()).filter((name) => !before.has(name) && name !== to && name !== dev),
                    POLL,
                )
                .toEqual([]);
        });

        test.each(Object.entries(ENDS))("one that %s while it waits leaves the queue", async (_, end) => {
            const { dev } = await taken("gap");
            const command = await session(dev);
            const first = await session();
            const pid = await pidOf(first);
            const asking = watched(first.query("SELECT fdw_stub.plan_databases('CREATE ROLE gap')"));
            await expect
                .poll(() => admin.query("SELECT FROM pg_locks WHERE pid = $1 AND objid = 5 AND granted", [pid]), POLL)
                .toMatchObject({ rowCount: 1 });
            const next = watched(taken("gap"));
            await waiting(5, next.done);
            await end(first, pid);
            expect(await asking.result).toMatch(/terminat|cancel/);
            // The one behind it has come up.
            const holds = "SELECT FROM pg_locks WHERE pid <> $1 AND locktype = 'advisory' AND objid = 5 AND granted";
            await expect.poll(async () => (await admin.query(holds, [pid])).rowCount, POLL).toBe(1);
            await command.query("CREATE ROLE gap");
            await command.end();
            expect(await next.result).toMatchObject({ dev: expect.stringMatching(/^fdw_stub_/) });
        });
    });

    test("comes with an empty database beside it, from one call", async () => {
        const rows = await server.query("fdw_stub", "SELECT fdw_stub.plan_databases($1) AS name", [SCHEMA]);
        const [to = "", dev = ""] = rows.map(({ name }) => String(name));
        expect(rows).toHaveLength(2);
        expect(await server.query(to, "SELECT count(*)::int AS n FROM users")).toEqual([{ n: 0 }]);
        await server.query(dev, SCHEMA);
    });

    describe("stays", () => {
        test("as long as any database that was handed out, and not longer", async () => {
            const name = await desired("CREATE TABLE t ()");
            const { rows } = await admin.query(
                "SELECT state, held, used_at, desired FROM fdw_stub.database WHERE name = $1",
                [name],
            );
            expect(rows).toEqual([{ state: "out", held: false, used_at: null, desired: true }]);
            await admin.query("SELECT fdw_stub.configure(kept => 0, grace => '1 second')");
            await expect.poll(out, POLL).not.toContain(name);
            await admin.query("SELECT fdw_stub.configure(kept => 100, grace => '30 seconds')");
        });

        test("while its command is in the other database, and both go together", async () => {
            await admin.query("SELECT fdw_stub.configure(kept => 0, grace => '1 second')");
            const rows = await server.query("fdw_stub", "SELECT fdw_stub.plan_databases($1) AS name", [SCHEMA]);
            const [to = "", dev = ""] = rows.map(({ name }) => String(name));
            await server.query(to, "SELECT 1");
            const command = await server.connect(dev);
            await new Promise((resolve) => setTimeout(resolve, 3_500));
            expect(await out()).toEqual(expect.arrayContaining([to, dev]));
            await command.end();
            await expect.poll(out, POLL).not.toEqual(expect.arrayContaining([to]));
            await expect.poll(out, POLL).not.toEqual(expect.arrayContaining([dev]));
            await admin.query("SELECT fdw_stub.configure(kept => 100, grace => '30 seconds')");
        });

        test("with the session that holds it", async () => {
            const holder = await server.connect();
            const name = await desiredDatabase(holder, [{ origin: "a.sql", line: 1, sql: "CREATE TABLE t ()" }], {
                hold: true,
            });
            await new Promise((resolve) => setTimeout(resolve, 1_000));
            expect(await out()).toContain(name);
            await holder.end();
            await expect.poll(out, POLL).not.toContain(name);
        });
    });

    test("everything goes in the end, and the server saw no deadlock", async () => {
        for (const name of await out()) {
            await dropDatabase(admin, name);
        }
        await expect.poll(out, POLL).toEqual([]);
        await expect.poll(roles, POLL).toEqual([]);
        expect((await freshStatus(admin)).troubles).toEqual([]);
        expect(await fatalLines(server)).toEqual([]);
    });
});
