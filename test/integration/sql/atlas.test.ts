import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ATLAS_FILE, atlasConfiguration, findLayout } from "../../../cli/atlas";
import { desiredDatabase, freshDatabase } from "../../../sql/fresh";
import { inspected, replayAtlas } from "./atlas-replay";
import { STUB_USER, TestServer } from "./server";

const run = promisify(execFile);

const FOREIGN = `
CREATE EXTENSION postgres_fdw;
CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');
CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user '${STUB_USER.name}', password '${STUB_USER.password}');
CREATE FOREIGN TABLE events (id bigint) SERVER upstream;
CREATE MATERIALIZED VIEW event_count AS SELECT count(*) AS n FROM events WITH DATA;
`;
const TABLES = `
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, old text);
`;
const ROLES = `
CREATE ROLE app_reader;
GRANT SELECT ON users TO app_reader;
`;

/** What both sides hold, the migrations and the desired schema. */
const SCHEMAS: Readonly<Record<string, string>> = {
    "foreign objects only": FOREIGN,
    "with tables": FOREIGN + TABLES,
    "with roles": FOREIGN + TABLES + ROLES,
    "with the extension in a schema of its own": `CREATE SCHEMA ext;${FOREIGN.replace("postgres_fdw;", "postgres_fdw SCHEMA ext;")}${TABLES}`,
};

/** Parameters of the dev URL. */
const URLS: Readonly<Record<string, string>> = { database: "", search_path: "&search_path=public" };

const CASES = Object.entries(SCHEMAS).flatMap(([what, schema]) =>
    Object.entries(URLS).map(([url, parameters]) => ({ what, schema, url, parameters })),
);

const PARALLEL = 10;

describe("Atlas with fresh databases", { timeout: 180_000 }, () => {
    let server: TestServer | undefined;
    let noAtlas: string | undefined;
    const folders: string[] = [];

    beforeAll(async () => {
        try {
            await run("atlas", ["version"]);
        } catch {
            noAtlas = "no Atlas CLI on PATH";
            console.warn(`Tests of the Atlas CLI are skipped: ${noAtlas}; its statements are replayed all the same.`);
        }
        server = await TestServer.start(18, { settings: { stock: 20 }, inMemory: true });
        if (server === undefined) {
            return;
        }
        await server.query("postgres", "CREATE DATABASE upstream_db");
        await server.query("upstream_db", "CREATE TABLE events AS SELECT generate_series(1, 3)::bigint AS id");
        await server.query("upstream_db", `GRANT SELECT ON events TO ${STUB_USER.name}`);
    }, 90_000);

    afterAll(async () => {
        await server?.remove();
        await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    }, 60_000);

    beforeEach((context) => {
        if (server === undefined) {
            context.skip("no image of PostgreSQL 18 on this machine");
        }
    });

    function running(): TestServer {
        if (server === undefined) {
            throw new Error("the server did not start");
        }
        return server;
    }

    describe("the statements of Atlas, replayed by pg", () => {
        async function inside<T>(
            database: string,
            parameters: string,
            work: (client: Client) => Promise<T>,
        ): Promise<T> {
            const client = await running().connect(database);
            try {
                if (parameters !== "") {
                    await client.query("SET search_path = public");
                }
                return await work(client);
            } finally {
                await client.end();
            }
        }

        /** What `migrate diff` asks of the server: the desired schema, the migrations, and what it sees of both. */
        async function diff(desired: string, migrations: string, parameters: string) {
            const asking = await running().connect();
            const to = await desiredDatabase(asking, [{ origin: "schema.sql", line: 1, sql: desired }]);
            const dev = await freshDatabase(asking, { beside: to });
            await asking.end();
            return {
                from: await inside(dev, parameters, (client) => replayAtlas(client, migrations)),
                to: await inside(to, parameters, inspected),
            };
        }

        test.each(CASES)("$what, $url: twice in a row and ten at once", async ({ schema, parameters }) => {
            const changed = `${schema} CREATE TABLE added (id bigint);`;
            for (const _ of [1, 2]) {
                const { from, to } = await diff(schema, schema, parameters);
                expect(from).toEqual(to);
            }
            const all = await Promise.all(Array.from({ length: PARALLEL }, () => diff(changed, schema, parameters)));
            for (const { from, to } of all) {
                expect(to.get("public")).toEqual(["added", ...(from.get("public") ?? [])]);
            }
        });

        test("a command that dies half-way is in no other's way", async () => {
            const schema = SCHEMAS["with roles"] ?? "";
            await expect(diff(schema, `${schema}; CREATE TABLE half_made (); SELECT 1 / 0`, "")).rejects.toThrow(
                "division by zero",
            );
            await expect(diff(schema, schema, "")).resolves.toBeDefined();
        });
    });

    describe("the Atlas CLI", () => {
        beforeEach((context) => {
            if (noAtlas !== undefined) {
                context.skip(noAtlas);
            }
        });

        interface Project {
            readonly folder: string;
            readonly atlas: (...args: string[]) => Promise<string>;
            /** Without the environment, which would take databases for nothing. */
            readonly hash: () => Promise<void>;
        }

        async function temporary(): Promise<string> {
            const folder = await mkdtemp(join(tmpdir(), "fdw-stub-atlas-"));
            folders.push(folder);
            return folder;
        }

        function projectIn(folder: string, parameters: string): Project {
            const env = {
                ...process.env,
                FDW_STUB_URL: running().url("fdw_stub", parameters),
                ATLAS_NO_UPDATE_NOTIFIER: "1",
                ATLAS_NO_ANON_TELEMETRY: "1",
            };
            const bare = async (...args: string[]) => (await run("atlas", args, { cwd: folder, env })).stdout;
            return {
                folder,
                atlas: (...args) => bare(...args, "--env", "local"),
                hash: async () => {
                    await bare("migrate", "hash", "--dir", "file://migrations");
                },
            };
        }

        /** A service as `fdw-stub atlas --write` finds it: a schema, one migration, and the file that it writes. */
        async function project(
            desired: Readonly<Record<string, string>>,
            migrations: string,
            parameters = "",
        ): Promise<Project> {
            const folder = await temporary();
            await mkdir(join(folder, "migrations"));
            await mkdir(join(folder, "schema"));
            for (const [name, text] of Object.entries(desired)) {
                await writeFile(join(folder, name), text);
            }
            await writeFile(join(folder, "migrations", "1_first.sql"), migrations);
            await writeFile(join(folder, ATLAS_FILE), atlasConfiguration("dev", findLayout(folder)));
            const made = projectIn(folder, parameters);
            await made.hash();
            return made;
        }

        let targets = 0;
        async function target(parameters: string): Promise<string> {
            targets += 1;
            await running().query("postgres", `CREATE DATABASE target_${targets}`);
            return running().url(`target_${targets}`, parameters);
        }

        /** The statements of a plan, without comments. */
        function statements(output: string): string[] {
            return output
                .split("\n")
                .filter((line) => line.trim() !== "" && !line.startsWith("--"))
                .map((line) => line.replaceAll('"public".', ""));
        }

        /** What the migration says that `migrate diff` wrote; removed afterwards. */
        async function written({ folder, atlas, hash }: Project): Promise<string[]> {
            await atlas("migrate", "diff", "next");
            const migrations = join(folder, "migrations");
            const [name, ...more] = (await readdir(migrations)).filter((file) => file.endsWith("_next.sql"));
            if (name === undefined || more.length > 0) {
                throw new Error(`migrate diff wrote ${[name, ...more]}`);
            }
            const text = await readFile(join(migrations, name), "utf8");
            await rm(join(migrations, name));
            await hash();
            return statements(text);
        }

        describe.each(CASES)("$what, $url", ({ schema, parameters }) => {
            const hasTable = schema.includes("CREATE TABLE users");
            const changed = `${schema.replace(", old text", "")} CREATE TABLE added (id bigint);`;
            const plan = [
                'CREATE TABLE "added" ("id" bigint NULL);',
                ...(hasTable ? ['ALTER TABLE "users" DROP COLUMN "old";'] : []),
            ].sort();
            const back = [
                'DROP TABLE "added";',
                ...(hasTable ? ['ALTER TABLE "users" ADD COLUMN "old" text NULL;'] : []),
            ].sort();

            test("where there is no difference there is no plan, twice in a row", async () => {
                const { atlas } = await project({ "schema.sql": schema }, schema, parameters);
                for (const _ of [1, 2]) {
                    expect(await atlas("migrate", "diff")).toContain("The migration directory is synced");
                    for (const sides of [
                        ["--from", "file://migrations", "--to", "env://src"],
                        ["--from", "env://src", "--to", "file://migrations"],
                    ]) {
                        expect(await atlas("schema", "diff", ...sides)).toContain("Schemas are synced");
                    }
                }
            });

            test("the plan is exactly the difference, in both directions", async () => {
                const made = await project({ "schema.sql": changed }, schema, parameters);
                const { atlas } = made;
                expect((await written(made)).sort()).toEqual(plan);
                const to = await atlas("schema", "diff", "--from", "file://migrations", "--to", "env://src");
                expect(statements(to).sort()).toEqual(plan);
                const from = await atlas("schema", "diff", "--from", "env://src", "--to", "file://migrations");
                expect(statements(from).sort()).toEqual(back);
            });

            test("the commands that are no plan, and a target that is brought up to date", async () => {
                const { atlas } = await project(
                    { "schema/1.sql": schema, "schema/2.sql": "SELECT 1;" },
                    schema,
                    parameters,
                );
                const inspect = await atlas("schema", "inspect", "--url", "env://src", "--format", "{{ sql . }}");
                expect(inspect.includes("CREATE TABLE")).toBe(hasTable);
                expect(
                    await atlas("schema", "inspect", "--url", "file://schema/1.sql", "--format", "{{ sql . }}"),
                ).toBe(inspect);
                await atlas("migrate", "validate");
                expect(await atlas("migrate", "lint", "--latest", "1")).toContain("1 version ok");
                const url = await target(parameters);
                // A role would be there already: the target is a database of the same server here.
                const withoutRoles = schema.replace(ROLES, "");
                const { atlas: applying } = await project({ "schema.sql": withoutRoles }, withoutRoles, parameters);
                expect(await applying("migrate", "apply", "--dry-run", "--url", url)).toContain(
                    "CREATE SERVER upstream",
                );
                const other = await target(parameters);
                for (const mode of ["--dry-run", "--auto-approve"]) {
                    const output = await atlas("schema", "apply", mode, "--url", other);
                    expect(output.includes("CREATE TABLE")).toBe(hasTable);
                }
                if (!schema.includes("CREATE SCHEMA") || parameters !== "") {
                    expect(await atlas("schema", "apply", "--dry-run", "--url", other)).toContain("Schema is synced");
                }
                await atlas("schema", "clean", "--auto-approve", "--url", other);
                const tables = "SELECT count(*)::int AS n FROM pg_tables WHERE tablename = 'users'";
                expect(await running().query(new URL(other).pathname.slice(1), tables)).toEqual([{ n: 0 }]);
            });

            test(`${PARALLEL} at once`, async () => {
                const first = await project({ "schema.sql": changed }, schema, parameters);
                const all = await Promise.all(
                    Array.from({ length: PARALLEL }, async () => {
                        const folder = await temporary();
                        await cp(first.folder, folder, { recursive: true });
                        return await written(projectIn(folder, parameters));
                    }),
                );
                expect(all.map((each) => each.sort())).toEqual(Array.from({ length: PARALLEL }, () => plan));
            });
        });

        test("a statement of the desired schema that fails is told with its line, and with its file in a folder", async () => {
            const wrong = "SELECT 1;\n\nSELECT nope;\n";
            const one = await project({ "schema.sql": wrong }, "SELECT 1;");
            await expect(one.atlas("migrate", "diff")).rejects.toThrow(
                'desired schema, line 3: column "nope" does not exist',
            );
            const folder = await project({ "schema/1.sql": "SELECT 1;", "schema/2.sql": wrong }, "SELECT 1;");
            await expect(folder.atlas("migrate", "diff")).rejects.toThrow(
                /desired schema, \S+\/schema\/2\.sql:3: column "nope" does not exist/,
            );
            // It was there when the file was written.
            await rm(join(folder.folder, "schema"), { recursive: true });
            await expect(folder.atlas("migrate", "diff")).rejects.toThrow("no file of the desired schema was found");
        });

        test("one command takes two databases, and one where there is no desired schema", async () => {
            const taken = () =>
                running().query(
                    "fdw_stub",
                    "SELECT count(*)::int AS n FROM fdw_stub.database WHERE application_name = 'counted'",
                );
            const bare = await project({}, FOREIGN, "&application_name=counted");
            await bare.atlas("migrate", "validate");
            expect(await taken()).toEqual([{ n: 1 }]);
            const both = await project({ "schema.sql": FOREIGN }, FOREIGN, "&application_name=counted");
            await both.atlas("migrate", "diff");
            expect(await taken()).toEqual([{ n: 1 + 2 }]);
        });
    });
});
