/** Several claims on one column or table: which of them the stub satisfies. */

import { builtIn, familyOf, wider } from "../derive/types";
import type { Certainty } from "../report";
import type { Emission } from "./emission";
import { type Stub, type StubColumn, type StubTable, UNKNOWN_COLUMN } from "./stub";

/** Two claims on one column: the end of the history wins, then the wider type, then text over the schema's own types. */
export function claimColumn(emission: Emission, target: StubTable, column: StubColumn): void {
    const known = target.columns.get(column.name);
    if (known === undefined) {
        target.columns.set(column.name, column);
        return;
    }
    if (known.type === column.type) {
        known.final ||= column.final;
        return;
    }
    const [a, b] = [familyOf(known.type), familyOf(column.type)];
    const place = `${known.place.file}:${known.place.line}`;
    const name = `${target.schema}.${target.name}.${column.name}`;
    if (known.final !== column.final) {
        const [first, last] = known.final ? [column, known] : [known, column];
        if (a !== b) {
            emission.add(
                "warning",
                "history-type",
                `Column ${name} is ${first.type} when something connects (${first.place.file}:${first.place.line}) and ${last.type} at the end; the stub has the last, so a condition on it may fail before.`,
                last.place,
            );
        }
        target.columns.set(column.name, last);
        return;
    }
    if (a !== b || a === undefined) {
        emission.add(
            "warning",
            "column-contradiction",
            `Column ${name} of the upstream is ${known.type} at ${place} and ${column.type} here; ${better(known, column).type} is taken.`,
            column.place,
        );
    }
    target.columns.set(column.name, better(known, column));
}

/** Upstreams with the same database name are one database in the cluster, so tables of one name are one table. */
export function shareTables(emission: Emission): void {
    const byDatabase = new Map<string, Stub[]>();
    for (const stub of emission.stubs.values()) {
        byDatabase.set(stub.database, [...(byDatabase.get(stub.database) ?? []), stub]);
    }
    for (const stubs of byDatabase.values()) {
        for (const mark of new Set(stubs.flatMap(({ tables }) => [...tables.keys()]))) {
            const holders = stubs.flatMap(({ tables }) => tables.get(mark) ?? []);
            const [first] = holders;
            if (holders.length < 2 || first === undefined) {
                continue;
            }
            const merged: StubTable = { ...first, columns: new Map() };
            for (const holder of holders) {
                for (const column of holder.columns.values()) {
                    if (column.name !== UNKNOWN_COLUMN || merged.columns.size === 0) {
                        claimColumn(emission, merged, { ...column });
                    }
                }
            }
            for (const holder of holders) {
                holder.columns = new Map(merged.columns);
            }
        }
    }
}

function better(a: StubColumn, b: StubColumn): StubColumn {
    if (a.certainty !== b.certainty) {
        const order: readonly Certainty[] = ["given", "declared", "inferred", "guessed"];
        return order.indexOf(a.certainty) <= order.indexOf(b.certainty) ? a : b;
    }
    const [x, y] = [familyOf(a.type), familyOf(b.type)];
    if (x === y && x !== undefined) {
        return wider(builtIn(bare(a.type)), builtIn(bare(b.type))).sql === bare(b.type) && bare(a.type) !== bare(b.type)
            ? b
            : a;
    }
    // Text can hold what any other type prints, and a condition on text is the one that is sent there.
    if (x === "text" || y === "text") {
        return x === "text" ? a : b;
    }
    return a;
}

function bare(type: string): string {
    return type.replace(/\(.*?\)/, "");
}
