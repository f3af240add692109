/**
 * The scripts of stubs in a server's container, and a note beside them that tells whether they have all run: Pulumi's state
 * does not know of a run that was killed between the server's answer and the writing of the state. The standalone runner
 * has no state, and asks the server what it holds.
 */

import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import * as z from "zod";
import { connectDocker } from "../docker/client";
import { readContainerFile, writeContainerFiles } from "../docker/container-files";
import { type ExpectedExtension, outdatedIn, type ServerAddress } from "../server/completeness";
import { SCRIPTS_PATH, type StubExtension } from "../upstreams/script";
import { scriptFiles } from "../upstreams/server";
import { runner } from "./door";

const NOTE = `${SCRIPTS_PATH}/filled.json`;

/** Versions by database; null as long as scripts run. */
const note = z.record(z.string(), z.string()).nullable();

function noteFile(content: z.output<typeof note>) {
    return { file: NOTE, content: JSON.stringify(content), executable: false };
}

function versionsByDatabase(stubs: readonly ExpectedExtension[]): Record<string, string> {
    return Object.fromEntries(stubs.map(({ database, version = "" }) => [database, version]));
}

/** What a container's stubs are: all of the wanted versions, others, or nobody knows, because a run did not end. */
export type Filling = "wanted" | "other" | "unknown";

function parsed(text: string): z.output<typeof note> {
    try {
        return note.parse(JSON.parse(text));
    } catch {
        return null;
    }
}

/** @param stubs Extensions with the wanted versions. */
export async function fillingOf(
    docker: Docker,
    container: string,
    stubs: readonly ExpectedExtension[],
): Promise<Filling> {
    const text = runner() === "standalone" ? undefined : await readContainerFile(docker, container, NOTE);
    if (text === undefined) {
        return "other";
    }
    const held = parsed(text);
    if (held === null) {
        return "unknown";
    }
    return stubs.every(({ database, version }) => held[database] === version) ? "wanted" : "other";
}

/** Puts the scripts into the container, where CREATE EXTENSION finds them. */
export async function beginFilling(container: string, extensions: readonly StubExtension[]): Promise<void> {
    if (!pulumi.runtime.isDryRun()) {
        await writeContainerFiles(await connectDocker(), container, [noteFile(null), ...scriptFiles(extensions)]);
    }
}

/** Notes that the scripts have run; a server that holds others than it should is made anew by the next run. */
export async function endFilling(
    container: string,
    server: ServerAddress,
    stubs: readonly ExpectedExtension[],
): Promise<void> {
    if (pulumi.runtime.isDryRun() || runner() === "standalone") {
        return;
    }
    const others = await outdatedIn(server, stubs);
    if (others.length === 0) {
        await writeContainerFiles(await connectDocker(), container, [noteFile(versionsByDatabase(stubs))]);
    } else {
        const names = others.map((database) => JSON.stringify(database)).join(", ");
        await pulumi.log.warn(
            `The server holds another stub than Pulumi's state says: ${names}. Run \`pulumi up\` once more: it makes the server anew.`,
        );
    }
}
