import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import * as z from "zod";
import type { StackIdentity } from "../docker/labels";
import { InputError } from "../upstreams/errors";
import { CONFIG_FILE, hasConfigFile, readConfigFile } from "./config-file";
import { lineOf, readYaml } from "./yaml";

/** Name of the component in `index.ts`; part of what a stack is found by. */
export const COMPONENT = "fdw-stub";
/** Name of the project where there is no Pulumi.yaml. */
const PROJECT = "fdw-stub";
const PULUMI_FILE = "Pulumi.yaml";
const KIND = "Pulumi file";

const projectFile = z.object({
    name: z.string().min(1),
    config: z.record(z.string(), z.unknown()).nullish(),
});
const stackFile = z.object({ config: z.record(z.string(), z.unknown()).nullish() }).nullable();

/** A stack's configuration as Pulumi hands it to a program. */
export interface ProjectStack {
    readonly identity: StackIdentity;
    /** Name of the file that it stands in, for messages. */
    readonly file: string;
    /** By `project:key`; structured values as JSON. */
    readonly configuration: Readonly<Record<string, string>>;
}

function holdsCiphertext(value: unknown): boolean {
    return (
        typeof value === "object" &&
        value !== null &&
        ("secure" in value || Object.values(value).some((one) => holdsCiphertext(one)))
    );
}

function flat(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}

/** A key in the name of the project. What is printed as a line of configuration has the name of this package. */
function qualified(key: string, project: string): string {
    const bare = key.startsWith(`${PROJECT}:`) ? key.slice(PROJECT.length + 1) : key;
    return bare.includes(":") ? bare : `${project}:${bare}`;
}

function defaults(config: Readonly<Record<string, unknown>>, project: string): Array<[string, string]> {
    return Object.entries(config).flatMap(([key, declared]): Array<[string, string]> => {
        const value =
            typeof declared === "object" && declared !== null && !Array.isArray(declared)
                ? (Reflect.get(declared, "value") ?? Reflect.get(declared, "default"))
                : declared;
        return value === undefined || value === null ? [] : [[qualified(key, project), flat(value)]];
    });
}

function missingStackFile(directory: string, stack: string): InputError {
    const stacks = readdirSync(directory).flatMap((file) => /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1] ?? []);
    const [first] = stacks;
    const [there, mend] =
        first === undefined
            ? ["there is none yet", ""]
            : [`there are: ${stacks.join(", ")}`, `Copy Pulumi.${first}.yaml and change it, or name`];
    return new InputError(
        `The stack ${JSON.stringify(stack)} has no configuration: Pulumi.${stack}.yaml is missing (${there}). ${mend || "Name"} your schema: npx fdw-stub up --stack ${stack} --schema PATH`,
    );
}

/** @throws InputError for what Pulumi takes for no name of a stack. */
export function checkStackName(stack: string): void {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(stack)) {
        throw new InputError(
            `${JSON.stringify(stack)} is no name of a stack; allowed are up to 100 letters, digits, "-", "_" and ".".`,
        );
    }
}

/** Whether a folder's stacks are configured by Pulumi's files. A file of our own beside them is the one that counts. */
export function isPulumiProject(directory: string): boolean {
    return !hasConfigFile(directory) && existsSync(join(directory, PULUMI_FILE));
}

/** The identity of a stack, without reading its configuration. */
export function identify(directory: string, stack: string, component = COMPONENT): StackIdentity {
    checkStackName(stack);
    const project = isPulumiProject(directory)
        ? readYaml(join(directory, PULUMI_FILE), projectFile, KIND).name
        : PROJECT;
    return { directory: realpathSync(directory), project, stack, component };
}

/** A path given on the command line, as the configuration would name it: the same files are the same stack. */
function fromWorkingDirectory(directory: string, path: string): string {
    return relative(directory, resolve(path)) || ".";
}

/** What the command line says in place of the configuration. */
export interface Overrides {
    /** Takes the place of the configured `schema`, relative to the working directory; a stack that has it needs no file. */
    readonly schema?: readonly string[];
    /** Values of placeholders, added to the configured ones. */
    readonly variables?: Readonly<Record<string, string>>;
    /** A statement of the schema that fails is an error. */
    readonly strict?: boolean;
}

function pulumiConfiguration(directory: string, identity: StackIdentity, optional: boolean): Record<string, string> {
    const { project, stack } = identity;
    const path = join(directory, `Pulumi.${stack}.yaml`);
    if (!existsSync(path) && !optional) {
        throw missingStackFile(directory, stack);
    }
    const { config } = readYaml(join(directory, PULUMI_FILE), projectFile, KIND);
    const own = existsSync(path) ? Object.entries(readYaml(path, stackFile, KIND)?.config ?? {}) : [];
    const encrypted = own.filter(([, value]) => holdsCiphertext(value)).map(([key]) => key);
    if (encrypted.length > 0) {
        throw new InputError(
            `${path}: ${encrypted.join(", ")} is encrypted, which only the Pulumi CLI can read. Use \`pulumi up\` for this stack, or write the value as plain text if it is no real secret (the upstreams are stubs).`,
        );
    }
    return Object.fromEntries([
        ...defaults(config ?? {}, project),
        ...own.map(([key, value]): [string, string] => [qualified(key, project), flat(value)]),
    ]);
}

function ownConfiguration(directory: string, { project, stack }: StackIdentity, optional: boolean) {
    if (!hasConfigFile(directory)) {
        if (optional) {
            return {};
        }
        throw new InputError(
            `There is nothing to stub: ${directory} has no ${CONFIG_FILE}. \`npx fdw-stub init\` looks around and writes one, or name your schema: npx fdw-stub up --schema PATH`,
        );
    }
    return Object.fromEntries(
        Object.entries(readConfigFile(directory, stack)).map(([key, value]) => [`${project}:${key}`, flat(value)]),
    );
}

function withVariables(configured: string | undefined, added: Readonly<Record<string, string>>): string {
    let before: unknown;
    try {
        before = JSON.parse(configured ?? "{}");
    } catch {
        before = configured;
    }
    // What is no mapping is left to the check of the configuration, which says what is wrong with it.
    return typeof before === "object" && before !== null && !Array.isArray(before)
        ? flat({ ...before, ...added })
        : flat(before);
}

/**
 * Reads a stack's configuration: in a Pulumi project from `Pulumi.yaml` and `Pulumi.<stack>.yaml`, as the Pulumi CLI
 * does, elsewhere from `fdw-stub.yaml`.
 *
 * @throws InputError for files that are missing or malformed, and for encrypted values, which only the CLI can read.
 */
export function readProjectStack(directory: string, stack: string, overrides: Overrides = {}): ProjectStack {
    const identity = identify(directory, stack);
    const { schema, variables = {}, strict } = overrides;
    const read = isPulumiProject(directory) ? pulumiConfiguration : ownConfiguration;
    const configuration = read(directory, identity, schema !== undefined);
    const key = (name: string) => `${identity.project}:${name}`;
    return {
        identity,
        file: isPulumiProject(directory) ? `Pulumi.${stack}.yaml` : CONFIG_FILE,
        configuration: {
            ...configuration,
            ...(strict === true ? { [key("strict")]: "true" } : {}),
            ...(schema === undefined
                ? {}
                : { [key("schema")]: flat(schema.map((one) => fromWorkingDirectory(directory, one))) }),
            ...(Object.keys(variables).length === 0
                ? {}
                : { [key("variables")]: withVariables(configuration[key("variables")], variables) }),
        },
    };
}

/**
 * Where the configuration has an entry of the list `accepted`.
 *
 * @param file Name of the file that the stack's configuration stands in.
 * @returns its path relative to the working directory, and the line where that can be found.
 */
export function acceptedPlace(
    { directory, project, stack }: StackIdentity,
    file: string,
    index: number,
): { file: string; line?: number } {
    const path = join(directory, file);
    const line = lineOf(path, [
        ["stacks", stack, "accepted", index],
        ["accepted", index],
        ["config", `${project}:accepted`, index],
    ]);
    return { file: relative(process.cwd(), path), ...(line === undefined ? {} : { line }) };
}

/**
 * Whether a stack's configuration says what its upstreams are. It does not where the stack was brought up with
 * `schema` on the command line, or where a Pulumi program has the arguments in its own text.
 */
export function namesUpstreams(directory: string, stack: string): boolean {
    const identity = identify(directory, stack);
    const read = isPulumiProject(directory) ? pulumiConfiguration : ownConfiguration;
    const configuration = read(directory, identity, true);
    return ["schema", "upstreams"].some((key) => {
        const value = configuration[`${identity.project}:${key}`];
        // What Pulumi.yaml declares with an empty default says nothing.
        return value !== undefined && value !== "[]";
    });
}
