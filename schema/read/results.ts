/** What psql makes of a query's result: variables (`\gset`) or statements (`\gexec`). */

import type { Place } from "../report";
import type { ReaderContext } from "./context";
import type { StatementOutcome } from "./statement";

const VARIABLE_NAME = /^[\w\u0080-\uffff]+$/;

/** `\gset`: a variable for each column of the only row; a NULL unsets. */
export function setVariables(
    context: ReaderContext,
    { rows, error }: StatementOutcome,
    prefix: string,
    place: Place,
): void {
    if (!context.server) {
        context.report(
            "note",
            "psql-gset",
            "\\gset takes variables from a query; without a server they have no value here.",
            place,
        );
    }
    if (rows === undefined || error !== undefined) {
        return;
    }
    const [row, more] = rows.rows;
    if (row === undefined || more !== undefined) {
        context.report(
            "warning",
            "psql-gset",
            `The query of \\gset returned ${row === undefined ? "no row" : "more than one row"}, so no variable is set.`,
            place,
        );
        return;
    }
    for (const [index, column] of rows.columns.entries()) {
        const name = `${prefix}${column}`;
        if (!VARIABLE_NAME.test(name)) {
            context.report(
                "warning",
                "psql-gset",
                `\\gset cannot set a variable called ${JSON.stringify(name)}. Rename the column with AS.`,
                place,
            );
            return;
        }
        context.variables.assign(name, row[index] ?? undefined);
    }
}

/** `\gexec`: each cell that is not NULL, row by row. */
export function madeStatements(
    context: ReaderContext,
    { rows }: StatementOutcome,
    query: string,
    place: Place,
): string[] {
    if (!context.server) {
        // The common way to write CREATE DATABASE IF NOT EXISTS, which concerns no dev database.
        const database = /^\s*select\s+(?:format\s*\(\s*)?'create\s+database\b/i.test(query);
        context.report(
            database ? "note" : "warning",
            "psql-gexec",
            "\\gexec runs what a query returns; without a server its statements are not known and not read.",
            place,
        );
    }
    return (rows?.rows ?? []).flatMap((row) => row.filter((cell) => cell !== null));
}
