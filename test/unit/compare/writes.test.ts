import { beforeAll, describe, expect, test } from "vitest";
import type { LocalCatalog, LocalTable, Writer } from "../../../compare/catalog";
import { writesOf } from "../../../compare/writes";
import { loadParser } from "../../../upstreams/parser";

beforeAll(loadParser);

const TABLE: LocalTable = {
    schema: "app",
    name: "t",
    server: "s",
    remoteSchema: "public",
    remoteName: "t",
    updatable: null,
    granted: [],
    triggered: [],
    columns: [],
};
const SERVER = { name: "s", extensions: [], updatable: null, host: null, database: null };

function writer(language: string, body: string, path: readonly string[] = ["app"]): Writer {
    const definition = `CREATE FUNCTION app.f() RETURNS void LANGUAGE ${language} AS $body$${body}$body$`;
    return { what: "function app.f()", language, definition, body, path: [...path] };
}

function written(change: { table?: Partial<LocalTable>; server?: string; writers?: Writer[] }): string[] {
    const table = { ...TABLE, ...change.table };
    const catalog: LocalCatalog = {
        servers: [{ ...SERVER, updatable: change.server ?? null }],
        tables: [table],
        types: [],
        extensions: [],
        writers: change.writers ?? [],
    };
    return [...(writesOf(catalog).get(table)?.by ?? [])].map(([command, by]) => `${command} by ${by}`);
}

const by = (...commands: string[]) => commands.map((command) => `${command} by function app.f()`);

describe("a function that writes", () => {
    test.each<readonly [string, Writer, readonly string[]]>([
        ["SQL", writer("sql", "INSERT INTO app.t VALUES (1); DELETE FROM app.t"), by("INSERT", "DELETE")],
        ["a CTE", writer("sql", "WITH x AS (UPDATE app.t SET a = 1 RETURNING a) SELECT a FROM x"), by("UPDATE")],
        [
            "MERGE",
            writer(
                "sql",
                "MERGE INTO app.t USING o ON true WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
            ),
            by("INSERT", "DELETE"),
        ],
        ["PL/pgSQL", writer("plpgsql", "BEGIN IF true THEN INSERT INTO app.t VALUES (1); END IF; END"), by("INSERT")],
        [
            "a loop and a handler",
            writer(
                "plpgsql",
                "BEGIN FOR i IN 1..2 LOOP UPDATE app.t SET a = i; END LOOP; EXCEPTION WHEN OTHERS THEN DELETE FROM app.t; END",
            ),
            by("UPDATE", "DELETE"),
        ],
        [
            "a text that is executed",
            writer("plpgsql", "BEGIN EXECUTE 'INSERT INTO app.t VALUES ($1)' USING 1; END"),
            by("INSERT"),
        ],
        [
            "a text that format() makes",
            writer("plpgsql", "BEGIN EXECUTE format('DELETE FROM app.t WHERE %I = %L', 'a', 1); END"),
            by("DELETE"),
        ],
        ["a name by the search path", writer("sql", "INSERT INTO t VALUES (1)"), by("INSERT")],
        ["a name of another schema", writer("sql", "INSERT INTO t VALUES (1)", ["public"]), []],
        ["another table", writer("sql", "INSERT INTO other.t VALUES (1); INSERT INTO app.t2 VALUES (1)"), []],
        ["a reader", writer("sql", "INSERT INTO log SELECT a FROM app.t"), []],
        ["what cannot be read", writer("plpgsql", "BEGIN this is no code"), []],
    ])("%s", (_name, one, expected) => {
        expect(written({ writers: [one] })).toEqual(expected);
    });

    test("in SQL's own syntax", () => {
        const definition =
            "CREATE FUNCTION app.f() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO app.t VALUES (1); END";
        expect(written({ writers: [{ ...writer("sql", ""), definition }] })).toEqual(by("INSERT"));
    });
});

test("privileges, triggers and the option tell it too", () => {
    expect(written({ table: { granted: ["INSERT"], triggered: ["DELETE"] } })).toEqual([
        "INSERT by whoever was granted INSERT on it",
        "DELETE by the DELETE trigger on it",
    ]);
    expect(written({ server: "true" })).toHaveLength(3);
    expect(written({ server: "true", table: { updatable: "false" } })).toEqual([]);
    expect(written({})).toEqual([]);
});
