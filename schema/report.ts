/** What reading a schema gives: plain data, serialisable as JSON, without parser types. */

import type { Upstream } from "../upstreams/model";

/** A place in the user's files. */
export interface Place {
    /** Path as the user gave it, with the file's path inside a given folder. */
    readonly file: string;
    /** Line from 1. */
    readonly line: number;
}

export type Severity = "error" | "warning" | "note";

/** Something that a person should know: what is not supported, guessed, or could not be known. */
export interface Finding {
    /** `error`: the stubs will not satisfy the schema. `warning`: they may not. `note`: worth knowing. */
    readonly severity: Severity;
    /** Stable short name of the rule, for example `host-unknown`. */
    readonly code: string;
    /** One sentence or two, naming the bad value and how to mend it. Never holds a password. */
    readonly message: string;
    readonly file?: string;
    readonly line?: number;
    /** The one line of configuration that would tell what is missing. */
    readonly config?: string;
}

/** How bad it is that a schema and an upstream's contract differ. */
export type Grade =
    /** PostgreSQL refuses it, or will on any row. */
    | "fails"
    /** On some values it fails, or they lose something. */
    | "may-fail"
    /** The same values on both sides. */
    | "name-only";

/** The gravest first. */
export const GRADES: readonly Grade[] = ["fails", "may-fail", "name-only"];

/** Something in which the schema's foreign tables and the contract of their upstream differ. */
export interface ContractFinding {
    readonly grade: Grade;
    /** Stable short name of the rule, for example `column-missing`. */
    readonly code: string;
    /** What of the schema it is about: a column `public.orders.amount`, a foreign table, or a server's name. */
    readonly object: string;
    /** One sentence or two, naming both sides. */
    readonly message: string;
    /** Where the schema has it. */
    readonly place?: Place;
    /** Where the contract has it, or should. */
    readonly contractPlace?: Place;
}

/** How sure the derivation is of a column. */
export type Certainty =
    /** The schema declares it: a foreign table's column, a column definition list of `dblink`. */
    | "declared"
    /** The user's own DDL or declaration of the upstream tells it. */
    | "given"
    /** The name is used by the schema and the type follows from what stands around it. */
    | "inferred"
    /** The name is used by the schema; nothing tells the type, `text` stands in. */
    | "guessed";

export interface ColumnOrigin {
    readonly name: string;
    readonly type: string;
    readonly certainty: Certainty;
    readonly place: Place;
    /** For an inferred type: the reason, for example `argument of upper()`. */
    readonly reason?: string;
}

export interface TableOrigin {
    readonly schema: string;
    readonly name: string;
    readonly place: Place;
    /** Local name, `schema.table`; absent where only `dblink` reads it. */
    readonly local?: string;
    readonly columns: readonly ColumnOrigin[];
}

export interface UserOrigin {
    readonly name: string;
    /** Local roles whose mapping uses this login, `PUBLIC` and `CURRENT_USER` included. */
    readonly roles: readonly string[];
    readonly place: Place;
}

/** Where the parts of one upstream come from. `host`, `port`, `database` name the upstream. */
export interface UpstreamOrigin {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    /** Servers that point to it; `dblink` connection strings count as a server with the name `dblink`. */
    readonly servers: ReadonlyArray<{ readonly name: string; readonly place: Place }>;
    readonly users: readonly UserOrigin[];
    readonly tables: readonly TableOrigin[];
}

/** An upstream whose stub is made from a contract. */
export interface ContractOrigin {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    /** Files and folders, as the user gave them. */
    readonly paths: readonly string[];
    /** Every file that was read. */
    readonly files: readonly string[];
    /** Number of tables and views. */
    readonly tables: number;
}

/** A role that the schema mentions and does not create. */
export interface LocalRole {
    readonly name: string;
    readonly place: Place;
}

/** One statement to run, after placeholders were filled in and sections chosen. */
export interface Source {
    readonly file: string;
    readonly line: number;
    readonly sql: string;
}

/** How the files of a path are ordered and cut. */
export type Tool =
    | "atlas"
    | "golang-migrate"
    | "flyway"
    | "goose"
    | "dbmate"
    | "sqitch"
    | "liquibase"
    | "rails"
    | "pg_dump"
    | "plain";

export interface ReadFile {
    readonly file: string;
    readonly tool: Tool;
    /** Those that could be read, included files not counted. */
    readonly statements: number;
}

export interface Inference {
    readonly upstreams: readonly Upstream[];
    readonly roles: readonly LocalRole[];
    readonly origins: readonly UpstreamOrigin[];
    readonly findings: readonly Finding[];
    /** The contracts that upstreams' stubs are made from. */
    readonly contracts: readonly ContractOrigin[];
    /** In which the schema and the contracts of its upstreams differ. */
    readonly contractFindings: readonly ContractFinding[];
    /** Foreign tables that were compared with a contract, `schema.name`. */
    readonly compared: readonly string[];
    readonly sources: readonly Source[];
    readonly files: readonly ReadFile[];
    /** The proof: statements for the dev database that ran over the final stubs, and how many of them failed. */
    readonly ran: { readonly statements: number; readonly failed: number };
}

export interface Progress {
    readonly file: string;
    /** Files read so far, and to read as far as known (`\i` may add some). */
    readonly done: number;
    readonly total: number;
}
