import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type Docker from "dockerode";
import { readConfiguration } from "../components/config";
import type { Declared } from "../components/prepare";
import { LABEL, stackName } from "../docker/labels";
import { joinNetwork } from "../docker/own-container";
import { choosePort } from "../docker/ports";
import type { ServerContainer } from "../docker/server";
import { findNetwork } from "../docker/server";
import { findServer, removeStandalone } from "../docker/stack";
import { whyIncomplete, whyUnusable } from "../server/broken";
import { outdatedIn } from "../server/completeness";
import { addressOf, expectedOf } from "../server/expected";
import { checkSettings } from "../server/settings-check";
import { canGoOn, goOn } from "../server/wait";
import { ensureImage } from "../setup/image";
import type { PullProgress } from "../setup/pull-progress";
import { InputError } from "../upstreams/errors";
import { CONFIGURATION_KEYS } from "../upstreams/parse";
import { digestInputs, fingerprint, OWN_PROGRAM, programOf } from "./fingerprint";
import type { Kept } from "./handlers";
import { type MadeFrom, readMadeFrom, writeMadeFrom } from "./made-from";
import { refuseOthers } from "./ownership";
import { isPulumiProject, type ProjectStack } from "./project";
import { watchSignals } from "./signals";

/** Where a run tells how far it is. */
export interface Reporter {
    /** A step begins that may take its time. */
    readonly step: (text: string) => void;
    /** Something that the user should know. */
    readonly warn: (text: string) => void;
    /** How far a pull is. */
    readonly pull?: (progress: PullProgress) => void;
}

/** What `up` came to. */
export interface UpResult {
    readonly server: ServerContainer;
    /** Nothing had to be done. */
    readonly unchanged: boolean;
}

/** Why a server cannot stay as it is. */
interface Outdated {
    readonly why: string;
    /** It is whole, so that it may stay where no more than its stubs is another. */
    readonly isWhole: boolean;
}

/**
 * Why a server cannot stay as it is; undefined when it can.
 *
 * @param isMadeFrom Whether what a server was made from is what there is now.
 * @param goOnIfStopped Lets one that was only stopped go on; without it, being stopped is a reason.
 */
async function reasonToRecreate(
    docker: Docker,
    server: ServerContainer,
    isMadeFrom: (known: MadeFrom) => boolean,
    goOnIfStopped?: (server: ServerContainer) => Promise<string | undefined>,
): Promise<Outdated | undefined> {
    const broken = (why: string): Outdated => ({ why, isWhole: false });
    const stopped = canGoOn(server);
    const unusable = stopped ? undefined : whyUnusable(server, server.name);
    if (unusable !== undefined) {
        return broken(unusable);
    }
    const [expected, address] = [expectedOf(server), addressOf(server)];
    if (expected === undefined || address === undefined) {
        return broken("its container was changed");
    }
    const network = findNetwork(docker, server.name).then((found) =>
        found === undefined ? "its network is gone" : undefined,
    );
    if (stopped) {
        const goesOn = async () =>
            goOnIfStopped === undefined ? `its container is ${server.state}` : goOnIfStopped(server);
        const problem = (await network) ?? (await goesOn());
        if (problem !== undefined) {
            return broken(problem);
        }
    }
    // All at once: each answer takes some time of its own.
    const [gone, incomplete, known] = await Promise.all([
        network,
        whyIncomplete(docker, server, expected),
        readMadeFrom(address),
    ]);
    const why = gone ?? incomplete;
    if (why !== undefined) {
        return broken(why);
    }
    // One that was still starting did not tell.
    const from = known ?? (await readMadeFrom(address));
    return from !== undefined && isMadeFrom(from)
        ? undefined
        : { why: "what it is made from has changed", isWhole: true };
}

async function noteMadeFrom(server: ServerContainer, known: MadeFrom | undefined): Promise<void> {
    const address = addressOf(server);
    if (address !== undefined) {
        await writeMadeFrom(address, known);
    }
}

/**
 * The databases of stubs that hold something else than is declared now; undefined where more is another than what stubs
 * hold.
 */
async function changedStubs(
    server: ServerContainer,
    { hash, extensions }: Declared,
    image: string,
    port: number,
): Promise<ReadonlySet<string> | undefined> {
    const address = addressOf(server);
    const same = server.labels[LABEL.declared] === hash && server.imageId === image && server.hostPort === port;
    if (address === undefined || !same) {
        return undefined;
    }
    return new Set(await outdatedIn(address, extensions));
}

/** Whether a project has a program of its own. Everywhere else the package's own one runs. */
function hasProgram(directory: string): boolean {
    return isPulumiProject(directory) && directory !== realpathSync(join(__dirname, ".."));
}

/**
 * Refuses a Pulumi project that is about something else, before anything of its configuration is called wrong.
 *
 * @throws InputError that says how the command gets a configuration of its own there.
 */
function refuseOtherPrograms({ identity, configuration }: ProjectStack): void {
    const { directory, project } = identity;
    const other = Object.keys(configuration).filter(
        (key) => key.startsWith(`${project}:`) && !CONFIGURATION_KEYS.includes(key.slice(project.length + 1)),
    );
    if (!hasProgram(directory)) {
        return;
    }
    if (!existsSync(join(directory, "index.ts"))) {
        throw new InputError(
            `${directory} is a Pulumi project without an index.ts, so its program is one that only the Pulumi CLI can run. Use \`pulumi up\` for it, or give the command a configuration beside it: npx fdw-stub init`,
        );
    }
    if (other.length > 0) {
        throw new InputError(
            `${directory} is a Pulumi project with a configuration of its own (${other.join(", ")}), so its program is not this command's to run. Use \`pulumi up\` for it, or give the command a configuration beside it: npx fdw-stub init`,
        );
    }
}

/** The program of a project: our own is built with the command already, another one is compiled as it is loaded. */
function loadIndex(directory: string): unknown {
    if (!hasProgram(directory)) {
        return require("../index");
    }
    const { register }: typeof import("tsx/cjs/api") = require("tsx/cjs/api");
    register();
    return createRequire(__filename)(join(directory, "index.ts"));
}

async function loadOutputs(directory: string): Promise<Record<string, unknown>> {
    const loaded = loadIndex(directory);
    // As with the CLI, a program may be a function that gives the outputs.
    const outputs: unknown = typeof loaded === "function" ? await loaded() : loaded;
    return typeof outputs === "object" && outputs !== null ? { ...outputs } : {};
}

async function create(docker: Docker, project: ProjectStack, kept: Kept | undefined, report: Reporter): Promise<void> {
    const { identity } = project;
    // Loaded only when there is work: Pulumi's SDK alone takes longer to load than all of a run without changes.
    const { runProgram }: typeof import("./run") = require("./run");
    const { runBy }: typeof import("../components/door") = require("../components/door");
    runBy("standalone");
    if (hasProgram(identity.directory)) {
        // As the Pulumi CLI runs it. Our own stays where the user is: paths are told, and rehearsals kept, from there.
        process.chdir(identity.directory);
    }
    // As the Pulumi CLI tells a program where its project is.
    process.env.PULUMI_NODEJS_ROOT_DIRECTORY = identity.directory;
    const clean = () => removeStandalone(docker, identity);
    const signals = watchSignals(clean);
    try {
        await runProgram(
            {
                project: identity.project,
                stack: identity.stack,
                configuration: project.configuration,
                load: () => loadOutputs(identity.directory),
            },
            {
                docker,
                labels: { [LABEL.madeBy]: "standalone" },
                progress: report.step,
                warn: report.warn,
                kept,
                providers: new Map(),
            },
            signals.signal,
        );
        signals.signal.throwIfAborted();
    } catch (error) {
        await signals.cleaned();
        await clean();
        signals.exitIfSignalled();
        throw error;
    } finally {
        signals.stop();
    }
}

/**
 * Brings a stack up without the Pulumi CLI: nothing happens when it is whole and nothing changed. Where no more has
 * changed than what stubs hold, those are made anew in the server that runs, otherwise all of it is.
 *
 * @throws InputError for whatever the user can mend. Nothing half-made stays behind. A mistake that can be seen before
 * the server is asked leaves the running one alone; one that only the server sees, such as DDL that does not run, is
 * seen when the old stub is gone, and the server is removed.
 */
export async function up(docker: Docker, project: ProjectStack, report: Reporter): Promise<UpResult> {
    const { identity } = project;
    refuseOtherPrograms(project);
    const configuration = readConfiguration(project.configuration, identity.project);
    const program = hasProgram(identity.directory) ? programOf(identity.directory) : OWN_PROGRAM;
    const look = async (goOnIfStopped?: (server: ServerContainer) => Promise<string | undefined>) => {
        const server = await findServer(docker, identity);
        const isMadeFrom = (known: MadeFrom) =>
            known.fingerprint ===
            fingerprint(
                digestInputs(identity.directory, configuration, program, known.included),
                server?.password ?? "",
            );
        const outdated =
            server === undefined ? undefined : await reasonToRecreate(docker, server, isMadeFrom, goOnIfStopped);
        return { server, outdated };
    };
    await joinNetwork(docker, stackName(identity));
    const first = await look();
    if (first.server !== undefined && first.outdated === undefined) {
        return { server: first.server, unchanged: true };
    }
    const waiting = () => report.step("Another run is at work on this stack; waiting for it");
    const { whileLocked }: typeof import("./lock") = require("./lock");
    return whileLocked(stackName(identity), waiting, async () => {
        // Another run may have done the work while this one waited.
        const { server, outdated } = await look((stopped) => {
            report.step(`The server goes on: its container is ${stopped.state}`);
            return goOn(docker, stopped);
        });
        if (server !== undefined && outdated === undefined) {
            return { server, unchanged: !canGoOn(server) };
        }
        await refuseOthers(docker, identity);
        const { declare }: typeof import("../components/prepare") = require("../components/prepare");
        const { deriveFromSchema }: typeof import("../components/derive") = require("../components/derive");
        const { args, files } = await deriveFromSchema(configuration, identity.directory, report.step);
        const declared = await declare(args, identity.directory);
        // A pull may take minutes: what the files alone tell was said before.
        const image = await ensureImage(docker, configuration.image, { log: report.step, onProgress: report.pull });
        const current = { port: server?.hostPort, running: server?.running ?? false };
        const port = await choosePort(docker, identity, configuration.port, current);
        // A program of the user's own may declare more than is known here.
        const changed =
            server !== undefined && outdated?.isWhole === true && program === OWN_PROGRAM
                ? await changedStubs(server, declared, image.id, port)
                : undefined;
        const kept = server === undefined || changed === undefined ? undefined : { server, changed };
        if (kept !== undefined) {
            const names = [...kept.changed].sort().map((name) => JSON.stringify(name));
            report.step(
                names.length === 0 ? "No stub has changed" : `Making the changed stubs anew: ${names.join(", ")}`,
            );
            await noteMadeFrom(kept.server, undefined);
        } else {
            if (Object.keys(configuration.settings).length > 0) {
                await checkSettings(docker, image.reference, configuration.settings);
            }
            if (outdated !== undefined) {
                report.step(`Making the server anew: ${outdated.why}`);
            }
            await removeStandalone(docker, identity);
        }
        const digest = digestInputs(identity.directory, configuration, program, files);
        await create(docker, project, kept, report);
        const made = await findServer(docker, identity);
        if (made === undefined) {
            throw new InputError("The container was removed while it was being set up. Run the same again.");
        }
        await noteMadeFrom(made, { fingerprint: fingerprint(digest, made.password), included: [...files] });
        return { server: made, unchanged: false };
    });
}
