import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { joinNetwork, ownContainer, refuseOtherMachine } from "../../../docker/own-container";
import { InputError } from "../../../upstreams/errors";
import { container, type FakeEngine, fakeEngine } from "./fake-engine";

let engine: FakeEngine;

beforeEach(async () => {
    engine = await fakeEngine();
});
afterEach(async () => {
    await engine.close();
});

const endpoint = (host: string) => ({ host, source: "DOCKER_HOST", isDefault: false });

describe("the container that a process runs in", () => {
    test("is found by one of its ids, with its networks", async () => {
        engine.containers.push(container({ id: "job", name: "job", networks: ["build"] }));
        const own = await ownContainer(engine.docker, ["unknown", "job"]);
        expect(own).toEqual({ id: "job", networks: new Set(["build"]) });
    });

    test("is none where the engine knows none of the ids, and nothing is joined then", async () => {
        await expect(ownContainer(engine.docker, ["host"])).resolves.toBeUndefined();
        await joinNetwork(engine.docker, "n", ["host"]);
        expect(engine.changes).toEqual([]);
    });

    test("joins nothing twice", async () => {
        engine.containers.push(container({ id: "job", name: "job", networks: ["stack"] }));
        await joinNetwork(engine.docker, "stack", ["job"]);
        expect(engine.changes).toEqual([]);
    });
});

describe("an engine on another machine", () => {
    test.each(["tcp://10.1.2.3:2375", "tcp://docker:2376", "ssh://me@build.example.com", "https://[fd00::1]:2376"])(
        "%s is refused, with what to do",
        async (host) => {
            const refused = refuseOtherMachine(engine.docker, endpoint(host), []);
            await expect(refused).rejects.toThrow(InputError);
            await expect(refused).rejects.toThrow(
                /^Docker runs on another machine: \S+ \(from DOCKER_HOST\)\..*docker run/,
            );
            await expect(refused).rejects.not.toThrow(/me@/);
        },
    );

    test.each([
        "unix:///var/run/docker.sock",
        "npipe:////./pipe/docker_engine",
        "tcp://localhost:2375",
        "tcp://127.0.0.1:2375",
        "tcp://[::1]:2375",
        "ssh://me@127.0.0.1:2222",
    ])("%s is this one", async (host) => {
        await expect(refuseOtherMachine(engine.docker, endpoint(host), [])).resolves.toBeUndefined();
    });

    test("is none where the engine runs this very process", async () => {
        engine.containers.push(container({ id: "job", name: "job" }));
        await expect(
            refuseOtherMachine(engine.docker, endpoint("tcp://docker:2375"), ["job"]),
        ).resolves.toBeUndefined();
    });
});
