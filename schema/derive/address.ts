/** Where a server's options lead, by libpq's rules. */

import { isIP } from "node:net";
import { checkHost, isLoopback } from "../../upstreams/names";
import type { Severity } from "../report";

export interface Problem {
    readonly severity: Severity;
    readonly code: string;
    readonly message: string;
}

export interface Address {
    readonly host: string;
    readonly port: number;
}

export interface Addresses {
    readonly list: readonly Address[];
    readonly problems: readonly Problem[];
}

/** Folders in which the server in the container has its socket. */
const SOCKET_FOLDERS = new Set(["/var/run/postgresql", "/run/postgresql"]);

/** Hosts and ports of `host`, `hostaddr` and `port`; lists are tried one after the other, so all must answer. */
export function addressesOf(options: ReadonlyMap<string, string>, what: string): Addresses {
    const problems: Problem[] = [];
    const problem = (severity: Severity, code: string, message: string) => problems.push({ severity, code, message });
    if (options.has("service")) {
        problem(
            "error",
            "service",
            `${what} takes its address from the connection service ${JSON.stringify(options.get("service"))}, a file on the server; name host, port and dbname instead.`,
        );
        return { list: [], problems };
    }
    const hosts = options
        .get("host")
        ?.split(",")
        .map((host) => host.trim());
    const numeric = options
        .get("hostaddr")
        ?.split(",")
        .map((host) => host.trim());
    const count = Math.max(hosts?.length ?? 0, numeric?.length ?? 0, 1);
    if (hosts !== undefined && numeric !== undefined && hosts.length !== numeric.length) {
        problem(
            "error",
            "host-count",
            `${what} has ${hosts.length} hosts and ${numeric.length} addresses; libpq wants as many of each.`,
        );
    }
    const ports = (options.get("port") ?? "5432").split(",").map((port) => port.trim());
    if (ports.length !== 1 && ports.length !== count) {
        problem(
            "error",
            "port-count",
            `${what} has ${count} hosts and ${ports.length} ports; libpq wants one port, or one for each host.`,
        );
    }
    const list: Address[] = [];
    for (let index = 0; index < count; index += 1) {
        const written = ports.length === 1 ? ports[0] : ports[index];
        const port = written === undefined || written === "" ? 5432 : Number(written);
        if (!Number.isInteger(port) || port < 1 || port > 65535) {
            problem(
                "error",
                "port",
                `${what} has the port ${JSON.stringify(written)}; a port is a whole number from 1 to 65535.`,
            );
            continue;
        }
        const address = numeric?.[index];
        if (address !== undefined && address !== "" && !isLoopback(address)) {
            problem(
                "error",
                "host-address",
                `${what} has hostaddr ${address}, which bypasses host names, so nothing in the dev server can answer it. Give host alone.`,
            );
            continue;
        }
        const host = hosts?.[index] ?? (address === undefined ? "" : address);
        if (host === "" || host.startsWith("/") || host.startsWith("@")) {
            if (host !== "" && !SOCKET_FOLDERS.has(host.replace(/\/+$/, ""))) {
                problem(
                    "error",
                    "host-socket",
                    `${what} has the socket folder ${JSON.stringify(host)} as host, which the dev server does not have. Use a host name, for example through a variable.`,
                );
                continue;
            }
            if (port !== 5432) {
                problem(
                    "error",
                    "host-socket",
                    `${what} connects through a socket with port ${port}; the dev server's socket has port 5432 only. Give host 'localhost'.`,
                );
                continue;
            }
            list.push({ host: "localhost", port });
        } else if (host === "127.0.0.1" || host === "::1" || host.toLowerCase() === "localhost") {
            list.push({ host: "localhost", port });
        } else if (isIP(host) !== 0 && !isLoopback(host)) {
            problem(
                "error",
                "host-address",
                `${what} has the address ${host} as host, which bypasses host names, so nothing in the dev server can answer it. Use a host name, for example through a variable.`,
            );
        } else {
            const bad = checkHost(host);
            if (bad === undefined) {
                list.push({ host, port });
            } else {
                problem("error", "host-name", `${what}: ${bad}`);
            }
        }
    }
    return { list, problems };
}

/** Options that a stub cannot satisfy, and what to do about each. */
export function optionProblems(options: ReadonlyMap<string, string>, what: string): Problem[] {
    const problems: Problem[] = [];
    const ssl = options.get("sslmode");
    if (ssl === "require" || ssl === "verify-ca" || ssl === "verify-full" || options.get("requiressl") === "1") {
        problems.push({
            severity: "error",
            code: "ssl-required",
            message: `${what} has sslmode ${JSON.stringify(ssl ?? "require")}; the dev server has no TLS. Use a variable, and 'prefer' for the dev database.`,
        });
    }
    if (options.get("channel_binding") === "require") {
        problems.push({
            severity: "error",
            code: "ssl-required",
            message: `${what} has channel_binding 'require', which needs TLS; the dev server has none.`,
        });
    }
    if (options.get("sslnegotiation") === "direct") {
        problems.push({
            severity: "error",
            code: "ssl-required",
            message: `${what} has sslnegotiation 'direct', which needs TLS; the dev server has none.`,
        });
    }
    if (options.get("gssencmode") === "require") {
        problems.push({
            severity: "error",
            code: "gss-required",
            message: `${what} has gssencmode 'require'; the dev server has no GSSAPI.`,
        });
    }
    const session = options.get("target_session_attrs");
    if (session === "standby" || session === "read-only") {
        problems.push({
            severity: "error",
            code: "session-attrs",
            message: `${what} has target_session_attrs '${session}'; the dev server is a primary that accepts writes. Use 'prefer-standby' or a variable.`,
        });
    }
    if (/^(?:t|true|on|yes|1)$/i.test(options.get("use_scram_passthrough") ?? "")) {
        problems.push({
            severity: "warning",
            code: "scram-passthrough",
            message: `${what} has use_scram_passthrough: the local role logs in with its own SCRAM secret, so it must have the same one there and must itself have logged in by password.`,
        });
    }
    const auth = options.get("require_auth");
    if (auth !== undefined && auth !== "" && !/scram-sha-256|none/.test(auth) && !auth.startsWith("!")) {
        problems.push({
            severity: "error",
            code: "auth-required",
            message: `${what} has require_auth ${JSON.stringify(auth)}; the dev server asks for scram-sha-256.`,
        });
    }
    return problems;
}

/** A connection string in keyword form or as a URI, as `dblink` takes it. */
export function connectionString(text: string): Map<string, string> | undefined {
    const uri = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(
        text.trim(),
    );
    const found = new Map<string, string>();
    if (uri !== null) {
        const decode = (part: string | undefined) => {
            try {
                return decodeURIComponent(part ?? "");
            } catch {
                return part ?? "";
            }
        };
        const places = (uri[3] ?? "").split(",").map((place) => /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(place));
        const hosts = places.map((place) => decode(place?.[1]).replace(/^\[|\]$/g, ""));
        const ports = places.map((place) => place?.[2] ?? "");
        for (const [name, value] of [
            ["user", decode(uri[1])],
            ["password", decode(uri[2])],
            ["host", hosts.join(",")],
            ["port", ports.some((port) => port !== "") ? ports.join(",") : ""],
            ["dbname", decode(uri[4])],
        ]) {
            if (name !== undefined && value !== undefined && value !== "") {
                found.set(name, value);
            }
        }
        for (const [name, value] of new URLSearchParams(uri[5] ?? "")) {
            found.set(name, value);
        }
        return found;
    }
    const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))\s*/y;
    let at = 0;
    while (at < text.length) {
        pair.lastIndex = at;
        const hit = pair.exec(text);
        if (hit === null || hit[0] === "") {
            return undefined;
        }
        found.set(hit[1] ?? "", (hit[2] ?? hit[3] ?? "").replace(/\\(.)/g, "$1"));
        at += hit[0].length;
    }
    return found.size === 0 ? undefined : found;
}
