import { InputError } from "./errors";
import type { Ddl } from "./model";
import type { Refusal } from "./parser";

/** Counts line breaks from one offset to the next: offsets must not go back, so that a file is read once. */
export function lineCounter(firstLine: number, bytes: Buffer): (offset: number) => number {
    let line = firstLine;
    let at = 0;
    return (offset) => {
        for (; at < offset; at++) {
            if (bytes[at] === 0x0a) {
                line++;
            }
        }
        return line;
    };
}

/** What most often stands behind a syntax error in a file that psql can run. */
function syntaxHint(before: string, line: string): string {
    if (line.startsWith("\\")) {
        return " (psql's own commands cannot run here; remove them)";
    }
    return /^\s*COPY\s[^;]*\sFROM\s+STDIN\b[^;]*;[^;]*$/im.test(before)
        ? " (COPY with its data cannot run here; use INSERT, or dump without data: pg_dump --schema-only)"
        : "";
}

export function syntaxError(ddl: Ddl, { error, at }: Refusal): InputError {
    const before = ddl.sql.slice(0, Math.max(0, at));
    const lines = before.split("\n");
    const text = (ddl.sql.split("\n")[lines.length - 1] ?? "").trim();
    return new InputError(
        `${ddl.origin}:${ddl.line + lines.length - 1}: ${error}. The line reads: ${text.slice(0, 200)}${syntaxHint(before, text)}`,
    );
}

/**
 * Text as the parser can take it. pg_dump begins and ends with psql's \restrict, which guards nothing here, and
 * editors may put a byte order mark first. Lines stay as they are.
 */
export function readable(ddl: Ddl): string {
    const nul = ddl.sql.indexOf("\0");
    if (nul >= 0) {
        const line = ddl.line + ddl.sql.slice(0, nul).split("\n").length - 1;
        throw new InputError(
            `${ddl.origin}:${line}: the text holds a NUL character, which PostgreSQL cannot read. Store the file as UTF-8.`,
        );
    }
    return ddl.sql.replace(/^\uFEFF/, " ").replaceAll(/^\\(?=(?:un)?restrict\s+\S+[ \t\r]*$)/gm, "--");
}
