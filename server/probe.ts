import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import { quoteIdent, quoteLiteral } from "../upstreams/quote";
import { ANY_DATABASE, type Expected, type ServerAddress } from "./completeness";
import { withClient } from "./connect";

/** A foreign server, asked from inside the cluster. */
export interface ProbeResult {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    /** Tables that the upstream answered with. */
    readonly tables?: number;
    /** Why it did not answer. */
    readonly error?: string;
}

/** Seconds that an upstream in the same container may take to let us in. */
const CONNECT_TIMEOUT = 5;

async function ask(
    client: Client,
    { host, port, database }: Expected["servers"][number],
    user: string,
): Promise<ProbeResult> {
    const address = { host, port, database };
    try {
        await client.query("BEGIN");
        await client.query(
            `CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ${quoteLiteral(host)}, port ${quoteLiteral(String(port))}, dbname ${quoteLiteral(database)}, connect_timeout '${CONNECT_TIMEOUT}')`,
        );
        await client.query(`CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user ${quoteLiteral(user)})`);
        await client.query(
            "CREATE FOREIGN TABLE tables (schemaname name, tablename name) SERVER upstream OPTIONS (schema_name 'pg_catalog', table_name 'pg_tables')",
        );
        const { rows } = await client.query<{ count: string }>(
            "SELECT count(*) FROM tables WHERE schemaname <> 'information_schema' AND schemaname !~ '^pg_'",
        );
        return { ...address, tables: Number(rows[0]?.count) };
    } catch (error) {
        return { ...address, error: error instanceof Error ? error.message : String(error) };
    } finally {
        await client.query("ROLLBACK");
    }
}

/**
 * Asks every upstream through a real foreign server, in a database of its own that is dropped afterwards: the dev
 * database must stay empty.
 */
export async function probeUpstreams(server: ServerAddress, expected: Expected): Promise<ProbeResult[]> {
    const scratch = `fdw_stub_probe_${randomBytes(6).toString("hex")}`;
    return withClient({ ...server, database: ANY_DATABASE }, async (admin) => {
        await admin.query(`CREATE DATABASE ${quoteIdent(scratch)} TEMPLATE template0`);
        try {
            return await withClient({ ...server, database: scratch }, async (client) => {
                await client.query("CREATE EXTENSION postgres_fdw");
                const results: ProbeResult[] = [];
                for (const one of expected.servers) {
                    results.push(await ask(client, one, server.user));
                }
                return results;
            });
        } finally {
            await admin.query(`DROP DATABASE IF EXISTS ${quoteIdent(scratch)} WITH (FORCE)`);
        }
    });
}
