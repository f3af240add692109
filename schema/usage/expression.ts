/** Goes through an expression: the columns that it uses, what it tells of them, and its own type. */

import type { Node, SubLink } from "libpg-query";
import { strings } from "../parse/ast";
import { builtIn, TEXT } from "../types";
import type { Analysis } from "./analysis";
import { callTerm } from "./calls";
import { columnTerm, fieldOf } from "./columns";
import { operatorTerm } from "./operators";
import { findVariable, type Scope } from "./scope";
import { arrayOf, BOOLEAN, constantTerm, EMPTY, known, NONE, type Term } from "./terms";
import { compare, unify } from "./unify";
import { STRENGTH } from "./unknowns";

export function expressionTerm(analysis: Analysis, node: Node | undefined, scope: Scope): Term {
    if (node === undefined) {
        return NONE;
    }
    if ("ColumnRef" in node) {
        return columnTerm(analysis, node.ColumnRef, scope);
    }
    if ("A_Const" in node) {
        return constantTerm(node);
    }
    if ("TypeCast" in node) {
        const type = analysis.host.type(node.TypeCast.typeName);
        const inner = analysis.expression(node.TypeCast.arg, scope);
        // A cast to text can be made from anything, so it tells nothing.
        if (type.base !== "text" && type.base !== "varchar" && type.user === undefined) {
            // Money is shown, not kept: the column is some number.
            const from = type.base === "money" ? builtIn("numeric") : type;
            analysis.unknowns.hint(inner, from, STRENGTH.cast, `cast to ${type.sql}`);
        }
        return { kind: "type", type };
    }
    if ("A_Expr" in node) {
        return operatorTerm(analysis, node.A_Expr, scope);
    }
    if ("BoolExpr" in node) {
        for (const arg of node.BoolExpr.args ?? []) {
            analysis.condition(arg, scope);
        }
        return BOOLEAN;
    }
    if ("FuncCall" in node) {
        return callTerm(analysis, node.FuncCall, scope);
    }
    if ("SubLink" in node) {
        return subLinkTerm(analysis, node.SubLink, scope);
    }
    if ("CaseExpr" in node) {
        const test = node.CaseExpr.arg === undefined ? undefined : analysis.expression(node.CaseExpr.arg, scope);
        const results: Term[] = [];
        for (const each of node.CaseExpr.args ?? []) {
            if (!("CaseWhen" in each)) {
                continue;
            }
            if (test === undefined) {
                analysis.condition(each.CaseWhen.expr, scope);
            } else {
                compare(analysis, test, analysis.expression(each.CaseWhen.expr, scope), "CASE");
            }
            results.push(analysis.expression(each.CaseWhen.result, scope));
        }
        if (node.CaseExpr.defresult !== undefined) {
            results.push(analysis.expression(node.CaseExpr.defresult, scope));
        }
        return unify(analysis, results, "CASE");
    }
    if ("CoalesceExpr" in node) {
        return unify(
            analysis,
            (node.CoalesceExpr.args ?? []).map((arg) => analysis.expression(arg, scope)),
            "COALESCE",
        );
    }
    if ("MinMaxExpr" in node) {
        return unify(
            analysis,
            (node.MinMaxExpr.args ?? []).map((arg) => analysis.expression(arg, scope)),
            "GREATEST or LEAST",
        );
    }
    if ("NullTest" in node) {
        analysis.expression(node.NullTest.arg, scope);
        return BOOLEAN;
    }
    if ("BooleanTest" in node) {
        analysis.condition(node.BooleanTest.arg, scope);
        return BOOLEAN;
    }
    if ("A_ArrayExpr" in node) {
        const element = unify(
            analysis,
            (node.A_ArrayExpr.elements ?? []).map((each) => analysis.expression(each, scope)),
            "ARRAY",
        );
        return element.kind === "type" && !element.type.array ? arrayOf(element.type) : NONE;
    }
    if ("A_Indirection" in node) {
        return indirection(analysis, node.A_Indirection.arg, node.A_Indirection.indirection ?? [], scope);
    }
    if ("SQLValueFunction" in node) {
        const op = node.SQLValueFunction.op ?? "";
        const type = op.includes("TIMESTAMP")
            ? op.includes("LOCAL")
                ? "timestamp"
                : "timestamptz"
            : op.includes("DATE")
              ? "date"
              : op.includes("TIME")
                ? "timetz"
                : "name";
        return known(type);
    }
    if ("CollateClause" in node) {
        const term = analysis.expression(node.CollateClause.arg, scope);
        analysis.unknowns.hint(term, TEXT, STRENGTH.use, "COLLATE");
        return term;
    }
    if ("NamedArgExpr" in node) {
        return analysis.expression(node.NamedArgExpr.arg, scope);
    }
    if ("MultiAssignRef" in node) {
        analysis.expression(node.MultiAssignRef.source, scope);
        return NONE;
    }
    if ("ParamRef" in node) {
        const variable = findVariable(scope, `$${node.ParamRef.number ?? 0}`);
        return variable?.kind === "scalar" ? variable.term : NONE;
    }
    if ("SelectStmt" in node) {
        analysis.statement(node, scope);
        return NONE;
    }
    parts(analysis, node, scope);
    return NONE;
}

/** Goes into a node of which nothing more is known: its parts still use columns. */
export function parts(analysis: Analysis, node: unknown, scope: Scope): void {
    if (Array.isArray(node)) {
        for (const each of node) {
            parts(analysis, each, scope);
        }
        return;
    }
    if (typeof node !== "object" || node === null) {
        return;
    }
    for (const [name, value] of Object.entries(node)) {
        if (name === "ColumnRef") {
            columnTerm(analysis, value, scope);
        } else if (name === "FuncCall") {
            callTerm(analysis, value, scope);
        } else if (name === "SubLink") {
            subLinkTerm(analysis, value, scope);
        } else {
            parts(analysis, value, scope);
        }
    }
}

function indirection(analysis: Analysis, arg: Node | undefined, path: readonly Node[], scope: Scope): Term {
    // (alias).column is a column.
    const first = path[0];
    if (arg !== undefined && "ColumnRef" in arg && first !== undefined && "String" in first) {
        const names = strings(arg.ColumnRef.fields);
        const alias = names[0] ?? "";
        for (let at: Scope | undefined = scope; names.length === 1 && at !== undefined; at = at.parent) {
            const item = at.items.find((each) => each.alias === alias);
            if (item !== undefined) {
                return fieldOf(analysis, item, first.String.sval ?? "", analysis.host.place(arg.ColumnRef.location));
            }
        }
    }
    const term = analysis.expression(arg, scope);
    const index = path.find((node) => "A_Indices" in node);
    if (index !== undefined) {
        parts(analysis, index, scope);
        if (term.kind === "type" && term.type.array && path.length === 1) {
            return { kind: "type", type: builtIn(term.type.base) };
        }
        analysis.unknowns.hint(term, builtIn("text[]"), STRENGTH.literal, "subscript");
    }
    return NONE;
}

function subLinkTerm(analysis: Analysis, link: SubLink, scope: Scope): Term {
    const output = link.subselect === undefined ? EMPTY : analysis.statement(link.subselect, scope);
    const type = link.subLinkType ?? "EXPR_SUBLINK";
    if (type === "EXISTS_SUBLINK") {
        return BOOLEAN;
    }
    if (type === "ANY_SUBLINK" || type === "ALL_SUBLINK") {
        const tests =
            link.testexpr !== undefined && "RowExpr" in link.testexpr
                ? (link.testexpr.RowExpr.args ?? [])
                : [link.testexpr];
        tests.forEach((test, index) => {
            const term = analysis.expression(test, scope);
            const column = output.columns[index];
            if (column !== undefined) {
                compare(analysis, term, column.term, "IN (SELECT …)");
            }
        });
        return BOOLEAN;
    }
    const first = output.columns[0]?.term ?? NONE;
    if (type === "ARRAY_SUBLINK") {
        return first.kind === "type" && !first.type.array ? arrayOf(first.type) : NONE;
    }
    return first;
}
