import type Docker from "dockerode";
import { createContainer } from "../docker/client";
import { lastLines } from "../docker/logs";
import { InputError } from "../upstreams/errors";

/** Asks PostgreSQL itself: its checker reads the settings and allocates what they ask for, without a cluster. */
const SCRIPT = [
    "directory=$(mktemp -d)",
    'echo "$PG_MAJOR" >"$directory/PG_VERSION"',
    ': >"$directory/postgresql.conf"',
    'exec postgres --check -D "$directory" "$@"',
].join(" && ");

/** With a good setting the checker goes on until it misses a part of the cluster that it does not have here. */
const REACHED_THE_CLUSTER = /could not (?:open|read|stat) (?:directory|file)/;

/**
 * Finds server settings that the server would refuse to start with. Such a server never becomes healthy, and the
 * wait for it would tell nothing about the reason.
 *
 * @param image Local image to ask.
 * @throws InputError with the server's own words.
 */
export async function checkSettings(
    docker: Docker,
    image: string,
    settings: Readonly<Record<string, string>>,
): Promise<void> {
    const container = await createContainer(docker, {
        Image: image,
        User: "postgres",
        Entrypoint: ["sh", "-c", SCRIPT, "sh"],
        Cmd: Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
        NetworkDisabled: true,
    });
    try {
        await container.start();
        await container.wait();
        const fatal = (await lastLines(docker, container.id, 20)).findLast((line) => line.includes("FATAL:"));
        if (fatal !== undefined && !REACHED_THE_CLUSTER.test(fatal)) {
            throw new InputError(
                `The server settings cannot be used; PostgreSQL says: ${fatal.replace(/^.*FATAL:\s*/, "")}. Correct fdw-stub:settings.`,
            );
        }
    } finally {
        await container.remove({ force: true, v: true });
    }
}
