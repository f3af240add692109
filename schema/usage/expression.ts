/** Goes through an expression: the columns that it uses, what PostgreSQL tells of them, and its own type. */

import type { Node } from "libpg-query";
import type { Analysis } from "./analysis";
import { tell } from "./asking";
import { columnTerm } from "./columns";
import { questionOf } from "./questions";
import type { Scope } from "./scope";
import { BOOLEAN, NONE, type Term } from "./terms";

export function expressionTerm(analysis: Analysis, node: Node | undefined, scope: Scope): Term {
    if (node === undefined || "SetToDefault" in node || ("A_Const" in node && !isNumber(node))) {
        return NONE;
    }
    if ("ColumnRef" in node) {
        return columnTerm(analysis, node.ColumnRef, scope);
    }
    if ("BoolExpr" in node) {
        for (const arg of node.BoolExpr.args ?? []) {
            analysis.condition(arg, scope);
        }
        return BOOLEAN;
    }
    if ("MultiAssignRef" in node) {
        analysis.expression(node.MultiAssignRef.source, scope);
        return NONE;
    }
    if ("SelectStmt" in node) {
        analysis.statement(node, scope);
        return NONE;
    }
    const question = questionOf(analysis, node, scope);
    if (question === undefined) {
        return NONE;
    }
    const [only] = question.parameters;
    if (only !== undefined && /^SELECT\s+\$1$/.test(question.sql)) {
        return only.term;
    }
    if (question.open) {
        tell(analysis, question, node, scope);
    }
    return { kind: "asked", question };
}

/** A text in quotes takes the type of what stands beside it. */
function isNumber(node: Node): boolean {
    return "A_Const" in node && node.A_Const.sval === undefined && node.A_Const.isnull !== true;
}
