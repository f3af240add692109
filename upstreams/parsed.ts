import type { Node } from "libpg-query";
import { lineCounter, readable, syntaxError } from "./ddl-text";
import type { Ddl } from "./model";
import { loadParser, parseScript } from "./parser";

/** One statement as it stands in a text, and what PostgreSQL's parser makes of it. */
export interface ParsedStatement {
    readonly sql: string;
    /** Line of the text's origin on which it starts. */
    readonly line: number;
    readonly node: Node;
    /** Name of the parser's node, for example `CreateStmt`. */
    readonly kind: string;
}

/**
 * Cuts a text into its statements with PostgreSQL's own parser; empty ones are left out.
 *
 * @throws InputError with file, line and reason for a syntax error.
 */
export async function parseStatements(ddl: Ddl): Promise<ParsedStatement[]> {
    await loadParser();
    const text = readable(ddl);
    if (text.trim() === "") {
        return [];
    }
    const bytes = Buffer.from(text);
    const lineAt = lineCounter(ddl.line, bytes);
    const parsed = parseScript(text);
    if ("error" in parsed) {
        throw syntaxError({ ...ddl, sql: text }, parsed);
    }
    return parsed.statements.flatMap(({ stmt: node, stmt_location: from = 0, stmt_len: length = 0 }) => {
        const sql = bytes.subarray(from, length === 0 ? bytes.length : from + length).toString();
        const line = lineAt(from);
        return node === undefined ? [] : [{ sql, line, node, kind: Object.keys(node)[0] ?? "" }];
    });
}

/** Transaction control that undoes or postpones what was done; the rest only brackets it. */
const TAKING_BACK: readonly string[] = [
    "TRANS_STMT_ROLLBACK",
    "TRANS_STMT_ROLLBACK_TO",
    "TRANS_STMT_PREPARE",
    "TRANS_STMT_COMMIT_PREPARED",
    "TRANS_STMT_ROLLBACK_PREPARED",
];

/** Whether a statement takes back or prepares a transaction. */
export function takesBack(node: Node): boolean {
    return "TransactionStmt" in node && TAKING_BACK.includes(node.TransactionStmt.kind ?? "");
}
