/**
 * What a server was made from, in a file of its container: it changes while the container stays, as labels cannot, and is
 * there to be read when the server is stopped. Only what has come to its end has one.
 */

import type Docker from "dockerode";
import * as z from "zod";
import { readContainerFile, writeContainerFiles } from "../docker/container-files";

const FILE = "/fdw-stub/made-from.json";

const madeFrom = z.object({
    /** Keyed hash of everything that the runner read. */
    fingerprint: z.string(),
    /** Files that went into it because others include them. */
    included: z.array(z.string()),
});
export type MadeFrom = z.output<typeof madeFrom>;

/** @returns undefined where nothing is known, as of a run that was killed. */
export async function readMadeFrom(docker: Docker, container: string): Promise<MadeFrom | undefined> {
    const text = await readContainerFile(docker, container, FILE);
    try {
        return madeFrom.parse(JSON.parse(text ?? "null"));
    } catch {
        return undefined;
    }
}

/** @param known Undefined while the server is being changed. */
export async function writeMadeFrom(docker: Docker, container: string, known: MadeFrom | undefined): Promise<void> {
    const content = JSON.stringify(known ?? null);
    await writeContainerFiles(docker, container, [{ file: FILE, content, executable: false, secret: true }]);
}
