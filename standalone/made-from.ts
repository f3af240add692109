/** What the standalone runner made a server from. Only one that has come to its end has such a note. */

import * as z from "zod";
import type { ServerAddress } from "../server/completeness";
import { readNote, writeNote } from "../server/note";

const madeFrom = z.object({
    /** Keyed hash of everything that the runner read. */
    fingerprint: z.string(),
    /** Files that went into it because others include them. */
    included: z.array(z.string()),
});
export type MadeFrom = z.output<typeof madeFrom>;

/** @returns undefined where nothing is known, as of a run that was killed. */
export async function readMadeFrom(server: ServerAddress): Promise<MadeFrom | undefined> {
    return madeFrom.safeParse(await readNote(server)).data;
}

/** @param known Undefined while the server is being changed. */
export async function writeMadeFrom(server: ServerAddress, known: MadeFrom | undefined): Promise<void> {
    await writeNote(server, known ?? null);
}
