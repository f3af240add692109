/** Upstreams whose stub is made from their own DDL: one contract with everything in it, and what a schema meets there. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatInference, type Inference } from "../../../schema";
import { compact, Rehearsals, told } from "../support/rehearsals";

let rehearsals: Rehearsals;

beforeAll(async () => {
    rehearsals = await Rehearsals.start({}, { count: 2 });
});

afterAll(() => rehearsals.end());

const ORDERS: Record<string, string> = {
    "orders/001_types.sql": `CREATE ROLE owner_role; CREATE ROLE reader LOGIN; CREATE ROLE readers; GRANT readers TO reader;
CREATE SCHEMA app AUTHORIZATION owner_role;
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE TYPE app.status AS ENUM ('new', 'paid');
CREATE DOMAIN app.cents AS bigint CHECK (VALUE >= 0);
CREATE TYPE app.pair AS (a int, b text);
CREATE COLLATION app.german (provider = icu, locale = 'de');
CREATE FUNCTION app.total(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
`,
    "orders/002_tables.sql": `CREATE TABLE app.customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mail ext.citext NOT NULL UNIQUE,
    name text COLLATE app.german,
    "Odd Name" numeric(12,2)
);
CREATE TABLE app.orders (
    id bigint NOT NULL, customer_id bigint REFERENCES app.customer, status app.status DEFAULT 'new', price app.cents,
    twice bigint GENERATED ALWAYS AS (id * 2) STORED, at timestamptz(3) NOT NULL, pair app.pair, secret text,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE app.orders_2026 PARTITION OF app.orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO app.customer (mail, name) VALUES ('a@b', 'a');
CREATE VIEW app.paid AS SELECT id, app.total(price) AS total FROM app.orders WHERE status = 'paid';
CREATE MATERIALIZED VIEW app.daily WITH (fillfactor = 70) AS SELECT date_trunc('day', at) AS day, count(*) AS orders FROM app.orders GROUP BY 1;
CREATE UNIQUE INDEX ON app.daily (day);
ALTER TABLE app.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.customer FOR SELECT TO readers USING (id > 0);
CREATE POLICY nobody ON app.customer FOR SELECT TO owner_role USING (id < 0);
ALTER TABLE app.orders OWNER TO owner_role;
CREATE PUBLICATION changes FOR TABLE app.customer;
ALTER DATABASE orders SET statement_timeout = '5s';
`,
    "orders/003_rights.sql": `GRANT USAGE ON SCHEMA app TO readers;
GRANT SELECT ON app.customer, app.daily, app.paid, app.legacy TO readers;
GRANT SELECT (id, status, price, at) ON app.orders TO readers;
GRANT SELECT ON app.customer TO auditors;
ALTER TABLE app.customer ALTER COLUMN "Odd Name" TYPE numeric(14,4);
ALTER TABLE app.customer RENAME COLUMN name TO full_name;
`,
    "orders/002b_upstream.sql": `CREATE EXTENSION postgres_fdw;
CREATE SERVER crm FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'crm', dbname 'crm');
CREATE USER MAPPING FOR CURRENT_USER SERVER crm OPTIONS (user 'x', password 'y');
CREATE FOREIGN TABLE app.legacy (id int OPTIONS (column_name 'ident'), note text NOT NULL) SERVER crm OPTIONS (schema_name 'old', table_name 'legacy');
CREATE MATERIALIZED VIEW app.copied AS SELECT * FROM app.legacy;
`,
};

const SCHEMA = `CREATE EXTENSION postgres_fdw; CREATE EXTENSION citext;
CREATE SERVER orders FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'orders.internal', dbname 'orders');
CREATE USER MAPPING FOR CURRENT_USER SERVER orders OPTIONS (user 'reader', password 'geheim');
CREATE SCHEMA app;
CREATE TYPE app.status AS ENUM ('new', 'paid');
CREATE DOMAIN app.cents AS bigint;
CREATE SCHEMA ext; ALTER EXTENSION citext SET SCHEMA ext;
CREATE TYPE app.pair AS (a int, b text);
CREATE COLLATION app.german (provider = icu, locale = 'de');
IMPORT FOREIGN SCHEMA app FROM SERVER orders INTO app;
CREATE MATERIALIZED VIEW good AS SELECT c.mail, c.full_name, d.day, d.orders FROM app.customer c, app.daily d;
CREATE MATERIALIZED VIEW chained AS SELECT * FROM app.legacy;
CREATE MATERIALIZED VIEW allowed AS SELECT id, status FROM app.orders;
CREATE MATERIALIZED VIEW denied AS SELECT secret FROM app.orders;
CREATE FOREIGN TABLE nowhere (id int) SERVER orders OPTIONS (schema_name 'app', table_name 'gone');
CREATE MATERIALIZED VIEW missing AS SELECT * FROM nowhere;
CREATE FOREIGN TABLE fewer (id int, gone text) SERVER orders OPTIONS (schema_name 'app', table_name 'customer');
CREATE MATERIALIZED VIEW column_missing AS SELECT * FROM fewer;
IMPORT FOREIGN SCHEMA other FROM SERVER orders INTO app;
CREATE EXTENSION dblink;
CREATE VIEW linked AS SELECT * FROM dblink('host=orders.internal dbname=orders user=reader password=geheim', 'SELECT day, gone FROM app.daily ORDER BY gone') AS t (day timestamptz);
`;

const FINDING = { grade: "fails", object: "public.good", code: "x", message: "said" } as const;

describe("a contract with everything in it", () => {
    let found: Inference;
    let seen: unknown;

    beforeAll(async () => {
        found = await rehearsals.infer(
            { ...ORDERS, "schema.sql": SCHEMA },
            {
                schema: ["schema.sql"],
                configuration: { upstreams: [{ database: "orders", contract: ["orders"] }] },
                inspect: async (inspection) => {
                    const [orders] = inspection.contracts;
                    seen = {
                        dev: await inspection.dev.query("SELECT count(*) FROM good"),
                        upstream: orders?.upstream,
                        contract: orders?.contract,
                        stub: orders?.database,
                        servers: orders?.servers,
                        mappings: orders?.mappings,
                        users: orders?.users,
                        rows: await orders?.query("SELECT count(*) FROM app.customer"),
                        kinds: await orders?.query(
                            "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1",
                        ),
                        policies: await orders?.query("SELECT polname, polroles::regrole[]::text FROM pg_policy"),
                        places: [
                            inspection.place("app", "customer"),
                            inspection.place("public", "fewer", "gone"),
                            orders?.place("app", "customer"),
                            orders?.place("app", "customer", "Odd Name"),
                            orders?.place("app", "customer", "full_name"),
                            orders?.place("app", "gone"),
                        ],
                    };
                    return { findings: [FINDING], tables: ["public.good"] };
                },
            },
        );
    }, 300_000);

    test("fails where the upstream would, and nowhere else", () => {
        expect(told(found, "error", "warning").map((line) => line.replace(/ The statement: .*$/, ""))).toEqual(
            [
                "14: PostgreSQL refuses this statement: permission denied for table orders",
                '16: PostgreSQL refuses this statement: relation "app.gone" does not exist',
                '18: PostgreSQL refuses this statement: column "gone" does not exist',
                '19: PostgreSQL refuses this statement: schema "other" is not present on foreign server "orders"',
            ].map((line) => `warning statement-failed ${line}. The stub of orders is its contract, orders.`),
        );
    });

    test("is shown with its own types, and nothing is guessed", () => {
        expect(compact(found)).toEqual([
            "orders.internal:5432/orders reader:geheim +citext +postgres_fdw",
            "  app.copied(id integer, note text)",
            "  app.customer(id bigint GENERATED ALWAYS AS IDENTITY, mail ext.citext, full_name text, Odd Name numeric(14,4))",
            "  app.daily(day timestamptz, orders bigint)",
            "  app.legacy(id integer, note text)",
            "  app.orders(id bigint, customer_id bigint, status app.status, price app.cents, twice bigint, at timestamptz(3), pair app.pair, secret text)",
            "  app.orders_2026(id bigint, customer_id bigint, status app.status, price app.cents, twice bigint, at timestamptz(3), pair app.pair, secret text)",
            "  app.paid(id bigint, total bigint)",
        ]);
        expect(told(found, "note")).toEqual([
            "note contract-left-out -: The stub of orders leaves out of its contract: owners owner_role; rows of app.customer; publications changes; foreign servers crm; settings of orders; the options of the foreign tables (they are tables here) app.legacy; the rows and indexes of the materialized views (they are views here) app.copied, app.daily.",
        ]);
        expect(found.contracts).toMatchObject([
            { host: "orders.internal", port: 5432, database: "orders", paths: ["orders"], tables: 7 },
        ]);
        expect(found.contracts[0]?.files).toEqual(Object.keys(ORDERS).sort());
        const yaml = formatInference(found, "yaml");
        expect(yaml).toContain("contract:\n");
        expect(yaml).not.toContain("ddl:");
    });

    test("gives logins what it gives them, and nothing else", () => {
        const ddl = found.upstreams[0]?.ddl.map(({ sql }) => sql) ?? [];
        expect(ddl.filter((sql) => /^(?:GRANT|REVOKE|CREATE POLICY)/.test(sql))).toEqual([
            'CREATE POLICY own ON app.customer FOR SELECT TO "reader" USING ((id > 0));',
            'GRANT USAGE ON SCHEMA app, public TO "reader";',
            'GRANT SELECT ON TABLE app.customer, app.daily, app.legacy, app.paid TO "reader";',
            'GRANT SELECT (id, status, price, at) ON TABLE app.orders TO "reader";',
        ]);
        expect(ddl.filter((sql) => /OWNER|PUBLICATION|SERVER/.test(sql))).toEqual([]);
    });

    test("can be looked at beside the dev database, and what is found there is kept", () => {
        expect(seen).toEqual({
            dev: [["0"]],
            upstream: { host: "orders.internal", port: 5432, database: "orders" },
            contract: ["orders"],
            stub: "orders",
            servers: [{ name: "orders", place: { file: "schema.sql", line: 2 } }],
            mappings: [{ server: "orders", role: "postgres", user: "reader", place: { file: "schema.sql", line: 3 } }],
            users: [{ name: "reader", granted: true }],
            rows: [["0"]],
            kinds: ["copied v", "customer r", "daily v", "legacy r", "orders p", "orders_2026 r", "paid v"].map(
                (each) => each.split(" "),
            ),
            policies: [["own", "{reader}"]],
            places: [
                { file: "schema.sql", line: 10 },
                { file: "schema.sql", line: 17 },
                { file: "orders/002_tables.sql", line: 1 },
                { file: "orders/003_rights.sql", line: 5 },
                { file: "orders/002_tables.sql", line: 1 },
                undefined,
            ],
        });
        expect(found.contractFindings).toEqual([FINDING]);
        expect(found.compared).toEqual(["public.good"]);
    });
});

/** What a dump of a managed server looks like. */
const DUMP = `\\restrict abc
SET transaction_timeout_of_a_newer_server = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER;
CREATE EXTENSION IF NOT EXISTS vendor_agent WITH SCHEMA public;
COMMENT ON EXTENSION vendor_agent IS 'of the vendor';
CREATE TABLESPACE fast LOCATION '/nowhere';
SET default_tablespace = fast;
ALTER DEFAULT PRIVILEGES FOR ROLE deployer GRANT SELECT ON TABLES TO reader;
CREATE TABLE public.a (id integer);
ALTER TABLE public.a OWNER TO deployer;
COPY public.a (id) FROM stdin;
1
\\.
CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION public.f() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.f() TO writer;
CREATE ROLE locked;
REVOKE CONNECT ON DATABASE d FROM PUBLIC;
GRANT CONNECT ON DATABASE d TO reader, writer;
`;

describe("a contract without a schema", () => {
    test("runs as it does where it came from, and says whose privileges are not known", {
        timeout: 300_000,
    }, async () => {
        const found = await rehearsals.infer(
            {
                "dump.sql": DUMP,
                // Of a whole cluster, whose database has another name.
                "whole.sql": "CREATE ROLE app;\nCREATE DATABASE e_prod;\n\\connect e_prod\nCREATE TABLE t (id uuid);\n",
            },
            {
                schema: [],
                configuration: {
                    schema: [],
                    upstreams: [
                        {
                            database: "d",
                            contract: "dump.sql",
                            users: ["reader", "writer", "locked", "stranger"].map((name) => ({ name })),
                        },
                        // The same again, as a second line.
                        { database: "d", users: [{ name: "late", created: true }] },
                        { database: "e", contract: ["whole.sql"] },
                    ],
                },
            },
        );
        expect(compact(found)).toEqual(["localhost:5432/d reader writer locked stranger late", "localhost:5432/e"]);
        expect(found.contracts.map(({ database, tables }) => `${database} ${tables}`)).toEqual(["d 1", "e 1"]);
        expect(found.upstreams[1]?.ddl.map(({ sql }) => sql)).toEqual(["CREATE TABLE public.t (\n    id uuid\n);"]);
        expect(found.upstreams[0]?.users.filter(({ granted }) => granted).map(({ name }) => name)).toEqual([
            "reader",
            "writer",
            "locked",
        ]);
        expect(found.upstreams[0]?.ddl.map(({ sql }) => sql).filter((sql) => !sql.startsWith("CREATE"))).toEqual([
            "REVOKE EXECUTE ON ROUTINE public.f() FROM PUBLIC;",
            'GRANT USAGE ON SCHEMA public TO "reader";',
            'GRANT SELECT ON TABLE public.a TO "reader";',
            'GRANT EXECUTE ON ROUTINE public.f() TO "writer";',
            'GRANT USAGE ON SCHEMA public TO "writer";',
            'GRANT USAGE ON SCHEMA public TO "locked";',
        ]);
        expect(told(found)).toEqual([
            "warning contract-extension 6: The image lacks the extension vendor_agent, which the contract of d creates; the stub is without it. Name an image that has it with the key `image`.",
            "note contract-left-out -: The stub of d leaves out of its contract: owners deployer; rows of public.a.",
            "note contract-role -: The contract of d does not mention the role stranger, so that it may use everything in the stub.",
            "note contract-role -: The schema makes the role late itself, so that its privileges at d are not put to the test.",
        ]);
    });
});

describe("a contract that does not run", () => {
    test.concurrent.for<[string, Record<string, string>, RegExp]>([
        [
            "is an error with every place and PostgreSQL's own words",
            {
                "c/1.sql": "CREATE TABLE a (id int);\n",
                "c/2.sql": "\nCREATE TABLE b (\n  x nowhere);\nDROP TABLE z;\n",
            },
            /^The contract of the upstream database d \(c\) cannot be used: 2 problems\n {2}- c\/2\.sql:3: PostgreSQL refuses this statement: type "nowhere" does not exist\..*\n {2}- c\/2\.sql:4: .*table "z" does not exist/,
        ],
        [
            "text that is no SQL",
            { "c/1.sql": "CREATE TABLE a (id int);\nCREATE TABEL b (id int);\n" },
            /\(c\) cannot be used: c\/1\.sql:2: .*syntax error/,
        ],
        ["a folder without SQL", { "c/readme.md": "x" }, /cannot be used: c: The folder "c" holds no SQL file/],
        [
            "a host that a variable lacks, with the line that gives it",
            {
                "c/1.sql":
                    "CREATE EXTENSION postgres_fdw;\nCREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$" +
                    "{HOST}');\n",
            },
            /c\/1\.sql:2: The host of server s is the placeholder HOST.* In the configuration: fdw-stub:variables: \{ "HOST"/,
        ],
    ])("%s", { timeout: 300_000 }, async ([, files, error], { expect }) => {
        const configuration = { upstreams: [{ database: "d", contract: "c" }] };
        await expect(
            rehearsals.infer({ ...files, "schema.sql": "SELECT 1;" }, { schema: ["schema.sql"], configuration }),
        ).rejects.toThrow(error);
    });
});

describe("where an upstream is that is declared by its database", () => {
    const server = (name: string, host: string) =>
        `CREATE SERVER ${name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${host}', dbname 'd');
CREATE USER MAPPING FOR CURRENT_USER SERVER ${name} OPTIONS (user 'u', password 'p');
CREATE FOREIGN TABLE ${name}_t (id int) SERVER ${name} OPTIONS (table_name 't');\n`;
    const contract = { "c.sql": "CREATE TABLE t (id int, n date);" };
    const configuration = {
        upstreams: [
            { database: "d", contract: "c.sql" },
            { database: "e", contract: "c.sql" },
        ],
    };
    const infer = (sql: string) =>
        rehearsals.infer(
            { ...contract, "schema.sql": `CREATE EXTENSION postgres_fdw;\n${sql}` },
            { schema: ["schema.sql"], configuration },
        );

    test("it is the server itself, where the schema asks for it there too", { timeout: 300_000 }, async () => {
        const found = await infer(server("own", "localhost") + server("other", "far"));
        expect(compact(found)).toEqual([
            "localhost:5432/d u:p",
            "  public.t(id integer, n date)",
            "localhost:5432/e",
            "far:5432/d u:p",
            "  public.t(id integer)",
        ]);
        expect(told(found, "warning")).toEqual([
            "warning contract-unused -: Nothing in the schema leads to the upstream localhost:5432/e, which has a contract; it asks for far:5432/d, localhost:5432/d. Check the database's name, or give the host.",
        ]);
    });

    test("of several others none is chosen", { timeout: 300_000 }, async () => {
        await expect(infer(server("near", "near") + server("other", "far"))).rejects.toThrow(
            'The configuration cannot be used: upstreams[0]: the schema asks for the database "d" at far:5432 (server other, schema.sql:5) and near:5432 (server near, schema.sql:2). Give the host that is meant',
        );
    });
});
