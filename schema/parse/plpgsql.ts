/** PL/pgSQL's tree, as libpg-query prints it, turned into the few kinds of statements that matter here. */

import { parseRoutine } from "../../upstreams/parser";

export interface PlQuery {
    readonly text: string;
    /** A whole statement, or an expression. */
    readonly kind: "statement" | "expression" | "assignment";
}

export type PlStatement =
    | {
          readonly kind: "block";
          readonly line: number;
          readonly body: readonly PlStatement[];
          readonly handlers: readonly PlStatement[];
          readonly guarded: boolean;
      }
    | {
          readonly kind: "if";
          readonly line: number;
          readonly branches: ReadonlyArray<{ cond: string; body: readonly PlStatement[] }>;
          readonly otherwise: readonly PlStatement[];
      }
    | { readonly kind: "sql"; readonly line: number; readonly query: string; readonly into?: readonly string[] }
    | {
          readonly kind: "execute";
          readonly line: number;
          readonly query: string;
          readonly params: readonly string[];
          readonly into?: readonly string[];
      }
    | {
          readonly kind: "for-integer";
          readonly line: number;
          readonly variable: string;
          readonly lower: string;
          readonly upper: string;
          readonly step?: string;
          readonly reverse: boolean;
          readonly body: readonly PlStatement[];
      }
    | {
          readonly kind: "for-query";
          readonly line: number;
          readonly variables: readonly string[];
          readonly query: string;
          readonly dynamic: boolean;
          readonly body: readonly PlStatement[];
      }
    | {
          readonly kind: "foreach";
          readonly line: number;
          readonly variable: string;
          readonly expr: string;
          readonly body: readonly PlStatement[];
      }
    | { readonly kind: "assign"; readonly line: number; readonly text: string }
    | { readonly kind: "perform"; readonly line: number; readonly query: string }
    | { readonly kind: "return-query"; readonly line: number; readonly query: string; readonly dynamic: boolean }
    | { readonly kind: "return"; readonly line: number; readonly expr?: string }
    /** Anything else: its expressions and what it holds. */
    | {
          readonly kind: "other";
          readonly line: number;
          readonly queries: readonly PlQuery[];
          readonly body: readonly PlStatement[];
      };

export interface PlVariable {
    readonly name: string;
    /** Type as printed, for example `staging.orders%ROWTYPE`; `record` for records without one. */
    readonly type: string;
    readonly fallback?: string;
}

export interface PlRoutine {
    readonly variables: readonly PlVariable[];
    readonly body: readonly PlStatement[];
}

function field(value: unknown, name: string): unknown {
    return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

function text(value: unknown, name: string): string {
    const found = field(value, name);
    return typeof found === "string" ? found : "";
}

function list(value: unknown, name: string): unknown[] {
    const found = field(value, name);
    return Array.isArray(found) ? found : [];
}

function number(value: unknown, name: string): number | undefined {
    const found = field(value, name);
    return typeof found === "number" ? found : undefined;
}

function query(value: unknown, name: string): string {
    return text(field(field(value, name), "PLpgSQL_expr"), "query");
}

/** The routine of a DO block or a CREATE FUNCTION; undefined where PL/pgSQL's parser refuses it. */
export function plRoutine(statement: string, body: string): PlRoutine | undefined {
    const tree = parseRoutine(statement, body);
    const found = field(list(tree, "plpgsql_funcs")[0], "PLpgSQL_function");
    if (found === undefined) {
        return undefined;
    }
    const datums = list(found, "datums");
    const names = datums.map((datum) => datumName(datum, datums));
    const variables = datums.flatMap((datum): PlVariable[] => {
        const scalar = field(datum, "PLpgSQL_var") ?? field(datum, "PLpgSQL_rec");
        const name = text(scalar, "refname");
        if (scalar === undefined || name === "") {
            return [];
        }
        const type = text(field(field(scalar, "datatype"), "PLpgSQL_type"), "typname");
        const fallback = query(scalar, "default_val");
        return [{ name, type, ...(fallback === "" ? {} : { fallback }) }];
    });
    const action = field(found, "action");
    return { variables, body: action === undefined ? [] : statements([action], names) };
}

function datumName(datum: unknown, datums: readonly unknown[]): string {
    const fieldOf = field(datum, "PLpgSQL_recfield");
    if (fieldOf !== undefined) {
        const parent = field(datums[number(fieldOf, "recparentno") ?? 0], "PLpgSQL_rec");
        return `${text(parent, "refname")}.${text(fieldOf, "fieldname")}`;
    }
    return text(field(datum, "PLpgSQL_var") ?? field(datum, "PLpgSQL_rec") ?? field(datum, "PLpgSQL_row"), "refname");
}

/** Names of an INTO or FOR target: one record, one variable, or a row of variables. */
function target(value: unknown, names: readonly string[]): string[] {
    const single = text(field(value, "PLpgSQL_rec") ?? field(value, "PLpgSQL_var"), "refname");
    const row = field(value, "PLpgSQL_row");
    if (row !== undefined) {
        return list(row, "fields").map((each) => text(each, "name") || (names[number(each, "varno") ?? -1] ?? ""));
    }
    return single === "" ? [] : [single];
}

function statements(nodes: readonly unknown[], names: readonly string[]): PlStatement[] {
    return nodes.flatMap((node) => statement(node, names));
}

function statement(node: unknown, names: readonly string[]): PlStatement[] {
    if (typeof node !== "object" || node === null) {
        return [];
    }
    const [entry] = Object.entries(node);
    if (entry === undefined) {
        return [];
    }
    const kind = entry[0].replace(/^PLpgSQL_stmt_/, "");
    const value: unknown = entry[1];
    const line = number(value, "lineno") ?? 1;
    const body = (name = "body") => statements(list(value, name), names);
    const into = () => {
        const found = target(field(value, "target"), names);
        return found.length === 0 ? {} : { into: found };
    };
    switch (kind) {
        case "block": {
            const block = field(field(value, "exceptions"), "PLpgSQL_exception_block");
            const handlers = list(block, "exc_list").flatMap((each) =>
                statements(list(field(each, "PLpgSQL_exception"), "action"), names),
            );
            return [{ kind: "block", line, body: body(), handlers, guarded: block !== undefined }];
        }
        case "if": {
            const first = { cond: query(value, "cond"), body: body("then_body") };
            const others = list(value, "elsif_list").map((each) => {
                const branch = field(each, "PLpgSQL_if_elsif");
                return { cond: query(branch, "cond"), body: statements(list(branch, "stmts"), names) };
            });
            return [{ kind: "if", line, branches: [first, ...others], otherwise: body("else_body") }];
        }
        case "execsql":
            return [{ kind: "sql", line, query: query(value, "sqlstmt"), ...into() }];
        case "dynexecute": {
            const params = list(value, "params").map((each) => text(field(each, "PLpgSQL_expr"), "query"));
            return [{ kind: "execute", line, query: query(value, "query"), params, ...into() }];
        }
        case "fori": {
            const step = query(value, "step");
            return [
                {
                    kind: "for-integer",
                    line,
                    variable: text(field(field(value, "var"), "PLpgSQL_var"), "refname"),
                    lower: query(value, "lower"),
                    upper: query(value, "upper"),
                    reverse: field(value, "reverse") !== undefined,
                    body: body(),
                    ...(step === "" ? {} : { step }),
                },
            ];
        }
        case "fors":
        case "dynfors":
            return [
                {
                    kind: "for-query",
                    line,
                    variables: target(field(value, "var"), names),
                    query: query(value, "query"),
                    dynamic: kind === "dynfors",
                    body: body(),
                },
            ];
        case "foreach_a":
            return [
                {
                    kind: "foreach",
                    line,
                    variable: names[number(value, "varno") ?? 0] ?? "",
                    expr: query(value, "expr"),
                    body: body(),
                },
            ];
        case "assign":
            return [{ kind: "assign", line, text: query(value, "expr") }];
        case "perform":
        case "call":
            return [{ kind: "perform", line, query: query(value, "expr") }];
        case "return_query": {
            const dynamic = query(value, "dynquery");
            return [
                {
                    kind: "return-query",
                    line,
                    query: dynamic === "" ? query(value, "query") : dynamic,
                    dynamic: dynamic !== "",
                },
            ];
        }
        case "return": {
            const expr = query(value, "expr");
            return [{ kind: "return", line, ...(expr === "" ? {} : { expr }) }];
        }
        default:
            return [{ kind: "other", line, queries: queriesIn(value), body: nested(value, names) }];
    }
}

/** Expressions of a statement of another kind, not those of statements inside it. */
function queriesIn(value: unknown): PlQuery[] {
    if (Array.isArray(value)) {
        return value.flatMap(queriesIn);
    }
    if (typeof value !== "object" || value === null) {
        return [];
    }
    return Object.entries(value).flatMap(([name, inner]: [string, unknown]): PlQuery[] => {
        if (name === "PLpgSQL_expr") {
            const mode = number(inner, "parseMode");
            const kind = mode === 0 ? "statement" : mode === 2 ? "expression" : "assignment";
            return [{ text: text(inner, "query"), kind }];
        }
        return name.startsWith("PLpgSQL_stmt_") ? [] : queriesIn(inner);
    });
}

function nested(value: unknown, names: readonly string[]): PlStatement[] {
    if (Array.isArray(value)) {
        return value.flatMap((each) => nested(each, names));
    }
    if (typeof value !== "object" || value === null) {
        return [];
    }
    return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
        name.startsWith("PLpgSQL_stmt_") ? statement({ [name]: inner }, names) : nested(inner, names),
    );
}
