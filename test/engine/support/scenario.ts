import { randomBytes } from "node:crypto";
import { Client, DatabaseError, type QueryResultRow } from "pg";
import { parse } from "pg-connection-string";
import { quoteIdent, quoteLiteral, quoteQualified } from "../../../upstreams/quote";

/** A foreign table as the schema under development declares it. */
export interface Foreign {
    readonly host: string;
    readonly port?: number;
    readonly database: string;
    readonly user: string;
    readonly password?: string;
    readonly schema?: string;
    readonly table: string;
    /** Name and local type of each column. */
    readonly columns: Readonly<Record<string, string>>;
}

/** Runs `work` with a connection to a database of the server, by default the one in the URL. */
export async function connected<T>(
    url: string,
    work: (client: Client) => Promise<T>,
    database?: string,
    connectionTimeoutMillis = 10_000,
): Promise<T> {
    const address = new URL(url);
    if (database !== undefined) {
        address.pathname = `/${encodeURIComponent(database)}`;
    }
    const client = new Client({ connectionString: address.href, connectionTimeoutMillis, statement_timeout: 60_000 });
    client.on("error", () => undefined);
    try {
        await client.connect();
        return await work(client);
    } catch (error) {
        // What the upstream answered stands in the detail: "could not connect to server" alone says little.
        throw error instanceof DatabaseError && error.detail !== undefined
            ? new Error(`${error.message}: ${error.detail}`, { cause: error })
            : error;
    } finally {
        await client.end().catch(() => undefined);
    }
}

/** The rows of one query. */
export async function rows(url: string, sql: string, database?: string): Promise<QueryResultRow[]> {
    return connected(url, async (client) => (await client.query<QueryResultRow>(sql)).rows, database);
}

/** Runs `work` in a database made for it, so that the dev database stays empty. */
export async function inScratch<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
    const name = `scratch_${randomBytes(6).toString("hex")}`;
    await rows(url, `CREATE DATABASE ${quoteIdent(name)}`, "postgres");
    try {
        return await connected(url, work, name);
    } finally {
        await rows(url, `DROP DATABASE ${quoteIdent(name)} WITH (FORCE)`, "postgres");
    }
}

function options(pairs: Readonly<Record<string, string | number | undefined>>): string {
    return Object.entries(pairs)
        .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${quoteLiteral(String(value))}`]))
        .join(", ");
}

/** `CREATE SERVER` and `CREATE USER MAPPING`, as a schema has them. */
export async function createServer(client: Client, foreign: Foreign, mappedTo = "CURRENT_USER"): Promise<void> {
    await client.query("CREATE EXTENSION IF NOT EXISTS postgres_fdw");
    await client.query(
        `CREATE SERVER upstream FOREIGN DATA WRAPPER postgres_fdw OPTIONS (${options({
            host: foreign.host,
            port: foreign.port,
            dbname: foreign.database,
        })})`,
    );
    await client.query(
        `CREATE USER MAPPING FOR ${mappedTo} SERVER upstream OPTIONS (${options({
            user: foreign.user,
            password: foreign.password,
        })})`,
    );
}

async function readView(client: Client, foreign: Foreign): Promise<QueryResultRow[]> {
    const columns = Object.entries(foreign.columns).map(([name, type]) => `${quoteIdent(name)} ${type}`);
    await client.query(
        `CREATE FOREIGN TABLE ${quoteQualified("public", "foreign_one")} (${columns.join(", ")})
         SERVER upstream OPTIONS (${options({ schema_name: foreign.schema ?? "public", table_name: foreign.table })})`,
    );
    // WITH DATA is what connects: nothing before it does.
    await client.query("CREATE MATERIALIZED VIEW seen AS SELECT * FROM foreign_one WITH DATA");
    await client.query("REFRESH MATERIALIZED VIEW seen");
    return (await client.query<QueryResultRow>("SELECT * FROM seen")).rows;
}

/** The whole way from CREATE SERVER to a filled materialized view, as the superuser. */
export function readThrough(url: string, foreign: Foreign): Promise<QueryResultRow[]> {
    return inScratch(url, async (client) => {
        await createServer(client, foreign);
        return readView(client, foreign);
    });
}

/** The same as a user without privileges, whom postgres_fdw lets through only where a password was really asked for. */
export async function readThroughAsNobody(url: string, foreign: Foreign): Promise<QueryResultRow[]> {
    const role = quoteIdent(`nobody_${randomBytes(6).toString("hex")}`);
    await rows(url, `CREATE ROLE ${role}`);
    try {
        return await inScratch(url, async (client) => {
            await createServer(client, foreign, role);
            await client.query(`GRANT USAGE ON FOREIGN SERVER upstream TO ${role}`);
            await client.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
            await client.query(`SET ROLE ${role}`);
            return readView(client, foreign);
        });
    } finally {
        await rows(url, `DROP ROLE ${role}`);
    }
}

/** What is in the dev database besides what every database has. Atlas refuses one that is not empty. */
export async function contentOfDev(url: string): Promise<string[]> {
    const found = await rows(
        url,
        `SELECT 'extension ' || extname AS what FROM pg_extension WHERE extname <> 'plpgsql'
         UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
             WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
         UNION ALL SELECT 'relation ' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public'
         UNION ALL SELECT 'server ' || srvname FROM pg_foreign_server
         ORDER BY 1`,
    );
    return found.map((row) => String(row.what));
}

/** The password in a URL, decoded. */
export function passwordOf(url: string): string {
    const { password } = parse(url);
    if (password === undefined || password === "") {
        throw new Error("The URL has no password.");
    }
    return password;
}
