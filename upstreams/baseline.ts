import { InputError } from "./errors";
import type { Ddl } from "./model";
import { parseStatements, takesBack } from "./parsed";

/** Statements that cannot run where a baseline runs, and what to do about each. */
const REFUSED: Readonly<Record<string, string>> = {
    CreatedbStmt: "CREATE DATABASE has no place in a baseline, which becomes a database itself; remove the statement",
    DropdbStmt: "DROP DATABASE has no place in a baseline, which becomes a database itself; remove the statement",
    CreateTableSpaceStmt: "CREATE TABLESPACE has no place in a baseline; remove the statement",
    AlterSystemStmt: "ALTER SYSTEM has no place in a baseline; use `settings` in the configuration",
    VacuumStmt: "VACUUM and ANALYZE cannot run in a baseline's transaction; remove the statement",
    CopyStmt: "COPY cannot run in a baseline; use INSERT",
};

/**
 * Cuts a file of the baseline into its statements, so that the one that fails can be named by its line. A file is one
 * transaction: its own BEGIN and COMMIT are left out.
 *
 * @throws InputError with file, line and reason for a syntax error and for statements that no baseline can run.
 */
export async function splitBaseline(file: Ddl): Promise<Ddl[]> {
    const { origin } = file;
    return (await parseStatements(file)).flatMap(({ sql, line, node, kind }) => {
        const refused = takesBack(node)
            ? "a file of the baseline is one transaction, which it cannot take back or prepare; remove the statement"
            : REFUSED[kind];
        if (refused !== undefined) {
            throw new InputError(`${origin}:${line}: ${refused}. The statement: ${sql.slice(0, 200)}`);
        }
        return kind === "TransactionStmt" ? [] : [{ origin, line, sql }];
    });
}
