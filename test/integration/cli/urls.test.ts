import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOfDev, passwordOf, rows } from "../../engine/support/scenario";
import { Checkout } from "../support/checkout";
import {
    environmentOf,
    everythingGoes,
    expectScenario,
    FDW_CONFIGURATION,
    FDW_SCHEMA,
    freshUrlOf,
} from "../support/fresh-stack";

const run = promisify(execFile);

let checkout: Checkout;
let devUrl: string;

beforeAll(async () => {
    checkout = await Checkout.create({ ...FDW_CONFIGURATION, stock: 4, kept: 0 });
    devUrl = await checkout.up();
});

afterAll(async () => {
    await checkout?.remove();
});

describe("env", () => {
    test("can be evaluated by a shell", async () => {
        const { stdout: text } = await checkout.succeed(["env"]);
        const { stdout } = await run("sh", [
            "-c",
            'eval "$1"; printf "%s\\n" "$DEV_URL" "$ATLAS_DEV_URL" "$FDW_STUB_URL"',
            "sh",
            text,
        ]);
        expect(stdout.trim().split("\n")).toEqual([devUrl, devUrl, devUrl.replace("/dev?", "/fdw_stub?")]);
    });

    test("writes to the file of GitHub Actions and masks the password", async () => {
        checkout.write("github-env", "BEFORE=1\n");
        const env = { GITHUB_ENV: join(checkout.directory, "github-env") };
        const { stdout } = await checkout.succeed(["env", "--format", "github"], { env });
        expect(stdout).toBe(`::add-mask::${passwordOf(devUrl)}\n`);
        const { stdout: dotenv } = await checkout.succeed(["env", "--format", "dotenv"]);
        expect(readFileSync(env.GITHUB_ENV, "utf8")).toBe(`BEFORE=1\n${dotenv}`);
    });

    test.each([
        [
            ["env", "--format", "github"],
            /^fdw-stub: GITHUB_ENV is not set: .* Elsewhere use --format sh or dotenv\.\n$/,
        ],
        [["env", "--format", "nope"], /^fdw-stub: --format "nope" is unknown; known are sh, dotenv, github\.\n$/],
    ])("%j is one clear error", async (args, message) => {
        const { code, stdout, stderr } = await checkout.run(args, { env: { GITHUB_ENV: "" } });
        expect(stderr).toMatch(message);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    });
});

describe("reset", () => {
    test("empties a dev database that is full and in use, each time", async () => {
        for (const _ of [1, 2]) {
            const client = new Client({ connectionString: devUrl });
            client.on("error", () => undefined);
            await client.connect();
            await client.query(FDW_SCHEMA);
            await expectScenario(devUrl);
            const { stdout, stderr } = await checkout.succeed(["reset"]);
            expect({ stdout, stderr }).toEqual({ stdout: "The database dev is empty again.\n", stderr: "" });
            await expect(contentOfDev(devUrl)).resolves.toEqual([]);
            await expect(client.query("SELECT 1")).rejects.toThrow();
            await client.end().catch(() => undefined);
        }
        // The stack takes it for its own.
        const { stdout } = await checkout.succeed(["up"]);
        expect(stdout).toContain("is up, unchanged");
    });
});

describe("atlas", () => {
    test("prints, writes once, and never overwrites", async () => {
        const folder = join(checkout.directory, "service");
        mkdirSync(join(folder, "structure"), { recursive: true });
        writeFileSync(join(folder, "structure", "1.sql"), "SELECT 1;\n");
        const printed = await checkout.succeed(["atlas", "--desired", "structure"], { cwd: folder });
        expect(printed.stdout).toContain('fileset("structure/**/*.sql")');
        expect(printed.stdout).not.toContain(passwordOf(devUrl));
        expect(printed.stdout).not.toContain(new URL(devUrl).port);
        const { stdout } = await checkout.succeed(["atlas", "--desired", "structure", "--write"], { cwd: folder });
        expect(stdout).toBe("Wrote atlas.hcl.\n");
        expect(readFileSync(join(folder, "atlas.hcl"), "utf8")).toBe(printed.stdout);
        writeFileSync(join(folder, "atlas.hcl"), "mine\n");
        const again = await checkout.run(["atlas", "--write"], { cwd: folder });
        expect(again.stderr).toMatch(/^fdw-stub: atlas\.hcl exists already and is left as it is\. /);
        expect(again).toMatchObject({ code: 1, stdout: "" });
        expect(readFileSync(join(folder, "atlas.hcl"), "utf8")).toBe("mine\n");
        const missing = await checkout.run(["atlas", "--desired", "nope.sql"], { cwd: folder });
        expect(missing).toMatchObject({ code: 1, stdout: "" });
        expect(missing.stderr).toMatch(/^fdw-stub: --desired "nope\.sql" does not exist\. /);
    });

    test("what the file asks for is an empty database each time, also for many at once", async () => {
        const { FDW_STUB_URL: maintenance = "" } = await environmentOf(checkout);
        const { stdout: printed } = await checkout.succeed(["atlas"]);
        expect(printed).toContain('query = "SELECT fdw_stub.fresh_database()"');
        const one = async () => {
            const url = await freshUrlOf(maintenance);
            await expect(contentOfDev(url)).resolves.toEqual([]);
            await rows(url, FDW_SCHEMA);
            await expectScenario(url);
        };
        await one();
        await one();
        await Promise.all(Array.from({ length: 6 }, one));
        await everythingGoes(devUrl);
    });

    test("the real CLI works with it on the stack's own URL", async (context) => {
        try {
            await run("atlas", ["version"]);
        } catch {
            context.skip("no Atlas CLI on PATH");
        }
        const folder = join(checkout.directory, "atlas");
        mkdirSync(join(folder, "migrations"), { recursive: true });
        writeFileSync(join(folder, "schema.sql"), FDW_SCHEMA);
        await checkout.succeed(["atlas", "--write"], { cwd: folder });
        const env = {
            ...process.env,
            ...(await environmentOf(checkout)),
            ATLAS_NO_UPDATE_NOTIFIER: "1",
            ATLAS_NO_ANON_TELEMETRY: "1",
        };
        const atlas = async (...args: string[]) =>
            (await run("atlas", [...args, "--env", "local"], { cwd: folder, env })).stdout;
        await atlas("migrate", "diff", "first");
        expect(readdirSync(join(folder, "migrations"))).toHaveLength(2);
        await expect(atlas("migrate", "diff", "second")).resolves.toContain("synced");
        await expect(atlas("migrate", "lint", "--latest", "1")).resolves.toContain("1 version ok");
    });
});
