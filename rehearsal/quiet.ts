/**
 * Statements that connect to nothing: they can run together with others, because nothing of an upstream has to be told
 * apart by them. Pure.
 */

import type { ReadStatement } from "../schema/read/statement";

/** Whatever they call. */
const QUIET =
    /^(?:CREATE (?:TABLE|INDEX|UNIQUE|TYPE|DOMAIN|FUNCTION|PROCEDURE|OR|VIEW|SCHEMA|EXTENSION|SEQUENCE|ROLE|USER|SERVER|FOREIGN|TRIGGER|POLICY)|ALTER|COMMENT|GRANT|REVOKE|SET|DROP|BEGIN|COMMIT)\b/;
/** What a schema has to name for anything to connect. */
const CONNECTS = /server|dblink|subscription/i;
const MADE = /^CREATE(?: UNLOGGED)? TABLE (?:IF NOT EXISTS )?(\S+)/;
const FILLED = /^(?:INSERT INTO (\S+) VALUES\b|COPY (\S+) FROM STDIN\b)/;
const CALL = /[\w"]\s*\(/;

export class Quiet {
    private connects = false;
    /** Tables that the schema made and nothing else reacts to, by their names in upper case. */
    private readonly plain = new Set<string>();

    /** Whether a statement connects to nothing; asked once for each, in order. */
    of({ sql, words }: ReadStatement): boolean {
        const text = words.join(" ");
        this.connects ||= CONNECTS.test(sql);
        const made = MADE.exec(text)?.[1];
        if (made !== undefined) {
            this.plain.add(made);
        }
        if (/\b(?:TRIGGER|RULE)\b|^(?:DO|CALL)\b/.test(text)) {
            this.plain.clear();
        }
        return !this.connects || QUIET.test(text) || this.fills(text, sql);
    }

    /** Rows that stand in the text, for a table that does nothing with them. */
    private fills(text: string, sql: string): boolean {
        const found = FILLED.exec(text);
        const table = found?.[1] ?? found?.[2];
        if (table === undefined || !this.plain.has(table)) {
            return false;
        }
        const values = sql.search(/\bvalues\b/i);
        return values < 0 || !CALL.test(sql.slice(values + 6).replace(/'(?:[^']|'')*'/g, ""));
    }
}
