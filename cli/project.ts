import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CONFIG_FILE } from "../standalone/config-file";
import { InputError } from "../upstreams/errors";

/** What marks the folder that stacks belong to. */
const MARKS = [CONFIG_FILE, "Pulumi.yaml", "package.json", ".git"];

/** The nearest folder that has one of these, from a folder upwards; undefined when there is none. */
function nearest(from: string, names: readonly string[]): string | undefined {
    for (let directory = resolve(from); ; directory = dirname(directory)) {
        if (names.some((name) => existsSync(join(directory, name)))) {
            return directory;
        }
        if (directory === dirname(directory)) {
            return undefined;
        }
    }
}

/**
 * The folder that stacks belong to and that paths in the configuration are relative to: the nearest one with
 * `fdw-stub.yaml`, `Pulumi.yaml`, `package.json` or `.git`, from the working directory upwards.
 *
 * @throws InputError when there is none.
 */
export function findProjectDirectory(from: string = process.cwd()): string {
    const found = nearest(from, MARKS);
    if (found === undefined) {
        throw new InputError(
            `There is no ${MARKS.slice(0, -1).join(", ")} or ${MARKS.at(-1)} in ${resolve(from)} or above it, so there is no folder that a stack could belong to. Run the command in your repository, name it with --cwd, or make this folder one: npx fdw-stub init`,
        );
    }
    return found;
}

/** The same for `init`, which may begin in an empty folder. */
export function projectDirectoryOrHere(from: string = process.cwd()): string {
    return nearest(from, MARKS) ?? resolve(from);
}
