/** `fdw-stub pull`: the DDL of upstreams becomes files of the repository. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join, relative, resolve } from "node:path";
import type Docker from "dockerode";
import { readConfiguration } from "../components/config";
import { imageId, rehearseSchema } from "../components/derive";
import { withRecorded } from "../components/recorded";
import { type Pulled, pull, recordingDiff, type Surroundings, sameRecording } from "../pull";
import { findUpstream, type KnownUpstream, knownUpstreams, listed, type PullSource, sourcesOf } from "../pull/known";
import { readProjectStack } from "../standalone/project";
import { InputError } from "../upstreams/errors";
import { type Configuration, parseConfiguration, resolveUpstreams } from "../upstreams/parse";
import { type GlobalOptions, preparedDocker } from "./context";
import { findProjectDirectory } from "./project";
import { parseVariables } from "./variables";
import { writeWhole } from "./write-file";

export interface PullOptions {
    readonly from?: string;
    readonly upstream?: readonly string[];
    readonly output?: string;
    readonly all?: true;
    readonly check?: true;
    readonly schema?: readonly string[];
    readonly var?: readonly string[];
    readonly role?: readonly string[];
    readonly image?: string;
}

/** Folder of the recordings, in that of the configuration. */
const FOLDER = "upstreams";

type Tell = (line: string) => void;

function surroundings(): Surroundings {
    return {
        env: process.env,
        user: userInfo().username,
        readServices: (file = join(homedir(), ".pg_service.conf")) =>
            existsSync(file) ? readFileSync(file, "utf8") : undefined,
    };
}

/** What the stack's configuration says; undefined where there is none and everything is to be recorded anyway. */
function configurationOf(options: GlobalOptions, { schema, var: values, all }: PullOptions): Configuration | undefined {
    try {
        const directory = findProjectDirectory(options.cwd);
        const { configuration, identity } = readProjectStack(directory, options.stack, {
            schema,
            variables: parseVariables(values ?? []),
        });
        return withRecorded(readConfiguration(configuration, identity.project), directory);
    } catch (error) {
        // A schema that was named is meant; without one, everything can be recorded without a stack.
        if (error instanceof InputError && all === true && schema === undefined) {
            return undefined;
        }
        throw error;
    }
}

/** The configuration without what it tells of the upstreams' content: only what the schema itself asks for counts. */
function withoutContent({ upstreams, ...rest }: Configuration): Configuration {
    return parseConfiguration({
        ...rest,
        upstreams: upstreams.map(({ host, hostaddr, port, database, stub, connections, users }) => ({
            host,
            hostaddr,
            port,
            database,
            stub,
            connections,
            users,
        })),
    });
}

async function known(configuration: Configuration, directory: string, tell: Tell): Promise<KnownUpstream[]> {
    if (configuration.schema.length > 0) {
        const { upstreams, origins } = await rehearseSchema(withoutContent(configuration), directory, tell);
        return knownUpstreams(upstreams, origins);
    }
    const readFile = (path: string) => readFileSync(resolve(directory, path), "utf8");
    return knownUpstreams(resolveUpstreams(configuration.upstreams, readFile), []);
}

/** The release of PostgreSQL that an image has, as the official one and its like tell it. */
async function majorOf(docker: Docker, image: string): Promise<number | undefined> {
    const { Config } = await docker.getImage(image).inspect();
    const told = (Config.Env ?? []).find((one) => one.startsWith("PG_MAJOR="));
    return told === undefined ? undefined : Number(told.slice("PG_MAJOR=".length));
}

function outputOf({ output }: PullOptions, directory: string, { name }: PullSource): string {
    const path = output === undefined ? join(directory, FOLDER, `${name}.sql`) : resolve(output);
    if (existsSync(path) && statSync(path).isDirectory()) {
        throw new InputError(`--output ${JSON.stringify(output ?? path)} is a folder. Name a file.`);
    }
    return path;
}

function shownPath(path: string): string {
    const short = relative(process.cwd(), path);
    return short.startsWith("..") ? path : short;
}

/** Compares with the file that is there, and writes it where it says something else. */
function keep({ text, tables, server }: Pulled, path: string, name: string, check: boolean, print: Tell): number {
    const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
    const shown = shownPath(path);
    const count = tables === 1 ? "1 table or view" : `${tables} tables and views`;
    if (before !== undefined && sameRecording(before, text)) {
        print(`${shown} is as the upstream ${name} is (${count}, PostgreSQL ${server.version}).`);
        return 0;
    }
    if (!check) {
        writeWhole(path, text, "The file");
        print(`Recorded ${name} into ${shown}: ${count}, PostgreSQL ${server.version}.`);
        return 0;
    }
    if (before === undefined) {
        print(
            `${shown} does not exist, so there is nothing to compare the upstream ${name} with. Run the command without --check.`,
        );
    } else {
        print(recordingDiff(shown, before, text).trimEnd());
        print(
            `The upstream ${name} is no longer as ${shown} says. Run the command without --check, and look at what changes.`,
        );
    }
    return 1;
}

/**
 * Records upstreams, or compares them with what was recorded.
 *
 * @param print Takes what came out.
 * @param tell Takes what is being waited for, and warnings.
 * @returns the exit status: 1 where an upstream could not be recorded, or with `check` is not as it was.
 */
export async function pullUpstreams(
    options: GlobalOptions,
    chosen: PullOptions,
    print: Tell,
    tell: Tell,
): Promise<number> {
    const sources = sourcesOf(chosen, process.env);
    if (chosen.output !== undefined && sources.length > 1) {
        throw new InputError(
            `--output is one file, and ${sources.length} upstreams are recorded. Leave it out, or name one --upstream.`,
        );
    }
    const configuration = configurationOf(options, chosen);
    const directory = configuration === undefined ? process.cwd() : findProjectDirectory(options.cwd);
    const docker = await preparedDocker(tell);
    const upstreams = configuration === undefined ? [] : await known(configuration, directory, tell);
    const own = configuration?.image ?? "postgres:18";
    const image = await imageId(docker, chosen.image ?? own, tell);
    const stackMajor = chosen.image === undefined ? undefined : await majorOf(docker, await imageId(docker, own, tell));
    const record = async (source: PullSource): Promise<number> => {
        const upstream = findUpstream(source.name, upstreams);
        const path = outputOf(chosen, directory, source);
        if (upstream === undefined && chosen.all !== true) {
            const there = upstreams.length === 0 ? "It has none" : `There are ${listed(upstreams)}`;
            throw new InputError(
                `The schema uses no upstream that is called ${JSON.stringify(source.name)}. ${there}. Use one of these names, or record everything: --all`,
            );
        }
        tell(`Recording ${source.name}`);
        const pulled = await pull({
            docker,
            image,
            imageName: chosen.image ?? own,
            ...source,
            tables: chosen.all === true ? undefined : upstream?.tables,
            schemas: upstream?.schemas ?? [],
            roles: [...new Set([...(upstream?.roles ?? []), ...(chosen.role ?? [])])].sort(),
            around: surroundings(),
        });
        const major = Math.floor(pulled.server.number / 10_000);
        if (stackMajor !== undefined && major > stackMajor) {
            tell(
                `warning: The upstream ${source.name} is PostgreSQL ${pulled.server.version}, newer than the stack's image ${own}, which may not take all that is recorded.`,
            );
        }
        for (const warning of pulled.warnings) {
            tell(`warning: ${source.name}: ${warning}`);
        }
        return keep(pulled, path, source.name, chosen.check === true, print);
    };
    let status = 0;
    for (const source of sources) {
        try {
            status = Math.max(status, await record(source));
        } catch (error) {
            // The others are recorded all the same: a nightly job says everything that is wrong in one go.
            if (!(error instanceof InputError) || sources.length === 1) {
                throw error;
            }
            tell(`fdw-stub: ${error.message}`);
            status = 1;
        }
    }
    return status;
}
