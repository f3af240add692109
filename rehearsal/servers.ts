/** What is known of foreign servers by now, as libpq would take it. Pure. */

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

/** The databases that a server leads to: its dbname, or else those that its users are called like. */
export function databasesOf(facts: Facts, server: string): string[] {
    const named = serverOptions(facts, server).dbname;
    if (named !== undefined && named !== "") {
        return [named];
    }
    const own = facts.mappings.filter((mapping) => mapping.server === server);
    return [...new Set(own.map(({ options }) => userOf(options)))];
}

/** The paths of a client's certificate and of its key, by one of them. */
export function clientFiles({ servers, mappings }: Facts, path: string): [certificate: string, key: string] {
    const found = [...servers, ...mappings]
        .map(({ options }) => options)
        .find(({ sslcert, sslkey }) => sslcert === path || sslkey === path);
    const folder = path.slice(0, path.lastIndexOf("/"));
    return [found?.sslcert ?? `${folder}/postgresql.crt`, found?.sslkey ?? `${folder}/postgresql.key`];
}
