import { Client } from "pg";
import type { DatabaseAddress } from "../upstreams/url";

/** Bound on reaching a server that runs on this machine. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Bound on one statement of ours: all of them are small. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** Runs `work` with a connection that is closed afterwards, whatever happens. */
export async function withClient<T>(address: DatabaseAddress, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({
        ...address,
        ssl: false,
        application_name: "fdw-stub",
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        statement_timeout: STATEMENT_TIMEOUT_MS,
    });
    // A server that goes away between two statements raises an event; unheard, it would end the process. The
    // statement that runs then fails by itself.
    client.on("error", () => undefined);
    try {
        await client.connect();
        return await work(client);
    } finally {
        await client.end().catch(() => undefined);
    }
}

/** Text columns of a query's rows. */
export async function column(client: Client, sql: string, values: readonly unknown[] = []): Promise<string[]> {
    const result = await client.query<[string]>({ text: sql, values: [...values], rowMode: "array" });
    return result.rows.map(([text]) => text);
}
