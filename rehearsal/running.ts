/** Runs a schema's statements one by one, as psql would, and goes on after an error. */

import { setTimeout } from "node:timers/promises";
import { DatabaseError } from "pg-protocol";
import type { ReadStatement, StatementOutcome } from "../schema/read/statement";
import type { FailureFact } from "./facts";
import type { ServerError } from "./mend";
import { CONNECTION_LOST, type QueryResult, type Session } from "./session";

/** Statements that begin or end a transaction, or must be the first of one: a savepoint would be in their way. */
const TRANSACTION = new Set(["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"]);
const SAVEPOINT = "fdw_stub_rehearsal";
export const SAVE = `SAVEPOINT ${SAVEPOINT}`;
export const RELEASE = `RELEASE SAVEPOINT ${SAVEPOINT}`;
const BEFORE = `${SAVE};\n`;
/** Where a file begins: nothing of the one before is left, neither settings nor a transaction. */
export const RESET: readonly ReadStatement[] = ["ROLLBACK", "DISCARD ALL"].map((sql) => ({
    file: "",
    line: 1,
    sql,
    words: sql.split(" "),
}));

/** Whether a statement runs without a savepoint before it, whatever the transaction's state. */
export function standsAlone([first, second, third]: readonly string[]): boolean {
    return (
        TRANSACTION.has(first ?? "") ||
        (second === "TRANSACTION" && (first === "PREPARE" || first === "SET")) ||
        (first === "SET" && second === "SESSION" && third === "CHARACTERISTICS")
    );
}

export interface Ran extends QueryResult {
    /** Characters from 1 in the statement's own text, where the error has a position. */
    readonly position?: number;
}

/**
 * Runs a statement. Inside a transaction it runs after a savepoint, so that an error undoes this statement only and what
 * follows can still be tried.
 */
export async function runStatement(
    session: Session,
    { sql, words, copyData }: Pick<ReadStatement, "sql" | "words" | "copyData">,
): Promise<Ran> {
    const saved = session.state === "T" && !standsAlone(words);
    const ran = await send(session, { sql, copyData }, saved);
    if (saved && ran.error !== undefined) {
        await undo(session);
    }
    return ran;
}

/** Sends a statement, after a savepoint or bare; what the savepoint's own statements return is left out. */
async function send(
    session: Session,
    { sql, copyData }: Pick<ReadStatement, "sql" | "copyData">,
    saved: boolean,
): Promise<Ran> {
    if (!saved) {
        const result = await session.query(sql, copyData);
        return { ...result, ...position(result, 0) };
    }
    // On a line of its own: the statement may end in a comment.
    const result = await session.query(`${BEFORE}${sql}\n;${RELEASE}`, copyData);
    return result.error === undefined
        ? { ...result, results: result.results.slice(1, -1) }
        : { ...result, ...position(result, BEFORE.length) };
}

/** Takes back the statement that failed after its savepoint, and that one only. */
export async function undo(session: Session): Promise<void> {
    if (!session.ended) {
        await session.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; ${RELEASE}`);
    }
}

function position({ error }: QueryResult, before: number): { position?: number } {
    const at = Number(error?.position);
    return Number.isInteger(at) && at > before ? { position: at - before } : {};
}

/** SQLSTATEs of a server that is coming back: 57P03 is said while it recovers. */
const RESTARTING = new Set([CONNECTION_LOST, "57P03"]);
/** How long a server that has crashed may take to come back, and how often it is tried. */
const RESTART_MS = 20_000;
const RESTART_STEP_MS = 200;

/** The sessions of one run: one for each database that the script connects to. */
export class Sessions {
    private readonly open = new Map<string, Session>();

    constructor(private readonly connect: (database: string) => Promise<Session>) {}

    async to(database: string): Promise<Session> {
        const known = this.open.get(database);
        if (known !== undefined && !known.ended) {
            return known;
        }
        if (known !== undefined) {
            // A server that has crashed lets people in for a moment longer.
            await setTimeout(RESTART_STEP_MS);
        }
        for (const end = Date.now() + RESTART_MS; ; await setTimeout(RESTART_STEP_MS)) {
            try {
                const session = await this.connect(database);
                this.open.set(database, session);
                return session;
            } catch (error) {
                const restarts = error instanceof DatabaseError && RESTARTING.has(error.code ?? "");
                if (!restarts || Date.now() > end) {
                    throw error;
                }
            }
        }
    }

    /** The only database that is open, if there is one only. */
    get only(): string | undefined {
        return this.open.size === 1 ? [...this.open.keys()][0] : undefined;
    }

    /** A file begins: nothing of the one before is left, neither settings nor a transaction. */
    async reset(): Promise<void> {
        for (const session of [...this.open.values()].filter(({ ended }) => !ended)) {
            if (session.state !== "I") {
                await session.query("ROLLBACK");
            }
            await session.query("DISCARD ALL");
        }
    }

    end(): void {
        for (const session of this.open.values()) {
            session.end();
        }
        this.open.clear();
    }
}

/** An error as `mendOf` wants it. */
export function told({ code, message, detail }: NonNullable<QueryResult["error"]>): ServerError {
    return {
        code: code ?? "",
        message,
        ...(detail === undefined ? {} : { detail }),
    };
}

/** What the reader wants to know of a statement that ran. */
export function outcomeOf({ results, error, position }: Ran): StatementOutcome {
    const last = results.at(-1);
    return {
        ...(last === undefined || last.columns.length === 0
            ? {}
            : { rows: { columns: last.columns, rows: last.rows } }),
        ...(error === undefined
            ? {}
            : {
                  error: {
                      code: error.code ?? "",
                      message: error.message,
                      ...(position === undefined ? {} : { position }),
                  },
              }),
    };
}

/** A statement that failed, with the line at which the server says that the error is. */
export function failureOf(
    { file, line, sql }: ReadStatement,
    { code, message, detail, hint, where }: NonNullable<QueryResult["error"]>,
    position: number | undefined,
): FailureFact {
    const lines = position === undefined ? 0 : [...sql].slice(0, position - 1).filter((char) => char === "\n").length;
    return {
        place: { file, line: line + lines },
        sql,
        code: code ?? "",
        message,
        ...(detail === undefined ? {} : { detail }),
        ...(hint === undefined ? {} : { hint }),
        ...(where === undefined ? {} : { where }),
    };
}
