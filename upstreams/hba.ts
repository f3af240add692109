/** `pg_hba.conf`: who is asked for a password. */
import { allowedMethods, isOn } from "./connection";
import type { Connection, User } from "./model";
import { showsCertificate } from "./tls";

/** A user of a stub database, and how the schema connects as it. */
export interface Login extends User {
    /** Name of the database in the server. */
    readonly database: string;
    readonly connections: readonly Connection[];
}

type Method = "trust" | "scram-sha-256" | "password" | "certificate";

/** Whether a session's own SCRAM secret opens the upstream. */
export function passesThrough({ connections }: Pick<Login, "connections">): boolean {
    return connections.some((connection) => isOn(connection.use_scram_passthrough));
}

function strongest(connections: readonly Connection[]): Method {
    const rules = connections.map(({ require_auth: auth }) => allowedMethods(auth));
    const allowed = (["scram-sha-256", "password"] as const).find((method) =>
        rules.every((allows) => allows === undefined || allows(method)),
    );
    const unasked = connections.some(({ require_auth: auth }) => allowedMethods(auth)?.("none") === true);
    return allowed ?? (unasked ? "trust" : "scram-sha-256");
}

/** Whether a connection comes about when the server asks by SCRAM. */
export function takesScram({ require_auth: auth }: Connection): boolean {
    return allowedMethods(auth)?.("scram-sha-256") !== false;
}

/** Whether a connection comes about only when the server asks. */
export function mustBeAsked({
    channel_binding: binding,
    require_auth: auth,
    use_scram_passthrough: through,
}: Connection) {
    return binding === "require" || isOn(through) || allowedMethods(auth)?.("none") === false;
}

/** How a user is let in. */
export function methodOf(login: Login): Method {
    const { connections } = login;
    if (login.password !== undefined || (login.created === true && login.trusted !== true) || passesThrough(login)) {
        return strongest(connections);
    }
    return connections.length > 0 && connections.every(showsCertificate) ? "certificate" : "trust";
}

/** The superuser is trusted, except where an upstream's connections come about only when it is asked. */
function devMethods(logins: readonly Login[], devUser: string): Map<string, Method> {
    const methods = new Map<string, Method>();
    for (const database of new Set(logins.map((one) => one.database))) {
        const here = logins.filter((one) => one.database === database);
        const own = here.filter(({ name }) => name === devUser);
        const connections = (own.length > 0 ? own : here).flatMap((one) => one.connections);
        // Where no mapping is for it, it comes only to examine the others' connections; `doctor` has a role for SCRAM.
        const asked =
            own.length > 0
                ? own.some(passesThrough) || (connections.length > 0 && connections.every(mustBeAsked))
                : connections.some((one) => isOn(one.use_scram_passthrough) || (mustBeAsked(one) && !takesScram(one)));
        if (asked) {
            methods.set(database, strongest(connections));
        }
    }
    return methods;
}

/** A name that means nothing but itself. */
function quoted(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
}

/** What comes from inside the container: from its loopback, or from an address of its own. */
const INSIDE = ["127.0.0.0/8", "::1/128", "samehost"];

function lines(database: string, user: string, method: Method): string[] {
    if (method === "certificate") {
        return INSIDE.map((address) => `hostssl ${database} ${user} ${address} trust clientcert=verify-ca`);
    }
    return [
        `local ${database} ${user} ${method}`,
        ...INSIDE.map((address) => `host ${database} ${user} ${address} ${method}`),
    ];
}

/**
 * The server's `pg_hba.conf`. The image's own trusts the loopback wholly: a wrong password in a user mapping would go
 * unnoticed, and `postgres_fdw` refuses a non-superuser whose upstream did not really ask for one. Here everybody is
 * asked who is not known to have no password, so a role that the schema creates later is asked too.
 *
 * @param devUser Superuser whose password is generated, so that no mapping can know it; the sessions of the extension
 * that hands out databases come back through the socket as this user.
 */
export function hbaFile(logins: readonly Login[], devUser: string): string {
    const users = logins.filter(({ name }) => name !== devUser);
    const methods = new Map<string, Array<{ database: string; method: Method }>>();
    for (const login of users) {
        const known = methods.get(login.name) ?? [];
        methods.set(login.name, [...known, { database: login.database, method: methodOf(login) }]);
    }
    const trusted = [...methods]
        .filter(([, all]) => all.every(({ method }) => method === "trust"))
        .map(([name]) => name);
    const special = [...methods].flatMap(([name, all]) =>
        trusted.includes(name)
            ? []
            : all
                  .filter(({ method }) => method !== "scram-sha-256")
                  .map(({ database, method }) => ({ database, name, method })),
    );
    const own = [...devMethods(logins, devUser)].map(([database, method]) => ({ database, name: devUser, method }));
    return `${[
        ...[...own, ...special]
            // A line break would end the line, and a slash at the beginning would make a regular expression of it.
            .filter(({ database }) => !/^\/|[\r\n]/.test(database))
            .flatMap(({ database, name, method }) => lines(quoted(database), quoted(name), method)),
        ...[devUser, ...trusted].flatMap((name) => lines("all", quoted(name), "trust")),
        "local all all scram-sha-256",
        "host all all all scram-sha-256",
    ].join("\n")}\n`;
}
