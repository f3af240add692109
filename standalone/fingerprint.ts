import { createHash, createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Configuration } from "../upstreams/parse";

/** Everything of ours that decides what a stack becomes. */
const PROGRAM = [
    "index.ts",
    "package-lock.json",
    "components",
    "docker",
    "schema",
    "server",
    "sql",
    "standalone",
    "upstreams",
];

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
 * @param directory Folder of Pulumi.yaml, which relative paths are relative to.
 * @param included Files that the named ones include, as far as they are known from reading them.
 */
export function digestInputs(
    directory: string,
    configuration: Configuration,
    included: readonly string[] = [],
): string {
    const hash = createHash("sha256").update(JSON.stringify(configuration));
    const named = [
        ...configuration.upstreams.flatMap((upstream) => upstream.ddlFiles),
        ...configuration.schema,
        ...configuration.baseline,
    ];
    const read = [...named, ...included].flatMap((path) => filesOf(resolve(directory, path)));
    for (const file of [...PROGRAM.flatMap((part) => filesOf(join(directory, part))), ...read]) {
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

/** The digest as it may stand in a label: passwords went into it, so it is keyed with the server's own. */
export function fingerprint(digest: string, password: string): string {
    return createHmac("sha256", password).update(digest).digest("hex");
}
