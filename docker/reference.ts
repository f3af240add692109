import { InputError } from "../upstreams/errors";

/** An image reference, taken apart and completed the way Docker does it. */
export interface ImageReference {
    /** As it was given. */
    readonly text: string;
    /** Host name, with a port where one was given; `docker.io` where none was. */
    readonly registry: string;
    /** Path at the registry, for example `library/postgres`. */
    readonly repository: string;
    /** For example `18-bookworm`. Docker takes `latest` where there is neither tag nor digest. */
    readonly tag: string | undefined;
    /** For example `sha256:…`. It decides alone where a tag is given too. */
    readonly digest: string | undefined;
}

/** Oldest major version that this project works with. */
export const OLDEST_MAJOR = 14;

/** Major versions that a stand-in can be built for: those in a Debian release. */
export const STAND_IN_MAJORS: readonly number[] = [18, 17, 15];

/** Name of the stand-ins; the tag is the major version. Never pulled: nobody has put it into a registry. */
export const STAND_IN_REPOSITORY = "fdw-stub/postgres-stand-in";

const DEFAULT_REGISTRY = "docker.io";

// The grammar of https://pkg.go.dev/github.com/distribution/reference.
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const REGISTRY =
    /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}$/;
const LONGEST_REPOSITORY = 255;

function isRegistry(first: string): boolean {
    return first.includes(".") || first.includes(":") || first === "localhost" || first !== first.toLowerCase();
}

/** Cuts at the first (`indexOf`) or last (`lastIndexOf`) place of a mark; no tail where the mark is missing. */
function cut(text: string, at: number): [string, string | undefined] {
    return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Takes an image reference apart.
 *
 * @throws InputError for text that Docker would not take as a reference.
 */
export function parseReference(text: string): ImageReference {
    const refuse = (why: string): InputError =>
        new InputError(
            `${JSON.stringify(text)} is not an image reference: ${why}. Write it as [registry/]repository[:tag], for example "postgres:18".`,
        );
    const [named, digest] = cut(text, text.indexOf("@"));
    if (digest !== undefined && !DIGEST.test(digest)) {
        throw refuse(`its digest ${JSON.stringify(digest)} is not of the form sha256:<64 hex digits>`);
    }
    // A colon before the last slash belongs to the registry's port.
    const colon = named.lastIndexOf(":");
    const [path, tag] = cut(named, colon > named.lastIndexOf("/") ? colon : -1);
    if (tag !== undefined && !TAG.test(tag)) {
        throw refuse(
            `its tag ${JSON.stringify(tag)} may have only letters, digits, "_", "." and "-" (at most 128, and not "." or "-" first)`,
        );
    }
    const [first, rest] = cut(path, path.indexOf("/"));
    const explicit = rest !== undefined && isRegistry(first);
    const registry = explicit ? first : DEFAULT_REGISTRY;
    const repository = explicit ? rest : path;
    if (!REGISTRY.test(registry)) {
        throw refuse(`its registry ${JSON.stringify(registry)} is not a host name`);
    }
    if (!repository.split("/").every((component) => COMPONENT.test(component))) {
        throw refuse(
            `its repository ${JSON.stringify(repository)} may have only lower-case letters and digits, joined by ".", "_", "-" and "/"`,
        );
    }
    if (repository.length > LONGEST_REPOSITORY) {
        throw refuse(`its repository is longer than ${LONGEST_REPOSITORY} characters`);
    }
    const hub = registry === "index.docker.io" || registry === DEFAULT_REGISTRY;
    return {
        text,
        registry: hub ? DEFAULT_REGISTRY : registry,
        // Docker Hub keeps official images in "library".
        repository: hub && !repository.includes("/") ? `library/${repository}` : repository,
        tag,
        digest,
    };
}

/** Whether this is the official image `postgres` of Docker Hub, whatever its version. */
export function isOfficialPostgres(reference: ImageReference): boolean {
    return reference.registry === DEFAULT_REGISTRY && reference.repository === "library/postgres";
}

/** PostgreSQL's major version as the tag tells it (`18`, `18.1-bookworm`, `18rc1`); undefined where it doesn't. */
export function majorFromTag(tag: string | undefined): number | undefined {
    const major = /^(\d{1,3})(?:\.\d+)*(?:(?:alpha|beta|rc)\d+)?(?:-[\w.-]*)?$/.exec(tag ?? "")?.[1];
    return major === undefined ? undefined : Number(major);
}

/** The major version that a name of a stand-in stands for; undefined for every other name. */
export function standInMajor(reference: ImageReference): number | undefined {
    const own = reference.registry === DEFAULT_REGISTRY && reference.repository === STAND_IN_REPOSITORY;
    const major = own && reference.digest === undefined ? majorFromTag(reference.tag) : undefined;
    return major !== undefined && reference.tag === String(major) && STAND_IN_MAJORS.includes(major)
        ? major
        : undefined;
}

/** The stand-in's name for a major version, for example `fdw-stub/postgres-stand-in:18`. */
export function standInName(major: number): string {
    return `${STAND_IN_REPOSITORY}:${major}`;
}

/**
 * The name of the stand-in that may take an image's place where no registry answers. Undefined unless this is the
 * official image, in Debian's flavour, of a version that has a stand-in: whoever asks for Alpine, a digest, a beta
 * or somebody's own image means just that.
 */
export function standInFor(reference: ImageReference): string | undefined {
    const tag = /^(\d{1,3})(?:\.\d+)?(?:-(?!alpine)[a-z]+)?$/.exec(reference.tag ?? "");
    const major = Number(tag?.[1]);
    return isOfficialPostgres(reference) && reference.digest === undefined && STAND_IN_MAJORS.includes(major)
        ? standInName(major)
        : undefined;
}

/** The part of Docker's answer about an image that tells whether it is PostgreSQL. */
export interface ImageConfig {
    readonly Config?: { readonly Env?: readonly string[] | null } | null;
}

/**
 * PostgreSQL's major version in an image.
 *
 * @param image What Docker's inspection of the image answers.
 * @param reference The image's name, for the message.
 * @throws InputError for an image without PostgreSQL, or with one that is too old.
 */
export function checkPostgresImage(image: ImageConfig, reference: string): number {
    const name = JSON.stringify(reference);
    const env = image.Config?.Env ?? [];
    const value = env.find((entry) => entry.startsWith("PG_MAJOR="))?.slice("PG_MAJOR=".length);
    if (value === undefined) {
        throw new InputError(
            `The image ${name} has no PostgreSQL in it, as far as its environment tells (no PG_MAJOR). Use postgres:18, or an image made from it.`,
        );
    }
    // Versions before 10 had two parts: 9.6.
    const major = /^\d+(?:\.\d+)?$/.test(value) ? Math.trunc(Number(value)) : Number.NaN;
    if (Number.isNaN(major)) {
        throw new InputError(
            `The image ${name} gives its PostgreSQL version as ${JSON.stringify(value)}, which is no number. Use postgres:18, or an image made from it.`,
        );
    }
    if (major < OLDEST_MAJOR) {
        throw new InputError(
            `The image ${name} has PostgreSQL ${value}; ${OLDEST_MAJOR} or newer is needed. Use postgres:18, for example.`,
        );
    }
    return major;
}
