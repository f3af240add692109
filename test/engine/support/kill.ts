import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { connectDocker } from "../../../docker/client";

/** How a run ended that was to be killed. */
export interface Interrupted {
    /** `SIGKILL`, or null when the run was over before its moment came. */
    readonly signal: NodeJS.Signals | null;
    readonly printed: string;
}

/** A run that comes to no end is no use to a test. */
const LONGEST_RUN_MS = 60_000;
const POLL_MS = 30;

/** A process and all that it started, by id. */
function family(pid: number): number[] {
    const table = spawnSync("ps", ["-e", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout;
    const pairs = table.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    const found = [pid];
    for (const parent of found) {
        found.push(...pairs.flatMap(([child, of]) => (of === parent && child !== undefined ? [child] : [])));
    }
    return found;
}

function kill(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        // It ended by itself.
    }
}

/** Kills a process with SIGKILL at the first moment for which `moment` answers true. */
export async function killWhen(
    process: ChildProcess,
    moment: (docker: Docker) => Promise<boolean>,
    whom: "the CLI alone" | "all its processes",
): Promise<Interrupted> {
    const docker = await connectDocker();
    const printed: string[] = [];
    process.stdout?.on("data", (data) => printed.push(String(data)));
    process.stderr?.on("data", (data) => printed.push(String(data)));
    const ended = once(process, "exit");
    const latest = Date.now() + LONGEST_RUN_MS;
    while (process.exitCode === null && Date.now() < latest && !(await moment(docker))) {
        await sleep(POLL_MS);
    }
    if (process.pid !== undefined && process.exitCode === null) {
        for (const pid of whom === "the CLI alone" ? [process.pid] : family(process.pid)) {
            kill(pid);
        }
    }
    await ended;
    return { signal: process.signalCode, printed: printed.join("") };
}
