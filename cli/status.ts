import { connectDocker } from "../docker/client";
import { inspectImage } from "../docker/image";
import { LABEL } from "../docker/labels";
import { findReachableServer, madeBy } from "../docker/stack";
import { missingFrom } from "../server/completeness";
import { addressOf, expectedOf } from "../server/expected";
import { type StubSummary, summarize } from "../server/summary";
import { type GlobalOptions, identityOf } from "./context";

/** What `status` tells; the form of `--json`. */
export interface Status {
    readonly stack: string;
    /** `up`: it answers and lacks nothing. `broken`: the next `up` makes it anew. `absent`: there is none. */
    readonly state: "up" | "broken" | "absent";
    /** Why it is broken. */
    readonly problems: readonly string[];
    readonly madeBy?: "pulumi" | "standalone";
    readonly container?: string;
    readonly port?: number;
    readonly image?: string;
    /** What a stand-in for the official image was built from. */
    readonly standIn?: string;
    readonly devDatabase?: string;
    readonly servers?: ReadonlyArray<{ host: string; port: number; database: string }>;
    readonly stubs?: readonly StubSummary[];
}

/** Looks at a stack without changing anything. */
export async function readStatus(options: GlobalOptions): Promise<Status> {
    const docker = await connectDocker();
    const server = await findReachableServer(docker, identityOf(options));
    if (server === undefined) {
        return { stack: options.stack, state: "absent", problems: [] };
    }
    const expected = expectedOf(server);
    const address = addressOf(server);
    const standIn = (await inspectImage(docker, server.imageId))?.Config.Labels?.[LABEL.standIn];
    const known = {
        stack: options.stack,
        madeBy: madeBy(server.labels),
        container: server.name,
        port: server.hostPort,
        image: server.labels[LABEL.image] ?? server.image,
        standIn,
        devDatabase: expected?.devDatabase,
        servers: expected?.servers.map((one) => ({ ...one })),
    };
    if (!server.running || expected === undefined || address === undefined) {
        const problem = server.running ? "the container was changed by hand" : `the container is ${server.state}`;
        return { ...known, state: "broken", problems: [problem] };
    }
    try {
        const missing = await missingFrom(address, expected);
        if (missing.length > 0) {
            return { ...known, state: "broken", problems: missing.map((one) => `${one} is missing`) };
        }
        const databases = expected.stubs.map((stub) => stub.database);
        const names = expected.stubs.map((stub) => stub.name);
        return { ...known, state: "up", problems: [], stubs: await summarize(address, databases, names) };
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { ...known, state: "broken", problems: [`the server does not answer: ${why}`] };
    }
}

function stubLines(stub: StubSummary): string[] {
    const more = stub.tableCount - stub.tables.length;
    return [
        `  ${stub.database}: ${stub.tableCount} ${stub.tableCount === 1 ? "table" : "tables"}${stub.users.length === 0 ? "" : `, users ${stub.users.join(", ")}`}`,
        ...stub.tables.map((table) => `    ${table}`),
        ...(more > 0 ? [`    and ${more} more`] : []),
    ];
}

/** The status as text for people. */
export function formatStatus(status: Status): string {
    const lines = [
        `stack      ${status.stack}: ${status.state}`,
        ...status.problems.map((problem) => `           ${problem}`),
    ];
    if (status.state !== "absent") {
        const image = status.standIn === undefined ? "" : ` (a stand-in for the official image: ${status.standIn})`;
        lines.push(
            `made by    ${status.madeBy === "pulumi" ? "pulumi up" : "fdw-stub up"}`,
            `container  ${status.container ?? "?"}, published at 127.0.0.1:${status.port ?? "?"}`,
            `image      ${status.image ?? "?"}${image}`,
            `dev        database ${status.devDatabase ?? "?"}`,
            ...(status.servers ?? []).map((one) => `upstream   ${one.host}:${one.port}/${one.database}`),
        );
    }
    if (status.stubs !== undefined) {
        lines.push("stubs", ...status.stubs.flatMap(stubLines));
    }
    return lines.join("\n");
}
