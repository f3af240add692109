import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { portCandidates, type StackIdentity } from "../../../docker/labels";
import { type CurrentPort, choosePort } from "../../../docker/ports";
import { InputError } from "../../../upstreams/errors";
import { container, type FakeEngine, fakeEngine } from "./fake-engine";

// A folder per process: other runs of these tests on this machine then try other ports.
const IDENTITY: StackIdentity = { directory: `/ports/${process.pid}`, project: "p", stack: "s", component: "c" };
const NONE: CurrentPort = { port: undefined, running: false };

let engine: FakeEngine;
const listeners: Server[] = [];

beforeEach(async () => {
    engine = await fakeEngine();
});
afterEach(async () => {
    await Promise.all(listeners.splice(0).map((one) => new Promise((resolve) => one.close(resolve))));
    await engine.close();
});

/** Takes a port of the loopback, as another program would. */
async function take(port: number): Promise<void> {
    const listener = createServer();
    listeners.push(listener);
    await new Promise<void>((resolve, reject) => {
        listener.once("error", reject);
        listener.listen(port, "127.0.0.1", resolve);
    });
}

/** Publishes ports from a container. */
function publish(name: string, ...ports: readonly number[]): void {
    for (const port of ports) {
        engine.containers.push(container({ id: `${name}${port}`, name, hostPort: port }));
    }
}

const [first = 0, second = 0, third = 0] = portCandidates(IDENTITY);
const choose = (configured: number | undefined, current = NONE) =>
    choosePort(engine.docker, IDENTITY, configured, current);

test("a stack without a past takes the first of its row", async () => {
    await expect(choose(undefined)).resolves.toBe(first);
});

test("ports that others have are passed over", async () => {
    publish("other", first);
    await take(second);
    await expect(choose(undefined)).resolves.toBe(third);
});

test("a container that is stopped holds no port", async () => {
    engine.containers.push(container({ hostPort: first, status: "exited" }));
    await expect(choose(undefined)).resolves.toBe(first);
});

test("a running stack keeps its port, which it holds itself", async () => {
    publish("server", second);
    await expect(choose(undefined, { port: second, running: true })).resolves.toBe(second);
    await expect(choose(second, { port: second, running: true })).resolves.toBe(second);
});

test("a stopped stack keeps its port while it is free", async () => {
    await expect(choose(undefined, { port: third, running: false })).resolves.toBe(third);
    await take(third);
    await expect(choose(undefined, { port: third, running: false })).resolves.toBe(first);
});

test("the configured port is taken, whatever the stack had", async () => {
    await expect(choose(third)).resolves.toBe(third);
    await expect(choose(third, { port: first, running: true })).resolves.toBe(third);
});

test.each([
    ["a container", () => publish("rival", third), "the container rival"],
    ["another program", () => take(third), "another program"],
])("a configured port that %s has is refused", async (_, occupy, who) => {
    await occupy();
    await expect(choose(third)).rejects.toThrow(
        new InputError(
            `The port ${third} is in use by ${who}. Set the key port of the configuration to a free one, or remove it to have one chosen.`,
        ),
    );
});

test("a configured port that the stopped stack had, but lost, is refused", async () => {
    publish("rival", third);
    await expect(choose(third, { port: third, running: false })).rejects.toThrow("in use by the container rival");
});

test("says so when no port of the row is free", async () => {
    publish("greedy", ...portCandidates(IDENTITY));
    await expect(choose(undefined)).rejects.toThrow(
        new InputError(
            "No free port was found on 127.0.0.1. Set the key port of the configuration to one that is free.",
        ),
    );
});
