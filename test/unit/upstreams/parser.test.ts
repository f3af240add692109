import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { MAX_DEPTH, measure } from "../../../upstreams/depth";
import { loadParser, parseScript } from "../../../upstreams/parser";
import { splitDdl } from "../../../upstreams/statements";
import { tableStatement } from "../../../upstreams/table";
import { table } from "./builders";

beforeAll(loadParser);

/** Text of any depth that PostgreSQL's grammar accepts, one for each way to nest or chain. */
const NESTED: ReadonlyArray<readonly [string, (times: number) => string]> = [
    ["parentheses", (n) => `SELECT ${"(".repeat(n)}1${")".repeat(n)}`],
    ["a chain of operators", (n) => `SELECT 1${" + 1".repeat(n)}`],
    ["a chain of named operators", (n) => `SELECT a${" OPERATOR(pg_catalog.+) b".repeat(n)}`],
    ["casts", (n) => `SELECT 1${"::int".repeat(n)}`],
    ["arrays", (n) => `SELECT ${"ARRAY[".repeat(n)}1${"]".repeat(n)}`],
    ["NOT", (n) => `SELECT ${"NOT ".repeat(n)}a`],
    ["CASE in THEN", (n) => `SELECT ${"CASE WHEN a THEN ".repeat(n)}1${" END".repeat(n)}`],
    ["CASE in ELSE", (n) => `SELECT ${"CASE a WHEN 1 THEN 2 ELSE ".repeat(n)}1${" END".repeat(n)}`],
    ["signs", (n) => `SELECT ${"- ".repeat(n)}1`],
    ["joins", (n) => `SELECT 1 FROM a${" CROSS JOIN b".repeat(n)}`],
    ["UNION", (n) => `SELECT 1${" UNION SELECT 1".repeat(n)}`],
    ["IS NULL", (n) => `SELECT a${" IS NULL".repeat(n)}`],
    ["NOTNULL", (n) => `SELECT a${" NOTNULL".repeat(n)}`],
    ["ISNULL", (n) => `SELECT a${" ISNULL".repeat(n)}`],
    ["COLLATE", (n) => `SELECT a${' COLLATE "C"'.repeat(n)}`],
    ["AT TIME ZONE", (n) => `SELECT a${" AT TIME ZONE 'UTC'".repeat(n)}`],
    ["AT LOCAL", (n) => `SELECT a${" AT LOCAL".repeat(n)}`],
    ["WITH", (n) => `${"WITH a AS (".repeat(n)}SELECT 1${") SELECT 1".repeat(n)}`],
    ["a default", (n) => `CREATE TABLE t (a int DEFAULT ${"(".repeat(n)}1${")".repeat(n)})`],
    [
        "after comments and quoted text",
        (n) => `SELECT /* ' /* " */ $$ */ 'it''s' || E'\\'' || $$'$$${" + 1".repeat(n)}`,
    ],
];

describe("a tree that would exhaust the parser's stack", () => {
    test.each(NESTED)("%s: is refused, and the parser lives", (_name, text) => {
        // A few overflows are survived, a few dozen are not.
        for (let round = 0; round < 40; round += 1) {
            expect(parseScript(text(8000))).toEqual({
                error: "its expressions are nested or chained more than 1000 deep: split them",
                at: expect.any(Number),
                limit: true,
            });
        }
        expect(parseScript("SELECT 1")).toHaveProperty("statements");
    });

    test.each(NESTED)("%s: what is not so deep is parsed", (_name, text) => {
        expect(parseScript(text(300))).toHaveProperty("statements");
    });

    test.each([
        ["many statements", "SELECT 1 + 1;".repeat(3000)],
        [
            "many columns",
            `CREATE TABLE t (${Array.from({ length: 1500 }, (_, i) => `c${i} numeric(10,2)`).join(", ")})`,
        ],
        ["many rows", `INSERT INTO t VALUES ${Array.from({ length: 3000 }, (_, i) => `(${i}, -1, now())`).join(", ")}`],
        ["parentheses in a text", `SELECT '${"(".repeat(5000)}'`],
        ["parentheses in an escape text", `SELECT e'\\'${"(".repeat(5000)}'`],
        ["parentheses in quotes", `SELECT 1 AS "${"(".repeat(50)}"`],
        ["operators in a dollar-quoted text", `SELECT $a$${"+1".repeat(5000)}$a$`],
        ["operators in a comment", `SELECT 1 /* ${"+1".repeat(5000)} */ -- ${"+1".repeat(5000)}`],
    ])("%s are not deep", (_name, text) => {
        expect(measure(text)).toEqual({ depth: expect.any(Number), at: -1 });
        expect(parseScript(text)).toHaveProperty("statements");
    });

    test("measures any text to its end", () => {
        const piece = fc.constantFrom(
            "'",
            '"',
            "$$",
            "$a$",
            "/*",
            "*/",
            "--",
            "\n",
            "(",
            ")",
            "E'",
            "\\",
            "a",
            "1",
            ";",
        );
        fc.assert(
            fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
                expect(measure(pieces.join("")).depth).toBeLessThanOrEqual(MAX_DEPTH);
            }),
        );
    });
});

describe("the position of an error", () => {
    test.each([
        ["SELECT 'aaaaa', x FROM 12", 23],
        ["SELECT 'äß€漢', x FROM 12", 22],
        ["SELECT '😀😀', x FROM 12", 22],
    ])("%j: counts as a string does", (sql, at) => {
        expect(sql.slice(at)).toBe("12");
        expect(parseScript(sql)).toMatchObject({ at });
    });
});

describe("what the user declares", () => {
    test("DDL that is too deep is named by file and line", async () => {
        const sql = `CREATE TABLE a ();\n\nCREATE VIEW v AS\n  SELECT 1${"+1".repeat(3000)}`;
        await expect(splitDdl({ origin: "upstream.sql", line: 1, sql })).rejects.toThrow(
            /^upstream\.sql:4: its expressions are nested or chained more than 1000 deep: split them\. The line reads: SELECT 1(?:\+1)+$/,
        );
    });

    test("DDL that is not so deep is taken", async () => {
        const sql = `CREATE VIEW v AS SELECT 1${"+1".repeat(900)};`;
        const { statements } = await splitDdl({ origin: "upstream.sql", line: 1, sql });
        expect(statements).toHaveLength(2);
    });

    test("a type that is too deep is named by table and column, and not written out", async () => {
        const deep = `int DEFAULT ${"(".repeat(3000)}1${")".repeat(3000)}`;
        await expect(tableStatement(table("t", ["a int", `b ${deep}`]), "upstreams[0]")).rejects.toThrow(
            /^upstreams\[0\]: the type "int DEFAULT \({188}…" of column "b" in table "public"\."t" is no type: its expressions are nested or chained more than 1000 deep: split them\./,
        );
    });

    test("a type that is not so deep is taken", async () => {
        const deep = `int DEFAULT ${"(".repeat(900)}1${")".repeat(900)}`;
        await expect(tableStatement(table("t", [`b ${deep}`]), "upstreams[0]")).resolves.toHaveProperty("sql");
    });
});
