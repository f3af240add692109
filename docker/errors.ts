/** Why Docker refused, where its words tell. */
export type DockerProblem =
    | "unreachable"
    | "permission-denied"
    | "port-in-use"
    | "port-forbidden"
    | "no-space"
    | "name-in-use"
    | "no-subnet"
    | "path-not-shared";

/** A refusal in words that say how to mend it. */
export interface ExplainedDockerError {
    readonly problem: DockerProblem;
    /** One sentence with the bad value, and one with the remedy. */
    readonly message: string;
}

interface Rule {
    readonly problem: DockerProblem;
    readonly pattern: RegExp;
    readonly say: (groups: Readonly<Record<string, string | undefined>>) => string;
}

const HOW_TO_CHANGE_PORT = "Stop what uses it, or choose another one with the key `port` of the configuration.";

/**
 * In order: a more particular text stands before a more general one. The texts are those of Docker Engine 20.10 to 28,
 * Docker Desktop, Podman and Node's own socket errors.
 */
const RULES: readonly Rule[] = [
    {
        problem: "permission-denied",
        pattern:
            /permission denied while trying to connect to the docker|connect EACCES (?<socket>\S+)|dial unix (?<dialled>\S+?):? (?:connect: )?permission denied/i,
        say: ({ socket, dialled }) =>
            `Your user may not use Docker${socket || dialled ? ` at ${socket ?? dialled}` : ""}. Run \`sudo usermod -aG docker $USER\`, then log in again.`,
    },
    {
        problem: "unreachable",
        pattern:
            /cannot connect to the docker daemon(?: at (?<address>\S+?)[.,]?(?=\s|$))?|is the docker daemon running|docker daemon is not running|connect (?:ENOENT|ECONNREFUSED) (?<socket>\S+)|docker_engine: the system cannot find the file|dial unix \S+ connect: (?:no such file|connection refused)/i,
        say: ({ address, socket }) =>
            `Docker does not answer${address || socket ? ` at ${address ?? socket}` : ""}. Start Docker Desktop, or run \`sudo systemctl start docker\`.`,
    },
    {
        problem: "name-in-use",
        pattern: /the container name "\/?(?<name>[^"]+)" is already in use/i,
        say: ({ name }) =>
            `Docker has a container of the name "${name}" already. Remove it with \`docker rm -f ${name}\`, if it is not needed.`,
    },
    {
        problem: "name-in-use",
        pattern: /network with name (?<name>\S+) already exists/i,
        say: ({ name }) =>
            `Docker has a network of the name "${name}" already. Remove it with \`docker network rm ${name}\`, if it is not needed.`,
    },
    {
        problem: "port-forbidden",
        pattern:
            /cannot expose privileged port (?<privileged>\d+)|listen tcp\d? \S*?:(?<port>\d+): bind: (?:permission denied|an attempt was made to access a socket in a way forbidden)/i,
        say: ({ privileged, port }) =>
            `Docker may not open the port ${privileged ?? port}: the operating system keeps it. Choose another one with the key \`port\` of the configuration.`,
    },
    {
        problem: "port-in-use",
        pattern:
            /bind for \S*?:(?<bound>\d+) failed: port is already allocated|listen tcp\d? \S*?:(?<port>\d+): bind: (?:address already in use|only one usage of each socket address)|exposing port TCP \S*?:(?<exposed>\d+)|port is already allocated/i,
        say: ({ bound, port, exposed }) =>
            `The port${bound || port || exposed ? ` ${bound ?? port ?? exposed}` : ""} is in use on this machine. ${HOW_TO_CHANGE_PORT}`,
    },
    {
        problem: "no-space",
        pattern: /no space left on device|disk quota exceeded|not enough space on the disk|\bENOSPC\b/i,
        say: () =>
            "Docker's disk is full. `docker system df` shows what takes the space; `docker system prune` removes containers, networks and images that nothing uses.",
    },
    {
        problem: "no-subnet",
        pattern: /non-overlapping IPv4 address pool|address pools have been fully subnetted/i,
        say: () =>
            "Docker has no address range left for another network. `docker network prune` removes networks that nothing uses.",
    },
    {
        problem: "path-not-shared",
        pattern: /mounts denied(?:\W+the path (?<denied>\S+))?|the path (?<path>\S+) is not shared from the host/i,
        say: ({ denied, path }) =>
            `Docker Desktop does not share ${denied ?? path ?? "this folder"}. Add it under Settings > Resources > File sharing.`,
    },
];

/** Text of whatever was thrown, without dockerode's prefix and without credentials that a URL in it may carry. */
export function errorText(error: unknown): string {
    const text =
        error instanceof Error
            ? error.message
            : typeof error === "object" && error !== null && "message" in error && typeof error.message === "string"
              ? error.message
              : String(error);
    return text
        .replace(/^\(HTTP code \d+\) [^-]* - /, "")
        .trim()
        .replaceAll(/(\w:\/\/)[^/\s"'@]+@/g, "$1");
}

/** Docker's refusal explained; undefined where its words are none of those known, and should be shown as they are. */
export function explainDockerError(error: unknown): ExplainedDockerError | undefined {
    const text = errorText(error);
    for (const { problem, pattern, say } of RULES) {
        const match = pattern.exec(text);
        if (match !== null) {
            return { problem, message: say(match.groups ?? {}) };
        }
    }
    return undefined;
}
