/** Text that is no SQL, or has a mistake: what is said about it, and where reading goes on. */

import { loadParser, parseSql } from "../../upstreams/parser";
import { withoutPasswords } from "../../upstreams/secrets";
import type { Finding } from "../report";
import { type LexedStatement, Lexer, type LexerHost } from "./lexer";
import { type StatementError, SYNTAX_ERROR } from "./statement";

/** Statements that cannot be read are listed up to this number per file. */
const MAX_LISTED = 5;
/** Beginnings of statements that are tried after one that cannot be read. */
const MAX_TRIES = 40;
/** A statement that reading could go on with is looked at up to this length, in characters. */
const MAX_PROBE = 200_000;

/**
 * Whether an error means that the text of a statement cannot be read, which the reader reports itself. PostgreSQL
 * gives the same SQLSTATE to other mistakes in statements that can be read well.
 */
export async function isUnreadable(sql: string, error: StatementError | undefined): Promise<boolean> {
    if (error?.code !== SYNTAX_ERROR) {
        return false;
    }
    await loadParser();
    return "error" in parseSql(sql);
}

/** The findings on one file. */
export class Unreadable {
    private count = 0;

    constructor(
        private readonly file: string,
        private readonly finding: (finding: Finding) => void,
    ) {}

    /**
     * @param bad The text that is passed over.
     * @param names Placeholders without a value in it.
     */
    report(lexed: LexedStatement, error: StatementError, bad: string | undefined, names: readonly string[]): void {
        const matters =
            bad === undefined
                ? lexed.mentionsForeign
                : /\b(?:create|alter|drop|import)\s+(?:server|foreign|user\s+mapping)\b/i.test(bad);
        const line = lexed.line + linesTo(lexed.sql, error.position);
        const placeholders = names.length === 0 ? "" : ` It has placeholders without a value: ${names.join(", ")}.`;
        const place = { file: this.file, line };
        this.count += 1;
        if (matters) {
            this.finding({
                severity: "error",
                code: "unparsed-foreign",
                message: `This statement cannot be read (${error.message}), and it names foreign servers or tables, so stubs may be missing: ${excerpt(lexed.sql)}${placeholders}`,
                ...place,
            });
        } else if (this.count <= MAX_LISTED) {
            this.finding({
                severity: "warning",
                code: "unparsed",
                message: `This is not read (${error.message}); nothing in it looks like a foreign server or table: ${excerpt(lexed.sql)}${placeholders}`,
                ...place,
            });
        } else if (this.count === MAX_LISTED + 1) {
            this.finding({
                severity: "warning",
                code: "unparsed",
                message: "More of this file cannot be read; the rest is not listed.",
                ...place,
            });
        }
    }
}

/** Line breaks before a position that PostgreSQL counts in characters, of which some take two places in a string. */
function linesTo(sql: string, position: number | undefined): number {
    let lines = 0;
    let count = 1;
    for (const char of position === undefined ? "" : sql) {
        if (count === position) {
            break;
        }
        lines += char === "\n" ? 1 : 0;
        count += 1;
    }
    return lines;
}

/**
 * Where to go on after prose, or after a quote that prose left open: the first line in what was swallowed that
 * begins, in its first column, a DDL statement that parses.
 */
export function resumePoint(text: string, lexed: LexedStatement, host: LexerHost): number | undefined {
    const starts = /^(?:create|alter|drop|import)\s/gim;
    starts.lastIndex = lexed.start + 1;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const hit = starts.exec(text);
        if (hit === null || hit.index >= lexed.end) {
            return undefined;
        }
        const next = new Lexer(text.slice(hit.index, hit.index + MAX_PROBE), host).next();
        if (next?.kind === "statement" && "nodes" in parseSql(next.sql)) {
            return hit.index;
        }
    }
    return undefined;
}

/** The beginning of a statement in one line, without passwords. */
export function excerpt(sql: string): string {
    const line = withoutPasswords(sql.slice(0, 4000)).replace(/\s+/g, " ");
    return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
