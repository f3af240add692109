import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

let folder: string;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fdw-stub-signals-"));
});
afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

test.each(["SIGINT", "SIGTERM"] as const)("a build ends with %s to the process that waits for it", async (signal) => {
    const script = join(folder, "build.sh");
    const started = join(folder, "started");
    const ended = join(folder, "ended");
    writeFileSync(script, `trap 'echo >${ended}; exit 143' TERM; echo >${started}; sleep 60 & wait`);
    // An engine without images, and a machine on which one could be built.
    const program = `
        const { ensureStandIn } = require(${JSON.stringify(join(ROOT, "setup", "stand-in.ts"))});
        const inspect = () => Promise.reject(Object.assign(new Error("none"), { statusCode: 404 }));
        const machine = { facts: { family: "debian", root: true, name: "Debian" }, has: () => true };
        ensureStandIn({ getImage: () => ({ inspect }) }, 18, { log() {}, machine, script: ${JSON.stringify(script)} });`;
    const child = spawn(process.execPath, ["--require", "tsx/cjs", "--eval", program], { cwd: ROOT, stdio: "ignore" });
    const closed = once(child, "close");
    await expect.poll(() => existsSync(started), { timeout: 15_000 }).toBe(true);
    child.kill(signal);
    expect(await closed).toEqual([null, signal]);
    // The build is told to end, and nobody waits for how long it takes.
    await expect.poll(() => existsSync(ended) && readFileSync(ended, "utf8"), { timeout: 15_000 }).toBe("\n");
});
