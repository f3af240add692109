import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import { InputError } from "../upstreams/errors";
import { withTimeout } from "../upstreams/timeout";
import { type DockerEndpoint, findDockerEndpoint } from "./endpoint";

/** The files that TLS needs. An engine that asks for no certificate of the client's needs the first only. */
function tlsFiles(folder: string, source: string): Pick<Docker.DockerOptions, "ca" | "cert" | "key"> {
    const read = (name: string) => {
        const path = join(folder, name);
        try {
            return readFileSync(path);
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            throw new InputError(
                `${source} asks for TLS, but its file cannot be read (${why}). Put ca.pem, cert.pem and key.pem there, or name another folder with DOCKER_CERT_PATH.`,
            );
        }
    };
    return existsSync(join(folder, "cert.pem"))
        ? { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") }
        : { ca: read("ca.pem") };
}

function options(endpoint: DockerEndpoint): Docker.DockerOptions {
    if (endpoint.host.startsWith("unix://")) {
        return { socketPath: endpoint.host.slice("unix://".length) };
    }
    if (endpoint.host.startsWith("npipe://")) {
        return { socketPath: endpoint.host.slice("npipe://".length) };
    }
    let url: URL;
    try {
        url = new URL(endpoint.host);
    } catch {
        throw new InputError(
            `${endpoint.source} names the Docker engine as ${JSON.stringify(endpoint.host)}, which is no address; an example is tcp://127.0.0.1:2375.`,
        );
    }
    if (url.protocol === "ssh:") {
        return {
            protocol: "ssh",
            host: url.hostname,
            ...(url.port === "" ? {} : { port: url.port }),
            ...(url.username === "" ? {} : { username: url.username }),
        };
    }
    const tls = endpoint.certPath === undefined ? {} : tlsFiles(endpoint.certPath, endpoint.source);
    const secure = endpoint.certPath !== undefined || url.protocol === "https:";
    return {
        protocol: secure ? "https" : "http",
        host: url.hostname,
        port: url.port === "" ? (secure ? 2376 : 2375) : url.port,
        ...tls,
    };
}

/** A client of the engine that the docker CLI would use. Nothing is sent yet. */
export function dockerClient(endpoint: DockerEndpoint = findDockerEndpoint()): Docker {
    return new Docker(options(endpoint));
}

/** Why an engine does not answer, in words that say how to mend it. */
export function explainUnreachable(endpoint: DockerEndpoint, error: unknown): string {
    const code =
        typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
            ? error.code
            : "";
    const why = error instanceof Error && error.message !== "" ? error.message : code || String(error);
    const mend =
        code === "EACCES"
            ? "Your user may not use it: add yourself to the group docker (sudo usermod -aG docker $USER) and log in again."
            : code === "ENOENT" || code === "ECONNREFUSED"
              ? "Start Docker (Docker Desktop, or: sudo systemctl start docker); `npx fdw-stub doctor` tells more."
              : "Check the address, and that Docker runs there.";
    return `Docker cannot be reached at ${endpoint.host} (from ${endpoint.source}): ${why}. ${mend}`;
}

/** How long an engine that runs may take to answer a ping. */
const PING_TIMEOUT_MS = 10_000;

/**
 * A client whose engine has answered.
 *
 * @throws InputError that says where Docker was looked for, why it did not answer, and what to do.
 */
export async function connectDocker(endpoint: DockerEndpoint = findDockerEndpoint()): Promise<Docker> {
    const docker = dockerClient(endpoint);
    try {
        await withTimeout(docker.ping(), PING_TIMEOUT_MS, `no answer within ${PING_TIMEOUT_MS / 1000} s`);
    } catch (error) {
        throw new InputError(explainUnreachable(endpoint, error));
    }
    return docker;
}

/**
 * Creates a container. The client library would repeat everything in the request's address, where engines with debugging on
 * and proxies before Docker's socket write it into their logs, with the passwords in the environment.
 */
export function createContainer(
    docker: Docker,
    { name, ...body }: Docker.ContainerCreateOptions,
): Promise<Docker.Container> {
    const query = name === undefined ? {} : { name };
    // Both are docker-modem's, and not among dockerode's types.
    const request = { ...query, _query: query, _body: body };
    return docker.createContainer(request);
}

/** The status code of an answer with which Docker refused a request, for example 404 or 409. */
export function statusCode(error: unknown): number | undefined {
    return typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number"
        ? error.statusCode
        : undefined;
}

/** Waits for a removal; false when there was nothing left to remove. */
export async function unlessGone(removal: Promise<unknown>): Promise<boolean> {
    try {
        await removal;
        return true;
    } catch (error) {
        if (statusCode(error) === 404) {
            return false;
        }
        throw error;
    }
}
