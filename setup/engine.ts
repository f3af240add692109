import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../upstreams/errors";
import { withTimeout } from "../upstreams/timeout";
import { aptInstall, aptKnows } from "./apt";
import { adviseEngine, type EngineAddress, isInstalled } from "./engine-advice";
import { type Daemon, type Machine, thisMachine } from "./machine";

/** The engine that the caller has chosen, and how to ask whether it answers (dockerode's client does). */
export interface Engine extends EngineAddress {
    /** Whether nobody chose it: no DOCKER_HOST, no context. Only then may it be installed or started here. */
    readonly isDefault: boolean;
    ping(): Promise<unknown>;
}

/** What had to be done for the engine to answer. */
export type EngineOutcome = "running" | "started" | "installed";

export interface EnsureEngineOptions {
    readonly engine: Engine;
    /** Takes one line for the user; called only when something is done to the machine. */
    readonly log: (line: string) => void;
    /** Environment of the commands that are run, and the PATH they are looked for in. */
    readonly env?: Readonly<Record<string, string | undefined>>;
    /** For tests. */
    readonly machine?: Machine;
    /** For tests: how long an engine may take to come up, in milliseconds. */
    readonly startLimitMs?: number;
}

const PING_LIMIT_MS = 10_000;
const START_LIMIT_MS = 60_000;
const SERVICE_LIMIT_MS = 60_000;
const POLL_MS = 200;
/** How long to wait on when our dockerd has ended: another one, started at the same time, may be coming up. */
const GRACE_MS = 10_000;
const LOG_FILE = "/var/log/fdw-stub-dockerd.log";

async function failure(engine: Engine): Promise<unknown> {
    try {
        await withTimeout(engine.ping(), PING_LIMIT_MS, `no answer within ${PING_LIMIT_MS / 1000} s`);
        return undefined;
    } catch (error) {
        return error ?? new Error("no answer");
    }
}

/** Whether the engine answers before the time is over; given up early when the daemon started here has ended. */
async function comesUp(engine: Engine, daemon: Daemon | undefined, limitMs: number): Promise<boolean> {
    let deadline = Date.now() + limitMs;
    let seenEnding = false;
    while (Date.now() < deadline) {
        if ((await failure(engine)) === undefined) {
            return true;
        }
        if (!seenEnding && daemon?.ended()) {
            seenEnding = true;
            deadline = Math.min(deadline, Date.now() + GRACE_MS);
        }
        await sleep(Math.min(POLL_MS, limitMs));
    }
    return false;
}

async function startEngine(
    engine: Engine,
    machine: Machine,
    log: (line: string) => void,
    limitMs: number,
): Promise<void> {
    if (machine.facts.systemd) {
        log("Starting Docker (systemctl start docker)…");
        const result = await machine.run("systemctl", ["start", "docker"], SERVICE_LIMIT_MS);
        if (await comesUp(engine, undefined, limitMs)) {
            return;
        }
        throw new InputError(
            `Docker did not start (systemctl start docker ended with ${result.status ?? "a signal"}). \`journalctl -u docker -n 20\` tells why.`,
        );
    }
    log(`Starting Docker in the background (dockerd; its log is ${LOG_FILE})…`);
    const daemon = machine.startDaemon("dockerd", [], LOG_FILE);
    if (!(await comesUp(engine, daemon, limitMs))) {
        throw new InputError(
            `Docker did not start${daemon.ended() ? "" : ` within ${limitMs / 1000} s`}. The last lines of ${LOG_FILE}:\n${machine.tail(LOG_FILE, 5)}`,
        );
    }
}

async function installEngine(machine: Machine, log: (line: string) => void): Promise<void> {
    // Newer releases have the docker command in a package of its own; without CA certificates nothing can be pulled.
    const cli = (await aptKnows(machine, "docker-cli")) ? ["docker-cli"] : [];
    log(`Installing Docker (apt-get install ${["docker.io", ...cli].join(" ")})…`);
    await aptInstall(machine, ["docker.io", "ca-certificates", ...cli]);
}

/**
 * Makes sure that the Docker engine answers. One ping where it does. As root on Linux a stopped engine is started,
 * and on Debian and Ubuntu a missing one is installed first, unless DOCKER_HOST or a context chose another.
 *
 * @throws InputError that says what to install, start or change on this very machine.
 */
export async function ensureEngine(options: EnsureEngineOptions): Promise<EngineOutcome> {
    const { engine, log } = options;
    const error = await failure(engine);
    if (error === undefined) {
        return "running";
    }
    const machine = options.machine ?? thisMachine(options.env);
    const { family, root } = machine.facts;
    const linux = family !== "macos" && family !== "windows";
    const installed = isInstalled(machine);
    if (!engine.isDefault || !linux || !root || !(installed || family === "debian")) {
        throw new InputError(adviseEngine(machine, engine, error));
    }
    if (!installed) {
        await installEngine(machine, log);
        // The package starts its service where there is an init system.
        if (machine.facts.systemd && (await failure(engine)) === undefined) {
            return "installed";
        }
    }
    await startEngine(engine, machine, log, options.startLimitMs ?? START_LIMIT_MS);
    return installed ? "started" : "installed";
}
