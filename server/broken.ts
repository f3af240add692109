import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { findContainer, type ServerContainer } from "../docker/server";
import { type Expected, missingFrom, type ServerAddress } from "./completeness";
import { addressOf } from "./expected";

/** Between two attempts at a server that is starting. */
const ATTEMPT_EVERY_MS = 100;
/** Docker itself calls a container unhealthy before, when its server does not come up. */
const START_LIMIT_MS = 90_000;

/** Why a container cannot serve as it is; undefined when it runs, in the stack's network. The server is not asked. */
export function whyUnusable(container: ServerContainer, network: string): string | undefined {
    if (!container.running) {
        return `its container is ${container.state}`;
    }
    return container.networks.includes(network) ? undefined : "its network is gone";
}

/**
 * Asks a server what it lacks. One that is starting, as after a restart of Docker, is given the time for it: taken for
 * broken, a whole stack would be made anew.
 */
async function missingFromStarted(
    docker: Docker,
    container: ServerContainer,
    address: ServerAddress,
    expected: Expected,
): Promise<string[]> {
    const end = Date.now() + START_LIMIT_MS;
    for (let { starting } = container; ; ) {
        try {
            return await missingFrom(address, expected);
        } catch (error) {
            // Seen before the attempt: one that was up by then should have answered.
            if (!starting || Date.now() > end) {
                throw error;
            }
            await sleep(ATTEMPT_EVERY_MS);
            const now = await findContainer(docker, container.id);
            if (now === undefined || !now.running) {
                throw error;
            }
            starting = now.starting;
        }
    }
}

/** Why a running container is not all that it should be; undefined when it is whole. */
export async function whyIncomplete(
    docker: Docker,
    container: ServerContainer,
    expected: Expected,
): Promise<string | undefined> {
    const address = addressOf(container);
    if (address === undefined) {
        return "its container has no published port";
    }
    try {
        const missing = await missingFromStarted(docker, container, address, expected);
        return missing.length === 0 ? undefined : `it lacks ${missing.join(", ")}`;
    } catch (error) {
        return `its server does not answer (${error instanceof Error ? error.message : String(error)})`;
    }
}
