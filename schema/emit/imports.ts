/** Tables that IMPORT FOREIGN SCHEMA brings: what the schema uses of them, unless the user told what they are. */

import { upstreamConfig } from "../configline";
import type { Import } from "../derive/catalog";
import { admits } from "../derive/database";
import { type GivenTable, placeOfGiven } from "../derive/given";
import type { RemoteTable } from "../usage/unknowns";
import { claimColumn } from "./columns";
import type { Emission } from "./emission";
import { type Stub, tableOf, UNKNOWN_COLUMN } from "./stub";
import { SYSTEM_SCHEMAS } from "./tables";

/** Decides which table has a column that several may have. */
export function settleColumns(emission: Emission): void {
    const guesses = emission.db.unknowns.settle((table) => {
        const given = givenFor(emission, table);
        return given === undefined ? undefined : new Set(given.columns.map(({ name }) => name));
    });
    for (const { name, tables, place } of guesses) {
        const names = tables.map((table) => `${table.schema}.${table.name}`).join(", ");
        emission.add(
            "warning",
            "column-ambiguous",
            `The column ${name} belongs to one of ${names}; nothing tells which, and the first is taken. Qualify it, or declare the tables.`,
            place,
        );
    }
}

/** What the user tells of a table that an import brings. */
function givenFor(emission: Emission, table: RemoteTable): GivenTable | undefined {
    for (const needed of emission.db.needs.all()) {
        if (needed.imports.some(({ id }) => id === table.importId)) {
            const database = needed.server?.options.get("dbname") ?? "";
            return emission.givenTable(database, table.schema, table.name);
        }
    }
    return undefined;
}

export function importedTables(emission: Emission): void {
    const imports = importsOf(emission);
    linkTables(emission, imports);
    for (const { stub, from, remote } of imports) {
        importInto(emission, stub, from, remote);
    }
    for (const { stub, from } of imports) {
        unused(emission, stub, from);
    }
}

interface ImportInto {
    readonly stub: Stub;
    readonly from: Import;
    readonly remote: readonly RemoteTable[];
}

function importsOf(emission: Emission): ImportInto[] {
    const found: ImportInto[] = [];
    for (const needed of emission.db.needs.all()) {
        for (const from of needed.imports) {
            const stubs = [...emission.stubs.values()].filter(({ servers }) =>
                servers.some(
                    ({ name, place }) =>
                        name === needed.server?.name &&
                        place.line === needed.server.place.line &&
                        place.file === needed.server.place.file,
                ),
            );
            emission.standIns.find(from.remoteSchema);
            const remote = emission.db.unknowns.tables.filter(({ importId }) => importId === from.id);
            found.push(...stubs.map((stub) => ({ stub, from, remote })));
        }
    }
    return found;
}

/** A table that several imports bring is one table: what one of them tells of a column, all know. */
function linkTables(emission: Emission, imports: readonly ImportInto[]): void {
    const first = new Map<string, RemoteTable>();
    for (const { stub, remote } of imports) {
        for (const table of remote) {
            const mark = [stub.host.toLowerCase(), stub.port, stub.database, table.schema, table.name].join("\0");
            const other = first.get(mark);
            if (other === undefined) {
                first.set(mark, table);
            } else {
                emission.db.unknowns.join(other.id, table.id);
            }
        }
    }
}

function importInto(emission: Emission, stub: Stub, from: Import, remote: readonly RemoteTable[]): void {
    if (SYSTEM_SCHEMAS.has(from.remoteSchema)) {
        emission.add(
            "note",
            "system-table",
            `IMPORT FOREIGN SCHEMA ${from.remoteSchema} reads what every PostgreSQL database has.`,
            from.place,
        );
        return;
    }
    stub.schemas.set(from.remoteSchema, from.place);
    for (const table of remote) {
        if (!admits(from, table.name)) {
            continue;
        }
        remoteTable(emission, stub, from, table);
    }
}

function unused(emission: Emission, stub: Stub, from: Import): void {
    const given = emission.given.get(stub.database)?.tables(from.remoteSchema) !== undefined;
    const used = [...stub.tables.values()].some(
        ({ schema, name }) => schema === from.remoteSchema && admits(from, name),
    );
    if (!given && !used && !SYSTEM_SCHEMAS.has(from.remoteSchema)) {
        emission.add(
            "note",
            "import-unused",
            `Nothing that was read uses a table of this import (${from.remoteSchema} of ${from.server}); the stub has none of them.`,
            from.place,
            upstreamConfig(stub, [{ schema: from.remoteSchema, name: "…", columns: [{ name: "…", type: "…" }] }]),
        );
    }
}

function remoteTable(emission: Emission, stub: Stub, from: Import, table: RemoteTable): void {
    const given = emission.givenTable(stub.database, table.schema, table.name);
    const local = `${from.localSchema}.${table.name}`;
    const known = stub.tables.get(`${table.schema}\0${table.name}`);
    const target = tableOf(stub, table.schema, table.name, table.place, local);
    const guessed: Array<{ name: string; type: string }> = [];
    for (const column of table.columns.values()) {
        const described = given?.columns.find(({ name }) => name === column.name);
        if (given !== undefined) {
            if (described === undefined) {
                emission.add(
                    "error",
                    "column-missing",
                    `${local}.${column.name} is used here, and ${table.schema}.${table.name} as described at ${placeOfGiven(given)} has no such column.`,
                    column.place,
                );
            } else if (stub.givenTypes === undefined) {
                claimColumn(emission, target, {
                    name: column.name,
                    type: described.type,
                    certainty: "given",
                    place: column.place,
                    final: true,
                });
            }
            continue;
        }
        const settled = emission.db.unknowns.typeOf(column.variable);
        const before = target.columns.get(column.name);
        // A column that a foreign table declares, or that another import tells more of, stays as it is.
        if (before !== undefined && (before.certainty !== "guessed" || settled.reason === undefined)) {
            continue;
        }
        const type = stub.types.typeAt(settled.type, column.place, `${local}.${column.name}`);
        if (settled.reason === undefined) {
            guessed.push({ name: column.name, type });
        }
        target.columns.set(column.name, {
            name: column.name,
            type,
            certainty: settled.reason === undefined ? "guessed" : "inferred",
            place: column.place,
            final: true,
            ...(settled.reason === undefined ? {} : { reason: settled.reason }),
        });
    }
    if (given !== undefined) {
        return;
    }
    if (guessed.length > 0) {
        const names = guessed.map(({ name }) => name);
        emission.add(
            "note",
            "type-guessed",
            `Nothing tells the type of ${local}: ${names.join(", ")}; text stands in. Declare what it is where that matters.`,
            table.place,
            upstreamConfig(stub, [{ schema: table.schema, name: table.name, columns: guessed }]),
        );
    }
    const [star] = table.stars;
    if (star !== undefined && known === undefined) {
        const names = [...target.columns.keys()];
        if (names.length === 0) {
            target.columns.set(UNKNOWN_COLUMN, {
                name: UNKNOWN_COLUMN,
                type: "text",
                certainty: "guessed",
                place: star,
                final: true,
            });
        }
        emission.add(
            "warning",
            "columns-unknown",
            `All columns of ${local} are asked for here (SELECT *), and ${names.length === 0 ? "none is" : `only ${names.join(", ")} ${names.length === 1 ? "is" : "are"}`} known. Declare the others.`,
            star,
            upstreamConfig(stub, [
                {
                    schema: table.schema,
                    name: table.name,
                    columns: [
                        ...[...target.columns.values()]
                            .filter(({ name }) => name !== UNKNOWN_COLUMN)
                            .map(({ name, type }) => ({ name, type })),
                        { name: "…", type: "…" },
                    ],
                },
            ]),
        );
    }
}
