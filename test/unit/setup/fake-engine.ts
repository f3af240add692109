import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";

/** What the engine knows of an image. */
export interface FakeImage {
    readonly Id: string;
    readonly Config: { readonly Env: readonly string[]; readonly Labels?: Readonly<Record<string, string>> };
}

/** The part of the Docker engine's API that images need, on a socket of its own, with dockerode's real client. */
export interface FakeEngine {
    readonly docker: Docker;
    readonly images: Map<string, FakeImage>;
    /** `fromImage:tag` of every pull that was asked for. */
    readonly pulls: string[];
    /** Bodies that were loaded. */
    readonly loads: string[];
    /** Answers a pull. */
    onPull: (name: string, response: ServerResponse) => void;
    /** Called with the body of a load; returns the answer's lines. */
    onLoad: (body: string) => readonly unknown[];
    close(): Promise<void>;
}

/** An image as the official one describes itself. */
export function postgresImage(major: number, labels: Readonly<Record<string, string>> = {}): FakeImage {
    return { Id: `sha256:${major}`, Config: { Env: ["PATH=/bin", `PG_MAJOR=${major}`], Labels: labels } };
}

/** Writes events the way the engine does, and ends the answer. */
export function stream(response: ServerResponse, events: readonly unknown[]): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(events.map((event) => `${JSON.stringify(event)}\r\n`).join(""));
}

/** Refuses a request. */
export function refuse(response: ServerResponse, status: number, message: string): void {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ message }));
}

async function text(request: IncomingMessage): Promise<string> {
    let body = "";
    for await (const chunk of request) {
        body += String(chunk);
    }
    return body;
}

export async function fakeEngine(): Promise<FakeEngine> {
    const folder = mkdtempSync(join(tmpdir(), "setup-engine-"));
    const socketPath = join(folder, "d.sock");
    const engine: FakeEngine = {
        docker: new Docker({ socketPath }),
        images: new Map(),
        pulls: [],
        loads: [],
        onPull: (_, response) => refuse(response, 500, "no pull expected"),
        onLoad: () => [],
        close: async () => {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
            rmSync(folder, { recursive: true, force: true });
        },
    };
    const server = createServer(async (request, response) => {
        const url = new URL(request.url ?? "/", "http://engine");
        const inspected = /^\/images\/(.+)\/json$/.exec(url.pathname)?.[1];
        if (inspected !== undefined) {
            const image = engine.images.get(decodeURIComponent(inspected));
            if (image === undefined) {
                refuse(response, 404, `No such image: ${inspected}`);
            } else {
                response.writeHead(200, { "content-type": "application/json" });
                response.end(JSON.stringify(image));
            }
        } else if (url.pathname === "/images/create") {
            const name = `${url.searchParams.get("fromImage")}:${url.searchParams.get("tag")}`;
            engine.pulls.push(name);
            engine.onPull(name, response);
        } else if (url.pathname === "/images/load") {
            const body = await text(request);
            engine.loads.push(body);
            stream(response, engine.onLoad(body));
        } else {
            refuse(response, 404, "page not found");
        }
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    return engine;
}
