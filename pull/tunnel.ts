/** Connects what a container without a network asks for from this process, where the user's names, routes and tunnels hold. */

import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Target } from "./connection";

const HEADER = 9;

export type FrameType = "R" | "O" | "D" | "C";

/** A frame as `server/tunnel.pl` writes and reads it. */
export interface Frame {
    readonly type: string;
    readonly connection: number;
    readonly data: Buffer;
}

export function frameOf(type: FrameType, connection: number, data: Buffer = Buffer.alloc(0)): Buffer {
    const header = Buffer.alloc(HEADER);
    header.write(type, "latin1");
    header.writeUInt32BE(connection, 1);
    header.writeUInt32BE(data.length, 5);
    return Buffer.concat([header, data]);
}

/** Cuts frames out of a stream's pieces, however they come. */
export class FrameReader {
    private rest: Buffer = Buffer.alloc(0);

    read(piece: Buffer): Frame[] {
        this.rest = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
        const frames: Frame[] = [];
        let at = 0;
        while (this.rest.length >= at + HEADER) {
            const end = at + HEADER + this.rest.readUInt32BE(at + 5);
            if (this.rest.length < end) {
                break;
            }
            frames.push({
                type: this.rest.toString("latin1", at, at + 1),
                connection: this.rest.readUInt32BE(at + 1),
                data: this.rest.subarray(at + HEADER, end),
            });
            at = end;
        }
        this.rest = this.rest.subarray(at);
        return frames;
    }
}

/** The near end of a tunnel. */
export class Tunnel {
    /** Why a server could not be reached, in order, one for each that was tried. */
    readonly refusals: string[] = [];
    /** Servers that have not answered a connection yet. */
    readonly pending = new Set<string>();
    private readonly open = new Map<number, Socket>();
    private readonly frames = new FrameReader();
    private listening: () => void = () => undefined;
    /** Settles when the far end listens. */
    readonly ready = new Promise<void>((resolve) => {
        this.listening = resolve;
    });

    constructor(
        private readonly stream: Duplex,
        private readonly targets: readonly Target[],
    ) {
        stream.on("data", (piece: Buffer) => {
            for (const frame of this.frames.read(piece)) {
                this.take(frame);
            }
        });
        // Its end is the container's, which whoever waits for a command in it hears of.
        stream.on("error", () => this.end());
        stream.on("close", () => this.end());
    }

    private take({ type, connection, data }: Frame): void {
        if (type === "R") {
            this.listening();
        } else if (type === "O") {
            this.dial(connection, this.targets[Number(data.toString())]);
        } else if (type === "D") {
            this.open.get(connection)?.write(data);
        } else {
            this.open.get(connection)?.end();
        }
    }

    private dial(connection: number, target: Target | undefined): void {
        if (target === undefined) {
            return;
        }
        const place = "path" in target.dial ? target.dial.path : `${target.host}:${target.dial.port}`;
        // Small questions and answers, thousands of them: none waits for the next.
        const socket = connect({ ...target.dial, noDelay: true });
        this.open.set(connection, socket);
        this.pending.add(place);
        let answered = false;
        socket.once("connect", () => {
            answered = true;
            this.pending.delete(place);
        });
        socket.on("data", (data: Buffer) => {
            // What the container has not taken yet is not asked for.
            if (!this.stream.write(frameOf("D", connection, data))) {
                socket.pause();
                this.stream.once("drain", () => socket.resume());
            }
        });
        socket.on("error", (error) => {
            if (!answered) {
                this.refusals.push(`${place}: ${error.message}`);
            }
        });
        socket.once("close", () => {
            this.pending.delete(place);
            this.open.delete(connection);
            if (!this.stream.destroyed) {
                this.stream.write(frameOf("C", connection));
            }
        });
    }

    /** Closes every connection. */
    end(): void {
        for (const socket of this.open.values()) {
            socket.destroy();
        }
        this.open.clear();
    }
}
