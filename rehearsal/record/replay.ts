/**
 * What a command said, as statements that can be run one by one: in the middle of somebody else's program nothing can be
 * made and tried again, with its statements at hand everything can. Pure.
 */

import type { ReadStatement } from "../../schema/read/statement";
import { parseScript } from "../../upstreams/parser";
import type { SeenStatement } from "./seen";

/** First words, up to six; comments before them are left out. */
function wordsOf(sql: string): string[] {
    const bare = sql.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
    return (bare.slice(0, 200).match(/^[^(;]*/)?.[0] ?? "")
        .split(/\s+/)
        .filter((word) => word !== "")
        .slice(0, 6)
        .map((word) => word.toUpperCase());
}

/** The single statements of a text; the text itself where it cannot be parsed. */
function split(text: string): string[] {
    const parsed = parseScript(text);
    if ("error" in parsed) {
        return [text];
    }
    const bytes = Buffer.from(text);
    return parsed.statements.map(({ stmt_location: from = 0, stmt_len: length = 0 }) =>
        bytes.subarray(from, length === 0 ? bytes.length : from + length).toString(),
    );
}

/**
 * @param main The database that the command develops; statements for it name none.
 * @returns the statements of one session after those of another, each list a session's. A transaction that failed is not
 *   taken back but committed: what it lacked will be there.
 */
export function replayed(statements: readonly SeenStatement[], main: string): ReadStatement[][] {
    const sessions = new Map<string, ReadStatement[]>();
    const add = (list: ReadStatement[], session: string, database: string, sql: string) =>
        list.push({
            // Each has a name of its own, by which it is found again.
            file: `${session} ${list.length}`,
            line: 1,
            sql,
            words: wordsOf(sql),
            ...(database === main ? {} : { database }),
        });
    for (const { database, session, sql, givesUp } of statements) {
        const list = sessions.get(session) ?? [];
        sessions.set(session, list);
        for (const one of givesUp ? ["COMMIT"] : split(sql)) {
            add(list, session, database, one);
        }
    }
    for (const [session, list] of sessions) {
        add(list, session, list[0]?.database ?? main, "COMMIT");
    }
    return [...sessions.values()];
}
