import { describe, expect, test } from "vitest";
import { mergeUpstreams } from "../../../schema";
import type { Upstream } from "../../../upstreams/model";
import { planStubs } from "../../../upstreams/stubs";
import { compact, infer, SERVER } from "./compact";

const SQL = `${SERVER}CREATE TYPE e AS ENUM ('x');
CREATE FOREIGN TABLE t (id int, note text, kind e) SERVER s;
CREATE FOREIGN TABLE u (id int) SERVER s;`;

function declared(part: Partial<Upstream>): Upstream {
    return { host: "h", port: 5432, database: "d", users: [], extensions: [], ddl: [], tables: [], ...part };
}

async function merged(part: Partial<Upstream>, sql = SQL) {
    const inference = await infer(sql);
    const result = mergeUpstreams([declared(part)], inference);
    return {
        lines: compact({ ...inference, upstreams: result.upstreams }),
        findings: result.findings,
        upstreams: result.upstreams,
    };
}

const TYPE = `  CREATE TYPE "public"."e" AS ENUM ('x');`;
const T = "  public.t(id integer, note text, kind e)";
const U = "  public.u(id integer)";
const table = (name: string, ...columns: Array<[string, string]>) => ({
    schema: "public",
    name,
    columns: columns.map(([column, type]) => ({ name: column, type })),
    rows: [],
});

describe("declared and derived upstreams", () => {
    test.each<[string, Partial<Upstream>, string[]]>([
        ["nothing declared of it: all is derived", {}, ["h:5432/d u:p", TYPE, T, U]],
        ["another host is another upstream", { host: "other" }, ["other:5432/d", "h:5432/d u:p", TYPE, T, U]],
        ["hosts in another case are the same", { host: "H" }, ["H:5432/d u:p", TYPE, T, U]],
        [
            "a declared type wins",
            { tables: [table("t", ["id", "bigint"])] },
            ["h:5432/d u:p", TYPE, "  public.t(id bigint, note text, kind e)", U],
        ],
        [
            "declared columns come first, derived ones are added",
            { tables: [table("t", ["kind", "text"], ["more", "date"])] },
            ["h:5432/d u:p", TYPE, "  public.t(kind text, more date, id integer, note text)", U],
        ],
        [
            "a declared table of its own",
            { tables: [table("v", ["id", "int"])] },
            ["h:5432/d u:p", TYPE, "  public.v(id int)", T, U],
        ],
        ["a declared user", { users: [{ name: "w", password: "q" }] }, ["h:5432/d w:q u:p", TYPE, T, U]],
        [
            "a declared user without password takes the mapping's",
            { users: [{ name: "u" }] },
            ["h:5432/d u:p", TYPE, T, U],
        ],
        ["extensions", { extensions: [{ name: "citext" }] }, ["h:5432/d u:p +citext", TYPE, T, U]],
        [
            "a table that declared DDL makes",
            { ddl: [{ origin: "x", line: 1, sql: "CREATE TABLE t (id int, note text, kind int);" }] },
            ["h:5432/d u:p", "  CREATE TABLE t (id int, note text, kind int);", TYPE, U],
        ],
        [
            "a type that declared DDL makes",
            { ddl: [{ origin: "x", line: 1, sql: "create type e as enum ('x', 'y');" }] },
            ["h:5432/d u:p", "  create type e as enum ('x', 'y');", T, U],
        ],
    ])("%s", async (_name, part, wanted) => {
        const { lines, findings, upstreams } = await merged(part);
        expect(lines).toEqual(wanted);
        expect(findings).toEqual([]);
        expect(() => planStubs(upstreams)).not.toThrow();
    });

    test.each<[string, Partial<Upstream>, RegExp[]]>([
        ["a password", { users: [{ name: "u", password: "other" }] }, [/upstreams\[0\]\.users\[0\].*another password/]],
        [
            "a type of another kind",
            { tables: [table("t", ["id", "jsonb"])] },
            [/upstreams\[0\]\.tables\[0\] declares public\.t\.id as jsonb.*integer/],
        ],
        [
            "DDL without a column",
            { ddl: [{ origin: "x.sql", line: 3, sql: "CREATE TABLE u (other int);" }] },
            [/x\.sql:3 makes public\.u without the column id/],
        ],
    ])("a contradiction is an error with both places: %s", async (_name, part, messages) => {
        const { findings } = await merged(part);
        expect(findings).toHaveLength(messages.length);
        for (const [index, message] of messages.entries()) {
            expect(findings[index]).toMatchObject({ severity: "error", code: "contradiction", file: "schema.sql" });
            expect(findings[index]?.message).toMatch(message);
            expect(findings[index]?.message).not.toContain("other'");
        }
    });

    test("an inferred type is a guess: a declared one of another kind is no contradiction", async () => {
        const { lines, findings } = await merged(
            { tables: [table("t", ["x", "jsonb"])] },
            `${SERVER}IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public; CREATE VIEW v AS SELECT x FROM t WHERE x > 5;`,
        );
        expect(lines).toEqual(["h:5432/d u:p", "  public.t(x jsonb)"]);
        expect(findings).toEqual([]);
    });

    test("upstreams that share a database agree on its tables", async () => {
        const { upstreams } = await merged({ host: "k", tables: [table("t", ["id", "bigint"])] });
        expect(() => planStubs(upstreams)).not.toThrow();
        expect(
            upstreams.flatMap(({ tables }) => tables.filter(({ name }) => name === "t")).map(({ columns }) => columns),
        ).toEqual([
            [
                { name: "id", type: "bigint" },
                { name: "note", type: "text" },
                { name: "kind", type: "e" },
            ],
            [
                { name: "id", type: "bigint" },
                { name: "note", type: "text" },
                { name: "kind", type: "e" },
            ],
        ]);
    });
});

/** The component lets the derivation know what is declared, and then puts both together. */
describe("declared upstreams that the derivation knows", () => {
    async function both(part: Partial<Upstream>, sql = SQL) {
        const inference = await infer(sql, { declared: [declared(part)] });
        const result = mergeUpstreams([declared(part)], inference);
        const findings = [...inference.findings, ...result.findings];
        return {
            lines: compact({ ...inference, upstreams: result.upstreams }),
            errors: findings.filter(({ severity }) => severity === "error"),
        };
    }
    const ddl = (sql: string) => ({ ddl: [{ origin: "x.sql", line: 3, sql }] });
    const IMPORT = `${SERVER}CREATE SCHEMA r; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO r;`;

    test.each<[string, Partial<Upstream>, string[]]>([
        [
            "a declared type of the same kind wins",
            { tables: [table("t", ["id", "bigint"])] },
            ["h:5432/d u:p", TYPE, "  public.t(id bigint, note text, kind e)", U],
        ],
        [
            "a declared text stands for anything",
            { tables: [table("t", ["id", "text"], ["note", "text"], ["kind", "text"])] },
            ["h:5432/d u:p", "  public.t(id text, note text, kind text)", U],
        ],
        [
            "columns that a foreign table needs beside the declared ones are added",
            { tables: [table("t", ["more", "date"])] },
            ["h:5432/d u:p", TYPE, "  public.t(more date, id integer, note text, kind e)", U],
        ],
        [
            "a table that declared DDL makes is left to it",
            ddl("CREATE TABLE u (id bigint, more date);"),
            ["h:5432/d u:p", "  CREATE TABLE u (id bigint, more date);", TYPE, T],
        ],
    ])("%s", async (_name, part, lines) => {
        await expect(both(part)).resolves.toEqual({ lines, errors: [] });
    });

    test.each<[string, Partial<Upstream>, string, RegExp]>([
        [
            "a column of another kind",
            { tables: [table("t", ["id", "jsonb"])] },
            SQL,
            /^upstreams\[0\]\.tables\[0\] declares public\.t\.id as jsonb, and the schema reads it as integer here\. Make them agree\.$/,
        ],
        [
            "a column of another kind in DDL",
            ddl("CREATE TABLE u (id timestamptz);"),
            SQL,
            /^x\.sql:3 declares public\.u\.id as timestamptz, and the schema reads it as integer here\. Make them agree\.$/,
        ],
        [
            "DDL without a column, told once",
            ddl("CREATE TABLE u (other int);"),
            SQL,
            /^public\.u\.id is column id of public\.u at the upstream, which as described at x\.sql:3 has none of that name\.$/,
        ],
        [
            "an imported table without a column",
            { tables: [table("a", ["id", "int"])] },
            `${IMPORT}CREATE VIEW v AS SELECT id, gone FROM r.a;`,
            /^r\.a\.gone is used here, and public\.a as described at upstreams\[0\]\.tables\[0\] has no such column\.$/,
        ],
        [
            "a password",
            { users: [{ name: "u", password: "other" }] },
            SQL,
            /^upstreams\[0\]\.users\[0\] gives u another password/,
        ],
    ])("a contradiction is one error: %s", async (_name, part, sql, message) => {
        const { errors } = await both(part, sql);
        expect(errors).toEqual([expect.objectContaining({ file: "schema.sql", line: expect.any(Number) })]);
        expect(errors[0]?.message).toMatch(message);
    });

    test("what a column was in between is no contradiction", async () => {
        const sql = `${SERVER}CREATE FOREIGN TABLE t (id jsonb) SERVER s;
            CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
            DROP MATERIALIZED VIEW m;
            ALTER FOREIGN TABLE t ALTER COLUMN id TYPE int;`;
        const { lines, errors } = await both({ tables: [table("t", ["id", "bigint"])] }, sql);
        expect(lines).toEqual(["h:5432/d u:p", "  public.t(id bigint)"]);
        expect(errors).toEqual([]);
    });
});
