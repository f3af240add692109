/** The network inside the container: which names, addresses, ports and sockets lead to the server, and how. */
import { isIP } from "node:net";
import { demandsTls, proxyWords } from "./connection";
import type { Upstream } from "./model";
import { canonicalHost, isForeignAddress, isLoopback, isSocketFolder } from "./names";

/** The port that the server itself listens on inside its container. */
export const SERVER_PORT = 5432;

/** An entry of the container's `/etc/hosts`. */
export interface HostAlias {
    readonly host: string;
    readonly ip: string;
}

/** The socket `.s.PGSQL.<port>` in a folder. */
export interface Socket {
    readonly folder: string;
    readonly port: number;
}

/** A place at which more is done with a connection than to pass it on; `sql/server/relay.pl` does it. */
export interface Route {
    /** Address in the container that was asked, `localhost`, or a socket's folder. */
    readonly at: string;
    readonly port: number;
    /** Databases that have another name in the server: the real one by the one that is asked for. */
    readonly databases: Readonly<Record<string, string>>;
    /** Words of `options` that only a vendor's proxy understands are left out. */
    readonly proxyOptions: boolean;
    /** TLS ends here; without it TLS is declined, and clients that insist on it fail. */
    readonly tls: boolean;
    /** A subscription finds its slot here. */
    readonly replication: boolean;
}

export interface Network {
    readonly hostAliases: readonly HostAlias[];
    /** Addresses that the container's loopback interface is given. */
    readonly addresses: readonly string[];
    /** Sockets beside the server's own. */
    readonly sockets: readonly Socket[];
    /** Ports other than the server's own that lead to it, on every address. */
    readonly ports: readonly number[];
    readonly routes: readonly Route[];
    /** Addresses that the server listens on besides the container's own; undefined where it listens on all. */
    readonly listen?: readonly string[];
    /** Whether an IPv6 address is asked for: Docker turns IPv6 off in containers. */
    readonly ipv6: boolean;
}

function unique<T>(values: readonly T[]): T[] {
    return [...new Set(values)];
}

/** Hosts that lead to each other's port are one place: names of the loopback, and the folder of the server's socket. */
function isLocal({ host, hostaddr }: Pick<Upstream, "host" | "hostaddr">): boolean {
    const asked = canonicalHost(hostaddr ?? host);
    return ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"].includes(asked);
}

/** Whether an upstream is asked for at the very port of the server itself, where nothing can stand between. */
export function isServerItself(upstream: Pick<Upstream, "host" | "hostaddr" | "port">): boolean {
    return isLocal(upstream) && upstream.port === SERVER_PORT;
}

function renamed({ database, stub }: Upstream): boolean {
    return stub !== undefined && stub !== database;
}

function hasProxyOptions({ connections = [] }: Upstream): boolean {
    return connections.some(({ options = "" }) => proxyWords(options).length > 0);
}

function hasSubscription({ publications = [] }: Upstream): boolean {
    return publications.length > 0;
}

function isRouted(upstream: Upstream): boolean {
    return !isServerItself(upstream) && (renamed(upstream) || hasProxyOptions(upstream) || hasSubscription(upstream));
}

/** A loopback address of its own for each of up to 65,000 names. */
function ownAddress(n: number): string {
    return `127.77.${n >> 8}.${(n & 0xff) + 1}`;
}

function usesName({ host, hostaddr }: Upstream): boolean {
    return hostaddr === undefined && !isSocketFolder(host) && isIP(host) === 0 && !isLoopback(host);
}

/** Names whose connections must be told from others' have an address of their own. */
function aliasesOf(upstreams: readonly Upstream[]): HostAlias[] {
    const named = upstreams.filter(usesName);
    const routed = unique(named.filter(isRouted).map(({ host }) => canonicalHost(host)));
    // Host names are compared without regard to case, as in /etc/hosts.
    return unique(named.map(({ host }) => canonicalHost(host))).map((host) => {
        const n = routed.indexOf(host);
        return { host, ip: n < 0 ? "127.0.0.1" : ownAddress(n) };
    });
}

/** Where a connection to an upstream arrives. */
function placeOf(upstream: Upstream, aliases: readonly HostAlias[]): string {
    if (isLocal(upstream)) {
        return "localhost";
    }
    const asked = canonicalHost(upstream.hostaddr ?? upstream.host);
    const alias = aliases.find(({ host }) => host === asked);
    return alias === undefined ? asked : alias.ip === "127.0.0.1" ? "localhost" : alias.ip;
}

function routesOf(upstreams: readonly Upstream[], aliases: readonly HostAlias[]): Route[] {
    const placed = upstreams
        .filter((upstream) => !isServerItself(upstream))
        .map((upstream) => ({ upstream, at: placeOf(upstream, aliases), port: upstream.port }));
    const starts = placed.filter(
        ({ upstream, at, port }, i, all) =>
            isRouted(upstream) &&
            all.findIndex((one) => one.at === at && one.port === port && isRouted(one.upstream)) === i,
    );
    return starts.map(({ at, port }) => {
        const here = placed.filter((one) => one.at === at && one.port === port).map((one) => one.upstream);
        return {
            at,
            port,
            databases: Object.fromEntries(
                here.filter(renamed).map(({ database, stub = database }) => [database, stub]),
            ),
            proxyOptions: here.some(hasProxyOptions),
            tls: here.some(({ connections = [] }) => connections.some(demandsTls)),
            replication: here.some(hasSubscription),
        };
    });
}

/** Works out the network that answers a list of upstreams. */
export function planNetwork(upstreams: readonly Upstream[]): Network {
    const hostAliases = aliasesOf(upstreams);
    const routes = routesOf(upstreams, hostAliases);
    const asked = upstreams.map(({ host, hostaddr }) => canonicalHost(hostaddr ?? host));
    const addresses = unique(asked.filter(isForeignAddress));
    const sockets = upstreams
        .filter(({ host, hostaddr }) => hostaddr === undefined && isSocketFolder(host))
        .map(({ host, port }) => ({ folder: canonicalHost(host), port }))
        .filter((one, i, all) => all.findIndex((two) => two.folder === one.folder && two.port === one.port) === i);
    const overTcp = upstreams.filter(({ host, hostaddr }) => hostaddr !== undefined || !isSocketFolder(host));
    // The server must leave a place to the relay that listens there on the server's own port.
    const taken = routes.filter(({ at, port }) => port === SERVER_PORT && !isSocketFolder(at)).map(({ at }) => at);
    const own = [
        ...addresses,
        ...hostAliases.map(({ ip }) => ip),
        ...asked.filter((host) => isIP(host) === 4 && isLoopback(host) && host !== "0.0.0.0"),
    ];
    const listen = unique(["127.0.0.1", "::1", ...own]).filter((address) => !taken.includes(address));
    return {
        hostAliases,
        addresses,
        sockets,
        ports: unique(overTcp.map(({ port }) => port).filter((port) => port !== SERVER_PORT)),
        routes,
        ...(taken.length === 0 ? {} : { listen }),
        ipv6: asked.some((host) => isIP(host) === 6 && host !== "::"),
    };
}

/** A token of a file that `relay.pl` reads. */
function token(text: string): string {
    return encodeURIComponent(text);
}

/**
 * The relay's places, one a line: address, port, and what is done there. `*` is every address, where nothing more is
 * done. Empty when there is nothing to relay.
 */
export function relayFile({ ports, routes }: Network): string {
    const plain = ports.map((port) => `* ${port}`);
    const routed = routes.map(({ at, port, databases, proxyOptions, tls, replication }) =>
        [
            token(at),
            port,
            ...(proxyOptions ? ["options"] : []),
            ...(tls ? ["tls"] : []),
            ...(replication ? ["replication"] : []),
            ...Object.entries(databases).map(([asked, real]) => `${token(asked)}=${token(real)}`),
        ].join(" "),
    );
    const lines = [...plain, ...routed];
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** Where to ask whether the relay listens: it takes all its places or none. */
export function relayProbe({ ports, routes }: Network): { host: string; port: number } | undefined {
    const [port] = ports;
    if (port !== undefined) {
        return { host: "127.0.0.1", port };
    }
    const [route] = routes;
    return route === undefined ? undefined : { host: route.at, port: route.port };
}

/** Sockets that are links to the server's own, one a line: folder and port. */
export function socketFile({ sockets, routes }: Network): string {
    const links = sockets.filter(
        ({ folder, port }) => !routes.some((route) => route.at === folder && route.port === port),
    );
    return links.map(({ folder, port }) => `${port} ${folder}\n`).join("");
}
