/** Where the options of a server lead, by libpq's rules. */

export interface Endpoint {
    /** Host name in lower case, an address, a socket directory, or `localhost` for the server itself. */
    readonly host: string;
    readonly port: number;
}

const LOCAL = new Set(["", "localhost", "127.0.0.1", "::1", "/var/run/postgresql", "/tmp"]);

/** A host's one name here: libpq connects to the server itself where none is named, and by its default sockets. */
export function hostName(host: string): string {
    const name = host.trim().toLowerCase();
    return LOCAL.has(name) ? "localhost" : host.startsWith("/") ? host : name;
}

/** Every host of a list with its port: `hostaddr` decides where it is given, and one port serves all hosts. */
export function endpointsOf(options: Readonly<Record<string, string>>): Endpoint[] {
    const hosts = (options.hostaddr || options.host || "").split(",").map(hostName);
    const ports = (options.port || "").split(",").map((port) => (port.trim() === "" ? 5432 : Number(port)));
    return hosts.map((host, index) => ({ host, port: (ports.length === 1 ? ports[0] : ports[index]) ?? 5432 }));
}
