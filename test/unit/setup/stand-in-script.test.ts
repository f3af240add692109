import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const SCRIPT = join(__dirname, "../../../setup/stand-in/build.sh");

let folder: string;
let work: string;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "setup-script-"));
    work = join(folder, "tmp");
    mkdirSync(work);
    mkdirSync(join(folder, "bin"));
});

afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
});

/** The environment with a debootstrap of our own, which is given the root folder as its fourth argument. */
function environment(debootstrap: string): NodeJS.ProcessEnv {
    writeFileSync(join(folder, "bin/debootstrap"), `#!/bin/bash\n${debootstrap}\n`, { mode: 0o755 });
    return { ...process.env, TMPDIR: work, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH ?? ""}` };
}

describe.skipIf(process.platform === "win32")("build.sh", () => {
    test.each([[["16"]], [["eighteen"]], [["18", "17"]], [["--bogus"]]])("refuses %j", (args) => {
        const result = spawnSync("bash", [SCRIPT, ...args], { encoding: "utf8", timeout: 10_000 });
        expect(result).toMatchObject({ status: 2, stdout: "" });
        expect(result.stderr).toContain("usage: build.sh");
    });
});

const able =
    process.platform === "linux" &&
    process.getuid?.() === 0 &&
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/bin/flock", "/usr/bin/timeout"].every(existsSync);
if (!able) {
    console.warn("Tests of the build of a stand-in are skipped: they need Linux, root and Debian's keyring.");
}

describe.skipIf(!able)("a build that comes to nothing", { timeout: 60_000 }, () => {
    test("shows the end of the output of the step that failed, without credentials, and leaves nothing", () => {
        const env = environment('echo "W: http://me:secret@mirror.example/debian is gone"; exit 3');
        const result = spawnSync("bash", [SCRIPT, "--stdout", "15"], { env, encoding: "utf8", timeout: 50_000 });
        expect(result).toMatchObject({ status: 1, stdout: "" });
        expect(result.stderr).toContain("W: http://mirror.example/debian is gone");
        expect(result.stderr).toContain("error: debootstrap of bookworm failed (exit status 3)");
        expect(readdirSync(work)).toEqual([]);
    });

    test.each([
        ["SIGTERM", 143],
        ["SIGINT", 130],
    ] as const)("leaves nothing after %s", async (signal, status) => {
        const started = join(folder, "started");
        // Its children must end too, and what they wrote must go.
        const env = environment(
            `echo $$ >"${started}"; for arg; do [[ -d "$arg/etc" ]] && echo x >"$arg/file"; done; sleep 40`,
        );
        const child = spawn("bash", [SCRIPT, "--stdout", "15"], { env, stdio: ["ignore", "pipe", "ignore"] });
        const ended = once(child, "exit");
        let written = "";
        child.stdout.on("data", (chunk) => {
            written += String(chunk);
        });
        const deadline = Date.now() + 40_000;
        while (!existsSync(started) && Date.now() < deadline) {
            await sleep(50);
        }
        expect(readdirSync(work)).toHaveLength(1);
        const signalled = Date.now();
        child.kill(signal);
        expect(await ended).toEqual([status, null]);
        expect(Date.now() - signalled).toBeLessThan(15_000);
        expect(readdirSync(work)).toEqual([]);
        expect(written).toBe("");
    });

    test("removes what a killed build has left", async () => {
        const env = environment("exit 3");
        mkdirSync(join(work, "fdw-stub-stand-in-15.build.abcdef/root/etc"), { recursive: true });
        mkdirSync(join(work, "fdw-stub-stand-in-17.build.abcdef"));
        spawnSync("bash", [SCRIPT, "--stdout", "15"], { env, timeout: 50_000 });
        // Another version's may belong to a build that runs.
        expect(readdirSync(work)).toEqual(["fdw-stub-stand-in-17.build.abcdef"]);
    });
});
