/** A command of the user's, run as a shell would run it. */

import { spawn } from "node:child_process";
import { constants } from "node:os";

/** What stands for a URL in a command's arguments, and the variables that hold the same. */
export const DEV = { placeholder: "{devUrl}", variables: ["DEV_URL", "ATLAS_DEV_URL"] };

/** A URL under all the names that a command may use. */
export interface Given {
    readonly placeholder: string;
    readonly variables: readonly string[];
    readonly url: string;
}

/** Signals that end a command; each is passed on to it. */
const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** What a shell ends with when it cannot start a command. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

function exitStatus(code: number | null, signal: NodeJS.Signals | null): number {
    // As a shell tells it.
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Says why a command did not start, and gives the status for it; undefined for what is no fault of the command's. */
function refusedStart(command: string, error: Error): number | undefined {
    const code = "code" in error ? error.code : undefined;
    const name = JSON.stringify(command);
    if (code === "ENOENT") {
        process.stderr.write(`fdw-stub: The command ${name} was not found. Check its name and your PATH.\n`);
        return NOT_FOUND;
    }
    if (code === "EACCES") {
        process.stderr.write(
            `fdw-stub: The command ${name} may not be run: it is no program, or lacks the permission (chmod +x).\n`,
        );
        return NOT_RUNNABLE;
    }
    return undefined;
}

/** How a command ended. */
export interface Ended {
    /** As a shell tells it. */
    readonly status: number;
    /** Whether it was there and could be run at all. */
    readonly started: boolean;
    /** A signal came in while it ran, which was meant to end it. */
    readonly interrupted: boolean;
}

export interface CommandEnvironment {
    readonly given: readonly Given[];
    /** All other variables; its own are this process's unless given. */
    readonly env?: NodeJS.ProcessEnv;
    /** Keeps standard output free: what the command prints there goes to standard error. */
    readonly toStderr?: boolean;
}

/**
 * Runs a command to its end and passes signals on to it.
 *
 * @param command Its name and its arguments; not empty.
 * @returns its exit status; 128 and the signal's number when a signal ended it; 126 or 127, as from a shell, when it
 * could not be started.
 */
export function runCommand(
    [command = "", ...args]: readonly string[],
    { given, env = process.env, toStderr = false }: CommandEnvironment,
): Promise<Ended> {
    const filled = args.map((arg) =>
        given.reduce((text, { placeholder, url }) => text.replaceAll(placeholder, () => url), arg),
    );
    const variables = given.flatMap((one) => one.variables.map((name): [string, string] => [name, one.url]));
    return new Promise((resolve, reject) => {
        let interrupted = false;
        const child = spawn(command, filled, {
            stdio: ["inherit", toStderr ? 2 : "inherit", "inherit"],
            env: { ...env, ...Object.fromEntries(variables) },
        });
        const forward = (signal: NodeJS.Signals) => {
            interrupted = true;
            // Ctrl-C on a terminal reaches the command by itself, and a second one would make many stop at once.
            if (!(process.stdin.isTTY === true && (signal === "SIGINT" || signal === "SIGQUIT"))) {
                child.kill(signal);
            }
        };
        for (const signal of SIGNALS) {
            process.on(signal, forward);
        }
        const stopForwarding = () => {
            for (const signal of SIGNALS) {
                process.removeListener(signal, forward);
            }
        };
        child.once("error", (error) => {
            stopForwarding();
            const status = refusedStart(command, error);
            if (status === undefined) {
                reject(error);
            } else {
                resolve({ status, started: false, interrupted });
            }
        });
        child.once("close", (code, signal) => {
            stopForwarding();
            resolve({ status: exitStatus(code, signal), started: true, interrupted });
        });
    });
}
