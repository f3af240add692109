import { parsePlPgSQLSync } from "libpg-query";
import { dollarQuote } from "../../../upstreams/quote";
import { dig, statementsOf } from "./oracle";

/** A DO block as PL/pgSQL's own parser understands it. */
interface Block {
    /** Expressions after EXECUTE, in order. */
    readonly executed: readonly string[];
    /** What variables begin with, by name: the texts of an array. */
    readonly arrays: Readonly<Record<string, readonly unknown[]>>;
}

/** Calls back for every object that stands under a key, at any depth. */
function walk(value: unknown, key: string, visit: (found: unknown) => void): void {
    if (typeof value === "object" && value !== null) {
        for (const [name, inner] of Object.entries(value)) {
            if (name === key) {
                visit(inner);
            }
            walk(inner, key, visit);
        }
    }
}

/** The texts of `ARRAY['…', …]`; undefined stands for anything else. */
function texts(expression: string): unknown[] {
    const [statement] = statementsOf(`SELECT ${expression}`);
    const elements = dig(statement, "SelectStmt", "targetList", 0, "ResTarget", "val", "A_ArrayExpr", "elements");
    return Array.isArray(elements)
        ? elements.map((element) => {
              const text = dig(element, "A_Const", "sval");
              return text === undefined ? undefined : (dig(text, "sval") ?? "");
          })
        : [];
}

function blockOf(statement: unknown): Block {
    const body = dig(statement, "DoStmt", "args", 0, "DefElem", "arg", "String", "sval");
    if (typeof body !== "string") {
        throw new Error(`No DO block: ${JSON.stringify(statement).slice(0, 200)}`);
    }
    const wrapped = `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS ${dollarQuote(body, "wrapped")}`;
    const parsed: unknown = parsePlPgSQLSync(wrapped);
    const executed: string[] = [];
    walk(parsed, "PLpgSQL_stmt_dynexecute", (found) => {
        executed.push(String(dig(found, "query", "PLpgSQL_expr", "query")));
    });
    const arrays: Record<string, readonly unknown[]> = {};
    walk(parsed, "PLpgSQL_var", (found) => {
        const value = dig(found, "default_val", "PLpgSQL_expr", "query");
        if (typeof value === "string") {
            arrays[String(dig(found, "refname"))] = texts(value);
        }
    });
    return { executed, arrays };
}

/** The DO blocks of an extension script; fails where the script has anything else, or a block does not parse. */
export function blocksOf(script: string): Block[] {
    return statementsOf(script).map(blockOf);
}

/** The statements that an extension script runs for its DDL, tables and rows, in order. */
export function executedBy(script: string): unknown[] {
    return blocksOf(script).flatMap((block) => block.arrays.statements ?? []);
}
