/** PL/pgSQL's tree, as libpg-query prints it: what each statement runs, and what it holds. */

import { parseRoutine } from "../../upstreams/parser";

export interface PlQuery {
    readonly text: string;
    /** A whole statement; an expression; one whose value is a statement, as EXECUTE has it. */
    readonly kind: "statement" | "expression" | "dynamic" | "assignment";
}

export interface PlStatement {
    /** As PL/pgSQL calls it: `execsql`, `fors`, `return_query` … */
    readonly kind: string;
    readonly line: number;
    /** In their order, without those of the statements inside. */
    readonly queries: readonly PlQuery[];
    /** Variables that take what it gives: a record, or one for each column. */
    readonly targets: readonly string[];
    /** All statements inside, whichever way they would run. */
    readonly body: readonly PlStatement[];
}

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
    return { variables, body: statementsIn(field(found, "action"), names) };
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

/** The statements that stand in a value, outermost ones only. */
function statementsIn(value: unknown, names: readonly string[]): PlStatement[] {
    if (typeof value !== "object" || value === null) {
        return [];
    }
    return Object.entries(value).flatMap(([name, inner]: [string, unknown]): PlStatement[] => {
        const kind = /^PLpgSQL_stmt_(.*)$/.exec(name)?.[1];
        if (kind === undefined) {
            return statementsIn(inner, names);
        }
        const varno = kind === "foreach_a" ? number(inner, "varno") : undefined;
        return [
            {
                kind,
                line: number(inner, "lineno") ?? 1,
                queries: queriesIn(inner),
                targets:
                    varno === undefined
                        ? target(field(inner, "target") ?? field(inner, "var"), names)
                        : [names[varno] ?? ""],
                body: statementsIn(inner, names),
            },
        ];
    });
}

function queriesIn(value: unknown, at = ""): PlQuery[] {
    if (typeof value !== "object" || value === null) {
        return [];
    }
    return Object.entries(value).flatMap(([name, inner]: [string, unknown]): PlQuery[] => {
        if (name === "PLpgSQL_expr") {
            return [{ text: text(inner, "query"), kind: kindOf(number(inner, "parseMode"), at) }];
        }
        // A variable has its own default with it.
        const elsewhere = name === "target" || name === "var" || name.startsWith("PLpgSQL_stmt_");
        return elsewhere ? [] : queriesIn(inner, name);
    });
}

/** @param at the field in which it stands. */
function kindOf(parseMode: number | undefined, at: string): PlQuery["kind"] {
    if (parseMode === 0) {
        return "statement";
    }
    const dynamic = at === "query" || at === "dynquery";
    return parseMode !== 2 ? "assignment" : dynamic ? "dynamic" : "expression";
}
