import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { desiredDatabase, dropDatabase, freshDatabase, freshStatus } from "../../../sql/fresh";
import { parseStatements } from "../../../upstreams/parsed";
import { DEV_DATABASE, STUB_USER, TestServer } from "./server";

const POLL = { timeout: 60_000, interval: 100 };

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
        started = await TestServer.start(major, { settings: { devDatabase: DEV_DATABASE, stock: 6, kept: 100 } });
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

        test("a session that idles in its database is not waited for", async () => {
            const dev = await beside(await desired(SCHEMA.replaceAll("app_reader", "idler")));
            const session = await server.connect(dev);
            await session.query("CREATE ROLE idler");
            await new Promise((resolve) => setTimeout(resolve, 10_500));
            const began = Date.now();
            await expect(desired("CREATE ROLE idler")).rejects.toThrow('line 1: role "idler" already exists');
            expect(Date.now() - began).toBeLessThan(20_000);
            await session.end();
            await expect.poll(() => desired("CREATE ROLE idler").catch(String), POLL).toMatch(/^fdw_stub_/);
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
            await admin.query("SELECT fdw_stub.configure(kept => 0, grace => '2 seconds')");
            await expect.poll(out, POLL).not.toContain(name);
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

        test("not when its caller is killed or gives up half-way", async () => {
            const before = new Set(await out());
            for (const end of ["pg_terminate_backend", "pg_cancel_backend"]) {
                const client = await server.connect();
                const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
                const asking = client
                    .query("SELECT fdw_stub.desired_database('CREATE ROLE slow; SELECT pg_sleep(60)', true)")
                    .catch(String);
                await expect.poll(roles, POLL).toContain("slow");
                await admin.query(`SELECT ${end}($1)`, [rows[0]?.pid]);
                await expect(asking).resolves.toMatch(/terminat|cancel/);
                await client.end().catch(() => undefined);
                await expect.poll(async () => (await out()).filter((name) => !before.has(name)), POLL).toEqual([]);
                await expect
                    .poll(
                        () =>
                            desired("CREATE ROLE slow")
                                .then((name) => dropDatabase(admin, name))
                                .catch(String),
                        POLL,
                    )
                    .toBe(true);
            }
        });
    });

    test("everything goes in the end, and the server saw no deadlock", async () => {
        for (const name of await out()) {
            await dropDatabase(admin, name);
        }
        await expect.poll(out, POLL).toEqual([]);
        await expect.poll(roles, POLL).toEqual([]);
        expect((await freshStatus(admin)).troubles).toEqual([]);
        const lines = (await server.log()).split("\n").filter((line) => /PANIC|deadlock detected/.test(line));
        expect(lines).toEqual([]);
    });
});
