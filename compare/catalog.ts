/** What the catalogs of both sides tell, checked as it comes in. Plain data. */

import * as z from "zod";

/** Runs one statement; rows of texts. */
export type Ask = (sql: string) => Promise<ReadonlyArray<ReadonlyArray<string | null>>>;

const typeInfo = z.object({
    oid: z.number(),
    /** As `format_type()` prints it without a modifier; types of the user's with their schema. */
    name: z.string(),
    /** `pg_type.typtype`: b, c, d, e, m, p, r. */
    kind: z.string(),
    /** `pg_type.typcategory`. */
    category: z.string(),
    builtIn: z.boolean(),
    extension: z.string().nullable(),
    /** Of arrays and ranges. */
    element: z.number().nullable(),
    /** Of domains. */
    base: z.number().nullable(),
    baseMod: z.number(),
    labels: z.array(z.string()),
    attributes: z.array(z.object({ type: z.number(), mod: z.number() })),
});
/** A type, as one side has it. */
export type TypeInfo = z.output<typeof typeInfo>;

const collation = z.object({
    /** `default` is the database's own. */
    name: z.string(),
    /** What it comes to: `libc de_DE.utf8`. */
    sorts: z.string(),
});
export type Collation = z.output<typeof collation>;

const column = z.object({
    name: z.string(),
    type: z.number(),
    mod: z.number(),
    /** With the modifier, for people. */
    typeName: z.string(),
    notNull: z.boolean(),
    /** A DEFAULT of its own, neither generated nor an identity. */
    hasDefault: z.boolean(),
    /** GENERATED ALWAYS AS (…). */
    generated: z.boolean(),
    /** `a`: always, `d`: by default. */
    identity: z.string(),
    collation: collation.nullable(),
});

const server = z.object({
    name: z.string(),
    /** Extensions that the option `extensions` names. */
    extensions: z.array(z.string()),
    updatable: z.string().nullable(),
    host: z.string().nullable(),
    database: z.string().nullable(),
});
export type LocalServer = z.output<typeof server>;

const localColumn = column.extend({
    /** Name at the upstream. */
    remote: z.string(),
    /** Whether the option `column_name` tells it. */
    renamed: z.boolean(),
});
export type LocalColumn = z.output<typeof localColumn>;

const localTable = z.object({
    schema: z.string(),
    name: z.string(),
    server: z.string(),
    remoteSchema: z.string(),
    remoteName: z.string(),
    updatable: z.string().nullable(),
    /** INSERT, UPDATE, DELETE that somebody else than the owner was granted, on it or on a view that passes it on. */
    granted: z.array(z.string()),
    /** The same, of triggers on it. */
    triggered: z.array(z.string()),
    columns: z.array(localColumn),
});
export type LocalTable = z.output<typeof localTable>;

const writer = z.object({
    /** For people: `function public.f(integer)`. */
    what: z.string(),
    language: z.string(),
    /** The whole statement that makes it. */
    definition: z.string(),
    body: z.string(),
    /** Schemas in which its names are looked for. */
    path: z.array(z.string()),
});
export type Writer = z.output<typeof writer>;

const extension = z.object({ name: z.string(), schema: z.string() });

const local = z.object({
    servers: z.array(server),
    tables: z.array(localTable),
    types: z.array(typeInfo),
    extensions: z.array(extension),
    writers: z.array(writer),
});
/** The database under development. */
export type LocalCatalog = z.output<typeof local>;

const remoteColumn = column.extend({ system: z.boolean() });
export type RemoteColumn = z.output<typeof remoteColumn>;

const privileges = z.object({
    user: z.string(),
    schema: z.boolean(),
    delete: z.boolean(),
    /** Columns that the user may not read, insert into, update. */
    noSelect: z.array(z.string()),
    noInsert: z.array(z.string()),
    noUpdate: z.array(z.string()),
});
export type Privileges = z.output<typeof privileges>;

const relation = z.object({
    schema: z.string(),
    name: z.string(),
    /** `pg_class.relkind`. */
    kind: z.string(),
    /** As `pg_relation_is_updatable()` tells: bits 4 UPDATE, 8 INSERT, 16 DELETE. */
    updatable: z.number(),
    columns: z.array(remoteColumn),
    privileges: z.array(privileges),
});
export type Relation = z.output<typeof relation>;

const remote = z.object({
    schemas: z.array(z.string()),
    /** Everything that can be read, by schema and name. */
    names: z.array(z.tuple([z.string(), z.string()])),
    relations: z.array(relation),
    types: z.array(typeInfo),
    extensions: z.array(extension),
});
/** One upstream. */
export type RemoteCatalog = z.output<typeof remote>;

async function json<T>(ask: Ask, sql: string, shape: z.ZodType<T>): Promise<T> {
    const [row] = await ask(sql);
    return shape.parse(JSON.parse(row?.[0] ?? "null"));
}

export const readLocal = (ask: Ask, sql: string): Promise<LocalCatalog> => json(ask, sql, local);
export const readRemote = (ask: Ask, sql: string): Promise<RemoteCatalog> => json(ask, sql, remote);
