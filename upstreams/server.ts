import type { StubExtension } from "./script";
import { SERVER_PORT, type Stubs } from "./stubs";

/** Folder in the container for everything of ours. */
const HOME = "/fdw-stub";

/** A file put into the container before it starts. */
export interface ServerFile {
    /** Path in the container. */
    readonly file: string;
    readonly content: string;
    readonly executable: boolean;
}

/** Our own files that do not depend on the upstreams, read from `sql/`. */
export interface ServerSources {
    /** `sql/server/entrypoint.sh` */
    readonly entrypoint: string;
    /** `sql/server/forward.pl` */
    readonly forwarder: string;
}

/** What comes to the server besides the stubs. */
export interface ServerAdditions {
    /** Files of further extensions, by file name. */
    readonly extensionFiles: Readonly<Record<string, string>>;
    /** Settings that they need or profit from; the user's own win. */
    readonly settings: Readonly<Record<string, string>>;
}

/** How the server's container is started, whoever starts it. */
export interface ServerPlan {
    readonly hostAliases: readonly string[];
    readonly files: readonly ServerFile[];
    readonly entrypoints: readonly string[];
    readonly command: readonly string[];
    /** Environment without the credentials. */
    readonly environment: Readonly<Record<string, string>>;
    readonly healthcheck: readonly string[];
}

function hbaName(role: string): string {
    return `"${role.replaceAll('"', '""')}"`;
}

/**
 * Who must give a password. The image's own file trusts the loopback wholly: a wrong password in a user mapping
 * would go unnoticed, and postgres_fdw refuses a non-superuser whose upstream did not really ask for one.
 */
export function hbaFile(usersWithPassword: readonly string[]): string {
    const asked = usersWithPassword.flatMap((user) => [
        `host  all  ${hbaName(user)}  127.0.0.0/8  scram-sha-256`,
        `host  all  ${hbaName(user)}  ::1/128      scram-sha-256`,
    ]);
    return `${[
        "local all  all  trust",
        ...asked,
        "host  all  all  127.0.0.0/8  trust",
        "host  all  all  ::1/128      trust",
        "host  all  all  all          scram-sha-256",
    ].join("\n")}\n`;
}

/**
 * Locks that one transaction may take on average; the server has room for so many times its connections. Both the
 * creation of a stub and a schema under development that runs in one transaction lock every object they make, and
 * each table brings a TOAST table and indexes with it.
 */
export function locksPerTransaction(largestStub: number, connections = 100): number {
    return Math.max(256, Math.ceil((largestStub * 8) / connections));
}

function settings(largestStub: number, chosen: Readonly<Record<string, string>>): Record<string, string> {
    const connections = Number(chosen.max_connections);
    return {
        // A dev database is made anew rather than recovered: durability would only cost time.
        fsync: "off",
        synchronous_commit: "off",
        full_page_writes: "off",
        max_locks_per_transaction: String(locksPerTransaction(largestStub, connections > 0 ? connections : undefined)),
        ...chosen,
        hba_file: `${HOME}/pg_hba.conf`,
    };
}

/** Works out how the container has to be started. */
export function planServer(
    stubs: Stubs,
    extensions: readonly StubExtension[],
    chosenSettings: Readonly<Record<string, string>>,
    devUser: string,
    sources: ServerSources,
    additions: ServerAdditions = { extensionFiles: {}, settings: {} },
): ServerPlan {
    const scripts = [
        { file: `${HOME}/entrypoint.sh`, content: sources.entrypoint, executable: true },
        ...(stubs.extraPorts.length > 0
            ? [{ file: `${HOME}/forward.pl`, content: sources.forwarder, executable: false }]
            : []),
    ];
    const uploads = [...extensions.map((extension) => extension.files), additions.extensionFiles]
        .flatMap((files) => Object.entries(files))
        .map(([name, content]) => ({ file: `${HOME}/extension/${name}`, content, executable: false }));
    // The superuser's password is generated, so no user mapping can know it.
    const askedUsers = stubs.users
        .filter((user) => user.password !== undefined && user.name !== devUser)
        .map((user) => user.name);
    const largest = Math.max(0, ...extensions.map((extension) => extension.size));
    const probes = [SERVER_PORT, ...stubs.extraPorts].map((port) => `pg_isready -q -h 127.0.0.1 -p ${port}`);
    return {
        hostAliases: stubs.hostAliases,
        files: [
            ...scripts,
            { file: `${HOME}/pg_hba.conf`, content: hbaFile(askedUsers), executable: false },
            ...uploads,
        ],
        entrypoints: [`${HOME}/entrypoint.sh`],
        command: [
            "postgres",
            ...Object.entries(settings(largest, { ...additions.settings, ...chosenSettings })).flatMap(
                ([name, value]) => ["-c", `${name}=${value}`],
            ),
        ],
        environment: {
            POSTGRES_INITDB_ARGS: "--no-sync",
            ...(stubs.extraPorts.length > 0 ? { FDW_STUB_PORTS: stubs.extraPorts.join(" ") } : {}),
        },
        // Over TCP: the image's temporary server, which runs the first set-up, listens on the socket only. It waits
        // a little by itself: Docker's own rhythm, a second in older engines, would be noticed at every start. And
        // Debian's pg_isready on the PATH is a wrapper in Perl, which would be felt at every check. As a
        // role and in a database that exist: the server logs every attempt of one that does not.
        healthcheck: [
            "CMD-SHELL",
            `PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH; export PGUSER="$POSTGRES_USER" PGDATABASE=postgres; for attempt in $(seq 20); do ${probes.join(" && ")} && exit 0; sleep 0.1; done; exit 1`,
        ],
    };
}
