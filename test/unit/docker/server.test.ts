import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findContainer, findContainers, findNetwork } from "../../../docker/server";
import { container, type FakeEngine, fakeEngine } from "./fake-engine";

let engine: FakeEngine;
beforeEach(async () => {
    engine = await fakeEngine();
});
afterEach(async () => {
    await engine.close();
});

describe("findContainer", () => {
    test("tells what a stack needs to know", async () => {
        engine.containers.push(
            container({
                labels: { "fdw-stub.stack": "dev" },
                env: ["PATH=/bin", "POSTGRES_USER=me", "POSTGRES_PASSWORD=a=b=c", "FLAG"],
                networks: ["server", "bridge"],
            }),
        );
        const found = await findContainer(engine.docker, "server");
        expect(found).toMatchObject({
            id: "c0ffee",
            name: "server",
            running: true,
            state: "running",
            labels: { "fdw-stub.stack": "dev" },
            image: "postgres:18",
            networks: ["server", "bridge"],
            hostPort: 25432,
            user: "me",
            password: "a=b=c",
        });
    });

    test.each([
        ["running", true],
        ["paused", false],
        ["restarting", false],
        ["exited", false],
        ["created", false],
        ["dead", false],
    ] as const)("takes one that is %s for running: %s", async (status, running) => {
        engine.containers.push(container({ status }));
        await expect(findContainer(engine.docker, "server")).resolves.toMatchObject({ running, state: status });
    });

    test("does without a port and without credentials", async () => {
        engine.containers.push(container({ env: [], hostPort: undefined }));
        const found = await findContainer(engine.docker, "c0ffee");
        expect([found?.hostPort, found?.user, found?.password]).toEqual([undefined, "postgres", ""]);
    });

    test("gives undefined where there is none, but passes other errors on", async () => {
        await expect(findContainer(engine.docker, "server")).resolves.toBeUndefined();
        engine.failing.set("/containers/server/json", 500);
        await expect(findContainer(engine.docker, "server")).rejects.toThrow("out of order");
    });
});

test("findContainers finds by all labels, stopped ones too", async () => {
    engine.containers.push(
        container({ id: "a", name: "a", labels: { x: "1", y: "2" }, status: "exited" }),
        container({ id: "b", name: "b", labels: { x: "1" } }),
        container({ id: "c", name: "c", labels: { x: "1", y: "3" } }),
    );
    const names = async (labels: Record<string, string>) =>
        (await findContainers(engine.docker, labels)).map((one) => one.name);
    await expect(names({ x: "1", y: "2" })).resolves.toEqual(["a"]);
    await expect(names({ x: "1" })).resolves.toEqual(["a", "b", "c"]);
    await expect(names({ x: "2" })).resolves.toEqual([]);
});

test("findContainers does without one that goes away meanwhile", async () => {
    engine.containers.push(container({ id: "a", labels: { x: "1" } }), container({ id: "b", labels: { x: "1" } }));
    engine.failing.set("/containers/a/json", 404);
    await expect(findContainers(engine.docker, { x: "1" })).resolves.toMatchObject([{ id: "b" }]);
});

describe("findNetwork", () => {
    test("takes the exact name only", async () => {
        engine.networks.push(
            { id: "1", name: "server-2", labels: {} },
            { id: "2", name: "server", labels: { x: "1" } },
        );
        await expect(findNetwork(engine.docker, "server")).resolves.toEqual({ id: "2", labels: { x: "1" } });
        await expect(findNetwork(engine.docker, "serve")).resolves.toBeUndefined();
    });
});
