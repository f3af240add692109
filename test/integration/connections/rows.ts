/** The table of connections: what a schema asks for, and its negative twins, each with PostgreSQL's own error. */
import type { Options } from "../../../upstreams/connection";

/** Whoever runs the schema: the dev user, or a role without privileges, which `postgres_fdw` treats more strictly. */
export type Runner = "superuser" | "nobody";

export interface Twin {
    readonly name: string;
    /** What differs from the row; an undefined value takes the option away. */
    readonly server?: Readonly<Record<string, string | undefined>>;
    readonly mapping?: Readonly<Record<string, string | undefined>>;
    readonly as?: Runner;
    readonly error: RegExp;
}

export interface Row {
    readonly name: string;
    readonly server: Options;
    readonly mapping: Options;
    readonly as?: Runner;
    /** SQL that runs before the server is created, in the same transaction. */
    readonly before?: string;
    /** In a database of its own, because who is asked for a password is settled for each database. */
    readonly apart?: boolean;
    /** What the mapping is for; the runner by default. */
    readonly mappedTo?: string;
    readonly twins: readonly Twin[];
}

const READER: Options = { user: "reader", password: "right" };
const UNASKED: Options = { user: "unasked" };

const WRONG: Twin = {
    name: "a wrong password",
    mapping: { password: "wrong" },
    error: /password authentication failed for user "reader"/,
};
const ELSEWHERE: Twin = {
    name: "a host that is not in the certificate",
    server: { host: "elsewhere.test", hostaddr: "127.0.0.1" },
    error: /server certificate for ".*".* does not match host name "elsewhere\.test"/,
};
const OTHER_CA: Twin = {
    name: "another CA",
    server: { sslrootcert: "/etc/ssl/certs/other-ca.pem" },
    error: /certificate verify failed/,
};
const NO_CA: Twin = {
    name: "a CA that is not there",
    server: { sslrootcert: "/no/such/ca.pem" },
    error: /root certificate file "\/no\/such\/ca\.pem" does not exist/,
};
const UNKNOWN: Twin = {
    name: "a database that is not there",
    server: { dbname: "nowhere" },
    error: /database "nowhere" does not exist/,
};

export const TLS: readonly Row[] = [
    ...["disable", "allow", "prefer", "require"].map(
        (sslmode): Row => ({
            name: `sslmode ${sslmode}`,
            server: { host: `${sslmode}.tls.test`, sslmode },
            mapping: READER,
            twins: [WRONG],
        }),
    ),
    {
        name: "verify-ca, the CA in libpq's default place",
        server: { host: "verify-ca.tls.test", sslmode: "verify-ca" },
        mapping: READER,
        twins: [OTHER_CA],
    },
    {
        name: "verify-full, the CA in libpq's default place",
        server: { host: "verify-full.tls.test", sslmode: "verify-full" },
        mapping: READER,
        twins: [ELSEWHERE, WRONG],
    },
    {
        name: "verify-full with a CA of Amazon RDS",
        server: {
            host: "billing.abc123.eu-west-1.rds.example.com",
            port: "5432",
            sslmode: "verify-full",
            sslrootcert: "/rdsdbdata/rds-metadata/ca-cert.pem",
        },
        mapping: READER,
        as: "nobody",
        twins: [ELSEWHERE, NO_CA, OTHER_CA],
    },
    {
        name: "require with a CA acts as verify-ca",
        server: { host: "flexible.azure.test", sslmode: "require", sslrootcert: "/opt/azure/root ca.pem" },
        mapping: READER,
        // libpq takes no notice of one that is not there.
        twins: [OTHER_CA],
    },
    {
        name: "a CA in a folder of the system's",
        server: { host: "bundle.test", sslmode: "verify-full", sslrootcert: "/etc/ssl/certs/ca-certificates.crt" },
        mapping: READER,
        twins: [ELSEWHERE],
    },
    {
        name: "a CA relative to the data directory",
        server: { host: "relative.test", sslmode: "verify-ca", sslrootcert: "certs/ca.pem" },
        mapping: READER,
        twins: [
            {
                ...NO_CA,
                server: { sslrootcert: "certs/none.pem" },
                error: /root certificate file "certs\/none\.pem" does not exist/,
            },
        ],
    },
    {
        name: "the system's CAs",
        server: { host: "system.test", sslrootcert: "system" },
        mapping: READER,
        twins: [
            ELSEWHERE,
            {
                name: "a weaker sslmode",
                server: { sslmode: "require" },
                error: /weak sslmode "require" may not be used with sslrootcert=system/,
            },
        ],
    },
    {
        name: "a port of its own, verified",
        server: { host: "pooler.test", port: "6432", sslmode: "verify-full" },
        mapping: READER,
        twins: [WRONG, ELSEWHERE],
    },
    {
        name: "direct negotiation",
        server: { host: "direct.test", sslmode: "require", sslnegotiation: "direct" },
        mapping: READER,
        twins: [
            {
                name: "with an sslmode that is too weak for it",
                server: { sslmode: "prefer" },
                error: /weak sslmode "prefer" may not be used with sslnegotiation=direct/,
            },
        ],
    },
    {
        name: "direct negotiation on another port",
        server: { host: "direct-port.test", port: "6433", sslmode: "verify-full", sslnegotiation: "direct" },
        mapping: READER,
        twins: [ELSEWHERE],
    },
    {
        name: "channel binding",
        server: { host: "binding.test", sslmode: "require", channel_binding: "require" },
        mapping: READER,
        twins: [
            WRONG,
            {
                name: "without TLS",
                server: { sslmode: "disable" },
                error: /channel binding required, but SSL not in use/,
            },
        ],
    },
    {
        name: "versions of TLS",
        server: {
            host: "versions.test",
            sslmode: "require",
            ssl_min_protocol_version: "TLSv1.3",
            ssl_max_protocol_version: "TLSv1.3",
            sslsni: "0",
        },
        mapping: READER,
        twins: [
            {
                name: "that no server speaks",
                server: { ssl_min_protocol_version: "TLSv1.1", ssl_max_protocol_version: "TLSv1.1" },
                error: /(?:SSL error|could not set maximum SSL protocol version)/,
            },
        ],
    },
    {
        name: "a client certificate of the server's options",
        server: {
            host: "ledger.internal",
            sslmode: "verify-full",
            sslrootcert: "/etc/ssl/db/ca.crt",
            sslcert: "/etc/ssl/db/fdw.crt",
            sslkey: "/etc/ssl/db/fdw.key",
        },
        mapping: { user: "certified", password_required: "false" },
        as: "nobody",
        twins: [
            {
                name: "none",
                server: { sslcert: undefined, sslkey: undefined, sslcertmode: "disable" },
                error: /(?:connection requires a valid client certificate|no password supplied)/,
            },
            {
                name: "a key that is not there",
                server: { sslkey: "/etc/ssl/db/none.key" },
                error: /certificate present, but not private key file "\/etc\/ssl\/db\/none\.key"/,
            },
        ],
    },
    {
        name: "a client certificate of the mapping's options, with a password",
        server: { host: "both.internal", sslmode: "require" },
        mapping: { ...READER, sslcert: "/etc/ssl/both/c.crt", sslkey: "/etc/ssl/both/c.key" },
        as: "nobody",
        twins: [WRONG],
    },
    {
        name: "a client certificate in libpq's default place",
        server: { host: "default-cert.internal", sslmode: "require", sslcertmode: "require" },
        mapping: { user: "certified" },
        twins: [
            {
                name: "disabled",
                server: { sslcertmode: "disable" },
                error: /(?:connection requires a valid client certificate|no password supplied)/,
            },
        ],
    },
    {
        name: "a revocation list in a file",
        server: { host: "crl.test", sslmode: "verify-ca", sslcrl: "/etc/ssl/crl/list.crl" },
        mapping: READER,
        twins: [OTHER_CA],
    },
    {
        name: "revocation lists in a folder",
        server: { host: "crldir.test", sslmode: "verify-ca", sslcrldir: "/etc/ssl/crldir" },
        mapping: READER,
        twins: [
            {
                name: "that holds none",
                server: { sslcrldir: "/etc/ssl/db" },
                error: /certificate verify failed/,
            },
        ],
    },
];

export const ADDRESSES: readonly Row[] = [
    {
        name: "an IPv4 address",
        server: { host: "10.20.30.40", port: "5432" },
        mapping: READER,
        twins: [WRONG, UNKNOWN],
    },
    {
        name: "an IPv4 address, verified",
        server: { host: "10.20.30.41", sslmode: "verify-full" },
        mapping: READER,
        as: "nobody",
        twins: [WRONG, ELSEWHERE],
    },
    {
        name: "an IPv4 address on another port",
        server: { host: "172.31.9.8", port: "6432" },
        mapping: READER,
        twins: [WRONG],
    },
    { name: "an IPv6 address", server: { host: "fd00:77::5" }, mapping: READER, twins: [WRONG] },
    {
        name: "an IPv6 address on another port, verified",
        server: { host: "FD00:77:0::6", port: "6433", sslmode: "verify-full" },
        mapping: READER,
        twins: [WRONG],
    },
    {
        name: "hostaddr with a host for the certificate",
        server: { host: "named.test", hostaddr: "192.0.2.7", sslmode: "verify-full" },
        mapping: READER,
        twins: [ELSEWHERE],
    },
    { name: "hostaddr alone", server: { hostaddr: "192.0.2.8" }, mapping: READER, twins: [WRONG] },
    {
        name: "lists of hosts and ports",
        server: { host: "first.test,10.20.30.42,fd00:77::7", port: "6432,5432,6433", load_balance_hosts: "random" },
        mapping: READER,
        twins: [WRONG],
    },
    {
        name: "a primary",
        server: { host: "one.test,two.test", target_session_attrs: "read-write" },
        mapping: READER,
        twins: [
            {
                name: "a standby, which one primary cannot be",
                server: { target_session_attrs: "standby" },
                error: /server is not in hot standby mode/,
            },
        ],
    },
    {
        name: "rather a standby",
        server: { host: "any.test", target_session_attrs: "prefer-standby" },
        mapping: READER,
        twins: [WRONG],
    },
];

export const SOCKETS: readonly Row[] = [
    {
        name: "the folder of Cloud SQL",
        server: { host: "/cloudsql/project:region:instance" },
        mapping: READER,
        as: "nobody",
        twins: [WRONG, UNKNOWN],
    },
    {
        name: "a folder and another port",
        server: { host: "/srv/sockets/a b", port: "6432", requirepeer: "postgres" },
        mapping: READER,
        twins: [
            WRONG,
            { name: "another peer", server: { requirepeer: "root" }, error: /requirepeer specifies "root"/ },
        ],
    },
    { name: "no host at all", server: {}, mapping: READER, twins: [WRONG] },
    { name: "the server's own folder", server: { host: "/var/run/postgresql" }, mapping: UNASKED, twins: [UNKNOWN] },
    { name: "a connection service", apart: true, server: { service: "orders" }, mapping: READER, twins: [WRONG] },
    {
        name: "a connection service with an address of its own",
        server: { service: "ledger", host: "service.test", port: "6432" },
        mapping: READER,
        twins: [
            { name: "another service", server: { service: "none" }, error: /definition of service "none" not found/ },
        ],
    },
    {
        name: "a password file",
        server: { host: "passfile.test", passfile: "/etc/pgpass" },
        mapping: UNASKED,
        twins: [UNKNOWN],
    },
];

export const USERS: readonly Row[] = [
    {
        name: "a password, by a superuser",
        server: { host: "password.test" },
        mapping: READER,
        twins: [
            WRONG,
            { name: "none", mapping: { password: undefined }, error: /no password supplied/ },
            {
                name: "a role that does not exist",
                mapping: { user: "nosuchrole" },
                error: /password authentication failed for user "nosuchrole"/,
            },
        ],
    },
    {
        name: "a password, by somebody",
        server: { host: "nobody.test" },
        mapping: READER,
        as: "nobody",
        twins: [
            WRONG,
            {
                name: "none",
                mapping: { password: undefined },
                error: /password(?: or GSSAPI delegated credentials)? (?:is )?required/,
            },
        ],
    },
    {
        name: "a mapping for PUBLIC",
        server: { host: "public.test" },
        mapping: READER,
        as: "nobody",
        mappedTo: "PUBLIC",
        twins: [WRONG],
    },
    { name: "a mapping for USER", server: { host: "user.test" }, mapping: READER, mappedTo: "USER", twins: [WRONG] },
    {
        name: "no password, by a superuser",
        server: { host: "unasked.test" },
        mapping: UNASKED,
        twins: [
            {
                name: "by somebody",
                as: "nobody",
                error: /password(?: or GSSAPI delegated credentials)? (?:is )?required/,
            },
        ],
    },
    {
        name: "no password, by somebody who need not have any",
        server: { host: "waived.test" },
        mapping: { ...UNASKED, password_required: "false" },
        as: "nobody",
        twins: [UNKNOWN],
    },
    {
        name: "no user: the system's",
        server: { host: "nouser.test" },
        mapping: {},
        twins: [UNKNOWN],
    },
    {
        name: "a role that the schema creates with a password",
        before: "CREATE ROLE created LOGIN PASSWORD 'mine'",
        server: { host: "created.test" },
        mapping: { user: "created", password: "mine" },
        as: "nobody",
        twins: [
            {
                name: "a wrong one",
                mapping: { password: "other" },
                error: /password authentication failed for user "created"/,
            },
        ],
    },
    {
        name: "the session's own secret",
        apart: true,
        server: { host: "analytics.internal", port: "6432", use_scram_passthrough: "true", keep_connections: "on" },
        mapping: {},
        twins: [
            {
                name: "a role that does not exist",
                mapping: { user: "nosuchrole" },
                error: /password authentication failed for user "nosuchrole"/,
            },
        ],
    },
    {
        name: "the session's own secret, for another user",
        apart: true,
        server: { host: "passthrough.internal", use_scram_passthrough: "true" },
        mapping: { user: "passed" },
        twins: [
            {
                name: "without it",
                server: { use_scram_passthrough: undefined },
                error: /no password supplied/,
            },
        ],
    },
    {
        name: "SCRAM, demanded",
        server: { host: "scram.test", require_auth: "scram-sha-256" },
        mapping: READER,
        twins: [
            {
                name: "md5, demanded",
                server: { require_auth: "md5" },
                error: /authentication method requirement "md5" failed/,
            },
        ],
    },
    {
        name: "a clear password, demanded",
        apart: true,
        server: { host: "clear.test", require_auth: "password" },
        mapping: READER,
        twins: [WRONG],
    },
    {
        name: "no authentication, demanded",
        server: { host: "none.test", require_auth: "none" },
        mapping: UNASKED,
        twins: [
            {
                name: "SCRAM, demanded",
                server: { require_auth: "scram-sha-256" },
                error: /authentication method requirement "scram-sha-256" failed/,
            },
        ],
    },
    {
        name: "not md5 and not in the clear",
        server: { host: "negated.test", require_auth: "!md5,!password", gssencmode: "prefer" },
        mapping: READER,
        twins: [
            {
                name: "GSSAPI, which the server does not have",
                server: { gssencmode: "require" },
                error: /GSSAPI|GSS/,
            },
        ],
    },
    {
        name: "settings in options",
        server: { host: "options.test", options: "-c statement_timeout=12345 -csearch_path=pg_catalog" },
        mapping: READER,
        twins: [
            {
                name: "one that does not exist",
                server: { options: "-c nosuch_setting=1" },
                error: /unrecognized configuration parameter "nosuch_setting"/,
            },
        ],
    },
    {
        name: "an endpoint in options",
        server: { host: "plain-endpoint.test", options: "endpoint=ep-cool-name-1 -c statement_timeout=5000" },
        mapping: READER,
        twins: [WRONG],
    },
    {
        name: "an endpoint in options, over TLS with channel binding",
        server: {
            host: "ep-cool-name.eu-central-1.example.tech",
            sslmode: "verify-full",
            channel_binding: "require",
            options: "endpoint=ep-cool-name",
        },
        mapping: READER,
        as: "nobody",
        twins: [WRONG, ELSEWHERE],
    },
];
