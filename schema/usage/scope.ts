/** Names that a query can use at some point: tables with aliases, CTEs, parameters and variables. */
import { type Output, renamed, type Term } from "./terms";

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

/** The first that is found, from the innermost query outwards. */
function outwards<T>(scope: Scope | undefined, find: (at: Scope) => T | undefined): T | undefined {
    for (let at = scope; at !== undefined; at = at.parent) {
        const found = find(at);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

export function findCte(scope: Scope | undefined, name: string): Output | undefined {
    return outwards(scope, ({ ctes }) => ctes.get(name));
}

export function findVariable(scope: Scope, name: string): Variable | undefined {
    return outwards(scope, ({ variables }) => variables?.get(name));
}

/** What stands in FROM, or a record. */
export function findItem(scope: Scope, alias: string, schema?: string): FromItem | undefined {
    const item = outwards(scope, ({ items }) =>
        items.find(
            (each) =>
                each.alias === alias && (schema === undefined || each.schema === undefined || each.schema === schema),
        ),
    );
    const variable = item === undefined ? findVariable(scope, alias) : undefined;
    return variable?.kind === "record" ? variable.item : item;
}

export function itemOf(alias: string, output: Output, names: readonly string[] = []): FromItem {
    const columns = new Map<string, Term>();
    for (const { name, term } of renamed(output, names).columns) {
        columns.set(name, columns.get(name) ?? term);
    }
    if (output.open.length === 0 && output.columns.length === 0) {
        for (const name of names) {
            columns.set(name, { kind: "none" });
        }
    }
    return { alias, columns, open: output.open };
}
