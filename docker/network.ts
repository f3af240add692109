import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { InputError } from "../upstreams/errors";
import { belongsTo, type StackIdentity } from "./labels";
import { findNetwork } from "./server";

/** Between two looks; Docker takes some tens of milliseconds for a network. */
const LOOK_EVERY_MS = 20;
/** A network that is made anew is looked at for seconds by the provider before and after. */
const LIMIT_MS = 30_000;

/** Whose network is waited for, and how long. */
export interface NetworkWait {
    /** The stack that it must belong to. */
    readonly identity?: StackIdentity;
    /** Ends the wait. */
    readonly signal?: AbortSignal;
    readonly limitMs?: number;
}

/**
 * Waits until a stack's network is there, which is made at the same time.
 *
 * @throws InputError when it does not come about.
 */
export async function waitForNetwork(
    docker: Docker,
    name: string,
    { identity, signal, limitMs = LIMIT_MS }: NetworkWait = {},
): Promise<void> {
    const end = Date.now() + limitMs;
    for (;;) {
        const network = await findNetwork(docker, name);
        if (network !== undefined && (identity === undefined || belongsTo(network.labels, identity))) {
            return;
        }
        if (Date.now() >= end) {
            throw new InputError(`The container's network ${name} was not made within ${limitMs / 1000} s.`);
        }
        await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
}
