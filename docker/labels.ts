import { createHash } from "node:crypto";

/** Which program a stack belongs to. Two of them are the same stack only if all parts are equal. */
export interface StackIdentity {
    /** Real path of the folder of Pulumi.yaml, so that two checkouts live side by side. */
    readonly directory: string;
    readonly project: string;
    readonly stack: string;
    /** Name of the component in the program. */
    readonly component: string;
}

/** Which door a stack was made by; only the same one changes or removes it. */
export type MadeBy = "pulumi" | "standalone";

/** Labels on every Docker object of a stack. */
export const LABEL = {
    directory: "fdw-stub.directory",
    project: "fdw-stub.project",
    stack: "fdw-stub.stack",
    component: "fdw-stub.component",
    madeBy: "fdw-stub.made-by",
    /** Changes whenever everything in the server has to be made anew. */
    generation: "fdw-stub.generation",
    /** On containers: the generation of the network that they were attached to. */
    networkGeneration: "fdw-stub.network-generation",
    /** Hash of what was declared, without secrets and what stubs hold. */
    declared: "fdw-stub.declared",
    /** What the server holds when it is whole, as JSON. */
    expected: "fdw-stub.expected",
    /** Reference of the image that the server was started from. */
    image: "fdw-stub.image",
    /** On throw-away servers of rehearsals: the process that each belongs to. */
    rehearsal: "fdw-stub.rehearsal",
    /** On them too: what they were made of. One that rests serves whoever needs the same. */
    rehearsalKind: "fdw-stub.rehearsal-kind",
    /** On containers in which upstreams are recorded: the process that each belongs to. */
    pull: "fdw-stub.pull",
    /** On volumes: the id of the image whose initialised clusters they hold. */
    clusters: "fdw-stub.clusters",
    /** On images: the Debian packages that a stand-in for the official image was built from. */
    standIn: "fdw-stub.stand-in",
} as const;

/** The labels by which a stack is found again. */
export function identityLabels(identity: StackIdentity): Record<string, string> {
    return {
        [LABEL.directory]: identity.directory,
        [LABEL.project]: identity.project,
        [LABEL.stack]: identity.stack,
        [LABEL.component]: identity.component,
    };
}

/** Whether an object carries exactly this stack's labels. */
export function belongsTo(labels: Readonly<Record<string, string>>, identity: StackIdentity): boolean {
    return Object.entries(identityLabels(identity)).every(([key, value]) => labels[key] === value);
}

function hash(identity: StackIdentity): string {
    return createHash("sha256")
        .update(JSON.stringify(Object.entries(identityLabels(identity))))
        .digest("hex");
}

/**
 * The name of a stack's container and network: fixed, so that whatever is left of an interrupted run is found
 * again, and unique per checkout, project, stack and component.
 */
export function stackName(identity: StackIdentity): string {
    const readable = `${identity.component}-${identity.stack}`.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 48);
    return `${/^[A-Za-z0-9]/.test(readable) ? "" : "x"}${readable}-${hash(identity).slice(0, 8)}`;
}

/** The host ports that a stack tries, in order: the same on every run, so that its URL stays the same. */
export function portCandidates(identity: StackIdentity, count = 50): number[] {
    // Below the range from which Linux takes outgoing ports (32768 up), where one could be gone at any moment.
    const first = 20_000;
    const span = 12_000;
    const start = Number.parseInt(hash(identity).slice(8, 16), 16);
    return Array.from({ length: count }, (_, n) => first + ((start + n * 101) % span));
}
