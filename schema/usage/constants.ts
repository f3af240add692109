/** Texts that are certain without running the schema: connection strings and queries put together of constants. */

import type { FuncCall, Node } from "libpg-query";
import { parseExpression } from "../../upstreams/parser";
import { constText, isNode, replaceNode, strings, walk } from "../parse/ast";
import { deparse } from "../parse/deparse";

/** A value that is certain, as PostgreSQL prints it; NULL is null. */
export type Value = string | null;

/** What expressions may use: variables with one value, and what PostgreSQL computes. */
export interface Constants {
    readonly values: ReadonlyMap<string, Value>;
    /**
     * The value of an expression without columns; undefined where it cannot be computed, or not yet.
     *
     * @param functions Names of those that it calls.
     */
    evaluate(sql: string, functions: readonly string[]): Value | undefined;
}

/** The value of an expression; undefined where it isn't certain. */
export function constant(node: Node | undefined, known: Constants): Value | undefined {
    if (node === undefined || "A_Const" in node) {
        return node?.A_Const.isnull === true ? null : constText(node);
    }
    const expression = structuredClone(node);
    const functions: string[] = [];
    let certain = true;
    walk({ expression }, (value) => {
        if (!isNode(value)) {
            return;
        }
        if ("ColumnRef" in value || "ParamRef" in value) {
            const name =
                "ParamRef" in value ? `$${value.ParamRef.number ?? 0}` : strings(value.ColumnRef.fields).join(".");
            const found = known.values.get(name);
            certain &&= found !== undefined;
            replaceNode(value, constantNode(found ?? null));
        } else if ("FuncCall" in value) {
            functions.push(strings(value.FuncCall.funcname).at(-1) ?? "");
        } else if ("SubLink" in value) {
            certain = false;
        }
    });
    const sql = certain ? deparse(expression) : undefined;
    return sql === undefined ? undefined : known.evaluate(sql, functions);
}

function constantNode(value: Value): Node {
    return { A_Const: value === null ? { isnull: true } : { sval: { sval: value } } };
}

/** The value of an expression's text. */
export function constantText(expression: string, known: Constants): Value | undefined {
    return constant(onlyTarget(expression), known);
}

/** The expression of a text, where it is one and reads nothing. */
export function onlyTarget(expression: string): Node | undefined {
    const select = parseExpression(expression);
    if (select === undefined || !("SelectStmt" in select)) {
        return undefined;
    }
    const { targetList, fromClause, whereClause } = select.SelectStmt;
    const [target] = targetList ?? [];
    return targetList?.length === 1 &&
        fromClause === undefined &&
        whereClause === undefined &&
        target !== undefined &&
        "ResTarget" in target
        ? target.ResTarget.val
        : undefined;
}

const FORMAT = /%(?:(\d+)\$)?(?:-?\d+)?([sIL%])/g;

/** What stands for a value that is not known: it fits where a value is wanted, in quotes or without, and tells nothing. */
const HOLE = " NULL ";

export interface PartlyKnown {
    readonly text: string;
    /** False where values are not known and NULL stands in. */
    readonly whole: boolean;
}

/** The text of an expression, with NULL for values that are not known; undefined where nothing of it is. */
export function partlyConstant(node: Node | undefined, known: Constants): PartlyKnown | undefined {
    if (node === undefined) {
        return undefined;
    }
    const value = constant(node, known);
    if (typeof value === "string") {
        return { text: value, whole: true };
    }
    if ("TypeCast" in node) {
        return partlyConstant(node.TypeCast.arg, known);
    }
    if ("A_Expr" in node && strings(node.A_Expr.name).at(-1) === "||") {
        return parts([node.A_Expr.lexpr, node.A_Expr.rexpr], known);
    }
    if ("FuncCall" in node) {
        const name = strings(node.FuncCall.funcname).at(-1);
        const args = node.FuncCall.args ?? [];
        if (name === "concat") {
            return parts(args, known);
        }
        if (name === "format") {
            return partlyFormatted(node.FuncCall, known);
        }
    }
    return undefined;
}

function parts(nodes: ReadonlyArray<Node | undefined>, known: Constants): PartlyKnown | undefined {
    const texts = nodes.map((node) => partlyConstant(node, known));
    return texts.every((text) => text === undefined)
        ? undefined
        : { text: texts.map((text) => text?.text ?? HOLE).join(""), whole: false };
}

/** `format()` with arguments of which not all are known; a name that is not known makes all of it unknown. */
function partlyFormatted(call: FuncCall, known: Constants): PartlyKnown | undefined {
    const [first, ...values] = call.args ?? [];
    const pattern = constant(first, known);
    if (typeof pattern !== "string" || first === undefined) {
        return undefined;
    }
    let next = 0;
    for (const [, position, kind] of pattern.matchAll(FORMAT)) {
        if (kind === "%") {
            continue;
        }
        const index = position === undefined ? next : Number(position) - 1;
        next = index + 1;
        if (constant(values[index], known) === undefined) {
            if (kind === "I") {
                return undefined;
            }
            // %L of NULL is the word NULL.
            values[index] = constantNode(kind === "L" ? null : HOLE);
        }
    }
    const text = constant({ FuncCall: { ...call, args: [first, ...values] } }, known);
    return typeof text === "string" ? { text, whole: false } : undefined;
}
