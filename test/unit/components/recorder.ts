import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { vi } from "vitest";

/** A resource as the program asks the engine for it: the options too, which mocks alone do not see. */
export interface Recorded {
    readonly type: string;
    readonly name: string;
    /** Inputs, secrets as `{ secret: value }`. */
    readonly inputs: Readonly<Record<string, unknown>>;
    /** `type name` of the resources that the options name. */
    readonly parent: string;
    readonly provider: string;
    readonly dependsOn: readonly string[];
    readonly deletedWith: string;
    readonly replaceWith: readonly string[];
    readonly retainOnDelete: boolean;
    readonly replacementTrigger: unknown;
    readonly deleteBeforeReplace: boolean;
    readonly ignoreChanges: readonly string[];
    readonly additionalSecretOutputs: readonly string[];
    /** Names of the kinds of hooks that are set. */
    readonly hooks: readonly string[];
}

/** What came of running a program. */
export interface Run<T> {
    /** Everything that was registered, in order, without the stack itself. */
    readonly resources: readonly Recorded[];
    /** The errors that the program ended with, each once, as Pulumi would print them. */
    readonly errors: readonly unknown[];
    /** What the program returned. */
    readonly result: T | undefined;
}

/** Pulumi's mark of a secret in what it hands to a provider. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

function readable(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(readable);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    return SIGNATURE in value
        ? { secret: readable(Reflect.get(value, "value")) }
        : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null;
}

/** `type name` of a URN, or of a provider's reference, which is a URN with an id behind it. */
function short(urn: string): string {
    const [, , types = "", name = ""] = urn.split("::");
    return urn === "" ? "" : `${types.split("$").at(-1)} ${name}`;
}

function hooksOf(request: RegisterResourceRequest): string[] {
    const hooks = request.getHooks()?.toObject() ?? {};
    return Object.entries(hooks).flatMap(([kind, names]) =>
        Array.isArray(names) && names.length > 0 ? [`${kind.replace(/List$/, "")}: ${names.length}`] : [],
    );
}

function describe(request: RegisterResourceRequest, inputs: Readonly<Record<string, unknown>>): Recorded {
    return {
        type: request.getType(),
        name: request.getName(),
        inputs,
        parent: short(request.getParent()),
        provider: short(request.getProvider()),
        dependsOn: request.getDependenciesList().map(short).sort(),
        deletedWith: short(request.getDeletedwith()),
        replaceWith: request.getReplaceWithList().map(short).sort(),
        retainOnDelete: request.getRetainondelete() ?? false,
        replacementTrigger: request.getReplacementTrigger()?.toJavaScript() ?? undefined,
        deleteBeforeReplace: request.getDeletebeforereplace(),
        ignoreChanges: request.getIgnorechangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        hooks: hooksOf(request),
    };
}

/** Outputs that a provider would compute. */
const COMPUTED: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
    "docker:index/remoteImage:RemoteImage": () => ({ imageId: "sha256:pulled", repoDigest: "" }),
    // The engine makes it one because of `additionalSecretOutputs`.
    "random:index/randomPassword:RandomPassword": () => ({ result: pulumi.secret("Generated0Password") }),
};

/** How long to go on listening after a program has failed: time enough for what it should not do any more. */
const AFTERMATH_MS = 150;

/**
 * Lets the mock engine accept hooks, which it does not know, without ever running them.
 *
 * @returns what finds the whole request for a resource.
 */
function record(): (type: string, name: string) => RegisterResourceRequest | undefined {
    const monitor = pulumi.runtime.getMonitor();
    if (monitor === undefined) {
        throw new Error("Pulumi's mocks are not set.");
    }
    const accept = (_request: unknown, callback: (error: null) => void) => callback(null);
    Object.assign(monitor, { registerResourceHook: accept, close: () => undefined });
    const spy = vi.spyOn(monitor, "registerResource");
    return (type, name) =>
        spy.mock.calls.map(([request]) => request).find((one) => one.getType() === type && one.getName() === name);
}

/** Runs a program against recorded mocks, until nothing of it is under way any more. */
export async function runProgram<T>(program: () => T, stack = "dev", isPreview = false): Promise<Run<T>> {
    let requestFor: ReturnType<typeof record> = () => undefined;
    const resources: Recorded[] = [];
    const errors = new Set<unknown>();
    const heard = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    // What waits for something that failed waits for ever, and the runtime with it.
    const failed = new Promise<void>((resolve) => {
        process.on("unhandledRejection", (error) => {
            errors.add(error);
            setTimeout(resolve, AFTERMATH_MS);
        });
    });
    try {
        await pulumi.runtime.setMocks(
            {
                newResource: ({ type, name, inputs, custom }) => {
                    const request = requestFor(type, name);
                    const given: unknown = inputs;
                    const plain = readable(given);
                    if (type !== "pulumi:pulumi:Stack" && request !== undefined) {
                        resources.push(describe(request, isRecord(plain) ? plain : {}));
                    }
                    const state = { ...(isRecord(given) ? given : {}), ...COMPUTED[type]?.() };
                    return { id: custom === false || isPreview ? undefined : `${name}-id`, state };
                },
                call: ({ token }) => {
                    throw new Error(`unexpected call of ${token}`);
                },
            },
            "fdw-stub",
            stack,
            isPreview,
        );
        requestFor = record();
        let result: T | undefined;
        const finished = pulumi.runtime
            .runInPulumiStack(async () => {
                result = program();
            })
            .then(() => pulumi.runtime.disconnect());
        await Promise.race([finished, failed]);
        pulumi.runtime.disconnectSync();
        return { resources, errors: [...errors], result };
    } finally {
        process.removeAllListeners("unhandledRejection");
        for (const listener of heard) {
            process.on("unhandledRejection", listener);
        }
    }
}

/** The value of an output, and whether it is a secret. */
export async function reveal(
    output: pulumi.Output<unknown> | undefined,
): Promise<{ value: unknown; isSecret: boolean }> {
    if (output === undefined) {
        throw new Error("The program ended before there was an output.");
    }
    const value = await new Promise<unknown>((resolve) => {
        output.apply((known) => resolve(known));
    });
    return { value, isSecret: await pulumi.isSecret(output) };
}
