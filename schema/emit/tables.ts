/** Foreign tables whose columns the schema declares. */

import type { NeededTable } from "../derive/needs";
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
    const given = emission.givenTable(stub.database, table.schema, table.name);
    const target = tableOf(stub, table.schema, table.name, table.place, table.local);
    for (const column of table.columns) {
        const what = `${table.local ?? table.name}.${column.name}`;
        const described = given?.columns.find(({ name }) => name === column.name);
        if (given !== undefined && described === undefined && !target.columns.has(column.name)) {
            emission.add(
                "error",
                "column-missing",
                `${what} is column ${column.name} of ${table.schema}.${table.name} at the upstream, which as described at ${given.place.file}:${given.place.line} has none of that name.`,
                column.place,
            );
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
