/**
 * A port on the loopback address that leads to the rehearsal's server, for programs that know nothing of its container,
 * which has no network.
 */

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { firstMessage } from "./startup";

export interface Way {
    /** Called before a client enters a database, which need not exist. */
    enters(database: string): Promise<void>;
    /** Bytes to and from the server. */
    connect(): Duplex;
}

export class Listener {
    private readonly sockets = new Set<Socket>();

    private constructor(
        private readonly server: Server,
        readonly port: number,
    ) {}

    /** Listens on a free port. */
    static async start(way: Way): Promise<Listener> {
        const server = createServer();
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const address = server.address();
        if (address === null || typeof address === "string") {
            throw new Error("The listener has no port.");
        }
        const listener = new Listener(server, address.port);
        server.on("connection", (socket) => listener.accept(socket, way));
        return listener;
    }

    /** Ends all connections; new ones are taken as before. */
    drop(): void {
        for (const socket of this.sockets) {
            socket.destroy();
        }
    }

    async close(): Promise<void> {
        const closed = once(this.server, "close");
        this.server.close();
        this.drop();
        await closed;
    }

    private accept(socket: Socket, way: Way): void {
        this.sockets.add(socket);
        socket.setNoDelay(true);
        socket.once("close", () => this.sockets.delete(socket));
        // A client that goes away in the middle is no error of ours.
        socket.on("error", () => socket.destroy());
        lead(socket, way).catch((error: unknown) => {
            socket.end(refusal(error instanceof Error ? error.message : String(error)));
        });
    }
}

async function lead(socket: Socket, way: Way): Promise<void> {
    const first = await firstBytes(socket);
    if (first === undefined) {
        socket.destroy();
        return;
    }
    if (first.database !== undefined) {
        await way.enters(first.database);
    }
    const server = way.connect();
    if (socket.destroyed) {
        server.destroy();
        return;
    }
    server.on("error", () => socket.destroy());
    server.once("close", () => socket.end());
    socket.once("close", () => server.destroy());
    server.write(first.bytes);
    socket.pipe(server);
    server.pipe(socket);
}

/** What a client says first, once it has given up encryption; undefined for one that does not speak this protocol. */
function firstBytes(socket: Socket): Promise<{ readonly bytes: Buffer; readonly database?: string } | undefined> {
    return new Promise((resolve) => {
        let bytes = Buffer.alloc(0);
        const settle = (result: { bytes: Buffer; database?: string } | undefined) => {
            socket.off("data", take).off("close", gone);
            socket.pause();
            resolve(result);
        };
        const gone = () => settle(undefined);
        const take = (chunk: Buffer) => {
            bytes = Buffer.concat([bytes, chunk]);
            for (let message = firstMessage(bytes); ; message = firstMessage(bytes)) {
                switch (message.kind) {
                    case "part":
                        return;
                    case "encryption":
                        socket.write("N");
                        bytes = bytes.subarray(message.length);
                        break;
                    case "cancel":
                        settle({ bytes });
                        return;
                    case "startup":
                        settle({ bytes, database: message.database });
                        return;
                    case "foreign":
                        settle(undefined);
                        return;
                    default: {
                        const never: never = message;
                        throw new Error(`Unknown message ${JSON.stringify(never)}`);
                    }
                }
            }
        };
        socket.on("data", take).once("close", gone);
    });
}

/** PostgreSQL's message for a connection that it does not take. */
function refusal(message: string): Buffer {
    const fields = Buffer.from(`SFATAL\0VFATAL\0C08006\0M${message}\0\0`);
    const head = Buffer.alloc(5, "E");
    head.writeUInt32BE(fields.length + 4, 1);
    return Buffer.concat([head, fields]);
}
