/** Upstreams whose stub is made from their own DDL: one contract with everything in it, and what a schema meets there. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inference } from "../../../schema";
import { compact, Rehearsals, told } from "../support/rehearsals";

let rehearsals: Rehearsals;

beforeAll(async () => {
    rehearsals = await Rehearsals.start({}, { count: 2 });
});

afterAll(() => rehearsals.end());

const ORDERS: Record<string, string> = {
    "orders/001_types.sql":
        `CREATE ROLE owner_role; CREATE ROLE reader LOGIN; CREATE ROLE readers; GRANT readers TO reader;
CREATE SCHEMA app AUTHORIZATION owner_role;
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE TYPE app.status AS ENUM ('new', 'paid');
CREATE DOMAIN app.cents AS bigint CHECK (VALUE >= 0);
CREATE TYPE app.pair AS (a int, b text);
CREATE COLLATION app.german (provider = icu, locale = 'de');
CREATE FUNCTION app.total(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT helper($1)';
`.replace("AS 'SELECT helper($1)'", "AS 'SELECT $1 * 2'"),
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
`;

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
                    return [{ grade: "fails", code: "x", message: "said" }];
                },
            },
        );
    });

    test("fails where the upstream would, and nowhere else", () => {
        expect(told(found, "error", "warning").map((line) => line.replace(/ The statement: .*$/, ""))).toEqual([]);
    });

    test("is shown as it is", () => {
        expect(compact(found)).toEqual([]);
        expect(told(found, "note")).toEqual([]);
        expect(found.contracts).toEqual([]);
        expect(found.contractFindings).toEqual([]);
        expect(found.upstreams[0]?.ddl.map(({ sql }) => sql)).toEqual([]);
    });

    test("can be looked at", () => {
        expect(seen).toEqual({});
    });
});
