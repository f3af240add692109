/** The driver's side of `server/answer.pl`: commands in, and what foreign servers asked for out. */

import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import * as z from "zod";

const connection = z.object({
    /** Host name in lower case, an address, a socket directory, or `localhost` for the server itself. */
    host: z.string(),
    port: z.number(),
    database: z.string(),
    user: z.string(),
    /** The password that was given; null where none was asked for. */
    password: z.string().nullable(),
    tls: z.boolean(),
});

/** A connection that something in the rehearsal's server asked for. */
export type Connection = z.output<typeof connection>;

const event = z.discriminatedUnion("event", [
    z.object({ event: z.literal("ready"), addresses: z.boolean() }),
    z.object({ event: z.literal("done"), n: z.number() }),
    z.object({ event: z.literal("failed"), n: z.number(), message: z.string() }),
    z.object({ event: z.literal("unanswered"), user: z.string() }),
    connection.extend({ event: z.literal("connection") }),
]);

interface Waiting {
    resolve(): void;
    reject(error: Error): void;
}

/** Arguments of commands are hexadecimal, so that nothing in them can end a line. */
const hex = (text: string) => Buffer.from(text).toString("hex") || "-";

export class Answering {
    /** Whether addresses are answered, not names only. */
    addresses = false;
    /** Called with every connection, before its first query. */
    onConnection: ((connection: Connection) => void) | undefined;
    /** Users who were asked for a password and gave none since the last look. */
    private unanswered: string[] = [];
    private readonly waiting = new Map<number, Waiting>();
    private sent = 0;
    private lost: Error | undefined;

    constructor(private readonly stream: Duplex) {
        const lines = createInterface({ input: stream });
        lines.on("line", (line) => this.line(line));
        const end = () => this.fail(new Error("The rehearsal's container has ended"));
        lines.once("close", end);
        lines.on("error", end);
        stream.on("error", end);
    }

    /**
     * Waits until the cluster is initialised.
     *
     * @param said What the container wrote on standard error.
     */
    async ready(said: () => string): Promise<void> {
        try {
            await this.wait(0);
        } catch (error) {
            const why = said().trim();
            throw why === "" ? error : new Error(why);
        }
    }

    /** A fresh cluster with these arguments of `postgres`. */
    async serve(args: readonly string[]): Promise<void> {
        await this.command("serve", ...args.map(hex));
        await this.command("routes");
        await this.listen(5432);
        await this.socket("/var/run/postgresql", 5432);
    }

    listen(port: number): Promise<void> {
        return this.command("listen", String(port));
    }

    socket(directory: string, port: number): Promise<void> {
        return this.command("socket", hex(directory), String(port));
    }

    /** From now on nobody of this name is asked for a password. */
    trust(user: string): Promise<void> {
        return this.command("trust", hex(user));
    }

    /** From now on this user is asked by SCRAM, and by channel binding where there is TLS. */
    scram(user: string, password: string): Promise<void> {
        return this.command("scram", hex(user), hex(password));
    }

    /** A database of this name is the same wherever it is asked for. */
    plain(database: string): Promise<void> {
        return this.command("plain", hex(database));
    }

    /** From now on TLS is spoken where it is asked for. */
    tls(): Promise<void> {
        return this.command("tls");
    }

    /** The authority's certificate at a path where a connection looks for it. */
    authority(path: string): Promise<void> {
        return this.command("authority", hex(path));
    }

    /** A client's certificate and key at the paths where a connection looks for them. */
    client(certificate: string, key: string, user: string): Promise<void> {
        return this.command("client", hex(certificate), hex(key), hex(user));
    }

    /** Where clusters stand from now on. In memory they are fast, on disk they have room. */
    place(where: "memory" | "disk"): Promise<void> {
        return this.command("place", where);
    }

    /** Ends the server, and answers nothing any more. Another server may start on a fresh cluster. */
    stop(): Promise<void> {
        return this.command("stop");
    }

    /** Everything that was asked for before now has been told. */
    sync(): Promise<void> {
        return this.command("sync");
    }

    /** Leaves the container to whoever asks for it next. After so many seconds it ends by itself. */
    async rest(seconds: number): Promise<void> {
        await this.command("rest", String(seconds));
        this.fail(new Error("The rehearsal's container was left"));
        this.stream.destroy();
    }

    takeUnanswered(): string[] {
        return this.unanswered.splice(0);
    }

    end(): void {
        this.fail(new Error("The rehearsal's container has ended"));
        this.stream.end();
    }

    private command(...words: readonly string[]): Promise<void> {
        if (this.lost !== undefined) {
            return Promise.reject(this.lost);
        }
        this.sent += 1;
        const done = this.wait(this.sent);
        this.stream.write(`${words.join(" ")}\n`);
        return done;
    }

    private wait(n: number): Promise<void> {
        if (this.lost !== undefined) {
            return Promise.reject(this.lost);
        }
        return new Promise((resolve, reject) => {
            this.waiting.set(n, { resolve, reject });
        });
    }

    private settle(n: number, error?: Error): void {
        const waiting = this.waiting.get(n);
        this.waiting.delete(n);
        if (error === undefined) {
            waiting?.resolve();
        } else {
            waiting?.reject(error);
        }
    }

    private fail(error: Error): void {
        this.lost ??= error;
        for (const n of [...this.waiting.keys()]) {
            this.settle(n, this.lost);
        }
    }

    private line(line: string): void {
        let json: unknown;
        try {
            json = JSON.parse(line);
        } catch {
            // Not ours: a warning of perl.
            return;
        }
        const parsed = event.safeParse(json);
        if (!parsed.success) {
            return;
        }
        const told = parsed.data;
        switch (told.event) {
            case "ready":
                this.addresses = told.addresses;
                this.settle(0);
                break;
            case "done":
                this.settle(told.n);
                break;
            case "failed":
                this.settle(told.n, new Error(told.message));
                break;
            case "unanswered":
                this.unanswered.push(told.user);
                break;
            default: {
                const { event: _, ...asked } = told;
                this.onConnection?.(asked);
            }
        }
    }
}
