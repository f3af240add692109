/** One small case for each rule of the interpreter. */

import { describe, expect, test } from "vitest";
import { codes, compact, infer, SERVER } from "./compact";

const H = "h:5432/d u:p";
const MV = (query: string) => `CREATE MATERIALIZED VIEW mv_${query.length} AS ${query};`;

describe("foreign tables", () => {
    test.each<[string, string, string[]]>([
        ["a plain one", "CREATE FOREIGN TABLE t (id bigint, n text) SERVER s;", ["  public.t(id bigint, n text)"]],
        [
            "its options name the remote table",
            "CREATE FOREIGN TABLE t (a int) SERVER s OPTIONS (schema_name 'X', table_name 'Y');",
            ["  X.Y(a integer)"],
        ],
        [
            "column_name names the remote column",
            "CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'B')) SERVER s;",
            ["  public.t(B integer)"],
        ],
        ["no columns", "CREATE FOREIGN TABLE t () SERVER s;", ["  public.t()"]],
        [
            "in a schema, remote schema defaults to it",
            "CREATE SCHEMA x; CREATE FOREIGN TABLE x.t (a int) SERVER s;",
            ["  x.t(a integer)"],
        ],
        [
            "in the search_path",
            "CREATE SCHEMA x; SET search_path = x, public; CREATE FOREIGN TABLE t (a int) SERVER s;",
            ["  x.t(a integer)"],
        ],
        [
            "SET LOCAL search_path ends with the transaction",
            "BEGIN; SET LOCAL search_path = x; CREATE FOREIGN TABLE t (a int) SERVER s; COMMIT; CREATE FOREIGN TABLE u (a int) SERVER s;",
            ["  public.u(a integer)", "  x.t(a integer)"],
        ],
        [
            "elements of CREATE SCHEMA",
            "CREATE SCHEMA x CREATE TABLE p (a int); CREATE FOREIGN TABLE t () INHERITS (x.p) SERVER s;",
            ["  public.t(a integer)"],
        ],
        [
            "INHERITS",
            "CREATE TABLE p (a int, b text); CREATE FOREIGN TABLE t (c date) INHERITS (p) SERVER s;",
            ["  public.t(a integer, b text, c date)"],
        ],
        [
            "INHERITS from a foreign table",
            "CREATE FOREIGN TABLE p (a int) SERVER s; CREATE FOREIGN TABLE t () INHERITS (p) SERVER s;",
            ["  public.p(a integer)", "  public.t(a integer)"],
        ],
        [
            "PARTITION OF",
            "CREATE TABLE p (a int, b text) PARTITION BY LIST (a); CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES IN (1) SERVER s;",
            ["  public.t(a integer, b text)"],
        ],
        [
            "ATTACH PARTITION, then a column of the parent",
            "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE FOREIGN TABLE t (a int) SERVER s; ALTER TABLE p ATTACH PARTITION t FOR VALUES IN (1); ALTER TABLE p ADD b text;",
            ["  public.t(a integer, b text)"],
        ],
        [
            "DETACH PARTITION ends that",
            "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES IN (1) SERVER s; ALTER TABLE p DETACH PARTITION t; ALTER TABLE p ADD b text;",
            ["  public.t(a integer)"],
        ],
        [
            "INHERIT and NO INHERIT",
            "CREATE TABLE p (a int); CREATE FOREIGN TABLE t (a int) SERVER s; ALTER FOREIGN TABLE t INHERIT p; ALTER TABLE p ADD b int; ALTER FOREIGN TABLE t NO INHERIT p; ALTER TABLE p ADD c int;",
            ["  public.t(a integer, b integer)"],
        ],
        [
            "ALTER TABLE ONLY stays with the parent",
            "CREATE TABLE p (a int); CREATE FOREIGN TABLE t () INHERITS (p) SERVER s; ALTER TABLE ONLY p ADD b int;",
            ["  public.t(a integer)"],
        ],
        [
            "LIKE",
            "CREATE TABLE p (a int, b text); CREATE FOREIGN TABLE t (LIKE p, c int) SERVER s;",
            ["  public.t(a integer, b text, c integer)"],
        ],
        [
            "a parent in the other case",
            'CREATE TABLE "P" (a int); CREATE FOREIGN TABLE t () INHERITS ("P") SERVER s;',
            ["  public.t(a integer)"],
        ],
        [
            "columns added, dropped, retyped, renamed",
            "CREATE FOREIGN TABLE t (a int, b int, c int) SERVER s; ALTER FOREIGN TABLE t ADD d date, DROP a, ALTER b TYPE bigint; ALTER FOREIGN TABLE t RENAME c TO e;",
            ["  public.t(b bigint, e integer, d date)"],
        ],
        [
            "renamed, but column_name stays",
            "CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'x')) SERVER s; ALTER FOREIGN TABLE t RENAME a TO b;",
            ["  public.t(x integer)"],
        ],
        [
            "column options added, set, dropped",
            "CREATE FOREIGN TABLE t (a int, b int OPTIONS (column_name 'x'), c int OPTIONS (column_name 'y')) SERVER s; ALTER FOREIGN TABLE t ALTER a OPTIONS (ADD column_name 'aa'), ALTER b OPTIONS (SET column_name 'bb'), ALTER c OPTIONS (DROP column_name);",
            ["  public.t(aa integer, bb integer, c integer)"],
        ],
        [
            "table renamed",
            "CREATE FOREIGN TABLE t (a int) SERVER s; ALTER FOREIGN TABLE t RENAME TO u;",
            ["  public.u(a integer)"],
        ],
        [
            "table renamed by ALTER TABLE, remote name fixed",
            "CREATE FOREIGN TABLE t (a int) SERVER s OPTIONS (table_name 'x'); ALTER TABLE t RENAME TO u;",
            ["  public.x(a integer)"],
        ],
        [
            "SET SCHEMA",
            "CREATE FOREIGN TABLE t (a int) SERVER s; ALTER FOREIGN TABLE t SET SCHEMA x;",
            ["  x.t(a integer)"],
        ],
        [
            "the schema renamed",
            "CREATE SCHEMA x; CREATE FOREIGN TABLE x.t (a int) SERVER s; ALTER SCHEMA x RENAME TO y;",
            ["  y.t(a integer)"],
        ],
        [
            "table options changed",
            "CREATE FOREIGN TABLE t (a int) SERVER s OPTIONS (schema_name 'x'); ALTER FOREIGN TABLE t OPTIONS (DROP schema_name, ADD table_name 'z');",
            ["  public.z(a integer)"],
        ],
        ["dropped", "CREATE FOREIGN TABLE t (a int) SERVER s; DROP FOREIGN TABLE t;", []],
        [
            "dropped with its parent",
            "CREATE TABLE p (a int); CREATE FOREIGN TABLE t () INHERITS (p) SERVER s; DROP TABLE p CASCADE;",
            [],
        ],
        [
            "dropped with its schema",
            "CREATE SCHEMA x; CREATE FOREIGN TABLE x.t (a int) SERVER s; DROP SCHEMA x CASCADE;",
            [],
        ],
        [
            "created twice, IF NOT EXISTS",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE FOREIGN TABLE IF NOT EXISTS t (b int) SERVER s;",
            ["  public.t(a integer)"],
        ],
        [
            "two local tables, one remote",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE FOREIGN TABLE u (b int) SERVER s OPTIONS (table_name 't');",
            ["  public.t(a integer, b integer)"],
        ],
        [
            "a column dropped with its type",
            "CREATE TYPE e AS ENUM ('x'); CREATE FOREIGN TABLE t (a int, b e) SERVER s; DROP TYPE e CASCADE;",
            ["  public.t(a integer)"],
        ],
        [
            "typed columns of a composite",
            "CREATE TYPE c AS (a int, b text); CREATE TABLE p OF c; CREATE FOREIGN TABLE t () INHERITS (p) SERVER s;",
            ["  public.t(a integer, b text)"],
        ],
        [
            "a system view is there already",
            "CREATE FOREIGN TABLE t (pid int) SERVER s OPTIONS (schema_name 'pg_catalog', table_name 'pg_stat_activity');",
            [],
        ],
    ])("%s", async (_name, sql, tables) => {
        const found = await infer(`${SERVER}${sql}`);
        expect(compact(found).filter((line) => !line.includes("CREATE "))).toEqual([H, ...tables]);
        expect(codes(found, "error", "warning")).toEqual([]);
    });

    test("a parent that nothing creates is an error", async () => {
        const found = await infer(`${SERVER}CREATE FOREIGN TABLE t () INHERITS (nowhere) SERVER s;`);
        expect(codes(found, "error")).toEqual(["parent-unknown"]);
    });

    test("created twice without DROP: both are satisfied, and it is said", async () => {
        const found = await infer(
            `${SERVER}CREATE FOREIGN TABLE t (a int) SERVER s; CREATE FOREIGN TABLE t (b int) SERVER s;`,
        );
        expect(compact(found)).toEqual([H, "  public.t(a integer, b integer)"]);
        expect(codes(found, "warning")).toEqual(["already-exists"]);
    });
});

describe("servers", () => {
    const W = "FOREIGN DATA WRAPPER postgres_fdw";
    const M = "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u', password 'p');";
    test.each<[string, string, string[], string[]]>([
        ["host and port", "(host 'a', port '6000', dbname 'd')", ["a:6000/d u:p"], []],
        ["no host is the same server", "(dbname 'd')", ["localhost:5432/d u:p"], []],
        ["an empty host too", "(host '', dbname 'd')", ["localhost:5432/d u:p"], []],
        ["127.0.0.1", "(host '127.0.0.1', dbname 'd')", ["localhost:5432/d u:p"], []],
        ["::1", "(host '::1', dbname 'd')", ["localhost:5432/d u:p"], []],
        ["another loopback address", "(host '127.0.0.2', dbname 'd')", ["127.0.0.2:5432/d u:p"], []],
        ["the image's socket", "(host '/var/run/postgresql', dbname 'd')", ["localhost:5432/d u:p"], []],
        ["another socket", "(host '/cloudsql/p:r:i', dbname 'd')", ["/cloudsql/p:r:i:5432/d u:p"], []],
        ["a socket with another port", "(port '5433', dbname 'd')", ["localhost:5433/d u:p"], []],
        ["an address", "(host '10.0.0.5', dbname 'd')", ["10.0.0.5:5432/d u:p"], []],
        ["hostaddr on loopback", "(host 'a', hostaddr '127.0.0.1', dbname 'd')", ["a:5432/d u:p"], []],
        ["hostaddr alone", "(hostaddr '127.0.0.1', dbname 'd')", ["localhost:5432/d u:p"], []],
        ["hostaddr elsewhere", "(host 'a', hostaddr '10.0.0.5', dbname 'd')", ["a:5432/d u:p"], []],
        ["several hosts, one port", "(host 'a,b', port '6000', dbname 'd')", ["a:6000/d u:p", "b:6000/d u:p"], []],
        ["several hosts and ports", "(host 'a,b', port '6000,6001', dbname 'd')", ["a:6000/d u:p", "b:6001/d u:p"], []],
        ["a port too few", "(host 'a,b,c', port '1,2', dbname 'd')", [], ["port-count"]],
        ["a bad port", "(host 'a', port 'x', dbname 'd')", [], ["port"]],
        ["a bad host name", "(host 'a b', dbname 'd')", [], ["host-name"]],
        ["a service", "(service 'x')", ["localhost:5432/x u:p"], []],
        ["TLS wanted", "(host 'a', dbname 'd', sslmode 'require')", ["a:5432/d u:p"], []],
        ["TLS preferred", "(host 'a', dbname 'd', sslmode 'prefer')", ["a:5432/d u:p"], []],
        [
            "a standby wanted",
            "(host 'a', dbname 'd', target_session_attrs 'standby')",
            ["a:5432/d u:p"],
            ["session-attrs"],
        ],
        ["keys in upper case", "(HOST 'a', DbName 'd')", ["a:5432/d u:p"], []],
        ["quoted keys", `("host" 'a', "dbname" 'd')`, ["a:5432/d u:p"], []],
        ["quoted keys in upper case are refused", `("HOST" 'a', dbname 'd')`, ["a:5432/d u:p"], ["option-case"]],
        ["no dbname: the user's", "(host 'a')", ["a:5432/u u:p"], []],
        ["extensions", "(host 'a', dbname 'd', extensions 'citext, hstore')", ["a:5432/d u:p +citext? +hstore?"], []],
    ])("%s", async (_name, options, upstreams, errors) => {
        const found = await infer(`CREATE SERVER s ${W} OPTIONS ${options};${M}`);
        expect(compact(found)).toEqual(upstreams);
        expect(codes(found, "error", "warning").filter((code) => code !== "database-default")).toEqual(errors);
    });

    test.each<[string, string, string[]]>([
        ["altered", "ALTER SERVER s OPTIONS (SET host 'k', ADD port '1234');", ["k:1234/d u:p"]],
        ["an option dropped", "ALTER SERVER s OPTIONS (DROP host);", ["localhost:5432/d u:p"]],
        [
            "renamed",
            "ALTER SERVER s RENAME TO t; CREATE FOREIGN TABLE x (a int) SERVER t;",
            ["h:5432/d u:p", "  public.x(a integer)"],
        ],
        ["dropped", "DROP SERVER s CASCADE;", []],
        ["dropped with its wrapper's extension", "DROP EXTENSION postgres_fdw CASCADE;", []],
        [
            "dropped and made anew",
            `DROP SERVER IF EXISTS s CASCADE; CREATE SERVER s ${W} OPTIONS (host 'k', dbname 'e');`,
            ["k:5432/e"],
        ],
        [
            "IF NOT EXISTS leaves the first",
            `CREATE SERVER IF NOT EXISTS s ${W} OPTIONS (host 'k', dbname 'e');`,
            ["h:5432/d u:p"],
        ],
        [
            "a user mapping altered",
            "ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (SET user 'v', DROP password);",
            ["h:5432/d v"],
        ],
        ["a user mapping dropped", "DROP USER MAPPING FOR CURRENT_USER SERVER s;", ["h:5432/d"]],
        [
            "two mappings",
            "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'w', password 'q');",
            ["h:5432/d u:p w:q"],
        ],
        [
            "an empty password is none",
            "ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (SET password '');",
            ["h:5432/d u"],
        ],
        [
            "a mapping without user is the server's own",
            "ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (DROP user);",
            ["h:5432/d postgres:p"],
        ],
    ])("%s", async (_name, sql, upstreams) => {
        const found = await infer(`${SERVER}${sql}`);
        expect(compact(found)).toEqual(upstreams);
        expect(codes(found, "error", "warning")).toEqual([]);
    });

    test("a server in one file, its tables in another, in any order of paths", async () => {
        const files = { "tables.sql": "CREATE FOREIGN TABLE t (id int) SERVER s;", "server.sql": SERVER };
        const wanted = [H, "  public.t(id integer)"];
        expect(compact(await infer(files, { paths: ["tables.sql", "server.sql"] }))).toEqual(wanted);
        expect(compact(await infer(files, { paths: ["server.sql", "tables.sql"] }))).toEqual(wanted);
    });

    test("a server that nothing creates is an error at the table", async () => {
        const found = await infer("SELECT 1;\nCREATE FOREIGN TABLE t (id int) SERVER later;");
        expect(found.findings).toMatchObject([{ severity: "error", code: "server-unknown", line: 2 }]);
        expect(found.findings[0]?.message).toContain("later");
    });

    test.each<[string, string, string, string]>([
        ["mysql_fdw", "CREATE SERVER m FOREIGN DATA WRAPPER mysql_fdw OPTIONS (host 'x');", "other-wrapper", "MySQL"],
        ["file_fdw", "CREATE SERVER m FOREIGN DATA WRAPPER file_fdw;", "other-wrapper", "files"],
        [
            "an unknown one",
            "CREATE SERVER m FOREIGN DATA WRAPPER homemade OPTIONS (host 'x');",
            "wrapper-unknown",
            "homemade",
        ],
        [
            "an own one with a C handler",
            "CREATE FOREIGN DATA WRAPPER w HANDLER w_handler; CREATE SERVER m FOREIGN DATA WRAPPER w;",
            "other-wrapper",
            "w",
        ],
    ])("the wrapper %s is told apart", async (_name, sql, code, text) => {
        const found = await infer(sql);
        expect(found.upstreams).toEqual([]);
        expect(found.findings.find((finding) => finding.code === code)?.message).toContain(text);
    });

    test.each<[string, string]>([
        ["its handler is postgres_fdw's", "HANDLER postgres_fdw_handler VALIDATOR postgres_fdw_validator"],
        ["for dblink, by its validator", "VALIDATOR postgresql_fdw_validator"],
    ])("an own wrapper counts: %s", async (_name, functions) => {
        const found = await infer(
            `CREATE FOREIGN DATA WRAPPER w ${functions}; CREATE SERVER m FOREIGN DATA WRAPPER w OPTIONS (host 'x', dbname 'y');`,
        );
        expect(compact(found)).toEqual(["x:5432/y"]);
    });

    test("dblink_fdw counts", async () => {
        const found = await infer("CREATE SERVER m FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'x', dbname 'y');");
        expect(compact(found)).toEqual(["x:5432/y"]);
    });
});

describe("history", () => {
    test.each<[string, string, string[]]>([
        [
            "version 1 is needed where something connected",
            `CREATE FOREIGN TABLE t (a int, b int) SERVER s; ${MV("SELECT a FROM t")} DROP MATERIALIZED VIEW mv_15; ALTER FOREIGN TABLE t DROP b, ADD c int;`,
            ["  public.t(a integer, b integer, c integer)"],
        ],
        [
            "and not where nothing did",
            "CREATE FOREIGN TABLE t (a int, b int) SERVER s; CREATE VIEW v AS SELECT a FROM t; ALTER FOREIGN TABLE t DROP b, ADD c int;",
            ["  public.t(a integer, c integer)"],
        ],
        [
            "WITH NO DATA doesn't connect",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA; DROP FOREIGN TABLE t CASCADE;",
            [],
        ],
        [
            "REFRESH does",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA; REFRESH MATERIALIZED VIEW m; DROP FOREIGN TABLE t CASCADE;",
            ["  public.t(a integer)"],
        ],
        [
            "through a view",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE VIEW v AS SELECT a FROM t; CREATE TABLE c AS SELECT * FROM v; DROP FOREIGN TABLE t CASCADE;",
            ["  public.t(a integer)"],
        ],
        [
            "through a function that may read anything",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$; SELECT f(); DROP FOREIGN TABLE t;",
            ["  public.t(a integer)"],
        ],
        [
            "through a parent",
            "CREATE TABLE p (a int); CREATE FOREIGN TABLE t () INHERITS (p) SERVER s; SELECT count(*) FROM p; DROP FOREIGN TABLE t;",
            ["  public.t(a integer)"],
        ],
        [
            "a materialized view is local",
            "CREATE FOREIGN TABLE t (a int) SERVER s; CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA; SELECT * FROM m; DROP FOREIGN TABLE t CASCADE;",
            [],
        ],
        ...[
            "INSERT INTO t VALUES (1)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "ANALYZE t",
            "VACUUM ANALYZE t",
            "TRUNCATE t",
            "TABLE t",
            "SELECT * INTO x FROM t",
            "COPY (SELECT * FROM t) TO STDOUT",
            "EXPLAIN ANALYZE SELECT * FROM t",
            "DO $$ BEGIN PERFORM a FROM t; END $$",
        ].map((statement): [string, string, string[]] => [
            `${statement} connects`,
            `CREATE FOREIGN TABLE t (a int) SERVER s; ${statement}; DROP FOREIGN TABLE t;`,
            ["  public.t(a integer)"],
        ]),
        ...["VACUUM t", "ANALYZE", "COMMENT ON FOREIGN TABLE t IS 'x'", "GRANT SELECT ON t TO PUBLIC"].map(
            (statement): [string, string, string[]] => [
                `${statement} doesn't connect`,
                `CREATE FOREIGN TABLE t (a int) SERVER s; ${statement}; DROP FOREIGN TABLE t;`,
                [],
            ],
        ),
        ["a transaction rolled back leaves no trace", "BEGIN; CREATE FOREIGN TABLE t (a int) SERVER s; ROLLBACK;", []],
        [
            "but what it connected to counts",
            "BEGIN; CREATE FOREIGN TABLE t (a int) SERVER s; SELECT * FROM t; ROLLBACK;",
            ["  public.t(a integer)"],
        ],
        [
            "a savepoint's rollback is no rollback",
            "BEGIN; CREATE FOREIGN TABLE t (a int) SERVER s; SAVEPOINT x; ROLLBACK TO x; COMMIT;",
            ["  public.t(a integer)"],
        ],
    ])("%s", async (_name, sql, tables) => {
        const found = await infer(`${SERVER}${sql}`);
        expect(compact(found)).toEqual([H, ...tables]);
        expect(codes(found, "error", "warning")).toEqual([]);
    });

    test("where both types cannot be, the last one is, and it is said", async () => {
        const found = await infer(
            `${SERVER}CREATE FOREIGN TABLE t (a text) SERVER s; SELECT * FROM t; ALTER FOREIGN TABLE t ALTER a TYPE int;`,
        );
        expect(compact(found)).toEqual([H, "  public.t(a integer)"]);
        expect(codes(found, "warning")).toEqual(["history-type"]);
    });

    test("an earlier address is needed where something connected to it", async () => {
        const found = await infer(
            `${SERVER}CREATE FOREIGN TABLE t (a int) SERVER s; SELECT * FROM t; ALTER SERVER s OPTIONS (SET host 'k');`,
        );
        expect(compact(found)).toEqual([H, "  public.t(a integer)", "k:5432/d u:p", "  public.t(a integer)"]);
    });
});

describe("mappings and roles", () => {
    const T = "CREATE FOREIGN TABLE t (a int) SERVER s;";
    const S = "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');";
    test.each<[string, string, string[]]>([
        [
            "a mapping for another role only",
            "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u');",
            ["mapping-missing"],
        ],
        ["none at all", "", ["mapping-missing"]],
        ["PUBLIC serves everybody", "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u');", []],
        ["the dev user by name", "CREATE USER MAPPING FOR postgres SERVER s OPTIONS (user 'u');", []],
        ["CURRENT_USER", "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'u');", []],
        ["USER", "CREATE USER MAPPING FOR USER SERVER s OPTIONS (user 'u');", []],
        ["SET ROLE makes it the role", "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u'); SET ROLE app;", []],
        [
            "RESET ROLE ends that",
            "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u'); SET ROLE app; RESET ROLE;",
            ["mapping-missing"],
        ],
    ])("a materialized view with %s", async (_name, sql, errors) => {
        const found = await infer(`${S}${T}${sql} CREATE MATERIALIZED VIEW m AS SELECT * FROM t;`);
        expect(codes(found, "error")).toEqual(errors);
    });

    test("the dev user's name is the configuration's", async () => {
        const sql = `${S}${T}CREATE USER MAPPING FOR boss SERVER s OPTIONS (user 'u'); SELECT * FROM t;`;
        expect(codes(await infer(sql, { devUser: "boss" }), "error")).toEqual([]);
        expect(codes(await infer(sql), "error")).toEqual(["mapping-missing"]);
    });

    test.each<[string, string, string, string | undefined]>([
        [
            "the only mapped role",
            "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u');",
            "REFRESH MATERIALIZED VIEW m connects to server s as postgres, which has no user mapping there (there is one for app), and so does one more statement. Add CREATE USER MAPPING FOR CURRENT_USER, or let the dev database's user be the mapped role.",
            "fdw-stub:devUser: app",
        ],
        [
            "a placeholder",
            "CREATE USER MAPPING FOR :app SERVER s OPTIONS (user 'u');",
            "REFRESH MATERIALIZED VIEW m connects to server s as postgres, which has no user mapping there (there is one for app), and so does one more statement. Give the placeholder the name of the dev database's user.",
            'fdw-stub:variables: { "app": "postgres" }',
        ],
        [
            "several",
            "CREATE USER MAPPING FOR a SERVER s; CREATE USER MAPPING FOR b SERVER s;",
            "REFRESH MATERIALIZED VIEW m connects to server s as postgres, which has no user mapping there (there is one for a, b), and so does one more statement. Add CREATE USER MAPPING FOR CURRENT_USER.",
            undefined,
        ],
    ])(
        "a missing mapping is said once for each server, with the way to mend it: %s",
        async (_name, sql, message, config) => {
            const found = await infer(
                `${S}${T}${sql} CREATE MATERIALIZED VIEW m AS SELECT * FROM t WITH NO DATA; REFRESH MATERIALIZED VIEW m; REFRESH MATERIALIZED VIEW m;`,
            );
            const [finding] = found.findings.filter(({ code }) => code === "mapping-missing");
            expect(finding?.message).toBe(message);
            expect(finding?.config).toBe(config);
        },
    );

    test("different passwords of one user: the stub asks for none, and it is said", async () => {
        const found = await infer(
            `${SERVER}CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u', password 'other');`,
        );
        expect(compact(found)).toEqual(["h:5432/d u"]);
        expect(codes(found, "warning")).toEqual(["password-conflict"]);
    });

    test("an empty user or password is as good as none", async () => {
        const found = await infer(
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd'); CREATE USER MAPPING FOR a SERVER s OPTIONS (user '', password ''); CREATE USER MAPPING FOR b SERVER s OPTIONS (user 'v', password 'p'); CREATE USER MAPPING FOR c SERVER s OPTIONS (user 'v', password '');",
        );
        expect(compact(found)).toEqual(["h:5432/d postgres v:p"]);
        expect(codes(found)).toEqual(["user-default"]);
    });

    test.each<[string, string, string[]]>([
        ["a mapping", `${S}CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u');`, ["a"]],
        ["OWNER TO", "CREATE TABLE t (); ALTER TABLE t OWNER TO a;", ["a"]],
        [
            "GRANT and REVOKE",
            "GRANT ALL ON SCHEMA public TO a, b WITH GRANT OPTION; REVOKE ALL ON SCHEMA public FROM c, PUBLIC;",
            ["a", "b", "c"],
        ],
        ["membership", "GRANT a TO b;", ["a", "b"]],
        [
            "SET ROLE and SET SESSION AUTHORIZATION",
            "SET ROLE a; SET SESSION AUTHORIZATION 'b'; RESET ROLE;",
            ["a", "b"],
        ],
        ["CREATE SCHEMA AUTHORIZATION", "CREATE SCHEMA AUTHORIZATION a;", ["a"]],
        ["default privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b;", ["a", "b"]],
        ["policies", "CREATE TABLE t (); CREATE POLICY p ON t TO a;", ["a"]],
        ["created by the schema", "CREATE ROLE a; CREATE USER b; GRANT a TO b;", []],
        ["created later by the schema", "GRANT ALL ON SCHEMA public TO a; CREATE ROLE a;", []],
        [
            "created only where missing",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'a') THEN CREATE ROLE a; END IF; END $$; GRANT ALL ON SCHEMA public TO a;",
            ["a"],
        ],
        [
            "predefined ones and keywords are there",
            "GRANT pg_monitor TO CURRENT_USER; GRANT ALL ON SCHEMA public TO PUBLIC, SESSION_USER;",
            [],
        ],
        ["dropped ones need not be there", "DROP ROLE IF EXISTS a;", []],
    ])("local roles: %s", async (_name, sql, roles) => {
        const found = await infer(sql);
        expect(found.roles.map(({ name }) => name).sort()).toEqual(roles);
    });

    test("a role that the schema creates itself is not made before; its stub is open instead", async () => {
        const found = await infer(`CREATE ROLE u LOGIN PASSWORD 'p';${SERVER}CREATE FOREIGN TABLE t (a int) SERVER s;`);
        expect(compact(found)).toEqual([
            "h:5432/d u",
            "  ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;",
            "  ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;",
            "  public.t(a integer)",
        ]);
        expect(codes(found, "note")).toEqual(["role-created"]);
    });
});

describe("types", () => {
    test.each<[string, string, string[]]>([
        [
            "an enum with its later values",
            "CREATE TYPE e AS ENUM ('a', 'c'); ALTER TYPE e ADD VALUE 'b' BEFORE 'c'; ALTER TYPE e RENAME VALUE 'a' TO 'A'; CREATE FOREIGN TABLE t (x e) SERVER s;",
            [`  CREATE TYPE "public"."e" AS ENUM ('A', 'b', 'c');`, "  public.t(x e)"],
        ],
        [
            "a domain over a domain",
            "CREATE DOMAIN a AS int; CREATE DOMAIN b AS a; CREATE FOREIGN TABLE t (x b) SERVER s;",
            [`  CREATE DOMAIN "public"."a" AS integer;`, `  CREATE DOMAIN "public"."b" AS a;`, "  public.t(x b)"],
        ],
        [
            "a composite, altered",
            "CREATE TYPE c AS (a int); ALTER TYPE c ADD ATTRIBUTE b text; CREATE FOREIGN TABLE t (x c[]) SERVER s;",
            [`  CREATE TYPE "public"."c" AS ("a" integer, "b" text);`, "  public.t(x c[])"],
        ],
        [
            "in a schema",
            "CREATE SCHEMA app; CREATE TYPE app.e AS ENUM (); CREATE FOREIGN TABLE t (x app.e) SERVER s;",
            [`  CREATE SCHEMA IF NOT EXISTS "app";`, `  CREATE TYPE "app"."e" AS ENUM ();`, "  public.t(x app.e)"],
        ],
        [
            "renamed",
            "CREATE TYPE e AS ENUM (); CREATE FOREIGN TABLE t (x e) SERVER s; ALTER TYPE e RENAME TO f;",
            [`  CREATE TYPE "public"."f" AS ENUM ();`, "  public.t(x f)"],
        ],
        [
            "made after the table that has it was read",
            "CREATE FOREIGN TABLE t (x e) SERVER s; CREATE TYPE e AS ENUM ();",
            [`  CREATE TYPE "public"."e" AS ENUM ();`, "  public.t(x e)"],
        ],
        [
            "a range",
            "CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi); CREATE FOREIGN TABLE t (x r) SERVER s;",
            [`  CREATE TYPE "public"."r" AS RANGE (SUBTYPE = double precision);`, "  public.t(x r)"],
        ],
        [
            "unused types are left out",
            "CREATE TYPE e AS ENUM ('a'); CREATE FOREIGN TABLE t (x int) SERVER s;",
            ["  public.t(x integer)"],
        ],
    ])("%s", async (_name, sql, lines) => {
        const found = await infer(`${SERVER}${sql}`);
        expect(compact(found)).toEqual([H, ...lines]);
    });

    test.each<[string, string, string]>([
        ["int4", "integer", ""],
        ["pg_catalog.int8", "bigint", ""],
        ["_text", "text[]", ""],
        ["character varying(20)", "varchar(20)", ""],
        ["char", "char(1)", ""],
        ["bpchar", "bpchar", ""],
        ['"char"', '"char"', ""],
        ["timestamp(3) with time zone", "timestamptz(3)", ""],
        ["numeric(10, 2)[][]", "numeric(10,2)[]", ""],
        ["double precision", "double precision", ""],
        ["citext", "citext", "+citext"],
        ["public.citext", "citext", "+citext"],
        ["bigserial", "bigint", ""],
    ])("%s is %s", async (written, printed, extension) => {
        const found = await infer(`${SERVER}CREATE FOREIGN TABLE t (x ${written}) SERVER s;`);
        expect(compact(found)).toEqual([extension === "" ? H : `${H} ${extension}`, `  public.t(x ${printed})`]);
    });

    test("a type of an extension that the image lacks: text stands in", async () => {
        const found = await infer(`${SERVER}CREATE FOREIGN TABLE t (x geometry(Point, 4326), y vector(3)[]) SERVER s;`);
        expect(compact(found)).toEqual([H, "  public.t(x text, y text[])"]);
        expect(codes(found, "warning")).toEqual(["type-stand-in", "type-stand-in"]);
    });

    test("unless the schema itself needs it", async () => {
        const found = await infer(
            `CREATE EXTENSION postgis; ${SERVER}CREATE FOREIGN TABLE t (x geometry(Point, 4326)) SERVER s;`,
        );
        expect(compact(found)).toEqual([`${H} +postgis`, "  public.t(x geometry(point,4326))"]);
        expect(codes(found)).toEqual(["extension-image"]);
    });

    test("an unknown type is said", async () => {
        const found = await infer(`${SERVER}CREATE FOREIGN TABLE t (x nowhere.thing) SERVER s;`);
        expect(compact(found)).toEqual([H, "  public.t(x text)"]);
        expect(codes(found, "warning")).toEqual(["type-unknown"]);
    });

    test.each<[string, string, string, string]>([
        ["an enum of the upstream declared as text", "text", "e", "text"],
        ["two widths", "int", "bigint", "bigint"],
        ["two widths, the other way", "bigint", "int", "bigint"],
    ])("one remote column, two local types: %s", async (_name, first, second, taken) => {
        const found = await infer(
            `CREATE TYPE e AS ENUM ('x');${SERVER}CREATE FOREIGN TABLE t (x ${first}) SERVER s; CREATE FOREIGN TABLE t2 (x ${second}) SERVER s OPTIONS (table_name 't');`,
        );
        expect(compact(found).at(-1)).toBe(`  public.t(x ${taken})`);
    });
});

describe("databases", () => {
    test("upstreams of one database name share its tables", async () => {
        const found = await infer(
            "CREATE SERVER a FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'a', dbname 'app');" +
                "CREATE SERVER b FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'b', dbname 'app');" +
                "CREATE FOREIGN TABLE t (x int) SERVER a; CREATE FOREIGN TABLE t2 (x bigint, y text) SERVER b OPTIONS (table_name 't');" +
                "CREATE FOREIGN TABLE only_b (z int) SERVER b;",
        );
        expect(compact(found)).toEqual([
            "a:5432/app",
            "  public.t(x bigint, y text)",
            "b:5432/app",
            "  public.only_b(z integer)",
            "  public.t(x bigint, y text)",
        ]);
    });

    test("a server that leads to the dev database itself needs no stub", async () => {
        const found = await infer(
            "DO $d$ BEGIN EXECUTE $$CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '$$||current_database()||$$', port '$$||current_setting('port')||$$')$$; END; $d$;" +
                "CREATE FOREIGN TABLE t (a int) SERVER loopback;",
        );
        expect(found.upstreams).toEqual([]);
        expect(codes(found)).toContain("self-server");
        expect(codes(found, "error")).toEqual([]);
    });

    test("after \\c the statements are another database's; where that is an upstream, they are what it looks like", async () => {
        const found = await infer(
            `\\c remote\nCREATE TABLE a (id int, kind text);\nCREATE VIEW b AS SELECT id, upper(kind) AS kind FROM a;\n\\c main\n` +
                "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'remote');" +
                "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u'); CREATE SCHEMA r; IMPORT FOREIGN SCHEMA public FROM SERVER s INTO r;",
        );
        expect(compact(found)).toEqual([
            "h:5432/remote u",
            "  public.a(id integer, kind text)",
            "  public.b(id integer, kind text)",
        ]);
        expect(found.sources.map(({ database }) => database ?? "dev")).toEqual([
            "remote",
            "remote",
            "dev",
            "dev",
            "dev",
            "dev",
        ]);
    });

    test("statements about databases are not run", async () => {
        const found = await infer(
            "CREATE DATABASE x; ALTER DATABASE x SET search_path = y; GRANT CONNECT ON DATABASE x TO PUBLIC; SELECT 1;",
        );
        expect(found.sources.map(({ sql }) => sql)).toEqual(["SELECT 1"]);
    });
});

describe("extensions", () => {
    const server = "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');";
    const message = (what: string, extension: string) =>
        `${what} needs the extension ${extension}, and no statement that was read creates it. The dev database is empty: add CREATE EXTENSION IF NOT EXISTS ${extension}, or the file that has it.`;
    test.each<[string, string, string[]]>([
        ["nothing creates it", server, [message("Server s", "postgres_fdw")]],
        ["said once", server + server.replace("SERVER s", "SERVER t"), [message("Server s", "postgres_fdw")]],
        ["created", `CREATE EXTENSION IF NOT EXISTS postgres_fdw; ${server}`, []],
        ["created later in what is read", `${server}CREATE EXTENSION postgres_fdw;`, []],
        ["dropped at the end", `CREATE EXTENSION postgres_fdw; ${server}DROP EXTENSION postgres_fdw CASCADE;`, []],
        [
            "an own wrapper needs none",
            "CREATE FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', dbname 'd');",
            [],
        ],
        ["dblink", "SELECT dblink_connect('host=h dbname=d');", [message("This dblink call", "dblink")]],
        ["dblink, created", "CREATE EXTENSION dblink; SELECT dblink_connect('host=h dbname=d');", []],
    ])("%s", async (_name, sql, expected) => {
        const found = await infer(sql);
        expect(found.findings.filter(({ code }) => code === "extension-missing").map((each) => each.message)).toEqual(
            expected,
        );
    });
});
