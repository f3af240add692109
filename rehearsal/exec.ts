/** Commands in a container, and what they say: works on every engine, wherever it runs. */

import { Duplex, PassThrough } from "node:stream";
import type Docker from "dockerode";

/** How a container is made whose main process speaks with this one only: it ends when this one does, and leaves nothing. */
export const ATTACHED = {
    Cmd: [],
    User: "root",
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
};
/** Where it reaches nothing, and is gone when it has ended. */
export const ISOLATED = { AutoRemove: true, NetworkMode: "none", Init: true };

/** The two ways of an attached container or command as one stream; what it says on standard error goes to `onError`. */
export function duplexOf(
    container: Docker.Container,
    socket: NodeJS.ReadWriteStream & { destroy?(): void },
    onError: (text: string) => void = () => undefined,
): Duplex {
    const output = new PassThrough();
    const errors = new PassThrough();
    errors.on("data", (chunk: Buffer) => onError(chunk.toString()));
    container.modem.demuxStream(socket, output, errors);
    socket.once("end", () => output.end());
    socket.once("close", () => output.end());
    socket.once("error", (error: Error) => output.destroy(error));
    const both = Duplex.from({ readable: output, writable: socket });
    both.once("close", () => socket.destroy?.());
    return both;
}

/**
 * Starts a command in a running container.
 *
 * @param user Who runs it; the image's default where it is left out.
 */
export async function execStream(
    container: Docker.Container,
    command: readonly string[],
    user?: string,
    environment: readonly string[] = [],
    onError?: (text: string) => void,
): Promise<Duplex> {
    const exec = await container.exec({
        Cmd: [...command],
        Env: [...environment],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        ...(user === undefined ? {} : { User: user }),
    });
    return duplexOf(container, await exec.start({ hijack: true, stdin: true }), onError);
}

/**
 * Runs a command in a container to its end.
 *
 * @returns its standard output.
 * @throws Error with what it said on standard error when it ends with another status than 0.
 */
export async function execOutput(
    container: Docker.Container,
    command: readonly string[],
    user?: string,
    environment: readonly string[] = [],
): Promise<string> {
    const exec = await container.exec({
        Cmd: [...command],
        Env: [...environment],
        AttachStdout: true,
        AttachStderr: true,
        ...(user === undefined ? {} : { User: user }),
    });
    const socket = await exec.start({});
    const [output, errors] = [new PassThrough(), new PassThrough()];
    const collect = (stream: PassThrough): Buffer[] => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        return chunks;
    };
    const [said, complained] = [collect(output), collect(errors)];
    container.modem.demuxStream(socket, output, errors);
    await new Promise<void>((resolve, reject) => {
        socket.once("end", resolve);
        socket.once("error", reject);
    });
    const { ExitCode } = await exec.inspect();
    if (ExitCode !== 0) {
        throw new Error(`${command[0]} ended with status ${ExitCode}: ${Buffer.concat(complained).toString().trim()}`);
    }
    return Buffer.concat(said).toString();
}
