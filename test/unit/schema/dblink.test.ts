/** Calls of dblink's functions: where their connections lead, and what their queries tell. */

import { describe, expect, test } from "vitest";
import { codes, compact, infer, SERVER } from "./compact";

const K = "k:5432/e v:q";
const CONN = "host=k dbname=e user=v password=q";
const body = (declare: string, statements: string) =>
    `CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $f$ DECLARE ${declare} BEGIN ${statements} END $f$;`;

describe("connections", () => {
    test.each<[string, string, string[]]>([
        [
            "opened with a name, used by it",
            `SELECT dblink_connect('c', '${CONN}'); SELECT * FROM dblink('c', 'SELECT a FROM t') AS x(a int);`,
            [K, "  public.t(a integer)"],
        ],
        [
            "opened without a name",
            `SELECT dblink_connect('${CONN}'); SELECT * FROM dblink('SELECT a FROM t') AS x(a int);`,
            [K, "  public.t(a integer)"],
        ],
        ["opened and not used", `SELECT dblink_connect_u('c', '${CONN}');`, [K]],
        [
            "opened again under the same name",
            "SELECT dblink_connect('c', 'host=k dbname=e'); SELECT dblink_connect('c', 'host=l dbname=e'); SELECT * FROM dblink('c', 'SELECT a FROM t') AS x(a int);",
            ["k:5432/e postgres", "  public.t(a integer)", "l:5432/e postgres", "  public.t(a integer)"],
        ],
        [
            "opened by one routine, used by another one",
            body("", "PERFORM dblink_exec('c', 'DELETE FROM t WHERE a = 5');") +
                `CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN PERFORM dblink_connect('c', '${CONN}'); END $f$;`,
            [K, "  public.t(a integer)"],
        ],
        [
            "a server that is dropped when the data is copied",
            `${SERVER}SELECT dblink_connect('s'); SELECT * FROM dblink('s', 'SELECT a FROM t') AS x(a int); DROP SERVER s CASCADE;`,
            ["h:5432/d u:p", "  public.t(a integer)"],
        ],
        [
            "a variable that has one value",
            body(
                "c text := 'host=k dbname=e user=v ' || 'password=q';",
                "PERFORM dblink_exec(c, 'DELETE FROM t WHERE a = 5');",
            ),
            [K, "  public.t(a integer)"],
        ],
        [
            "a variable that is assigned once",
            body("c text;", `c := format('host=k dbname=%s user=v password=q', 'e'); PERFORM dblink_connect('x', c);`),
            [K],
        ],
        [
            "constants with casts, as pg_dump prints views",
            `CREATE VIEW w AS SELECT x.a FROM dblink('${CONN}'::text, 'SELECT a FROM t'::text) x(a integer);`,
            [K, "  public.t(a integer)"],
        ],
        [
            "an own function of that name is no connection",
            "CREATE FUNCTION dblink_exec(a text, b text) RETURNS void LANGUAGE sql AS ''; SELECT dblink_exec('host=k', 'SELECT 1');",
            [],
        ],
    ])("%s", async (_name, sql, expected) => {
        const found = await infer(sql);
        expect(compact(found)).toEqual(expected);
        expect(codes(found, "error", "warning")).toEqual([]);
    });

    test.each<[string, string, string]>([
        [
            "a name of a connection that nothing opens",
            "SELECT * FROM dblink('c', 'SELECT 1') AS x(a int);",
            "This call of dblink() uses a connection that was opened elsewhere; where it leads is not known.",
        ],
        [
            "a connection string with a parameter",
            body("", "PERFORM dblink_connect('c', 'host=k port=' || n);"),
            "This call of dblink_connect() gets its connection by an expression; where it leads is not known.",
        ],
        [
            "a variable with two values",
            body("c text := 'host=k';", "IF n > 0 THEN c := 'host=l'; END IF; PERFORM dblink_exec(c, 'SELECT 1');"),
            "This call of dblink_exec() names its connection by an expression; where it leads is not known.",
        ],
        [
            "a name of a table that is an expression",
            body("", `PERFORM dblink_exec('${CONN}', format('DELETE FROM %I', n));`),
            "This call of dblink_exec() has its query from an expression; what it reads is not known.",
        ],
    ])("noted: %s", async (_name, sql, message) => {
        const found = await infer(sql);
        expect(found.findings.filter(({ code }) => code === "dblink-unknown").map((each) => each.message)).toEqual([
            message,
        ]);
    });

    test("the database itself needs no stub", async () => {
        const found = await infer(
            "DO $$ BEGIN PERFORM dblink_exec('dbname=' || current_database(), 'CREATE DATABASE x'); END $$;",
        );
        expect(found.upstreams).toEqual([]);
        expect(codes(found)).toEqual(["self-server"]);
    });
});

describe("queries", () => {
    const call = (query: string) => `SELECT dblink_exec('${CONN}', ${query});`;

    test.each<[string, string, string[]]>([
        ["INSERT", call("'INSERT INTO a.t (b, c) VALUES (now(), 1)'"), ["  a.t(b timestamptz, c integer)"]],
        [
            "two statements",
            call("'DELETE FROM t WHERE a = 5; DELETE FROM u WHERE b'"),
            ["  public.t(a integer)", "  public.u(b boolean)"],
        ],
        [
            "values that are not known",
            body("", `PERFORM dblink_exec('${CONN}', 'UPDATE t SET a = ' || n || ' WHERE b = ''' || n || '''');`),
            ["  public.t(a text, b text)"],
        ],
        [
            "values that format() fills in",
            body("", `PERFORM dblink_exec('${CONN}', format('INSERT INTO t (a, b) VALUES (%s, %L)', n, n));`),
            ["  public.t(a text, b text)"],
        ],
        ["nothing of system catalogs", call("'SELECT relname FROM pg_class'"), []],
        [
            "two calls with one connection string see one table",
            `SELECT * FROM dblink('${CONN}', 'SELECT a FROM t') AS x(a int); SELECT * FROM dblink('${CONN}', 'SELECT b FROM t WHERE a = b') AS x(b int);`,
            ["  public.t(a integer, b integer)"],
        ],
    ])("%s", async (_name, sql, expected) => {
        expect(compact(await infer(sql))).toEqual([K, ...expected]);
    });
});

describe("EXECUTE in routines", () => {
    test("a text of which only values are not known tells of imported tables", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA i; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO i;` +
                body("r record;", "EXECUTE 'SELECT a, b FROM i.t WHERE c = ''' || n || ''' AND d > now()' INTO r;"),
        );
        expect(compact(found)).toEqual(["h:5432/d u:p", "  public.t(a text, b text, c text, d timestamptz)"]);
    });
});
