import { describe, expect, test } from "vitest";
import { Quiet } from "../../../rehearsal/quiet";

function statement(sql: string) {
    const words = sql.replace(/\([^)]*\)/g, " ").match(/\w+/g) ?? [];
    return { file: "a.sql", line: 1, sql, words: words.slice(0, 6).map((word) => word.toUpperCase()) };
}

/** Whether the last statement is quiet. */
function last(...statements: readonly string[]): boolean | undefined {
    const quiet = new Quiet();
    return statements.map((sql) => quiet.of(statement(sql))).at(-1);
}

const SERVER = "CREATE SERVER up FOREIGN DATA WRAPPER postgres_fdw";
const TABLE = "CREATE TABLE public.t (a int)";

describe("what connects to nothing", () => {
    test.each([
        ["whatever it is, while there is no server", ["SELECT f()"], true],
        ["what calls something", [SERVER, "SELECT f()"], false],
        ["what dblink is in", ["DO $$ BEGIN PERFORM dblink('x', 'y'); END $$"], false],
        ["a definition", [SERVER, "CREATE VIEW v AS SELECT * FROM f"], true],
        ["a materialized view", [SERVER, "CREATE MATERIALIZED VIEW v AS SELECT * FROM f"], false],
        ["rows for a table of the schema", [SERVER, TABLE, "COPY public.t (a) FROM stdin"], true],
        ["a row for it", [SERVER, TABLE, "INSERT INTO public.t (a) VALUES (1), ('f(x) select')"], true],
        ["a row for something else", [SERVER, TABLE, "INSERT INTO other VALUES (1)"], false],
        ["a row that something is called for", [SERVER, TABLE, "INSERT INTO public.t VALUES (f(1))"], false],
        ["a row of a query", [SERVER, TABLE, "INSERT INTO public.t VALUES ((SELECT 1))"], false],
        [
            "rows that something reacts to",
            [SERVER, TABLE, "CREATE TRIGGER x AFTER INSERT ON public.t", "COPY public.t FROM stdin"],
            false,
        ],
        [
            "rows after a block that may have made a trigger",
            [SERVER, TABLE, "DO $$ BEGIN END $$", "COPY public.t FROM stdin"],
            false,
        ],
        ["rows that a query gives", [SERVER, TABLE, "INSERT INTO public.t SELECT 1"], false],
    ])("%s", (_, statements, quiet) => {
        expect(last(...statements)).toBe(quiet);
    });
});
