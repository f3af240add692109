/**
 * Privileges of a contract's roles, as PostgreSQL itself sums them up: by grants, by membership, by ownership. A stub has
 * no owners and none of the other roles, so each login gets what comes out for it.
 */

import type { User } from "../../upstreams/model";
import { dollarQuote, quoteIdent, quoteLiteral } from "../../upstreams/quote";
import type { Session } from "../session";

/** What a role may do with one object. */
interface Privilege {
    /** As in `GRANT … ON kind`; DATABASE is the contract's own. */
    readonly kind: "DATABASE" | "SCHEMA" | "TABLE" | "SEQUENCE" | "ROUTINE" | "TYPE";
    /** Name in quotes where it needs them, with the arguments of a routine. */
    readonly name: string;
    readonly privileges: string;
}

export interface Privileges {
    /** Of each role that the contract makes or mentions. */
    readonly roles: ReadonlyMap<string, readonly Privilege[]>;
    /** What everybody has by default, and has not here. */
    readonly revoked: readonly Privilege[];
    /** Of each role, those that have its privileges: itself and its members. */
    readonly members: ReadonlyMap<string, readonly string[]>;
}

/**
 * What ALTER DEFAULT PRIVILEGES FOR another role gives to what that role makes. Here one superuser makes everything; who
 * runs the files where the upstream is, nothing tells.
 */
const DEFAULTS = `
DO $$
DECLARE
    d record;
BEGIN
    FOR d IN
        SELECT n.nspname, a.privilege_type, t.objects,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(a.grantee)) END AS grantee
        FROM pg_catalog.pg_default_acl x
        CROSS JOIN aclexplode(x.defaclacl) a
        JOIN (VALUES ('r', 'TABLES'), ('S', 'SEQUENCES'), ('f', 'ROUTINES')) t (kind, objects) ON t.kind = x.defaclobjtype::text
        JOIN pg_namespace n ON (n.oid = x.defaclnamespace OR x.defaclnamespace = 0)
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        WHERE x.defaclrole <> (SELECT oid FROM pg_roles WHERE rolname = current_user) AND a.grantee <> x.defaclrole
    LOOP
        EXECUTE format('GRANT %s ON ALL %s IN SCHEMA %I TO %s', d.privilege_type, d.objects, d.nspname, d.grantee);
    END LOOP;
END $$`;

const ROLES = "SELECT oid, rolname FROM pg_catalog.pg_roles WHERE oid >= 16384";
const SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

const GRANTED = (table: string) => `
WITH r AS (${ROLES})
SELECT rolname, 'DATABASE', '', 'CONNECT' FROM r WHERE has_database_privilege(r.oid, current_database(), 'CONNECT')
UNION ALL
SELECT rolname, 'SCHEMA', format('%I', nspname), string_agg(p, ', ')
FROM r, pg_catalog.pg_namespace n, unnest(ARRAY['USAGE', 'CREATE']) p
WHERE ${SCHEMAS} AND has_schema_privilege(r.oid, n.oid, p) GROUP BY 1, 3
UNION ALL
SELECT rolname, 'TABLE', format('%I.%I', nspname, relname), string_agg(p, ', ')
FROM r, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace, unnest(ARRAY[${table}]) p
WHERE ${SCHEMAS} AND relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(r.oid, c.oid, p) GROUP BY 1, 3
UNION ALL
SELECT rolname, 'TABLE', format('%I.%I', nspname, relname), format('%s (%s)', p, string_agg(format('%I', attname), ', '))
FROM r, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
WHERE ${SCHEMAS} AND relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped AND attacl IS NOT NULL
    AND NOT has_table_privilege(r.oid, c.oid, p) AND has_column_privilege(r.oid, c.oid, attnum, p) GROUP BY 1, 3, p
UNION ALL
SELECT rolname, 'SEQUENCE', format('%I.%I', nspname, relname), string_agg(p, ', ')
FROM r, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p
WHERE ${SCHEMAS} AND relkind = 'S' AND has_sequence_privilege(r.oid, CASE relkind WHEN 'S' THEN c.oid END, p) GROUP BY 1, 3
UNION ALL
SELECT rolname, 'ROUTINE', format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(f.oid)), 'EXECUTE'
FROM r, pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
WHERE ${SCHEMAS} AND NOT has_function_privilege('public', f.oid, 'EXECUTE') AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
UNION ALL
SELECT rolname, 'TYPE', format('%I.%I', nspname, typname), 'USAGE'
FROM r, pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace
WHERE ${SCHEMAS} AND typelem = 0 AND typtype <> 'c' AND NOT has_type_privilege('public', t.oid, 'USAGE')
    AND has_type_privilege(r.oid, t.oid, 'USAGE')
ORDER BY 1, 2, 3, 4`;

const REVOKED = `
SELECT 'DATABASE', '', 'CONNECT' WHERE NOT has_database_privilege('public', current_database(), 'CONNECT')
UNION ALL
SELECT 'SCHEMA', 'public', 'USAGE' FROM pg_catalog.pg_namespace WHERE nspname = 'public' AND NOT has_schema_privilege('public', oid, 'USAGE')
UNION ALL
SELECT 'ROUTINE', format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(f.oid)), 'EXECUTE'
FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
WHERE ${SCHEMAS} AND NOT has_function_privilege('public', f.oid, 'EXECUTE')
UNION ALL
SELECT 'TYPE', format('%I.%I', nspname, typname), 'USAGE'
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace
WHERE ${SCHEMAS} AND typelem = 0 AND typtype <> 'c' AND NOT has_type_privilege('public', t.oid, 'USAGE')
ORDER BY 1, 2`;

const MEMBERS = `
WITH r AS (${ROLES})
SELECT a.rolname, b.rolname FROM r a, r b WHERE pg_has_role(b.oid, a.oid, 'USAGE') ORDER BY 1, 2`;

const KINDS: ReadonlyMap<string, Privilege["kind"]> = new Map(
    (["DATABASE", "SCHEMA", "TABLE", "SEQUENCE", "ROUTINE", "TYPE"] as const).map((kind) => [kind, kind]),
);

function privilege([kind, name, privileges]: ReadonlyArray<string | null>): Privilege[] {
    const known = KINDS.get(kind ?? "");
    return known === undefined ? [] : [{ kind: known, name: name ?? "", privileges: privileges ?? "" }];
}

/** Asks the database that a contract has filled. */
export async function privilegesIn(session: Session): Promise<Privileges> {
    await session.rows(DEFAULTS);
    const [version] = await session.rows("SELECT current_setting('server_version_num')");
    const table = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
    const all = Number(version?.[0]) >= 170000 ? [...table, "MAINTAIN"] : table;
    const [roles, members] = [new Map<string, Privilege[]>(), new Map<string, string[]>()];
    for (const [role, member] of await session.rows(MEMBERS)) {
        members.set(role ?? "", [...(members.get(role ?? "") ?? []), member ?? ""]);
        roles.set(role ?? "", []);
    }
    const granted = await session.rows(GRANTED(all.map((one) => `'${one}'`).join(", ")));
    for (const [role, ...rest] of granted) {
        roles.get(role ?? "")?.push(...privilege(rest));
    }
    return { roles, revoked: (await session.rows(REVOKED)).flatMap(privilege), members };
}

/** A statement about the database, whose name in the stack is another one. */
function aboutDatabase(sql: string): string {
    return `DO ${dollarQuote(`BEGIN EXECUTE format(${quoteLiteral(sql)}, current_database()); END`)};`;
}

/** Objects in one GRANT: their names make one line each readable. */
const AT_A_TIME = 50;

function grantsTo(role: string, privileges: readonly Privilege[]): string[] {
    const grantee = quoteIdent(role);
    const groups = new Map<string, string[]>();
    for (const { kind, name, privileges: list } of privileges.filter((each) => each.kind !== "DATABASE")) {
        const grant = `GRANT ${list} ON ${kind}`;
        const names = groups.get(grant) ?? [];
        names.push(name);
        groups.set(grant, names);
    }
    return [...groups].flatMap(([grant, names]) =>
        Array.from({ length: Math.ceil(names.length / AT_A_TIME) }, (_, n) => {
            const some = names.slice(n * AT_A_TIME, (n + 1) * AT_A_TIME);
            return `${grant} ${some.join(", ")} TO ${grantee};`;
        }),
    );
}

/** Whether the contract tells what a login may do: it makes or mentions the role, and the role is there for a grant. */
export function isGranted({ roles }: Privileges, user: User): boolean {
    return user.created !== true && roles.has(user.name);
}

/** Statements that give each login of a stub what the contract gives it. Those that it does not mention come elsewhere. */
export function privilegeStatements(privileges: Privileges, users: readonly User[]): string[] {
    const told = users.filter((user) => isGranted(privileges, user));
    if (told.length === 0) {
        return [];
    }
    const connects = ({ name }: User) => privileges.roles.get(name)?.some(({ kind }) => kind === "DATABASE") === true;
    // A role that the schema makes later could not be let in again.
    const closed = !told.every(connects) && users.every(({ created }) => created !== true);
    const revoked = privileges.revoked.filter(({ kind }) => kind !== "DATABASE");
    return [
        ...revoked.map(({ kind, name, privileges: list }) => `REVOKE ${list} ON ${kind} ${name} FROM PUBLIC;`),
        ...told.flatMap(({ name }) => grantsTo(name, privileges.roles.get(name) ?? [])),
        ...(closed
            ? [
                  aboutDatabase("REVOKE CONNECT ON DATABASE %I FROM PUBLIC"),
                  ...users
                      .filter((user) => !told.includes(user) || connects(user))
                      .map(({ name }) =>
                          aboutDatabase(`GRANT CONNECT ON DATABASE %I TO ${quoteIdent(name).replaceAll("%", "%%")}`),
                      ),
              ]
            : []),
    ];
}
