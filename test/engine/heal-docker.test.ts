import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../docker/client";
import { Checkout } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack, type Outputs } from "./support/engine-stack";
import { EXAMPLE, expectExampleToWork } from "./support/example";
import { DOCKER_FAULTS, damage } from "./support/faults";
import { rows } from "./support/scenario";

describeEngine("a stack whose container or network was lost", () => {
    let checkout: Checkout;
    let stack: EngineStack;
    let outputs: Outputs;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        await stack.configure(EXAMPLE);
        outputs = (await stack.up()).outputs;
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    test.each(Object.entries(DOCKER_FAULTS))("one plain up heals it: %s", async (_, fault) => {
        await damage(stack, outputs, fault);
        const healed = await stack.up();
        expect(healed.outputs).toEqual(outputs);
        await expectExampleToWork(outputs.devUrl);
        await expect(checkout.leftovers()).resolves.toEqual({
            containers: [`/${stack.objectName}`],
            networks: [stack.objectName],
            volumes: [stack.objectName],
        });
    });

    test("healed for good: the next up changes nothing", async () => {
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
    });

    test("after a restart of the container the URL is still good, and up has nothing to do", async () => {
        const docker = await connectDocker();
        await docker.getContainer(stack.objectName).restart({ t: 5 });
        await expect
            .poll(() => rows(outputs.devUrl, "SELECT 1 AS one").catch(String), { timeout: 20_000 })
            .toEqual([{ one: 1 }]);
        await expectExampleToWork(outputs.devUrl);
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
    });

    test("an up while the server is still starting waits for it, and changes nothing", async () => {
        const container = (await connectDocker()).getContainer(stack.objectName);
        await container.stop({ t: 5 });
        await container.start();
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
        await expectExampleToWork(outputs.devUrl);
    });

    test("a network that was made and not written down is made anew, around the running container", async () => {
        const { id } = await stack.container();
        await stack.forget("docker:index/network:Network");
        const healed = await stack.up();
        expect(healed.changes).toEqual({ create: 1, same: expect.any(Number) });
        expect(healed.outputs).toEqual(outputs);
        expect((await stack.container()).id).toBe(id);
        await expectExampleToWork(outputs.devUrl);
    });
});
