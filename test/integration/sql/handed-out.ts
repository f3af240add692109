/** What tests do with databases that were handed out, and what must be true of them. */
import type { Client } from "pg";
import { expect } from "vitest";
import { dropDatabase, freshDatabase } from "../../../sql/fresh";
import type { TestServer } from "./server";

export const POLL = { timeout: 60_000, interval: 100 };

/** What Atlas demands of a dev database, and a bit more. */
export const LEFT_OVER = `
    SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    UNION ALL SELECT relname FROM pg_class WHERE oid >= 16384 AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL SELECT srvname FROM pg_foreign_server`;

/** Hands out a database, works in it in a session that ends, and returns its name. */
export async function command(server: TestServer, sql: string): Promise<string> {
    const client = await server.connect();
    const name = await freshDatabase(client);
    await client.end();
    await server.query(name, sql);
    return name;
}

/** Databases named like ours without a record, and records without a database. */
export async function inconsistencies(admin: Client): Promise<unknown[]> {
    const { rows } = await admin.query(`
        SELECT p.datname, d.name, d.state FROM fdw_stub.database AS d
        FULL JOIN (SELECT datname FROM pg_database WHERE datname ~ '^fdw_stub_[0-9a-f]{12}$') AS p ON p.datname = d.name
        WHERE p.datname IS NULL OR d.name IS NULL OR d.state IN ('creating', 'dropping')`);
    return rows;
}

export async function dropAllHandedOut(admin: Client): Promise<void> {
    const { rows } = await admin.query<{ name: string }>("SELECT name FROM fdw_stub.database WHERE state = 'out'");
    for (const { name } of rows) {
        await dropDatabase(admin, name);
    }
    await expect.poll(() => inconsistencies(admin), POLL).toEqual([]);
}

/** Lines of the server's log that no test may leave. */
export async function fatalLines(server: TestServer): Promise<string[]> {
    return (await server.log()).split("\n").filter((line) => /PANIC|deadlock detected/.test(line));
}
