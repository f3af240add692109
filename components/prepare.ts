import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type Docker from "dockerode";
import { connectDocker } from "../docker/client";
import { type DockerEndpoint, findDockerEndpoint } from "../docker/endpoint";
import { chooseImage, inspectImage } from "../docker/image";
import { type StackIdentity, stackName } from "../docker/labels";
import { joinNetwork, ownContainer, refuseOtherMachine } from "../docker/own-container";
import { ANY_DATABASE, type Expected } from "../server/completeness";
import { checkSettings } from "../server/settings-check";
import { EXTENSION_NAME, EXTENSION_VERSION, extensionFiles, SERVER_SETTINGS } from "../sql/extension";
import { splitBaseline } from "../upstreams/baseline";
import { SERVER_PORT } from "../upstreams/network";
import { type Configuration, readFiles, resolveUpstreams } from "../upstreams/parse";
import { type StubExtension, stubExtension } from "../upstreams/script";
import { planServer, SERVER_SOURCES, type ServerPlan, type ServerSources } from "../upstreams/server";
import { checkDatabases, MAINTENANCE_DATABASE, planStubs, type Stubs } from "../upstreams/stubs";
import { type Found, lookUp } from "./lookup";

/** All that is computed from what was declared alone. */
export interface Declared {
    readonly stubs: Stubs;
    readonly extensions: readonly StubExtension[];
    readonly server: ServerPlan;
    readonly expected: Expected;
    /** Hash of everything that a running server cannot be changed to, without secrets. What stubs hold is not in it. */
    readonly hash: string;
}

/** The declaration and what this machine has of it: everything that the resources' inputs are taken from. */
export interface Prepared extends Declared, Found {
    readonly name: string;
    readonly endpoint: DockerEndpoint;
    /** Image to start. */
    readonly image: string;
    readonly standIn: boolean;
    /** Where this process, and the providers beside it, reach the server. */
    readonly reached: { readonly host: string; readonly port: number };
    /** Whether the engine can check health more often while a container starts (Docker 25 and later). */
    readonly hasStartInterval: boolean;
}

/** Loopback of the machine that Docker publishes on. */
const LOOPBACK = "127.0.0.1";

/** Our own files for the server's container. */
export function serverSources(): ServerSources {
    const read = (name: string) => readFileSync(join(__dirname, "..", "sql", "server", name), "utf8");
    const [entrypoint, cluster, tls, addresses, relay] = SERVER_SOURCES;
    return {
        [entrypoint]: read(entrypoint),
        [cluster]: read(cluster),
        [tls]: read(tls),
        [addresses]: read(addresses),
        [relay]: read(relay),
    };
}

/**
 * Turns a checked configuration into what the server must be.
 *
 * @param directory Folder that relative paths are relative to.
 * @throws InputError for DDL that cannot be read or parsed, and for upstreams that contradict each other.
 */
export async function declare(configuration: Configuration, directory: string): Promise<Declared> {
    const readFile = (path: string) => readFileSync(resolve(directory, path), "utf8");
    const upstreams = resolveUpstreams(configuration.upstreams, readFile);
    const stubs = planStubs(upstreams);
    checkDatabases(stubs, configuration.devDatabase);
    const extensions = await Promise.all(stubs.databases.map(stubExtension));
    const roles = [...new Set([...stubs.users.map((user) => user.name), ...configuration.roles])];
    const baseline = await Promise.all(readFiles("baseline", configuration.baseline, readFile).map(splitBaseline));
    const fresh = extensionFiles({
        stock: configuration.stock,
        kept: configuration.kept,
        maxAgeSeconds: configuration.maxAge,
        devDatabase: configuration.devDatabase,
        roles,
        baseline: baseline.flat(),
    });
    const server = planServer(stubs, extensions, configuration.settings, configuration.devUser, serverSources(), {
        extensionFiles: Object.fromEntries(fresh.map(({ name, content }) => [name, content])),
        settings: SERVER_SETTINGS,
    });
    const expected: Expected = {
        servers: stubs.databases.flatMap(({ servers }) => servers),
        // The database that every cluster has cannot be made anew without its server.
        stubs: extensions.map(({ database, name, version }) => ({
            database,
            name,
            ...(database === ANY_DATABASE ? { version } : {}),
        })),
        maintenance: { database: MAINTENANCE_DATABASE, name: EXTENSION_NAME, version: EXTENSION_VERSION },
        roles,
        devDatabase: configuration.devDatabase,
    };
    const hash = createHash("sha256")
        .update(JSON.stringify([server, expected, configuration.devUser, configuration.image]))
        .digest("hex")
        .slice(0, 16);
    return { stubs, extensions, server, expected, hash };
}

async function supportsStartInterval(docker: Docker): Promise<boolean> {
    const { ApiVersion } = await docker.version();
    const [major = 0, minor = 0] = ApiVersion.split(".").map(Number);
    return major > 1 || minor >= 44;
}

/**
 * Checks everything that can be checked before anything is created, and looks up what is already there.
 *
 * @throws InputError with one clear text: what is wrong and how to mend it.
 */
export async function prepare(configuration: Configuration, identity: StackIdentity): Promise<Prepared> {
    const endpoint = findDockerEndpoint();
    const declared = await declare(configuration, identity.directory);
    const docker = await connectDocker(endpoint);
    await refuseOtherMachine(docker, endpoint);
    const name = stackName(identity);
    await joinNetwork(docker, name);
    const [image, hasStartInterval, found] = await Promise.all([
        chooseImage(docker, configuration.image),
        supportsStartInterval(docker),
        lookUp(docker, identity, declared.expected, declared.extensions, declared.hash, configuration.port),
    ]);
    if (found.current === undefined && Object.keys(configuration.settings).length > 0) {
        // An image that is not here yet cannot be asked; it is asked on the next run.
        if ((await inspectImage(docker, image.reference)) !== undefined) {
            await checkSettings(docker, image.reference, configuration.settings);
        }
    }
    return {
        ...declared,
        ...found,
        name,
        reached:
            (await ownContainer(docker)) === undefined
                ? { host: LOOPBACK, port: found.port }
                : { host: name, port: SERVER_PORT },
        endpoint,
        image: image.reference,
        standIn: image.standIn,
        hasStartInterval,
    };
}
