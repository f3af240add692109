import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../docker/client";
import type { ConfigurationInput } from "../../upstreams/parse";
import { databaseUrl } from "../../upstreams/url";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack, type Outputs } from "./support/engine-stack";
import {
    contentOfDev,
    createServer,
    type Foreign,
    inScratch,
    readThrough,
    readThroughAsNobody,
    rows,
} from "./support/scenario";

const TYPES_SQL = `-- What a real upstream's dump looks like.
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA app;
CREATE TYPE app."Status" AS ENUM ('new', 'it''s done');
CREATE DOMAIN app.positive AS numeric(10, 2) CHECK (VALUE > 0);
CREATE TABLE app.items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status app."Status" NOT NULL DEFAULT 'new',
    price app.positive,
    gross numeric(12, 2) GENERATED ALWAYS AS (price * 1.2) STORED,
    tags text[],
    grid int[][],
    at timestamptz,
    doc jsonb,
    mail citext,
    attributes hstore
);
INSERT INTO app.items (status, price, tags, grid, at, doc, mail, attributes) VALUES
    ('it''s done', 10, '{"a b",c}', '{{1,2},{3,4}}', '2024-02-29 12:00+00', '{"k": [1, null]}', 'A@B.example', 'x=>1');
CREATE VIEW app.done AS SELECT id, mail FROM app.items WHERE status = 'it''s done';
`;
/** The INSERT begins on line 18. */
const BROKEN_SQL = TYPES_SQL.replace("('it''s done', 10", "('undone', 10");

const ODD = { database: `Orders "Live" ü`, user: `App's "reader" ü`, password: `p'a"s\\s %w$$ü` };
const TABLE = { name: "events", columns: [{ name: "id", type: "bigint" }] };

const CONFIGURATION: ConfigurationInput = {
    settings: { timezone: "UTC" },
    upstreams: [
        {
            host: "Orders.Internal",
            port: 5433,
            database: ODD.database,
            users: [{ name: ODD.user, password: ODD.password }],
            tables: [
                {
                    schema: "Sales Ops",
                    name: `Line "Items"`,
                    columns: [
                        { name: "Id", type: "bigint GENERATED ALWAYS AS IDENTITY" },
                        { name: "Größe 'x'", type: "numeric(10,2)" },
                        { name: "select", type: "text[]" },
                    ],
                    rows: [{ Id: 7, "Größe 'x'": 1.5, select: `{"a\\\\b","c'd"}` }],
                },
            ],
        },
        // One host with two databases, on another port; and two hosts with one database's name.
        { host: "catalog", port: 6432, database: "catalog", extensions: ["hstore"], ddlFiles: ["types.sql"] },
        { host: "catalog", port: 6432, database: "reports", tables: [{ ...TABLE, rows: [{ id: 1 }] }] },
        { host: "mirror", database: "reports", tables: [{ ...TABLE, rows: [{ id: 2 }] }] },
        // The names that every cluster has already.
        {
            host: "legacy",
            database: "postgres",
            users: [{ name: "postgres", password: "whatever" }],
            tables: [{ ...TABLE, rows: [{ id: 3 }] }],
        },
    ],
};

const LINES: Foreign = {
    host: "orders.internal",
    port: 5433,
    ...ODD,
    schema: "Sales Ops",
    table: `Line "Items"`,
    columns: { Id: "bigint", "Größe 'x'": "numeric(10,2)", select: "text[]" },
};
const ITEMS: Foreign = {
    host: "catalog",
    port: 6432,
    database: "catalog",
    user: "postgres",
    schema: "app",
    table: "items",
    columns: {
        id: "bigint",
        status: "text",
        price: "numeric(10,2)",
        gross: "numeric(12,2)",
        tags: "text[]",
        grid: "int[]",
        at: "timestamptz",
        doc: "jsonb",
        mail: "text",
        attributes: "text",
    },
};
const REPORTS = { port: 6432, database: "reports", user: "postgres", table: "events", columns: { id: "bigint" } };

describeEngine("all that upstreams can look like", () => {
    let checkout: Checkout;
    let stack: EngineStack;
    let outputs: Outputs;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        await stack.configure(CONFIGURATION);
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    test("DDL that cannot be parsed is refused with file and line, and nothing is created", async () => {
        writeFileSync(join(checkout.directory, "types.sql"), TYPES_SQL.replace("CREATE DOMAIN", "CREATE DOMAAIN"));
        await expect(stack.up()).rejects.toThrow(/types\.sql:5: syntax error.*CREATE DOMAAIN/);
        rmSync(join(checkout.directory, "types.sql"));
        await expect(stack.up()).rejects.toThrow(/upstreams\[1\]\.ddlFiles: the file "types\.sql" cannot be read/);
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
    });

    test("DDL that does not run fails with file, line and statement, and leaves no table", async () => {
        writeFileSync(join(checkout.directory, "types.sql"), BROKEN_SQL);
        await expect(stack.up()).rejects.toThrow(
            /types\.sql:18: invalid input value for enum app\."Status": "undone".*The statement: INSERT INTO app\.items/,
        );
        const { user, password, hostPort = 0 } = await stack.container();
        const url = databaseUrl({ host: "127.0.0.1", port: hostPort, user, password, database: "catalog" });
        await expect(
            rows(
                url,
                "SELECT 1 FROM pg_class WHERE relname = 'items' UNION ALL SELECT 2 FROM pg_namespace WHERE nspname = 'app'",
            ),
        ).resolves.toEqual([]);
    });

    test("once it is mended, one plain up gives a working stack", async () => {
        writeFileSync(join(checkout.directory, "types.sql"), TYPES_SQL);
        outputs = (await stack.up()).outputs;
        expect(outputs.stubs).toMatchObject([
            { database: ODD.database, tableCount: 1, users: [ODD.user] },
            { database: "catalog", tableCount: 2, extensions: ["citext", "hstore"] },
            { database: "reports", tableCount: 1 },
            { database: "reports@mirror:5432", tableCount: 1 },
            { database: "postgres", tableCount: 1 },
        ]);
    });

    const eachKind = async () => {
        const { devUrl } = outputs;
        await expect(readThroughAsNobody(devUrl, LINES)).resolves.toEqual([
            { Id: "7", "Größe 'x'": "1.50", select: ["a\\b", "c'd"] },
        ]);
        await expect(readThrough(devUrl, { ...LINES, password: "wrong" })).rejects.toThrow(
            /password authentication failed/,
        );
        await expect(readThrough(devUrl, ITEMS)).resolves.toEqual([
            {
                id: "1",
                status: "it's done",
                price: "10.00",
                gross: "12.00",
                tags: ["a b", "c"],
                grid: [
                    [1, 2],
                    [3, 4],
                ],
                at: new Date("2024-02-29T12:00:00Z"),
                doc: { k: [1, null] },
                mail: "A@B.example",
                attributes: '"x"=>"1"',
            },
        ]);
        await expect(readThrough(devUrl, { ...REPORTS, host: "catalog" })).resolves.toEqual([{ id: "1" }]);
        await expect(readThrough(devUrl, { ...REPORTS, host: "mirror", port: 5432 })).resolves.toEqual([{ id: "2" }]);
        const legacy = { ...REPORTS, host: "legacy", port: 5432, database: "postgres", password: "whatever" };
        await expect(readThrough(devUrl, legacy)).resolves.toEqual([{ id: "3" }]);
        await expect(contentOfDev(devUrl)).resolves.toEqual([]);
    };

    test("foreign tables read every kind", eachKind);

    test("IMPORT FOREIGN SCHEMA finds what was declared", async () => {
        const imported = await inScratch(outputs.devUrl, async (client) => {
            await createServer(client, LINES);
            await client.query(`IMPORT FOREIGN SCHEMA "Sales Ops" FROM SERVER upstream INTO public`);
            await client.query(`ANALYZE "Line ""Items"""`);
            return (await client.query(`SELECT "Größe 'x'" FROM "Line ""Items"""`)).rows;
        });
        expect(imported).toEqual([{ "Größe 'x'": "1.50" }]);
    });

    test("after a restart of the container the forwarded ports answer again", async () => {
        const docker = await connectDocker();
        await docker.getContainer(stack.objectName).restart({ t: 5 });
        await expect
            .poll(() => readThrough(outputs.devUrl, LINES).then((found) => found.length, String), { timeout: 20_000 })
            .toBe(1);
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
    });

    test("PostgreSQL 17 holds the same", async () => {
        await stack.configure({ ...CONFIGURATION, image: "postgres:17" });
        outputs = (await stack.up()).outputs;
        const [version] = await rows(outputs.devUrl, "SELECT current_setting('server_version') AS version");
        expect(version?.version).toMatch(/^17\./);
        await eachKind();
    });

    test("5,000 tables in one upstream", async () => {
        const tables = Array.from(
            { length: 5_000 },
            (_, n) => `CREATE TABLE t${n} (id bigint PRIMARY KEY, note text);`,
        );
        writeFileSync(join(checkout.directory, "many.sql"), tables.join("\n"));
        await stack.configure({ upstreams: [{ host: "big", database: "big", ddlFiles: ["many.sql"] }] });
        outputs = (await stack.up()).outputs;
        expect(outputs.stubs).toMatchObject([{ database: "big", tableCount: 5_000 }]);
        await expect(
            readThrough(outputs.devUrl, { ...REPORTS, host: "big", port: 5432, database: "big", table: "t4999" }),
        ).resolves.toEqual([]);
        const imported = await inScratch(outputs.devUrl, async (client) => {
            await createServer(client, { ...REPORTS, host: "big", port: 5432, database: "big" });
            await client.query("IMPORT FOREIGN SCHEMA public FROM SERVER upstream INTO public");
            return (await client.query("SELECT count(*)::int AS n FROM information_schema.foreign_tables")).rows;
        });
        expect(imported).toEqual([{ n: 5_000 }]);
    });

    test("destroy leaves nothing", async () => {
        await stack.destroy();
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
    });
});
