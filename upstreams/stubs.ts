import { inputError } from "./errors";
import { type Login, passesThrough } from "./hba";
import type { Connection, Ddl, Extension, SeedFile, Table, Upstream, User } from "./model";
import { canonicalHost } from "./names";
import { isServerItself, type Network, planNetwork } from "./network";
import { quoteQualified } from "./quote";
import { planServices, type ServiceFile } from "./services";
import { planTls, type Tls } from "./tls";

/** An upstream that a stub database stands for, as the schema asks for it. */
export interface AnsweredServer {
    readonly host: string;
    readonly hostaddr?: string;
    readonly port: number;
    /** Database that is asked for. */
    readonly database: string;
    readonly connections: readonly Connection[];
}

/** A database that stands for one or more upstreams: hosts differ, the database's name is the same. */
export interface StubDatabase {
    /** Name in the server. */
    readonly database: string;
    /** Each upstream that it stands for, in order, without repetition. */
    readonly servers: readonly AnsweredServer[];
    /** Roles that may use everything in it; others have what its DDL grants. */
    readonly users: readonly string[];
    /** Whether a role that the schema creates later may use it, so that it is open to everybody. */
    readonly open: boolean;
    /** Roles that log in with the secret of the session that asks (`use_scram_passthrough`). */
    readonly passedThrough: readonly string[];
    readonly extensions: readonly Extension[];
    readonly publications: readonly string[];
    readonly ddl: readonly Ddl[];
    /** Each table once, with its place in the declaration. */
    readonly tables: ReadonlyArray<Table & { readonly at: string }>;
    readonly seed: readonly SeedFile[];
}

/** All that one server must hold to answer for a list of upstreams. */
export interface Stubs {
    readonly databases: readonly StubDatabase[];
    /** Each role once, without those that the schema creates. */
    readonly users: readonly User[];
    /** Each user of each database, and how it connects. */
    readonly logins: readonly Login[];
    readonly network: Network;
    readonly tls: Tls;
    readonly services: readonly ServiceFile[];
}

/** The database in which fresh databases are handed out, beside the upstreams' and the dev database. */
export const MAINTENANCE_DATABASE = "fdw_stub";

function unique<T>(values: readonly T[]): T[] {
    return [...new Set(values)];
}

function eachOnce(all: readonly Ddl[]): Ddl[] {
    const seen = new Set<string>();
    return all.filter(({ sql }) => {
        const isNew = !seen.has(sql);
        seen.add(sql);
        return isNew;
    });
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
                `${first.at} and ${table.at} declare ${quoteQualified(table.schema, table.name)} of the same database with different columns. One database holds a table once: make them equal, or give one of the upstreams a \`stub\`, a database of its own in the server.`,
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

/** One entry for each extension: needed by anybody is needed, and the first schema counts. */
function mergeExtensions(all: readonly Extension[]): Extension[] {
    return unique(all.map(({ name }) => name)).map((name) => {
        const own = all.filter((one) => one.name === name);
        const schema = own.find((one) => one.schema !== undefined)?.schema;
        return {
            name,
            ...(schema === undefined ? {} : { schema }),
            ...(own.every(({ optional }) => optional === true) ? { optional: true } : {}),
        };
    });
}

/** The database of the server that stands for an upstream. */
export function stubName({ database, stub = database }: Pick<Upstream, "database" | "stub">): string {
    return stub;
}

function mergeServers(upstreams: readonly Upstream[]): AnsweredServer[] {
    const byAddress = new Map<string, AnsweredServer>();
    for (const { host, hostaddr, port, database, connections = [] } of upstreams) {
        const key = JSON.stringify([host, hostaddr, port, database]);
        const known = byAddress.get(key);
        const more = connections.filter((one, i) => {
            const text = JSON.stringify(one);
            return (
                connections.findIndex((two) => JSON.stringify(two) === text) === i &&
                known?.connections.every((two) => JSON.stringify(two) !== text) !== false
            );
        });
        byAddress.set(key, {
            host,
            ...(hostaddr === undefined ? {} : { hostaddr }),
            port,
            database,
            connections: [...(known?.connections ?? []), ...more],
        });
    }
    return [...byAddress.values()];
}

/** How each user of a database connects to it. */
function loginsOf(database: string, own: readonly Upstream[]): Login[] {
    const names = unique(own.flatMap(({ users }) => users.map(({ name }) => name)));
    return names.map((name) => {
        const using = own.filter(({ users }) => users.some((user) => user.name === name));
        const asked = using.flatMap(({ users }) => users.filter((user) => user.name === name));
        const password = asked.find((user) => user.password !== undefined)?.password;
        const created = asked.some((user) => user.created === true);
        return {
            database,
            name,
            ...(password === undefined ? {} : { password }),
            ...(created ? { created } : {}),
            ...(asked.some((user) => user.trusted === true) ? { trusted: true } : {}),
            ...(asked.every((user) => user.granted === true) ? { granted: true } : {}),
            connections: using
                .flatMap(({ connections = [] }) => connections)
                .filter(({ user }) => user === undefined || user === name),
        };
    });
}

/**
 * Works out what one server must hold for a list of upstreams. Upstreams with the same database name share one
 * database, unless `stub` names another (`separateStubs` gives one to those whose tables differ).
 *
 * @throws InputError that shows both places of each contradiction.
 */
export function planStubs(upstreams: readonly Upstream[]): Stubs {
    const problems: string[] = [];
    const groups = unique(upstreams.map(stubName)).map((database) => ({
        database,
        own: upstreams.flatMap((upstream, index) => (stubName(upstream) === database ? [{ upstream, index }] : [])),
    }));
    const logins = groups.flatMap(({ database, own }) =>
        loginsOf(
            database,
            own.map(({ upstream }) => upstream),
        ),
    );
    const databases = groups.map(({ database, own }): StubDatabase => {
        const placed = own.flatMap(({ upstream, index }) =>
            upstream.tables.map((table, n) => ({ ...table, at: `upstreams[${index}].tables[${n}]` })),
        );
        const users = logins.filter((login) => login.database === database);
        return {
            database,
            servers: mergeServers(own.map(({ upstream }) => upstream)),
            users: users.filter(({ created, granted }) => created !== true && granted !== true).map(({ name }) => name),
            open: users.some(({ created }) => created === true),
            passedThrough: users
                .filter((login) => login.password === undefined && login.created !== true && passesThrough(login))
                .map(({ name }) => name),
            extensions: mergeExtensions(own.flatMap(({ upstream }) => upstream.extensions)),
            publications: unique(own.flatMap(({ upstream }) => upstream.publications ?? [])),
            // Two hosts that share a database may give the same DDL: it runs once.
            ddl: eachOnce(own.flatMap(({ upstream }) => upstream.ddl)),
            tables: mergeTables(placed, problems),
            seed: own
                .flatMap(({ upstream }) => upstream.seed ?? [])
                .filter((file, i, all) => all.findIndex(({ text }) => text === file.text) === i),
        };
    });
    const users = mergeUsers(upstreams, problems);
    checkPlaces(upstreams, problems);
    if (problems.length > 0) {
        throw inputError("The upstreams contradict each other", problems);
    }
    return {
        databases,
        users: users.filter(({ created }) => created !== true),
        logins,
        network: planNetwork(upstreams),
        tls: planTls(upstreams),
        services: planServices(upstreams),
    };
}

/**
 * Checks that no stub is one of the stack's own databases.
 *
 * @throws InputError that names it.
 */
export function checkDatabases({ databases }: Stubs, devDatabase: string): void {
    const problems = databases.flatMap(({ database, servers }) =>
        database === devDatabase
            ? [
                  `the dev database and an upstream's database are both called ${JSON.stringify(database)}, but the dev database must stay empty. Set devDatabase to another name, or ${
                      servers.some(isServerItself)
                          ? "leave the upstream out: it is the dev database itself"
                          : "give the upstream a `stub` of another name"
                  }.`,
              ]
            : database === MAINTENANCE_DATABASE
              ? [
                    `the database ${JSON.stringify(database)} is the one in which fresh databases are handed out. Give the upstream a \`stub\` of another name.`,
                ]
              : [],
    );
    if (problems.length > 0) {
        throw inputError("The configuration cannot be used", problems);
    }
}

/** One database at one place is one stub. */
function checkPlaces(upstreams: readonly Upstream[], problems: string[]): void {
    const places = new Map<string, number>();
    upstreams.forEach((upstream, i) => {
        const { host, hostaddr = host, port, database } = upstream;
        const key = JSON.stringify([canonicalHost(hostaddr), port, database]);
        const first = places.get(key);
        const other = first === undefined ? undefined : upstreams[first];
        if (other !== undefined && stubName(other) !== stubName(upstream)) {
            problems.push(
                `upstreams[${first}] and upstreams[${i}] are the same database of the same server, and each names another stub. Give them the same.`,
            );
        }
        places.set(key, first ?? i);
        if (isServerItself(upstream) && stubName(upstream) !== database) {
            problems.push(
                `upstreams[${i}] is asked for at the server's own address and port (${host}:${port}), where a database cannot have another name. Give the \`stub\` to the other upstream of the database ${JSON.stringify(database)}.`,
            );
        }
    });
}
