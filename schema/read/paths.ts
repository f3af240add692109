/** Where the files that a script names are looked for. */

import type { FileSystem } from "./filesystem";

/** Removes `.` and `x/..` from a path. */
export function normalise(path: string): string {
    const out: string[] = [];
    for (const part of path.split("/")) {
        if (part === "." || (part === "" && out.length > 0)) {
            continue;
        }
        const last = out[out.length - 1];
        if (part === ".." && last !== undefined && last !== ".." && last !== "") {
            out.pop();
        } else {
            out.push(part);
        }
    }
    return out.join("/");
}

/** The file that names another one. */
export interface NamedIn {
    readonly file: string;
    /** The path under which it was found. */
    readonly root: string;
    /** Where `\cd` went; empty is the working folder. */
    readonly folder: string;
}

/** The file that a path means: from the working folder, the root, the file's folder and those above it. */
export async function findFile(
    fs: FileSystem,
    path: string,
    from: NamedIn,
    relative: boolean,
): Promise<string | undefined> {
    const own = from.file.includes("/") ? from.file.slice(0, from.file.lastIndexOf("/") + 1) : "";
    const candidates = path.startsWith("/")
        ? [path]
        : relative
          ? [`${own}${path}`]
          : [
                `${from.folder}${path}`,
                path,
                `${from.root}/${path}`,
                `${own}${path}`,
                ...ancestors(own).map((each) => `${each}${path}`),
            ];
    for (const candidate of candidates.map(normalise)) {
        if ((await fs.kind(candidate)) === "file") {
            return candidate;
        }
    }
    return undefined;
}

function ancestors(folder: string): string[] {
    const parts = folder.split("/").filter((part, index) => part !== "" || index === 0);
    return parts.map((_, index) => parts.slice(0, parts.length - index).join("/")).map((each) => `${each}/`);
}
