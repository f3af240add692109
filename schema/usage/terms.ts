/** What is known of an expression's type, in small steps. */

import type { Node } from "libpg-query";
import type { Term } from "../derive/catalog";
import { builtIn, type ColumnType } from "../derive/types";
import { constText } from "../parse/ast";

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

export function known(sql: string): Term {
    return { kind: "type", type: builtIn(sql) };
}

export function isType(term: Term, base: string): boolean {
    return term.kind === "type" && term.type.base === base && !term.type.array;
}

export const NONE: Term = { kind: "none" };
export const BOOLEAN = known("boolean");
/** Base types of moments. */
export const TIMES: ReadonlySet<string> = new Set(["timestamptz", "timestamp", "date"]);
