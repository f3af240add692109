/** The statements of a schema in the order in which they run, without a thought about what they mean. */

import type { Node } from "libpg-query";
import { loadParser } from "../upstreams/parser";
import { type FileSystem, nodeFileSystem } from "./read/filesystem";
import { planFiles } from "./read/plan";
import { Reader, type ReadStatement } from "./read/script";
import type { Finding, Source } from "./report";

export interface Statements {
    /** For one database, ready for the server: placeholders are filled in, commands of psql followed. */
    readonly statements: readonly Source[];
    /** Errors and warnings are about what is missing from the statements. */
    readonly findings: readonly Finding[];
}

/** Statements about databases; in a script they stand before the `\c` to the one that the rest is for. */
const ABOUT_DATABASES = ["CreatedbStmt", "DropdbStmt", "AlterDatabaseStmt", "AlterDatabaseSetStmt"];

/** Rows for `COPY … FROM stdin` are no part of a schema, and are not handed on by the reader. */
function copiesRows(node: Node): boolean {
    return "CopyStmt" in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined;
}

function runs(node: Node): boolean {
    return !copiesRows(node) && !ABOUT_DATABASES.some((kind) => kind in node);
}

/** psql's `\;` puts several statements into one; each of them is reported with the text of all. */
function repeats(statement: ReadStatement, before: ReadStatement | undefined): boolean {
    return (
        before !== undefined &&
        before.file === statement.file &&
        before.line === statement.line &&
        before.sql === statement.sql &&
        statement.sql.includes(";")
    );
}

/**
 * Reads files and folders as the tools do that they are made for: order, up sections, placeholders, `\i`, `\if`, `\c`.
 *
 * @param variables Values of placeholders and psql variables.
 */
export async function readStatements(
    paths: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    fs: FileSystem = nodeFileSystem,
): Promise<Statements> {
    await loadParser();
    const read: ReadStatement[] = [];
    const findings: Finding[] = [];
    const reader = new Reader(fs, new Map(Object.entries(variables)), {
        session: () => undefined,
        statement: (statement) => {
            if (runs(statement.node) && !repeats(statement, read.at(-1))) {
                read.push(statement);
            }
        },
        finding: (finding) => findings.push(finding),
    });
    const plan = await planFiles(paths, fs);
    findings.push(...plan.findings);
    for (const file of plan.files) {
        await reader.root(file);
    }
    // Before any `\c`, unless everything comes after one.
    const database = read.some((statement) => statement.database === undefined) ? undefined : read[0]?.database;
    return {
        statements: read
            .filter((statement) => statement.database === database)
            .map(({ file, line, sql }) => ({ file, line, sql })),
        findings,
    };
}
