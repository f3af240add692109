/** What the server's log tells of a command: what it declared, what it said, and what it was refused. Pure. */

import { parseSql } from "../../upstreams/parser";
import type { FailureFact } from "../facts";
import { MARK, type MirrorNotice, mirrorDetail } from "../notices";
import { type LogRecord, statementIn } from "./log";

export interface SeenStatement {
    readonly database: string;
    readonly session: string;
    readonly sql: string;
    /** Takes back a transaction that has failed. */
    readonly givesUp: boolean;
}

export interface Seen {
    readonly notices: ReadonlyArray<{ readonly database: string; readonly notice: MirrorNotice }>;
    /** In the order of the log; what tells nothing twice is there once. */
    readonly statements: readonly SeenStatement[];
    readonly errors: readonly FailureFact[];
    /** Databases that the command makes itself. */
    readonly created: ReadonlySet<string>;
}

const ERRORS = new Set(["ERROR", "FATAL", "PANIC"]);
/** Ended by us or by the user. */
const ENDED = /^57/;
/** What a test suite says over and over again. */
const REPEATED = /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|EXECUTE|FETCH)\b/i;
const ROLLBACK = /^\s*(?:ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*$/i;

export async function seenIn(records: AsyncIterable<LogRecord>): Promise<Seen> {
    const notices: Array<{ database: string; notice: MirrorNotice }> = [];
    const statements: SeenStatement[] = [];
    const errors: FailureFact[] = [];
    const created = new Set<string>();
    const known = new Set<string>();
    /** Sessions that were refused something and have not taken their transaction back. */
    const failed = new Set<string>();
    for await (const record of records) {
        const { database, session } = record;
        const sql = statementIn(record);
        if (sql !== undefined) {
            const mark = JSON.stringify([database, sql]);
            if (REPEATED.test(sql) && known.has(mark)) {
                continue;
            }
            known.add(mark);
            const ends = ROLLBACK.test(sql);
            statements.push({ database, session, sql, givesUp: ends && failed.has(session) });
            if (ends) {
                failed.delete(session);
            }
            for (const name of databasesMade(sql)) {
                created.add(name);
            }
        } else if (record.message === MARK) {
            const notice = mirrorDetail(record.detail);
            if (notice !== undefined) {
                notices.push({ database, notice });
            }
        } else if (ERRORS.has(record.severity) && !ENDED.test(record.code)) {
            failed.add(session);
            errors.push(errorOf(record));
        }
    }
    return { notices, statements, errors, created };
}

function errorOf({ code, message, detail, hint, query }: LogRecord): FailureFact {
    return {
        place: { file: "", line: 1 },
        sql: query,
        code,
        message,
        ...(detail === "" ? {} : { detail }),
        ...(hint === "" ? {} : { hint }),
    };
}

function databasesMade(sql: string): string[] {
    if (!/\bcreate\s+database\b/i.test(sql)) {
        return [];
    }
    const parsed = parseSql(sql);
    return "nodes" in parsed
        ? parsed.nodes.flatMap((node) => ("CreatedbStmt" in node ? (node.CreatedbStmt.dbname ?? []) : []))
        : [];
}
