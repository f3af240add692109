/** What the body of a function names: PostgreSQL keeps it as a text, and its catalogs tell nothing of it. */

import { parseRoutine, parseSql } from "../upstreams/parser";

/** A name in a body; without a schema it may be in any. */
export interface BodyName {
    readonly kind: "relation" | "routine" | "type";
    readonly schema?: string;
    readonly name: string;
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null;
}

function textsOf(list: unknown): string[] {
    return Array.isArray(list)
        ? list.flatMap((part) => {
              const found = isObject(part) && isObject(part.String) ? part.String.sval : undefined;
              return typeof found === "string" ? [found] : [];
          })
        : [];
}

function qualified(kind: BodyName["kind"], parts: readonly string[]): BodyName[] {
    const name = parts.at(-1);
    const schema = parts.at(-2);
    return name === undefined ? [] : [{ kind, name, ...(schema === undefined ? {} : { schema }) }];
}

/** Names in a tree of PostgreSQL's parser. */
function* namesIn(tree: unknown): Generator<BodyName> {
    if (Array.isArray(tree)) {
        for (const one of tree) {
            yield* namesIn(one);
        }
        return;
    }
    if (!isObject(tree)) {
        return;
    }
    for (const [key, value] of Object.entries(tree)) {
        if (key === "relname" && typeof value === "string") {
            const { schemaname } = tree;
            yield* qualified("relation", [...(typeof schemaname === "string" ? [schemaname] : []), value]);
        } else if (key === "funcname") {
            yield* qualified("routine", textsOf(value));
        } else if (key === "names") {
            yield* qualified("type", textsOf(value));
        }
        yield* namesIn(value);
    }
}

function namesInSql(sql: string): BodyName[] {
    const parsed = parseSql(sql);
    return "nodes" in parsed ? [...namesIn(parsed.nodes)] : [];
}

/** Expressions and declared types in PL/pgSQL's tree. */
function* namesInPlpgsql(tree: unknown): Generator<BodyName> {
    if (Array.isArray(tree)) {
        for (const one of tree) {
            yield* namesInPlpgsql(one);
        }
        return;
    }
    if (!isObject(tree)) {
        return;
    }
    for (const [key, value] of Object.entries(tree)) {
        if (key === "query" && typeof value === "string") {
            // An expression, an assignment or a whole statement: what is none of them is no SQL.
            const assigned = value.replace(/^[^:='"]*:?=(?!=)/, "");
            yield* [value, `SELECT ${value}`, `SELECT ${assigned}`].flatMap(namesInSql);
        } else if (key === "typname" && typeof value === "string") {
            const [type = ""] = value.split("%");
            yield* namesInSql(`SELECT NULL::${type}`);
            // `shop.orders%ROWTYPE` and `shop.orders.id%TYPE` are about a relation.
            yield* type === value
                ? []
                : namesInSql(`TABLE ${type.replace(/^("[^"]*"|[^.]*)(\.(?:"[^"]*"|[^.]*))?.*$/s, "$1$2")}`);
        }
        yield* namesInPlpgsql(value);
    }
}

/**
 * The relations, functions and types that a function's body names, whether it has them or only looks like it: one too
 * many does no harm.
 *
 * @param definition The CREATE FUNCTION statement.
 * @param language Its language; of another than SQL and PL/pgSQL nothing is known.
 */
export function namesInBody(definition: string, language: string): BodyName[] {
    const parsed = parseSql(definition);
    const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
    if (node === undefined || !("CreateFunctionStmt" in node)) {
        return [];
    }
    const option = (node.CreateFunctionStmt.options ?? [])
        .flatMap((one) => ("DefElem" in one ? [one.DefElem] : []))
        .find(({ defname }) => defname === "as");
    const list = option?.arg !== undefined && "List" in option.arg ? option.arg.List.items : undefined;
    const [body] = textsOf(list);
    if (body === undefined) {
        // BEGIN ATOMIC: the catalogs tell what it needs.
        return [];
    }
    return language === "plpgsql" ? [...namesInPlpgsql(parseRoutine(definition, body))] : namesInSql(body);
}
