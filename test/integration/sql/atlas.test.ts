import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FRESH_DATABASE_QUERY } from "../../../sql/extension";
import { freshDatabase } from "../../../sql/fresh";
import { replayAtlas } from "./atlas-replay";
import { STUB_USER, TestServer } from "./server";

const run = promisify(execFile);

const SCHEMA = `
CREATE EXTENSION postgres_fdw;
CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'upstream_db', dbname 'upstream_db');
CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user '${STUB_USER.name}', password '${STUB_USER.password}');
CREATE FOREIGN TABLE events (id bigint) SERVER upstream;
CREATE MATERIALIZED VIEW event_count AS SELECT count(*) AS n FROM events WITH DATA;
CREATE ROLE app_reader;
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);
GRANT SELECT ON users TO app_reader;
`;

/** Applied to a target, which is another database of the same cluster here: a role would exist there already. */
const MIGRATION = SCHEMA.replaceAll(/^(CREATE ROLE|GRANT) .*$/gm, "");

const CONFIG = `
data "sql" "dev" {
  url   = getenv("MAINTENANCE_URL")
  query = "${FRESH_DATABASE_QUERY}"
}
env "plain" {
  src = "file://schema.sql"
  url = getenv("TARGET_URL")
  dev = urlsetpath(getenv("MAINTENANCE_URL"), data.sql.dev.value)
  migration {
    dir = "file://migrations"
  }
}
env "search_path" {
  src = "file://schema.sql"
  url = "\${getenv("TARGET_URL")}&search_path=public"
  dev = "\${urlsetpath(getenv("MAINTENANCE_URL"), data.sql.dev.value)}&search_path=public"
  migration {
    dir = "file://migrations"
  }
}
`;

const COMMANDS: string[][] = [
    ["schema", "inspect", "--url", "file://schema.sql"],
    // Two files would both be run in one dev database, which Atlas does not clean of what it does not know.
    ["schema", "diff", "--from", "env://url", "--to", "file://schema.sql"],
    ["schema", "apply", "--dry-run"],
    ["migrate", "validate"],
    ["migrate", "lint", "--latest", "1"],
    ["migrate", "apply", "--dry-run"],
];

describe("a fresh database per command", { timeout: 120_000 }, () => {
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
        server = await TestServer.start(18, { settings: { stock: 10 } });
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

    /** A folder with the schema, the configuration, one migration, and a target database. */
    async function project(
        schema: string = SCHEMA,
        parameters = "",
    ): Promise<{ folder: string; atlas: (args: readonly string[]) => Promise<string> }> {
        const folder = await mkdtemp(join(tmpdir(), "fdw-stub-atlas-"));
        folders.push(folder);
        const target = `target_${folders.length}`;
        await running().query("postgres", `CREATE DATABASE ${target}`);
        await mkdir(join(folder, "migrations"));
        await writeFile(join(folder, "schema.sql"), schema);
        await writeFile(join(folder, "atlas.hcl"), CONFIG);
        await writeFile(join(folder, "migrations", "1_first.sql"), MIGRATION);
        const environment = {
            ...process.env,
            MAINTENANCE_URL: running().url("fdw_stub", parameters),
            TARGET_URL: running().url(target),
            ATLAS_NO_UPDATE_NOTIFIER: "1",
            ATLAS_NO_ANON_TELEMETRY: "1",
        };
        const atlas = async (args: readonly string[]) => {
            const { stdout } = await run("atlas", [...args], { cwd: folder, env: environment });
            return stdout;
        };
        await atlas(["migrate", "hash", "--dir", "file://migrations"]);
        return { folder, atlas };
    }

    describe("the statements of Atlas, replayed by pg", () => {
        async function command(schema: string, searchPath?: string): Promise<Map<string, string[]>> {
            const asking = await running().connect();
            const name = await freshDatabase(asking);
            await asking.end();
            const client = await running().connect(name);
            try {
                if (searchPath !== undefined) {
                    await client.query("SELECT set_config('search_path', $1, false)", [searchPath]);
                }
                return await replayAtlas(client, schema);
            } finally {
                await client.end();
            }
        }

        test.each([undefined, "public"])("twice in a row and side by side, with search_path %s", async (searchPath) => {
            const expected = new Map([["public", ["users"]]]);
            await expect(command(SCHEMA, searchPath)).resolves.toEqual(expected);
            await expect(command(SCHEMA, searchPath)).resolves.toEqual(expected);
            // Without the role: two commands that create the same one at the same time see each other.
            await expect(Promise.all(Array.from({ length: 6 }, () => command(MIGRATION, searchPath)))).resolves.toEqual(
                Array.from({ length: 6 }, () => expected),
            );
        });

        test("a command that dies half-way is in no other's way", async () => {
            await expect(command(`${SCHEMA}; CREATE TABLE half_made (); SELECT 1 / 0`)).rejects.toThrow(
                "division by zero",
            );
            await expect(command(SCHEMA)).resolves.toBeDefined();
        });
    });

    describe("the Atlas CLI", () => {
        beforeEach((context) => {
            if (noAtlas !== undefined) {
                context.skip(noAtlas);
            }
        });

        describe.each(["plain", "search_path"])("with the environment %s", (environment) => {
            test.each(COMMANDS)("%s %s twice in a row", async (...command) => {
                const { atlas } = await project();
                for (const _ of [1, 2]) {
                    await expect(atlas([...command, "--env", environment])).resolves.toBeDefined();
                }
            });

            test("migrate diff writes a migration, and then finds nothing more", async () => {
                const { atlas, folder } = await project();
                const migrations = join(folder, "migrations");
                await rm(migrations, { recursive: true });
                await mkdir(migrations);
                await atlas(["migrate", "diff", "first", "--env", environment]);
                const written = await readdir(migrations);
                expect(written).toHaveLength(2);
                expect(await atlas(["migrate", "diff", "second", "--env", environment])).toContain("synced");
                expect(await readdir(migrations)).toEqual(written);
            });

            test("schema apply changes the target, and then finds nothing more", async () => {
                const { atlas } = await project();
                const apply = ["schema", "apply", "--auto-approve", "--env", environment];
                expect(await atlas(apply)).toContain("CREATE TABLE");
                expect(await atlas(apply)).toContain("Schema is synced");
            });

            test("many at once", async () => {
                // Roles belong to the cluster: of two commands that create the same one at the same time, one must fail.
                const projects = await Promise.all(Array.from({ length: 4 }, () => project(MIGRATION)));
                const outputs = await Promise.all(
                    projects.flatMap(({ atlas }) =>
                        COMMANDS.map((command) => atlas([...command, "--env", environment])),
                    ),
                );
                expect(outputs).toHaveLength(4 * COMMANDS.length);
            });
        });

        test("one command takes one database", async () => {
            const { atlas } = await project(SCHEMA, "&application_name=counted");
            await atlas(["schema", "inspect", "--url", "file://schema.sql", "--env", "plain"]);
            expect(
                await running().query(
                    "fdw_stub",
                    "SELECT count(*)::int AS n FROM fdw_stub.database WHERE application_name = 'counted'",
                ),
            ).toEqual([{ n: 1 }]);
        });

        test("the inspected schema is that of the file", async () => {
            const { atlas } = await project();
            const output = await atlas(["schema", "inspect", "--url", "file://schema.sql", "--env", "plain"]);
            expect(output).toContain('table "users"');
        });
    });
});
