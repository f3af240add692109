import type Docker from "dockerode";
import { belongsTo, LABEL, type StackIdentity, stackName } from "../docker/labels";
import { choosePort } from "../docker/ports";
import { findContainer, findNetwork, type ServerContainer } from "../docker/server";
import { whyIncomplete, whyUnusable } from "../server/broken";
import type { Expected, ExpectedExtension } from "../server/completeness";
import { addressOf } from "../server/expected";
import { InputError } from "../upstreams/errors";
import { runner } from "./door";
import { type Current, fillingOf } from "./filling";

/** What is there of a stack, as far as the next `up` has to know. */
export interface Found {
    /** Value of the generation label: the running server's own, or a new one where there is none that is whole. */
    readonly generation: string;
    /** The same for the network. */
    readonly networkGeneration: string;
    /** Port on the host's loopback. */
    readonly port: number;
    /** Why the server has to be made anew, in words; undefined when it hasn't, or was never there. */
    readonly broken: string | undefined;
    /** The server that stays. */
    readonly current: Current | undefined;
}

function refuseForeign(container: ServerContainer, name: string, identity: StackIdentity): void {
    if (!belongsTo(container.labels, identity)) {
        throw new InputError(
            `A container called ${name} exists that this stack did not make. Remove it (docker rm -f ${name}), or rename it.`,
        );
    }
    if (container.labels[LABEL.madeBy] === "standalone" && runner() !== "standalone") {
        throw new InputError(
            `The stack ${JSON.stringify(identity.stack)} was made by the standalone runner, not by pulumi. Remove it first: npx fdw-stub down --stack ${identity.stack}`,
        );
    }
}

async function whatIsBroken(
    docker: Docker,
    container: ServerContainer,
    name: string,
    expected: Expected,
    isDeclared: boolean,
): Promise<string | undefined> {
    const unusable = whyUnusable(container, name);
    // Of another declaration it is replaced in any case, because the label changes; nothing needs healing.
    return unusable !== undefined || !isDeclared ? unusable : whyIncomplete(docker, container, expected);
}

async function currentOf(
    container: ServerContainer,
    stubs: readonly ExpectedExtension[],
): Promise<Current | undefined> {
    const address = container.running ? addressOf(container) : undefined;
    return address === undefined
        ? undefined
        : { container: container.id, address, filling: await fillingOf(address, stubs) };
}

/**
 * Asks Docker and the server what is there of a stack. Pulumi's state cannot know: a container that was removed
 * or stopped by hand, or a database dropped in it, looks unchanged to a plain `pulumi up`.
 *
 * @param stubs The stubs' extensions, each with the version that is declared.
 * @throws InputError when something that is not this stack's is in the way, or no port can be had.
 */
export async function lookUp(
    docker: Docker,
    identity: StackIdentity,
    expected: Expected,
    stubs: readonly ExpectedExtension[],
    declared: string,
    configuredPort: number | undefined,
): Promise<Found> {
    const name = stackName(identity);
    const [container, network] = await Promise.all([findContainer(docker, name), findNetwork(docker, name)]);
    const fresh = Date.now().toString(36);
    const ownNetwork = network !== undefined && belongsTo(network.labels, identity);
    if (network !== undefined && !ownNetwork) {
        throw new InputError(
            `A network called ${name} exists that this stack did not make. Remove it: docker network rm ${name}`,
        );
    }
    const networkGeneration = network?.labels[LABEL.generation] ?? fresh;
    if (container === undefined) {
        const port = await choosePort(docker, identity, configuredPort, { port: undefined, running: false });
        return {
            generation: fresh,
            networkGeneration,
            port,
            broken: undefined,
            current: undefined,
        };
    }
    refuseForeign(container, name, identity);
    const isDeclared = container.labels[LABEL.declared] === declared;
    const [why, current] = await Promise.all([
        whatIsBroken(docker, container, name, expected, isDeclared),
        isDeclared ? currentOf(container, stubs) : undefined,
    ]);
    const broken = why ?? (current?.filling === "unknown" ? "a run ended before its stubs were whole" : undefined);
    // A paused one holds its port as well.
    const holdsPort = container.running || ["paused", "restarting"].includes(container.state);
    const itsPort = { port: container.hostPort, running: holdsPort };
    return {
        generation: broken === undefined ? (container.labels[LABEL.generation] ?? fresh) : fresh,
        networkGeneration,
        port: await choosePort(docker, identity, configuredPort, itsPort),
        broken,
        current: broken === undefined ? current : undefined,
    };
}
