/** SQL types: PostgreSQL's own, those of extensions, and how a type is printed. */

import type { Node, TypeName } from "libpg-query";
import { isPlainName } from "../../upstreams/parser";
import { quoteIdent } from "../../upstreams/quote";
import { constText, strings } from "../parse/ast";

/** A column's type. */
export interface ColumnType {
    /** As it stands in CREATE TABLE. */
    readonly sql: string;
    /** Without modifiers and array brackets: `numeric`, `app.status`. */
    readonly base: string;
    readonly array: boolean;
    /** Key of a type that the schema defines. */
    readonly user?: string;
    /** Extension that brings the type. */
    readonly extension?: string;
    /** Nothing known has this name. */
    readonly unknown?: boolean;
}

/** Parser's names to the short standard ones. */
const BUILT_IN = new Map<string, string>([
    ["int2", "smallint"],
    ["int4", "integer"],
    ["int", "integer"],
    ["int8", "bigint"],
    ["float4", "real"],
    ["float8", "double precision"],
    ["bool", "boolean"],
    ["bpchar", "char"],
    ["decimal", "numeric"],
    ["smallserial", "smallint"],
    ["serial2", "smallint"],
    ["serial", "integer"],
    ["serial4", "integer"],
    ["bigserial", "bigint"],
    ["serial8", "bigint"],
    ..."smallint integer bigint real boolean bytea name text oid tid xid cid xid8 json jsonb jsonpath xml point lseg path box polygon line circle cidr inet macaddr macaddr8 money varchar date time timestamp timestamptz interval timetz bit varbit numeric refcursor uuid pg_lsn pg_snapshot txid_snapshot tsvector tsquery int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig regdictionary oidvector int2vector aclitem pg_node_tree record void trigger event_trigger unknown cstring anyelement anyarray anynonarray anyenum anyrange anycompatible anycompatiblearray internal language_handler fdw_handler"
        .split(" ")
        .map((name): [string, string] => [name, name]),
]);

/** Types of extensions. `contrib` ones come with the official image. */
const EXTENSION_TYPES: ReadonlyMap<string, { extension: string; contrib: boolean }> = new Map(
    [
        ["citext", "citext", true],
        ["hstore", "hstore", true],
        ["ghstore", "hstore", true],
        ["ltree", "ltree", true],
        ["lquery", "ltree", true],
        ["ltxtquery", "ltree", true],
        ["cube", "cube", true],
        ["seg", "seg", true],
        ["lo", "lo", true],
        ["query_int", "intarray", true],
        ["isbn", "isn", true],
        ["isbn13", "isn", true],
        ["ismn", "isn", true],
        ["issn", "isn", true],
        ["ean13", "isn", true],
        ["upc", "isn", true],
        ["geometry", "postgis", false],
        ["geography", "postgis", false],
        ["box2d", "postgis", false],
        ["box3d", "postgis", false],
        ["raster", "postgis_raster", false],
        ["topogeometry", "postgis_topology", false],
        ["vector", "vector", false],
        ["halfvec", "vector", false],
        ["sparsevec", "vector", false],
        ["h3index", "h3", false],
        ["semver", "semver", false],
        ["hll", "hll", false],
        ["tdigest", "tdigest", false],
        ["roaringbitmap", "roaringbitmap", false],
        ["ip4", "ip4r", false],
        ["ip4r", "ip4r", false],
        ["iprange", "ip4r", false],
        ["uint8", "uint", false],
        ["agtype", "age", false],
        ["debversion", "debversion", false],
    ].map(([name, extension, contrib]): [string, { extension: string; contrib: boolean }] => [
        String(name),
        { extension: String(extension), contrib: contrib === true },
    ]),
);

/** Extensions in the official image that bring types or functions which upstreams are asked for. */
export const CONTRIB: ReadonlySet<string> = new Set(
    "citext hstore ltree cube seg lo intarray isn pg_trgm uuid-ossp pgcrypto tablefunc unaccent fuzzystrmatch btree_gin btree_gist earthdistance dict_int dict_xsyn tcn bloom tsm_system_rows tsm_system_time xml2 file_fdw postgres_fdw dblink pg_stat_statements pageinspect amcheck sslinfo autoinc insert_username moddatetime refint pgrowlocks pgstattuple pg_buffercache pg_freespacemap pg_prewarm pg_visibility pg_walinspect plpgsql intagg".split(
        " ",
    ),
);

export function extensionOfType(name: string): { extension: string; contrib: boolean } | undefined {
    return EXTENSION_TYPES.get(name);
}

/** A type of PostgreSQL's own, by its printed name, for example `timestamptz` or `text[]`. */
export function builtIn(sql: string): ColumnType {
    const array = sql.endsWith("[]");
    return { sql, base: array ? sql.slice(0, -2) : sql, array };
}

export const TEXT: ColumnType = builtIn("text");

export function printName(name: string): string {
    return isPlainName(name) ? name : quoteIdent(name);
}

/** The words and numbers in a type's parentheses. */
function modifiers(nodes: readonly Node[] | undefined): string[] {
    return (nodes ?? []).flatMap((node) => {
        const text = constText(node);
        if (text !== undefined) {
            return [/^-?\d+(?:\.\d+)?$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`];
        }
        return "ColumnRef" in node ? [strings(node.ColumnRef.fields).map(printName).join(".")] : [];
    });
}

/** What a name in the schema stands for, asked of the catalog. */
export interface TypeLookup {
    /** Key of a type that the schema defines, by a name written at this place. */
    userType(schema: string | undefined, name: string): string | undefined;
    /** A relation whose row type has this name. */
    rowType(schema: string | undefined, name: string): boolean;
}

/** The type that a TypeName means. */
export function resolveType(type: TypeName | undefined, lookup: TypeLookup): ColumnType {
    const parts = strings(type?.names);
    const name = parts[parts.length - 1] ?? "text";
    const schema = parts.length > 1 ? parts[parts.length - 2] : undefined;
    const array = (type?.arrayBounds ?? []).length > 0;
    const suffix = array ? "[]" : "";
    const mods = modifiers(type?.typmods);
    // Arrays may be named by their internal name: _text.
    if (schema === undefined || schema === "pg_catalog") {
        const element = name.startsWith("_") ? BUILT_IN.get(name.slice(1)) : undefined;
        if (element !== undefined) {
            return { sql: `${element}[]`, base: element, array: true };
        }
        // "char" in quotes is a type of its own; the parser gives char as pg_catalog.bpchar.
        if (name === "char") {
            return { sql: `"char"${suffix}`, base: '"char"', array };
        }
        const found = BUILT_IN.get(name);
        if (found !== undefined) {
            // The parser turns `interval day to second` into bit masks; they don't change what is stored.
            const shown = found === "interval" || mods.length === 0 ? "" : `(${mods.join(",")})`;
            // A bare char is char(1); a bare bpchar, as PL/pgSQL writes it, has no length.
            const base = found === "char" && shown === "" ? "bpchar" : found;
            return { sql: `${base}${shown}${suffix}`, base, array };
        }
    }
    const key = lookup.userType(schema, name);
    if (key !== undefined) {
        const [owner = "", own = name] = key.split("\0");
        const base = owner === "public" ? printName(own) : `${printName(owner)}.${printName(own)}`;
        return { sql: `${base}${suffix}`, base, array, user: key };
    }
    const extension = EXTENSION_TYPES.get(name);
    if (extension !== undefined) {
        const shown = mods.length === 0 ? "" : `(${mods.join(",")})`;
        return { sql: `${printName(name)}${shown}${suffix}`, base: name, array, extension: extension.extension };
    }
    const base = parts.map(printName).join(".");
    return { sql: `${base}${suffix}`, base, array, unknown: true };
}

const FAMILIES: ReadonlyMap<string, string> = new Map(
    [
        ["number", "smallint integer bigint numeric real double precision money oid"],
        ["text", "text varchar char bpchar name citext"],
        ["time", "date timestamp timestamptz time timetz"],
        ["boolean", "boolean"],
        ["json", "json jsonb"],
        ["uuid", "uuid"],
        ["bytes", "bytea"],
        ["network", "inet cidr macaddr macaddr8"],
        ["interval", "interval"],
        ["search", "tsvector"],
    ].flatMap(([family = "", names = ""]) =>
        names
            .replace("double precision", "double_precision")
            .split(" ")
            .map((name): [string, string] => [name.replace("double_precision", "double precision"), family]),
    ),
);

/** A coarse kind of a type, such as `number`; undefined where nothing can be said. Arrays have a kind of their own. */
export function familyOf(sql: string): string | undefined {
    const array = /\[\s*\d*\s*\]$/.test(sql.trim());
    const bare = sql
        .replace(/\[\s*\d*\s*\]$/, "")
        .replace(/\(.*?\)/, "")
        .trim()
        .toLowerCase()
        .replace(/\s+/g, " ");
    const name = ALIASES.get(bare) ?? BUILT_IN.get(bare) ?? bare;
    const family = FAMILIES.get(name);
    return family === undefined ? undefined : array ? `${family}[]` : family;
}

/** Do two types hold different kinds of values? */
export function contradicts(declared: string, needed: string): boolean {
    const [a, b] = [familyOf(declared), familyOf(needed)];
    // Text can stand for anything, and of other types nothing certain can be said.
    return a !== undefined && b !== undefined && a !== b && a !== "text" && b !== "text";
}

const ALIASES: ReadonlyMap<string, string> = new Map([
    ["character varying", "varchar"],
    ["character", "char"],
    ["timestamp with time zone", "timestamptz"],
    ["timestamp without time zone", "timestamp"],
    ["time with time zone", "timetz"],
    ["time without time zone", "time"],
    ["double precision", "double precision"],
]);

/** Numbers, texts and times from narrow to wide. */
const WIDTHS = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];

/** The wider of two types; the first where they cannot be compared. */
export function wider(a: ColumnType, b: ColumnType): ColumnType {
    if (a.array !== b.array) {
        return a;
    }
    const [x, y] = [WIDTHS.indexOf(a.base), WIDTHS.indexOf(b.base)];
    if (x >= 0 && y >= 0) {
        return y > x ? b : a;
    }
    const times = ["date", "timestamp", "timestamptz"];
    const [p, q] = [times.indexOf(a.base), times.indexOf(b.base)];
    return p >= 0 && q > p ? b : a;
}

/** The type without modifiers: what a comparison tells of the other side. */
export function plainType(type: ColumnType): ColumnType {
    // Without a length these two mean a length of one.
    const base = type.base === "char" ? "bpchar" : type.base === "bit" ? "varbit" : type.base;
    return { ...type, base, sql: `${base}${type.array ? "[]" : ""}` };
}
