import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { InputError } from "../upstreams/errors";

/**
 * Reads a YAML file of a given form.
 *
 * @param kind What the form is called, for the message.
 *
 * @throws InputError that names the file, for one that cannot be read, is no YAML, or has another form.
 */
export function readYaml<T>(path: string, shape: z.ZodType<T>, kind: string): T {
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
        throw new InputError(`${path} has not the form of a ${kind}: ${z.prettifyError(result.error)}`);
    }
    return result.data;
}
