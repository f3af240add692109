/** Rows from files: SQL as it stands, CSV as the rows of the table that the file is called after. */

import { basename } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import * as z from "zod";
import { InputError } from "./errors";
import type { SeedFile } from "./model";
import { seedStatements } from "./seed";
import { type SplitDdl, type Statement, splitDdl } from "./statements";

const CSV = /\.csv$/i;
const SQL = /\.sql$/i;

/** The table that a CSV file has rows of: `shop.orders.csv`, or `orders.csv` for one in `public`. */
function tableOf(path: string): { schema: string; name: string } {
    const name = basename(path).replace(CSV, "");
    const at = name.indexOf(".");
    return at < 0 ? { schema: "public", name } : { schema: name.slice(0, at), name: name.slice(at + 1) };
}

/** What is wrong with the name of a file of rows; undefined for nothing. */
export function checkSeedPath(path: string): string | undefined {
    if (SQL.test(path)) {
        return undefined;
    }
    if (!CSV.test(path)) {
        return `${JSON.stringify(path)} is no file of rows; allowed are files that end in .sql or .csv.`;
    }
    const { schema, name } = tableOf(path);
    return schema === "" || name === ""
        ? `${JSON.stringify(path)} names no table. Call the file schema.table.csv, or table.csv for one in public.`
        : undefined;
}

/** A field that was quoted is a text, however empty; one that was not is NULL when it is empty, as in COPY. */
const field = z.union([z.string(), z.null()]);
const records = z.array(z.object({ record: z.array(field), raw: z.string(), info: z.object({ lines: z.number() }) }));

function readCsv({ origin, text }: SeedFile): z.output<typeof records> {
    try {
        return records.parse(
            parse(text, {
                bom: true,
                info: true,
                raw: true,
                skip_empty_lines: true,
                cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
            }),
        );
    } catch (error) {
        if (error instanceof CsvError) {
            const line = Reflect.get(error, "lines");
            throw new InputError(
                `${origin}:${typeof line === "number" ? line : 1}: ${error.message}. A line has one field for each name in the first, fields with commas or line breaks stand in double quotes, and a quote in them is doubled.`,
            );
        }
        throw error;
    }
}

function headerOf({ origin }: SeedFile, fields: ReadonlyArray<string | null>): string[] {
    const names = fields.map((one) => (one ?? "").trim());
    const empty = names.indexOf("");
    if (empty >= 0) {
        throw new InputError(`${origin}:1: field ${empty + 1} of the first line is empty; it has the columns' names.`);
    }
    const twice = names.find((one, i) => names.indexOf(one) < i);
    if (twice !== undefined) {
        throw new InputError(`${origin}:1: the column ${JSON.stringify(twice)} is named twice. Remove one.`);
    }
    return names;
}

/** One INSERT for each row, so that the one that fails is named by its line. */
function csvStatements(file: SeedFile): Statement[] {
    const [header, ...rows] = readCsv(file);
    if (header === undefined) {
        throw new InputError(`${file.origin}: the file is empty; its first line has the columns' names.`);
    }
    const columns = headerOf(file, header.record);
    const table = tableOf(file.origin);
    return rows.flatMap(({ record, raw, info }) => {
        // A record is counted at its end.
        const at = `${file.origin}:${info.lines - (raw.trim().split("\n").length - 1)}`;
        const row = Object.fromEntries(columns.map((name, i) => [name, record[i] ?? null]));
        return seedStatements({ ...table, columns: [], rows: [row] }).map((sql) => ({ sql, at }));
    });
}

/**
 * The statements of a file of rows.
 *
 * @throws InputError with file and line for what is no CSV or no SQL.
 */
export async function splitSeed(file: SeedFile): Promise<SplitDdl> {
    return CSV.test(file.origin)
        ? { statements: csvStatements(file), extensions: [], schemas: [] }
        : splitDdl({ origin: file.origin, line: 1, sql: file.text });
}
