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
