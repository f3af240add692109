import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseImage, inspectImage } from "../../../docker/image";
import { type FakeEngine, fakeEngine } from "./fake-engine";

let engine: FakeEngine;
beforeEach(async () => {
    engine = await fakeEngine();
    engine.images.clear();
});
afterEach(async () => {
    await engine.close();
});

const STAND_IN = "fdw-stub/postgres-stand-in:18";

describe("chooseImage", () => {
    test.each<[string, string[], string, { reference: string; standIn: boolean }]>([
        ["the real one is there", ["postgres:18"], "postgres:18", { reference: "postgres:18", standIn: false }],
        ["both are there", ["postgres:18", STAND_IN], "postgres:18", { reference: "postgres:18", standIn: false }],
        ["the stand-in alone is there", [STAND_IN], "postgres:18", { reference: STAND_IN, standIn: true }],
        [
            "a stand-in for another version is there",
            [STAND_IN],
            "postgres:17",
            { reference: "postgres:17", standIn: false },
        ],
        [
            "somebody's own image is wanted",
            [STAND_IN],
            "me/postgres:18",
            { reference: "me/postgres:18", standIn: false },
        ],
        ["nothing is there", [], "postgres:18", { reference: "postgres:18", standIn: false }],
    ])("where %s", async (_, images, configured, expected) => {
        for (const image of images) {
            engine.images.set(image, ["PG_MAJOR=18"]);
        }
        await expect(chooseImage(engine.docker, configured)).resolves.toEqual(expected);
    });

    test.each<[string, string[], string]>([
        ["nginx:1", ["PATH=/bin"], 'The image "nginx:1" has no PostgreSQL in it'],
        ["postgres:13", ["PG_MAJOR=13"], 'The image "postgres:13" has PostgreSQL 13; 14 or newer is needed.'],
    ])("refuses %s before anything is made of it", async (image, env, message) => {
        engine.images.set(image, env);
        await expect(chooseImage(engine.docker, image)).rejects.toThrow(message);
    });

    test("refuses what is no reference", async () => {
        await expect(chooseImage(engine.docker, "Postgres 18")).rejects.toThrow(
            '"Postgres 18" is not an image reference',
        );
    });
});

test("inspectImage tells a missing image from an engine that fails", async () => {
    await expect(inspectImage(engine.docker, "postgres:18")).resolves.toBeUndefined();
    engine.failing.set("/images/postgres:18/json", 500);
    await expect(inspectImage(engine.docker, "postgres:18")).rejects.toThrow("out of order");
});
