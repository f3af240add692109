import type { Client } from "pg";
import { quoteIdent } from "../../../upstreams/quote";

const VERSION =
    "SELECT current_setting('server_version_num'), current_setting('default_table_access_method', true), current_setting('crdb_version', true)";

const SCHEMAS = `
    SELECT nspname AS name FROM pg_catalog.pg_namespace AS ns
    LEFT JOIN pg_depend AS dep ON dep.classid = 'pg_catalog.pg_namespace'::regclass::oid AND dep.objid = ns.oid AND dep.deptype = 'e'
    WHERE nspname NOT IN ('information_schema', 'pg_catalog', 'pg_toast', 'crdb_internal', 'pg_extension')
        AND nspname NOT LIKE 'pg_%temp_%' AND dep.objid IS NULL
    ORDER BY nspname`;

const TABLES = `
    SELECT t1.table_name AS name FROM INFORMATION_SCHEMA.TABLES AS t1
    JOIN pg_catalog.pg_namespace AS t2 ON t2.nspname = t1.table_schema
    JOIN pg_catalog.pg_class AS t3 ON t3.relnamespace = t2.oid AND t3.relname = t1.table_name
    LEFT JOIN pg_depend AS t5 ON t5.classid = 'pg_catalog.pg_class'::regclass::oid AND t5.objid = t3.oid AND t5.deptype = 'e'
    WHERE t1.table_type = 'BASE TABLE' AND NOT COALESCE(t3.relispartition, false) AND t1.table_schema = $1 AND t5.objid IS NULL
    ORDER BY t1.table_name`;

/** What Atlas sees of a database, with its search_path set aside as Atlas does it. */
export async function inspected(client: Client): Promise<Map<string, string[]>> {
    const { rows } = await client.query<{ path: string }>(
        "SELECT current_setting('search_path') AS path, set_config('search_path', '', false)",
    );
    const schemas = await client.query<{ name: string }>(SCHEMAS);
    const seen = new Map<string, string[]>();
    for (const { name } of schemas.rows) {
        const tables = await client.query<{ name: string }>(TABLES, [name]);
        seen.set(
            name,
            tables.rows.map((table) => table.name),
        );
    }
    await client.query("SELECT set_config('search_path', $1, false)", [rows[0]?.path]);
    return seen;
}

/**
 * What one Atlas command (community 1.2) does to its dev database, taken down from the server's log: it looks whether
 * the database is clean, runs the schema, looks at what there is, and puts back what it knows of.
 *
 * @returns the tables that it found, by schema.
 * @throws as Atlas does when the database is not clean.
 */
export async function replayAtlas(client: Client, schema: string): Promise<Map<string, string[]>> {
    await client.query(VERSION);
    const before = await inspected(client);
    const unclean = [...before].filter(([name, tables]) => name !== "public" || tables.length > 0);
    if (unclean.length > 0) {
        throw new Error(`connected database is not clean: found ${JSON.stringify(unclean)}`);
    }
    for (const statement of schema.split(";").filter((text) => text.trim() !== "")) {
        await client.query(statement);
    }
    const found = await inspected(client);
    for (const name of found.keys()) {
        await client.query(`DROP SCHEMA ${quoteIdent(name)} CASCADE`);
    }
    await client.query('CREATE SCHEMA IF NOT EXISTS "public"');
    await client.query(`COMMENT ON SCHEMA "public" IS 'standard public schema'`);
    return found;
}
