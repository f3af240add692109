/** The client's side of SCRAM-SHA-256 (RFC 5802, 7677), without channel binding. */

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();

export class ScramClient {
    private readonly bare = `n=*,r=${randomBytes(18).toString("base64")}`;

    constructor(private readonly password: string) {}

    /** The first message. */
    first(): string {
        return `n,,${this.bare}`;
    }

    /** The answer to the server's challenge. */
    final(challenge: string): string {
        const part = (name: string) => new RegExp(`(?:^|,)${name}=([^,]*)`).exec(challenge)?.[1] ?? "";
        const salted = pbkdf2Sync(
            this.password,
            Buffer.from(part("s"), "base64"),
            Math.max(1, Number(part("i"))),
            32,
            "sha256",
        );
        const key = hmac(salted, "Client Key");
        const without = `c=biws,r=${part("r")}`;
        const signature = hmac(createHash("sha256").update(key).digest(), `${this.bare},${challenge},${without}`);
        const proof = Buffer.from(key.map((byte, index) => byte ^ (signature[index] ?? 0)));
        return `${without},p=${proof.toString("base64")}`;
    }
}
