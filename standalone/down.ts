import type Docker from "dockerode";
import { type StackIdentity, stackName } from "../docker/labels";
import { removeStandalone } from "../docker/stack";
import { removeResting } from "../rehearsal";
import { whileLocked } from "./lock";
import { refusePulumis } from "./ownership";

/**
 * Removes what the standalone runner made for a stack, and servers of rehearsals that nobody uses.
 *
 * @param waiting Called when another run has to be waited for.
 * @returns what was removed, in words; empty when there was nothing.
 * @throws InputError for a stack that `pulumi up` made.
 */
export async function down(docker: Docker, identity: StackIdentity, waiting: () => void): Promise<string[]> {
    return whileLocked(stackName(identity), waiting, async () => {
        await refusePulumis(docker, identity);
        await removeResting(docker);
        return removeStandalone(docker, identity);
    });
}
