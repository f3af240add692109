import type Docker from "dockerode";
import { removeOutdatedClusters } from "../docker/clusters";
import { type StackIdentity, stackName } from "../docker/labels";
import { removeStandalone } from "../docker/stack";
import { removeResting } from "../rehearsal";
import { whileLocked } from "./lock";
import { refusePulumis } from "./ownership";

/**
 * Removes what the standalone runner made for a stack, and what nobody uses any more: servers of rehearsals, and
 * initialised clusters of images that are gone.
 *
 * @param waiting Called when another run has to be waited for.
 * @returns what was removed, in words; empty when there was nothing.
 * @throws InputError for a stack that `pulumi up` made.
 */
export async function down(docker: Docker, identity: StackIdentity, waiting: () => void): Promise<string[]> {
    return whileLocked(stackName(identity), waiting, async () => {
        await refusePulumis(docker, identity);
        await removeResting(docker);
        const removed = await removeStandalone(docker, identity);
        const outdated = await removeOutdatedClusters(docker);
        return [...removed, ...outdated.map((name) => `volume ${name}, which was for an image that is gone`)];
    });
}
