import type Docker from "dockerode";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectDocker } from "../../../docker/client";
import { findDockerEndpoint } from "../../../docker/endpoint";
import { errorText } from "../../../docker/errors";
import { inspectImage } from "../../../docker/image";
import { ensureImage } from "../../../setup/image";
import type { PullProgress } from "../../../setup/pull-progress";
import { type Registry, serveImage } from "./registry";

let docker: Docker;
let registry: Registry | undefined;
let skipped: string | undefined;
let host = "";

beforeAll(async () => {
    try {
        // The engine must reach this process on the loopback address.
        const endpoint = findDockerEndpoint();
        docker = await connectDocker(endpoint);
        const { OperatingSystem } = await docker.info();
        if (
            process.platform !== "linux" ||
            /desktop/i.test(String(OperatingSystem)) ||
            !endpoint.host.startsWith("unix:")
        ) {
            skipped = "the Docker engine runs on another machine than the test";
        }
    } catch (error) {
        skipped = errorText(error);
    }
    if (skipped === undefined) {
        registry = await serveImage("18.1", ["PATH=/bin", "PG_MAJOR=18"]);
        host = registry.host;
    } else {
        console.warn(`Tests of pulling images are skipped: ${skipped}`);
    }
});

afterAll(async () => {
    await registry?.close();
});

beforeEach((context) => {
    if (skipped !== undefined) {
        context.skip(skipped);
    }
});

describe("ensureImage with a registry", { timeout: 60_000 }, () => {
    test("pulls an image once and tells how far it is", async () => {
        const reference = `${host}/db:18.1`;
        const said: string[] = [];
        const steps: PullProgress[] = [];
        const options = {
            log: (line: string) => said.push(line),
            onProgress: (step: PullProgress) => steps.push(step),
        };
        try {
            const image = await ensureImage(docker, reference, options);
            expect(image).toEqual({ reference, id: expect.stringMatching(/^sha256:/), major: 18, standIn: false });
            expect(said).toEqual([`Pulling ${reference}…`]);
            const last = steps.at(-1);
            expect(last).toMatchObject({ layers: 1, layersDone: 1 });
            expect(last?.bytes).toBeGreaterThan(2_000_000);
            expect(last?.bytes).toBe(last?.totalBytes);

            const count = steps.length;
            expect(await ensureImage(docker, reference, options)).toEqual(image);
            expect(steps).toHaveLength(count);
        } finally {
            if ((await inspectImage(docker, reference)) !== undefined) {
                await docker.getImage(reference).remove();
            }
        }
    });

    test.each([
        ["db:17", /There is no image ".*\/db:17"/],
        ["nothing:18", /There is no image ".*\/nothing:18"/],
        ["private/db:18", /does not know "private\/db", or does not let you have it.*docker login/],
        ["broken/db:18", /does not answer/],
    ])("%s", async (name, message) => {
        await expect(ensureImage(docker, `${host}/${name}`, { log: () => undefined })).rejects.toThrow(message);
    });

    test("a registry that is not there", async () => {
        await expect(ensureImage(docker, "127.0.0.1:1/db:18", { log: () => undefined })).rejects.toThrow(
            /registry 127\.0\.0\.1:1 does not answer/,
        );
    });
});
