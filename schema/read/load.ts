/** A file's text, or a finding that says why it is not read. */

import type { Finding } from "../report";
import { decode } from "./decode";
import type { FileSystem } from "./filesystem";

/** Files above this are refused: a schema-only dump of any real database is far smaller. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

const MEGABYTE = 1024 * 1024;

export async function loadText(
    fs: FileSystem,
    file: string,
    finding: (finding: Finding) => void,
): Promise<string | undefined> {
    const place = { file, line: 1 };
    try {
        const size = await fs.size(file);
        if (size > MAX_FILE_BYTES) {
            finding({
                severity: "error",
                code: "file-too-large",
                message: `${file} has ${Math.round(size / MEGABYTE)} MB; at most ${MAX_FILE_BYTES / MEGABYTE} are read. Dump the schema only (pg_dump --schema-only).`,
                ...place,
            });
            return undefined;
        }
        const bytes = await fs.read(file);
        if (Buffer.from(bytes.subarray(0, 5)).toString("latin1") === "PGDMP") {
            finding({
                severity: "error",
                code: "dump-format",
                message: `${file} is a dump in pg_dump's custom format. Turn it into SQL: pg_restore --schema-only -f schema.sql ${file}`,
                ...place,
            });
            return undefined;
        }
        const decoded = decode(bytes);
        if (decoded.encoding === "latin1") {
            finding({
                severity: "note",
                code: "encoding",
                message: `${file} is not UTF-8; it is read as Latin-1.`,
                ...place,
            });
        }
        return decoded.text;
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        finding({ severity: "error", code: "file-unreadable", message: `${file} cannot be read: ${reason}`, ...place });
        return undefined;
    }
}
