/**
 * Volumes with clusters that were initialised once, from which the stacks on this engine copy theirs: one volume for each
 * image. They belong to no stack, hold nothing of one, and can be removed at any time.
 */
import type Docker from "dockerode";
import { statusCode } from "./client";
import { inspectImage } from "./image";
import { LABEL } from "./labels";

const PREFIX = "fdw-stub-clusters-";

/** Name of an image's volume. @param imageId `sha256:…` */
export function clustersVolume(imageId: string): string {
    return `${PREFIX}${imageId.replace(/^sha256:/, "").slice(0, 12)}`;
}

/** Makes sure that an image's volume is there; Docker would make it with the first container, but without its label. */
export async function ensureClusters(docker: Docker, imageId: string): Promise<void> {
    await docker.createVolume({ Name: clustersVolume(imageId), Labels: { [LABEL.clusters]: imageId } });
}

/** A volume with initialised clusters. */
export interface Clusters {
    readonly name: string;
    /** Whether its image is still on this machine. */
    readonly imageIsHere: boolean;
}

/** All such volumes of the engine. */
export async function findClusters(docker: Docker): Promise<Clusters[]> {
    const { Volumes: volumes } = await docker.listVolumes({ filters: { label: [LABEL.clusters] } });
    return Promise.all(
        (volumes ?? []).map(async ({ Name: name, Labels: labels }) => ({
            name,
            imageIsHere: (await inspectImage(docker, labels?.[LABEL.clusters] ?? "")) !== undefined,
        })),
    );
}

/**
 * Removes the volumes of images that are no longer on this machine: nothing will ask for them again.
 *
 * @returns their names.
 */
export async function removeOutdatedClusters(docker: Docker): Promise<string[]> {
    const outdated = (await findClusters(docker)).filter(({ imageIsHere }) => !imageIsHere);
    const removed = await Promise.all(
        outdated.map(async ({ name }) => {
            try {
                await docker.getVolume(name).remove();
                return [name];
            } catch (error) {
                // 404: another command was quicker. 409: a container has it, which can outlive its image's name.
                if (statusCode(error) === 404 || statusCode(error) === 409) {
                    return [];
                }
                throw error;
            }
        }),
    );
    return removed.flat();
}
