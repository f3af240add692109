/** The stub of an address, and what a server brings to it. */

import type { Target } from "../../upstreams/connection";
import type { Mapping } from "../derive/catalog";
import type { NeededServer } from "../derive/needs";
import { StubTypes } from "../derive/stubtypes";
import { TEXT } from "../derive/types";
import type { Emission } from "./emission";
import { type Stub, tableOf } from "./stub";
import { declaredTable } from "./tables";
import { addUser } from "./users";

export function stubAt(emission: Emission, target: Target, database: string): Stub {
    const { host, hostaddr, port } = target;
    const mark = `${host}\0${hostaddr ?? ""}\0${port}\0${database}`;
    const known = emission.stubs.get(mark);
    if (known !== undefined) {
        return known;
    }
    const created: Stub = {
        host,
        ...(hostaddr === undefined ? {} : { hostaddr }),
        port,
        database,
        connections: [],
        servers: [],
        users: new Map(),
        extensions: new Set(),
        schemas: new Map(),
        tables: new Map(),
        types: new StubTypes(emission.db),
        open: false,
    };
    emission.stubs.set(mark, created);
    const given = emission.given.get(database);
    if (given !== undefined && !given.runs && given.database !== undefined) {
        const types = new StubTypes(given.database);
        created.givenTypes = types;
        for (const table of given.all) {
            const target = tableOf(created, table.schema, table.name, table.place);
            for (const column of table.columns) {
                const type = types.typeAt(column.columnType ?? TEXT, column.place, `${table.name}.${column.name}`);
                target.columns.set(column.name, {
                    name: column.name,
                    type,
                    certainty: "given",
                    place: column.place,
                    final: true,
                });
            }
        }
    }
    return created;
}

export function fillStub(emission: Emission, stub: Stub, needed: NeededServer, mappings: readonly Mapping[]): void {
    const { server } = needed;
    if (
        server !== undefined &&
        !stub.servers.some(
            ({ name, place }) =>
                name === server.name && place.line === server.place.line && place.file === server.place.file,
        )
    ) {
        stub.servers.push({ name: server.name, place: server.place });
    }
    for (const extension of (server?.options.get("extensions") ?? "").split(",").map((each) => each.trim())) {
        if (extension !== "") {
            stub.extensions.add(extension);
        }
    }
    for (const mapping of mappings) {
        addUser(emission, stub, mapping);
    }
    for (const table of needed.tables) {
        declaredTable(emission, stub, table);
    }
}
