/** The questions to both catalogs, one round trip for each side. They run with `search_path` pg_catalog. */

import { quoteLiteral } from "../upstreams/quote";

/** As `postgres_fdw` sets its connection, so that values are printed as it gets them. */
export const SESSION = [
    "SET search_path = pg_catalog, pg_temp",
    "SET TimeZone = 'GMT'",
    "SET DateStyle = 'ISO'",
    "SET IntervalStyle = 'postgres'",
    "SET extra_float_digits = 3",
    "SET statement_timeout = 0",
    // What the schema has set for its database, and its event triggers, are in nobody's way.
    "SET default_transaction_read_only = off",
    "SET session_replication_role = replica",
];

const list = (query: string) => `(SELECT coalesce(json_agg(x), '[]') FROM (${query}) AS x)`;
const array = (query: string) => `(SELECT coalesce(json_agg(x.v), '[]') FROM (${query}) AS x (v))`;

/** The types that columns have, and those of which they are made. @param used a query of their OIDs. */
function types(used: string): string {
    return `(WITH RECURSIVE used (oid) AS (
        ${used}
        UNION
        SELECT part.oid FROM used u JOIN pg_type t ON t.oid = u.oid CROSS JOIN LATERAL (
            SELECT t.typelem WHERE t.typcategory = 'A' AND t.typelem <> 0
            UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
            UNION ALL SELECT a.atttypid FROM pg_attribute a
                WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid
        ) AS part (oid)
    ) SELECT coalesce(json_agg(json_build_object('oid', t.oid::bigint, 'name', format_type(t.oid, NULL), 'kind', t.typtype,
        'category', t.typcategory, 'builtIn', t.typnamespace = 'pg_catalog'::regnamespace,
        'extension', (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'),
        'element', (CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem
            ELSE (SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid) END)::bigint,
        'base', (CASE WHEN t.typtype = 'd' THEN t.typbasetype END)::bigint, 'baseMod', t.typtypmod,
        'labels', ${array("SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder")},
        'attributes', ${list(
            "SELECT a.atttypid::bigint AS type, a.atttypmod AS mod FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        )})), '[]') FROM pg_type t WHERE t.oid IN (SELECT oid FROM used))`;
}

const EXTENSIONS = list(
    "SELECT e.extname AS name, n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace",
);

/** What a column's collation comes to. Catalogs before PostgreSQL 17 and 15 have other columns, hence `to_jsonb`. */
const COLLATION = `(SELECT json_build_object('name', l.collname, 'sorts',
        CASE WHEN how.locale IN ('C', 'POSIX') THEN 'C' ELSE concat_ws(' ', how.provider, how.locale) END
        || CASE WHEN l.collisdeterministic THEN '' ELSE ' nondeterministic' END)
    FROM pg_collation l JOIN pg_database d ON d.datname = current_database()
    CROSS JOIN LATERAL (SELECT CASE WHEN l.collprovider = 'd' THEN coalesce(to_jsonb(d) ->> 'datlocprovider', 'c')
        ELSE l.collprovider::text END) AS by (provider)
    CROSS JOIN LATERAL (SELECT by.provider, CASE
        WHEN l.collprovider = 'd' AND by.provider = 'c' THEN d.datcollate
        WHEN l.collprovider = 'd' THEN coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
        WHEN by.provider = 'c' THEN l.collcollate
        ELSE coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate) END
    ) AS how (provider, locale)
    WHERE l.oid = a.attcollation)`;

/** Of a column \`a\` with its type \`t\`; what both sides have. */
const COLUMN = `a.attname AS name, a.atttypid::bigint AS type, a.atttypmod AS mod,
    format_type(a.atttypid, a.atttypmod) AS "typeName", a.attnotnull OR t.typnotnull AS "notNull",
    (a.atthasdef AND a.attgenerated = '') OR t.typdefault IS NOT NULL AS "hasDefault",
    a.attgenerated <> '' AS generated, a.attidentity::text AS identity, ${COLLATION} AS collation`;

const option = (options: string, name: string) =>
    `(SELECT option_value FROM pg_options_to_table(${options}) WHERE option_name = '${name}')`;

const OUR_SERVERS = `SELECT s.oid FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    JOIN pg_proc p ON p.oid = w.fdwhandler WHERE p.prosrc = 'postgres_fdw_handler'`;

const FOREIGN_COLUMNS = `FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = f.ftrelid AND a.attnum > 0 AND NOT a.attisdropped`;

/** Definitions that hold a word by which something is written. */
const WRITES = "\\\\m(insert|update|delete|merge|copy)\\\\M";

const NOT_OURS = (column: string, catalog: string) =>
    `AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${column} AND d.deptype = 'e')`;

/**
 * What others than the owner may do with a foreign table \`c\`, or with a view that passes it on: one that reads nothing else
 * and can be written to by itself.
 */
const GRANTED = `WITH RECURSIVE above (oid) AS (
        SELECT c.oid
        UNION SELECT r.ev_class FROM above b
            JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = b.oid AND d.classid = 'pg_rewrite'::regclass
            JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN'
            JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'
        WHERE (SELECT count(DISTINCT o.refobjid) FROM pg_depend o WHERE o.classid = 'pg_rewrite'::regclass AND o.objid = r.oid
            AND o.refclassid = 'pg_class'::regclass AND o.refobjid <> v.oid) = 1)
    SELECT DISTINCT p.privilege_type FROM above b JOIN pg_class w ON w.oid = b.oid
    CROSS JOIN LATERAL (
        SELECT x.privilege_type, x.grantee FROM aclexplode(w.relacl) AS x
        UNION ALL SELECT x.privilege_type, x.grantee FROM pg_attribute a, aclexplode(a.attacl) AS x WHERE a.attrelid = w.oid
    ) AS p
    JOIN (VALUES ('INSERT', 8), ('UPDATE', 4), ('DELETE', 16)) AS e (event, bit) ON e.event = p.privilege_type
    WHERE p.grantee <> w.relowner AND (w.oid = c.oid OR pg_relation_is_updatable(w.oid, false) & e.bit <> 0)`;

/** The foreign tables of the database under development, and what writes to them. */
export const LOCAL = `SELECT json_build_object(
    'servers', ${list(`SELECT s.srvname AS name, ${option("s.srvoptions", "updatable")} AS updatable,
        ${array(
            `SELECT trim(both '" ' from e) FROM regexp_split_to_table(${option("s.srvoptions", "extensions")}, ',') AS e WHERE trim(both '" ' from e) <> ''`,
        )} AS extensions
        , ${option("s.srvoptions", "host")} AS host, ${option("s.srvoptions", "dbname")} AS database
        FROM pg_foreign_server s WHERE s.oid IN (${OUR_SERVERS}) ORDER BY s.srvname`)},
    'tables', ${list(`SELECT n.nspname AS schema, c.relname AS name, s.srvname AS server,
        coalesce(${option("f.ftoptions", "schema_name")}, n.nspname) AS "remoteSchema",
        coalesce(${option("f.ftoptions", "table_name")}, c.relname) AS "remoteName",
        ${option("f.ftoptions", "updatable")} AS updatable,
        ${array(GRANTED)} AS granted,
        ${array(`SELECT e.event FROM pg_trigger g, (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) AS e (bit, event)
            WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgtype & e.bit <> 0`)} AS triggered,
        ${list(`SELECT ${COLUMN}, coalesce(${option("a.attfdwoptions", "column_name")}, a.attname) AS remote,
            ${option("a.attfdwoptions", "column_name")} IS NOT NULL AS renamed ${FOREIGN_COLUMNS} ORDER BY a.attnum`)} AS columns
        FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_foreign_server s ON s.oid = f.ftserver
        WHERE s.oid IN (${OUR_SERVERS}) ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`)},
    'types', ${types(`SELECT a.atttypid FROM pg_foreign_table f JOIN pg_attribute a ON a.attrelid = f.ftrelid
        WHERE a.attnum > 0 AND NOT a.attisdropped AND f.ftserver IN (${OUR_SERVERS})`)},
    'extensions', ${EXTENSIONS},
    'writers', ${list(`SELECT format('%s %s', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure) AS what,
            l.lanname AS language, pg_get_functiondef(p.oid) AS definition, coalesce(p.prosrc, '') AS body,
            coalesce((SELECT to_json(ARRAY(SELECT trim(both '" ' from s) FROM regexp_split_to_table(substr(c, 13), ',') AS s))
                FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%'), json_build_array(n.nspname, 'public')) AS path
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        WHERE p.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            AND CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END ~* E'${WRITES}' ${NOT_OURS("p.oid", "pg_proc")}
        UNION ALL
        SELECT format('rule %I on %s', r.rulename, r.ev_class::regclass), 'sql', pg_get_ruledef(r.oid), pg_get_ruledef(r.oid), '[]'
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE r.rulename <> '_RETURN' AND c.relnamespace <> 'pg_catalog'::regnamespace ${NOT_OURS("c.oid", "pg_class")}`)}
)`;

/** What is asked of an upstream: relations that foreign tables name, and logins whose privileges are known. */
export interface Wanted {
    readonly relations: ReadonlyArray<{ readonly schema: string; readonly name: string }>;
    readonly users: readonly string[];
}

/** The relations of an upstream that foreign tables name. */
export function remoteQuery({ relations, users }: Wanted): string {
    const wanted = `json_to_recordset(${quoteLiteral(JSON.stringify(relations))}) AS w (schema text, name text)`;
    const columns = `FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND NOT a.attisdropped`;
    const lacks = (privilege: string) =>
        array(
            `SELECT a.attname ${columns} AND a.attnum > 0 AND NOT has_column_privilege(r.oid, c.oid, a.attnum, '${privilege}') ORDER BY a.attnum`,
        );
    const readable = `SELECT c.oid, c.relkind, c.relname, c.relnamespace, n.nspname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')`;
    const found = `(${readable}) AS c JOIN ${wanted} ON w.schema = c.nspname AND w.name = c.relname`;
    return `SELECT json_build_object(
    'schemas', ${array("SELECT nspname FROM pg_namespace")},
    'names', ${array(`SELECT json_build_array(c.nspname, c.relname) FROM (${readable}) AS c WHERE c.nspname !~ '^pg_toast' AND c.nspname NOT IN ('pg_catalog', 'information_schema')`)},
    'relations', ${list(`SELECT c.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
        pg_relation_is_updatable(c.oid, false) AS updatable,
        ${list(`SELECT ${COLUMN}, a.attnum < 0 AS system ${columns} ORDER BY a.attnum`)} AS columns,
        ${list(`SELECT r.rolname AS "user", has_schema_privilege(r.oid, c.relnamespace, 'USAGE') AS schema,
            has_table_privilege(r.oid, c.oid, 'DELETE') AS delete,
            ${lacks("SELECT")} AS "noSelect", ${lacks("INSERT")} AS "noInsert", ${lacks("UPDATE")} AS "noUpdate"
            FROM pg_roles r WHERE r.rolname IN (SELECT json_array_elements_text(${quoteLiteral(JSON.stringify(users))}))
            ORDER BY r.rolname`)} AS privileges
        FROM ${found}`)},
    'types', ${types(`SELECT a.atttypid FROM ${found} JOIN pg_attribute a ON a.attrelid = c.oid WHERE NOT a.attisdropped`)},
    'extensions', ${EXTENSIONS}
)`;
}
