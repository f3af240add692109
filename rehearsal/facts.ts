/** What a pass learnt of the schema and of what it asked for, with the place of each thing. Plain data. */

import type { Place } from "../schema/report";
import type { MirrorNotice } from "./notices";

export interface ServerFact {
    readonly name: string;
    readonly wrapper: string;
    /** postgres_fdw or dblink serves it. */
    readonly handled: boolean;
    readonly options: Readonly<Record<string, string>>;
    readonly place: Place;
}

export interface MappingFact {
    readonly server: string;
    /** Role, or PUBLIC. */
    readonly role: string;
    readonly options: Readonly<Record<string, string>>;
    readonly place: Place;
}

export interface TableFact {
    readonly server: string;
    /** Local name, `schema.name`. */
    readonly local: string;
    readonly remoteSchema: string;
    readonly remoteName: string;
    readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>;
    readonly place: Place;
}

/** Something connected to an upstream. */
export interface ConnectionFact {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password?: string;
    readonly tls: boolean;
    readonly place: Place;
}

/** CREATE SUBSCRIPTION: who publishes is expected to be there. */
export interface SubscriptionFact {
    readonly conninfo: string;
    readonly publications: readonly string[];
    readonly place: Place;
}

/** A column that is one type at one moment and another later. */
export interface RetypedFact {
    readonly database: string;
    readonly schema: string;
    readonly table: string;
    readonly column: string;
    readonly before: string;
    readonly after: string;
    readonly place: Place;
}

/** A column that the user's declaration makes as another type than the foreign table has. */
export interface ContradictionFact {
    readonly schema: string;
    readonly table: string;
    readonly column: string;
    readonly given: string;
    readonly wanted: string;
    readonly place: Place;
}

/** A relation of a contract as it was at one moment. */
export interface RelationFact {
    readonly oid: string;
    readonly schema: string;
    readonly name: string;
    readonly columns: ReadonlyArray<{ readonly number: number; readonly name: string; readonly type: string }>;
    readonly place: Place;
}

/** A statement that PostgreSQL refused. */
export interface FailureFact {
    readonly place: Place;
    readonly sql: string;
    /** SQLSTATE. */
    readonly code: string;
    readonly message: string;
    readonly detail?: string;
    readonly hint?: string;
    /** Context lines: the command that an upstream refused. */
    readonly where?: string;
}

export interface Facts {
    /** Every server as it was at each moment, in order. */
    readonly servers: ServerFact[];
    readonly mappings: MappingFact[];
    readonly tables: TableFact[];
    readonly connections: ConnectionFact[];
    readonly subscriptions: SubscriptionFact[];
    readonly retyped: RetypedFact[];
    readonly contradictions: ContradictionFact[];
    readonly relations: RelationFact[];
    readonly failures: FailureFact[];
    /** Statements that were run for the database under development, or failed. */
    statements: number;
}

export function noFacts(): Facts {
    return {
        servers: [],
        mappings: [],
        tables: [],
        connections: [],
        subscriptions: [],
        retyped: [],
        contradictions: [],
        relations: [],
        failures: [],
        statements: 0,
    };
}

/**
 * Keeps what a notice tells.
 *
 * @returns false for a notice that tells no fact, but something to be done.
 */
export function noteFact(facts: Facts, notice: MirrorNotice, place: Place): boolean {
    switch (notice.event) {
        case "server": {
            const { name, wrapper, handled, options } = notice;
            facts.servers.push({ name, wrapper, handled, options, place });
            return true;
        }
        case "mapping": {
            const { server, role, options } = notice;
            facts.mappings.push({ server, role: role ?? "PUBLIC", options, place });
            return true;
        }
        case "table": {
            const { server, schema, name, remoteSchema, remoteName, columns } = notice;
            facts.tables.push({ server, local: `${schema}.${name}`, remoteSchema, remoteName, columns, place });
            return true;
        }
        case "retyped": {
            const { database, schema, table, column, before, after } = notice;
            facts.retyped.push({ database, schema, table, column, before, after, place });
            return true;
        }
        case "contradicted": {
            const { schema, table, column, given, wanted } = notice;
            facts.contradictions.push({ schema, table, column, given, wanted, place });
            return true;
        }
        case "relation": {
            const { oid, schema, name, columns } = notice;
            facts.relations.push({ oid, schema, name, columns, place });
            return true;
        }
        case "failed":
            facts.failures.push({ place, sql: "", code: "XX000", message: notice.message });
            return true;
        default:
            return false;
    }
}
