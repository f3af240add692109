/** What the upstream's catalogs tell: read in one statement each, checked where it comes in. */

import * as z from "zod";
import { quoteLiteral } from "../upstreams/quote";
import type { PsqlSession } from "./session";

const text = z.string();
/** Object identifiers of PostgreSQL, as text: they are names here, not numbers. */
const oid = z.number().transform(String);

const serverShape = z.object({
    version: text,
    number: z.number(),
    user: text,
    snapshot: text.nullable(),
});

/** The server, and the state of its catalogs that this session sees. */
export type Server = z.output<typeof serverShape>;

const relation = z.tuple([oid, text, text, text, z.boolean(), z.boolean(), z.boolean()]);
const edge = z.tuple([text, oid, text, oid, text]);
const routine = z.tuple([oid, text, text, text, text.nullable()]);
const named = z.tuple([oid, text, text]);
const shape = z.object({
    relations: z.array(relation),
    edges: z.array(edge),
    routines: z.array(routine),
    types: z.array(named),
    schemas: z.array(z.tuple([oid, text, z.boolean()])),
    foreignKeys: z.array(oid),
    selectRules: z.array(oid),
    extensions: z.array(text),
});

/** A table, a view or something else that has rows or a sequence's state. */
export interface Relation {
    readonly oid: string;
    readonly schema: string;
    readonly name: string;
    /** `pg_class.relkind`. */
    readonly kind: string;
    readonly partition: boolean;
    /** It belongs to an extension, which brings it. */
    readonly extension: boolean;
    /** The role that asks may lock it. */
    readonly readable: boolean;
}

/** One row of `pg_depend`: an object that needs another. */
export interface Edge {
    readonly from: string;
    readonly to: string;
    /** `pg_depend.deptype`. */
    readonly type: string;
}

export interface Routine {
    readonly oid: string;
    readonly schema: string;
    readonly name: string;
    /** Empty for an aggregate. */
    readonly language: string;
    /** The whole statement that creates it, where its body is a text that PostgreSQL does not look into. */
    readonly definition: string | undefined;
}

export interface Catalog {
    readonly relations: readonly Relation[];
    readonly edges: readonly Edge[];
    readonly routines: readonly Routine[];
    readonly types: ReadonlyArray<{ readonly oid: string; readonly schema: string; readonly name: string }>;
    readonly schemas: ReadonlyArray<{ readonly oid: string; readonly name: string; readonly usable: boolean }>;
    /** Keys of constraints that name another table. */
    readonly foreignKeys: ReadonlySet<string>;
    /** Keys of the rules that are the queries of views. */
    readonly selectRules: ReadonlySet<string>;
    /** Extensions that it has. */
    readonly extensions: readonly string[];
}

/** One name for an object, whatever its kind: the catalog that it stands in, and its identifier. */
export function keyOf(classOid: string, objectOid: string): string {
    return `${classOid}:${objectOid}`;
}

/** Identifiers of the catalogs, which are the same in every server. */
export const CLASS = {
    cast: "2605",
    constraint: "2606",
    default: "2604",
    extension: "3079",
    operator: "2617",
    operatorClass: "2616",
    operatorFamily: "2753",
    relation: "1259",
    routine: "1255",
    rule: "2618",
    schema: "2615",
    server: "1417",
    type: "1247",
} as const;

/** The oldest server whose catalogs this reads. */
export const OLDEST_SERVER = 110_000;

/** Begins the one transaction of a session. */
export async function beginReading(session: PsqlSession): Promise<Server> {
    await session.run(
        "SET search_path = pg_catalog; SET client_min_messages = warning; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    );
    return serverShape.parse(
        await session.json(
            "SELECT json_build_object('version', split_part(current_setting('server_version'), ' ', 1), 'number', current_setting('server_version_num')::int, 'user', current_user, 'snapshot', pg_export_snapshot())",
        ),
    );
}

const OWN_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

function extensionMember(catalog: string, object: string): string {
    return `EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${object} AND d.deptype = 'e')`;
}

function list(query: string): string {
    return `(SELECT coalesce(jsonb_agg(t.item), '[]') FROM (${query}) AS t)`;
}

// A body that is no text is told by pg_depend, and printing it would lock what it reads. PostgreSQL has such from 14 on.
const CATALOG = `SELECT jsonb_build_object(
    'relations', ${list(`SELECT jsonb_build_array(c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.relispartition,
            ${extensionMember("pg_class", "c.oid")}, has_table_privilege(c.oid, 'SELECT')) AS item
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${OWN_SCHEMA} ORDER BY c.oid`)},
    'edges', ${list(`SELECT jsonb_build_array(d.classid::bigint::text, d.objid::bigint, d.refclassid::bigint::text, d.refobjid::bigint, d.deptype::text) AS item
        FROM (SELECT DISTINCT classid, objid, refclassid, refobjid, deptype FROM pg_depend
              WHERE objid >= 16384 AND refobjid >= 16384 AND deptype <> 'p' ORDER BY 1, 2, 3, 4, 5) AS d`)},
    'routines', ${list(`SELECT jsonb_build_array(p.oid::bigint, n.nspname, p.proname, CASE WHEN p.prokind = 'a' THEN '' ELSE l.lanname END,
            CASE WHEN p.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') AND to_jsonb(p) ->> 'prosqlbody' IS NULL THEN pg_get_functiondef(p.oid) END) AS item
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        WHERE p.oid >= 16384 AND ${OWN_SCHEMA} AND NOT ${extensionMember("pg_proc", "p.oid")} ORDER BY p.oid`)},
    'types', ${list(`SELECT jsonb_build_array(t.oid::bigint, n.nspname, t.typname) AS item
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.oid >= 16384 AND ${OWN_SCHEMA} AND t.typcategory <> 'A' ORDER BY t.oid`)},
    'schemas', ${list(`SELECT jsonb_build_array(n.oid::bigint, n.nspname, has_schema_privilege(n.oid, 'USAGE')) AS item
        FROM pg_namespace n WHERE ${OWN_SCHEMA} ORDER BY n.oid`)},
    'foreignKeys', ${list("SELECT to_jsonb(oid::bigint) AS item FROM pg_constraint WHERE contype = 'f' ORDER BY oid")},
    'selectRules', ${list("SELECT to_jsonb(oid::bigint) AS item FROM pg_rewrite WHERE ev_type = '1' AND oid >= 16384 ORDER BY oid")},
    'extensions', ${list("SELECT to_jsonb(extname) AS item FROM pg_extension ORDER BY oid")})`;

/** Reads what depends on what. */
export async function readCatalog(session: PsqlSession): Promise<Catalog> {
    const found = shape.parse(await session.json(CATALOG));
    return {
        relations: found.relations.map(([id, schema, name, kind, partition, extension, readable]) => ({
            oid: id,
            schema,
            name,
            kind,
            partition,
            extension,
            readable,
        })),
        edges: found.edges.map(([fromClass, from, toClass, to, type]) => ({
            from: keyOf(fromClass, from),
            to: keyOf(toClass, to),
            type,
        })),
        routines: found.routines.map(([id, schema, name, language, definition]) => ({
            oid: id,
            schema,
            name,
            language,
            definition: definition ?? undefined,
        })),
        types: found.types.map(([id, schema, name]) => ({ oid: id, schema, name })),
        schemas: found.schemas.map(([id, name, usable]) => ({ oid: id, name, usable })),
        foreignKeys: new Set(found.foreignKeys.map((id) => keyOf(CLASS.constraint, id))),
        selectRules: new Set(found.selectRules.map((id) => keyOf(CLASS.rule, id))),
        extensions: found.extensions,
    };
}

const granted = z.array(z.tuple([oid, z.array(text), z.array(z.tuple([text, z.array(text)]))]));

/** What one role may do with an object, whatever gives it the right. */
export interface Grant {
    readonly role: string;
    /** The object, as `keyOf` names it. */
    readonly object: string;
    readonly privileges: readonly string[];
    /** Privileges on single columns, beyond those on the whole. */
    readonly columns: ReadonlyArray<readonly [string, readonly string[]]>;
}

/** Objects whose privileges are looked up, by catalog. */
export interface GrantQuestion {
    readonly relations: readonly string[];
    readonly sequences: readonly string[];
    readonly schemas: readonly string[];
    readonly routines: readonly string[];
}

function oids(of: readonly string[]): string {
    return `'{${of.join(",")}}'::oid[]`;
}

function held(check: string, privileges: readonly string[]): string {
    const all = privileges.map((one) => quoteLiteral(one)).join(", ");
    return `(SELECT coalesce(jsonb_agg(p), '[]') FROM unnest(ARRAY[${all}]) AS p WHERE ${check})`;
}

/** Roles of these names that the upstream has. */
export async function knownRoles(session: PsqlSession, roles: readonly string[]): Promise<string[]> {
    const names = roles.map((role) => quoteLiteral(role)).join(", ");
    return z
        .array(text)
        .parse(
            await session.json(
                `SELECT coalesce(jsonb_agg(rolname ORDER BY rolname COLLATE "C"), '[]') FROM pg_roles WHERE rolname = ANY (ARRAY[${names}]::name[])`,
            ),
        );
}

/** What these roles may do: their own rights, those of roles that they belong to, and everybody's. */
export async function readGrants(
    session: PsqlSession,
    roles: readonly string[],
    { relations, sequences, schemas, routines }: GrantQuestion,
): Promise<Grant[]> {
    const grants: Grant[] = [];
    for (const role of roles) {
        const name = `${quoteLiteral(role)}::name`;
        const questions: ReadonlyArray<readonly [string, string]> = [
            [
                CLASS.relation,
                `SELECT c.oid, ${held(`has_table_privilege(${name}, c.oid, p)`, ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"])} AS p,
                    (SELECT coalesce(jsonb_agg(jsonb_build_array(a.attname, a.p) ORDER BY a.attnum), '[]')
                     FROM (SELECT a.attname, a.attnum, ${held(`has_column_privilege(${name}, c.oid, a.attnum, p) AND NOT has_table_privilege(${name}, c.oid, p)`, ["SELECT", "INSERT", "UPDATE"])} AS p
                           FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS a
                     WHERE a.p <> '[]') AS c
                 FROM pg_class c WHERE c.oid = ANY (${oids(relations)})`,
            ],
            [
                CLASS.relation,
                `SELECT c.oid, ${held(`has_sequence_privilege(${name}, c.oid, p)`, ["USAGE", "SELECT", "UPDATE"])} AS p, '[]'::jsonb AS c
                 FROM pg_class c WHERE c.oid = ANY (${oids(sequences)})`,
            ],
            [
                CLASS.schema,
                `SELECT n.oid, ${held(`has_schema_privilege(${name}, n.oid, p)`, ["USAGE"])} AS p, '[]'::jsonb AS c
                 FROM pg_namespace n WHERE n.oid = ANY (${oids(schemas)})`,
            ],
            [
                CLASS.routine,
                `SELECT f.oid, ${held(`has_function_privilege(${name}, f.oid, p)`, ["EXECUTE"])} AS p, '[]'::jsonb AS c
                 FROM pg_proc f WHERE f.oid = ANY (${oids(routines)})`,
            ],
        ];
        for (const [classOid, query] of questions) {
            const rows = granted.parse(
                await session.json(
                    `SELECT coalesce(jsonb_agg(jsonb_build_array(q.oid::bigint, q.p, q.c)), '[]') FROM (${query}) AS q`,
                ),
            );
            grants.push(
                ...rows.map(([id, privileges, columns]) => ({
                    role,
                    object: keyOf(classOid, id),
                    privileges,
                    columns,
                })),
            );
        }
    }
    return grants;
}
