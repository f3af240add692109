/** The view of both sides that a comparison is given after the proof. */

import type { Place, UpstreamOrigin } from "../schema/report";
import type { Upstream } from "../upstreams/model";
import type { RehearsalServer } from "./container";
import { keyOf } from "./contract/places";
import { contractOf } from "./contract/result";
import type { Contract } from "./contract/run";
import type { Facts } from "./facts";
import type { FinalServer } from "./final";
import type { Comparison, Inspect, InspectedContract } from "./inspection";
import { userOf } from "./servers";
import type { Session } from "./session";

export interface Inspected {
    readonly upstreams: readonly Upstream[];
    readonly origins: readonly UpstreamOrigin[];
    readonly contracts: ReadonlyMap<string, Contract>;
    readonly facts: Facts;
    readonly final: FinalServer;
    readonly devDatabase: string;
}

/** Where a foreign table is declared, and where its columns got their present types. */
function foreignPlaces({ tables }: Facts): (schema: string, table: string, column?: string) => Place | undefined {
    return (schema, table, column) => {
        const own = tables.filter(({ local }) => local === `${schema}.${table}`);
        if (column === undefined) {
            return own[0]?.place;
        }
        let found: { type: string; place: Place } | undefined;
        for (const { columns, place } of own) {
            const type = columns.find(({ name }) => name === column)?.type;
            if (type !== undefined && type !== found?.type) {
                found = { type, place };
            }
        }
        return found?.place ?? own[0]?.place;
    };
}

function describe(upstream: Upstream, contract: Contract, session: Session, stub: string, input: Inspected) {
    const { host, port, database } = upstream;
    const { facts, origins } = input;
    const origin = origins.find((one) => one.host === host && one.port === port && one.database === database);
    const servers = (origin?.servers ?? []).filter(({ name }) => facts.servers.some((server) => server.name === name));
    const mappings = new Map(
        facts.mappings
            .filter(({ server }) => servers.some(({ name }) => name === server))
            .map(({ server, role, options, place }) => [
                keyOf(server, role),
                { server, role, user: userOf(options), place },
            ]),
    );
    const inspected: InspectedContract = {
        database: stub,
        query: (sql) => session.rows(sql),
        upstream: { host, port, database },
        contract: contract.paths,
        servers,
        mappings: [...mappings.values()],
        users: upstream.users.map(({ name, granted }) => ({ name, granted: granted === true })),
        place: (schema, table, column) =>
            column === undefined
                ? contract.places.relations.get(keyOf(schema, table))
                : contract.places.columns.get(keyOf(schema, table, column)),
    };
    return inspected;
}

/** Has a comparison look at the server on which the proof has run. */
export async function inspected(server: RehearsalServer, inspect: Inspect, input: Inspected): Promise<Comparison> {
    const sessions: Session[] = [];
    const open = async (database: string) => {
        const session = await server.finalSession(database);
        sessions.push(session);
        return session;
    };
    try {
        const dev = await open(input.devDatabase);
        const contracts: InspectedContract[] = [];
        for (const upstream of input.upstreams) {
            const contract = contractOf(upstream, input.contracts);
            const stub = input.final.databases.find(({ servers }) =>
                servers.some(
                    ({ host, port, database }) =>
                        host === upstream.host && port === upstream.port && database === upstream.database,
                ),
            );
            if (contract !== undefined && stub !== undefined) {
                contracts.push(describe(upstream, contract, await open(stub.database), stub.database, input));
            }
        }
        return await inspect({
            dev: { database: input.devDatabase, query: (sql) => dev.rows(sql) },
            contracts,
            place: foreignPlaces(input.facts),
        });
    } finally {
        for (const session of sessions) {
            session.end();
        }
    }
}
