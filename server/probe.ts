import { randomBytes } from "node:crypto";
import { type Client, DatabaseError } from "pg";
import { connectionNeeds, isOn } from "../upstreams/connection";
import { mustBeAsked, takesScram } from "../upstreams/hba";
import type { Connection } from "../upstreams/model";
import { quoteIdent, quoteLiteral } from "../upstreams/quote";
import { scramSecret } from "../upstreams/scram";
import type { AnsweredServer } from "../upstreams/stubs";
import { ANY_DATABASE, type Expected, type ServerAddress } from "./completeness";
import { withClient } from "./connect";

/** A foreign server, asked from inside the cluster in one of the ways in which the schema does. */
export interface ProbeResult {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    /** The options that the schema connects with; none are libpq's defaults. */
    readonly connection: Connection;
    /** Tables that the upstream answered with. */
    readonly tables?: number;
    /** Why it did not answer, in PostgreSQL's words and, where they need it, in ours. */
    readonly error?: string;
    /** It cannot be answered, which was said when the stack was made. */
    readonly known?: boolean;
}

/** Seconds that an upstream in the same container may take to let us in. */
const CONNECT_TIMEOUT = 5;

/** Options of CREATE SERVER: exactly the schema's, which `postgres_fdw` takes under these names. */
export function probeOptions(server: AnsweredServer, connection: Connection): Record<string, string> {
    // A user has a mapping of its own, subscriptions are no foreign servers, and an old name is libpq's alone.
    const { user, replication, requiressl, ...options } = connection;
    return {
        host: server.host,
        ...(server.hostaddr === undefined ? {} : { hostaddr: server.hostaddr }),
        port: String(server.port),
        dbname: server.database,
        ...(requiressl === "1" ? { sslmode: "require" } : {}),
        connect_timeout: String(CONNECT_TIMEOUT),
        ...options,
    };
}

/** What a refusal means for whoever wrote the schema, where PostgreSQL's own words do not tell. */
const MEANINGS: ReadonlyArray<readonly [RegExp, string]> = [
    [
        /could not translate host name|Name or service not known/,
        "the stack has no such host: the schema and the stack's declaration differ",
    ],
    [
        /Connection refused|No such file or directory/,
        "nothing listens at this address, port or socket in the container",
    ],
    [/server does not support SSL/, "the image has no openssl, or fdw-stub:settings turns ssl off"],
    [
        /certificate verify failed|root certificate file .* does not exist/,
        "the stack's CA is not at the path that sslrootcert names: declare the connection with that path",
    ],
    [/does not match host name/, "the host is not in the stack's certificate: declare it as an upstream's host"],
    [
        /requires a valid client certificate/,
        "everybody who is declared for this database shows a client certificate, and this connection names none",
    ],
    [
        /no password supplied|authentication method requirement|channel binding required/,
        "connections to one database demand different kinds of authentication",
    ],
    [/database ".*" does not exist/, "the stub's database was dropped by hand"],
];

/** PostgreSQL's words, and what cannot be answered or what they mean. */
export function explainRefusal(
    error: unknown,
    options: Readonly<Record<string, string>>,
): { error: string; known: boolean } {
    const message = error instanceof Error ? error.message : String(error);
    const detail = error instanceof DatabaseError ? error.detail : undefined;
    // libpq says what it tried on lines of their own.
    const said = (detail === undefined ? message : `${message}: ${detail}`).replaceAll(/\s*\n\s*/g, " ");
    const { findings } = connectionNeeds(options, {}, "It");
    const warnings = findings.filter(({ severity }) => severity === "warning").map(({ message: text }) => text);
    const known = warnings.length > 0;
    const why = known ? warnings.join(" ") : MEANINGS.find(([pattern]) => pattern.test(said))?.[1];
    const explained = why === undefined ? "" : `. ${why.slice(0, 1).toUpperCase()}${why.slice(1)}`;
    return { error: `${explained === "" ? said : said.replace(/\.$/, "")}${explained}`, known };
}

/** Who asks. */
type Login = Pick<ServerAddress, "user" | "password">;

async function ask(
    client: Client,
    server: AnsweredServer,
    connection: Connection,
    { user, password }: Login,
): Promise<ProbeResult> {
    const { host, port, database } = server;
    const result = { host, port, database, connection };
    const options = probeOptions(server, connection);
    const listed = Object.entries(options).map(([name, value]) => `${quoteIdent(name)} ${quoteLiteral(value)}`);
    try {
        await client.query("BEGIN");
        await client.query(`CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (${listed.join(", ")})`);
        await client.query(
            `CREATE USER MAPPING FOR CURRENT_USER SERVER upstream OPTIONS (user ${quoteLiteral(user)}, password ${quoteLiteral(password)})`,
        );
        await client.query(
            "CREATE FOREIGN TABLE tables (schemaname name, tablename name) SERVER upstream OPTIONS (schema_name 'pg_catalog', table_name 'pg_tables')",
        );
        const { rows } = await client.query<{ count: string }>(
            "SELECT count(*) FROM tables WHERE schemaname <> 'information_schema' AND schemaname !~ '^pg_'",
        );
        return { ...result, tables: Number(rows[0]?.count) };
    } catch (error) {
        return { ...result, ...explainRefusal(error, options) };
    } finally {
        await client.query("ROLLBACK");
    }
}

/** Whether a way needs somebody who is asked; a secret that passes through is the session's own, so the superuser's. */
function isAsked(way: Connection): boolean {
    return mustBeAsked(way) && takesScram(way) && !isOn(way.use_scram_passthrough);
}

/** Each way in which a server is asked, once; who asks does not matter here. */
function waysOf({ connections }: AnsweredServer): Connection[] {
    const ways = connections.map(({ user, ...connection }): Connection => connection);
    const distinct = ways.filter(
        (one, i) => ways.findIndex((two) => JSON.stringify(two) === JSON.stringify(one)) === i,
    );
    return distinct.length === 0 ? [{}] : distinct;
}

/**
 * Asks every upstream through a real foreign server with the schema's own options, in a database of its own that is
 * dropped afterwards: the dev database must stay empty.
 */
export async function probeUpstreams(server: ServerAddress, expected: Expected): Promise<ProbeResult[]> {
    const scratch = `fdw_stub_probe_${randomBytes(6).toString("hex")}`;
    // The superuser is mostly trusted, which is no good where a connection demands to be asked.
    const asked: Login = { user: scratch, password: randomBytes(16).toString("hex") };
    return withClient({ ...server, database: ANY_DATABASE }, async (admin) => {
        await admin.query(`CREATE DATABASE ${quoteIdent(scratch)} TEMPLATE template0`);
        try {
            await admin.query(
                `CREATE ROLE ${quoteIdent(asked.user)} LOGIN PASSWORD ${quoteLiteral(scramSecret(asked.user, asked.password))}`,
            );
            return await withClient({ ...server, database: scratch }, async (client) => {
                await client.query("CREATE EXTENSION postgres_fdw");
                const results: ProbeResult[] = [];
                for (const one of expected.servers) {
                    for (const way of waysOf(one)) {
                        results.push(await ask(client, one, way, isAsked(way) ? asked : server));
                    }
                }
                return results;
            });
        } finally {
            await admin.query(`DROP DATABASE IF EXISTS ${quoteIdent(scratch)} WITH (FORCE)`);
            await admin.query(`DROP ROLE IF EXISTS ${quoteIdent(asked.user)}`);
        }
    });
}
