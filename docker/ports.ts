import { createServer } from "node:net";
import type Docker from "dockerode";
import { InputError } from "../upstreams/errors";
import { portCandidates, type StackIdentity } from "./labels";

/** Whether nothing on this machine listens on the port of the loopback address. */
function bindable(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const probe = createServer();
        probe.once("error", () => resolve(false));
        probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
    });
}

/** Who has a port: a container's name, `another program`, or undefined when it is free. */
async function holder(docker: Docker, port: number): Promise<string | undefined> {
    // Docker may publish a port without listening on it (userland-proxy off), so both are asked.
    const containers = await docker.listContainers();
    const owner = containers.find((one) => one.Ports.some((p) => p.PublicPort === port));
    if (owner !== undefined) {
        return `the container ${(owner.Names[0] ?? owner.Id).replace(/^\//, "")}`;
    }
    return (await bindable(port)) ? undefined : "another program";
}

/** The port that a stack's server has now, if it has one. */
export interface CurrentPort {
    readonly port: number | undefined;
    /** While its container runs, the port is taken by the stack itself. */
    readonly running: boolean;
}

/**
 * Chooses the port on the host's loopback: the configured one, else the one that the stack had, else the first
 * free one of a fixed row, so that the URL outlives whatever happens to the container.
 *
 * @throws InputError when the configured port is taken by somebody else, or no port of the row is free.
 */
export async function choosePort(
    docker: Docker,
    identity: StackIdentity,
    configured: number | undefined,
    current: CurrentPort,
): Promise<number> {
    const own = current.running ? current.port : undefined;
    if (configured !== undefined) {
        const taken = configured === own ? undefined : await holder(docker, configured);
        if (taken !== undefined) {
            throw new InputError(
                `The port ${configured} is in use by ${taken}. Set the key port of the configuration to a free one, or remove it to have one chosen.`,
            );
        }
        return configured;
    }
    if (own !== undefined) {
        return own;
    }
    const row = current.port === undefined ? [] : [current.port];
    for (const port of [...row, ...portCandidates(identity)]) {
        if ((await holder(docker, port)) === undefined) {
            return port;
        }
    }
    throw new InputError(
        "No free port was found on 127.0.0.1. Set the key port of the configuration to one that is free.",
    );
}
