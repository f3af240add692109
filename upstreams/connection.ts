/**
 * What a foreign server and a user mapping, or a connection string, ask of the server that answers them: libpq's and
 * `postgres_fdw`'s rules as a pure function of their options.
 */
import type { Connection, Upstream } from "./model";
import { canonicalHost, checkAddress, checkDatabase, checkHost, checkPort, isLoopback } from "./names";
import { CONNECTION_OPTIONS } from "./options";

/** Options as `pg_foreign_server.srvoptions` and `pg_user_mapping.umoptions` hold them, by name. */
export type Options = Readonly<Record<string, string>>;

/** Something to be told about a connection: why an option cannot be answered, and the way out. */
export interface ConnectionFinding {
    /** A warning: the connection will fail, or may. A note: worth knowing. */
    readonly severity: "warning" | "note";
    /** A short name of the kind, such as `gss-required`. */
    readonly code: string;
    /** Whole sentences that begin with what was given as `what`. */
    readonly message: string;
}

/** Where one entry of a list of hosts leads. */
export interface Target {
    /** Host name, `localhost`, an address, or a socket folder, in the spelling of `canonicalHost`. */
    readonly host: string;
    /** Address that is asked instead of the name. */
    readonly hostaddr?: string;
    readonly port: number;
}

/** What one connection needs of the container that answers it. */
export interface ConnectionNeeds {
    /** All that libpq may try, in order; those that cannot be answered are left out, with a finding. */
    readonly targets: readonly Target[];
    /** Database that the startup packet names. */
    readonly database: string;
    /** Where the name of the database comes from, when not from `dbname`. */
    readonly databaseFrom?: "user" | "service";
    readonly user: string;
    /** Whether the options name the user; libpq takes the system user that runs the server otherwise. */
    readonly userNamed: boolean;
    readonly password?: string;
    /** Extensions whose functions and operators `postgres_fdw` sends to the upstream. */
    readonly extensions: readonly string[];
    /** The options for `Upstream.connections`, secrets left out. */
    readonly connection: Connection;
    readonly findings: readonly ConnectionFinding[];
}

/** The system user that runs the server in the official image: libpq's default for `user`. */
export const SYSTEM_USER = "postgres";

/** Folders in which the server in the image has its own socket. */
const OWN_SOCKET_FOLDERS = ["/var/run/postgresql", "/run/postgresql"];

/** PostgreSQL's reading of a boolean option. */
export function isOn(value: string | undefined): boolean {
    const text = value?.trim().toLowerCase() ?? "";
    return text !== "" && ["on", "1"].concat(prefixes("true"), prefixes("yes")).includes(text);
}

function prefixes(word: string): string[] {
    return [...word].map((_, n) => word.slice(0, n + 1));
}

/** What PostgreSQL's own `sslmode`s demand of the server, as libpq settles on it. */
export function demandsTls(connection: Connection): boolean {
    const { sslmode = "", sslrootcert, sslnegotiation, channel_binding: binding, requiressl } = connection;
    return (
        ["require", "verify-ca", "verify-full"].includes(sslmode) ||
        (sslmode === "" && (sslrootcert === "system" || requiressl === "1")) ||
        sslnegotiation === "direct" ||
        binding === "require" ||
        connection.sslcertmode === "require"
    );
}

/** Authentication methods that `require_auth` allows; undefined allows all. */
export function allowedMethods(requireAuth: string | undefined): ((method: string) => boolean) | undefined {
    const entries = (requireAuth ?? "").split(",").map((one) => one.trim());
    if (entries.every((one) => one === "")) {
        return undefined;
    }
    const negated = entries.filter((one) => one.startsWith("!")).map((one) => one.slice(1));
    return negated.length > 0 ? (method) => !negated.includes(method) : (method) => entries.includes(method);
}

/** Whether a word of `options` is one that PostgreSQL's server takes; Neon's `endpoint=…` and the like are not. */
export function isServerOption(word: string, before: string | undefined): boolean {
    return word.startsWith("-") || before === "-c" || /^-[BDEFhijklNnOoPprSsTtv]$/.test(before ?? "");
}

/** The words of `options`; a backslash keeps white space in one. */
export function optionWords(options: string): string[] {
    return (options.match(/(?:\\.|[^\s\\])+/gs) ?? []).map((word) => word.replaceAll(/\\(.)/gs, "$1"));
}

/** Words of `options` that only a vendor's proxy understands. */
export function proxyWords(options: string): string[] {
    const words = optionWords(options);
    return words.filter((word, i) => !isServerOption(word, words[i - 1]));
}

type Say = (severity: ConnectionFinding["severity"], code: string, message: string) => void;

function list(value: string | undefined): string[] | undefined {
    return value === undefined || value === "" ? undefined : value.split(",").map((one) => one.trim());
}

function targetsOf(options: Options, say: Say): Target[] {
    const hosts = list(options.host);
    const addresses = list(options.hostaddr);
    const ports = list(options.port) ?? [""];
    const count = Math.max(hosts?.length ?? 0, addresses?.length ?? 0, 1);
    if (hosts !== undefined && addresses !== undefined && hosts.length !== addresses.length) {
        say(
            "warning",
            "host-count",
            `has ${hosts.length} hosts and ${addresses.length} addresses in hostaddr; libpq refuses that and wants as many of each.`,
        );
        return [];
    }
    if (ports.length !== 1 && ports.length !== count) {
        say(
            "warning",
            "port-count",
            `has ${count} hosts and ${ports.length} ports; libpq refuses that and wants one port, or one for each host.`,
        );
        return [];
    }
    return Array.from({ length: count }, (_, i) => {
        const port = portOf(ports.length === 1 ? ports[0] : ports[i], say);
        return port === undefined ? [] : targetOf(hosts?.[i] ?? "", addresses?.[i] ?? "", port, say);
    }).flat();
}

function portOf(written: string | undefined, say: Say): number | undefined {
    if (written === undefined || written === "") {
        return 5432;
    }
    const port = /^\d+$/.test(written) ? Number(written) : Number.NaN;
    if (checkPort(port) !== undefined) {
        say(
            "warning",
            "port",
            `has the port ${JSON.stringify(written)}, which libpq refuses; a port is a whole number from 1 to 65535.`,
        );
        return undefined;
    }
    return port;
}

function targetOf(host: string, address: string, port: number, say: Say): Target[] {
    const bad = host === "" ? undefined : checkHost(host);
    if (address !== "") {
        const why = checkAddress(address);
        if (why !== undefined) {
            say("warning", "host-address", `cannot be answered: ${why}`);
            return [];
        }
        const hostaddr = canonicalHost(address);
        if (host === "" || bad !== undefined || canonicalHost(host) === hostaddr) {
            return [{ host: isLoopback(hostaddr) ? "localhost" : hostaddr, port }];
        }
        return [{ host: canonicalHost(host), hostaddr, port }];
    }
    if (bad !== undefined) {
        say("warning", "host-name", `cannot be answered: ${bad}`);
        return [];
    }
    const canonical = canonicalHost(host);
    const isOwn = host === "" || OWN_SOCKET_FOLDERS.includes(canonical) || ["127.0.0.1", "::1"].includes(canonical);
    return [{ host: isOwn ? "localhost" : canonical, port }];
}

/** What one cluster that accepts writes, with SCRAM and without GSSAPI, cannot be. */
function sayUnanswerable(connection: Connection, say: Say): void {
    const { gssencmode, target_session_attrs: session, require_auth: auth } = connection;
    if (gssencmode === "require") {
        say(
            "warning",
            "gss-required",
            "has gssencmode 'require', and the dev server has no GSSAPI: the connection will fail. Exclude what uses it from the dev database, or set the option there by ALTER SERVER … OPTIONS (SET gssencmode 'prefer').",
        );
    }
    if (session === "standby" || session === "read-only") {
        say(
            "warning",
            "session-attrs",
            `has target_session_attrs '${session}', and the dev server is a primary that accepts writes: the connection will fail. 'prefer-standby' would take both.`,
        );
    }
    const allows = allowedMethods(auth);
    if (allows !== undefined && !["scram-sha-256", "password", "none"].some(allows)) {
        say(
            "warning",
            "auth-required",
            `has require_auth ${JSON.stringify(auth)}, and the dev server can ask for scram-sha-256 or password, or let a user in without either ("none"): the connection will fail.`,
        );
    }
    const newest = connection.ssl_max_protocol_version;
    if (newest === "TLSv1" || newest === "TLSv1.1") {
        say(
            "warning",
            "tls-version",
            `has ssl_max_protocol_version '${newest}', which the dev server's OpenSSL no longer speaks: the connection will fail.`,
        );
    }
    if (/^[^/]*:/.test(connection.sslkey ?? "")) {
        say(
            "warning",
            "ssl-engine",
            `has the sslkey ${JSON.stringify(connection.sslkey)}, a key in an engine; the dev server has keys in files only.`,
        );
    }
    if (connection.sslmode === "disable" && demandsTls({ ...connection, sslmode: "" })) {
        say("warning", "ssl-disabled", "demands TLS and has sslmode 'disable'; libpq refuses to connect so.");
    }
    const odd = Object.entries(connection).find(([name, value]) => name !== "options" && /[\0\r\n]/.test(value));
    if (odd !== undefined) {
        say("warning", "line-break", `has a line break in ${odd[0]}, which the dev server cannot answer.`);
    }
    const words = proxyWords(connection.options ?? "");
    if (words.length > 0) {
        say(
            "note",
            "proxy-option",
            `has ${JSON.stringify(words.join(" "))} in options, which only a vendor's proxy understands; the stub takes no notice of it.`,
        );
    }
}

/**
 * Works out what one connection asks of the server that answers it.
 *
 * @param server Options of the foreign server, or of a connection string.
 * @param mapping Options of the user mapping; they win, as in `postgres_fdw`.
 * @param what Begins the findings' messages, for example `Server orders`.
 */
export function connectionNeeds(server: Options, mapping: Options = {}, what = "The connection"): ConnectionNeeds {
    const findings: ConnectionFinding[] = [];
    const say: Say = (severity, code, message) => findings.push({ severity, code, message: `${what} ${message}` });
    // libpq takes an empty value for none.
    const given = Object.fromEntries(Object.entries({ ...server, ...mapping }).filter(([, value]) => value !== ""));
    const user = given.user ?? SYSTEM_USER;
    const connection: Connection = Object.fromEntries(
        CONNECTION_OPTIONS.flatMap((name) => {
            const value = name === "user" ? undefined : given[name];
            return value === undefined ? [] : [[name, value] as const];
        }),
    );
    const named = given.dbname ?? given.service;
    const database = named ?? user;
    const badDatabase = checkDatabase(database);
    if (badDatabase !== undefined) {
        say("warning", "database", `cannot be answered: ${badDatabase}`);
    }
    if (given.service !== undefined) {
        const missing = [given.host ?? given.hostaddr, given.dbname].filter((value) => value === undefined);
        if (missing.length > 0) {
            say(
                "note",
                "service",
                `takes its address from the connection service ${JSON.stringify(given.service)}, a file on the server; the stub answers for it as the database ${JSON.stringify(database)}.`,
            );
        }
    }
    sayUnanswerable(connection, say);
    const databaseFrom = given.dbname !== undefined ? undefined : given.service !== undefined ? "service" : "user";
    return {
        targets: badDatabase === undefined ? targetsOf(given, say) : [],
        database,
        ...(databaseFrom === undefined ? {} : { databaseFrom }),
        user,
        userNamed: given.user !== undefined,
        ...(given.password === undefined ? {} : { password: given.password }),
        extensions: list(given.extensions) ?? [],
        connection: Object.keys(connection).length === 0 ? {} : { user, ...connection },
        findings,
    };
}

/** The upstreams that would answer a connection, one for each target, with no table yet. */
export function connectionUpstreams(needs: ConnectionNeeds): Upstream[] {
    const { database, user, password, extensions, connection } = needs;
    return needs.targets.map((target) => ({
        ...target,
        database,
        users: [password === undefined ? { name: user } : { name: user, password }],
        extensions: extensions.map((name) => ({ name, optional: true })),
        connections: Object.keys(connection).length === 0 ? [] : [connection],
        ddl: [],
        tables: [],
    }));
}
