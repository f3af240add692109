import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { InputError, inputError } from "../upstreams/errors";
import { CONFIGURATION_KEYS, CONFIGURATION_SHAPE } from "../upstreams/parse";
import { readYaml } from "./yaml";

/** The configuration of a repository that is no Pulumi project. It is optional. */
export const CONFIG_FILE = "fdw-stub.yaml";

/** What each key means: the text that an editor shows. */
const MEANING: Readonly<Record<string, string>> = {
    schema: "Files and folders of your schema, from which the upstreams are derived; relative to this file.",
    variables: "Values of placeholders in the schema's files, by name.",
    upstreams: "Upstreams declared by hand: a contract, or parts that complete what is derived, and win over it.",
    roles: "Roles without a login that the schema mentions and does not create.",
    strict: "Whether a statement of the schema that PostgreSQL refuses is an error, and not a warning.",
    accepted: "Differences between the schema and contracts of upstreams that are accepted, each with its reason.",
    image: "The official postgres image, 14 or later, or one made from it.",
    port: "A fixed port on 127.0.0.1. Without it a free one that stays the same.",
    settings: "Server settings as in postgresql.conf, by name.",
    devDatabase: "Name of the dev database, which stays empty for Atlas.",
    devUser: "Name of the superuser in the dev URL; its password is generated.",
    baseline: "SQL files that every fresh database starts from.",
    stock: "Fresh databases prepared ahead.",
    kept: "Leftovers of killed commands that stay for a look.",
    maxAge: "Seconds after which a fresh database goes even when in use.",
};

/** What is printed as a line of configuration has the name of this package before its key, as Pulumi's files want it. */
const PREFIX = "fdw-stub:";

/** The keys without that name. */
function bare(place: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const twice = Object.keys(values).filter((key) => key.startsWith(PREFIX) && key.slice(PREFIX.length) in values);
    if (twice.length > 0) {
        throw new InputError(
            `${place}${twice.map((key) => `${key.slice(PREFIX.length)} is there twice, with and without ${PREFIX}`).join("; ")}. Put what they say under one of them.`,
        );
    }
    return Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key, value]),
    );
}

const content = z.record(z.string(), z.unknown()).nullable();
const stacks = z.record(z.string(), content).nullish();

function unknownKeys(place: string, values: Readonly<Record<string, unknown>>): string[] {
    return Object.keys(values)
        .filter((key) => !CONFIGURATION_KEYS.includes(key))
        .map(
            (key) =>
                `${place}${key} is unknown; known are ${CONFIGURATION_KEYS.join(", ")}, and stacks. Check the spelling, or remove it.`,
        );
}

/** Whether a repository has a configuration file. */
export function hasConfigFile(directory: string): boolean {
    return existsSync(join(directory, CONFIG_FILE));
}

/**
 * Reads a stack's configuration from the file: what stands at the top, with the stack's own keys over it.
 *
 * @throws InputError for a file that is no YAML, and for keys that are unknown.
 */
export function readConfigFile(directory: string, stack: string): Record<string, unknown> {
    const path = join(directory, CONFIG_FILE);
    const { stacks: own, ...top } = readYaml(path, content, "configuration of fdw-stub") ?? {};
    const common = bare(`${path}: `, top);
    const result = stacks.safeParse(own);
    if (!result.success) {
        throw inputError(`${path} cannot be used`, [
            "stacks: must be a mapping of a stack's name to the keys that differ for it, for example stacks: {ci: {image: postgres:17}}.",
        ]);
    }
    const all = Object.fromEntries(
        Object.entries(result.data ?? {}).map(([name, values]) => [
            name,
            bare(`${path}: stacks.${name}: `, values ?? {}),
        ]),
    );
    const unknown = [
        ...unknownKeys("", common),
        ...Object.entries(all).flatMap(([name, values]) => unknownKeys(`stacks.${name}.`, values)),
    ];
    if (unknown.length > 0) {
        throw inputError(`${path} cannot be used`, unknown);
    }
    return { ...common, ...all[stack] };
}

/** The JSON schema of the file, for editors. */
export function jsonSchema(): Record<string, unknown> {
    const { $schema, properties, $defs } = z.toJSONSchema(CONFIGURATION_SHAPE, { io: "input", unrepresentable: "any" });
    const described = Object.fromEntries(
        Object.entries(properties ?? {}).map(([key, value]) => [
            key,
            typeof value === "object" ? { description: MEANING[key], ...value } : value,
        ]),
    );
    const keys = { type: "object", additionalProperties: false };
    return {
        $schema,
        title: "Configuration of fdw-stub",
        ...keys,
        properties: {
            ...described,
            stacks: {
                description: "What differs, by the name of a stack.",
                type: "object",
                additionalProperties: { ...keys, properties: described },
            },
        },
        ...($defs === undefined ? {} : { $defs }),
    };
}
