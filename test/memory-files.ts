/** Files that exist nowhere, for tests and benchmarks. */

import type { FileSystem } from "../schema";

/** Files from a record of path to text; folders exist where a path has them. Paths use `/`. */
export function memoryFileSystem(files: Readonly<Record<string, string>>): FileSystem {
    const names = Object.keys(files);
    const clean = (path: string) => path.replace(/\/+$/, "");
    return {
        async kind(path) {
            if (files[path] !== undefined) {
                return "file";
            }
            return names.some((name) => name.startsWith(`${clean(path)}/`)) ? "folder" : "missing";
        },
        async list(folder) {
            const prefix = `${clean(folder)}/`;
            const inside = names.filter((name) => name.startsWith(prefix));
            return [...new Set(inside.map((name) => name.slice(prefix.length).split("/")[0] ?? ""))];
        },
        size: async (file) => Buffer.byteLength(files[file] ?? ""),
        async read(file) {
            const text = files[file];
            if (text === undefined) {
                throw new Error(`no such file: ${file}`);
            }
            return Buffer.from(text);
        },
    };
}
