import { describe, expect, test } from "vitest";
import { databaseStatements } from "../../../schema";
import { memoryFileSystem } from "../../memory-files";

async function read(files: Record<string, string>, variables: Record<string, string> = {}, path = "db") {
    const { statements, findings } = await databaseStatements([path], variables, memoryFileSystem(files));
    return {
        lines: statements.map(({ file, line, sql }) => `${file}:${line} ${sql}`),
        codes: findings.map(({ code }) => code),
    };
}

describe("statements in the order in which they run", () => {
    test.each<[string, Record<string, string>, string[]]>([
        [
            "of migrations, the way up only",
            { "db/2_b.up.sql": "SELECT 2;", "db/1_a.up.sql": "SELECT 1;", "db/1_a.down.sql": "SELECT 0;" },
            ["db/1_a.up.sql:1 SELECT 1", "db/2_b.up.sql:1 SELECT 2"],
        ],
        [
            "of a section for up",
            { "db/1.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n" },
            ["db/1.sql:2 SELECT 1"],
        ],
        [
            "of a script of psql's, without the rows",
            {
                "db/a.sql":
                    "CREATE DATABASE app;\n\\c app\n\\set n 1\nCREATE TABLE t (a int);\nCOPY t FROM stdin;\n5\n\\.\n\\i db/part.psql\nSELECT :n;\n",
                "db/part.psql": "SELECT 'part';",
            },
            ["db/a.sql:4 CREATE TABLE t (a int)", "db/part.psql:1 SELECT 'part'", "db/a.sql:9 SELECT 1"],
        ],
        [
            "of the dev database, not of another one",
            { "db/a.sql": "SELECT 1;\n\\c other\nSELECT 2;\n" },
            ["db/a.sql:1 SELECT 1"],
        ],
        [
            "of one that reads like the one before",
            { "db/a.sql": "SELECT 1;SELECT 1;" },
            ["db/a.sql:1 SELECT 1", "db/a.sql:1 SELECT 1"],
        ],
    ])("%s", async (_, files, expected) => {
        expect(await read(files)).toEqual({ lines: expected, codes: expect.any(Array) });
    });

    test("what cannot be read is a finding", async () => {
        expect(await read({ "db/a.sql": "CREATE TABL x;" })).toEqual({ lines: [], codes: ["unparsed"] });
        expect(await read({}, {}, "nope")).toEqual({ lines: [], codes: ["path-missing"] });
    });
});
