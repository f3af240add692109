import { createHash, createHmac } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Configuration } from "../upstreams/parse";

/** Where the package stands: sources and what is built of them are both one folder deep. */
const PACKAGE = join(__dirname, "..");

/** Everything of ours that decides what a stack becomes: the built command, and what it reads besides. */
export const OWN_PROGRAM: readonly string[] = ["dist/fdw-stub.js", "rehearsal/server", "sql"].map((part) =>
    join(PACKAGE, part),
);

/** The same of a program of the user's own. What it imports from elsewhere changes with the lock file. */
export function programOf(directory: string): string[] {
    const own = readdirSync(directory).filter((name) => /\.(?:[cm]?[jt]s|json)$|^(?:yarn|pnpm-lock)\./.test(name));
    const folders = ["components", "src", "lib"].filter((name) => existsSync(join(directory, name)));
    return [...OWN_PROGRAM, ...[...own, ...folders].sort().map((name) => join(directory, name))];
}

function filesOf(path: string): string[] {
    try {
        return readdirSync(path, { withFileTypes: true })
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .flatMap((entry) => filesOf(join(path, entry.name)));
    } catch {
        return [path];
    }
}

/**
 * A digest of all that a run reads: the program, the configuration and the files that it names. The same digest
 * means that a whole server needs no work.
 *
 * @param directory Folder that relative paths are relative to.
 * @param program Files and folders of the program, absolute.
 * @param included Files that the named ones include, as far as they are known from reading them.
 */
export function digestInputs(
    directory: string,
    configuration: Configuration,
    program: readonly string[],
    included: readonly string[] = [],
): string {
    // What is accepted changes what is said, and not what is made.
    const { accepted: _, ...made } = configuration;
    const hash = createHash("sha256").update(JSON.stringify(made));
    const named = [
        ...configuration.upstreams.flatMap(({ ddlFiles, contract, seed }) => [
            ...ddlFiles,
            ...contract,
            ...seed.map((file) => (typeof file === "string" ? file : file.origin)),
        ]),
        ...configuration.schema,
        ...configuration.baseline,
    ];
    const read = [...named, ...included].flatMap((path) => filesOf(resolve(directory, path)));
    for (const file of [...program.flatMap(filesOf), ...read]) {
        hash.update("\0").update(file).update("\0");
        try {
            hash.update(readFileSync(file));
        } catch {
            // A missing file is a state like any other here; whoever needs it says what is wrong.
            hash.update("(missing)");
        }
    }
    return hash.digest("hex");
}

/** The digest as it may stand beside the server: passwords went into it, so it is keyed with the server's own. */
export function fingerprint(digest: string, password: string): string {
    return createHmac("sha256", password).update(digest).digest("hex");
}
