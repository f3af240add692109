import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extensionName, stubExtension } from "../../../upstreams/script";
import type { StubDatabase } from "../../../upstreams/stubs";
import { stub, table } from "./builders";
import { usePostgresParser } from "./oracle";
import { blocksOf, executedBy } from "./plpgsql";

usePostgresParser();

const ddl = (sql: string, origin = "a.sql") => ({ origin, line: 1, sql });
const placed = (at: string, ...given: Parameters<typeof table>) => ({ ...table(...given), at });

async function scriptOf(given: StubDatabase): Promise<string> {
    return (await stubExtension(given)).script.content;
}

async function controlOf(given: StubDatabase): Promise<string[]> {
    return (await stubExtension(given)).control.content.trim().split("\n");
}

describe("extensionName", () => {
    test.each([
        ["upstream_db", /^fdw_stub_upstream_db_[0-9a-f]{8}$/],
        ["Sales DB", /^fdw_stub_sales_db_[0-9a-f]{8}$/],
        ["größe", /^fdw_stub_gr_e_[0-9a-f]{8}$/],
        ["漢字", /^fdw_stub___[0-9a-f]{8}$/],
        ["x".repeat(63), /^fdw_stub_x{30}_[0-9a-f]{8}$/],
    ])("of %j is readable", (database, pattern) => {
        expect(extensionName(database)).toMatch(pattern);
    });

    test("is a name that PostgreSQL takes, in file names too, and fits", () => {
        fc.assert(
            fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 63 }), (database) => {
                const name = extensionName(database);
                expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
                expect(name.length).toBeLessThanOrEqual(63);
                expect(extensionName(database)).toBe(name);
            }),
        );
    });

    test("differs for databases that differ only in what a file name cannot hold", () => {
        const alike = fc.uniqueArray(
            fc.string({ unit: fc.constantFrom("a", "A", "-", " ", "/", "é", "."), minLength: 1 }),
        );
        fc.assert(
            fc.property(alike, (databases) => {
                expect(new Set(databases.map(extensionName)).size).toBe(databases.length);
            }),
        );
    });
});

describe("stubExtension", () => {
    test("makes schemas, runs the DDL, makes the tables, seeds them, in this order", async () => {
        const given = stub({
            ddl: [
                ddl("CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('ok')"),
                ddl("CREATE EXTENSION hstore;\nCREATE DOMAIN d AS int", "b.sql"),
            ],
            tables: [
                placed("upstreams[0].tables[0]", "t", ["m app.mood"], { schema: "app", rows: [{ m: "ok" }] }),
                placed("upstreams[0].tables[1]", "u", ["id int"], { schema: "Own" }),
            ],
        });
        expect(executedBy(await scriptOf(given))).toEqual([
            'CREATE SCHEMA "Own"',
            "CREATE SCHEMA app",
            "CREATE TYPE app.mood AS ENUM ('ok')",
            "SET LOCAL search_path TO public",
            "CREATE DOMAIN d AS int",
            "SET LOCAL search_path TO public",
            'CREATE TABLE "app"."t" (\n    "m" app.mood\n)',
            'CREATE TABLE "Own"."u" (\n    "id" int\n)',
            `INSERT INTO "app"."t" ("m") OVERRIDING SYSTEM VALUE VALUES\n    ('ok')`,
        ]);
    });

    test("knows the place of each statement, so that a failing one can be named", async () => {
        const given = stub({
            ddl: [ddl("SELECT 1;\nSELECT 'é'", "dir/it's\\.sql")],
            tables: [placed("upstreams[0].tables[0]", "t", ["id int"], { rows: [{ id: 1 }] })],
        });
        const [block, ...more] = blocksOf(await scriptOf(given));
        expect(more).toEqual([]);
        expect(block?.executed).toEqual(["statements[i]"]);
        expect(block?.arrays).toEqual({
            statements: [
                "SELECT 1",
                "SELECT 'é'",
                "SET LOCAL search_path TO public",
                'CREATE TABLE "public"."t" (\n    "id" int\n)',
                `INSERT INTO "public"."t" ("id") OVERRIDING SYSTEM VALUE VALUES\n    ('1')`,
            ],
            places: [
                "dir/it's\\.sql:1",
                "dir/it's\\.sql:2",
                "dir/it's\\.sql: end",
                "upstreams[0].tables[0]",
                "upstreams[0].tables[0].rows",
            ],
        });
    });

    test("executes any DDL unchanged, whatever quotes it uses", async () => {
        const piece = fc.string({
            unit: fc.constantFrom("$q$", "$stub$", "$q", "''", "\\", "%", "é", "😀", "\n", "--", "/*", " ", "END;"),
            maxLength: 12,
        });
        await fc.assert(
            fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 4 }), async (texts) => {
                const statements = texts.map((text) => `SELECT '${text}'`);
                const script = await scriptOf(stub({ ddl: [ddl(statements.join(";\n"))] }));
                expect(executedBy(script)).toEqual([...statements, "SET LOCAL search_path TO public"]);
            }),
        );
    });

    test("gives the users everything in it, and nobody else anything", async () => {
        const odd = ['a"b', "50%", "it's", "back\\slash", "$grants$"];
        const [tables, grants, ...more] = blocksOf(
            await scriptOf(stub({ users: odd, tables: [placed("x", "t", ["id int"])] })),
        );
        expect(tables?.arrays.statements).toHaveLength(1);
        expect(more).toEqual([]);
        const to = '"a""b", "50%%", "it\'\'s", "back\\\\slash", "$grants$"';
        expect(grants?.executed).toEqual(
            ["SCHEMA", "ALL TABLES IN SCHEMA", "ALL SEQUENCES IN SCHEMA", "ALL ROUTINES IN SCHEMA"].map(
                (on) => `format( E'GRANT ALL ON ${on} %I TO ${to}', schema)`,
            ),
        );
        await expect(scriptOf(stub({ tables: [placed("x", "t", ["id int"])] }))).resolves.not.toContain("GRANT");
    });

    test("an empty stub is an empty script", async () => {
        await expect(scriptOf(stub())).resolves.toBe("\n");
    });

    test("describes itself in its control file", async () => {
        await expect(controlOf(stub())).resolves.toEqual([
            "comment = 'stub of an upstream database'",
            "directory = '/fdw-stub/stubs'",
            "relocatable = false",
            "superuser = true",
        ]);
    });

    test.each([
        [[{ name: "hstore" }, { name: "uuid-ossp" }], "", "hstore, uuid-ossp"],
        [[], 'CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION hstore', "uuid-ossp, hstore"],
        [[{ name: "hstore" }], "CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION plpgsql", "hstore"],
    ])("requires %j and those of %j", async (extensions, sql, requires) => {
        const control = await controlOf(stub({ extensions, ddl: [ddl(sql)] }));
        expect(control.at(-1)).toBe(`requires = '${requires}'`);
    });

    test.each(["a b", "it's", "x, y", "größe", "-x", 'a"b', "x'\nsuperuser = false"])(
        "refuses the extension %j",
        async (extension) => {
            await expect(stubExtension(stub({ extensions: [{ name: extension }] }))).rejects.toThrow(
                `The extension ${JSON.stringify(extension)} of the upstream database "db" is no name of an extension; allowed are letters, digits, "_" and "-".`,
            );
        },
    );

    test.each<[string, Partial<StubDatabase>]>([
        ["a table more", { tables: [placed("x", "t", ["id int"]), placed("y", "u", ["id int"])] }],
        ["no table", { tables: [] }],
        ["another type", { tables: [placed("x", "t", ["id bigint"])] }],
        ["another column", { tables: [placed("x", "t", ["ID int"])] }],
        ["another schema", { tables: [placed("x", "t", ["id int"], { schema: "s" })] }],
        ["a row", { tables: [placed("x", "t", ["id int"], { rows: [{ id: 1 }] })] }],
        ["a user", { users: ["svc"] }],
        ["an extension", { extensions: [{ name: "hstore" }] }],
        ["a publication", { publications: ["p"] }],
        ["everybody let in", { open: true }],
        ["a role of the session's secret", { passedThrough: ["r"] }],
        ["DDL", { ddl: [ddl("SELECT 1")] }],
        ["a file of rows", { seed: [{ origin: "x.t.csv", text: "id\n1" }] }],
        ["an extension in the DDL", { ddl: [ddl("CREATE EXTENSION hstore")] }],
    ])("has another version with %s", async (_, change) => {
        const base = stub({ tables: [placed("x", "t", ["id int"])] });
        const [one, other] = await Promise.all([stubExtension(base), stubExtension({ ...base, ...change })]);
        expect(other.version).not.toBe(one.version);
        expect(other.name).toBe(one.name);
    });

    test.each<[string, Partial<StubDatabase>]>([
        ["another server", { servers: [{ host: "other", port: 1, database: "x", connections: [] }] }],
        ["another name of the database", { database: "other" }],
        ["nothing else", {}],
    ])("has the same version with %s", async (_, change) => {
        const base = stub({ tables: [placed("x", "t", ["id int"])] });
        const [one, other] = await Promise.all([stubExtension(base), stubExtension({ ...base, ...change })]);
        expect(other.version).toBe(one.version);
    });

    test("has its version in the script's name alone: the control file stays with the container", async () => {
        const [one, other] = await Promise.all([["a"], ["b"]].map((users) => stubExtension(stub({ users }))));
        expect(one?.version).toMatch(/^[0-9a-f]{16}$/);
        expect(one?.script.name).toBe(`${one?.name}--${one?.version}.sql`);
        expect(one?.script.name).not.toBe(other?.script.name);
        expect(one?.control.name).toBe(`${one?.name}.control`);
        expect(one?.control).toEqual(other?.control);
    });

    test("of 5,000 tables is blocks of bounded length, quickly made", async () => {
        const many = Array.from({ length: 5000 }, (_, i) => placed(`t[${i}]`, `t${i}`, ["id bigint", "note text"]));
        const { size } = await stubExtension(stub({ tables: many }));
        expect(size).toBe(5000);
        const lengths = blocksOf(await scriptOf(stub({ tables: many }))).map(
            (one) => one.arrays.statements?.length ?? 0,
        );
        expect(lengths.reduce((sum, length) => sum + length)).toBe(5000);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(1000);
    });

    test("says where DDL is wrong", async () => {
        await expect(stubExtension(stub({ ddl: [ddl("SELECT 1"), ddl("\nSELEC", "b.sql")] }))).rejects.toThrow(
            'b.sql:2: syntax error at or near "SELEC"',
        );
    });
});
