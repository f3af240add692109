/** Puts declared upstreams and derived ones together: what is declared wins, field by field. */

import type { Column, Table, Upstream, User } from "../upstreams/model";
import { declaredCatalog } from "./derive/given";
import { contradicts } from "./derive/types";
import type { Finding, Inference, Place, UpstreamOrigin } from "./report";

export interface Merged {
    readonly upstreams: Upstream[];
    /** Contradictions, each with both places. */
    readonly findings: Finding[];
}

function same(a: Upstream, b: { host: string; port: number; database: string }): boolean {
    return a.host.toLowerCase() === b.host.toLowerCase() && a.port === b.port && a.database === b.database;
}

/** @param declared in the order of the configuration, whose places are `upstreams[i]…`. */
export function mergeUpstreams(declared: readonly Upstream[], derived: Inference): Merged {
    const findings: Finding[] = [];
    const merged = declared.map((upstream, index) => {
        const other = derived.upstreams.find((each) => same(upstream, each));
        const origin = derived.origins.find((each) => same(upstream, each));
        return other === undefined || origin === undefined
            ? upstream
            : mergeOne(upstream, index, other, origin, findings);
    });
    const rest = derived.upstreams.filter((each) => !declared.some((upstream) => same(upstream, each)));
    const users = new Map<string, string>();
    for (const upstream of merged) {
        for (const { name, password } of upstream.users) {
            if (password !== undefined) {
                users.set(name, password);
            }
        }
    }
    return { upstreams: alike([...merged, ...rest.map((each) => withPasswords(each, users))]), findings };
}

/** A role has one password on the server: the declared one. */
function withPasswords(upstream: Upstream, passwords: ReadonlyMap<string, string>): Upstream {
    return {
        ...upstream,
        users: upstream.users.map((user) => {
            const password = passwords.get(user.name);
            return password === undefined ? user : { ...user, password };
        }),
    };
}

function both<K extends "connections" | "publications">(
    key: K,
    ...of: readonly Upstream[]
): Pick<Upstream, K> | object {
    const all = of.flatMap((one) => [...(one[key] ?? [])]);
    return all.length === 0 ? {} : { [key]: all };
}

function mergeOne(
    upstream: Upstream,
    index: number,
    other: Upstream,
    origin: UpstreamOrigin,
    findings: Finding[],
): Upstream {
    const report = (message: string, place: Place) => {
        findings.push({ severity: "error", code: "contradiction", message, file: place.file, line: place.line });
    };
    const users: User[] = upstream.users.map((user, position) => {
        const found = other.users.find(({ name }) => name === user.name);
        const place = origin.users.find(({ name }) => name === user.name)?.place;
        if (
            found?.password !== undefined &&
            user.password !== undefined &&
            found.password !== user.password &&
            place !== undefined
        ) {
            report(
                `upstreams[${index}].users[${position}] gives ${user.name} another password than the user mapping here; the mapping could not connect. Make them equal, or leave the declared one out.`,
                place,
            );
        }
        return user.password === undefined && found?.password !== undefined
            ? { ...user, password: found.password }
            : user;
    });
    const made = declaredCatalog({ ...upstream, tables: [] }, index);
    const tables: Table[] = upstream.tables.map((table, position) => {
        const found = other.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
        if (found === undefined) {
            return table;
        }
        const places = origin.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
        const columns: Column[] = [...table.columns];
        for (const column of found.columns) {
            const own = table.columns.find(({ name }) => name === column.name);
            const from = places?.columns.find(({ name }) => name === column.name);
            if (own === undefined) {
                columns.push(column);
            } else if (from !== undefined && from.certainty === "declared" && contradicts(own.type, column.type)) {
                report(
                    `upstreams[${index}].tables[${position}] declares ${table.schema}.${table.name}.${column.name} as ${own.type}, and the schema reads it as ${column.type} here. Make them agree.`,
                    from.place,
                );
            }
        }
        return { ...table, columns: columns.filter(({ name }) => name !== "fdw_stub_unknown" || columns.length === 1) };
    });
    for (const table of other.tables) {
        if (upstream.tables.some(({ schema, name }) => schema === table.schema && name === table.name)) {
            continue;
        }
        const given = made.tables(table.schema)?.find(({ name }) => name === table.name);
        if (given === undefined) {
            tables.push(table);
            continue;
        }
        // The declared DDL makes this table; what the schema needs of it must be there.
        const places = origin.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
        for (const column of table.columns) {
            const own = given.columns.find(({ name }) => name === column.name);
            const place = places?.columns.find(({ name }) => name === column.name)?.place ?? places?.place;
            if (own === undefined && place !== undefined && column.name !== "fdw_stub_unknown") {
                report(
                    `The DDL at ${given.place.file}:${given.place.line} makes ${table.schema}.${table.name} without the column ${column.name}, which is needed here.`,
                    place,
                );
            }
        }
    }
    const ownTypes = new Set(upstream.ddl.map(({ sql }) => sql));
    return {
        host: upstream.host,
        port: upstream.port,
        database: upstream.database,
        users: [...users, ...other.users.filter(({ name }) => !users.some((user) => user.name === name))],
        extensions: [
            ...upstream.extensions,
            ...other.extensions.filter(({ name }) => !upstream.extensions.some((own) => own.name === name)),
        ],
        ...(upstream.hostaddr === undefined ? {} : { hostaddr: upstream.hostaddr }),
        ...(upstream.stub === undefined ? {} : { stub: upstream.stub }),
        ...both("connections", upstream, other),
        ...both("publications", upstream, other),
        ddl: [
            ...upstream.ddl,
            ...other.ddl.filter(
                ({ sql }) => !ownTypes.has(sql) && !upstream.ddl.some((own) => makesSame(own.sql, sql)),
            ),
        ],
        tables,
    };
}

/** Does the declared DDL make the type that a derived statement makes? */
function makesSame(own: string, derived: string): boolean {
    const name = /^CREATE (?:TYPE|DOMAIN) "((?:[^"]|"")+)"\."((?:[^"]|"")+)"/.exec(derived);
    if (name === null) {
        return false;
    }
    const [, schema = "", type = ""] = name;
    const quoteForPattern = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const qualifier =
        schema === "public" ? `(?:"?${quoteForPattern(schema)}"?\\.)?` : `"?${quoteForPattern(schema)}"?\\.`;
    return new RegExp(`\\bcreate\\s+(?:type|domain)\\s+${qualifier}"?${quoteForPattern(type)}"?\\s`, "i").test(own);
}

/** Upstreams that share a database have the same tables in it: the first one's columns count. */
function alike(upstreams: readonly Upstream[]): Upstream[] {
    const first = new Map<string, Table>();
    const mark = (upstream: Upstream, table: Table) => JSON.stringify([upstream.database, table.schema, table.name]);
    for (const upstream of upstreams) {
        for (const table of upstream.tables) {
            const known = first.get(mark(upstream, table));
            const more = table.columns.filter(({ name }) => !known?.columns.some((column) => column.name === name));
            first.set(
                mark(upstream, table),
                known === undefined ? table : { ...known, columns: [...known.columns, ...more] },
            );
        }
    }
    return upstreams.map((upstream) => ({
        ...upstream,
        tables: upstream.tables.map((table) => ({
            ...table,
            columns: first.get(mark(upstream, table))?.columns ?? table.columns,
        })),
    }));
}
