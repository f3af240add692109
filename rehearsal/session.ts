/** One session with PostgreSQL over any stream, as psql has it: simple queries, COPY data, the transaction's state. */

import type { Duplex } from "node:stream";
import { DatabaseError, parse, serialize } from "pg-protocol";
import {
    type BackendMessage,
    CommandCompleteMessage,
    DataRowMessage,
    NoticeMessage,
    ReadyForQueryMessage,
    RowDescriptionMessage,
} from "pg-protocol/dist/messages";

/** What one statement of a query gave. */
export interface StatementResult {
    /** Command tag, for example `INSERT 0 1`. */
    command: string;
    readonly columns: readonly string[];
    readonly rows: Array<ReadonlyArray<string | null>>;
}

/** `I`: idle; `T`: in a transaction; `E`: in one that has failed. */
export type TransactionState = "I" | "T" | "E";

export interface QueryResult {
    readonly results: readonly StatementResult[];
    /** The error that ended the query, if one did. */
    readonly error?: DatabaseError;
    /** After the query. */
    readonly state: TransactionState;
}

interface Running {
    readonly results: StatementResult[];
    current: { columns: readonly string[]; rows: Array<ReadonlyArray<string | null>> };
    error: DatabaseError | undefined;
    copyData: string | undefined;
    resolve(result: QueryResult): void;
    reject(error: Error): void;
}

/** COPY data travels in pieces of so many bytes. */
const COPY_CHUNK = 64 * 1024;

export class Session {
    state: TransactionState = "I";
    /** Called with every notice, when it comes. */
    onNotice: ((notice: NoticeMessage) => void) | undefined;
    /** Queries that were sent, in the order in which their results come. */
    private readonly sent: Running[] = [];
    private lost: Error | undefined;

    private constructor(private readonly stream: Duplex) {
        parse(stream, (message) => this.message(message)).catch((error: unknown) => this.fail(error));
        stream.on("error", (error) => this.fail(error));
        stream.once("close", () => this.fail(new Error("The connection to the rehearsal's server was lost.")));
    }

    /**
     * Begins a session on a stream whose other end lets everybody in.
     *
     * @throws DatabaseError when the server refuses, for example because there is no such database.
     */
    static async open(stream: Duplex, parameters: Readonly<Record<string, string>>): Promise<Session> {
        const session = new Session(stream);
        const started = session.next(undefined);
        stream.write(serialize.startup({ client_encoding: "UTF8", ...parameters }));
        const { error } = await started;
        if (error !== undefined) {
            stream.destroy();
            throw error;
        }
        return session;
    }

    /**
     * Runs one or more statements. An error of the server is part of the result, not an exception. Another query may be
     * sent before the result is there, but not after a COPY from STDIN.
     */
    query(sql: string, copyData?: string): Promise<QueryResult> {
        if (this.lost !== undefined) {
            return Promise.reject(this.lost);
        }
        const result = this.next(copyData);
        this.stream.write(serialize.query(sql));
        return result;
    }

    /**
     * Runs one statement that must succeed.
     *
     * @throws DatabaseError
     */
    async rows(sql: string): Promise<ReadonlyArray<ReadonlyArray<string | null>>> {
        const { results, error } = await this.query(sql);
        if (error !== undefined) {
            throw error;
        }
        return results.at(-1)?.rows ?? [];
    }

    end(): void {
        if (this.lost === undefined) {
            this.lost = new Error("The session has ended.");
            this.stream.write(serialize.end());
            this.stream.end();
        }
    }

    private next(copyData: string | undefined): Promise<QueryResult> {
        return new Promise((resolve, reject) => {
            this.sent.push({
                results: [],
                current: { columns: [], rows: [] },
                error: undefined,
                copyData,
                resolve,
                reject,
            });
        });
    }

    private fail(error: unknown): void {
        this.lost ??= error instanceof Error ? error : new Error(String(error));
        for (const running of this.sent.splice(0)) {
            if (running.error === undefined) {
                running.reject(this.lost);
            } else {
                // A FATAL error ends the connection; it is what the caller wants to know.
                running.resolve({ results: running.results, error: running.error, state: "I" });
            }
        }
    }

    private message(message: BackendMessage): void {
        if (message instanceof NoticeMessage) {
            this.onNotice?.(message);
            return;
        }
        const [running] = this.sent;
        if (running === undefined) {
            return;
        }
        if (message instanceof RowDescriptionMessage) {
            running.current = { columns: message.fields.map((field) => field.name), rows: [] };
        } else if (message instanceof DataRowMessage) {
            running.current.rows.push(message.fields);
        } else if (message instanceof CommandCompleteMessage) {
            running.results.push({ command: message.text, ...running.current });
            running.current = { columns: [], rows: [] };
        } else if (message instanceof DatabaseError) {
            running.error ??= message;
        } else if (message.name === "copyInResponse") {
            this.copyIn(running.copyData ?? "");
        } else if (message instanceof ReadyForQueryMessage) {
            this.state = message.status === "T" || message.status === "E" ? message.status : "I";
            this.sent.shift();
            running.resolve({
                results: running.results,
                state: this.state,
                ...(running.error === undefined ? {} : { error: running.error }),
            });
        }
    }

    private copyIn(data: string): void {
        const bytes = Buffer.from(data);
        for (let at = 0; at < bytes.length; at += COPY_CHUNK) {
            this.stream.write(serialize.copyData(bytes.subarray(at, at + COPY_CHUNK)));
        }
        this.stream.write(serialize.copyDone());
    }
}
