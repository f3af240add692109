/**
 * PostgreSQL's catalog as far as it matters here, as plain data (Maps, arrays, records), so that a transaction that is
 * rolled back can be undone by keeping a copy.
 */

import type { TypeName } from "libpg-query";
import type { Place } from "../report";
import type { ColumnType } from "./types";

/** Stands for `current_database()` in option values. */
export const CURRENT_DATABASE = "fdw_stub_current_database";

export interface CatalogColumn {
    name: string;
    type: ColumnType;
    /** `column_name` option. */
    remoteName?: string;
    place: Place;
    /** The type as written, while nothing known has its name. */
    unresolved?: { type: TypeName; path: string[] };
    /** It comes from a parent and was not declared here. */
    inherited: boolean;
}

/** A column of a query's result. */
export interface OutputColumn {
    name: string;
    term: Term;
}

/** What is known of an expression's type. */
export type Term =
    | { readonly kind: "type"; readonly type: ColumnType }
    /** A column of an upstream whose type is sought. */
    | { readonly kind: "var"; readonly id: number }
    /** A literal that takes the type of what stands beside it. */
    | { readonly kind: "literal"; readonly text?: string }
    | { readonly kind: "none" };

export interface Output {
    columns: OutputColumn[];
    /** Remote tables whose columns, not all known, are among these (`SELECT *`). */
    open: number[];
}

export interface Relation {
    id: number;
    schema: string;
    name: string;
    kind: "table" | "foreign" | "view" | "matview";
    place: Place;
    columns: CatalogColumn[];
    /** Ids of INHERITS and PARTITION OF parents. */
    parents: number[];
    /** Parents not known yet, by name. */
    missingParents: Array<{ schema?: string; name: string; path: string[]; like: boolean }>;
    /** Foreign tables. */
    server?: string;
    options: Map<string, string>;
    /** Foreign tables from IMPORT FOREIGN SCHEMA: id of the remote table whose columns are sought. */
    remote?: number;
    /** Columns of such a table that were renamed here. */
    renamed: OutputColumn[];
    /** Views: what they give and read. */
    output?: Output;
    reads: number[];
    calls: string[];
    /** Raised with every change: a claim is made once for each version. */
    version: number;
}

export interface Server {
    name: string;
    wrapper: string;
    options: Map<string, string>;
    place: Place;
    version: number;
}

export interface Mapping {
    server: string;
    /** Role name as stored, `public` for PUBLIC. */
    role: string;
    /** As it is written, for people: PUBLIC, CURRENT_USER or the role. */
    written: string;
    options: Map<string, string>;
    place: Place;
}

export interface Wrapper {
    name: string;
    handler?: string;
    validator?: string;
    place: Place;
}

export type TypeDefinition =
    | { kind: "enum"; schema: string; name: string; labels: string[]; place: Place }
    | { kind: "domain"; schema: string; name: string; base: ColumnType; place: Place }
    | {
          kind: "composite";
          schema: string;
          name: string;
          columns: Array<{ name: string; type: ColumnType }>;
          place: Place;
      }
    | { kind: "range"; schema: string; name: string; subtype: ColumnType; multirange?: string; place: Place }
    | { kind: "other"; schema: string; name: string; place: Place };

export interface Routine {
    schema: string;
    name: string;
    language: string;
    body?: string;
    /** The whole CREATE statement. */
    sql: string;
    /** Line of the file on which the body starts. */
    bodyLine: number;
    file: string;
    parameters: Array<{ name: string; type: ColumnType; mode: "in" | "out" }>;
    /** RETURNS, without RETURNS TABLE. */
    result?: ColumnType;
    setof: boolean;
    /** `search_path` it sets. */
    path?: string[];
    place: Place;
}

/** What IMPORT FOREIGN SCHEMA said. */
export interface Import {
    id: number;
    server: string;
    /** The server as it was then. */
    serverCopy?: Server;
    wrapper?: Wrapper;
    remoteSchema: string;
    localSchema: string;
    list: "all" | "limit" | "except";
    tables: string[];
    place: Place;
}

export interface Catalog {
    schemas: Map<string, Place>;
    relations: Map<string, Relation>;
    /** The same relations by id. */
    byId: Map<number, Relation>;
    types: Map<string, TypeDefinition>;
    servers: Map<string, Server>;
    mappings: Map<string, Mapping>;
    wrappers: Map<string, Wrapper>;
    /** All overloads of a name. */
    routines: Map<string, Routine[]>;
    /** Extension to schema. */
    extensions: Map<string, string>;
    imports: Import[];
    triggers: Array<{ relation: number; routine: string }>;
    /** Relations that have, or had, children. */
    parents: Set<number>;
}

export function emptyCatalog(): Catalog {
    return {
        schemas: new Map(),
        relations: new Map(),
        byId: new Map(),
        types: new Map(),
        servers: new Map(),
        mappings: new Map(),
        wrappers: new Map(),
        routines: new Map(),
        extensions: new Map(),
        imports: [],
        triggers: [],
        parents: new Set(),
    };
}

/** Key of an object in a schema. A NUL cannot occur in a name. */
export function key(schema: string, name: string): string {
    return `${schema}\0${name}`;
}

export function childrenOf(catalog: Catalog, id: number): Relation[] {
    const found: Relation[] = [];
    if (!catalog.parents.has(id)) {
        return found;
    }
    for (const relation of catalog.relations.values()) {
        if (relation.parents.includes(id)) {
            found.push(relation);
        }
    }
    return found;
}
