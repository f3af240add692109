/** Files of a container, whether it runs or not. */

import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { extract } from "tar-stream";
import { statusCode } from "./client";
import { type ArchiveFile, tarOf } from "./tar";

async function firstOf(archive: NodeJS.ReadableStream): Promise<string> {
    for await (const entry of archive.pipe(extract())) {
        return text(entry);
    }
    return "";
}

/** @returns the file's text; undefined where it, or the container, is not there. */
export async function readContainerFile(docker: Docker, container: string, file: string): Promise<string | undefined> {
    try {
        return await firstOf(await docker.getContainer(container).getArchive({ path: file }));
    } catch (error) {
        if (statusCode(error) === 404) {
            return undefined;
        }
        throw error;
    }
}

/** Writes files, each in the place of one that is there. */
export async function writeContainerFiles(
    docker: Docker,
    container: string,
    files: readonly ArchiveFile[],
): Promise<void> {
    await docker.getContainer(container).putArchive(await tarOf(files), { path: "/" });
}
