import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { StackIdentity } from "../docker/labels";
import { InputError } from "../upstreams/errors";

/** Name of the component in `index.ts`; part of what a stack is found by. */
export const COMPONENT = "fdw-stub";

const projectFile = z.object({
    name: z.string().min(1),
    config: z.record(z.string(), z.unknown()).nullish(),
});
const stackFile = z.object({ config: z.record(z.string(), z.unknown()).nullish() }).nullable();

/** A stack's configuration as Pulumi hands it to a program. */
export interface ProjectStack {
    readonly identity: StackIdentity;
    /** By `project:key`; structured values as JSON. */
    readonly configuration: Readonly<Record<string, string>>;
}

function readYaml<T>(path: string, shape: z.ZodType<T>): T {
    let text: string;
    try {
        text = readFileSync(path, "utf8");
    } catch (error) {
        throw new InputError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    let content: unknown;
    try {
        // The file is the user's own: many aliases are no attack.
        content = parse(text, { maxAliasCount: -1 });
    } catch (error) {
        throw new InputError(`${path} is no YAML: ${error instanceof Error ? error.message : String(error)}`);
    }
    const result = shape.safeParse(content);
    if (!result.success) {
        throw new InputError(`${path} has not the form of a Pulumi file: ${z.prettifyError(result.error)}`);
    }
    return result.data;
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

function qualified(key: string, project: string): string {
    return key.includes(":") ? key : `${project}:${key}`;
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
    const there = stacks.length === 0 ? "there is none yet" : `there are: ${stacks.join(", ")}`;
    return new InputError(
        `The stack ${JSON.stringify(stack)} has no configuration: Pulumi.${stack}.yaml is missing (${there}). Copy Pulumi.dev.yaml and change it.`,
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

/** The identity of a stack, without reading its configuration. */
export function identify(directory: string, stack: string): StackIdentity {
    checkStackName(stack);
    const { name } = readYaml(join(directory, "Pulumi.yaml"), projectFile);
    return { directory: realpathSync(directory), project: name, stack, component: COMPONENT };
}

/** A path given on the command line, as the configuration would name it: the same files are the same stack. */
function fromWorkingDirectory(directory: string, path: string): string {
    return relative(directory, resolve(path)) || ".";
}

/**
 * Reads a stack's configuration from `Pulumi.yaml` and `Pulumi.<stack>.yaml`, as the Pulumi CLI does.
 *
 * @param schema Takes the place of the configured `schema`; a stack that has it needs no file of its own.
 * @throws InputError for files that are missing or malformed, and for encrypted values, which only the CLI can read.
 */
export function readProjectStack(directory: string, stack: string, schema?: readonly string[]): ProjectStack {
    const identity = identify(directory, stack);
    const path = join(directory, `Pulumi.${stack}.yaml`);
    if (!existsSync(path) && schema === undefined) {
        throw missingStackFile(directory, stack);
    }
    const project = readYaml(join(directory, "Pulumi.yaml"), projectFile);
    const own = existsSync(path) ? Object.entries(readYaml(path, stackFile)?.config ?? {}) : [];
    const encrypted = own.filter(([, value]) => holdsCiphertext(value)).map(([key]) => key);
    if (encrypted.length > 0) {
        throw new InputError(
            `${path}: ${encrypted.join(", ")} is encrypted, which only the Pulumi CLI can read. Use \`pulumi up\` for this stack, or write the value as plain text if it is no real secret (the upstreams are stubs).`,
        );
    }
    return {
        identity,
        configuration: Object.fromEntries([
            ...defaults(project.config ?? {}, identity.project),
            ...own.map(([key, value]): [string, string] => [qualified(key, identity.project), flat(value)]),
            ...(schema === undefined
                ? []
                : [[`${identity.project}:schema`, flat(schema.map((one) => fromWorkingDirectory(directory, one)))]]),
        ]),
    };
}
