/**
 * The options of libpq and `postgres_fdw` that decide whether a connection comes about, besides address, database, user
 * and secrets. Others (timeouts, keepalives, costs) are the same at a stub.
 */
export const CONNECTION_OPTIONS = [
    "user",
    "service",
    "servicefile",
    "passfile",
    "options",
    "sslmode",
    "requiressl",
    "sslnegotiation",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "min_protocol_version",
    "max_protocol_version",
    "channel_binding",
    "require_auth",
    "requirepeer",
    "gssencmode",
    "target_session_attrs",
    "load_balance_hosts",
    "replication",
    "use_scram_passthrough",
] as const;

export type ConnectionOption = (typeof CONNECTION_OPTIONS)[number];

const TLS_VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** The values of the options that take a few only, as libpq compares them: in this case. */
const ALLOWED: Partial<Record<ConnectionOption, readonly string[]>> = {
    sslmode: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
    sslnegotiation: ["postgres", "direct"],
    sslcertmode: ["disable", "allow", "require"],
    ssl_min_protocol_version: TLS_VERSIONS,
    ssl_max_protocol_version: TLS_VERSIONS,
    channel_binding: ["disable", "prefer", "require"],
    gssencmode: ["disable", "prefer", "require"],
    target_session_attrs: ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
    load_balance_hosts: ["disable", "random"],
};

/** Why libpq takes no connection with this value, or undefined. An empty value is none. */
export function checkConnectionOption(option: ConnectionOption, value: string): string | undefined {
    const allowed = ALLOWED[option];
    return value === "" || allowed === undefined || allowed.includes(value)
        ? undefined
        : `the value ${JSON.stringify(value)} is none that libpq knows; allowed are ${allowed.join(", ")}.`;
}
