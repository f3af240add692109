/**
 * What can be looked at when the proof has run: the dev database with the schema in it, and the stubs that contracts made,
 * side by side on the stack's own server.
 */

import type { ContractFinding, Place } from "../schema/report";

/** One database, as the superuser sees it. */
export interface InspectedDatabase {
    /** Its name on the server. */
    readonly database: string;
    /**
     * Runs one statement; what it changes stays for later ones.
     *
     * @returns the rows of its result, values as text, NULL as null.
     * @throws DatabaseError of pg-protocol, with `code`, `detail`, `hint` and `where`; the session goes on.
     */
    query(sql: string): Promise<ReadonlyArray<ReadonlyArray<string | null>>>;
}

/** A login at the upstream, by which a user mapping connects. */
export interface InspectedUser {
    /** Name of the role on the server. */
    readonly name: string;
    /**
     * Whether the contract tells its privileges. Of a role that it does not mention they are unknown: it may use
     * everything in the stub, and nothing is to be said about privileges.
     */
    readonly granted: boolean;
}

/** An upstream with a contract, and its stub on the server. */
export interface InspectedContract extends InspectedDatabase {
    /** The upstream as the schema asks for it. */
    readonly upstream: { readonly host: string; readonly port: number; readonly database: string };
    /** Files and folders of the contract as they are shown to the user. */
    readonly contract: readonly string[];
    /** Foreign servers of the dev database that lead here, with the place of their declaration. */
    readonly servers: ReadonlyArray<{ readonly name: string; readonly place: Place }>;
    /** User mappings of these servers. `role` is the local role or PUBLIC, `user` the login at the upstream. */
    readonly mappings: ReadonlyArray<{
        readonly server: string;
        readonly role: string;
        readonly user: string;
        readonly place: Place;
    }>;
    readonly users: readonly InspectedUser[];
    /**
     * Where the contract makes a table, view or foreign-readable relation, or gives one of its columns its present type;
     * names as stored. Undefined where that is not known, or the contract has no such thing.
     */
    place(schema: string, table: string, column?: string): Place | undefined;
}

export interface Inspection {
    /** The database under development, with everything that the schema made. */
    readonly dev: InspectedDatabase;
    readonly contracts: readonly InspectedContract[];
    /**
     * Where a foreign table of the dev database is declared, or its column got its present type: the table's local name,
     * the column's name at the upstream, as stored. Of a table that IMPORT FOREIGN SCHEMA brought it is the import.
     */
    place(schema: string, table: string, column?: string): Place | undefined;
}

/** What a comparison came to. */
export interface Comparison {
    readonly findings: readonly ContractFinding[];
    /** Foreign tables that were compared, `schema.name`. */
    readonly tables: readonly string[];
}

/** Compares both sides. It is called once, after the proof, where at least one upstream has a contract. */
export type Inspect = (inspection: Inspection) => Promise<Comparison>;
