/** A stub database while it is gathered, with the place of each part. */

import type { Connection } from "../../upstreams/model";
import type { StubTypes } from "../derive/stubtypes";
import type { Certainty, Place } from "../report";

/** A column for tables of which nothing but `SELECT *` is known: a view must have one. */
export const UNKNOWN_COLUMN = "fdw_stub_unknown";

export interface StubColumn {
    name: string;
    type: string;
    certainty: Certainty;
    place: Place;
    reason?: string;
    /** It is so at the end of the history. */
    final: boolean;
}

export interface StubTable {
    schema: string;
    name: string;
    place: Place;
    local?: string;
    columns: Map<string, StubColumn>;
}

export interface Stub {
    host: string;
    hostaddr?: string;
    port: number;
    database: string;
    connections: Connection[];
    servers: Array<{ name: string; place: Place }>;
    users: Map<string, { password?: string; created?: boolean; trusted?: boolean; roles: Set<string>; place: Place }>;
    extensions: Set<string>;
    /** Schemas that an import names: PostgreSQL refuses to import one that isn't there, even for no table. */
    schemas: Map<string, Place>;
    tables: Map<string, StubTable>;
    types: StubTypes;
    givenTypes?: StubTypes;
    /** Roles that the schema creates itself: the stub lets everybody in. */
    open: boolean;
}

/** The table of a name, made where it isn't there. */
export function tableOf(stub: Stub, schema: string, name: string, place: Place, local?: string): StubTable {
    const mark = `${schema}\0${name}`;
    const known = stub.tables.get(mark);
    if (known !== undefined) {
        if (known.local === undefined && local !== undefined) {
            known.local = local;
        }
        return known;
    }
    const created: StubTable = {
        schema,
        name,
        place,
        columns: new Map(),
        ...(local === undefined ? {} : { local }),
    };
    stub.tables.set(mark, created);
    return created;
}

/** Tables in the order of their names. */
export function sortedTables(stub: Stub): StubTable[] {
    return [...stub.tables.values()].sort((a, b) => compare(a.schema, b.schema) || compare(a.name, b.name));
}

/** By code units, whatever the language of the machine. */
export function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
