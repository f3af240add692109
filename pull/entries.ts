/** The SQL of an archive's entries, as `pg_restore --verbose` prints it, made into what a recording has of each. */

import { parseSql } from "../upstreams/parser";
import type { TocEntry } from "./toc";

/** What precedes an entry's SQL in the output. Names in it hold no line break. */
function headOf({ id, object }: TocEntry): string {
    const [classOid, oid] = object.split(":");
    return `--\n-- TOC entry ${id} (class ${classOid} OID ${oid})\n`;
}

const HEAD_END = "\n--\n\n";
const SETTINGS = /^(?:SET default_(?:tablespace|table_access_method) = .*;\n+)+/gm;

/**
 * Cuts the output into one text for each entry.
 *
 * @throws Error when it has not what was asked for, in that order: another version's output may look different.
 */
export function splitEntries(output: string, entries: readonly TocEntry[]): string[] {
    let at = 0;
    const starts = entries.map((entry) => {
        const head = headOf(entry);
        const start = output.startsWith(head, at) ? at : output.indexOf(`\n${head}`, at) + 1;
        if (start <= 0 && !output.startsWith(head)) {
            throw new Error(`pg_restore did not print the entry ${entry.kind} ${entry.name}.`);
        }
        at = start + head.length;
        return { start, after: output.indexOf(HEAD_END, at) + HEAD_END.length };
    });
    return starts.map(({ after }, index) => {
        const next = starts[index + 1]?.start ?? output.length;
        return output
            .slice(after, next)
            .replace(/\n-- Completed on [^\n]*\n[\s\S]*$/, "\n")
            .replace(/\n--\n-- PostgreSQL database dump complete\n--\n[\s\S]*$/, "\n")
            .replace(SETTINGS, "")
            .trim();
    });
}

function columnsOf(sql: string): string | undefined {
    const parsed = parseSql(sql);
    const node = "nodes" in parsed ? parsed.nodes[0] : undefined;
    const table =
        node === undefined
            ? undefined
            : "CreateForeignTableStmt" in node
              ? node.CreateForeignTableStmt.base
              : "CreateStmt" in node
                ? node.CreateStmt
                : undefined;
    return table === undefined
        ? undefined
        : JSON.stringify([table.relation?.relname, table.tableElts], (key, value: unknown) =>
              key === "location" ? undefined : value,
          );
}

/**
 * A table with the columns of a foreign one: what leads further upstream is no part of a recording, and a stub has
 * rows of its own.
 *
 * @throws Error when what comes out has other columns.
 */
export function localTable(sql: string): string {
    const columns = columnsOf(sql);
    // A default may hold what looks like the end.
    for (const { index } of sql.matchAll(/\n\)\nSERVER /g)) {
        const local = `${sql.slice(0, index + 2).replace(/^CREATE FOREIGN TABLE /, "CREATE TABLE ")};`;
        if (columns !== undefined && columnsOf(local) === columns) {
            return local;
        }
    }
    throw new Error(`A foreign table of the upstream cannot be read: ${sql.slice(0, 200)}`);
}

/** An entry's SQL for a recording. */
export function entryText({ kind }: TocEntry, sql: string): string {
    return kind === "FOREIGN TABLE" ? localTable(sql) : sql;
}
