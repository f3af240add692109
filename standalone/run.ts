import { setImmediate as nextTurn } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { InputError } from "../upstreams/errors";
import { dockerHandlers } from "./docker";
import type { Created, Handlers, RunContext } from "./handlers";
import { postgresqlHandlers } from "./postgresql";
import { randomHandlers } from "./random";
import { unwrapSecrets } from "./values";

/** A program to run, and as what. */
export interface Program {
    readonly project: string;
    readonly stack: string;
    /** Configuration as Pulumi would hand it over: flat, structured values as JSON. */
    readonly configuration: Readonly<Record<string, string>>;
    /** Loads the program; what it returns are the stack's outputs. */
    readonly load: () => Promise<Record<string, unknown>>;
}

const HANDLERS: Handlers = { ...randomHandlers, ...dockerHandlers, ...postgresqlHandlers };

/** A resource's provider arrives as `urn::id`; only the id is ours. */
function providerId(reference: string | undefined): string {
    return reference === undefined ? "" : (reference.split("::").at(-1) ?? "");
}

function asRecord(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? { ...value } : {};
}

/**
 * Lets the mock engine accept resource hooks, and never calls them: they clear away what an interrupted `pulumi up`
 * left, and the runner has removed everything before it begins.
 */
function acceptHooks(): void {
    const accept = (_request: unknown, callback: (error: null) => void) => callback(null);
    Object.assign(pulumi.runtime.getMonitor() ?? {}, { registerResourceHook: accept, registerErrorHook: accept });
}

/**
 * Runs a Pulumi program without the Pulumi CLI: the SDK's mock engine hands every resource to a handler that
 * really creates it, and what depends on it waits, just as with the CLI.
 *
 * @param signal Ends the run early; what is under way is waited for.
 * @returns the program's outputs, secrets as plain values.
 * @throws what the first failing handler, or the program itself, threw. Nothing is being created any more then.
 */
export async function runProgram(
    program: Program,
    context: RunContext,
    signal?: AbortSignal,
): Promise<Record<string, unknown>> {
    // A failed resource leaves the outputs that wait for it pending for ever; the failure ends the run instead.
    let fail: (error: unknown) => void = () => undefined;
    const ended = new AbortController();
    const failed = new Promise<never>((_, reject) => {
        fail = (error) => {
            ended.abort();
            reject(error);
        };
    });
    signal?.addEventListener("abort", () => fail(new InputError("The run was interrupted.")));
    const running = new Set<Promise<Created>>();

    const create = async (args: pulumi.runtime.MockResourceArgs): Promise<pulumi.runtime.MockResourceResult> => {
        const inputs = unwrapSecrets(args.inputs);
        if (args.custom === false) {
            return { id: args.name, state: asRecord(inputs) };
        }
        const handler = HANDLERS[args.type];
        if (handler === undefined) {
            throw new InputError(
                `The program declares the resource ${JSON.stringify(args.name)} of type ${args.type}, which the standalone runner does not know. Use \`pulumi up\` for this program.`,
            );
        }
        if (ended.signal.aborted) {
            // The caller cleans up: what is begun now would stay behind.
            throw new Error("The run has ended.");
        }
        const work = handler(
            { type: args.type, name: args.name, inputs, provider: providerId(args.provider) },
            { ...context, ended: ended.signal },
        );
        running.add(work);
        const { id, outputs } = await work;
        return { id, state: { ...asRecord(args.inputs), ...outputs } };
    };

    // The SDK's own words begin with "[runtime]", which says nothing to a user.
    Object.assign(pulumi.log, {
        warn: async (text: string) => context.warn(text),
        info: async (text: string) => context.progress(text),
    });
    pulumi.runtime.setAllConfig({ ...program.configuration });
    await pulumi.runtime.setMocks(
        {
            newResource: async (args) => {
                try {
                    return await create(args);
                } catch (error) {
                    fail(error);
                    throw error;
                }
            },
            call: async (args) => {
                const error = new InputError(
                    `The program calls ${args.token}, which the standalone runner does not know. Use \`pulumi up\` for this program.`,
                );
                fail(error);
                throw error;
            },
        },
        program.project,
        program.stack,
        false,
    );
    acceptHooks();
    // The SDK reports what no promise of ours catches this way, for example a throw in `apply`.
    process.on("unhandledRejection", fail);
    process.on("uncaughtException", fail);
    try {
        const outputs = await Promise.race([
            pulumi.runtime
                .runInPulumiStack(async () => program.load())
                .then((all) => settle(asRecord(all)))
                .then(allRegistered),
            failed,
        ]);
        return outputs;
    } catch (error) {
        // Nothing may go on being created while the caller cleans up.
        await Promise.allSettled(running);
        // Pulumi's own way to say that the message is all there is to show.
        throw pulumi.RunError.isInstance(error) ? new InputError(error.message) : error;
    } finally {
        // The listeners stay: a rejection that belongs to this run may still come.
        fail = () => undefined;
    }
}

/** Waits for the resources that no output waits for, and for what they may still make fail. */
async function allRegistered<T>(outputs: T): Promise<T> {
    await pulumi.runtime.disconnect();
    await nextTurn();
    return outputs;
}

/** Waits for the values of a program's outputs. */
async function settle(outputs: Record<string, unknown>): Promise<Record<string, unknown>> {
    const plain = await new Promise<unknown>((resolve) => {
        pulumi.output(outputs).apply((all) => resolve(all));
    });
    return asRecord(plain);
}
