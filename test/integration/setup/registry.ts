import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** A read-only image registry with a single image, just large enough to show progress. */
export interface Registry {
    /** `127.0.0.1:<port>`, which Docker takes without TLS. */
    readonly host: string;
    close(): Promise<void>;
}

interface Blob {
    readonly digest: string;
    readonly body: Buffer;
}

function blob(body: Buffer): Blob {
    return { digest: sha256(body), body };
}

function sha256(body: Buffer): string {
    return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

async function layer(bytes: number): Promise<Buffer> {
    const archive = pack();
    archive.entry({ name: "filler" }, randomBytes(bytes));
    archive.finalize();
    return await buffer(Readable.from(archive));
}

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Serves `db:<tag>` with the given environment. `private/…` asks for a login, `broken/…` ends in a server error.
 */
export async function serveImage(tag: string, env: readonly string[]): Promise<Registry> {
    const tar = await layer(2_000_000);
    const content = blob(gzipSync(tar, { level: 1 }));
    const config = blob(
        Buffer.from(
            JSON.stringify({
                architecture: ARCHITECTURES[process.arch] ?? process.arch,
                os: "linux",
                config: { Env: env, Labels: { "fdw-stub.test": "1" } },
                rootfs: { type: "layers", diff_ids: [sha256(tar)] },
            }),
        ),
    );
    const manifest = blob(
        Buffer.from(
            JSON.stringify({
                schemaVersion: 2,
                mediaType: MANIFEST,
                config: {
                    mediaType: "application/vnd.docker.container.image.v1+json",
                    size: config.body.length,
                    digest: config.digest,
                },
                layers: [
                    {
                        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        size: content.body.length,
                        digest: content.digest,
                    },
                ],
            }),
        ),
    );
    const served = new Map<string, Blob>([
        [`/v2/db/manifests/${tag}`, manifest],
        ...[manifest, config, content].flatMap((one): [string, Blob][] => [
            [`/v2/db/manifests/${one.digest}`, one],
            [`/v2/db/blobs/${one.digest}`, one],
        ]),
    ]);
    const server = createServer((request, response) => {
        const path = request.url ?? "/";
        const found = served.get(path);
        const answer = (status: number, body: string | Buffer, headers: Record<string, string | number> = {}) => {
            response.writeHead(status, {
                "docker-distribution-api-version": "registry/2.0",
                "content-type": "application/json",
                "content-length": Buffer.byteLength(body),
                ...headers,
            });
            response.end(request.method === "HEAD" ? undefined : body);
        };
        const refuse = (status: number, code: string, message: string) =>
            answer(status, JSON.stringify({ errors: [{ code, message }] }));
        if (path === "/v2/") {
            answer(200, "{}");
        } else if (found !== undefined) {
            const type = path.includes("/manifests/") ? MANIFEST : "application/octet-stream";
            answer(200, found.body, { "content-type": type, "docker-content-digest": found.digest });
        } else if (path.startsWith("/v2/private/")) {
            refuse(401, "UNAUTHORIZED", "authentication required");
        } else if (path.startsWith("/v2/broken/")) {
            refuse(503, "UNAVAILABLE", "service unavailable");
        } else {
            refuse(404, "MANIFEST_UNKNOWN", "manifest unknown");
        }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address: AddressInfo | string | null = server.address();
    if (address === null || typeof address === "string") {
        throw new Error("the registry has no port");
    }
    return {
        host: `127.0.0.1:${address.port}`,
        close: async () => {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}
