/** Which upstream of the schema a declared one is. Pure. */

import type { UpstreamOrigin } from "../schema/report";
import { inputError } from "../upstreams/errors";
import type { Table, Upstream } from "../upstreams/model";
import { isServerItself } from "../upstreams/network";

/** An upstream that the schema asks for. */
export type Asked = Pick<UpstreamOrigin, "host" | "port" | "database" | "servers">;

/** Databases that are one on whatever host, until it is known on which: nothing else is declared of that name. */
export function sharedDatabases(declared: readonly Upstream[]): Set<string> {
    const placed = new Set(declared.flatMap(({ unplaced, database }) => (unplaced === true ? [] : [database])));
    return new Set(
        declared.flatMap(({ unplaced, database }) => (unplaced === true && !placed.has(database) ? [database] : [])),
    );
}

function addressOf({ host, port }: Asked): string {
    return `${host}:${port}`;
}

/**
 * Gives each upstream that is declared by its database alone the host and port at which the schema asks for it: the
 * server itself where it asks for it there, otherwise the only one; the server itself where it does not ask at all.
 *
 * @throws InputError that names the hosts where there are several.
 */
export function placeUpstreams(declared: readonly Upstream[], asked: readonly Asked[]): Upstream[] {
    const problems: string[] = [];
    const placed = declared.map(({ unplaced, ...upstream }, index) => {
        if (unplaced !== true) {
            return upstream;
        }
        const found = asked.filter(({ database }) => database === upstream.database);
        const itself = found.find(isServerItself);
        if (itself === undefined && found.length > 1) {
            const hosts = found.map((each) => {
                const [server] = each.servers;
                const by =
                    server === undefined ? "" : ` (server ${server.name}, ${server.place.file}:${server.place.line})`;
                return `${addressOf(each)}${by}`;
            });
            problems.push(
                `upstreams[${index}]: the schema asks for the database ${JSON.stringify(upstream.database)} at ${hosts.join(" and ")}. Give the host that is meant, and declare the other one too where it needs it.`,
            );
        }
        const { host, port } = itself ?? found[0] ?? upstream;
        return { ...upstream, host, port };
    });
    if (problems.length > 0) {
        throw inputError("The configuration cannot be used", problems);
    }
    return placed;
}

/** Whether both declare the same database of the same server. */
export function isSame(a: Upstream, b: Upstream): boolean {
    return a.host.toLowerCase() === b.host.toLowerCase() && a.port === b.port && a.database === b.database;
}

/** What several declarations tell of one table: columns together, each once. */
function mergedTables(tables: readonly Table[], problems: string[]): Table[] {
    const merged = new Map<string, Table>();
    for (const table of tables) {
        const key = JSON.stringify([table.schema, table.name]);
        const known = merged.get(key);
        if (known === undefined) {
            merged.set(key, table);
            continue;
        }
        for (const { name, type } of table.columns) {
            const other = known.columns.find((column) => column.name === name);
            if (other !== undefined && other.type !== type) {
                problems.push(
                    `upstreams: the column ${table.schema}.${table.name}.${name} is declared as ${other.type} and as ${type}. Remove one.`,
                );
            }
        }
        merged.set(key, {
            ...known,
            columns: [
                ...known.columns,
                ...table.columns.filter(({ name }) => !known.columns.some((column) => column.name === name)),
            ],
            rows: [...known.rows, ...table.rows],
        });
    }
    return [...merged.values()];
}

function together(a: Upstream, b: Upstream, problems: string[]): Upstream {
    const contract = [...new Set([...(a.contract ?? []), ...(b.contract ?? [])])];
    const all = [a, b];
    const seed = all.flatMap((each) => each.seed ?? []);
    if (contract.length > 0 && all.some(({ tables, ddl }) => tables.length > 0 || ddl.length > 0)) {
        problems.push(
            `upstreams: the database ${JSON.stringify(a.database)} at ${a.host}:${a.port} is declared with a contract, and with tables or DDL beside it. The contract tells what the upstream has, and nothing is added to it: remove one.`,
        );
    }
    return {
        ...b,
        ...a,
        ...(contract.length === 0 ? {} : { contract }),
        ...(seed.length === 0 ? {} : { seed }),
        connections: all.flatMap(({ connections = [] }) => connections),
        publications: [...new Set(all.flatMap(({ publications = [] }) => publications))],
        users: [...a.users, ...b.users.filter(({ name }) => !a.users.some((user) => user.name === name))],
        extensions: [
            ...a.extensions,
            ...b.extensions.filter(({ name }) => !a.extensions.some((extension) => extension.name === name)),
        ],
        ddl: all.flatMap(({ ddl }) => ddl),
        tables: mergedTables(
            all.flatMap(({ tables }) => tables),
            problems,
        ),
    };
}

/**
 * Declarations of one upstream as one: a line that tells one column's type stands beside others.
 *
 * @throws InputError where they contradict each other.
 */
export function mergeDeclared(declared: readonly Upstream[]): Upstream[] {
    const problems: string[] = [];
    const merged: Upstream[] = [];
    for (const upstream of declared) {
        const at = merged.findIndex((each) => isSame(each, upstream));
        const known = merged[at];
        if (known === undefined) {
            merged.push(upstream);
        } else {
            merged[at] = together(known, upstream, problems);
        }
    }
    if (problems.length > 0) {
        throw inputError("The upstreams contradict each other", problems);
    }
    return merged;
}
