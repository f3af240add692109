import { describe, expect, test } from "vitest";
import { splitBaseline } from "../../../upstreams/baseline";

const split = (sql: string) => splitBaseline({ origin: "base.sql", line: 1, sql });

describe("splitBaseline", () => {
    test("gives each statement with its line, and the extensions too", async () => {
        const sql = `BEGIN;
CREATE EXTENSION citext;

-- a comment; with a semicolon
CREATE ROLE app;
CREATE TABLE t (
  v citext DEFAULT ';'
); COMMIT;`;
        await expect(split(sql)).resolves.toEqual([
            { origin: "base.sql", line: 2, sql: "CREATE EXTENSION citext" },
            { origin: "base.sql", line: 5, sql: "CREATE ROLE app" },
            { origin: "base.sql", line: 6, sql: "CREATE TABLE t (\n  v citext DEFAULT ';'\n)" },
        ]);
    });

    test.each(["", "\n  ", "-- nothing", ";;", "BEGIN; COMMIT"])("%j holds no statement", async (sql) => {
        await expect(split(sql)).resolves.toEqual([]);
    });

    test("a syntax error is named by file and line", async () => {
        await expect(split("SELECT 1;\n\nCREATE TABEL t ();")).rejects.toThrow(
            'base.sql:3: syntax error at or near "TABEL". The line reads: CREATE TABEL t ();',
        );
    });

    test.each([
        ["CREATE DATABASE x", /CREATE DATABASE has no place in a baseline/],
        ["DROP DATABASE x", /DROP DATABASE has no place in a baseline/],
        ["CREATE TABLESPACE x LOCATION '/x'", /CREATE TABLESPACE has no place in a baseline/],
        ["ALTER SYSTEM SET work_mem = '1MB'", /use `settings` in the configuration/],
        ["VACUUM", /VACUUM and ANALYZE cannot run/],
        ["COPY t FROM '/x'", /COPY cannot run in a baseline; use INSERT/],
        ["ROLLBACK", /one transaction, which it cannot take back/],
        ["PREPARE TRANSACTION 'a'", /one transaction, which it cannot take back/],
    ])("refuses %s, with its place", async (sql, why) => {
        const refused = split(`SELECT 1;\n${sql};`);
        await expect(refused).rejects.toThrow(/^base\.sql:2: /);
        await expect(refused).rejects.toThrow(why);
        await expect(refused).rejects.toThrow(`The statement: ${sql}`);
    });
});
