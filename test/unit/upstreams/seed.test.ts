import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeedValue } from "../../../upstreams/model";
import { MAX_IDENTIFIER_BYTES } from "../../../upstreams/quote";
import { seedStatements } from "../../../upstreams/seed";
import { table } from "./builders";
import { dig, statementsOf, usePostgresParser } from "./oracle";

usePostgresParser();

const rows = (...all: ReadonlyArray<Record<string, SeedValue>>) => table("t", [], { rows: all });

test.each<[string, ReadonlyArray<Record<string, SeedValue>>, string[]]>([
    ["no rows", [], []],
    ["text", [{ a: "it's" }], [`("a") OVERRIDING SYSTEM VALUE VALUES\n    ('it''s')`]],
    ["a backslash", [{ a: "\\n" }], [`("a") OVERRIDING SYSTEM VALUE VALUES\n    ( E'\\\\n')`]],
    ["numbers", [{ a: 1, b: -2.5, c: 0 }], [`("a", "b", "c") OVERRIDING SYSTEM VALUE VALUES\n    ('1', '-2.5', '0')`]],
    ["booleans", [{ a: true, b: false }], [`("a", "b") OVERRIDING SYSTEM VALUE VALUES\n    ('true', 'false')`]],
    ["NULL", [{ a: null }], [`("a") OVERRIDING SYSTEM VALUE VALUES\n    (NULL)`]],
    ["the text null", [{ a: "null" }], [`("a") OVERRIDING SYSTEM VALUE VALUES\n    ('null')`]],
    [
        "a mapping",
        [{ a: { k: ["it's", null] } }],
        [`("a") OVERRIDING SYSTEM VALUE VALUES\n    ('{"k":["it''s",null]}')`],
    ],
    ["defaults only", [{}, {}], ["DEFAULT VALUES", "DEFAULT VALUES"]],
    ["rows alike", [{ a: 1 }, { a: 2 }], [`("a") OVERRIDING SYSTEM VALUE VALUES\n    ('1'),\n    ('2')`]],
    [
        "rows that name other columns",
        [{ a: 1 }, { b: 2 }, { b: 3 }, {}, { a: 4, b: 5 }, { b: 6, a: 7 }],
        [
            `("a") OVERRIDING SYSTEM VALUE VALUES\n    ('1')`,
            `("b") OVERRIDING SYSTEM VALUE VALUES\n    ('2'),\n    ('3')`,
            "DEFAULT VALUES",
            `("a", "b") OVERRIDING SYSTEM VALUE VALUES\n    ('4', '5')`,
            `("b", "a") OVERRIDING SYSTEM VALUE VALUES\n    ('6', '7')`,
        ],
    ],
])("writes %s", (_, given, expected) => {
    expect(seedStatements(rows(...given))).toEqual(expected.map((rest) => `INSERT INTO "public"."t" ${rest}`));
});

/** The rows that INSERT statements insert, as PostgreSQL's parser reads them. */
function rowsOf(statements: readonly string[]): unknown[] {
    return statements.flatMap((sql) => {
        const [insert, ...more] = statementsOf(sql);
        expect(more).toEqual([]);
        const columns = dig(insert, "InsertStmt", "cols");
        const lists = dig(insert, "InsertStmt", "selectStmt", "SelectStmt", "valuesLists");
        if (!Array.isArray(columns) || !Array.isArray(lists)) {
            return [[]];
        }
        return lists.map((list) =>
            columns.map((column, i) => {
                const constant = dig(list, "List", "items", i, "A_Const");
                const value = dig(constant, "isnull") === true ? null : (dig(constant, "sval", "sval") ?? "");
                return [dig(column, "ResTarget", "name"), value];
            }),
        );
    });
}

test("PostgreSQL reads back every row, in order", () => {
    const text = fc.string({ unit: "binary", maxLength: 20 }).filter((one) => !one.includes("\0"));
    const name = text.filter(
        (one) => one !== "" && one !== "__proto__" && Buffer.byteLength(one) <= MAX_IDENTIFIER_BYTES,
    );
    const json = fc.letrec<{ value: SeedValue }>((tie) => ({
        value: fc.oneof(
            { depthSize: "small" },
            text,
            fc.constantFrom("'", "\\", "'); DROP TABLE t; --", "$q$"),
            fc.double({ noNaN: true, noDefaultInfinity: true }),
            fc.boolean(),
            fc.constant(null),
            fc.array(tie("value"), { maxLength: 3 }),
            fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
        ),
    }));
    const row = fc.dictionary(name, json.value, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
        fc.property(fc.array(row, { maxLength: 5 }), (given) => {
            const expected = given.map((one) =>
                Object.entries(one).map(([key, value]) => [
                    key,
                    value === null ? null : typeof value === "object" ? JSON.stringify(value) : String(value),
                ]),
            );
            expect(rowsOf(seedStatements(rows(...given)))).toEqual(expected);
        }),
    );
});
