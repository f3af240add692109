/** A stub's dump as the parts of an upstream: extensions, tables of plain columns, and whatever else there is. Pure. */

import type { Extension, Table } from "../upstreams/model";
import { shortType } from "./stubs";

export interface DescribedDump {
    readonly extensions: readonly Extension[];
    readonly ddl: readonly string[];
    readonly tables: readonly Table[];
}

/** A name as `pg_dump` writes it: in quotes only where it needs them. */
const NAME = '"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*';
const TABLE = new RegExp(`^CREATE TABLE (${NAME})\\.(${NAME}) \\(\\n?([\\s\\S]*?)\\n?\\);$`);
const COLUMN = new RegExp(`^ {4}(${NAME}) (.+?),?$`);
const EXTENSION = new RegExp(`^CREATE EXTENSION IF NOT EXISTS (${NAME}) WITH SCHEMA (${NAME});$`);
/** What may stand before tables without needing any. */
const BEFORE_TABLES = /^CREATE (?:SCHEMA|TYPE|DOMAIN|EXTENSION)\b/;

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
 * @returns tables as tables where everything else can come before them; otherwise all as text, in order.
 */
export function describeDump(entries: readonly string[]): DescribedDump {
    const extensions: Extension[] = [];
    const rest: string[] = [];
    for (const entry of entries) {
        const extension = EXTENSION.exec(entry);
        if (extension === null) {
            rest.push(entry);
        } else {
            const schema = unquote(extension[2] ?? "public");
            extensions.push({ name: unquote(extension[1] ?? ""), ...(schema === "public" ? {} : { schema }) });
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
