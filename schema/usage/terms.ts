/** What is known of an expression's type, in small steps. */

import type { Node } from "libpg-query";
import { constText } from "../parse/ast";
import { builtIn, type ColumnType } from "../types";

export type Term =
    | { readonly kind: "type"; readonly type: ColumnType }
    /** A column of an upstream whose type is sought; `mixed`: with other things, so that a length is not its own. */
    | { readonly kind: "var"; readonly id: number; readonly mixed?: true }
    /** A literal that takes the type of what stands beside it. */
    | { readonly kind: "literal"; readonly text?: string }
    | { readonly kind: "none" };

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

export const EMPTY: Output = { columns: [], open: [] };

export function isLiteral(node: Node | undefined): boolean {
    if (node === undefined) {
        return false;
    }
    if ("A_Expr" in node && node.A_Expr.lexpr === undefined) {
        return isLiteral(node.A_Expr.rexpr);
    }
    return "A_Const" in node;
}

export function constantTerm(node: Node): Term {
    if (!("A_Const" in node)) {
        return NONE;
    }
    const value = node.A_Const;
    if (value.ival !== undefined) {
        return known("integer");
    }
    if (value.fval !== undefined) {
        return known(/^\d{10,18}$/.test(value.fval.fval ?? "") ? "bigint" : "numeric");
    }
    if (value.boolval !== undefined) {
        return BOOLEAN;
    }
    const text = constText(node);
    return text === undefined ? { kind: "literal" } : { kind: "literal", text };
}

export function arrayType(type: ColumnType): ColumnType {
    return { ...type, sql: `${type.base}[]`, array: true };
}

export function arrayOf(type: ColumnType): Term {
    return { kind: "type", type: arrayType(type) };
}

export function elementOf(type: ColumnType): ColumnType {
    return { ...type, sql: type.base, array: false };
}

export function typed(type: ColumnType): Term {
    return { kind: "type", type };
}

export function known(sql: string): Term {
    return typed(builtIn(sql));
}

export function isType(term: Term, base: string): boolean {
    return term.kind === "type" && term.type.base === base && !term.type.array;
}

export const NONE: Term = { kind: "none" };
export const BOOLEAN = known("boolean");
/** Base types of moments. */
export const TIMES: ReadonlySet<string> = new Set(["timestamptz", "timestamp", "date"]);
