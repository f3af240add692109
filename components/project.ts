import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** The folder of the nearest Pulumi.yaml, from a folder upwards. */
function nearestProject(from: string): string | undefined {
    for (let directory = from; ; directory = dirname(directory)) {
        if (["Pulumi.yaml", "Pulumi.yml"].some((file) => existsSync(join(directory, file)))) {
            return directory;
        }
        if (directory === dirname(directory)) {
            return undefined;
        }
    }
}

/**
 * Real path of the folder of the project, which a stack belongs to and relative paths are relative to. Not the
 * process's working directory: `main` in Pulumi.yaml may name another one, and a program in another language has the
 * component made by a process of the engine's.
 */
export function projectDirectory(): string {
    // The engine tells programs, and those that host components nothing; then the SDK has a word in its place.
    const told = pulumi.getRootDirectory();
    const working = process.cwd();
    return realpathSync(isAbsolute(told) ? told : (nearestProject(working) ?? working));
}
