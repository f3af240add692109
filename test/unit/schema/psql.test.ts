// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
/** psql's commands: what they send, set, choose and include. */

import { describe, expect, test } from "vitest";
import { readStatements } from "../../../schema/read/read";
import { memoryFileSystem } from "../../memory-files";
import { codes, read, row, sqlOf } from "./reading";

/** A statement whose only use is to be seen. */
const mark = (name: string) => `SELECT '${name}';\n`;
const marks = (found: Parameters<typeof sqlOf>[0]) => sqlOf(found).map((sql) => /'([^']*)'/.exec(sql)?.[1] ?? sql);

describe("psql", () => {
    test.each<[string, string, string[]]>([
        ["\\set and :var", "\\set x 'a b'\nSELECT :'x', :\"x\";\n", ["SELECT 'a b', \"a b\""]],
        ["\\set joins its arguments", "\\set x a 'b c' :y\n\\set z :x\nSELECT :'z';", ["SELECT 'ab c:y'"]],
        ["\\unset", "\\set x 1\n\\unset x\n\\if :{?x}\nSELECT 'x';\n\\endif\nSELECT 'a';", ["SELECT 'a'"]],
        [
            "\\if with \\elif and \\else",
            "\\if no\nSELECT 1;\n\\elif on\nSELECT 2;\n\\elif on\nSELECT 3;\n\\else\nSELECT 4;\n\\endif\n",
            ["SELECT 2"],
        ],
        [
            "nested \\if",
            "\\if 0\n\\if 1\nSELECT 1;\n\\else\nSELECT 2;\n\\endif\n\\else\n\\if 1\nSELECT 3;\n\\endif\n\\endif",
            ["SELECT 3"],
        ],
        ["\\if inside a statement", "SELECT 1\n\\if 0\n, 2\n\\else\n, 3\n\\endif\n;", ["SELECT 1\n\n, 3\n"]],
        ["\\g ends a statement", "SELECT 1 \\g\nSELECT 2 \\gx\nSELECT 3", ["SELECT 1", "SELECT 2", "SELECT 3"]],
        ["\\; too", "SELECT 1\\; SELECT 2;", ["SELECT 1", "SELECT 2"]],
        ["\\q ends the file", "SELECT 1;\n\\q\nSELECT 2;", ["SELECT 1"]],
        [
            "\\restrict and others are passed over",
            "\\restrict x\n\\timing\n\\pset x y\nSELECT 1;\n\\unrestrict x\n",
            ["SELECT 1"],
        ],
        [
            "slices and casts are no variables",
            "SELECT a[1:n], b::text, c [ x : y ] FROM t;",
            ["SELECT a[1:n], b::text, c [ x : y ] FROM t"],
        ],
        [
            "nothing in quotes, dollars and comments",
            "SELECT ':x', $$:x ; $$, $a$ $$ ; $a$ -- :x;\n/* ; :x /* */ ; */;",
            ["SELECT ':x', $$:x ; $$, $a$ $$ ; $a$ -- :x;\n/* ; :x /* */ ; */"],
        ],
        ["escape strings", "SELECT E'a\\';', 'b\\'; SELECT 2;", ["SELECT E'a\\';', 'b\\'", "SELECT 2"]],
        [
            "parentheses and BEGIN ATOMIC hold semicolons",
            "CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2); CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;",
            [
                "CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2)",
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
                "SELECT 3",
            ],
        ],
        ["several commands in a line", "\\set x 1 \\set y 2 \\\\ SELECT :x, :y;", ["SELECT 1, 2"]],
        ["\\set inside a statement", "\\set x 1\nSELECT :x\n\\set x 2\n, :x;", ["SELECT 1\n\n, 2"]],
        ["\\r throws away what has begun", "SELECT 1, (\n\\r\nSELECT 2;", ["SELECT 2"]],
        ["\\: is a colon", "SELECT a[1\\:n];", ["SELECT a[1:n]"]],
        ["\\g with nothing before sends the last one again", "SELECT 1;\n\\g\n", ["SELECT 1", "SELECT 1"]],
        [
            "\\g with options, files and pipes",
            "SELECT 1 \\g (format=csv) x.txt\nSELECT 2 \\g | cat \\ -\n",
            ["SELECT 1", "SELECT 2"],
        ],
        ["\\watch sends once", "SELECT 1 \\watch 1\nSELECT 2 \\crosstabview a b\n", ["SELECT 1", "SELECT 2"]],
        ["\\gdesc describes only", "SELECT 1 \\gdesc\nSELECT 2;", ["SELECT 2"]],
        ["parentheses in a branch not taken", "\\if 0\nSELECT (;\n\\endif\nSELECT 1;", ["SELECT 1"]],
        ["COPY data", "COPY t FROM stdin;\nCREATE SERVER 'x\n\\.\nSELECT 1;", ["COPY t FROM stdin", "SELECT 1"]],
        ["COPY without data", "COPY t FROM stdin;\nSELECT 1;", ["COPY t FROM stdin", "SELECT 1"]],
        ["no last semicolon", "SELECT 1;\nSELECT 2", ["SELECT 1", "SELECT 2"]],
        ["nothing but comments", "-- a\n/* b */ ;;\n", []],
    ])("%s", async (_name, text, wanted) => {
        const found = await read(text);
        expect(found.statements.map(({ sql }) => sql.trim())).toEqual(wanted.map((sql) => sql.trim()));
    });

    test.each<[string, string]>([
        ["a name", "\\c other"],
        ["a connection string", "\\connect -reuse-previous=on \"dbname='other'\""],
        ["a URI", "\\c postgresql://u@h:1/other?x=y"],
        ["a variable", "\\set db other\n\\c :db"],
    ])("\\c with %s", async (_name, line) => {
        const found = await read(`SELECT 1;\n${line}\nSELECT 2;\n\\c -\nSELECT 3;`);
        const selects = found.statements.filter(({ words }) => words[0] === "SELECT");
        expect(selects.map(({ database }) => database)).toEqual([undefined, "other", "other"]);
    });

    test("\\i from the working folder, the root, the file's folder; \\ir from the file's folder", async () => {
        const files = {
            "p/main.sql": "\\i p/a.sql\n\\i b.sql\n\\ir sub/c.sql\n",
            "p/a.sql": mark("a"),
            "p/b.sql": mark("b"),
            "p/sub/c.sql": `${mark("c")}\\ir d.sql\n`,
            "p/sub/d.sql": mark("d"),
        };
        expect(marks(await read(files, { paths: ["p/main.sql"] }))).toEqual(["a", "b", "c", "d"]);
        expect(marks(await read(files, { paths: ["p"] }))).toEqual(["a", "b", "c", "d"]);
    });

    test("a condition without a value is false, and it is said", async () => {
        const found = await read("\\if :production\nSELECT 1;\n\\endif\nSELECT 2;");
        expect(found.statements.map(({ sql }) => sql)).toEqual(["SELECT 2"]);
        expect(codes(found, "warning")).toEqual(["psql-condition"]);
    });
});

describe("psql's variables", () => {
    test("its own have values, the caller's count before them, and the user's before all", async () => {
        const sql = "SELECT :'DBNAME', :'USER', :'PORT', :'ENCODING', :'HOST', :SERVER_VERSION_NUM, :'ON_ERROR_STOP';";
        expect(
            sqlOf(await read(sql, { defaults: { DBNAME: "dev", USER: "me", SERVER_VERSION_NUM: "180006" } })),
        ).toEqual(["SELECT 'dev', 'me', '5432', 'UTF8', 'localhost', 180006, 'off'"]);
        const found = await read("SELECT :'DBNAME', :'X';", {
            defaults: { DBNAME: "dev" },
            variables: { DBNAME: "mine", X: "x" },
        });
        expect(sqlOf(found)).toEqual(["SELECT 'mine', 'x'"]);
    });

    test("they are psql's: a template's ${PORT} is not answered by them, and none counts as given", async () => {
        const found = await read("SELECT '${PORT}';", { defaults: { PORT: "5432" } });
        expect(sqlOf(found)).toEqual(["SELECT 'fdw_stub_port'"]);
        expect(codes(found)).toEqual(["placeholder"]);
    });

    test("\\c changes DBNAME and USER", async () => {
        const found = await read("\\c other bob\nSELECT :'DBNAME', :'USER';", {
            defaults: { DBNAME: "dev", USER: "me" },
        });
        expect(sqlOf(found)).toEqual(['SET SESSION AUTHORIZATION "bob"', "SELECT 'other', 'bob'"]);
        expect(found.statements.map(({ database }) => database)).toEqual(["other", "other"]);
        expect(found.sessions).toEqual(["schema.sql", "schema.sql"]);
    });

    test("ERROR, SQLSTATE and ROW_COUNT follow the statement before", async () => {
        const found = await read(
            "SELECT 'bad';\n\\if :ERROR\nSELECT :'SQLSTATE', :'LAST_ERROR_SQLSTATE', :'LAST_ERROR_MESSAGE';\n\\endif\nSELECT :ROW_COUNT, :'SQLSTATE', :'LAST_ERROR_SQLSTATE';",
            {
                answer: ({ sql }) =>
                    sql === "SELECT 'bad'" ? { error: { code: "22012", message: "it's wrong" } } : row({ x: "1" }),
            },
        );
        expect(sqlOf(found)).toEqual([
            "SELECT 'bad'",
            "SELECT '22012', '22012', 'it''s wrong'",
            "SELECT 1, '00000', '22012'",
        ]);
    });

    test("\\set of a switch without a value means on", async () => {
        expect(sqlOf(await read("\\set ON_ERROR_STOP\nSELECT :'ON_ERROR_STOP';"))).toEqual(["SELECT 'on'"]);
    });

    test.each<[string, string]>([
        ["\\set x `date`", "psql-shell"],
        ["\\set x a`hostname`b", "psql-shell"],
    ])("%s: no shell command is run", async (line, code) => {
        const found = await read(`${line}\nSELECT :'x';`);
        expect(codes(found)).toEqual([code, "placeholder"]);
        const given = await read(`${line}\nSELECT :'x';`, { variables: { x: "v" } });
        expect(sqlOf(given)).toEqual(["SELECT 'v'"]);
        expect(given.findings).toEqual([]);
    });

    test.each<[string]>([
        ['\\set x `echo "$V"`'],
        ["\\set x `echo ${V:-d}`"],
        ["\\set x `printenv V`"],
        ["\\getenv x V"],
        ["\\set x ${V}"],
    ])("%s takes the variable that it prints", async (line) => {
        const found = await read(`${line}\nSELECT :'x';`, { variables: { V: "v" } });
        expect(sqlOf(found)).toEqual(["SELECT 'v'"]);
        expect(found.findings).toEqual([]);
    });
});

describe("\\gset", () => {
    const gset = (outcome: ReturnType<typeof row>, prefix = "", rest = "SELECT :'a';") =>
        read(`SELECT 1 \\gset ${prefix}\n${rest}`, { answer: ({ sql }) => (sql === "SELECT 1" ? outcome : undefined) });

    test("sets a variable for each column", async () => {
        expect(sqlOf(await gset(row({ a: "x", b: "y" }), "", "SELECT :'a', :\"b\";"))).toEqual([
            "SELECT 1",
            "SELECT 'x', \"y\"",
        ]);
    });

    test("with a prefix", async () => {
        expect(sqlOf(await gset(row({ a: "x" }), "p_", "SELECT :'p_a';"))).toEqual(["SELECT 1", "SELECT 'x'"]);
    });

    test("a NULL unsets", async () => {
        const found = await gset(row({ a: null }), "", "\\if :{?a}\nSELECT 2;\n\\else\nSELECT 3;\n\\endif");
        expect(sqlOf(found)).toEqual(["SELECT 1", "SELECT 3"]);
    });

    test.each<[string, string[][]]>([
        ["no row", []],
        ["two rows", [["x"], ["y"]]],
    ])("%s is a finding, and nothing is set", async (_name, rows) => {
        const found = await gset({ rows: { columns: ["a"], rows } }, "", "SELECT 2;");
        expect(codes(found)).toEqual(["psql-gset"]);
    });

    test("a statement that fails or returns nothing sets nothing", async () => {
        expect(codes(await gset({}, "", "SELECT 2;"))).toEqual([]);
        expect(codes(await gset({ error: { code: "42P01", message: "no" } }, "", "SELECT 2;"))).toEqual([]);
    });

    test("what the user gives wins", async () => {
        const found = await read("SELECT 1 \\gset\nSELECT :'a';", {
            answer: () => row({ a: "x" }),
            variables: { a: "mine" },
        });
        expect(sqlOf(found)).toEqual(["SELECT 1", "SELECT 'mine'"]);
    });

    test("\\if takes what it set", async () => {
        const found = await gset(row({ a: "t" }), "", "\\if :a\nSELECT 2;\n\\endif");
        expect(sqlOf(found)).toEqual(["SELECT 1", "SELECT 2"]);
    });
});

describe("\\gexec", () => {
    test("runs each cell, row by row, but no NULL, and looks for nothing of psql in it", async () => {
        const found = await read("\n\nSELECT 1\n\\gexec\nSELECT 2;", {
            variables: { x: "no" },
            answer: ({ sql }) =>
                sql === "SELECT 1"
                    ? {
                          rows: {
                              columns: ["a", "b"],
                              rows: [
                                  ["SELECT ':x' ;", null],
                                  ["SELECT 'b'; SELECT 'c;'", "SELECT $$${x}$$"],
                              ],
                          },
                      }
                    : undefined,
        });
        expect(found.statements.map(({ sql, line }) => [line, sql])).toEqual([
            [3, "SELECT 1"],
            [3, "SELECT ':x'"],
            [3, "SELECT 'b'"],
            [3, "SELECT 'c;'"],
            [3, "SELECT $$${x}$$"],
            [5, "SELECT 2"],
        ]);
        expect(found.statements[1]?.words).toEqual(["SELECT"]);
    });

    test("after a semicolon it sends the query again", async () => {
        const found = await read("SELECT 1;\n\\gexec", {
            answer: ({ sql }) => (sql === "SELECT 1" ? row({ a: "SELECT 2" }) : undefined),
        });
        expect(sqlOf(found)).toEqual(["SELECT 1", "SELECT 1", "SELECT 2"]);
    });

    test("what it makes may have a mistake", async () => {
        const found = await read("SELECT 1 \\gexec", {
            answer: ({ sql }) => (sql === "SELECT 1" ? row({ a: "CREATE TABEL x ()" }) : undefined),
        });
        expect(found.findings).toMatchObject([{ code: "unparsed", line: 1 }]);
    });
});

describe("rows of COPY", () => {
    test.each<[string, string, string]>([
        ["as they stand", "COPY t FROM STDIN;\n1\ta\\nb\n2\t\\N\n\\.\nSELECT 1;", "1\ta\\nb\n2\t\\N\n"],
        ["none", "COPY t (a, b) FROM STDIN;\n\\.\nSELECT 1;", ""],
        ["with line ends of Windows", "COPY t FROM STDIN WITH CSV;\r\n1,a\r\n\\.\r\nSELECT 1;", "1,a\r\n"],
        ["a backslash and a dot that are not alone", "COPY t FROM STDIN;\n\\.x\nx\\.\n\\.\nSELECT 1;", "\\.x\nx\\.\n"],
        [
            "what looks like SQL and placeholders",
            "COPY t FROM STDIN;\n'; ${x} :y $$\n\\.\nSELECT 1;",
            "'; ${x} :y $$\n",
        ],
        ["sent by \\g", "COPY t FROM STDIN \\g\n1\n\\.\nSELECT 1;", "1\n"],
        ["\\copy", "\\copy t from stdin\n1\n\\.\nSELECT 1;", "1\n"],
        ["\\copy from psql's own input", '\\copy "from" (a) FROM pstdin WITH (FORMAT csv);\n1\n\\.\nSELECT 1;', "1\n"],
    ])("%s", async (_name, text, data) => {
        const found = await read(text);
        expect(found.statements[0]?.copyData).toBe(data);
        expect(found.statements.slice(1)).toMatchObject([{ sql: "SELECT 1" }]);
        expect(found.findings).toEqual([]);
    });

    test("of a file, with the statement that psql makes", async () => {
        const found = await read(
            {
                "d/a.sql": "\n\\copy s.\"from\" (a, b) from 'it''s.csv' with (format csv, header) where a > 1\n",
                "d/it's.csv": "a,b\n1,2\n",
            },
            { paths: ["d/a.sql"] },
        );
        expect(found.statements).toEqual([
            {
                file: "d/a.sql",
                line: 2,
                sql: 'COPY s."from" (a, b) FROM STDIN with (format csv, header) where a > 1',
                words: ["COPY", "S", "FROM", "STDIN", "WITH", "WHERE"],
                copyData: "a,b\n1,2\n",
            },
        ]);
    });

    test("only COPY … FROM STDIN has them", async () => {
        const found = await read(
            "COPY (SELECT stdin FROM from_stdin) TO STDOUT;\n\\copy (SELECT 1 FROM t) TO 'x.csv' csv\n",
        );
        expect(found.statements.map(({ sql, copyData }) => [sql, copyData])).toEqual([
            ["COPY (SELECT stdin FROM from_stdin) TO STDOUT", undefined],
            ["COPY (SELECT 1 FROM t) TO STDOUT csv", undefined],
        ]);
    });

    test.each<[string, string]>([
        ["\\copy t from 'nowhere.csv'", "copy-missing"],
        ["\\copy t from program 'cat x'", "psql-skipped"],
        ["\\copy t from 'a.bin' with (format binary)", "psql-skipped"],
        ["\\copy t", "psql-skipped"],
        ["\\! ls", "psql-skipped"],
        ["SELECT $1 \\bind 1 \\g", "psql-skipped"],
    ])("%s is not run, and it is said", async (line, code) => {
        const found = await read(`${line}\nSELECT 1;`);
        expect(sqlOf(found)).toEqual(["SELECT 1"]);
        expect(codes(found)).toEqual([code]);
    });
});

test("without a server, \\gexec and \\gset are reported, and what doesn't parse is left out", async () => {
    const fs = memoryFileSystem({
        "a.sql":
            "SELECT 'x' \\gexec\nSELECT 'CREATE DATABASE x' \\gexec\nSELECT 1 AS a \\gset\nCREATE TABEL;\nSELECT 2;",
    });
    const { statements, findings, files } = await readStatements(["a.sql"], {}, fs);
    expect(statements.map(({ sql }) => sql)).toEqual([
        "SELECT 'x'",
        "SELECT 'CREATE DATABASE x'",
        "SELECT 1 AS a",
        "SELECT 2",
    ]);
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
        "warning psql-gexec",
        "note psql-gexec",
        "note psql-gset",
        "warning unparsed",
    ]);
    expect(files).toMatchObject([{ file: "a.sql", tool: "plain" }]);
});

test("\\cd changes where \\i looks", async () => {
    const found = await read({ "a.sql": "\\cd sub\n\\i b.sql\n", "sub/b.sql": mark("b") }, { paths: ["a.sql"] });
    expect(marks(found)).toEqual(["b"]);
});

test("an \\if without its end is said", async () => {
    expect(codes(await read("\\if 1\nSELECT 1;"))).toEqual(["psql-condition"]);
});
