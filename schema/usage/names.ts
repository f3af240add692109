/** Names of result columns, as PostgreSQL chooses them, and of parts of names. */

import type { Node } from "libpg-query";
import { strings } from "../parse/ast";

/** Name of an unnamed result column, as PostgreSQL chooses it. */
export function figureName(node: Node | undefined): string {
    if (node === undefined) {
        return "?column?";
    }
    if ("ColumnRef" in node) {
        return strings(node.ColumnRef.fields).at(-1) ?? "?column?";
    }
    if ("FuncCall" in node) {
        return strings(node.FuncCall.funcname).at(-1) ?? "?column?";
    }
    if ("TypeCast" in node) {
        const inner = figureName(node.TypeCast.arg);
        return inner === "?column?" ? (strings(node.TypeCast.typeName?.names).at(-1) ?? inner) : inner;
    }
    if ("CoalesceExpr" in node) {
        return "coalesce";
    }
    if ("CaseExpr" in node) {
        const inner = figureName(node.CaseExpr.defresult);
        return inner === "?column?" ? "case" : inner;
    }
    if ("MinMaxExpr" in node) {
        return node.MinMaxExpr.op === "IS_LEAST" ? "least" : "greatest";
    }
    if ("A_ArrayExpr" in node) {
        return "array";
    }
    if ("A_Indirection" in node) {
        return strings(node.A_Indirection.indirection).at(-1) ?? figureName(node.A_Indirection.arg);
    }
    if ("CollateClause" in node) {
        return figureName(node.CollateClause.arg);
    }
    if ("SQLValueFunction" in node) {
        return (node.SQLValueFunction.op ?? "")
            .replace(/^SVFOP_/, "")
            .replace(/_N$/, "")
            .toLowerCase();
    }
    if ("A_Expr" in node && node.A_Expr.kind === "AEXPR_NULLIF") {
        return "nullif";
    }
    if ("SubLink" in node) {
        const type = node.SubLink.subLinkType;
        if (type === "EXISTS_SUBLINK") {
            return "exists";
        }
        if (type === "ARRAY_SUBLINK") {
            return "array";
        }
        const select = node.SubLink.subselect;
        const first = select !== undefined && "SelectStmt" in select ? select.SelectStmt.targetList?.[0] : undefined;
        return first !== undefined && "ResTarget" in first
            ? (first.ResTarget.name ?? figureName(first.ResTarget.val))
            : "?column?";
    }
    if ("XmlSerialize" in node) {
        return "xmlserialize";
    }
    return "?column?";
}

export function jsonColumns(nodes: readonly Node[] | undefined): string[] {
    return (nodes ?? []).flatMap((node) =>
        "JsonTableColumn" in node
            ? [
                  ...(node.JsonTableColumn.name === undefined ? [] : [node.JsonTableColumn.name]),
                  ...jsonColumns(node.JsonTableColumn.columns),
              ]
            : [],
    );
}

export function xmlColumns(nodes: readonly Node[] | undefined): string[] {
    return (nodes ?? []).flatMap((node) => ("RangeTableFuncCol" in node ? [node.RangeTableFuncCol.colname ?? ""] : []));
}

/** Splits a printed name at its dots outside quotes, and removes the quotes. */
export function splitName(printed: string): string[] {
    const parts = printed.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
    return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}
