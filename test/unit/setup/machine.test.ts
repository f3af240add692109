import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { thisMachine } from "../../../setup/machine";

const folder = mkdtempSync(join(tmpdir(), "setup-machine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Shell commands below; Windows has another shell.
describe.skipIf(process.platform === "win32")("thisMachine", () => {
    const machine = thisMachine();

    test("finds commands on the PATH and files by their absolute path", () => {
        expect(machine.has("sh")).toBe(true);
        expect(machine.has("no-such-command-anywhere")).toBe(false);
        expect(machine.has(folder)).toBe(true);
        expect(machine.has(join(folder, "none"))).toBe(false);
    });

    test("runs a command to its end and keeps both outputs", async () => {
        const result = await machine.run("sh", ["-c", "echo one; echo two >&2; exit 3"], 5_000);
        expect(result.status).toBe(3);
        expect(result.output.split("\n").sort()).toEqual(["", "one", "two"]);
    });

    test("ends a command that takes too long", async () => {
        const started = Date.now();
        expect((await machine.run("sleep", ["20"], 100)).status).toBeUndefined();
        expect(Date.now() - started).toBeLessThan(5_000);
    });

    test("does not throw for a command that is not there", async () => {
        const result = await machine.run("no-such-command-anywhere", [], 1_000);
        expect(result).toEqual({ status: undefined, output: expect.stringContaining("ENOENT") });
    });

    test("tells when a daemon has ended, and what it wrote", async () => {
        const log = join(folder, "daemon.log");
        const daemon = machine.startDaemon("sh", ["-c", "echo a; echo b; echo c"], log);
        const deadline = Date.now() + 5_000;
        while (!daemon.ended() && Date.now() < deadline) {
            await sleep(20);
        }
        expect(daemon.ended()).toBe(true);
        expect(machine.tail(log, 2)).toBe("b\nc");
        expect(machine.tail(join(folder, "none"), 2)).toBe("");
    });
});
