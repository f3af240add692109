import { describe, expect, test } from "vitest";
import { Watch } from "../../../rehearsal/watch";

function statement(sql: string) {
    const words = sql.replace(/\([^)]*\)/g, " ").match(/\w+/g) ?? [];
    return { file: "a.sql", line: 1, sql, words: words.slice(0, 6).map((word) => word.toUpperCase()) };
}

/** After an import into a schema, with the session's path and the views that are there. */
function watching(path: readonly string[] = ["pg_catalog", "public"], names: readonly string[] = []): Watch {
    const watch = new Watch();
    watch.imported("Imported");
    watch.found(path, names);
    return watch;
}

describe("which statements tell of imported tables", () => {
    test.each([
        ['SELECT * FROM "Imported".t', true],
        ["select 1 from imported.t", true],
        ["SELECT * FROM local", false],
        ["SELECT dblink('up', 'SELECT 1')", true],
        ["SELECT * FROM their_view", true],
        ["COMMENT ON VIEW Their_View IS 'x'", true],
    ])("%s", (sql, tells) => {
        expect(watching(["public"], ["their_view"]).tells(statement(sql))).toBe(tells);
    });

    test("none before anything is imported, and any where the schema need not be named", () => {
        expect(new Watch().tells(statement("SELECT * FROM imported.t"))).toBe(false);
        expect(watching(["Imported", "public"]).tells(statement("SELECT * FROM local"))).toBe(true);
    });

    test("those over what others made of imported tables", () => {
        const watch = watching();
        const sql = 'CREATE TABLE copied AS SELECT * FROM "Imported".t';
        watch.passed(statement(sql), watch.tells(statement(sql)));
        watch.passed(statement("CREATE VIEW v AS SELECT 1"), false);
        watch.passed(statement("CREATE TABLE own (a int)"), false);
        expect(["copied", "v", "own"].map((name) => watch.tells(statement(`SELECT * FROM ${name}`)))).toEqual([
            true,
            true,
            false,
        ]);
    });
});

describe("when the server is asked", () => {
    const asks = (watch: Watch) => watch.asks(statement("SELECT 1 FROM t"));

    test.each([
        ["CREATE TABLE t (a int)", false],
        ["SET search_path = x", true],
        ["SELECT make_views()", true],
        ["DO $$ BEGIN END $$", true],
        ["COMMIT", true],
    ])("after %s: %s", (sql, asked) => {
        const watch = watching();
        watch.passed(statement(sql), false);
        expect(asks(watch)).toBe(asked);
    });

    test("not for a session that begins as the one before, unless a role or a schema was changed", () => {
        const watch = watching();
        watch.passed(statement("SET search_path = x"), false);
        watch.begin();
        expect([watch.path, asks(watch)]).toEqual([["pg_catalog", "public"], false]);
        watch.passed(statement("ALTER ROLE me SET search_path = x"), false);
        watch.begin();
        expect(asks(watch)).toBe(true);
    });
});

test("a statement that renames or drops comes after those that were to be gone through", () => {
    const watch = new Watch();
    const disturbing = ["DROP TABLE t", "ALTER TABLE t RENAME TO u", "ALTER VIEW v OWNER TO x", "DO $$ $$", "ROLLBACK"];
    const others = [
        "CREATE TABLE t (a int)",
        "ALTER TABLE ONLY public.t ADD COLUMN b int",
        "COMMENT ON TABLE t IS 'x'",
    ];
    expect(disturbing.filter((sql) => !watch.disturbs(statement(sql)))).toEqual([]);
    expect(others.filter((sql) => watch.disturbs(statement(sql)))).toEqual([]);
});
