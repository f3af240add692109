import type * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
    emptyVolume,
    removeLeftoverContainer,
    removeLeftoverDatabase,
    replaceLeftoverNetwork,
} from "../../../components/leftovers";
import { identityLabels, LABEL, type StackIdentity, stackName } from "../../../docker/labels";
import { withClient } from "../../../server/connect";
import { container, type FakeEngine, fakeEngine } from "../docker/fake-engine";

vi.mock("../../../server/connect", { spy: true });

const IDENTITY: StackIdentity = { directory: "/leftovers", project: "p", stack: "dev", component: "db" };
const NAME = stackName(IDENTITY);
const OWN = identityLabels(IDENTITY);
const FOREIGN = { ...OWN, [LABEL.directory]: "/elsewhere" };
const ARGS: pulumi.ResourceHookArgs = { urn: "", id: "", name: "", type: "" };

let engine: FakeEngine;
beforeEach(async () => {
    engine = await fakeEngine();
    vi.stubEnv("DOCKER_HOST", engine.host);
    vi.mocked(withClient).mockReset().mockResolvedValue(undefined);
});
afterEach(async () => {
    vi.unstubAllEnvs();
    await engine.close();
});

describe("removeLeftoverContainer", () => {
    test.each(["running", "exited", "created"] as const)("removes the stack's own that is %s", async (status) => {
        engine.containers.push(container({ id: "a", name: NAME, labels: OWN, status }));
        await removeLeftoverContainer(NAME, IDENTITY)(ARGS);
        expect(engine.changes).toEqual(["DELETE /containers/a?force=true&v=true"]);
    });

    test.each([
        ["nothing is there", []],
        ["it carries no labels", [container({ name: NAME })]],
        ["it is another checkout's", [container({ name: NAME, labels: FOREIGN })]],
        ["it has another name", [container({ name: `${NAME}-2`, labels: OWN })]],
    ])("touches nothing where %s", async (_, containers) => {
        engine.containers.push(...containers);
        await removeLeftoverContainer(NAME, IDENTITY)(ARGS);
        expect(engine.changes).toEqual([]);
    });

    test("does not mind one that goes by itself, but passes other failures on", async () => {
        engine.containers.push(container({ id: "a", name: NAME, labels: OWN }));
        engine.failing.set("/containers/a", 404);
        await removeLeftoverContainer(NAME, IDENTITY)(ARGS);
        engine.failing.set("/containers/a", 500);
        await expect(removeLeftoverContainer(NAME, IDENTITY)(ARGS)).rejects.toThrow("out of order");
    });
});

describe("replaceLeftoverNetwork", () => {
    const hooks = () => replaceLeftoverNetwork(NAME, IDENTITY);

    test("removes the stack's own, and lets a container that was in it into the new one", async () => {
        engine.containers.push(container({ id: "a", name: NAME, labels: OWN, networks: [NAME] }));
        engine.networks.push({ id: "n", name: NAME, labels: OWN });
        const { remove, attach } = hooks();
        await remove(ARGS);
        const removed = ['POST /networks/n/disconnect {"Container":"a","Force":true}', "DELETE /networks/n"];
        expect(engine.changes).toEqual(removed);
        engine.networks.push({ id: "new", name: NAME, labels: OWN });
        await attach(ARGS);
        expect(engine.changes).toEqual([...removed, 'POST /networks/new/connect {"Container":"a"}']);
    });

    test.each([
        ["was not in it", container({ id: "a", name: NAME, labels: OWN, networks: [] })],
        ["is somebody else's", container({ id: "a", name: NAME, labels: FOREIGN, networks: [NAME] })],
    ])("leaves a container alone that %s", async (_, one) => {
        engine.containers.push(one);
        engine.networks.push({ id: "n", name: NAME, labels: OWN });
        const { remove, attach } = hooks();
        await remove(ARGS);
        engine.networks.push({ id: "new", name: NAME, labels: OWN });
        await attach(ARGS);
        expect(engine.changes).toEqual(["DELETE /networks/n"]);
    });

    test("touches neither somebody else's network nor a container without its network", async () => {
        engine.containers.push(container({ id: "a", name: NAME, labels: OWN }));
        engine.networks.push({ id: "n", name: NAME, labels: FOREIGN }, { id: "m", name: `${NAME}x`, labels: OWN });
        await hooks().remove(ARGS);
        expect(engine.changes).toEqual([]);
    });
});

describe("emptyVolume", () => {
    const create = `POST /volumes/create ${JSON.stringify({ Name: NAME, Labels: OWN })}`;

    test("makes the stack's own volume anew, and frees it first", async () => {
        engine.containers.push(container({ id: "a", name: NAME, labels: OWN }));
        engine.volumes.push({ Name: NAME, Labels: OWN });
        await emptyVolume(NAME, IDENTITY, OWN)(ARGS);
        expect(engine.changes).toEqual(["DELETE /containers/a?force=true&v=true", `DELETE /volumes/${NAME}`, create]);
    });

    test("makes one where none is", async () => {
        await emptyVolume(NAME, IDENTITY, OWN)(ARGS);
        expect(engine.changes).toEqual([`DELETE /volumes/${NAME}`, create]);
    });

    test("refuses somebody else's, and touches nothing", async () => {
        engine.containers.push(container({ id: "a", name: NAME, labels: OWN }));
        engine.volumes.push({ Name: NAME, Labels: FOREIGN });
        await expect(emptyVolume(NAME, IDENTITY, OWN)(ARGS)).rejects.toThrow(
            `A volume called ${NAME} exists that this stack did not make. Remove it: docker volume rm ${NAME}`,
        );
        expect(engine.changes).toEqual([]);
    });
});

describe("removeLeftoverDatabase", () => {
    /** What the hook sends to the server. */
    async function sent(database: string): Promise<unknown[]> {
        const query = vi.fn();
        await removeLeftoverDatabase(NAME, database)(ARGS);
        for (const [address, work] of vi.mocked(withClient).mock.calls) {
            const { Client } = await import("pg");
            const client = new Client();
            vi.spyOn(client, "query").mockImplementation(query);
            await work(client);
            query(address);
        }
        return query.mock.calls.map(([first]) => first);
    }

    test("drops it by its quoted name, from outside of it", async () => {
        engine.containers.push(
            container({ name: NAME, env: ["POSTGRES_USER=me", "POSTGRES_PASSWORD=pw"], hostPort: 1234 }),
        );
        await expect(sent('Odd "db"')).resolves.toEqual([
            'DROP DATABASE IF EXISTS "Odd ""db""" WITH (FORCE)',
            { host: "127.0.0.1", port: 1234, user: "me", password: "pw", database: "postgres" },
        ]);
    });

    test("does nothing without a server", async () => {
        await expect(sent("dev")).resolves.toEqual([]);
        engine.containers.push(container({ name: NAME, hostPort: undefined }));
        await expect(sent("dev")).resolves.toEqual([]);
    });
});
