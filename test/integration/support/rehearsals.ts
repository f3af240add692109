/** Rehearsals for tests: a container or two for all of a file, and short forms of what they find. */

import { finalServer } from "../../../components/derive";
import { connectDocker } from "../../../docker/client";
import type { Inspect } from "../../../rehearsal";
import { RehearsalServer } from "../../../rehearsal/container";
import { rehearseOn } from "../../../rehearsal/rehearse";
import type { Finding, Inference, Tool } from "../../../schema";
import { type ConfigurationInput, parseConfiguration, resolveUpstreams } from "../../../upstreams/parse";
import { memoryFileSystem } from "../../memory-files";
import { imageHere } from "./image";

/** Texts by path; one text is the file `schema.sql`. */
export type Files = string | Readonly<Record<string, string>>;

export interface Rehearsed {
    /** Paths on the disk; without them the files given exist in memory only. */
    readonly paths?: readonly string[];
    /** Those of the files in memory that are the schema: all of them where it is left out. */
    readonly schema?: readonly string[];
    readonly inspect?: Inspect;
    readonly variables?: Readonly<Record<string, string>>;
    readonly tool?: Tool;
    readonly configuration?: ConfigurationInput;
    readonly baseline?: readonly string[];
}

const configured = (configuration: ConfigurationInput = {}) =>
    parseConfiguration({ schema: ["schema.sql"], ...configuration });

export class Rehearsals {
    private readonly free: RehearsalServer[];
    private readonly waiting: Array<(server: RehearsalServer) => void> = [];

    private constructor(private readonly servers: readonly RehearsalServer[]) {
        this.free = [...servers];
    }

    /**
     * @param count How many rehearsals may run at once.
     * @param statementSeconds How long a statement may take, where that is not what it is by default.
     */
    static async start(
        configuration: ConfigurationInput = {},
        { count = 1, statementSeconds }: { count?: number; statementSeconds?: number } = {},
    ): Promise<Rehearsals> {
        const { devUser, settings } = configured(configuration);
        const docker = await connectDocker();
        const options = {
            image: await imageHere(),
            devUser,
            settings,
            ...(statementSeconds === undefined ? {} : { statementSeconds }),
        };
        return new Rehearsals(
            await Promise.all(Array.from({ length: count }, () => RehearsalServer.start(docker, options))),
        );
    }

    /** Runs a schema, as soon as a server is free. */
    async infer(files: Files, input: Rehearsed = {}): Promise<Inference> {
        const server = this.free.pop() ?? (await new Promise<RehearsalServer>((resolve) => this.waiting.push(resolve)));
        try {
            return await this.run(server, files, input);
        } finally {
            const next = this.waiting.shift();
            if (next === undefined) {
                this.free.push(server);
            } else {
                next(server);
            }
        }
    }

    private async run(server: RehearsalServer, files: Files, input: Rehearsed): Promise<Inference> {
        const configuration = configured(input.configuration);
        const all = typeof files === "string" ? { "schema.sql": files } : files;
        const roots = [...new Set(Object.keys(all).map((path) => path.split("/")[0] ?? path))];
        return rehearseOn(server, {
            image: await imageHere(),
            devUser: configuration.devUser,
            settings: configuration.settings,
            devDatabase: configuration.devDatabase,
            roles: configuration.roles,
            strict: configuration.strict,
            declared: resolveUpstreams(configuration.upstreams, () => ""),
            baseline: [...(input.baseline ?? [])],
            variables: input.variables ?? {},
            paths: input.paths ?? input.schema ?? roots,
            ...(input.inspect === undefined ? {} : { inspect: input.inspect }),
            ...(input.paths === undefined ? { fileSystem: memoryFileSystem(all) } : {}),
            ...(input.tool === undefined ? {} : { tool: input.tool }),
            final: (upstreams, roles) => finalServer(configuration, upstreams, roles, process.cwd()),
        });
    }

    async end(): Promise<void> {
        await Promise.all(this.servers.map((server) => server.end()));
    }
}

export function place({ host, port, database }: { host: string; port: number; database: string }): string {
    return `${host}:${port}/${database}`;
}

/** One line for each upstream and table: `host:port/database user:password +extension`, `  schema.table(name type, …)`. */
export function compact(inference: Inference): string[] {
    return inference.upstreams.flatMap((upstream) => [
        [
            place(upstream),
            ...upstream.users.map(({ name, password }) => (password === undefined ? name : `${name}:${password}`)),
            ...upstream.extensions.map(({ name }) => `+${name}`),
        ].join(" "),
        ...(inference.origins.find((origin) => place(origin) === place(upstream))?.tables ?? []).map(
            ({ schema, name, columns }) =>
                `  ${schema}.${name}(${columns.map((column) => `${column.name} ${column.type}`).join(", ")})`,
        ),
    ]);
}

/** `severity code line: message` of each finding. */
export function told({ findings }: Pick<Inference, "findings">, ...severities: Finding["severity"][]): string[] {
    return findings
        .filter(({ severity }) => severities.length === 0 || severities.includes(severity))
        .map(({ severity, code, line, message }) => `${severity} ${code} ${line ?? "-"}: ${message}`);
}
