/** Columns of imported tables: names certainly, types from what stands around them. */

import { describe, expect, test } from "vitest";
import type { Upstream } from "../../../upstreams/model";
import { codes, compact, infer, SERVER } from "./compact";

const IMPORT = `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO u;
CREATE TABLE l (id bigint, code varchar(9), amount numeric(10,2), at timestamptz, ok boolean, tags text[]);`;

describe("types from use", () => {
    test.each<[string, string, string]>([
        ["nothing tells: text", "SELECT x FROM u.a", "x text"],
        ["compared with a column", "SELECT 1 FROM u.a, l WHERE a.x = l.id", "x bigint"],
        ["compared with a column, modifiers left out", "SELECT 1 FROM u.a, l WHERE a.x = l.amount", "x numeric"],
        ["compared with a number", "SELECT 1 FROM u.a WHERE x > 1", "x integer"],
        ["compared with a decimal", "SELECT 1 FROM u.a WHERE x > 1.5", "x numeric"],
        ["compared with a long number", "SELECT 1 FROM u.a WHERE x > 10000000000", "x bigint"],
        ["compared with a text", "SELECT 1 FROM u.a WHERE x = 'y'", "x text"],
        ["a column beats a number", "SELECT 1 FROM u.a, l WHERE x = 1 AND x = l.id", "x bigint"],
        ["an argument beats a cast", "SELECT upper(x), x::int FROM u.a", "x text"],
        ["a cast", "SELECT x::date FROM u.a", "x date"],
        ["CAST", "SELECT CAST(x AS numeric(5,1)) FROM u.a", "x numeric"],
        ["a cast to text tells nothing", "SELECT x::text FROM u.a WHERE x > 5", "x integer"],
        ["a join", "SELECT 1 FROM l JOIN u.a ON a.x = l.at", "x timestamptz"],
        ["USING", "SELECT 1 FROM l JOIN u.a USING (id)", "id bigint"],
        [
            "through another imported column",
            "SELECT 1 FROM u.a JOIN u.a b ON a.x = b.x JOIN l ON l.id = b.x",
            "x bigint",
        ],
        ["a condition", "SELECT 1 FROM u.a WHERE x", "x boolean"],
        ["IN a subquery", "SELECT 1 FROM u.a WHERE x IN (SELECT id FROM l)", "x bigint"],
        ["ANY of an array", "SELECT 1 FROM u.a, l WHERE x = ANY (l.tags)", "x text"],
        ["an array for ANY", "SELECT 1 FROM u.a WHERE 5 = ANY (x)", "x integer[]"],
        ["JSON operators", "SELECT x->>'a' FROM u.a", "x jsonb"],
        ["an own function", "SELECT f(x) FROM u.a", "x inet"],
        ["plus an interval", "SELECT x + interval '1 day' FROM u.a", "x timestamptz"],
        ["UNION by position", "SELECT at FROM l UNION SELECT x FROM u.a", "x timestamptz"],
        ["UNION of stars with a known table", "SELECT code FROM l UNION ALL SELECT * FROM u.a", "code varchar(9)"],
        ["COALESCE with a column", "SELECT coalesce(x, l.ok) FROM u.a, l", "x boolean"],
        ["CASE", "SELECT CASE WHEN true THEN x ELSE l.amount END FROM u.a, l", "x numeric"],
        ["through a view with a star", "SELECT v.x FROM (SELECT * FROM u.a) v JOIN l ON l.id = v.x", "x bigint"],
        ["through a CTE", "WITH c AS (SELECT x AS y FROM u.a) SELECT 1 FROM c JOIN l ON l.id = c.y", "x bigint"],
        ["an unqualified column beside a known table", "SELECT code, x FROM u.a, l", "x text"],
        ["the whole row is no column", "SELECT a, x FROM u.a a", "x text"],
        ["system columns are none", "SELECT ctid, tableoid, x FROM u.a", "x text"],
        ["an output name in ORDER BY is none", "SELECT x AS y FROM u.a ORDER BY y", "x text"],
        ["ORDER BY over something else is one", "SELECT 1 FROM u.a ORDER BY x", "x text"],
        ["a correlated subquery", "SELECT (SELECT max(l.at) FROM l WHERE l.id = a.x) FROM u.a", "x bigint"],
        ["RETURNING and DML", "INSERT INTO l (id, at) SELECT x, now() FROM u.a", "x bigint"],
        ["written to", "UPDATE u.a SET x = 5 WHERE x IS NULL", "x integer"],
        ["inserted into", "INSERT INTO u.a (x) SELECT at FROM l", "x timestamptz"],
        ["deleted by", "DELETE FROM u.a USING l WHERE a.x = l.id", "x bigint"],
        ["MERGE", "MERGE INTO l USING u.a ON a.x = l.id WHEN MATCHED THEN DELETE", "x bigint"],
        ["generate_series", "SELECT generate_series(1, x) FROM u.a", "x integer"],
        ["window functions", "SELECT lag(x, 1, 0.5) OVER (ORDER BY x) FROM u.a", "x numeric"],
        [
            "generate_series with a step in quotes",
            "SELECT g FROM u.a, generate_series(x, y, '1 day') g",
            "x timestamptz, y timestamptz",
        ],
        ["EXTRACT of a difference", "SELECT EXTRACT(EPOCH FROM x - y) FROM u.a", "x timestamptz, y timestamptz"],
        [
            "EXTRACT of a difference of aggregates",
            "SELECT date_part('day', max(x) - min(y)) FROM u.a",
            "x timestamptz, y timestamptz",
        ],
        [
            "EXTRACT of an average difference",
            "SELECT EXTRACT(EPOCH FROM coalesce(avg(x - y), '0')) FROM u.a",
            "x timestamptz, y timestamptz",
        ],
        ["EXTRACT of a sum", "SELECT EXTRACT(EPOCH FROM sum(x)) FROM u.a", "x interval"],
        [
            "a difference compared with an interval",
            "SELECT 1 FROM u.a WHERE x - y > interval '1 hour'",
            "x timestamptz, y timestamptz",
        ],
        ["a difference of numbers", "SELECT x - y FROM u.a WHERE x - y > 5", "x numeric, y numeric"],
        [
            "seconds since 1970",
            "SELECT to_timestamp(x), to_timestamp(y, 'YYYY') FROM u.a",
            "x double precision, y text",
        ],
        ["bounds of a range", "SELECT daterange(x, y) FROM u.a", "x date, y date"],
        ["a range by what it contains", "SELECT lower(x) FROM u.a WHERE x @> CURRENT_DATE", "x daterange"],
        ["a value in a range", "SELECT 1 FROM u.a WHERE now() <@ x", "x tstzrange"],
        [
            "OVERLAPS",
            "SELECT 1 FROM u.a WHERE (x, y) OVERLAPS (DATE '2024-01-01', DATE '2024-02-01')",
            "x date, y date",
        ],
        ["WITHIN GROUP", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM u.a", "x numeric"],
        ["bits", "SELECT x & 4, y | 10000000000 FROM u.a", "x integer, y bigint"],
        ["networks", "SELECT 1 FROM u.a WHERE x <<= inet '10.0.0.0/8'", "x inet"],
        ["money is shown, not kept", "SELECT x::money, avg(x) FROM u.a", "x numeric"],
    ])("%s", async (_name, query, columns) => {
        const create = /^(?:INSERT|UPDATE|DELETE|MERGE)/.test(query) ? query : `CREATE VIEW v AS ${query}`;
        const found = await infer(
            `${IMPORT}CREATE FUNCTION f(a inet) RETURNS text LANGUAGE sql AS 'SELECT 1::text';${create};`,
        );
        expect(compact(found).filter((line) => line.startsWith("  public.a"))).toEqual([`  public.a(${columns})`]);
        expect(codes(found, "error")).toEqual([]);
    });
});

describe("imports", () => {
    test.each<[string, string, string[]]>([
        [
            "LIMIT TO names tables",
            "IMPORT FOREIGN SCHEMA public LIMIT TO (a, b) FROM SERVER s INTO u;",
            ["  public.a()", "  public.b()"],
        ],
        [
            "EXCEPT leaves a table out",
            "IMPORT FOREIGN SCHEMA public EXCEPT (b) FROM SERVER s INTO u; CREATE VIEW v AS SELECT a.x FROM u.a; CREATE VIEW w AS SELECT b.y FROM u.b;",
            ["  public.a(x text)"],
        ],
        [
            "into another schema",
            "CREATE SCHEMA z; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO z; CREATE VIEW v AS SELECT x FROM z.a;",
            ["  r.a(x text)"],
        ],
        [
            "one remote schema twice",
            "CREATE SCHEMA z; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO z; CREATE VIEW v AS SELECT x FROM z.a; CREATE VIEW w AS SELECT y::int FROM u.a;",
            ["  r.a(y integer, x text)"],
        ],
        [
            "several into one, told apart by LIMIT TO",
            "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA q LIMIT TO (b) FROM SERVER s INTO u; CREATE VIEW v AS SELECT a.x, b.y FROM u.a, u.b;",
            ["  q.b(y text)", "  r.a(x text)"],
        ],
        [
            "by search_path",
            "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; SET search_path = public, u; CREATE VIEW v AS SELECT x FROM a;",
            ["  r.a(x text)"],
        ],
        [
            "a local table hides it",
            "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; SET search_path = public, u; CREATE TABLE a (x int); CREATE VIEW v AS SELECT x FROM a;",
            ['  CREATE SCHEMA IF NOT EXISTS "r";'],
        ],
        [
            "a CTE hides it",
            "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO public; CREATE VIEW v AS WITH a AS (SELECT 1 AS x) SELECT x FROM a;",
            ['  CREATE SCHEMA IF NOT EXISTS "r";'],
        ],
        [
            "system catalogs are not of it",
            "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO public; CREATE VIEW v AS SELECT relname FROM pg_class; CREATE VIEW w AS SELECT table_name FROM information_schema.tables;",
            ['  CREATE SCHEMA IF NOT EXISTS "r";'],
        ],
        [
            "dropped and imported anew",
            "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; DROP SCHEMA u CASCADE; CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; CREATE VIEW v AS SELECT x::int FROM u.a;",
            ["  r.a(x integer)"],
        ],
        [
            "a renamed column keeps its remote name",
            "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; ALTER FOREIGN TABLE u.a RENAME COLUMN x TO y; CREATE VIEW v AS SELECT y::int FROM u.a;",
            ["  r.a(x integer)"],
        ],
        [
            "a renamed table too",
            "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; ALTER FOREIGN TABLE u.a RENAME TO b; CREATE VIEW v AS SELECT x FROM u.b;",
            ["  r.a(x text)"],
        ],
        [
            "COMMENT, GRANT and an index on a view name columns",
            "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; COMMENT ON COLUMN u.a.x IS 'x'; GRANT SELECT (y) ON u.a TO PUBLIC; CREATE MATERIALIZED VIEW m AS SELECT * FROM u.a; CREATE INDEX ON m (z);",
            ["  r.a(x text, y text, z text)"],
        ],
        [
            "information_schema is there already",
            "IMPORT FOREIGN SCHEMA information_schema LIMIT TO (tables) FROM SERVER s INTO u;",
            [],
        ],
        [
            "a view is altered into one over it",
            "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a; CREATE OR REPLACE VIEW v AS SELECT x, y FROM u.a; CREATE VIEW w AS SELECT 1 FROM v WHERE y > 5;",
            ["  r.a(x text, y integer)"],
        ],
        [
            "an imported table becomes a partition",
            "CREATE TABLE p (k int, v date) PARTITION BY LIST (k); IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; ALTER TABLE p ATTACH PARTITION u.a FOR VALUES IN (1);",
            ["  r.a(k integer, v date)"],
        ],
    ])("%s", async (_name, sql, tables) => {
        const found = await infer(`${SERVER}CREATE SCHEMA u;${sql}`);
        expect(compact(found)).toEqual(["h:5432/d u:p", ...tables]);
        expect(codes(found, "error")).toEqual([]);
    });

    test("several imports into one schema, nothing tells which: the last one, and it is said once, with both", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO u;\nCREATE VIEW v AS SELECT x FROM u.a; CREATE VIEW w AS SELECT x FROM u.b;`,
        );
        expect(compact(found)).toEqual([
            "h:5432/d u:p",
            `  CREATE SCHEMA IF NOT EXISTS "r";`,
            "  q.a(x text)",
            "  q.b(x text)",
        ]);
        expect(found.findings.filter(({ code }) => code === "import-ambiguous")).toMatchObject([
            {
                severity: "warning",
                line: 2,
                message:
                    "a, b in u may come from r of server s or q of server s; they are taken from the last import, q. Name the tables with LIMIT TO, or declare them.",
            },
        ]);
    });

    test("what is used before the next import comes from the one before", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO u; CREATE VIEW w AS SELECT x, y FROM u.a;`,
        );
        expect(compact(found)).toEqual(["h:5432/d u:p", `  CREATE SCHEMA IF NOT EXISTS "q";`, "  r.a(x text, y text)"]);
        expect(codes(found, "warning")).toEqual([]);
    });

    test("what the user tells of the upstream decides between imports", async () => {
        const declared = [
            {
                host: "h",
                port: 5432,
                database: "d",
                users: [],
                extensions: [],
                ddl: [{ origin: "x.sql", line: 1, sql: "CREATE SCHEMA r; CREATE VIEW r.a AS SELECT 1 AS x;" }],
                tables: [],
            },
        ];
        const imports =
            "CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a;";
        expect(codes(await infer(SERVER + imports, { declared }), "warning")).toEqual([]);
        const found = await infer(`\\c d\nCREATE SCHEMA r; CREATE TABLE r.a (x date);\n\\c own\n${SERVER}${imports}`);
        expect(codes(found, "warning")).toEqual([]);
        expect(compact(found)).toEqual(["h:5432/d u:p", `  CREATE SCHEMA IF NOT EXISTS "q";`, "  r.a(x date)"]);
    });

    test("one remote table imported twice: what one tells, both know", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; CREATE SCHEMA w; IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO w; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO w; CREATE VIEW v1 AS SELECT 1 FROM u.a WHERE x > 10; CREATE VIEW v2 AS SELECT x::numeric, y FROM w.a;`,
        );
        expect(compact(found)).toEqual([
            "h:5432/d u:p",
            `  CREATE SCHEMA IF NOT EXISTS "q";`,
            "  r.a(x numeric, y text)",
        ]);
        expect(codes(found, "warning")).toEqual([]);
    });

    test("a schema of which nothing is used is there all the same: PostgreSQL refuses to import one that isn't", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA "R s" FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO u;`,
        );
        expect(compact(found)).toEqual(["h:5432/d u:p", `  CREATE SCHEMA IF NOT EXISTS "R s";`]);
        expect(codes(found)).toEqual(["import-unused", "import-unused"]);
    });

    test("an unqualified column of one of two imported tables: what is used elsewhere decides", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a, u.b; CREATE VIEW w AS SELECT b.x::int FROM u.b;`,
        );
        expect(compact(found)).toEqual(["h:5432/d u:p", "  r.a()", "  r.b(x integer)"]);
        expect(codes(found, "warning")).toEqual([]);
    });

    test("otherwise the first is taken, and it is said", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a, u.b;`,
        );
        expect(compact(found)).toEqual(["h:5432/d u:p", "  r.a(x text)", "  r.b()"]);
        expect(codes(found, "warning")).toEqual(["column-ambiguous"]);
    });

    test("what is guessed is listed with the line of configuration that would tell it", async () => {
        const found = await infer(
            `CREATE EXTENSION postgres_fdw; ${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u;\nCREATE VIEW v AS SELECT x, y::int FROM u.a;`,
        );
        expect(found.findings).toMatchObject([
            {
                severity: "note",
                code: "type-guessed",
                line: 2,
                config: "fdw-stub:upstreams: [ { host: h, database: d, tables: [ { schema: r, name: a, columns: [ { name: x, type: text } ] } ] } ]",
            },
        ]);
        expect(found.origins[0]?.tables[0]?.columns).toMatchObject([
            { name: "x", certainty: "guessed" },
            { name: "y", certainty: "inferred", reason: "cast to integer" },
        ]);
    });

    test("a star of which nothing is known gets one column, and it is said", async () => {
        const found = await infer(
            `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT * FROM u.a;`,
        );
        expect(compact(found)).toEqual(["h:5432/d u:p", "  r.a(fdw_stub_unknown text)"]);
        expect(codes(found, "warning")).toEqual(["columns-unknown"]);
    });

    test("an import that nothing uses is noted", async () => {
        const found = await infer(`${SERVER}IMPORT FOREIGN SCHEMA r FROM SERVER s INTO public;`);
        expect(codes(found)).toEqual(["import-unused"]);
    });

    test("servers of one name on the same line of two files bring their imports each", async () => {
        const file = (schema: string) =>
            `DROP SERVER IF EXISTS s CASCADE;${SERVER}CREATE SCHEMA ${schema}; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO ${schema}; CREATE MATERIALIZED VIEW ${schema}_v AS SELECT x FROM ${schema}.${schema}_t;`;
        const found = await infer({ "1.sql": file("one"), "2.sql": file("two") });
        expect(compact(found)).toEqual(["h:5432/d u:p", "  r.one_t(x text)", "  r.two_t(x text)"]);
        expect(found.origins[0]?.servers.map(({ place }) => place.file)).toEqual(["1.sql", "2.sql"]);
    });

    test("what the user tells of the upstream comes first", async () => {
        const declared: Upstream[] = [
            {
                host: "h",
                port: 5432,
                database: "d",
                users: [],
                extensions: [],
                ddl: [{ origin: "x.sql", line: 1, sql: "CREATE TABLE r.b (id int, note text);" }],
                tables: [{ schema: "r", name: "a", columns: [{ name: "x", type: "uuid" }], rows: [] }],
            },
        ];
        const sql = `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT x, note FROM u.a, u.b;`;
        const found = await infer(sql, { declared });
        expect(compact(found)).toEqual(["h:5432/d u:p", "  r.a(x uuid)", "  r.b(note text)"]);
        expect(codes(found)).toEqual([]);
        const missing = await infer(`${sql}CREATE VIEW w AS SELECT a.gone FROM u.a;`, { declared });
        expect(codes(missing, "error")).toEqual(["column-missing"]);
    });
});

describe("function bodies", () => {
    const U = `${SERVER}CREATE SCHEMA u; IMPORT FOREIGN SCHEMA public LIMIT TO (a) FROM SERVER s INTO u; CREATE TABLE l (id bigint, at timestamptz);`;
    const pl = (declare: string, body: string) =>
        `CREATE FUNCTION f(p int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE ${declare} BEGIN ${body} END $$;`;
    test.each<[string, string, string]>([
        ["an SQL function's result", "CREATE FUNCTION f() RETURNS inet LANGUAGE sql AS 'SELECT x FROM u.a'", "x inet"],
        [
            "RETURNS TABLE",
            "CREATE FUNCTION f() RETURNS TABLE (i int, d date) LANGUAGE sql AS 'SELECT x, y FROM u.a'",
            "x integer, y date",
        ],
        [
            "RETURNS TABLE of a star",
            "CREATE FUNCTION f() RETURNS TABLE (x int, y date) LANGUAGE sql AS 'SELECT * FROM u.a'",
            "x integer, y date",
        ],
        [
            "SETOF a local table",
            "CREATE FUNCTION f() RETURNS SETOF l LANGUAGE sql AS 'SELECT x, y FROM u.a'",
            "x bigint, y timestamptz",
        ],
        ["BEGIN ATOMIC", "CREATE FUNCTION f() RETURNS date BEGIN ATOMIC SELECT x FROM u.a; END", "x date"],
        ["RETURN", "CREATE FUNCTION f() RETURNS date RETURN (SELECT max(x) FROM u.a)", "x date"],
        [
            "parameters are no columns",
            "CREATE FUNCTION f(y int) RETURNS text LANGUAGE sql AS 'SELECT x FROM u.a WHERE z = y AND w = $1'",
            "x text, z integer, w integer",
        ],
        [
            "a body read before its table",
            "SET check_function_bodies = off; CREATE FUNCTION f() RETURNS date LANGUAGE sql AS 'SELECT x FROM u.a'",
            "x date",
        ],
        ["PL/pgSQL queries", pl("v date;", "SELECT x INTO v FROM u.a WHERE y = p;"), "x date, y integer"],
        ["variables are no columns", pl("v date;", "PERFORM x FROM u.a WHERE y = v;"), "x text, y date"],
        [
            "a record",
            pl("r record;", "FOR r IN SELECT * FROM u.a LOOP INSERT INTO l VALUES (r.x, r.y); END LOOP;"),
            "x bigint, y timestamptz",
        ],
        ["%ROWTYPE", pl("r u.a%ROWTYPE;", "INSERT INTO l (id) VALUES (r.x);"), "x bigint"],
        ["%TYPE", pl("r u.a.x%TYPE;", "r := 1;"), "x integer"],
        [
            "RETURN QUERY",
            "CREATE FUNCTION f() RETURNS TABLE (i int) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT x FROM u.a; END $$",
            "x integer",
        ],
        ["conditions", pl("", "IF EXISTS (SELECT 1 FROM u.a WHERE x = 'y') THEN RETURN; END IF;"), "x text"],
        ["EXECUTE of a literal", pl("", "EXECUTE 'UPDATE u.a SET x = 1.5';"), "x numeric"],
        [
            "a trigger's NEW",
            "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l VALUES (NEW.x, OLD.y); RETURN NEW; END $$; CREATE TRIGGER t AFTER UPDATE ON u.a FOR EACH ROW EXECUTE FUNCTION t()",
            "x bigint, y timestamptz",
        ],
        ["a procedure", "CREATE PROCEDURE f() LANGUAGE sql AS 'DELETE FROM u.a WHERE x < now()'", "x timestamptz"],
        ["a DO block", "DO $$ DECLARE v int := 5; BEGIN PERFORM 1 FROM u.a WHERE x = v; END $$", "x integer"],
    ])("%s", async (_name, sql, columns) => {
        const found = await infer(`${U}${sql};`);
        expect(compact(found)).toEqual(["h:5432/d u:p", `  public.a(${columns})`]);
        expect(codes(found, "error")).toEqual([]);
    });
});

describe("dblink", () => {
    test.each<[string, string, string[]]>([
        [
            "a server",
            `${SERVER}SELECT * FROM dblink('s', 'SELECT a, b FROM t') AS x(i int, d date);`,
            ["h:5432/d u:p", "  public.t(a integer, b date)"],
        ],
        [
            "a connection string",
            "SELECT * FROM dblink('host=k port=7000 dbname=e user=v password=''q r''', 'SELECT * FROM r.t') AS x(i int);",
            ["k:7000/e v:q r", "  r.t(i integer)"],
        ],
        [
            "a URI",
            "SELECT * FROM dblink('postgresql://v:q@k/e', 'SELECT a FROM t WHERE b > 5') AS x(i int);",
            ["k:5432/e v:q", "  public.t(a integer, b integer)"],
        ],
        [
            "in a view",
            `${SERVER}CREATE VIEW w AS SELECT x.i FROM dblink('s', 'SELECT a FROM t') AS x(i int);`,
            ["h:5432/d u:p", "  public.t(a integer)"],
        ],
    ])("%s", async (_name, sql, lines) => {
        const found = await infer(sql);
        expect(compact(found)).toEqual(lines);
        expect(codes(found, "error")).toEqual([]);
    });

    test("what is not constant is noted", async () => {
        const found = await infer(
            "SELECT * FROM dblink('host=' || setting, 'SELECT 1') AS x(i int); SELECT * FROM dblink('opened', 'SELECT 1') AS x(i int);",
        );
        expect(found.upstreams).toEqual([]);
        expect(codes(found)).toEqual(["dblink-unknown", "dblink-unknown"]);
    });
});

describe("DO blocks", () => {
    const make = (name: string, host: string) =>
        `CREATE SERVER ${name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${host}', dbname 'd')`;
    test.each<[string, string, string[]]>([
        ["plain statements", `DO $$ BEGIN ${make("s", "h")}; END $$;`, ["h:5432/d"]],
        ["EXECUTE of a literal", `DO $$ BEGIN EXECUTE $x$${make("s", "h")}$x$; END $$;`, ["h:5432/d"]],
        [
            "EXECUTE format",
            "DO $$ DECLARE h text := 'H'; BEGIN EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L)', 'S ' || 1, lower(h), 'it''s'); END $$;",
            ["h:5432/it's"],
        ],
        [
            "a loop over numbers",
            "DO $$ BEGIN FOR i IN 1..2 LOOP EXECUTE 'CREATE SERVER s' || i || ' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ''h' || i || ''', dbname ''d'')'; END LOOP; END $$;",
            ["h1:5432/d", "h2:5432/d"],
        ],
        [
            "REVERSE and BY",
            "DO $$ BEGIN FOR i IN REVERSE 5..1 BY 2 LOOP EXECUTE format('CREATE SERVER s%s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L)', i, 'h' || i, 'd'); END LOOP; END $$;",
            ["h1:5432/d", "h3:5432/d", "h5:5432/d"],
        ],
        [
            "FOREACH",
            "DO $$ DECLARE x text; BEGIN FOREACH x IN ARRAY ARRAY['a', 'b'] LOOP EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %1$L, dbname %1$L)', x); END LOOP; END $$;",
            ["a:5432/a", "b:5432/b"],
        ],
        [
            "FOR over VALUES",
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS t(n, p) LOOP EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)', r.n, r.n, r.p, 'd'); END LOOP; END $$;",
            ["a:1/d", "b:2/d"],
        ],
        [
            "FOR over unnest",
            "DO $$ DECLARE n text; BEGIN FOR n IN SELECT unnest(ARRAY['a', 'b']) LOOP EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L)', n, n, 'd'); END LOOP; END $$;",
            ["a:5432/d", "b:5432/d"],
        ],
        [
            "IF NOT EXISTS over a catalog, made before",
            `${make("s", "first")}; DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_foreign_server WHERE srvname = 's') THEN ${make("s", "h")}; END IF; END $$;`,
            ["first:5432/d"],
        ],
        [
            "IF EXISTS then DROP",
            `${make("s", "first")}; DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_foreign_server WHERE srvname = 's') THEN DROP SERVER s CASCADE; END IF; END $$;`,
            [],
        ],
        [
            "an exception handler",
            `${make("s", "first")}; DO $$ BEGIN ${make("s", "h")}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
            ["first:5432/d"],
        ],
        [
            "ELSE of a constant condition",
            `DO $$ BEGIN IF 1 > 2 THEN ${make("s", "a")}; ELSIF true THEN ${make("s", "b")}; ELSE ${make("s", "c")}; END IF; END $$;`,
            ["b:5432/d"],
        ],
        [
            "a function called with constants",
            `CREATE FUNCTION mk(n text, h text DEFAULT 'x') RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, dbname %L)', n, $2, 'd'); END $$; SELECT mk('s', 'h'), mk(n => 't', h => 'k');`,
            ["h:5432/d", "k:5432/d"],
        ],
        ["language SQL is nothing for EXECUTE", "DO LANGUAGE plpgsql $$ BEGIN NULL; END $$;", []],
    ])("%s", async (_name, sql, lines) => {
        const found = await infer(sql);
        expect(compact(found)).toEqual(lines);
        expect(codes(found, "error", "warning")).toEqual([]);
    });

    test.each<[string, string]>([
        [
            "EXECUTE of what a setting says",
            "DO $$ BEGIN EXECUTE format('CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L)', current_setting('app.host')); END $$;",
        ],
        [
            "a condition on the data",
            "DO $$ BEGIN IF (SELECT count(*) FROM settings) > 0 THEN CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; END IF; END $$;",
        ],
        [
            "a loop over data",
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM shards LOOP EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L)', r.n, r.h); END LOOP; END $$;",
        ],
        [
            "another language",
            "DO LANGUAGE plpython3u $$ plpy.execute('CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw') $$;",
        ],
    ])("%s is seen and not understood", async (_name, sql) => {
        const found = await infer(sql);
        expect(found.upstreams).toEqual([]);
        expect(codes(found, "warning")).toEqual(["dynamic-unknown"]);
    });

    test("a routine that makes servers and is not called is noted", async () => {
        const found = await infer(
            "CREATE FUNCTION f(h text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L)', h); END $$;",
        );
        expect(codes(found)).toEqual(["routine-foreign"]);
    });

    test("places are those of the statement in the block", async () => {
        const found = await infer(
            "SELECT 1;\nDO $$\nBEGIN\n    CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'd');\nEND\n$$;",
        );
        expect(found.origins[0]?.servers).toEqual([{ name: "s", place: { file: "schema.sql", line: 4 } }]);
    });
});
