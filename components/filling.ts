/**
 * The scripts of stubs in a server's container, and a note at the server that tells whether they have all run: Pulumi's
 * state does not know of a run that was killed between the server's answer and the writing of the state. The standalone
 * runner has no state, and notes something else.
 */

import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { connectDocker } from "../docker/client";
import { tarOf } from "../docker/tar";
import { type ExpectedExtension, outdatedIn, type ServerAddress } from "../server/completeness";
import { readNote, writeNote } from "../server/note";
import type { StubExtension } from "../upstreams/script";
import { scriptFiles } from "../upstreams/server";
import { runner } from "./door";

/** Versions by database; null while scripts run. */
const note = z.object({ stubs: z.record(z.string(), z.string()).nullable() });

/** What a server's stubs are: all of the wanted versions, others, or nobody knows, because a run did not end. */
export type Filling = "wanted" | "other" | "unknown";

/** A server that runs, made from the same declaration but for what its stubs hold. */
export interface Current {
    /** Id of its container. */
    readonly container: string;
    readonly address: ServerAddress;
    readonly filling: Filling;
}

/** @param stubs Extensions with the wanted versions. */
export async function fillingOf(server: ServerAddress, stubs: readonly ExpectedExtension[]): Promise<Filling> {
    const { data } = note.safeParse(await readNote(server));
    if (data === undefined) {
        return "other";
    }
    const held = data.stubs;
    if (held === null) {
        return "unknown";
    }
    return stubs.every(({ database, version }) => held[database] === version) ? "wanted" : "other";
}

/** Whether a container is one that has run the wanted scripts. */
function hasRun(container: string, current: Current | undefined): boolean {
    return current?.container === container && current.filling === "wanted";
}

/** Puts the scripts into the container, where CREATE EXTENSION finds them, unless it is one that has run them. */
export async function beginFilling(
    container: string,
    extensions: readonly StubExtension[],
    current: Current | undefined,
): Promise<void> {
    if (pulumi.runtime.isDryRun() || extensions.length === 0 || hasRun(container, current)) {
        return;
    }
    if (current?.container === container && runner() === "pulumi") {
        await writeNote(current.address, { stubs: null });
    }
    const docker = await connectDocker();
    await docker.getContainer(container).putArchive(await tarOf(scriptFiles(extensions)), { path: "/" });
}

/** Notes that the scripts have run; a server that holds others than it should is made anew by the next run. */
export async function endFilling(
    container: string,
    extensions: readonly StubExtension[],
    server: ServerAddress,
    current: Current | undefined,
): Promise<void> {
    if (pulumi.runtime.isDryRun() || hasRun(container, current) || runner() === "standalone") {
        return;
    }
    const others = await outdatedIn(server, extensions);
    if (others.length === 0) {
        await writeNote(server, { stubs: Object.fromEntries(extensions.map((one) => [one.database, one.version])) });
        return;
    }
    const names = others.map((database) => JSON.stringify(database)).join(", ");
    await writeNote(server, { stubs: null });
    await pulumi.log.warn(
        `The server holds another stub than Pulumi's state says: ${names}. Run \`pulumi up\` once more: it makes the server anew.`,
    );
}
