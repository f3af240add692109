/** What a contract makes and a stub has not, or has in another form. */

import type { Session } from "../session";

const SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/** Each gives one row with what to say, and the names of what it is about. */
const KINDS: ReadonlyArray<readonly [what: string, sql: string]> = [
    [
        "owners",
        `SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
         WHERE ${SCHEMAS} AND pg_get_userbyid(relowner) <> current_user`,
    ],
    [
        "rows of",
        `SELECT format('%I.%I', nspname, relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
         WHERE ${SCHEMAS} AND relkind = 'r' AND pg_relation_size(c.oid) > 0`,
    ],
    ["publications", "SELECT pubname FROM pg_catalog.pg_publication"],
    ["foreign servers", "SELECT srvname FROM pg_catalog.pg_foreign_server"],
    [
        "event triggers",
        `SELECT evtname FROM pg_catalog.pg_event_trigger e WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
             WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = e.oid AND d.deptype = 'e')`,
    ],
    [
        "settings of",
        `SELECT DISTINCT coalesce(r.rolname, d.datname)::text FROM pg_catalog.pg_db_role_setting s
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase`,
    ],
    [
        "the options of the foreign tables (they are tables here)",
        `SELECT format('%I.%I', nspname, relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
         WHERE ${SCHEMAS} AND relkind = 'f'`,
    ],
    [
        "the rows and indexes of the materialized views (they are views here)",
        `SELECT format('%I.%I', nspname, relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
         WHERE ${SCHEMAS} AND relkind = 'm'`,
    ],
];

/** Names in one list. */
const SHOWN = 10;

function listed(names: readonly string[]): string {
    const more = names.length - SHOWN;
    return more > 1 ? `${names.slice(0, SHOWN).join(", ")} and ${more} more` : names.join(", ");
}

/** Asks the database that a contract has filled, before anything is taken away. */
export async function leftOutIn(session: Session): Promise<string[]> {
    const said: string[] = [];
    for (const [what, sql] of KINDS) {
        const rows = await session.rows(`SELECT name FROM (${sql}) AS found (name) ORDER BY name COLLATE "C"`);
        if (rows.length > 0) {
            said.push(`${what} ${listed(rows.map(([name]) => name ?? ""))}`);
        }
    }
    return said;
}

/** Takes away what cannot be in a dump of a stub: options of foreign tables, indexes and statistics of materialized views. */
export const TAKE_AWAY = `
ALTER EVENT TRIGGER fdw_stub_rehearsal DISABLE;
ALTER EVENT TRIGGER fdw_stub_places DISABLE;
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER FOREIGN TABLE %s OPTIONS (%s)', ftrelid::regclass,
            (SELECT string_agg(format('DROP %I', option_name), ', ') FROM pg_options_to_table(ftoptions)))
        FROM pg_catalog.pg_foreign_table WHERE ftoptions IS NOT NULL
        UNION ALL
        SELECT format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (%s)', attrelid::regclass, attname,
            (SELECT string_agg(format('DROP %I', option_name), ', ') FROM pg_options_to_table(attfdwoptions)))
        FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_foreign_table ON ftrelid = attrelid
        WHERE attfdwoptions IS NOT NULL AND NOT attisdropped
        UNION ALL
        SELECT format('DROP INDEX %s', indexrelid::regclass)
        FROM pg_catalog.pg_index JOIN pg_catalog.pg_class c ON c.oid = indrelid WHERE relkind = 'm'
        UNION ALL
        SELECT format('DROP STATISTICS %I.%I', nspname, stxname)
        FROM pg_catalog.pg_statistic_ext JOIN pg_catalog.pg_namespace n ON n.oid = stxnamespace
        JOIN pg_catalog.pg_class c ON c.oid = stxrelid WHERE relkind = 'm'
    LOOP
        EXECUTE statement;
    END LOOP;
END $$`;
