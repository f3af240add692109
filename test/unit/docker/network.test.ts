import { afterEach, beforeEach, expect, test } from "vitest";
import { identityLabels, type StackIdentity } from "../../../docker/labels";
import { waitForNetwork } from "../../../docker/network";
import { type FakeEngine, fakeEngine } from "./fake-engine";

const IDENTITY: StackIdentity = { directory: "/network", project: "p", stack: "dev", component: "db" };

let engine: FakeEngine;
beforeEach(async () => {
    engine = await fakeEngine();
});
afterEach(() => engine.close());

test("waits for the stack's own network, and for no other of its name", async () => {
    const waiting = waitForNetwork(engine.docker, "net", { identity: IDENTITY });
    engine.networks.push({ id: "a", name: "net", labels: {} });
    const meanwhile = new Promise((resolve) => setTimeout(resolve, 100, "not there"));
    await expect(Promise.race([waiting, meanwhile])).resolves.toBe("not there");
    engine.networks.push({ id: "b", name: "network", labels: identityLabels(IDENTITY) });
    engine.networks.splice(0, 1, { id: "c", name: "net", labels: identityLabels(IDENTITY) });
    await waiting;
});

test("gives up where none comes about, or where nobody waits any more", async () => {
    await expect(waitForNetwork(engine.docker, "net", { limitMs: 50 })).rejects.toThrow("was not made within 0.05 s");
    const ended = new AbortController();
    const waiting = waitForNetwork(engine.docker, "net", { signal: ended.signal });
    ended.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
});
