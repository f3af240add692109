import { describe, expect, test } from "vitest";
import { mendOf, type ServerError } from "../../../rehearsal/mend";

/** A connection that postgres_fdw could not make: libpq's own text is the detail. */
function fdw(detail: string): ServerError {
    return { code: "08001", message: 'could not connect to server "s"', detail };
}
/** The same by dblink. */
function dblink(detail: string): ServerError {
    return { code: "08001", message: "could not establish connection", detail };
}

const HINT = "\n\tIs the server running on that host and accepting TCP/IP connections?";
const AT = 'connection to server at "db.internal" (127.77.0.2), port 6432 failed: ';

describe("connections", () => {
    test.each<[string, ServerError, ReturnType<typeof mendOf>]>([
        ["a port, name and address", fdw(`${AT}Connection refused${HINT}`), { kind: "port", port: 6432 }],
        [
            "a port, address only",
            dblink(`connection to server at "10.0.0.5", port 1 failed: Connection refused${HINT}`),
            { kind: "port", port: 1 },
        ],
        [
            "a port of an IPv6 address",
            fdw('connection to server at "fd00::1", port 5433 failed: Connection refused'),
            { kind: "port", port: 5433 },
        ],
        [
            "the first of several hosts",
            fdw(
                'connection to server at "a" (127.77.0.2), port 1111 failed: Connection refused\nconnection to server at "b" (127.77.0.3), port 2222 failed: Connection refused',
            ),
            { kind: "port", port: 1111 },
        ],
        [
            "a socket's folder",
            fdw(
                'connection to server on socket "/cloudsql/p:r:i/.s.PGSQL.5432" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?',
            ),
            { kind: "socket", directory: "/cloudsql/p:r:i", port: 5432 },
        ],
        [
            "a port of the usual socket",
            dblink('connection to server on socket "/var/run/postgresql/.s.PGSQL.5433" failed: Connection refused'),
            { kind: "socket", directory: "/var/run/postgresql", port: 5433 },
        ],
        [
            "an abstract socket",
            fdw('connection to server on socket "@x/.s.PGSQL.5432" failed: Connection refused'),
            undefined,
        ],
        [
            "no password, with the prefix of 14 and later",
            fdw(`${AT}fe_sendauth: no password supplied`),
            { kind: "trust" },
        ],
        ["no password, bare", dblink("fe_sendauth: no password supplied"), { kind: "trust" }],
        ["TLS required", fdw(`${AT}server does not support SSL, but SSL was required`), { kind: "tls" }],
        [
            "the authority, 14 and 15",
            fdw(
                `${AT}root certificate file "/etc/ssl/ca.pem" does not exist\nEither provide the file or change sslmode to disable server certificate verification.`,
            ),
            { kind: "authority", path: "/etc/ssl/ca.pem" },
        ],
        [
            "the authority, 16 to 18",
            fdw(
                `${AT}root certificate file "/home/u r/root.crt" does not exist\nEither provide the file, use the system's trusted roots with sslrootcert=system, or change sslmode to disable server certificate verification.`,
            ),
            { kind: "authority", path: "/home/u r/root.crt" },
        ],
        [
            "the authority, unreadable",
            fdw(`${AT}could not read root certificate file "/ca.pem": no certificate or crl found`),
            { kind: "authority", path: "/ca.pem" },
        ],
        [
            "a client's certificate",
            fdw(`${AT}could not open certificate file "/c.crt": Permission denied`),
            { kind: "client", path: "/c.crt" },
        ],
        [
            "a client's certificate, broken",
            fdw(`${AT}could not read certificate file "/c.crt": no start line`),
            { kind: "client", path: "/c.crt" },
        ],
        [
            "a client's key that is missing",
            fdw(`${AT}certificate present, but not private key file "/c.key"`),
            { kind: "client", path: "/c.key" },
        ],
        [
            "a client's key that others may read",
            fdw(
                `${AT}private key file "/c.key" has group or world access; file must have permissions u=rw (0600) or less if owned by the current user`,
            ),
            { kind: "client", path: "/c.key" },
        ],
        [
            "a client's key that is broken",
            fdw(`${AT}could not load private key file "/c.key": unsupported`),
            { kind: "client", path: "/c.key" },
        ],
        [
            "channel binding, asked in clear text",
            fdw(`${AT}channel binding required but not supported by server's authentication request`),
            { kind: "scram" },
        ],
        [
            "channel binding, let in without being asked",
            fdw(`${AT}channel binding required, but server authenticated client without channel binding`),
            { kind: "scram" },
        ],
        [
            "channel binding, SCRAM without it",
            fdw(
                `${AT}channel binding is required, but server did not offer an authentication method that supports channel binding`,
            ),
            { kind: "scram" },
        ],
        ["channel binding without TLS", fdw(`${AT}channel binding required, but SSL not in use`), { kind: "tls" }],
        [
            "require_auth, asked in clear text",
            fdw(`${AT}authentication method requirement "scram-sha-256" failed: server requested a cleartext password`),
            { kind: "scram" },
        ],
        [
            "require_auth, not asked",
            fdw(
                `${AT}authentication method requirement "scram-sha-256" failed: server did not complete authentication`,
            ),
            { kind: "scram" },
        ],
        [
            "a wrong password is the schema's own",
            fdw(`${AT}FATAL:  password authentication failed for user "u"`),
            undefined,
        ],
        ["an address out of reach", fdw(`${AT}Network is unreachable${HINT}`), undefined],
        ["a timeout", fdw(`${AT}timeout expired`), undefined],
        ["a port that is no number", fdw('invalid integer value "x" for connection option "port"'), undefined],
        [
            "by code 58000, as libraries raise it",
            { code: "58000", message: `could not connect to server: ${AT}Connection refused` },
            { kind: "port", port: 6432 },
        ],
    ])("%s", (_name, error, mend) => {
        expect(mendOf(error)).toEqual(mend);
    });
});

describe("objects", () => {
    test.each<[string, ServerError, ReturnType<typeof mendOf>]>([
        ["a role", { code: "42704", message: 'role "app" does not exist' }, { kind: "role", name: "app" }],
        ["SET ROLE", { code: "22023", message: 'role "a"b c" does not exist' }, { kind: "role", name: 'a"b c' }],
        ["a role in another text", { code: "P0001", message: 'role "app" does not exist' }, undefined],
        [
            "a schema of an import",
            { code: "3F000", message: 'schema "S 1" is not present on foreign server "x"' },
            { kind: "remote-schema", schema: "S 1", server: "x" },
        ],
        ["a schema of its own", { code: "3F000", message: 'schema "s" does not exist' }, undefined],
        ["a relation", { code: "42P01", message: 'relation "u.a" does not exist' }, { kind: "imported", name: "u.a" }],
        ["without schema", { code: "42P01", message: 'relation "a" does not exist' }, { kind: "imported", name: "a" }],
        [
            "with odd names",
            { code: "42P01", message: 'relation "Raw Data.weird."name"" does not exist' },
            { kind: "imported", name: 'Raw Data.weird."name"' },
        ],
        ["DROP TABLE is its own matter", { code: "42P01", message: 'table "a" does not exist' }, undefined],
        ["a column", { code: "42703", message: 'column "a"b" does not exist' }, { kind: "imported", name: 'a"b' }],
        [
            "of an alias",
            { code: "42703", message: "column m.score does not exist" },
            { kind: "imported", name: "m.score" },
        ],
        [
            "of a relation",
            { code: "42703", message: 'column "c" of relation "t" does not exist' },
            { kind: "imported", name: "c" },
        ],
        ["a division by zero", { code: "22012", message: "division by zero" }, undefined],
        ["no text", { code: "", message: "" }, undefined],
    ])("%s", (_name, error, mend) => {
        expect(mendOf(error)).toEqual(mend);
    });
});
