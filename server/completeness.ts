import type { AnsweredServer } from "../upstreams/stubs";
import type { DatabaseAddress } from "../upstreams/url";
import { column, withClient } from "./connect";

/** An extension in a database. */
export interface ExpectedExtension {
    readonly database: string;
    readonly name: string;
    readonly version?: string;
}

/** What a server must hold to be whole. Plain data, without secrets: it stands in a label of the container. */
export interface Expected {
    /** Foreign servers that it answers for. */
    readonly servers: readonly AnsweredServer[];
    /** Extensions that are the stubs, of whatever version: a changed one is made anew where its server stays. */
    readonly stubs: readonly ExpectedExtension[];
    /** The extension that hands out fresh databases, in its own database; created last of all. */
    readonly maintenance?: ExpectedExtension & { readonly version: string };
    readonly roles: readonly string[];
    /** Empty, for Atlas. */
    readonly devDatabase: string;
}

/** Where the server is; the database is chosen by whoever asks. */
export type ServerAddress = Omit<DatabaseAddress, "database">;

/** The database that every cluster has. */
export const ANY_DATABASE = "postgres";

/** The versions of extensions, each in its database; undefined where the extension is not there. */
async function versionsOf(
    server: ServerAddress,
    extensions: readonly ExpectedExtension[],
): Promise<Array<PromiseSettledResult<string | undefined>>> {
    return Promise.allSettled(
        extensions.map(({ database, name }) =>
            withClient({ ...server, database }, async (client) => {
                const sql = "SELECT extversion FROM pg_extension WHERE extname = $1";
                return (await column(client, sql, [name]))[0];
            }),
        ),
    );
}

/** The databases whose extension a server holds in another version than the wanted one, or not at all. */
export async function outdatedIn(server: ServerAddress, extensions: readonly ExpectedExtension[]): Promise<string[]> {
    const found = await versionsOf(server, extensions);
    return extensions.flatMap(({ database, version }, i) => {
        const one = found[i];
        return one?.status === "fulfilled" && one.value === version ? [] : [database];
    });
}

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
        versionsOf(server, extensions),
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
    return extensions.flatMap(({ database, name, version }, i) => {
        const found = versions[i];
        if (found?.status === "rejected") {
            throw found.reason;
        }
        const isThere = found?.value !== undefined && (version ?? found.value) === found.value;
        return isThere ? [] : [`the extension ${name} in the database ${JSON.stringify(database)}`];
    });
}
