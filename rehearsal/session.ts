/** One session with PostgreSQL over any stream, as psql has it: simple queries, COPY data, the transaction's state. */

import type { Duplex } from "node:stream";
import { DatabaseError, parse, serialize } from "pg-protocol";
import {
    BackendKeyDataMessage,
    type BackendMessage,
    CommandCompleteMessage,
    DataRowMessage,
    NoticeMessage,
    ParameterStatusMessage,
    ReadyForQueryMessage,
    RowDescriptionMessage,
} from "pg-protocol/dist/messages";
import { quoteIdent } from "../upstreams/quote";
import { ScramClient } from "./scram";

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
    /** Set when the connection was lost before the result was whole. */
    readonly lost?: boolean;
}

/** One of the statements of a batch. */
export interface Step {
    readonly sql: string;
    readonly copyData?: string;
}

export interface BatchResult extends Pick<QueryResult, "error" | "state" | "lost"> {
    /** Steps that ran. */
    readonly done: number;
}

/** How long a query may take. */
export interface QueryLimit {
    readonly milliseconds: number;
    /** Another stream to the same server, to ask it to cancel. */
    reach(): Duplex;
}

interface Running {
    readonly results: StatementResult[];
    current: { columns: readonly string[]; rows: Array<ReadonlyArray<string | null>> };
    error: DatabaseError | undefined;
    copyData: string | undefined;
    /** Statements of a batch that ran, and who is told of each; their rows are not kept. */
    done: number;
    onDone: ((done: number) => void) | undefined;
    /** How often the server was asked to cancel it. */
    cancels: number;
    resolve(result: QueryResult): void;
}

/** COPY data travels in pieces of so many bytes. */
const COPY_CHUNK = 64 * 1024;
/** How often a server is asked to cancel before the connection is given up, and how long it has each time. */
const CANCELS = 3;
const CANCEL_MS = 5_000;
/** SQLSTATEs: a server that has crashed, and a query that was cancelled. */
export const CONNECTION_LOST = "57P02";
/** SQLSTATE of a server whose files have no room any more. */
export const DISK_FULL = "53100";
const CANCELED = "57014";

const BIND = serialize.bind();
const EXECUTE = serialize.execute();
const FLUSH = serialize.flush();
const STEP_ENDS = new Set(["commandComplete", "emptyQuery"]);
const STEP_GIVES = new Set(["dataRow", "copyInResponse"]);

export class Session {
    state: TransactionState = "I";
    /** The server's major version. */
    private version = 0;
    /** Called with every notice, when it comes. */
    onNotice: ((notice: NoticeMessage) => void) | undefined;
    /** Queries that were sent, in the order in which their results come. */
    private readonly sent: Running[] = [];
    private lost: Error | undefined;
    private timer: NodeJS.Timeout | undefined;
    private scram: ScramClient | undefined;
    private key: BackendKeyDataMessage | undefined;

    private constructor(
        private readonly stream: Duplex,
        private readonly limit: QueryLimit | undefined,
        private readonly password: string | undefined,
    ) {
        const lost = () => this.fail(new Error("The connection to the rehearsal's server was lost."));
        parse(stream, (message) => this.message(message)).then(lost, (error: unknown) => this.fail(error));
        stream.on("error", (error) => this.fail(error));
        stream.once("close", lost);
    }

    /**
     * Begins a session on a stream whose other end lets everybody in.
     *
     * @param password What to answer where the server asks for it, by SCRAM.
     * @param limit Queries that take longer end in an error; without it they take as long as they take.
     * @throws DatabaseError when the server refuses, for example because there is no such database.
     */
    static async open(
        stream: Duplex,
        parameters: Readonly<Record<string, string>>,
        limit?: QueryLimit,
        password?: string,
    ): Promise<Session> {
        const session = new Session(stream, limit, password);
        const started = session.next(undefined);
        stream.write(serialize.startup({ client_encoding: "UTF8", ...parameters }));
        const { error } = await started;
        if (error !== undefined) {
            stream.destroy();
            throw error;
        }
        return session;
    }

    /** Whether the connection is gone, for example because the server has crashed. */
    get ended(): boolean {
        return this.lost !== undefined;
    }

    /**
     * Runs one or more statements. An error is part of the result, not an exception; so is the loss of the connection.
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
     * Runs statements one after another, each as its transaction's state wants it; the first that fails keeps those after
     * it from being run. All are sent at once.
     *
     * @param onDone is told how many have run, each time when one has.
     */
    async batch(steps: readonly Step[], onDone: (done: number) => void): Promise<BatchResult> {
        if (this.lost !== undefined) {
            throw this.lost;
        }
        const running = this.running(undefined, onDone);
        const messages = steps.flatMap(({ sql, copyData }) => [
            serialize.parse({ text: sql }),
            BIND,
            EXECUTE,
            ...(copyData === undefined ? [] : copyMessages(copyData)),
            FLUSH,
        ]);
        this.stream.write(Buffer.concat([...messages, serialize.sync()]));
        const { error, state, lost } = await running.result;
        return {
            done: running.entry.done,
            state,
            ...(error === undefined ? {} : { error }),
            ...(lost === undefined ? {} : { lost }),
        };
    }

    /** The time of the query that the server is at begins. */
    private begin(): void {
        clearTimeout(this.timer);
        const { limit } = this;
        const [running] = this.sent;
        if (limit === undefined || running === undefined) {
            return;
        }
        const late = () => {
            running.cancels += 1;
            if (running.cancels > CANCELS) {
                this.stream.destroy();
                return;
            }
            this.cancel(limit);
            this.timer = setTimeout(late, CANCEL_MS);
        };
        this.timer = setTimeout(late, limit.milliseconds);
    }

    /** The result of the query that the server was at. */
    private finish(running: Running, lost: boolean): void {
        const error = running.error ?? (lost ? connectionLost() : undefined);
        if (running.cancels > 0 && (error?.code === CANCELED || error?.code === CONNECTION_LOST)) {
            error.message = `the statement did not end within ${(this.limit?.milliseconds ?? 0) / 1000} seconds, the longest that one may take in a rehearsal`;
        }
        running.resolve({
            results: running.results,
            state: this.state,
            ...(error === undefined ? {} : { error }),
            ...(lost ? { lost } : {}),
        });
    }

    /** Asks the server to cancel what runs. */
    private cancel({ reach }: QueryLimit): void {
        if (this.key !== undefined) {
            const stream = reach();
            stream.on("error", () => undefined);
            stream.resume();
            stream.end(serialize.cancel(this.key.processID, this.key.secretKey));
        }
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

    /** Makes a database: the files of its template are copied where the server can do so, which is faster than to log them. */
    createDatabase(name: string, template: "template0" | "template1"): Promise<QueryResult> {
        const strategy = this.version >= 15 ? " STRATEGY file_copy" : "";
        return this.query(`CREATE DATABASE ${quoteIdent(name)} TEMPLATE ${template}${strategy}`);
    }

    end(): void {
        if (this.lost === undefined) {
            this.lost = new Error("The session has ended.");
            this.stream.write(serialize.end());
            this.stream.end();
        }
    }

    private next(copyData: string | undefined): Promise<QueryResult> {
        return this.running(copyData, undefined).result;
    }

    private running(copyData: string | undefined, onDone: Running["onDone"]) {
        const entry: Running = {
            results: [],
            current: { columns: [], rows: [] },
            error: undefined,
            copyData,
            done: 0,
            onDone,
            cancels: 0,
            resolve: () => undefined,
        };
        const result = new Promise<QueryResult>((resolve) => {
            entry.resolve = resolve;
        });
        this.sent.push(entry);
        if (this.sent.length === 1) {
            this.begin();
        }
        return { entry, result };
    }

    private fail(error: unknown): void {
        this.lost ??= error instanceof Error ? error : new Error(String(error));
        this.state = "I";
        clearTimeout(this.timer);
        this.stream.destroy();
        // A FATAL error ends the connection; it is what the caller wants to know.
        for (const running of this.sent.splice(0)) {
            this.finish(running, true);
        }
    }

    private message(message: BackendMessage): void {
        if (message instanceof NoticeMessage) {
            this.onNotice?.(message);
            return;
        }
        if (message instanceof BackendKeyDataMessage) {
            this.key = message;
            return;
        }
        if (message instanceof ParameterStatusMessage && message.parameterName === "server_version") {
            this.version = Number.parseInt(message.parameterValue, 10);
        }
        const [running] = this.sent;
        if (running === undefined) {
            return;
        }
        if (message.name.startsWith("authentication")) {
            this.authenticate(message, running);
        } else if (running.onDone !== undefined && STEP_ENDS.has(message.name)) {
            running.done += 1;
            this.begin();
            running.onDone(running.done);
        } else if (running.onDone !== undefined && STEP_GIVES.has(message.name)) {
            // Rows of a batch are nobody's, and its COPY data is under way.
        } else if (message instanceof RowDescriptionMessage) {
            running.current = { columns: message.fields.map((field) => field.name), rows: [] };
        } else if (message instanceof DataRowMessage) {
            running.current.rows.push(message.fields);
        } else if (message instanceof CommandCompleteMessage) {
            running.results.push({ command: message.text, ...running.current });
            running.current = { columns: [], rows: [] };
        } else if (message instanceof DatabaseError) {
            running.error ??= message;
        } else if (message.name === "copyInResponse") {
            for (const chunk of copyMessages(running.copyData ?? "")) {
                this.stream.write(chunk);
            }
        } else if (message instanceof ReadyForQueryMessage) {
            this.state = message.status === "T" || message.status === "E" ? message.status : "I";
            this.sent.shift();
            this.begin();
            this.finish(running, false);
        }
    }

    private authenticate(message: BackendMessage, running: Running): void {
        if (message.name === "authenticationOk" || message.name === "authenticationSASLFinal") {
            return;
        }
        if (message.name === "authenticationSASL" && this.password !== undefined) {
            this.scram = new ScramClient(this.password);
            this.stream.write(serialize.sendSASLInitialResponseMessage("SCRAM-SHA-256", this.scram.first()));
        } else if (this.scram !== undefined && "data" in message && typeof message.data === "string") {
            this.stream.write(serialize.sendSCRAMClientFinalMessage(this.scram.final(message.data)));
        } else {
            running.error = new DatabaseError("the server asks for a password, and there is none", 0, "error");
            this.fail(running.error);
        }
    }
}

function copyMessages(data: string): Buffer[] {
    const bytes = Buffer.from(data);
    const chunks = Array.from({ length: Math.ceil(bytes.length / COPY_CHUNK) }, (_, index) =>
        serialize.copyData(bytes.subarray(index * COPY_CHUNK, (index + 1) * COPY_CHUNK)),
    );
    return [...chunks, serialize.copyDone()];
}

function connectionLost(): DatabaseError {
    const error = new DatabaseError("the connection to the server was lost", 0, "error");
    error.code = CONNECTION_LOST;
    return error;
}
