import type { ContainerCreateOptions } from "dockerode";
import * as z from "zod";
import { createContainer } from "../docker/client";
import { clustersVolume, ensureClusters } from "../docker/clusters";
import { waitForNetwork } from "../docker/network";
import { joinNetwork } from "../docker/own-container";
import { tarOf } from "../docker/tar";
import { waitForServer } from "../server/wait";
import { ensureImage } from "../setup/image";
import type { HandlerContext, Handlers, RunContext } from "./handlers";

const labelList = z
    .array(z.object({ label: z.string(), value: z.string() }))
    .default([])
    .transform((list) => Object.fromEntries(list.map(({ label, value }) => [label, value])));

const networkInputs = z.object({ name: z.string(), labels: labelList });
const volumeInputs = z.object({ name: z.string(), labels: labelList });
const imageInputs = z.object({ name: z.string() });
const containerInputs = z.object({
    name: z.string(),
    image: z.string(),
    labels: labelList,
    envs: z.array(z.string()).default([]),
    hosts: z.array(z.object({ host: z.string(), ip: z.string() })).default([]),
    uploads: z
        .array(z.object({ file: z.string(), content: z.string(), executable: z.boolean().default(false) }))
        .default([]),
    entrypoints: z.array(z.string()).optional(),
    command: z.array(z.string()).optional(),
    init: z.boolean().optional(),
    capabilities: z.object({ adds: z.array(z.string()).default([]) }).optional(),
    sysctls: z.record(z.string(), z.string()).default({}),
    networksAdvanced: z.array(z.object({ name: z.string() })).length(1),
    ports: z.array(z.object({ internal: z.number(), external: z.number(), ip: z.string() })).default([]),
    volumes: z.array(z.object({ volumeName: z.string(), containerPath: z.string() })).default([]),
    restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).default("no"),
    healthcheck: z
        .object({
            tests: z.array(z.string()),
            interval: z.string(),
            timeout: z.string(),
            startPeriod: z.string(),
            startInterval: z.string().optional(),
            retries: z.number(),
        })
        .optional(),
});
type ContainerInputs = z.output<typeof containerInputs>;

/** How long a server may take to its first answer. */
const START_LIMIT_MS = 60_000;

/** Go's duration text (`2m0s`, `250ms`) in nanoseconds, as Docker's API takes it. */
export function nanoseconds(duration: string): number {
    const units: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6 };
    return [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
        (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0),
        0,
    );
}

function healthcheck(inputs: ContainerInputs): ContainerCreateOptions["Healthcheck"] {
    const check = inputs.healthcheck;
    return check === undefined
        ? undefined
        : {
              Test: check.tests,
              Interval: nanoseconds(check.interval),
              Timeout: nanoseconds(check.timeout),
              StartPeriod: nanoseconds(check.startPeriod),
              Retries: check.retries,
              ...(check.startInterval === undefined ? {} : { StartInterval: nanoseconds(check.startInterval) }),
          };
}

function createOptions(inputs: ContainerInputs, context: RunContext): ContainerCreateOptions {
    const [network] = inputs.networksAdvanced;
    return {
        name: inputs.name,
        Image: inputs.image,
        Env: inputs.envs,
        Labels: { ...inputs.labels, ...context.labels },
        Entrypoint: inputs.entrypoints,
        Cmd: inputs.command,
        Healthcheck: healthcheck(inputs),
        ExposedPorts: Object.fromEntries(inputs.ports.map(({ internal }) => [`${internal}/tcp`, {}])),
        HostConfig: {
            ExtraHosts: inputs.hosts.map(({ host, ip }) => `${host}:${ip}`),
            Init: inputs.init,
            CapAdd: inputs.capabilities?.adds,
            Sysctls: inputs.sysctls,
            NetworkMode: network?.name,
            RestartPolicy: { Name: inputs.restart },
            Binds: inputs.volumes.map(({ volumeName, containerPath }) => `${volumeName}:${containerPath}`),
            PortBindings: Object.fromEntries(
                inputs.ports.map(({ internal, external, ip }) => [
                    `${internal}/tcp`,
                    [{ HostIp: ip, HostPort: String(external) }],
                ]),
            ),
        },
    };
}

async function startServer(inputs: ContainerInputs, context: HandlerContext): Promise<string> {
    const { docker, ended } = context;
    // As the hooks do that this runner does not call.
    await Promise.all(inputs.networksAdvanced.map(({ name }) => waitForNetwork(docker, name, { signal: ended })));
    if (inputs.volumes.some(({ volumeName }) => volumeName === clustersVolume(inputs.image))) {
        await ensureClusters(docker, inputs.image);
    }
    const container = await createContainer(docker, createOptions(inputs, context));
    if (inputs.uploads.length > 0) {
        await container.putArchive(await tarOf(inputs.uploads), { path: "/" });
    }
    await container.start();
    await waitForServer(docker, container.id, START_LIMIT_MS);
    return container.id;
}

/** The types of `@pulumi/docker` that a dev database is made of. */
export const dockerHandlers: Handlers = {
    "pulumi:providers:docker": async ({ name }) => ({ id: `docker-${name}` }),

    "docker:index/network:Network": async ({ inputs }, { docker, labels, kept }) => {
        const { name, labels: own } = networkInputs.parse(inputs);
        if (kept !== undefined) {
            return { id: name };
        }
        const network = await docker.createNetwork({ Name: name, CheckDuplicate: true, Labels: { ...own, ...labels } });
        await joinNetwork(docker, name);
        return { id: network.id };
    },

    "docker:index/volume:Volume": async ({ inputs }, { docker, labels, kept }) => {
        const { name, labels: own } = volumeInputs.parse(inputs);
        if (kept === undefined) {
            await docker.createVolume({ Name: name, Labels: { ...own, ...labels } });
        }
        return { id: name };
    },

    "docker:index/remoteImage:RemoteImage": async ({ inputs }, { docker, progress }) => {
        const { name } = imageInputs.parse(inputs);
        const image = await ensureImage(docker, name, { log: progress });
        return { id: image.id, outputs: { imageId: image.id } };
    },

    "docker:index/container:Container": async ({ inputs }, context) => {
        const container = containerInputs.parse(inputs);
        if (context.kept === undefined) {
            context.progress("Starting PostgreSQL");
        }
        const id = context.kept?.server.id ?? (await startServer(container, context));
        return { id, outputs: { name: container.name, ports: container.ports } };
    },
};
