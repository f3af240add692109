import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatInference, type Inference } from "../../../schema";
import { FORMATS } from "../../../schema/show";
import { quoteIdent, quoteLiteral, quoteQualified } from "../../../upstreams/quote";
import { codes, compact, infer, SERVER } from "./compact";

/** Names as PostgreSQL stores them: anything but NUL, at most 63 bytes. Not one of ours, and no template in it. */
const name = fc
    .oneof(
        fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 15 }),
        fc.constantFrom("select", "Table", 'a"b', "a'b", "a b", "ü", "日本", "$x$", "a;b", "--", "/*", "a.b"),
    )
    .filter((text) => !text.includes("\0") && Buffer.byteLength(text) <= 63 && !/[{}%<\uFEFF]/.test(text));
const type = fc.constantFrom("bigint", "text", "numeric(10,2)", "timestamptz", "text[]", "jsonb", "varchar(5)", "uuid");
const table = fc.record({
    schema: name.filter((text) => !/^pg_|^information_schema$/.test(text)),
    remote: name,
    local: name,
    columns: fc.uniqueArray(fc.record({ remote: name, local: name, type }), {
        selector: ({ remote }) => remote,
        maxLength: 6,
    }),
});

function printed(model: {
    schema: string;
    remote: string;
    local: string;
    columns: Array<{ remote: string; local: string; type: string }>;
}): string {
    const locals = new Set<string>();
    const columns = model.columns.map((column, index) => {
        const local = locals.has(column.local) ? `c${index}` : column.local;
        locals.add(local);
        return `${quoteIdent(local)} ${column.type} OPTIONS (column_name ${quoteLiteral(column.remote)})`;
    });
    return `CREATE FOREIGN TABLE ${quoteQualified("public", model.local)} (${columns.join(", ")}) SERVER s OPTIONS (schema_name ${quoteLiteral(model.schema)}, table_name ${quoteLiteral(model.remote)});`;
}

describe("properties", () => {
    test("any foreign table printed and read back gives the same model", async () => {
        await fc.assert(
            fc.asyncProperty(table, async (model) => {
                const found = await infer(`${SERVER}\n${printed(model)}`);
                const [upstream] = found.upstreams;
                expect(upstream?.tables).toEqual([
                    {
                        schema: model.schema,
                        name: model.remote,
                        columns: model.columns.map((column) => ({ name: column.remote, type: column.type })),
                        rows: [],
                    },
                ]);
            }),
            { numRuns: 150 },
        );
    });

    test("any server and mapping printed and read back give the same upstream", async () => {
        const upstream = fc.record({
            host: fc
                .stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9](\.[a-z][a-z0-9]{0,5})?$/)
                .filter((host) => host !== "localhost"),
            port: fc.integer({ min: 1, max: 65535 }),
            database: name,
            user: name.filter((text) => !/^pg_/.test(text)),
            password: name,
            server: name,
        });
        await fc.assert(
            fc.asyncProperty(upstream, async (model) => {
                const found = await infer(
                    `CREATE SERVER ${quoteIdent(model.server)} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (port '${model.port}', dbname ${quoteLiteral(model.database)}, host '${model.host}');` +
                        `CREATE USER MAPPING FOR PUBLIC SERVER ${quoteIdent(model.server)} OPTIONS (user ${quoteLiteral(model.user)}, password ${quoteLiteral(model.password)});`,
                );
                expect(found.upstreams).toMatchObject([
                    {
                        host: model.host,
                        port: model.port,
                        database: model.database,
                        users: [{ name: model.user, password: model.password }],
                    },
                ]);
            }),
            { numRuns: 150 },
        );
    });

    test("the order of paths doesn't matter where statements don't depend on it", async () => {
        const parts: Record<string, string> = {
            "server.sql": SERVER,
            "type.sql": "CREATE TYPE e AS ENUM ('a');",
            "parent.sql": "CREATE TABLE p (a int, b e) PARTITION BY LIST (a);",
            "part.sql": "CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES IN (1) SERVER s;",
            "other.sql": "CREATE FOREIGN TABLE o (x bigint, y e) SERVER s OPTIONS (schema_name 'z');",
            "view.sql": "CREATE VIEW v AS SELECT x FROM o JOIN p ON p.a = o.x;",
            "grant.sql": "GRANT SELECT ON o TO reader;",
        };
        const names = Object.keys(parts);
        const wanted = compact(await infer(parts, { paths: names }));
        await fc.assert(
            fc.asyncProperty(fc.shuffledSubarray(names, { minLength: names.length }), async (paths) => {
                const found = await infer(parts, { paths });
                expect(compact(found)).toEqual(wanted);
                expect(codes(found)).toEqual([]);
            }),
            { numRuns: 60 },
        );
    });

    /** Pieces that mean something to the reader, in any order and number. */
    const piece = fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.constantFrom(
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');",
            "CREATE FOREIGN TABLE t (a int) SERVER s;",
            "IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public;",
            "CREATE VIEW v AS SELECT * FROM t, x JOIN y USING (z);",
            "ALTER FOREIGN TABLE t RENAME a TO b;",
            "ALTER TABLE t INHERIT t;",
            "CREATE FOREIGN TABLE t () INHERITS (t) SERVER s;",
            "DO $$ BEGIN FOR i IN 1..3 LOOP EXECUTE format('DROP TABLE %I', i); END LOOP; END $$;",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT f()'; SELECT f();",
            "DROP SERVER s CASCADE;",
            "DROP SCHEMA public CASCADE;",
            "BEGIN;",
            "ROLLBACK;",
            "\\if :x\n",
            "\\else\n",
            "\\endif\n",
            "\\c x\n",
            "\\i schema.sql\n",
            "COPY t FROM stdin;\n",
            "\\.\n",
            "-- +goose Up\n",
            "-- +goose Down\n",
            "-- migrate:up\n",
            "--liquibase formatted sql\n",
            "${A",
            "{{ a }}",
            "<%= b",
            "%(c)s",
            ":'d'",
            "'",
            '"',
            "$$",
            "$a$",
            "/*",
            "*/",
            "(",
            ")",
            ";",
            "\n",
            "E'\\",
        ),
    );
    const text = fc.array(piece, { maxLength: 25 }).map((parts) => parts.join(" "));

    test("nothing throws, whatever the text", async () => {
        await fc.assert(
            fc.asyncProperty(text, async (sql) => {
                const found: Inference = await infer(sql);
                for (const format of FORMATS) {
                    expect(typeof formatInference(found, format)).toBe("string");
                }
                expect(() => JSON.parse(JSON.stringify(found))).not.toThrow();
            }),
            { numRuns: 300 },
        );
    });

    test("nor whatever the bytes and the tool", async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.dictionary(
                    fc.constantFrom(
                        "V1__a.sql",
                        "1_a.up.sql",
                        "sqitch.plan",
                        "sqitch.conf",
                        "changelog.xml",
                        "changelog.yaml",
                        "atlas.sum",
                        "structure.sql",
                        "x/up.sql",
                        "deploy/a.sql",
                    ),
                    fc.string({ maxLength: 60 }),
                ),
                async (files) => {
                    const inside = Object.fromEntries(Object.entries(files).map(([path, body]) => [`d/${path}`, body]));
                    const found = await infer(inside, { paths: ["d"] });
                    expect(Array.isArray(found.findings)).toBe(true);
                },
            ),
            { numRuns: 200 },
        );
    });
});
