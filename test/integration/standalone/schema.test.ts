import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOfDev, inScratch, rows } from "../../engine/support/scenario";
import { Checkout, NOTHING, type Run } from "../support/checkout";

const SERVER = `CREATE EXTENSION postgres_fdw;
CREATE SERVER orders FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'orders.internal', port '6432', dbname 'orders');
CREATE USER MAPPING FOR CURRENT_USER SERVER orders OPTIONS (user 'reader', password 'geheim');
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA public FROM SERVER orders INTO remote;
`;
const VIEW = "CREATE MATERIALIZED VIEW totals AS SELECT id, price * 2 AS double FROM remote.items WHERE id > 0;\n";
const UNCHANGED = /^The stack dev is up, unchanged: /;

describe("up --schema", () => {
    let checkout: Checkout;
    /** A service whose migrations know nothing of fdw-stub. */
    let service: string;

    beforeAll(async () => {
        checkout = await Checkout.create();
        service = join(checkout.directory, "service");
        mkdirSync(join(service, "migrations"), { recursive: true });
        migration("1_server.sql", SERVER);
        migration("2_view.sql", VIEW);
    });

    afterAll(async () => {
        await checkout?.remove();
    });

    function migration(name: string, sql: string): void {
        writeFileSync(join(service, "migrations", name), sql);
    }

    function up(...paths: string[]): Promise<Run> {
        return checkout.run(["up", "--schema", ...paths], { cwd: service });
    }

    async function upped(): Promise<Run> {
        const run = await up("migrations");
        expect({ code: run.code, stderr: run.code === 0 ? "" : run.stderr }).toEqual({ code: 0, stderr: "" });
        return run;
    }

    /** Runs the migrations on the server, as a tool would, and reads a view of theirs. */
    async function migrated(view: string): Promise<unknown[]> {
        const folder = join(service, "migrations");
        return inScratch(await checkout.url(), async (client) => {
            for (const name of readdirSync(folder).sort()) {
                await client.query(readFileSync(join(folder, name), "utf8"));
            }
            return (await client.query(`SELECT * FROM ${view}`)).rows;
        });
    }

    test("names a path that does not exist, and makes nothing", async () => {
        const { code, stdout, stderr } = await up("migrations", "nowhere");
        expect(stderr).toBe(
            'fdw-stub: The schema cannot be used: the path "nowhere" does not exist. Give a SQL file or a folder of SQL files.\n',
        );
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        await expect(checkout.objects()).resolves.toEqual(NOTHING);
    });

    test("makes a server on which the migrations run, without a configuration of its own", async () => {
        await upped();
        await expect(migrated("totals")).resolves.toEqual([]);
        await expect(contentOfDev(await checkout.url())).resolves.toEqual([]);
    });

    test("does nothing when nothing changed, from wherever it is run", async () => {
        const { id } = await checkout.server();
        expect((await upped()).stdout).toMatch(UNCHANGED);
        const elsewhere = await checkout.succeed(["up", "--schema", join(service, "migrations")]);
        expect(elsewhere.stdout).toMatch(UNCHANGED);
        expect((await checkout.server()).id).toBe(id);
    });

    test("is the same as the key in the configuration", async () => {
        checkout.configure({ schema: ["service/migrations"] });
        expect((await checkout.succeed(["up"])).stdout).toMatch(UNCHANGED);
    });

    test("makes the stub anew when a migration comes, and when one changes, after one rehearsal", async () => {
        const { id } = await checkout.server();
        const changed =
            /^Running the schema on a throw-away server\n(?!.*throw-away).*^Making the changed stubs anew: "orders"$/ms;
        migration("3_stock.sql", "CREATE VIEW stock AS SELECT sku, amount + 1 AS amount FROM remote.stock;\n");
        expect((await upped()).stderr).toMatch(changed);
        await expect(migrated("stock")).resolves.toEqual([]);
        migration("3_stock.sql", "CREATE VIEW stock AS SELECT sku, place FROM remote.stock WHERE place = now();\n");
        expect((await upped()).stderr).toMatch(changed);
        await expect(migrated("stock")).resolves.toEqual([]);
        expect((await checkout.server()).id).toBe(id);
        expect((await upped()).stdout).toMatch(UNCHANGED);
    });

    test("takes the place of the configured schema, and completes what is declared beside it", async () => {
        checkout.configure({
            schema: ["not/read"],
            upstreams: [
                {
                    host: "orders.internal",
                    port: 6432,
                    database: "orders",
                    tables: [
                        {
                            name: "items",
                            columns: [
                                { name: "id", type: "bigint" },
                                { name: "price", type: "numeric(10,2)" },
                            ],
                            rows: [{ id: 7, price: 1.5 }],
                        },
                    ],
                },
                { host: "other.internal", database: "other" },
            ],
        });
        await upped();
        await expect(migrated("totals")).resolves.toEqual([{ id: "7", double: "3.00" }]);
        await expect(migrated("stock")).resolves.toEqual([]);
        await expect(rows(await checkout.url(), "SELECT 1 AS one", "other")).resolves.toEqual([{ one: 1 }]);
    });

    test("says where the schema contradicts what is declared", async () => {
        migration(
            "4_typed.sql",
            "CREATE FOREIGN TABLE typed (id timestamptz) SERVER orders OPTIONS (table_name 'items');\n",
        );
        const { code, stderr } = await up("migrations");
        expect(stderr).toMatch(
            /migrations\/4_typed\.sql:1: The configuration declares public\.items\.id as bigint, and the schema reads it as timestamptz here;/,
        );
        expect(code).toBe(0);
    });

    test("fills derived tables with rows of files, which are tried before anything is changed", async () => {
        migration("5_shelf.sql", "CREATE VIEW shelf AS SELECT sku, place FROM remote.shelf WHERE place = now();\n");
        const seed = ["shelf.csv", "more.sql"];
        checkout.configure({ upstreams: [{ host: "orders.internal", port: 6432, database: "orders", seed }] });
        checkout.write("shelf.csv", 'sku,place\n"A ""1""",2026-01-01\n,\n');
        checkout.write("more.sql", "INSERT INTO shelf (sku) VALUES ('B');\n");
        await checkout.succeed(["up", "--schema", "service/migrations"]);
        const shelf = "SELECT sku, place::date::text FROM shelf";
        const filled = [
            { sku: 'A "1"', place: "2026-01-01" },
            { sku: null, place: null },
            { sku: "B", place: null },
        ];
        await expect(rows(await checkout.url(), shelf, "orders")).resolves.toEqual(filled);
        const { id } = await checkout.server();
        checkout.write("shelf.csv", "sku,place\nA,2026-01-01\nB,2026-02-30\n");
        const { code, stderr } = await up("migrations");
        expect({ code, stderr }).toEqual({
            code: 1,
            stderr: expect.stringMatching(/shelf\.csv:3: date\/time field value out of range: "2026-02-30"/),
        });
        expect((await checkout.server()).id).toBe(id);
        await expect(rows(await checkout.url(), shelf, "orders")).resolves.toEqual(filled);
    });

    describe("with a contract", () => {
        const contract = (sql: string) => {
            mkdirSync(join(checkout.directory, "upstream"), { recursive: true });
            writeFileSync(join(checkout.directory, "upstream", "1.sql"), sql);
        };
        const GRANT = "GRANT SELECT ON items, stock TO reader;\n";
        const ITEMS = "CREATE TABLE items (id bigint NOT NULL, price numeric(10,2));\n";
        const STOCK = "CREATE TABLE stock (sku text, place timestamptz);\n";

        test("makes the stub from it, and says so", async () => {
            migration("4_typed.sql", "SELECT 1;\n");
            migration("5_shelf.sql", "SELECT 1;\n");
            contract(`${ITEMS}${STOCK}${GRANT}`);
            checkout.configure({ upstreams: [{ database: "orders", contract: "upstream" }] });
            expect((await upped()).stderr).toContain("The stub of orders.internal:6432/orders is its contract, ");
            await expect(migrated("totals")).resolves.toEqual([]);
            await expect(
                rows(
                    await checkout.url(),
                    "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) AS types FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0",
                    "orders",
                ),
            ).resolves.toEqual([{ types: "bigint, numeric(10,2)" }]);
        });

        test("makes it anew when the contract changes, and says what fails then", async () => {
            contract(`${ITEMS}${STOCK}${GRANT.replace("items, ", "")}`);
            const { code, stderr } = await up("migrations");
            expect(code).toBe(0);
            expect(stderr).toMatch(
                /2_view\.sql:1: PostgreSQL refuses this statement: permission denied for table items\. The stub of orders is its contract, /,
            );
            await expect(migrated("stock")).rejects.toThrow("permission denied for table items");
        });

        test.each<[string, () => void, RegExp]>([
            [
                "does not run",
                () => contract(`${ITEMS}CREATE TABLE stock (\n    sku nowhere);\n`),
                /upstream\/1\.sql:3: PostgreSQL refuses this statement: type "nowhere" does not exist\./,
            ],
            [
                "does not exist",
                () => checkout.configure({ upstreams: [{ database: "orders", contract: ["upstream", "gone.sql"] }] }),
                /upstreams\[0\]\.contract: the path ".*gone\.sql" does not exist\. Give a SQL file or a folder of SQL files\./,
            ],
        ])("that %s leaves the server alone", async (_name, spoil, error) => {
            const { id } = await checkout.server();
            spoil();
            const { code, stderr } = await up("migrations");
            expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(error) });
            expect((await checkout.server()).id).toBe(id);
        });
    });
});
