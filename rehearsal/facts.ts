/** What a pass learnt of the schema and of what it asked for, with the place of each thing. Plain data. */

import type { Place } from "../schema/report";
import type { Connection } from "./answering";
import type { MirrorNotice } from "./notices";

/** What the notices of an event tell, with its place. */
type Told<Event extends MirrorNotice["event"]> = Omit<Extract<MirrorNotice, { event: Event }>, "event" | "context"> & {
    readonly place: Place;
};

export type ServerFact = Told<"server">;
export type MappingFact = Told<"mapping">;
/** `local`: local name, `schema.name`. */
export type TableFact = Told<"table"> & { readonly local: string };
/** A column that is one type at one moment and another later. */
export type RetypedFact = Told<"retyped">;
/** A column that the user's declaration makes as another type than the foreign table has. */
export type ContradictionFact = Told<"contradicted">;
/** A relation of a contract as it was at one moment. */
export type RelationFact = Told<"relation">;

/** Something connected to an upstream. */
export interface ConnectionFact extends Omit<Connection, "password"> {
    readonly password?: string;
    readonly place: Place;
}

/** CREATE SUBSCRIPTION: who publishes is expected to be there. */
export interface SubscriptionFact {
    readonly conninfo: string;
    readonly publications: readonly string[];
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
        case "server":
            facts.servers.push({ ...contentOf(notice), place });
            return true;
        case "mapping":
            facts.mappings.push({ ...contentOf(notice), place });
            return true;
        case "table":
            facts.tables.push({ ...contentOf(notice), local: `${notice.schema}.${notice.name}`, place });
            return true;
        case "retyped":
            facts.retyped.push({ ...contentOf(notice), place });
            return true;
        case "contradicted":
            facts.contradictions.push({ ...contentOf(notice), place });
            return true;
        case "relation":
            facts.relations.push({ ...contentOf(notice), place });
            return true;
        case "failed":
            facts.failures.push({ place, sql: "", code: "XX000", message: notice.message });
            return true;
        default:
            return false;
    }
}

function contentOf<Notice extends MirrorNotice>({ event: _, context: __, ...content }: Notice) {
    return content;
}
