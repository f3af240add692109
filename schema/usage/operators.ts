/** What an operator tells of its operands, and the type of its result. */

import type { A_Expr, Node } from "libpg-query";
import { items, strings } from "../parse/ast";
import { builtIn, TEXT } from "../types";
import type { Analysis } from "./analysis";
import { arithmetic } from "./arithmetic";
import { asInterval } from "./intervals";
import type { Scope } from "./scope";
import { arrayType, BOOLEAN, elementOf, isLiteral, isType, known, NONE, type Term } from "./terms";
import { compare } from "./unify";
import { STRENGTH } from "./unknowns";

const COMPARISONS = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const TEXT_OPERATORS = new Set(["~", "~*", "!~", "!~*", "~~", "!~~", "~~*", "!~~*", "^@"]);
const RANGE_OF = new Map([
    ["date", "daterange"],
    ["timestamp", "tsrange"],
    ["timestamptz", "tstzrange"],
    ["integer", "int4range"],
    ["bigint", "int8range"],
    ["numeric", "numrange"],
]);
/** Of networks and ranges. */
const NETWORK_OPERATORS = new Set(["<<=", ">>=", "&<", "&>", "-|-"]);
const JSON_OPERATORS = new Set(["->", "->>", "#>", "#>>", "?", "?|", "?&", "@?", "#-"]);

export function operatorTerm(analysis: Analysis, expr: A_Expr, scope: Scope): Term {
    const op = strings(expr.name).at(-1) ?? "";
    const kind = expr.kind ?? "AEXPR_OP";
    const left = expr.lexpr === undefined ? undefined : analysis.expression(listFirst(expr.lexpr), scope);
    if (kind === "AEXPR_IN" || kind.includes("BETWEEN")) {
        rowOf(analysis, expr.lexpr, scope);
        for (const node of items(expr.rexpr)) {
            const term = analysis.expression(node, scope);
            compare(analysis, left ?? NONE, term, kind === "AEXPR_IN" ? "IN" : "BETWEEN", isLiteral(node));
        }
        return BOOLEAN;
    }
    if (expr.lexpr !== undefined && "RowExpr" in expr.lexpr && expr.rexpr !== undefined && "RowExpr" in expr.rexpr) {
        const others = expr.rexpr.RowExpr.args ?? [];
        (expr.lexpr.RowExpr.args ?? []).forEach((each, index) => {
            compare(
                analysis,
                analysis.expression(each, scope),
                analysis.expression(others[index], scope),
                `${op} with a row`,
            );
        });
        return BOOLEAN;
    }
    const right = analysis.expression(expr.rexpr, scope);
    const literal = isLiteral(expr.lexpr) || isLiteral(expr.rexpr);
    if (kind === "AEXPR_OP_ANY" || kind === "AEXPR_OP_ALL") {
        if (right.kind === "type" && right.type.array) {
            analysis.unknowns.hint(left ?? NONE, elementOf(right.type), STRENGTH.use, `${op} ANY`);
        } else if (left?.kind === "type") {
            analysis.unknowns.hint(right, arrayType(left.type), STRENGTH.use, `${op} ANY`);
        } else {
            analysis.unknowns.hint(right, builtIn("text[]"), STRENGTH.literal, `${op} ANY`);
        }
        return BOOLEAN;
    }
    if (kind === "AEXPR_LIKE" || kind === "AEXPR_ILIKE" || kind === "AEXPR_SIMILAR" || TEXT_OPERATORS.has(op)) {
        analysis.unknowns.hint(left ?? NONE, TEXT, STRENGTH.use, "LIKE or a regular expression");
        analysis.unknowns.hint(right, TEXT, STRENGTH.use, "LIKE or a regular expression");
        return BOOLEAN;
    }
    if (kind === "AEXPR_NULLIF") {
        compare(analysis, left ?? NONE, right, "NULLIF", literal);
        return left ?? NONE;
    }
    if (left === undefined) {
        if (op === "-" || op === "+") {
            analysis.unknowns.hint(right, builtIn("numeric"), STRENGTH.family, "arithmetic");
        }
        return right;
    }
    if (COMPARISONS.has(op) || kind === "AEXPR_DISTINCT" || kind === "AEXPR_NOT_DISTINCT") {
        // ended - started > interval '1 hour'
        if (isType(right, "interval")) {
            asInterval(analysis, expr.lexpr, scope);
        } else if (isType(left, "interval")) {
            asInterval(analysis, expr.rexpr, scope);
        }
        compare(analysis, left, right, `compared by ${op}`, literal);
        return BOOLEAN;
    }
    if (JSON_OPERATORS.has(op)) {
        const json = isType(left, "json") ? left : known("jsonb");
        analysis.unknowns.hint(left, builtIn("jsonb"), STRENGTH.use, `operand of ${op}`);
        return op === "->>" || op === "#>>" ? known("text") : op.startsWith("?") || op === "@?" ? BOOLEAN : json;
    }
    if (op === "@>" || op === "<@" || op === "&&") {
        containment(analysis, left, right, op);
        return BOOLEAN;
    }
    if (NETWORK_OPERATORS.has(op)) {
        analysis.unknowns.meet(left, right, STRENGTH.use, `operand of ${op}`);
        return BOOLEAN;
    }
    if (op === "@@") {
        analysis.unknowns.hint(left, builtIn(isType(right, "jsonpath") ? "jsonb" : "tsvector"), STRENGTH.use, "@@");
        return BOOLEAN;
    }
    if (op === "||") {
        for (const [one, other] of [
            [left, right],
            [right, left],
        ] satisfies Array<[Term, Term]>) {
            if (
                other.kind === "type" &&
                (other.type.array || other.type.base === "jsonb" || other.type.base === "tsvector")
            ) {
                analysis.unknowns.hint(one, other.type, STRENGTH.use, "||");
            }
        }
        const special = [left, right].find(
            (term) =>
                term.kind === "type" && (term.type.array || ["jsonb", "tsvector", "bytea"].includes(term.type.base)),
        );
        return special ?? known("text");
    }
    return arithmetic(analysis, op, left, right, literal);
}

function rowOf(analysis: Analysis, node: Node | undefined, scope: Scope): void {
    if (node !== undefined && "RowExpr" in node) {
        for (const each of node.RowExpr.args ?? []) {
            analysis.expression(each, scope);
        }
    }
}

function containment(analysis: Analysis, left: Term, right: Term, op: string): void {
    for (const [one, other] of [
        [left, right],
        [right, left],
    ] satisfies Array<[Term, Term]>) {
        if (other.kind === "type") {
            const range = /^(?:int4|int8|num|ts|tstz|date)range$/.test(other.type.base);
            const scalar = !other.type.array && !range && other.type.base !== "jsonb";
            const around = RANGE_OF.get(other.type.base);
            if (!scalar) {
                analysis.unknowns.hint(one, other.type, STRENGTH.use, op);
            } else if (around !== undefined && one === (op === "@>" ? left : right)) {
                // Only a range contains a single value, whatever lower() and upper() of it seem to say.
                analysis.unknowns.hint(one, builtIn(around), STRENGTH.assignment, op);
            }
        } else if (other.kind === "literal") {
            const json = /^\s*(?:\{\s*(?:"|\})|\[)/.test(other.text ?? "");
            analysis.unknowns.hint(one, builtIn(json ? "jsonb" : "text[]"), STRENGTH.use, op);
        }
    }
    if (left.kind === "var" && right.kind === "var") {
        analysis.unknowns.meet(left, right, STRENGTH.use, op);
    }
}

function listFirst(node: Node): Node {
    return "List" in node ? (node.List.items?.[0] ?? node) : node;
}
