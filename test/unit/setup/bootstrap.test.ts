import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    realpathSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Stands in for npm: notes its arguments and writes what a real install leaves. */
const NPM = `
const fs = require("node:fs");
fs.appendFileSync("calls.txt", process.argv.slice(2).join(" ") + "\\n");
if (fs.existsSync("npm-fails.txt")) {
    console.log("npm error the reason");
    process.exit(7);
}
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
fs.mkdirSync("node_modules", { recursive: true });
if (!fs.existsSync("npm-lies.txt")) {
    fs.copyFileSync("installed.json", "node_modules/.package-lock.json");
}
`;

const WANTED = {
    "": { name: "clone" },
    "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/b": { version: "2.0.0", integrity: "sha512-b", dev: true },
    "node_modules/c-other-platform": { version: "3.0.0", integrity: "sha512-c", optional: true },
};
const { "": _root, "node_modules/c-other-platform": _optional, ...INSTALLED } = WANTED;

let clone: string;

beforeEach(() => {
    clone = realpathSync(mkdtempSync(join(tmpdir(), "setup-bootstrap-")));
    mkdirSync(join(clone, "setup"));
    mkdirSync(join(clone, "npm"));
    copyFileSync(join(__dirname, "../../../setup/bootstrap.mjs"), join(clone, "setup/bootstrap.mjs"));
    writeFileSync(join(clone, "npm/npm-cli.js"), NPM);
    write("package.json", { engines: { node: ">=20" } });
    write("package-lock.json", { packages: WANTED });
    write("installed.json", { packages: INSTALLED });
});

afterEach(() => {
    rmSync(clone, { recursive: true, force: true });
});

function write(name: string, content: unknown): void {
    writeFileSync(join(clone, name), JSON.stringify(content));
}

function installed(packages: unknown): void {
    mkdirSync(join(clone, "node_modules"), { recursive: true });
    write("node_modules/.package-lock.json", { packages });
}

function calls(): string[] {
    const file = join(clone, "calls.txt");
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

const env = () => ({ ...process.env, npm_execpath: join(clone, "npm/npm-cli.js") });

function bootstrap(): { status: number | null; stdout: string; stderr: string } {
    // From another folder: the clone is where the script is, wherever it is called from.
    return spawnSync(process.execPath, [join(clone, "setup/bootstrap.mjs")], {
        cwd: tmpdir(),
        env: env(),
        encoding: "utf8",
        timeout: 20_000,
    });
}

function lockFile(): string {
    const id = createHash("sha256").update(clone).digest("hex").slice(0, 16);
    return join(tmpdir(), `fdw-stub-install-${id}.lock`);
}

describe("bootstrap", () => {
    test("installs into a fresh clone with one line, then does nothing", () => {
        expect(bootstrap()).toMatchObject({ status: 0, stdout: "", stderr: "Installing dependencies…\n" });
        expect(calls()).toEqual([expect.stringMatching(/^ci .*--include=dev/)]);
        expect(bootstrap()).toMatchObject({ status: 0, stdout: "", stderr: "" });
        expect(calls()).toHaveLength(1);
        expect(existsSync(lockFile())).toBe(false);
    });

    test("does nothing for what was installed by hand", () => {
        installed(INSTALLED);
        expect(bootstrap()).toMatchObject({ status: 0, stderr: "" });
        expect(calls()).toEqual([]);
    });

    test.each([
        ["a package is missing", { "node_modules/a": INSTALLED["node_modules/a"] }],
        ["a version differs", { ...INSTALLED, "node_modules/a": { version: "0.9.0", integrity: "sha512-a" } }],
        ["the content differs", { ...INSTALLED, "node_modules/a": { version: "1.0.0", integrity: "sha512-x" } }],
        ["a package is too many", { ...INSTALLED, "node_modules/z": { version: "1.0.0" } }],
        ["an optional one differs", { ...INSTALLED, "node_modules/c-other-platform": { version: "2.0.0" } }],
        ["npm's own lock file is broken", null],
    ])("installs where %s", (_, packages) => {
        installed(packages);
        expect(bootstrap().status).toBe(0);
        expect(calls()).toHaveLength(1);
    });

    test("shows npm's output when the install fails, and tries again the next time", () => {
        write("npm-fails.txt", true);
        const result = bootstrap();
        expect(result.status).toBe(1);
        expect(result.stderr).toMatch(/npm error the reason\n.*npm ci failed \(exit status 7\)/s);
        expect(existsSync(lockFile())).toBe(false);
        rmSync(join(clone, "npm-fails.txt"));
        expect(bootstrap().status).toBe(0);
    });

    test("does not believe an npm that installed nothing", () => {
        write("npm-lies.txt", true);
        const result = bootstrap();
        expect(result.status).toBe(1);
        expect(result.stderr).toContain("Remove node_modules");
    });

    test("refuses a Node that is too old before anything else", () => {
        write("package.json", { engines: { node: ">=99" } });
        const result = bootstrap();
        expect(result.status).toBe(1);
        expect(result.stderr).toContain(`Node 99 or newer is needed; this is ${process.version}`);
        expect(calls()).toEqual([]);
    });

    test("two at the same time install once", async () => {
        const run = () =>
            new Promise((resolve) => {
                spawn(process.execPath, [join(clone, "setup/bootstrap.mjs")], { env: env(), stdio: "ignore" }).once(
                    "exit",
                    resolve,
                );
            });
        expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0]);
        expect(calls()).toHaveLength(1);
    });

    test("the lock of a process that is gone is not in the way", () => {
        const gone = spawnSync(process.execPath, ["-e", "0"]).pid;
        writeFileSync(lockFile(), String(gone));
        expect(bootstrap().status).toBe(0);
        expect(calls()).toHaveLength(1);
    });
});
