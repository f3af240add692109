import type { AnsweredServer } from "../upstreams/stubs";
import type { DatabaseAddress } from "../upstreams/url";
import { column, withClient } from "./connect";

/** What a server must hold to be whole. Plain data, without secrets: it stands in a label of the container. */
export interface Expected {
    /** Foreign servers that it answers for. */
    readonly servers: readonly AnsweredServer[];
    readonly stubs: ReadonlyArray<{ readonly database: string; readonly name: string; readonly version: string }>;
    /** The extension that hands out fresh databases, in its own database; created last of all. */
    readonly maintenance?: { readonly database: string; readonly name: string; readonly version: string };
    readonly roles: readonly string[];
    /** Empty, for Atlas. */
    readonly devDatabase: string;
}

/** Where the server is; the database is chosen by whoever asks. */
export type ServerAddress = Omit<DatabaseAddress, "database">;

/** The database that every cluster has. */
export const ANY_DATABASE = "postgres";

/**
 * Asks a server what it lacks, in words for people. An empty list means that it is whole.
 *
 * @throws when the server does not answer.
 */
export async function missingFrom(server: ServerAddress, expected: Expected): Promise<string[]> {
    const extensions = [...expected.stubs, ...(expected.maintenance === undefined ? [] : [expected.maintenance])];
    // All at once: each connection takes some time of its own. A database that is not there is no failure.
    const [{ databases, roles }, versions] = await Promise.all([
        withClient({ ...server, database: ANY_DATABASE }, async (client) => ({
            databases: new Set(await column(client, "SELECT datname::text FROM pg_database WHERE datallowconn")),
            roles: new Set(await column(client, "SELECT rolname::text FROM pg_roles")),
        })),
        Promise.allSettled(
            extensions.map(({ database, name }) =>
                withClient({ ...server, database }, (client) =>
                    column(client, "SELECT extversion FROM pg_extension WHERE extname = $1", [name]),
                ),
            ),
        ),
    ]);
    const missing = [
        ...expected.roles.filter((role) => !roles.has(role)).map((role) => `the role ${JSON.stringify(role)}`),
        ...[...extensions.map((one) => one.database), expected.devDatabase]
            .filter((name) => !databases.has(name))
            .map((name) => `the database ${JSON.stringify(name)}`),
    ];
    if (missing.length > 0) {
        return missing;
    }
    return extensions.flatMap((stub, i) => {
        const found = versions[i];
        if (found?.status === "rejected") {
            throw found.reason;
        }
        return found?.value.includes(stub.version)
            ? []
            : [`the extension ${stub.name} in the database ${JSON.stringify(stub.database)}`];
    });
}
