import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InputError } from "../upstreams/errors";

/**
 * The folder of the nearest `Pulumi.yaml`, from the working directory upwards, as the Pulumi CLI looks for it.
 *
 * @throws InputError when there is none.
 */
export function findProjectDirectory(from: string = process.cwd()): string {
    for (let directory = resolve(from); ; directory = dirname(directory)) {
        if (existsSync(join(directory, "Pulumi.yaml"))) {
            return directory;
        }
        if (directory === dirname(directory)) {
            throw new InputError(
                `There is no Pulumi.yaml in ${resolve(from)} or above it. Run the command in the folder of the project, or name it with --cwd.`,
            );
        }
    }
}
