/**
 * What a schema expects of its upstreams, as plain data: checked, complete, without Pulumi types.
 *
 * Everything that must agree (host aliases, uploads, stub databases, roles, outputs, the check of a running
 * stack) is computed from one `Upstream[]`.
 */

import type { ConnectionOption } from "./options";

/** A value to seed a column with. Objects and arrays become JSON text; `null` is SQL NULL. */
export type SeedValue = string | number | boolean | null | SeedValue[] | { [key: string]: SeedValue };

/** A column of a stub table. */
export interface Column {
    /** Name as PostgreSQL stores it: case-sensitive, unquoted, at most 63 bytes. */
    readonly name: string;
    /** SQL type as it stands in CREATE TABLE, for example `numeric(10,2)`, `text[]`, `app."Status"`. */
    readonly type: string;
}

/** A stub table: what a foreign table with these `schema_name` and `table_name` options reads. */
export interface Table {
    /** Schema at the upstream, as stored. */
    readonly schema: string;
    /** Table name at the upstream, as stored. */
    readonly name: string;
    /** Columns in order. A table may have none. */
    readonly columns: readonly Column[];
    /** Rows to seed, each by column name. */
    readonly rows: ReadonlyArray<Readonly<Record<string, SeedValue>>>;
}

/** A login that user mappings use at the upstream. Roles belong to the cluster, so names are shared by all upstreams. */
export interface User {
    /** Role name, as stored. */
    readonly name: string;
    /** Password that the server then really asks for; without one the role is trusted from inside the container. */
    readonly password?: string;
    /**
     * The schema creates the role itself, so the stack does not, and the stub's tables are open to everybody. It is
     * asked for the password that the schema gives it, unless `trusted`.
     */
    readonly created?: boolean;
    /** A created role that connects without a password. */
    readonly trusted?: boolean;
    /** It may use what the upstream's DDL grants, and nothing else. */
    readonly granted?: boolean;
}

/** An extension of PostgreSQL in a stub database. */
export interface Extension {
    readonly name: string;
    /** Schema to put it into, where functions that `postgres_fdw` ships are called by that schema. */
    readonly schema?: string;
    /** No type of a remote table needs it: an image that lacks it is no reason to fail. */
    readonly optional?: boolean;
}

/**
 * Options of libpq and `postgres_fdw` with which the schema connects, as they stand in CREATE SERVER and CREATE USER
 * MAPPING: those that decide whether a connection comes about (`connection.ts` has the list). `user` tells whose mapping
 * they come from, where that matters.
 */
export type Connection = Readonly<Partial<Record<ConnectionOption, string>>>;

/** A piece of DDL and where it comes from. */
export interface Ddl {
    /** File path as the user wrote it, or a place in the configuration such as `upstreams[0].ddl`. */
    readonly origin: string;
    /** Line of `origin` (from 1) on which `sql` starts. */
    readonly line: number;
    /** One or more SQL statements. */
    readonly sql: string;
}

/** A file of rows for a stub: statements in `.sql`, or the rows of one table in `.csv`. */
export interface SeedFile {
    /** File path as the user wrote it; its end tells the kind, and the name of a CSV file the table. */
    readonly origin: string;
    readonly text: string;
}

/** One upstream: a database on a server that `CREATE SERVER … OPTIONS (host, port, dbname)` names. */
export interface Upstream {
    /** Host name, `localhost`, an IPv4 or IPv6 address, or the folder of a Unix socket. */
    readonly host: string;
    /** Address that is asked instead of what the host name leads to. */
    readonly hostaddr?: string;
    /** TCP port, 1 to 65535. */
    readonly port: number;
    /** Neither host nor port is declared: it is where a schema asks for its database. */
    readonly unplaced?: boolean;
    /** Database name, as stored. */
    readonly database: string;
    /** Files and folders with the upstream's own DDL: the stub has what they make, and nothing is added to it. */
    readonly contract?: readonly string[];
    /** Database of the stack's server that stands for it, where another upstream has the same database name. */
    readonly stub?: string;
    /** How the schema connects; none is libpq's defaults. */
    readonly connections?: readonly Connection[];
    /** Publications that subscriptions of the schema name. */
    readonly publications?: readonly string[];
    readonly users: readonly User[];
    /** PostgreSQL extensions that the tables' types need or that the server's `extensions` names, created first. */
    readonly extensions: readonly Extension[];
    /** DDL that runs before `tables`: schemas, enums, domains, tables of any kind, INSERTs. */
    readonly ddl: readonly Ddl[];
    readonly tables: readonly Table[];
    /** Rows that come when all tables are there, whoever told of them; none where it is left out. */
    readonly seed?: readonly SeedFile[];
}
