/** What keeps an upstream from being recorded, in words that say how to mend it. */

import { InputError } from "../upstreams/errors";
import { quoteIdent, quoteQualified } from "../upstreams/quote";
import { extensionName } from "../upstreams/script";
import type { Catalog, Relation, Server } from "./catalog";
import type { PullConnection } from "./connection";

/** Why a log-in failed, by what libpq says. */
const REASONS: ReadonlyArray<readonly [RegExp, (connection: PullConnection) => string]> = [
    [
        /password authentication failed|no password supplied|empty password/,
        ({ user, password }) =>
            password === undefined
                ? `it asks for a password of ${JSON.stringify(user)}, and the one that is given, if any, is wrong. Put it into the URL, PGPASSWORD or a password file`
                : `the password of ${JSON.stringify(user)} is wrong`,
    ],
    [/role "[^"]*" does not exist/, ({ user }) => `it has no role ${JSON.stringify(user)}`],
    [
        /database "[^"]*" does not exist/,
        ({ database }) => `it has no database ${JSON.stringify(database)}. Name another one in the URL`,
    ],
    [
        /no pg_hba\.conf entry/,
        () =>
            "its pg_hba.conf lets this machine, user, database or way of encryption not in. Try sslmode=require, or ask whoever runs it",
    ],
    [
        /certificate verify failed|root certificate file|does not match host name|certificate authority/,
        () => "its certificate is not trusted. Name the authority with sslrootcert=FILE, or sslrootcert=system",
    ],
    [
        /server does not support SSL/,
        () => "it has no TLS, and sslmode asks for it. Use sslmode=prefer where that is meant",
    ],
    [
        /unsupported startup parameter|prepared statement|pgbouncer/i,
        () => "it is a connection pooler that refuses what a recording needs. Name the server itself",
    ],
    [
        /canceling statement due to (?:lock|statement) timeout/,
        () =>
            "somebody holds a lock on what is to be recorded, or it is slow, and it is waited for a short time only, so that nobody has to wait behind it. Try again later",
    ],
    [/permission denied for database/, ({ user }) => `${JSON.stringify(user)} may not connect to the database`],
    [
        /the database system is (?:starting up|shutting down|in recovery)/,
        () => "it is just starting or stopping. Try again",
    ],
];

function serverOf({ targets, database }: PullConnection): string {
    return `${targets.map(({ host, dial }) => ("port" in dial ? `${host}:${dial.port}` : dial.path)).join(",")}/${database}`;
}

/**
 * @param said What the client program said; without secrets.
 * @param refusals Servers that this process could not reach, and why.
 * @param pending Servers that have not answered.
 */
export function connectionError(
    source: string,
    connection: PullConnection,
    said: string,
    refusals: readonly string[],
    pending: ReadonlySet<string>,
): InputError {
    const place = `${source}: the upstream ${serverOf(connection)} cannot be recorded`;
    const known = REASONS.find(([pattern]) => pattern.test(said));
    if (known !== undefined) {
        return new InputError(`${place}: ${known[1](connection)}. PostgreSQL: ${said}`);
    }
    if (refusals.length > 0) {
        return new InputError(
            `${place}: it cannot be reached from this machine (${refusals.join("; ")}). Run the command where it can, for example in its network or beside an SSH tunnel.`,
        );
    }
    if (pending.size > 0 || /timeout expired/.test(said)) {
        return new InputError(
            `${place}: it did not answer in time. A firewall may be in between; connect_timeout=SECONDS in the URL waits longer.`,
        );
    }
    return new InputError(`${place}: ${said}`);
}

const SHOWN = 20;

/**
 * Checks that everything that is to be recorded may be locked, which is all that `pg_dump` does to a table.
 *
 * @throws InputError that names what is missing, and the statements that give it.
 */
export function checkPrivileges(
    source: string,
    { user }: Server,
    { schemas }: Catalog,
    relations: readonly Relation[],
): void {
    // Views and foreign tables are read without a lock.
    const tables = relations.filter(({ kind }) => kind === "r" || kind === "p");
    const usable = new Set(schemas.filter((one) => one.usable).map(({ name }) => name));
    const closed = [...new Set(tables.map(({ schema }) => schema))].filter((schema) => !usable.has(schema));
    const unreadable = tables.filter(({ readable }) => !readable);
    const statements = [
        ...closed.sort().map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(user)};`),
        ...unreadable
            .map(({ schema, name }) => `GRANT SELECT ON TABLE ${quoteQualified(schema, name)} TO ${quoteIdent(user)};`)
            .sort(),
    ];
    if (statements.length > 0) {
        const more = statements.length - SHOWN;
        throw new InputError(
            `${source}: the role ${JSON.stringify(user)} may not see all that is to be recorded: pg_dump locks each table as a reader does (ACCESS SHARE). Whoever owns them can allow it:\n${statements
                .slice(0, SHOWN)
                .map((one) => `  ${one}`)
                .join(
                    "\n",
                )}${more > 0 ? `\n  … and ${more} more; or at once: GRANT pg_read_all_data TO ${quoteIdent(user)};` : ""}`,
        );
    }
}

/**
 * A stub has its tables from an extension of ours; a recording of it would have none, and be everybody's contract.
 *
 * @throws InputError where a database is one.
 */
export function refuseStub(database: string, extensions: readonly string[]): void {
    if (extensions.includes(extensionName(database))) {
        throw new InputError(
            `The database ${JSON.stringify(database)} is a stub that fdw-stub made, and not the upstream itself. Name the upstream's own server in the URL.`,
        );
    }
}
