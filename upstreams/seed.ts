import type { SeedValue, Table } from "./model";
import { quoteIdent, quoteLiteral, quoteQualified } from "./quote";

/** Every value is written as an untyped literal: PostgreSQL reads it as the column's own type. */
function literal(value: SeedValue): string {
    if (value === null) {
        return "NULL";
    }
    return quoteLiteral(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** One INSERT for each run of rows that name the same columns; rows keep their order. */
export function seedStatements(table: Table): string[] {
    const runs: Array<{ columns: string[]; rows: string[] }> = [];
    for (const row of table.rows) {
        const columns = Object.keys(row);
        const values = `(${Object.values(row).map(literal).join(", ")})`;
        const last = runs.at(-1);
        if (last !== undefined && columns.length > 0 && last.columns.join("\0") === columns.join("\0")) {
            last.rows.push(values);
        } else {
            runs.push({ columns, rows: [values] });
        }
    }
    const into = `INSERT INTO ${quoteQualified(table.schema, table.name)}`;
    return runs.map(({ columns, rows }) =>
        columns.length === 0
            ? `${into} DEFAULT VALUES`
            : // Identity columns that are GENERATED ALWAYS take a seed's value too.
              `${into} (${columns.map(quoteIdent).join(", ")}) OVERRIDING SYSTEM VALUE VALUES\n    ${rows.join(",\n    ")}`,
    );
}
