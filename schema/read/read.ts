/** The one entry to reading: paths in, statements in their order out. */

import { loadParser, parseSql } from "../../upstreams/parser";
import type { Finding, Progress, ReadFile, Tool } from "../report";
import { type FileSystem, nodeFileSystem } from "./filesystem";
import { planFiles } from "./plan";
import { Reader } from "./reader";
import type { StandIn } from "./standins";
import { type ReaderEvents, type ReadStatement, type StatementOutcome, SYNTAX_ERROR } from "./statement";

export interface SchemaInput {
    /** Files and folders, in the order in which they run. */
    readonly paths: readonly string[];
    /** Values of placeholders and psql variables that the user gives; they win over what the files set. */
    readonly variables?: Readonly<Record<string, string>>;
    /** Values of psql's own variables, such as `DBNAME`, `USER` and `SERVER_VERSION_NUM`. */
    readonly defaults?: Readonly<Record<string, string>>;
    /** How the files are ordered and cut, where the folder doesn't tell. */
    readonly tool?: Tool;
    readonly fileSystem?: FileSystem;
    readonly onProgress?: (progress: Progress) => void;
}

export interface ReadResult {
    /** In the order in which reading them ended: an included file before the one that includes it. */
    readonly files: readonly ReadFile[];
    /** Placeholders without a value that statements hold, by the text that stands in. */
    readonly standIns: ReadonlyMap<string, StandIn>;
    /** Whether what was read depends on what statements returned: `\gset`, `\gexec`, `\if`. */
    readonly dependsOnResults: boolean;
    /** All that the reader has to say. */
    readonly findings: readonly Finding[];
}

/**
 * Reads the files of a schema, and lets each statement be run before the next one is read. Problems of the schema are
 * findings; nothing in a file makes this throw. What an event throws ends it.
 *
 * @param server Whether the events run statements, so that queries have rows.
 */
export async function readSchema(input: SchemaInput, events: ReaderEvents, server = true): Promise<ReadResult> {
    const fs = input.fileSystem ?? nodeFileSystem;
    const reader = new Reader(fs, events, {
        variables: input.variables ?? {},
        defaults: input.defaults ?? {},
        server,
    });
    const plan = await planFiles(input.paths, fs, input.tool);
    const total = plan.files.length;
    for (const [done, planned] of plan.files.entries()) {
        input.onProgress?.({ file: planned.file, done, total });
        await reader.root(planned);
    }
    input.onProgress?.({ file: "", done: total, total });
    reader.close();
    return {
        files: reader.files,
        standIns: reader.standIns.all,
        dependsOnResults: reader.dependsOnResults,
        findings: [...plan.findings, ...reader.findings],
    };
}

export interface ReadStatements {
    /** Without what PostgreSQL's parser cannot read. */
    readonly statements: readonly ReadStatement[];
    readonly findings: readonly Finding[];
    readonly files: readonly ReadFile[];
}

/** Reads statements without a server: PostgreSQL's parser tells what is one, and queries return nothing. */
export async function readStatements(
    paths: readonly string[],
    variables: Readonly<Record<string, string>>,
    fileSystem?: FileSystem,
): Promise<ReadStatements> {
    await loadParser();
    const statements: ReadStatement[] = [];
    const { files, findings } = await readSchema(
        {
            paths,
            variables,
            ...(fileSystem === undefined ? {} : { fileSystem }),
        },
        {
            session: async () => {},
            statement: async (statement) => {
                const outcome = parsed(statement.sql);
                if (outcome.error === undefined) {
                    statements.push(statement);
                }
                return outcome;
            },
        },
        false,
    );
    return { statements, findings, files };
}

/** What the parser says of a statement. */
function parsed(sql: string): StatementOutcome {
    const result = parseSql(sql);
    if ("nodes" in result || result.limit) {
        return {};
    }
    const { error, at } = result;
    const position = at < 0 ? {} : { position: [...sql.slice(0, at)].length + 1 };
    return { error: { code: SYNTAX_ERROR, message: error, ...position } };
}
