import { connectDocker, dockerClient } from "../../../docker/client";
import { findDockerEndpoint } from "../../../docker/endpoint";
import { ensureEngine } from "../../../setup/engine";
import { ensureImage } from "../../../setup/image";

/** What the example in the README, and with it most tests, run on; and another version to change to. */
const IMAGES = ["postgres:18", "postgres:17"];

/** Makes sure once, before all integration tests, that Docker answers and that there are images to start. */
export default async function setup(): Promise<void> {
    const log = (line: string) => console.log(line);
    const { host, source, isDefault } = findDockerEndpoint();
    const docker = dockerClient();
    await ensureEngine({ engine: { host, source, isDefault, ping: () => docker.ping() }, log });
    for (const image of IMAGES) {
        await ensureImage(await connectDocker(), image, { log });
    }
}
