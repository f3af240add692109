/**
 * Runs statements many at a time: the way to the server and back takes longer than most of them. The first that fails
 * keeps the server from running those after it, so that what comes out is the same as one by one.
 */

import type { ReadStatement } from "../schema/read/statement";
import { type Ran, RELEASE, runStatement, SAVE, standsAlone, undo } from "./running";
import type { Session, Step } from "./session";

/** Statements under way at a time. */
export const WINDOW = 64;
/** Bytes under way at a time: fewer than a socket takes, so that nobody waits for both ends. */
export const MAX_BYTES = 64 * 1024;
/** What the extended protocol refuses and the simple one may not, and what took too long with all before it. */
const PROTOCOL = new Set(["08P01", "42P18", "57014"]);
const SEVERAL = "cannot insert multiple commands into a prepared statement";

/** Bytes that a statement takes on its way. */
export function weight({ sql, copyData = "" }: ReadStatement): number {
    return sql.length + copyData.length;
}

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

export interface PipelineEvents {
    /** A statement begins. */
    begins?(statement: ReadStatement): void;
    /** One has ended; called in order, and the next one begins afterwards if this one has failed. */
    ran(statement: ReadStatement, ran: Ran): Promise<unknown>;
}

/** @param session gives the session, a new one after the server has crashed. */
export async function runAll(
    session: () => Promise<Session>,
    statements: readonly ReadStatement[],
    events: PipelineEvents,
): Promise<void> {
    for (let next = 0; next < statements.length; ) {
        next = await runSome(await session(), statements, next, events);
    }
}

/** What is sent for one statement: its own text is the step at `own`. */
interface Sent {
    readonly statement: ReadStatement;
    readonly own: number;
    readonly end: number;
    readonly saved: boolean;
}

function prepare(
    state: Session["state"],
    statements: readonly ReadStatement[],
    from: number,
): { steps: Step[]; sent: Sent[] } {
    const steps: Step[] = [];
    const sent: Sent[] = [];
    let open = state === "T";
    let bytes = 0;
    for (const statement of statements.slice(from, from + WINDOW)) {
        bytes += weight(statement);
        if (bytes > MAX_BYTES && sent.length > 0) {
            break;
        }
        const { sql, words, copyData } = statement;
        const saved = open && !standsAlone(words);
        const ended = open;
        open = openAfter(words, open);
        if (saved) {
            steps.push({ sql: SAVE });
        }
        const own = steps.push({ sql, ...(copyData === undefined ? {} : { copyData }) }) - 1;
        if (saved) {
            steps.push({ sql: RELEASE });
        } else if (!open && !ended) {
            // A transaction of its own, as when it is sent alone.
            steps.push({ sql: "COMMIT" });
        }
        sent.push({ statement, own, end: steps.length, saved });
    }
    return { steps, sent };
}

/** @returns the index of the statement to go on with. */
async function runSome(
    session: Session,
    statements: readonly ReadStatement[],
    from: number,
    events: PipelineEvents,
): Promise<number> {
    const [first] = statements.slice(from);
    if (first !== undefined && (session.state === "E" || weight(first) > MAX_BYTES)) {
        events.begins?.(first);
        await events.ran(first, await runStatement(session, first));
        return from + 1;
    }
    const { steps, sent } = prepare(session.state, statements, from);
    let at = 0;
    const begins = () => {
        const next = sent[at];
        if (next !== undefined) {
            events.begins?.(next.statement);
        }
    };
    begins();
    const { done, error, state, lost } = await session.batch(steps, (count) => {
        if (count === sent[at]?.end) {
            at += 1;
            begins();
        }
    });
    const failed = error === undefined ? sent.length : sent.findIndex(({ end }) => done < end);
    for (const { statement } of sent.slice(0, failed)) {
        await events.ran(statement, { results: [], state });
    }
    const bad = sent[failed];
    if (bad === undefined || error === undefined) {
        return from + sent.length;
    }
    if (bad.saved && session.state === "E") {
        await undo(session);
    }
    const other = done !== bad.own || PROTOCOL.has(error.code ?? "") || error.message === SEVERAL;
    const position = Number(error.position);
    events.begins?.(bad.statement);
    await events.ran(
        bad.statement,
        other && lost !== true
            ? await runStatement(session, bad.statement)
            : {
                  results: [],
                  error,
                  state,
                  ...(lost === true ? { lost } : {}),
                  ...(Number.isInteger(position) && position > 0 ? { position } : {}),
              },
    );
    return from + failed + 1;
}
