import { createHash } from "node:crypto";
import type { ServerFile } from "./server";

/** A word of a shell, taken as it is. */
function quoteWord(text: string): string {
    return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The folders above a file, outermost first. */
function foldersOf(file: string): string[] {
    const parts = file.split("/").slice(1, -1);
    return parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`);
}

function write({ file, content, executable }: ServerFile): string {
    const path = quoteWord(file);
    const mode = `chmod ${executable ? 755 : 644} ${path}`;
    if (!content.endsWith("\n")) {
        return `printf %s ${quoteWord(content)} >${path}\n${mode}\n`;
    }
    const end = `end-${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
    return `cat >${path} <<'${end}'\n${content}${end}\n${mode}\n`;
}

/**
 * All files of a server as one: a shell script that writes them and then runs its arguments. The Docker provider takes
 * one request for each file, each of which mounts the container's file system.
 */
export function startScript(files: readonly ServerFile[]): string {
    const folders = [...new Set(files.flatMap(({ file }) => foldersOf(file)))];
    return [
        "#!/bin/sh\n# Writes what the server needs, and runs its arguments.\nset -eu\n",
        folders.length === 0 ? "" : `mkdir -p ${folders.map(quoteWord).join(" ")}\n`,
        ...files.map(write),
        'exec "$@"\n',
    ].join("");
}
