import { hbaFile } from "./hba";
import { type HostAlias, relayFile, relayProbe, SERVER_PORT, socketFile } from "./network";
import { SCRIPTS_PATH, type StubExtension } from "./script";
import type { Stubs } from "./stubs";
import { opensslConfiguration, tlsFile } from "./tls";

/** Folder in the container for everything of ours. */
const HOME = "/fdw-stub";
/** Where a volume with the image's initialised clusters is mounted. */
export const CLUSTERS_PATH = `${HOME}/clusters`;
/** Where a script with all files stands, where they are put into the container as one. */
export const START_SCRIPT = `${HOME}/start.sh`;
/** Where libpq in the server looks for services. */
const SERVICE_FILE = `${HOME}/pg_service.conf`;

/** A file put into the container before it starts. */
export interface ServerFile {
    /** Path in the container. */
    readonly file: string;
    readonly content: string;
    readonly executable: boolean;
}

/** Our own files that do not depend on the upstreams: those of `sql/server/`, by name. */
export const SERVER_SOURCES = ["entrypoint.sh", "cluster.sh", "tls.sh", "addresses.pl", "relay.pl"] as const;
export type ServerSources = Readonly<Record<(typeof SERVER_SOURCES)[number], string>>;

/** What comes to the server besides the stubs. */
export interface ServerAdditions {
    /** Files of further extensions, by file name. */
    readonly extensionFiles: Readonly<Record<string, string>>;
    /** Settings that they need or profit from; the user's own win. */
    readonly settings: Readonly<Record<string, string>>;
}

/** How the server's container is started, whoever starts it. */
export interface ServerPlan {
    readonly hostAliases: readonly HostAlias[];
    readonly files: readonly ServerFile[];
    readonly entrypoints: readonly string[];
    readonly command: readonly string[];
    /** Environment without the credentials. */
    readonly environment: Readonly<Record<string, string>>;
    readonly healthcheck: readonly string[];
    /** Capabilities beside Docker's own; whoever runs after the entrypoint has none of them. */
    readonly capabilities: readonly string[];
    /** Kernel parameters of the container. */
    readonly sysctls: Readonly<Record<string, string>>;
}

/**
 * Locks that one transaction may take on average; the server has room for so many times its connections. Both the
 * creation of a stub and a schema under development that runs in one transaction lock every object they make, and
 * each table brings a TOAST table and indexes with it. A power of two, so that one table more rarely means another
 * server.
 */
export function locksPerTransaction(largestStub: number, connections = 100): number {
    return 2 ** Math.max(8, Math.ceil(Math.log2((largestStub * 8) / connections)));
}

function settings(largestStub: number, chosen: Readonly<Record<string, string>>): Record<string, string> {
    const connections = Number(chosen.max_connections);
    return {
        // A dev database is made anew rather than recovered: durability would only cost time.
        fsync: "off",
        synchronous_commit: "off",
        full_page_writes: "off",
        // A subscription to this very server would wait for itself for ever; the relay answers those that are declared.
        max_wal_senders: "0",
        max_locks_per_transaction: String(locksPerTransaction(largestStub, connections > 0 ? connections : undefined)),
        ...chosen,
        hba_file: `${HOME}/pg_hba.conf`,
    };
}

/** What the entrypoint reads from the environment. */
function environmentOf({ network, tls, services }: Stubs): Record<string, string> {
    return {
        POSTGRES_INITDB_ARGS: "--no-sync",
        ...(tls.required ? { FDW_STUB_TLS: "required" } : {}),
        ...(network.listen === undefined ? {} : { FDW_STUB_LISTEN: network.listen.join(",") }),
        ...(services.some(({ path }) => path === undefined) ? { PGSERVICEFILE: SERVICE_FILE } : {}),
    };
}

/**
 * The scripts of stubs, where CREATE EXTENSION finds them. They are not among what the container is started with,
 * because it would be another one with every column.
 */
export function scriptFiles(extensions: readonly StubExtension[]): ServerFile[] {
    return extensions.map(({ script: { name, content } }) => ({
        file: `${SCRIPTS_PATH}/${name}`,
        content,
        executable: false,
    }));
}

/** Works out how the container has to be started. */
export function planServer(
    stubs: Stubs,
    extensions: ReadonlyArray<Pick<StubExtension, "control" | "size">>,
    chosenSettings: Readonly<Record<string, string>>,
    devUser: string,
    sources: ServerSources,
    additions: ServerAdditions = { extensionFiles: {}, settings: {} },
): ServerPlan {
    const { network, tls, services } = stubs;
    const file = (name: string, content: string, executable = false): ServerFile => ({
        file: name.startsWith("/") ? name : `${HOME}/${name}`,
        content,
        executable,
    });
    const given = (name: string, content: string) => (content === "" ? [] : [file(name, content)]);
    const relay = relayFile(network);
    const addresses = network.addresses.map((address) => `${address}\n`).join("");
    const uploads = [
        ...extensions.map(({ control }) => control),
        ...Object.entries(additions.extensionFiles).map(([name, content]) => ({ name, content })),
    ].map(({ name, content }) => file(`extension/${name}`, content));
    const largest = Math.max(0, ...extensions.map((extension) => extension.size));
    const relayed = relayProbe(network);
    const probes = [{ host: "127.0.0.1", port: SERVER_PORT }, ...(relayed === undefined ? [] : [relayed])].map(
        ({ host, port }) => `pg_isready -q -h '${host.replaceAll("'", "'\\''")}' -p ${port}`,
    );
    const subscribed = stubs.databases.some(({ publications }) => publications.length > 0);
    return {
        hostAliases: network.hostAliases,
        files: [
            file("entrypoint.sh", sources["entrypoint.sh"], true),
            file("cluster.sh", sources["cluster.sh"]),
            file("tls.sh", sources["tls.sh"]),
            file("openssl.cnf", opensslConfiguration(tls)),
            ...given("certificates", tlsFile(tls)),
            ...given("relays", relay),
            ...(relay === "" ? [] : [file("relay.pl", sources["relay.pl"])]),
            ...given("addresses", addresses),
            ...(addresses === "" ? [] : [file("addresses.pl", sources["addresses.pl"])]),
            ...given("sockets", socketFile(network)),
            file("pg_hba.conf", hbaFile(stubs.logins, devUser)),
            ...services.map(({ path = SERVICE_FILE, content }) => file(path, content)),
            ...uploads,
        ],
        entrypoints: [`${HOME}/entrypoint.sh`],
        command: [
            "postgres",
            ...Object.entries(
                settings(largest, {
                    // A subscription that nothing is published to would only keep its database busy.
                    ...(subscribed ? { max_logical_replication_workers: "0" } : {}),
                    ...additions.settings,
                    ...chosenSettings,
                }),
            ).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
        ],
        environment: environmentOf(stubs),
        // Over TCP: the image's temporary server, which runs the first set-up, listens on the socket only. It waits
        // a little by itself: Docker's own rhythm, a second in older engines, would be noticed at every start. And
        // Debian's pg_isready on the PATH is a wrapper in Perl, which would be felt at every check. As a
        // role and in a database that exist: the server logs every attempt of one that does not.
        healthcheck: [
            "CMD-SHELL",
            `PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH; export PGSSLMODE=disable PGUSER="$POSTGRES_USER" PGDATABASE=postgres; for attempt in $(seq 20); do ${probes.join(" && ")} && exit 0; sleep 0.1; done; exit 1`,
        ],
        capabilities: addresses === "" ? [] : ["NET_ADMIN"],
        sysctls: network.ipv6 ? { "net.ipv6.conf.lo.disable_ipv6": "0" } : {},
    };
}
