import { afterAll, beforeAll, expect, test } from "vitest";
import { contentOfDev, rows } from "../../engine/support/scenario";
import { Checkout, NOTHING, type Run } from "../support/checkout";
import { environmentOf, expectScenario, FDW_CONFIGURATION, FDW_SCHEMA, freshUrlOf } from "../support/fresh-stack";

let checkout: Checkout;

beforeAll(async () => {
    checkout = await Checkout.create({ ...FDW_CONFIGURATION, stock: 2, baseline: ["roles.sql", "schema.sql"] });
    checkout.write("roles.sql", "CREATE ROLE base_owner;\nCREATE EXTENSION citext;\n");
    checkout.write(
        "schema.sql",
        `BEGIN;${FDW_SCHEMA}CREATE SCHEMA base AUTHORIZATION base_owner;\nCREATE TABLE base.t (v citext);\nCOMMIT;\n`,
    );
});

afterAll(async () => {
    await checkout?.remove();
});

/** One error that names the place, and nothing left of the stack. */
async function expectRefused(run: Run, message: RegExp): Promise<void> {
    expect(run.stderr).toMatch(message);
    expect(run.stderr.match(/^fdw-stub: /gm)).toHaveLength(1);
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 1, stdout: "" });
    await expect(checkout.objects()).resolves.toEqual(NOTHING);
}

test.each<[string, string, RegExp]>([
    ["does not parse", "CREATE TABLE a ();\n\nCREATE TABEL b ();\n", /wrong\.sql:3: syntax error at or near "TABEL"/],
    ["is not there", "", /baseline: the file "missing\.sql" cannot be read/],
    [
        "does not run",
        `CREATE ROLE half_made;\n-- why${FDW_SCHEMA.replace("host 'upstream_db'", "host 'elsewhere'")}`,
        /baseline wrong\.sql:8: could not connect to server "upstream" \(could not translate host name "elsewhere".*\)\. The statement: CREATE MATERIALIZED VIEW event_count/,
    ],
])("a baseline that %s is one clear error at up, and leaves nothing", async (why, sql, message) => {
    const file = why === "is not there" ? "missing.sql" : "wrong.sql";
    checkout.write("wrong.sql", sql);
    checkout.configure({ ...FDW_CONFIGURATION, baseline: ["roles.sql", file] }, "wrong");
    await expectRefused(await checkout.run(["--stack", "wrong", "up"]), message);
});

test("fresh databases start from it; the dev database is empty, and so it is after a reset", async () => {
    const devUrl = await checkout.up();
    await expect(contentOfDev(devUrl)).resolves.toEqual([]);
    const { FDW_STUB_URL: maintenance = "" } = await environmentOf(checkout);
    const seen = async (url: string) => {
        await expectScenario(url);
        await expect(
            rows(
                url,
                "SELECT nspowner::regrole::text AS owner, to_regclass('base.t') IS NOT NULL AS there FROM pg_namespace WHERE nspname = 'base'",
            ),
        ).resolves.toEqual([{ owner: "base_owner", there: true }]);
    };
    // More than are in stock, and what a command leaves is in no other's.
    for (const _ of [1, 2, 3, 4]) {
        const url = await freshUrlOf(maintenance);
        await seen(url);
        await rows(url, "DROP SCHEMA base CASCADE; CREATE TABLE left_over ()");
    }
    await Promise.all([1, 2, 3, 4].map(async () => seen(await freshUrlOf(maintenance))));
    // The role is the baseline's, not a command's.
    await expect(rows(devUrl, "SELECT FROM pg_roles WHERE rolname = 'base_owner'")).resolves.toHaveLength(1);
    await rows(devUrl, "CREATE TABLE left_over ()");
    await checkout.succeed(["reset"]);
    await expect(contentOfDev(devUrl)).resolves.toEqual([]);
    const { stdout } = await checkout.succeed(["up"]);
    expect(stdout).toContain("is up, unchanged");
});
