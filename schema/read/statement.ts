/** What reading gives to whoever runs the statements, and what it is told in return. */

export interface ReadStatement {
    /** Path as the user gave it. */
    readonly file: string;
    /** Line of the statement's first character, from 1. */
    readonly line: number;
    /** Placeholders filled in, without the closing semicolon. */
    readonly sql: string;
    /** First words outside parentheses, in upper case, at most six. */
    readonly words: readonly string[];
    /** Set after `\c database`. */
    readonly database?: string;
    /** Set for `COPY … FROM STDIN`: the rows as they stand in the file, without the closing `\.`; may be empty. */
    readonly copyData?: string;
}

/** A result set; texts by row, NULL is null. */
export interface Rows {
    readonly columns: readonly string[];
    readonly rows: ReadonlyArray<ReadonlyArray<string | null>>;
}

export interface StatementError {
    /** SQLSTATE. */
    readonly code: string;
    readonly message: string;
    /** Characters from 1, as PostgreSQL counts them. */
    readonly position?: number;
}

/** Neither rows nor error: the statement ran and returned no result set. */
export interface StatementOutcome {
    readonly rows?: Rows;
    readonly error?: StatementError;
}

export interface ReaderEvents {
    /** A file begins, or `\c` connects anew: a session of its own. */
    session(file: string): Promise<void>;
    /** @param awaited Whether what it returns counts for what is read next; of others only that they cannot be read does. */
    statement(statement: ReadStatement, awaited: boolean): Promise<StatementOutcome>;
    /** An included file makes use of what the statement before it returned, which nobody awaited. */
    late?(): void;
}

/** SQLSTATE of a syntax error. Others share it: an INSERT with too few expressions, for example. */
export const SYNTAX_ERROR = "42601";
