import type Docker from "dockerode";
import { type StackIdentity, stackName } from "../docker/labels";
import { findServer, madeBy, removeStandalone } from "../docker/stack";
import { InputError } from "../upstreams/errors";
import { whileLocked } from "./lock";

/**
 * Removes what the standalone runner made for a stack, and nothing else.
 *
 * @returns what was removed, in words; empty when there was nothing.
 * @throws InputError for a stack that `pulumi up` made.
 */
export async function down(docker: Docker, identity: StackIdentity): Promise<string[]> {
    return whileLocked(stackName(identity), async () => {
        const server = await findServer(docker, identity);
        if (server !== undefined && madeBy(server.labels) === "pulumi") {
            throw new InputError(
                `The stack ${JSON.stringify(identity.stack)} was made by \`pulumi up\`. Remove it with \`pulumi destroy --stack ${identity.stack}\`.`,
            );
        }
        return removeStandalone(docker, identity);
    });
}
