import type Docker from "dockerode";
import type { ContainerInspectInfo } from "dockerode";
import { statusCode } from "./client";
import { type OwnContainer, ownContainer } from "./own-container";

/** What Docker knows of a stack's server. */
export interface ServerContainer {
    readonly id: string;
    readonly name: string;
    readonly running: boolean;
    /** `created`, `running`, `exited`, … */
    readonly state: string;
    /** Started, and not yet seen to be healthy. */
    readonly starting: boolean;
    /** How often Docker has restarted it because it ended by itself. */
    readonly restarts: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly image: string;
    readonly imageId: string;
    /** Names of the networks that it is attached to. */
    readonly networks: readonly string[];
    /** Port on the host's loopback that leads to the server, if one is declared. */
    readonly hostPort: number | undefined;
    /** Where the server is reached from this process; undefined where it is not. */
    readonly reached: { readonly host: string; readonly port: number } | undefined;
    /** Superuser and password that the container was started with. */
    readonly user: string;
    readonly password: string;
}

function environment(info: ContainerInspectInfo): Map<string, string> {
    return new Map(
        (info.Config.Env ?? []).map((entry): [string, string] => {
            const at = entry.indexOf("=");
            return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
        }),
    );
}

function declaredPort(info: ContainerInspectInfo): number | undefined {
    const bindings: unknown = info.HostConfig.PortBindings?.["5432/tcp"];
    const first: unknown = Array.isArray(bindings) ? bindings[0] : undefined;
    const port =
        typeof first === "object" && first !== null && "HostPort" in first ? Number(first.HostPort) : Number.NaN;
    return Number.isInteger(port) && port > 0 ? port : undefined;
}

/** Through the port that it publishes; from inside a container through a network that both are in. */
function reachedAt(info: ContainerInspectInfo, own: OwnContainer | undefined): ServerContainer["reached"] {
    const port = declaredPort(info);
    if (own === undefined) {
        return port === undefined ? undefined : { host: "127.0.0.1", port };
    }
    const shared = Object.keys(info.NetworkSettings.Networks ?? {}).some((name) => own.networks.has(name));
    return shared ? { host: info.Name.replace(/^\//, ""), port: 5432 } : undefined;
}

function describe(info: ContainerInspectInfo, own: OwnContainer | undefined): ServerContainer {
    const env = environment(info);
    return {
        id: info.Id,
        name: info.Name.replace(/^\//, ""),
        running: info.State.Running && !info.State.Paused && !info.State.Restarting,
        state: info.State.Status,
        starting: info.State.Health?.Status === "starting",
        restarts: info.RestartCount,
        labels: info.Config.Labels ?? {},
        image: info.Config.Image,
        imageId: info.Image,
        networks: Object.keys(info.NetworkSettings.Networks ?? {}),
        hostPort: declaredPort(info),
        reached: reachedAt(info, own),
        user: env.get("POSTGRES_USER") ?? "postgres",
        password: env.get("POSTGRES_PASSWORD") ?? "",
    };
}

/** The container of this name or id; undefined when there is none. */
export async function findContainer(docker: Docker, nameOrId: string): Promise<ServerContainer | undefined> {
    try {
        const info = await docker.getContainer(nameOrId).inspect();
        return describe(info, await ownContainer(docker));
    } catch (error) {
        if (statusCode(error) === 404) {
            return undefined;
        }
        throw error;
    }
}

/** The containers that carry all these labels, running or not. */
export async function findContainers(
    docker: Docker,
    labels: Readonly<Record<string, string>>,
): Promise<ServerContainer[]> {
    const listed = await docker.listContainers({
        all: true,
        filters: { label: Object.entries(labels).map(([key, value]) => `${key}=${value}`) },
    });
    const found = await Promise.all(listed.map((one) => findContainer(docker, one.Id)));
    return found.flatMap((one) => (one === undefined ? [] : [one]));
}

/** A network of this exact name, with its labels; undefined when there is none. */
export async function findNetwork(
    docker: Docker,
    name: string,
): Promise<{ id: string; labels: Readonly<Record<string, string>> } | undefined> {
    // Looking a network up by name also matches the beginning of an id, hence the comparison.
    const listed = await docker.listNetworks({ filters: { name: [name] } });
    const exact = listed.find((network) => network.Name === name);
    return exact === undefined ? undefined : { id: exact.Id, labels: exact.Labels ?? {} };
}

/** The volume of this name, with its labels; undefined when there is none. */
export async function findVolume(
    docker: Docker,
    name: string,
): Promise<{ labels: Readonly<Record<string, string>> } | undefined> {
    try {
        const volume = await docker.getVolume(name).inspect();
        return { labels: volume.Labels ?? {} };
    } catch (error) {
        if (statusCode(error) === 404) {
            return undefined;
        }
        throw error;
    }
}
