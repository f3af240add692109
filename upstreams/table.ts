import { InputError } from "./errors";
import type { Column, Table } from "./model";
import { loadParser, parseScript } from "./parser";
import { quoteIdent, quoteQualified } from "./quote";
import type { Statement } from "./statements";

function createTable(schema: string, name: string, columns: readonly Column[]): string {
    const list = columns.map((c) => `    ${quoteIdent(c.name)} ${c.type}`).join(",\n");
    return `CREATE TABLE ${quoteQualified(schema, name)} (${list === "" ? "" : `\n${list}\n`})`;
}

/** What the parser tells of a table that has nothing but columns: no INHERITS, PARTITION BY, WITH or the like. */
const PLAIN_TABLE: readonly string[] = ["relation", "tableElts", "oncommit"];

/** Whether the text is one CREATE TABLE with exactly these columns, so that no type can smuggle in anything else. */
function definesColumns(sql: string, columns: readonly Column[]): string | undefined {
    const parsed = parseScript(sql);
    if ("error" in parsed) {
        return parsed.error;
    }
    const [first, ...others] = parsed.statements;
    const node = others.length === 0 ? first?.stmt : undefined;
    const table = node !== undefined && "CreateStmt" in node ? node.CreateStmt : {};
    const elements = table.tableElts ?? [];
    const isWhole =
        Object.keys(table).every((key) => PLAIN_TABLE.includes(key)) &&
        elements.length === columns.length &&
        elements.every((e, i) => "ColumnDef" in e && e.ColumnDef.colname === columns[i]?.name);
    return isWhole ? undefined : "it is more than a type with column constraints";
}

/** A type that is no type may be a whole file. */
function shown(type: string): string {
    return JSON.stringify(type.length > 200 ? `${type.slice(0, 200)}…` : type);
}

/**
 * The CREATE TABLE of a declared table.
 *
 * @throws InputError that names the column whose type PostgreSQL's parser refuses.
 */
export async function tableStatement(table: Table, at: string): Promise<Statement> {
    await loadParser();
    const sql = createTable(table.schema, table.name, table.columns);
    const whole = definesColumns(sql, table.columns);
    if (whole !== undefined) {
        for (const column of table.columns) {
            const why = definesColumns(createTable("s", "t", [column]), [column]);
            if (why !== undefined) {
                throw new InputError(
                    `${at}: the type ${shown(column.type)} of column ${JSON.stringify(column.name)} in table ${quoteQualified(table.schema, table.name)} is no type: ${why}. Write it as in CREATE TABLE, for example "numeric(10,2)".`,
                );
            }
        }
        throw new InputError(`${at}: table ${quoteQualified(table.schema, table.name)} cannot be created: ${whole}.`);
    }
    return { sql, at };
}
