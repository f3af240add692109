/** SQL types as the schema's columns have them: how they are printed, and how they relate. */

import type { QualifiedName } from "./parse/ast";

/** A column's type. */
export interface ColumnType {
    /** As it stands in CREATE TABLE: a type of PostgreSQL's own by its short name, any other with its schema. */
    readonly sql: string;
    /** Without modifiers and array brackets: `numeric`, `app.status`. */
    readonly base: string;
    readonly array: boolean;
    /** An enum, a domain, a composite or a range that the database defines. */
    readonly user?: boolean;
    /** The rows of this relation. */
    readonly row?: QualifiedName;
    /** Nothing in the catalog has this name, or it is none that a column can have. */
    readonly unknown?: boolean;
}

/** Names that the parser or `format_type()` give, to the short standard ones. */
const SHORT: ReadonlyMap<string, string> = new Map([
    ["int2", "smallint"],
    ["int4", "integer"],
    ["int", "integer"],
    ["int8", "bigint"],
    ["float4", "real"],
    ["float8", "double precision"],
    ["bool", "boolean"],
    ["decimal", "numeric"],
    ["smallserial", "smallint"],
    ["serial2", "smallint"],
    ["serial", "integer"],
    ["serial4", "integer"],
    ["bigserial", "bigint"],
    ["serial8", "bigint"],
    ["character varying", "varchar"],
    ["bit varying", "varbit"],
    ["timestamp with time zone", "timestamptz"],
    ["timestamp without time zone", "timestamp"],
    ["time with time zone", "timetz"],
    ["time without time zone", "time"],
]);

/** A type of PostgreSQL's own, by its printed name, for example `timestamptz` or `text[]`. */
export function builtIn(sql: string): ColumnType {
    const array = sql.endsWith("[]");
    return { sql, base: array ? sql.slice(0, -2) : sql, array };
}

export const TEXT: ColumnType = builtIn("text");

/** The type that a text means, as `format_type()` prints it or as a person writes it: `character varying(9)[]`. */
export function printedType(text: string): ColumnType {
    const [, element = text, brackets = ""] = /^(.*?)((?:\s*\[\s*\d*\s*\])*)$/s.exec(text.trim()) ?? [];
    const [, head = "", modifiers = "", tail = ""] = /^([^("]*|"[^(]*)(\([^)]*\))?(.*)$/s.exec(element) ?? [];
    const name = `${head.trim()}${tail}`.replace(/\s+/g, " ");
    const lower = name.toLowerCase();
    const short = SHORT.get(lower) ?? (lower === "character" || lower === "char" ? charName(modifiers) : name);
    const array = brackets !== "";
    return { sql: `${short}${modifiers}${array ? "[]" : ""}`, base: short, array };
}

/** A bare `character` is one character long only where a person writes it; the catalog's has no length. */
function charName(modifiers: string): string {
    return modifiers === "" ? "bpchar" : "char";
}

/** Numbers from narrow to wide. */
const WIDTHS = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];
const MOMENTS = ["date", "timestamp", "timestamptz"];

/** The wider of two types; the first where they cannot be compared. */
export function wider(a: ColumnType, b: ColumnType): ColumnType {
    if (a.array !== b.array) {
        return a;
    }
    const [x, y] = [WIDTHS.indexOf(a.base), WIDTHS.indexOf(b.base)];
    if (x >= 0 && y >= 0) {
        return y > x ? b : a;
    }
    const [p, q] = [MOMENTS.indexOf(a.base), MOMENTS.indexOf(b.base)];
    return p >= 0 && q > p ? b : a;
}

/** The type without modifiers: what a comparison tells of the other side. */
export function plainType(type: ColumnType): ColumnType {
    // Without a length these two mean a length of one.
    const base = type.base === "char" ? "bpchar" : type.base === "bit" ? "varbit" : type.base;
    return { ...type, base, sql: `${base}${type.array ? "[]" : ""}` };
}
