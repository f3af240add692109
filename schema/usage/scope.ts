/** Names that a query can use at some point: tables with aliases, CTEs, parameters and variables. */
import type { Output, Term } from "./terms";

/** One entry of FROM. */
export interface FromItem {
    readonly alias: string;
    /** Name of the schema where the alias is the table's own name, for `schema.table.column`. */
    readonly schema?: string;
    readonly columns: ReadonlyMap<string, Term>;
    /** Remote tables of which more columns may come. */
    readonly open: readonly number[];
}

export interface Scope {
    readonly items: FromItem[];
    /** Columns merged by USING. */
    readonly merged: Map<string, Term>;
    readonly ctes: Map<string, Output>;
    readonly parent?: Scope;
    /** Parameters and PL/pgSQL variables by name. */
    readonly variables?: ReadonlyMap<string, Variable>;
}

/** A scalar, or a record with columns. */
export type Variable =
    | { readonly kind: "scalar"; readonly term: Term }
    | { readonly kind: "record"; readonly item: FromItem };

export function child(parent: Scope | undefined): Scope {
    return { items: [], merged: new Map(), ctes: new Map(), ...(parent === undefined ? {} : { parent }) };
}

export function findCte(scope: Scope | undefined, name: string): Output | undefined {
    for (let at = scope; at !== undefined; at = at.parent) {
        const found = at.ctes.get(name);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

export function findVariable(scope: Scope | undefined, name: string): Variable | undefined {
    for (let at = scope; at !== undefined; at = at.parent) {
        const found = at.variables?.get(name);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

export function itemOf(alias: string, output: Output, names: readonly string[] = []): FromItem {
    const columns = new Map<string, Term>();
    output.columns.forEach((column, index) => {
        // An alias list renames from the left; with a star before it positions are not known.
        const name = output.open.length === 0 ? (names[index] ?? column.name) : column.name;
        if (!columns.has(name)) {
            columns.set(name, column.term);
        }
    });
    if (output.open.length === 0 && output.columns.length === 0) {
        for (const name of names) {
            columns.set(name, { kind: "none" });
        }
    }
    return { alias, columns, open: output.open };
}
