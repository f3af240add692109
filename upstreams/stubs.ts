import { inputError } from "./errors";
import type { Ddl, Table, Upstream, User } from "./model";
import { isLoopback } from "./names";
import { quoteQualified } from "./quote";

/** A database that stands for one or more upstreams: hosts differ, the database's name is the same. */
export interface StubDatabase {
    readonly database: string;
    /** Host and port of each upstream that it stands for, in order, without repetition. */
    readonly servers: ReadonlyArray<{ readonly host: string; readonly port: number }>;
    /** Roles that may use everything in it. */
    readonly users: readonly string[];
    readonly extensions: readonly string[];
    readonly ddl: readonly Ddl[];
    /** Each table once, with its place in the declaration. */
    readonly tables: ReadonlyArray<Table & { readonly at: string }>;
}

/** All that one server must hold to answer for a list of upstreams. */
export interface Stubs {
    readonly databases: readonly StubDatabase[];
    /** Each role once. */
    readonly users: readonly User[];
    /** Names that must lead to the server itself inside its container. */
    readonly hostAliases: readonly string[];
    /** Ports other than the server's own that must lead to it. */
    readonly extraPorts: readonly number[];
}

/** The port that the server itself listens on inside its container. */
export const SERVER_PORT = 5432;

/** The database in which fresh databases are handed out, beside the upstreams' and the dev database. */
export const MAINTENANCE_DATABASE = "fdw_stub";

function unique<T>(values: readonly T[]): T[] {
    return [...new Set(values)];
}

function sameColumns(a: Table, b: Table): boolean {
    return (
        a.columns.length === b.columns.length &&
        a.columns.every((c, i) => c.name === b.columns[i]?.name && c.type === b.columns[i]?.type)
    );
}

function mergeTables(placed: ReadonlyArray<Table & { at: string }>, problems: string[]): Array<Table & { at: string }> {
    const byName = new Map<string, Table & { at: string }>();
    for (const table of placed) {
        const key = JSON.stringify([table.schema, table.name]);
        const first = byName.get(key);
        if (first === undefined) {
            byName.set(key, table);
        } else if (!sameColumns(first, table)) {
            problems.push(
                `${first.at} and ${table.at} declare ${quoteQualified(table.schema, table.name)} of the same database with different columns. One server holds a table once: make them equal, or rename one upstream's database.`,
            );
        } else {
            // The same rows under another host, such as a replica, are the same rows.
            const isSame = JSON.stringify(first.rows) === JSON.stringify(table.rows);
            byName.set(key, isSame ? first : { ...first, rows: [...first.rows, ...table.rows] });
        }
    }
    return [...byName.values()];
}

function mergeUsers(upstreams: readonly Upstream[], problems: string[]): User[] {
    const byName = new Map<string, { user: User; at: string }>();
    upstreams.forEach((upstream, i) => {
        upstream.users.forEach((user, j) => {
            const at = `upstreams[${i}].users[${j}]`;
            const first = byName.get(user.name);
            if (first === undefined || first.user.password === undefined) {
                byName.set(user.name, { user, at: first?.at ?? at });
            } else if (user.password !== undefined && user.password !== first.user.password) {
                problems.push(
                    `${first.at} and ${at} give the user ${JSON.stringify(user.name)} different passwords. Roles belong to the whole server: give them the same, or use two names.`,
                );
            }
        });
    });
    return [...byName.values()].map(({ user }) => user);
}

/**
 * Works out what one server must hold for a list of upstreams. Upstreams with the same database name share
 * one database.
 *
 * @throws InputError that shows both places of each contradiction.
 */
export function planStubs(upstreams: readonly Upstream[]): Stubs {
    const problems: string[] = [];
    const databases = unique(upstreams.map((u) => u.database)).map((database): StubDatabase => {
        const own = upstreams.flatMap((upstream, index) =>
            upstream.database === database ? [{ upstream, index }] : [],
        );
        const placed = own.flatMap(({ upstream, index }) =>
            upstream.tables.map((table, n) => ({ ...table, at: `upstreams[${index}].tables[${n}]` })),
        );
        return {
            database,
            servers: own
                .map(({ upstream }) => ({ host: upstream.host, port: upstream.port }))
                .filter((s, i, all) => all.findIndex((t) => t.host === s.host && t.port === s.port) === i),
            users: unique(own.flatMap(({ upstream }) => upstream.users.map((u) => u.name))),
            extensions: unique(own.flatMap(({ upstream }) => upstream.extensions)),
            // Two hosts that share a database may give the same DDL: it runs once.
            ddl: own
                .flatMap(({ upstream }) => upstream.ddl)
                .filter((d, i, all) => all.findIndex((e) => e.sql === d.sql) === i),
            tables: mergeTables(placed, problems),
        };
    });
    const users = mergeUsers(upstreams, problems);
    if (problems.length > 0) {
        throw inputError("The upstreams contradict each other", problems);
    }
    return {
        databases,
        users,
        // Host names are compared without regard to case, as in /etc/hosts.
        hostAliases: unique(upstreams.map((u) => u.host.toLowerCase()).filter((host) => !isLoopback(host))),
        extraPorts: unique(upstreams.map((u) => u.port).filter((port) => port !== SERVER_PORT)),
    };
}
