import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSeedPath, splitSeed } from "../../../upstreams/seed-file";
import { dig, statementsOf, usePostgresParser } from "./oracle";

usePostgresParser();

async function inserted(text: string, origin = "seeds/shop.orders.csv"): Promise<Array<[string, unknown]>> {
    const { statements } = await splitSeed({ origin, text });
    return statements.map(({ sql, at }) => [
        at,
        sql.replace(/^INSERT INTO (.*) OVERRIDING SYSTEM VALUE VALUES\n {4}/, "$1 "),
    ]);
}

const INTO = `"shop"."orders" ("id", "note")`;

describe("a CSV file", () => {
    test.each<[string, string, Array<[string, string]>]>([
        ["of nothing but names", "id,note\n", []],
        ["with lines of Windows and a byte order mark", "\uFEFFid,note\r\n1,a\r\n", [["2", `${INTO} ('1', 'a')`]]],
        [
            "with NULL and an empty text",
            `id,note\n1,\n2,""`,
            [
                ["2", `${INTO} ('1', NULL)`],
                ["3", `${INTO} ('2', '')`],
            ],
        ],
        [
            "with quotes, commas, line breaks and empty lines",
            `id,note\n\n1,"a ""b"", c"\n\n2,"x\n\ny"\n3,it's \\\n`,
            [
                ["3", `${INTO} ('1', 'a "b", c')`],
                ["5", `${INTO} ('2', 'x\n\ny')`],
                ["8", `${INTO} ('3',  E'it''s \\\\')`],
            ],
        ],
        ["with odd names", `"Id, it",a.b\n1,2`, [["2", `"shop"."orders" ("Id, it", "a.b") ('1', '2')`]]],
    ])("%s", async (_, text, expected) => {
        expect(await inserted(text)).toEqual(expected.map(([line, sql]) => [`seeds/shop.orders.csv:${line}`, sql]));
    });

    test("is called after its table", async () => {
        expect(await inserted("a\n1", "x/t.CSV")).toEqual([["x/t.CSV:2", `"public"."t" ("a") ('1')`]]);
        expect(await inserted("a\n1", "s.t.u.csv")).toEqual([["s.t.u.csv:2", `"s"."t.u" ("a") ('1')`]]);
    });

    test.each<[string, string, RegExp]>([
        ["of nothing", "", /^shop\.t\.csv: the file is empty/],
        ["with too many fields", "a\n1\n1,2\n", /^shop\.t\.csv:3: Invalid Record Length/],
        ["with a quote left open", `a\n"1\n`, /^shop\.t\.csv:\d: Quote Not Closed/],
        ["that names a column twice", "a,b,a\n", /^shop\.t\.csv:1: the column "a" is named twice/],
        ["without a name", "a,,b\n", /^shop\.t\.csv:1: field 2 of the first line is empty/],
    ])("%s is refused", async (_, text, message) => {
        await expect(splitSeed({ origin: "shop.t.csv", text })).rejects.toThrow(message);
    });

    test("gives PostgreSQL the fields as they are", async () => {
        const text = fc.string({ unit: "binary" }).filter((one) => !one.includes("\0"));
        await fc.assert(
            fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (fields) => {
                const quoted = fields.map((one) => `"${one.replaceAll('"', '""')}"`).join(",");
                const header = fields.map((_, i) => `c${i}`).join(",");
                const { statements } = await splitSeed({ origin: "t.csv", text: `${header}\n${quoted}\n` });
                const list = dig(
                    statementsOf(statements[0]?.sql ?? "")[0],
                    "InsertStmt",
                    "selectStmt",
                    "SelectStmt",
                    "valuesLists",
                    0,
                    "List",
                    "items",
                );
                expect(fields.map((_, i) => dig(list, i, "A_Const", "sval", "sval") ?? "")).toEqual(fields);
            }),
        );
    });
});

test("a SQL file is its statements, by line", async () => {
    const { statements } = await splitSeed({
        origin: "s.sql",
        text: "INSERT INTO a VALUES (1);\n\nINSERT INTO b\nVALUES (2);",
    });
    expect(statements.map(({ at }) => at).slice(0, 2)).toEqual(["s.sql:1", "s.sql:3"]);
    await expect(splitSeed({ origin: "s.sql", text: "SELECT 1;\nINSERT oops" })).rejects.toThrow(
        /^s\.sql:2: syntax error/,
    );
});

test.each<[string, RegExp | undefined]>([
    ["a.sql", undefined],
    ["x/t.csv", undefined],
    ["rows.txt", /allowed are files that end in \.sql or \.csv/],
    ["x/.csv", /names no table/],
    ["s..csv", /names no table/],
    [".t.csv", /names no table/],
])("%s as a file of rows", (path, problem) => {
    const found = checkSeedPath(path);
    expect(problem === undefined ? found : problem.test(found ?? "")).toBe(problem === undefined ? undefined : true);
});
