import { isIP } from "node:net";
import { MAX_IDENTIFIER_BYTES } from "./quote";

/** Answers why a value is no good, or undefined when it is. The texts are complete sentences without the value's place. */
export type Check<T> = (value: T) => string | undefined;

const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/;

/** Whether the name already leads to the server itself inside its container, so that no host alias is needed. */
export function isLoopback(host: string): boolean {
    return (
        host.toLowerCase() === "localhost" ||
        ["0.0.0.0", "::", "::1"].includes(canonicalHost(host)) ||
        (isIP(host) === 4 && host.startsWith("127."))
    );
}

/** Whether a host is the folder of a Unix socket, by libpq's rule. */
export function isSocketFolder(host: string): boolean {
    return host.startsWith("/");
}

/** Whether a host is an address that the container must be given: one that is not a loopback's. */
export function isForeignAddress(host: string): boolean {
    return isIP(host) !== 0 && !isLoopback(host);
}

/**
 * One spelling for each host: names in lower case, IPv6 in its short form, IPv4 written as IPv6 as IPv4, folders
 * without a slash at the end.
 */
export function canonicalHost(host: string): string {
    if (isSocketFolder(host)) {
        return host.replace(/(?<=.)\/+$/, "");
    }
    if (isIP(host) !== 6 || host.includes("%")) {
        return host.toLowerCase();
    }
    const short = new URL(`http://[${host}]`).hostname.slice(1, -1);
    const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short);
    if (mapped === null) {
        return short;
    }
    return [mapped[1], mapped[2]]
        .map((half) => Number.parseInt(half ?? "", 16))
        .flatMap((half) => [half >> 8, half & 0xff])
        .join(".");
}

/** Bytes of the longest path that a socket can have on Linux, without the final NUL. */
const LONGEST_SOCKET = 107;

function checkSocketFolder(folder: string): string | undefined {
    const bad = `the socket folder ${JSON.stringify(folder)}`;
    if (/[\0\r\n,]|\s$/.test(folder)) {
        return `${bad} holds a comma, a line break or a NUL character, or ends with white space. Use another.`;
    }
    const longest = LONGEST_SOCKET - "/.s.PGSQL.65535".length;
    return Buffer.byteLength(folder) > longest
        ? `${bad} has ${Buffer.byteLength(folder)} bytes; Linux takes sockets in folders of at most ${longest}. Use a shorter one.`
        : undefined;
}

/** An address that a server can have. */
export const checkAddress: Check<string> = (address) => {
    const bad = `the address ${JSON.stringify(address)}`;
    if (isIP(address) === 0 || address.includes("%")) {
        return `${bad} is no IPv4 or IPv6 address, such as "10.0.0.5" or "fd00::5".`;
    }
    const [first = ""] = canonicalHost(address).split(/[.:]/);
    const isNobodys =
        isIP(canonicalHost(address)) === 4 ? Number(first) === 0 || Number(first) >= 224 : /^ff/.test(first);
    return isNobodys && !isLoopback(address) ? `${bad} is none that a server can have. Use another.` : undefined;
};

/**
 * A host that the stack can answer: a host name (underscores allowed, as Docker and libpq allow them), `localhost`, an
 * IPv4 or IPv6 address, or the absolute path of the folder of a Unix socket.
 */
export const checkHost: Check<string> = (host) => {
    if (isSocketFolder(host)) {
        return checkSocketFolder(host);
    }
    if (isIP(host) !== 0) {
        return checkAddress(host);
    }
    const bad = `the host ${JSON.stringify(host)}`;
    if (host.startsWith("@")) {
        return `${bad} is an abstract socket, which the stack does not answer. Use a folder, an address or a name.`;
    }
    if (/^[0-9.]+$/.test(host)) {
        return `${bad} is no whole IPv4 address; write all four numbers, such as "10.0.0.5".`;
    }
    if (host.length === 0 || host.length > 253 || !host.split(".").every((l) => l.length <= 63 && LABEL.test(l))) {
        return `${bad} is no host name; allowed are letters, digits, "-" and "_" in labels of up to 63 characters, separated by dots, 253 in all, addresses, and absolute paths of socket folders.`;
    }
    return undefined;
};

/** A TCP port. */
export const checkPort: Check<number> = (port) =>
    Number.isInteger(port) && port >= 1 && port <= 65535
        ? undefined
        : `the port ${port} is no TCP port; allowed are whole numbers from 1 to 65535.`;

/** A name that PostgreSQL stores unchanged. */
export const checkIdentifier: Check<string> = (name) => {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0) {
        return "a name is empty; PostgreSQL has no empty names.";
    }
    if (name.includes("\0")) {
        return `the name ${JSON.stringify(name)} holds a NUL character, which PostgreSQL cannot store.`;
    }
    if (bytes > MAX_IDENTIFIER_BYTES) {
        return `the name ${JSON.stringify(name)} has ${bytes} bytes; PostgreSQL keeps at most ${MAX_IDENTIFIER_BYTES}. Shorten it.`;
    }
    return undefined;
};

/** A role that CREATE ROLE accepts. */
export const checkRole: Check<string> = (name) => {
    if (/^pg_/.test(name)) {
        return `the role name ${JSON.stringify(name)} begins with "pg_", which PostgreSQL reserves. Use another.`;
    }
    if (["public", "none", "current_role", "current_user", "session_user"].includes(name)) {
        return `the role name ${JSON.stringify(name)} is reserved by PostgreSQL. Use another.`;
    }
    if (/^\/|[\r\n]/.test(name)) {
        return `the role name ${JSON.stringify(name)} begins with "/" or holds a line break, which pg_hba.conf cannot hold. Use another.`;
    }
    return checkIdentifier(name);
};

/** A role that can be the superuser that the server is set up with. */
export const checkDevUser: Check<string> = (name) =>
    /["$'\\]/.test(name)
        ? `the dev user ${JSON.stringify(name)} holds one of " $ ' \\, which PostgreSQL takes from no owner of an extension. Use another name.`
        : checkRole(name);

/** A database that can hold stubs. */
export const checkDatabase: Check<string> = (name) =>
    name === "template0" || name === "template1"
        ? `the database ${JSON.stringify(name)} is a template that every new database is copied from; stubs in it would end up in all of them. Use another name.`
        : checkIdentifier(name);

/** A database that can be the dev database: made and dropped at will, which the server's own cannot be. */
export const checkDevDatabase: Check<string> = (name) =>
    name === "postgres"
        ? `the dev database cannot be "postgres", which every server has and needs. Use another name.`
        : checkDatabase(name);

/** A schema that CREATE SCHEMA accepts. */
export const checkSchema: Check<string> = (name) =>
    /^pg_/.test(name) || name === "information_schema"
        ? `the schema name ${JSON.stringify(name)} is reserved by PostgreSQL. Use another.`
        : checkIdentifier(name);

/** Settings that this product sets itself because the stack depends on them. */
const OWN_SETTINGS = [
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "password_encryption",
    "port",
    "ssl_ca_file",
    "ssl_cert_file",
    "ssl_key_file",
    "unix_socket_directories",
];

/** A server setting that the user may choose. */
export const checkSetting: Check<string> = (name) => {
    if (!/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/.test(name)) {
        return `the server setting ${JSON.stringify(name)} is no name of a setting; allowed are names as in postgresql.conf, such as "work_mem".`;
    }
    if (OWN_SETTINGS.includes(name.toLowerCase())) {
        return `the server setting "${name}" belongs to the stack and cannot be changed. Remove it.`;
    }
    return undefined;
};
