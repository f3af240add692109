/** Reads files that exist in memory only, with a server that is told what to answer. */

import { type ReadResult, readSchema, type SchemaInput } from "../../../schema/read/read";
import type { ReadStatement, StatementOutcome } from "../../../schema/read/statement";
import type { Finding } from "../../../schema/report";
import { loadParser, parseSql } from "../../../upstreams/parser";
import { memoryFileSystem } from "../../memory-files";

export type Files = string | Readonly<Record<string, string>>;

export interface Reading extends ReadResult {
    readonly statements: readonly ReadStatement[];
    /** Files for which a session was asked, in order. */
    readonly sessions: readonly string[];
}

/** What the server says to a statement; undefined leaves it to PostgreSQL's parser. */
export type Answer = (statement: ReadStatement) => StatementOutcome | undefined;

/** Reads; one text is the file `schema.sql`. Statements that do not parse are answered so, and not listed. */
export async function read(
    files: Files,
    input: Omit<SchemaInput, "paths"> & { paths?: readonly string[]; answer?: Answer } = {},
): Promise<Reading> {
    await loadParser();
    const all = typeof files === "string" ? { "schema.sql": files } : files;
    const roots = [...new Set(Object.keys(all).map((path) => path.split("/")[0] ?? path))];
    const statements: ReadStatement[] = [];
    const sessions: string[] = [];
    const { answer, ...rest } = input;
    const result = await readSchema(
        { fileSystem: memoryFileSystem(all), ...rest, paths: input.paths ?? roots },
        {
            session: async (file) => {
                sessions.push(file);
            },
            statement: async (statement) => {
                const outcome = answer?.(statement) ?? parsed(statement.sql);
                if (outcome.error?.code !== "42601") {
                    statements.push(statement);
                }
                return outcome;
            },
        },
    );
    return { ...result, statements, sessions };
}

function parsed(sql: string): StatementOutcome {
    const result = parseSql(sql);
    return "nodes" in result || result.limit
        ? {}
        : { error: { code: "42601", message: result.error, position: [...sql.slice(0, result.at)].length + 1 } };
}

/** A result set of one row. */
export function row(values: Readonly<Record<string, string | null>>): StatementOutcome {
    return { rows: { columns: Object.keys(values), rows: [Object.values(values)] } };
}

export function sqlOf(reading: { readonly statements: readonly ReadStatement[] }): string[] {
    return reading.statements.map(({ sql }) => sql);
}

export function codes(reading: { readonly findings: readonly Finding[] }, ...severities: Finding["severity"][]) {
    return reading.findings
        .filter(({ severity }) => severities.length === 0 || severities.includes(severity))
        .map(({ code }) => code);
}
