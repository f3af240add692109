import { spawn } from "node:child_process";
import { constants } from "node:os";
import { type Client, DatabaseError } from "pg";
import type { ServerContainer } from "../docker/server";
import { desiredDatabase, dropDatabase, freshDatabase } from "../sql/fresh";
import { InputError } from "../upstreams/errors";
import type { Ddl } from "../upstreams/model";
import { freshUrl, withMaintenance } from "./maintenance";

/** What stands for a URL in a command's arguments, and the variables that hold the same. */
const DEV = { placeholder: "{devUrl}", variables: ["DEV_URL", "ATLAS_DEV_URL"] };
const DESIRED = { placeholder: "{desiredUrl}", variables: ["DESIRED_URL"] };

/** A URL under all the names that a command may use. */
interface Given {
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

function start(command: string, args: readonly string[], given: readonly Given[]): Promise<number> {
    const filled = args.map((arg) =>
        given.reduce((text, { placeholder, url }) => text.replaceAll(placeholder, () => url), arg),
    );
    const variables = given.flatMap((one) => one.variables.map((name): [string, string] => [name, one.url]));
    return new Promise((resolve, reject) => {
        const child = spawn(command, filled, {
            stdio: "inherit",
            env: { ...process.env, ...Object.fromEntries(variables) },
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
 * Makes a database of the desired schema that lasts as long as the connection.
 *
 * @returns its name.
 * @throws InputError for a statement that fails, with file, line and PostgreSQL's message.
 */
async function makeDesired(client: Client, desired: readonly Ddl[]): Promise<string> {
    try {
        return await desiredDatabase(client, desired, { hold: true });
    } catch (error) {
        if (error instanceof DatabaseError) {
            throw new InputError(error.message);
        }
        throw error;
    }
}

/**
 * Runs a command with a fresh database of its own, in `DEV_URL`, `ATLAS_DEV_URL` and in place of `{devUrl}` in its
 * arguments, and drops the database afterwards. When this process is killed, its connection goes, and the database
 * with it.
 *
 * @param desired A schema that gets a database of its own too, in `DESIRED_URL` and in place of `{desiredUrl}`.
 * @returns the command's exit status; 128 and the signal's number when a signal ended it; 126 or 127, as from a
 * shell, when it could not be started.
 * @throws InputError when no command is given, or one that asks for a desired schema when there is none.
 */
export async function runWithFreshDatabase(
    server: ServerContainer,
    command: readonly string[],
    desired?: readonly Ddl[],
): Promise<number> {
    const [name, ...args] = command;
    if (name === undefined) {
        throw new InputError(
            "No command is given. Write it after --, for example: fdw-stub run -- atlas schema inspect …",
        );
    }
    if (desired === undefined && args.some((arg) => arg.includes(DESIRED.placeholder))) {
        throw new InputError(
            `The command has ${DESIRED.placeholder}, and no schema is named for it. Name its files or folder: fdw-stub run --desired schema.sql -- …`,
        );
    }
    return withMaintenance(server, async (client) => {
        // This session does nothing as long as the command runs, and the databases go with it. A schema may take long.
        await client.query("SET idle_session_timeout = 0; SET statement_timeout = 0");
        const databases: string[] = [];
        const taken = (what: typeof DEV, database: string): Given => {
            databases.push(database);
            return { ...what, url: freshUrl(server, database) };
        };
        try {
            const given: Given[] = [];
            if (desired !== undefined) {
                given.push(taken(DESIRED, await makeDesired(client, desired)));
            }
            const [beside] = databases;
            const fresh = await freshDatabase(client, { hold: true, ...(beside === undefined ? {} : { beside }) });
            given.push(taken(DEV, fresh));
            return await start(name, args, given);
        } finally {
            for (const database of databases.reverse()) {
                await dropDatabase(client, database).catch(() => undefined);
            }
        }
    });
}
