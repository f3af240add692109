import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";

/** A container as far as the code under test asks about it. */
export interface FakeContainer {
    readonly id: string;
    readonly name: string;
    readonly status: "running" | "exited" | "created" | "paused" | "restarting" | "dead";
    readonly labels: Readonly<Record<string, string>>;
    readonly env: readonly string[];
    readonly networks: readonly string[];
    /** Declared host port; published too while the container runs. */
    readonly hostPort: number | undefined;
    readonly image: string;
    /** What the health check has found; none where there is no health check. */
    readonly health?: "starting" | "healthy" | "unhealthy";
}

/** A network as Docker lists it. */
export interface FakeNetwork {
    readonly id: string;
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
}

/** A volume as Docker describes it. */
export interface FakeVolume {
    readonly Name: string;
    readonly Labels: Readonly<Record<string, string>>;
}

/** The part of the engine's API that a stack needs, on a socket of its own, so that the real client can be used. */
export interface FakeEngine {
    readonly docker: Docker;
    /** Value for DOCKER_HOST. */
    readonly host: string;
    readonly containers: FakeContainer[];
    readonly networks: FakeNetwork[];
    readonly volumes: FakeVolume[];
    /** Environment of each local image, by reference and by id. */
    readonly images: Map<string, readonly string[]>;
    apiVersion: string;
    /** Requests that change something, as `METHOD path`. */
    readonly changes: string[];
    /** Archives that were put into containers, as text. */
    readonly archives: string[];
    /** Answers these paths with an error of the engine's own. */
    readonly failing: Map<string, number>;
    close(): Promise<void>;
}

export function container(more: Partial<FakeContainer> = {}): FakeContainer {
    return {
        id: "c0ffee",
        name: "server",
        status: "running",
        labels: {},
        env: ["POSTGRES_USER=postgres", "POSTGRES_PASSWORD=generated"],
        networks: ["server"],
        hostPort: 25432,
        image: "postgres:18",
        ...more,
    };
}

const RUNS = ["running", "paused", "restarting"];

function inspected(one: FakeContainer): object {
    return {
        Id: one.id,
        Name: `/${one.name}`,
        Image: `sha256:${one.image}`,
        RestartCount: 0,
        State: {
            Status: one.status,
            Running: RUNS.includes(one.status),
            Paused: one.status === "paused",
            Restarting: one.status === "restarting",
            ...(one.health === undefined ? {} : { Health: { Status: one.health } }),
        },
        Config: { Labels: one.labels, Env: one.env, Image: one.image },
        HostConfig: {
            PortBindings:
                one.hostPort === undefined
                    ? {}
                    : { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: String(one.hostPort) }] },
        },
        NetworkSettings: { Networks: Object.fromEntries(one.networks.map((name) => [name, {}])) },
    };
}

function listed(one: FakeContainer): object {
    const isPublished = RUNS.includes(one.status) && one.hostPort !== undefined;
    return {
        Id: one.id,
        Names: [`/${one.name}`],
        State: one.status,
        Labels: one.labels,
        Ports: isPublished
            ? [{ IP: "127.0.0.1", PrivatePort: 5432, PublicPort: one.hostPort, Type: "tcp" }]
            : [{ PrivatePort: 5432, Type: "tcp" }],
    };
}

function filterOf(url: URL, name: string): string[] {
    const filters: unknown = JSON.parse(url.searchParams.get("filters") ?? "{}");
    const found: unknown = typeof filters === "object" && filters !== null ? Reflect.get(filters, name) : undefined;
    return Array.isArray(found) ? found.map(String) : [];
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
}

function remove<T>(all: T[], matches: (one: T) => boolean): number {
    const at = all.findIndex(matches);
    if (at < 0) {
        return 404;
    }
    all.splice(at, 1);
    return 204;
}

function handle(engine: FakeEngine, method: string, url: URL, body: string, response: ServerResponse): void {
    const path = decodeURIComponent(url.pathname);
    const failure = engine.failing.get(path);
    if (failure !== undefined) {
        answer(response, failure, { message: "the engine is out of order" });
        return;
    }
    const [, kind, ...rest] = path.split("/");
    const name = rest.join("/").replace(/\/json$/, "");
    if (method === "DELETE") {
        engine.changes.push(`${method} ${path}${url.search}`);
        const status =
            kind === "containers"
                ? remove(engine.containers, (one) => one.id === name)
                : kind === "networks"
                  ? remove(engine.networks, (one) => one.id === name)
                  : remove(engine.volumes, (one) => one.Name === name);
        answer(response, status, status === 404 ? { message: "no such object" } : undefined);
    } else if (method === "PUT" && path.endsWith("/archive")) {
        engine.changes.push(`${method} ${path}${url.search}`);
        engine.archives.push(body);
        answer(response, 200);
    } else if (path === "/_ping") {
        answer(response, 200, "OK");
    } else if (path === "/version") {
        answer(response, 200, { ApiVersion: engine.apiVersion });
    } else if (path === "/containers/create") {
        engine.changes.push(`${method} ${path}${url.search} ${body}`);
        answer(response, 201, { Id: "created" });
    } else if (path === "/containers/json") {
        const all = url.searchParams.get("all") === "true";
        const labels = filterOf(url, "label");
        const found = engine.containers.filter(
            (one) =>
                (all || RUNS.includes(one.status)) &&
                labels.every((label) => Object.entries(one.labels).some(([key, value]) => label === `${key}=${value}`)),
        );
        answer(response, 200, found.map(listed));
    } else if (path === "/networks") {
        // As the engine does it: part of the name is enough.
        const parts = filterOf(url, "name");
        const found = engine.networks.filter((one) => parts.every((part) => one.name.includes(part)));
        answer(
            response,
            200,
            found.map((one) => ({ Id: one.id, Name: one.name, Labels: one.labels })),
        );
    } else if (kind === "networks" && method === "POST") {
        engine.changes.push(`${method} ${path} ${body}`);
        answer(response, 200);
    } else if (path === "/volumes") {
        const keys = filterOf(url, "label");
        answer(response, 200, {
            Volumes: engine.volumes.filter(({ Labels }) => keys.every((key) => Object.hasOwn(Labels, key))),
        });
    } else if (kind === "containers") {
        const found = engine.containers.find((one) => one.id === name || one.name === name);
        answer(response, found === undefined ? 404 : 200, found === undefined ? { message: "none" } : inspected(found));
    } else if (path === "/volumes/create") {
        engine.changes.push(`${method} ${path} ${body}`);
        answer(response, 201, JSON.parse(body));
    } else if (kind === "volumes") {
        const found = engine.volumes.find((one) => one.Name === name);
        answer(response, found === undefined ? 404 : 200, found ?? { message: "none" });
    } else if (kind === "images") {
        const env = engine.images.get(name);
        answer(response, env === undefined ? 404 : 200, { Id: `sha256:${name}`, Config: { Env: env ?? [] } });
    } else {
        answer(response, 501, { message: `the fake engine does not know ${method} ${path}` });
    }
}

export async function fakeEngine(): Promise<FakeEngine> {
    const folder = mkdtempSync(join(tmpdir(), "fdw-stub-engine-"));
    const socketPath = join(folder, "docker.sock");
    const engine: FakeEngine = {
        docker: new Docker({ socketPath }),
        host: `unix://${socketPath}`,
        containers: [],
        networks: [],
        volumes: [],
        images: new Map([["postgres:18", ["PG_MAJOR=18"]]]),
        apiVersion: "1.51",
        changes: [],
        archives: [],
        failing: new Map(),
        close: () =>
            new Promise((resolve) => {
                server.closeAllConnections();
                server.close(() => {
                    rmSync(folder, { recursive: true, force: true });
                    resolve();
                });
            }),
    };
    const server = createServer((request, response) => {
        const url = new URL(request.url ?? "/", "http://docker");
        let body = "";
        request.on("data", (chunk) => {
            body += String(chunk);
        });
        request.on("end", () => handle(engine, request.method ?? "GET", url, body, response));
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    return engine;
}
