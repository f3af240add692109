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
const NAME = String.raw`((?:"(?:[^"]|"")+"|[\w$.])+)`;
const MADE = new RegExp(String.raw`^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?${NAME}`, "i");
const FILLED = new RegExp(
    String.raw`^\s*(?:insert\s+into\s+${NAME}\s*(?:\([^()]*\))?\s*values\b|copy\s+${NAME}\s*(?:\([^()]*\))?\s*from\s+stdin\b)`,
    "i",
);
const CALL = /[\w"]\s*\(|\bselect\b/i;

export class Quiet {
    private connects = false;
    /** Tables that the schema made and nothing else reacts to, by their names as they are written, in lower case. */
    private readonly plain = new Set<string>();

    /** Whether a statement connects to nothing; asked once for each, in order. */
    of({ sql, words }: ReadStatement): boolean {
        const text = words.join(" ");
        this.connects ||= CONNECTS.test(sql);
        const made = MADE.exec(sql)?.[1];
        if (made !== undefined) {
            this.plain.add(made.toLowerCase());
        }
        if (/\b(?:TRIGGER|RULE)\b|^(?:DO|CALL)\b/.test(text)) {
            this.plain.clear();
        }
        return !this.connects || QUIET.test(text) || this.fills(sql);
    }

    /** Rows that stand in the text, for a table that does nothing with them. */
    private fills(sql: string): boolean {
        const [head = "", inserted, copied] = FILLED.exec(sql) ?? [];
        const table = (inserted ?? copied)?.toLowerCase();
        const rest = sql.slice(head.length).replace(/'(?:[^']|'')*'/g, "");
        return table !== undefined && this.plain.has(table) && !CALL.test(rest);
    }
}
