import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { ServerContainer } from "../docker/server";
import { dropDatabase, freshDatabase } from "../sql/fresh";
import { InputError } from "../upstreams/errors";
import { freshUrl, withMaintenance } from "./maintenance";

/** Stands for the URL in a command's arguments. */
const PLACEHOLDER = "{devUrl}";

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

function start(command: string, args: readonly string[], url: string): Promise<number> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, [...args], {
            stdio: "inherit",
            env: { ...process.env, DEV_URL: url, ATLAS_DEV_URL: url },
        });
        const forward = (signal: NodeJS.Signals) => {
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
                resolve(status);
            }
        });
        child.once("close", (code, signal) => {
            stopForwarding();
            resolve(exitStatus(code, signal));
        });
    });
}

/**
 * Runs a command with a fresh database of its own, in `DEV_URL`, `ATLAS_DEV_URL` and in place of `{devUrl}` in its
 * arguments, and drops the database afterwards. When this process is killed, its connection goes, and the database
 * with it.
 *
 * @returns the command's exit status; 128 and the signal's number when a signal ended it; 126 or 127, as from a
 * shell, when it could not be started.
 */
export async function runWithFreshDatabase(server: ServerContainer, command: readonly string[]): Promise<number> {
    const [name, ...args] = command;
    if (name === undefined) {
        throw new InputError(
            "No command is given. Write it after --, for example: fdw-stub run -- atlas schema inspect …",
        );
    }
    return withMaintenance(server, async (client) => {
        // This session does nothing as long as the command runs, and the database goes with it.
        await client.query("SET idle_session_timeout = 0");
        const database = await freshDatabase(client, { hold: true });
        const url = freshUrl(server, database);
        try {
            return await start(
                name,
                args.map((arg) => arg.replaceAll(PLACEHOLDER, url)),
                url,
            );
        } finally {
            await dropDatabase(client, database).catch(() => undefined);
        }
    });
}
