import { pack } from "tar-stream";

/** A file for a container. */
export interface ArchiveFile {
    /** Absolute path in the container; folders are made as needed. */
    readonly file: string;
    readonly content: string;
    readonly executable: boolean;
    /** Readable by its owner only. */
    readonly secret?: boolean;
}

/** An archive for Docker's `PUT /containers/{id}/archive`, owned by root and readable by everybody but for secrets. */
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
    for (const { file, content, executable, secret } of files) {
        const mode = secret === true ? 0o600 : executable ? 0o755 : 0o644;
        archive.entry({ name: file.replace(/^\/+/, ""), mode }, content);
    }
    archive.finalize();
    await whole;
    return Buffer.concat(chunks);
}
