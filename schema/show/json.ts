import type { Inference } from "../report";

/** Everything but the statements, which are the user's own files. */
export function asJson(inference: Inference): string {
    const { sources, ...rest } = inference;
    return `${JSON.stringify({ ...rest, statements: sources.length }, null, 2)}\n`;
}
