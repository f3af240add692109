import type { StubDatabase } from "../upstreams/stubs";
import type { ServerAddress } from "./completeness";
import { column, withClient } from "./connect";

/** A stub database as the server itself describes it. An output of the component: Pulumi takes no readonly lists there. */
export interface StubSummary {
    /** Name of the database. */
    database: string;
    /** Number of relations that a foreign table can read: tables, views, materialized views, foreign tables. */
    tableCount: number;
    /** The first of them with their columns, for example `public.events (id bigint)`. */
    tables: string[];
    /** PostgreSQL extensions in it, without the stub itself. */
    extensions: string[];
    /** Roles that may read its tables, besides the superuser. */
    users: string[];
}

/** More would only fill the screen. */
const TABLES_SHOWN = 50;

const RELATIONS = `
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

const TABLES = `
    SELECT format('%I.%I (%s)', n.nspname, c.relname, coalesce(
        (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ''))
    ${RELATIONS}
    ORDER BY n.nspname, c.relname LIMIT ${TABLES_SHOWN}`;

const USERS = `
    SELECT r.rolname::text FROM pg_roles r
    WHERE NOT r.rolsuper AND r.rolcanlogin AND EXISTS (
        SELECT ${RELATIONS} AND has_table_privilege(r.oid, c.oid, 'SELECT'))
    ORDER BY 1`;

/**
 * Says which extensions an image lacks that no type needs: their functions and operators cannot be sent to the
 * upstream, and a schema that creates them cannot run.
 */
export function lackingExtensions(
    stubs: readonly Pick<StubDatabase, "database" | "extensions">[],
    held: readonly StubSummary[],
    image: string,
): string[] {
    const names = stubs.flatMap(({ database, extensions }) => {
        const there = held.find((one) => one.database === database)?.extensions ?? [];
        return extensions.filter(({ name }) => name !== "plpgsql" && !there.includes(name)).map(({ name }) => name);
    });
    return [...new Set(names)].map(
        (name) =>
            `The image ${image} lacks the extension ${JSON.stringify(name)}, which a foreign server names; its stub is without it. An image that has it, in the configuration: image: NAME`,
    );
}

/** Reads back what a server really holds for its upstreams, one entry per database, in the given order. */
export async function summarize(
    server: ServerAddress,
    databases: readonly string[],
    stubExtensions: readonly string[],
): Promise<StubSummary[]> {
    return Promise.all(
        databases.map((database) =>
            withClient({ ...server, database }, async (client) => {
                const [count] = await column(client, `SELECT count(*)::text ${RELATIONS}`);
                const extensions = await column(client, "SELECT extname::text FROM pg_extension ORDER BY 1");
                return {
                    database,
                    tableCount: Number(count),
                    tables: await column(client, TABLES),
                    extensions: extensions.filter((name) => name !== "plpgsql" && !stubExtensions.includes(name)),
                    users: await column(client, USERS),
                };
            }),
        ),
    );
}
