import { hasSqlDetails, loadModule, parseSync } from "libpg-query";
import { InputError } from "./errors";
import type { Column, Ddl, Table } from "./model";
import { quoteIdent, quoteQualified } from "./quote";

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

function lineOf(ddl: Ddl, bytes: Buffer, offset: number): number {
    let line = ddl.line;
    for (let i = 0; i < offset; i++) {
        if (bytes[i] === 0x0a) {
            line++;
        }
    }
    return line;
}

/** Skips white space and comments before a statement: the parser counts them as its beginning. */
function skipToToken(sql: string): number {
    const lead = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*/.exec(sql);
    return lead === null ? 0 : lead[0].length;
}

function syntaxError(ddl: Ddl, error: unknown): InputError {
    const why = error instanceof Error ? error.message : String(error);
    const position = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? 0) : 0;
    const lines = ddl.sql.slice(0, position).split("\n");
    const text = (ddl.sql.split("\n")[lines.length - 1] ?? "").trim();
    return new InputError(
        `${ddl.origin}:${ddl.line + lines.length - 1}: ${why}. The line reads: ${text.slice(0, 200)}${/^\\/.test(text) ? " (psql's own commands cannot run here; remove them)" : ""}`,
    );
}

/**
 * Splits DDL with PostgreSQL's own parser.
 *
 * @throws InputError with file, line and reason for a syntax error and for statements that no stub can run.
 */
export async function splitDdl(ddl: Ddl): Promise<SplitDdl> {
    await loadModule();
    const bytes = Buffer.from(ddl.sql);
    let parsed: ReturnType<typeof parseSync>;
    try {
        parsed = parseSync(ddl.sql);
    } catch (error) {
        throw syntaxError(ddl, error);
    }
    const statements: Statement[] = [];
    const extensions: string[] = [];
    const schemas: string[] = [];
    for (const raw of parsed.stmts ?? []) {
        const from = raw.stmt_location ?? 0;
        const to = raw.stmt_len === undefined || raw.stmt_len === 0 ? bytes.length : from + raw.stmt_len;
        const withLead = bytes.subarray(from, to).toString();
        const lead = skipToToken(withLead);
        const sql = withLead.slice(lead);
        const at = `${ddl.origin}:${lineOf(ddl, bytes, from + Buffer.byteLength(withLead.slice(0, lead)))}`;
        const node = raw.stmt;
        if (node === undefined) {
            continue;
        }
        const kind = Object.keys(node)[0] ?? "";
        const refused = REFUSED[kind];
        if (refused !== undefined) {
            throw new InputError(`${at}: ${refused}. The statement: ${sql.slice(0, 200)}`);
        }
        if ("CreateExtensionStmt" in node) {
            if (node.CreateExtensionStmt.extname !== undefined) {
                extensions.push(node.CreateExtensionStmt.extname);
            }
        } else if (!("TransactionStmt" in node)) {
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

function createTable(schema: string, name: string, columns: readonly Column[]): string {
    const list = columns.map((c) => `    ${quoteIdent(c.name)} ${c.type}`).join(",\n");
    return `CREATE TABLE ${quoteQualified(schema, name)} (${list === "" ? "" : `\n${list}\n`})`;
}

/** Whether the text is one CREATE TABLE with exactly these columns, so that no type can smuggle in anything else. */
function definesColumns(sql: string, columns: readonly Column[]): string | undefined {
    let parsed: ReturnType<typeof parseSync>;
    try {
        parsed = parseSync(sql);
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
    const node = parsed.stmts?.length === 1 ? parsed.stmts[0]?.stmt : undefined;
    const elements = node !== undefined && "CreateStmt" in node ? (node.CreateStmt.tableElts ?? []) : [];
    const isWhole =
        elements.length === columns.length &&
        elements.every((e, i) => "ColumnDef" in e && e.ColumnDef.colname === columns[i]?.name);
    return isWhole ? undefined : "it is more than a type with column constraints";
}

/**
 * The CREATE TABLE of a declared table.
 *
 * @throws InputError that names the column whose type PostgreSQL's parser refuses.
 */
export async function tableStatement(table: Table, at: string): Promise<Statement> {
    await loadModule();
    const sql = createTable(table.schema, table.name, table.columns);
    const whole = definesColumns(sql, table.columns);
    if (whole !== undefined) {
        for (const column of table.columns) {
            const why = definesColumns(createTable("s", "t", [column]), [column]);
            if (why !== undefined) {
                throw new InputError(
                    `${at}: the type ${JSON.stringify(column.type)} of column ${JSON.stringify(column.name)} in table ${quoteQualified(table.schema, table.name)} is no type: ${why}. Write it as in CREATE TABLE, for example "numeric(10,2)".`,
                );
            }
        }
        throw new InputError(`${at}: table ${quoteQualified(table.schema, table.name)} cannot be created: ${whole}.`);
    }
    return { sql, at };
}
