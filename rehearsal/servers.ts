/** What is known of foreign servers by now, as libpq would take it. Pure. */

import { createHash } from "node:crypto";
import type { Address } from "../schema/usage/settle";
import type { Upstream } from "../schema/usage/unknowns";
import { connectionNeeds, type Target } from "../upstreams/connection";
import { parseConninfo } from "../upstreams/conninfo";
import { isLoopback } from "../upstreams/names";
import type { Facts } from "./facts";

type Options = Readonly<Record<string, string>>;

/** The user that a mapping names; libpq takes the one that runs the server where it names none. */
export function userOf({ user }: Options): string {
    return user === undefined || user === "" ? "postgres" : user;
}

/** The options of a server as they are now. */
export function serverOptions({ servers }: Facts, name: string): Options {
    return servers.filter((each) => each.name === name).at(-1)?.options ?? {};
}

/**
 * The database that stands for an upstream's: one of its own for each place, except for the server itself and for
 * databases that the script fills. The same rule stands in `server/answer.pl` and `server/mirror.sql`.
 */
export function databaseFor(
    { host, hostaddr = host, port }: Target,
    database: string,
    plain: ReadonlySet<string>,
): string {
    const place = isLoopback(hostaddr) ? "localhost" : hostaddr;
    if (plain.has(database) || (place === "localhost" && port === 5432)) {
        return database;
    }
    const name = `${database}@${place}:${port}`;
    return Buffer.byteLength(name) > 63 ? `fdw_stub_${createHash("md5").update(name).digest("hex")}` : name;
}

/** The stubs that connections with these options lead to. */
export function databasesOf(server: Options, mapping: Options, plain: ReadonlySet<string>): string[] {
    const { targets, database } = connectionNeeds(server, mapping);
    return targets.map((target) => databaseFor(target, database, plain));
}

/** The stubs that a server leads to with its mappings. */
export function databasesOfServer(facts: Facts, server: string, plain: ReadonlySet<string>): string[] {
    const options = serverOptions(facts, server);
    const own = facts.mappings.filter((mapping) => mapping.server === server).map((mapping) => mapping.options);
    return [...new Set((own.length === 0 ? [{}] : own).flatMap((mapping) => databasesOf(options, mapping, plain)))];
}

/** Where a server or a connection string of dblink leads; undefined where that is not known. */
export function addressOf(facts: Facts, upstream: Upstream): Address | undefined {
    const options = typeof upstream === "string" ? serverOptions(facts, upstream) : parseConninfo(upstream.conninfo);
    const mapping =
        typeof upstream === "string" ? facts.mappings.find(({ server }) => server === upstream)?.options : undefined;
    const needs = options === undefined ? undefined : connectionNeeds(options, mapping);
    const [target] = needs?.targets ?? [];
    return needs === undefined || target === undefined
        ? undefined
        : { host: target.host, port: target.port, database: needs.database };
}

/** The paths of a client's certificate and of its key, by one of them. */
export function clientFiles({ servers, mappings }: Facts, path: string): [certificate: string, key: string] {
    const found = [...servers, ...mappings]
        .map(({ options }) => options)
        .find(({ sslcert, sslkey }) => sslcert === path || sslkey === path);
    const folder = path.slice(0, path.lastIndexOf("/"));
    return [found?.sslcert ?? `${folder}/postgresql.crt`, found?.sslkey ?? `${folder}/postgresql.key`];
}
