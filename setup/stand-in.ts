import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import * as z from "zod";
import { errorText, explainDockerError } from "../docker/errors";
import { inspectImage } from "../docker/image";
import { LABEL } from "../docker/labels";
import { standInName } from "../docker/reference";
import { InputError } from "../upstreams/errors";
import { aptInstall } from "./apt";
import { jsonLines } from "./json-lines";
import { type Machine, thisMachine } from "./machine";

/** The number of the recipe in stand-in/build.sh; a stand-in of another one is built anew. */
export const RECIPE = "1";
const RECIPE_LABEL = "fdw-stub.recipe";

const SCRIPT = join(__dirname, "..", "setup", "stand-in", "build.sh");
/** What the script ends with when another build of the same version was under way and has ended. */
const BUILT_BY_ANOTHER = 75;
/** The script bounds its own steps; this bounds the engine taking the archive (some 200 MB). */
const LOAD_LIMIT_MS = 300_000;
/** How long the engine may take for an archive that another build has just written out. */
const OTHERS_LOAD_LIMIT_MS = 30_000;

const loadEvent = z.object({ error: z.string() });

export interface StandInOptions {
    /** Takes one line for the user. */
    readonly log: (line: string) => void;
    /** For tests. */
    readonly machine?: Machine;
    /** For tests: the script to run. */
    readonly script?: string;
}

/** Whether an image is a stand-in, or was made from one. */
export function isStandIn(image: { Config?: { Labels?: Readonly<Record<string, string>> | null } | null }): boolean {
    return image.Config?.Labels?.[LABEL.standIn] !== undefined;
}

/** Why no stand-in can be built on a machine; undefined where one can. */
export function standInObstacle(machine: Machine, major: number): string | undefined {
    const { family, root, name } = machine.facts;
    if (family === "macos" || family === "windows") {
        return `A stand-in can be built from Debian's packages on Linux only, not on ${name}.`;
    }
    if (!root) {
        return `A stand-in can be built from Debian's packages, but by root only: run \`sudo setup/stand-in/build.sh ${major}\` once.`;
    }
    if (!machine.has("debootstrap") && family !== "debian") {
        return `A stand-in can be built from Debian's packages where debootstrap is installed: install it with ${name}'s package manager and try again.`;
    }
    return undefined;
}

async function load(docker: Docker, archive: Readable): Promise<void> {
    const answer = await docker.loadImage(archive, {
        abortSignal: AbortSignal.timeout(LOAD_LIMIT_MS),
    });
    for await (const line of jsonLines(answer)) {
        const event = loadEvent.safeParse(line);
        if (event.success) {
            throw new Error(event.data.error);
        }
    }
}

/** What ends this process ends the build with it, which then removes what it has made so far. */
function endWith(child: ChildProcess): () => void {
    const listeners = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => {
        const onSignal = () => {
            child.kill("SIGTERM");
            child.once("exit", () => process.kill(process.pid, signal));
        };
        process.once(signal, onSignal);
        return () => process.removeListener(signal, onSignal);
    });
    return () => {
        for (const stop of listeners) {
            stop();
        }
    };
}

/** Runs the script and gives its archive to the engine. False when another build got there first. */
async function runScript(docker: Docker, major: number, options: StandInOptions): Promise<boolean> {
    const script = options.script ?? SCRIPT;
    const child = spawn("bash", [script, "--stdout", String(major)], { stdio: ["ignore", "pipe", "pipe"] });
    const stopWatching = endWith(child);
    const ended = once(child, "close")
        .then(([code]: unknown[]) => code)
        .finally(stopWatching);
    // Looked at below; an early failure must not count as unhandled meanwhile.
    ended.catch(() => undefined);
    const said: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
        said.push(line);
        if (!line.startsWith("error: ")) {
            options.log(line);
        }
    });
    // Emitted with the first bytes, which come when the whole archive is ready, or at the end when there are none.
    await Promise.race([once(child.stdout, "readable"), ended]);
    if (child.stdout.readableLength > 0) {
        try {
            await load(docker, child.stdout);
        } catch (error) {
            // Without a reader the script would wait for good.
            child.stdout.destroy();
            child.kill("SIGTERM");
            throw new InputError(
                explainDockerError(error)?.message ??
                    `Docker did not take the stand-in for PostgreSQL ${major}: ${errorText(error)}`,
            );
        }
    } else {
        child.stdout.resume();
    }
    const code = await ended;
    if (code === BUILT_BY_ANOTHER) {
        return false;
    }
    if (code !== 0) {
        const reason = said.filter((line) => line.startsWith("error: ")).at(-1) ?? said.at(-1) ?? `exit status ${code}`;
        throw new InputError(`No stand-in for PostgreSQL ${major} could be built: ${reason.replace(/^error: /, "")}`);
    }
    return true;
}

/** The id of an image that is there, or will be in a moment; undefined when the time is over. */
async function appears(docker: Docker, name: string, limitMs: number): Promise<string | undefined> {
    const deadline = Date.now() + limitMs;
    for (;;) {
        const image = await inspectImage(docker, name);
        if (image !== undefined || Date.now() >= deadline) {
            return image?.Id;
        }
        await sleep(500);
    }
}

/**
 * Makes sure that the stand-in for a major version is there: uses the one that is, else builds it (about a minute).
 *
 * @returns The image's id.
 * @throws InputError where none can be built, and when the build fails.
 */
export async function ensureStandIn(docker: Docker, major: number, options: StandInOptions): Promise<string> {
    const name = standInName(major);
    const machine = options.machine ?? thisMachine();
    const found = await inspectImage(docker, name);
    const obstacle = standInObstacle(machine, major);
    if (found !== undefined && (found.Config.Labels?.[RECIPE_LABEL] === RECIPE || obstacle !== undefined)) {
        return found.Id;
    }
    if (obstacle !== undefined) {
        throw new InputError(obstacle);
    }
    try {
        if (!machine.has("debootstrap")) {
            options.log("Installing debootstrap (apt-get install debootstrap)…");
            await aptInstall(machine, ["debootstrap", "debian-archive-keyring"]);
        }
        // Once more where another build was under way: it may have failed, or gone to another engine.
        for (const last of [false, true]) {
            const built = await runScript(docker, major, options);
            const id = await appears(docker, name, built ? 0 : OTHERS_LOAD_LIMIT_MS);
            if (id !== undefined) {
                return id;
            }
            if (built || last) {
                break;
            }
        }
        throw new InputError(`The stand-in ${name} is not there, although a build has ended. Try again.`);
    } catch (error) {
        if (found !== undefined && error instanceof InputError) {
            options.log(`${error.message} The older stand-in is used.`);
            return found.Id;
        }
        throw error;
    }
}
