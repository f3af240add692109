/**
 * A session that runs statements as a rehearsal does: each is observed first, and foreign tables and columns that the
 * analysis found are made when a statement lacks them. Nothing is kept: all is one transaction, rolled back at the end.
 */

import type { Client } from "pg";
import { importsInText } from "../../../rehearsal/imports";
import type { CatalogQuery } from "../../../schema/usage/catalog";
import { admits, type ImportStatement } from "../../../schema/usage/imports";
import type { UsedTable } from "../../../schema/usage/settle";
import { Usage } from "../../../schema/usage/usage";
import { parseScript } from "../../../upstreams/parser";
import { quoteIdent, quoteLiteral, quoteQualified } from "../../../upstreams/quote";

/** What is told of the upstreams: columns of tables, and where servers lead. */
export type Told = ConstructorParameters<typeof Usage> extends [unknown, ...infer Rest] ? Rest : never;

interface Statement {
    readonly line: number;
    readonly sql: string;
    readonly imports?: ImportStatement;
}

export class UsageSession {
    usage: Usage;
    /** Messages of statements that PostgreSQL refused in the last pass, in spite of everything. */
    refused: string[] = [];
    queries = 0;
    private readonly told: Told;
    private found: readonly UsedTable[] = [];

    constructor(
        private readonly client: Client,
        ...told: Told
    ) {
        this.told = told;
        this.usage = this.begin();
    }

    private begin(): Usage {
        const query: CatalogQuery = async (sql) => {
            this.queries += 1;
            return await rowsOf(this.client, sql);
        };
        return new Usage(query, ...this.told);
    }

    /**
     * Runs files until nothing new is found, at most so many times, and rolls them back each time. What one pass has
     * found is there from the start in the next.
     */
    async run(files: Readonly<Record<string, string>>, passes: number): Promise<void> {
        let known = "";
        for (let pass = 0; pass < passes; pass += 1) {
            this.usage = this.begin();
            this.refused = [];
            await this.pass(files);
            this.found = this.usage.settle().tables;
            const now = JSON.stringify(this.found.map(({ schema, name, columns }) => [schema, name, columns]));
            if (now === known) {
                return;
            }
            known = now;
        }
    }

    private async pass(files: Readonly<Record<string, string>>): Promise<void> {
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
            const seen = { ...imports, file, line };
            for (const table of this.found) {
                if (table.server === seen.server && table.schema === seen.remoteSchema && admits(seen, table.name)) {
                    await this.makeTable(table, seen.localSchema, table.name);
                }
            }
            this.usage.imported(seen);
            return;
        }
        if (/^\s*(?:BEGIN|COMMIT)\b/i.test(sql)) {
            return;
        }
        const path = await rowsOf(this.client, "SELECT unnest(current_schemas(true))::text");
        await this.usage.observe([{ file, line, sql, searchPath: path.flatMap(([schema]) => schema ?? []) }]);
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
        for (const table of this.usage.settle().tables) {
            for (const local of table.locals) {
                await this.makeTable(table, local.schema, local.name);
            }
        }
    }

    private async makeTable({ server, schema, name, columns }: UsedTable, into: string, local: string): Promise<void> {
        const table = quoteQualified(into, local);
        await this.attempt(
            `CREATE FOREIGN TABLE ${table} () SERVER ${quoteIdent(String(server))} OPTIONS (schema_name ${quoteLiteral(schema)}, table_name ${quoteLiteral(name)})`,
        );
        for (const column of columns) {
            await this.attempt(
                `ALTER FOREIGN TABLE ${table} ADD COLUMN ${quoteIdent(column.name)} ${column.type} OPTIONS (column_name ${quoteLiteral(column.name)})`,
            );
        }
    }
}

/** The rows of the last of several statements. */
export async function rowsOf(client: Client, sql: string): Promise<Array<Array<string | null>>> {
    const results = [await client.query<Array<string | null>>({ text: sql, rowMode: "array" })].flat();
    return results.at(-1)?.rows ?? [];
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
            ...(stmt !== undefined && "ImportForeignSchemaStmt" in stmt ? { imports: importsInText(raw)[0] } : {}),
        };
    });
}
