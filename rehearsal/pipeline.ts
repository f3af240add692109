/**
 * Runs statements that are all known beforehand, many under way at a time: the way to the server and back would otherwise
 * take longer than most of them. What comes out is the same as one by one.
 */

import type { ReadStatement } from "../schema/read/statement";
import { type Ran, send, standsAlone, undo } from "./running";
import type { Session } from "./session";

/** Statements under way at a time. */
const WINDOW = 64;
/** Bytes of text under way at a time. */
const MAX_BYTES = 1024 * 1024;

/** Whether a transaction is open after a statement, as far as its words tell. */
function openAfter([first, second, third]: readonly string[], before: boolean): boolean {
    switch (first) {
        case "BEGIN":
            return true;
        case "START":
            return second === "TRANSACTION" || before;
        case "COMMIT":
        case "END":
        case "ABORT":
            return second === "AND" || third === "AND" ? second !== "AND" || third !== "NO" : false;
        case "ROLLBACK":
            return second === "TO" || third === "TO" ? before : false;
        case "PREPARE":
            return second === "TRANSACTION" ? false : before;
        default:
            return before;
    }
}

/**
 * @param session gives the session, a new one after the server has crashed.
 * @param onResult is called for each statement, in order.
 */
export async function runAll(
    session: () => Promise<Session>,
    statements: readonly ReadStatement[],
    onResult: (statement: ReadStatement, ran: Ran) => Promise<void>,
): Promise<void> {
    let next = 0;
    while (next < statements.length) {
        next = await window(await session(), statements, next, onResult);
    }
}

interface UnderWay {
    readonly statement: ReadStatement;
    readonly saved: boolean;
    /** Whether a transaction is thought to be open after it. */
    readonly open: boolean;
    readonly ran: Promise<Ran>;
}

/** @returns the index of the statement to go on with. */
async function window(
    session: Session,
    statements: readonly ReadStatement[],
    from: number,
    onResult: (statement: ReadStatement, ran: Ran) => Promise<void>,
): Promise<number> {
    const underWay: UnderWay[] = [];
    let open = session.state !== "I";
    let bytes = 0;
    for (let at = from; at < statements.length && underWay.length < WINDOW && bytes < MAX_BYTES; at += 1) {
        const statement = statements[at];
        if (statement === undefined || (statement.copyData !== undefined && underWay.length > 0)) {
            break;
        }
        const alone = standsAlone(statement.words);
        // Once a statement has failed, the others of its transaction fail too, until something ends it or goes back: that
        // must not be under way already.
        if (alone && underWay.some((each) => each.saved)) {
            break;
        }
        const saved = open && !alone;
        open = openAfter(statement.words, open);
        underWay.push({ statement, saved, open, ran: send(session, statement, saved) });
        bytes += statement.sql.length;
        if (statement.copyData !== undefined) {
            break;
        }
    }
    for (const [index, { statement, saved, open: expected, ran }] of underWay.entries()) {
        const result = await ran;
        const undone = saved && result.error !== undefined;
        if (undone || result.lost === true || (result.state !== "I") !== expected) {
            // What was sent after it found another state than it was sent for: it is sent again.
            await Promise.allSettled(underWay.slice(index + 1).map((later) => later.ran));
            if (undone && session.state === "E" && !session.ended) {
                await undo(session);
            }
            await onResult(statement, result);
            return from + index + 1;
        }
        await onResult(statement, result);
    }
    return from + underWay.length;
}
