import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";

export const REPOSITORY = resolve(__dirname, "..", "..", "..");

const manifest = z.object({ files: z.array(z.string()) });

/** What a checkout has besides what is published: what makes a Pulumi project of it, and what builds it. */
const ALSO = ["package.json", "package-lock.json", "Pulumi.yaml", "bin/build.js", "bin/pulumi.js"];

/**
 * Copies what is published, what makes a Pulumi project of it and what builds it, into a folder: everything else of the
 * repository stays out, stacks of its user too. Built anew before, where the sources have changed.
 */
export function copyPackage(directory: string): void {
    execFileSync(process.execPath, ["-e", "require('./bin/build').ensureBuilt()"], { cwd: REPOSITORY });
    const { files } = manifest.parse(JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")));
    for (const name of [...files.filter((file) => !file.startsWith("!")), ...ALSO]) {
        if (existsSync(join(REPOSITORY, name))) {
            cpSync(join(REPOSITORY, name), join(directory, name), { recursive: true });
        }
    }
    symlinkSync(join(REPOSITORY, "node_modules"), join(directory, "node_modules"));
}
