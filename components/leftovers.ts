import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { connectDocker, unlessGone } from "../docker/client";
import { ensureClusters } from "../docker/clusters";
import { belongsTo, type StackIdentity } from "../docker/labels";
import { joinNetwork, leaveNetwork } from "../docker/own-container";
import { findContainer, findNetwork, findVolume } from "../docker/server";
import { ANY_DATABASE } from "../server/completeness";
import { withClient } from "../server/connect";
import { addressOf } from "../server/expected";
import { InputError } from "../upstreams/errors";
import { quoteIdent } from "../upstreams/quote";

const containerInputs = z.object({ image: z.string() });

/**
 * A hook for before the container is created. When `pulumi up` was killed between Docker's answer and the writing
 * of the state, a container of the stack's name is left that the state does not know, and its name is taken.
 * Because the container is deleted before it is replaced, one that is there now cannot be rightful.
 */
export function removeLeftoverContainer(name: string, identity: StackIdentity): pulumi.ResourceHookFunction {
    return async () => {
        const docker = await connectDocker();
        const leftover = await findContainer(docker, name);
        if (leftover !== undefined && belongsTo(leftover.labels, identity)) {
            await pulumi.log.info(`Removing the container ${name}, left over from an interrupted run.`);
            await unlessGone(docker.getContainer(leftover.id).remove({ force: true, v: true }));
        }
    };
}

/**
 * Hooks for before and after the network is created. One that is there already was left by a run that was killed in the
 * seconds that the provider looks at a new network. A container in it may be one that the state knows, because nothing
 * but the network itself was missing: it is in the new one afterwards.
 */
export function replaceLeftoverNetwork(
    name: string,
    identity: StackIdentity,
): { readonly remove: pulumi.ResourceHookFunction; readonly attach: pulumi.ResourceHookFunction } {
    let detached: string | undefined;
    return {
        remove: async () => {
            const docker = await connectDocker();
            const leftover = await findNetwork(docker, name);
            if (leftover === undefined || !belongsTo(leftover.labels, identity)) {
                return;
            }
            await pulumi.log.info(`Removing the network ${name}, left over from an interrupted run.`);
            const network = docker.getNetwork(leftover.id);
            const container = await findContainer(docker, name);
            if (container?.networks.includes(name) && belongsTo(container.labels, identity)) {
                await unlessGone(network.disconnect({ Container: container.id, Force: true }));
                detached = container.id;
            }
            await leaveNetwork(docker, name);
            await unlessGone(network.remove());
        },
        attach: async () => {
            if (detached === undefined) {
                return;
            }
            const docker = await connectDocker();
            const made = await findNetwork(docker, name);
            if (made !== undefined) {
                // The container may have been made anew meanwhile.
                await unlessGone(docker.getNetwork(made.id).connect({ Container: detached }));
            }
        },
    };
}

/** A hook for after the network was created: a program that runs in a container of the engine reaches the server there. */
export function joinOwnNetwork(name: string): pulumi.ResourceHookFunction {
    return async () => joinNetwork(await connectDocker(), name);
}

/**
 * A hook for before the container is created, after the volume was: the server starts with an empty one, whatever
 * the container is made anew for. With the data of its predecessor it would find roles and databases in the way,
 * and perhaps another version's files.
 *
 * @param labels Labels of the volume.
 */
export function emptyVolume(
    name: string,
    identity: StackIdentity,
    labels: Readonly<Record<string, string>>,
): pulumi.ResourceHookFunction {
    const removeContainer = removeLeftoverContainer(name, identity);
    return async (args) => {
        const docker = await connectDocker();
        const volume = await findVolume(docker, name);
        if (volume !== undefined && !belongsTo(volume.labels, identity)) {
            throw new InputError(
                `A volume called ${name} exists that this stack did not make. Remove it: docker volume rm ${name}`,
            );
        }
        // Only a container of the stack can hold it.
        await removeContainer(args);
        await unlessGone(docker.getVolume(name).remove());
        await docker.createVolume({ Name: name, Labels: { ...labels } });
    };
}

/** A hook for before the container is created: the volume that its cluster is copied from is there, with its label. */
export const labelClusters: pulumi.ResourceHookFunction = async ({ newInputs }) => {
    const { image } = containerInputs.parse(newInputs);
    await ensureClusters(await connectDocker(), image);
};

/**
 * A hook for before a database is created: the same for one that was made just before `pulumi up` was killed. These are
 * seen at the next run's start as well, unless all that should follow was made too.
 */
export function removeLeftoverDatabase(name: string, database: string): pulumi.ResourceHookFunction {
    return async () => {
        const docker = await connectDocker();
        const server = await findContainer(docker, name);
        const address = server === undefined ? undefined : addressOf(server);
        if (address === undefined) {
            return;
        }
        await withClient({ ...address, database: ANY_DATABASE }, (client) =>
            client.query(`DROP DATABASE IF EXISTS ${quoteIdent(database)} WITH (FORCE)`),
        );
    };
}
