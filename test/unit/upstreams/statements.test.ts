import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitDdl } from "../../../upstreams/statements";
import { statementsOf, usePostgresParser } from "./oracle";

usePostgresParser();

const split = (sql: string, line = 1) => splitDdl({ origin: "a.sql", line, sql });

/** What comes after the statements of each piece of DDL. */
const END = { sql: "SET LOCAL search_path TO public", at: "a.sql: end" };

describe("splitDdl", () => {
    test("gives each statement with its line", async () => {
        const sql =
            "CREATE SCHEMA app;\n\n-- a comment; with a semicolon\n\nCREATE TABLE app.t (\n  id int\n);CREATE TABLE u ()";
        await expect(split(sql)).resolves.toEqual({
            statements: [
                { sql: "CREATE SCHEMA app", at: "a.sql:1" },
                { sql: "CREATE TABLE app.t (\n  id int\n)", at: "a.sql:5" },
                { sql: "CREATE TABLE u ()", at: "a.sql:7" },
                END,
            ],
            extensions: [],
            schemas: ["app"],
        });
    });

    test("counts lines from where the text starts", async () => {
        const { statements } = await split("\n\nSELECT 1", 40);
        expect(statements[0]?.at).toBe("a.sql:42");
    });

    test.each([
        ["bytes that are no characters", "SELECT 'größe 漢字 😀';\n/* 😀\n */ SELECT 2", "SELECT 2", "a.sql:3"],
        ["a nested comment", "/* a /* b\n */ c */\nSELECT 2", "SELECT 2", "a.sql:3"],
        ["a comment with stars", "/***\n * x **/ SELECT 2", "SELECT 2", "a.sql:2"],
        ["a semicolon in a literal", "SELECT ';\n;';\nSELECT 2", "SELECT 2", "a.sql:3"],
        ["a dollar-quoted body", "DO $x$ BEGIN\nNULL; END $x$;\n\nSELECT 2", "SELECT 2", "a.sql:4"],
        ["Windows line ends", "SELECT 1;\r\n\r\nSELECT 2", "SELECT 2", "a.sql:3"],
        ["a byte order mark", "\uFEFFSELECT 2", "SELECT 2", "a.sql:1"],
        ["empty statements", ";;\n;SELECT 2;;", "SELECT 2", "a.sql:2"],
        ["a comment at the end", "SELECT 2 -- x", "SELECT 2 -- x", "a.sql:1"],
    ])("finds the last statement behind %s", async (_, sql, last, at) => {
        const { statements } = await split(sql);
        expect(statements.slice(-2)).toEqual([{ sql: last, at }, END]);
    });

    test.each(["", "  \n\t", "-- only a comment", "/* only\n a comment */", ";;", "BEGIN; COMMIT"])(
        "%j holds no statement",
        async (sql) => {
            await expect(split(sql)).resolves.toEqual({ statements: [], extensions: [], schemas: [] });
        },
    );

    test("a long comment is no trouble", async () => {
        const { statements } = await split(`/*${"* \n".repeat(300_000)}*/ SELECT 1`);
        expect(statements[0]).toEqual({ sql: "SELECT 1", at: "a.sql:300001" });
    });

    test("takes CREATE EXTENSION out, since the stub's own extension requires it", async () => {
        const sql =
            'CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;\nCREATE EXTENSION "uuid-ossp";\nSELECT 1';
        await expect(split(sql)).resolves.toEqual({
            statements: [{ sql: "SELECT 1", at: "a.sql:3" }, END],
            extensions: ["hstore", "uuid-ossp"],
            schemas: [],
        });
    });

    test.each([
        "BEGIN",
        "START TRANSACTION",
        "COMMIT",
        "END",
        "SAVEPOINT a",
        "RELEASE a",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
    ])("leaves %s out", async (sql) => {
        const { statements } = await split(`${sql}; SELECT 1`);
        expect(statements).toEqual([{ sql: "SELECT 1", at: "a.sql:1" }, END]);
    });

    test.each(["ROLLBACK", "ABORT", "ROLLBACK TO a", "PREPARE TRANSACTION 'a'", "COMMIT PREPARED 'a'"])(
        "refuses %s, which would take back what was done",
        async (sql) => {
            await expect(split(`SELECT 1;\n${sql};`)).rejects.toThrow(
                `a.sql:2: a stub runs in one transaction of its own, which its DDL cannot take back or prepare; remove the statement. The statement: ${sql}`,
            );
        },
    );

    test("takes what pg_dump writes around a schema", async () => {
        const sql =
            "\\restrict abcXYZ0\n\nSET search_path = '';\nCREATE SCHEMA IF NOT EXISTS public;\nCREATE TABLE public.t ();\n\\unrestrict abcXYZ0\r\n";
        const { statements } = await split(sql);
        expect(statements).toEqual([
            { sql: "SET search_path = ''", at: "a.sql:3" },
            { sql: "CREATE TABLE public.t ()", at: "a.sql:5" },
            END,
        ]);
    });

    test.each([
        ["CREATE SCHEMA a", ["a"]],
        ['CREATE SCHEMA IF NOT EXISTS "A b"', ["A b"]],
        ["CREATE SCHEMA AUTHORIZATION joe", ["joe"]],
        ["CREATE SCHEMA a CREATE TABLE t ()", ["a"]],
    ])("knows the schema of %s", async (sql, schemas) => {
        await expect(split(sql)).resolves.toMatchObject({ schemas });
    });

    test.each([
        ["CREATE DATABASE x", "CREATE DATABASE has no place in a stub; declare another upstream with that database"],
        ["DROP DATABASE x", "DROP DATABASE has no place in a stub; remove the statement"],
        ["CREATE TABLESPACE x LOCATION '/x'", "CREATE TABLESPACE has no place in a stub; remove the statement"],
        [
            "ALTER SYSTEM SET work_mem = '1MB'",
            "ALTER SYSTEM cannot run in a transaction; use `settings` in the configuration",
        ],
        ["VACUUM t", "VACUUM and ANALYZE cannot run in a stub's transaction; remove the statement"],
        ["ANALYZE t", "VACUUM and ANALYZE cannot run in a stub's transaction; remove the statement"],
        ["COPY t FROM '/x'", "COPY cannot run in a stub; use INSERT, or `rows` of a table in the configuration"],
        ["COPY t TO stdout", "COPY cannot run in a stub; use INSERT, or `rows` of a table in the configuration"],
    ])("refuses %s", async (sql, why) => {
        await expect(split(`-- é\nSELECT 1; ${sql};`)).rejects.toThrow(`a.sql:2: ${why}. The statement: ${sql}`);
    });

    test.each([
        ["SELECT 1;\nSELEC 2", 'a.sql:2: syntax error at or near "SELEC". The line reads: SELEC 2'],
        [
            "-- größe 漢字\nSELECT '😀😀😀😀';\nSELEC 2",
            'a.sql:3: syntax error at or near "SELEC". The line reads: SELEC 2',
        ],
        ["SELECT '😀😀😀😀';\nSELEC 2", 'a.sql:2: syntax error at or near "SELEC". The line reads: SELEC 2'],
        ["CREATE TABLE t (\n  a int,,\n  b int)", 'a.sql:2: syntax error at or near ",". The line reads: a int,,'],
        [
            "SELECT 1;\nSELECT 'open",
            `a.sql:2: unterminated quoted string at or near "'open". The line reads: SELECT 'open`,
        ],
        [
            "SELECT 1;\n\\connect db\nSELECT 2",
            'a.sql:2: syntax error at or near "\\". The line reads: \\connect db (psql\'s own commands cannot run here; remove them)',
        ],
        [
            "COPY public.t (a, b) FROM stdin;\n1\tx\n\\.\n",
            'a.sql:2: syntax error at or near "1". The line reads: 1\tx (COPY with its data cannot run here; use INSERT, or dump without data: pg_dump --schema-only)',
        ],
    ])("says where %j is wrong", async (sql, message) => {
        await expect(split(sql)).rejects.toThrow(message);
    });

    test("says the line of a text that starts further down", async () => {
        await expect(split("SELECT 1;\nSELEC 2", 10)).rejects.toThrow("a.sql:11: syntax error");
    });

    test("refuses NUL, which the parser would take for the end", async () => {
        await expect(split("SELECT 1;\nCREATE TABLE a\0 ()")).rejects.toThrow(
            "a.sql:2: the text holds a NUL character",
        );
    });

    test("puts every statement back together as it was, whatever stands between them", async () => {
        const statement = fc.constantFrom(
            "SELECT 1",
            "CREATE TABLE t (\n id int)",
            "SELECT '; -- /*'",
            "SELECT $a$ ; $a$",
            "SELECT 'é漢😀'",
            'SELECT "a;b" FROM t',
        );
        const between = fc.array(fc.constantFrom(" ", "\n", "-- x; y\n", "/* ; /* é */ 😀 */", "\t", ";"), {
            maxLength: 5,
        });
        await fc.assert(
            fc.asyncProperty(fc.array(fc.tuple(between, statement), { minLength: 1, maxLength: 8 }), async (parts) => {
                let sql = "";
                const expected: Array<{ sql: string; at: string }> = [];
                for (const [filler, one] of parts) {
                    sql += filler.join("");
                    expected.push({ sql: one, at: `a.sql:${sql.split("\n").length}` });
                    sql += `${one};`;
                }
                const { statements } = await split(sql);
                expect(statements).toEqual([...expected, END]);
                expect(statements.every((each) => statementsOf(each.sql).length === 1)).toBe(true);
            }),
        );
    });

    test("reads a long file once", async () => {
        const { statements } = await split("CREATE TABLE app.some_longer_name (id bigint, note text);\n".repeat(5000));
        expect(statements.at(-2)?.at).toBe("a.sql:5000");
    });
});
