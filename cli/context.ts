import type Docker from "dockerode";
import { connectDocker, dockerClient } from "../docker/client";
import { findDockerEndpoint } from "../docker/endpoint";
import type { StackIdentity } from "../docker/labels";
import { refuseOtherMachine } from "../docker/own-container";
import type { ServerContainer } from "../docker/server";
import { findReachableServer } from "../docker/stack";
import { addressOf, expectedOf } from "../server/expected";
import { ensureEngine } from "../setup/engine";
import { identify } from "../standalone/project";
import { InputError } from "../upstreams/errors";
import { SERVER_PORT } from "../upstreams/network";
import { databaseUrl } from "../upstreams/url";
import { findProjectDirectory } from "./project";

/** Options that every command takes. */
export interface GlobalOptions {
    /** Name of the stack. */
    readonly stack: string;
    /** Folder to look for the project from. */
    readonly cwd?: string;
    /** Name of the component, where a program has several. */
    readonly component?: string;
}

/** Which stack a command is about. */
export function identityOf(options: GlobalOptions): StackIdentity {
    return identify(findProjectDirectory(options.cwd), options.stack, options.component);
}

/** A client whose engine answers; where possible, one is started or installed first. */
export async function preparedDocker(log: (line: string) => void): Promise<Docker> {
    const endpoint = findDockerEndpoint();
    const docker = dockerClient(endpoint);
    const { host, source, isDefault } = endpoint;
    await ensureEngine({ engine: { host, source, isDefault, ping: () => docker.ping() }, log });
    await refuseOtherMachine(docker, endpoint);
    return docker;
}

/**
 * The stack's server, whichever door made it.
 *
 * @throws InputError that says how to bring it up when it is not there or does not run.
 */
export async function runningServer(options: GlobalOptions): Promise<ServerContainer> {
    const server = await findReachableServer(await connectDocker(), identityOf(options));
    const how = `Bring it up with \`npx fdw-stub up --stack ${options.stack}\` or \`pulumi up --stack ${options.stack}\`.`;
    if (server === undefined) {
        throw new InputError(`The stack ${JSON.stringify(options.stack)} is not up. ${how}`);
    }
    if (!server.running) {
        throw new InputError(`The stack ${JSON.stringify(options.stack)} is ${server.state}. ${how}`);
    }
    return server;
}

/**
 * The dev URL of a server.
 *
 * @param from Where it is used: on this machine, or in a container in the stack's network.
 * @throws InputError when the container does not tell enough, because it was changed by hand.
 */
export function devUrlOf(server: ServerContainer, from: "here" | "network" = "here"): string {
    const own = addressOf(server);
    const address = own === undefined || from === "here" ? own : { ...own, host: server.name, port: SERVER_PORT };
    const expected = expectedOf(server);
    if (address === undefined || expected === undefined) {
        throw new InputError(`The container ${server.name} was changed by hand. Bring the stack up again.`);
    }
    return databaseUrl({ ...address, database: expected.devDatabase });
}
