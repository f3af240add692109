/** The throw-away container: what it may do, and that nothing of it is left however the process that made it ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type Docker from "dockerode";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { finalServer } from "../../../components/derive";
import { connectDocker } from "../../../docker/client";
import { LABEL } from "../../../docker/labels";
import { RehearsalServer, removeResting } from "../../../rehearsal/container";
import { rehearse } from "../../../rehearsal/rehearse";
import { parseConfiguration } from "../../../upstreams/parse";
import { memoryFileSystem } from "../../memory-files";
import { imageHere } from "../support/image";

const REPOSITORY = join(__dirname, "..", "..", "..");
/** How long Docker may take to remove what has ended. */
const GONE = { timeout: 60_000, interval: 200 };

let docker: Docker;
let image: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
    docker = await connectDocker();
    image = await imageHere();
});

/** The rehearsal containers that a process has made. */
async function containersOf(pid: number | undefined) {
    return docker.listContainers({ all: true, filters: { label: [`${LABEL.rehearsal}=${pid}`] } });
}

async function volumesNow(): Promise<string[]> {
    const { Volumes } = await docker.listVolumes();
    return (Volumes ?? []).map(({ Name }) => Name);
}

/** Volumes that a container has mounted, while it is there. */
async function mountsOf(id: string): Promise<string[]> {
    const { Mounts } = await docker.getContainer(id).inspect();
    return Mounts.flatMap(({ Name, Type }) => (Type === "volume" && Name !== undefined ? [Name] : []));
}

afterEach(async () => {
    for (const child of children.splice(0)) {
        child.kill("SIGKILL");
    }
});

const OPTIONS = { devUser: "postgres", settings: {} };

async function input(sql: string) {
    return {
        ...OPTIONS,
        image,
        paths: ["s.sql"],
        variables: {},
        devDatabase: "dev",
        declared: [],
        roles: [],
        baseline: [],
        strict: false,
        fileSystem: memoryFileSystem({ "s.sql": sql }),
    };
}

describe("what it may do", () => {
    test("it has no network, no mount of the host's, bounded memory and processes", async () => {
        const server = await RehearsalServer.start(docker, { ...OPTIONS, image });
        try {
            const { HostConfig, Mounts, NetworkSettings, Config } = await server.container.inspect();
            expect(HostConfig).toMatchObject({
                NetworkMode: "none",
                AutoRemove: true,
                Privileged: false,
                PortBindings: {},
            });
            expect(HostConfig.Memory).toBeGreaterThan(0);
            expect(HostConfig.PidsLimit).toBeGreaterThan(0);
            expect(HostConfig.Binds ?? []).toEqual([]);
            expect(Mounts.filter(({ Type }) => Type !== "volume")).toEqual([]);
            expect(Object.keys(NetworkSettings.Networks)).toEqual(["none"]);
            expect(Config.Labels[LABEL.rehearsal]).toBe(String(process.pid));
        } finally {
            await server.end();
        }
        await expect.poll(() => containersOf(process.pid), GONE).toEqual([]);
    });

    test("not even the schema's superuser reaches anything", async () => {
        const server = await RehearsalServer.start(docker, { ...OPTIONS, image });
        try {
            await server.fresh();
            const session = await server.session("postgres");
            await session.rows("CREATE TABLE devices (line text)");
            await session.rows("COPY devices FROM PROGRAM 'cut -d: -f1 /proc/net/dev | tail -n +3'");
            const devices = await session.rows(
                "SELECT trim(line) FROM devices WHERE trim(line) !~ '^(tunl|sit|ip|gre|erspan)'",
            );
            expect(devices).toEqual([["lo"]]);
        } finally {
            await server.end();
        }
    });
});

describe("it rests", () => {
    /** The next server, as soon as the one that was left has cleaned itself. */
    async function nextAfter(left: RehearsalServer): Promise<RehearsalServer> {
        for (;;) {
            const next = await RehearsalServer.next(docker, { ...OPTIONS, image });
            if (next.container.id === left.container.id) {
                return next;
            }
            await next.end();
        }
    }

    test("and the next rehearsal finds nothing of the one before, and has it alone", async () => {
        const first = await RehearsalServer.start(docker, { ...OPTIONS, image });
        await first.fresh();
        const before = await first.session("postgres");
        await before.rows("CREATE ROLE left_behind");
        await before.rows("COPY (SELECT 1) TO '/tmp/left-behind'");
        await before.rows("COPY (SELECT 1) TO PROGRAM 'sleep 777 >/dev/null 2>&1 & cat >/dev/null'");
        await first.rest();
        const second = await nextAfter(first);
        const others: RehearsalServer[] = [];
        try {
            await second.fresh();
            const after = await second.session("postgres");
            await after.rows("CREATE TABLE seen (line text)");
            await after.rows(
                'COPY seen FROM PROGRAM \'ls /tmp; for p in /proc/[0-9]*; do tr "\\\\0" " " < $p/cmdline | grep -o "^sleep 777"; done; true\'',
            );
            expect(await after.rows("SELECT line FROM seen UNION ALL SELECT rolname FROM pg_roles")).not.toContainEqual(
                [expect.stringMatching(/left|777/)],
            );
            others.push(await RehearsalServer.next(docker, { ...OPTIONS, image }));
            expect(others[0]?.container.id).not.toBe(second.container.id);
        } finally {
            await Promise.all([second, ...others].map((server) => server.end()));
        }
    });

    test("not for a rehearsal of another kind, and ends when its time is over or it is removed", async () => {
        const short = await RehearsalServer.start(docker, { ...OPTIONS, image });
        await short.answering.rest(1);
        await expect.poll(() => containersOf(process.pid), GONE).toEqual([]);
        const long = await RehearsalServer.start(docker, { ...OPTIONS, image });
        await long.rest();
        const other = await RehearsalServer.next(docker, { ...OPTIONS, devUser: "somebody", image });
        expect(other.container.id).not.toBe(long.container.id);
        await other.end();
        await expect
            .poll(async () => {
                await removeResting(docker);
                return containersOf(process.pid);
            }, GONE)
            .toEqual([]);
    });
});

test("a pass begins on the cluster that was copied while the one before it was in use", async () => {
    const server = await RehearsalServer.start(docker, { ...OPTIONS, image });
    const numberOf = async (name: string) => {
        const session = await server.session("postgres");
        await session.rows("CREATE TEMPORARY TABLE seen (line text)");
        await session.rows(`COPY seen FROM PROGRAM 'stat -c %i /rehearsal/memory/${name} || true'`);
        const rows = await session.rows("SELECT line FROM seen");
        session.end();
        return rows.flat();
    };
    try {
        await server.fresh();
        await expect.poll(() => numberOf("spare"), GONE).toHaveLength(1);
        const spare = await numberOf("spare");
        await server.fresh();
        expect(await numberOf("data")).toEqual(spare);
    } finally {
        await server.end();
    }
});

describe("when its files have no room in memory", () => {
    test("the schema runs on disk", async () => {
        const schema = await input("CREATE TABLE large AS SELECT repeat('x', 1000) FROM generate_series(1, 60000);");
        const { ran } = await rehearse(docker, {
            ...schema,
            memoryForFiles: 80_000_000,
            final: (upstreams, roles) =>
                finalServer(parseConfiguration({ schema: ["s.sql"] }), upstreams, roles, REPOSITORY),
        });
        expect(ran).toEqual({ statements: 1, failed: 0 });
    });
});

describe("it is gone, with its volume,", () => {
    test("after a rehearsal, and after one that throws", async () => {
        const schema = await input("SELECT 1;");
        const seen: string[] = [];
        const failing = rehearse(docker, {
            ...schema,
            final: async () => {
                for (const { Id } of await containersOf(process.pid)) {
                    seen.push(...(await mountsOf(Id)));
                }
                throw new Error("no such server");
            },
        });
        await expect(failing).rejects.toThrow("no such server");
        await expect.poll(() => containersOf(process.pid), GONE).toEqual([]);
        await expect.poll(async () => (await volumesNow()).filter((name) => seen.includes(name)), GONE).toEqual([]);
    });

    test("when the image cannot be used", async () => {
        await expect(
            RehearsalServer.start(docker, { ...OPTIONS, image: "fdw-stub/no-such-image:1" }),
        ).rejects.toThrow();
        await expect.poll(() => containersOf(process.pid), GONE).toEqual([]);
    });

    test("when it is aborted", async () => {
        const abort = new AbortController();
        const schema = await input("SELECT pg_sleep(100);");
        const running = rehearse(docker, {
            ...schema,
            signal: abort.signal,
            onProgress: () => setTimeout(() => abort.abort(), 500),
            final: async () => {
                throw new Error("too late");
            },
        });
        await expect(running).rejects.toThrow(/aborted|ended|lost|interrupted/i);
        await expect.poll(() => containersOf(process.pid), GONE).toEqual([]);
    });

    test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("when the process gets %s", async (signal) => {
        const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "endless.ts"), image], {
            cwd: REPOSITORY,
            stdio: ["ignore", "pipe", "inherit"],
        });
        children.push(child);
        const [line] = await once(createInterface({ input: child.stdout }), "line");
        expect(line).toBe("running");
        const found = await containersOf(child.pid);
        expect(found).toHaveLength(1);
        const mounted = (await Promise.all(found.map(({ Id }) => mountsOf(Id)))).flat();
        child.kill(signal);
        await once(child, "exit");
        await expect.poll(() => containersOf(child.pid), GONE).toEqual([]);
        await expect.poll(async () => (await volumesNow()).filter((name) => mounted.includes(name)), GONE).toEqual([]);
    });
});
