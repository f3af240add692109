import { type SpawnOptions, spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A family of operating systems that install and start Docker in the same way. */
export type Family = "debian" | "fedora" | "rhel" | "arch" | "alpine" | "suse" | "macos" | "windows" | "linux";

/** What the advice about Docker depends on. */
export interface MachineFacts {
    readonly family: Family;
    /** Name for messages, for example `Debian GNU/Linux 12 (bookworm)`. */
    readonly name: string;
    readonly root: boolean;
    /** Whether this is Linux inside Windows. */
    readonly wsl: boolean;
    /** Whether systemd runs, so that services are started through it. */
    readonly systemd: boolean;
}

/** How a command ended. */
export interface CommandResult {
    /** Exit status; undefined where it was ended by a signal or could not be started. */
    readonly status: number | undefined;
    /** Both outputs, in the order of their arrival. */
    readonly output: string;
}

/** A program left running in the background. */
export interface Daemon {
    /** Whether it has ended already. */
    ended(): boolean;
}

/** This machine: facts, and the few things done to it. An interface, so that tests need no other machine. */
export interface Machine {
    readonly facts: MachineFacts;
    /** Whether a command of this name can be run, or there is a file at this absolute path. */
    has(command: string): boolean;
    /** Runs a command to its end, at most `limitMs`. Never throws. */
    run(command: string, args: readonly string[], limitMs: number): Promise<CommandResult>;
    /** Starts a program that outlives this one, with its output appended to a file. */
    startDaemon(command: string, args: readonly string[], logFile: string): Daemon;
    /** The last lines of a text file; empty where it cannot be read. */
    tail(file: string, lines: number): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of an os-release file (see os-release(5)). */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
    const variables = new Map<string, string>();
    for (const line of text.split("\n")) {
        const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
        if (name !== undefined && value !== undefined) {
            const unquoted = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
            variables.set(name, unquoted.replaceAll(/\\(["'$`\\])/g, "$1"));
        }
    }
    return variables;
}

const FAMILIES: Readonly<Record<string, Family>> = {
    debian: "debian",
    ubuntu: "debian",
    fedora: "fedora",
    rhel: "rhel",
    centos: "rhel",
    rocky: "rhel",
    almalinux: "rhel",
    arch: "arch",
    alpine: "alpine",
    suse: "suse",
    opensuse: "suse",
};

/** The family that an os-release file tells of: by its own ID, else by those that it is like. */
export function linuxFamily(osRelease: ReadonlyMap<string, string>): Family {
    const ids = [osRelease.get("ID") ?? "", ...(osRelease.get("ID_LIKE") ?? "").split(/\s+/)];
    for (const id of ids) {
        const family = FAMILIES[id] ?? FAMILIES[id.split("-")[0] ?? ""];
        if (family !== undefined) {
            return family;
        }
    }
    return "linux";
}

function read(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}

function facts(env: Environment): MachineFacts {
    const root = process.getuid?.() === 0;
    if (process.platform === "darwin") {
        return { family: "macos", name: "macOS", root, wsl: false, systemd: false };
    }
    if (process.platform === "win32") {
        return { family: "windows", name: "Windows", root: false, wsl: false, systemd: false };
    }
    const osRelease = parseOsRelease(read("/etc/os-release") || read("/usr/lib/os-release"));
    return {
        family: process.platform === "linux" ? linuxFamily(osRelease) : "linux",
        name: osRelease.get("PRETTY_NAME") ?? process.platform,
        root,
        wsl: Boolean(env.WSL_DISTRO_NAME) || /microsoft/i.test(read("/proc/version")),
        systemd: existsSync("/run/systemd/system"),
    };
}

// Where daemons live; the PATH of an ordinary user lacks these folders.
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

function searchPath(env: Environment): string {
    return [env.PATH ?? "", ...(process.platform === "win32" ? [] : SYSTEM_FOLDERS)].join(delimiter);
}

function isExecutable(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}

const OUTPUT_KEPT = 64 * 1024;

/** The machine that this program runs on. */
export function thisMachine(env: Environment = process.env): Machine {
    const childEnv = { ...env, PATH: searchPath(env) };
    return {
        facts: facts(env),
        has: (command) =>
            command.startsWith("/")
                ? existsSync(command)
                : searchPath(env)
                      .split(delimiter)
                      .some((folder) => folder !== "" && isExecutable(join(folder, command))),
        run: (command, args, limitMs) =>
            new Promise((resolve) => {
                const options: SpawnOptions = {
                    env: { ...childEnv, DEBIAN_FRONTEND: "noninteractive" },
                    stdio: ["ignore", "pipe", "pipe"],
                    timeout: limitMs,
                    killSignal: "SIGTERM",
                };
                const child = spawn(command, args, options);
                let output = "";
                const keep = (chunk: unknown) => {
                    output = (output + String(chunk)).slice(-OUTPUT_KEPT);
                };
                child.stdout?.on("data", keep);
                child.stderr?.on("data", keep);
                child.once("error", (error) => resolve({ status: undefined, output: error.message }));
                // "exit" and not "close": a service that the command started may hold its output open for good.
                child.once("exit", (status) => setImmediate(() => resolve({ status: status ?? undefined, output })));
            }),
        startDaemon: (command, args, logFile) => {
            const log = openSync(logFile, "a", 0o600);
            try {
                const child = spawn(command, args, { detached: true, env: childEnv, stdio: ["ignore", log, log] });
                let ended = false;
                child.once("exit", () => {
                    ended = true;
                });
                child.once("error", () => {
                    ended = true;
                });
                child.unref();
                return { ended: () => ended };
            } finally {
                closeSync(log);
            }
        },
        tail: (file, lines) => read(file).trimEnd().split("\n").slice(-lines).join("\n"),
    };
}
