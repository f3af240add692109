import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { STAND_IN_MAJORS } from "../../../docker/reference";
import { type EnsureImageOptions, ensureImage } from "../../../setup/image";
import { jsonLines } from "../../../setup/json-lines";
import type { Machine, MachineFacts } from "../../../setup/machine";
import { type PullEvent, type PullProgress, pullProgress } from "../../../setup/pull-progress";
import { RECIPE } from "../../../setup/stand-in";
import { type FakeEngine, fakeEngine, postgresImage, refuse, stream } from "./fake-engine";

const STAND_IN = "fdw-stub/postgres-stand-in:18";
const NO_NETWORK = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host';
const LABELS = { "fdw-stub.stand-in": "forky postgresql-18 18.1", "fdw-stub.recipe": RECIPE };

function machine(facts: Partial<MachineFacts> = {}, commands: readonly string[] = ["debootstrap"]): Machine {
    return {
        facts: { family: "debian", name: "Debian 12", root: true, wsl: false, systemd: false, ...facts },
        has: (command) => commands.includes(command),
        run: async () => ({ status: 0, output: "" }),
        startDaemon: () => ({ ended: () => true }),
        tail: () => "",
    };
}

let engine: FakeEngine;
let folder: string;
let said: string[];

beforeEach(async () => {
    engine = await fakeEngine();
    folder = mkdtempSync(join(tmpdir(), "setup-image-"));
    said = [];
});

afterEach(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
});

/** Options with a script in place of the one that builds the stand-in. */
function options(script = "exit 9", more: Partial<EnsureImageOptions> = {}): EnsureImageOptions {
    const path = join(folder, "build.sh");
    writeFileSync(path, script);
    return { log: (line) => said.push(line), machine: machine(), script: path, ...more };
}

describe("ensureImage", () => {
    test("takes a local image without asking a registry", async () => {
        engine.images.set("postgres:18", postgresImage(18));
        expect(await ensureImage(engine.docker, "postgres:18", options())).toEqual({
            reference: "postgres:18",
            id: "sha256:18",
            major: 18,
            standIn: false,
        });
        expect([engine.pulls, said]).toEqual([[], []]);
    });

    test("pulls what is not there and tells how far it is", async () => {
        engine.onPull = (name, response) => {
            engine.images.set(name, postgresImage(17));
            stream(response, [
                { status: "Pulling from library/postgres", id: "17" },
                { status: "Pulling fs layer", id: "a", progressDetail: {} },
                { status: "Downloading", id: "a", progressDetail: { current: 10, total: 40 } },
                { status: "Download complete", id: "a", progressDetail: {} },
                { status: "Pull complete", id: "a", progressDetail: {} },
                { status: "Status: Downloaded newer image" },
            ]);
        };
        const steps: PullProgress[] = [];
        const image = await ensureImage(
            engine.docker,
            "postgres:17",
            options("exit 9", { onProgress: (step) => steps.push(step) }),
        );
        expect(image).toEqual({ reference: "postgres:17", id: "sha256:17", major: 17, standIn: false });
        expect(engine.pulls).toEqual(["postgres:17"]);
        expect(steps.map((step) => step.bytes)).toEqual([0, 0, 10, 40, 40, 40]);
        expect(steps.at(-1)).toEqual({ bytes: 40, totalBytes: 40, layersDone: 1, layers: 1 });
    });

    test.each([
        ["a refusal", (response: Parameters<typeof refuse>[0]) => refuse(response, 500, NO_NETWORK)],
        ["an event", (response: Parameters<typeof refuse>[0]) => stream(response, [{ error: NO_NETWORK }])],
    ])("where no registry answers (%s) the stand-in that is there takes its place", async (_, answer) => {
        engine.images.set(STAND_IN, postgresImage(18, LABELS));
        engine.onPull = (__, response) => answer(response);
        expect(await ensureImage(engine.docker, "postgres:18.1-bookworm", options())).toEqual({
            reference: STAND_IN,
            id: "sha256:18",
            major: 18,
            standIn: true,
        });
        expect(said).toEqual([expect.stringContaining("stands in for postgres:18.1-bookworm")]);
    });

    test("where the registry says nothing for too long the stand-in takes its place", async () => {
        engine.images.set(STAND_IN, postgresImage(18, LABELS));
        engine.onPull = () => undefined;
        const image = await ensureImage(engine.docker, "postgres:18", options("exit 9", { stallLimitMs: 50 }));
        expect(image.reference).toBe(STAND_IN);
    });

    test("a pull that stalls half-way is given up", async () => {
        engine.onPull = (_, response) => {
            response.writeHead(200);
            response.write('{"status":"Pulling fs layer","id":"a"}\n');
        };
        await expect(ensureImage(engine.docker, "acme/db:18", options("exit 9", { stallLimitMs: 50 }))).rejects.toThrow(
            /"acme\/db:18".*docker\.io does not answer: no progress for 0\.05 s/,
        );
    });

    test("builds the stand-in where there is none", async () => {
        engine.onPull = (_, response) => refuse(response, 500, NO_NETWORK);
        engine.onLoad = () => {
            engine.images.set(STAND_IN, postgresImage(18, LABELS));
            return [{ stream: "Loaded image" }];
        };
        const script = 'echo "Building $2" >&2; printf "archive of %s" "$2"';
        const image = await ensureImage(engine.docker, "postgres:18", options(script));
        expect(image).toEqual({ reference: STAND_IN, id: "sha256:18", major: 18, standIn: true });
        expect(engine.loads).toEqual(["archive of 18"]);
        expect(said).toContain("Building 18");
    });

    test("the stand-in's own name is built and never pulled", async () => {
        engine.onLoad = () => {
            engine.images.set(STAND_IN, postgresImage(18, LABELS));
            return [];
        };
        expect((await ensureImage(engine.docker, STAND_IN, options("printf x"))).standIn).toBe(true);
        expect(engine.pulls).toEqual([]);
    });

    test("a stand-in of an older recipe is built anew, and used where that fails", async () => {
        engine.images.set(STAND_IN, postgresImage(18, { ...LABELS, "fdw-stub.recipe": "0" }));
        engine.onLoad = () => {
            engine.images.set(STAND_IN, { ...postgresImage(18, LABELS), Id: "sha256:new" });
            return [];
        };
        const old = await ensureImage(engine.docker, STAND_IN, options('echo "error: no mirror" >&2; exit 1'));
        expect(old.id).toBe("sha256:18");
        expect(said).toEqual([expect.stringMatching(/no mirror.*older stand-in/)]);
        expect((await ensureImage(engine.docker, STAND_IN, options("printf x"))).id).toBe("sha256:new");
    });

    test("waits for the image of a build that another process ran", async () => {
        setTimeout(() => engine.images.set(STAND_IN, postgresImage(18, LABELS)), 300);
        expect((await ensureImage(engine.docker, STAND_IN, options("exit 75"))).id).toBe("sha256:18");
        expect(engine.loads).toEqual([]);
    });

    test.each<[string, string, Partial<MachineFacts>, string[], RegExp]>([
        [
            "a failed build",
            'echo "error: no mirror" >&2; exit 1',
            {},
            ["debootstrap"],
            /does not answer.*\n.*PostgreSQL 18 could be built: no mirror/,
        ],
        ["macOS", "", { family: "macos", name: "macOS" }, [], /does not answer.*\n.*Linux only, not on macOS/],
        [
            "an ordinary user",
            "",
            { root: false },
            ["debootstrap"],
            /does not answer.*\n.*sudo setup\/stand-in\/build\.sh 18/,
        ],
        [
            "no debootstrap",
            "",
            { family: "arch", name: "Arch Linux" },
            [],
            /does not answer.*\n.*debootstrap is installed/,
        ],
        ["a script that makes nothing", "exit 0", {}, ["debootstrap"], /is not there/],
    ])("says both reasons where no stand-in can be built: %s", async (_, script, facts, commands, message) => {
        engine.onPull = (__, response) => refuse(response, 500, NO_NETWORK);
        await expect(
            ensureImage(engine.docker, "postgres:18", options(script, { machine: machine(facts, commands) })),
        ).rejects.toThrow(message);
    });

    test("says what Docker says when it does not take the archive", async () => {
        engine.onLoad = () => [{ error: "write /x: no space left on device" }];
        await expect(ensureImage(engine.docker, STAND_IN, options("printf x; sleep 0.2"))).rejects.toThrow(
            /disk is full/,
        );
    });

    test.each([
        [
            "postgres:99",
            404,
            "manifest for postgres:99 not found: manifest unknown",
            /no image "postgres:99".*fdw-stub:image/,
        ],
        [
            "postgress:18",
            404,
            "pull access denied for postgress, repository does not exist or may require 'docker login': denied",
            /does not know "library\/postgress".*docker login/,
        ],
        [
            "ghcr.io/acme/db:1",
            500,
            'Head "https://ghcr.io/v2/acme/db/manifests/1": unauthorized',
            /registry ghcr\.io does not know "acme\/db"/,
        ],
        ["postgres:18", 429, "toomanyrequests: You have reached your pull rate limit", /no more images for a while/],
        ["postgres:18", 500, "x509: certificate signed by unknown authority", /does not trust the certificate/],
        ["postgres:18", 500, "no matching manifest for linux/s390x in the manifest list entries", /architecture/],
        ["postgres:18", 500, "write /var/lib/docker/x: no space left on device", /disk is full/],
        [
            "postgres:16",
            500,
            NO_NETWORK,
            /"postgres:16" is not on this machine and the registry docker\.io does not answer/,
        ],
        ["postgres:18-alpine", 500, NO_NETWORK, /"postgres:18-alpine" is not on this machine/],
    ])("%s refused with %i %s", async (reference, status, text, message) => {
        engine.images.set(STAND_IN, postgresImage(18, LABELS));
        engine.onPull = (_, response) => refuse(response, status, text);
        await expect(ensureImage(engine.docker, reference, options())).rejects.toThrow(message);
    });

    test("refuses images without PostgreSQL or with an old one, local or pulled", async () => {
        engine.images.set("redis:8", { Id: "x", Config: { Env: [] } });
        engine.onPull = (name, response) => {
            engine.images.set(name, postgresImage(13));
            stream(response, []);
        };
        await expect(ensureImage(engine.docker, "redis:8", options())).rejects.toThrow(/"redis:8" has no PostgreSQL/);
        await expect(ensureImage(engine.docker, "postgres:13", options())).rejects.toThrow(
            /PostgreSQL 13; 14 or newer/,
        );
    });

    test("an engine that is gone is not taken for a registry that is", async () => {
        const docker = new Docker({ socketPath: join(folder, "none.sock") });
        await expect(ensureImage(docker, "postgres:18", options())).rejects.toThrow(/ENOENT/);
    });
});

test("the script and this program agree on the recipe and the versions", () => {
    const script = readFileSync(join(__dirname, "../../../setup/stand-in/build.sh"), "utf8");
    expect(/^recipe=(\S+)$/m.exec(script)?.[1]).toBe(RECIPE);
    const majors = [...script.matchAll(/^ {4}(\d+)\) suite=/gm)].map(([, major]) => Number(major));
    expect(majors).toEqual(STAND_IN_MAJORS);
});

test("progress never goes back and never passes the total", () => {
    const event = fc.record<PullEvent>(
        {
            id: fc.constantFrom("a", "b", "c"),
            status: fc.constantFrom(
                "Pulling fs layer",
                "Waiting",
                "Downloading",
                "Verifying Checksum",
                "Download complete",
                "Extracting",
                "Pull complete",
                "Already exists",
            ),
            progressDetail: fc
                .nat(1000)
                .chain((total) => fc.record({ total: fc.constant(total), current: fc.nat(total) })),
        },
        { requiredKeys: ["status"] },
    );
    fc.assert(
        fc.property(fc.array(event, { maxLength: 40 }), (events) => {
            const add = pullProgress();
            let before: PullProgress = { bytes: 0, totalBytes: 0, layersDone: 0, layers: 0 };
            for (const one of events) {
                const now = add(one);
                expect(now.bytes).toBeLessThanOrEqual(now.totalBytes);
                expect(now.layersDone).toBeLessThanOrEqual(now.layers);
                expect(now.bytes).toBeGreaterThanOrEqual(before.bytes);
                expect(now.layersDone).toBeGreaterThanOrEqual(before.layersDone);
                before = now;
            }
        }),
    );
});

test("JSON lines come out whole however the stream is cut", async () => {
    await fc.assert(
        fc.asyncProperty(
            fc.array(fc.record({ text: fc.string({ unit: "binary" }) }), { maxLength: 8 }),
            fc.integer({ min: 1, max: 7 }),
            async (values, size) => {
                const bytes = Buffer.from(values.map((value) => JSON.stringify(value)).join("\r\n"));
                const source = new PassThrough();
                for (let at = 0; at < bytes.length; at += size) {
                    source.write(bytes.subarray(at, at + size));
                }
                source.end();
                const seen: unknown[] = [];
                for await (const value of jsonLines(source)) {
                    seen.push(value);
                }
                expect(seen).toEqual(values);
            },
        ),
    );
});
