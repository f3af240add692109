import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { expect } from "vitest";
import { connectDocker } from "../../../docker/client";
import type { EngineStack, Outputs } from "./engine-stack";
import { rows } from "./scenario";

/** A stack to do harm to. */
interface Victim {
    readonly docker: Docker;
    readonly container: Docker.Container;
    readonly name: string;
    readonly url: string;
    readonly stack: EngineStack;
}

/** One way to do it. */
export type Fault = (victim: Victim) => Promise<unknown>;

/** Sends a signal to PostgreSQL's first process, which is init's child. */
async function signal(container: Docker.Container, name: string): Promise<void> {
    const exec = await container.exec({ Cmd: ["sh", "-c", `kill -${name} $(head -1 "$PGDATA/postmaster.pid")`] });
    await exec.start({});
    for (let n = 0; n < 100 && (await exec.inspect()).Running; n++) {
        await sleep(20);
    }
}

/** Ways in which Docker's side of a stack gets lost or damaged behind Pulumi's back. */
export const DOCKER_FAULTS = {
    // Without its volume, as `docker rm -f` does it.
    "the container is removed": ({ container }) => container.remove({ force: true }),
    "the container is stopped": ({ container }) => container.stop({ t: 1 }),
    "the container is paused": ({ container }) => container.pause(),
    "the server hangs": ({ container }) => signal(container, "STOP"),
    "the container and the network are removed": async ({ docker, container, name }) => {
        await container.remove({ force: true });
        await docker.getNetwork(name).remove();
    },
    "the container is disconnected from the network": ({ docker, name }) =>
        docker.getNetwork(name).disconnect({ Container: name, Force: true }),
    "the network is removed under the container": async ({ docker, name }) => {
        await docker.getNetwork(name).disconnect({ Container: name, Force: true });
        await docker.getNetwork(name).remove();
    },
} satisfies Record<string, Fault>;

/** The same for what is in the server. */
export const SERVER_FAULTS = {
    "a stub database is dropped": ({ url }) => rows(url, "DROP DATABASE upstream_db WITH (FORCE)"),
    "the dev database is dropped": ({ url }) => rows(url, "DROP DATABASE dev WITH (FORCE)", "postgres"),
    "the stub tables are dropped": async ({ url }) => {
        const [stub] = await rows(
            url,
            "SELECT extname FROM pg_extension WHERE extname LIKE 'fdw_stub_%'",
            "upstream_db",
        );
        await rows(url, `DROP EXTENSION ${String(stub?.extname)}`, "upstream_db");
    },
    "a role is dropped": async ({ url }) => {
        await rows(url, "DROP OWNED BY app", "upstream_db");
        await rows(url, "DROP ROLE app");
    },
} satisfies Record<string, Fault>;

/** Runs of Pulumi that fail because the server is gone, and leave the state without it. */
export const REFRESH_FAULTS = {
    "a refresh failed because the container was gone": async ({ container, stack }) => {
        await container.remove({ force: true });
        await expect(stack.refresh()).rejects.toThrow(/refused|could not/);
    },
    "`up --refresh` failed because the container was gone": async ({ container, stack }) => {
        await container.remove({ force: true });
        await expect(stack.up({ refresh: true })).rejects.toThrow(/refused|could not/);
    },
    "`up --refresh` failed because the container was stopped": async ({ container, stack }) => {
        await container.stop({ t: 1 });
        await expect(stack.up({ refresh: true })).rejects.toThrow(/refused|could not/);
    },
} satisfies Record<string, Fault>;

/** Does harm to a stack. */
export async function damage(stack: EngineStack, outputs: Outputs, fault: Fault): Promise<void> {
    const docker = await connectDocker();
    const name = stack.objectName;
    await fault({ docker, container: docker.getContainer(name), name, url: outputs.devUrl, stack });
}
