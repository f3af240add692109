/** Cases of what statements tell of remote tables: on plain data in a unit test, on a server in an integration test. */

/** Name, statements, and the tables with their columns as `usedTables()` prints them. */
export type Case = readonly [name: string, sql: string, tables: readonly string[]];

/** Everything of a server comes into the schema u; there is a local table l and a function f. */
export const USES: ReadonlyArray<readonly [string, string, string]> = [
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
    ["through another imported column", "SELECT 1 FROM u.a JOIN u.a b ON a.x = b.x JOIN l ON l.id = b.x", "x bigint"],
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
    [
        "MERGE inserts",
        "MERGE INTO u.a USING l ON a.x = l.id WHEN NOT MATCHED THEN INSERT (x, y) VALUES (l.id, l.at)",
        "x bigint, y timestamptz",
    ],
    [
        "a recursive query",
        "WITH RECURSIVE r (k) AS (SELECT x FROM u.a UNION ALL SELECT a.y FROM u.a JOIN r ON r.k = a.z) SELECT 1 FROM r JOIN l ON l.id = r.k",
        "x bigint, z bigint, y bigint",
    ],
    ["JSON_TABLE", "SELECT k, x FROM u.a, JSON_TABLE(a.j, '$' COLUMNS (k int)) t", "j text, x text"],
    [
        "a join with an alias",
        "SELECT 1 FROM (u.a JOIN l ON a.x = l.id) AS q WHERE q.y > q.at",
        "x bigint, y timestamptz",
    ],
    ["an alias list", "SELECT 1 FROM u.a AS q (m, n), l WHERE q.n = l.id", "m text, n bigint"],
    [
        "names that PostgreSQL gives",
        "SELECT 1 FROM (SELECT coalesce(x), max(y), z::date, (SELECT w), * FROM u.a GROUP BY 1) q, l WHERE q.coalesce = l.id AND q.max = l.at AND q.z > now() AND q.w = l.id",
        "x bigint, y timestamptz, z date, w bigint",
    ],
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
    ["seconds since 1970", "SELECT to_timestamp(x), to_timestamp(y, 'YYYY') FROM u.a", "x double precision, y text"],
    ["bounds of a range", "SELECT daterange(x, y) FROM u.a", "x date, y date"],
    ["a range by what it contains", "SELECT lower(x) FROM u.a WHERE x @> CURRENT_DATE", "x daterange"],
    ["a value in a range", "SELECT 1 FROM u.a WHERE now() <@ x", "x tstzrange"],
    [
        "OVERLAPS",
        "SELECT 1 FROM u.a WHERE (x, y) OVERLAPS (DATE '2024-01-01', DATE '2024-02-01')",
        "x timestamptz, y timestamptz",
    ],
    ["WITHIN GROUP", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM u.a", "x numeric"],
    ["bits", "SELECT x & 4, y | 10000000000 FROM u.a", "x integer, y bigint"],
    ["networks", "SELECT 1 FROM u.a WHERE x <<= inet '10.0.0.0/8'", "x inet"],
    [
        "through queries in queries, each with expressions",
        `SELECT 1 FROM ${"(SELECT coalesce(x, y) AS x, coalesce(y, x) AS y FROM ".repeat(7)}u.a${") q".repeat(7)} JOIN l ON q.x = l.id`,
        "x bigint, y bigint",
    ],
    [
        "an expression that PostgreSQL refuses, by its parts",
        "SELECT nowhere(x * 2, y || 'a', z > now()) FROM u.a",
        "x integer, y text, z timestamptz",
    ],
    ["money is shown, not kept", "SELECT x::money, avg(x) FROM u.a", "x numeric"],
];

/** The table a is imported into u; there is a local table l with `id bigint, at timestamptz`. */
const pl = (declare: string, body: string) =>
    `CREATE FUNCTION f(p int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE ${declare} BEGIN ${body} END $$;`;
export const BODIES: ReadonlyArray<readonly [string, string, string]> = [
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
    [
        "wherever a statement has a query or an expression",
        pl(
            "v int; c refcursor; k CURSOR FOR SELECT 1;",
            "IF v = 1 THEN NULL; ELSIF (SELECT x IS NULL FROM u.a) THEN PERFORM 1 FROM u.a WHERE b = v; ELSE DELETE FROM u.a WHERE y = v; END IF; WHILE EXISTS (SELECT 1 FROM u.a WHERE d = v) LOOP OPEN c FOR EXECUTE 'SELECT 1 FROM u.a WHERE e = 1.5'; END LOOP; CASE v WHEN 1 THEN RAISE '%', (SELECT max(f) + v FROM u.a); END CASE; FOR i IN 1..2 BY (SELECT g FROM u.a) LOOP EXECUTE 'SELECT h FROM u.a' INTO v USING (SELECT z::date FROM u.a); END LOOP; EXCEPTION WHEN others THEN UPDATE u.a SET j = now();",
        ),
        "x text, b integer, y integer, d integer, e numeric, f numeric, g text, h integer, z date, j timestamptz",
    ],
    [
        "RETURN QUERY EXECUTE, and a record of a query that is a text",
        "CREATE FUNCTION f() RETURNS TABLE (i int) LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT * FROM u.a' LOOP INSERT INTO l (at) VALUES (r.y); END LOOP; RETURN QUERY EXECUTE 'SELECT x FROM u.a'; END $$",
        "y timestamptz, x integer",
    ],
    ["EXECUTE of a literal", pl("", "EXECUTE 'UPDATE u.a SET x = 1.5';"), "x numeric"],
    [
        "a trigger's NEW",
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l VALUES (NEW.x, OLD.y); RETURN NEW; END $$; CREATE TRIGGER t AFTER UPDATE ON u.a FOR EACH ROW EXECUTE FUNCTION t()",
        "x bigint, y timestamptz",
    ],
    ["a procedure", "CREATE PROCEDURE f() LANGUAGE sql AS 'DELETE FROM u.a WHERE x < now()'", "x timestamptz"],
    ["a DO block", "DO $$ DECLARE v int := 5; BEGIN PERFORM 1 FROM u.a WHERE x = v; END $$", "x integer"],
];

/** There is an empty schema u. */
export const IMPORTS: readonly Case[] = [
    [
        "LIMIT TO names tables",
        "IMPORT FOREIGN SCHEMA public LIMIT TO (a, b) FROM SERVER s INTO u;",
        ["public.a()", "public.b()"],
    ],
    [
        "EXCEPT leaves a table out",
        "IMPORT FOREIGN SCHEMA public EXCEPT (b) FROM SERVER s INTO u; CREATE VIEW v AS SELECT a.x FROM u.a; CREATE VIEW w AS SELECT b.y FROM u.b;",
        ["public.a(x text)"],
    ],
    [
        "into another schema",
        "CREATE SCHEMA z; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO z; CREATE VIEW v AS SELECT x FROM z.a;",
        ["r.a(x text)"],
    ],
    [
        "one remote schema twice",
        "CREATE SCHEMA z; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO z; CREATE VIEW v AS SELECT x FROM z.a; CREATE VIEW w AS SELECT y::int FROM u.a;",
        ["r.a(x text, y integer)"],
    ],
    [
        "several into one, told apart by LIMIT TO",
        "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA q LIMIT TO (b) FROM SERVER s INTO u; CREATE VIEW v AS SELECT a.x, b.y FROM u.a, u.b;",
        ["q.b(y text)", "r.a(x text)"],
    ],
    [
        "by search_path",
        "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; SET search_path = public, u; CREATE VIEW v AS SELECT x FROM a;",
        ["r.a(x text)"],
    ],
    [
        "a local table hides it",
        "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; SET search_path = public, u; CREATE TABLE a (x int); CREATE VIEW v AS SELECT x FROM a;",
        [],
    ],
    [
        "a CTE hides it",
        "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO public; CREATE VIEW v AS WITH a AS (SELECT 1 AS x) SELECT x FROM a;",
        [],
    ],
    [
        "system catalogs are not of it",
        "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO public; CREATE VIEW v AS SELECT relname FROM pg_class; CREATE VIEW w AS SELECT table_name FROM information_schema.tables;",
        [],
    ],
    [
        "dropped and imported anew",
        "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; DROP SCHEMA u CASCADE; CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; CREATE VIEW v AS SELECT x::int FROM u.a;",
        ["r.a(x integer)"],
    ],
    [
        "a renamed column keeps its remote name",
        "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; ALTER FOREIGN TABLE u.a RENAME COLUMN x TO y; CREATE VIEW v AS SELECT y::int FROM u.a;",
        ["r.a(x integer)"],
    ],
    [
        "a renamed table too",
        "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; ALTER FOREIGN TABLE u.a RENAME TO b; CREATE VIEW v AS SELECT x FROM u.b;",
        ["r.a(x text)"],
    ],
    [
        "COMMENT, GRANT and an index on a view name columns",
        "IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; COMMENT ON COLUMN u.a.x IS 'x'; GRANT SELECT (y) ON u.a TO PUBLIC; CREATE MATERIALIZED VIEW m AS SELECT * FROM u.a; CREATE INDEX ON m (z);",
        ["r.a(x text, y text, z text)"],
    ],
    [
        "information_schema is there already",
        "IMPORT FOREIGN SCHEMA information_schema LIMIT TO (tables) FROM SERVER s INTO u;",
        [],
    ],
    [
        "a view is altered into one over it",
        "IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a; CREATE OR REPLACE VIEW v AS SELECT x, y FROM u.a; CREATE VIEW w AS SELECT 1 FROM v WHERE y > 5;",
        ["r.a(x text, y integer)"],
    ],
    [
        "an imported table becomes a partition",
        "CREATE TABLE p (k int, v date) PARTITION BY LIST (k); IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; ALTER TABLE p ATTACH PARTITION u.a FOR VALUES IN (1);",
        ["r.a(k integer, v date)"],
    ],
];

/** There is a foreign server s. */
const CONN = "host=k dbname=e user=v password=q";
const AT_K = `${CONN}: `;
const body = (declare: string, statements: string) =>
    `CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS $f$ DECLARE ${declare} BEGIN ${statements} END $f$;`;
export const CONNECTIONS: readonly Case[] = [
    [
        "opened with a name, used by it",
        `SELECT dblink_connect('c', '${CONN}'); SELECT * FROM dblink('c', 'SELECT a FROM t') AS x(a int);`,
        [`${AT_K}public.t(a integer)`],
    ],
    [
        "opened without a name",
        `SELECT dblink_connect('${CONN}'); SELECT * FROM dblink('SELECT a FROM t') AS x(a int);`,
        [`${AT_K}public.t(a integer)`],
    ],
    ["opened and not used", `SELECT dblink_connect_u('c', '${CONN}');`, []],
    [
        "opened again under the same name",
        "SELECT dblink_connect('c', 'host=k dbname=e'); SELECT dblink_connect('c', 'host=l dbname=e'); SELECT * FROM dblink('c', 'SELECT a FROM t') AS x(a int);",
        ["host=l dbname=e: public.t(a integer)"],
    ],
    [
        "opened by one routine, used by another one",
        body("", "PERFORM dblink_exec('c', 'DELETE FROM t WHERE a = 5');") +
            `CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN PERFORM dblink_connect('c', '${CONN}'); END $f$;`,
        [`${AT_K}public.t(a integer)`],
    ],
    [
        "a server that is dropped when the data is copied",
        `SELECT dblink_connect('s'); SELECT * FROM dblink('s', 'SELECT a FROM t') AS x(a int); DROP SERVER s CASCADE;`,
        ["public.t(a integer)"],
    ],
    [
        "a variable that has one value",
        body(
            "c text := 'host=k dbname=e user=v ' || 'password=q';",
            "PERFORM dblink_exec(c, 'DELETE FROM t WHERE a = 5');",
        ),
        [`${AT_K}public.t(a integer)`],
    ],
    [
        "a variable that is assigned once",
        body("c text;", `c := format('host=k dbname=%s user=v password=q', 'e'); PERFORM dblink_connect('x', c);`),
        [],
    ],
    [
        "constants with casts, as pg_dump prints views",
        `CREATE VIEW w AS SELECT x.a FROM dblink('${CONN}'::text, 'SELECT a FROM t'::text) x(a integer);`,
        [`${AT_K}public.t(a integer)`],
    ],
    [
        "an own function of that name is no connection",
        "CREATE FUNCTION dblink_exec(a text, b text) RETURNS void LANGUAGE sql AS ''; SELECT dblink_exec('host=k', 'SELECT 1');",
        [],
    ],
];

export const UNCLEAR: ReadonlyArray<readonly [string, string, string]> = [
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
];

const call = (query: string) => `SELECT dblink_exec('${CONN}', ${query});`;
export const QUERIES: readonly Case[] = [
    ["INSERT", call("'INSERT INTO a.t (b, c) VALUES (now(), 1)'"), [`${AT_K}a.t(b timestamptz, c integer)`]],
    [
        "two statements",
        call("'DELETE FROM t WHERE a = 5; DELETE FROM u WHERE b'"),
        [`${AT_K}public.t(a integer)`, `${AT_K}public.u(b boolean)`],
    ],
    [
        "values that are not known",
        body("", `PERFORM dblink_exec('${CONN}', 'UPDATE t SET a = ' || n || ' WHERE b = ''' || n || '''');`),
        [`${AT_K}public.t(a text, b text)`],
    ],
    [
        "values that format() fills in",
        body("", `PERFORM dblink_exec('${CONN}', format('INSERT INTO t (a, b) VALUES (%s, %L)', n, n));`),
        [`${AT_K}public.t(a text, b text)`],
    ],
    ["nothing of system catalogs", call("'SELECT relname FROM pg_class'"), []],
    [
        "two calls with one connection string see one table",
        `SELECT * FROM dblink('${CONN}', 'SELECT a FROM t') AS x(a int); SELECT * FROM dblink('${CONN}', 'SELECT b FROM t WHERE a = b') AS x(b int);`,
        [`${AT_K}public.t(a integer, b integer)`],
    ],
];
