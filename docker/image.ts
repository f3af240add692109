import type Docker from "dockerode";
import type { ImageInspectInfo } from "dockerode";
import { statusCode } from "./client";
import { checkPostgresImage, parseReference, standInFor } from "./reference";

/** The image that a server is started from. */
export interface ChosenImage {
    /** Reference to start; it differs from the configured one only for a stand-in. */
    readonly reference: string;
    readonly standIn: boolean;
}

/** What Docker knows of a local image; undefined when it is not there. */
export async function inspectImage(docker: Docker, reference: string): Promise<ImageInspectInfo | undefined> {
    try {
        return await docker.getImage(reference).inspect();
    } catch (error) {
        if (statusCode(error) === 404) {
            return undefined;
        }
        throw error;
    }
}

/**
 * Chooses between the configured image and the stand-in that was built on this machine because no registry could
 * be reached. The real image wins wherever it is there.
 *
 * @throws InputError for a reference that is none, and for a local image that is not PostgreSQL 14 or later.
 */
export async function chooseImage(docker: Docker, configured: string): Promise<ChosenImage> {
    const standIn = standInFor(parseReference(configured));
    const local = await inspectImage(docker, configured);
    if (local !== undefined) {
        checkPostgresImage(local, configured);
        return { reference: configured, standIn: false };
    }
    return standIn !== undefined && (await inspectImage(docker, standIn)) !== undefined
        ? { reference: standIn, standIn: true }
        : { reference: configured, standIn: false };
}

/** Where an image keeps its data: the volume that it declares for it (`/var/lib/postgresql` from 18 on). */
export function dataPath(image: ImageInspectInfo): string {
    const pgdata = (image.Config.Env ?? []).find((entry) => entry.startsWith("PGDATA="))?.slice("PGDATA=".length);
    const data = pgdata ?? "/var/lib/postgresql/data";
    return Object.keys(image.Config.Volumes ?? {}).find((path) => `${data}/`.startsWith(`${path}/`)) ?? data;
}
