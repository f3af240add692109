/** Which upstream is meant by a name, and what the schema uses of it. */

import type { UpstreamOrigin } from "../schema";
import { InputError } from "../upstreams/errors";
import type { Upstream } from "../upstreams/model";
import { parseStatements } from "../upstreams/parsed";
import type { TableName } from "./selection";

/** An upstream that the schema or the configuration has, and what is used of it. */
export interface KnownUpstream {
    /** `host:port/database`. */
    readonly place: string;
    /** Names that it may be called by, the best first: those of its servers, of its database, of its host. */
    readonly names: readonly string[];
    readonly tables: readonly TableName[];
    /** Schemas that are asked for as a whole. */
    readonly schemas: readonly string[];
    /** Users of the user mappings. */
    readonly roles: readonly string[];
}

/** One connection to make. */
export interface PullSource {
    readonly name: string;
    /** The connection string; undefined where only libpq's variables count. */
    readonly from: string | undefined;
    /** For messages. */
    readonly source: string;
}

const PREFIX = "FDW_STUB_PULL_";
/** Variables of libpq that say where to connect to. */
const PLACES = ["PGHOST", "PGHOSTADDR", "PGSERVICE"];

/** A name as a variable has it. */
function plain(name: string): string {
    return name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
}

/** The variable that holds the connection string of an upstream. */
export function variableOf(name: string): string {
    return `${PREFIX}${plain(name)}`;
}

function checkName(name: string): string {
    if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name)) {
        throw new InputError(
            `--upstream ${JSON.stringify(name)} is no name for a file; allowed are letters, digits, "_", "-" and ".". Name the upstream by its foreign server, its database, or a word of your own.`,
        );
    }
    return name;
}

/**
 * Works out what to connect to.
 *
 * @throws InputError where it is not clear; it never holds a connection string.
 */
export function sourcesOf(
    { from, upstream = [] }: { readonly from?: string; readonly upstream?: readonly string[] },
    env: Readonly<Record<string, string | undefined>>,
): PullSource[] {
    const names = [...new Set(upstream.map(checkName))];
    const [first] = names;
    if (from !== undefined) {
        if (first === undefined || names.length > 1) {
            throw new InputError(
                `--from is the connection string of one upstream, and --upstream names ${names.length}. Name one; for several give each a variable, for example ${variableOf("orders")}.`,
            );
        }
        return [{ name: first, from, source: "--from" }];
    }
    const given = Object.entries(env).flatMap(([variable, value]) =>
        variable.startsWith(PREFIX) && variable.length > PREFIX.length && value !== undefined && value !== ""
            ? [{ variable, value }]
            : [],
    );
    if (first === undefined) {
        if (given.length === 0) {
            throw new InputError(
                `Nothing says where the upstream is. Give --from URL --upstream NAME, or a variable for each upstream, for example ${variableOf("orders")}=postgres://…`,
            );
        }
        return given
            .map(({ variable, value }) => ({
                name: variable.slice(PREFIX.length).toLowerCase(),
                from: value,
                source: variable,
            }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
    }
    return names.map((name): PullSource => {
        const variable = variableOf(name);
        const own = given.find((one) => one.variable === variable);
        if (own !== undefined) {
            return { name, from: own.value, source: variable };
        }
        if (names.length === 1 && PLACES.some((one) => (env[one] ?? "") !== "")) {
            return { name, from: undefined, source: "The environment (PGHOST and the like)" };
        }
        throw new InputError(
            `Nothing says where the upstream ${JSON.stringify(name)} is. Give --from URL, or the variable ${variable}.`,
        );
    });
}

/** What is used of each upstream. */
export async function knownUpstreams(
    upstreams: readonly Upstream[],
    origins: readonly UpstreamOrigin[],
): Promise<KnownUpstream[]> {
    const places = new Set(upstreams.map(placeOf));
    return Promise.all(
        [...places].map(async (place) => {
            const own = upstreams.filter((one) => placeOf(one) === place);
            const told = origins.filter((one) => placeOf(one) === place);
            const [first] = own;
            const tables = [...own.flatMap((one) => one.tables), ...told.flatMap((one) => one.tables)];
            return {
                place,
                names: [
                    ...told.flatMap(({ servers }) => servers.map(({ name }) => name)),
                    ...(first === undefined ? [] : [first.database, first.host]),
                ],
                tables: distinct(tables.map(({ schema, name }) => ({ schema, name }))),
                schemas: [...new Set((await Promise.all(own.map(schemasIn))).flat())],
                roles: [...new Set(own.flatMap(({ users }) => users.map(({ name }) => name)))].sort(),
            };
        }),
    );
}

function placeOf({ host, port, database }: Pick<Upstream, "host" | "port" | "database">): string {
    return `${host}:${port}/${database}`;
}

function distinct(tables: readonly TableName[]): TableName[] {
    return [...new Map(tables.map((one) => [JSON.stringify(one), one])).values()];
}

/** Schemas that a stub has, with a table in them or not: an import asks for them. */
async function schemasIn({ ddl }: Upstream): Promise<string[]> {
    const parsed = await Promise.all(ddl.map(parseStatements));
    return parsed
        .flat()
        .flatMap(({ node }) => ("CreateSchemaStmt" in node ? [node.CreateSchemaStmt.schemaname ?? ""] : []))
        .filter((name) => name !== "");
}

/**
 * The upstream that a name means: one of its own names, or the only one that there is.
 *
 * @returns undefined where none is called so.
 * @throws InputError where several are.
 */
export function findUpstream(name: string, known: readonly KnownUpstream[]): KnownUpstream | undefined {
    const fitting = known.filter(
        ({ names, place }) => place === name || names.some((one) => plain(one) === plain(name)),
    );
    const [first, second] = fitting;
    if (first !== undefined && second !== undefined) {
        throw new InputError(
            `The upstreams ${fitting.map(({ place }) => place).join(" and ")} are both called ${JSON.stringify(name)}. Use the name of a foreign server that only one of them has: ${fitting
                .flatMap(({ names }) => names)
                .filter((one) => known.filter(({ names }) => names.includes(one)).length === 1)
                .join(", ")}.`,
        );
    }
    const [only] = known;
    return first ?? (known.length === 1 ? only : undefined);
}

/** The upstreams there are, for a message. */
export function listed(known: readonly KnownUpstream[]): string {
    return known.map(({ names: [name], place }) => (name === undefined ? place : `${name} (${place})`)).join(", ");
}
