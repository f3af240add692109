import type Docker from "dockerode";
import { type StackIdentity, stackName } from "../docker/labels";
import { findNamesakes, type Namesake } from "../docker/stack";
import { InputError } from "../upstreams/errors";

const REMOVE: Readonly<Record<Namesake["kind"], string>> = {
    container: "docker rm -f",
    network: "docker network rm",
    volume: "docker volume rm",
};

/**
 * Refuses to work on a stack of which `pulumi up` has made any part: its container may be gone, and its network and
 * volume are Pulumi's all the same.
 *
 * @returns what else has the stack's name.
 * @throws InputError that says which command is the right one.
 */
export async function refusePulumis(docker: Docker, identity: StackIdentity): Promise<Namesake[]> {
    const namesakes = await findNamesakes(docker, identity);
    if (namesakes.some((one) => one.own && one.madeBy === "pulumi")) {
        const stack = identity.stack;
        throw new InputError(
            `The stack ${JSON.stringify(stack)} was made by \`pulumi up\`, which alone may change it. Use \`pulumi up --stack ${stack}\`, or remove it with \`pulumi destroy --stack ${stack}\`.`,
        );
    }
    return namesakes;
}

/**
 * The same, and refuses whatever has the stack's name without being the runner's own: Docker would hand out a
 * volume with somebody's data in it.
 *
 * @throws InputError that says what is in the way, and how to remove it.
 */
export async function refuseOthers(docker: Docker, identity: StackIdentity): Promise<void> {
    const name = stackName(identity);
    const other = (await refusePulumis(docker, identity)).find((one) => !one.own || one.madeBy !== "standalone");
    if (other !== undefined) {
        throw new InputError(
            `A ${other.kind} called ${name} exists that this stack did not make. Remove it: ${REMOVE[other.kind]} ${name}`,
        );
    }
}
