/**
 * Rules of the derivation, one small schema for each. Those of a table are files of one rehearsal: `@` stands for the
 * number of the case, so that each has a server `s@` at host `h@`, and schemas of its own on both sides. They share the
 * database `d` where nothing speaks against it, because databases take their time.
 */

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatInference, type Inference } from "../../../schema";
import { FORMATS } from "../../../schema/show";
import type { ConfigurationInput } from "../../../upstreams/parse";
import { quoteIdent, quoteLiteral, quoteQualified } from "../../../upstreams/quote";
import { compact, Rehearsals, told } from "../support/rehearsals";
import { LOCAL, QUERIES } from "./queries";

let rehearsals: Rehearsals;

beforeAll(async () => {
    rehearsals = await Rehearsals.start();
});

afterAll(() => rehearsals.end());

const FDW = "CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink; CREATE EXTENSION citext; CREATE EXTENSION hstore;";
const SERVER = `CREATE SCHEMA c@; SET search_path = c@, public;
CREATE SERVER s@ FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h@', dbname 'd');
CREATE USER MAPPING FOR CURRENT_USER SERVER s@ OPTIONS (user 'u@', password 'p@');
`;

/** Files of the cases, after one that makes what all of them use. */
function filesOf(sqls: readonly string[], before = FDW): Record<string, string> {
    const files = sqls.map((sql, n) => [`${fileOf(n)}`, sql.replaceAll(/(?<=\w)@/g, String(n))] as const);
    return { "000.sql": before, ...Object.fromEntries(files) };
}

function fileOf(n: number): string {
    return `${String(n + 1).padStart(3, "0")}.sql`;
}

/** What was found of one case, in the words of its table. */
function partOf(found: Inference, n: number) {
    const again = (line: string) => line.replaceAll(new RegExp(`(?<=[A-Za-z])${n}\\b`, "g"), "@");
    const mine = (text: string) => new RegExp(`\\D${n}$`).test(text);
    const upstreams = found.upstreams.filter(({ host, database }) => mine(host) || mine(database));
    const origins = found.origins.map((origin) => ({
        ...origin,
        tables: origin.tables.filter(({ schema }) => origin.database !== "d" || mine(schema)),
    }));
    const findings = complete(found).findings.filter(({ file }) => file === fileOf(n));
    return {
        lines: compact({ ...found, upstreams, origins }).map(again),
        told: told({ findings }, "error", "warning").map(again),
        roles: found.roles.filter(({ place }) => place.file === fileOf(n)).map(({ name }) => again(name)),
    };
}

/** Without what is said of every SELECT * over an imported table. */
function complete(found: Inference): Pick<Inference, "findings"> {
    return { findings: found.findings.filter(({ code }) => code !== "columns-unknown") };
}

type Case = readonly [name: string, sql: string, lines: readonly string[]];

/** Runs a table in one rehearsal, in which nothing fails; then each case is looked at by itself. */
function table(title: string, cases: readonly Case[], header = SERVER): void {
    describe(title, () => {
        let found: Inference;
        beforeAll(async () => {
            found = await rehearsals.infer(filesOf(cases.map(([, sql]) => header + sql)));
        });

        test.each(cases.map(([name, , lines], n) => [name, n, lines] as const))("%s", (_name, n, lines) => {
            expect(partOf(found, n)).toMatchObject({ lines: lines.map((line) => line.trimEnd()), told: [] });
        });

        test("nothing failed", () => {
            expect(told(complete(found), "error", "warning")).toEqual([]);
            expect(found.ran.failed).toBe(0);
        });
    });
}

const H = "h@:5432/d u@:p@";
const T = "CREATE FOREIGN TABLE t (a int) SERVER s@;";

table("foreign tables", [
    ["a plain one", "CREATE FOREIGN TABLE t (id bigint, n text) SERVER s@;", [H, "  c@.t(id bigint, n text)"]],
    [
        "its options name the remote table",
        "CREATE FOREIGN TABLE t (a int) SERVER s@ OPTIONS (schema_name 'X@', table_name 'Y');",
        [H, "  X@.Y(a integer)"],
    ],
    [
        "column_name names the remote column",
        "CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'B')) SERVER s@;",
        [H, "  c@.t(B integer)"],
    ],
    ["no columns", "CREATE FOREIGN TABLE t () SERVER s@;", [H, "  c@.t()"]],
    [
        "SET LOCAL search_path ends with the transaction",
        "CREATE SCHEMA x@; BEGIN; SET LOCAL search_path = x@; CREATE FOREIGN TABLE t (a int) SERVER s@; COMMIT; CREATE FOREIGN TABLE u (a int) SERVER s@;",
        [H, "  c@.u(a integer)", "  x@.t(a integer)"],
    ],
    [
        "elements of CREATE SCHEMA",
        "CREATE SCHEMA x@ CREATE TABLE p (a int); CREATE FOREIGN TABLE t () INHERITS (x@.p) SERVER s@;",
        [H, "  c@.t(a integer)"],
    ],
    [
        "INHERITS",
        "CREATE TABLE p (a int, b text); CREATE FOREIGN TABLE t (c date) INHERITS (p) SERVER s@;",
        [H, "  c@.t(a integer, b text, c date)"],
    ],
    [
        "INHERITS from a foreign table",
        "CREATE FOREIGN TABLE p (a int) SERVER s@; CREATE FOREIGN TABLE t () INHERITS (p) SERVER s@;",
        [H, "  c@.p(a integer)", "  c@.t(a integer)"],
    ],
    [
        "PARTITION OF, then a column of the parent's",
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES IN (1) SERVER s@; ALTER TABLE p ADD b text; SELECT * FROM p;",
        [H, "  c@.t(a integer, b text)"],
    ],
    [
        "ATTACH and DETACH PARTITION",
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE FOREIGN TABLE t (a int) SERVER s@; ALTER TABLE p ATTACH PARTITION t FOR VALUES IN (1); ALTER TABLE p ADD b text; ALTER TABLE p DETACH PARTITION t; ALTER TABLE p ADD c text;",
        [H, "  c@.t(a integer, b text)"],
    ],
    [
        "INHERIT and NO INHERIT",
        "CREATE TABLE p (a int); CREATE FOREIGN TABLE t (a int) SERVER s@; ALTER FOREIGN TABLE t INHERIT p; ALTER TABLE p ADD b int; ALTER FOREIGN TABLE t NO INHERIT p; ALTER TABLE p ADD c int;",
        [H, "  c@.t(a integer, b integer)"],
    ],
    [
        "LIKE",
        "CREATE TABLE p (a int, b text); CREATE FOREIGN TABLE t (LIKE p, c int) SERVER s@;",
        [H, "  c@.t(a integer, b text, c integer)"],
    ],
    [
        "columns added, dropped, retyped, renamed: the stub has all that ever was",
        "CREATE FOREIGN TABLE t (a int, c int) SERVER s@; ALTER FOREIGN TABLE t ADD d date, DROP a; ALTER FOREIGN TABLE t RENAME c TO e; SELECT * FROM t;",
        [H, "  c@.t(a integer, c integer, d date, e integer)"],
    ],
    [
        "renamed, but column_name stays",
        "CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'x')) SERVER s@; ALTER FOREIGN TABLE t RENAME a TO b; SELECT b FROM t;",
        [H, "  c@.t(x integer)"],
    ],
    [
        "DEFAULT, NOT NULL, CHECK, STATISTICS and STORAGE are local",
        "CREATE FOREIGN TABLE t (a int, b text) SERVER s@; ALTER FOREIGN TABLE t ALTER a SET DEFAULT 5, ALTER a SET NOT NULL, ADD CHECK (a > 0), ALTER a SET STATISTICS 100, ALTER b SET STORAGE EXTERNAL; INSERT INTO t (b) VALUES ('x'); SELECT * FROM t;",
        [H, "  c@.t(a integer, b text)"],
    ],
    [
        "table renamed, moved, its schema renamed, its options changed",
        "CREATE SCHEMA x@; CREATE FOREIGN TABLE t (a int) SERVER s@ OPTIONS (table_name 'r', schema_name 'r@'); ALTER FOREIGN TABLE t RENAME TO u; ALTER FOREIGN TABLE u SET SCHEMA x@; ALTER SCHEMA x@ RENAME TO y@; ALTER FOREIGN TABLE y@.u OPTIONS (SET table_name 'q'); SELECT * FROM y@.u;",
        [H, "  r@.q(a integer)", "  r@.r(a integer)"],
    ],
    [
        "dropped with parent and schema, after something had connected",
        "CREATE SCHEMA x@; CREATE TABLE x@.p (a int); CREATE FOREIGN TABLE x@.t () INHERITS (x@.p) SERVER s@; SELECT * FROM x@.p; DROP SCHEMA x@ CASCADE;",
        [H, "  x@.t(a integer)"],
    ],
    [
        "created twice, IF NOT EXISTS",
        "CREATE FOREIGN TABLE t (a int) SERVER s@; CREATE FOREIGN TABLE IF NOT EXISTS t (b int) SERVER s@; SELECT a FROM t;",
        [H, "  c@.t(a integer)"],
    ],
    [
        "two local tables, one remote",
        "CREATE FOREIGN TABLE t (a int) SERVER s@; CREATE FOREIGN TABLE u (b int) SERVER s@ OPTIONS (table_name 't'); SELECT a, b FROM t, u;",
        [H, "  c@.t(a integer, b integer)"],
    ],
    [
        "typed columns of a composite",
        "CREATE TYPE c AS (a int, b text); CREATE TABLE p OF c; CREATE FOREIGN TABLE t () INHERITS (p) SERVER s@; SELECT * FROM t;",
        [H, "  c@.t(a integer, b text)"],
    ],
    [
        "a system view is there already",
        "CREATE FOREIGN TABLE t (pid int) SERVER s@ OPTIONS (schema_name 'pg_catalog', table_name 'pg_stat_activity'); SELECT * FROM t;",
        [H],
    ],
    [
        "a table that is made from one",
        "CREATE FOREIGN TABLE t (a int, b text) SERVER s@; CREATE TABLE copied AS SELECT * FROM t; ALTER TABLE copied ADD PRIMARY KEY (a); CREATE INDEX CONCURRENTLY ON copied (b); VACUUM (ANALYZE) copied; INSERT INTO copied SELECT * FROM t;",
        [H, "  c@.t(a integer, b text)"],
    ],
    [
        "a rolled-back transaction, and savepoints",
        "BEGIN; CREATE FOREIGN TABLE t (a int) SERVER s@; SELECT * FROM t; SAVEPOINT x; ALTER FOREIGN TABLE t ADD b int; SELECT b FROM t; ROLLBACK TO x; SELECT a FROM t; ROLLBACK; BEGIN; CREATE FOREIGN TABLE t (a int) SERVER s@; COMMIT;",
        [H, "  c@.t(a integer, b integer)"],
    ],
    [
        "read and then altered in one transaction",
        "BEGIN; CREATE FOREIGN TABLE t (a int) SERVER s@; SELECT a FROM t; ALTER FOREIGN TABLE t ADD COLUMN b text; SELECT a, b FROM t; INSERT INTO t VALUES (1, 'x'); COMMIT;",
        [H, "  c@.t(a integer, b text)"],
    ],
    [
        "TRUNCATE, COPY, EXPLAIN, ANALYZE and cursors connect",
        `${T} TRUNCATE t; COPY (SELECT * FROM t) TO STDOUT; EXPLAIN (ANALYZE) SELECT * FROM t; ANALYZE t; BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH c; COMMIT;`,
        [H, "  c@.t(a integer)"],
    ],
    [
        "odd names",
        `CREATE FOREIGN TABLE "T ""t"" $x$ ü" ("a""b" int, "select" text OPTIONS (column_name 'sel''ect')) SERVER s@ OPTIONS (schema_name 'S.s@'); SELECT * FROM "T ""t"" $x$ ü";`,
        [H, `  S.s@.T "t" $x$ ü(a"b integer, sel'ect text)`],
    ],
]);

const W = "FOREIGN DATA WRAPPER postgres_fdw OPTIONS";
const M = "CREATE USER MAPPING FOR PUBLIC SERVER s@ OPTIONS (user 'u@', password 'p@');";
table(
    "servers",
    [
        ...(
            [
                ["host and port", "host 'a@', port '6000', dbname 'd'", ["a@:6000/d u@:p@"]],
                ["no host is this server", "dbname 'd@'", ["localhost:5432/d@ u@:p@"]],
                ["an empty host too", "host '', dbname 'd@'", ["localhost:5432/d@ u@:p@"]],
                ["its addresses", "host '127.0.0.1,::1', dbname 'd@'", ["localhost:5432/d@ u@:p@"]],
                ["its socket", "host '/var/run/postgresql', dbname 'd@'", ["localhost:5432/d@ u@:p@"]],
                ["hostaddr on loopback", "host 'a', hostaddr '127.0.0.1', dbname 'd@'", ["a:5432/d@ u@:p@"]],
                [
                    "several hosts, one port",
                    "host 'a@,b@', port '6000', dbname 'd'",
                    ["a@:6000/d u@:p@", "b@:6000/d u@:p@"],
                ],
                [
                    "several hosts and ports",
                    "host 'a@,b@', port '6000,6001', dbname 'd'",
                    ["a@:6000/d u@:p@", "b@:6001/d u@:p@"],
                ],
                ["names in upper case", "host 'DB.Internal@', dbname 'd'", ["db.internal@:5432/d u@:p@"]],
                ["no dbname: the user's", "host 'a'", ["a:5432/u@ u@:p@"]],
                [
                    "extensions",
                    "host 'a', dbname 'd@', extensions 'citext, hstore'",
                    ["a:5432/d@ u@:p@ +citext +hstore"],
                ],
                [
                    "an extension that nobody creates is no reason to fail",
                    "host 'a', dbname 'd@', extensions 'citext'",
                    ["a:5432/d@ u@:p@ +citext"],
                ],
                ["TLS preferred", "host 'a@', dbname 'd', sslmode 'prefer'", ["a@:5432/d u@:p@"]],
            ] as const
        ).map(([name, options, lines]): Case => [name, `CREATE SERVER s@ ${W} (${options}); ${M} SELECT 1;`, lines]),
        ...(
            [
                ["altered", "ALTER SERVER s@ OPTIONS (SET host 'k@', ADD port '1234');", ["k@:1234/d u@:p@"]],
                [
                    "an option dropped",
                    "ALTER SERVER s@ OPTIONS (DROP host, SET dbname 'd@');",
                    ["localhost:5432/d@ u@:p@"],
                ],
                ["dropped", "DROP SERVER s@ CASCADE;", []],
                [
                    "dropped and made anew",
                    `DROP SERVER IF EXISTS s@ CASCADE; CREATE SERVER s@ ${W} (host 'k', dbname 'e@');`,
                    ["k:5432/e@"],
                ],
                [
                    "IF NOT EXISTS leaves the first",
                    `CREATE SERVER IF NOT EXISTS s@ ${W} (host 'k', dbname 'e@');`,
                    ["h@:5432/d u@:p@"],
                ],
                [
                    "a user mapping altered",
                    "ALTER USER MAPPING FOR PUBLIC SERVER s@ OPTIONS (SET user 'v', DROP password);",
                    ["h@:5432/d v"],
                ],
                ["a user mapping dropped", "DROP USER MAPPING FOR PUBLIC SERVER s@;", ["h@:5432/d"]],
                [
                    "two mappings",
                    "CREATE USER MAPPING FOR CURRENT_USER SERVER s@ OPTIONS (user 'w@', password 'q');",
                    ["h@:5432/d u@:p@ w@:q"],
                ],
                [
                    "an empty password is none",
                    "ALTER USER MAPPING FOR PUBLIC SERVER s@ OPTIONS (SET password '');",
                    ["h@:5432/d u@"],
                ],
                [
                    "an earlier address, where something connected",
                    `CREATE FOREIGN TABLE t (a int) SERVER s@ OPTIONS (schema_name 'r@', table_name 't'); SELECT * FROM t; ALTER SERVER s@ OPTIONS (SET host 'k@'); SELECT * FROM t; DROP FOREIGN TABLE t;`,
                    ["h@:5432/d u@:p@", "  r@.t(a integer)", "k@:5432/d u@:p@", "  r@.t(a integer)"],
                ],
                [
                    "a mapping for a role, used by it",
                    `CREATE ROLE r@; GRANT USAGE ON FOREIGN SERVER s@ TO r@; CREATE USER MAPPING FOR r@ SERVER s@ OPTIONS (user 'w@', password 'q'); CREATE FOREIGN TABLE t@ (a int) SERVER s@ OPTIONS (schema_name 'r@', table_name 't'); GRANT SELECT ON t@ TO r@; SET ROLE r@; SELECT * FROM t@; RESET ROLE; SET SESSION AUTHORIZATION r@; SELECT * FROM t@; RESET SESSION AUTHORIZATION;`,
                    ["h@:5432/d u@:p@ w@:q", "  r@.t(a integer)"],
                ],
                [
                    "a SECURITY DEFINER function connects as its owner",
                    `CREATE ROLE r@; CREATE USER MAPPING FOR r@ SERVER s@ OPTIONS (user 'w@', password 'q'); DROP USER MAPPING FOR PUBLIC SERVER s@; CREATE FOREIGN TABLE t@ (a int) SERVER s@ OPTIONS (schema_name 'r@', table_name 't'); GRANT SELECT ON t@ TO r@; GRANT CREATE ON SCHEMA public TO r@; CREATE FUNCTION f@() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM public.t@'; ALTER FUNCTION f@ OWNER TO r@; SELECT f@();`,
                    ["h@:5432/d w@:q", "  r@.t(a integer)"],
                ],
                [
                    "a computed password",
                    `DROP USER MAPPING FOR PUBLIC SERVER s@; DO $$ BEGIN EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER s@ OPTIONS (user %L, password %L)', 'w@', upper('se') || 'cret'); END $$; CREATE FOREIGN TABLE t@ (a int) SERVER s@ OPTIONS (schema_name 'r@', table_name 't'); SELECT * FROM t@;`,
                    ["h@:5432/d w@:SEcret", "  r@.t(a integer)"],
                ],
            ] as const
        ).map(
            ([name, sql, lines]): Case => [name, `CREATE SERVER s@ ${W} (host 'h@', dbname 'd'); ${M} ${sql}`, lines],
        ),
        [
            "an own wrapper counts by its handler",
            `CREATE FOREIGN DATA WRAPPER w@ HANDLER postgres_fdw_handler VALIDATOR postgres_fdw_validator; CREATE SERVER s@ FOREIGN DATA WRAPPER w@ OPTIONS (host 'x', dbname 'd@');`,
            ["x:5432/d@"],
        ],
        [
            "for dblink by its validator",
            `CREATE FOREIGN DATA WRAPPER w@ VALIDATOR postgresql_fdw_validator; CREATE SERVER s@ FOREIGN DATA WRAPPER w@ OPTIONS (host 'x', dbname 'd@');`,
            ["x:5432/d@"],
        ],
        [
            "dblink_fdw counts",
            "CREATE SERVER s@ FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'x', dbname 'd@');",
            ["x:5432/d@"],
        ],
        [
            "other wrappers need nothing",
            "CREATE EXTENSION file_fdw; CREATE SERVER s@ FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE lines@ (l text) SERVER s@ OPTIONS (filename '/etc/hostname'); SELECT * FROM lines@;",
            [],
        ],
        [
            "loopback by current_database() needs no stub",
            `DO $d$ BEGIN EXECUTE $$CREATE SERVER s@ FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '$$||current_database()||$$', port '$$||current_setting('port')||$$')$$; END $d$; CREATE USER MAPPING FOR CURRENT_USER SERVER s@; CREATE TABLE local@ (a int); CREATE FOREIGN TABLE t@ (a int) SERVER s@ OPTIONS (table_name 'local@'); INSERT INTO t@ VALUES (1);`,
            [],
        ],
    ],
    "",
);

table("blocks", [
    ["RETURN", `DO $$ BEGIN RETURN; CREATE SERVER x@ ${W} (host 'never', dbname 'e@'); END $$;`, [H]],
    [
        "CONTINUE and EXIT of a named loop",
        `DO $$ BEGIN <<o>> FOR i IN 1..3 LOOP FOR j IN 1..3 LOOP CONTINUE o WHEN i = 1; EXIT o WHEN i = 2; EXECUTE format('CREATE SERVER x@%s ${W} (host %L, dbname ''e@'')', i, 'k' || i); END LOOP; END LOOP; END $$;`,
        [H],
    ],
    [
        "RAISE leaves nothing behind but what was asked",
        `DO $$ BEGIN BEGIN CREATE FOREIGN TABLE t (a int) SERVER s@; PERFORM * FROM t; RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN NULL; END; END $$;`,
        [H, "  c@.t(a integer)"],
    ],
    [
        "CASE, WHILE and FOREACH",
        `DO $$ DECLARE n int := 0; x text; BEGIN WHILE n < 2 LOOP n := n + 1; CASE n WHEN 1 THEN CREATE FOREIGN TABLE t (a int) SERVER s@; ELSE NULL; END CASE; END LOOP; FOREACH x IN ARRAY ARRAY['v', 'w'] LOOP EXECUTE format('CREATE FOREIGN TABLE %I (b text) SERVER s@', x); END LOOP; END $$; SELECT * FROM t, v, w;`,
        [H, "  c@.t(a integer)", "  c@.v(b text)", "  c@.w(b text)"],
    ],
    [
        "a procedure that commits",
        `CREATE PROCEDURE p@() LANGUAGE plpgsql AS $$ BEGIN CREATE FOREIGN TABLE c@.t (a int) SERVER s@; COMMIT; PERFORM * FROM c@.t; END $$; CALL p@();`,
        [H, "  c@.t(a integer)"],
    ],
    [
        "IMPORT in a block, used after it",
        "DO $$ BEGIN IMPORT FOREIGN SCHEMA r@ LIMIT TO (orders) FROM SERVER s@ INTO c@; END $$; CREATE VIEW v AS SELECT id, upper(note) AS note FROM orders WHERE total > 1.5;",
        [H, "  r@.orders(id text, note text, total numeric)"],
    ],
    [
        "ALTER of imported tables",
        "IMPORT FOREIGN SCHEMA r@ LIMIT TO (a) FROM SERVER s@ INTO c@; ALTER FOREIGN TABLE a ALTER id SET DEFAULT 1, ALTER id SET NOT NULL, ALTER id SET STATISTICS 10, ADD CHECK (id > 0); ALTER FOREIGN TABLE a RENAME n TO m; ALTER FOREIGN TABLE a DROP COLUMN gone; ALTER FOREIGN TABLE a RENAME TO b; SELECT id, m || 'x' FROM b;",
        [H, "  r@.a(id integer, n text, gone text)"],
    ],
    [
        "CREATE TABLE AS SELECT * of an imported table",
        "IMPORT FOREIGN SCHEMA r@ LIMIT TO (a) FROM SERVER s@ INTO c@; CREATE TABLE copied AS SELECT * FROM a; CREATE INDEX ON copied (id); CREATE VIEW v AS SELECT id FROM copied WHERE created_at > now();",
        [H, "  r@.a(id text, created_at timestamptz)"],
    ],
    [
        "dblink over a server",
        "SELECT dblink_connect('s@'); CREATE VIEW v AS SELECT * FROM dblink('s@', 'SELECT id, n FROM r@.things') AS r (id int, n text); SELECT * FROM v;",
        [H, "  r@.things(id integer, n text)"],
    ],
]);

const typed = (type: string): string => `CREATE FOREIGN TABLE t (x ${type}) SERVER s@; SELECT * FROM t;`;
table("types", [
    ...(
        [
            ["int4", "integer"],
            ["_text", "text[]"],
            ["character varying(20)", "varchar(20)"],
            ["char", "char(1)"],
            ["bpchar", "bpchar"],
            ['"char"', '"char"'],
            ["timestamp(3) with time zone", "timestamptz(3)"],
            ["numeric(10, 2)[][]", "numeric(10,2)[]"],
            ["bit varying(3)", "varbit(3)"],
            ["interval day to second (2)", "interval day to second(2)"],
        ] as const
    ).map(([written, printed]): Case => [written, typed(written), [H, `  c@.t(x ${printed})`]]),
    [
        "citext",
        `ALTER SERVER s@ OPTIONS (SET dbname 'd@'); ${typed("citext")}`,
        ["h@:5432/d@ u@:p@ +citext", "  c@.t(x citext)"],
    ],
    [
        "an enum with its later values",
        `CREATE TYPE e AS ENUM ('a', 'c'); CREATE FOREIGN TABLE t (x e) SERVER s@; ALTER TYPE e ADD VALUE 'b' BEFORE 'c'; SELECT * FROM t WHERE x = 'b';`,
        [H, "  c@.t(x c@.e)"],
    ],
    [
        "a domain over a domain",
        `CREATE DOMAIN a AS int CHECK (VALUE > 0); CREATE DOMAIN b AS a; ${typed("b")}`,
        [H, "  c@.t(x c@.b)"],
    ],
    [
        "a composite, altered",
        "CREATE TYPE k AS (a int); ALTER TYPE k ADD ATTRIBUTE b text; CREATE FOREIGN TABLE t (x k[]) SERVER s@; SELECT (x[1]).b FROM t;",
        [H, "  c@.t(x c@.k[])"],
    ],
    ["a range", `CREATE TYPE r AS RANGE (subtype = float8); ${typed("r")}`, [H, "  c@.t(x c@.r)"]],
    [
        "a name that PostgreSQL has too",
        `CREATE TYPE public.point AS (north int); CREATE FOREIGN TABLE t (x public.point) SERVER s@; SELECT (x).north FROM t;`,
        [H, "  c@.t(x public.point)"],
    ],
    [
        "a collation",
        `CREATE FOREIGN TABLE t (x text COLLATE "C") SERVER s@; SELECT * FROM t WHERE x < 'b' ORDER BY x;`,
        [H, "  c@.t(x text)"],
    ],
]);

describe("roles", () => {
    const cases: ReadonlyArray<readonly [string, string, readonly string[]]> = [
        ["a mapping", "CREATE USER MAPPING FOR a@ SERVER s OPTIONS (user 'u');", ["a@"]],
        ["OWNER TO", "CREATE TABLE t@ (); ALTER TABLE t@ OWNER TO a@;", ["a@"]],
        [
            "GRANT and REVOKE",
            "GRANT ALL ON SCHEMA public TO a@, b@ WITH GRANT OPTION; REVOKE ALL ON SCHEMA public FROM c@, PUBLIC; REVOKE ALL ON SCHEMA public FROM c@;",
            ["a@", "b@", "c@"],
        ],
        ["membership", "GRANT a@ TO b@;", ["a@", "b@"]],
        [
            "SET ROLE and SET SESSION AUTHORIZATION",
            "SET ROLE a@; RESET ROLE; SET SESSION AUTHORIZATION 'b@'; RESET SESSION AUTHORIZATION;",
            ["a@", "b@"],
        ],
        ["CREATE SCHEMA AUTHORIZATION", "CREATE SCHEMA AUTHORIZATION a@;", ["a@"]],
        ["default privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE a@ GRANT SELECT ON TABLES TO b@;", ["a@", "b@"]],
        ["policies", "CREATE TABLE t@ (); CREATE POLICY p ON t@ TO a@;", ["a@"]],
        [
            "in a transaction",
            "BEGIN; GRANT ALL ON SCHEMA public TO a@; SET LOCAL ROLE b@; RESET ROLE; SET SESSION AUTHORIZATION c@; COMMIT; RESET SESSION AUTHORIZATION;",
            ["a@", "b@", "c@"],
        ],
        ["in a block", "DO $$ BEGIN EXECUTE 'GRANT ALL ON SCHEMA public TO a@'; END $$;", ["a@"]],
        ["created by the schema", "CREATE ROLE a@; CREATE USER b@; GRANT a@ TO b@;", []],
        [
            "created where missing",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'a@') THEN CREATE ROLE a@; END IF; END $$; GRANT ALL ON SCHEMA public TO a@;",
            [],
        ],
        [
            "predefined ones and keywords",
            "GRANT pg_monitor TO CURRENT_USER; GRANT ALL ON SCHEMA public TO PUBLIC, SESSION_USER;",
            [],
        ],
        ["dropped ones need not be there", "DROP ROLE IF EXISTS a@;", []],
        ["dropped ones that must be there", "DROP ROLE a@;", ["a@"]],
    ];
    let found: Inference;
    beforeAll(async () => {
        found = await rehearsals.infer(
            filesOf(
                cases.map(([, sql]) => sql),
                `${FDW} CREATE SERVER s ${W} (host 'h', dbname 'd');`,
            ),
        );
    });

    test.each(cases.map(([name, , roles], n) => [name, n, roles] as const))("%s", (_name, n, roles) => {
        expect(partOf(found, n).roles.sort()).toEqual(roles);
    });

    test("nothing failed", () => {
        expect(told(found, "error", "warning")).toEqual([]);
    });

    test("none is made twice: not the dev user, nor one that the configuration declares", async () => {
        const again = await rehearsals.infer("GRANT ALL ON SCHEMA public TO postgres, known, unknown;", {
            configuration: { roles: ["known"] },
        });
        expect([again.roles.map(({ name }) => name), again.ran.failed]).toEqual([["unknown"], 0]);
    });
});

describe("queries over imported tables", () => {
    let found: Inference;
    beforeAll(async () => {
        const cases = QUERIES.map((query) => {
            const mine = query.replaceAll(/\bu\./g, "u@.");
            return `CREATE SERVER s@ ${W} (host 'up', dbname 'd'); CREATE USER MAPPING FOR CURRENT_USER SERVER s@ OPTIONS (user 'u', password 'p');
CREATE SCHEMA u@; IMPORT FOREIGN SCHEMA r@ FROM SERVER s@ INTO u@;
${mine};
CREATE MATERIALIZED VIEW m@ AS SELECT count(*) FROM (${mine}) AS q;`;
        });
        found = await rehearsals.infer(filesOf(cases, FDW + LOCAL));
    });

    test.each(QUERIES.map((query, n) => [query, n] as const))("%s", (_query, n) => {
        const findings = complete(found).findings.filter(({ file }) => file === fileOf(n));
        expect(told({ findings }, "error", "warning")).toEqual([]);
    });

    test("all of them ran", () => {
        expect(found.ran.failed).toBe(0);
    });
});

describe("declared upstreams", () => {
    const OWN = "h@:5432/d@ u@:p@";
    const column = (name: string, type: string) => ({ name, type });
    /** By number of the case: what is declared of its upstream, and what is told where it is not just used. */
    const cases: ReadonlyArray<
        readonly [
            string,
            NonNullable<ConfigurationInput["upstreams"]>[number] | undefined,
            string,
            readonly string[],
            (readonly string[])?,
        ]
    > = [
        [
            "nothing: all is derived",
            undefined,
            "CREATE FOREIGN TABLE t (id int, n text) SERVER s@;",
            [OWN, "  c@.t(id integer, n text)"],
        ],
        [
            "a declared type stays, and is told where the schema reads another",
            { host: "h@", database: "d@", tables: [{ schema: "r", name: "t", columns: [column("id", "bigint")] }] },
            "CREATE FOREIGN TABLE t (id int, n text) SERVER s@ OPTIONS (schema_name 'r'); SELECT * FROM t;",
            [OWN, "  r.t(id bigint, n text)"],
            [
                "warning contradiction 4: The configuration declares r.t.id as bigint, and the schema reads it as integer here; the stub has what is declared. Make them agree.",
            ],
        ],
        [
            "its rows are there in time",
            {
                host: "h@",
                database: "d@",
                tables: [{ schema: "r", name: "t", columns: [column("id", "int")], rows: [{ id: 7 }] }],
            },
            "CREATE FOREIGN TABLE t (id int) SERVER s@ OPTIONS (schema_name 'r'); DO $$ BEGIN ASSERT (SELECT id FROM t) = 7; END $$;",
            [OWN, "  r.t(id integer)"],
        ],
        [
            "declared DDL with constraints",
            {
                host: "h@",
                database: "d@",
                ddl: "CREATE TABLE t (id int PRIMARY KEY, n text NOT NULL DEFAULT 'x;y'); CREATE VIEW v AS SELECT id FROM t;",
            },
            "IMPORT FOREIGN SCHEMA public FROM SERVER s@ INTO c@; SELECT t.n, v.id FROM t, v;",
            [OWN, "  public.t(id integer, n text)", "  public.v(id integer)"],
        ],
        [
            "a declared user, and one of a mapping",
            { host: "h@", database: "d@", users: [{ name: "w@", password: "q" }] },
            "SELECT 1;",
            ["h@:5432/d@ w@:q u@:p@"],
        ],
        [
            "extensions",
            { host: "h@", database: "d@", extensions: ["citext"] },
            "CREATE FOREIGN TABLE t (id citext) SERVER s@; SELECT * FROM t;",
            [`${OWN} +citext`, "  c@.t(id citext)"],
        ],
        [
            "another host is another upstream",
            { host: "k@", database: "d@", tables: [{ schema: "r", name: "x", columns: [] }] },
            "CREATE FOREIGN TABLE t (id int) SERVER s@;",
            ["k@:5432/d@", "h@:5432/d@ u@:p@", "  c@.t(id integer)"],
        ],
    ];
    let found: Inference;
    beforeAll(async () => {
        const upstreams = cases.flatMap(([, upstream], n) => {
            const text = upstream === undefined ? undefined : JSON.stringify(upstream).replaceAll("@", String(n));
            return text === undefined ? [] : [JSON.parse(text)];
        });
        found = await rehearsals.infer(filesOf(cases.map(([, , sql]) => SERVER.replace("'d'", "'d@'") + sql)), {
            configuration: { upstreams },
        });
    });

    test.each(cases.map(([name, , , lines, said = []], n) => [name, n, lines, said] as const))(
        "%s",
        (_name, n, lines, said) => {
            expect(partOf(found, n)).toMatchObject({ lines, told: said });
        },
    );

    test("a mistake in a declared upstream is told with its place", async () => {
        const upstreams = [{ host: "h", database: "d", ddl: "CREATE TABLE a (x nowhere);" }];
        await expect(rehearsals.infer("SELECT 1", { configuration: { upstreams } })).rejects.toThrow(
            /upstreams\[0\]\.ddl:1: type "nowhere" does not exist.*CREATE TABLE a/,
        );
    });
});

describe("properties", () => {
    /** Names as PostgreSQL stores them: anything but NUL, at most 63 bytes. Not one of ours, and no template in it. */
    const name = fc
        .oneof(
            fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/),
            fc.string({ unit: "grapheme", minLength: 1, maxLength: 15 }),
            fc.constantFrom(
                "select",
                "Table",
                'a"b',
                "a'b",
                "a b",
                "ü",
                "日本",
                "$x$",
                "a;b",
                "--",
                "/*",
                "a.b",
                "a\\b",
                "%s",
            ),
        )
        .filter((text) => !/[\0{}<\uFEFF$]/.test(text.replace("$x$", "")) && Buffer.byteLength(text) <= 63);
    const type = fc.constantFrom(
        "bigint",
        "text",
        "numeric(10,2)",
        "timestamptz",
        "text[]",
        "jsonb",
        "varchar(5)",
        "uuid",
    );
    const model = fc.record({
        database: name.filter((text) => !/^(?:postgres|template\d|dev)$/.test(text)),
        user: name.filter((text) => !/^pg_|^\/|^(?:none|public|postgres)$/i.test(text)),
        password: name,
        schema: name.filter((text) => !/^pg_|^information_schema$|^fdw_stub/.test(text)),
        table: name,
        columns: fc.uniqueArray(fc.record({ name, type }), { selector: (column) => column.name, maxLength: 5 }),
    });

    test("any names come back as they were", async () => {
        const models = fc.sample(model, { numRuns: 12, seed: 7 }).map((each, n) => ({
            ...each,
            database: `${[...each.database].slice(0, 8).join("")} ${n}`,
            user: `${[...each.user].slice(0, 8).join("")} ${n}`,
        }));
        const files = models.map(({ database, user, password, schema, table, columns }, n) => {
            const list = columns.map(
                (column, at) => `c${at} ${column.type} OPTIONS (column_name ${quoteLiteral(column.name)})`,
            );
            const local = quoteQualified("public", `local ${n}`);
            return `CREATE SERVER ${quoteIdent(`s ${n}`)} ${W} (host 'h${n}', dbname ${quoteLiteral(database)});
CREATE USER MAPPING FOR CURRENT_USER SERVER ${quoteIdent(`s ${n}`)} OPTIONS (user ${quoteLiteral(user)}, password ${quoteLiteral(password)});
CREATE FOREIGN TABLE ${local} (${list.join(", ")}) SERVER ${quoteIdent(`s ${n}`)} OPTIONS (schema_name ${quoteLiteral(schema)}, table_name ${quoteLiteral(table)});
SELECT * FROM ${local}; INSERT INTO ${local} SELECT * FROM ${local};`;
        });
        const found = await rehearsals.infer(filesOf(files));
        expect(told(found, "error", "warning")).toEqual([]);
        for (const [n, { database, user, password, schema, table, columns }] of models.entries()) {
            expect(found.upstreams.find(({ host }) => host === `h${n}`)).toEqual({
                host: `h${n}`,
                port: 5432,
                database,
                users: [{ name: user, password }],
                extensions: [],
                ddl:
                    schema === "public"
                        ? []
                        : [expect.objectContaining({ sql: expect.stringMatching(/^CREATE SCHEMA /) })],
                tables: [{ schema, name: table, columns, rows: [] }],
            });
        }
    });

    /** Pieces that mean something to the reader and the server, in any order and number. */
    const piece = fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.constantFrom(
            "CREATE EXTENSION postgres_fdw;",
            `CREATE SERVER s ${W} (host 'h', dbname 'd');`,
            `CREATE SERVER s ${W} (host 'h', port 'x', dbname 'd');`,
            "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u');",
            "CREATE FOREIGN TABLE t (a int) SERVER s;",
            "IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public;",
            "CREATE VIEW v AS SELECT * FROM t, x JOIN y USING (z);",
            "ALTER FOREIGN TABLE t RENAME a TO b;",
            "CREATE FOREIGN TABLE t () INHERITS (t) SERVER s;",
            "DO $$ BEGIN FOR i IN 1..3 LOOP EXECUTE format('DROP TABLE %I', i); END LOOP; END $$;",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT f()'; SELECT f();",
            "DROP SERVER s CASCADE;",
            "DROP SCHEMA public CASCADE;",
            "DROP SCHEMA fdw_stub_rehearsal CASCADE;",
            "SET ROLE nobody;",
            "SET search_path = '';",
            "SET statement_timeout = 1;",
            "SELECT pg_terminate_backend(pg_backend_pid());",
            "ALTER ROLE postgres RENAME TO other;",
            "BEGIN;",
            "ROLLBACK;",
            "PREPARE TRANSACTION 'x';",
            "\\if :x\n",
            "\\else\n",
            "\\endif\n",
            "\\c x\n",
            "\\i 005.sql\n",
            "COPY t FROM stdin;\n",
            "\\.\n",
            "${A",
            "<%= b",
            ":'d'",
            "'",
            '"',
            "$$",
            "/*",
            "*/",
            "(",
            ")",
            ";",
            "\n",
        ),
    );

    test("nothing throws, whatever the text", async () => {
        const texts = fc.sample(
            fc.array(piece, { maxLength: 25 }).map((parts) => parts.join(" ")),
            { numRuns: 40, seed: 11 },
        );
        const found = await rehearsals.infer(filesOf(texts.map((text) => text.replaceAll("@", "a"))));
        for (const format of FORMATS) {
            expect(typeof formatInference(found, format)).toBe("string");
        }
        expect(() => JSON.parse(JSON.stringify(found))).not.toThrow();
    });
});
