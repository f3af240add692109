/** The usage analysis with a server's own catalogs: every case of the plain data, and what only a server can show. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadParser } from "../../../upstreams/parser";
import { BODIES, CONNECTIONS, IMPORTS, QUERIES, UNCLEAR, USES } from "../../unit/schema/usage/cases";
import { usedTables } from "../../unit/schema/usage/used";
import { imageHere } from "../inference-server";
import { type PlainServer, startPlainServer } from "./server";
import { UsageSession } from "./session";

const SERVER =
    "CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', dbname 'd'); CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u', password 'p');";

let server: PlainServer | undefined;

beforeAll(async () => {
    await loadParser();
    const image = await imageHere();
    server = image === undefined ? undefined : await startPlainServer(image);
});

afterAll(async () => {
    await server?.stop();
});

async function tables(sql: string): Promise<string[]> {
    return usedTables((await run(sql)).usage.settle());
}

async function run(sql: string): Promise<UsageSession> {
    if (server === undefined) {
        throw new Error("no server");
    }
    const session = new UsageSession(server.client);
    await session.run({ "schema.sql": SERVER + sql });
    return session;
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
    const { findings } = (await run(sql)).usage.settle();
    expect(findings.filter(({ code }) => code === "dblink-unknown").map((finding) => finding.message)).toEqual([
        message,
    ]);
});
