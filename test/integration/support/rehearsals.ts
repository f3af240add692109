/** Rehearsals for tests: one container for all of a file, and short forms of what they find. */

import { finalServer } from "../../../components/derive";
import { connectDocker } from "../../../docker/client";
import { RehearsalServer } from "../../../rehearsal/container";
import { rehearseOn } from "../../../rehearsal/rehearse";
import { type Finding, type Inference, memoryFileSystem, type Tool } from "../../../schema";
import { type ConfigurationInput, parseConfiguration, resolveUpstreams } from "../../../upstreams/parse";
import { imageHere } from "./image";

/** Texts by path; one text is the file `schema.sql`. */
export type Files = string | Readonly<Record<string, string>>;

export interface Rehearsed {
    /** Paths on the disk; without them the files given exist in memory only. */
    readonly paths?: readonly string[];
    readonly variables?: Readonly<Record<string, string>>;
    readonly tool?: Tool;
    readonly configuration?: ConfigurationInput;
    readonly baseline?: readonly string[];
}

const configured = (configuration: ConfigurationInput = {}) =>
    parseConfiguration({ schema: ["schema.sql"], ...configuration });

export class Rehearsals {
    private constructor(readonly server: RehearsalServer) {}

    /** @param statementSeconds How long a statement may take, where that is not what it is by default. */
    static async start(configuration: ConfigurationInput = {}, statementSeconds?: number): Promise<Rehearsals> {
        const { devUser, settings } = configured(configuration);
        const image = await imageHere();
        return new Rehearsals(
            await RehearsalServer.start(await connectDocker(), {
                image,
                devUser,
                settings,
                ...(statementSeconds === undefined ? {} : { statementSeconds }),
            }),
        );
    }

    /** Runs a schema. */
    async infer(files: Files, input: Rehearsed = {}): Promise<Inference> {
        const configuration = configured(input.configuration);
        const all = typeof files === "string" ? { "schema.sql": files } : files;
        const roots = [...new Set(Object.keys(all).map((path) => path.split("/")[0] ?? path))];
        return rehearseOn(this.server, {
            image: await imageHere(),
            devUser: configuration.devUser,
            settings: configuration.settings,
            devDatabase: configuration.devDatabase,
            roles: configuration.roles,
            strict: configuration.strict,
            declared: resolveUpstreams(configuration.upstreams, () => ""),
            baseline: [...(input.baseline ?? [])],
            variables: input.variables ?? {},
            paths: input.paths ?? roots,
            ...(input.paths === undefined ? { fileSystem: memoryFileSystem(all) } : {}),
            ...(input.tool === undefined ? {} : { tool: input.tool }),
            final: (upstreams, roles) => finalServer(configuration, upstreams, roles, process.cwd()),
        });
    }

    end(): Promise<void> {
        return this.server.end();
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
