// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
/** Reading: which files in which order, which parts of them, and what stands in for placeholders. */

import { describe, expect, test } from "vitest";
import { memoryFileSystem } from "../../memory-files";
import { codes, type Files, read } from "./reading";

/** A statement whose only use is to be seen in the list of statements. */
const mark = (name: string) => `SELECT '${name}';\n`;
async function order(files: Files, input: Parameters<typeof read>[1] = {}): Promise<string[]> {
    const found = await read(files, input);
    return found.statements.map(({ sql }) => /'([^']*)'/.exec(sql)?.[1] ?? sql);
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
        const found = await read(files, { paths });
        expect(codes(found, "error")).toContain(code);
    });

    test("a file too large is refused before it is read", async () => {
        const fs = memoryFileSystem({ "a.sql": "SELECT 1" });
        const found = await read("", { paths: ["a.sql"], fileSystem: { ...fs, size: async () => 1e12 } });
        expect(codes(found, "error")).toEqual(["file-too-large"]);
        expect(found.statements).toEqual([]);
    });

    test.each<[string, Uint8Array]>([
        ["UTF-8 with a mark", Buffer.from("\ufeffSELECT 'ü';")],
        ["UTF-16", Buffer.from("\ufeffSELECT 'ü';", "utf16le")],
        ["UTF-16, big-endian", Buffer.from("\ufeffSELECT 'ü';", "utf16le").swap16()],
        ["Latin-1", Buffer.from("SELECT 'ü';", "latin1")],
    ])("%s is read", async (_name, bytes) => {
        const fs = memoryFileSystem({ "a.sql": "x" });
        const found = await read("", { paths: ["a.sql"], fileSystem: { ...fs, read: async () => bytes } });
        expect(found.statements.map(({ sql }) => sql)).toEqual(["SELECT 'ü'"]);
    });

    test("progress is told", async () => {
        const seen: string[] = [];
        await read(
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
        const found = await read(`-- migrate:down\nSELECT 1;\n-- migrate:up\n\nSELECT 'a';`);
        expect(found.statements).toMatchObject([{ line: 5 }]);
    });
});
