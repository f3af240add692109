/**
 * Prepares a fresh clone: checks Node's version and installs the dependencies when they are missing or not those of
 * package-lock.json. Takes a few milliseconds when there is nothing to do.
 *
 * Plain JavaScript without dependencies: it runs before anything is installed. Nothing newer than Node 14 in it, as an
 * older Node must get as far as the message.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, realpathSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = realpathSync(join(dirname(fileURLToPath(import.meta.url)), ".."));
const INSTALL_LIMIT_MS = 600000;
const LOCK_POLL_MS = 200;

function fail(message) {
    console.error(message);
    process.exit(1);
}

function readJson(file) {
    try {
        return JSON.parse(readFileSync(file, "utf8"));
    } catch {
        return undefined;
    }
}

function checkNode() {
    const manifest = readJson(join(ROOT, "package.json")) || {};
    const needed = /\d+/.exec(manifest.engines?.node || "");
    const major = Number(process.versions.node.split(".")[0]);
    if (needed !== null && major < Number(needed[0])) {
        fail(
            `Node ${needed[0]} or newer is needed; this is ${process.version}. ` +
                "Install a current one from https://nodejs.org/en/download and try again.",
        );
    }
}

/**
 * Whether node_modules is what package-lock.json says. npm writes a lock file of its own into node_modules at the end
 * of every install, so this also holds for what was installed by hand, and never for an install cut short.
 */
function isUpToDate() {
    const wanted = readJson(join(ROOT, "package-lock.json"));
    const installed = readJson(join(ROOT, "node_modules", ".package-lock.json"));
    if (wanted === undefined || installed === undefined || !wanted.packages || !installed.packages) {
        return false;
    }
    const differs = Object.keys(installed.packages).some(
        (path) =>
            wanted.packages[path] === undefined ||
            wanted.packages[path].version !== installed.packages[path].version ||
            wanted.packages[path].integrity !== installed.packages[path].integrity,
    );
    // Optional packages are left out where they are for another platform.
    const missing = Object.keys(wanted.packages).some(
        (path) =>
            path !== "" &&
            !wanted.packages[path].optional &&
            !wanted.packages[path].devOptional &&
            installed.packages[path] === undefined,
    );
    return !differs && !missing;
}

/** npm as it was started, where it started us: the same version, whatever else is on the PATH. */
function npmCommand() {
    const path = process.env.npm_execpath || "";
    return basename(path) === "npm-cli.js"
        ? { command: process.execPath, args: [path], shell: false }
        : { command: "npm", args: [], shell: process.platform === "win32" };
}

function install() {
    console.error("Installing dependencies…");
    const npm = npmCommand();
    // Development dependencies too, even with NODE_ENV=production: the checks and tests are part of a clone.
    const args = npm.args.concat("ci", "--include=dev", "--prefer-offline", "--no-audit", "--no-fund", "--no-progress");
    const result = spawnSync(npm.command, args, {
        cwd: ROOT,
        encoding: "utf8",
        shell: npm.shell,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: INSTALL_LIMIT_MS,
        maxBuffer: 64 * 1024 * 1024,
    });
    if (result.error && result.error.code === "ENOENT") {
        fail("npm was not found. It comes with Node: install it from https://nodejs.org/en/download and try again.");
    }
    if (result.status !== 0) {
        process.stderr.write((result.stdout || "") + (result.stderr || ""));
        fail(
            result.error && result.error.code === "ETIMEDOUT"
                ? `npm ci did not end within ${INSTALL_LIMIT_MS / 60000} minutes. Check the network and try again.`
                : `npm ci failed (exit status ${result.status}); its output is above. Mend that and try again.`,
        );
    }
    if (!isUpToDate()) {
        fail("npm ci has run, but node_modules is not what package-lock.json says. Remove node_modules and try again.");
    }
}

function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return error.code === "EPERM";
    }
}

/** Takes the lock, or returns false when another process that is alive has it. */
function tryLock(file) {
    try {
        const descriptor = openSync(file, "wx", 0o600);
        writeSync(descriptor, String(process.pid));
        closeSync(descriptor);
        return true;
    } catch (error) {
        if (error.code !== "EEXIST") {
            throw error;
        }
    }
    let pid = Number.NaN;
    try {
        pid = Number(readFileSync(file, "utf8"));
    } catch {
        return false;
    }
    if (pid > 0 && !isAlive(pid)) {
        rmSync(file, { force: true });
    }
    return false;
}

/** Installs under a lock: two commands started side by side in a fresh clone must not install into the same folder. */
function installOnce() {
    const id = createHash("sha256").update(ROOT).digest("hex").slice(0, 16);
    const lock = join(tmpdir(), `fdw-stub-install-${id}.lock`);
    const deadline = Date.now() + INSTALL_LIMIT_MS;
    while (!tryLock(lock)) {
        if (Date.now() > deadline) {
            fail(`Another install of this folder does not end. If there is none, remove ${lock} and try again.`);
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
    }
    // Also when this ends early.
    process.once("exit", () => rmSync(lock, { force: true }));
    if (!isUpToDate()) {
        install();
    }
}

checkNode();
if (!isUpToDate()) {
    installOnce();
}
