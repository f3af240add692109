import * as pulumi from "@pulumi/pulumi";
import { connectDocker } from "../docker/client";
import type { StackIdentity } from "../docker/labels";
import { waitForNetwork } from "../docker/network";
import { waitForServer } from "../server/wait";
import { explained } from "./explained";

/** How long a server may take to its first answer. */
const START_LIMIT_MS = 60_000;

/** A hook for before the container is created: its network, which is made beside it, is there. */
export function networkIsThere(name: string, identity: StackIdentity): pulumi.ResourceHookFunction {
    return () => explained(connectDocker().then((docker) => waitForNetwork(docker, name, { identity })));
}

/**
 * A hook for before anything is created in the server: it answers. The provider would take a refused connection for an
 * answer, and its own wait for a healthy container looks once a second. Many resources wait, and one tells why in vain.
 */
export function serverAnswers(name: string): pulumi.ResourceHookFunction {
    let answering: Promise<void> | undefined;
    let isTold = false;
    return () => {
        answering ??= explained(connectDocker().then((docker) => waitForServer(docker, name, START_LIMIT_MS)));
        return answering.catch((error: unknown) => {
            const first = !isTold;
            isTold = true;
            return Promise.reject(first ? error : new pulumi.RunError("PostgreSQL did not start."));
        });
    };
}
