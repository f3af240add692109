import * as pulumi from "@pulumi/pulumi";
import { InputError } from "../upstreams/errors";

/**
 * Takes out what Node's `util.inspect` cannot bear: with a frame directly in `node_modules/@scope/`, as Pulumi's
 * source maps give them, it builds an ever longer string until memory ends (half a minute, gigabytes), and Pulumi
 * inspects every error that a program ends with.
 */
function withoutScopeFrames(stack: string): string {
    return stack
        .split("\n")
        .filter((line) => !/node_modules[/\\]@[^/\\]*[/\\][^/\\]*$/.test(line))
        .join("\n");
}

/** The error as Pulumi can print it: a mistake of the user's as its message alone, everything else with its stack. */
export function printable(error: unknown): unknown {
    if (error instanceof InputError) {
        const shown = new pulumi.RunError(error.message);
        delete shown.stack;
        return shown;
    }
    if (error instanceof Error && error.stack !== undefined) {
        error.stack = withoutScopeFrames(error.stack);
    }
    return error;
}

/** Lets work that Pulumi waits for fail with what Pulumi can print. */
export function explained<T>(work: Promise<T>): Promise<T> {
    // Not thrown: Pulumi runs programs with V8's debugger on, which asks at every `throw` who will catch it, and
    // walks all promises that wait for it. In a program full of outputs that takes seconds.
    return work.catch((error: unknown) => Promise.reject(printable(error)));
}
