import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack } from "./support/engine-stack";
import { EXAMPLE } from "./support/example";
import { rows } from "./support/scenario";

/** Everything in a database that a client can tell, in words that do not depend on object ids. */
const CATALOG = `
    SELECT 'relation' AS kind, format('%s %s.%s %s', c.relkind, n.nspname, c.relname, c.relacl) AS what
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT 'column', format('%s.%s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attnum > 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT 'extension', format('%s %s %s', extname, extversion, extnamespace::regnamespace) FROM pg_extension
    UNION ALL
    SELECT 'role', format('%s %s %s', rolname, rolcanlogin, rolsuper) FROM pg_roles WHERE rolname !~ '^pg_'
    UNION ALL
    SELECT 'database', format('%s %s %s %s', datname, pg_encoding_to_char(encoding), datcollate, datctype)
    FROM pg_database WHERE datname !~ '^fdw_stub_'
    UNION ALL
    SELECT 'setting', format('%s=%s', name, setting) FROM pg_settings WHERE source = 'command line'
    ORDER BY 1, 2`;

describeEngine("both doors", () => {
    let checkout: Checkout;
    let stack: EngineStack;

    const cli = (...args: string[]) => {
        const run = spawnSync(process.execPath, [join(checkout.directory, "bin", "fdw-stub.js"), ...args], {
            cwd: checkout.directory,
            encoding: "utf8",
        });
        expect(run.stderr + run.stdout).not.toMatch(/^fdw-stub:/m);
        return run.stdout.trim();
    };
    const catalogs = async (url: string) =>
        Object.fromEntries(
            await Promise.all(
                ["postgres", "dev", "upstream_db", "fdw_stub"].map(async (database) => [
                    database,
                    await rows(url, CATALOG, database),
                ]),
            ),
        );

    beforeAll(async () => {
        checkout = await Checkout.create();
        const config = Object.entries(EXAMPLE).map(([key, value]) => [`fdw-stub:${key}`, value]);
        writeFileSync(join(checkout.directory, "Pulumi.dev.yaml"), stringify({ config: Object.fromEntries(config) }));
        stack = await EngineStack.create(checkout);
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    test("give the same catalog and the same outputs", async () => {
        cli("up");
        const standaloneUrl = cli("url");
        const standalone = await catalogs(standaloneUrl);
        const status: unknown = JSON.parse(cli("status", "--json"));
        cli("down");

        const { outputs } = await stack.up();
        expect(await catalogs(outputs.devUrl)).toEqual(standalone);
        expect(standalone.upstream_db).not.toEqual([]);
        const withoutPassword = (url: string) => url.replace(/:[^:@]*@/, "@");
        expect(withoutPassword(outputs.devUrl)).toBe(withoutPassword(standaloneUrl));
        expect(status).toMatchObject({ container: outputs.containerName, stubs: outputs.stubs });
        // The command serves a stack of the other door as well.
        expect(cli("url")).toBe(outputs.devUrl);
        await stack.destroy();
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
    });
});
