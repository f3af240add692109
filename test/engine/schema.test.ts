import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack } from "./support/engine-stack";
import { inScratch } from "./support/scenario";

describeEngine("a stack derived from a schema", () => {
    let checkout: Checkout;
    let stack: EngineStack;
    let migrations: string;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        migrations = join(checkout.directory, "migrations");
        mkdirSync(migrations);
        migration(
            "1_server.sql",
            `CREATE EXTENSION postgres_fdw;
             CREATE SERVER orders FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'orders.internal', port '6432', dbname 'orders');
             CREATE USER MAPPING FOR CURRENT_USER SERVER orders OPTIONS (user 'reader', password 'geheim');
             CREATE FOREIGN TABLE items (id bigint) SERVER orders;
             CREATE MATERIALIZED VIEW item_count AS SELECT count(*)::int AS items FROM items;`,
        );
        await stack.configure({ schema: ["migrations"] });
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    function migration(name: string, sql: string): void {
        writeFileSync(join(migrations, name), sql);
    }

    /** Runs all migrations, as Atlas would, and reads a view of theirs. */
    async function migrated(devUrl: string, view: string): Promise<unknown[]> {
        return inScratch(devUrl, async (client) => {
            for (const name of readdirSync(migrations).sort()) {
                await client.query(readFileSync(join(migrations, name), "utf8"));
            }
            return (await client.query(`SELECT * FROM ${view}`)).rows;
        });
    }

    test("the schema runs to its end, with nothing written by hand", async () => {
        const { outputs } = await stack.up();
        await expect(migrated(outputs.devUrl, "item_count")).resolves.toEqual([{ items: 0 }]);
        expect(await stack.preview()).toEqual({ same: expect.any(Number) });
    });

    test("a preview shows a changed schema as the tables and columns that changed, and no password", async () => {
        migration(
            "2_price.sql",
            `ALTER FOREIGN TABLE items ADD COLUMN price numeric(10,2);
             CREATE FOREIGN TABLE customers (id bigint) SERVER orders OPTIONS (schema_name 'crm');
             CREATE MATERIALIZED VIEW totals AS SELECT coalesce(sum(price), 0)::int AS total FROM items, customers;`,
        );
        const diff = await stack.previewedDiff();
        const [, shown = ""] = /FdwStubDevDatabase: \(update\)(.*?)postgresql:index/s.exec(diff) ?? [];
        expect(shown).toMatch(/~ orders\.internal:6432\/orders: \{/);
        expect(shown).toMatch(/\+ crm\.customers\s*: \{\s*\+ id: "bigint"/);
        expect(shown).toMatch(/\+ price\s*: "numeric\(10,2\)"/);
        expect(diff).not.toContain("geheim");
    });

    test("one up follows, and the whole schema runs", async () => {
        const { outputs } = await stack.up();
        await expect(migrated(outputs.devUrl, "totals")).resolves.toEqual([{ total: 0 }]);
    });

    test("a contract makes the stub, and a preview shows what has changed in it", async () => {
        const contract = join(checkout.directory, "orders.sql");
        writeFileSync(
            contract,
            `CREATE SCHEMA crm; CREATE TABLE crm.customers (id bigint, secret text);
             CREATE TABLE items (id bigint, price numeric(10,2));
             GRANT USAGE ON SCHEMA crm TO reader; GRANT SELECT ON items, crm.customers TO reader;`,
        );
        await stack.configure({
            schema: ["migrations"],
            upstreams: [{ database: "orders", contract: ["orders.sql"] }],
        });
        const { outputs } = await stack.up();
        await expect(migrated(outputs.devUrl, "totals")).resolves.toEqual([{ total: 0 }]);
        expect(await stack.preview()).toEqual({ same: expect.any(Number) });
        writeFileSync(contract, readFileSync(contract, "utf8").replace("items, crm.customers", "items"));
        expect(await stack.previewedDiff()).toContain('=> "GRANT SELECT ON TABLE public.items TO \\"reader\\";"');
        await stack.configure({ schema: ["migrations"], upstreams: [] });
    });

    test("a mistake in the schema is told with file and line, and leaves the stack as it is", async () => {
        const { id } = await stack.container();
        migration(
            "3_more.sql",
            `\nCREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '\${FAR_HOST}', dbname 'far');\n`,
        );
        await expect(stack.up()).rejects.toThrow(/migrations\/3_more\.sql:2: .*FAR_HOST/);
        expect((await stack.container()).id).toBe(id);
    });

    test("destroy leaves nothing, whatever the schema says", async () => {
        await stack.destroy();
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
    });
});
