import { afterAll, beforeAll, expect, test } from "vitest";
import { Checkout, NOTHING } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack } from "./support/engine-stack";
import { EXAMPLE } from "./support/example";
import { DOCKER_FAULTS, damage, type Fault, REFRESH_FAULTS } from "./support/faults";

const FAULTS: Readonly<Record<string, Fault>> = { ...DOCKER_FAULTS, ...REFRESH_FAULTS };

describeEngine("destroy", () => {
    let checkout: Checkout;
    let stack: EngineStack;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        await stack.configure(EXAMPLE);
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    // Not all of them: those left out differ in nothing that destroy looks at.
    test.each([
        "the container is removed",
        "the container is stopped",
        "the server hangs",
        "the network is removed under the container",
        "the container and the network are removed",
        "a refresh failed because the container was gone",
    ])("leaves nothing after this: %s", async (name) => {
        const fault = FAULTS[name];
        if (fault === undefined) {
            throw new Error(`There is no fault called ${name}.`);
        }
        const { outputs } = await stack.up();
        await damage(stack, outputs, fault);
        await stack.destroy();
        await expect(checkout.leftovers()).resolves.toEqual(NOTHING);
        await expect(stack.resourceTypes()).resolves.toEqual([]);
    });
});
