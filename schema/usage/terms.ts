/** What is known of an expression's type, in small steps. */

import { builtIn, type ColumnType } from "../types";

export type Term =
    | { readonly kind: "type"; readonly type: ColumnType }
    /** A column of an upstream whose type is sought; `mixed`: with other things, so that a length is not its own. */
    | { readonly kind: "var"; readonly id: number; readonly mixed?: true }
    /** PostgreSQL tells its type, once that counts. */
    | { readonly kind: "asked"; readonly question: Question }
    | { readonly kind: "none" };

/** An expression whose columns are parameters. */
export interface Question {
    /** A query without FROM; empty where it cannot be written, which PostgreSQL refuses. */
    readonly sql: string;
    readonly path: readonly string[];
    /** By the number of the parameter. */
    readonly parameters: readonly QueryParameter[];
    /** Some of them lead to columns whose type is sought. */
    readonly open: boolean;
    /** It is nothing but a parameter. */
    readonly only: boolean;
}

export interface QueryParameter {
    readonly term: Term;
    readonly use: Use;
}

/** Where in an expression a column stands. */
export interface Use {
    /** Types that are tried where PostgreSQL finds none by itself, likeliest first. */
    readonly likely: readonly string[];
    readonly strength: number;
    /** For people. */
    readonly reason: string;
}

/** A column of a query's result. */
export interface OutputColumn {
    name: string;
    term: Term;
}

export interface Output {
    columns: OutputColumn[];
    /** Remote tables whose columns, not all known, are among these (`SELECT *`). */
    open: number[];
}

/** With the names of a list of aliases; with a star among the columns positions are not known. */
export function renamed(output: Output, names: readonly string[]): Output {
    return output.open.length > 0
        ? output
        : { open: [], columns: output.columns.map(({ name, term }, at) => ({ name: names[at] ?? name, term })) };
}

export const EMPTY: Output = { columns: [], open: [] };

/** Does it lead to a column whose type is sought? */
export function isOpen(term: Term): boolean {
    return term.kind === "var" || (term.kind === "asked" && term.question.open);
}

export function arrayType(type: ColumnType): ColumnType {
    return { ...type, sql: `${type.base}[]`, array: true };
}

export function typed(type: ColumnType): Term {
    return { kind: "type", type };
}

export function known(sql: string): Term {
    return typed(builtIn(sql));
}

export const NONE: Term = { kind: "none" };
export const BOOLEAN = known("boolean");
