/** SQL types as the schema's columns have them: how they are printed, and how they relate. */

import type { Node, TypeName } from "libpg-query";
import { isPlainName } from "../upstreams/parser";
import { quoteIdent } from "../upstreams/quote";
import { constText, type QualifiedName, strings } from "./parse/ast";

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
    /** Nothing in the catalog has this name. */
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

export function printName(name: string): string {
    return isPlainName(name) ? name : quoteIdent(name);
}

/** The words and numbers in a type's parentheses. */
function modifiersOf(nodes: readonly Node[] | undefined): string[] {
    return (nodes ?? []).flatMap((node) => {
        const text = constText(node);
        if (text !== undefined) {
            return [/^-?\d+(?:\.\d+)?$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`];
        }
        return "ColumnRef" in node ? [strings(node.ColumnRef.fields).map(printName).join(".")] : [];
    });
}

/** The type that a TypeName means; `find` looks a name up in the catalog. */
export function writtenType(
    type: TypeName | undefined,
    find: (name: QualifiedName) => ColumnType | undefined,
): ColumnType {
    const parts = strings(type?.names);
    const name = parts.at(-1) ?? "text";
    const schema = parts.at(-2);
    const array = (type?.arrayBounds ?? []).length > 0;
    const suffix = array ? "[]" : "";
    // The parser turns `interval day to second` into bit masks; they don't change what is stored.
    const words = name === "interval" ? [] : modifiersOf(type?.typmods);
    const mods = words.length === 0 ? "" : `(${words.join(",")})`;
    if (schema === "pg_catalog" && name === "char") {
        // "char" in quotes; the parser gives char as pg_catalog.bpchar.
        return { sql: `"char"${suffix}`, base: '"char"', array };
    }
    const short = schema === undefined || schema === "pg_catalog" ? SHORT.get(name) : undefined;
    if (short !== undefined) {
        return { sql: `${short}${mods}${suffix}`, base: short, array };
    }
    if (name === "bpchar" && mods !== "") {
        return { sql: `char${mods}${suffix}`, base: "char", array };
    }
    const found = find(schema === undefined ? { name } : { schema, name });
    if (found !== undefined) {
        return found.array || (mods === "" && !array)
            ? found
            : { ...found, sql: `${found.base}${mods}${suffix}`, array };
    }
    const base = parts.map(printName).join(".");
    return { sql: `${base}${suffix}`, base, array, unknown: true };
}

const FAMILIES: ReadonlyMap<string, string> = new Map(
    [
        ["number", "smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "oid"],
        ["text", "text", "varchar", "char", "bpchar", "name", "citext"],
        ["time", "date", "timestamp", "timestamptz", "time", "timetz"],
        ["boolean", "boolean"],
        ["json", "json", "jsonb"],
        ["uuid", "uuid"],
        ["bytes", "bytea"],
        ["network", "inet", "cidr", "macaddr", "macaddr8"],
        ["interval", "interval"],
        ["search", "tsvector"],
    ].flatMap(([family = "", ...names]) => names.map((name): [string, string] => [name, family])),
);

/** A coarse kind of a type, such as `number`; undefined where nothing can be said. Arrays have a kind of their own. */
export function familyOf(sql: string): string | undefined {
    const { base, array } = printedType(sql);
    const family = FAMILIES.get(base.toLowerCase().replace(/^.*\./, ""));
    return family === undefined ? undefined : array ? `${family}[]` : family;
}

/** Do two types hold different kinds of values? */
export function contradicts(declared: string, needed: string): boolean {
    const [a, b] = [familyOf(declared), familyOf(needed)];
    // Text can stand for anything, and of other types nothing certain can be said.
    return a !== undefined && b !== undefined && a !== b && a !== "text" && b !== "text";
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
