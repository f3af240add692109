import type { Node } from "libpg-query";
import { InputError } from "./errors";
import type { Ddl } from "./model";
import { parseStatements, takesBack } from "./parsed";

/** One statement of the user's DDL. */
export interface Statement {
    readonly sql: string;
    /** `origin:line`, to be shown when the statement fails. */
    readonly at: string;
}

/** DDL made ready for an extension script, which knows neither transaction control nor nested CREATE EXTENSION. */
export interface SplitDdl {
    readonly statements: readonly Statement[];
    /** Extensions that the DDL creates, in order; the stub's own extension requires them instead. */
    readonly extensions: readonly string[];
    /** Schemas that the DDL creates itself. */
    readonly schemas: readonly string[];
}

/** Statements that cannot run where a stub's DDL runs, and what to do about each. */
const REFUSED: Readonly<Record<string, string>> = {
    CreatedbStmt: "CREATE DATABASE has no place in a stub; declare another upstream with that database",
    DropdbStmt: "DROP DATABASE has no place in a stub; remove the statement",
    CreateTableSpaceStmt: "CREATE TABLESPACE has no place in a stub; remove the statement",
    AlterSystemStmt: "ALTER SYSTEM cannot run in a transaction; use `settings` in the configuration",
    VacuumStmt: "VACUUM and ANALYZE cannot run in a stub's transaction; remove the statement",
    CopyStmt: "COPY cannot run in a stub; use INSERT, or `rows` of a table in the configuration",
};

/**
 * Splits DDL with PostgreSQL's own parser.
 *
 * @throws InputError with file, line and reason for a syntax error and for statements that no stub can run.
 */
export async function splitDdl(ddl: Ddl): Promise<SplitDdl> {
    const statements: Statement[] = [];
    const extensions: string[] = [];
    const schemas: string[] = [];
    for (const { sql, line, node, kind } of await parseStatements(ddl)) {
        const at = `${ddl.origin}:${line}`;
        const refused = REFUSED[kind];
        if (refused !== undefined) {
            throw new InputError(`${at}: ${refused}. The statement: ${sql.slice(0, 200)}`);
        }
        if ("CreateExtensionStmt" in node) {
            if (node.CreateExtensionStmt.extname !== undefined) {
                extensions.push(node.CreateExtensionStmt.extname);
            }
        } else if ("TransactionStmt" in node) {
            if (takesBack(node)) {
                throw new InputError(
                    `${at}: a stub runs in one transaction of its own, which its DDL cannot take back or prepare; remove the statement. The statement: ${sql.slice(0, 200)}`,
                );
            }
        } else if (!isPublicSchema(node)) {
            statements.push({ sql, at });
        }
        if ("CreateSchemaStmt" in node) {
            schemas.push(node.CreateSchemaStmt.schemaname ?? node.CreateSchemaStmt.authrole?.rolename ?? "");
        }
    }
    if (statements.length > 0) {
        // What a file SETs must not reach the next one.
        statements.push({ sql: "SET LOCAL search_path TO public", at: `${ddl.origin}: end` });
    }
    return { statements, extensions, schemas };
}

/** CREATE SCHEMA IF NOT EXISTS public: within an extension PostgreSQL refuses it for a schema that is not its own. */
function isPublicSchema(node: Node): boolean {
    return (
        "CreateSchemaStmt" in node &&
        node.CreateSchemaStmt.schemaname === "public" &&
        node.CreateSchemaStmt.if_not_exists === true
    );
}
