import { PassThrough } from "node:stream";
import type Docker from "dockerode";

/** The last lines that a container wrote, newest last. PostgreSQL never logs a password. */
export async function lastLines(docker: Docker, container: string, lines: number): Promise<string[]> {
    const raw = await docker.getContainer(container).logs({ stdout: true, stderr: true, tail: lines, follow: false });
    const text = new PassThrough();
    const chunks: Buffer[] = [];
    text.on("data", (chunk: Buffer) => chunks.push(chunk));
    const source = new PassThrough();
    docker.modem.demuxStream(source, text, text);
    source.end(raw);
    await new Promise((resolve) => source.once("end", resolve));
    return Buffer.concat(chunks)
        .toString()
        .split("\n")
        .map((line) => line.trimEnd())
        .filter((line) => line !== "");
}

/** The lines that tell why a server did not start: its own errors where there are any, else the last ones. */
export async function reasonFromLogs(docker: Docker, container: string): Promise<string> {
    const lines = await lastLines(docker, container, 50).catch(() => []);
    const errors = lines.filter((line) => /\b(FATAL|PANIC|ERROR)\b|^(fdw-stub|error|initdb):/.test(line));
    return [...new Set(errors.length > 0 ? errors : lines)].slice(-5).join("\n  ");
}
