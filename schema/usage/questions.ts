/** Makes a question of an expression: what it reads becomes parameters, for whose types PostgreSQL can be asked. */

import type { A_Expr, CaseExpr, FuncCall, Node, SubLink } from "libpg-query";
import { isNode, items, replaceNode, strings, walk } from "../parse/ast";
import { deparse } from "../parse/deparse";
import type { Analysis } from "./analysis";
import { columnTerm, fieldOf } from "./columns";
import { announceDblink } from "./dblink-calls";
import { orderItem } from "./order";
import { findItem, findVariable, type Scope } from "./scope";
import {
    arrayType,
    BOOLEAN,
    EMPTY,
    isOpen,
    NONE,
    type QueryParameter,
    type Question,
    type Term,
    typed,
    type Use,
} from "./terms";
import { STRENGTH } from "./unknowns";

/**
 * What a column may be where several types are possible, likeliest first. That even text is possible says that anything
 * is; numbers come before moments where something is calculated, after them in functions such as to_char().
 */
const REST = [
    "interval",
    "jsonb",
    "text[]",
    "daterange",
    "tstzrange",
    "tsrange",
    "int4range",
    "numrange",
    "inet",
    "xml",
];
const CALCULATED = ["text", "numeric", "integer", "timestamptz", ...REST];
const PASSED = ["text", "timestamptz", "numeric", "integer", ...REST];
const SUBSCRIPTED = ["text[]", "jsonb"];

const ARITHMETIC = new Set(["+", "-", "*", "/", "%", "^"]);
const OTHER: Use = { likely: PASSED, strength: STRENGTH.use, reason: "its use in an expression" };

export function questionOf(analysis: Analysis, node: Node, scope: Scope): Question {
    const builder = new Builder(analysis, scope);
    const expression = structuredClone(node);
    builder.visit(expression, OTHER);
    const { parameters } = builder;
    let sql: string | undefined;
    return {
        // Written once it is asked, which most expressions never are.
        get sql() {
            sql ??= deparse(selecting(expression)) ?? "";
            return sql;
        },
        path: analysis.host.path,
        parameters,
        open: parameters.some(({ term }) => isOpen(term)),
        only: "ParamRef" in expression,
    };
}

function selecting(expression: Node): Node {
    return {
        SelectStmt: {
            targetList: [{ ResTarget: { val: expression } }],
            limitOption: "LIMIT_OPTION_DEFAULT",
            op: "SETOP_NONE",
        },
    };
}

/** Goes through anything that holds expressions, only to see which columns it uses. */
export function mention(analysis: Analysis, part: unknown, scope: Scope): void {
    new Builder(analysis, scope).visit(structuredClone(part), OTHER);
}

/** The largest expressions in a node that use columns. */
export function partsOf(node: Node): Node[] {
    return Object.values(node).flatMap((inner: unknown) => nodesIn(inner));
}

/** Nodes that are no expressions, but hold some. */
const HOLDERS = new Set(["List", "CaseWhen", "NamedArgExpr", "RowExpr", "SortBy"]);

function nodesIn(value: unknown): Node[] {
    if (isNode(value)) {
        const holds = Object.keys(value).some((kind) => HOLDERS.has(kind));
        return holds ? partsOf(value) : usesColumns(value) ? [value] : [];
    }
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(nodesIn) : [];
}

function usesColumns(node: Node): boolean {
    let found = false;
    walk(node, (value) => {
        found ||= "ColumnRef" in value;
    });
    return found;
}

export function isLiteral(node: Node | undefined): boolean {
    if (node === undefined) {
        return false;
    }
    if ("A_Expr" in node && node.A_Expr.lexpr === undefined) {
        return isLiteral(node.A_Expr.rexpr);
    }
    return "A_Const" in node;
}

/** Replaces in place, in a tree that is its own. */
class Builder {
    readonly parameters: QueryParameter[] = [];

    constructor(
        private readonly analysis: Analysis,
        private readonly scope: Scope,
    ) {}

    visit(value: unknown, use: Use): void {
        if (isNode(value)) {
            this.node(value, use);
        } else if (typeof value === "object" && value !== null) {
            for (const [key, inner] of Object.entries(value)) {
                // Modifiers of types look like columns.
                if (key !== "typeName") {
                    this.visit(inner, use);
                }
            }
        }
    }

    private parameter(node: Node, term: Term, use: Use): void {
        this.parameters.push({ term, use });
        replaceNode(node, { ParamRef: { number: this.parameters.length } });
    }

    private node(node: Node, use: Use): void {
        if ("ColumnRef" in node) {
            this.parameter(node, columnTerm(this.analysis, node.ColumnRef, this.scope), use);
        } else if ("ParamRef" in node) {
            const variable = findVariable(this.scope, `$${node.ParamRef.number ?? 0}`);
            this.parameter(node, variable?.kind === "scalar" ? variable.term : NONE, use);
        } else if ("SubLink" in node) {
            this.subLink(node, node.SubLink, use);
        } else if ("A_Indirection" in node) {
            const field = this.field(node.A_Indirection.arg, node.A_Indirection.indirection ?? []);
            if (field !== undefined) {
                this.parameter(node, field, use);
            } else {
                const subscripted = { likely: SUBSCRIPTED, strength: STRENGTH.literal, reason: "subscript" };
                this.visit(node.A_Indirection.arg, subscripted);
                this.visit(node.A_Indirection.indirection, OTHER);
            }
        } else if ("TypeCast" in node) {
            const first = this.parameters.length;
            const { sql, base, user } = this.analysis.host.type(node.TypeCast.typeName);
            this.visit(node.TypeCast.arg, { likely: PASSED, strength: STRENGTH.cast, reason: `cast to ${sql}` });
            const arg = node.TypeCast.arg;
            if (arg !== undefined && "ParamRef" in arg && (TELL_NOTHING.has(base) || user !== undefined)) {
                // A cast that can be made from anything.
                this.parameters[first] = { term: NONE, use };
            }
        } else if ("A_Expr" in node) {
            this.visit([node.A_Expr.lexpr, node.A_Expr.rexpr], operands(node.A_Expr));
        } else if ("FuncCall" in node) {
            this.call(node.FuncCall);
        } else if ("CaseExpr" in node) {
            this.choice(node.CaseExpr);
        } else if ("BoolExpr" in node || "BooleanTest" in node) {
            this.visit(Object.values(node), { ...OTHER, reason: "used as a condition" });
        } else if ("CoalesceExpr" in node) {
            this.visit(node.CoalesceExpr.args, together(node.CoalesceExpr.args, "COALESCE"));
        } else if ("MinMaxExpr" in node) {
            this.visit(node.MinMaxExpr.args, together(node.MinMaxExpr.args, "GREATEST or LEAST"));
        } else if ("A_ArrayExpr" in node) {
            this.visit(node.A_ArrayExpr.elements, together(node.A_ArrayExpr.elements, "ARRAY"));
        } else {
            this.visit(Object.values(node), use);
        }
    }

    /** `(alias).column` is a column. */
    private field(arg: Node | undefined, path: readonly Node[]): Term | undefined {
        const [first] = path;
        if (arg === undefined || !("ColumnRef" in arg) || first === undefined || !("String" in first)) {
            return undefined;
        }
        const names = strings(arg.ColumnRef.fields);
        const item = names.length === 1 ? findItem(this.scope, names[0] ?? "") : undefined;
        const place = this.analysis.host.place(arg.ColumnRef.location);
        return item === undefined ? undefined : fieldOf(this.analysis, item, first.String.sval ?? "", place);
    }

    private call(call: FuncCall): void {
        const name = strings(call.funcname).at(-1) ?? "";
        announceDblink(this.analysis, call, []);
        const { over } = call;
        if (over !== undefined) {
            for (const node of [...(over.partitionClause ?? []), ...(over.orderClause ?? [])]) {
                orderItem(this.analysis, node, this.scope, EMPTY);
            }
            // A window that another clause names isn't here.
            call.over = { frameOptions: 1058 };
        }
        // What is sorted for a percentile is some kind of number.
        const strength = call.agg_within_group === true ? STRENGTH.family : STRENGTH.use;
        const used = { likely: PASSED, strength, reason: `argument of ${name}()` };
        this.visit([call.args, call.agg_order], used);
        this.visit(call.agg_filter, { ...OTHER, reason: "used as a condition" });
    }

    private choice({ arg, args, defresult }: CaseExpr): void {
        const whens = (args ?? []).flatMap((each) => ("CaseWhen" in each ? [each.CaseWhen] : []));
        const tests = [arg, ...whens.map(({ expr }) => expr)];
        const results = [...whens.map(({ result }) => result), defresult];
        this.visit(tests, together(tests, "CASE"));
        this.visit(results, together(results, "CASE"));
    }

    private subLink(node: Node, link: SubLink, use: Use): void {
        const output = link.subselect === undefined ? EMPTY : this.analysis.statement(link.subselect, this.scope);
        const type = link.subLinkType ?? "EXPR_SUBLINK";
        const first = output.columns[0]?.term ?? NONE;
        if (type === "EXISTS_SUBLINK") {
            this.parameter(node, BOOLEAN, use);
        } else if (type === "ARRAY_SUBLINK") {
            const element = this.analysis.resolve(first);
            const array = element.kind === "type" && !element.type.array ? typed(arrayType(element.type)) : NONE;
            this.parameter(node, array, use);
        } else if (type === "ANY_SUBLINK" || type === "ALL_SUBLINK") {
            const compared = { ...OTHER, likely: CALCULATED, reason: "IN (SELECT …)" };
            const { testexpr = NULL } = link;
            this.visit(testexpr, compared);
            const columns = output.columns.map(({ term }): Node => {
                const column = structuredClone(NULL);
                this.parameter(column, term, compared);
                return column;
            });
            const [only = NULL, ...others] = columns;
            const rexpr: Node = others.length === 0 ? only : { RowExpr: { args: columns } };
            const name = link.operName ?? [{ String: { sval: "=" } }];
            replaceNode(node, { A_Expr: { kind: "AEXPR_OP", name, lexpr: testexpr, rexpr } });
        } else {
            this.parameter(node, first, use);
        }
    }
}

const NULL: Node = { A_Const: { isnull: true } };
/** Types that anything can be shown as. */
const TELL_NOTHING = new Set(["text", "varchar", "bpchar", "money"]);

function operands({ name, kind = "AEXPR_OP", lexpr, rexpr }: A_Expr): Use {
    const op = strings(name).at(-1) ?? "";
    const { strength } = together([...items(lexpr), ...items(rexpr)], "");
    const word = kind === "AEXPR_IN" ? "IN" : kind.includes("BETWEEN") ? "BETWEEN" : op;
    return {
        likely: CALCULATED,
        // That one number is added to another tells less than that they are compared.
        strength: strength === STRENGTH.use && ARITHMETIC.has(op) ? STRENGTH.cast : strength,
        reason: `operand of ${word}`,
    };
}

/** Expressions that have one type; where all others are literals, these are all that tells it. */
function together(nodes: ReadonlyArray<Node | undefined> | undefined, reason: string): Use {
    const others = (nodes ?? []).filter((node) => node !== undefined && !isLiteral(node)).length - 1;
    const literal = others < 1 && (nodes ?? []).some((node) => isLiteral(node));
    return { likely: CALCULATED, strength: literal ? STRENGTH.literal : STRENGTH.use, reason };
}
