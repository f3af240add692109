import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer, inScratch, rows } from "../../engine/support/scenario";
import { Checkout } from "../support/checkout";

const TABLES = 5000;

let checkout: Checkout;
let url: string;

beforeAll(async () => {
    const names = Array.from({ length: TABLES }, (_, n) => `t${n}`);
    checkout = await Checkout.create({
        upstreams: [
            {
                host: "upstream_db",
                database: "big",
                // Half of each kind; each with an index and a TOAST table, which take locks as well.
                ddlFiles: ["schema.sql"],
                tables: names.slice(TABLES / 2).map((name) => ({
                    name,
                    columns: [
                        { name: "id", type: "bigint PRIMARY KEY" },
                        { name: "note", type: "text" },
                    ],
                })),
            },
        ],
    });
    checkout.write(
        "schema.sql",
        names
            .slice(0, TABLES / 2)
            .map((name) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, note text);\n`)
            .join(""),
    );
    url = await checkout.up();
});

afterAll(async () => {
    await checkout?.remove();
});

test("5,000 tables are there, and told in short", async () => {
    const [counted] = await rows(url, "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'", "big");
    expect(counted).toEqual({ n: TABLES });
    const { stdout } = await checkout.succeed(["status"]);
    expect(stdout).toContain("  big: 5000 tables\n");
    expect(stdout).toMatch(/\n {4}and 4950 more\n$/);
});

test("5,000 tables are imported in one transaction", async () => {
    const found = await inScratch(url, async (client) => {
        await createServer(client, { host: "upstream_db", database: "big", user: "postgres", table: "", columns: {} });
        await client.query("BEGIN");
        await client.query("IMPORT FOREIGN SCHEMA public FROM SERVER upstream INTO public");
        await client.query("COMMIT");
        await client.query("CREATE MATERIALIZED VIEW seen AS SELECT * FROM t4999 WITH DATA");
        return (await client.query("SELECT count(*)::int AS n FROM pg_foreign_table")).rows;
    });
    expect(found).toEqual([{ n: TABLES }]);
});

test("an unchanged up takes no longer for them", async () => {
    const { stdout, milliseconds } = await checkout.succeed(["up"]);
    expect(stdout).toContain("unchanged");
    expect(milliseconds).toBeLessThan(10_000);
});
