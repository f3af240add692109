import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import type Docker from "dockerode";
import type { ContainerInspectInfo } from "dockerode";
import { InputError } from "../upstreams/errors";
import { statusCode } from "./client";
import type { DockerEndpoint } from "./endpoint";

/** The container that this process runs in, where the same engine runs it: a CI job, a devcontainer. */
export interface OwnContainer {
    readonly id: string;
    /** Names of the networks that it is attached to. */
    readonly networks: ReadonlySet<string>;
}

/** What may be this container's id: Docker mounts files from a folder of that name, and takes it for the host name. */
function possibleIds(): string[] {
    if (!existsSync("/.dockerenv") && !existsSync("/run/.containerenv")) {
        return [];
    }
    let mounts = "";
    try {
        mounts = readFileSync("/proc/self/mountinfo", "utf8");
    } catch {
        // Not Linux.
    }
    // Where the engine runs beside this process, the mounts of all its containers are here, too: only those of /etc are
    // this one's own.
    const own = /\/containers\/([0-9a-f]{64})\/\S+ \/etc\/(?:hostname|hosts|resolv\.conf) /g;
    const mounted = [...mounts.matchAll(own)].map(([, id]) => id ?? "");
    return [...new Set([...mounted, hostname()])];
}

async function inspect(docker: Docker, id: string): Promise<ContainerInspectInfo | undefined> {
    try {
        return await docker.getContainer(id).inspect();
    } catch (error) {
        if (statusCode(error) === 404) {
            return undefined;
        }
        throw error;
    }
}

/** Ids never change while a process lives: on most machines the engine is asked once, or not at all. */
const found = new WeakMap<Docker, Promise<string | undefined>>();

async function ownId(docker: Docker, ids: readonly string[]): Promise<string | undefined> {
    for (const id of ids) {
        const info = await inspect(docker, id);
        if (info !== undefined) {
            // With the machine's own network everything is as outside.
            return info.HostConfig.NetworkMode === "host" ? undefined : info.Id;
        }
    }
    return undefined;
}

/**
 * The container that this process runs in, if it is one of this engine and has a network of its own: then the engine's
 * loopback address is not this process's, and the stack's server is reached through its Docker network.
 */
export async function ownContainer(docker: Docker, ids = possibleIds()): Promise<OwnContainer | undefined> {
    const known = found.get(docker) ?? ownId(docker, ids);
    found.set(docker, known);
    const id = await known;
    const info = id === undefined ? undefined : await inspect(docker, id);
    return info && { id: info.Id, networks: new Set(Object.keys(info.NetworkSettings.Networks ?? {})) };
}

/** Lets the container that this process runs in reach a stack's network, where it is one and the network is there. */
export async function joinNetwork(docker: Docker, network: string, ids = possibleIds()): Promise<void> {
    const own = await ownContainer(docker, ids);
    if (own === undefined || own.networks.has(network)) {
        return;
    }
    try {
        await docker.getNetwork(network).connect({ Container: own.id });
    } catch (error) {
        // There is none yet: whoever makes it joins it.
        if (statusCode(error) !== 404) {
            throw error;
        }
    }
}

/** Undoes `joinNetwork`: Docker does not remove a network that a container is attached to. */
export async function leaveNetwork(docker: Docker, network: string, ids = possibleIds()): Promise<void> {
    const own = await ownContainer(docker, ids);
    if (own?.networks.has(network)) {
        await docker.getNetwork(network).disconnect({ Container: own.id, Force: true });
    }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i;

/**
 * Refuses an engine on another machine: a stack's server listens on that machine's loopback address only.
 *
 * @throws InputError that says what to do instead.
 */
export async function refuseOtherMachine(docker: Docker, endpoint: DockerEndpoint, ids = possibleIds()): Promise<void> {
    const [, scheme = "", host = ""] = /^(\w+):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/.exec(endpoint.host) ?? [];
    if (["unix", "npipe"].includes(scheme) || LOOPBACK.test(host) || (await ownContainer(docker, ids)) !== undefined) {
        return;
    }
    throw new InputError(
        `Docker runs on another machine: ${scheme}://${host} (from ${endpoint.source}). A stack's server listens on that machine's own loopback address, which nothing here can reach. Run the command there; or in a container of that engine that has its network: docker run --rm --network host -v /var/run/docker.sock:/var/run/docker.sock -v "$PWD:$PWD" -w "$PWD" node:24 npx fdw-stub up`,
    );
}
