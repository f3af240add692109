/**
 * The throw-away server of a rehearsal: the stack's own image, without a network and without mounts, because the
 * schema's SQL runs in it as superuser. It lives as long as the process that made it keeps its standard input open, so it
 * is gone however that process ends.
 */

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { createContainer, statusCode, unlessGone } from "../docker/client";
import { LABEL } from "../docker/labels";
import { tarOf } from "../docker/tar";
import { InputError } from "../upstreams/errors";
import { Answering } from "./answering";
import { ATTACHED, duplexOf, execStream, ISOLATED } from "./exec";
import type { FinalServer } from "./final";
import { Multiplexer } from "./multiplexer";
import { Session } from "./session";

/** Also from the bundle in `dist/`. */
const SOURCES = join(__dirname, "..", "rehearsal", "server");
const HOME = "/rehearsal";
/** Sockets of the server in which everything is answered, and of the stack's own. */
const INNER = `${HOME}/socket/.s.PGSQL.5432`;
const FINAL = "/var/run/postgresql/.s.PGSQL.5432";
/** Bytes of memory that the server may take, its shared buffers included. */
const MEMORY = 2 * 1024 ** 3;
/** Of these the clusters' files. */
const MEMORY_FOR_FILES = 1024 ** 3;
const PROCESSES = 4096;
/** Seconds that a statement may take. */
const STATEMENT_SECONDS = 120;
/** Settings of a server that is thrown away; those of the stack come after them. */
const SETTINGS: Readonly<Record<string, string>> = {
    listen_addresses: "",
    unix_socket_directories: `${HOME}/socket`,
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    autovacuum: "off",
    max_connections: "300",
    // A schema in one transaction locks all that it makes, and the stack's own server has more room where its stubs are large.
    max_locks_per_transaction: "1024",
    "fdw_stub_rehearsal.superuser": "postgres",
};

/** Settings of a session whose statements and errors are not the schema's. */
const QUIET = { log_statement: "none", log_min_messages: "panic" };

export interface RehearsalOptions {
    /** Image to start, which is here. */
    readonly image: string;
    /** The dev database's superuser. */
    readonly devUser: string;
    /** Server settings as in postgresql.conf. */
    readonly settings: Readonly<Record<string, string>>;
    /** Seconds after which a statement is cancelled; 120 where it is left out. */
    readonly statementSeconds?: number;
    /** Bytes of a cluster that stands in memory, 1 GiB where it is left out; a larger one stands on the container's disk. */
    readonly memoryForFiles?: number;
}

/** Seconds for which a container rests after a rehearsal, to serve the next one. */
const REST_SECONDS = 300;
const NEXT = `${HOME}/socket/next`;

/** The files that the container needs, from this folder. */
function serverFiles() {
    return ["answer.pl", "multiplex.pl", "relay.pl", "certificate.sh", "final.sh"].map((name) => ({
        file: `${HOME}/${name}`,
        content: readFileSync(join(SOURCES, name), "utf8"),
        executable: false,
    }));
}

/** SQL that a database needs in which the schema runs. */
export function mirrorSql(): string {
    return readFileSync(join(SOURCES, "mirror.sql"), "utf8");
}

/** SQL that the database of a contract needs besides. */
export function placesSql(): string {
    return readFileSync(join(SOURCES, "places.sql"), "utf8");
}

/** Containers of the same kind can serve the same rehearsals. */
function kindOf({ image, devUser, memoryForFiles = MEMORY_FOR_FILES }: RehearsalOptions): string {
    const hash = createHash("sha256");
    for (const part of [image, devUser, String(memoryForFiles), ...serverFiles().map(({ content }) => content)]) {
        hash.update(part).update("\0");
    }
    return hash.digest("hex").slice(0, 32);
}

/** Containers that rest, or are in use. */
function resting(docker: Docker, kind?: string): Promise<Docker.ContainerInfo[]> {
    const label = kind === undefined ? LABEL.rehearsalKind : `${LABEL.rehearsalKind}=${kind}`;
    return docker.listContainers({ filters: { label: [label], status: ["running"] } });
}

/** The ways into a container. */
interface Reached {
    readonly ways: Multiplexer;
    readonly answering: Answering;
}

async function multiplexer(container: Docker.Container): Promise<Multiplexer> {
    return new Multiplexer(await execStream(container, ["perl", `${HOME}/multiplex.pl`]));
}

/** Takes a container that rests; undefined where it does not rest any more. */
async function take(container: Docker.Container): Promise<Reached | undefined> {
    try {
        const ways = await multiplexer(container);
        const answering = new Answering(ways.connect(NEXT));
        try {
            await answering.ready(() => "");
        } catch (error) {
            ways.end();
            throw error;
        }
        return { ways, answering };
    } catch {
        return undefined;
    }
}

/** Removes the containers that rest. */
export async function removeResting(docker: Docker): Promise<void> {
    for (const { Id } of await resting(docker)) {
        const container = docker.getContainer(Id);
        const reached = await take(container);
        // The end of its commands ends it.
        reached?.answering.end();
        reached?.ways.end();
    }
}

async function create(docker: Docker, options: RehearsalOptions, capable: boolean): Promise<Docker.Container> {
    const { image, devUser, memoryForFiles = MEMORY_FOR_FILES } = options;
    return createContainer(docker, {
        Image: image,
        Labels: { [LABEL.rehearsal]: String(process.pid), [LABEL.rehearsalKind]: kindOf(options) },
        Entrypoint: ["perl", `${HOME}/answer.pl`, devUser],
        ...ATTACHED,
        HostConfig: {
            ...ISOLATED,
            Memory: MEMORY,
            // Nothing of the host: a schema makes thousands of files, which disks are slow at.
            Tmpfs: { [`${HOME}/memory`]: `rw,mode=0755,size=${memoryForFiles}` },
            PidsLimit: PROCESSES,
            ...(capable ? { CapAdd: ["NET_ADMIN"], Sysctls: { "net.ipv6.conf.all.disable_ipv6": "0" } } : {}),
        },
    });
}

export class RehearsalServer {
    /** The superuser's, where the stack's own server asks for it. */
    readonly password = randomBytes(16).toString("hex");

    private constructor(
        readonly container: Docker.Container,
        private readonly ways: Multiplexer,
        readonly answering: Answering,
        private readonly options: RehearsalOptions,
    ) {}

    /**
     * Starts a container and initialises its cluster.
     *
     * @throws InputError when the image lacks what the rehearsal needs.
     */
    static async start(docker: Docker, options: RehearsalOptions): Promise<RehearsalServer> {
        // An engine that does not grant NET_ADMIN, or has no IPv6, answers names only.
        const tried: string[] = [];
        for (const capable of [true, false]) {
            const container = await create(docker, options, capable);
            try {
                const { stream, said } = await begin(container);
                const answering = new Answering(stream);
                const ways = multiplexer(container);
                // While the cluster is initialised; what is wrong is told there.
                ways.catch(() => undefined);
                await answering.ready(() => said.join(""));
                return new RehearsalServer(container, await ways, answering, options);
            } catch (error) {
                await unlessGone(container.remove({ force: true, v: true })).catch(() => undefined);
                tried.push(error instanceof Error ? error.message : String(error));
            }
        }
        throw new InputError(
            `The schema cannot be rehearsed in a container of the image ${options.image}: ${tried.at(-1)}. The image must be the official postgres image in a tag made from Debian, or one made from it: perl is needed.`,
        );
    }

    /** The same in a container that rests, if there is one. */
    static async next(docker: Docker, options: RehearsalOptions): Promise<RehearsalServer> {
        for (const { Id } of await resting(docker, kindOf(options))) {
            const container = docker.getContainer(Id);
            const reached = await take(container);
            if (reached !== undefined) {
                return new RehearsalServer(container, reached.ways, reached.answering, options);
            }
        }
        return RehearsalServer.start(docker, options);
    }

    /**
     * A fresh cluster, in which everything that is asked for is answered.
     *
     * @param more Settings that come before those of the stack.
     */
    async fresh(more: Readonly<Record<string, string>> = {}): Promise<void> {
        const settings = {
            ...SETTINGS,
            ...more,
            "fdw_stub_rehearsal.superuser": this.options.devUser,
            ...this.options.settings,
            // What is missing is read from messages.
            lc_messages: "C",
        };
        await this.answering.serve(Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]));
    }

    /** Bytes to and from the server, which lets everybody in by this way. */
    connect(socket = INNER): Duplex {
        return this.ways.connect(socket);
    }

    /** A session of the superuser, beside the schema's own. */
    session(database: string): Promise<Session> {
        return this.open(database, INNER);
    }

    /** A session of ours, of which the server's log tells nothing. */
    async quietSession(database: string): Promise<Session> {
        return Session.open(this.connect(), { user: this.options.devUser, database, ...QUIET });
    }

    /** The text of a file below the cluster's data, from the moment on at which it holds a mark. */
    dataFile(name: string, mark: string): Duplex {
        const wait = 'for i in $(seq 500); do grep -qF "$2" "$1" && break; sleep 0.02; done; exec cat "$1"';
        return this.ways.command(["sh", "-c", wait, "sh", `${HOME}/data/${name}`, mark]);
    }

    /** A session for the schema's statements, none of which takes forever. */
    schemaSession(database: string): Promise<Session> {
        return this.open(database, INNER, this.limit);
    }

    private get limit(): number {
        return (this.options.statementSeconds ?? STATEMENT_SECONDS) * 1000;
    }

    private async open(database: string, socket: string, milliseconds?: number): Promise<Session> {
        const reach = () => this.connect(socket);
        return Session.open(
            reach(),
            { user: this.options.devUser, database },
            milliseconds === undefined ? undefined : { milliseconds, reach },
            this.password,
        );
    }

    /**
     * The stack's own server on a fresh cluster: its files, its entrypoint, its command. Nothing else is answered.
     *
     * @throws Error with the server's log when it does not start.
     */
    async serveFinal({ plan }: FinalServer): Promise<void> {
        await this.answering.stop();
        const hosts = plan.hostAliases.map(({ host, ip }) => `${ip} ${host}`).join("\n");
        await this.ways.output(
            ["sh", `${HOME}/final.sh`, ...plan.entrypoints, ...plan.command],
            await tarOf([...plan.files, { file: `${HOME}/hosts`, content: `${hosts}\n`, executable: false }]),
            {
                ...plan.environment,
                POSTGRES_USER: this.options.devUser,
                POSTGRES_PASSWORD: this.password,
                POSTGRES_DB: "postgres",
            },
        );
    }

    /** A session of the superuser with the stack's own server. */
    finalSession(database: string): Promise<Session> {
        return this.open(database, FINAL);
    }

    /** A session for the schema's statements with the stack's own server. */
    finalSchemaSession(database: string): Promise<Session> {
        return this.open(database, FINAL, this.limit);
    }

    /** A database's schema as `pg_dump` writes it. */
    dump(database: string, options: readonly string[]): Promise<string> {
        return this.ways.output([
            "sh",
            "-c",
            'PATH="/usr/lib/postgresql/$PG_MAJOR/bin:$PATH" exec pg_dump "$@"',
            "pg_dump",
            "--host",
            `${HOME}/socket`,
            "--username",
            this.options.devUser,
            "--dbname",
            `dbname='${database.replace(/['\\]/g, "\\$&")}'`,
            ...options,
        ]);
    }

    /** Leaves the container to the next rehearsal, for some minutes. */
    async rest(): Promise<void> {
        try {
            await this.answering.rest(REST_SECONDS);
            this.ways.end();
        } catch {
            await this.end();
        }
    }

    /** Ends the container, which removes itself. */
    async end(): Promise<void> {
        this.answering.end();
        this.ways.end();
        await unlessGone(this.container.remove({ force: true, v: true })).catch((error: unknown) => {
            // 409: its own removal is under way.
            if (statusCode(error) !== 409) {
                throw error;
            }
        });
    }
}

/** Puts the files into a container, attaches to it and starts it. */
async function begin(container: Docker.Container): Promise<{ stream: Duplex; said: string[] }> {
    await container.putArchive(await tarOf(serverFiles()), { path: "/" });
    const socket = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const said: string[] = [];
    const stream = duplexOf(container, socket, (text) => said.push(text));
    await container.start();
    return { stream, said };
}
