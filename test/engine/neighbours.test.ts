import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../docker/client";
import { identityLabels, LABEL } from "../../docker/labels";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack, type Outputs } from "./support/engine-stack";
import { EXAMPLE, expectExampleToWork } from "./support/example";

/** A server on a port of the loopback that Docker knows nothing of. */
async function listen(): Promise<{ server: Server; port: number }> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
    const address = server.address();
    if (address === null || typeof address === "string") {
        throw new Error("The server has no port.");
    }
    return { server, port: address.port };
}

function close(server: Server): Promise<void> {
    return new Promise((resolve) => server.close(() => resolve()));
}

describeEngine("stacks side by side on one Docker host", () => {
    let here: Checkout;
    let there: Checkout;
    let dev: EngineStack;
    let other: EngineStack;
    let elsewhere: EngineStack;
    let outputs: Outputs[];

    beforeAll(async () => {
        here = await Checkout.create();
        there = await Checkout.create();
        dev = await EngineStack.create(here);
        other = await EngineStack.create(here, "other");
        elsewhere = await EngineStack.create(there);
        for (const stack of [dev, other, elsewhere]) {
            await stack.configure(EXAMPLE);
        }
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await here?.remove();
        await there?.remove();
    }, TEST_TIMEOUT_MS);

    test("two stacks of a project, and the same stack of another checkout, come up together", async () => {
        const ups = await Promise.all([dev, other, elsewhere].map((stack) => stack.up()));
        outputs = ups.map((up) => up.outputs);
        expect(new Set(outputs.map((one) => one.containerName)).size).toBe(3);
        expect(new Set(outputs.map((one) => one.networkName)).size).toBe(3);
        expect(new Set(outputs.map((one) => new URL(one.devUrl).port)).size).toBe(3);
        for (const { devUrl } of outputs) {
            await expectExampleToWork(devUrl);
        }
    });

    test("a port that a neighbour has is refused, with the neighbour's name", async () => {
        const taken = (await elsewhere.container()).hostPort ?? 0;
        await dev.configure({ ...EXAMPLE, port: taken });
        const before = await here.leftovers();
        await expect(dev.up()).rejects.toThrow(
            new RegExp(
                `The port ${taken} is in use by the container ${elsewhere.objectName}\\. Set the key port of the configuration`,
            ),
        );
        await expect(here.leftovers()).resolves.toEqual(before);
    });

    test("destroying one leaves the others alone", async () => {
        await dev.destroy();
        await expect(here.leftovers()).resolves.toEqual({
            containers: [`/${other.objectName}`],
            networks: [other.objectName],
            volumes: [other.objectName],
        });
        await expectExampleToWork(outputs[1]?.devUrl ?? "");
        await expectExampleToWork(outputs[2]?.devUrl ?? "");
        await elsewhere.destroy();
        await expect(there.leftovers()).resolves.toEqual(NOTHING);
    });

    test("a port that another program has is refused; once it is free, up takes it", async () => {
        const { server, port } = await listen();
        await other.configure({ ...EXAMPLE, port });
        await expect(other.up()).rejects.toThrow(`The port ${port} is in use by another program.`);
        await close(server);
        const { outputs: moved } = await other.up();
        expect(new URL(moved.devUrl).port).toBe(String(port));
        await expectExampleToWork(moved.devUrl);
    });

    test("a stack that the standalone runner made is refused and left alone", async () => {
        const docker = await connectDocker();
        const created = await docker.createContainer({
            name: dev.objectName,
            Image: (await other.container()).imageId,
            Labels: { ...identityLabels(dev.identity), [LABEL.madeBy]: "standalone" },
        });
        await dev.configure(EXAMPLE);
        await expect(dev.up()).rejects.toThrow(
            /The stack "dev" was made by the standalone runner.*fdw-stub down --stack dev/,
        );
        expect((await dev.container()).id).toBe(created.id);
        await created.remove({ force: true, v: true });
    });

    test("a container of somebody else's that has the name is refused and left alone", async () => {
        const docker = await connectDocker();
        const created = await docker.createContainer({
            name: dev.objectName,
            Image: (await other.container()).imageId,
        });
        await expect(dev.preview()).rejects.toThrow(/A container called \S+ exists that this stack did not make/);
        expect((await dev.container()).id).toBe(created.id);
        await created.remove({ force: true, v: true });
    });
});
