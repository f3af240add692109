import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { errorText } from "../docker/errors";
import { reasonFromLogs } from "../docker/logs";
import { findContainer, type ServerContainer } from "../docker/server";
import { InputError } from "../upstreams/errors";
import { ANY_DATABASE, type ServerAddress } from "./completeness";
import { withClient } from "./connect";
import { addressOf } from "./expected";

/** Between two attempts; a start takes one to three seconds. */
const ATTEMPT_EVERY_MS = 25;
/** Between two looks at the container itself, which tell when waiting is in vain. */
const LOOK_EVERY_MS = 500;

async function answers(address: ServerAddress): Promise<boolean> {
    try {
        await withClient({ ...address, database: ANY_DATABASE }, async (client) => {
            await client.query("SELECT 1");
        });
        return true;
    } catch {
        return false;
    }
}

/** How long a server may take that was only stopped. */
const RESTART_LIMIT_MS = 60_000;

/** Whether a container was stopped or paused by hand, so that it need only go on. */
export function canGoOn(server: ServerContainer): boolean {
    return server.state === "exited" || server.state === "paused";
}

/**
 * Lets a container that was stopped or paused go on, with its data and its password.
 *
 * @returns why it cannot go on, in words; undefined when it answers.
 */
export async function goOn(docker: Docker, server: ServerContainer): Promise<string | undefined> {
    const container = docker.getContainer(server.id);
    try {
        await (server.state === "paused" ? container.unpause() : container.start());
        await waitForServer(docker, server.id, RESTART_LIMIT_MS);
        return undefined;
    } catch (error) {
        return `its container is ${server.state} and cannot go on (${errorText(error)})`;
    }
}

/**
 * Waits until a server answers a query where this process reaches it. The image's temporary server of the first
 * set-up does not listen there.
 *
 * @throws InputError with the server's own words when it ends, restarts, or does not answer in time.
 */
export async function waitForServer(docker: Docker, container: string, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    let nextLook = 0;
    let server = await findContainer(docker, container);
    while (server !== undefined && Date.now() < end) {
        const address = addressOf(server);
        if (address !== undefined && (await answers(address))) {
            return;
        }
        await sleep(ATTEMPT_EVERY_MS);
        if (Date.now() >= nextLook) {
            nextLook = Date.now() + LOOK_EVERY_MS;
            server = await findContainer(docker, container);
            if (server !== undefined && (!server.running || server.restarts > 0)) {
                throw new InputError(
                    `PostgreSQL did not start (its container is ${server.state}). It said:\n  ${await reasonFromLogs(docker, container)}`,
                );
            }
        }
    }
    if (server === undefined) {
        throw new InputError("PostgreSQL did not start: its container was removed meanwhile. Run the same again.");
    }
    throw new InputError(
        `PostgreSQL did not answer within ${timeoutMs / 1000} s. It said:\n  ${await reasonFromLogs(docker, container)}`,
    );
}
