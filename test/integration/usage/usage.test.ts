/** The usage analysis with a server's own catalogs: every case of the plain data, and what only a server can show. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Severity } from "../../../schema/report";
import { loadParser } from "../../../upstreams/parser";
import { imageHere } from "../support/image";
import { BODIES, CONNECTIONS, IMPORTS, QUERIES, UNCLEAR, USES } from "./cases";
import { type PlainServer, startPlainServer } from "./server";
import { type Told, UsageSession } from "./session";
import { usedTables } from "./used";

const SERVER =
    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', dbname 'd'); CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u', password 'p');";

let server: PlainServer | undefined;

beforeAll(async () => {
    await loadParser();
    const image = await imageHere();
    server = await startPlainServer(image);
    await server?.client.query("CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink");
});

afterAll(async () => {
    await server?.stop();
});

/** One pass: what follows from the statements, however many of them PostgreSQL refuses. */
async function tables(sql: string): Promise<string[]> {
    return usedTables((await run(sql, 1)).usage.settle());
}

async function run(sql: string, passes: number, ...told: Told): Promise<UsageSession> {
    if (server === undefined) {
        throw new Error("no server");
    }
    const session = new UsageSession(server.client, ...told);
    await session.run({ "schema.sql": SERVER + sql }, passes);
    return session;
}

function codes({ usage }: UsageSession, severity?: Severity): string[] {
    return usage
        .settle()
        .findings.filter((finding) => severity === undefined || finding.severity === severity)
        .map(({ code }) => code);
}

const L = "CREATE TABLE l (id bigint, code varchar(9), amount numeric(10,2), at timestamptz, ok boolean, tags text[]);";

describe("types from use", () => {
    test.for(USES)("%s", async ([, query, columns], { skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const statement = /^(?:INSERT|UPDATE|DELETE|MERGE)/.test(query) ? query : `CREATE VIEW v AS ${query}`;
        const setup = `CREATE SCHEMA u; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO u; ${L} CREATE FUNCTION f(a inet) RETURNS text LANGUAGE sql AS 'SELECT 1::text';`;
        expect((await tables(`${setup}${statement};`)).filter((line) => line.startsWith("public.a("))).toEqual([
            `public.a(${columns})`,
        ]);
    });
});

describe("bodies", () => {
    test.for(BODIES)("%s", async ([, sql, columns], { skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const setup =
            "CREATE SCHEMA u; IMPORT FOREIGN SCHEMA public LIMIT TO (a) FROM SERVER s INTO u; CREATE TABLE l (id bigint, at timestamptz);";
        expect(await tables(`${setup}${sql};`)).toEqual([`public.a(${columns})`]);
    });
});

test.for(IMPORTS)("import: %s", async ([, sql, expected], { skip }) => {
    skip(server === undefined, "no image of PostgreSQL 18 is here");
    expect(await tables(`CREATE SCHEMA u;${sql}`)).toEqual(expected);
});

test.for([...CONNECTIONS, ...QUERIES])("dblink: %s", async ([, sql, expected], { skip }) => {
    skip(server === undefined, "no image of PostgreSQL 18 is here");
    expect(await tables(sql)).toEqual(expected);
});

test.for(UNCLEAR)("dblink, noted: %s", async ([, sql, message], { skip }) => {
    skip(server === undefined, "no image of PostgreSQL 18 is here");
    const { findings } = (await run(sql, 1)).usage.settle();
    expect(findings.filter(({ code }) => code === "dblink-unknown").map((finding) => finding.message)).toEqual([
        message,
    ]);
});

describe("findings", () => {
    const U = "CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u;";

    test.for<[string, string, string[], string[]]>([
        [
            "one of several imports, said once, and the last is taken",
            `${U}IMPORT FOREIGN SCHEMA q FROM SERVER s INTO u; CREATE VIEW v AS SELECT x FROM u.a; CREATE VIEW w AS SELECT x FROM u.b;`,
            ["q.a(x text)", "q.b(x text)"],
            ["import-ambiguous"],
        ],
        [
            "what is used before the next import comes from the one before",
            `${U}CREATE VIEW v AS SELECT x FROM u.a; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO u; CREATE VIEW w AS SELECT x, y FROM u.a;`,
            ["r.a(x text, y text)"],
            [],
        ],
        [
            "one remote table imported twice: what one tells, both know",
            `CREATE SCHEMA u; CREATE SCHEMA w; IMPORT FOREIGN SCHEMA r LIMIT TO (a) FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO w; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO w; CREATE VIEW v1 AS SELECT 1 FROM u.a WHERE x > 10; CREATE VIEW v2 AS SELECT x::numeric, y FROM w.a;`,
            ["r.a(x numeric, y text)"],
            [],
        ],
        [
            "an unqualified column of one of two: what is used elsewhere decides",
            `${U}CREATE VIEW v AS SELECT x FROM u.a, u.b; CREATE VIEW w AS SELECT b.x::int FROM u.b;`,
            ["r.a()", "r.b(x integer)"],
            [],
        ],
        [
            "otherwise the first is taken, and it is said",
            `${U}CREATE VIEW v AS SELECT x FROM u.a, u.b;`,
            ["r.a(x text)", "r.b()"],
            ["column-ambiguous"],
        ],
        [
            "a star of which nothing is known gets one column, and it is said",
            `${U}CREATE VIEW v AS SELECT * FROM u.a;`,
            ["r.a(fdw_stub_unknown text)"],
            ["columns-unknown"],
        ],
    ])("%s", async ([, sql, expected, warnings], { skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const session = await run(sql, 2);
        expect(usedTables(session.usage.settle())).toEqual(expected);
        expect(codes(session, "warning")).toEqual(warnings);
    });

    test("an import that nothing uses is noted", async ({ skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        expect(codes(await run(U, 2))).toEqual(["import-unused"]);
    });

    test("what is guessed is listed with the line of configuration that would tell it", async ({ skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const address = { host: "h", port: 5432, database: "d" };
        const { usage } = await run(
            `${U}\nCREATE VIEW v AS SELECT x,\n y::int FROM u.a;`,
            1,
            () => undefined,
            () => address,
        );
        const { findings, tables: found } = usage.settle();
        expect(findings).toMatchObject([
            {
                severity: "note",
                code: "type-guessed",
                line: 3,
                config: "fdw-stub:upstreams: [ { host: h, database: d, tables: [ { schema: r, name: a, columns: [ { name: x, type: text } ] } ] } ]",
            },
        ]);
        expect(found[0]?.columns).toMatchObject([
            { name: "x", certainty: "guessed", place: { line: 2 } },
            { name: "y", certainty: "inferred", reason: "cast to integer", place: { line: 3 } },
        ]);
    });
});

describe("what the user tells", () => {
    const given: Told[0] = (_server, schema, table) =>
        schema === "r" && table === "a" ? { columns: [{ name: "x", type: "numeric(9,2)" }], whole: false } : undefined;
    const IMPORTS_TWO =
        "CREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA q FROM SERVER s INTO u;";

    test("comes first, decides between imports and between tables, and tells others by comparison", async ({
        skip,
    }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const session = await run(
            `${IMPORTS_TWO} CREATE VIEW v AS SELECT x, y FROM u.b, u.a WHERE b.z = a.x; CREATE VIEW w AS SELECT gone FROM u.a;`,
            2,
            given,
        );
        const { tables: found } = session.usage.settle();
        expect(usedTables({ tables: found, findings: [] })).toEqual([
            "q.b(z numeric, y text)",
            "r.a(x numeric(9,2), gone text)",
        ]);
        expect(found.find(({ name }) => name === "a")?.columns.map(({ certainty }) => certainty)).toEqual([
            "given",
            "guessed",
        ]);
    });

    test("servers that lead to one database know one table", async ({ skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const session = await run(
            "CREATE SERVER t FOREIGN DATA WRAPPER postgres_fdw; CREATE SCHEMA u; CREATE SCHEMA w; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; IMPORT FOREIGN SCHEMA r FROM SERVER t INTO w; CREATE VIEW v1 AS SELECT x::date FROM u.a; CREATE VIEW v2 AS SELECT x FROM w.a;",
            1,
            () => undefined,
            () => ({ host: "h", port: 5432, database: "d" }),
        );
        expect(usedTables(session.usage.settle())).toEqual(["r.a(x date)", "r.a(x date)"]);
    });
});

describe("the catalogs", () => {
    const U =
        "CREATE SCHEMA u; CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a'); CREATE EXTENSION citext; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u; CREATE TABLE l (id bigint, d date);";

    test.for<[string, string, string[]]>([
        [
            "types of the schema and of extensions have their schema, whatever the path",
            "CREATE TABLE app.m (m app.mood, c citext[], n app.mood[], t timestamp(3), b bit varying(4)); SET search_path = app, public; CREATE VIEW v AS SELECT 1 FROM u.a, m WHERE a.m = m.m AND a.c = m.c AND a.n = m.n AND a.t = m.t; PREPARE p AS INSERT INTO u.a (e, b) SELECT t, b FROM m; DEALLOCATE p;",
            ["r.a(m app.mood, c public.citext[], n app.mood[], t timestamp, e timestamp(3), b varbit(4))"],
        ],
        [
            "views over views, made where nobody saw it, lead to the table",
            "DO $$ BEGIN EXECUTE format('CREATE VIEW v AS SELECT %I AS y FROM u.a', 'x'); END $$; CREATE VIEW w AS SELECT y AS z FROM v; ALTER VIEW w RENAME TO ww; CREATE VIEW q AS SELECT 1 FROM ww, l WHERE z = l.id;",
            ["r.a(x bigint)"],
        ],
        [
            "CREATE TABLE AS, what is renamed in it, and what is added to it",
            "CREATE TABLE c AS SELECT x, y FROM u.a WITH NO DATA; ALTER TABLE c RENAME x TO k; ALTER TABLE c ADD e inet; CREATE VIEW q AS SELECT e FROM c, l WHERE k = l.id AND y = l.d;",
            ["r.a(x bigint, y date)"],
        ],
        [
            "a column added to CREATE TABLE AS SELECT * is not the upstream's",
            "CREATE TABLE c AS SELECT * FROM u.a WITH NO DATA; ALTER TABLE c ADD e inet; ALTER TABLE c RENAME x TO k; UPDATE c SET e = NULL WHERE k = 5;",
            ["r.a(x integer)"],
        ],
        [
            "renamed columns of imported tables keep their remote names, added ones are no column there",
            "CREATE VIEW v AS SELECT x FROM u.a; ALTER FOREIGN TABLE u.a RENAME x TO y; ALTER FOREIGN TABLE u.a RENAME TO b; ALTER FOREIGN TABLE u.b ADD own date; CREATE VIEW w AS SELECT own FROM u.b, l WHERE y = l.id AND z = own;",
            ["r.a(x bigint, z date)"],
        ],
        [
            "ALTER of an imported table names columns",
            "ALTER FOREIGN TABLE u.a ALTER x SET DEFAULT 5, ALTER y SET NOT NULL, ADD CHECK (z > now()), DROP COLUMN w, ALTER t TYPE date; ALTER FOREIGN TABLE u.a DROP COLUMN IF EXISTS n;",
            ["r.a(x text, y text, z timestamptz, w text, t date)"],
        ],
        [
            "overloads: the arguments decide, then the preferred type",
            "CREATE VIEW v AS SELECT mod(x, l.id), date_trunc('day', y), length(z), abs(n), array_agg(m) OVER (), array_length(o, 1), sum(p) OVER () + 1, jsonb_array_length(q) FROM u.a, l;",
            ["r.a(x bigint, y timestamptz, z text, n numeric, m text, o text[], p numeric, q jsonb)"],
        ],
        [
            "functions of the schema: overloads, names, defaults, VARIADIC",
            "CREATE FUNCTION g(a int, b date DEFAULT now(), VARIADIC c inet[] DEFAULT '{}') RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'; CREATE VIEW v AS SELECT g(x) AS g1, g(1, y, z, z2) AS g2, g(b => w, a => 1, VARIADIC c => zs) AS g3 FROM u.a WHERE k = g(1);",
            ["r.a(x integer, y date, z inet, z2 inet, w date, zs inet[], k uuid)"],
        ],
        [
            "a function's rows",
            "CREATE FUNCTION g() RETURNS SETOF l LANGUAGE sql AS 'SELECT NULL::bigint, NULL::date'; CREATE VIEW v AS SELECT 1 FROM u.a, g() WHERE x = g.id AND y = d; CREATE VIEW w AS SELECT 1 FROM u.a, jsonb_each(j) e WHERE z = e.key;",
            ["r.a(x bigint, y date, j jsonb, z text)"],
        ],
        [
            "a body that is read when all is there, with its own path",
            "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql SET search_path = u, public AS $$ BEGIN PERFORM 1 FROM a, l WHERE x = l.id; END $$;",
            ["r.a(x bigint)"],
        ],
        [
            "rules and policies",
            "CREATE RULE r AS ON INSERT TO l DO ALSO INSERT INTO u.a (x) VALUES (NEW.d); CREATE POLICY p ON l USING (id IN (SELECT y FROM u.a));",
            ["r.a(x date, y bigint)"],
        ],
        ["PREPARE", "PREPARE q (date) AS SELECT 1 FROM u.a WHERE x = $1; DEALLOCATE q;", ["r.a(x date)"]],
        [
            "a declared table of an import's schema is none of it",
            "CREATE FOREIGN TABLE u.b (x int) SERVER s OPTIONS (schema_name 'r', table_name 'b'); CREATE VIEW v AS SELECT 1 FROM u.a, u.b WHERE a.x = b.x;",
            ["r.a(x integer)"],
        ],
    ])("%s", async ([, sql, expected], { skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const session = await run(U + sql, 4);
        expect({ tables: usedTables(session.usage.settle()), refused: session.refused }).toEqual({
            tables: expected,
            refused: [],
        });
    });

    test("a body made before its import is found where it stands", async ({ skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        const { usage } = await run(
            "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  PERFORM x FROM u.a WHERE y = 5;\nEND $$;\nCREATE SCHEMA u; IMPORT FOREIGN SCHEMA r FROM SERVER s INTO u;",
            2,
        );
        expect(usage.settle().tables).toMatchObject([
            { place: { file: "schema.sql", line: 3 }, columns: [{}, { type: "integer" }] },
        ]);
    });

    test("without imports and dblink nothing is asked", async ({ skip }) => {
        skip(server === undefined, "no image of PostgreSQL 18 is here");
        if (server !== undefined) {
            const session = new UsageSession(server.client);
            await session.run({ "a.sql": "CREATE TABLE t (id int); CREATE VIEW v AS SELECT * FROM t;" }, 1);
            // Those that look for bodies at the end.
            expect(session.queries).toBe(2);
        }
    });
});
