import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { InputError } from "../upstreams/errors";

/** Where the Docker engine listens, as the docker CLI would find it. */
export interface DockerEndpoint {
    /** `unix:///path`, `tcp://host:port`, `ssh://user@host` or `npipe:////./pipe/…`. */
    readonly host: string;
    /** Folder with `ca.pem`, `cert.pem` and `key.pem`, where the engine asks for TLS. */
    readonly certPath?: string;
    /** What decided, for messages: `DOCKER_HOST`, `the Docker context "x"`, `the default socket`. */
    readonly source: string;
    /** Whether nobody chose it. */
    readonly isDefault: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_HOST = process.platform === "win32" ? "npipe:////./pipe/docker_engine" : "unix:///var/run/docker.sock";

const cliConfig = z.object({ currentContext: z.string().optional() });
const contextMeta = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string().min(1) }) }) });

function readJson<T>(path: string, shape: z.ZodType<T>): T {
    try {
        return shape.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch (error) {
        const why = error instanceof z.ZodError ? "it has not the expected content" : String(error);
        throw new InputError(`Docker's configuration file ${path} cannot be used: ${why}.`);
    }
}

function contextEndpoint(name: string, configDir: string): DockerEndpoint {
    // The docker CLI stores a context under the hash of its name.
    const id = createHash("sha256").update(name).digest("hex");
    const meta = join(configDir, "contexts", "meta", id, "meta.json");
    if (!existsSync(meta)) {
        throw new InputError(
            `The Docker context ${JSON.stringify(name)} does not exist. "docker context ls" shows those that do; choose one with "docker context use".`,
        );
    }
    const host = readJson(meta, contextMeta).Endpoints.docker.Host;
    const tls = join(configDir, "contexts", "tls", id, "docker");
    const source = `the Docker context ${JSON.stringify(name)}`;
    return existsSync(join(tls, "ca.pem"))
        ? { host, certPath: tls, source, isDefault: false }
        : { host, source, isDefault: false };
}

/**
 * Finds the engine the way the docker CLI does: `DOCKER_HOST`, then `DOCKER_CONTEXT`, then the context that
 * `docker context use` chose, then the default socket.
 *
 * @throws InputError for a context that does not exist and for an address that Docker does not know.
 */
export function findDockerEndpoint(env: Environment = process.env): DockerEndpoint {
    const configDir = env.DOCKER_CONFIG || join(homedir(), ".docker");
    if (env.DOCKER_HOST) {
        if (/^[/\\.~]/.test(env.DOCKER_HOST)) {
            const scheme = process.platform === "win32" ? "npipe" : "unix";
            throw new InputError(
                `DOCKER_HOST is ${JSON.stringify(env.DOCKER_HOST)}, a path without a scheme. Write it as an address: ${scheme}://${resolve(env.DOCKER_HOST.replace(/^~/, homedir()))}`,
            );
        }
        const host = env.DOCKER_HOST.includes("://") ? env.DOCKER_HOST : `tcp://${env.DOCKER_HOST}`;
        if (!/^(unix|tcp|http|https|ssh|npipe):\/\//.test(host)) {
            throw new InputError(
                `DOCKER_HOST is ${JSON.stringify(env.DOCKER_HOST)}; allowed are unix://, tcp://, ssh:// and npipe:// addresses.`,
            );
        }
        const verify = env.DOCKER_TLS_VERIFY !== undefined && env.DOCKER_TLS_VERIFY !== "";
        return verify
            ? { host, certPath: env.DOCKER_CERT_PATH || configDir, source: "DOCKER_HOST", isDefault: false }
            : { host, source: "DOCKER_HOST", isDefault: false };
    }
    const file = join(configDir, "config.json");
    const context = env.DOCKER_CONTEXT || (existsSync(file) ? readJson(file, cliConfig).currentContext : undefined);
    return context === undefined || context === "" || context === "default"
        ? { host: DEFAULT_HOST, source: "the default socket", isDefault: true }
        : contextEndpoint(context, configDir);
}
