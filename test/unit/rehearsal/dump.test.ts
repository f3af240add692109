/** A stub's dump: cut into its entries, and described. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeDump } from "../../../rehearsal/ddl";
import { shortType, statementsOf } from "../../../rehearsal/stubs";
import { quoteIdent } from "../../../upstreams/quote";

/** As pg_dump 18 writes it. */
function dump(...entries: ReadonlyArray<readonly [name: string, type: string, sql: string]>): string {
    const head = `--
-- PostgreSQL database dump
--

\\restrict 9bXk

-- Dumped from database version 18.6 (Debian 18.6-1)
-- Dumped by pg_dump version 18.6 (Debian 18.6-1)

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;

`;
    const body = entries.map(
        ([name, type, sql]) => `--
-- Name: ${name}; Type: ${type}; Schema: public; Owner: -
--

${sql}


`,
    );
    return `${head}${body.join("")}--
-- PostgreSQL database dump complete
--

\\unrestrict 9bXk

`;
}

const TABLE = "CREATE TABLE public.t (\n    id integer,\n    n text\n);";

describe("entries", () => {
    const FUNCTION = `CREATE FUNCTION public.f() RETURNS integer
    LANGUAGE plpgsql
    AS $$
--
-- no entry: a comment
--
BEGIN
    -- Name: x
    RETURN 1;
END $$;`;
    test.each<[string, Array<readonly [string, string, string]>, string[]]>([
        ["none", [], []],
        ["a table", [["t", "TABLE", TABLE]], [TABLE]],
        [
            "a function's body with comments",
            [
                ["f()", "FUNCTION", FUNCTION],
                ["t", "TABLE", TABLE],
            ],
            [FUNCTION, TABLE],
        ],
        [
            "names that look like parts of the header",
            [
                ["a; Type: x; Schema: y; Owner: z", "TABLE", TABLE],
                ["--", "TABLE", TABLE],
            ],
            [TABLE, TABLE],
        ],
        [
            "settings between entries",
            [
                [
                    "s",
                    "SCHEMA",
                    "CREATE SCHEMA s;\n\n\nSET default_tablespace = '';\n\nSET default_table_access_method = heap;",
                ],
                ["t", "TABLE", TABLE],
            ],
            ["CREATE SCHEMA s;", TABLE],
        ],
        [
            "the schema that is there already",
            [
                ["public", "SCHEMA", "CREATE SCHEMA public;"],
                ["t", "TABLE", TABLE],
            ],
            [TABLE],
        ],
    ])("%s", (_name, entries, expected) => {
        expect(statementsOf(dump(...entries))).toEqual(expected);
    });

    test("rows of a data dump", () => {
        const rows = "INSERT INTO public.t VALUES\n\t(1, 'a;--\n-- b'),\n\t(2, NULL);";
        expect(statementsOf(dump(["t", "TABLE DATA", rows]).replace("-- Name:", "-- Data for Name:"))).toEqual([rows]);
    });

    test("a table without rows at the end of a data dump", () => {
        expect(statementsOf(dump(["t", "TABLE DATA", ""]).replace("-- Name:", "-- Data for Name:"))).toEqual([]);
    });

    test("an older pg_dump has no restriction", () => {
        expect(statementsOf(dump(["t", "TABLE", TABLE]).replaceAll(/^\\.*\n\n/gm, ""))).toEqual([TABLE]);
    });
});

describe("description", () => {
    const SCHEMA = "CREATE SCHEMA app;";
    const ENUM = "CREATE TYPE app.e AS ENUM (\n    'a',\n    'b'\n);";
    const table = (name: string, ...columns: Array<[string, string]>) => ({
        schema: "public",
        name,
        columns: columns.map(([column, type]) => ({ name: column, type })),
        rows: [],
    });
    const T = table("t", ["id", "integer"], ["n", "text"]);
    test.each<[string, string[], Partial<ReturnType<typeof describeDump>>]>([
        ["nothing", [], {}],
        ["a table of plain columns", [TABLE], { tables: [T] }],
        ["no columns", ["CREATE TABLE public.t (\n);"], { tables: [table("t")] }],
        ["schemas and types come before", [SCHEMA, ENUM, TABLE], { ddl: [SCHEMA, ENUM], tables: [T] }],
        [
            "extensions by name",
            [
                "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;",
                'CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;',
                TABLE,
            ],
            { extensions: [{ name: "citext" }, { name: "uuid-ossp" }], tables: [T] },
        ],
        [
            "an extension in another schema brings that schema",
            [SCHEMA, "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA app;", TABLE],
            { extensions: [{ name: "citext", schema: "app" }], tables: [T] },
        ],
        [
            "quoted names, short types",
            [
                'CREATE TABLE public."T ""x""" (\n    "select" character varying(5)[],\n    "a b" public.mood,\n    c timestamp(3) with time zone\n);',
            ],
            { tables: [table('T "x"', ["select", "varchar(5)[]"], ["a b", "mood"], ["c", "timestamptz(3)"])] },
        ],
        [
            "column constraints stay with the type",
            [
                "CREATE TABLE public.t (\n    id integer NOT NULL,\n    g integer GENERATED ALWAYS AS ((id * 2)) STORED\n);",
            ],
            {
                tables: [
                    table("t", ["id", "integer NOT NULL"], ["g", "integer GENERATED ALWAYS AS ((id * 2)) STORED"]),
                ],
            },
        ],
        ...[
            [
                "a constraint of the table",
                "CREATE TABLE public.t (\n    id integer,\n    CONSTRAINT c CHECK ((id > 0))\n);",
            ],
            [
                "a literal that looks like a column",
                "CREATE TABLE public.t (\n    id text DEFAULT 'a,\n    b text'::text\n);",
            ],
            ["partitions", "CREATE TABLE public.t (\n    id integer\n)\nPARTITION BY LIST (id);"],
            ["unlogged", "CREATE UNLOGGED TABLE public.t (\n    id integer\n);"],
        ].map(([name = "", sql = ""]): [string, string[], Partial<ReturnType<typeof describeDump>>] => [
            name,
            [SCHEMA, sql],
            { ddl: [SCHEMA, sql] },
        ]),
        [
            "all is text, in order, where something needs a table",
            [TABLE, "CREATE VIEW public.v AS\n SELECT id FROM public.t;"],
            { ddl: [TABLE, "CREATE VIEW public.v AS\n SELECT id FROM public.t;"] },
        ],
    ])("%s", (_name, entries, expected) => {
        expect(describeDump(entries)).toEqual({ extensions: [], ddl: [], tables: [], ...expected });
    });

    test("any table of plain columns is read back", () => {
        const name = fc
            .oneof(
                fc.stringMatching(/^[a-z_][a-z0-9_]{0,10}$/),
                fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
            )
            .filter((text) => !/[\0\n\r]/.test(text));
        const type = fc.constantFrom("bigint", "text[]", "numeric(10,2)", "jsonb", 'app."My Type"', "double precision");
        // What the server leaves without quotes is quoted here too; both are read.
        const written = (text: string, plain: boolean) =>
            plain && /^[a-z_][a-z0-9_]*$/.test(text) ? text : quoteIdent(text);
        const model = fc.record({
            schema: name,
            name,
            columns: fc.uniqueArray(fc.record({ name, type }), { selector: (column) => column.name, maxLength: 5 }),
        });
        fc.assert(
            fc.property(model, fc.boolean(), ({ schema, name: table, columns }, plain) => {
                const lines = columns.map((column) => `    ${written(column.name, plain)} ${column.type}`);
                const sql = `CREATE TABLE ${written(schema, plain)}.${written(table, plain)} (\n${lines.join(",\n")}\n);`;
                expect(describeDump(statementsOf(dump(["x", "TABLE", sql]))).tables).toEqual([
                    { schema, name: table, columns, rows: [] },
                ]);
            }),
        );
    });
});

describe("types", () => {
    test.each([
        ["integer", "integer"],
        ["timestamp with time zone", "timestamptz"],
        ["timestamp(3) with time zone[]", "timestamptz(3)[]"],
        ["timestamp(0) without time zone", "timestamp(0)"],
        ["time without time zone", "time"],
        ["time(2) with time zone", "timetz(2)"],
        ["character varying", "varchar"],
        ["character varying(5)[]", "varchar(5)[]"],
        ["character(1)", "char(1)"],
        ["bit varying(5)", "varbit(5)"],
        ["bpchar", "bpchar"],
        ['"char"', '"char"'],
        ["double precision[]", "double precision[]"],
        ["public.mood", "mood"],
        ['public."Mood"[]', '"Mood"[]'],
        ["app.mood", "app.mood"],
        // Without its schema it would be another type.
        ["public.date", "public.date"],
        ["public.integer_range", "integer_range"],
        ['public."timestamp with time zone"', '"timestamp with time zone"'],
        [
            "integer GENERATED ALWAYS AS ((a)::character varying) STORED",
            "integer GENERATED ALWAYS AS ((a)::character varying) STORED",
        ],
    ])("%s is %s", (long, short) => {
        expect(shortType(long)).toBe(short);
    });
});
