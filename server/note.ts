/**
 * A note of ours at a server: the comment of the maintenance database. It goes with the server, and changes while the
 * container stays, as labels cannot.
 */

import { quoteIdent, quoteLiteral } from "../upstreams/quote";
import { MAINTENANCE_DATABASE } from "../upstreams/stubs";
import { ANY_DATABASE, type ServerAddress } from "./completeness";
import { column, withClient } from "./connect";

/** @returns the note as it was written; undefined where there is none, or it cannot be read. */
export async function readNote(server: ServerAddress): Promise<unknown> {
    const sql = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
    try {
        const [text] = await withClient({ ...server, database: ANY_DATABASE }, (client) =>
            column(client, sql, [MAINTENANCE_DATABASE]),
        );
        return JSON.parse(text ?? "") ?? undefined;
    } catch {
        return undefined;
    }
}

/** @param note Anything that JSON can hold, without secrets: everybody at the server can read it. */
export async function writeNote(server: ServerAddress, note: unknown): Promise<void> {
    const comment = quoteLiteral(JSON.stringify(note));
    await withClient({ ...server, database: ANY_DATABASE }, (client) =>
        client.query(`COMMENT ON DATABASE ${quoteIdent(MAINTENANCE_DATABASE)} IS ${comment}`),
    );
}
