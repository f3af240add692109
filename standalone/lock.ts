import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, lock } from "proper-lockfile";
import { InputError } from "../upstreams/errors";

/** How long one run waits for another of the same stack; a first one may have an image to build. */
const WAIT_MS = 300_000;
const RETRY_MS = 200;
/** A lock that was not renewed for so long belongs to a process that was killed. */
const STALE_MS = 10_000;

/**
 * Runs `work` while no other process of this user works on the same stack: two at once would remove each other's
 * containers. A lock whose process died is taken over.
 *
 * @param waiting Called when another one has to be waited for.
 * @throws InputError when the other one does not end in time.
 */
export async function whileLocked<T>(stackName: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
    const file = join(tmpdir(), `fdw-stub-${process.getuid?.() ?? "user"}-${stackName}`);
    let release: () => Promise<void>;
    try {
        if (await check(file, { realpath: false, stale: STALE_MS })) {
            waiting();
        }
        release = await lock(file, {
            realpath: false,
            stale: STALE_MS,
            retries: { retries: Math.ceil(WAIT_MS / RETRY_MS), factor: 1, minTimeout: RETRY_MS, maxTimeout: RETRY_MS },
        });
    } catch (error) {
        const code = error instanceof Error && "code" in error ? error.code : undefined;
        throw code === "ELOCKED"
            ? new InputError(
                  `Another run has been working on this stack for over ${WAIT_MS / 1000} s. Wait for it, or end it, and try again.`,
              )
            : error;
    }
    try {
        return await work();
    } finally {
        await release();
    }
}
