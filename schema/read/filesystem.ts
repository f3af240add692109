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
