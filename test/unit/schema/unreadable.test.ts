/** Text that PostgreSQL cannot read: what is said, and where reading goes on. */

import { describe, expect, test } from "vitest";
import { codes, read, sqlOf } from "./reading";

const SERVER = `CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u', password 'p');
`;
const WANTED = SERVER.split(";\n").filter((sql) => sql !== "");

test("it is reported with file, line and PostgreSQL's reason, and the rest is read", async () => {
    const found = await read(`SELECT 1;\n\nCREATE TABEL x (\n    id int\n);\n${SERVER}`);
    expect(sqlOf(found)).toEqual(["SELECT 1", ...WANTED]);
    expect(found.findings).toMatchObject([{ severity: "warning", code: "unparsed", file: "schema.sql", line: 3 }]);
    expect(found.findings[0]?.message).toContain('syntax error at or near "TABEL"');
});

test("the message is the server's", async () => {
    const found = await read("CREATE TABLE x\n(nonsense;", {
        answer: () => ({ error: { code: "42601", message: "Syntaxfehler", position: 16 } }),
    });
    expect(found.findings).toMatchObject([{ code: "unparsed", line: 2 }]);
    expect(found.findings[0]?.message).toContain("(Syntaxfehler)");
});

test("an error of the same SQLSTATE in a statement that can be read is not the reader's", async () => {
    const error = { code: "42601", message: "INSERT has more expressions than target columns" };
    const found = await read("INSERT INTO t (a) VALUES (1, 2);\nCREATE TABLE x ();", {
        answer: ({ words }) => (words[0] === "INSERT" ? { error } : undefined),
    });
    expect(found.findings).toEqual([]);
    expect(sqlOf(found)).toEqual(["CREATE TABLE x ()"]);
});

test("any other error is not the reader's", async () => {
    const found = await read("SELECT 1;", { answer: () => ({ error: { code: "42P01", message: "no table" } }) });
    expect(found.findings).toEqual([]);
});

test("its line counts, whatever characters come before", async () => {
    const found = await read(`CREATE TABLE x (\n    a text DEFAULT '${"größe 漢字 😀 ".repeat(20)}',\n    b b b\n);`);
    expect(found.findings).toMatchObject([{ code: "unparsed", line: 3 }]);
});

test.each<[string]>([
    ["CREATE USER MAPPING FOR x ON s OPTIONS (user 'u', password 'geheim');"],
    ["SELEC dblink_connect('host=h password=geheim user=u');"],
])("%s is an error, because it names foreign objects, and no password is shown", async (sql) => {
    const found = await read(sql);
    expect(codes(found)).toEqual(["unparsed-foreign"]);
    expect(found.findings[0]?.message).not.toContain("geheim");
});

test("a foreign key is no foreign object", async () => {
    const found = await read("CREATE TABLE `a` (x int, FOREIGN KEY (x) REFERENCES b (x));");
    expect(codes(found)).toEqual(["unparsed"]);
});

describe("reading goes on", () => {
    test.each<[string, string]>([
        ["prose with an apostrophe", "Don't do this.\n\n"],
        ["YAML", "a: 'b\nc:\n  - d\n\n"],
        ["a missing semicolon", "CREATE TABLE x (id int)\n"],
        ["an open parenthesis", "CREATE TABLE x (id int;\n"],
        ["an open quote of another language", "SELECT 1 # '\n;\n"],
        ["GO between batches", "CREATE TABLE x (id int)\nGO\n"],
        ["an open dollar quote", "CREATE FUNCTION f() RETURNS int AS $x$ SELECT 1;\n"],
    ])("after %s", async (_name, before) => {
        const found = await read(`${before}${SERVER}`);
        expect(sqlOf(found).slice(-2)).toEqual(WANTED);
        expect(found.statements.at(-1)?.line).toBe(before.split("\n").length + 1);
    });

    test("after one prose after another", async () => {
        const found = await read(`It's one.\n\n${SERVER}It's two.\n\n${SERVER}`);
        expect(sqlOf(found)).toEqual([...WANTED, ...WANTED]);
    });
});

test("many in one file are not all listed", async () => {
    expect((await read("x y z;\n".repeat(50))).findings).toHaveLength(6);
});

test("a NUL is not sent", async () => {
    const found = await read(`SELECT 'a\0b';\n${SERVER}`);
    expect(sqlOf(found)).toEqual(WANTED);
    expect(codes(found)).toEqual(["unparsed"]);
});

test.each<[string, string]>([
    ["a chain too long for the parser here", `SELECT 1${"+1".repeat(20_000)}`],
    ["nesting too deep for it", `SELECT ${"(SELECT ".repeat(3000)}1${")".repeat(3000)}`],
    ["a long statement", `SELECT '${"x".repeat(17_000_000)}'`],
])("%s is the server's to judge", async (_name, sql) => {
    const found = await read(`${sql};\n${SERVER}`);
    expect(sqlOf(found)).toEqual([sql, ...WANTED]);
    expect(found.findings).toEqual([]);
});
