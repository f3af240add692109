/** Where the upstream is and how it is logged in to: a connection string and libpq's variables, read as libpq would. */

import { isIP } from "node:net";
import { type ConninfoOptions, parseConninfo } from "../upstreams/conninfo";
import { InputError } from "../upstreams/errors";

/** What libpq takes from the environment, by variable. */
const VARIABLES: Readonly<Record<string, string>> = {
    PGHOST: "host",
    PGHOSTADDR: "hostaddr",
    PGPORT: "port",
    PGDATABASE: "dbname",
    PGUSER: "user",
    PGPASSWORD: "password",
    PGPASSFILE: "passfile",
    PGREQUIREAUTH: "require_auth",
    PGCHANNELBINDING: "channel_binding",
    PGOPTIONS: "options",
    PGSSLMODE: "sslmode",
    PGSSLNEGOTIATION: "sslnegotiation",
    PGSSLCERT: "sslcert",
    PGSSLKEY: "sslkey",
    PGSSLCERTMODE: "sslcertmode",
    PGSSLROOTCERT: "sslrootcert",
    PGSSLCRL: "sslcrl",
    PGSSLSNI: "sslsni",
    PGSSLMINPROTOCOLVERSION: "ssl_min_protocol_version",
    PGSSLMAXPROTOCOLVERSION: "ssl_max_protocol_version",
    PGMINPROTOCOLVERSION: "min_protocol_version",
    PGMAXPROTOCOLVERSION: "max_protocol_version",
    PGCONNECT_TIMEOUT: "connect_timeout",
    PGTARGETSESSIONATTRS: "target_session_attrs",
    PGLOADBALANCEHOSTS: "load_balance_hosts",
};

/** Options that name files of this machine, and where libpq looks without them, below the home folder. */
export const FILES: Readonly<Record<string, string | undefined>> = {
    passfile: ".pgpass",
    sslrootcert: ".postgresql/root.crt",
    sslcert: ".postgresql/postgresql.crt",
    sslkey: ".postgresql/postgresql.key",
    sslcrl: ".postgresql/root.crl",
};

/** Options that are about this machine, or set here. */
const OURS: readonly string[] = ["service", "servicefile", "gssencmode", "client_encoding", "application_name"];

/** Seconds that a connection may take, where nobody says how long. */
const CONNECT_SECONDS = "10";

/** One server that may be asked. */
export interface Target {
    /** As it was given: a name, an address, or the folder of a socket. */
    readonly host: string;
    /** What this process connects to: a host or an address, or a socket's path. */
    readonly dial: { readonly host: string; readonly port: number } | { readonly path: string };
    /** Where the container listens in its place. */
    readonly listen: string;
}

/** A connection as a client in a container without a network makes it. */
export interface PullConnection {
    readonly targets: readonly Target[];
    /** For libpq, by name: hosts, addresses and ports are those of the container. Without login, password and files. */
    readonly options: Readonly<Record<string, string>>;
    readonly user: string;
    readonly database: string;
    readonly password?: string;
    /** Paths on this machine, by option: those that were named. */
    readonly files: Readonly<Record<string, string>>;
}

/** What this machine tells of itself. */
export interface Surroundings {
    readonly env: Readonly<Record<string, string | undefined>>;
    /** Name of the user, whom libpq logs in where nothing says another. */
    readonly user: string;
    /** Reads a file of services; undefined where there is none. */
    readonly readServices: (file: string | undefined) => string | undefined;
}

/** Options of one service, as they stand in a file of services. */
export function serviceOptions(text: string, service: string): ConninfoOptions | undefined {
    let found: Record<string, string> | undefined;
    let inside = false;
    for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
        const [, section] = /^\[(.*)\]$/.exec(line) ?? [];
        if (section !== undefined) {
            inside = section === service && found === undefined;
            found = inside ? {} : found;
        } else if (inside && found !== undefined && !line.startsWith("#") && line.includes("=")) {
            const at = line.indexOf("=");
            found[line.slice(0, at)] ??= line.slice(at + 1);
        }
    }
    return found;
}

function fromEnvironment(env: Surroundings["env"]): Record<string, string> {
    return Object.fromEntries(
        Object.entries(VARIABLES).flatMap(([variable, option]) => {
            const value = env[variable];
            return value === undefined || value === "" ? [] : [[option, value]];
        }),
    );
}

function fromService(source: string, { env, readServices }: Surroundings, given: ConninfoOptions): ConninfoOptions {
    const service = given.service ?? env.PGSERVICE;
    if (service === undefined || service === "") {
        return {};
    }
    const text = readServices(given.servicefile ?? env.PGSERVICEFILE);
    const options = text === undefined ? undefined : serviceOptions(text, service);
    if (options === undefined) {
        throw new InputError(
            `${source}: the service ${JSON.stringify(service)} is not in the file of services (PGSERVICEFILE, else ~/.pg_service.conf). Add it there, or name the host.`,
        );
    }
    return options;
}

function targetsOf(source: string, { host = "", hostaddr = "", port = "" }: ConninfoOptions): Target[] {
    const hosts = host.split(",");
    const addresses = hostaddr.split(",");
    const ports = port.split(",");
    const count = Math.max(host === "" ? 0 : hosts.length, hostaddr === "" ? 0 : addresses.length);
    if (count === 0) {
        throw new InputError(`${source} names no host. Write it as postgres://USER@HOST:PORT/DATABASE, or set PGHOST.`);
    }
    return Array.from({ length: count }, (_, index) => {
        const name = (hosts[index] ?? "").trim();
        const address = (addresses[index] ?? "").trim();
        const asked = ports.length === 1 ? ports[0] : ports[index];
        const number = asked === undefined || asked === "" ? 5432 : Number(asked);
        if (!Number.isInteger(number) || number < 1 || number > 65_535) {
            throw new InputError(
                `${source}: the port ${JSON.stringify(asked)} is none; allowed are whole numbers from 1 to 65535.`,
            );
        }
        if (address !== "" && isIP(address) === 0) {
            throw new InputError(`${source}: hostaddr ${JSON.stringify(address)} is no IP address. Name it as host.`);
        }
        if (name.startsWith("/") && address === "") {
            return {
                host: name,
                dial: { path: `${name}/.s.PGSQL.${number}` },
                listen: `unix /pull/${index}/.s.PGSQL.${number}`,
            };
        }
        if (name.startsWith("@")) {
            throw new InputError(`${source}: the abstract socket ${name} cannot be used. Name a host or a folder.`);
        }
        const shown = name === "" ? address : name;
        return {
            host: shown,
            dial: { host: address === "" ? shown : address, port: number },
            // Each with its own port, which a password file goes by.
            listen: `tcp 127.0.1.${index + 1} ${number}`,
        };
    });
}

/**
 * @param given The connection string; undefined where only libpq's variables count.
 * @param source Where it comes from, for messages.
 * @throws InputError that never shows the connection string, which may hold a password.
 */
export function readConnection(given: string | undefined, source: string, around: Surroundings): PullConnection {
    const own = given === undefined ? {} : parseConninfo(given);
    if (own === undefined) {
        throw new InputError(
            `${source} is no connection string (it is not shown, because it may hold a password). Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded, or as host=HOST dbname=DATABASE user=USER.`,
        );
    }
    const all: ConninfoOptions = { ...fromEnvironment(around.env), ...fromService(source, around, own), ...own };
    const targets = targetsOf(source, all);
    if (targets.length > 200) {
        throw new InputError(`${source} names ${targets.length} hosts; allowed are up to 200.`);
    }
    const { host: _, hostaddr: __, port: ___, dbname, user = around.user, password, ...rest } = all;
    const named = Object.entries(rest).filter(([name]) => !OURS.includes(name));
    const broken = named.find(([, value]) => /[\r\n]/.test(value) || value.trim() !== value);
    if (broken !== undefined) {
        throw new InputError(`${source}: the option ${broken[0]} holds a line break or ends in a blank. Remove it.`);
    }
    const isFile = ([name, value]: [string, string]) =>
        Object.hasOwn(FILES, name) && !(name === "sslrootcert" && value === "system");
    const sockets = targets.map(({ dial }, index) => ("path" in dial ? `/pull/${index}` : undefined));
    return {
        targets,
        options: {
            connect_timeout: CONNECT_SECONDS,
            ...Object.fromEntries(named.filter((one) => !isFile(one))),
            host: targets.map(({ host }, index) => sockets[index] ?? host).join(","),
            ...(sockets.every((socket) => socket !== undefined)
                ? {}
                : {
                      hostaddr: targets
                          .map((_, index) => (sockets[index] === undefined ? `127.0.1.${index + 1}` : ""))
                          .join(","),
                  }),
            port: targets.map(({ listen }) => /\d+$/.exec(listen)?.[0] ?? "5432").join(","),
        },
        user,
        database: dbname ?? user,
        ...(password === undefined ? {} : { password }),
        files: Object.fromEntries(named.filter(isFile)),
    };
}
