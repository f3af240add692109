/** What a pass learnt of the schema and of what it asked for, with the place of each thing. Plain data. */

import type { Place } from "../schema/report";

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

/** A statement that PostgreSQL refused. */
export interface FailureFact {
    readonly place: Place;
    readonly sql: string;
    /** SQLSTATE. */
    readonly code: string;
    readonly message: string;
    readonly detail?: string;
    readonly hint?: string;
}

export interface Facts {
    /** Every server as it was at each moment, in order. */
    readonly servers: ServerFact[];
    readonly mappings: MappingFact[];
    readonly tables: TableFact[];
    readonly connections: ConnectionFact[];
    readonly retyped: RetypedFact[];
    readonly contradictions: ContradictionFact[];
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
        retyped: [],
        contradictions: [],
        failures: [],
        statements: 0,
    };
}
