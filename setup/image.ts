import type Docker from "dockerode";
import type { ImageInspectInfo } from "dockerode";
import { inspectImage } from "../docker/image";
import {
    checkPostgresImage,
    type ImageReference,
    majorFromTag,
    parseReference,
    standInFor,
    standInMajor,
    standInName,
} from "../docker/reference";
import { InputError } from "../upstreams/errors";
import { explainPull, PullError, pullImage } from "./pull";
import type { PullProgress } from "./pull-progress";
import { ensureStandIn, isStandIn, type StandInOptions } from "./stand-in";

/** An image that is on this machine and has PostgreSQL in it. */
export interface RunnableImage {
    /** Reference to run; it differs from the one asked for only where a stand-in takes its place. */
    readonly reference: string;
    /** `sha256:…` */
    readonly id: string;
    /** PostgreSQL's major version. */
    readonly major: number;
    readonly standIn: boolean;
}

export interface EnsureImageOptions extends StandInOptions {
    /** Called with every step of a pull. */
    readonly onProgress?: (progress: PullProgress) => void;
    /** Milliseconds without a sign from the registry after which a pull is given up. */
    readonly stallLimitMs?: number;
}

const STALL_LIMIT_MS = 60_000;
/** The limit where a stand-in is there already: a network that swallows packets should not cost a minute each time. */
const SHORT_STALL_LIMIT_MS = 5_000;

function runnable(image: ImageInspectInfo, reference: string): RunnableImage {
    return { reference, id: image.Id, major: checkPostgresImage(image, reference), standIn: isStandIn(image) };
}

async function local(docker: Docker, reference: string): Promise<RunnableImage | undefined> {
    const image = await inspectImage(docker, reference);
    return image === undefined ? undefined : runnable(image, reference);
}

async function standIn(docker: Docker, major: number, options: EnsureImageOptions): Promise<RunnableImage> {
    const id = await ensureStandIn(docker, major, options);
    return { reference: standInName(major), id, major, standIn: true };
}

async function pulled(
    docker: Docker,
    reference: ImageReference,
    replacement: number | undefined,
    options: EnsureImageOptions,
): Promise<RunnableImage> {
    const there = replacement !== undefined && (await inspectImage(docker, standInName(replacement))) !== undefined;
    const stallLimitMs = options.stallLimitMs ?? (there ? SHORT_STALL_LIMIT_MS : STALL_LIMIT_MS);
    if (!there) {
        options.log(`Pulling ${reference.text}…`);
    }
    try {
        await pullImage(docker, reference, {
            stallLimitMs,
            ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
        });
    } catch (error) {
        if (!(error instanceof PullError)) {
            throw error;
        }
        if (error.problem !== "unreachable" || replacement === undefined) {
            throw new InputError(explainPull(reference, error));
        }
        options.log(
            `No image registry answers; ${standInName(replacement)} (PostgreSQL from Debian's packages) stands in for ${reference.text}.`,
        );
        try {
            return await standIn(docker, replacement, options);
        } catch (second) {
            throw second instanceof InputError
                ? new InputError(`${explainPull(reference, error)}\n${second.message}`)
                : second;
        }
    }
    const image = await local(docker, reference.text);
    if (image === undefined) {
        throw new InputError(
            `The image ${JSON.stringify(reference.text)} was pulled, but Docker does not have it. Try again.`,
        );
    }
    return image;
}

/**
 * Makes sure that an image is on this machine: the one that is there already, else a pulled one, else, where no
 * registry answers and the official image is asked for, the stand-in.
 *
 * @throws InputError for text that is no reference, an image that does not exist or has no PostgreSQL 14 or newer in
 * it, and where the image cannot be had.
 */
export async function ensureImage(
    docker: Docker,
    reference: string,
    options: EnsureImageOptions,
): Promise<RunnableImage> {
    const parsed = parseReference(reference);
    const ownStandIn = standInMajor(parsed);
    if (ownStandIn !== undefined) {
        return await standIn(docker, ownStandIn, options);
    }
    const replacement = standInFor(parsed) === undefined ? undefined : majorFromTag(parsed.tag);
    return (await local(docker, reference)) ?? (await pulled(docker, parsed, replacement, options));
}
