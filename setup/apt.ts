import { InputError } from "../upstreams/errors";
import type { Machine } from "./machine";

const UPDATE_LIMIT_MS = 180_000;
const INSTALL_LIMIT_MS = 600_000;

/**
 * Installs Debian packages, with the package lists that are there, or fresh ones where those don't do.
 *
 * @throws InputError with the end of apt's own output when they cannot be installed.
 */
export async function aptInstall(machine: Machine, packages: readonly string[]): Promise<void> {
    // An unattended upgrade may hold dpkg's lock for a while after a boot.
    const wait = ["-o", "DPkg::Lock::Timeout=120"];
    const install = () =>
        machine.run("apt-get", [...wait, "install", "-y", "--no-install-recommends", ...packages], INSTALL_LIMIT_MS);
    let result = await install();
    if (result.status !== 0) {
        await machine.run("apt-get", [...wait, "update"], UPDATE_LIMIT_MS);
        result = await install();
    }
    if (result.status !== 0) {
        throw new InputError(
            `apt-get could not install ${packages.join(", ")}. Its last lines:\n${lastLines(result.output, 8)}`,
        );
    }
}

/** Whether apt knows a package by this name. */
export async function aptKnows(machine: Machine, name: string): Promise<boolean> {
    const result = await machine.run("apt-cache", ["show", "--no-all-versions", name], 30_000);
    return result.status === 0 && result.output.includes(`Package: ${name}`);
}

function lastLines(text: string, count: number): string {
    // A mirror's URL may carry credentials.
    return text
        .trimEnd()
        .split("\n")
        .slice(-count)
        .join("\n")
        .replaceAll(/(\w:\/\/)[^/\s@]+@/g, "$1");
}
