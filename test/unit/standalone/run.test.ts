import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

const RUNNER = join(__dirname, "programs", "run-all.ts");
/** A run of all programs takes some two seconds, on a machine that has nothing else to do. */
const LONGEST_MS = 60_000;
const CONFIGURATION = { "tiny:list": '[1,{"a":"b"}]', "tiny:text": "1" };

const result = z.strictObject({
    program: z.string(),
    outputs: z.record(z.string(), z.unknown()).optional(),
    error: z.strictObject({ name: z.string(), message: z.string(), at: z.number() }).optional(),
});
type Result = z.output<typeof result>;

/** Runs programs of the folder `programs`. One that hangs has no result, and neither have those after it. */
async function run(programs: readonly string[], socket = "/nonexistent/docker.sock"): Promise<Result[]> {
    const args = ["-r", "tsx/cjs", RUNNER, JSON.stringify(CONFIGURATION), socket, ...programs];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: LONGEST_MS });
    const [stdout] = await Promise.all([text(child.stdout), once(child, "close")]);
    return stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => result.parse(JSON.parse(line)));
}

describe("a program without the Pulumi CLI", () => {
    const PROGRAMS = [
        "password",
        "unknown-type",
        "unknown-call",
        "throw-in-apply",
        "throw-unseen",
        "throw-at-load",
        "failing-handler",
        "needs-configuration",
    ];
    let results: Result[];

    beforeAll(async () => {
        results = await run(PROGRAMS);
    }, LONGEST_MS);

    test("none of them hangs", () => {
        expect(results.map((one) => one.program)).toEqual(PROGRAMS);
    });

    test("components, dependencies, secrets, configuration, hooks and outputs", () => {
        expect(results.find((one) => one.program === "password")).toEqual({
            program: "password",
            outputs: {
                both: expect.stringMatching(/^[A-Za-z0-9]{5}-[A-Za-z0-9]{6}$/),
                plain: 1,
                nested: { list: ["hidden", [1, { a: "b" }]], text: "1" },
                where: "tiny/test",
            },
        });
    });

    test.each([
        [
            "unknown-type",
            "InputError",
            /^The program declares the resource "my-pet" of type random:index\/randomPet:RandomPet, which the standalone runner does not know\. Use `pulumi up` for this program\.$/,
        ],
        [
            "unknown-call",
            "InputError",
            /^The program calls docker:index\/getRemoteImage:getRemoteImage, which the standalone runner does not know\. Use `pulumi up` for this program\.$/,
        ],
        ["throw-in-apply", "Error", /^thrown in apply$/],
        ["throw-unseen", "Error", /^thrown where nobody looks$/],
        ["throw-at-load", "Error", /^thrown at load$/],
        [
            "failing-handler",
            "Error",
            /^The resource role-one \(postgresql:index\/role:Role\) has no provider; the standalone runner needs an explicit one\.$/,
        ],
        ["needs-configuration", "InputError", /Missing required configuration variable 'tiny:missing'/],
    ])("%s ends with its error", (program, name, message) => {
        const { error, outputs } = results.find((one) => one.program === program) ?? {};
        expect(outputs).toBeUndefined();
        expect(error?.name).toBe(name);
        expect(error?.message).toMatch(message);
    });
});

test(
    "when a resource fails, the run ends after what is under way, and begins nothing else",
    async () => {
        const folder = mkdtempSync(join(tmpdir(), "fdw-stub-run-"));
        const socket = join(folder, "docker.sock");
        const asked: string[] = [];
        let answered = Number.POSITIVE_INFINITY;
        const engine = createServer(async (request, response) => {
            if (request.method === "GET") {
                // Whether this process runs in one of its containers: no.
                response.statusCode = 404;
                response.end("{}");
                return;
            }
            const { Name } = z.object({ Name: z.string() }).parse(JSON.parse(await text(request)));
            asked.push(Name);
            response.setHeader("content-type", "application/json");
            if (Name === "refused") {
                response.statusCode = 500;
                response.end(JSON.stringify({ message: "no such luck" }));
                return;
            }
            await sleep(500);
            answered = Date.now();
            response.end(JSON.stringify({ Id: Name }));
        });
        engine.listen(socket);
        await once(engine, "listening");
        try {
            const [{ error } = {}] = await run(["slow-and-failing"], socket);
            expect(error?.message).toMatch(/no such luck/);
            expect(error?.at).toBeGreaterThanOrEqual(answered);
            expect(asked.sort()).toEqual(["refused", "slow"]);
        } finally {
            engine.close();
            rmSync(folder, { recursive: true, force: true });
        }
    },
    LONGEST_MS,
);
