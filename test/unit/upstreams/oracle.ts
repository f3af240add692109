import { loadModule, parseSync } from "libpg-query";
import { beforeAll } from "vitest";

/** Makes PostgreSQL's own parser ready; it is what the tests compare our quoting with. */
export function usePostgresParser(): void {
    beforeAll(() => loadModule());
}

/** A node of the parse tree, as far as the tests look into it. */
function inside(value: unknown, key: string): unknown {
    return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** Follows keys into a parse tree; undefined where one is missing. */
export function dig(value: unknown, ...keys: readonly (string | number)[]): unknown {
    return keys.reduce<unknown>((inner, key) => inside(inner, String(key)), value);
}

/** The statements of a text, as PostgreSQL's parser understands them. */
export function statementsOf(sql: string): unknown[] {
    return (parseSync(sql).stmts ?? []).map((raw) => raw.stmt);
}

/** The constants in the select list of the only statement, in order; undefined stands for anything else. */
export function constants(sql: string): unknown[] {
    const [statement, ...more] = statementsOf(sql);
    const targets = dig(statement, "SelectStmt", "targetList");
    if (more.length > 0 || !Array.isArray(targets)) {
        return [`${more.length + 1} statements`];
    }
    // The parse tree leaves out an empty string.
    return targets.map((target) => {
        const constant = dig(target, "ResTarget", "val", "A_Const");
        const text = dig(constant, "sval");
        return text === undefined ? undefined : (dig(text, "sval") ?? "");
    });
}

/** The names in the only column reference of `SELECT a.b.c`. */
export function columnReference(sql: string): unknown[] {
    const [statement, ...more] = statementsOf(sql);
    const target = dig(statement, "SelectStmt", "targetList");
    const fields = dig(target, 0, "ResTarget", "val", "ColumnRef", "fields");
    return more.length > 0 || !Array.isArray(target) || target.length !== 1 || !Array.isArray(fields)
        ? []
        : fields.map((field) => dig(field, "String", "sval"));
}
