import { beforeAll, describe, expect, test } from "vitest";
import { replayed } from "../../../../rehearsal/record/replay";
import { loadParser } from "../../../../upstreams/parser";

beforeAll(loadParser);

const said = (session: string, sql: string, database = "dev", givesUp = false) => ({ session, sql, database, givesUp });

describe("what a command said, to be run again", () => {
    test("goes session by session, statement by statement, and ends committed", () => {
        const sessions = replayed(
            [
                said("a", "BEGIN; CREATE TABLE t (x int); -- end"),
                said("b", "SELECT 1", "other"),
                said("a", "SELEC 1; SELECT 2"),
                said("a", "ROLLBACK", "dev", true),
            ],
            "dev",
        );
        expect(sessions.map((list) => list.map(({ sql, database }) => [sql.trim(), database]))).toEqual([
            [
                ["BEGIN", undefined],
                ["CREATE TABLE t (x int)", undefined],
                ["SELEC 1; SELECT 2", undefined],
                ["COMMIT", undefined],
                ["COMMIT", undefined],
            ],
            [
                ["SELECT 1", "other"],
                ["COMMIT", "other"],
            ],
        ]);
        const names = sessions.flat().map(({ file }) => file);
        expect(new Set(names).size).toBe(names.length);
    });

    test.each<[string, string[]]>([
        ["/* app */ -- x\n create  table t (a int)", ["CREATE", "TABLE", "T"]],
        ["COMMIT", ["COMMIT"]],
        [
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            ["SET", "SESSION", "CHARACTERISTICS", "AS", "TRANSACTION", "READ"],
        ],
    ])("%s begins with %j", (sql, words) => {
        expect(replayed([said("a", sql)], "dev")[0]?.[0]?.words).toEqual(words);
    });
});
