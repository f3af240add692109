/** Texts that are certain without running anything: connection strings and queries put together of constants. */

import type { Node } from "libpg-query";
import { isPlainName, parseExpression } from "../../upstreams/parser";
import { quoteIdent, quoteLiteral } from "../../upstreams/quote";
import { strings } from "../parse/ast";

/** A value that is certain, as PostgreSQL prints it; NULL is null. */
export type Value = string | null;

/** What expressions may use: variables with one value, and what the session tells. */
export interface Constants {
    readonly values: ReadonlyMap<string, Value>;
    readonly session: { readonly database: string; readonly user: string } | undefined;
}

/** The value of an expression; undefined where it isn't certain. */
export function constant(node: Node | undefined, known: Constants): Value | undefined {
    if (node === undefined) {
        return undefined;
    }
    if ("A_Const" in node) {
        const value = node.A_Const;
        if (value.isnull === true) {
            return null;
        }
        if (value.ival !== undefined) {
            return String(value.ival.ival ?? 0);
        }
        if (value.fval !== undefined) {
            return value.fval.fval ?? "";
        }
        if (value.boolval !== undefined) {
            return value.boolval.boolval === true ? "t" : "f";
        }
        return value.sval?.sval ?? "";
    }
    if ("ColumnRef" in node) {
        return known.values.get(strings(node.ColumnRef.fields).join("."));
    }
    if ("ParamRef" in node) {
        return known.values.get(`$${node.ParamRef.number ?? 0}`);
    }
    if ("TypeCast" in node) {
        const type = strings(node.TypeCast.typeName?.names).at(-1) ?? "";
        const value = constant(node.TypeCast.arg, known);
        return TEXTS.has(type) && (node.TypeCast.typeName?.arrayBounds ?? []).length === 0 ? value : undefined;
    }
    if ("A_Expr" in node && strings(node.A_Expr.name).at(-1) === "||") {
        const [left, right] = [constant(node.A_Expr.lexpr, known), constant(node.A_Expr.rexpr, known)];
        return left === undefined || right === undefined ? undefined : joined(left, right);
    }
    if ("CoalesceExpr" in node) {
        for (const arg of node.CoalesceExpr.args ?? []) {
            const value = constant(arg, known);
            if (value !== null) {
                return value;
            }
        }
        return null;
    }
    if ("SQLValueFunction" in node) {
        const op = node.SQLValueFunction.op ?? "";
        return /USER|ROLE/.test(op)
            ? known.session?.user
            : op === "SVFOP_CURRENT_CATALOG"
              ? known.session?.database
              : undefined;
    }
    if ("FuncCall" in node && node.FuncCall.func_variadic !== true) {
        const name = strings(node.FuncCall.funcname).at(-1) ?? "";
        if (name === "current_database") {
            return known.session?.database;
        }
        const args: Value[] = [];
        for (const arg of node.FuncCall.args ?? []) {
            const value = constant(arg, known);
            if (value === undefined) {
                return undefined;
            }
            args.push(value);
        }
        return call(name, args);
    }
    return undefined;
}

const TEXTS = new Set(["text", "varchar", "name", "bpchar", "regclass", "cstring", "int2", "int4", "int8"]);

function joined(left: Value, right: Value): Value {
    return left === null || right === null ? null : left + right;
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

/** Quotes a name only where it must be, as `quote_ident` and `%I` do. */
function ident(name: string): string {
    return isPlainName(name) ? name : quoteIdent(name);
}

function call(name: string, args: readonly Value[]): Value | undefined {
    const [first] = args;
    switch (name) {
        case "format":
            return format(args);
        case "concat":
            return args.join("");
        case "concat_ws":
            return args
                .slice(1)
                .filter((value) => value !== null)
                .join(first ?? "");
        case "quote_nullable":
            return first === null ? "NULL" : call("quote_literal", args);
        default:
            break;
    }
    if (first === undefined || args.includes(null)) {
        return undefined;
    }
    switch (name) {
        case "quote_ident":
            return first === null ? null : ident(first);
        case "quote_literal":
            return first === null ? null : quoteLiteral(first).trim();
        case "lower":
            return first?.toLowerCase();
        case "upper":
            return first?.toUpperCase();
        case "btrim":
            return args.length === 1 ? first?.trim() : undefined;
        case "replace":
            return args[1] ? first?.replaceAll(args[1], args[2] ?? "") : undefined;
        case "chr":
            return /^\d{1,6}$/.test(first ?? "") ? String.fromCodePoint(Number(first)) : undefined;
        default:
            return undefined;
    }
}

const FORMAT = /%(?:(\d+)\$)?(-?\d+)?([sIL%])/g;

/** `format()`: %s, %I, %L, %%, with positions and widths. */
function format([pattern, ...values]: readonly Value[]): string | undefined {
    if (pattern === null || pattern === undefined) {
        return undefined;
    }
    let next = 0;
    let whole = true;
    const text = pattern.replace(
        FORMAT,
        (_all, position: string | undefined, width: string | undefined, kind: string) => {
            if (kind === "%") {
                return "%";
            }
            const index = position === undefined ? next : Number(position) - 1;
            next = index + 1;
            const value = values[index];
            if (value === undefined || (kind === "I" && (value === null || value === ""))) {
                whole = false;
                return "";
            }
            const shown =
                kind === "L"
                    ? value === null
                        ? "NULL"
                        : quoteLiteral(value).trim()
                    : kind === "I"
                      ? ident(value ?? "")
                      : (value ?? "");
            const size = Number(width ?? 0);
            return size < 0 ? shown.padEnd(-size) : shown.padStart(size);
        },
    );
    return whole ? text : undefined;
}

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
            return partlyFormatted(args, known);
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
function partlyFormatted(args: readonly Node[], known: Constants): PartlyKnown | undefined {
    const pattern = constant(args[0], known);
    if (typeof pattern !== "string") {
        return undefined;
    }
    const values: Value[] = args.slice(1).map((arg) => constant(arg, known) ?? null);
    let next = 0;
    for (const [, position, , kind] of pattern.matchAll(FORMAT)) {
        if (kind === "%") {
            continue;
        }
        const index = position === undefined ? next : Number(position) - 1;
        next = index + 1;
        if (constant(args[index + 1], known) === undefined) {
            if (kind === "I") {
                return undefined;
            }
            // %L of NULL is the word NULL.
            values[index] = kind === "L" ? null : HOLE;
        }
    }
    const text = format([pattern, ...values]);
    return text === undefined ? undefined : { text, whole: false };
}
