/** A server as upstreams: where its options lead, and whether a stub can satisfy them. */

import { type ConnectionNeeds, connectionNeeds } from "../../upstreams/connection";
import type { Connection } from "../../upstreams/model";
import { CURRENT_DATABASE, type Mapping } from "../derive/catalog";
import type { NeededServer } from "../derive/needs";
import { variableConfig } from "../read/script";
import type { Emission } from "./emission";
import { fillStub, stubAt } from "./fill";
import type { Stub } from "./stub";
import { SERVER_USER, userOf } from "./users";

export function serverStubs(emission: Emission, needed: NeededServer): void {
    const { server, kind, name } = needed;
    if (server === undefined) {
        const table = needed.tables[0];
        const place = table?.place ?? needed.imports[0]?.place ?? [...needed.mappings.values()][0]?.place;
        if (place !== undefined) {
            const stand = emission.standIns.find(name);
            emission.add(
                "error",
                "server-unknown",
                `Server ${stand?.name ?? name} is used and no statement that was read creates it, so where it leads is not known. Add the file that creates it to \`schema\`.`,
                place,
            );
        }
        return;
    }
    const what = name === "dblink" && server.wrapper === "dblink_fdw" ? "This dblink call" : `Server ${name}`;
    if (kind.kind === "other") {
        emission.add(
            kind.reads.startsWith("files") ? "note" : "warning",
            "other-wrapper",
            `Server ${name} uses ${server.wrapper}, which reads ${kind.reads}: it is no PostgreSQL upstream, and no stub is made for it.`,
            server.place,
        );
        return;
    }
    if (kind.kind === "unknown") {
        const stand = emission.standIns.find(server.wrapper);
        emission.add(
            "warning",
            "wrapper-unknown",
            `Server ${name} uses the wrapper ${stand?.name ?? server.wrapper}, which is not known; no stub is made for it.`,
            server.place,
        );
        return;
    }
    emission.standIns.find(name);
    const options = server.options;
    const hostStand = emission.standIns.find(options.get("host")) ?? emission.standIns.find(options.get("hostaddr"));
    if (hostStand !== undefined) {
        emission.add(
            "error",
            "host-unknown",
            `The host of server ${name} is the placeholder ${hostStand.name}, which has no value, so no name can be answered. Give it in \`variables\`.`,
            server.place,
            variableConfig(hostStand.name),
        );
        emission.standIns.find(options.get("dbname"));
        mappingStandIns(emission, needed);
        return;
    }
    const mappings = [...needed.mappings.values()];
    const plain = Object.fromEntries(options);
    const common = connectionNeeds(plain, {}, what);
    const said = new Set<string>();
    for (const { severity, code, message } of common.findings) {
        said.add(code);
        emission.add(severity, code, message, server.place);
    }
    const ways = new Map<Mapping, ConnectionNeeds>();
    for (const mapping of mappings) {
        const needs = connectionNeeds(
            plain,
            Object.fromEntries(mapping.options),
            `The user mapping for ${mapping.written}`,
        );
        ways.set(mapping, needs);
        for (const { severity, code, message } of needs.findings) {
            if (!said.has(code)) {
                emission.add(severity, code, message, mapping.place);
            }
        }
    }
    if (kind.kind === "postgres" && mappings.length === 0 && needed.tables.length + needed.imports.length > 0) {
        emission.add(
            "note",
            "mapping-none",
            `Server ${name} has no user mapping in what was read; nobody can connect to it.`,
            server.place,
        );
    }
    for (const database of databasesOf(emission, needed, mappings, what)) {
        for (const target of common.targets) {
            const stub = stubAt(emission, target, database.name);
            const own = database.mappings.flatMap((mapping) => ways.get(mapping) ?? []);
            for (const { connection } of own.length === 0 ? [common] : own) {
                addConnection(stub, connection);
            }
            fillStub(emission, stub, needed, database.mappings);
        }
    }
}

function addConnection(stub: Stub, connection: Connection): void {
    const text = JSON.stringify(connection);
    if (text !== "{}" && !stub.connections.some((one) => JSON.stringify(one) === text)) {
        stub.connections.push(connection);
    }
}

function mappingStandIns(emission: Emission, needed: NeededServer): void {
    for (const mapping of needed.mappings.values()) {
        emission.standIns.find(mapping.options.get("user"));
        emission.standIns.find(mapping.options.get("password"));
    }
}

/** The database of a server; without dbname libpq takes the one called like the user. */
function databasesOf(
    emission: Emission,
    needed: NeededServer,
    mappings: readonly Mapping[],
    what: string,
): Array<{ name: string; mappings: Mapping[] }> {
    const place = needed.server?.place ?? needed.place;
    const named = needed.server?.options.get("dbname");
    if (named !== undefined && named !== "") {
        const stand = emission.standIns.find(named);
        if (stand !== undefined) {
            mappingStandIns(emission, needed);
            emission.add(
                "error",
                "database-unknown",
                `The database of ${what} is the placeholder ${stand.name}, which has no value. Give it in \`variables\`.`,
                place,
                variableConfig(stand.name),
            );
            return [];
        }
        if (named.includes(CURRENT_DATABASE)) {
            emission.add("note", "self-server", `${what} leads to the dev database itself; it needs no stub.`, place);
            return [];
        }
        return [{ name: named, mappings: [...mappings] }];
    }
    const service = needed.server?.options.get("service");
    if (service !== undefined && service !== "") {
        return [{ name: service, mappings: [...mappings] }];
    }
    const byUser = new Map<string, Mapping[]>();
    for (const mapping of mappings) {
        const user = userOf(mapping) ?? SERVER_USER;
        byUser.set(user, [...(byUser.get(user) ?? []), mapping]);
    }
    const found = byUser.size === 0 ? new Map([[SERVER_USER, []]]) : byUser;
    emission.add(
        "warning",
        "database-default",
        `${what} names no dbname; libpq takes the database called like the user: ${[...found.keys()].join(", ")}.`,
        place,
    );
    return [...found].map(([name, own]) => ({ name, mappings: own }));
}
