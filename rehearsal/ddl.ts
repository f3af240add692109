/** A stub's dump as the parts of an upstream: extensions, tables of plain columns, and whatever else there is. Pure. */

import type { Table } from "../upstreams/model";
import { shortType } from "./stubs";

export interface DescribedDump {
    readonly extensions: readonly string[];
    readonly ddl: readonly string[];
    readonly tables: readonly Table[];
}

/** A name as `pg_dump` writes it: in quotes only where it needs them. */
const NAME = '"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*';
const TABLE = new RegExp(`^CREATE TABLE (${NAME})\\.(${NAME}) \\(\\n?([\\s\\S]*?)\\n?\\);$`);
const COLUMN = new RegExp(`^ {4}(${NAME}) (.+?),?$`);
const EXTENSION = new RegExp(`^CREATE EXTENSION IF NOT EXISTS (${NAME}) WITH SCHEMA (${NAME});$`);
/** What may stand before tables without needing any. */
const BEFORE_TABLES = /^(?:CREATE (?:SCHEMA|TYPE|DOMAIN)|ALTER EXTENSION)\b/;

function unquote(name: string): string {
    return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

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
            : [{ name: unquote(column[1] ?? ""), type: shortType(column[2] ?? "") }];
    });
    return columns.length === lines.length
        ? { schema: unquote(schema), name: unquote(name), columns, rows: [] }
        : undefined;
}

/**
 * @param entries Entries of a dump, in its order.
 * @param immovable Extensions that cannot be moved to another schema.
 * @returns tables as tables where everything else can come before them; otherwise all as text, in order.
 */
export function describeDump(entries: readonly string[], immovable: ReadonlySet<string> = new Set()): DescribedDump {
    const extensions: string[] = [];
    const rest: string[] = [];
    for (const entry of entries) {
        const extension = EXTENSION.exec(entry);
        if (extension === null) {
            rest.push(entry);
            continue;
        }
        const [, name = "", schema = ""] = extension;
        extensions.push(unquote(name));
        // Extensions are made before anything else, in `public`.
        if (schema !== "public" && !immovable.has(unquote(name))) {
            rest.push(`ALTER EXTENSION ${name} SET SCHEMA ${schema};`);
        }
    }
    const tables = rest.map(tableIn);
    const plain = rest.every((entry, index) => tables[index] !== undefined || BEFORE_TABLES.test(entry));
    return plain
        ? {
              extensions,
              ddl: rest.filter((_, index) => tables[index] === undefined),
              tables: tables.flatMap((table) => table ?? []),
          }
        : { extensions, ddl: rest, tables: [] };
}
