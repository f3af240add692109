// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of shell templates are what is tested
/** Placeholders: which there are, where their values come from, what stands in, and what is said about it. */

import { describe, expect, test } from "vitest";
import { findStandIn } from "../../../schema/read/standins";
import { codes, read, sqlOf } from "./reading";

const server = (host: string, rest = "") =>
    `CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ${host}, dbname 'd'${rest})`;

describe("values", () => {
    test.each<[string, string]>([
        ["shell", "'${H}'"],
        ["shell, bare", "'$H'"],
        ["shell, outside quotes", "$H"],
        ["shell with a default", "'${H:-x}'"],
        ["at signs", "'@H@'"],
        ["two at signs", "'@@H@@'"],
        ["Jinja", "'{{ H }}'"],
        ["Jinja without spaces, trimmed", "'{{-H-}}'"],
        ["Go", "'{{ .Env.H }}'"],
        ["Go's env", "'{{ env \"H\" }}'"],
        ["dbt", "'{{ env_var('H') }}'"],
        ["dbt's var", "'{{ var(\"H\") }}'"],
        ["Python", "%(H)s"],
        ["Python in quotes", "'%(H)s'"],
        ["ERB", "'<%= ENV['H'] %>'"],
        ["ERB's fetch", "'<%= ENV.fetch(\"H\") %>'"],
        ["psql", ":'H'"],
        ["psql, bare", ":H"],
    ])("%s", async (_name, written) => {
        const found = await read(server(written), { variables: { H: "given" } });
        expect(sqlOf(found)).toEqual([server("'given'")]);
        expect(found.findings).toEqual([]);
    });

    test.each<[string, string]>([
        ["shell", "'${H:-x}'"],
        ["shell, unset only", "'${H-x}'"],
        ["Jinja", "'{{ H | default('x') }}'"],
        ["Jinja's or", "'{{ H || \"x\" }}'"],
        ["dbt", '\'{{ env_var("H", "x") }}\''],
        ["ERB", '\'<%= ENV["H"] || "x" %>\''],
    ])("%s has a default", async (_name, written) => {
        expect(sqlOf(await read(server(written)))).toEqual([server("'x'")]);
    });

    test.each<[string, string, string]>([
        ["a plain value becomes a literal where SQL demands one", "o'x", "OPTIONS (user 'o''x', password 'o''x')"],
        ["a number too", "5", "OPTIONS (user '5', password '5')"],
        ["a literal stays one", "'bob'", "OPTIONS (user 'bob', password 'bob')"],
        ["so do others", "E'b'", "OPTIONS (user E'b', password E'b')"],
    ])("%s", async (_name, value, wanted) => {
        const mapping = "CREATE USER MAPPING FOR PUBLIC SERVER s ";
        const found = await read(`${mapping}OPTIONS (user :u, password \${u});`, { variables: { u: value } });
        expect(sqlOf(found)).toEqual([mapping + wanted]);
    });

    test("ADD and SET, quoted names, passwords of roles", async () => {
        const found = await read(
            `ALTER SERVER s OPTIONS (ADD port :v, SET "host" :v); CREATE ROLE r PASSWORD :v VALID UNTIL :v; CREATE TABLE :v (:v int);`,
            { variables: { v: "x" } },
        );
        expect(sqlOf(found)).toEqual([
            `ALTER SERVER s OPTIONS (ADD port 'x', SET "host" 'x')`,
            "CREATE ROLE r PASSWORD 'x' VALID UNTIL 'x'",
            "CREATE TABLE x (x int)",
        ]);
    });

    test("in dollar quotes and identifiers, in arguments of commands", async () => {
        const found = await read(
            "DO $$ BEGIN CREATE SERVER \"${S}\" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${H}', dbname {{ D }}); END $$;\n\\set x '${H}'\nSELECT :'x';",
            { variables: { S: "x y", H: "h", D: "d" } },
        );
        expect(sqlOf(found)).toEqual([
            "DO $$ BEGIN CREATE SERVER \"x y\" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd'); END $$",
            "SELECT 'h'",
        ]);
    });

    test("in the middle of a name, and beside others", async () => {
        const found = await read("CREATE SCHEMA app_${E}_x; CREATE TABLE app_${E}_x.t_:n (a int);", {
            variables: { E: "dev", n: "1" },
        });
        expect(sqlOf(found)).toEqual(["CREATE SCHEMA app_dev_x", "CREATE TABLE app_dev_x.t_1 (a int)"]);
    });

    test("at signs beside each other", async () => {
        const variables = { U: "u", P: "p", H: "h" };
        const found = await read("SELECT 'x://@U@:@P@@@H@/d', 'a@@H@@b', '@@@H@@@';", { variables });
        expect(sqlOf(found)).toEqual(["SELECT 'x://u:p@h/d', 'ahb', '@@@H@@@'"]);
    });

    test("\\set in the file gives a default that variables override", async () => {
        const sql = "\\set H x\nSELECT :'H';";
        expect(sqlOf(await read(sql))).toEqual(["SELECT 'x'"]);
        expect(sqlOf(await read(sql, { variables: { H: "y" } }))).toEqual(["SELECT 'y'"]);
    });

    test("Flyway's and extensions' own", async () => {
        const found = await read(
            "SET search_path = ${flyway:defaultSchema}, @extschema@; SELECT '${flyway:database}';",
            {
                defaults: { DBNAME: "dev" },
            },
        );
        expect(sqlOf(found)).toEqual(["SET search_path = public, public", "SELECT 'dev'"]);
        expect(found.findings).toEqual([]);
    });
});

describe("no placeholder is", () => {
    test.each<[string, string]>([
        ["an array literal", "SELECT '{{1,2},{3,4}}'::int[]"],
        ["JSON", `SELECT '{"a": {"b": 1}}'::jsonb`],
        ["modulo", "SELECT a %(b) FROM t"],
        ["a trigram operator", "SELECT 'a' <% b FROM t"],
        ["a dollar in a regular expression", "SELECT 'x' ~ '^a$', 'x' ~ '^$A', 'cost$USD', '$USD'"],
        ["a cast", "SELECT a::b.c, b ::text FROM t"],
        ["an assignment in a call", "SELECT f(a := 1), g(a:=b)"],
        ["a slice", "SELECT a[1:n], c [ x : y ], d[lo:hi], (e[f(1):g(2)])[1:n] FROM t"],
        ["a JSON constructor's colon", "SELECT JSON_OBJECT('a':b, k:v), json_objectagg(k:v) FROM t"],
        ["a containment operator", "SELECT a @> b, a <@b, a@>b, @x, @ X @ Y FROM t WHERE b @@c AND ts @@ Q"],
        ["an address", "SELECT 'me@example.com', 'ME@HOST@OTHER', 'a.b@EXAMPLE@c'"],
        ["a parameter", "PREPARE p AS SELECT $1, $2"],
        ["a dollar tag", "SELECT $BODY$ x $BODY$, $A$ $B $A$"],
        ["a dollar in a name", 'SELECT a$B, "$X" FROM t$Y'],
        ["jsonpath", "SELECT x @? '$.A[*] ? (@.B > 1)', x @@ '$.A' FROM t"],
        ["a password that begins with a dollar", "CREATE ROLE r PASSWORD '$ecret'"],
        ["a time", "SELECT '12:30:00', TIME '12:x'"],
        ["a colon in quotes", "SELECT ':x', \":y\", $$:z$$, 'a'::text"],
        ["a comment in the middle", "SELECT 1 -- vim:sw=4 ${X} {{ y }} @Z@\n, 2 /* :a ${B} */ , 3"],
        ["a comment in a body", "DO $$ BEGIN -- ${X} {{ y }}\n /* @Z@ */ NULL; END $$"],
        ["another language's own sign", "CREATE FUNCTION f() RETURNS text LANGUAGE plperl AS $$ my ${x}; $VAR @A@ $$"],
        ["the same with its language after it", "DO $$ f'${x}' {{ y }} %(z)s $$ LANGUAGE plpython3u"],
    ])("%s", async (_name, sql) => {
        const found = await read(sql);
        expect(sqlOf(found)).toEqual([sql]);
        expect(found.findings).toEqual([]);
    });

    test.each<[string, string]>([
        ["a modeline", "-- vim:sw=4:ts=4\nSELECT 1;\n/* vim:set et: ${X} */"],
        ["a modeline before COPY", "# vim:sw=4\nSELECT 1;\nSELECT 1;"],
        ["Ruby", 'create_table "users" do |t|\n  t.string :email, null: false\nend;\nSELECT 1;'],
        ["PHP", "$schema->create('users', function ($table) { $x = @FOO@; });\nSELECT 1;"],
        ["YAML", "key: :symbol\nother: ${X};\nSELECT 1;"],
    ])("what stands in other text: %s", async (_name, text) => {
        const found = await read(text);
        expect(sqlOf(found)).toContain("SELECT 1");
        expect(codes(found).filter((code) => code !== "unparsed")).toEqual([]);
        expect(found.standIns.size).toBe(0);
    });
});

describe("without a value", () => {
    test.each<[string, string, string]>([
        ["shell", "'${H}'", "'fdw_stub_h'"],
        ["shell, bare", "'$HO'", "'fdw_stub_ho'"],
        ["shell, outside quotes", "$H", "'fdw_stub_h'"],
        ["at signs", "'@HO@'", "'fdw_stub_ho'"],
        ["two at signs", "'@@HO@@'", "'fdw_stub_ho'"],
        ["part of a name", "'db-${H}.internal'", "'db-fdw_stub_h.internal'"],
        ["Jinja", "'{{ H }}'", "'fdw_stub_h'"],
        ["psql", ":'H'", "'fdw_stub_h'"],
        ["psql, bare", ":H", "'fdw_stub_h'"],
        ["Python", "%(H)s", "'fdw_stub_h'"],
        ["ERB", "'<%= H %>'", "'fdw_stub_h'"],
    ])("a host is an error: %s", async (_name, written, standIn) => {
        const found = await read(`\n${server(written)};`);
        const name = standIn.includes("_ho") ? "HO" : "H";
        expect(sqlOf(found)).toEqual([server(standIn)]);
        expect(found.findings).toEqual([
            {
                severity: "error",
                code: "host-unknown",
                message: `The host of server s is the placeholder ${name}, which has no value, so no name can be answered. Give it in \`variables\`.`,
                file: "schema.sql",
                line: 2,
                config: `fdw-stub:variables: { "${name}": "…" }`,
            },
        ]);
    });

    test.each<[string, string, string]>([
        ["a database", "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (dbname '${X}')", "database-unknown"],
        ["an address", "ALTER SERVER s OPTIONS (SET hostaddr :x)", "host-unknown"],
        ["a user", "CREATE USER MAPPING FOR u SERVER s OPTIONS (user '${X}')", "placeholder-user"],
        ["a password", "CREATE USER MAPPING FOR u SERVER s OPTIONS (password :'x')", "placeholder-password"],
        ["a role's password", "CREATE ROLE r PASSWORD '${X}'", "placeholder-password"],
        ["a port", "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (port '${X}')", "placeholder"],
        ["a mapping's role", "CREATE USER MAPPING FOR ${X} SERVER s", "placeholder"],
        ["a table's option", "CREATE FOREIGN TABLE t () SERVER s OPTIONS (table_name '${X}')", "placeholder"],
        ["a name called host", "CREATE TABLE host (host text DEFAULT '${X}', user_name text)", "placeholder"],
        ["a condition", "SELECT 1 FROM h WHERE host = '${X}'", "placeholder"],
        ["a connection string's host", "SELECT dblink_connect('dbname=d host=${X} user=u')", "host-unknown"],
        ["part of one", "SELECT dblink_connect('host=db.${X}.y dbname=d')", "host-unknown"],
        ["its database", "SELECT dblink_connect('host=h dbname=${X}')", "database-unknown"],
        ["its user", "SELECT dblink_connect('host=h user = ${X}')", "placeholder-user"],
        ["a URI's host", "SELECT dblink_connect('postgresql://u:p@${X}:5432/d')", "host-unknown"],
        ["a URI's host alone", "SELECT dblink_connect('postgres://${X}/d')", "host-unknown"],
        ["a URI's user", "SELECT dblink_connect('postgres://${X}:p@h/d')", "placeholder-user"],
        ["a URI's password", "SELECT dblink_connect('postgres://u:${X}@h/d')", "placeholder-password"],
        ["a URI's database", "SELECT dblink_connect('postgres://u:p@h/${X}')", "database-unknown"],
        [
            "in a body",
            "DO $$ BEGIN CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host '${X}'); END $$",
            "host-unknown",
        ],
        [
            "in a literal of a body",
            "DO $$ BEGIN EXECUTE 'CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (port ''1'', host ''${X}'')'; END $$",
            "host-unknown",
        ],
    ])("%s", async (_name, sql, code) => {
        const found = await read(sql);
        expect(codes(found)).toEqual([code]);
        expect([...found.standIns.keys()]).toEqual(["fdw_stub_x"]);
    });

    test("what stands in is what the place can take", async () => {
        const found = await read(
            `CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (port '\${P}', fetch_size :f, use_remote_estimate '\${E}'); INSERT INTO t (a) VALUES (:a); UPDATE t SET a = :b; CREATE SCHEMA :s; CREATE SCHEMA :"q";`,
        );
        expect(sqlOf(found)).toEqual([
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (port '5432', fetch_size '100', use_remote_estimate 'false')",
            "INSERT INTO t (a) VALUES ('fdw_stub_a')",
            "UPDATE t SET a = 'fdw_stub_b'",
            "CREATE SCHEMA fdw_stub_s",
            'CREATE SCHEMA "fdw_stub_q"',
        ]);
    });

    test("one round tells all that is missing, the worst first, with one line of configuration for it", async () => {
        const found = await read(
            `\\if :prod\n\\endif\n\\if :{?extra}\n\\endif\nCREATE SCHEMA \${S};\nCREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host '\${H}', dbname '{{ d }}', port '\${P}');\nCREATE SERVER s2 FOREIGN DATA WRAPPER w OPTIONS (host '\${H}');\nCREATE USER MAPPING FOR u SERVER s OPTIONS (user :'u', password :'w');\n\\c :other\n`,
        );
        expect(found.findings.map(({ severity, code, line }) => `${line} ${severity} ${code}`)).toEqual([
            "9 error connect-unknown",
            "6 error host-unknown",
            "6 error database-unknown",
            "1 warning psql-condition",
            "8 warning placeholder-user",
            "3 note placeholder",
            "5 note placeholder",
            "6 note placeholder",
            "8 note placeholder-password",
        ]);
        expect(found.findings.flatMap(({ config }) => config ?? [])).toEqual([
            'fdw-stub:variables: { "other": "…", "H": "…", "d": "…", "prod": "…", "u": "…", "S": "…", "P": "…", "w": "…" }',
            'fdw-stub:variables: { "extra": "…" }',
        ]);
    });

    test("what \\set takes from a placeholder is known where it is used", async () => {
        const found = await read("\\set h ${HOST_NAME}\nCREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host :'h');");
        expect(sqlOf(found)).toEqual(["CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'fdw_stub_host_name')"]);
        expect(codes(found)).toEqual(["host-unknown"]);
    });

    test(":{?x} that a script sets elsewhere is no lack", async () => {
        const found = await read("\\if :{?x}\n\\else\n\\set x 1\n\\endif\nSELECT :x, :{?x};");
        expect(sqlOf(found)).toEqual(["SELECT 1, TRUE"]);
        expect(found.findings).toEqual([]);
    });

    test("two names never share what stands in", async () => {
        const found = await read("SELECT '${a-b}', '${A}', '{{ a }}', '${A.B}', '${a_b}';".replace("${a-b}", "${a.b}"));
        expect(new Set(sqlOf(found)[0]?.match(/fdw_stub_\w+/g)).size).toBe(5);
        expect(found.standIns.size).toBe(5);
        expect(findStandIn(found.standIns, "x-fdw_stub_a_2.y")?.name).toBe("a");
    });

    test("in a statement that cannot be read it is named there, and nowhere else", async () => {
        const found = await read("CREATE TABEL ${X} (a int);\nSELECT '${Y}';");
        expect(codes(found)).toEqual(["unparsed", "placeholder"]);
        expect(found.findings[0]?.message).toContain("It has placeholders without a value: X.");
        expect([...found.standIns.values()].map(({ name }) => name)).toEqual(["Y"]);
    });

    test("a branch that is not taken needs none", async () => {
        const found = await read("\\if 0\nSELECT '${X}', :'y';\n\\set z ${Z}\n\\endif\n");
        expect(found.findings).toEqual([]);
    });

    test("template logic is said once, and both sides are read", async () => {
        const found = await read("{% if prod %}\nSELECT 1;\n{% else %}\nSELECT 2;\n{% endif %}{# note #}");
        expect(sqlOf(found)).toEqual(["SELECT 1", "SELECT 2"]);
        expect(found.findings).toMatchObject([{ severity: "warning", code: "template-logic", line: 1 }]);
    });
});

describe("a variable that no file has", () => {
    const SQL = "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${DB_HOST}', dbname :'D');";

    test("is a warning that names the placeholders without a value", async () => {
        const found = await read(SQL, { variables: { DB_HOTS: "x", D: "d" } });
        expect(found.findings).toContainEqual({
            severity: "warning",
            code: "variable-unused",
            message:
                'No file that was read has the placeholder "DB_HOTS", for which `variables` gives a value. Placeholders without a value: DB_HOST. Check the spelling, or remove it.',
        });
    });

    test.each<[string, Record<string, string>]>([
        [SQL, { DB_HOST: "x", D: "d" }],
        ["\\if :{?X}\nSELECT 1;\n\\endif", { X: "1" }],
        ["\\set X 1\nSELECT 2;", { X: "2" }],
        ["\\i :F", { F: "schema.sql" }],
        ["SELECT '$x', @y@, 'a@@z@@b';", { x: "1", y: "2", z: "3" }],
        ["SELECT 1;", {}],
    ])("%j uses what it is given", async (sql, variables) => {
        expect(codes(await read(sql, { variables }))).not.toContain("variable-unused");
    });
});
