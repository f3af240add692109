/** A rehearsal, unless one with the same input was kept. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import packageJson from "../package.json";
import { nodeFileSystem } from "../schema/read/filesystem";
import type { Inference } from "../schema/report";
import { cacheFolder, cacheKey, keep, recall, recording } from "./cache";
import { type RehearsalInput, rehearse } from "./rehearse";

/** What a checkout was built of; a package has its version only. */
function programState(): string {
    try {
        return readFileSync(join(__dirname, "..", "dist", "build.json"), "utf8");
    } catch {
        return "";
    }
}

export interface CachedInput extends RehearsalInput {
    /** Takes a line that tells the user what is being waited for. */
    readonly tell: (line: string) => void;
}

/**
 * Runs a schema on a throw-away server and derives the upstreams that it needs.
 *
 * @throws InputError when the image cannot be used, or a declared upstream's own DDL fails.
 */
export async function rehearseCached(docker: Docker, input: CachedInput): Promise<Inference> {
    const { final: _, inspect: __, fileSystem = nodeFileSystem, onProgress: ___, signal: ____, tell, ...plain } = input;
    const folder = cacheFolder();
    const key = cacheKey({ version: packageJson.version, program: programState(), directory: process.cwd(), ...plain });
    const kept = await recall(folder, key, fileSystem);
    if (kept !== undefined) {
        return kept;
    }
    tell("Running the schema on a throw-away server");
    const record = recording(fileSystem);
    const result = await rehearse(docker, { ...input, rests: true, fileSystem: record.fileSystem });
    await keep(folder, key, await record.looks(), result);
    return result;
}
