/** Expressions that must be intervals: a difference of two columns is then one of times, not of numbers. */

import type { Node } from "libpg-query";
import { strings } from "../parse/ast";
import { builtIn } from "../types";
import type { Analysis } from "./analysis";
import type { Scope } from "./scope";
import type { Term } from "./terms";
import { STRENGTH } from "./unknowns";

/** Aggregates and functions whose result has the type of their arguments. */
const SAME = new Set(["avg", "sum", "min", "max", "abs", "any_value"]);

/**
 * Tells columns that an interval or a time is made of them.
 *
 * @returns false for an expression of another form, of which nothing is said here.
 */
export function asInterval(analysis: Analysis, node: Node | undefined, scope: Scope): boolean {
    if (node === undefined) {
        return false;
    }
    if ("A_Expr" in node && strings(node.A_Expr.name).at(-1) === "-" && node.A_Expr.lexpr !== undefined) {
        const sides = [node.A_Expr.lexpr, node.A_Expr.rexpr].map((side) => analysis.expression(side, scope));
        if (sides.every((side) => side.kind === "var")) {
            for (const side of sides) {
                analysis.unknowns.hint(side, builtIn("timestamptz"), STRENGTH.use, "difference of times");
            }
        }
        return true;
    }
    if ("CoalesceExpr" in node) {
        return (node.CoalesceExpr.args ?? []).map((arg) => asInterval(analysis, arg, scope)).includes(true);
    }
    if ("FuncCall" in node && SAME.has(strings(node.FuncCall.funcname).at(-1) ?? "")) {
        const [arg] = node.FuncCall.args ?? [];
        if (!asInterval(analysis, arg, scope)) {
            intervalColumn(analysis, analysis.expression(arg, scope), strings(node.FuncCall.funcname).at(-1) ?? "");
        }
        return true;
    }
    return false;
}

/** The sum or average of a column is an interval only where the column is one; an extreme may be of times too. */
function intervalColumn(analysis: Analysis, term: Term, aggregate: string): void {
    const type = aggregate === "sum" || aggregate === "avg" ? "interval" : "timestamptz";
    analysis.unknowns.hint(term, builtIn(type), STRENGTH.use, `${aggregate}() of times`);
}
