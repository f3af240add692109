import { pack } from "tar-stream";

/** A file for a container. */
export interface ArchiveFile {
    /** Absolute path in the container; folders are made as needed. */
    readonly file: string;
    readonly content: string;
    readonly executable: boolean;
}

/** An archive for Docker's `PUT /containers/{id}/archive`, owned by root and readable by everybody. */
export async function tarOf(files: readonly ArchiveFile[]): Promise<Buffer> {
    const archive = pack();
    const chunks: Buffer[] = [];
    const whole = new Promise<void>((resolve, reject) => {
        archive.on("data", (chunk) => {
            if (Buffer.isBuffer(chunk)) {
                chunks.push(chunk);
            }
        });
        archive.once("end", resolve);
        archive.once("error", reject);
    });
    for (const { file, content, executable } of files) {
        archive.entry({ name: file.replace(/^\/+/, ""), mode: executable ? 0o755 : 0o644 }, content);
    }
    archive.finalize();
    await whole;
    return Buffer.concat(chunks);
}
