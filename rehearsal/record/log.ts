/** The server's log as `csvlog` has it. */

import type { Readable } from "node:stream";
import { parse } from "csv-parse";
import { z } from "zod";

/** Settings of a server whose log tells every statement, every error and what `server/mirror.sql` tells. */
export const LOG_SETTINGS: Readonly<Record<string, string>> = {
    logging_collector: "on",
    log_destination: "csvlog",
    log_filename: "statements.log",
    log_rotation_age: "0",
    log_rotation_size: "0",
    log_statement: "all",
    log_parameter_max_length: "0",
};
/** In the folder of the cluster's data. */
export const LOG_FILE = "log/statements.csv";

export interface LogRecord {
    readonly database: string;
    /** The same for all that one session did. */
    readonly session: string;
    readonly severity: string;
    /** SQLSTATE. */
    readonly code: string;
    readonly message: string;
    readonly detail: string;
    readonly hint: string;
    /** The statement as the client sent it, of an error. */
    readonly query: string;
}

/** The columns that matter, by their number in https://www.postgresql.org/docs/current/runtime-config-logging.html. */
const COLUMNS: Readonly<Record<keyof LogRecord, number>> = {
    database: 2,
    session: 5,
    severity: 11,
    code: 12,
    message: 13,
    detail: 14,
    hint: 15,
    query: 19,
};
const BACKEND_TYPE = 23;
const row = z.array(z.string());

/** The records of clients' sessions. */
export async function* logRecords(csv: Readable): AsyncGenerator<LogRecord> {
    for await (const parsed of csv.pipe(parse())) {
        const values = row.parse(parsed);
        const value = (column: keyof LogRecord) => values[COLUMNS[column]] ?? "";
        if (values[BACKEND_TYPE] !== "client backend") {
            continue;
        }
        yield {
            database: value("database"),
            session: value("session"),
            severity: value("severity"),
            code: value("code"),
            message: value("message"),
            detail: value("detail"),
            hint: value("hint"),
            query: value("query"),
        };
    }
}

/** The text of a statement that `log_statement` tells; undefined for other records. */
export function statementIn({ severity, message }: LogRecord): string | undefined {
    return severity === "LOG" ? /^(?:statement|execute [^:]*): ([\s\S]*)$/.exec(message)?.[1] : undefined;
}
