import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { dockerClient } from "../docker/client";
import { clustersVolume } from "../docker/clusters";
import { dataPath, inspectImage } from "../docker/image";
import { identityLabels, LABEL, type StackIdentity, stackName } from "../docker/labels";
import { checkPostgresImage } from "../docker/reference";
import { InputError } from "../upstreams/errors";
import { SERVER_PORT } from "../upstreams/network";
import { CLUSTERS_PATH, START_SCRIPT } from "../upstreams/server";
import { startScript } from "../upstreams/start-script";
import { explained } from "./explained";
import { emptyVolume, joinOwnNetwork, labelClusters, replaceLeftoverNetwork } from "./leftovers";
import type { Prepared } from "./prepare";
import { networkIsThere, serverAnswers } from "./waiting";

/** Time that a server may take to its first healthy answer, as Docker writes it: another spelling would be a change on every `up`. */
const START_PERIOD = "1m0s";

/** One that every container has: a refresh would take an empty list away, and the container be replaced for it. */
const OWN_CAPABILITY = "CHOWN";

/** The Docker side of a stack. */
export interface Server {
    readonly network: docker.Network;
    readonly container: docker.Container;
    readonly password: pulumi.Output<string>;
    /** A hook for before anything is created in the server. */
    readonly answers: pulumi.ResourceHookFunction;
}

function labels(all: Readonly<Record<string, string>>): docker.types.input.ContainerLabel[] {
    return Object.entries(all).map(([label, value]) => ({ label, value }));
}

/** The image itself, after a look into it: RemoteImage pulls whatever it is told to. */
async function checkedImage(id: string, reference: string): Promise<{ id: string; dataPath: string }> {
    const image = await inspectImage(dockerClient(), id);
    if (image === undefined) {
        throw new InputError(`The image ${JSON.stringify(reference)} was not found after it had been pulled.`);
    }
    checkPostgresImage(image, reference);
    return { id, dataPath: dataPath(image) };
}

function healthcheck(prepared: Prepared): docker.types.input.ContainerHealthcheck {
    const common = { tests: [...prepared.server.healthcheck], timeout: "5s", retries: 3 };
    return prepared.hasStartInterval
        ? { ...common, interval: "30s", startPeriod: START_PERIOD, startInterval: "250ms" }
        : // Engines before Docker 25 have one interval for starting and running alike. Each check is a process.
          { ...common, interval: "5s", startPeriod: START_PERIOD };
}

/** Declares the network, the volume, the image, the credentials and the container. */
export function createServer(
    name: string,
    parent: pulumi.Resource,
    identity: StackIdentity,
    devUser: string,
    prepared: pulumi.Output<Prepared>,
): Server {
    const fixedName = stackName(identity);
    const provider = new docker.Provider(
        name,
        { host: prepared.endpoint.host, certPath: prepared.endpoint.apply((endpoint) => endpoint.certPath ?? "") },
        { parent },
    );
    const common = { ...identityLabels(identity), [LABEL.madeBy]: "pulumi" };

    const leftover = replaceLeftoverNetwork(fixedName, identity);
    const network = new docker.Network(
        name,
        {
            // Taken from what was prepared, here and below, so that nothing is made before everything was checked.
            name: prepared.name,
            labels: prepared.networkGeneration.apply((generation) =>
                labels({ ...common, [LABEL.generation]: generation }),
            ),
        },
        {
            parent,
            provider,
            deleteBeforeReplace: true,
            hooks: {
                beforeCreate: [leftover.remove],
                afterCreate: [joinOwnNetwork(fixedName), leftover.attach],
            },
        },
    );
    // Named, because an anonymous one stays behind when its container is removed by hand.
    const volume = new docker.Volume(
        name,
        { name: prepared.name, labels: labels(common) },
        { parent, provider, deleteBeforeReplace: true },
    );
    const image = new docker.RemoteImage(
        name,
        {
            name: prepared.image,
            // The image is the machine's, not the stack's.
            keepLocally: true,
            // An image that was removed by hand is fetched again with the container that needs it.
            triggers: { generation: prepared.generation },
        },
        { parent, provider },
    );
    const password = new random.RandomPassword(
        name,
        // Letters and digits only: the password also travels through URLs in tools that decode them badly.
        { length: prepared.apply(() => 32), special: false },
        { parent, additionalSecretOutputs: ["result"] },
    );
    const checked = pulumi
        .all([image.imageId, prepared.image])
        .apply(([id, reference]) => explained(checkedImage(id, reference)));
    const container = new docker.Container(
        name,
        {
            name: prepared.name,
            image: checked.id,
            labels: prepared.apply(({ generation, networkGeneration, hash, expected, image: reference }) =>
                labels({
                    ...common,
                    [LABEL.generation]: generation,
                    // A network that is made anew needs a container that is attached to it.
                    [LABEL.networkGeneration]: networkGeneration,
                    [LABEL.declared]: hash,
                    [LABEL.expected]: JSON.stringify(expected),
                    [LABEL.image]: reference,
                }),
            ),
            envs: pulumi.all([prepared.server.environment, password.result]).apply(([environment, secret]) => [
                ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
                `POSTGRES_USER=${devUser}`,
                `POSTGRES_PASSWORD=${secret}`,
                // The entrypoint would make a database called like the user otherwise.
                "POSTGRES_DB=postgres",
            ]),
            hosts: prepared.server.hostAliases.apply((hosts) => hosts.map((host) => ({ ...host }))),
            capabilities: prepared.server.capabilities.apply((more) => ({
                // As a refresh reads them: another spelling would be a change after it.
                adds: [OWN_CAPABILITY, ...more].map((name) => `CAP_${name}`).sort(),
            })),
            sysctls: prepared.server.sysctls.apply((sysctls) => ({ ...sysctls })),
            uploads: prepared.server.files.apply((files) => [
                { file: START_SCRIPT, content: startScript(files), executable: true },
            ]),
            entrypoints: prepared.server.entrypoints.apply((entrypoints) => [START_SCRIPT, ...entrypoints]),
            command: prepared.server.command.apply((command) => [...command]),
            // Adopts the relay of extra ports, and lets signals reach the server.
            init: true,
            // Not the network's own: the provider looks at a new one for two seconds before it goes on. A hook waits until
            // it is there, and its removal waits until nobody is in it.
            networksAdvanced: [{ name: prepared.name }],
            ports: [{ internal: SERVER_PORT, external: prepared.port, ip: "127.0.0.1" }],
            // Back after a reboot, on the same port; but a container that was stopped by hand stays stopped.
            restart: "unless-stopped",
            // For whoever looks at the container. What is made in the server waits for the server itself, which is quicker.
            healthcheck: prepared.apply(healthcheck),
            volumes: [
                { volumeName: volume.name, containerPath: checked.dataPath },
                { volumeName: checked.apply(({ id }) => clustersVolume(id)), containerPath: CLUSTERS_PATH },
            ],
            // Goes for anonymous volumes that an image may declare besides.
            removeVolumes: true,
        },
        {
            parent,
            provider,
            // The name is fixed, and so is the port.
            deleteBeforeReplace: true,
            hooks: {
                beforeCreate: [
                    emptyVolume(fixedName, identity, common),
                    labelClusters,
                    networkIsThere(fixedName, identity),
                ],
            },
        },
    );
    return { network, container, password: password.result, answers: serverAnswers(fixedName) };
}
