/** Foreign tables whose columns the schema declares. */

import { type GivenColumn, type GivenTable, placeOfGiven } from "../derive/given";
import type { NeededColumn, NeededTable } from "../derive/needs";
import { contradicts } from "../derive/types";
import { claimColumn } from "./columns";
import type { Emission } from "./emission";
import { type Stub, tableOf } from "./stub";

/** Every PostgreSQL database has them. */
export const SYSTEM_SCHEMAS = new Set(["pg_catalog", "information_schema"]);

export function declaredTable(emission: Emission, stub: Stub, table: NeededTable): void {
    if (SYSTEM_SCHEMAS.has(table.schema)) {
        emission.add(
            "note",
            "system-table",
            `${table.local ?? table.name} reads ${table.schema}.${table.name}, which every PostgreSQL database has; no stub is made for it.`,
            table.place,
        );
        return;
    }
    emission.standIns.find(table.schema);
    emission.standIns.find(table.name);
    const runs = emission.given.get(stub.database)?.runs === true;
    const given = emission.givenTable(stub.database, table.schema, table.name);
    const target = tableOf(stub, table.schema, table.name, table.place, table.local);
    for (const column of table.columns) {
        const what = `${table.local ?? table.name}.${column.name}`;
        const described = given?.columns.find(({ name }) => name === column.name);
        if (given !== undefined && described === undefined && given.open !== true && !target.columns.has(column.name)) {
            emission.add(
                "error",
                "column-missing",
                `${what} is column ${column.name} of ${table.schema}.${table.name} at the upstream, which as described at ${placeOfGiven(given)} has none of that name.`,
                column.place,
            );
            continue;
        }
        // At a moment in between it may have been something else.
        if (given !== undefined && described !== undefined && runs && table.final) {
            agree(emission, given, described, column);
        }
        if (described !== undefined && stub.givenTypes !== undefined) {
            continue;
        }
        const type = described?.type ?? stub.types.typeAt(column.type, column.place, what);
        claimColumn(emission, target, {
            name: column.name,
            type,
            certainty: described === undefined ? "declared" : "given",
            place: column.place,
            final: table.final,
        });
    }
}

/** The stub has the declared type; the foreign table reads it as its own. */
function agree(emission: Emission, given: GivenTable, described: GivenColumn, column: NeededColumn): void {
    if (contradicts(described.type, column.type.sql)) {
        emission.add(
            "error",
            "contradiction",
            `${placeOfGiven(given)} declares ${given.schema}.${given.name}.${described.name} as ${described.type}, and the schema reads it as ${column.type.sql} here. Make them agree.`,
            column.place,
        );
    }
}
