/** A stub's dump as the parts of an upstream: extensions, tables of plain columns, and whatever else there is. Pure. */

import type { Extension, Table } from "../upstreams/model";
import { unquoteIdent } from "../upstreams/quote";
import { shortType } from "./stubs";

export interface DescribedDump {
    readonly extensions: readonly Extension[];
    readonly ddl: readonly string[];
    readonly tables: readonly Table[];
}

/** A name as `pg_dump` writes it: in quotes only where it needs them. */
const NAME = '"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*';
const TABLE = new RegExp(`^CREATE TABLE (${NAME})\\.(${NAME}) \\(\\n?([\\s\\S]*?)\\n?\\);$`);
const SCHEMA = new RegExp(`^CREATE SCHEMA (${NAME});$`);
const COLUMN = new RegExp(`^ {4}(${NAME}) (.+?),?$`);
const EXTENSION = new RegExp(`^CREATE EXTENSION IF NOT EXISTS (${NAME}) WITH SCHEMA (${NAME});$`);
/** What may stand before tables without needing any. */
const BEFORE_TABLES = /^(?:CREATE (?:SCHEMA|TYPE|DOMAIN)|ALTER EXTENSION)\b/;

/** A table of plain columns; undefined where it has anything else. */
function tableIn(entry: string): Table | undefined {
    const found = TABLE.exec(entry);
    if (found === null) {
        return undefined;
    }
    const [, schema = "", name = "", body = ""] = found;
    // A literal may hold line breaks.
    if (body.replace(/"(?:[^"]|"")*"/g, "").includes("'")) {
        return undefined;
    }
    const lines = body.split("\n").filter((line) => line !== "");
    const columns = lines.flatMap((line) => {
        const column = COLUMN.exec(line);
        return column === null || /^\s*CONSTRAINT\b/.test(line)
            ? []
            : [{ name: unquoteIdent(column[1] ?? ""), type: shortType(column[2] ?? "") }];
    });
    return columns.length === lines.length
        ? { schema: unquoteIdent(schema), name: unquoteIdent(name), columns, rows: [] }
        : undefined;
}

/**
 * Takes the extensions out of a dump.
 *
 * @param entries Entries of a dump, in its order.
 * @param immovable Extensions that cannot be moved to another schema.
 */
export function withoutExtensions(
    entries: readonly string[],
    immovable: ReadonlySet<string>,
): { readonly extensions: readonly Extension[]; readonly rest: readonly string[] } {
    const extensions: Extension[] = [];
    const rest: string[] = [];
    for (const entry of entries) {
        const extension = EXTENSION.exec(entry);
        if (extension === null) {
            rest.push(entry);
            continue;
        }
        const [, name = "", schema = "public"] = extension;
        const own =
            unquoteIdent(schema) === "public" || immovable.has(unquoteIdent(name)) ? undefined : unquoteIdent(schema);
        extensions.push({ name: unquoteIdent(name), ...(own === undefined ? {} : { schema: own }) });
    }
    // The schema of an extension comes with it, before anything else.
    const brought = new Set(extensions.map(({ schema }) => schema));
    return {
        extensions,
        rest: rest.filter((entry) => {
            const schema = SCHEMA.exec(entry)?.[1];
            return schema === undefined || !brought.has(unquoteIdent(schema));
        }),
    };
}

/**
 * @param entries Entries of a dump, in its order.
 * @param immovable Extensions that cannot be moved to another schema.
 * @returns tables as tables where everything else can come before them; otherwise all as text, in order.
 */
export function describeDump(entries: readonly string[], immovable: ReadonlySet<string> = new Set()): DescribedDump {
    const { extensions, rest: own } = withoutExtensions(entries, immovable);
    const tables = own.map(tableIn);
    const plain = own.every((entry, index) => tables[index] !== undefined || BEFORE_TABLES.test(entry));
    return plain
        ? {
              extensions,
              ddl: own.filter((_, index) => tables[index] === undefined),
              tables: tables.flatMap((table) => table ?? []),
          }
        : { extensions, ddl: own, tables: [] };
}
