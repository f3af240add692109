import type Docker from "dockerode";
import { belongsTo, LABEL, type StackIdentity, stackName } from "../docker/labels";
import { choosePort } from "../docker/ports";
import { findContainer, findNetwork, type ServerContainer } from "../docker/server";
import { whyIncomplete, whyUnusable } from "../server/broken";
import type { Expected } from "../server/completeness";
import { InputError } from "../upstreams/errors";

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
    /** Whether a server runs that was made from the same declaration. */
    readonly isCurrent: boolean;
}

function refuseForeign(container: ServerContainer, name: string, identity: StackIdentity): void {
    if (!belongsTo(container.labels, identity)) {
        throw new InputError(
            `A container called ${name} exists that this stack did not make. Remove it (docker rm -f ${name}), or rename it.`,
        );
    }
    if (container.labels[LABEL.madeBy] === "standalone") {
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
    declared: string,
): Promise<string | undefined> {
    const unusable = whyUnusable(container, name);
    // Of another declaration it is replaced in any case, because the label changes; nothing needs healing.
    return unusable !== undefined || container.labels[LABEL.declared] !== declared
        ? unusable
        : whyIncomplete(docker, container, expected);
}

/**
 * Asks Docker and the server what is there of a stack. Pulumi's state cannot know: a container that was removed
 * or stopped by hand, or a database dropped in it, looks unchanged to a plain `pulumi up`.
 *
 * @throws InputError when something that is not this stack's is in the way, or no port can be had.
 */
export async function lookUp(
    docker: Docker,
    identity: StackIdentity,
    expected: Expected,
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
        return { generation: fresh, networkGeneration, port, broken: undefined, isCurrent: false };
    }
    refuseForeign(container, name, identity);
    const broken = await whatIsBroken(docker, container, name, expected, declared);
    // A paused one holds its port as well.
    const holdsPort = container.running || ["paused", "restarting"].includes(container.state);
    const current = { port: container.hostPort, running: holdsPort };
    return {
        generation: broken === undefined ? (container.labels[LABEL.generation] ?? fresh) : fresh,
        networkGeneration,
        port: await choosePort(docker, identity, configuredPort, current),
        broken,
        isCurrent: broken === undefined && container.labels[LABEL.declared] === declared,
    };
}
