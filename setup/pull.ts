import type Docker from "dockerode";
import * as z from "zod";
import { statusCode } from "../docker/client";
import { errorText, explainDockerError } from "../docker/errors";
import type { ImageReference } from "../docker/reference";
import { InputError } from "../upstreams/errors";
import { jsonLines } from "./json-lines";
import { type PullProblem, pullProblem } from "./pull-errors";
import { type PullProgress, pullProgress } from "./pull-progress";

const pullEvent = z.object({
    id: z.string().exactOptional(),
    status: z.string().exactOptional(),
    progressDetail: z
        .object({ current: z.number().exactOptional(), total: z.number().exactOptional() })
        .exactOptional(),
    error: z.string().exactOptional(),
});

/** A pull that failed. */
export class PullError extends Error {
    override readonly name = "PullError";
    readonly problem: PullProblem;

    /** @param cause Docker's own words. */
    constructor(problem: PullProblem, cause: string) {
        super(cause);
        this.problem = problem;
    }
}

export interface PullOptions {
    /** Given up after this many milliseconds without an event from the engine. */
    readonly stallLimitMs: number;
    readonly onProgress?: (progress: PullProgress) => void;
}

/**
 * Pulls an image. The time that it may take is not bounded, the time in which nothing happens is.
 *
 * @throws PullError where Docker says why it could not be pulled; InputError where Docker itself does not answer.
 */
export async function pullImage(docker: Docker, reference: ImageReference, options: PullOptions): Promise<void> {
    const abort = new AbortController();
    const stalled = `no progress for ${options.stallLimitMs / 1000} s`;
    const giveUp = () => abort.abort(new Error(stalled));
    let timer = setTimeout(giveUp, options.stallLimitMs);
    let answered = false;
    try {
        const stream = await docker.pull(reference.text, { abortSignal: abort.signal });
        answered = true;
        const add = pullProgress();
        for await (const line of jsonLines(stream)) {
            clearTimeout(timer);
            timer = setTimeout(giveUp, options.stallLimitMs);
            const event = pullEvent.safeParse(line).data ?? {};
            if (event.error !== undefined) {
                throw new Error(event.error);
            }
            options.onProgress?.(add(event));
        }
    } catch (error) {
        if (abort.signal.aborted) {
            throw new PullError("unreachable", stalled);
        }
        if (!answered && statusCode(error) === undefined) {
            // The engine itself, not a registry, is out of reach.
            throw new InputError(explainDockerError(error)?.message ?? `Docker did not answer: ${errorText(error)}`);
        }
        const text = errorText(error);
        throw new PullError(pullProblem(text), text);
    } finally {
        clearTimeout(timer);
    }
}

/** A failed pull in words that name the image and say what to do. */
export function explainPull(reference: ImageReference, error: PullError): string {
    const { text, registry, repository } = reference;
    const name = JSON.stringify(text);
    const choose = "Set fdw-stub:image to one that exists, for example postgres:18.";
    switch (error.problem) {
        case "not-found":
            return `There is no image ${name} at ${registry}: ${error.message}. ${choose}`;
        case "denied":
            return `The registry ${registry} does not know ${JSON.stringify(repository)}, or does not let you have it. ${choose} If it is private, run \`docker login ${registry}\` and \`docker pull ${text}\` yourself, then try again.`;
        case "rate-limit":
            return `The registry ${registry} lets you pull no more images for a while. Wait, or run \`docker login ${registry}\` and \`docker pull ${text}\` yourself, then try again.`;
        case "platform":
            return `The image ${name} is not made for this machine's architecture: ${error.message}. ${choose}`;
        case "certificate":
            return `The Docker engine does not trust the certificate of the registry ${registry}: ${error.message}. Where a proxy opens TLS connections, add its CA certificate to the engine.`;
        case "unreachable":
            return `The image ${name} is not on this machine and the registry ${registry} does not answer: ${error.message}. Check the network and the engine's proxy settings, or bring the image here with \`docker save\` and \`docker load\`.`;
        case "other":
            return explainDockerError(error)?.message ?? `The image ${name} could not be pulled: ${error.message}`;
    }
}
