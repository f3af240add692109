import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** PostgreSQL's own number of rounds. */
const ROUNDS = 4096;

/**
 * What PostgreSQL itself keeps of a password with `scram-sha-256` (RFC 5803), which CREATE ROLE takes in place of
 * the password. The same user and password always give the same text.
 */
export function scramSecret(user: string, password: string): string {
    const salt = createHash("sha256")
        .update(JSON.stringify([user, password]))
        .digest()
        .subarray(0, 16);
    // Clients normalize what is not ASCII before they hash it.
    const salted = pbkdf2Sync(password.normalize("NFKC"), salt, ROUNDS, 32, "sha256");
    const key = (name: string) => createHmac("sha256", salted).update(name).digest();
    const stored = createHash("sha256").update(key("Client Key")).digest("base64");
    return `SCRAM-SHA-256$${ROUNDS}:${salt.toString("base64")}$${stored}:${key("Server Key").toString("base64")}`;
}
