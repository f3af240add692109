import { isIP } from "node:net";
import { MAX_IDENTIFIER_BYTES } from "./quote";

/** Answers why a value is no good, or undefined when it is. The texts are complete sentences without the value's place. */
export type Check<T> = (value: T) => string | undefined;

const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/;

/** Whether the name already leads to the server itself inside its container, so that no host alias is needed. */
export function isLoopback(host: string): boolean {
    return host.toLowerCase() === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/**
 * A host that the stack can answer: a host name (underscores allowed, as Docker and libpq allow them), `localhost`,
 * or a loopback address. Other addresses bypass name resolution, so no host alias could answer them.
 */
export const checkHost: Check<string> = (host) => {
    const bad = `the host ${JSON.stringify(host)}`;
    if (isLoopback(host)) {
        return undefined;
    }
    if (isIP(host) !== 0 || /^[0-9.]+$/.test(host)) {
        return `${bad} is an address that cannot be given to the container; allowed are host names, "localhost" and 127.0.0.0/8. Use a host name in CREATE SERVER for the dev database.`;
    }
    if (host.length === 0 || host.length > 253 || !host.split(".").every((l) => l.length <= 63 && LABEL.test(l))) {
        return `${bad} is no host name; allowed are letters, digits, "-" and "_" in labels of up to 63 characters, separated by dots, 253 in all.`;
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
