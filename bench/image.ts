import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { connectDocker, unlessGone } from "../docker/client";
import { clustersVolume } from "../docker/clusters";
import { chooseImage, inspectImage } from "../docker/image";
import { tarOf } from "../docker/tar";
import { removeResting } from "../rehearsal";

/** The image that everything is started from. */
export const BENCH_IMAGE = "fdw-stub-bench:18";

/**
 * Makes an image that is the same as `postgres:18` but for a label, so that no stack was ever made from it.
 *
 * @returns the reference of the image that it was made from.
 */
export async function makeImage(): Promise<string> {
    const docker = await connectDocker();
    const { reference } = await chooseImage(docker, "postgres:18");
    const content = `FROM ${reference}\nLABEL fdw-stub.bench=${randomBytes(8).toString("hex")}\n`;
    const built = await docker.buildImage(
        Readable.from(await tarOf([{ file: "/Dockerfile", content, executable: false }])),
        { t: BENCH_IMAGE },
    );
    await new Promise((resolve, reject) => {
        docker.modem.followProgress(built, (error, output) => (error ? reject(error) : resolve(output)));
    });
    return reference;
}

/** Removes the image, and what stacks and rehearsals of it left for the next ones. */
export async function removeImage(): Promise<void> {
    const docker = await connectDocker();
    const image = await inspectImage(docker, BENCH_IMAGE);
    if (image !== undefined) {
        await removeResting(docker);
        await unlessGone(docker.getVolume(clustersVolume(image.Id)).remove());
        await unlessGone(docker.getImage(BENCH_IMAGE).remove({ force: true }));
    }
}
