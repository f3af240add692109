// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
/** Reading: which files in which order, which parts of them, and what stands in for placeholders. */

import { describe, expect, test } from "vitest";
import { inferUpstreams, memoryFileSystem } from "../../../schema";
import { codes, compact, type Files, infer, SERVER } from "./compact";

/** A statement whose only use is to be seen in the list of sources. */
const mark = (name: string) => `SELECT '${name}';\n`;
async function order(files: Files, input: Parameters<typeof infer>[1] = {}): Promise<string[]> {
    const found = await infer(files, input);
    return found.sources.map(({ sql }) => /'([^']*)'/.exec(sql)?.[1] ?? sql);
}

describe("order of files", () => {
    test.each<[string, Record<string, string>, string[]]>([
        [
            "plain, numbers by value",
            { "d/10.sql": mark("c"), "d/2.sql": mark("b"), "d/1.sql": mark("a") },
            ["a", "b", "c"],
        ],
        [
            "plain, folders among files",
            { "d/1.sql": mark("a"), "d/2/x.sql": mark("b"), "d/3.sql": mark("c") },
            ["a", "b", "c"],
        ],
        [
            "other endings",
            {
                "d/a.ddl": mark("a"),
                "d/b.psql": mark("b"),
                "d/c.sql.j2": mark("c"),
                "d/d.txt": mark("d"),
                "d/e.sql.tmpl": mark("e"),
            },
            ["a", "b", "c", "e"],
        ],
        [
            "hidden files and folders are not read",
            { "d/.x.sql": mark("x"), "d/.git/y.sql": mark("y"), "d/a.sql": mark("a") },
            ["a"],
        ],
        [
            "files that undo are not read",
            {
                "d/a.sql": mark("a"),
                "d/a.down.sql": mark("x"),
                "d/drop.sql": mark("x"),
                "d/rollback/b.sql": mark("x"),
                "d/b_down.sql": mark("x"),
            },
            ["a"],
        ],
        [
            "up and down in a folder each",
            { "d/1_a/up.sql": mark("a"), "d/1_a/down.sql": mark("x"), "d/2_b/up.sql": mark("b") },
            ["a", "b"],
        ],
        [
            "golang-migrate",
            {
                "d/10_b.up.sql": mark("b"),
                "d/9_a.up.sql": mark("a"),
                "d/9_a.down.sql": mark("x"),
                "d/seed.sql": mark("x"),
            },
            ["a", "b"],
        ],
        [
            "Flyway",
            {
                "d/V2__b.sql": mark("c"),
                "d/V1_10__b.sql": mark("b"),
                "d/V1.9__a.sql": mark("a"),
                "d/U2__x.sql": mark("x"),
                "d/R__b.sql": mark("e"),
                "d/R__a.sql": mark("d"),
                "d/afterMigrate.sql": mark("f"),
                "d/notes.sql": mark("x"),
            },
            ["a", "b", "c", "d", "e", "f"],
        ],
        [
            "Flyway, folders below are one sequence",
            { "d/V1__a.sql": mark("a"), "d/x/V3__c.sql": mark("c"), "d/y/V2__b.sql": mark("b") },
            ["a", "b", "c"],
        ],
        [
            "Flyway, unless versions repeat",
            { "d/a/V1__a.sql": mark("a"), "d/a/V3__b.sql": mark("b"), "d/b/V1__c.sql": mark("c") },
            ["a", "b", "c"],
        ],
        [
            "Flyway baseline",
            {
                "d/B2__base.sql": mark("a"),
                "d/V1__x.sql": mark("x"),
                "d/V2__y.sql": mark("x"),
                "d/V3__b.sql": mark("b"),
            },
            ["a", "b"],
        ],
        [
            "Atlas by bytes, from the last checkpoint",
            {
                "d/atlas.sum": "",
                "d/1.sql": mark("x"),
                "d/2.sql": `-- atlas:checkpoint\n${mark("a")}`,
                "d/3.sql": mark("b"),
                "d/20.sql": mark("a2"),
            },
            ["a", "a2", "b"],
        ],
        [
            "sqitch, by its plan",
            {
                "d/sqitch.plan":
                    "%project=x\n\nb 2020 A <a>\na [b] 2020 A <a>\n@v1 2020 A <a>\n\na [a@v1] 2021 A <a> # again\n",
                "d/deploy/a.sql": mark("a new"),
                "d/deploy/a@v1.sql": mark("a old"),
                "d/deploy/b.sql": mark("b"),
                "d/revert/a.sql": mark("x"),
            },
            ["b", "a old", "a new"],
        ],
        [
            "sqitch with its own folders",
            {
                "d/sqitch.plan": "a 2020 A <a>\n",
                "d/sqitch.conf": "[core]\n\ttop_dir = db\n",
                "d/db/deploy/a.sql": mark("a"),
            },
            ["a"],
        ],
        [
            "Liquibase, by its changelog",
            {
                "d/changelog.yaml": "databaseChangeLog:\n- include: {file: b.sql}\n- includeAll: {path: more}\n",
                "d/a.sql": mark("x"),
                "d/b.sql": `--liquibase formatted sql\n--changeset a:1\n${mark("b")}`,
                "d/more/2.sql": mark("2"),
                "d/more/1.sql": mark("1"),
            },
            ["b", "1", "2"],
        ],
        [
            "Liquibase in XML",
            {
                "d/changelog.xml":
                    '<databaseChangeLog><!-- <include file="x.sql"/> --><include relativeToChangelogFile="true" file="b.sql"/></databaseChangeLog>',
                "d/b.sql": mark("b"),
            },
            ["b"],
        ],
        ["Rails", { "d/structure.sql": mark("a"), "d/migrate/1.rb": "", "d/views/v.sql": mark("x") }, ["a"]],
    ])("%s", async (_name, files, wanted) => {
        expect(await order(files)).toEqual(wanted);
    });

    test("paths in the order given, a file once", async () => {
        const files = { "a.sql": mark("a"), "d/b.sql": mark("b"), "d/c.sql": mark("c") };
        expect(await order(files, { paths: ["d/c.sql", "a.sql", "d"] })).toEqual(["c", "a", "b"]);
    });

    test("the tool can be told", async () => {
        expect(await order({ "d/V1__a.sql": mark("a"), "d/U1__a.sql": mark("b") }, { tool: "plain" })).toEqual([
            "b",
            "a",
        ]);
    });

    test.each<[string, Record<string, string>, string[], string]>([
        ["a path that isn't there", {}, ["nowhere"], "path-missing"],
        ["a folder without SQL", { "d/readme.md": "x" }, ["d"], "path-empty"],
        ["a change without its file", { "d/sqitch.plan": "a 2020 A <a>\n" }, ["d"], "file-missing"],
        [
            "an include without its file",
            { "d/changelog.yaml": "databaseChangeLog: [{include: {file: x.sql}}]" },
            ["d"],
            "file-missing",
        ],
        ["a changelog that is no YAML", { "d/changelog.yaml": "a: [" }, ["d"], "changelog-unreadable"],
        ["\\i of a file that isn't there", { "a.sql": "\\i b.sql\n" }, ["a.sql"], "include-missing"],
        ["\\i of itself", { "a.sql": "\\i a.sql\n" }, ["a.sql"], "include-cycle"],
        ["a dump in another format", { "a.sql": "PGDMP\u0001\u000e" }, ["a.sql"], "dump-format"],
    ])("%s is an error", async (_name, files, paths, code) => {
        const found = await infer(files, { paths });
        expect(codes(found, "error")).toContain(code);
    });

    test("a file too large is refused before it is read", async () => {
        const fs = memoryFileSystem({ "a.sql": "SELECT 1" });
        const found = await inferUpstreams({ paths: ["a.sql"], fileSystem: { ...fs, size: async () => 1e12 } });
        expect(codes(found, "error")).toEqual(["file-too-large"]);
        expect(found.sources).toEqual([]);
    });

    test.each<[string, Uint8Array]>([
        ["UTF-8 with a mark", Buffer.from("\ufeffSELECT 'ü';")],
        ["UTF-16", Buffer.from("\ufeffSELECT 'ü';", "utf16le")],
        ["UTF-16, big-endian", Buffer.from("\ufeffSELECT 'ü';", "utf16le").swap16()],
        ["Latin-1", Buffer.from("SELECT 'ü';", "latin1")],
    ])("%s is read", async (_name, bytes) => {
        const fs = memoryFileSystem({ "a.sql": "x" });
        const found = await inferUpstreams({ paths: ["a.sql"], fileSystem: { ...fs, read: async () => bytes } });
        expect(found.sources.map(({ sql }) => sql)).toEqual(["SELECT 'ü'"]);
    });

    test("progress is told", async () => {
        const seen: string[] = [];
        await infer(
            { "a.sql": "", "b.sql": "" },
            { onProgress: ({ file, done, total }) => seen.push(`${done}/${total} ${file}`) },
        );
        expect(seen).toEqual(["0/2 a.sql", "1/2 b.sql", "2/2 "]);
    });
});

describe("sections", () => {
    test.each<[string, string, string[]]>([
        ["goose", `-- +goose Up\n${mark("a")}-- +goose Down\n${mark("x")}`, ["a"]],
        ["goose, up after down", `-- +goose Down\n${mark("x")}-- +goose Up\n${mark("a")}`, ["a"]],
        [
            "goose StatementBegin without a semicolon",
            `-- +goose Up\n-- +goose StatementBegin\nSELECT 'a'\n-- +goose StatementEnd\n${mark("b")}`,
            ["a", "b"],
        ],
        ["sql-migrate", `-- +migrate Up notransaction\n${mark("a")}-- +migrate Down\n${mark("x")}`, ["a"]],
        ["dbmate", `-- migrate:up\n${mark("a")}-- migrate:down\n${mark("x")}`, ["a"]],
        ["dbmate without a last semicolon", "-- migrate:up\nSELECT 'a'\n-- migrate:down\nSELECT 'x'", ["a"]],
        ["node-pg-migrate", `-- Up Migration\n${mark("a")}-- Down Migration\n${mark("x")}`, ["a"]],
        ["MyBatis", `-- // First\n${mark("a")}-- //@UNDO\n${mark("x")}`, ["a"]],
        [
            "Liquibase, rollbacks and other databases",
            `--liquibase formatted sql\n--changeset a:1\n${mark("a")}--rollback SELECT 'x';\n--changeset a:2 dbms:mysql\n${mark("x")}--changeset a:3 dbms:"postgresql"\n${mark("b")}--changeset a:4 dbms:!postgresql\n${mark("x")}`,
            ["a", "b"],
        ],
        [
            "Liquibase ignoreLines",
            `--liquibase formatted sql\n--changeset a:1\n--ignoreLines:1\n${mark("x")}${mark("a")}--ignoreLines:start\n${mark("x")}${mark("x")}--ignoreLines:end\n${mark("b")}`,
            ["a", "b"],
        ],
        [
            "Liquibase without semicolons",
            "--liquibase formatted sql\n--changeset a:1\nSELECT 'a'\n--changeset a:2\nSELECT 'b'",
            ["a", "b"],
        ],
        [
            "Atlas's archives",
            `-- atlas:txtar\n\n-- checks.sql --\n${mark("x")}-- migration.sql --\n${mark("a")}-- down.sql --\n${mark("x")}`,
            ["a"],
        ],
        ["Atlas's delimiter of lines", "-- atlas:delimiter \\n\\n\\n\nSELECT 'a'\n\n\nSELECT 'b;c'", ["a", "b;c"]],
    ])("%s", async (_name, text, wanted) => {
        expect(await order(text)).toEqual(wanted);
    });

    test("lines stay", async () => {
        const found = await infer(`-- migrate:down\nSELECT 1;\n-- migrate:up\n\nSELECT 'a';`);
        expect(found.sources).toMatchObject([{ line: 5 }]);
    });
});

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
        ["COPY data", "COPY t FROM stdin;\nCREATE SERVER 'x\n\\.\nSELECT 1;", ["SELECT 1"]],
        ["COPY without data", "COPY t FROM stdin;\nSELECT 1;", ["SELECT 1"]],
        ["no last semicolon", "SELECT 1;\nSELECT 2", ["SELECT 1", "SELECT 2"]],
        ["nothing but comments", "-- a\n/* b */ ;;\n", []],
    ])("%s", async (_name, text, wanted) => {
        const found = await infer(text);
        expect(found.sources.map(({ sql }) => sql.trim())).toEqual(wanted.map((sql) => sql.trim()));
    });

    test.each<[string, string]>([
        ["a name", "\\c other"],
        ["a connection string", "\\connect -reuse-previous=on \"dbname='other'\""],
        ["a URI", "\\c postgresql://u@h:1/other?x=y"],
        ["a variable", "\\set db other\n\\c :db"],
    ])("\\c with %s", async (_name, line) => {
        const found = await infer(`SELECT 1;\n${line}\nSELECT 2;\n\\c -\nSELECT 3;`, { database: "" });
        expect(found.sources.map(({ database }) => database)).toEqual([undefined, "other", "other"]);
    });

    test("where everything is after \\c, that is the dev database", async () => {
        const found = await infer(`CREATE DATABASE app;\n\\c app\n${SERVER}`);
        expect(found.sources.every(({ database }) => database === undefined)).toBe(true);
        expect(compact(found)).toEqual(["h:5432/d u:p"]);
    });

    test("\\i from the working folder, the root, the file's folder; \\ir from the file's folder", async () => {
        const files = {
            "p/main.sql": "\\i p/a.sql\n\\i b.sql\n\\ir sub/c.sql\n",
            "p/a.sql": mark("a"),
            "p/b.sql": mark("b"),
            "p/sub/c.sql": `${mark("c")}\\ir d.sql\n`,
            "p/sub/d.sql": mark("d"),
        };
        expect(await order(files, { paths: ["p/main.sql"] })).toEqual(["a", "b", "c", "d"]);
        expect(await order(files, { paths: ["p"] })).toEqual(["a", "b", "c", "d"]);
    });

    test("\\gexec and \\gset are reported", async () => {
        expect(codes(await infer("SELECT 'x' \\gexec\nSELECT 1 AS a \\gset\n"))).toEqual(["psql-gexec", "psql-gset"]);
    });

    test("a condition without a value is false, and it is said", async () => {
        const found = await infer("\\if :production\nSELECT 1;\n\\endif\nSELECT 2;");
        expect(found.sources.map(({ sql }) => sql)).toEqual(["SELECT 2"]);
        expect(codes(found, "warning")).toEqual(["psql-condition"]);
    });
});

describe("placeholders", () => {
    const server = (host: string, rest = "") =>
        `CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ${host}, dbname 'd'${rest});`;
    test.each<[string, string]>([
        ["shell", "'${H}'"],
        ["shell with a default", "'${H:-x}'"],
        ["Jinja", "'{{ H }}'"],
        ["Jinja without spaces, trimmed", "'{{-H-}}'"],
        ["Go", "'{{ .Env.H }}'"],
        ["Go's env", "'{{ env \"H\" }}'"],
        ["dbt", "'{{ env_var('H') }}'"],
        ["dbt's var", "'{{ var(\"H\") }}'"],
        ["Python", "%(H)s"],
        ["Python in quotes", "'%(H)s'"],
        ["ERB", "'<%= ENV['H'] %>'"],
        ["ERB's fetch", "'<%= ENV.fetch(\"H\") %>'"],
        ["psql", ":'H'"],
    ])("%s takes its value from variables", async (_name, written) => {
        const found = await infer(server(written), { variables: { H: "given" } });
        expect(compact(found)).toEqual(["given:5432/d"]);
    });

    test.each<[string, string, string]>([
        ["shell", "'${H:-x}'", "x:5432/d"],
        ["shell, unset only", "'${H-x}'", "x:5432/d"],
        ["Jinja", "'{{ H | default('x') }}'", "x:5432/d"],
        ["Jinja's or", "'{{ H || \"x\" }}'", "x:5432/d"],
        ["dbt", '\'{{ env_var("H", "x") }}\'', "x:5432/d"],
        ["ERB", '\'<%= ENV["H"] || "x" %>\'', "x:5432/d"],
    ])("%s has a default", async (_name, written, upstream) => {
        expect(compact(await infer(server(written)))).toEqual([upstream]);
    });

    test.each<[string, string]>([
        ["shell", "'${H}'"],
        ["part of a name", "'db-${H}.internal'"],
        ["Jinja", "'{{ H }}'"],
        ["psql", ":'H'"],
        ["psql, bare", ":H"],
        ["Python", "%(H)s"],
        ["ERB", "'<%= H %>'"],
    ])("a host as placeholder without a value is an error: %s", async (_name, written) => {
        const found = await infer(
            `CREATE EXTENSION postgres_fdw;\n${server(written)}CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u');`,
        );
        expect(found.upstreams).toEqual([]);
        expect(found.findings).toMatchObject([
            { severity: "error", code: "host-unknown", line: 2, config: 'fdw-stub:variables: { "H": "…" }' },
        ]);
    });

    test("a database too", async () => {
        const found = await infer(
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname '${D}');",
        );
        expect(codes(found)).toEqual(["database-unknown"]);
    });

    test("a port: 5432; a user: a name; a password: the stub asks for none", async () => {
        const found = await infer(
            `${server("'h'", ", port '${P}'")}CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user '\${U}', password '\${W}');`,
        );
        expect(compact(found)).toEqual(["h:5432/d fdw_stub_u"]);
        expect(codes(found)).toEqual(["placeholder-user", "placeholder-password", "placeholder"]);
        expect(found.sources.map(({ sql }) => sql).join()).toContain("user 'fdw_stub_u', password 'fdw_stub_w'");
    });

    test("a server, a schema, a type, a role", async () => {
        const found = await infer(
            `CREATE SERVER :srv FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd'); CREATE USER MAPPING FOR {{ role }} SERVER :srv OPTIONS (user 'u');` +
                "CREATE SCHEMA ${SCHEMA}; CREATE TYPE ${SCHEMA}.e AS ENUM ('x'); CREATE FOREIGN TABLE ${SCHEMA}.t (a ${SCHEMA}.e) SERVER :srv OPTIONS (schema_name 'r');",
        );
        expect(compact(found)).toEqual([
            "h:5432/d u",
            `  CREATE SCHEMA IF NOT EXISTS "fdw_stub_schema";`,
            `  CREATE TYPE "fdw_stub_schema"."e" AS ENUM ('x');`,
            "  r.t(a fdw_stub_schema.e)",
        ]);
        expect(found.roles.map(({ name }) => name)).toEqual(["fdw_stub_role"]);
        expect(codes(found, "error", "warning")).toEqual([]);
    });

    test.each<[string, string]>([
        ["an array literal", "SELECT '{{1,2},{3,4}}'::int[]"],
        ["JSON", `SELECT '{"a": {"b": 1}}'::jsonb`],
        ["modulo", "SELECT a %(b) FROM t"],
        ["trigram operators", "SELECT 'a' <% b FROM t"],
        ["a dollar in a regular expression", "SELECT 'x' ~ '^a$'"],
        ["a cast", "SELECT a::b.c FROM t"],
        ["assignment in a call", "SELECT f(a := 1)"],
    ])("%s is none", async (_name, sql) => {
        const found = await infer(sql);
        expect(found.sources.map((source) => source.sql)).toEqual([sql]);
        expect(found.findings).toEqual([]);
    });

    test("in dollar quotes and identifiers", async () => {
        const found = await infer(
            "DO $$ BEGIN CREATE SERVER \"${S}\" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${H}', dbname 'd'); END $$;",
            { variables: { S: "x y", H: "h" } },
        );
        expect(compact(found)).toEqual(["h:5432/d"]);
        expect(found.origins[0]?.servers[0]?.name).toBe("x y");
    });

    test("template logic is said, and both sides are read", async () => {
        const found = await infer("{% if prod %}\nSELECT 1;\n{% else %}\nSELECT 2;\n{% endif %}");
        expect(found.sources.map(({ sql }) => sql)).toEqual(["SELECT 1", "SELECT 2"]);
        expect(codes(found, "warning")).toEqual(["template-logic", "template-logic", "template-logic"]);
    });

    test("\\set in the file gives a default that variables override", async () => {
        const sql = "\\set H x\nCREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'H', dbname 'd');";
        expect(compact(await infer(sql))).toEqual(["x:5432/d"]);
        expect(compact(await infer(sql, { variables: { H: "y" } }))).toEqual(["y:5432/d"]);
    });
});

describe("a variable that no file has", () => {
    const SQL = "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${DB_HOST}', dbname :'D');";

    test("is a warning that names the placeholders without a value", async () => {
        const found = await infer(SQL, { variables: { DB_HOTS: "x", D: "d" } });
        expect(found.findings).toContainEqual({
            severity: "warning",
            code: "variable-unused",
            message:
                'No file that was read has the placeholder "DB_HOTS", for which `variables` gives a value. Placeholders without a value: DB_HOST. Check the spelling, or remove it.',
        });
    });

    test.each<[string, Record<string, string>]>([
        [SQL, { DB_HOST: "x", D: "d" }],
        ["\\if :{?X}\nSELECT 1;\n\\endif", { X: "1" }],
        ["\\set X 1\nSELECT 2;", { X: "2" }],
        ["\\i :F", { F: "schema.sql" }],
        ["SELECT 1;", {}],
    ])("%j uses what it is given", async (sql, variables) => {
        expect(codes(await infer(sql, { variables }))).not.toContain("variable-unused");
    });
});

describe("what doesn't parse", () => {
    test("is reported with file, line and reason, and the rest is read", async () => {
        const found = await infer(`CREATE EXTENSION postgres_fdw;\n\nCREATE TABEL x (\n    id int\n);\n${SERVER}`);
        expect(compact(found)).toEqual(["h:5432/d u:p"]);
        expect(found.findings).toMatchObject([{ severity: "warning", code: "unparsed", file: "schema.sql", line: 3 }]);
        expect(found.findings[0]?.message).toContain('syntax error at or near "TABEL"');
    });

    test("is reported with its line, whatever characters come before", async () => {
        const found = await infer(
            `CREATE TABLE x (\n    a text DEFAULT '${"größe 漢字 😀 ".repeat(20)}',\n    b b b\n);`,
        );
        expect(found.findings).toMatchObject([{ code: "unparsed", line: 3 }]);
    });

    test("is an error where it names foreign objects, without the password", async () => {
        const found = await infer("CREATE USER MAPPING FOR x ON s OPTIONS (user 'u', password 'geheim');");
        expect(codes(found)).toEqual(["unparsed-foreign"]);
        expect(found.findings[0]?.message).not.toContain("geheim");
    });

    test("a foreign key is no foreign object", async () => {
        const found = await infer("CREATE TABLE `a` (x int, FOREIGN KEY (x) REFERENCES b (x));");
        expect(codes(found)).toEqual(["unparsed"]);
    });

    test.each<[string, string]>([
        ["prose with an apostrophe", `Don't do this.\n\n${SERVER.replaceAll(";", ";\n")}`],
        ["YAML", `a: 'b\nc:\n  - d\n\n${SERVER.replaceAll(";", ";\n")}`],
        ["a missing semicolon", `CREATE TABLE x (id int)\n${SERVER.replaceAll(";", ";\n")}`],
        ["an open parenthesis", `CREATE TABLE x (id int;\n${SERVER.replaceAll(";", ";\n")}`],
        ["an open comment of another language", `SELECT 1 # '\n;\n${SERVER.replaceAll(";", ";\n")}`],
        ["GO between batches", `CREATE TABLE x (id int)\nGO\n${SERVER.replaceAll(";", ";\n")}`],
    ])("reading goes on after %s", async (_name, sql) => {
        expect(compact(await infer(sql))).toEqual(["h:5432/d u:p"]);
    });

    test("many in one file are not all listed", async () => {
        expect((await infer("x y z;\n".repeat(50))).findings).toHaveLength(6);
    });

    test.each<[string, string]>([
        ["a chain too long for the parser", `SELECT 1${"+1".repeat(20_000)};`],
        ["nesting too deep", `SELECT ${"(SELECT ".repeat(3000)}1${")".repeat(3000)};`],
        ["a NUL", "SELECT 'a\0b';"],
        ["a body too deep", `DO $$ BEGIN PERFORM 1${"+1".repeat(20_000)}; END $$;`],
    ])("%s is refused, and the parser lives", async (_name, sql) => {
        const found = await infer(`${sql}\n${SERVER}`);
        expect(compact(found)).toEqual(["h:5432/d u:p"]);
    });
});

describe("the deepest that is parsed is also interpreted", () => {
    const chain = `x${" + x".repeat(980)}`;
    test.each<[string, string]>([
        ["in a view", `CREATE VIEW v AS SELECT ${chain} AS s FROM u.a;`],
        ["in a materialized view that is read before its import", `CREATE VIEW w AS SELECT ${chain} AS s FROM late.a;`],
        [
            "in PL/pgSQL",
            `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM ${chain} FROM u.a; END $$;`,
        ],
        ["in a constraint", `CREATE TABLE c (x int CHECK (${chain} > 0));`],
        ["nested", `CREATE VIEW v AS SELECT ${"(SELECT ".repeat(200)}x${")".repeat(200)} AS s FROM u.a;`],
    ])("%s", async (_name, sql) => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO u;\n${sql}`,
        );
        expect(codes(found, "error")).toEqual([]);
        expect(compact(found)[0]).toBe("h:5432/d u:p");
        expect(codes(found)).not.toContain("too-deep");
        expect(codes(found)).not.toContain("unparsed");
    });
});
