import { connectDocker, dockerClient } from "../../../docker/client";
import { findDockerEndpoint } from "../../../docker/endpoint";
import { ensureEngine } from "../../../setup/engine";
import { ensureImage } from "../../../setup/image";

/** What the example in the README, and with it most tests, run on. */
const IMAGE = "postgres:18";

/** Makes sure once, before all integration tests, that Docker answers and that there is an image to start. */
export default async function setup(): Promise<void> {
    const log = (line: string) => console.log(line);
    const { host, source, isDefault } = findDockerEndpoint();
    const docker = dockerClient();
    await ensureEngine({ engine: { host, source, isDefault, ping: () => docker.ping() }, log });
    await ensureImage(await connectDocker(), IMAGE, { log });
}
