/** The extension's functions, for programs that have a connection to the maintenance database. */
import type { ClientBase } from "pg";
import * as z from "zod";
import type { Ddl } from "../upstreams/model";

/** What `fdw_stub.status()` tells. */
const statusSchema = z.object({
    /** Databases in stock. */
    ready: z.number(),
    /** Databases handed out and not dropped yet, and how many of them somebody uses. */
    out: z.number(),
    used: z.number(),
    /** Databases and roles that wait to be dropped. */
    dropping: z.number(),
    /** Whether the background session lives. */
    working: z.boolean(),
    /** What could not be dropped, and why. */
    troubles: z.array(z.object({ name: z.string(), trouble: z.string() })),
    settings: z.object({
        stock: z.number(),
        stock_max: z.number(),
        kept: z.number(),
        max_age: z.string(),
        grace: z.string(),
        makers: z.number(),
        strategy: z.string(),
        template: z.string(),
        dev_database: z.string().nullable(),
    }),
});

export type FreshStatus = Readonly<z.infer<typeof statusSchema>>;

async function single(client: ClientBase, sql: string, values: readonly unknown[]): Promise<unknown> {
    const { rows } = await client.query<{ value: unknown }>(sql, [...values]);
    return rows[0]?.value;
}

/** How a database is handed out. */
export interface HandOut {
    /** It counts as used as long as the connection lives that asked, and goes soon after it. */
    readonly hold?: boolean;
}

/**
 * Hands out a pristine database.
 *
 * @param client connected to the maintenance database as the dev user, in no transaction: the database can be
 * connected to when the statement has committed.
 * @param options.beside what `desiredDatabase` returned for the same command, so that commands whose schemas create the
 * same role take turns.
 * @returns its name.
 */
export async function freshDatabase(
    client: ClientBase,
    options: HandOut & { readonly beside?: string } = {},
): Promise<string> {
    const { hold = false, beside = null } = options;
    return z.string().parse(await single(client, "SELECT fdw_stub.fresh_database($1, $2) AS value", [hold, beside]));
}

/**
 * Hands out a database in which the pieces of a schema have run, in their order. The names of roles that they create are
 * free again afterwards.
 *
 * @param client as for `freshDatabase`.
 * @returns its name.
 * @throws PostgreSQL's error for a statement that fails, with origin and line in its message; nothing stays behind.
 */
export async function desiredDatabase(
    client: ClientBase,
    pieces: readonly Ddl[],
    options: HandOut = {},
): Promise<string> {
    const { hold = false } = options;
    const json = JSON.stringify(pieces.map(({ origin, line, sql }) => ({ origin, line, sql })));
    return z
        .string()
        .parse(
            await single(client, "SELECT fdw_stub.desired_database($1::pg_catalog.jsonb, $2) AS value", [json, hold]),
        );
}

/**
 * Closes a database that was handed out; it is dropped in the background, with whoever is still connected.
 *
 * @returns false when it was gone already.
 * @throws when the database exists and was not handed out.
 */
export async function dropDatabase(client: ClientBase, name: string): Promise<boolean> {
    return z.boolean().parse(await single(client, "SELECT fdw_stub.drop_database($1) AS value", [name]));
}

/**
 * Replaces the plain dev database by a pristine one of the same name and owner. Its sessions are ended.
 *
 * @returns its name.
 */
export async function resetDevDatabase(client: ClientBase): Promise<string> {
    return z.string().parse(await single(client, "SELECT fdw_stub.reset() AS value", []));
}

/** Takes the roles that exist now, and those named, for the stack's own: they are never set aside. */
export async function keepRoles(client: ClientBase, names: readonly string[] = []): Promise<void> {
    await client.query("SELECT fdw_stub.keep_roles(VARIADIC $1::text[])", [[...names]]);
}

/** How the stock stands. */
export async function freshStatus(client: ClientBase): Promise<FreshStatus> {
    return statusSchema.parse(await single(client, "SELECT fdw_stub.status() AS value", []));
}
