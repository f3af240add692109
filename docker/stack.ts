import type Docker from "dockerode";
import { InputError } from "../upstreams/errors";
import { unlessGone } from "./client";
import { belongsTo, identityLabels, LABEL, type MadeBy, type StackIdentity, stackName } from "./labels";
import { joinNetwork, leaveNetwork } from "./own-container";
import { findContainer, findContainers, findNetwork, findVolume, type ServerContainer } from "./server";

/** Filters of Docker's list calls for a stack's labels. */
function filters(identity: StackIdentity) {
    return { label: Object.entries(identityLabels(identity)).map(([key, value]) => `${key}=${value}`) };
}

/**
 * The server of a stack, whoever made it; undefined when there is none. A program of the user's own names its component
 * as it likes: where it has one only, that is the one that is meant.
 *
 * @throws InputError where there are several, and none has the name that is looked for.
 */
export async function findServer(docker: Docker, identity: StackIdentity): Promise<ServerContainer | undefined> {
    const { [LABEL.component]: wanted, ...labels } = identityLabels(identity);
    const servers = await findContainers(docker, labels);
    const components = servers.map((server) => server.labels[LABEL.component] ?? "");
    const exact = servers[components.indexOf(wanted ?? "")];
    if (exact === undefined && servers.length > 1) {
        throw new InputError(
            `The stack ${JSON.stringify(identity.stack)} has several dev databases: ${components.sort().join(", ")}. Choose one with --component NAME.`,
        );
    }
    return exact ?? servers[0];
}

/** The same, for whoever will speak to it: a command that runs in a container joins the server's network first. */
export async function findReachableServer(
    docker: Docker,
    identity: StackIdentity,
): Promise<ServerContainer | undefined> {
    const server = await findServer(docker, identity);
    if (server === undefined || !server.running || server.reached !== undefined) {
        return server;
    }
    await joinNetwork(docker, server.name);
    return findServer(docker, identity);
}

/** Which door an object was made by. Objects without the label were made by hand, which no door touches. */
export function madeBy(labels: Readonly<Record<string, string>>): MadeBy | undefined {
    const value = labels[LABEL.madeBy];
    return value === "pulumi" || value === "standalone" ? value : undefined;
}

/** What has a stack's name, whoever made it. */
export interface Namesake {
    readonly kind: "container" | "network" | "volume";
    /** Whether it carries the stack's labels, and thus was made by one of the two doors. */
    readonly own: boolean;
    readonly madeBy: MadeBy | undefined;
}

/** Everything that has a stack's name. */
export async function findNamesakes(docker: Docker, identity: StackIdentity): Promise<Namesake[]> {
    const name = stackName(identity);
    const found = await Promise.all([findContainer(docker, name), findNetwork(docker, name), findVolume(docker, name)]);
    return (["container", "network", "volume"] as const).flatMap((kind, i) => {
        const labels = found[i]?.labels;
        return labels === undefined ? [] : [{ kind, own: belongsTo(labels, identity), madeBy: madeBy(labels) }];
    });
}

/** What a removal found and removed, in words. */
export async function removeStandalone(docker: Docker, identity: StackIdentity): Promise<string[]> {
    const own = (labels: Readonly<Record<string, string>> | null | undefined) =>
        labels !== null && labels !== undefined && belongsTo(labels, identity) && madeBy(labels) === "standalone";
    const removed: string[] = [];
    for (const listed of await docker.listContainers({ all: true, filters: filters(identity) })) {
        const container = await findContainer(docker, listed.Id);
        if (container !== undefined && own(container.labels)) {
            if (await unlessGone(docker.getContainer(container.id).remove({ force: true, v: true }))) {
                removed.push(`container ${container.name}`);
            }
        }
    }
    for (const network of await docker.listNetworks({ filters: filters(identity) })) {
        if (own(network.Labels)) {
            await leaveNetwork(docker, network.Name);
        }
        if (own(network.Labels) && (await unlessGone(docker.getNetwork(network.Id).remove()))) {
            removed.push(`network ${network.Name}`);
        }
    }
    const { Volumes: volumes } = await docker.listVolumes({ filters: filters(identity) });
    for (const volume of volumes ?? []) {
        if (own(volume.Labels) && (await unlessGone(docker.getVolume(volume.Name).remove()))) {
            removed.push(`volume ${volume.Name}`);
        }
    }
    return removed;
}
