/**
 * What a server was made from, in a file of its container: it changes while the container stays, as labels cannot, and is
 * there to be read when the server is stopped. Only what has come to its end has one.
 */

import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { extract } from "tar-stream";
import * as z from "zod";
import { statusCode } from "../docker/client";
import { tarOf } from "../docker/tar";

const FILE = "/fdw-stub/made-from.json";

const madeFrom = z.object({
    /** Keyed hash of everything that the runner read. */
    fingerprint: z.string(),
    /** Files that went into it because others include them. */
    included: z.array(z.string()),
});
export type MadeFrom = z.output<typeof madeFrom>;

async function textOf(archive: NodeJS.ReadableStream): Promise<string> {
    for await (const entry of archive.pipe(extract())) {
        return text(entry);
    }
    return "";
}

/** @returns undefined where nothing is known, as of a run that was killed. */
export async function readMadeFrom(docker: Docker, container: string): Promise<MadeFrom | undefined> {
    try {
        const archive = await docker.getContainer(container).getArchive({ path: FILE });
        return madeFrom.parse(JSON.parse(await textOf(archive)));
    } catch (error) {
        if (statusCode(error) === 404 || error instanceof SyntaxError || error instanceof z.ZodError) {
            return undefined;
        }
        throw error;
    }
}

/** @param known Undefined while the server is being changed. */
export async function writeMadeFrom(docker: Docker, container: string, known: MadeFrom | undefined): Promise<void> {
    const file = { file: FILE, content: JSON.stringify(known ?? null), executable: false, secret: true };
    await docker.getContainer(container).putArchive(await tarOf([file]), { path: "/" });
}
