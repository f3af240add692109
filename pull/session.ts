/** A session with the upstream by psql: libpq's own log-in, one transaction that sees one state of the catalogs. */

import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { PullClient } from "./client";

export class PsqlError extends Error {
    override readonly name = "PsqlError";
}

/** A psql whose connection stays open between statements. */
export class PsqlSession {
    private readonly errors: string[] = [];
    private readonly mark = randomBytes(12).toString("hex");
    private output = "";
    private ended = false;
    private waiting: { resolve: (text: string) => void; reject: (error: Error) => void } | undefined;

    private constructor(private readonly stream: Duplex) {
        const chunks = new TextDecoder();
        stream.on("data", (piece: Buffer) => {
            this.output += chunks.decode(piece, { stream: true });
            this.settle();
        });
        stream.on("error", () => this.fail());
        stream.on("end", () => this.fail());
    }

    static async open(client: PullClient): Promise<PsqlSession> {
        let session: PsqlSession | undefined;
        const early: string[] = [];
        const stream = await client.open(
            "psql --no-psqlrc --quiet --no-align --tuples-only --no-password --set ON_ERROR_STOP=1",
            (text) => (session === undefined ? early : session.errors).push(text),
        );
        session = new PsqlSession(stream);
        session.errors.push(...early);
        return session;
    }

    private settle(): void {
        const end = this.output.indexOf(`${this.mark}\n`);
        if (end >= 0 && this.waiting !== undefined) {
            const text = this.output.slice(0, end);
            this.output = this.output.slice(end + this.mark.length + 1);
            const { resolve } = this.waiting;
            this.waiting = undefined;
            resolve(text);
        }
    }

    private fail(): void {
        this.ended = true;
        const waiting = this.waiting;
        this.waiting = undefined;
        // What is said on standard error may come after the end of the output.
        setTimeout(() => waiting?.reject(new PsqlError(this.errors.join("").trim())), 50);
    }

    /**
     * Runs statements.
     *
     * @returns what they print.
     * @throws PsqlError with what psql says, and the session is over.
     */
    run(sql: string): Promise<string> {
        return new Promise((resolve, reject) => {
            if (this.ended) {
                reject(new PsqlError(this.errors.join("").trim()));
                return;
            }
            this.waiting = { resolve, reject };
            this.stream.write(`${sql};\n\\echo ${this.mark}\n`);
        });
    }

    /** Runs a query whose one value is JSON. */
    async json(sql: string): Promise<unknown> {
        return JSON.parse((await this.run(sql)).trim());
    }

    end(): void {
        this.ended = true;
        this.stream.end();
    }
}
