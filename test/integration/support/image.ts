import { connectDocker } from "../../../docker/client";

/** The image of PostgreSQL 18 that is here, the official one first. */
export async function imageHere(): Promise<string> {
    const docker = await connectDocker();
    for (const reference of ["postgres:18", "fdw-stub/postgres-stand-in:18"]) {
        try {
            await docker.getImage(reference).inspect();
            return reference;
        } catch {
            // Not on this machine.
        }
    }
    throw new Error("There is no image of PostgreSQL 18 here: `node setup/bootstrap.mjs` and `npm start` make one.");
}
