import { afterAll, beforeAll, expect, test } from "vitest";
import { Checkout } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack, type Outputs } from "./support/engine-stack";
import { EXAMPLE, expectExampleToWork } from "./support/example";
import { damage, REFRESH_FAULTS, SERVER_FAULTS } from "./support/faults";

describeEngine("a stack whose server or state was damaged", () => {
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

    test.each(Object.entries({ ...SERVER_FAULTS, ...REFRESH_FAULTS }))(
        "one plain up heals it: %s",
        async (_, fault) => {
            await damage(stack, outputs, fault);
            const healed = await stack.up();
            expect(healed.outputs).toEqual(outputs);
            await expectExampleToWork(outputs.devUrl);
        },
    );

    test("healed for good: the next up changes nothing", async () => {
        expect(Object.keys((await stack.up()).changes)).toEqual(["same"]);
    });

    test("a container whose state was lost is replaced, under a new password and the same port", async () => {
        const before = await stack.container();
        const reborn = await EngineStack.create(checkout, stack.name, checkout.newBackend());
        const healed = (await reborn.up()).outputs;
        expect((await reborn.container()).id).not.toBe(before.id);
        expect(healed.devUrl).not.toBe(outputs.devUrl);
        expect(new URL(healed.devUrl).port).toBe(new URL(outputs.devUrl).port);
        await expectExampleToWork(healed.devUrl);
    });
});
