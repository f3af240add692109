import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../upstreams/errors";

/**
 * Writes a file in one step: whoever reads it meanwhile has the old one whole, and nothing half-made stays.
 *
 * @param what What names the file, for the message.
 * @throws InputError where it cannot be written.
 */
export function writeWhole(path: string, text: string, what: string): void {
    const part = `${path}.${process.pid}.part`;
    try {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(part, text, { flag: "wx" });
        renameSync(part, path);
    } catch (error) {
        rmSync(part, { force: true });
        const why = error instanceof Error ? error.message : String(error);
        throw new InputError(`${what} ${JSON.stringify(path)} cannot be written: ${why}.`);
    }
}
