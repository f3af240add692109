import { readFileSync } from "node:fs";
import { isNode, LineCounter, parse, parseDocument } from "yaml";
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

/** The line, from 1, of the first of these places that a YAML file has; undefined where it has none of them. */
export function lineOf(path: string, places: ReadonlyArray<ReadonlyArray<string | number>>): number | undefined {
    const lineCounter = new LineCounter();
    let text: string;
    try {
        text = readFileSync(path, "utf8");
    } catch {
        return undefined;
    }
    const document = parseDocument(text, { lineCounter });
    for (const place of places) {
        const node = document.hasIn(place) ? document.getIn(place, true) : undefined;
        if (isNode(node) && node.range != null) {
            return lineCounter.linePos(node.range[0]).line;
        }
    }
    return undefined;
}
