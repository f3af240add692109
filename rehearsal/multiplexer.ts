/** Many ways into a container over one command in it (`server/multiplex.pl`): to begin a command takes long. */

import { Duplex } from "node:stream";

const HEADER_BYTES = 9;

type Done = (error?: Error | null) => void;

/** One way: bytes to and from a socket or a command. */
class Way extends Duplex {
    /** What a command said on standard error. */
    errors = "";
    status = 0;

    constructor(private readonly give: (kind: string, bytes: Uint8Array, done?: Done) => void) {
        super();
    }

    override _read(): void {}

    override _write(bytes: Buffer, _: BufferEncoding, done: Done): void {
        this.give("d", bytes, done);
    }

    override _final(done: Done): void {
        this.give("e", Buffer.alloc(0), done);
    }

    override _destroy(error: Error | null, done: Done): void {
        this.give("x", Buffer.alloc(0));
        done(error);
    }
}

function ended(): Error {
    return new Error("The rehearsal's container has ended");
}

export class Multiplexer {
    private readonly ways = new Map<number, Way>();
    private count = 0;
    private lost = false;
    /** The beginning of a frame. */
    private rest: Buffer = Buffer.alloc(0);

    /** @param stream of the command in the container. */
    constructor(private readonly stream: Duplex) {
        stream.on("data", (chunk: Buffer) => this.received(chunk));
        const lost = () => {
            this.lost = true;
            for (const way of this.ways.values()) {
                way.destroy(ended());
            }
            this.ways.clear();
        };
        stream.on("error", lost);
        stream.once("close", lost);
        stream.once("end", lost);
    }

    /**
     * Bytes to and from a socket in the container; they end at once where nobody listens.
     *
     * @throws Error when the container has ended.
     */
    connect(path: string): Duplex {
        return this.begin("s", Buffer.from(path));
    }

    /** Bytes to and from a command in the container. */
    command(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Way {
        const all = [...Object.entries(environment).flat(), "", ...words];
        return this.begin("c", Buffer.from(all.map((word) => `${word}\0`).join("")));
    }

    /**
     * Runs a command in the container to its end.
     *
     * @returns its standard output.
     * @throws Error with what it said on standard error when it ends with another status than 0.
     */
    async output(
        words: readonly string[],
        input: Uint8Array = Buffer.alloc(0),
        environment: Readonly<Record<string, string>> = {},
    ): Promise<string> {
        const way = this.command(words, environment);
        way.end(input);
        const said: Buffer[] = [];
        for await (const chunk of way) {
            said.push(chunk);
        }
        if (way.status !== 0) {
            throw new Error(`${words[0]} ended with status ${way.status}: ${way.errors.trim()}`);
        }
        return Buffer.concat(said).toString();
    }

    /** Ends the command in the container, and all ways with it. */
    end(): void {
        this.stream.end();
    }

    private begin(kind: string, bytes: Uint8Array): Way {
        if (this.lost) {
            throw ended();
        }
        this.count += 1;
        const number = this.count;
        const way = new Way((...frame) => this.send(number, ...frame));
        this.ways.set(number, way);
        this.send(number, kind, bytes);
        return way;
    }

    private send(number: number, kind: string, bytes: Uint8Array, done?: Done): void {
        if (kind === "x" && !this.ways.delete(number)) {
            return;
        }
        const header = Buffer.alloc(HEADER_BYTES);
        header.writeUInt32BE(number, 0);
        header.write(kind, 4);
        header.writeUInt32BE(bytes.length, 5);
        this.stream.write(header);
        this.stream.write(bytes, done);
    }

    private received(chunk: Buffer): void {
        let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
        while (bytes.length >= HEADER_BYTES) {
            const end = HEADER_BYTES + bytes.readUInt32BE(5);
            if (bytes.length < end) {
                break;
            }
            this.frame(bytes.readUInt32BE(0), bytes.toString("latin1", 4, 5), bytes.subarray(HEADER_BYTES, end));
            bytes = bytes.subarray(end);
        }
        this.rest = bytes;
    }

    private frame(number: number, kind: string, bytes: Buffer): void {
        const way = this.ways.get(number);
        if (kind === "d") {
            way?.push(bytes);
        } else if (way !== undefined && kind === "e") {
            way.errors += bytes.toString();
        } else if (way !== undefined) {
            way.status = Number(bytes.toString());
            this.ways.delete(number);
            way.push(null);
        }
    }
}
