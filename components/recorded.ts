import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { InputError } from "../upstreams/errors";
import {
    type Configuration,
    DEFAULT_HOST,
    DEFAULT_PORT,
    type DeclaredUpstream,
    parseConfiguration,
} from "../upstreams/parse";

/** A file of `fdw-stub record` or `fdw-stub infer --format yaml`: a stack's file of whatever project, or a part of `fdw-stub.yaml`. */
const keys = z.record(z.string(), z.unknown());
const shape = z.union([z.object({ config: keys }).transform(({ config }) => config), keys]);
const KEY = /^(?:[^:]+:)?(upstreams|roles)$/;

/** The recorded part of a configuration; undefined for a file of another kind, such as a changelog. */
function recordedIn(path: string, directory: string): Pick<Configuration, "upstreams" | "roles"> | undefined {
    if (!/\.ya?ml$/i.test(path)) {
        return undefined;
    }
    let content: unknown;
    try {
        content = parse(readFileSync(resolve(directory, path), "utf8"), { maxAliasCount: -1, logLevel: "error" });
    } catch {
        // Who reads the schema says why it cannot be read.
        return undefined;
    }
    const file = shape.safeParse(content);
    const entries = file.success ? Object.entries(file.data) : [];
    if (!entries.some(([key]) => KEY.test(key))) {
        return undefined;
    }
    const strange = entries.map(([key]) => key).find((key) => !KEY.test(key));
    if (strange !== undefined) {
        throw new InputError(
            `The recorded file ${path} cannot be used: it has the key ${JSON.stringify(strange)}; allowed are upstreams and roles. Move it to the stack's own configuration.`,
        );
    }
    const { upstreams, roles }: { upstreams?: unknown; roles?: unknown } = Object.fromEntries(
        entries.map(([key, value]) => [key.replace(KEY, "$1"), value]),
    );
    try {
        // The schema stands for the rest of the configuration, so that a file without upstreams is as good as any.
        const checked = parseConfiguration({ upstreams: upstreams ?? [], roles: roles ?? [], schema: [path] });
        return { ...checked, upstreams: checked.upstreams.map((each) => placed(each, path)) };
    } catch (error) {
        throw error instanceof InputError ? new InputError(`The recorded file ${path}: ${error.message}`) : error;
    }
}

/** Its DDL with the file's name, for what the server says about it. */
function placed(upstream: DeclaredUpstream, path: string): DeclaredUpstream {
    const { database, ddl } = upstream;
    return typeof ddl === "string"
        ? { ...upstream, ddl: [{ origin: `${path} (${database})`, line: 1, sql: ddl }] }
        : upstream;
}

function same(a: DeclaredUpstream, b: DeclaredUpstream): boolean {
    const place = ({ host = DEFAULT_HOST, port = DEFAULT_PORT, database }: DeclaredUpstream) =>
        JSON.stringify([host.toLowerCase(), port, database]);
    return place(a) === place(b);
}

/** A contract that is declared without a host is the one of the recorded upstream with its database, which tells the rest. */
function withPlace(declared: DeclaredUpstream, recorded: readonly DeclaredUpstream[]): DeclaredUpstream {
    const { host, hostaddr, port, database, contract, users, connections, publications } = declared;
    const [only, ...others] = recorded.filter((each) => each.database === database);
    const unplaced = host === undefined && hostaddr === undefined && port === undefined;
    if (contract.length === 0 || !unplaced || only === undefined || others.length > 0) {
        return declared;
    }
    return {
        ...declared,
        ...(only.host === undefined ? {} : { host: only.host }),
        ...(only.hostaddr === undefined ? {} : { hostaddr: only.hostaddr }),
        ...(only.port === undefined ? {} : { port: only.port }),
        users: [...users, ...only.users.filter(({ name }) => !users.some((user) => user.name === name))],
        connections: [...connections, ...only.connections],
        publications: [...new Set([...publications, ...only.publications])],
    };
}

/**
 * Takes the upstreams and roles from recorded files that `schema` names. An upstream that the configuration declares
 * itself is taken as it is declared there.
 *
 * @param directory Folder that relative paths are relative to.
 * @throws InputError with the file's name for one that has a bad value.
 */
export function withRecorded(configuration: Configuration, directory: string): Configuration {
    const schema: string[] = [];
    const all: DeclaredUpstream[] = [];
    const roles = new Set(configuration.roles);
    for (const path of configuration.schema) {
        const recorded = recordedIn(path, directory);
        if (recorded === undefined) {
            schema.push(path);
            continue;
        }
        all.push(...recorded.upstreams.filter((each) => !all.some((known) => same(known, each))));
        for (const role of recorded.roles) {
            roles.add(role);
        }
    }
    if (schema.length === configuration.schema.length) {
        return configuration;
    }
    const declared = configuration.upstreams.map((upstream) => withPlace(upstream, all));
    const upstreams = [...declared, ...all.filter((each) => !declared.some((known) => same(known, each)))];
    const merged = { ...configuration, schema, upstreams, roles: [...roles] };
    // What holds for a configuration as a whole holds for the two together.
    return upstreams.length === 0 ? merged : parseConfiguration(merged);
}
