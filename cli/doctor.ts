import type Docker from "dockerode";
import { readConfiguration } from "../components/config";
import { deriveFromSchema } from "../components/derive";
import { declare } from "../components/prepare";
import { connectDocker } from "../docker/client";
import { findClusters } from "../docker/clusters";
import { findDockerEndpoint } from "../docker/endpoint";
import { chooseImage, inspectImage } from "../docker/image";
import { choosePort } from "../docker/ports";
import { findReachableServer, findServer } from "../docker/stack";
import { namesUpstreams, type ProjectStack, readProjectStack } from "../standalone/project";
import type { Configuration } from "../upstreams/parse";
import { askUpstreams } from "./ask";
import { type GlobalOptions, identityOf } from "./context";
import { findProjectDirectory } from "./project";
import { readStatus } from "./status";

/** What one examination found. */
export interface Finding {
    readonly ok: boolean;
    /** What was examined. */
    readonly subject: string;
    /** What was found; where it is not well, also how to mend it. */
    readonly text: string;
}

const good = (subject: string, text: string): Finding => ({ ok: true, subject, text });
const bad = (subject: string, error: unknown): Finding => ({
    ok: false,
    subject,
    text: error instanceof Error ? error.message : String(error),
});

async function examine(subject: string, work: () => Promise<string>): Promise<Finding> {
    try {
        return good(subject, await work());
    } catch (error) {
        return bad(subject, error);
    }
}

interface Examined {
    readonly finding: Finding;
    readonly project?: ProjectStack;
    readonly configuration?: Configuration;
}

async function examineConfiguration(options: GlobalOptions, directory: string): Promise<Examined> {
    try {
        const project = readProjectStack(directory, options.stack);
        const configuration = readConfiguration(project.configuration, project.identity.project);
        const { expected } = await declare((await deriveFromSchema(configuration, directory)).args, directory);
        const text = `${project.file} declares ${expected.servers.length} upstream ${expected.servers.length === 1 ? "server" : "servers"}`;
        return { finding: good("configuration", text), project, configuration };
    } catch (error) {
        return { finding: bad("configuration", error) };
    }
}

/** What the configuration is, where one is needed: a stack that was made with `--schema` has none. */
async function examineConfigured(options: GlobalOptions): Promise<Examined> {
    let directory: string;
    try {
        directory = findProjectDirectory(options.cwd);
        if (namesUpstreams(directory, options.stack)) {
            return await examineConfiguration(options, directory);
        }
    } catch (error) {
        return { finding: bad("configuration", error) };
    }
    const identity = identityOf(options);
    const there = await connectDocker()
        .then((docker) => findServer(docker, identity))
        .catch(() => undefined);
    return there === undefined
        ? examineConfiguration(options, directory)
        : {
              finding: good(
                  "configuration",
                  "it names no upstreams: the stack was made with --schema, or by a program that names them",
              ),
          };
}

async function examineImage(docker: Docker, reference: string): Promise<string> {
    const chosen = await chooseImage(docker, reference);
    if (chosen.standIn) {
        return `${reference} is not here; ${chosen.reference}, built from Debian's packages, stands in for it. \`docker pull ${reference}\` brings the real one`;
    }
    return (await inspectImage(docker, reference)) === undefined
        ? `${reference} is not here yet; \`up\` pulls it`
        : `${reference} is here`;
}

/** What stays on the engine for the next stacks, and how it can be removed. */
async function examineClusters(docker: Docker): Promise<Finding[]> {
    return (await findClusters(docker)).map(({ name, imageIsHere }) =>
        good(
            "volume",
            `${name} holds initialised clusters that ${imageIsHere ? "stacks begin with" : "nothing needs any more: its image is gone"}; when no stack of its image is up, it can be removed: docker volume rm ${name}`,
        ),
    );
}

async function examineUpstreams(docker: Docker, options: GlobalOptions): Promise<Finding[]> {
    const server = await findReachableServer(docker, identityOf(options));
    const results = server === undefined ? [] : await askUpstreams(server);
    return results.map(({ ok, subject, text }) => ({
        ok,
        subject,
        text: ok
            ? text
            : `${text.replace(/\.$/, "")}. \`docker restart ${server?.name}\` sets up again what is inside the container`,
    }));
}

/** Examines everything that a stack depends on, from the outside in; ends early where nothing further can be seen. */
export async function diagnose(options: GlobalOptions): Promise<Finding[]> {
    const { finding: configured, project, configuration } = await examineConfigured(options);
    const findings = [configured];
    let docker: Docker;
    try {
        const endpoint = findDockerEndpoint();
        docker = await connectDocker(endpoint);
        const { Version } = await docker.version();
        findings.push(good("Docker", `version ${Version} answers at ${endpoint.host} (from ${endpoint.source})`));
    } catch (error) {
        return [...findings, bad("Docker", error)];
    }
    if (configuration !== undefined) {
        findings.push(await examine("image", () => examineImage(docker, configuration.image)));
    }
    findings.push(...(await examineClusters(docker)));
    if (project !== undefined) {
        const server = await findServer(docker, project.identity);
        const current = { port: server?.hostPort, running: server?.running ?? false };
        findings.push(
            await examine("port", async () => {
                const port = await choosePort(docker, project.identity, configuration?.port, current);
                return `127.0.0.1:${port} is ${current.running && port === current.port ? "published by the stack" : "free for the stack"}`;
            }),
        );
    }
    const status = await readStatus(options);
    if (status.state === "absent") {
        return [
            ...findings,
            good("stack", `${options.stack} is not up; \`npx fdw-stub up\` or \`pulumi up\` makes it`),
        ];
    }
    if (status.state === "broken") {
        return [...findings, bad("stack", `${status.problems.join("; ")}. \`up\` makes the server anew`)];
    }
    findings.push(
        good("stack", `${options.stack} is up, made by ${status.madeBy === "pulumi" ? "pulumi up" : "fdw-stub up"}`),
    );
    try {
        return [...findings, ...(await examineUpstreams(docker, options))];
    } catch (error) {
        return [...findings, bad("upstreams", error)];
    }
}

/** The findings as text for people. */
export function formatFindings(findings: readonly Finding[]): string {
    return findings.map(({ ok, subject, text }) => `${ok ? "ok  " : "BAD "} ${subject}: ${text}`).join("\n");
}
