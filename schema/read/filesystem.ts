/** The few file operations that reading needs, so that tests can hand in files that exist nowhere. */

import { readdir, readFile, stat } from "node:fs/promises";

export interface FileSystem {
    kind(path: string): Promise<"file" | "folder" | "missing">;
    /** Names in a folder, in any order. */
    list(folder: string): Promise<readonly string[]>;
    /** Size in bytes, asked before `read`. */
    size(file: string): Promise<number>;
    read(file: string): Promise<Uint8Array>;
}

export const nodeFileSystem: FileSystem = {
    async kind(path) {
        try {
            const found = await stat(path);
            return found.isDirectory() ? "folder" : "file";
        } catch {
            return "missing";
        }
    },
    list: (folder) => readdir(folder),
    size: async (file) => (await stat(file)).size,
    read: (file) => readFile(file),
};

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
