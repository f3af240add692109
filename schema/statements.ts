/** The statements of a schema in the order in which they run, without a thought about what they mean. */

import type { FileSystem } from "./read/filesystem";
import { readStatements } from "./read/read";
import type { ReadStatement } from "./read/statement";
import type { Finding, Source } from "./report";

export interface DatabaseStatements {
    /** For one database, ready for the server: placeholders are filled in, commands of psql followed. */
    readonly statements: readonly Source[];
    /** Errors and warnings are about what is missing from the statements. */
    readonly findings: readonly Finding[];
}

/** Rows are no part of a schema, and statements about databases stand before the `\c` to the one that the rest is for. */
function runs({ words: [, second], copyData }: ReadStatement): boolean {
    return copyData === undefined && second !== "DATABASE";
}

/**
 * Reads files and folders as the tools do that they are made for: order, up sections, placeholders, `\i`, `\if`, `\c`.
 *
 * @param variables Values of placeholders and psql variables.
 */
export async function databaseStatements(
    paths: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    fs?: FileSystem,
): Promise<DatabaseStatements> {
    const { statements, findings } = await readStatements(paths, variables, fs);
    const read = statements.filter(runs);
    // Before any `\c`, unless everything comes after one.
    const database = read.some((statement) => statement.database === undefined) ? undefined : read[0]?.database;
    return {
        statements: read
            .filter((statement) => statement.database === database)
            .map(({ file, line, sql }) => ({ file, line, sql })),
        findings,
    };
}
