/**
 * A session that runs statements as a rehearsal does: each is observed first, and foreign tables and columns that the
 * analysis found are made when a statement lacks them. Nothing is kept: all is one transaction, rolled back at the end.
 */

import type { ImportForeignSchemaStmt } from "libpg-query";
import type { Client } from "pg";
import type { ObservedImport } from "../../../schema/usage/imports";
import { Usage } from "../../../schema/usage/usage";
import { parseScript } from "../../../upstreams/parser";
import { quoteIdent, quoteLiteral, quoteQualified } from "../../../upstreams/quote";

type UsageGiven = ConstructorParameters<typeof Usage>[1];
type UsageAddress = ConstructorParameters<typeof Usage>[2];

interface Statement {
    readonly line: number;
    readonly sql: string;
    readonly imports?: ImportForeignSchemaStmt;
}

export class UsageSession {
    readonly usage: Usage;
    /** Messages of statements that PostgreSQL refused in spite of everything. */
    readonly refused: string[] = [];
    queries = 0;

    constructor(
        private readonly client: Client,
        given?: UsageGiven,
        address?: UsageAddress,
    ) {
        this.usage = new Usage(
            async (sql) => {
                this.queries += 1;
                return await this.rows(sql);
            },
            given,
            address,
        );
    }

    private async rows(sql: string): Promise<Array<Array<string | null>>> {
        const { rows } = await this.client.query<Array<string | null>>({ text: sql, rowMode: "array" });
        return rows;
    }

    /** Runs files and rolls them back. */
    async run(files: Readonly<Record<string, string>>): Promise<void> {
        await this.client.query("BEGIN");
        try {
            for (const [file, text] of Object.entries(files)) {
                await this.client.query("RESET ALL");
                for (const statement of statementsOf(text)) {
                    await this.statement(file, statement);
                }
            }
            await this.client.query("RESET ALL");
            await this.usage.observeBodies();
        } finally {
            await this.client.query("ROLLBACK");
        }
    }

    private async statement(file: string, { line, sql, imports }: Statement): Promise<void> {
        if (imports !== undefined) {
            this.usage.imported({ ...observed(imports), file, line });
            return;
        }
        if (/^\s*(?:BEGIN|COMMIT)\b/i.test(sql)) {
            return;
        }
        const path = await this.rows("SELECT unnest(current_schemas(true))::text");
        await this.usage.observe({ file, line, sql, searchPath: path.flatMap(([schema]) => schema ?? []) });
        const error = await this.attempt(sql);
        if (error !== undefined && /does not exist/.test(error)) {
            await this.makeTables();
            const again = await this.attempt(sql);
            if (again !== undefined) {
                this.refused.push(`${file}:${line}: ${again}`);
            }
        } else if (error !== undefined) {
            this.refused.push(`${file}:${line}: ${error}`);
        }
    }

    /** @returns the error's message. */
    private async attempt(sql: string): Promise<string | undefined> {
        await this.client.query("SAVEPOINT s");
        try {
            await this.client.query(sql);
            await this.client.query("RELEASE SAVEPOINT s");
            return undefined;
        } catch (error) {
            await this.client.query("ROLLBACK TO SAVEPOINT s");
            return error instanceof Error ? error.message : String(error);
        }
    }

    /** What an IMPORT FOREIGN SCHEMA would bring now. */
    private async makeTables(): Promise<void> {
        for (const { server, schema, name, local, columns } of this.usage.settle().tables) {
            if (typeof server !== "string" || local === undefined) {
                continue;
            }
            const [localSchema = "", localName = ""] = local.split(".");
            const table = quoteQualified(localSchema, localName);
            await this.attempt(
                `CREATE FOREIGN TABLE ${table} () SERVER ${quoteIdent(server)} OPTIONS (schema_name ${quoteLiteral(schema)}, table_name ${quoteLiteral(name)})`,
            );
            for (const column of columns) {
                await this.attempt(
                    `ALTER FOREIGN TABLE ${table} ADD COLUMN ${quoteIdent(column.name)} ${column.type} OPTIONS (column_name ${quoteLiteral(column.name)})`,
                );
            }
        }
    }
}

function observed(statement: ImportForeignSchemaStmt): Omit<ObservedImport, "file" | "line"> {
    const list = statement.list_type;
    return {
        server: statement.server_name ?? "",
        remoteSchema: statement.remote_schema ?? "",
        localSchema: statement.local_schema ?? "",
        list: list === "FDW_IMPORT_SCHEMA_LIMIT_TO" ? "limit" : list === "FDW_IMPORT_SCHEMA_EXCEPT" ? "except" : "all",
        tables: (statement.table_list ?? []).flatMap((node) =>
            "RangeVar" in node ? [node.RangeVar.relname ?? ""] : [],
        ),
    };
}

function statementsOf(text: string): Statement[] {
    const parsed = parseScript(text);
    if (!("statements" in parsed)) {
        throw new Error(parsed.error);
    }
    const bytes = Buffer.from(text);
    return parsed.statements.map(({ stmt, stmt_location = 0, stmt_len }) => {
        const raw = bytes
            .subarray(stmt_location, stmt_len === undefined ? undefined : stmt_location + stmt_len)
            .toString();
        const blank = /^(?:\s|--[^\n]*\n)*/.exec(raw)?.[0] ?? "";
        const before = bytes.subarray(0, stmt_location).toString() + blank;
        return {
            line: before.split("\n").length,
            sql: raw.slice(blank.length),
            ...(stmt !== undefined && "ImportForeignSchemaStmt" in stmt
                ? { imports: stmt.ImportForeignSchemaStmt }
                : {}),
        };
    });
}
