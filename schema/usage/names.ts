/** Names of result columns, as PostgreSQL chooses them, and of parts of names. */

import type { Node, ResTarget, SelectStmt } from "libpg-query";
import { unquoteIdent } from "../../upstreams/quote";
import { strings } from "../parse/ast";

/** Name of an unnamed result column, as PostgreSQL chooses it. */
export function figureName(node: Node | undefined): string {
    return nameOf(node) ?? "?column?";
}

function nameOf(node: Node | undefined): string | undefined {
    if (node === undefined) {
        return undefined;
    }
    if ("ColumnRef" in node) {
        return strings(node.ColumnRef.fields).at(-1);
    }
    if ("FuncCall" in node) {
        return strings(node.FuncCall.funcname).at(-1);
    }
    if ("TypeCast" in node) {
        return nameOf(node.TypeCast.arg) ?? strings(node.TypeCast.typeName?.names).at(-1);
    }
    if ("A_Indirection" in node) {
        return strings(node.A_Indirection.indirection).at(-1) ?? nameOf(node.A_Indirection.arg);
    }
    if ("CollateClause" in node) {
        return nameOf(node.CollateClause.arg);
    }
    if ("CaseExpr" in node) {
        return nameOf(node.CaseExpr.defresult) ?? "case";
    }
    if ("MinMaxExpr" in node) {
        return node.MinMaxExpr.op === "IS_LEAST" ? "least" : "greatest";
    }
    if ("SQLValueFunction" in node) {
        return node.SQLValueFunction.op?.replace(/^SVFOP_|_N$/g, "").toLowerCase();
    }
    if ("A_Expr" in node) {
        return node.A_Expr.kind === "AEXPR_NULLIF" ? "nullif" : undefined;
    }
    if ("SubLink" in node) {
        const { subLinkType, subselect } = node.SubLink;
        const [first] = subselect !== undefined && "SelectStmt" in subselect ? targetsOf(subselect.SelectStmt) : [];
        return ALWAYS.get(subLinkType ?? "") ?? first?.name ?? nameOf(first?.val);
    }
    return ALWAYS.get(Object.keys(node)[0] ?? "");
}

function targetsOf({ targetList }: SelectStmt): ResTarget[] {
    return (targetList ?? []).flatMap((node) => ("ResTarget" in node ? [node.ResTarget] : []));
}

const ALWAYS: ReadonlyMap<string, string> = new Map([
    ["A_ArrayExpr", "array"],
    ["ARRAY_SUBLINK", "array"],
    ["CoalesceExpr", "coalesce"],
    ["EXISTS_SUBLINK", "exists"],
    ["XmlSerialize", "xmlserialize"],
]);

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
    return (printed.match(/"(?:[^"]|"")*"|[^."]+/g) ?? []).map(unquoteIdent);
}
