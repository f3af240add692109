/** What one pass has found out of how to answer, which the next one is told from the start. */

import type { Place } from "../schema/report";

export interface Knowledge {
    readonly ports: Set<number>;
    /** `directory\0port` */
    readonly sockets: Set<string>;
    /** Users who have no password. */
    readonly trusted: Set<string>;
    /** Users who insist on being asked by SCRAM, with their passwords. */
    readonly passwords: Map<string, string>;
    /** Paths at which the authority's certificate is looked for. */
    readonly authorities: Set<string>;
    /** Paths of clients' certificates with the paths of their keys. */
    readonly clients: Map<string, string>;
    tls: boolean;
    /** Roles that are there before the schema runs: those that it mentions and does not create, with the place. */
    readonly roles: Map<string, Place | undefined>;
    /** The database that the script connects to for what is under development; undefined for the one it begins in. */
    ownDatabase: string | undefined;
    /** Databases that the script itself fills, after `\c`. */
    readonly scripted: Set<string>;
    /** Upstreams' databases that are one, on whatever host they are asked for: those that are declared without one. */
    readonly shared: Set<string>;
    /** Stubs that a contract makes: nothing is added to them. */
    readonly frozen: Set<string>;
}

/** Databases whose stub is called like them, whatever the host. */
export function plainNames({ scripted, shared }: Knowledge): ReadonlySet<string> {
    return new Set([...scripted, ...shared]);
}

export function noKnowledge(roles: readonly string[]): Knowledge {
    return {
        ports: new Set(),
        sockets: new Set(),
        trusted: new Set(),
        passwords: new Map(),
        authorities: new Set(),
        clients: new Map(),
        tls: false,
        roles: new Map(roles.map((name) => [name, undefined])),
        ownDatabase: undefined,
        scripted: new Set(),
        shared: new Set(),
        frozen: new Set(),
    };
}
