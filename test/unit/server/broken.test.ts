import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findContainer, type ServerContainer } from "../../../docker/server";
import { whyIncomplete, whyUnusable } from "../../../server/broken";
import { type Expected, missingFrom } from "../../../server/completeness";
import { container, type FakeContainer, type FakeEngine, fakeEngine } from "../docker/fake-engine";

vi.mock("../../../server/completeness", { spy: true });

const EXPECTED: Expected = { servers: [], stubs: [], roles: ["svc"], devDatabase: "dev" };
const REFUSED = new Error("connect ECONNREFUSED");

let engine: FakeEngine;

beforeEach(async () => {
    engine = await fakeEngine();
    vi.mocked(missingFrom).mockReset().mockResolvedValue([]);
});
afterEach(async () => {
    await engine.close();
});

/** Makes the engine's container another one, and answers what the client sees of it. */
async function becomes(more: Partial<FakeContainer>): Promise<ServerContainer> {
    engine.containers.splice(0, engine.containers.length, container(more));
    const found = await findContainer(engine.docker, "server");
    if (found === undefined) {
        throw new Error("The fake engine has lost its container.");
    }
    return found;
}

describe("whyUnusable", () => {
    test.each([
        [{}, undefined],
        [{ status: "exited" }, "its container is exited"],
        [{ status: "paused" }, "its container is paused"],
        [{ status: "restarting" }, "its container is restarting"],
        [{ networks: ["bridge"] }, "its network is gone"],
    ] as const)("%o: %s", async (more, why) => {
        expect(whyUnusable(await becomes(more), "server")).toBe(why);
    });
});

describe("whyIncomplete", () => {
    test("a whole server has nothing", async () => {
        expect(await whyIncomplete(engine.docker, await becomes({}), EXPECTED)).toBeUndefined();
    });

    test("says what a server lacks", async () => {
        vi.mocked(missingFrom).mockResolvedValue(['the role "svc"', 'the database "dev"']);
        expect(await whyIncomplete(engine.docker, await becomes({}), EXPECTED)).toBe(
            'it lacks the role "svc", the database "dev"',
        );
    });

    test("says that the port is gone", async () => {
        expect(await whyIncomplete(engine.docker, await becomes({ hostPort: undefined }), EXPECTED)).toBe(
            "its container has no published port",
        );
        expect(missingFrom).not.toHaveBeenCalled();
    });

    test.each(["healthy", "unhealthy", undefined] as const)(
        "one that is %s and does not answer is asked once",
        async (health) => {
            vi.mocked(missingFrom).mockRejectedValue(REFUSED);
            const found = await becomes(health === undefined ? {} : { health });
            expect(await whyIncomplete(engine.docker, found, EXPECTED)).toBe(
                "its server does not answer (connect ECONNREFUSED)",
            );
            expect(missingFrom).toHaveBeenCalledTimes(1);
        },
    );

    test("one that is starting is waited for", async () => {
        vi.mocked(missingFrom).mockRejectedValueOnce(REFUSED).mockRejectedValueOnce(REFUSED).mockResolvedValue([]);
        expect(await whyIncomplete(engine.docker, await becomes({ health: "starting" }), EXPECTED)).toBeUndefined();
        expect(missingFrom).toHaveBeenCalledTimes(3);
    });

    test("one that became healthy between two looks is asked once more", async () => {
        const found = await becomes({ health: "starting" });
        vi.mocked(missingFrom).mockImplementationOnce(async () => {
            await becomes({ health: "healthy" });
            throw REFUSED;
        });
        expect(await whyIncomplete(engine.docker, found, EXPECTED)).toBeUndefined();
        expect(missingFrom).toHaveBeenCalledTimes(2);
    });

    test.each(["exited", "restarting"] as const)("one that is %s meanwhile is given up", async (status) => {
        const found = await becomes({ health: "starting" });
        vi.mocked(missingFrom).mockImplementation(async () => {
            await becomes({ status });
            throw REFUSED;
        });
        expect(await whyIncomplete(engine.docker, found, EXPECTED)).toBe(
            "its server does not answer (connect ECONNREFUSED)",
        );
        expect(missingFrom).toHaveBeenCalledTimes(1);
    });
});
