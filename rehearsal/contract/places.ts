/** Where a contract's files make what it has at the end. Pure. */

import type { Place } from "../../schema/report";
import type { RelationFact } from "../facts";

export interface ContractPlaces {
    /** By schema and name in JSON. */
    readonly relations: ReadonlyMap<string, Place>;
    /** By schema, name and column in JSON: where it got its present type. */
    readonly columns: ReadonlyMap<string, Place>;
}

interface Known {
    schema: string;
    name: string;
    readonly place: Place;
    readonly columns: Map<number, { name: string; type: string; place: Place }>;
}

export function keyOf(...names: readonly string[]): string {
    return JSON.stringify(names);
}

export function placesOf(facts: readonly RelationFact[]): ContractPlaces {
    const known = new Map<string, Known>();
    for (const { oid, schema, name, columns, place } of facts) {
        const relation = known.get(oid) ?? { schema, name, place, columns: new Map() };
        const before = new Map(relation.columns);
        relation.schema = schema;
        relation.name = name;
        relation.columns.clear();
        for (const column of columns) {
            const old = before.get(column.number);
            relation.columns.set(column.number, {
                name: column.name,
                type: column.type,
                place: old?.type === column.type ? old.place : place,
            });
        }
        known.set(oid, relation);
    }
    const all = [...known.values()];
    return {
        relations: new Map(all.map(({ schema, name, place }) => [keyOf(schema, name), place])),
        columns: new Map(
            all.flatMap(({ schema, name, columns }) =>
                [...columns.values()].map((column): [string, Place] => [
                    keyOf(schema, name, column.name),
                    column.place,
                ]),
            ),
        ),
    };
}
