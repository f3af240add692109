/** Constant expressions: what `EXECUTE format(…)` runs, where that is certain. */

import type { Node } from "libpg-query";
import { isPlainName, parseExpression } from "../../upstreams/parser";
import { quoteIdent, quoteLiteral } from "../../upstreams/quote";
import { strings } from "../parse/ast";

/** A value that is certain. A record has its fields by name. */
export type Value = string | number | boolean | null | Value[] | { readonly fields: ReadonlyMap<string, Value> };

/** Values of variables; a name that is missing is not known. */
export type Environment = ReadonlyMap<string, Value>;

/** What an expression may ask of the world. */
export interface World {
    /** `current_database()`. */
    readonly database: string;
    /** `current_user`. */
    readonly user: string;
    /** Does a query over system catalogs find something? Undefined where that is not known. */
    /** Is there a relation of this name, as `to_regclass` asks? */
    relation(name: string): boolean;
    exists(query: Node, environment: Environment): boolean | undefined;
}

/** Quotes a name only where it must be, as `quote_ident` and `%I` do. */
function ident(name: string): string {
    return isPlainName(name) ? name : quoteIdent(name);
}

function textOf(value: Value): string | undefined {
    if (value === null || typeof value === "object") {
        return undefined;
    }
    return typeof value === "boolean" ? (value ? "t" : "f") : String(value);
}

/** The value of an expression's text, or undefined where it isn't certain. */
export function evaluateText(expression: string, environment: Environment, world: World): Value | undefined {
    const select = parseExpression(expression);
    if (select === undefined || !("SelectStmt" in select)) {
        return undefined;
    }
    const target = select.SelectStmt.targetList?.[0];
    if (target === undefined || !("ResTarget" in target) || select.SelectStmt.targetList?.length !== 1) {
        return undefined;
    }
    if (select.SelectStmt.fromClause !== undefined || select.SelectStmt.whereClause !== undefined) {
        return undefined;
    }
    return evaluate(target.ResTarget.val, environment, world);
}

export function evaluate(node: Node | undefined, environment: Environment, world: World): Value | undefined {
    if (node === undefined) {
        return undefined;
    }
    if ("A_Const" in node) {
        const value = node.A_Const;
        if (value.isnull === true) {
            return null;
        }
        if (value.ival !== undefined) {
            return value.ival.ival ?? 0;
        }
        if (value.fval !== undefined) {
            return Number(value.fval.fval);
        }
        if (value.boolval !== undefined) {
            return value.boolval.boolval ?? false;
        }
        return value.sval === undefined ? undefined : (value.sval.sval ?? "");
    }
    if ("ColumnRef" in node) {
        const names = strings(node.ColumnRef.fields);
        const whole = environment.get(names.join("."));
        if (whole !== undefined || names.length !== 2) {
            return whole;
        }
        const record = environment.get(names[0] ?? "");
        return typeof record === "object" && record !== null && "fields" in record
            ? record.fields.get(names[1] ?? "")
            : undefined;
    }
    if ("ParamRef" in node) {
        return environment.get(`$${node.ParamRef.number ?? 0}`);
    }
    if ("TypeCast" in node) {
        return cast(
            evaluate(node.TypeCast.arg, environment, world),
            strings(node.TypeCast.typeName?.names).at(-1) ?? "",
            (node.TypeCast.typeName?.arrayBounds ?? []).length > 0,
        );
    }
    if ("A_ArrayExpr" in node) {
        const values = (node.A_ArrayExpr.elements ?? []).map((each) => evaluate(each, environment, world));
        return values.some((value) => value === undefined)
            ? undefined
            : values.flatMap((value) => (value === undefined ? [] : [value]));
    }
    if ("A_Expr" in node) {
        return operator(
            strings(node.A_Expr.name).at(-1) ?? "",
            node.A_Expr.kind ?? "AEXPR_OP",
            node.A_Expr.lexpr,
            node.A_Expr.rexpr,
            environment,
            world,
        );
    }
    if ("BoolExpr" in node) {
        const values = (node.BoolExpr.args ?? []).map((each) => evaluate(each, environment, world));
        if (node.BoolExpr.boolop === "NOT_EXPR") {
            return typeof values[0] === "boolean" ? !values[0] : undefined;
        }
        const decisive = node.BoolExpr.boolop === "OR_EXPR";
        if (values.includes(decisive)) {
            return decisive;
        }
        return values.every((value) => typeof value === "boolean") ? !decisive : undefined;
    }
    if ("NullTest" in node) {
        const value = evaluate(node.NullTest.arg, environment, world);
        return value === undefined ? undefined : (value === null) === (node.NullTest.nulltesttype === "IS_NULL");
    }
    if ("CoalesceExpr" in node) {
        for (const arg of node.CoalesceExpr.args ?? []) {
            const value = evaluate(arg, environment, world);
            if (value === undefined || value !== null) {
                return value;
            }
        }
        return null;
    }
    if ("CaseExpr" in node && node.CaseExpr.arg === undefined) {
        for (const each of node.CaseExpr.args ?? []) {
            const test = "CaseWhen" in each ? evaluate(each.CaseWhen.expr, environment, world) : undefined;
            if (test === undefined) {
                return undefined;
            }
            if (test === true && "CaseWhen" in each) {
                return evaluate(each.CaseWhen.result, environment, world);
            }
        }
        return node.CaseExpr.defresult === undefined ? null : evaluate(node.CaseExpr.defresult, environment, world);
    }
    if ("SubLink" in node && node.SubLink.subLinkType === "EXISTS_SUBLINK" && node.SubLink.subselect !== undefined) {
        return world.exists(node.SubLink.subselect, environment);
    }
    if ("SQLValueFunction" in node) {
        return /USER|ROLE/.test(node.SQLValueFunction.op ?? "")
            ? world.user
            : node.SQLValueFunction.op === "SVFOP_CURRENT_CATALOG"
              ? world.database
              : undefined;
    }
    if ("FuncCall" in node) {
        const name = strings(node.FuncCall.funcname).at(-1) ?? "";
        const args = (node.FuncCall.args ?? []).map((each) => evaluate(each, environment, world));
        return call(name, args, node.FuncCall.func_variadic === true, world);
    }
    return undefined;
}

function cast(value: Value | undefined, type: string, array: boolean): Value | undefined {
    if (value === undefined || value === null) {
        return value;
    }
    if (array) {
        if (typeof value === "string" && /^\{[^{}"\\]*\}$/.test(value)) {
            return value
                .slice(1, -1)
                .split(",")
                .filter((part) => part !== "");
        }
        return Array.isArray(value) ? value : undefined;
    }
    if (/^(?:text|varchar|name|bpchar|regclass|cstring)$/.test(type)) {
        return typeof value === "boolean" ? String(value) : textOf(value);
    }
    if (/^(?:int[248]?|integer|bigint|numeric)$/.test(type)) {
        const number = typeof value === "object" ? Number.NaN : Number(value);
        return Number.isNaN(number) ? undefined : number;
    }
    return typeof value === "object" ? undefined : value;
}

function operator(
    op: string,
    kind: string,
    left: Node | undefined,
    right: Node | undefined,
    environment: Environment,
    world: World,
): Value | undefined {
    const a = left === undefined ? undefined : evaluate(left, environment, world);
    if (kind === "AEXPR_IN" && right !== undefined && "List" in right) {
        const values = (right.List.items ?? []).map((each) => evaluate(each, environment, world));
        if (a === undefined || values.includes(undefined)) {
            return undefined;
        }
        return values.includes(a) === (op === "=");
    }
    const b = evaluate(right, environment, world);
    if (left === undefined) {
        return op === "-" && typeof b === "number" ? -b : undefined;
    }
    if (a === undefined || b === undefined || kind !== "AEXPR_OP") {
        return undefined;
    }
    if (a === null || b === null) {
        return null;
    }
    if (op === "||") {
        if (Array.isArray(a) && Array.isArray(b)) {
            return [...a, ...b];
        }
        const [x, y] = [textOf(a), textOf(b)];
        return x === undefined || y === undefined ? undefined : x + y;
    }
    if (op === "=" || op === "<>") {
        return typeof a === "object" || typeof b === "object" ? undefined : (a === b) === (op === "=");
    }
    if (typeof a === "number" && typeof b === "number") {
        switch (op) {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                return a * b;
            case "/":
                return b === 0 ? undefined : Math.trunc(a / b);
            case "%":
                return b === 0 ? undefined : a % b;
            case "<":
                return a < b;
            case ">":
                return a > b;
            case "<=":
                return a <= b;
            case ">=":
                return a >= b;
            default:
                return undefined;
        }
    }
    return undefined;
}

function call(
    name: string,
    args: ReadonlyArray<Value | undefined>,
    variadic: boolean,
    world: World,
): Value | undefined {
    if (name === "current_database") {
        return world.database;
    }
    if (name === "current_setting" && args[0] === "port") {
        return "5432";
    }
    if (args.includes(undefined) || variadic) {
        return undefined;
    }
    const values = args.flatMap((value) => (value === undefined ? [] : [value]));
    const first = values[0] === undefined || values[0] === null ? undefined : textOf(values[0]);
    switch (name) {
        case "to_regclass":
            return first === undefined ? null : world.relation(first) ? first : null;
        case "format":
            return format(values);
        case "concat":
            return values.map((value) => (value === null ? "" : (textOf(value) ?? ""))).join("");
        case "concat_ws":
            return values
                .slice(1)
                .flatMap((value) => (value === null ? [] : [textOf(value) ?? ""]))
                .join(first ?? "");
        case "quote_ident":
            return first === undefined ? undefined : ident(first);
        case "quote_literal":
        case "quote_nullable":
            return values[0] === null && name === "quote_nullable"
                ? "NULL"
                : first === undefined
                  ? undefined
                  : quoteLiteral(first).trim();
        case "lower":
            return first?.toLowerCase();
        case "upper":
            return first?.toUpperCase();
        case "btrim":
            return values.length === 1 ? first?.trim() : undefined;
        case "lpad": {
            const [, width, fill] = values;
            return typeof width === "number" && first !== undefined
                ? first.padStart(width, fill === undefined ? " " : (textOf(fill) ?? " ")).slice(0, width)
                : undefined;
        }
        case "replace": {
            const [from, to] = [textOf(values[1] ?? null), textOf(values[2] ?? null)];
            return first === undefined || !from || to === undefined ? undefined : first.replaceAll(from, to);
        }
        case "chr":
            return typeof values[0] === "number" ? String.fromCodePoint(values[0]) : undefined;
        case "string_to_array": {
            const by = textOf(values[1] ?? null);
            return first === undefined || !by ? undefined : first.split(by);
        }
        case "array_length":
        case "cardinality":
            return Array.isArray(values[0]) ? values[0].length : undefined;
        case "generate_series": {
            const [from, to] = values;
            return typeof from === "number" && typeof to === "number" && to - from < 10_000
                ? Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
                : undefined;
        }
        case "unnest":
            return Array.isArray(values[0]) ? values[0] : undefined;
        default:
            return undefined;
    }
}

/** `format()`: %s, %I, %L, %%, positions and widths without padding. */
function format(values: readonly Value[]): string | undefined {
    const pattern = textOf(values[0] ?? null);
    if (pattern === undefined) {
        return undefined;
    }
    let next = 1;
    let known = true;
    const text = pattern.replace(
        /%(?:(\d+)\$)?(-?\d+)?([sIL%])/g,
        (_whole, position: string | undefined, width: string | undefined, kind: string) => {
            if (kind === "%") {
                return "%";
            }
            const index = position === undefined ? next : Number(position);
            next = index + 1;
            const value = values[index];
            if (value === undefined) {
                known = false;
                return "";
            }
            const plain = value === null ? undefined : textOf(value);
            if (plain === undefined && value !== null) {
                known = false;
                return "";
            }
            let shown: string;
            if (kind === "L") {
                shown = plain === undefined ? "NULL" : quoteLiteral(plain).trim();
            } else if (kind === "I") {
                known &&= plain !== undefined && plain !== "";
                shown = plain === undefined || plain === "" ? "" : ident(plain);
            } else {
                shown = plain ?? "";
            }
            const size = Number(width ?? 0);
            return size < 0 ? shown.padEnd(-size) : shown.padStart(size);
        },
    );
    return known ? text : undefined;
}
