/** Looks up columns by name, from the innermost query outwards, as PostgreSQL does it. */

import type { ColumnRef } from "libpg-query";
import { strings } from "../parse/ast";
import type { Place } from "../report";
import type { Analysis } from "./analysis";
import { type FromItem, findItem, findVariable, type Scope } from "./scope";
import { NONE, type Term } from "./terms";

const SYSTEM_COLUMNS = new Set(["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax", "oid"]);

export function isStar(ref: ColumnRef): boolean {
    const last = ref.fields?.at(-1);
    return last !== undefined && "A_Star" in last;
}

export function columnIn(analysis: Analysis, from: readonly FromItem[], name: string, place: Place): Term | undefined {
    for (const item of from) {
        const term = item.columns.get(name);
        if (term !== undefined) {
            return term;
        }
    }
    const open = from.flatMap((item) => item.open);
    return open.length === 0 ? undefined : analysis.unknowns.oneOf(open, name, place);
}

export function starItems(ref: ColumnRef, scope: Scope): readonly FromItem[] {
    const names = strings(ref.fields);
    if (names.length === 0) {
        return scope.items;
    }
    const item = findItem(scope, names[names.length - 1] ?? "");
    return item === undefined ? [] : [item];
}

export function columnTerm(analysis: Analysis, ref: ColumnRef, scope: Scope): Term {
    const names = strings(ref.fields);
    const place = analysis.host.place(ref.location);
    if (isStar(ref)) {
        for (const item of starItems(ref, scope)) {
            for (const id of item.open) {
                analysis.unknowns.star(id, place);
            }
        }
        return NONE;
    }
    const name = names[names.length - 1] ?? "";
    const alias = names[names.length - 2];
    const schema = names[names.length - 3];
    if (alias !== undefined) {
        return qualifiedColumn(analysis, scope, schema, alias, name, place);
    }
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
        const merged = at.merged.get(name);
        if (merged !== undefined) {
            return merged;
        }
        for (const item of at.items) {
            const term = item.columns.get(name);
            if (term !== undefined) {
                return term;
            }
        }
        const whole = at.items.find((item) => item.alias === name);
        if (whole !== undefined) {
            for (const id of whole.open) {
                analysis.unknowns.star(id, place);
            }
            return NONE;
        }
        if (SYSTEM_COLUMNS.has(name) && at.items.length > 0) {
            return NONE;
        }
        const open = [...new Set(at.items.flatMap((item) => item.open))];
        if (open.length > 0) {
            // A parameter or variable of that name is the likelier reading.
            const variable = findVariable(scope, name);
            if (variable !== undefined) {
                return variable.kind === "scalar" ? variable.term : NONE;
            }
            return analysis.unknowns.oneOf(open, name, place);
        }
    }
    const variable = findVariable(scope, name);
    return variable?.kind === "scalar" ? variable.term : NONE;
}

function qualifiedColumn(
    analysis: Analysis,
    scope: Scope,
    schema: string | undefined,
    alias: string,
    name: string,
    place: Place,
): Term {
    const item = findItem(scope, alias, schema);
    if (item !== undefined) {
        return fieldOf(analysis, item, name, place);
    }
    // `function.parameter`.
    const parameter = findVariable(scope, name);
    return parameter?.kind === "scalar" ? parameter.term : NONE;
}

export function fieldOf(analysis: Analysis, item: FromItem, name: string, place: Place): Term {
    const term = item.columns.get(name);
    if (term !== undefined) {
        return term;
    }
    if (item.open.length === 0 || SYSTEM_COLUMNS.has(name)) {
        return NONE;
    }
    return analysis.unknowns.oneOf(item.open, name, place);
}
