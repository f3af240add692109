import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declareUpstream } from "../../components/derive";
import { runScene } from "../integration/connections/run-scene";
import { DBLINK, EXTENSIONS, LOOPBACK, type Scene, SHARDS } from "../integration/connections/scenes";
import { Checkout } from "./support/checkout";
import { describeEngine, TEST_TIMEOUT_MS } from "./support/cli";
import { EngineStack, type Outputs } from "./support/engine-stack";

const SCENES = [...SHARDS, ...LOOPBACK, ...EXTENSIONS, ...DBLINK];

describeEngine("connections, by the engine", () => {
    let checkout: Checkout;
    let stack: EngineStack;
    let outputs: Outputs;

    beforeAll(async () => {
        checkout = await Checkout.create();
        stack = await EngineStack.create(checkout);
        await stack.configure({ upstreams: SCENES.flatMap((scene) => scene.upstreams).map(declareUpstream) });
        ({ outputs } = await stack.up());
    }, TEST_TIMEOUT_MS);

    afterAll(async () => {
        await stack?.destroy();
        await checkout?.remove();
    }, TEST_TIMEOUT_MS);

    describe("a scene", () => {
        test.each(SCENES.map((scene): [string, Scene] => [scene.name, scene]))("%s", async (_, scene) => {
            await runScene(outputs.devUrl, scene);
        });
    });

    test("nothing changes by itself, and no key leaves the container", async () => {
        expect(await stack.preview()).toEqual({ same: expect.any(Number) });
        expect(stack.stateFile()).not.toMatch(/BEGIN (?:EC |ENCRYPTED )?PRIVATE KEY/);
    });
});
